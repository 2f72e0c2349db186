/*
 * A memory store that dies at a chosen writing step: see crash_store.h.
 */
#include "unit/crash_store.h"

anshin_store_driver_t crash_store;
int steps_left = -1;
int dies_after;
int died;

/* 1: go on. */
static int alive(void)
{
    if (steps_left < 0) {
        return 1;
    }
    died = died || steps_left == 0;
    steps_left -= steps_left > 0;
    return !died;
}

/* Is this step to be carried out? *told: its answer reaches the caller. */
static int carried_out(int *told)
{
    int before = died;

    *told = alive();
    return *told || (dies_after && !before);
}

static apr_status_t crash_store_begin(void **txn, void *self, anshin_txn_mode_t mode, anshin_error_t *err,
                                      apr_pool_t *pool)
{
    return died ? ANSHIN_EFAULT : anshin_store_mem.begin(txn, self, mode, err, pool);
}

static apr_status_t crash_store_put(void *txn, const anshin_record_type_t *type, const char *key, const void *value,
                                    apr_size_t length)
{
    int told;
    apr_status_t status = carried_out(&told) ? anshin_store_mem.put(txn, type, key, value, length) : ANSHIN_EFAULT;

    return told ? status : ANSHIN_EFAULT;
}

static apr_status_t crash_store_erase(void *txn, const anshin_record_type_t *type, const char *key)
{
    int told;
    apr_status_t status = carried_out(&told) ? anshin_store_mem.erase(txn, type, key) : ANSHIN_EFAULT;

    return told ? status : ANSHIN_EFAULT;
}

static apr_status_t crash_store_commit(void *txn, anshin_durability_t durability)
{
    int told;
    apr_status_t status;

    if (!carried_out(&told)) {
        anshin_store_mem.abort(txn);
        return ANSHIN_EFAULT;
    }
    status = anshin_store_mem.commit(txn, durability);
    return told ? status : ANSHIN_EFAULT;
}

static apr_status_t crash_store_blob_put(void *txn, const char *name, const void *data, apr_size_t length)
{
    int told;
    apr_status_t status = carried_out(&told) ? anshin_store_mem.blob_put(txn, name, data, length) : ANSHIN_EFAULT;

    return told ? status : ANSHIN_EFAULT;
}

static apr_status_t crash_store_blob_wipe(void *self, const char *name, anshin_error_t *err)
{
    int told;
    apr_status_t status = carried_out(&told) ? anshin_store_mem.blob_wipe(self, name, err) : ANSHIN_EFAULT;

    return told ? status : ANSHIN_EFAULT;
}

void make_crash_store(void)
{
    crash_store = anshin_store_mem;
    crash_store.begin = crash_store_begin;
    crash_store.put = crash_store_put;
    crash_store.erase = crash_store_erase;
    crash_store.commit = crash_store_commit;
    crash_store.blob_put = crash_store_blob_put;
    crash_store.blob_wipe = crash_store_blob_wipe;
}
