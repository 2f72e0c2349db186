/*
 * Texts of the interface: JSON files merged over each other, one object a language, read only once they are loaded.
 *
 * Threads share the objects. Handing them out changes their reference counts, which jansson does atomically where the
 * compiler has atomics (Debian's build does).
 */
#include "core/render/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_file_info.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "core/render/template.h"

#define DEFAULT_LANGUAGE "ja"
#define NESTING_MAX 8
#define KEY_MAX_LENGTH 256

typedef struct language_t {
    const char *code; /* "ja", "en", "zh-Hant" */
    json_t *texts;
} language_t;

struct anshin_texts_t {
    apr_array_header_t *languages; /* language_t, in the order they were found */
    apr_pool_t *pool;
};

/* Where a text stands, for messages. */
typedef struct place_t {
    const char *path;
    const char *key;
    int depth;
    anshin_error_t *err;
    apr_pool_t *pool;
} place_t;

static apr_status_t release_texts(void *baton)
{
    const anshin_texts_t *texts = baton;
    int i;

    for (i = 0; i < texts->languages->nelts; i++) {
        json_decref(APR_ARRAY_IDX(texts->languages, i, language_t).texts);
    }
    return APR_SUCCESS;
}

static const language_t *find_language(const anshin_texts_t *texts, const char *code)
{
    int i;

    for (i = 0; i < texts->languages->nelts; i++) {
        const language_t *language = &APR_ARRAY_IDX(texts->languages, i, language_t);

        if (strcasecmp(language->code, code) == 0) {
            return language;
        }
    }
    return NULL;
}

/* The language that answers when none fits. There is always one: loading fails otherwise. */
static const language_t *fallback(const anshin_texts_t *texts)
{
    const language_t *language = find_language(texts, DEFAULT_LANGUAGE);

    return language ? language : &APR_ARRAY_IDX(texts->languages, 0, language_t);
}

/* "ja.json" -> "ja"; NULL for files that name no language. */
static const char *language_of_file(const char *file, apr_pool_t *pool)
{
    apr_size_t length = strlen(file);
    apr_size_t i;

    if (length < 7 || length > 20 || strcmp(file + length - 5, ".json") != 0) {
        return NULL;
    }
    for (i = 0; i < length - 5; i++) {
        if (!apr_isalnum(file[i]) && (file[i] != '-' || i == 0)) {
            return NULL;
        }
    }
    return apr_pstrmemdup(pool, file, length - 5);
}

static apr_status_t wrong_text(const place_t *place, const char *cause)
{
    return anshin_fail(place->err, ANSHIN_EINVALID, "AN0220", "%s: text \"%s\": %s", place->path, place->key, cause);
}

/* A text that is a broken template is found when texts are loaded, not when the page is shown. */
static apr_status_t check_template(const place_t *place, const char *text)
{
    const anshin_template_t template = {.source = text, .mode = ANSHIN_TEMPLATE_TEXT};
    const char *out;
    anshin_error_t cause = {0};

    if (strstr(text, "{{") && anshin_template_render(&out, &template, NULL, &cause, place->pool) != APR_SUCCESS) {
        return wrong_text(place, cause.text);
    }
    return APR_SUCCESS;
}

static apr_status_t merge(json_t *base, json_t *over, const place_t *place);

static apr_status_t merge_one(json_t *base, const char *key, json_t *value, const place_t *place)
{
    json_t *old = json_object_get(base, key);
    json_t *copy;

    if (!json_is_string(value) && !json_is_object(value)) {
        return wrong_text(place, "must be a string or an object of texts");
    }
    if (old && json_typeof(old) != json_typeof(value)) {
        return wrong_text(place, json_is_string(old) ? "must be a string here" : "must be an object of texts here");
    }
    if (json_is_string(value)) {
        if (check_template(place, json_string_value(value)) != APR_SUCCESS) {
            return ANSHIN_EINVALID;
        }
        copy = json_copy(value);
        return json_object_set_new(base, key, copy) == 0 ? APR_SUCCESS : ANSHIN_EFAULT;
    }
    if (!old) {
        old = json_object();
        if (json_object_set_new(base, key, old) != 0) {
            return ANSHIN_EFAULT;
        }
    }
    return merge(old, value, place);
}

/* Lay the texts of over on base; every text of base that over does not name stays. */
static apr_status_t merge(json_t *base, json_t *over, const place_t *place)
{
    const char *key;
    json_t *value;

    if (place->depth > NESTING_MAX) {
        return wrong_text(place, "is nested too deeply");
    }
    json_object_foreach(over, key, value)
    {
        place_t inner = *place;
        apr_status_t status;

        inner.key = *place->key ? apr_pstrcat(place->pool, place->key, ".", key, NULL) : key;
        inner.depth++;
        status = merge_one(base, key, value, &inner);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t load_file(anshin_texts_t *texts, const char *code, const char *path, anshin_error_t *err,
                              apr_pool_t *pool)
{
    const language_t *language = find_language(texts, code);
    const place_t place = {.path = path, .key = "", .err = err, .pool = pool};
    json_error_t cause;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &cause);
    apr_status_t status;

    if (!file) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0221", "%s, line %d: %s", path, cause.line, cause.text);
    }
    if (!language) {
        language_t *added = apr_array_push(texts->languages);

        added->code = apr_pstrdup(texts->pool, code);
        added->texts = json_object();
        language = added;
    }
    status = json_is_object(file) ? merge(language->texts, file, &place)
                                  : anshin_fail(err, ANSHIN_EINVALID, "AN0222", "%s: must be an object of texts", path);
    json_decref(file);
    return status;
}

static apr_status_t load_dir(anshin_texts_t *texts, const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    apr_dir_t *dir;
    apr_finfo_t info;
    apr_status_t status = apr_dir_open(&dir, path, pool);

    if (status != APR_SUCCESS) {
        return anshin_fail(
            err, APR_STATUS_IS_ENOENT(status) || APR_STATUS_IS_ENOTDIR(status) ? ANSHIN_ENOTFOUND : ANSHIN_EFAULT,
            "AN0223", "cannot read the directory of texts %s", path);
    }
    while (status == APR_SUCCESS && apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        const char *code = language_of_file(info.name, pool);

        if (code) {
            status = load_file(texts, code, apr_pstrcat(pool, path, "/", info.name, NULL), err, pool);
        }
    }
    apr_dir_close(dir);
    return status;
}

apr_status_t anshin_texts_load(anshin_texts_t **texts, const char *const *dirs, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_texts_t *loaded = apr_pcalloc(pool, sizeof(*loaded));
    apr_pool_t *ptemp;
    apr_status_t status = apr_pool_create(&ptemp, pool);

    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0224", "no memory for the texts");
    }
    loaded->pool = pool;
    loaded->languages = apr_array_make(pool, 4, sizeof(language_t));
    apr_pool_cleanup_register(pool, loaded, release_texts, apr_pool_cleanup_null);
    for (; *dirs && status == APR_SUCCESS; dirs++) {
        status = load_dir(loaded, *dirs, err, ptemp);
    }
    apr_pool_destroy(ptemp);
    if (status == APR_SUCCESS && loaded->languages->nelts == 0) {
        status = anshin_fail(err, ANSHIN_ENOTFOUND, "AN0225", "no texts (such as ja.json) were found");
    }
    if (status == APR_SUCCESS) {
        *texts = loaded;
    }
    return status;
}

/* The weight of a language range, in thousandths (RFC 9110 12.4.2); 0, "not acceptable", when it cannot be read. */
static int weight_of(const char *parameters)
{
    char *end;
    double weight;

    while (*parameters == ' ' || *parameters == '\t') {
        parameters++;
    }
    if (!*parameters) {
        return 1000;
    }
    if (strncasecmp(parameters, "q=", 2) != 0 || !apr_isdigit(parameters[2])) {
        return 0;
    }
    weight = strtod(parameters + 2, &end);
    return weight >= 0.0 && weight <= 1.0 ? (int)(weight * 1000.0 + 0.5) : 0;
}

/* Our language for one range: "en" is for "en", "en-GB" and "EN"; "*" takes the default (RFC 4647 3.4). */
static const language_t *match_range(const anshin_texts_t *texts, char *range)
{
    const language_t *language;
    char *hyphen;

    if (strcmp(range, "*") == 0) {
        return fallback(texts);
    }
    while ((language = find_language(texts, range)) == NULL && (hyphen = strrchr(range, '-')) != NULL) {
        *hyphen = '\0';
    }
    return language;
}

static const language_t *negotiate(const anshin_texts_t *texts, const char *header)
{
    const language_t *best = NULL;
    int best_weight = 0;

    while (*header) {
        apr_size_t length = strcspn(header, ",");
        char range[64];
        apr_size_t name = strcspn(header, ",; \t");
        const char *parameters = "";
        char buffer[64];
        const language_t *language;
        int weight;

        apr_cpystrn(range, header, name < sizeof(range) ? name + 1 : 1);
        apr_cpystrn(buffer, header + name, length - name < sizeof(buffer) ? length - name + 1 : 1);
        if (strchr(buffer, ';')) {
            parameters = strchr(buffer, ';') + 1;
        }
        weight = weight_of(parameters);
        language = *range && weight > best_weight ? match_range(texts, range) : NULL;
        if (language) {
            best = language;
            best_weight = weight;
        }
        header += length;
        header += strspn(header, ", \t");
    }
    return best;
}

const char *anshin_texts_language(const anshin_texts_t *texts, const char *preference, const char *accept_language)
{
    const language_t *language = preference ? find_language(texts, preference) : NULL;

    if (!language && accept_language) {
        language = negotiate(texts, accept_language + strspn(accept_language, ", \t"));
    }
    return language ? language->code : fallback(texts)->code;
}

json_t *anshin_texts_object(const anshin_texts_t *texts, const char *language)
{
    const language_t *found = language ? find_language(texts, language) : NULL;

    return found ? found->texts : fallback(texts)->texts;
}

const char *anshin_texts_get(const anshin_texts_t *texts, const char *language, const char *key)
{
    const json_t *value = anshin_texts_object(texts, language);
    const char *part = key;

    while (value && *part) {
        apr_size_t length = strcspn(part, ".");

        value = json_object_getn(value, part, length);
        part += length + (part[length] ? 1 : 0);
    }
    return json_is_string(value) ? json_string_value(value) : key;
}

const char *anshin_texts_render(const anshin_texts_t *texts, const char *language, const char *key, json_t *data,
                                apr_pool_t *pool)
{
    const char *text = anshin_texts_get(texts, language, key);
    const anshin_template_t template = {.source = text, .mode = ANSHIN_TEMPLATE_TEXT};
    const char *out;

    if (!strstr(text, "{{")) {
        return text;
    }
    /* Every text was parsed when it was loaded, so that only one that grows without bound gets here. */
    return anshin_template_render(&out, &template, data, NULL, pool) == APR_SUCCESS ? out : key;
}
