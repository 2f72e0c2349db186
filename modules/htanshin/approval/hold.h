/*
 * What a command does waits for a second operator where a contract wants one (AnshinFourEyes, core/desk/hold.h). Each
 * is asked when all that would be done is known, and before any of it is. Private to htanshin.
 *
 * APR_SUCCESS: go on. ANSHIN_EDENIED: it waits, as call->op.error tells, or may not be done so; ANSHIN_EBUSY,
 * ANSHIN_EFAULT.
 */
#ifndef ANSHIN_HTANSHIN_APPROVAL_HOLD_H
#define ANSHIN_HTANSHIN_APPROVAL_HOLD_H

#include "htanshin/bulk/targets.h"

/* Who of targets (of anshin_target_t) is meant, as anshin_hold_t has them (core/desk/hold.h), in op's contract: with
 * /undo behind it where the target's line says so, for whom the verb does another thing. In call's pool. */
apr_array_header_t *anshin_hold_entries(const anshin_call_t *call, const apr_array_header_t *targets);

/* Whose account is that of a service is no person: that of the worker, of the signer, of httpd, or of the state
 * directory. Of httpd it is known by the names that systems give it. The snapshot is read. */
void anshin_hold_who(anshin_call_t *call);

/* A verb on targets (of anshin_target_t). revokes: it revokes certificates; of a user whose devices have two or more,
 * named alone in a list, it is one on many. */
apr_status_t anshin_hold_many(anshin_call_t *call, int revokes, const apr_array_header_t *targets);

/* 1: so many wait, and once approved it may be begun again by the same command (core/desk/hold.h). */
int anshin_hold_again(const anshin_call_t *call, int revokes, int count);

/* What --role and --organisation would change of an operator of the help desk. user: canonical; NULL: of nobody who is
 * known before, which is not done then. */
apr_status_t anshin_hold_role(anshin_call_t *call, const char *user);

/* Operators get no role and no organisation from a list. */
apr_status_t anshin_hold_list(anshin_call_t *call);

/* All that a contract has, for a new name, or removed (to NULL). Where any contract that is declared has bulk: of one
 * that is not, nobody knows what it wanted. */
apr_status_t anshin_hold_contract(anshin_call_t *call, const char *from, const char *to);

/* An act on a CA. what: which, beside the options. Opens the store where the command has not. */
apr_status_t anshin_hold_ca(anshin_call_t *call, const char *what);

#endif
