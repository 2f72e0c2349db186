/*
 * Notices (MAI-3, S13): a mail to the user about what was done to the account, in the transaction of the change.
 */
#ifndef ANSHIN_CORE_MAIL_NOTICE_H
#define ANSHIN_CORE_MAIL_NOTICE_H

#include <jansson.h>

#include "core/account/account.h"

/* The order is that of the words of AnshinNotices in policy.def. */
typedef enum anshin_notice_t {
    ANSHIN_NOTICE_NONE = -1, /* of what nobody is told by mail */
    ANSHIN_NOTICE_PASSWORD,
    ANSHIN_NOTICE_QUESTION,
    ANSHIN_NOTICE_TERMINAL,
    ANSHIN_NOTICE_METHOD,
    ANSHIN_NOTICE_LOCK,
    ANSHIN_NOTICE_REISSUE,
    ANSHIN_NOTICE_LOGIN,
    ANSHIN_NOTICE_APPROVAL
} anshin_notice_t;

typedef struct anshin_notice_facts_t {
    anshin_notice_t notice;
    const char *template; /* mail/TEMPLATE.LANGUAGE.mustache */
    const anshin_account_t *account;
    const anshin_terminal_t *former; /* a terminal as it was before; NULL: none */
    json_t *data; /* what the template may name, besides support, when and where (client address); NULL: nothing */
} anshin_notice_facts_t;

/* Queue one for every different address of the user's terminals, and for that of former, where the contract tells of
 * such events. Inside a write transaction. An address that nobody has confirmed gets so many in a day (S40), others
 * every one. ANSHIN_EFAULT, ANSHIN_EBUSY. For anshin_event() alone (core/mail/event.h). */
apr_status_t anshin_notice_add(anshin_op_t *op, anshin_txn_t *txn, const anshin_notice_facts_t *facts);

#endif
