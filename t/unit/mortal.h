/*
 * A memory store that dies at a chosen writing step, as a process does that is killed there: from then on nothing
 * is written and every answer is a fault. For tests of what is done again afterwards.
 */
#ifndef ANSHIN_UNIT_MORTAL_H
#define ANSHIN_UNIT_MORTAL_H

#include "store/store_mem.h"

static anshin_store_driver_t mortal;
static int steps_left = -1; /* writing steps until death; below 0: immortal */
static int dies_after;      /* the step on which it dies takes effect, but nobody hears of it */
static int died;

/* 1: go on. */
static inline int alive(void)
{
    if (steps_left < 0) {
        return 1;
    }
    died = died || steps_left == 0;
    steps_left -= steps_left > 0;
    return !died;
}

/* Is this step to be carried out? *told: its answer reaches the caller. */
static inline int carried_out(int *told)
{
    int before = died;

    *told = alive();
    return *told || (dies_after && !before);
}

static inline apr_status_t mortal_begin(void **txn, void *self, anshin_txn_mode_t mode, anshin_error_t *err,
                                        apr_pool_t *pool)
{
    return died ? ANSHIN_EFAULT : anshin_store_mem.begin(txn, self, mode, err, pool);
}

static inline apr_status_t mortal_put(void *txn, const anshin_record_type_t *type, const char *key, const void *value,
                                      apr_size_t length)
{
    int told;
    apr_status_t status = carried_out(&told) ? anshin_store_mem.put(txn, type, key, value, length) : ANSHIN_EFAULT;

    return told ? status : ANSHIN_EFAULT;
}

static inline apr_status_t mortal_erase(void *txn, const anshin_record_type_t *type, const char *key)
{
    int told;
    apr_status_t status = carried_out(&told) ? anshin_store_mem.erase(txn, type, key) : ANSHIN_EFAULT;

    return told ? status : ANSHIN_EFAULT;
}

static inline apr_status_t mortal_commit(void *txn, anshin_durability_t durability)
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

static inline apr_status_t mortal_blob_put(void *self, const char *name, const void *data, apr_size_t length,
                                           anshin_error_t *err)
{
    int told;
    apr_status_t status = carried_out(&told) ? anshin_store_mem.blob_put(self, name, data, length, err) : ANSHIN_EFAULT;

    return told ? status : ANSHIN_EFAULT;
}

static inline apr_status_t mortal_blob_wipe(void *self, const char *name, anshin_error_t *err)
{
    int told;
    apr_status_t status = carried_out(&told) ? anshin_store_mem.blob_wipe(self, name, err) : ANSHIN_EFAULT;

    return told ? status : ANSHIN_EFAULT;
}

static inline void make_mortal(void)
{
    mortal = anshin_store_mem;
    mortal.begin = mortal_begin;
    mortal.put = mortal_put;
    mortal.erase = mortal_erase;
    mortal.commit = mortal_commit;
    mortal.blob_put = mortal_blob_put;
    mortal.blob_wipe = mortal_blob_wipe;
}

#endif
