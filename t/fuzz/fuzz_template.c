/*
 * Templates that are the operator's and may be anything, and values that are a stranger's: three texts with NUL
 * between, a template, its partial "p", a value. Whatever stands in the first two, a value stands in an HTML page
 * escaped, unless the template asks for it as it is.
 */
#include "fuzz.h"

#include "core/render/template.h"

#define MARK "\x01" /* put around the value, to find it again */

static const char *partial;

static apr_status_t find(void *baton, const char *name, const char **source, anshin_error_t *err, apr_pool_t *pool)
{
    (void)baton;
    (void)err;
    (void)pool;
    if (strcmp(name, "p") != 0) {
        return ANSHIN_ENOTFOUND;
    }
    *source = partial;
    return APR_SUCCESS;
}

static const char *escape_slowly(const char *text, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, strlen(text) * 6 + 1);
    char *to = out;

    for (; *text != '\0'; text++) {
        const char *as = *text == '&'    ? "&amp;"
                         : *text == '<'  ? "&lt;"
                         : *text == '>'  ? "&gt;"
                         : *text == '"'  ? "&quot;"
                         : *text == '\'' ? "&#39;"
                                         : NULL;

        if (as != NULL) {
            to = apr_cpystrn(to, as, 7);
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
    return out;
}

/* A value by several names, in a list and inside of objects; numbers and words besides. */
static json_t *make_data(const char *value)
{
    json_t *data = json_pack("{s:s, s:[s, s], s:{s:s, s:{s:s}}, s:i, s:f, s:b, s:n, s:[]}", "v", value, "list", value,
                             value, "o", "v", value, "o", "w", value, "n", 42, "r", 0.5, "t", 1, "null", "none");

    require(data != NULL);
    return data;
}

/* Neither {{{v}}}, also with white space in it, nor {{&v}}, and no other delimiters that could make a tag of that kind.
 */
static int asks_for_nothing_raw(const char *source)
{
    const char *tag = source;

    while ((tag = strstr(tag, "{{")) != NULL) {
        tag += 2;
        if (tag[strspn(tag, " \t\n\v\f\r")] == '{') {
            return 0;
        }
    }
    return strchr(source, '&') == NULL && strchr(source, '=') == NULL;
}

/* Between the marks of a value there is the value, escaped. */
static void check_marks(const char *out, const char *escaped)
{
    const char *at = out;

    while ((at = strstr(at, MARK)) != NULL) {
        require(strncmp(at + 1, escaped, strlen(escaped)) == 0 && at[1 + strlen(escaped)] == *MARK);
        at += strlen(escaped) + 2;
    }
}

static void check_source(const char *source, const char *value, apr_pool_t *pool)
{
    json_t *data = make_data(apr_pstrcat(pool, MARK, value, MARK, NULL));
    const anshin_template_t template = {source, ANSHIN_TEMPLATE_HTML, find, NULL};
    const char *out = NULL;
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_template_render(&out, &template, data, &err, pool);
    json_decref(data);
    require(status == APR_SUCCESS || (status == ANSHIN_EINVALID && err.text[0] != '\0'));
    if (status != APR_SUCCESS) {
        return;
    }
    require(strlen(out) <= ANSHIN_TEMPLATE_MAX);
    if (strstr(source, MARK) == NULL && strstr(partial, MARK) == NULL && asks_for_nothing_raw(source) &&
        asks_for_nothing_raw(partial)) {
        check_marks(out, escape_slowly(value, pool));
    }
}

/* A value in a template that is as it should be comes out whole in every place. */
static void check_value(const char *value, apr_pool_t *pool)
{
    static const char source[] = "<p title=\"{{v}}\">{{#list}}[{{.}}]{{/list}}{{o.o.w}}{{{v}}}{{^none}}{{&v}}{{/none}}";
    const char *escaped = escape_slowly(value, pool);
    const char *expected = apr_pstrcat(pool, "<p title=\"", escaped, "\">", "", NULL);
    json_t *data = make_data(value);
    const char *out;

    if (*value != '\0') {
        expected = apr_pstrcat(pool, expected, "[", escaped, "][", escaped, "]", NULL);
    } else {
        expected = apr_pstrcat(pool, expected, "[][]", NULL);
    }
    expected = apr_pstrcat(pool, expected, escaped, value, value, NULL);
    require(anshin_template_render(&out, &(anshin_template_t){.source = source}, data, NULL, pool) == APR_SUCCESS);
    json_decref(data);
    require(strcmp(out, expected) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    char *texts[3];
    json_t *string;

    fuzz_split(texts, 3, data, size, '\0');
    string = json_string(texts[2]);
    if (string == NULL || strstr(texts[2], MARK) != NULL) { /* values are UTF-8 by the time they are in JSON */
        texts[2] = fuzz_text((const uint8_t *)"<b a='\"&'>", 10);
    }
    json_decref(string);
    partial = texts[1];
    check_source(texts[0], texts[2], pool);
    check_value(texts[2], pool);
    return 0;
}
