/*
 * htanshin check: the CAs. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_CHECK_AUTHORITIES_H
#define ANSHIN_HTANSHIN_CHECK_AUTHORITIES_H

#include "htanshin/command.h"

/* What their files tell; problems go into call's answer. */
void anshin_check_ca(anshin_call_t *call);

/* What the store tells: one that was declared compromised and still is to issue (CAS-4). op needs no contract, here and
 * below. */
void anshin_check_ca_stopped(anshin_call_t *call, anshin_op_t *op);

/* The same: what the signer cannot use, a CA or what Apple profiles are signed with (CRT-3, CRT-7). It alone may read
 * their keys. What their certificates' files tell, anshin_check_ca() tells, and then that alone. */
void anshin_check_ca_unusable(anshin_call_t *call, anshin_op_t *op);

#endif
