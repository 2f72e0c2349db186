/*
 * htanshin check: the machine: room, worker, the state directory, programs.
 */
#ifndef ANSHIN_HTANSHIN_CHECK_MACHINE_H
#define ANSHIN_HTANSHIN_CHECK_MACHINE_H

#include "htanshin/command.h"

/* Findings go into call's answer. */
void anshin_check_machine(anshin_call_t *call);

#endif
