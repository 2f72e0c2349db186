/*
 * A part of a command that is done as another user of the machine, in a process of its own.
 */
#ifndef ANSHIN_HTANSHIN_CHILD_H
#define ANSHIN_HTANSHIN_CHILD_H

#include "htanshin/command.h"

/* Run it in a child, which becomes that user and group for good where root calls ((uid_t)-1: it stays who it is), and
 * merge what it has put into told into call->result. What it changes besides that is lost with it. Its failure is in
 * call->op.error, where it has left it itself, and is the answer; ANSHIN_EFAULT also where the child has died. */
apr_status_t anshin_child_run(anshin_call_t *call, uid_t uid, gid_t group,
                              apr_status_t (*run)(void *baton, json_t *told), void *baton);

#endif
