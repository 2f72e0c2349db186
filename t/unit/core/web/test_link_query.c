/*
 * Tokens of links in queries (core/web/link_query.h): hidden in whatever way their name is written (S9).
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>

#include "core/web/link_query.h"
#include "unit/memory.h"
#include "unit/tap.h"

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

#define TOKEN "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKL_012"

/* What mail programs and hands add to a link (S9: the token alone is what counts). */
static void test_trimmed(apr_pool_t *pool)
{
    static const char *const queries[] = {"t=" TOKEN,         "t=" TOKEN ".",         "t=" TOKEN ")",
                                          "t=" TOKEN ">",     "t=" TOKEN "%20",       "t=" TOKEN "%E3%80%82",
                                          "t=" TOKEN "%3E.",  "t=" TOKEN "%E3%80%8D", "t=3D" TOKEN,
                                          "amp;t=" TOKEN,     "t=" TOKEN ";",         "t=" TOKEN "&utm_source=mail",
                                          "fbclid=x&t=" TOKEN};
    const char *token;

    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        (void)anshin_link_query_hide(queries[i], &token, pool);
        ok(same_text(token, TOKEN), "?%s is a link that works (B56)", queries[i]);
    }
    (void)anshin_link_query_hide("t=" TOKEN "x", &token, pool);
    ok(same_text(token, TOKEN "x"), "a token with more characters is none");
}

static void test_mask(apr_pool_t *pool)
{
    static const struct {
        const char *text;
        int query;
        const char *masked;
    } cases[] = {
        {"/anshin/register;t=" TOKEN, 0, "/anshin/register;t=-"},
        {"/anshin/register/?t=" TOKEN, 0, "/anshin/register/?t=-"},
        {"GET /anshin/register%3Ft=" TOKEN " HTTP/1.1", 0, "GET /anshin/register%3Ft=- HTTP/1.1"},
        {"GET /anshin/register?t%3D" TOKEN " HTTP/1.1", 0, "GET /anshin/register?t%3D- HTTP/1.1"},
        {"t%3D" TOKEN, 1, "t%3D-"},
        {"return=%2Fregister%3Ft%3D" TOKEN "&x=1", 1, "return=%2Fregister%3Ft%3D-&x=1"},
        {"return=%252Fregister%253Ft%253D" TOKEN, 1, "return=%252Fregister%253Ft%25-"},
        {"url=https://a.example/anshin/register?t=" TOKEN ";v=1", 1, "url=https://a.example/anshin/register?t=-;v=1"},
        {"%61bcdefghijklmnopqrstuvwxyz%2dABCDEFGHIJKL%5f012", 1, "-"},
        {"https://a.example/anshin/register?t=" TOKEN, 0, "https://a.example/anshin/register?t=-"},
        {"/anshin/static/" TOKEN ".css", 0, "/anshin/static/" TOKEN ".css"},
        {"t=abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKL_01", 1, "t=abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKL_01"},
        {"%", 1, "%"},
        {"a%4", 0, "a%4"},
        {"%zz=%", 0, "%zz=%"},
        {"", 0, ""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *exact = strdup(cases[i].text); /* its end guarded by the sanitizer */
        const char *masked = anshin_link_mask(exact, cases[i].query, pool);

        ok(same_text(masked, cases[i].masked), "S9: %s is logged as %s", exact, masked);
        free(exact);
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
    test_trimmed(pool);
    test_mask(pool);
    test_long(pool);
    apr_terminate();
    return done();
}
