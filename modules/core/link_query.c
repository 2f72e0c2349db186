/*
 * Tokens in queries: see link_query.h.
 *
 * SECURITY: whoever reads a log must not find a token that still works, so what form.c would read as a field t is found
 * here as well (t/fuzz/fuzz_link_query.c compares them).
 */
#include "core/link_query.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#define HIDDEN "t=-"

/* The value of a parameter t; NULL when this is another one. */
static const char *token_of(const char *parameter)
{
    static const char *const names[] = {"t=", "%74=", "%54="};

    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncasecmp(parameter, names[i], strlen(names[i])) == 0) {
            return parameter + strlen(names[i]);
        }
    }
    return NULL;
}

const char *anshin_link_query_hide(const char *query, const char **token, apr_pool_t *pool)
{
    char *rest = apr_pstrdup(pool, query);
    char *hidden = apr_palloc(pool, strlen(query) * 2 + sizeof(HIDDEN)); /* "t=" becomes "t=-" */
    char *to = hidden;
    char *last;

    *token = NULL;
    for (char *part = apr_strtok(rest, "&", &last); part != NULL; part = apr_strtok(NULL, "&", &last)) {
        const char *found = token_of(part);
        const char *text = found != NULL ? HIDDEN : part;

        if (found != NULL) {
            *token = found;
        }
        if (to != hidden) {
            *to++ = '&';
        }
        to = apr_cpystrn(to, text, strlen(text) + 1);
    }
    *to = '\0';
    return hidden;
}
