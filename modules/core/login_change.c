/*
 * The forced change of a password on the way in (LOG-6; declared in login.h).
 *
 * SECURITY: the stamp shows that every factor was right moments ago; it dies with the password that it was made of.
 */
#include <string.h>

#include "core/claimant.h"
#include "core/login.h"
#include "core/notice.h"
#include "core/password.h"
#include "core/secret.h"

/* The claimant as the stamp allows it, with the addresses that the rules need. */
static apr_status_t read_claimant(anshin_op_t *op, const anshin_login_facts_t *facts, const char *stamp,
                                  anshin_claimant_t *claimant, const char *const **addresses)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_claimant_resume(op, txn, facts, ANSHIN_STEP_CODE, stamp, claimant);
    if (rv == APR_SUCCESS) {
        rv = anshin_account_addresses(op, txn, &claimant->account, addresses);
    }
    anshin_txn_abort(txn);
    return rv;
}

static apr_status_t change_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts, const char *stamp,
                              const char *phc, anshin_login_result_t *result)
{
    static const anshin_session_match_t every = {0};
    anshin_history_t entry = {.result = ANSHIN_HISTORY_PASSWORD_CHANGED};
    anshin_claimant_t claimant;
    apr_status_t rv = anshin_claimant_resume(op, txn, facts, ANSHIN_STEP_CODE, stamp, &claimant);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    anshin_password_set(op, &claimant.account, phc);
    if ((rv = anshin_sessions_end(op, txn, claimant.user, &every, NULL)) != APR_SUCCESS ||
        (rv = anshin_history_add(op, txn, claimant.user, &entry)) != APR_SUCCESS ||
        (rv = anshin_notice_add(op, txn, ANSHIN_NOTICE_PASSWORD, "password-changed", &claimant.account, NULL, NULL)) !=
            APR_SUCCESS) {
        return rv;
    }
    return anshin_claimant_proceed(op, txn, facts, &claimant, ANSHIN_STEP_CHANGE, result);
}

static apr_status_t change(anshin_op_t *op, const anshin_login_facts_t *facts, const char *stamp, const char *normal,
                           const char *again, unsigned *broken, anshin_login_result_t *result)
{
    const char *const *addresses;
    anshin_claimant_t claimant;
    char phc[ANSHIN_PHC_MAX];
    anshin_txn_t *txn;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    *broken = 0;
    if ((rv = read_claimant(op, facts, stamp, &claimant, &addresses)) != APR_SUCCESS ||
        (rv = anshin_password_check_new(op, broken, normal, again, &claimant.account, addresses)) != APR_SUCCESS ||
        *broken) {
        return rv;
    }
    if ((rv = anshin_password_hash(op, phc, normal)) != APR_SUCCESS ||
        (rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_txn_end(txn, change_in(op, txn, facts, stamp, phc, result), ANSHIN_DURABLE);
}

apr_status_t anshin_login_change(anshin_op_t *op, const anshin_login_facts_t *facts, const char *stamp,
                                 const char *password, const char *confirm, unsigned *broken,
                                 anshin_login_result_t *result)
{
    const char *normal = anshin_password_normalise(password, op->pool);
    const char *again = anshin_password_normalise(confirm, op->pool);
    apr_status_t rv = change(op, facts, stamp, normal, again, broken, result);

    anshin_secret_wipe(op, normal);
    anshin_secret_wipe(op, again);
    return rv;
}
