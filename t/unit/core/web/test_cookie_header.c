/* core/web/cookie_header.c: finding one cookie and hiding ours, in headers as browsers and others send them (S18). */
#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>

#include "core/web/cookie_header.h"
#include "unit/tap.h"

static apr_pool_t *pool;

static void find(void)
{
    static const struct {
        const char *header, *value;
    } cases[] = {
        {NULL, NULL},
        {"", NULL},
        {";;; ; ", NULL},
        {"s=1", "1"},
        {"a=0; s=1; b=2", "1"},
        {"a=0;s=1;b=2", "1"},
        {"  s=1  ", "1"},
        {"s=", ""},
        {"s", NULL},
        {"=1", NULL},
        {"S=1", NULL},
        {"ss=1; xs=2; s1=3", NULL},
        {"s=1; s=1", "1"},
        {"s=1; s=2", NULL},
        {"s=1; a=0; s=12", NULL},
        {"s=a=b", "a=b"},
        {"s=\"1\"", "\"1\""},
        {"a=s=1", NULL},
        {"s =1", NULL},
        {"a=\"x; s=1\"", "1\""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(same_text(anshin_cookie_find(cases[i].header, "s", pool), cases[i].value), "S18: in \"%s\" it is %s",
           cases[i].header ? cases[i].header : "(no header)", cases[i].value ? cases[i].value : "(none)");
    }
}

static void strip(void)
{
    static const struct {
        const char *header, *left;
    } cases[] = {
        {"a=1; b=2", "a=1; b=2"},
        {"__Host-anshin-p-01=x", NULL},
        {"__Host-anshin-p-01=x; __Host-anshin-b=y", NULL},
        {"a=1; __Host-anshin-p-01=x; b=2", "a=1; b=2"},
        {"__Host-anshin-p-01=x;b=2", "b=2"},
        {"a=1;;;__Host-anshin-p-01=x;;", "a=1"},
        {"a=1;b=2;__Host-anshin-p-01=x", "a=1; b=2"},
        {"a=__Host-anshin-p-01", "a=__Host-anshin-p-01"},
        {"__Host-anshin-p-01", NULL},
        {"__host-anshin-p-01=x", "__host-anshin-p-01=x"},
        {"a=1, __Host-anshin-p-01=x; b=2", "b=2"},
        {"a=1,__Host-anshin-p-01=x", NULL},
        {"a=1 \t__Host-anshin-p-01=x;b=2", "b=2"},
        {"a=\"__Host-anshin-p-01=x\"", NULL},
    };
    const char *untouched = "a=1;b=2";

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(same_text(anshin_cookie_strip(cases[i].header, ANSHIN_SESSION_COOKIE_PREFIX, pool), cases[i].left),
           "of \"%s\" is left \"%s\"", cases[i].header, cases[i].left ? cases[i].left : "");
    }
    ok(anshin_cookie_strip(untouched, ANSHIN_SESSION_COOKIE_PREFIX, pool) == untouched,
       "nothing of ours: the very header");
}

/* Exactly as long as it is, so that a sanitizer sees a step too far; growing by ';', which the result spaces out. */
static void tight(void)
{
    int right = 0;

    for (size_t length = 1; length < 200; length++) {
        char *header = malloc(length + 20);

        memset(header, 'a', length);
        for (size_t i = 1; i < length; i += 2) {
            header[i] = ';';
        }
        memcpy(header + length, ";__Host-anshin-p=1", 19);
        right += anshin_cookie_strip(header, ANSHIN_SESSION_COOKIE_PREFIX, pool) != NULL;
        free(header);
    }
    ok(right == 199, "many cookies of one sign each");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    ok(same_text(anshin_session_cookie("p-01", pool), "__Host-anshin-p-01"), "S18: the name has the prefix __Host-");
    find();
    strip();
    tight();
    apr_terminate();
    return done();
}
