/*
 * The providers of the store: see providers.h.
 */
#include "unit/providers.h"

#include "store/dbm/store_dbm.h"
#include "store/files/lock.h"
#include "store/store_mem.h"
#include "unit/scratch.h"

const provider_t providers[] = {{"mem", &anshin_store_mem, "", NULL, 0, 0},
                                {"dbm:db", &anshin_store_dbm, "", "control", ANSHIN_LOCK_WRITER, 0},
                                {"dbm:gdbm", &anshin_store_dbm, "?type=gdbm", NULL, 0, 1},
                                {NULL, NULL, NULL, NULL, 0, 0}};

const char *provider_place(const provider_t *provider, apr_pool_t *pool)
{
    return apr_pstrcat(pool, scratch_directory(pool), "/store", provider->options, NULL);
}
