/*
 * Start, restart and configtest: what is refused, what is told, and what goes on without us.
 *
 * configtest refuses what would keep us from working, so that a reload by way of it leaves the old server as it is. A
 * first start is refused as well: on the terminal, while httpd has one, and in the log. A restart is not: whatever is
 * wrong, httpd goes on with its other sites, our places answer 503, and the log says why.
 */
#include "auth/process/start.h"

#include <apr_strings.h>
#include <unistd.h>

#include <http_core.h>
#include <mpm_common.h>
#include <unixd.h>
#include <http_log.h>

#include "auth/process/state.h"
#include "auth/process/trust.h"
#include "auth/process/worker.h"
#include "auth/config/config.h"
#include "auth/config/restricted.h"
#include "auth/config/surroundings.h"
#include "crypto/apple/apple_certificate.h"
#include "runtime/config_file.h"
#include "runtime/state_dir.h"
#include "runtime/state_open.h"

APLOG_USE_MODULE(anshin_auth);

/* httpd reads its configuration twice when it starts; only the second time counts. */
static int is_rehearsal(void)
{
    return ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;
}

static int is_test(void)
{
    return ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST;
}

/* It was counted up for the first configuration that counts. */
static int is_restart(void)
{
    return ap_state_query(AP_SQ_CONFIG_GEN) > 1;
}

/* --- modules whose programs are children of ours, or in them --- */

static const char *const inside[] = {"mod_cgi.c",    "mod_ext_filter.c",     "mod_php.c", "mod_php7.c",
                                     "mod_php5.c",   "mod_perl.c",           "mod_lua.c", "mod_wsgi.c",
                                     "mod_python.c", "mod_authnz_external.c"};

/* Those that are loaded; NULL: none. */
static const char *find_inside(apr_pool_t *pool)
{
    const char *names = NULL;

    for (apr_size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        if (ap_find_linked_module(inside[i]) != NULL) {
            names = names == NULL ? inside[i] : apr_pstrcat(pool, names, ", ", inside[i], NULL);
        }
    }
    return names;
}

/* The certificate that Apple profiles are signed with; what the signer cannot use, it tells itself. */
static void tell_apple(const anshin_config_t *config, server_rec *server, apr_pool_t *pool)
{
    const char *file = config->server.apple_certificate;
    anshin_apple_validity_t validity;
    anshin_error_t err;
    int fd;

    if (file == NULL || !anshin_config_admits(config, ANSHIN_METHOD_CERTIFICATE)) {
        return;
    }
    anshin_error_clear(&err);
    if (anshin_state_open(&fd, config->server.state_dir, file, &err, pool) == APR_SUCCESS &&
        anshin_apple_validity(&validity, fd, file, &err, pool) == APR_SUCCESS) {
        (void)anshin_apple_in_time(&validity, apr_time_now(), ANSHIN_APPLE_ENDS_SOON, &err, pool);
    }
    if (err.status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server, "AN1252: profiles for Apple devices: %s: %s", err.id,
                     err.text);
    }
}

/* --- hooks --- */

/* A restart that nobody has tested goes on without a configuration of ours. */
int anshin_start_configure(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    anshin_main_t *main = anshin_site_of(server)->main;
    int answer = anshin_config_check(pconf, plog, ptemp, server);

    answer = answer == OK ? anshin_restricted_check(server, ptemp) : answer;
    if (answer == OK || is_test() || !is_restart()) {
        return answer;
    }
    main->config = NULL;
    main->broken = "AN1037: the configuration of Anshin Login is refused; the line before tells the reason";
    return OK;
}

int anshin_start_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    anshin_main_t *main = anshin_site_of(server)->main;
    anshin_error_t err;

    (void)plog;
    if (main->config == NULL) {
        return OK;
    }
    main->config->inside = find_inside(pconf);
    main->config->httpd_uid = (apr_int64_t)(geteuid() == 0 ? ap_unixd_config.user_id : geteuid());
    if (is_test()) {
        anshin_trust_start(main, server, pconf);
        tell_apple(main->config, server, ptemp);
    }
    anshin_error_clear(&err);
    if (anshin_state_check(main->config, &err, ptemp) == APR_SUCCESS) {
        return OK;
    }
    main->broken = apr_pstrcat(pconf, err.id, ": ", err.text, NULL);
    if (is_test() || is_rehearsal()) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_EMERG, 0, server, "%s", main->broken);
    }
    return is_test() ? HTTP_INTERNAL_SERVER_ERROR : OK;
}

static void tell_surroundings(const anshin_config_t *config, server_rec *server)
{
    if (config->inside != NULL) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, server,
            "AN1035: %s: what these run is part of httpd's children or forked from them, and can read store, "
            "keys and mail of Anshin Login; run programs of the site by mod_cgid, php-fpm or a server of their "
            "own (operator's guide, \"Programs of the site\")",
            config->inside);
    }
    if (ap_coredumpdir_configured && geteuid() == 0) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server,
                     "AN1036: CoreDumpDirectory has no effect: a core of a child would hold keys and passwords");
    }
}

/* What keeps us from working: at the first start the end, later nothing but our own places. */
static int stand_aside(const anshin_main_t *main, server_rec *server)
{
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server, "%s%s", main->broken,
                 is_restart() ? ". httpd goes on; places of Anshin Login answer 503 until this is mended and httpd was "
                                "reloaded"
                              : "");
    return is_restart() ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

int anshin_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    anshin_main_t *main = anshin_site_of(server)->main;
    anshin_error_t err;

    (void)plog;
    if (main->config == NULL) {
        return main->broken != NULL ? stand_aside(main, server) : OK;
    }
    anshin_trust_start(main, server, pconf);
    anshin_error_clear(&err);
    if (main->broken == NULL && !is_rehearsal() &&
        anshin_state_prepare(main->config, &main->group, server, &err, ptemp) != APR_SUCCESS) {
        main->broken = apr_pstrcat(pconf, err.id, ": ", err.text, NULL);
    }
    if (main->broken != NULL) {
        return stand_aside(main, server);
    }
    if (is_rehearsal()) {
        return OK;
    }
    tell_surroundings(main->config, server);
    tell_apple(main->config, server, ptemp);
    if (main->config->server.worker) {
        anshin_worker_start(main->config, server, pconf);
    }
    return OK;
}

/* What TLS comes to mod_ssl knows by now, which starts behind us. Nothing that works hangs on it. */
static void note_surroundings(const anshin_main_t *main, server_rec *server, apr_pool_t *ptemp)
{
    anshin_error_t err;

    if (main->config == NULL || main->broken != NULL || is_rehearsal()) {
        return;
    }
    anshin_error_clear(&err);
    anshin_surroundings_look(server, ptemp);
    if (main->config->sightings->nelts > 0 && anshin_config_file_write(main->config, &err, ptemp) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "AN1770: htanshin check will not tell of httpd's own configuration: %s: %s", err.id, err.text);
    }
}

int anshin_start_ready(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    anshin_main_t *main = anshin_site_of(server)->main;

    (void)pconf;
    (void)plog;
    note_surroundings(main, server, ptemp);
    main->ready = main->config != NULL && main->broken == NULL && !is_rehearsal() && geteuid() == 0;
    return OK;
}
