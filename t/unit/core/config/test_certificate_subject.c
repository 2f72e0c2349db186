/* core/config/certificate_subject.c: O and OU of certificates (CAS-1, ATT-1). */
#include "core/config/certificate_subject.h"

#include <apr_general.h>

#include "unit/tap.h"

static apr_pool_t *pool;

static const char *error(const char *expression)
{
    return anshin_certificate_subject_error(expression, "ub-organization-name", pool);
}

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

int main(void)
{
    static const struct {
        const char *expression, *organisation, *text;
    } cases[] = {{NULL, "安心薬局", NULL},
                 {"", "安心薬局", NULL},
                 {"会員サービス", "安心薬局", "会員サービス"},
                 {"会員サービス", NULL, "会員サービス"},
                 {"%{organisation}", "安心薬局", "安心薬局"},
                 {"%{organisation}", NULL, NULL},
                 {"%{organisation}", "", NULL},
                 {"会員 %{organisation} %{organisation}", "甲", "会員 甲 甲"},
                 {"100 % %{organisation}", "甲", "100 % 甲"},
                 {"%{organisation}", "%{organisation}", "%{organisation}"},
                 {"薬%{organisation}", A64, "薬aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}};

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = anshin_certificate_subject(cases[i].expression, cases[i].organisation, pool);

        ok(same_text(text, cases[i].text), "CAS-1, ATT-1: \"%s\" with organisation \"%s\"",
           cases[i].expression != NULL ? cases[i].expression : "-",
           cases[i].organisation != NULL ? cases[i].organisation : "-");
    }
    ok(error(NULL) == NULL && error("A %") == NULL && error(A64) == NULL && error("%{organisation}" A64) == NULL,
       "what is right");
    ok(strstr(error("a%{user}"), "%{user} is not known") != NULL && error("%{organisation} %{") != NULL,
       "what is not known is refused");
    ok(strstr(error(A64 "b"), "at most 64 characters") != NULL, "so is what is too long (RFC 5280 A.1)");
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
