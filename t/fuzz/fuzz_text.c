/*
 * Language files: two texts with NUL between, a language's file and a contract's file that is laid over it. What loads
 * holds texts alone, none of the first file is lost, and every text can be shown.
 */
#include "fuzz.h"

#include <sys/stat.h>

#include "core/render/text.h"

#define NESTING_MAX 8 /* levels of objects below the outermost that text.c admits */

static const char *base;
static const char *over;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    base = apr_pstrcat(fuzz_root(), fuzz_directory(), "/base", NULL);
    over = apr_pstrcat(fuzz_root(), fuzz_directory(), "/over", NULL);
    require(mkdir(base, 0700) == 0 && mkdir(over, 0700) == 0);
    return 0;
}

static apr_status_t load(anshin_texts_t **texts, const char *const *dirs, apr_pool_t *pool)
{
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_texts_load(texts, dirs, &err, pool);
    require(status == APR_SUCCESS || (status == ANSHIN_EINVALID && err.text[0] != '\0'));
    return status;
}

/* Every text of object, by its dotted key where that is unambiguous. */
static void check_texts(const anshin_texts_t *texts, json_t *object, const char *prefix, int depth, apr_pool_t *pool)
{
    const char *name;
    json_t *value;

    require(depth <= NESTING_MAX);
    json_object_foreach(object, name, value)
    {
        const char *key = apr_pstrcat(pool, prefix, *prefix != '\0' ? "." : "", name, NULL);

        require(json_is_string(value) || json_is_object(value));
        if (json_is_object(value)) {
            check_texts(texts, value, key, depth + 1, pool);
        } else if (*name != '\0' && strchr(name, '.') == NULL && key[0] != '.') {
            const char *text = anshin_texts_get(texts, "ja", key);

            require(depth > 0 || strcmp(text, json_string_value(value)) == 0);
            require(anshin_texts_render(texts, "ja", key, object, pool) != NULL);
        }
    }
}

/* Whatever texts old has, merged has as well. */
static void check_kept(json_t *merged, json_t *old)
{
    const char *name;
    json_t *value;

    json_object_foreach(old, name, value)
    {
        json_t *now = json_object_get(merged, name);

        require(now != NULL && json_typeof(now) == json_typeof(value));
        if (json_is_object(value)) {
            check_kept(now, value);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const char *const alone[] = {base, NULL};
    const char *const both[] = {base, over, NULL};
    const uint8_t *stop = size > 0 ? memchr(data, '\0', size) : NULL;
    size_t length = stop != NULL ? (size_t)(stop - data) : size;
    anshin_texts_t *texts;
    anshin_texts_t *merged;

    fuzz_file("base/ja.json", data, length);
    if (load(&texts, alone, pool) != APR_SUCCESS) {
        return 0;
    }
    check_texts(texts, anshin_texts_object(texts, "ja"), "", 0, pool);
    require(strcmp(anshin_texts_get(texts, "ja", "no such text"), "no such text") == 0 ||
            json_object_get(anshin_texts_object(texts, "ja"), "no such text") != NULL);
    if (stop != NULL) {
        fuzz_file("over/ja.json", stop + 1, size - length - 1);
        if (load(&merged, both, pool) == APR_SUCCESS) {
            check_texts(merged, anshin_texts_object(merged, "ja"), "", 0, pool);
            check_kept(anshin_texts_object(merged, "ja"), anshin_texts_object(texts, "ja"));
        }
    }
    return 0;
}
