/*
 * Which places are restricted: see restricted.h.
 *
 * SECURITY: a doubt counts as open. A place with two lines of which one lets everybody in is open, whatever container
 * stands around them; so is one whose lines are joined with those of an outer place by "or".
 */
#include "auth/config/restricted.h"

#include <string.h>

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>

APLOG_USE_MODULE(anshin_auth);

extern module AP_MODULE_DECLARE_DATA anshin_auth_module;

/* Of a section; the later the stronger. */
enum { NOTHING_SAID, RESTRICTED, OPEN };

/* What a Require line says by itself. Methods restrict nobody, nor does TLS; "not" alone httpd refuses. */
static int meaning(const char *line, apr_pool_t *ptemp)
{
    static const char *const no_restriction[] = {"method", "not", "ssl", "env", "expr"};
    const char *word = ap_getword_conf(ptemp, &line);

    if (strcasecmp(word, "all") == 0) {
        return strcasecmp(ap_getword_conf(ptemp, &line), "denied") == 0 ? RESTRICTED : OPEN;
    }
    for (apr_size_t i = 0; i < sizeof(no_restriction) / sizeof(no_restriction[0]); i++) {
        if (strcasecmp(word, no_restriction[i]) == 0) {
            return NOTHING_SAID;
        }
    }
    return RESTRICTED;
}

/* 1: a line in it does not restrict its place: it is turned round, or of some methods, or of some requests. */
static int is_turned(const ap_directive_t *line, const ap_directive_t *end)
{
    static const char *const sections[] = {"<RequireNone", "<Limit", "<LimitExcept", "<If", "<ElseIf", "<Else"};

    for (const ap_directive_t *at = line->parent; at != NULL && at != end; at = at->parent) {
        for (apr_size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
            if (strcasecmp(at->directive, sections[i]) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

static int stronger(int one, int other)
{
    return one > other ? one : other;
}

/* --- while it is read --------------------------------------------------------------------------------------------- */

/* A section within another one (<If>) is a place of its own. */
static int is_of_requires(const ap_directive_t *section)
{
    return section != NULL && strncasecmp(section->directive, "<Require", strlen("<Require")) == 0;
}

const char *anshin_restricted_require(cmd_parms *cmd, void *place, const char *line)
{
    anshin_place_t *own = place;
    const ap_directive_t *around = cmd->directive->parent;

    if (ap_find_linked_module("mod_authz_core.c") == NULL) {
        return "AN1670: Require needs mod_authz_core, which is not loaded";
    }
    while (is_of_requires(around)) {
        around = around->parent;
    }
    if (cmd->limited == -1 && !is_turned(cmd->directive, around)) {
        own->restricted = stronger(own->restricted, meaning(line, cmd->temp_pool));
    } else if (meaning(line, cmd->temp_pool) == OPEN) {
        own->restricted = OPEN;
    }
    return NULL;
}

const char *anshin_restricted_merging(cmd_parms *cmd, void *place, const char *word)
{
    (void)cmd;
    if (strcasecmp(word, "Or") == 0) {
        ((anshin_place_t *)place)->restricted = OPEN;
    }
    return NULL;
}

int anshin_restricted(request_rec *r)
{
    const anshin_place_t *place = ap_get_module_config(r->per_dir_config, &anshin_auth_module);

    return place->restricted == RESTRICTED && ap_satisfies(r) != SATISFY_ANY;
}

/* --- configtest --------------------------------------------------------------------------------------------------- */

/* What the lines of a section say together, those of <RequireAll> and its like within it as well. */
static int read_section(const ap_directive_t *lines, const ap_directive_t *section, apr_pool_t *ptemp)
{
    int said = NOTHING_SAID;

    for (const ap_directive_t *at = lines; at != NULL; at = at->next) {
        const char *args = at->args;

        if (strcasecmp(at->directive, "Require") == 0 && !is_turned(at, section)) {
            said = stronger(said, meaning(args, ptemp));
        } else if (strcasecmp(at->directive, "Satisfy") == 0 && strcasecmp(ap_getword_conf(ptemp, &args), "any") == 0) {
            said = OPEN;
        } else if (strcasecmp(at->directive, "AuthMerging") == 0 &&
                   strcasecmp(ap_getword_conf(ptemp, &args), "or") == 0) {
            said = OPEN;
        } else if (is_of_requires(at)) {
            said = stronger(said, read_section(at->first_child, section, ptemp));
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
            (at->parent == NULL || read_section(at->parent->first_child, at->parent, ptemp) != RESTRICTED)) {
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
