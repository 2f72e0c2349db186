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

/* The options that decide what is done, as they would be typed, in the order of the table; values in quotes, '"' and
 * '\\' in them behind a '\\', so that two calls have the same text only where they say the same. In call's pool. */
const char *anshin_hold_options(const anshin_call_t *call);

/* CONTRACT/USER//0 or CONTRACT//SERIAL/0 of op's contract, with /undo where the target's line says so (the verb is
 * another one there). In call's pool. */
const char *anshin_hold_entry(const anshin_call_t *call, const anshin_target_t *target);

/* Whose account is that of a service is no person: that of the worker, of the signer, of httpd, or of the state
 * directory. Of httpd it is known by the names that systems give it. The snapshot is read. */
void anshin_hold_who(anshin_call_t *call);

/* A verb on targets (of anshin_target_t). revokes: it revokes certificates. */
apr_status_t anshin_hold_many(anshin_call_t *call, int revokes, const apr_array_header_t *targets);

/* What --role and --organisation would change of an operator of the help desk. user: canonical; NULL: of nobody who is
 * known before, which is not done then. */
apr_status_t anshin_hold_role(anshin_call_t *call, const char *user);

/* An act on a CA. what: which, beside the options. Opens the store where the command has not. */
apr_status_t anshin_hold_ca(anshin_call_t *call, const char *what);

#endif
