/*
 * Forms as strangers send them. Inputs lie in malloc'd buffers without a NUL, so that the sanitizers see every byte
 * read beyond them.
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>

#include "core/web/form.h"
#include "unit/pieces.h"
#include "unit/tap.h"

#define AREA 4096

static apr_pool_t *pool;

static apr_status_t parse(anshin_form_t **form, const char *text, apr_size_t length, anshin_error_t *err)
{
    char *exact = malloc(length ? length : 1);
    apr_status_t status;

    if (exact == NULL) {
        exit(1);
    }
    memcpy(exact, text, length);
    anshin_error_clear(err);
    status = anshin_form_parse(form, length ? exact : NULL, length, ANSHIN_FORM_FIELDS_MAX, err, pool);
    free(exact);
    return status;
}

static const char *value_of(const char *text, const char *name)
{
    anshin_error_t err;
    anshin_form_t *form;

    return parse(&form, text, strlen(text), &err) == APR_SUCCESS ? anshin_form_get(form, name) : "(refused)";
}

static void test_values(void)
{
    anshin_error_t err;
    anshin_form_t *form;

    ok(same_text(value_of("user=p-01-usr007&password=x", "user"), "p-01-usr007"), "a field among others");
    ok(same_text(value_of("a=b+c%20d", "a"), "b c d"), "plus and %%20 are spaces");
    ok(same_text(value_of("a=%2B%26%3D%25", "a"), "+&=%"), "encoded signs of the syntax are data");
    ok(same_text(value_of("a=b=c", "a"), "b=c"), "only the first '=' divides");
    ok(same_text(value_of("a=", "a"), ""), "an empty value");
    ok(same_text(value_of("a", "a"), ""), "a name alone has an empty value");
    ok(same_text(value_of("&&a=1&&b=2&", "b"), "2"), "empty parts are nothing");
    ok(same_text(value_of("%61=1", "a"), "1"), "names are decoded too");
    ok(same_text(value_of("a=%e3%81%82", "a"), "\xe3\x81\x82"), "UTF-8, lower-case digits");
    ok(same_text(value_of("a=\xe3\x81\x82", "a"), "\xe3\x81\x82"), "UTF-8 that was not encoded");
    ok(same_text(value_of("a=%0d%0aX", "a"), "\r\nX"), "line ends are data; output escapes them (S27)");
    ok(value_of("a=1", "b") == NULL, "a field that is not there is no value");
    ok(parse(&form, "", 0, &err) == APR_SUCCESS && anshin_form_get(form, "a") == NULL, "an empty body has no fields");
    ok(parse(&form, "a=bc", 3, &err) == APR_SUCCESS && same_text(anshin_form_get(form, "a"), "b"),
       "not a byte beyond the length is read");
}

static void test_refused(void)
{
    static const struct {
        const char *text;
        apr_size_t length;
        const char *id;
        const char *what;
    } cases[] = {
        {"a=%", 3, "AN0280", "a percent sign at the end"},
        {"a=%4", 4, "AN0280", "half an escape at the end"},
        {"a=%4&b=1", 8, "AN0280", "an escape that reaches into the next field"},
        {"a=%zz", 5, "AN0280", "an escape that is not hexadecimal"},
        {"%=1", 3, "AN0280", "a broken escape in a name"},
        {"a=%00", 5, "AN0282", "an encoded NUL"},
        {"a=b\0c", 5, "AN0282", "a plain NUL"},
        {"a\0=1", 4, "AN0282", "NUL in a name"},
        {"a=%ff", 5, "AN0282", "a byte that UTF-8 does not have"},
        {"a=%c0%af", 8, "AN0282", "an overlong form"},
        {"a=%ed%a0%80", 11, "AN0282", "a surrogate"},
        {"a=%e3%81", 8, "AN0282", "half a character"},
        {"a=%f4%90%80%80", 14, "AN0282", "beyond Unicode"},
        {"=1", 2, "AN0283", "a field without a name"},
        {"a=1&a=2", 7, "AN0284", "a repeated field"},
        {"a=1&%61=1", 9, "AN0284", "a repeated field, encoded otherwise"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        anshin_error_t err;
        anshin_form_t *form;
        apr_status_t status = parse(&form, cases[i].text, cases[i].length, &err);

        ok(status == ANSHIN_EINVALID && form == NULL && same_text(err.id, cases[i].id), "%s is refused (S32)",
           cases[i].what);
    }
}

/* What a body may be. */
static void test_types(void)
{
    static const struct {
        const char *type;
        const char *coding;
        int form;
    } cases[] = {
        {"application/x-www-form-urlencoded", NULL, 1},
        {"Application/X-WWW-Form-URLencoded; charset=UTF-8", NULL, 1},
        {"application/x-www-form-urlencoded ;charset=UTF-8", NULL, 1},
        {"application/x-www-form-urlencoded", "gzip", 0},
        {"application/x-www-form-urlencoded", "", 0},
        {"application/x-www-form-urlencoded2", NULL, 0},
        {"application/x-www-form-urlencoded,multipart/form-data", NULL, 0},
        {" application/x-www-form-urlencoded", NULL, 0},
        {"multipart/form-data; boundary=application/x-www-form-urlencoded", NULL, 0},
        {"text/plain", NULL, 0},
        {"", NULL, 0},
        {NULL, NULL, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(anshin_form_type(cases[i].type, cases[i].coding) == cases[i].form, "S32: a body of type %s%s%s is %s form",
           cases[i].type ? cases[i].type : "(none)", cases[i].coding ? ", coding " : "",
           cases[i].coding ? cases[i].coding : "", cases[i].form ? "a" : "no");
    }
}

/* "f1=v&f2=v&..." */
static const char *many(int count)
{
    char *text = apr_pstrdup(pool, "");
    int i;

    for (i = 0; i < count; i++) {
        text = apr_psprintf(pool, "%s%sf%d=v", text, i ? "&" : "", i);
    }
    return text;
}

static const char *filled(const char *start, char with, int count)
{
    char *text = apr_palloc(pool, strlen(start) + (apr_size_t)count + 1);

    memcpy(text, start, strlen(start));
    memset(text + strlen(start), with, (apr_size_t)count);
    text[strlen(start) + (apr_size_t)count] = '\0';
    return text;
}

static void test_limits(void)
{
    anshin_error_t err;
    anshin_form_t *form;
    const char *most = filled("", '&', ANSHIN_FORM_BODY_MAX);
    const char *singles = filled("", 'a', 1);
    const char *rows;

    ok(same_text(value_of(many(ANSHIN_FORM_FIELDS_MAX), "f31"), "v"), "as many fields as are allowed");
    ok(same_text(value_of(many(ANSHIN_FORM_FIELDS_MAX + 1), "f1"), "(refused)"), "one more is refused (S32)");
    anshin_error_clear(&err);
    rows = many(ANSHIN_FORM_ROWS_MAX);
    ok(anshin_form_parse(&form, rows, strlen(rows), ANSHIN_FORM_ROWS_MAX, &err, pool) == APR_SUCCESS &&
           same_text(anshin_form_get(form, "f127"), "v"),
       "and as many as a form with rows has");
    rows = many(ANSHIN_FORM_ROWS_MAX + 1);
    ok(anshin_form_parse(&form, rows, strlen(rows), ANSHIN_FORM_ROWS_MAX, &err, pool) == ANSHIN_EINVALID &&
           same_text(err.id, "AN0285"),
       "one more is refused there as well (S32)");
    ok(strlen(value_of(filled("a=", 'x', ANSHIN_FORM_VALUE_MAX), "a")) == ANSHIN_FORM_VALUE_MAX, "the longest value");
    ok(same_text(value_of(filled("a=", 'x', ANSHIN_FORM_VALUE_MAX + 1), "a"), "(refused)"), "one byte more (S32)");
    ok(same_text(value_of(filled("", 'n', ANSHIN_FORM_NAME_MAX + 1), "n"), "(refused)"), "a name too long (S32)");
    ok(parse(&form, most, strlen(most), &err) == APR_SUCCESS, "the longest body, of nothing");
    most = filled("", '&', ANSHIN_FORM_BODY_MAX + 1);
    ok(parse(&form, most, strlen(most), &err) == ANSHIN_EINVALID && same_text(err.id, "AN0286"), "one byte more (S32)");
    ok(parse(&form, singles, 1, &err) == APR_SUCCESS && same_text(anshin_form_get(form, "a"), ""),
       "a body of one byte");
    ok(parse(&form, "a&b&c&d&e&f&g&h", 15, &err) == APR_SUCCESS && anshin_form_get(form, "h"),
       "names alone fit into the buffer");
}

static void wipe(void *ctx, void *buffer, apr_size_t length)
{
    (void)ctx;
    memset(buffer, 0, length);
}

static void test_wipe(void)
{
    static const anshin_crypto_t crypto = {.wipe = wipe};
    anshin_error_t err;
    anshin_form_t *form;
    const char *secret;

    ok(parse(&form, "user=u&password=secret", 22, &err) == APR_SUCCESS, "a form with a secret");
    secret = anshin_form_get(form, "password");
    ok(same_text(secret, "secret"), "which can be read");
    anshin_form_wipe(form, &crypto);
    ok(memcmp(secret, "\0\0\0\0\0\0", 6) == 0, "and is overwritten when wiped");
    ok(anshin_form_get(form, "password") == NULL, "the form holds nothing any more");
    anshin_form_wipe(NULL, &crypto);
    ok(1, "wiping no form does nothing");
}

/* What a pool has handed out: without sanitizers, in its own block, which it gives again when it is cleared. */
static int has_secret(apr_pool_t *own, const char *area)
{
    return pieces_have != NULL ? pieces_have(own, "secret") : memmem(area, AREA, "secret", 6) != NULL;
}

static void test_wipe_refused(void)
{
    static const char refused[] = "password=%73ecret&a=1&a=2";
    anshin_form_t *form;
    apr_pool_t *own;
    char *area;

    apr_pool_create(&own, pool);
    area = apr_pcalloc(own, AREA);
    apr_pool_clear(own);
    ok(anshin_form_parse(&form, "a=%73ecret", 10, 1, NULL, own) == APR_SUCCESS && has_secret(own, area),
       "a form that is read lies in its pool");
    if (pieces_have == NULL) {
        memset(area, 0, AREA);
    }
    apr_pool_clear(own);
    ok(anshin_form_parse(&form, refused, sizeof(refused) - 1, 3, NULL, own) == ANSHIN_EINVALID &&
           !has_secret(own, area),
       "one that is refused leaves nothing behind of what came before");
    apr_pool_destroy(own);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_values();
    test_refused();
    test_limits();
    test_types();
    test_wipe();
    test_wipe_refused();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
