/*
 * Which places are restricted: see restricted.h.
 *
 * SECURITY: a doubt counts as open. Lines are joined as mod_authz_core joins them: those of a section and of
 * <RequireAny> by "or", so that each of them must restrict; those of <RequireAll> by "and", so that one is enough;
 * <RequireNone> never restricts. So is a place open whose lines are joined with those of an outer one by "or". A name
 * of <AuthzProviderAlias> says what stands there.
 */
#include "auth/config/restricted.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>

APLOG_USE_MODULE(anshin_auth);

extern module AP_MODULE_DECLARE_DATA anshin_auth_module;

static int stronger(int one, int other)
{
    return one > other ? one : other;
}

/* 1: a section of httpd of that name. */
static int is_named(const ap_directive_t *section, const char *name)
{
    return strcasecmp(section->directive, name) == 0;
}

/* <RequireAll> and its like. A section within another one (<If>) is a place of its own. */
static int is_of_requires(const ap_directive_t *section)
{
    return section != NULL && strncasecmp(section->directive, "<Require", strlen("<Require")) == 0;
}

static int is_of_methods(const ap_directive_t *section)
{
    return section != NULL && (is_named(section, "<Limit") || is_named(section, "<LimitExcept"));
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

/* A network that has a good part of all addresses keeps out nobody, and two of them may be all. */
#define LEAST_BITS 8
#define LEAST_BITS_6 16

/* The bits of a mask as httpd takes it, "24" or "255.255.255.0"; -1: neither. */
static int mask_bits(const char *mask)
{
    struct in_addr octets;

    if (strchr(mask, '.') == NULL) {
        return mask[0] != '\0' && strspn(mask, "0123456789") == strlen(mask) && strlen(mask) <= 3 ? atoi(mask) : -1;
    }
    return inet_pton(AF_INET, mask, &octets) == 1 ? __builtin_popcount(octets.s_addr) : -1;
}

/* One of Require ip: an address, the beginning of one ("10.1"), or a network. */
static int is_narrow(const char *network)
{
    const char *mask = strchr(network, '/');
    const int is_6 = strchr(network, ':') != NULL;
    int parts = 1;

    if (mask != NULL) {
        return mask_bits(mask + 1) >= (is_6 ? LEAST_BITS_6 : LEAST_BITS);
    }
    for (const char *at = network; (at = strchr(at, '.')) != NULL && at[1] != '\0'; at++) {
        parts++;
    }
    return is_6 || 8 * parts >= LEAST_BITS;
}

static int judge_addresses(const char *list, apr_pool_t *ptemp)
{
    const char *network;

    while (*(network = ap_getword_conf(ptemp, &list)) != '\0') {
        if (!is_narrow(network)) {
            return ANSHIN_OPEN;
        }
    }
    return ANSHIN_RESTRICTED;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

#define ALIASES_MAX 8 /* one upon another */

/* What <AuthzProviderAlias BASE NAME "ARGUMENTS"> of that name stands for, as a Require line; NULL: there is none. */
static const char *find_alias(const ap_directive_t *lines, const char *name, apr_pool_t *ptemp)
{
    const char *found = NULL;

    for (const ap_directive_t *at = lines; found == NULL && at != NULL; at = at->next) {
        const char *end = strrchr(at->args, '>');
        const char *args = end != NULL ? apr_pstrmemdup(ptemp, at->args, (apr_size_t)(end - at->args)) : at->args;
        const char *base;

        if (!is_named(at, "<AuthzProviderAlias")) {
            found = find_alias(at->first_child, name, ptemp);
            continue;
        }
        base = ap_getword_conf(ptemp, &args);
        if (strcasecmp(ap_getword_conf(ptemp, &args), name) == 0) {
            found = apr_pstrcat(ptemp, base, " ", ap_getword_conf(ptemp, &args), NULL);
        }
    }
    return found;
}

/* What a Require line says by itself. Methods restrict nobody, nor do TLS, variables and what is turned round. */
static int judge_line(const char *line, apr_pool_t *ptemp)
{
    static const char *const no_restriction[] = {"method", "not", "ssl", "env", "expr"};
    const char *word = ap_getword_conf(ptemp, &line);
    const char *alias = find_alias(ap_conftree, word, ptemp);

    for (int i = 0; alias != NULL; i++) {
        if (i == ALIASES_MAX) {
            return ANSHIN_OPEN;
        }
        line = alias;
        word = ap_getword_conf(ptemp, &line);
        alias = find_alias(ap_conftree, word, ptemp);
    }
    if (strcasecmp(word, "all") == 0) {
        return strcasecmp(ap_getword_conf(ptemp, &line), "denied") == 0 ? ANSHIN_RESTRICTED : ANSHIN_OPEN;
    }
    if (strcasecmp(word, "ip") == 0) {
        return judge_addresses(line, ptemp);
    }
    for (apr_size_t i = 0; i < sizeof(no_restriction) / sizeof(no_restriction[0]); i++) {
        if (strcasecmp(word, no_restriction[i]) == 0) {
            return ANSHIN_OPEN;
        }
    }
    return ANSHIN_RESTRICTED;
}

static int judge_lines(const ap_directive_t *lines, int all, apr_pool_t *ptemp);

/* What one of a section's directives says; most say nothing. What holds for some methods leaves others to anybody. */
static int judge(const ap_directive_t *at, apr_pool_t *ptemp)
{
    int said;

    if (strcasecmp(at->directive, "Require") == 0) {
        return judge_line(at->args, ptemp);
    }
    if (!is_of_requires(at) && !is_of_methods(at)) {
        return ANSHIN_NOTHING_SAID;
    }
    said = judge_lines(at->first_child, is_named(at, "<RequireAll"), ptemp);
    if (said == ANSHIN_NOTHING_SAID || is_named(at, "<RequireAll") || is_named(at, "<RequireAny")) {
        return said;
    }
    return ANSHIN_OPEN;
}

/* all: one that restricts is enough, as in <RequireAll>; else one that does not is too many. */
static int judge_lines(const ap_directive_t *lines, int all, apr_pool_t *ptemp)
{
    const int decides = all ? ANSHIN_RESTRICTED : ANSHIN_OPEN;
    int said = ANSHIN_NOTHING_SAID;

    for (const ap_directive_t *at = lines; at != NULL; at = at->next) {
        int one = judge(at, ptemp);

        if (one != ANSHIN_NOTHING_SAID && (said == ANSHIN_NOTHING_SAID || one == decides)) {
            said = one;
        }
    }
    return said;
}

/* --- while it is read --------------------------------------------------------------------------------------------- */

/* A container counts as a whole, at each of its lines: none of the section's other lines can be reached from here. */
const char *anshin_restricted_require(cmd_parms *cmd, void *place, const char *line)
{
    anshin_place_t *own = place;
    const ap_directive_t *outermost = cmd->directive;

    (void)line;
    if (ap_find_linked_module("mod_authz_core.c") == NULL) {
        return "AN1670: Require needs mod_authz_core, which is not loaded";
    }
    while (is_of_requires(outermost->parent)) {
        outermost = outermost->parent;
    }
    own->restricted =
        stronger(own->restricted, is_of_methods(outermost->parent) ? ANSHIN_OPEN : judge(outermost, cmd->temp_pool));
    return NULL;
}

const char *anshin_restricted_merging(cmd_parms *cmd, void *place, const char *word)
{
    anshin_place_t *own = place;

    (void)cmd;
    own->restricted_too = strcasecmp(word, "And") == 0;
    if (strcasecmp(word, "Or") == 0) {
        own->restricted = ANSHIN_OPEN;
    }
    return NULL;
}

int anshin_restricted(request_rec *r)
{
    const anshin_place_t *place = ap_get_module_config(r->per_dir_config, &anshin_auth_module);

    return place->restricted == ANSHIN_RESTRICTED && ap_satisfies(r) != SATISFY_ANY;
}

/* --- configtest --------------------------------------------------------------------------------------------------- */

/* What the lines of a section say together. */
static int read_section(const ap_directive_t *lines, apr_pool_t *ptemp)
{
    int said = judge_lines(lines, 0, ptemp);

    for (const ap_directive_t *at = lines; at != NULL; at = at->next) {
        const char *args = at->args;

        if ((strcasecmp(at->directive, "Satisfy") == 0 && strcasecmp(ap_getword_conf(ptemp, &args), "any") == 0) ||
            (strcasecmp(at->directive, "AuthMerging") == 0 && strcasecmp(ap_getword_conf(ptemp, &args), "or") == 0)) {
            said = ANSHIN_OPEN;
        }
    }
    return said;
}

static int is_status(const ap_directive_t *line, apr_pool_t *ptemp)
{
    const char *args = line->args;

    return strcasecmp(line->directive, "SetHandler") == 0 &&
           strcasecmp(ap_getword_conf(ptemp, &args), ANSHIN_STATUS_HANDLER) == 0;
}

/* The first line that is wrong; NULL: none is. */
static const ap_directive_t *find_open(const ap_directive_t *lines, apr_pool_t *ptemp)
{
    const ap_directive_t *found = NULL;

    for (const ap_directive_t *at = lines; found == NULL && at != NULL; at = at->next) {
        if (is_status(at, ptemp) &&
            (at->parent == NULL || read_section(at->parent->first_child, ptemp) != ANSHIN_RESTRICTED)) {
            found = at;
        } else if (at->first_child != NULL) {
            found = find_open(at->first_child, ptemp);
        }
    }
    return found;
}

int anshin_restricted_check(server_rec *server, apr_pool_t *ptemp)
{
    const ap_directive_t *line = find_open(ap_conftree, ptemp);

    if (line == NULL) {
        return OK;
    }
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_EMERG, 0, server,
                 "AN1671: %s line %d: SetHandler " ANSHIN_STATUS_HANDLER " needs a Require in the same section that "
                 "does not let everybody in, such as: Require ip 192.0.2.7",
                 line->filename, line->line_num);
    return HTTP_INTERNAL_SERVER_ERROR;
}
