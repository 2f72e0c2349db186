/*
 * Outgoing mail (MAI-1, MAI-2): queued as facts, sealed, in the transaction of the change that causes it; rendered and
 * delivered by the worker. What a mail tells of is done whatever becomes of its text: nothing that an operator writes
 * (template, sender, title) is looked at before the worker does.
 */
#ifndef ANSHIN_CORE_MAIL_H
#define ANSHIN_CORE_MAIL_H

#include <jansson.h>

#include "core/account.h"

/* On disk, never renumbered. */
typedef enum anshin_mail_state_t {
    ANSHIN_MAIL_WAITING = 1,
    ANSHIN_MAIL_DELIVERING = 2, /* the file lies in tmp/ under its final name; only its rename can still be missing */
    ANSHIN_MAIL_SENT = 3,       /* the command took it */
    ANSHIN_MAIL_FAILED = 4,
    ANSHIN_MAIL_SPOOLED = 5 /* it lies in the Maildir, to be carried on by somebody; up to 2d05b07 this was SENT */
} anshin_mail_state_t;
const char *anshin_mail_state_name(apr_int64_t state);

typedef struct anshin_mail_text_t {
    const char *from;    /* as AnshinMailFrom */
    const char *to;      /* address */
    const char *subject; /* one line, UTF-8 */
    const char *body;    /* UTF-8, lines ended by \n */
    const char *domain;  /* of the Message-ID, the same at every try; NULL: the sender's */
    const char *instead; /* why the installed template was taken and not the contract's; NULL: it was not */
} anshin_mail_text_t;

/* What a mail tells. */
typedef struct anshin_mail_facts_t {
    const char *kind;     /* of its template: mail/KIND.LANGUAGE.mustache */
    const char *user;     /* canonical user ID */
    const char *language; /* of the user; NULL: the contract's */
    const char *to;       /* address */
    const char *domain;   /* of the Message-ID */
    json_t *data;         /* what the template names */
} anshin_mail_facts_t;

/* --- how many an address gets (S40) --- */

/* So many mails of one bound go to an address in a day, whatever accounts and contracts they come from. Each account
 * has a share of its own beyond that, which no other account can use up. */
#define ANSHIN_MAILS_A_DAY 20
#define ANSHIN_MAILS_SHARE 5

/* By who causes a mail and where it goes. */
typedef enum anshin_mail_bound_t {
    ANSHIN_MAIL_OWN,         /* to an address of the user's own: none, so that no notice can be switched off */
    ANSHIN_MAIL_UNCONFIRMED, /* to one that the user typed, and nobody has shown to have its mailbox */
    ANSHIN_MAIL_STRANGER     /* asked for by somebody who has not logged in */
} anshin_mail_bound_t;

/* What mail to a terminal that is not asked for by a stranger counts as. */
anshin_mail_bound_t anshin_mail_bound_of(const anshin_terminal_t *terminal);

/* Is there room for one more, in a transaction of any mode? APR_SUCCESS; ANSHIN_EDENIED: none today; ANSHIN_EFAULT,
 * ANSHIN_EBUSY. */
apr_status_t anshin_mail_room(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                              anshin_mail_bound_t bound);

/* Count one, inside a write transaction; anshin_mail_add() does. */
apr_status_t anshin_mail_count(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                               anshin_mail_bound_t bound);

/* Queue a mail inside a write transaction; data (NULL: none) is what its template may name, besides contract, user,
 * support and signature. ANSHIN_EDENIED: the address has got so many today (anshin_mail_room()), nothing is queued.
 * ANSHIN_EFAULT: the store, the seal, memory, or a value that is not UTF-8. */
apr_status_t anshin_mail_add(anshin_op_t *op, anshin_txn_t *txn, const char *kind, const anshin_account_t *account,
                             const char *address, anshin_mail_bound_t bound, json_t *data);

/* The text of facts, by the template of the contract's or the installed directory: first line "Subject: ...". When the
 * contract's cannot be rendered, the installed one is taken, and text->instead tells why. In op's pool; may hold
 * secrets. ANSHIN_EINVALID: it cannot be rendered, and trying again does not help; ANSHIN_EFAULT: it may. */
apr_status_t anshin_mail_render(anshin_op_t *op, const anshin_mail_facts_t *facts, anshin_mail_text_t *text);

/* What stands in From: AnshinMailFrom, or noreply at the portal's host. */
const char *anshin_mail_sender(const anshin_op_t *op);

/* The text of a queued mail, rendered now (what was queued by 2d05b07 and before was rendered then). Answers of
 * anshin_mail_render(), and ANSHIN_ENOTFOUND when it was delivered and wiped. */
apr_status_t anshin_mail_open(anshin_op_t *op, const anshin_mail_t *mail, anshin_mail_text_t *text);

/* The message as RFC 5322 and MIME (RFC 2045, 2047): encoded words in Subject and From, Date, Message-ID made of id,
 * Auto-Submitted (RFC 3834), text/plain UTF-8 in base64; lines end with LF. In pool. ANSHIN_EINVALID when a header
 * value has control characters (S27). */
apr_status_t anshin_mail_format(anshin_op_t *op, const char *id, const anshin_mail_text_t *text, const char **message,
                                apr_size_t *length);

#endif
