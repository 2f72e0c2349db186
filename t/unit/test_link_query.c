/*
 * Tokens of links in queries (core/link_query.h): hidden in whatever way their name is written (S9).
 */
#include <apr_general.h>
#include <apr_strings.h>

#include "core/link_query.h"
#include "memory.h"
#include "tap.h"

static void test_cases(apr_pool_t *pool)
{
    static const struct {
        const char *query, *hidden, *token;
    } cases[] = {
        {"t=secret", "t=-", "secret"},
        {"t=secret&lang=ja", "t=-&lang=ja", "secret"},
        {"lang=ja&%74=secret", "lang=ja&t=-", "secret"},
        {"T=secret", "t=-", "secret"},
        {"%54=secret", "t=-", "secret"},
        {"t=one&x&t=two", "t=-&x&t=-", "two"},
        {"&&t=one&", "t=-", "one"},
        {"t=", "t=-", ""},
        {"t=a=b", "t=-", "a=b"},
        {"tt=a&at=b&t", "tt=a&at=b&t", NULL},
        {"return=%26t%3Dsecret", "return=%26t%3Dsecret", NULL},
        {"", "", NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *token = "untouched";
        const char *hidden = anshin_link_query_hide(cases[i].query, &token, pool);

        ok(same_text(hidden, cases[i].hidden), "S9: ?%s is logged as ?%s", cases[i].query, hidden);
        ok(same_text(token, cases[i].token), "its token is %s", token ? token : "(none)");
    }
}

/* As long as httpd takes a request line: what it costs grows with its length alone. */
static void test_long(apr_pool_t *pool)
{
    char *query = apr_palloc(pool, 8191);
    const char *hidden;
    const char *token;
    long before;

    for (int i = 0; i < 8190; i += 3) {
        memcpy(query + i, "t=&", 3);
    }
    query[8190] = '\0';
    before = memory_pages();
    hidden = anshin_link_query_hide(query, &token, pool);
    ok(strlen(hidden) == 2730 * 4 - 1 && same_text(token, ""), "2,730 tokens in one query");
    ok(memory_pages() - before < 256, "S32: take little memory (%ld pages)", memory_pages() - before);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_cases(pool);
    test_long(pool);
    apr_terminate();
    return done();
}
