/*
 * htanshin check: the CAs. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_CA_CHECK_H
#define ANSHIN_HTANSHIN_CA_CHECK_H

#include "htanshin/command.h"

/* What their files tell; problems go into call's answer. */
void anshin_check_ca(anshin_call_t *call);

/* What the store tells: one that was declared compromised and still is to issue (CAS-4). op needs no contract. */
void anshin_check_ca_stopped(anshin_call_t *call, anshin_op_t *op);

#endif
