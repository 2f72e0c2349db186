/*
 * Cache-Control of one user's answers: see cache_control.h. The text is the site's: of its configuration, its programs
 * and its back ends.
 */
#include "core/web/cache_control.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#define BETWEEN ", \t"

/* One directive of the list: its name, and the whole with its argument. */
typedef struct directive_t {
    const char *text;
    apr_size_t name;   /* length of the name */
    apr_size_t length; /* of all: "name", "name=token", "name=\"fields, quoted\"" */
} directive_t;

/* The length of an argument with its '=', or 0: there is none. A string that never ends goes to the end. */
static apr_size_t argument_length(const char *text)
{
    const char *at = text + 1;

    if (*text != '=') {
        return 0;
    }
    if (*at != '"') {
        return 1 + strcspn(at, BETWEEN);
    }
    for (at++; *at != '\0' && *at != '"'; at++) {
        at += *at == '\\' && at[1] != '\0';
    }
    return (apr_size_t)(at - text) + (*at == '"');
}

/* Read the next directive and move on; 0: there is none. */
static int next(const char **list, directive_t *found)
{
    found->text = *list + strspn(*list, BETWEEN);
    found->name = strcspn(found->text, "= \t,");
    found->length = found->name + argument_length(found->text + found->name);
    *list = found->text + found->length;
    return found->name > 0;
}

static int is(const directive_t *directive, const char *name)
{
    return directive->name == strlen(name) && strncasecmp(directive->text, name, directive->name) == 0;
}

static int is_for_shared(const directive_t *directive)
{
    return is(directive, "public") || is(directive, "s-maxage") || is(directive, "proxy-revalidate");
}

static int is_whole(const directive_t *directive, const char *name)
{
    return directive->length == directive->name && is(directive, name);
}

const char *anshin_cache_control_private(const char *value, apr_pool_t *pool)
{
    const char *rest = value;
    const char *kept = "private";
    int is_private = 0, changed = 0;
    directive_t each;

    if (value == NULL || value[strspn(value, BETWEEN)] == '\0') {
        return "private, no-cache";
    }
    while (next(&rest, &each)) {
        if (is_for_shared(&each) || is(&each, "private")) {
            is_private = is_private || is_whole(&each, "private");
            changed = changed || !is_whole(&each, "private");
            continue;
        }
        kept = apr_pstrcat(pool, kept, ", ", apr_pstrmemdup(pool, each.text, each.length), NULL);
    }
    return is_private && !changed ? value : kept;
}

int anshin_cache_control_shared(const char *value)
{
    int shared = 0;
    directive_t each;

    while (value != NULL && next(&value, &each)) {
        if (is(&each, "private") || is(&each, "no-store")) {
            return 0;
        }
        shared = shared || is(&each, "public") || is(&each, "s-maxage");
    }
    return shared;
}
