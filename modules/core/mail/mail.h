/*
 * Outgoing mail (MAI-1, MAI-2): queued as facts, sealed, in the transaction of the change that causes it; rendered and
 * delivered by the worker. What a mail tells of is done whatever becomes of its text: nothing that an operator writes
 * (template, sender, title) is looked at before the worker does.
 */
#ifndef ANSHIN_CORE_MAIL_MAIL_H
#define ANSHIN_CORE_MAIL_MAIL_H

#include "core/base/words.h"
#include "core/context/expiry.h"
#include "core/mail/mail_bound.h"
#include "core/mail/mail_render.h"

typedef enum anshin_mail_state_t {
#define WORD(member, value, name) ANSHIN_MAIL_##member = (value),
#include "core/mail/mail_state.def"
#undef WORD
} anshin_mail_state_t;
extern const anshin_word_t anshin_mail_state_words[];
const char *anshin_mail_state_name(apr_int64_t state); /* "waiting" ...; "unknown" */

extern const anshin_expiry_rule_t anshin_mail_expiry;

typedef struct anshin_mail_new_t {
    const char *kind; /* whose template it has */
    const anshin_account_t *account;
    const char *address;
    anshin_mail_bound_t bound;
    json_t
        *data; /* what the template may name, besides contract, user, greeting, support and signature; NULL: nothing */
    int many;  /* 1: goes to many users at once, and none of them waits for it (job.h) */
    apr_array_header_t *users; /* of const char *: all whom it names, where these may be others; NULL: the account's */
} anshin_mail_new_t;

/* Queue a mail inside a write transaction. ANSHIN_EDENIED: the address has got so many today (anshin_mail_room()),
 * nothing is queued. ANSHIN_EFAULT: the store, the seal, memory, or a value that is not UTF-8. */
apr_status_t anshin_mail_add(anshin_op_t *op, anshin_txn_t *txn, const anshin_mail_new_t *mail);

/* The same, for who wants to know later what has become of it. *key: of its record; as it was unless APR_SUCCESS. */
apr_status_t anshin_mail_add_known(anshin_op_t *op, anshin_txn_t *txn, const anshin_mail_new_t *mail, const char **key);

/* The text of a queued mail, rendered now (what was queued by 2d05b07 and before was rendered then). Answers of
 * anshin_mail_render(), and ANSHIN_ENOTFOUND when it was delivered and wiped. */
apr_status_t anshin_mail_open(anshin_op_t *op, const anshin_mail_t *mail, anshin_mail_text_t *text);

#endif
