/* Change of the login method (ACC-6): credentials are issued again as the new method needs, what is no longer used is
 * revoked. */
#ifndef ANSHIN_CORE_SELFSERVICE_METHOD_H
#define ANSHIN_CORE_SELFSERVICE_METHOD_H

#include "core/selfservice/change.h"

/* The download password of one terminal's new certificate, to be shown once. */
typedef struct anshin_method_issue_t {
    apr_int64_t terminal;
    const char *address;
    const char *download_password;
} anshin_method_issue_t;

/* Change it, durably: to certificate, every terminal gets one (CRT-1); from certificate, all are revoked; from
 * one-time password, the authenticator app is forgotten. All sessions end, this one as well: the next login is by the
 * new method. *issues: array of anshin_method_issue_t. APR_SUCCESS; ANSHIN_EINVALID (not admitted by the contract, or
 * the method already); ANSHIN_EDENIED (session ended or not fresh, function off); ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_method_change(anshin_op_t *op, const anshin_member_t *member, int method,
                                  apr_array_header_t **issues);

/* What follows from it, inside the write transaction of whoever may change it, who has looked at the rules: *account is
 * written with the new method. issues: anshin_method_issue_t are added. ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_method_change_in(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, int method,
                                     apr_array_header_t *issues);

#endif
