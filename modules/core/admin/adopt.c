/*
 * A password that the operator brings along: see adopt.h.
 */
#include "core/admin/adopt.h"

#include <string.h>

#include "core/account/account.h"
#include "core/context/secret.h"
#include "core/mail/password_reminder.h"

int anshin_adopt_open(const anshin_account_t *account)
{
    return account->method == ANSHIN_METHOD_PASSWORD &&
           (account->password_hash != NULL ? anshin_imported_scheme(account->password_hash) != NULL
                                           : account->state == ANSHIN_ACCOUNT_PENDING);
}

apr_status_t anshin_adopt_differs(anshin_op_t *op, const anshin_account_t *account, const anshin_imported_t *imported,
                                  int *differs)
{
    const char *text = NULL;
    apr_status_t status =
        account->password_hash != NULL ? anshin_imported_open(op, &text, account->password_hash) : APR_SUCCESS;

    *differs = !anshin_secret_equal(op, text, imported->text);
    anshin_secret_wipe(op, text);
    return status;
}

apr_status_t anshin_adopt_in(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, const char *stored)
{
    apr_status_t status = APR_SUCCESS;

    if (account->state == ANSHIN_ACCOUNT_PENDING) {
        account->state = ANSHIN_ACCOUNT_ACTIVE;
        account->registered_at = op->now;
    }
    if (account->registration != NULL) {
        status = anshin_txn_delete(txn, &anshin_record_token, account->registration);
        account->registration = NULL;
    }
    account->password_hash = stored;
    account->password_set_at = op->now;
    return status == APR_SUCCESS ? anshin_password_file(op, txn, account) : status;
}
