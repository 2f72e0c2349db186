/*
 * The Cookie header, in two lines: the header, the name that is asked for. What is found stands there and nowhere
 * twice with another value (a planted cookie is not believed); what is stripped is gone, and the rest is there.
 */
#include "fuzz.h"

#include "core/web/cookie_header.h"

/* The only "name=value" of the header, read the long way round; NULL: none, or several that differ. */
static const char *find_slowly(const char *header, const char *name, apr_pool_t *pool)
{
    const char *start = apr_pstrcat(pool, name, "=", NULL);
    char *rest = apr_pstrdup(pool, header);
    const char *found = NULL;
    char *last;

    for (char *pair = apr_strtok(rest, ";", &last); pair != NULL; pair = apr_strtok(NULL, ";", &last)) {
        size_t length;

        pair += strspn(pair, " \t");
        for (length = strlen(pair); length > 0 && strchr(" \t", pair[length - 1]) != NULL; length--) {
            pair[length - 1] = '\0';
        }
        if (strncmp(pair, start, strlen(start)) != 0) {
            continue;
        }
        if (found != NULL && strcmp(found, pair + strlen(start)) != 0) {
            return NULL;
        }
        found = pair + strlen(start);
    }
    return found;
}

static void check_find(const char *header, const char *name, const char *value, apr_pool_t *pool)
{
    const char *expected = find_slowly(header, name, pool);
    const char *planted = apr_pstrcat(pool, header, "; ", name, "=another", NULL);
    const char *again = anshin_cookie_find(planted, name, pool);

    require((value == NULL) == (expected == NULL));
    require(value == NULL || strcmp(value, expected) == 0);
    require(value == NULL || strcmp(value, "another") == 0 || again == NULL);
}

static void check_strip(const char *header, const char *name, const char *value, apr_pool_t *pool)
{
    const char *session = anshin_session_cookie("p-01", pool);
    const char *left = anshin_cookie_strip(header, ANSHIN_SESSION_COOKIE_PREFIX, pool);
    int plain = value != NULL && strstr(name, ANSHIN_SESSION_COOKIE_PREFIX) == NULL &&
                strstr(value, ANSHIN_SESSION_COOKIE_PREFIX) == NULL;

    require(left != NULL || !plain);
    if (left == NULL) {
        return;
    }
    require(strlen(left) <= 2 * strlen(header));
    require(anshin_cookie_find(left, session, pool) == NULL);
    /* As somebody may read it who joins two Cookie lines, or takes ',' for ';'. */
    require(strncmp(left, session, strlen(session)) != 0 &&
            strstr(left, apr_pstrcat(pool, " ", session, NULL)) == NULL &&
            strstr(left, apr_pstrcat(pool, ",", session, NULL)) == NULL &&
            strstr(left, apr_pstrcat(pool, ";", session, NULL)) == NULL);
    require(strcmp(anshin_cookie_strip(left, ANSHIN_SESSION_COOKIE_PREFIX, pool), left) == 0);
    if (plain) {
        require(strcmp(anshin_cookie_find(left, name, pool), value) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const char *value;
    char *lines[2];

    fuzz_split(lines, 2, data, size, '\n');
    if (strcspn(lines[1], " \t;=") != strlen(lines[1]) || *lines[1] == '\0') {
        lines[1] = fuzz_text((const uint8_t *)"name", 4); /* names are ours: tokens */
    }
    value = anshin_cookie_find(lines[0], lines[1], pool);
    check_find(lines[0], lines[1], value, pool);
    check_strip(lines[0], lines[1], value, pool);
    return 0;
}
