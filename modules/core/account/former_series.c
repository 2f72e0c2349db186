/*
 * Whose series of the trail it is: see former_series.h.
 */
#include "core/account/former_series.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/account.h"
#include "core/account/history.h"

typedef struct looking_t {
    const char *number;
    int found;
} looking_t;

static apr_status_t see_entry(void *baton, const anshin_history_t *entry)
{
    looking_t *looking = baton;

    looking->found |= entry->account != NULL && strcmp(entry->account, looking->number) == 0;
    return APR_SUCCESS;
}

/* *has: the contract of that name has, or had, the account; *has_others: a user of that ID at all. */
static apr_status_t look(const anshin_op_t *op, anshin_txn_t *txn, const anshin_former_series_t *series,
                         const char *name, int *has, int *has_others)
{
    anshin_contract_t *contract = apr_pcalloc(op->pool, sizeof(*contract));
    anshin_op_t own = *op;
    anshin_account_t account = {.number = NULL};
    looking_t looking = {series->number, 0};
    anshin_history_walk_t walk = {.user = series->user, .total = -1};
    apr_status_t status;

    contract->name = name;
    own.contract = contract;
    status = anshin_account_get(&own, txn, series->user, &account);
    *has_others = status == APR_SUCCESS;
    *has = account.number != NULL && strcmp(account.number, series->number) == 0;
    if (*has || (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND)) {
        return *has ? APR_SUCCESS : status;
    }
    status = anshin_history_read(&own, txn, &walk, ANSHIN_HISTORY_MAX, see_entry, &looking);
    *has = looking.found;
    *has_others |= walk.total > 0;
    return status;
}

apr_status_t anshin_former_series_whose(const anshin_op_t *op, anshin_txn_t *txn, const anshin_former_series_t *series,
                                        anshin_whose_series_t *whose)
{
    int theirs = 0, ours = 0, others = 0, own = 0;
    apr_status_t status = look(op, txn, series, series->former, &theirs, &others);

    if (status == APR_SUCCESS && !theirs && others) {
        status = look(op, txn, series, series->contract, &ours, &own);
    }
    *whose = theirs ? ANSHIN_SERIES_THEIRS : ours || !others ? ANSHIN_SERIES_OURS : ANSHIN_SERIES_EITHER;
    return status;
}
