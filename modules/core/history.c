/*
 * Login history: numbered entries, and one record a user that tells the first and the next number.
 */
#include "core/history.h"

#include <apr_strings.h>

#include "core/expiry.h"

static const char *series_key(anshin_op_t *op, const char *user)
{
    return apr_pstrcat(op->pool, "history/", op->contract->name, "/", user ? user : "", NULL);
}

static const char *entry_key(anshin_op_t *op, const char *user, apr_int64_t number)
{
    return apr_psprintf(op->pool, "%s/%s/%016" APR_UINT64_T_HEX_FMT, op->contract->name, user ? user : "",
                        (apr_uint64_t)number);
}

static apr_status_t series_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, anshin_sequence_t *series)
{
    apr_status_t rv = anshin_txn_get(txn, &anshin_record_sequence, series_key(op, user), series);

    if (rv == ANSHIN_ENOTFOUND) {
        series->first = series->next = 0;
        return APR_SUCCESS;
    }
    return rv;
}

const char *anshin_history_result_name(apr_int64_t result)
{
    static const char *const names[] = {
        [ANSHIN_HISTORY_LOGIN_OK] = "login_ok",
        [ANSHIN_HISTORY_WRONG_PASSWORD] = "wrong_password",
        [ANSHIN_HISTORY_WRONG_CERTIFICATE] = "wrong_certificate",
        [ANSHIN_HISTORY_LOCKED] = "locked",
        [ANSHIN_HISTORY_NOW_LOCKED] = "now_locked",
        [ANSHIN_HISTORY_UNKNOWN_USER] = "unknown_user",
        [ANSHIN_HISTORY_NOT_ACTIVE] = "not_active",
        [ANSHIN_HISTORY_LOGOUT] = "logout",
        [ANSHIN_HISTORY_REGISTERED] = "registered",
        [ANSHIN_HISTORY_WRONG_CODE] = "wrong_code",
        [ANSHIN_HISTORY_WRONG_DOWNLOAD_PASSWORD] = "wrong_download_password",
        [ANSHIN_HISTORY_DOWNLOADED] = "downloaded",
        [ANSHIN_HISTORY_THROTTLED] = "throttled",
        [ANSHIN_HISTORY_PASSWORD_OK] = "password_ok",
        [ANSHIN_HISTORY_PASSWORD_CHANGED] = "password_changed",
        [ANSHIN_HISTORY_QUESTION_CHANGED] = "question_changed",
        [ANSHIN_HISTORY_PASSWORD_REISSUED] = "password_reissued",
        [ANSHIN_HISTORY_CERTIFICATE_REISSUED] = "certificate_reissued",
        [ANSHIN_HISTORY_WRONG_PROOF] = "wrong_proof",
        [ANSHIN_HISTORY_TERMINAL_ADDED] = "terminal_added",
        [ANSHIN_HISTORY_TERMINAL_CHANGED] = "terminal_changed",
        [ANSHIN_HISTORY_TERMINAL_DELETED] = "terminal_deleted",
        [ANSHIN_HISTORY_METHOD_CHANGED] = "method_changed",
        [ANSHIN_HISTORY_AUTHENTICATOR_SET] = "authenticator_set",
        [ANSHIN_HISTORY_AUTHENTICATOR_REMOVED] = "authenticator_removed",
    };
    const apr_int64_t count = sizeof(names) / sizeof(names[0]);

    return result > 0 && result < count && names[result] ? names[result] : "unknown";
}

/* For housekeeping, which files it again as long as there are entries. */
static apr_status_t file_series(anshin_op_t *op, anshin_txn_t *txn, const char *user)
{
    apr_interval_time_t retention = op->contract->policy.history_retention;

    return anshin_expiry_file(op, txn, &anshin_record_sequence, series_key(op, user),
                              op->now + (retention < ANSHIN_LOOK_HISTORY ? retention : ANSHIN_LOOK_HISTORY));
}

apr_status_t anshin_history_add(anshin_op_t *op, anshin_txn_t *txn, const char *user, const anshin_history_t *entry)
{
    anshin_history_t full = *entry;
    anshin_account_t account;
    anshin_sequence_t series;
    apr_status_t rv = user ? anshin_account_get(op, txn, user, &account) : ANSHIN_ENOTFOUND;

    full.account = rv == APR_SUCCESS ? account.number : NULL;
    if ((rv != APR_SUCCESS && rv != ANSHIN_ENOTFOUND) || (rv = series_get(op, txn, user, &series)) != APR_SUCCESS) {
        return rv;
    }
    if (!full.at) {
        full.at = op->now;
    }
    if (!full.address) {
        full.address = op->address;
    }
    rv = anshin_txn_put(txn, &anshin_record_history, entry_key(op, user, series.next), &full);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (series.first == series.next && (rv = file_series(op, txn, user)) != APR_SUCCESS) {
        return rv;
    }
    series.next++;
    if (series.next - series.first > ANSHIN_HISTORY_MAX) {
        rv = anshin_txn_delete(txn, &anshin_record_history, entry_key(op, user, series.first));
        if (rv != APR_SUCCESS) {
            return rv;
        }
        series.first++;
    }
    return anshin_txn_put(txn, &anshin_record_sequence, series_key(op, user), &series);
}

apr_status_t anshin_history_read(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t skip,
                                 apr_int64_t limit, anshin_history_visit_fn *visit, void *baton, apr_int64_t *total)
{
    anshin_sequence_t series;
    apr_status_t rv = series_get(op, txn, user, &series);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (total) {
        *total = series.next - series.first;
    }
    for (apr_int64_t number = series.next - 1 - skip; number >= series.first && limit > 0; number--, limit--) {
        anshin_history_t entry;
        rv = anshin_txn_get(txn, &anshin_record_history, entry_key(op, user, number), &entry);
        if (rv == ANSHIN_ENOTFOUND) {
            continue;
        }
        if (rv != APR_SUCCESS || (rv = visit(baton, &entry)) != APR_SUCCESS) {
            return rv;
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_history_count(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, apr_time_t since,
                                  apr_int64_t *count)
{
    anshin_sequence_t series;
    apr_status_t rv = series_get(op, txn, account->user, &series);
    apr_int64_t low = rv == APR_SUCCESS ? series.first : 0, high = rv == APR_SUCCESS ? series.next : 0;

    while (rv == APR_SUCCESS && low < high) { /* the first entry that counts lies in [low, high] */
        apr_int64_t middle = low + (high - low) / 2;
        anshin_history_t entry;
        rv = anshin_txn_get(txn, &anshin_record_history, entry_key(op, account->user, middle), &entry);
        if (rv == ANSHIN_ENOTFOUND ||
            (rv == APR_SUCCESS && (entry.at < since || !anshin_account_owns(account, entry.account, entry.at)))) {
            low = middle + 1;
            rv = APR_SUCCESS;
        } else {
            high = middle;
        }
    }
    *count = rv == APR_SUCCESS ? series.next - low : 0;
    return rv;
}

apr_status_t anshin_history_trim(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_time_t before, int limit,
                                 int *dropped)
{
    anshin_sequence_t series;
    apr_status_t rv = series_get(op, txn, user, &series);

    *dropped = 0;
    while (rv == APR_SUCCESS && series.first < series.next && *dropped < limit) {
        anshin_history_t entry;
        const char *key = entry_key(op, user, series.first);
        rv = anshin_txn_get(txn, &anshin_record_history, key, &entry);
        if (rv == APR_SUCCESS && entry.at >= before) {
            break;
        }
        if (rv == APR_SUCCESS || rv == ANSHIN_ENOTFOUND) {
            rv = anshin_txn_delete(txn, &anshin_record_history, key);
            series.first++;
            (*dropped)++;
        }
    }
    if (rv == APR_SUCCESS && *dropped) {
        rv = anshin_txn_put(txn, &anshin_record_sequence, series_key(op, user), &series);
    }
    return rv;
}
