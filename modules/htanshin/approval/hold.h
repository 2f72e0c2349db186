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

/* Whose account is that of a service is no person: that of the worker, of the signer, of httpd (as it was started last,
 * and by the names that systems give it), or of the state directory. The snapshot is read. */
void anshin_hold_who(anshin_call_t *call);

/* A verb on targets (of anshin_target_t). revokes: it revokes certificates; of a user whose devices have two or more,
 * named alone in a list, it is one on many. *again: 1: it was approved, and may be begun again by the same command
 * (core/desk/hold.h). */
apr_status_t anshin_hold_many(anshin_call_t *call, int revokes, const apr_array_header_t *targets, int *again);

/* Users whom a verb finds in its input, one after the other. 1: more than one would wait, or more than one whose
 * certificates are revoked by it: the verb keeps its input, reads all of it to learn who is meant, and is held. */
int anshin_hold_reads(const anshin_call_t *call);

/* What fd gives until its end is kept where nobody writes it any more, and fd reads it from its beginning.
 * ANSHIN_EFAULT: it cannot be read or kept, or a signal came that ends the command (htanshin/stream/signals.h). */
apr_status_t anshin_hold_keep(anshin_call_t *call, int fd);

/* users: of const char *, canonical, whom the input in fd names; it is approved down to each octet of that. fd reads it
 * from its beginning again. */
apr_status_t anshin_hold_input(anshin_call_t *call, int fd, int revokes, const apr_array_header_t *users);

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
