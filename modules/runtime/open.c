/*
 * Keys and store of a process: see open.h.
 */
#include "runtime/open.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "build_id.h"
#include "core/context/store_mark.h"
#include "core/audit/trail.h"
#include "core/config/store_address.h"
#include "core/keeping/rotation.h"
#include "core/keeping/shared_key.h"
#include "crypto/crypto.h"
#include "runtime/state_names.h"
#include "store/dbm/store_dbm.h"
#include "store/pgsql/store_pgsql.h"

static apr_status_t open_crypto(anshin_env_t *env, const anshin_server_t *server, const anshin_hashing_t *hashing,
                                anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_crypto_settings_t settings = {
        .key_file = apr_pstrcat(pool, server->state_dir, "/" ANSHIN_STATE_KEY, NULL),
        .memory = server->hash_memory,
        .passes = server->hash_passes,
        .lanes = server->hash_lanes,
        .slots = server->hash_slots,
        .slot_dir = hashing->none ? NULL : apr_pstrcat(pool, server->state_dir, "/" ANSHIN_STATE_SLOTS, NULL),
        .line = hashing->line,
        .wait = server->hash_wait,
    };
    anshin_crypto_t *crypto = NULL;
    apr_status_t status = anshin_crypto_open(&crypto, &settings, err, pool);

    env->crypto = crypto;
    return status;
}

static anshin_store_kind_t kind_of(const anshin_server_t *server, const char **address)
{
    anshin_store_kind_t kind = ANSHIN_STORE_DBM;

    (void)anshin_store_address_read(&kind, address, server->store, NULL); /* was checked with the configuration */
    return kind;
}

const char *anshin_open_store_type(const anshin_server_t *server)
{
    const char *address;

    switch (kind_of(server, &address)) {
    case ANSHIN_STORE_GDBM:
        return "dbm, files of type gdbm";
    case ANSHIN_STORE_PGSQL:
        return "PostgreSQL";
    case ANSHIN_STORE_DBM:
        break;
    }
    return strcmp(anshin_store_dbm_type(), "gdbm") == 0 ? "dbm, files of type gdbm" : "dbm, files of type db";
}

int anshin_open_store_is_local(const anshin_server_t *server)
{
    const char *address;

    return kind_of(server, &address) != ANSHIN_STORE_PGSQL;
}

/* A name in the shared object of a provider that needs a library of its own. It stays loaded: libraries that it brings
 * have threads and ends of their own. One of another build has other structures, and is used for nothing. */
static apr_status_t look_up(void **symbol, const char *name, const anshin_server_t *server, anshin_error_t *err,
                            apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, server->program_dir, "/anshin_store_pgsql.so", NULL);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    const char *build = object != NULL ? dlsym(object, ANSHIN_STORE_PGSQL_BUILD) : NULL;

    *symbol = build != NULL ? dlsym(object, name) : NULL;
    if (build != NULL && strcmp(build, ANSHIN_BUILD_ID) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1961",
                           "store: %s is of another build than this program; install all of one version, then restart "
                           "httpd and the CA worker",
                           path);
    }
    return *symbol != NULL ? APR_SUCCESS
                           : anshin_fail(err, ANSHIN_EFAULT, "AN1798",
                                         "store: the provider for PostgreSQL cannot be loaded: %s", dlerror());
}

/* As the provider wants it (store_pgsql.h). */
static const char *pgsql_where(const anshin_server_t *server, const char *address, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s\n%s\n%d", address, server->store_password != NULL ? server->store_password : "",
                        (int)server->store_connections);
}

apr_status_t anshin_open_store_init(const anshin_server_t *server, anshin_error_t *err, apr_pool_t *pool)
{
    union {
        void *symbol;
        anshin_store_pgsql_init_fn *init;
    } found;
    const char *address;
    apr_status_t status;

    if (kind_of(server, &address) != ANSHIN_STORE_PGSQL) {
        return ANSHIN_ECONFLICT;
    }
    status = look_up(&found.symbol, "anshin_store_pgsql_init", server, err, pool);
    return status == APR_SUCCESS ? found.init(pgsql_where(server, address, pool), err, pool) : status;
}

apr_status_t anshin_open_store_migrate(const anshin_server_t *server, apr_int64_t *from, anshin_error_t *err,
                                       apr_pool_t *pool)
{
    union {
        void *symbol;
        anshin_store_pgsql_migrate_fn *migrate;
    } found;
    const char *address;
    apr_status_t status;

    if (kind_of(server, &address) != ANSHIN_STORE_PGSQL) {
        return ANSHIN_ECONFLICT;
    }
    status = look_up(&found.symbol, "anshin_store_pgsql_migrate", server, err, pool);
    return status == APR_SUCCESS ? found.migrate(pgsql_where(server, address, pool), from, err, pool) : status;
}

/* A zeroed one where it cannot be seen. */
static struct stat look_at_state(const anshin_server_t *server)
{
    struct stat seen;

    if (stat(server->state_dir, &seen) != 0) {
        memset(&seen, 0, sizeof(seen));
    }
    return seen;
}

/* While a backup is restored nobody can open the store, and waits; what was opened then may be of the directory that
 * has another name by now. Once it is open nobody restores. */
static apr_status_t check_state(const anshin_server_t *server, const struct stat *before, anshin_error_t *err)
{
    const struct stat now = look_at_state(server);

    return before->st_dev == now.st_dev && before->st_ino == now.st_ino
               ? APR_SUCCESS
               : anshin_fail(err, ANSHIN_EBUSY, "AN1692",
                             "%s was replaced while it was opened: a backup was restored. Nothing was done; try again",
                             server->state_dir);
}

apr_status_t anshin_open_store(anshin_store_t **store, const anshin_server_t *server, anshin_error_t *err,
                               apr_pool_t *pool)
{
    const char *where = apr_pstrcat(pool, server->state_dir, "/" ANSHIN_STATE_STORE, NULL);
    const anshin_store_driver_t *driver = &anshin_store_dbm;
    const char *address;
    const struct stat before = look_at_state(server);
    void *symbol = NULL;
    apr_status_t status = APR_SUCCESS;

    switch (kind_of(server, &address)) {
    case ANSHIN_STORE_GDBM:
        where = apr_pstrcat(pool, where, "?type=gdbm", NULL);
        break;
    case ANSHIN_STORE_PGSQL:
        where = pgsql_where(server, address, pool);
        status = look_up(&symbol, ANSHIN_STORE_PGSQL_SYMBOL, server, err, pool);
        driver = symbol;
        break;
    case ANSHIN_STORE_DBM:
        break;
    }
    status = status == APR_SUCCESS ? anshin_store_open(store, driver, where, err, pool) : status;
    return status == APR_SUCCESS ? check_state(server, &before, err) : status;
}

const char *anshin_open_node(const anshin_server_t *server, apr_pool_t *pool)
{
    char host[256] = "";

    if (anshin_open_store_is_local(server)) {
        return NULL;
    }
    if (server->node != NULL) {
        return server->node;
    }
    (void)gethostname(host, sizeof(host) - 1);
    return anshin_node_name_of(host, pool);
}

apr_status_t anshin_open_to_load(anshin_env_t *env, const anshin_config_t *config, const anshin_hashing_t *hashing,
                                 anshin_error_t *err, apr_pool_t *pool)
{
    const struct stat before = look_at_state(&config->server);
    apr_status_t status = open_crypto(env, &config->server, hashing, err, pool);

    env->config = config;
    env->now = anshin_clock_system;
    env->now_baton = NULL;
    env->audit = &anshin_trail;
    env->node = anshin_open_node(&config->server, pool);
    status = status == APR_SUCCESS ? anshin_open_store(&env->store, &config->server, err, pool) : status;
    return status == APR_SUCCESS ? check_state(&config->server, &before, err) : status;
}

apr_status_t anshin_open(anshin_env_t *env, const anshin_config_t *config, const anshin_hashing_t *hashing,
                         anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = anshin_open_to_load(env, config, hashing, err, pool);

    status = status == APR_SUCCESS ? anshin_store_mark_look(env, err, pool) : status;
    status = status == APR_SUCCESS ? anshin_shared_key_check(env, err, pool) : status;
    return status == APR_SUCCESS ? anshin_rotation_recall(env, err, pool) : status;
}
