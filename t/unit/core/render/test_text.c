/*
 * Texts of the interface: loading, overriding by a contract, choosing the language; then the texts and templates that
 * we
 * ship: both languages have the same keys, and every text that a template names exists.
 * The directory of the sources comes from ANSHIN_SOURCE_DIR, or is the current one.
 */
#include <stdlib.h>

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "core/render/template_dirs.h"
#include "core/render/template.h"
#include "core/render/text.h"
#include "unit/scratch.h"
#include "unit/tap.h"

static void write_file(const char *dir, const char *name, const char *text, apr_pool_t *pool)
{
    apr_dir_make_recursive(dir, APR_FPROT_OS_DEFAULT, pool);
    scratch_write(apr_pstrcat(pool, dir, "/", name, NULL), text, strlen(text), 0644);
}

static void test_overrides(const char *root, apr_pool_t *pool)
{
    const char *ours = apr_pstrcat(pool, root, "/ours", NULL);
    const char *theirs = apr_pstrcat(pool, root, "/contract", NULL);
    const char *const both[] = {ours, theirs, NULL};
    const char *const one[] = {ours, NULL};
    anshin_texts_t *texts = NULL;
    anshin_error_t err = {0};
    json_t *data = json_pack("{s:i, s:s}", "remaining", 3, "name", "<&>");

    write_file(ours, "ja.json", "{\"login\": {\"title\": \"J\", \"left\": \"{{remaining}} {{name}}\"}, \"top\": \"T\"}",
               pool);
    write_file(ours, "en.json", "{\"login\": {\"title\": \"E\", \"left\": \"x\"}, \"top\": \"T\"}", pool);
    write_file(ours, "README.md", "not a language", pool);
    write_file(ours, "..json", "[", pool);
    write_file(theirs, "ja.json", "{\"login\": {\"title\": \"Brand\"}, \"own\": {\"a\": \"b\"}}", pool);
    ok(anshin_texts_load(&texts, both, &err, pool) == APR_SUCCESS, "two directories load %s", err.text);
    ok(same_text(anshin_texts_get(texts, "ja", "login.title"), "Brand"), "a contract overrides one text");
    ok(same_text(anshin_texts_get(texts, "ja", "top"), "T"), "... and keeps the others");
    ok(same_text(anshin_texts_get(texts, "ja", "own.a"), "b"), "... and may bring texts of its own");
    ok(same_text(anshin_texts_get(texts, "en", "login.title"), "E"), "... in one language only");
    ok(same_text(anshin_texts_get(texts, "ja", "login.gap"), "login.gap"), "a missing text shows its key");
    ok(same_text(anshin_texts_get(texts, "ja", "login"), "login"), "an object is no text");
    ok(same_text(anshin_texts_get(texts, "ja", "top.title"), "top.title"), "a text has no parts");
    ok(same_text(anshin_texts_get(texts, "ja", ""), ""), "the empty key");
    ok(same_text(anshin_texts_get(texts, "ja", "login..title"), "login..title"), "an empty part finds nothing");
    ok(same_text(anshin_texts_get(texts, "xx", "top"), "T"), "an unknown language falls back to Japanese");
    ok(anshin_texts_object(texts, NULL) == anshin_texts_object(texts, "ja"), "... so does none");
    ok(same_text(anshin_texts_render(texts, "ja", "login.left", data, pool), "3 <&>"), "rendered as plain text");
    ok(same_text(anshin_texts_render(texts, "ja", "login.left", NULL, pool), " "), "... without data");
    ok(same_text(anshin_texts_render(texts, "ja", "no.such", data, pool), "no.such"),
       "... a missing one shows its key");
    ok(anshin_texts_load(&texts, one, &err, pool) == APR_SUCCESS &&
           same_text(anshin_texts_get(texts, "ja", "login.title"), "J"),
       "loading twice does not mix them");
    json_decref(data);
}

static void refuse(const char *root, const char *what, const char *json, const char *cause, apr_pool_t *pool)
{
    const char *dir = apr_pstrcat(pool, root, "/bad", NULL);
    const char *const dirs[] = {dir, NULL};
    anshin_texts_t *texts = NULL;
    anshin_error_t err = {0};
    apr_status_t status;

    write_file(dir, "ja.json", json, pool);
    status = anshin_texts_load(&texts, dirs, &err, pool);
    ok(status == ANSHIN_EINVALID && !texts && strstr(err.text, "ja.json") && strstr(err.text, cause), "%s: %s", what,
       err.text);
}

static void test_bad_files(const char *root, apr_pool_t *pool)
{
    const char *const absent[] = {apr_pstrcat(pool, root, "/absent", NULL), NULL};
    const char *const empty[] = {apr_pstrcat(pool, root, "/empty", NULL), NULL};
    const char *const none[] = {NULL};
    anshin_texts_t *texts = NULL;
    anshin_error_t err = {0};

    refuse(root, "broken JSON", "{\n \"a\": \"b\",\n \"c\": }\n", "line 3", pool);
    refuse(root, "an empty file", "", "line", pool);
    refuse(root, "invalid UTF-8", "{\"a\": \"\x93\x8c\"}", "line 1", pool);
    refuse(root, "the same key twice", "{\"a\": \"1\",\n\"a\": \"2\"}", "line 2", pool);
    refuse(root, "a list at the top", "[]", "object", pool);
    refuse(root, "a number", "{\"a\": {\"b\": 1}}", "\"a.b\"", pool);
    refuse(root, "a list", "{\"a\": {\"b\": [\"x\"]}}", "\"a.b\"", pool);
    refuse(root, "null", "{\"a\": null}", "\"a\"", pool);
    refuse(root, "a broken template", "{\"a\": {\"b\": \"{{remaining\"}}", "\"a.b\"", pool);
    refuse(root, "nested too deeply",
           "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":\"x\"}}}}}}}}}}", "deeply", pool);
    ok(anshin_texts_load(&texts, absent, &err, pool) == ANSHIN_ENOTFOUND && !texts, "missing directory: %s", err.text);
    anshin_error_clear(&err);
    apr_dir_make(empty[0], APR_FPROT_OS_DEFAULT, pool);
    ok(anshin_texts_load(&texts, empty, &err, pool) == ANSHIN_ENOTFOUND && !texts, "no language: %s", err.text);
    anshin_error_clear(&err);
    ok(anshin_texts_load(&texts, none, &err, pool) == ANSHIN_ENOTFOUND && !texts, "no directory");
}

static void test_kinds_do_not_change(const char *root, apr_pool_t *pool)
{
    const char *base = apr_pstrcat(pool, root, "/base", NULL);
    const char *over = apr_pstrcat(pool, root, "/over", NULL);
    const char *const dirs[] = {base, over, NULL};
    anshin_texts_t *texts = NULL;
    anshin_error_t err = {0};

    write_file(base, "ja.json", "{\"login\": {\"title\": \"J\"}}", pool);
    write_file(over, "ja.json", "{\"login\": \"all gone\"}", pool);
    ok(anshin_texts_load(&texts, dirs, &err, pool) == ANSHIN_EINVALID, "a text cannot replace an object: %s", err.text);
    anshin_error_clear(&err);
    write_file(over, "ja.json", "{\"login\": {\"title\": {\"a\": \"b\"}}}", pool);
    ok(anshin_texts_load(&texts, dirs, &err, pool) == ANSHIN_EINVALID, "an object cannot replace a text: %s", err.text);
}

static void test_negotiation(const char *root, apr_pool_t *pool)
{
    static const struct {
        const char *header;
        const char *language;
    } cases[] = {
        {NULL, "ja"},
        {"", "ja"},
        {"en", "en"},
        {"EN-us", "en"},
        {"en-GB-oxendict", "en"},
        {"ja,en-US;q=0.9,en;q=0.8", "ja"},
        {"fr-CH, fr;q=0.9, en;q=0.8, ja;q=0.7, *;q=0.5", "en"},
        {"en;q=0.5, ja;q=0.6", "ja"},
        {"en;q=0.501,ja;q=0.5", "en"},
        {"en;q=0.5,ja;q=0.5", "en"},
        {"en ; q=0.9 , ja ; Q=1", "ja"},
        {"en;q=0, *", "ja"},
        {"en;q=0", "ja"},
        {"de, fr", "ja"},
        {"*", "ja"},
        {"*;q=0.1,en;q=0.2", "en"},
        {"zh-TW", "zh-TW"},
        {"zh", "ja"},
        {"zh-TW-x-private, en", "zh-TW"},
        {"en;q=nonsense, ja;q=0.1", "ja"},
        {"en;q=2, ja;q=0.1", "ja"},
        {"en;q=-1, ja;q=0.1", "ja"},
        {"en;level=1, ja;q=0.1", "ja"},
        {", ,,;;; en", "ja"},
        {",,, en", "en"},
        {";q=1, en;q=0.1", "en"},
        {"e", "ja"},
        {"-", "ja"},
        {"en-", "en"},
        {"\xff\xfe, en", "en"},
    };
    const char *dir = apr_pstrcat(pool, root, "/languages", NULL);
    const char *const dirs[] = {dir, NULL};
    anshin_texts_t *texts = NULL;
    anshin_error_t err = {0};
    char *huge = apr_palloc(pool, 100001);

    write_file(dir, "en.json", "{}", pool);
    write_file(dir, "ja.json", "{}", pool);
    write_file(dir, "zh-TW.json", "{}", pool);
    ok(anshin_texts_load(&texts, dirs, &err, pool) == APR_SUCCESS, "three languages");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *header = cases[i].header ? strdup(cases[i].header) : NULL;

        ok(same_text(anshin_texts_language(texts, NULL, header), cases[i].language), "Accept-Language %zu: %s", i,
           cases[i].language);
        free(header);
    }
    memset(huge, 'e', 100000);
    huge[100000] = '\0';
    ok(same_text(anshin_texts_language(texts, NULL, huge), "ja"), "Accept-Language of 100,000 letters");
    memset(huge, ',', 100000);
    ok(same_text(anshin_texts_language(texts, NULL, huge), "ja"), "Accept-Language of 100,000 commas");
    memset(huge, '-', 100000);
    ok(same_text(anshin_texts_language(texts, NULL, huge), "ja"), "Accept-Language of 100,000 hyphens");
    ok(same_text(anshin_texts_language(texts, "en", "ja"), "en"), "a preference goes before the header");
    ok(same_text(anshin_texts_language(texts, "EN", "ja"), "en"), "... and comes back as our name of it");
    ok(same_text(anshin_texts_language(texts, "../../etc", "en"), "en"), "an unknown preference does not count");
    ok(same_text(anshin_texts_language(texts, "", NULL), "ja"), "an empty one neither");
}

/* What we ship. */

static int missing_keys(json_t *here, json_t *there, const char *prefix, apr_pool_t *pool)
{
    const char *key;
    json_t *value;
    int missing = 0;

    json_object_foreach(here, key, value)
    {
        const json_t *other = json_object_get(there, key);

        if (!other || json_typeof(other) != json_typeof(value)) {
            printf("# only in one language: %s%s\n", prefix, key);
            missing++;
        } else if (json_is_object(value)) {
            missing +=
                missing_keys(value, json_object_get(there, key), apr_pstrcat(pool, prefix, key, ".", NULL), pool);
        } else if (json_string_length(value) == 0) {
            printf("# empty: %s%s\n", prefix, key);
            missing++;
        }
    }
    return missing;
}

static int count_texts(const json_t *texts)
{
    const char *key;
    json_t *value;
    int count = 0;

    json_object_foreach((json_t *)(intptr_t)texts, key, value)
    {
        count += json_is_object(value) ? count_texts(value) : 1;
    }
    return count;
}

typedef struct usage_t {
    const anshin_texts_t *texts;
    int used;
    int missing;
    int files;
    int forms;
    int unsafe;
} usage_t;

static int count_of(const char *text, const char *part)
{
    int count = 0;

    for (text = strstr(text, part); text; text = strstr(text + 1, part)) {
        count++;
    }
    return count;
}

/* What a page must not hold: values that are not escaped, and anything that the Content-Security-Policy would stop. One
 * value is
 * markup: the QR code that we draw ourselves. */
static void check_safety(usage_t *usage, const char *path, const char *source)
{
    static const char *const bad[] = {"{{&",        " style=",     "<style",  " onclick=", " onload=", " onsubmit=",
                                      " onchange=", "javascript:", "http://", "https://",  "<script>"};
    int forms = count_of(source, "method=\"post\"");

    if (count_of(source, "{{{") != count_of(source, "{{{page.qr_svg}}}")) {
        printf("# %s holds a value that is not escaped\n", path);
        usage->unsafe++;
    }

    /* Out of a frame, and nowhere else. */
    if (count_of(source, "target=") != count_of(source, " target=\"_top\"")) {
        printf("# %s opens another window\n", path);
        usage->unsafe++;
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (strstr(source, bad[i])) {
            printf("# %s holds %s\n", path, bad[i]);
            usage->unsafe++;
        }
    }
    if (forms != count_of(source, "name=\"csrf\" value=\"{{csrf}}\"") || forms != count_of(source, "<form ")) {
        printf("# %s: a form without csrf, or not sent by POST\n", path);
        usage->unsafe++;
    }
    usage->forms += forms;
}

/* Every "t.x.y" inside of a tag: {{t.a.b}}, {{{t.a.b}}}, {{#t.a.b}}. */
static void check_source(usage_t *usage, const char *path, const char *source, apr_pool_t *pool)
{
    const char *at = source;

    while ((at = strstr(at, "{{")) != NULL) {
        const char *key;
        apr_size_t length;

        at += strspn(at, "{&#^ ");
        if (strncmp(at, "t.", 2) != 0) {
            continue;
        }
        length = strspn(at + 2, "abcdefghijklmnopqrstuvwxyz0123456789_.");
        key = apr_pstrmemdup(pool, at + 2, length);
        usage->used++;
        if (same_text(anshin_texts_get(usage->texts, "ja", key), key)) {
            printf("# %s: there is no text \"%s\"\n", path, key);
            usage->missing++;
        }
    }
}

static void check_templates(usage_t *usage, const char *path, apr_pool_t *pool)
{
    apr_dir_t *dir;
    apr_finfo_t info;

    if (apr_dir_open(&dir, path, pool) != APR_SUCCESS) {
        return;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
        const char *name = apr_pstrcat(pool, path, "/", info.name, NULL);
        const char *const dirs[] = {path, NULL};
        anshin_template_dirs_t source_dirs = {dirs, ".mustache"};
        apr_size_t length = strlen(info.name);
        const char *source;
        const char *out;

        if (info.filetype == APR_DIR && info.name[0] != '.') {
            check_templates(usage, name, pool);
        }
        if (length < 10 || strcmp(info.name + length - 9, ".mustache") != 0) {
            continue;
        }
        anshin_error_t err = {0};
        apr_status_t status =
            anshin_template_from_dirs(&source_dirs, apr_pstrmemdup(pool, info.name, length - 9), &source, &err, pool);

        if (status == APR_SUCCESS) {
            status = anshin_template_render(&out, &(anshin_template_t){.source = source}, NULL, &err, pool);
        }
        ok(status == APR_SUCCESS, "%s is well formed %s", info.name, err.text);
        usage->files++;
        if (status == APR_SUCCESS) {
            check_source(usage, name, source, pool);
            check_safety(usage, name, source);
        }
    }
    apr_dir_close(dir);
}

static void test_shipped(apr_pool_t *pool)
{
    char *root = NULL;
    const char *dirs[] = {NULL, NULL};
    anshin_texts_t *texts = NULL;
    anshin_error_t err = {0};
    usage_t usage = {0};
    json_t *ja;
    json_t *en;

    apr_env_get(&root, "ANSHIN_SOURCE_DIR", pool);
    root = root ? root : ".";
    dirs[0] = apr_pstrcat(pool, root, "/htdocs/lang", NULL);
    if (!ok(anshin_texts_load(&texts, dirs, &err, pool) == APR_SUCCESS, "the shipped texts load %s", err.text)) {
        return;
    }
    ja = anshin_texts_object(texts, "ja");
    en = anshin_texts_object(texts, "en");
    ok(ja != en && count_texts(ja) > 100, "Japanese and English, %d texts", count_texts(ja));
    ok(missing_keys(ja, en, "", pool) == 0, "English has every Japanese text");
    ok(missing_keys(en, ja, "", pool) == 0, "Japanese has every English text");
    usage.texts = texts;
    check_templates(&usage, apr_pstrcat(pool, root, "/htdocs/templates", NULL), pool);
    ok(usage.files > 15 && usage.used > 100, "%d templates name %d texts", usage.files, usage.used);
    ok(usage.missing == 0, "every text that a template names exists");
    ok(usage.unsafe == 0 && usage.forms > 5,
       "no template shows a value unescaped, holds inline style or script, or a form without csrf: %d forms (S10, S19, S27)",
       usage.forms);
}

int main(void)
{
    apr_pool_t *pool;
    const char *root;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    root = scratch_directory(pool);
    test_overrides(root, pool);
    test_bad_files(root, pool);
    test_kinds_do_not_change(root, pool);
    test_negotiation(root, pool);
    test_shipped(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
