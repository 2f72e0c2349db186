/*
 * What every verb of the store asks first: see store_checks.h.
 */
#include "core/store/store_checks.h"

#include <string.h>

#define BLOB_NAME_LENGTH 32

apr_status_t anshin_store_check_owner(const anshin_store_t *store, anshin_error_t *err)
{
    if (!anshin_fork_mark_mine(store->mark)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0100", "store: opened before fork, used by another process");
    }
    return APR_SUCCESS;
}

apr_status_t anshin_txn_note(anshin_txn_t *txn, apr_status_t status)
{
    txn->busy |= status == ANSHIN_EBUSY;
    return status;
}

apr_status_t anshin_txn_check(const anshin_txn_t *txn)
{
    if (txn->ended) {
        return anshin_fail(txn->err, ANSHIN_EFAULT, "AN0101", "store: transaction used after its end");
    }
    return anshin_store_check_owner(txn->store, txn->err);
}

apr_status_t anshin_txn_check_writable(const anshin_txn_t *txn)
{
    apr_status_t status = anshin_txn_check(txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (txn->mode != ANSHIN_TXN_WRITE && txn->mode != ANSHIN_TXN_REHEARSAL) {
        return anshin_fail(txn->err, ANSHIN_EFAULT, "AN0102", "store: write in a read transaction");
    }
    if (txn->walking) {
        return anshin_fail(txn->err, ANSHIN_EFAULT, "AN0103", "store: write during a walk over records");
    }
    return APR_SUCCESS;
}

int anshin_key_fits(const char *key)
{
    apr_size_t length = strnlen(key, ANSHIN_KEY_MAX + 1);

    return length > 0 && length <= ANSHIN_KEY_MAX;
}

apr_status_t anshin_blob_check(const char *name, anshin_error_t *err)
{
    if (strnlen(name, BLOB_NAME_LENGTH + 1) != BLOB_NAME_LENGTH ||
        strspn(name, "0123456789abcdef") != BLOB_NAME_LENGTH) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0107", "store: a blob's name must be %d hexadecimal digits",
                           BLOB_NAME_LENGTH);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_txn_decode(anshin_txn_t *txn, const anshin_record_type_t *type, void *record, const void *data,
                               apr_size_t length, apr_pool_t *pool)
{
    if (anshin_record_decode(record, type, data, length, pool) != APR_SUCCESS) {
        /* The key is left out: it may hold what somebody typed. */
        return anshin_fail(txn->err, ANSHIN_EFAULT, "AN0104", "store: a record of type %s is damaged", type->name);
    }
    return APR_SUCCESS;
}
