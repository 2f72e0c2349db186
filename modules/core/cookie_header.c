/*
 * The Cookie header: see cookie_header.h. What is read here is the browser's, or anybody's.
 */
#include "core/cookie_header.h"

#include <apr_strings.h>
#include <string.h>

/* One "name=value" of the header, blanks around it left out. */
typedef struct pair_t {
    const char *start;
    apr_size_t length;
} pair_t;

/* The pair at *at, which moves behind its ';'. 0 at the end. */
static int next_pair(const char **at, pair_t *pair)
{
    const char *from = *at + strspn(*at, " \t;");
    apr_size_t length = strcspn(from, ";");

    *at = from + length;
    while (length > 0 && (from[length - 1] == ' ' || from[length - 1] == '\t')) {
        length--;
    }
    pair->start = from;
    pair->length = length;
    return length > 0;
}

static int is_named(const pair_t *pair, const char *name, apr_size_t length)
{
    return pair->length > length && pair->start[length] == '=' && strncmp(pair->start, name, length) == 0;
}

/* Does a name start with prefix here, or behind a ',' or blank where somebody may see a further cookie? */
static int holds(const pair_t *pair, const char *prefix)
{
    apr_size_t length = strlen(prefix);

    for (apr_size_t i = 0; i + length <= pair->length; i++) {
        int start = i == 0 || strchr(", \t\"", pair->start[i - 1]) != NULL;

        if (start && strncmp(pair->start + i, prefix, length) == 0) {
            return 1;
        }
    }
    return 0;
}

const char *anshin_session_cookie(const char *contract, apr_pool_t *pool)
{
    return apr_pstrcat(pool, ANSHIN_SESSION_COOKIE_PREFIX, contract, NULL);
}

const char *anshin_cookie_find(const char *header, const char *name, apr_pool_t *pool)
{
    apr_size_t length = strlen(name);
    pair_t pair, found = {NULL, 0};

    if (header == NULL) {
        return NULL;
    }
    while (next_pair(&header, &pair)) {
        if (!is_named(&pair, name, length)) {
            continue;
        }
        if (found.start != NULL &&
            (found.length != pair.length || strncmp(found.start, pair.start, pair.length) != 0)) {
            return NULL;
        }
        found = pair;
    }
    return found.start == NULL ? NULL : apr_pstrmemdup(pool, found.start + length + 1, found.length - length - 1);
}

const char *anshin_cookie_strip(const char *header, const char *prefix, apr_pool_t *pool)
{
    const char *at = header;
    pair_t pair;
    char *out, *to;

    if (strstr(header, prefix) == NULL) {
        return header;
    }
    to = out = apr_palloc(pool, strlen(header) * 2 + 1);
    while (next_pair(&at, &pair)) {
        if (holds(&pair, prefix)) {
            continue;
        }
        if (to != out) {
            *to++ = ';';
            *to++ = ' ';
        }
        memcpy(to, pair.start, pair.length);
        to += pair.length;
    }
    *to = '\0';
    return to == out ? NULL : out;
}
