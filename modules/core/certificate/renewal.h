/*
 * Renewal (REN-2): for a while a terminal has two certificates. The one that was made to follow stands beside the
 * present one until it is first used; then it takes its place, and the former one is revoked. One that is never fetched
 * is revoked when its download ends. So a terminal never has none that works, and never more than two.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_RENEWAL_H
#define ANSHIN_CORE_CERTIFICATE_RENEWAL_H

#include "core/certificate/certificate.h"

/* How long before its end a certificate can be renewed where nobody is reminded; else from the first of
 * AnshinCertificateReminders on. */
#define ANSHIN_RENEWAL_WINDOW apr_time_from_sec(40 * 86400)

/* That, of the operation's contract. */
apr_interval_time_t anshin_renewal_window(const anshin_op_t *op);

/* What a terminal has: its present certificate, and what waits for download. */
typedef struct anshin_terminal_parts_t {
    int has_certificate;
    int has_download;
    anshin_certificate_t certificate;
    anshin_download_t download;
} anshin_terminal_parts_t;
apr_status_t anshin_terminal_parts(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal,
                                   anshin_terminal_parts_t *parts); /* ANSHIN_EFAULT, ANSHIN_EBUSY */

/* 1 when that certificate can be renewed now: it is near its end, and nothing waits but a former renewal, which would
 * give way. */
int anshin_certificate_renewable(const anshin_op_t *op, const anshin_terminal_parts_t *parts);

/* So many renewals of a user begin in a day, since each has a key made and mails sent. */
#define ANSHIN_RENEWALS 10

/* Has the day room for another one? In a transaction of any mode. ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_renewal_room(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, int *room);

/* Renew, inside a write transaction: a former renewal that waits, fetched or not, ends; the user is told by mail, and a
 * mail to the terminal's address follows when the certificate is made (CRT-1). *password opens its download; a flow's
 * result has it too (anshin_download_issues()). ANSHIN_EDENIED: the flow was further already; ANSHIN_EFAULT,
 * ANSHIN_EBUSY. */
apr_status_t anshin_renewal_begin_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                     const anshin_terminal_t *terminal, const char **password);

/* Somebody logs in with a certificate of this terminal, inside the write transaction of the login: one that was to
 * follow is the terminal's from here on, the former one is revoked as superseded and its sessions end; and what waits
 * for download of it is done. terminal: as the transaction has it, and as it is left. ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_certificate_used_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *used,
                                        anshin_terminal_t *terminal);

#endif
