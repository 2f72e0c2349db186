/*
 * Whose series of the trail it is: see former_series.h.
 */
#include "core/account/former_series.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/account.h"
#include "core/account/history.h"
#include "core/context/former.h"

#define PART 200 /* entries of a history at a time */

apr_status_t anshin_series_name_read(anshin_op_t *op, anshin_txn_t *txn, const char *contract, const char *name,
                                     anshin_series_name_t *read)
{
    apr_status_t status = anshin_former_bearers(op, txn, name, contract, &read->others);

    read->contract = contract;
    read->name = name;
    read->is_shared = read->others->nelts > 0;
    if (strcmp(contract, name) != 0) { /* one that is not declared just now may have had users */
        APR_ARRAY_PUSH(read->others, const char *) = name;
        read->is_shared |= anshin_config_contract(op->env->config, name) != NULL;
    }
    return status;
}

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

/* *has: the contract of that name has, or had, the account; *has_id: a user of that ID at all. */
static apr_status_t look(const anshin_op_t *op, anshin_txn_t *txn, const char *contract, const char *number,
                         const char *user, int *has, int *has_id)
{
    anshin_contract_t *known = apr_pcalloc(op->pool, sizeof(*known));
    anshin_op_t own = *op;
    anshin_account_t account = {.number = NULL};
    looking_t looking = {number, 0};
    anshin_history_walk_t walk = {.user = user, .total = -1};
    apr_status_t status;

    known->name = contract;
    own.contract = known;
    status = anshin_account_get(&own, txn, user, &account);
    *has_id |= status == APR_SUCCESS;
    *has = account.number != NULL && strcmp(account.number, number) == 0;
    if (*has || (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND)) {
        return *has ? APR_SUCCESS : status;
    }
    apr_pool_create(&own.pool, op->pool);
    do {
        apr_pool_clear(own.pool);
        status = anshin_history_read(&own, txn, &walk, PART, see_entry, &looking);
        walk.skip += PART;
    } while (status == APR_SUCCESS && !looking.found && walk.skip < walk.total);
    apr_pool_destroy(own.pool);
    *has = looking.found;
    *has_id |= walk.total > 0;
    return status;
}

apr_status_t anshin_former_series_whose(const anshin_op_t *op, anshin_txn_t *txn, const anshin_series_name_t *name,
                                        const char *number, const char *user, anshin_whose_series_t *whose)
{
    int has = 0, is_known = 0, unused = 0;
    apr_status_t status = APR_SUCCESS;

    *whose = name->is_shared ? ANSHIN_SERIES_EITHER : ANSHIN_SERIES_OURS;
    if (name->others->nelts == 0 || user == NULL) {
        return APR_SUCCESS;
    }
    status = look(op, txn, name->contract, number, user, &has, &unused);
    if (has) {
        *whose = ANSHIN_SERIES_OURS;
        return status;
    }
    for (int i = 0; status == APR_SUCCESS && !has && i < name->others->nelts; i++) {
        status = look(op, txn, APR_ARRAY_IDX(name->others, i, const char *), number, user, &has, &is_known);
    }
    if (has) {
        *whose = ANSHIN_SERIES_THEIRS;
    } else if (is_known) {
        *whose = ANSHIN_SERIES_EITHER;
    }
    return status;
}
