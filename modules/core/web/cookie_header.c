/*
 * The Cookie header: see cookie_header.h. What is read here is the browser's, or anybody's.
 */
#include "core/web/cookie_header.h"

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
    const char *from = *at, *end;
    apr_size_t length;

    while (*from == ' ' || *from == '\t' || *from == ';') { /* no strspn(3): it costs more than these few signs */
        from++;
    }
    end = strchr(from, ';');
    length = end != NULL ? (apr_size_t)(end - from) : strlen(from);
    *at = from + length;
    while (length > 0 && (from[length - 1] == ' ' || from[length - 1] == '\t')) {
        length--;
    }
    pair->start = from;
    pair->length = length;
    return length > 0;
}

/* A name in two parts, so that it need not be put together for each request. */
typedef struct name_t {
    const char *first, *second;
    apr_size_t first_length, length;
} name_t;

static int is_named(const pair_t *pair, const name_t *name)
{
    return pair->length > name->length && pair->start[name->length] == '=' &&
           strncmp(pair->start, name->first, name->first_length) == 0 &&
           strncmp(pair->start + name->first_length, name->second, name->length - name->first_length) == 0;
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

static const char *find(const char *header, const char *first, const char *second, apr_pool_t *pool)
{
    const name_t name = {first, second, strlen(first), strlen(first) + strlen(second)};
    pair_t pair, found = {NULL, 0};

    if (header == NULL) {
        return NULL;
    }
    while (next_pair(&header, &pair)) {
        if (!is_named(&pair, &name)) {
            continue;
        }
        if (found.start != NULL &&
            (found.length != pair.length || strncmp(found.start, pair.start, pair.length) != 0)) {
            return NULL;
        }
        found = pair;
    }
    return found.start == NULL ? NULL
                               : apr_pstrmemdup(pool, found.start + name.length + 1, found.length - name.length - 1);
}

const char *anshin_cookie_find(const char *header, const char *name, apr_pool_t *pool)
{
    return find(header, "", name, pool);
}

const char *anshin_session_cookie_find(const char *header, const char *contract, apr_pool_t *pool)
{
    return find(header, ANSHIN_SESSION_COOKIE_PREFIX, contract, pool);
}

void anshin_cookie_each(const char *header, const char *prefix, anshin_cookie_visit_fn *visit, void *baton,
                        apr_pool_t *pool)
{
    apr_size_t length = strlen(prefix);
    pair_t pair;

    while (header != NULL && next_pair(&header, &pair)) {
        const char *text = apr_pstrmemdup(pool, pair.start, pair.length);
        const char *equals = strchr(text, '=');

        if (equals != NULL && strncmp(text, prefix, length) == 0 && (apr_size_t)(equals - text) >= length) {
            visit(baton, apr_pstrmemdup(pool, text + length, (apr_size_t)(equals - text) - length), equals + 1);
        }
    }
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
