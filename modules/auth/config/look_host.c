/*
 * One virtual host: see look_host.h.
 */
#include "auth/config/look_host.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>

#include "auth/config/config.h"
#include "auth/config/tree.h"

typedef struct look_t {
    const server_rec *server;
    apr_array_header_t *sightings;
    apr_pool_t *ptemp;
} look_t;

static void see(const look_t *look, anshin_finding_id_t finding, const char *more)
{
    const char *host = anshin_tree_host(look->server, look->ptemp);

    anshin_sighting_add(look->sightings, finding,
                        more != NULL ? apr_pstrcat(look->ptemp, host, ", ", more, NULL) : host);
}

static void see_line(const look_t *look, anshin_finding_id_t finding, const ap_directive_t *line)
{
    anshin_sighting_add(look->sightings, finding, anshin_tree_at(look->server, line, look->ptemp));
}

/* A line of this directive, whose arguments hold the word; NULL: any. */
typedef struct wanted_t {
    const char *directive;
    const char *word;
} wanted_t;

static int is_wanted(const ap_directive_t *line, void *baton)
{
    const wanted_t *wanted = baton;

    return anshin_tree_is(line, wanted->directive) &&
           (wanted->word == NULL || ap_strcasestr(line->args, wanted->word) != NULL);
}

static const ap_directive_t *find(const server_rec *server, const char *directive, const char *word)
{
    wanted_t wanted = {directive, word};

    return anshin_tree_find(server, is_wanted, &wanted);
}

static int begins(const ap_directive_t *line, void *directive)
{
    return ap_cstr_casecmpn(line->directive, directive, strlen(directive)) == 0;
}

/* --- TLS --- */

static int look_at_key(const ap_directive_t *line, void *baton)
{
    const look_t *look = baton;
    const char *args = line->args;
    const char *file;
    apr_finfo_t found;

    if (!anshin_tree_is(line, "SSLCertificateKeyFile")) {
        return 0;
    }
    file = ap_server_root_relative(look->ptemp, ap_getword_conf(look->ptemp, &args));
    if (file != NULL && apr_stat(&found, file, APR_FINFO_PROT, look->ptemp) == APR_SUCCESS &&
        (found.protection & APR_FPROT_WREAD) != 0) {
        see(look, ANSHIN_FINDING_TLS_KEY, file);
    }
    return 0;
}

static void look_at_tls(look_t *look, const anshin_tls_facts_t *tls)
{
    if (tls->old_versions) {
        see(look, ANSHIN_FINDING_TLS_VERSIONS, NULL);
    }
    if (tls->weak != NULL) {
        see(look, ANSHIN_FINDING_TLS_CIPHERS, tls->weak);
    }
    if (tls->fixed != NULL) {
        see(look, ANSHIN_FINDING_TLS_SECRECY, tls->fixed);
    }
    if (tls->unsafe) {
        see(look, ANSHIN_FINDING_TLS_RENEGOTIATION, NULL);
    }
    if (tls->ends != 0) { /* when, check knows */
        anshin_sighting_add_end(look->sightings, ANSHIN_FINDING_TLS_ENDS, anshin_tree_host(look->server, look->ptemp),
                                tls->ends, tls->soon);
    }
    (void)anshin_tree_find(look->server, look_at_key, look);
}

/* --- HSTS --- */

static int says_strict(const anshin_contract_t *contract)
{
    return contract != NULL && contract->policy.strict_transport > 0;
}

/* The portal of a contract says it for the whole host. */
static int is_strict(const server_rec *server)
{
    const anshin_site_t *site = anshin_site_of(server);
    int strict = says_strict(site->use != NULL ? site->use->contract : site->main->sole);

    for (int i = 0; i < site->places->nelts; i++) {
        strict |= says_strict(APR_ARRAY_IDX(site->places, i, const anshin_use_t *)->contract);
    }
    return strict || find(server, "Header", "Strict-Transport-Security") != NULL;
}

/* --- who says where he comes from --- */

/* Without a list of proxies mod_remoteip believes everybody. */
static const ap_directive_t *believed_header(const server_rec *server)
{
    char internal[] = "RemoteIPInternalProxy", trusted[] = "RemoteIPTrustedProxy"; /* and ...List */

    return anshin_tree_find(server, begins, internal) == NULL && anshin_tree_find(server, begins, trusted) == NULL
               ? find(server, "RemoteIPHeader", NULL)
               : NULL;
}

void anshin_look_host(const server_rec *server, apr_array_header_t *sightings, apr_pool_t *ptemp)
{
    const core_server_config *core = ap_get_core_module_config(server->module_config);
    const anshin_site_t *site = anshin_site_of(server);
    look_t look = {server, sightings, ptemp};
    const ap_directive_t *line = believed_header(server);

    if (site->tls != NULL) {
        look_at_tls(&look, site->tls);
    }
    if (site->tls != NULL && !is_strict(server)) {
        see(&look, ANSHIN_FINDING_HSTS, NULL);
    }
    if (core->trace_enable != AP_TRACE_DISABLE) {
        see(&look, ANSHIN_FINDING_TRACE, NULL);
    }
    if (line != NULL) {
        see_line(&look, ANSHIN_FINDING_REMOTEIP, line);
    }
}

/* --- any host --- */

static int asks_late(const ap_directive_t *line, void *ptemp)
{
    const char *args = line->args;

    return anshin_tree_is(line, "SSLVerifyClient") && line->parent != NULL &&
           !anshin_tree_is(line->parent, "<VirtualHost") && ap_cstr_casecmp(ap_getword_conf(ptemp, &args), "none") != 0;
}

static int speaks_http2(const server_rec *server)
{
    const core_server_config *core = ap_get_core_module_config(server->module_config);

    for (int i = 0; core->protocols != NULL && i < core->protocols->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(core->protocols, i, const char *), "h2") == 0) {
            return 1;
        }
    }
    return 0;
}

void anshin_look_neighbour(const server_rec *server, apr_array_header_t *sightings, apr_pool_t *ptemp)
{
    const anshin_tls_facts_t *tls = anshin_site_of(server)->tls;
    const look_t look = {server, sightings, ptemp};
    const ap_directive_t *line;

    line = tls != NULL && (tls->tls13 || speaks_http2(server)) ? anshin_tree_find(server, asks_late, ptemp) : NULL;
    if (line != NULL) {
        see_line(&look, ANSHIN_FINDING_VERIFY_CLIENT, line);
    }
    line = find(server, "ProxyRequests", "on");
    if (line != NULL) {
        see_line(&look, ANSHIN_FINDING_FORWARD_PROXY, line);
    }
}

/* --- the whole --- */

static int waits_for_ever(const ap_directive_t *line, void *none)
{
    const char *head = anshin_tree_is(line, "RequestReadTimeout") ? ap_strcasestr(line->args, "header=0") : NULL;

    (void)none;
    return head != NULL && (head[strlen("header=0")] == '\0' || head[strlen("header=0")] == ' ');
}

void anshin_look_server(const server_rec *main, apr_array_header_t *sightings, apr_pool_t *ptemp)
{
    const ap_directive_t *line = anshin_tree_find(main, waits_for_ever, NULL);

    if (ap_find_linked_module("mod_reqtimeout.c") == NULL) {
        anshin_sighting_add(sightings, ANSHIN_FINDING_REQTIMEOUT, "mod_reqtimeout is not loaded");
    } else if (line != NULL) {
        anshin_sighting_add(sightings, ANSHIN_FINDING_REQTIMEOUT,
                            apr_psprintf(ptemp, "line %d of %s", line->line_num, line->filename));
    }
}
