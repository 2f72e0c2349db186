/*
 * Cache-Control of what is behind the login (core/web/cache_control.h, S34).
 */
#include <apr_general.h>
#include <stdlib.h>

#include "core/web/cache_control.h"
#include "unit/tap.h"

static void test_private(apr_pool_t *pool)
{
    static const struct {
        const char *said, *sent;
    } cases[] = {
        {NULL, "private, no-cache"},
        {"", "private, no-cache"},
        {" , ,", "private, no-cache"},
        {"max-age=3600", "private, max-age=3600"},
        {"public, max-age=60", "private, max-age=60"},
        {"PUBLIC,Max-Age=60", "private, Max-Age=60"},
        {"max-age=60, s-maxage=900, proxy-revalidate", "private, max-age=60"},
        {"s-maxage=\"900, x\", must-revalidate", "private, must-revalidate"},
        {"private", "private"},
        {"max-age=60 , private", "max-age=60 , private"},
        {"private, public", "private"},
        {"private=\"Set-Cookie, X\", max-age=1", "private, max-age=1"},
        {"private=, max-age=1", "private, max-age=1"},
        {"no-cache=\"Set-Cookie, Y\"", "private, no-cache=\"Set-Cookie, Y\""},
        {"no-store", "private, no-store"},
        {"no-cache", "private, no-cache"},
        {"publicity=1", "private, publicity=1"},
        {"x=\"a\\\", public\", y", "private, x=\"a\\\", public\", y"},
        {"x=\"never ends, public", "private, x=\"never ends, public"},
        {"x=\"never ends\\", "private, x=\"never ends\\"},
        {"=junk, public", "private"},
        {"max-age = 60, public", "private, max-age"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *said = cases[i].said != NULL ? strdup(cases[i].said) : NULL; /* whatever reads beyond it is seen */
        const char *sent = anshin_cache_control_private(said, pool);

        ok(same_text(sent, cases[i].sent), "S34: \"%s\" goes out as \"%s\"", said != NULL ? said : "(nothing)", sent);
        free(said);
    }
}

static void test_shared(void)
{
    static const struct {
        const char *said;
        int shared;
    } cases[] = {
        {NULL, 0},
        {"", 0},
        {"max-age=60", 0},
        {"public", 1},
        {"max-age=60, S-MaxAge=1", 1},
        {"public, private", 0},
        {"private=\"X\", public", 0},
        {"no-store, public", 0},
        {"x=\"public\"", 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(anshin_cache_control_shared(cases[i].said) == cases[i].shared, "S34: \"%s\" %s a shared cache",
           cases[i].said != NULL ? cases[i].said : "(nothing)", cases[i].shared ? "is for" : "is not for");
    }
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_private(pool);
    test_shared();
    apr_terminate();
    return done();
}
