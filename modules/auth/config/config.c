/*
 * The configuration made of the directives: records, what serves where, and the checks that need the whole. See
 * config.h.
 */
#include "auth/config/config.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <stdio.h>

#include "core/config/ca_files.h"
#include "core/config/config_json.h"
#include "core/mail/trial.h"
#include "auth/config/neighbours.h"
#include "auth/config/proxies.h"
#include "auth/config/served.h"
#include "runtime/rollover.h"

APLOG_USE_MODULE(anshin_auth);

/* Where `make install` puts things; the build gives the real places. */
#ifndef ANSHIN_SHARE_DIR
#define ANSHIN_SHARE_DIR "/usr/share/anshin"
#endif
#ifndef ANSHIN_PROGRAM_DIR
#define ANSHIN_PROGRAM_DIR "/usr/lib/anshin"
#endif

/* --- records --- */

void *anshin_site_create(apr_pool_t *pool, server_rec *server)
{
    anshin_site_t *site = apr_pcalloc(pool, sizeof(*site));

    site->places = apr_array_make(pool, 2, sizeof(anshin_use_t *));
    if (!server->is_virtual) {
        site->main = apr_pcalloc(pool, sizeof(*site->main));
        site->main->contracts = apr_array_make(pool, 4, sizeof(anshin_contract_t *));
    }
    return site;
}

void *anshin_site_merge(apr_pool_t *pool, void *base, void *add)
{
    const anshin_site_t *below = base, *above = add;
    anshin_site_t *site = apr_pcalloc(pool, sizeof(*site));

    site->main = below->main;
    site->used = above->used;
    site->given = above->given;
    site->use = above->use != NULL ? above->use : below->use;
    site->places = apr_array_append(pool, below->places, above->places);
    return site;
}

void *anshin_place_create(apr_pool_t *pool, char *path)
{
    (void)path;
    return apr_pcalloc(pool, sizeof(anshin_place_t));
}

/* Each request merges those of all sections around it, in a common site four: what comes out is often one of the two,
 * to which nobody writes any more, and is not made anew then. */
void *anshin_place_merge(apr_pool_t *pool, void *base, void *add)
{
    const anshin_place_t *below = base, *above = add;
    anshin_use_t *use = above->use != NULL ? above->use : below->use;
    const anshin_place_t *shared = above->shared_cache_said ? above : below; /* whose word on shared caches counts */
    int below_too =
        above->restricted == ANSHIN_NOTHING_SAID || (above->restricted == ANSHIN_OPEN && above->restricted_too);
    int restricted = below_too ? below->restricted : above->restricted;
    int restricted_too = above->restricted_too & below->restricted_too;
    anshin_place_t *made;

    if (shared == below && use == below->use && restricted == below->restricted &&
        restricted_too == below->restricted_too) {
        return base;
    }
    if ((shared == above || !below->shared_cache_said) && use == above->use && restricted == above->restricted &&
        restricted_too == above->restricted_too) {
        return add;
    }
    made = apr_palloc(pool, sizeof(*made));
    *made = (anshin_place_t){.use = use,
                             .shared_cache = shared->shared_cache,
                             .shared_cache_said = shared->shared_cache_said,
                             .restricted = restricted,
                             .restricted_too = restricted_too};
    return made;
}

anshin_site_t *anshin_site_of(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &anshin_auth_module);
}

/* --- what serves where --- */

const anshin_contract_t *anshin_contract_of(const request_rec *r)
{
    const anshin_place_t *place = ap_get_module_config(r->per_dir_config, &anshin_auth_module);

    if (place != NULL && place->use != NULL) {
        return place->use->contract;
    }
    return anshin_site_of(r->server)->main->sole;
}

int anshin_place_shares(const request_rec *r)
{
    const anshin_place_t *place = ap_get_module_config(r->per_dir_config, &anshin_auth_module);

    return place != NULL && place->shared_cache;
}

static int always(const anshin_contract_t *contract)
{
    return contract != NULL;
}

static int admits_certificates(const anshin_contract_t *contract)
{
    return contract != NULL && ANSHIN_HAS(contract->policy.methods, ANSHIN_METHOD_CERTIFICATE);
}

/* unsaid: what serves where no AnshinUse says so. */
static int any_contract(const anshin_site_t *site, const anshin_contract_t *unsaid,
                        int (*test)(const anshin_contract_t *contract))
{
    if (test(site->use != NULL ? site->use->contract : unsaid)) {
        return 1;
    }
    for (int i = 0; i < site->places->nelts; i++) {
        if (test(APR_ARRAY_IDX(site->places, i, const anshin_use_t *)->contract)) {
            return 1;
        }
    }
    return 0;
}

int anshin_site_serves(const anshin_site_t *site)
{
    return site->serves;
}

int anshin_site_asks(const anshin_site_t *site)
{
    return site->asks;
}

/* --- checks --- */

static int wrong(server_rec *server, const anshin_error_t *err)
{
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, server, "%s: %s", err->id, err->text);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static const char *names(const apr_array_header_t *contracts, apr_pool_t *pool)
{
    const char *list = ANSHIN_USE_NONE;

    for (int i = 0; i < contracts->nelts; i++) {
        list = apr_pstrcat(pool, list, ", ", APR_ARRAY_IDX(contracts, i, const anshin_contract_t *)->name, NULL);
    }
    return list;
}

static int find_contract(server_rec *server, const anshin_main_t *main, anshin_use_t *use, apr_pool_t *ptemp)
{
    if (strcmp(use->name, ANSHIN_USE_NONE) == 0) {
        return OK;
    }
    use->contract = anshin_config_contract(main->config, use->name);
    if (use->contract == NULL) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, server,
                     "AN0516: line %d of %s: no contract is called \"%s\"; give one of: %s", use->line, use->file,
                     use->name, names(main->contracts, ptemp));
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static int find_contracts(const anshin_main_t *main, server_rec *servers, apr_pool_t *ptemp)
{
    for (server_rec *server = servers; server != NULL; server = server->next) {
        anshin_site_t *site = anshin_site_of(server);
        int answer = site->use == NULL ? OK : find_contract(server, main, site->use, ptemp);

        for (int i = 0; answer == OK && i < site->places->nelts; i++) {
            answer = find_contract(server, main, APR_ARRAY_IDX(site->places, i, anshin_use_t *), ptemp);
        }
        if (answer != OK) {
            return answer;
        }
        site->serves = any_contract(site, main->sole, always);
        site->asks = any_contract(site, anshin_neighbours_place(server) ? main->sole : NULL, admits_certificates);
    }
    return OK;
}

static int check_neighbours(server_rec *servers, apr_pool_t *ptemp)
{
    int answer = OK;

    for (server_rec *server = servers; server != NULL && answer == OK; server = server->next) {
        if (anshin_site_of(server)->asks) {
            answer = anshin_neighbours_check(server, ptemp);
        }
    }
    return answer;
}

/* Files that an operator names must be there: a blocklist that is not read blocks nothing. */
static apr_status_t check_places(const void *structure, const anshin_option_t *options, anshin_error_t *err,
                                 apr_pool_t *ptemp)
{
    for (const anshin_option_t *option = options; option->directive != NULL; option++) {
        const char *path;
        apr_finfo_t info;

        path = anshin_option_print(structure, option, ptemp);
        if (!anshin_option_is_path(option, path) || !anshin_option_is_set(structure, option) ||
            anshin_option_find(anshin_server_options, option->directive) != NULL) {
            continue; /* a CA that is missing is told of, the contract's like the server's, and httpd goes on */
        }
        if (apr_stat(&info, path, APR_FINFO_TYPE, ptemp) != APR_SUCCESS) {
            return anshin_fail(err, ANSHIN_EINVALID, "AN0517",
                               "%s \"%s\": there is no such file or directory; create it, or correct the path",
                               option->directive, path);
        }
    }
    return APR_SUCCESS;
}

/* Of each host. */
static apr_status_t read_proxies(anshin_main_t *main, server_rec *servers, const anshin_server_t *given,
                                 anshin_error_t *err, apr_pool_t *pconf)
{
    main->cert_headers = apr_array_make(pconf, 2, sizeof(const char *));
    main->believes = 0;
    for (server_rec *server = servers; server != NULL; server = server->next) {
        anshin_site_t *site = anshin_site_of(server);
        anshin_proxies_t *proxies;
        apr_status_t status = anshin_proxies_read(&proxies, site->given, given, err, pconf);

        if (status != APR_SUCCESS) {
            return status;
        }
        site->proxies = proxies;
        main->believes |= proxies->networks->nelts > 0;
        if (anshin_proxies_is_named(proxies)) {
            APR_ARRAY_PUSH(main->cert_headers, const char *) = proxies->header;
        }
    }
    return APR_SUCCESS;
}

static void warn_of_proxies(const anshin_main_t *main, server_rec *servers)
{
    anshin_proxies_warn(main->config, &main->config->server, main->believes, servers);
    for (server_rec *server = servers->next; server != NULL; server = server->next) {
        anshin_proxies_warn(main->config, anshin_site_of(server)->given, main->believes, server);
    }
    if (main->believes) {
        anshin_proxies_warn_addresses(main->config, servers);
    }
}

static apr_status_t build(anshin_main_t *main, server_rec *servers, anshin_error_t *err, apr_pool_t *pconf,
                          apr_pool_t *ptemp)
{
    anshin_config_t *config;
    apr_status_t status = anshin_config_create(&config, err, pconf);

    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_options_overlay(&config->server, &main->given, anshin_server_options);
    if (config->server.share_dir == NULL) {
        config->server.share_dir = ANSHIN_SHARE_DIR;
    }
    if (config->server.program_dir == NULL) {
        config->server.program_dir = ANSHIN_PROGRAM_DIR;
    }
    apr_array_cat(config->contracts, main->contracts);
    status = anshin_config_finish(config, err, pconf);
    if (status == APR_SUCCESS) {
        status = anshin_ca_check(config, err, pconf);
    }
    if (status == APR_SUCCESS) {
        status = anshin_rollovers_read(config, err, pconf);
    }
    for (int i = 0; status == APR_SUCCESS && i < config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *);

        status = check_places(&contract->policy, anshin_policy_options, err, ptemp);
    }
    if (status == APR_SUCCESS) {
        status = read_proxies(main, servers, &config->server, err, pconf);
    }
    if (status == APR_SUCCESS) {
        main->config = config;
        main->sole =
            config->contracts->nelts == 1 ? APR_ARRAY_IDX(config->contracts, 0, const anshin_contract_t *) : NULL;
    }
    return status;
}

static int is_used(server_rec *servers)
{
    for (server_rec *server = servers; server != NULL; server = server->next) {
        if (anshin_site_of(server)->used) {
            return 1;
        }
    }
    return 0;
}

static void tell_trouble(void *baton, const anshin_contract_t *contract, const anshin_error_t *trouble)
{
    (void)contract;
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, baton, "%s: %s", trouble->id, trouble->text);
}

/* What pages and mails are made of, tried once: configtest and start refuse what cannot be rendered. A restart tells it
 * and goes on: httpd would end otherwise, and mails fall back to the installed templates. The state is this one at the
 * first reading of a configuration alone. */
static int check_texts(const anshin_config_t *config, server_rec *server, apr_pool_t *ptemp)
{
    int first = ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;

    return anshin_trial_all(config, tell_trouble, server, ptemp) > 0 && first ? HTTP_INTERNAL_SERVER_ERROR : OK;
}

/* Mail that nobody carries on looks as if it were sent. */
static void check_mail(const anshin_config_t *config, server_rec *server)
{
    if (config->server.mail_command == NULL && config->server.mail_spool == NULL &&
        ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "AN1113: nobody carries mail on: it lies in %s/mail. Give AnshinMailCommand, such as "
                     "\"/usr/sbin/sendmail -t -i\", or AnshinMailSpool, the Maildir that a program of yours empties",
                     config->server.state_dir);
    }
}

int anshin_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    anshin_main_t *main = anshin_site_of(server)->main;
    anshin_error_t err;
    int answer;

    (void)plog;
    if (!is_used(server)) {
        return OK;
    }
    anshin_error_clear(&err);
    if (build(main, server, &err, pconf, ptemp) != APR_SUCCESS) {
        return wrong(server, &err);
    }
    if (!main->believes) { /* a proxy may call its clients' hosts as it likes */
        anshin_served_check(main->config, server, ptemp);
    }
    check_mail(main->config, server);
    warn_of_proxies(main, server);
    answer = find_contracts(main, server, ptemp);
    if (answer == OK) {
        answer = check_neighbours(server, ptemp);
    }
    return answer == OK ? check_texts(main->config, server, ptemp) : answer;
}

void anshin_config_dump(apr_pool_t *pconf, server_rec *server)
{
    const anshin_config_t *config = anshin_site_of(server)->main->config;
    json_t *json;

    if (config == NULL || !ap_exists_config_define("DUMP_ANSHIN")) {
        return;
    }
    json = anshin_config_to_json(config, pconf);
    if (json != NULL && json_dumpf(json, stdout, JSON_INDENT(2)) == 0) {
        putchar('\n');
    }
    json_decref(json);
}
