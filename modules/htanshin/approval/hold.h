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

/* A verb on targets (of anshin_target_t). revokes: it revokes certificates. */
apr_status_t anshin_hold_many(anshin_call_t *call, int revokes, const apr_array_header_t *targets);

/* What --role and --organisation would change of an operator of the help desk. user: canonical; NULL: of nobody who is
 * known before, which is not done then. */
apr_status_t anshin_hold_role(anshin_call_t *call, const char *user);

/* An act on a CA. what: which, beside the options. Opens the store where the command has not. */
apr_status_t anshin_hold_ca(anshin_call_t *call, const char *what);

#endif
