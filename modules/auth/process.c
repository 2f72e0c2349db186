/*
 * What a process has once: store and keys, opened after the fork, and handed to the portal.
 *
 * A process that cannot open them lives on without: its log says why, every protected place answers 503 (S21), and a
 * request tries again now and then.
 */
#include <stdatomic.h>

#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "auth/auth.h"
#include "build_id.h"
#include "crypto/alive.h"
#include "crypto/crypto.h"
#include "httpd/peer.h"
#include "httpd/terminator.h"
#include "store/store_dbm.h"

#include <ap_mpm.h>
#include <http_main.h>

APLOG_USE_MODULE(anshin_auth);

#define PAUSE apr_time_from_sec(2)

typedef struct anshin_process_t {
    apr_pool_t *pool;
    apr_thread_mutex_t *mutex; /* of who tries to open them */
    apr_time_t tried_at;
    _Atomic(const anshin_env_t *) env; /* NULL: they could not be opened (logged) */
} anshin_process_t;

static const char *below(const anshin_server_t *server, const char *name, apr_pool_t *pool)
{
    return apr_pstrcat(pool, server->state_dir, "/", name, NULL);
}

/* A share of the threads of this process, for what may wait: half of them for a hash, a quarter for other attempts at
 * an account. The others go on answering those who are logged in. */
static int threads_over(int divisor)
{
    int threads = 0;

    if (ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads) != APR_SUCCESS || threads < divisor) {
        return 1;
    }
    return threads / divisor;
}

static apr_status_t open_crypto(anshin_env_t *env, anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_server_t *server = &env->config->server;
    const anshin_crypto_settings_t settings = {.key_file = below(server, "seal.key", pool),
                                               .memory = server->hash_memory,
                                               .passes = server->hash_passes,
                                               .lanes = server->hash_lanes,
                                               .slots = server->hash_slots,
                                               .slot_dir = below(server, "slots", pool),
                                               .line = threads_over(2),
                                               .wait = server->hash_wait};
    anshin_crypto_t *crypto;
    apr_status_t rv = anshin_crypto_open(&crypto, &settings, err, pool);

    env->crypto = crypto;
    return rv;
}

static apr_status_t open_env(anshin_env_t *env, const anshin_config_t *config, anshin_error_t *err, apr_pool_t *pool)
{
    const char *type = config->server.store == ANSHIN_STORE_DBM_GDBM ? "?type=gdbm" : "";
    apr_status_t rv;

    env->config = config;
    env->now = anshin_clock_system;
    env->now_baton = NULL;
    env->waiting = apr_pcalloc(pool, sizeof(*env->waiting));
    env->waiting->most = threads_over(4);
    rv = open_crypto(env, err, pool);
    if (rv == APR_SUCCESS) {
        rv = anshin_alive_open(&env->owners, below(&config->server, "slots", pool), err, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = anshin_store_open(&env->store, &anshin_store_dbm,
                               apr_pstrcat(pool, below(&config->server, "store", pool), type, NULL), err, pool);
    }
    return rv;
}

/* Under the mutex, or before there are threads. */
static void try_to_open(anshin_process_t *process, server_rec *server)
{
    anshin_env_t *env;
    anshin_error_t err;
    apr_pool_t *pool;

    anshin_error_clear(&err);
    apr_pool_create(&pool, process->pool);
    env = apr_pcalloc(pool, sizeof(*env));
    process->tried_at = apr_time_now();
    if (open_env(env, anshin_site_of(server)->main->config, &err, pool) == APR_SUCCESS) {
        atomic_store_explicit(&process->env, env, memory_order_release);
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_CRIT, 0, server,
                 "AN0530: this process has no store or no keys and lets nobody in: %s: %s", err.id, err.text);
    apr_pool_destroy(pool);
}

/* With an allocator of its own: threads use it when they try, and that of the process's pool is not made for them. */
static apr_status_t own_pool(apr_pool_t **own, apr_pool_t *pool)
{
    apr_allocator_t *allocator;
    apr_status_t rv = apr_allocator_create(&allocator);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = apr_pool_create_ex(own, pool, NULL, allocator);
    if (rv == APR_SUCCESS) {
        apr_allocator_owner_set(allocator, *own);
    }
    return rv;
}

void anshin_process_open(apr_pool_t *pool, server_rec *server)
{
    anshin_main_t *main = anshin_site_of(server)->main;
    anshin_process_t *process;

    main->process = NULL;
    if (main->config == NULL) {
        return;
    }
    anshin_worker_leave();
    if (main->broken != NULL) {
        return;
    }
    process = apr_pcalloc(pool, sizeof(*process));
    atomic_init(&process->env, NULL);
    if (own_pool(&process->pool, pool) != APR_SUCCESS ||
        apr_thread_mutex_create(&process->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, server, "AN0532: cannot make a mutex; this process lets nobody in");
        return;
    }
    try_to_open(process, server);
    main->process = process;
}

/* What keeps this process from its store, a disk that cannot be written say, may have been mended. */
static const anshin_env_t *env_of(server_rec *server)
{
    anshin_process_t *process = anshin_site_of(server)->main->process;
    const anshin_env_t *env = process == NULL ? NULL : atomic_load_explicit(&process->env, memory_order_acquire);
    apr_time_t passed;

    if (process == NULL || env != NULL || apr_thread_mutex_trylock(process->mutex) != APR_SUCCESS) {
        return env;
    }
    passed = apr_time_now() - process->tried_at;
    if (atomic_load_explicit(&process->env, memory_order_acquire) == NULL && (passed < 0 || passed >= PAUSE)) {
        try_to_open(process, server);
    }
    env = atomic_load_explicit(&process->env, memory_order_acquire);
    apr_thread_mutex_unlock(process->mutex);
    return env;
}

const anshin_config_t *anshin_auth_config(const char *build_id)
{
    if (strcmp(build_id, ANSHIN_BUILD_ID) != 0) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, ap_server_conf,
                     "AN0531: mod_anshin_auth and mod_anshin_portal are of different builds; install both of one");
        return NULL;
    }
    return anshin_site_of(ap_server_conf)->main->config;
}

void anshin_visit_fill(request_rec *r, anshin_visit_t *visit)
{
    visit->env = env_of(r->server);
    visit->contract = anshin_contract_of(r);
    visit->relayed = anshin_terminator_sent(r);
    visit->secure = anshin_terminator_secure(r);
    visit->peer = anshin_guest_of(r)->peer;
    if (visit->peer == NULL) {
        visit->peer = anshin_peer_of(r);
    }
}

void anshin_auth_visit(request_rec *r, const char *build_id, anshin_visit_t *visit)
{
    if (strcmp(build_id, ANSHIN_BUILD_ID) == 0) {
        anshin_visit_fill(r, visit);
    }
}

void anshin_auth_close(request_rec *r)
{
    anshin_peer_close(r);
}
