/*
 * The tree of the configuration: see tree.h.
 */
#include "auth/config/tree.h"

#include <apr_fnmatch.h>
#include <apr_strings.h>
#include <string.h>

int anshin_tree_is(const ap_directive_t *line, const char *directive)
{
    return ap_cstr_casecmp(line->directive, directive) == 0;
}

static int is_of(const ap_directive_t *host, const server_rec *server)
{
    return server->is_virtual && host->line_num == (int)server->defn_line_number && server->defn_name != NULL &&
           strcmp(host->filename, server->defn_name) == 0;
}

static const ap_directive_t *find_in(const ap_directive_t *line, const server_rec *server, anshin_tree_test_t *test,
                                     void *baton)
{
    const ap_directive_t *found = NULL;

    for (; line != NULL && found == NULL; line = line->next) {
        if (test(line, baton)) {
            found = line;
        } else if (!anshin_tree_is(line, "<VirtualHost") || is_of(line, server)) {
            found = find_in(line->first_child, server, test, baton);
        }
    }
    return found;
}

const ap_directive_t *anshin_tree_find(const server_rec *server, anshin_tree_test_t *test, void *baton)
{
    return find_in(ap_conftree, server, test, baton);
}

int anshin_tree_is_own(const ap_directive_t *line, const server_rec *server)
{
    const ap_directive_t *section = anshin_tree_section(line, "<VirtualHost");

    return section != NULL && is_of(section, server);
}

const ap_directive_t *anshin_tree_section(const ap_directive_t *line, const char *beginning)
{
    const ap_directive_t *section = line->parent;

    while (section != NULL && ap_cstr_casecmpn(section->directive, beginning, strlen(beginning)) != 0) {
        section = section->parent;
    }
    return section;
}

const char *anshin_tree_arguments(const ap_directive_t *section, apr_pool_t *ptemp)
{
    const char *end = strrchr(section->args, '>');

    return end != NULL ? apr_pstrmemdup(ptemp, section->args, (apr_size_t)(end - section->args)) : section->args;
}

int anshin_tree_below(const char *path, const char *base)
{
    apr_size_t length = strlen(base);

    while (length > 0 && base[length - 1] == '/') {
        length--;
    }
    return strncmp(base, path, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

int anshin_tree_covers(const ap_directive_t *section, const char *path, apr_pool_t *ptemp)
{
    const char *args = anshin_tree_arguments(section, ptemp);
    const char *place = ap_getword_conf(ptemp, &args);
    int match = ap_strcasestr(section->directive, "Match") != NULL;
    ap_regex_t *regex;

    if (strcmp(place, "~") == 0) {
        match = 1;
        place = ap_getword_conf(ptemp, &args);
    }
    if (match) {
        regex = ap_pregcomp(ptemp, place, AP_REG_EXTENDED);
        return regex != NULL && ap_regexec(regex, path, 0, NULL, 0) == 0;
    }
    if (apr_fnmatch_test(place)) {
        return apr_fnmatch(place, path, APR_FNM_PATHNAME) == APR_SUCCESS;
    }
    return anshin_tree_below(path, place);
}

const char *anshin_tree_host(const server_rec *server, apr_pool_t *pool)
{
    unsigned port = server->addrs != NULL && server->addrs->host_port != 0 ? server->addrs->host_port : server->port;
    const char *name = server->server_hostname != NULL ? server->server_hostname : "(main)";

    return port != 0 ? apr_psprintf(pool, "host %s:%u", name, port) : apr_pstrcat(pool, "host ", name, NULL);
}

const char *anshin_tree_at(const server_rec *server, const ap_directive_t *line, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s, line %d of %s", anshin_tree_host(server, pool), line->line_num, line->filename);
}
