/*
 * Reminders of a certificate's end (REN-1): a mail at each time that the contract says (AnshinCertificateReminders),
 * and what the pages tell from the first of them on; and how long its record is kept after that (BAK-3).
 */
#ifndef ANSHIN_CORE_CERTIFICATE_REMINDER_H
#define ANSHIN_CORE_CERTIFICATE_REMINDER_H

#include "core/context/expiry.h"

/* Mails what is due: the mark is written in the transaction that queues the mail. Nobody is reminded of a certificate
 * that is not the current one of its terminal, or whose account does not log in with one. One that ended so long ago
 * that it is not to be known any more is removed; its terminal has none then. */
extern const anshin_expiry_rule_t anshin_certificate_expiry;

/* Until when its record is kept: AnshinCertificateRetention after its end, never shorter than it opens a renewal.
 * contract NULL: of one that is not declared. */
apr_time_t anshin_certificate_kept_until(const anshin_contract_t *contract, const anshin_certificate_t *certificate);

/* When house is to be kept for a certificate of the operation's contract: at its next reminder, else at its end, else
 * when it is to be removed. */
apr_time_t anshin_certificate_look(const anshin_op_t *op, const anshin_certificate_t *certificate);

/* File one that was just put, inside the write transaction. Answers of anshin_expiry_file(). */
apr_status_t anshin_certificate_file(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *certificate);

/* A certificate that was to follow has come to nothing, inside the write transaction that ended it: what its terminal's
 * present one was not reminded of meanwhile is due now. Answers of anshin_expiry_file(). */
apr_status_t anshin_certificate_file_present(anshin_op_t *op, anshin_txn_t *txn, const char *ended);

/* Days until the end of an active certificate; -1: not worth a word, since the first reminder has not come, or there
 * is none. */
int anshin_certificate_days_left(const anshin_op_t *op, const anshin_certificate_t *certificate);

/* The same for the certificate that a session was opened with, -1 where it was opened without; read by itself.
 * APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_certificate_days_of(anshin_op_t *op, const anshin_session_t *session, int *days);

#endif
