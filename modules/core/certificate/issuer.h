/*
 * The CAs as issuers: what is left of each (CAS-2), and its own end (RFC 5280: nothing that it issued lasts longer).
 */
#ifndef ANSHIN_CORE_CERTIFICATE_ISSUER_H
#define ANSHIN_CORE_CERTIFICATE_ISSUER_H

#include "core/certificate/revoked.h"

/* The good certificates of a CA: active, and not ended. */
typedef struct anshin_issued_left_t {
    anshin_revoked_ca_t ca;
    apr_int64_t count;
    apr_time_t until; /* when the last of them ends; 0: there are none */
} anshin_issued_left_t;

/* Count, for each of lefts, by one walk over the store, of all contracts. op needs no contract, here and below.
 * APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_issued_left(anshin_op_t *op, anshin_issued_left_t *lefts, int count);

/* Before the end of a CA it is reminded of so many times: a year, 90 days and 30 days before. */
extern const apr_interval_time_t anshin_issuer_reminders[3];

/* Whether to remind of the end of the CA with this id, now; each time once, whatever starts anew meanwhile. *days: how
 * many are left; 0: it is not to be reminded of. Durable. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_issuer_remind(anshin_op_t *op, const char *id, apr_time_t end, int *days);

/* A CA whose key may be in other hands (CAS-4) issues nothing any more, for good: what is asked for waits, as a job,
 * until the operator has switched to another one. Say so of the CA with this id; name: what the operator calls it.
 * Durable; no failure when it was said before. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_issuer_stop(anshin_op_t *op, const char *id, const char *name);

/* When that was said; 0: never. txn NULL: a look of its own. Answers as above. */
apr_status_t anshin_issuer_stopped(anshin_op_t *op, anshin_txn_t *txn, const char *id, apr_time_t *at);

/* APR_SUCCESS: it may issue; ANSHIN_EBUSY: not, or it cannot be told now (op->error says which); ANSHIN_EFAULT. txn as
 * above. */
apr_status_t anshin_issuer_may(anshin_op_t *op, anshin_txn_t *txn, const char *id);

/* For processes that open no certificate of a CA: the worker notes which id the CA of a name has now, and they ask
 * whether that which issues for op->contract is stopped. A write only when the id is another one than before. */
apr_status_t anshin_issuer_note(anshin_op_t *op, const char *name, const char *id);
apr_status_t anshin_issuer_waits(anshin_op_t *op, int *waits);

#endif
