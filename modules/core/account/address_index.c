/*
 * Terminals by their mail address: see address_index.h.
 */
#include "core/account/address_index.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/address.h"
#include "core/context/secret.h"

static apr_status_t key_of(anshin_op_t *op, const char *address, const char **key)
{
    const char *mac;
    apr_status_t status = anshin_secret_mac(
        op, &mac, "address-index",
        apr_pstrcat(op->pool, op->contract->name, " ", anshin_address_lower(address, op->pool), NULL));

    *key = status == APR_SUCCESS ? apr_pstrcat(op->pool, op->contract->name, "/", mac, NULL) : NULL;
    return status;
}

static const char *entry_of(const anshin_op_t *op, const char *user, apr_int64_t number)
{
    return apr_psprintf(op->pool, "%s/%" APR_INT64_T_FMT, user, number);
}

int anshin_address_index_entry(const anshin_op_t *op, const char *entry, const char **user, apr_int64_t *number)
{
    const char *slash = strchr(entry, '/');

    if (slash == NULL) {
        return 0;
    }
    *user = apr_pstrmemdup(op->pool, entry, (apr_size_t)(slash - entry));
    *number = apr_atoi64(slash + 1);
    return 1;
}

static int holds(const anshin_address_index_t *index, const char *entry)
{
    for (int i = 0; index->terminals != NULL && i < index->terminals->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(index->terminals, i, const char *), entry) == 0) {
            return 1;
        }
    }
    return 0;
}

apr_status_t anshin_address_index_add(anshin_op_t *op, anshin_txn_t *txn, const char *address, const char *user,
                                      apr_int64_t number)
{
    anshin_address_index_t index = {.terminals = NULL};
    const char *entry = entry_of(op, user, number);
    const char *key;
    apr_status_t status;

    if (address == NULL) {
        return APR_SUCCESS;
    }
    if ((status = key_of(op, address, &key)) != APR_SUCCESS ||
        ((status = anshin_txn_get(txn, &anshin_record_address_index, key, &index)) != APR_SUCCESS &&
         status != ANSHIN_ENOTFOUND)) {
        return status;
    }
    if (holds(&index, entry)) {
        return APR_SUCCESS;
    }
    if (index.terminals == NULL) {
        index.terminals = apr_array_make(op->pool, 1, sizeof(const char *));
    }
    if (index.terminals->nelts < ANSHIN_ADDRESS_ENTRIES) {
        APR_ARRAY_PUSH(index.terminals, const char *) = entry;
    } else if (!index.more) {
        index.more = 1;
    } else {
        return APR_SUCCESS;
    }
    return anshin_txn_put(txn, &anshin_record_address_index, key, &index);
}

/* Those that do not begin with text, which is an entry, or what all of a user's begin with. */
static apr_array_header_t *without(const anshin_op_t *op, const anshin_address_index_t *index, const char *text,
                                   int whole)
{
    apr_array_header_t *kept = apr_array_make(op->pool, 4, sizeof(const char *));

    for (int i = 0; index->terminals != NULL && i < index->terminals->nelts; i++) {
        const char *entry = APR_ARRAY_IDX(index->terminals, i, const char *);

        if (whole ? strcmp(entry, text) != 0 : strncmp(entry, text, strlen(text)) != 0) {
            APR_ARRAY_PUSH(kept, const char *) = entry;
        }
    }
    return kept;
}

static apr_status_t take_out(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *text, int whole)
{
    anshin_address_index_t index;
    apr_array_header_t *kept;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_address_index, key, &index);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    kept = without(op, &index, text, whole);
    if (kept->nelts == 0) {
        return anshin_txn_delete(txn, &anshin_record_address_index, key);
    }
    if (index.terminals != NULL && kept->nelts == index.terminals->nelts) {
        return APR_SUCCESS;
    }
    index.terminals = kept;
    return anshin_txn_put(txn, &anshin_record_address_index, key, &index);
}

apr_status_t anshin_address_index_remove(anshin_op_t *op, anshin_txn_t *txn, const char *address, const char *user,
                                         apr_int64_t number)
{
    const char *key;
    apr_status_t status = address != NULL ? key_of(op, address, &key) : APR_SUCCESS;

    return status == APR_SUCCESS && address != NULL ? take_out(op, txn, key, entry_of(op, user, number), 1) : status;
}

apr_status_t anshin_address_index_get(anshin_op_t *op, anshin_txn_t *txn, const char *address,
                                      anshin_address_index_t *index)
{
    const char *key;
    apr_status_t status = key_of(op, address, &key);

    return status == APR_SUCCESS ? anshin_txn_get(txn, &anshin_record_address_index, key, index) : status;
}

apr_status_t anshin_address_index_told(anshin_op_t *op, anshin_txn_t *txn, const char *address)
{
    anshin_address_index_t index;
    const char *key;
    apr_status_t status = key_of(op, address, &key);

    if (status != APR_SUCCESS ||
        (status = anshin_txn_get(txn, &anshin_record_address_index, key, &index)) != APR_SUCCESS) {
        return status;
    }
    index.told_at = op->now;
    return anshin_txn_put(txn, &anshin_record_address_index, key, &index);
}

static const char *prefix_of(const anshin_op_t *op, const char *user)
{
    return apr_pstrcat(op->pool, user, "/", NULL);
}

/* In place: erase.c asks it of every record of the store. */
static int begins_with_part(const char *text, const char *part, apr_size_t length)
{
    return strncmp(text, part, length) == 0 && text[length] == '/';
}

int anshin_address_index_names(const anshin_op_t *op, const char *key, const anshin_address_index_t *index,
                               const char *user)
{
    const apr_size_t length = strlen(user);

    if (!begins_with_part(key, op->contract->name, strlen(op->contract->name))) {
        return 0;
    }
    for (int i = 0; index->terminals != NULL && i < index->terminals->nelts; i++) {
        if (begins_with_part(APR_ARRAY_IDX(index->terminals, i, const char *), user, length)) {
            return 1;
        }
    }
    return 0;
}

apr_status_t anshin_address_index_forget(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *user)
{
    return take_out(op, txn, key, prefix_of(op, user), 0);
}
