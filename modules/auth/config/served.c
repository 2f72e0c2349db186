/*
 * Which virtual host and place serve a portal: see served.h.
 */
#include "auth/config/served.h"

#include <ap_listen.h>
#include <apr_strings.h>
#include <apr_uri.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <string.h>

#include "auth/config/tree.h"

APLOG_USE_MODULE(anshin_auth);

#define HTTPS_PORT 443

static int is_among(const apr_array_header_t *names, const char *host, int wild)
{
    for (int i = 0; names != NULL && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        if (name != NULL && (wild ? ap_strcasecmp_match(host, name) == 0 : strcasecmp(host, name) == 0)) {
            return 1;
        }
    }
    return 0;
}

static int has_name(const server_rec *server, const char *host)
{
    return (server->server_hostname != NULL && strcasecmp(server->server_hostname, host) == 0) ||
           is_among(server->names, host, 0) || is_among(server->wild_names, host, 1);
}

static int listens(apr_port_t port)
{
    for (const ap_listen_rec *listener = ap_listeners; listener != NULL; listener = listener->next) {
        if (listener->bind_addr->port == port) {
            return 1;
        }
    }
    return 0;
}

/* The main server answers where httpd listens; of a virtual host, port 0 stands for any. */
static int has_port(const server_rec *server, apr_port_t port)
{
    if (!server->is_virtual) {
        return listens(port);
    }
    for (const server_addr_rec *address = server->addrs; address != NULL; address = address->next) {
        if (address->host_port == port || (address->host_port == 0 && listens(port))) {
            return 1;
        }
    }
    return 0;
}

/* The <Location> that a directive stands in, when that holds for the server; else NULL. */
static const ap_directive_t *location_of(const ap_directive_t *directive, const server_rec *server)
{
    const ap_directive_t *location = NULL;

    for (const ap_directive_t *section = directive->parent; section != NULL; section = section->parent) {
        if (strncasecmp(section->directive, "<Location", strlen("<Location")) == 0) {
            location = section;
        } else if (strcasecmp(section->directive, "<VirtualHost") == 0 &&
                   ((int)server->defn_line_number != section->line_num ||
                    strcmp(server->defn_name, section->filename) != 0)) {
            return NULL;
        }
    }
    return location;
}

typedef struct search_t {
    const server_rec *server;
    const char *path;
    const char *elsewhere; /* a place that has the handler, but not for the path; or NULL */
    apr_pool_t *ptemp;
} search_t;

/* 1 when a <Location> that the path lies in has SetHandler anshin. (httpd keeps the handler as an expression, which
 * cannot be read without a request; so this reads what is written.) */
static int has_portal(search_t *search, const ap_directive_t *tree)
{
    for (const ap_directive_t *at = tree; at != NULL; at = at->next) {
        const char *args = at->args;
        const ap_directive_t *location;

        if (at->first_child != NULL && has_portal(search, at->first_child)) {
            return 1;
        }
        if (strcasecmp(at->directive, "SetHandler") != 0 ||
            strcasecmp(ap_getword_conf(search->ptemp, &args), "anshin") != 0) {
            continue;
        }
        location = location_of(at, search->server);
        if (location != NULL && anshin_tree_covers(location, search->path, search->ptemp)) {
            return 1;
        }
        search->elsewhere = location != NULL ? anshin_tree_arguments(location, search->ptemp) : search->elsewhere;
    }
    return 0;
}

typedef struct serving_t {
    const anshin_config_t *config;
    server_rec *servers;
    int told; /* 0: the log hears nothing of it */
    apr_pool_t *ptemp;
} serving_t;

static void check(const serving_t *serving, const anshin_contract_t *contract, const char *directive, const char *url)
{
    search_t search = {.path = contract->portal_base[0] != '\0' ? contract->portal_base : "/", .ptemp = serving->ptemp};
    const char *where = apr_psprintf(serving->ptemp, "contract %s: %s %s", contract->name, directive, url);
    apr_port_t port;
    apr_uri_t parts;
    int found = 0;

    if (url == NULL || apr_uri_parse(serving->ptemp, url, &parts) != APR_SUCCESS || parts.hostname == NULL) {
        return;
    }
    port = parts.port != 0 ? parts.port : HTTPS_PORT;
    for (server_rec *server = serving->servers; server != NULL; server = server->next) {
        if (has_name(server, parts.hostname) && has_port(server, port)) {
            found = 1;
            search.server = server;
            if (has_portal(&search, ap_conftree)) {
                return;
            }
        }
    }
    anshin_sighting_add(serving->config->sightings, found ? ANSHIN_FINDING_PORTAL_PLACE : ANSHIN_FINDING_PORTAL_HOST,
                        where);
    if (serving->told && !found) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, serving->servers,
                     "AN1131: %s: no virtual host here has the name %s and port %u, so links lead nowhere; correct the "
                     "URL, or ServerName, ServerAlias and Listen",
                     where, parts.hostname, (unsigned)port);
    } else if (serving->told) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, serving->servers,
                     "AN1132: %s: no <Location> there has SetHandler anshin%s%s; correct the URL or the <Location>",
                     where, search.elsewhere != NULL ? "; it is at " : "",
                     search.elsewhere != NULL ? search.elsewhere : "");
    }
}

void anshin_served_check(const anshin_config_t *config, server_rec *servers, apr_pool_t *ptemp)
{
    int first_pass = ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;

    /* A start reads everything twice; configtest once. */
    const serving_t serving = {config, servers, !first_pass || ap_state_query(AP_SQ_RUN_MODE) != AP_SQ_RM_NORMAL,
                               ptemp};

    for (int i = 0; i < config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *);

        check(&serving, contract, "AnshinPortalURL", contract->policy.portal_url);
        check(&serving, contract, "AnshinTryURL", contract->policy.try_url);
    }
}
