/*
 * Notices (MAI-3, S13): a mail to the user about what was done to the account, in the transaction of the change.
 */
#ifndef ANSHIN_CORE_NOTICE_H
#define ANSHIN_CORE_NOTICE_H

#include <jansson.h>

#include "core/account.h"

/* The order is that of the words of AnshinNotices in policy.def. */
typedef enum anshin_notice_t {
    ANSHIN_NOTICE_PASSWORD,
    ANSHIN_NOTICE_QUESTION,
    ANSHIN_NOTICE_TERMINAL,
    ANSHIN_NOTICE_METHOD,
    ANSHIN_NOTICE_LOCK,
    ANSHIN_NOTICE_REISSUE,
    ANSHIN_NOTICE_LOGIN
} anshin_notice_t;

/* Queue one for every different address of the user's terminals, and for that of former (NULL: none; a terminal as it
 * was before), where the contract tells of such events. template: mail/TEMPLATE.LANGUAGE.mustache; data (NULL: none)
 * may hold what it names; when, where (client address) and support are filled in. Inside a write transaction. An
 * address that nobody has confirmed gets so many in a day (S40), others every one. ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_notice_add(anshin_op_t *op, anshin_txn_t *txn, anshin_notice_t notice, const char *template,
                               const anshin_account_t *account, const anshin_terminal_t *former, json_t *data);

/* The addresses of a user's terminals, NULL terminated, in op's pool. */
apr_status_t anshin_account_addresses(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      const char *const **addresses);

#endif
