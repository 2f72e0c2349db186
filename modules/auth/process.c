/*
 * What a process has once: store and keys, opened after the fork, and handed to the portal.
 *
 * A process that cannot open them lives on without: its log says why, and every protected place answers 503 (S21).
 */
#include <apr_strings.h>

#include "auth/auth.h"
#include "build_id.h"
#include "crypto/crypto.h"
#include "httpd/peer.h"
#include "store/store_dbm.h"

#include <ap_mpm.h>
#include <http_main.h>

APLOG_USE_MODULE(anshin_auth);

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
        rv = anshin_store_open(&env->store, &anshin_store_dbm,
                               apr_pstrcat(pool, below(&config->server, "store", pool), type, NULL), err, pool);
    }
    return rv;
}

void anshin_process_open(apr_pool_t *pool, server_rec *server)
{
    anshin_main_t *main = anshin_site_of(server)->main;
    anshin_env_t *env;
    anshin_error_t err;

    main->env = NULL;
    if (main->config == NULL) {
        return;
    }
    anshin_worker_leave();
    anshin_error_clear(&err);
    env = apr_pcalloc(pool, sizeof(*env));
    if (open_env(env, main->config, &err, pool) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, server,
                     "AN0530: this process has no store or no keys and lets nobody in: %s: %s", err.id, err.text);
        return;
    }
    main->env = env;
}

const anshin_env_t *anshin_auth_env(const char *build_id)
{
    if (strcmp(build_id, ANSHIN_BUILD_ID) != 0) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, ap_server_conf,
                     "AN0531: mod_anshin_auth and mod_anshin_portal are of different builds; install both of one");
        return NULL;
    }
    return anshin_site_of(ap_server_conf)->main->env;
}

void anshin_visit_fill(request_rec *r, anshin_visit_t *visit)
{
    visit->env = anshin_site_of(r->server)->main->env;
    visit->contract = anshin_contract_of(r);
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
