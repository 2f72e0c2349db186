/*
 * The providers of the store: see providers.h.
 */
#include "unit/providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_dso.h>
#include <apr_strings.h>

#include "store/dbm/store_dbm.h"
#include "store/files/lock.h"
#include "store/pgsql/store_pgsql.h"
#include "store/store_mem.h"
#include "unit/scratch.h"

const provider_t providers[] = {{"mem", &anshin_store_mem, "", NULL, 0, 0},
                                {"dbm:db", &anshin_store_dbm, "", "control", ANSHIN_LOCK_WRITER, 0},
                                {"dbm:gdbm", &anshin_store_dbm, "?type=gdbm", NULL, 0, 1},
                                {"pgsql", NULL, NULL, NULL, 0, 1},
                                {NULL, NULL, NULL, NULL, 0, 0}};

static void give_up(const char *what, const char *why)
{
    printf("# %s: %s\n", what, why);
    exit(1);
}

/* Of the shared object that ANSHIN_UNIT_OBJECT names; the driver outlives who asks for it. */
static void *look_up(const char *name)
{
    static apr_dso_handle_t *object;
    static apr_pool_t *forever;
    apr_dso_handle_sym_t symbol = NULL;
    char text[256];

    if (forever == NULL) {
        apr_pool_create(&forever, NULL);
    }
    if ((object == NULL && apr_dso_load(&object, getenv("ANSHIN_UNIT_OBJECT"), forever) != APR_SUCCESS) ||
        apr_dso_sym(&symbol, object, name) != APR_SUCCESS) {
        give_up(name, apr_dso_error(object, text, sizeof(text)));
    }
    return symbol;
}

const anshin_store_driver_t *provider_driver(const provider_t *provider)
{
    const char *server = getenv("ANSHIN_UNIT_SERVER");

    if (server == NULL) {
        return provider->driver;
    }
    return strcmp(server, provider->name) == 0 ? look_up("anshin_store_pgsql") : NULL;
}

static const char *make_database(apr_pool_t *pool)
{
    static int count;
    const char *name = apr_psprintf(pool, "unit_%ld_%d", (long)getpid(), count++);
    union {
        void *symbol;
        anshin_store_pgsql_init_fn *init;
    } found = {look_up("anshin_store_pgsql_init")};
    const char *where = apr_pstrcat(pool, "dbname=", name, NULL);
    anshin_error_t err = {0};

    if (system(apr_pstrcat(pool, "createdb ", name, NULL)) != 0 || found.init(where, &err, pool) != APR_SUCCESS) {
        give_up(name, err.text);
    }
    return where;
}

const char *provider_place(const provider_t *provider, apr_pool_t *pool)
{
    if (provider->driver == NULL) {
        return make_database(pool);
    }
    return apr_pstrcat(pool, scratch_directory(pool), "/store", provider->options, NULL);
}
