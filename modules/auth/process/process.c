/*
 * What a process has once: store and keys, opened after the fork.
 *
 * A process that cannot open them lives on without: its log says why, every protected place answers 503 (S21), and a
 * request tries again now and then.
 */
#include "auth/process/process.h"

#include <stdatomic.h>

#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "auth/process/worker.h"
#include "core/base/waiting.h"
#include "core/desk/index.h"
#include "crypto/alive.h"
#include "runtime/board_file.h"
#include "runtime/open.h"
#include "runtime/state_names.h"

#include <ap_mpm.h>
#include <http_log.h>

APLOG_USE_MODULE(anshin_auth);

#define PAUSE apr_time_from_sec(2)

typedef struct anshin_process_t {
    apr_pool_t *pool;
    apr_thread_mutex_t *mutex; /* of who tries to open them */
    apr_time_t tried_at;
    _Atomic(const anshin_env_t *) env; /* NULL: they could not be opened (logged) */
} anshin_process_t;

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

/* Where operators search. */
static apr_status_t open_index(anshin_env_t *env, anshin_error_t *err, apr_pool_t *pool)
{
    const apr_array_header_t *contracts = env->config->contracts;
    int staff = 0;

    for (int i = 0; i < contracts->nelts; i++) {
        staff |= APR_ARRAY_IDX(contracts, i, const anshin_contract_t *)->policy.staff != 0;
    }
    return staff ? anshin_desk_index_open(&env->desk_index, env, ANSHIN_DESK_INDEX_MOST, err, pool) : APR_SUCCESS;
}

static apr_status_t open_env(anshin_env_t *env, server_rec *server, anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_config_t *config = anshin_site_of(server)->main->config;
    const anshin_hashing_t hashing = {.line = threads_over(2)};
    const char *slots = apr_pstrcat(pool, config->server.state_dir, "/" ANSHIN_STATE_SLOTS, NULL);
    anshin_error_t unseen;
    apr_status_t status = anshin_open(env, config, &hashing, err, pool);

    anshin_error_clear(&unseen);
    if (status == APR_SUCCESS &&
        anshin_board_open(&env->board, config, ANSHIN_BOARD_HTTPD, &unseen, pool) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server, "AN1666: attempts are not counted: %s: %s", unseen.id,
                     unseen.text);
    }
    env->waiting = apr_pcalloc(pool, sizeof(*env->waiting));
    env->waiting->most = threads_over(4);
    status = status == APR_SUCCESS ? anshin_alive_open(&env->owners, slots, env->node, err, pool) : status;
    return status == APR_SUCCESS ? open_index(env, err, pool) : status;
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
    process->tried_at = anshin_uptime_now();
    if (open_env(env, server, &err, pool) == APR_SUCCESS) {
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
    apr_status_t status = apr_allocator_create(&allocator);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = apr_pool_create_ex(own, pool, NULL, allocator);
    if (status == APR_SUCCESS) {
        apr_allocator_owner_set(allocator, *own);
    }
    return status;
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

/* What keeps this process from its store (for example a disk that cannot be written) may have been mended. */
const anshin_env_t *anshin_process_env(server_rec *server)
{
    anshin_process_t *process = anshin_site_of(server)->main->process;
    const anshin_env_t *env = process == NULL ? NULL : atomic_load_explicit(&process->env, memory_order_acquire);

    if (process == NULL || env != NULL || apr_thread_mutex_trylock(process->mutex) != APR_SUCCESS) {
        return env;
    }
    if (atomic_load_explicit(&process->env, memory_order_acquire) == NULL &&
        anshin_uptime_now() - process->tried_at >= PAUSE) {
        try_to_open(process, server);
    }
    env = atomic_load_explicit(&process->env, memory_order_acquire);
    apr_thread_mutex_unlock(process->mutex);
    return env;
}
