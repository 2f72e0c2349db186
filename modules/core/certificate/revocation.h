/*
 * Revocation: a certificate counts no more, and nothing that was opened with it stays open.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_REVOCATION_H
#define ANSHIN_CORE_CERTIFICATE_REVOCATION_H

#include "core/base/words.h"
#include "core/context/op.h"

typedef enum anshin_reason_t {
#define WORD(member, value, name) ANSHIN_REASON_##member = (value),
#include "core/certificate/reason.def"
#undef WORD
} anshin_reason_t;
extern const anshin_word_t anshin_reason_words[];

/* Revoke by serial, end its sessions, wipe what waits for download; durable. Where it was to follow another one, that
 * is on its own again, and its reminders go on. reason: CRLReason. ANSHIN_ENOTFOUND; ANSHIN_ECONFLICT: revoked
 * already. */
apr_status_t anshin_certificate_revoke(anshin_op_t *op, const char *serial, int reason);

/* Revoke every active certificate that was issued to this user ID, in the same way, all in one durable transaction.
 * *serials (const char *): which. ANSHIN_ENOTFOUND: there is none. */
apr_status_t anshin_certificates_revoke(anshin_op_t *op, const char *user, int reason, apr_array_header_t **serials);

/* Revoke what a terminal has, inside a write transaction and in the same way: its certificate, and the one that was
 * made to follow it (renewal.h). None, one that is revoked already, or one that the store does not know: nothing
 * happens. */
apr_status_t anshin_certificates_end_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal,
                                        int reason);

/* The same of one of them, since another has taken its place. serial may be NULL. */
apr_status_t anshin_certificate_supersede_in(anshin_op_t *op, anshin_txn_t *txn, const char *serial);

/* The same of one that was to follow and that nobody has fetched: the present one goes on alone, with its reminders. */
apr_status_t anshin_certificate_lapse_in(anshin_op_t *op, anshin_txn_t *txn, const char *serial);

#endif
