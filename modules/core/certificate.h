/*
 * Certificates: records, state, and what a connection's certificate means (LOG-3, S20).
 */
#ifndef ANSHIN_CORE_CERTIFICATE_H
#define ANSHIN_CORE_CERTIFICATE_H

#include "core/op.h"
#include "core/peer.h"

/* On disk, never renumbered. */
typedef enum anshin_certificate_state_t {
    ANSHIN_CERTIFICATE_ACTIVE = 1,
    ANSHIN_CERTIFICATE_REVOKED = 2
} anshin_certificate_state_t;

/* What is to be said of a connection's certificate; names are those of the texts (help_certificate). */
typedef enum anshin_certificate_verdict_t {
    ANSHIN_VERDICT_GOOD,
    ANSHIN_VERDICT_NONE,
    ANSHIN_VERDICT_EXPIRED,
    ANSHIN_VERDICT_NOT_YET,
    ANSHIN_VERDICT_FOREIGN,
    ANSHIN_VERDICT_UNSUITABLE,
    ANSHIN_VERDICT_REVOKED,
    ANSHIN_VERDICT_UNKNOWN /* of our CA, but not known to the store, another contract's, or not its terminal's */
} anshin_certificate_verdict_t;
const char *anshin_verdict_name(anshin_certificate_verdict_t verdict); /* "good", "none", "expired", "not_yet" ... */

/* Judge inside a transaction of any mode. APR_SUCCESS with *verdict (and *record when the store knows it), or
 * ANSHIN_EFAULT. */
apr_status_t anshin_certificate_judge(anshin_op_t *op, anshin_txn_t *txn, const anshin_peer_t *peer,
                                      anshin_certificate_verdict_t *verdict, anshin_certificate_t *record);

/* The same in a read transaction of its own. */
apr_status_t anshin_certificate_verdict(anshin_op_t *op, const anshin_peer_t *peer,
                                        anshin_certificate_verdict_t *verdict);

/* CRLReason of RFC 5280 5.3.1, those that we give by ourselves; the operator may give others. */
enum { ANSHIN_REASON_SUPERSEDED = 4, ANSHIN_REASON_CESSATION = 5 };

/* Revoke by serial, end its sessions, wipe what waits for download; durable. reason: CRLReason. ANSHIN_ENOTFOUND;
 * ANSHIN_ECONFLICT: revoked already. */
apr_status_t anshin_certificate_revoke(anshin_op_t *op, const char *serial, int reason);

/* Revoke every active certificate that was issued to this user ID, in the same way, all in one durable transaction.
 * *serials (const char *): which. ANSHIN_ENOTFOUND: there is none. */
apr_status_t anshin_certificates_revoke(anshin_op_t *op, const char *user, int reason, apr_array_header_t **serials);

/* Revoke the certificate of a terminal inside a write transaction, in the same way. None, one that is revoked already,
 * or one that the store does not know: nothing happens. */
apr_status_t anshin_certificate_end_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal,
                                       int reason);

#endif
