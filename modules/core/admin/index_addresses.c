/*
 * Terminals of an older store, by their addresses: see index_addresses.h.
 */
#include "core/admin/index_addresses.h"

#include <apr_strings.h>

#include "core/account/account.h"
#include "core/account/address_index.h"
#include "core/admin/walk.h"

/* Which contract's terminals are all in the index. One that is declared later is walked over then. */
static const char *fact_of(const anshin_op_t *op)
{
    return apr_pstrcat(op->pool, "addresses/", op->contract->name, NULL);
}

static apr_int64_t has_address(const anshin_op_t *op, const void *record)
{
    (void)op;
    return ((const anshin_terminal_t *)record)->address != NULL;
}

/* As it is now, behind the lock of its user: it may have changed since it was walked over. */
static apr_status_t add(anshin_op_t *op, anshin_txn_t *txn, const char *key, apr_int64_t chosen)
{
    anshin_terminal_t terminal;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_terminal, key, &terminal);

    (void)chosen;
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return anshin_address_index_add(op, txn, terminal.address, terminal.user, terminal.number);
}

static apr_status_t note(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_fact_t fact = {.at = op->now};

    (void)baton;
    return anshin_txn_put(txn, &anshin_record_fact, fact_of(op), &fact);
}

static apr_status_t index_contract(anshin_op_t *op, int *indexed)
{
    const anshin_walk_kind_t kind = {&anshin_record_terminal, apr_pstrcat(op->pool, op->contract->name, "/", NULL), 1,
                                     has_address, add};
    anshin_fact_t fact;
    apr_status_t status = anshin_op_get(op, &anshin_record_fact, fact_of(op), &fact);

    if (status != ANSHIN_ENOTFOUND) {
        return status;
    }
    status = anshin_walk(op, &kind, indexed);
    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, note, NULL) : status;
}

apr_status_t anshin_index_addresses(anshin_op_t *op, int *indexed)
{
    const apr_array_header_t *contracts = op->env->config->contracts;
    anshin_op_t own = *op;
    apr_status_t status = APR_SUCCESS;

    *indexed = 0;
    for (int i = 0; status == APR_SUCCESS && i < contracts->nelts; i++) {
        own.contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);
        status = index_contract(&own, indexed);
    }
    op->error = own.error;
    return status;
}
