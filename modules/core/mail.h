/*
 * Outgoing mail (MAI-1, MAI-2): rendered and sealed when queued, in the transaction of the change that causes it;
 * delivered by the worker.
 */
#ifndef ANSHIN_CORE_MAIL_H
#define ANSHIN_CORE_MAIL_H

#include <jansson.h>

#include "core/account.h"

/* On disk, never renumbered. */
typedef enum anshin_mail_state_t {
    ANSHIN_MAIL_WAITING = 1,
    ANSHIN_MAIL_DELIVERING = 2, /* the file lies in tmp/ under its final name; only its rename can still be missing */
    ANSHIN_MAIL_SENT = 3,
    ANSHIN_MAIL_FAILED = 4
} anshin_mail_state_t;
const char *anshin_mail_state_name(apr_int64_t state);

typedef struct anshin_mail_text_t {
    const char *from;    /* as AnshinMailFrom */
    const char *to;      /* address */
    const char *subject; /* one line, UTF-8 */
    const char *body;    /* UTF-8, lines ended by \n */
} anshin_mail_text_t;

/* Queue a mail inside a write transaction: template mail/KIND.LANGUAGE.mustache of the contract's or the installed
 * directory (first line "Subject: ..."), rendered with data plus contract, user and signature. */
apr_status_t anshin_mail_add(anshin_op_t *op, anshin_txn_t *txn, const char *kind, const anshin_account_t *account,
                             const char *address, json_t *data);

/* A time as mails of both languages tell it, in the zone of this machine: "2026-11-22 15:30 (UTC+09:00)". In pool. */
const char *anshin_mail_time(apr_time_t time, apr_pool_t *pool);

/* The text of a queued mail. ANSHIN_ENOTFOUND when it was delivered and wiped. */
apr_status_t anshin_mail_open(anshin_op_t *op, const anshin_mail_t *mail, anshin_mail_text_t *text);

/* The message as RFC 5322 and MIME (RFC 2045, 2047): encoded words in Subject and From, Date, Message-ID made of id,
 * Auto-Submitted (RFC 3834), text/plain UTF-8 in base64, CRLF line ends. In pool. ANSHIN_EINVALID when a header value
 * has control characters (S27). */
apr_status_t anshin_mail_format(anshin_op_t *op, const char *id, const anshin_mail_text_t *text, const char **message,
                                apr_size_t *length);

#endif
