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

/* --- by all keys -------------------------------------------------------------------------------------------------- */

/* What the records of an address say, of which there may be one for each seal key. */
typedef struct gathering_t {
    anshin_txn_t *txn;
    const char *address;
    const char *key; /* of the present one */
    int found;
    anshin_address_index_t index;
    apr_array_header_t *former; /* keys of the others that are there */
} gathering_t;

static void merge(anshin_op_t *op, anshin_address_index_t *into, const anshin_address_index_t *from)
{
    if (into->terminals == NULL) {
        into->terminals = apr_array_make(op->pool, 1, sizeof(const char *));
    }
    for (int i = 0; from->terminals != NULL && i < from->terminals->nelts; i++) {
        const char *entry = APR_ARRAY_IDX(from->terminals, i, const char *);

        if (holds(into, entry)) {
            continue;
        }
        if (into->terminals->nelts < ANSHIN_ADDRESS_ENTRIES) {
            APR_ARRAY_PUSH(into->terminals, const char *) = entry;
        } else {
            into->more = 1;
        }
    }
    into->more |= from->more;
    into->told_at = from->told_at > into->told_at ? from->told_at : into->told_at;
}

static apr_status_t gather_by(void *baton, anshin_op_t *op)
{
    gathering_t *gathering = baton;
    anshin_address_index_t index = {.terminals = NULL};
    const char *key;
    apr_status_t status = key_of(op, gathering->address, &key);

    gathering->key = op->key == 0 ? key : gathering->key;
    status = status == APR_SUCCESS ? anshin_txn_get(gathering->txn, &anshin_record_address_index, key, &index) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    if (op->key > 0) {
        APR_ARRAY_PUSH(gathering->former, const char *) = key;
    }
    merge(op, &gathering->index, &index);
    gathering->found = 1;
    return ANSHIN_ENOTFOUND; /* on to the next key */
}

static apr_status_t gather(anshin_op_t *op, anshin_txn_t *txn, const char *address, gathering_t *gathering)
{
    apr_status_t status;

    *gathering = (gathering_t){.txn = txn, .address = address};
    gathering->former = apr_array_make(op->pool, 1, sizeof(const char *));
    status = anshin_secret_any(op, gather_by, gathering);
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* What others had becomes part of the one by the present key. */
static apr_status_t settle(anshin_txn_t *txn, gathering_t *gathering)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < gathering->former->nelts; i++) {
        status =
            anshin_txn_delete(txn, &anshin_record_address_index, APR_ARRAY_IDX(gathering->former, i, const char *));
    }
    return status == APR_SUCCESS && gathering->former->nelts > 0
               ? anshin_txn_put(txn, &anshin_record_address_index, gathering->key, &gathering->index)
               : status;
}

apr_status_t anshin_address_index_renew(anshin_op_t *op, anshin_txn_t *txn, const char *address, int *renewed)
{
    gathering_t gathering;
    apr_status_t status = gather(op, txn, address, &gathering);

    *renewed = status == APR_SUCCESS && gathering.former->nelts > 0;
    return *renewed && anshin_txn_writes(txn) ? settle(txn, &gathering) : status;
}

apr_status_t anshin_address_index_add(anshin_op_t *op, anshin_txn_t *txn, const char *address, const char *user,
                                      apr_int64_t number)
{
    anshin_address_index_t index;
    gathering_t gathering;
    const char *entry = entry_of(op, user, number);
    const char *key;
    apr_status_t status;

    if (address == NULL) {
        return APR_SUCCESS;
    }
    if ((status = gather(op, txn, address, &gathering)) != APR_SUCCESS ||
        (status = settle(txn, &gathering)) != APR_SUCCESS) {
        return status;
    }
    index = gathering.index;
    key = gathering.key;
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
    gathering_t gathering;
    apr_status_t status = address != NULL ? gather(op, txn, address, &gathering) : ANSHIN_ENOTFOUND;

    status = status == APR_SUCCESS ? settle(txn, &gathering) : status;
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return take_out(op, txn, gathering.key, entry_of(op, user, number), 1);
}

apr_status_t anshin_address_index_get(anshin_op_t *op, anshin_txn_t *txn, const char *address,
                                      anshin_address_index_t *index)
{
    gathering_t gathering;
    apr_status_t status = gather(op, txn, address, &gathering);

    *index = gathering.index;
    return status == APR_SUCCESS && !gathering.found ? ANSHIN_ENOTFOUND : status;
}

apr_status_t anshin_address_index_told(anshin_op_t *op, anshin_txn_t *txn, const char *address)
{
    gathering_t gathering;
    apr_status_t status = gather(op, txn, address, &gathering);

    if (status != APR_SUCCESS || !gathering.found) {
        return status == APR_SUCCESS ? ANSHIN_ENOTFOUND : status;
    }
    status = settle(txn, &gathering);
    gathering.index.told_at = op->now;
    return status == APR_SUCCESS ? anshin_txn_put(txn, &anshin_record_address_index, gathering.key, &gathering.index)
                                 : status;
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
