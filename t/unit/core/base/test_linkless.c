/* core/base/linkless.c: text that no mail program makes a link of (NOM-1). */
#include <apr_general.h>

#include "core/base/linkless.h"
#include "unit/tap.h"

static apr_pool_t *pool;

static void becomes(const char *text, const char *expected)
{
    const char *got = anshin_linkless(text, pool);

    ok(strcmp(got, expected) == 0, "\"%s\" becomes \"%s\" (NOM-1)", text, expected);
    if (strcmp(got, expected) != 0) {
        printf("# got \"%s\"\n", got);
    }
    ok(!anshin_linkless_broken(got) && strcmp(anshin_linkless(got, pool), got) == 0,
       "in which nothing is left to change");
}

static void stays(const char *text)
{
    ok(anshin_linkless(text, pool) == text, "\"%s\" stays as it is", text);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    becomes("https://login.example/anshin?t=1", "");
    becomes("窓口https://login.example/へ", "窓口へ");
    becomes("(http://a.example/) 03-1234-5678", "() 03-1234-5678");
    becomes("see WWW.Example.JP now", "see  now");
    becomes("ftp://a javascript://b", " ");
    becomes("login.example", "login. example");
    becomes("www", "www");
    becomes("login.example.jp/path:443", "login. example. jp/path:443");
    becomes("Mr.Tanaka", "Mr. Tanaka");
    becomes("a.b.cc", "a.b. cc");
    stays("");
    stays("会員サイト 03-1234-5678（平日 9:00-17:00）");
    stays("help@login.example");
    stays("2026-12-01 10:00, 192.0.2.1, 2001:db8::1");
    stays("Version 1.0. End.");
    ok(anshin_linkless_broken("x https://a") && anshin_linkless_broken("www.a") &&
           !anshin_linkless_broken("a.example") && !anshin_linkless_broken("https: //a"),
       "a scheme or www. is told of");
    apr_pool_destroy(pool);
    return done();
}
