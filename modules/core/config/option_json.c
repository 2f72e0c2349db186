/*
 * Options to and from JSON, for the snapshot that worker and command read. See option_json.h.
 *
 * The snapshot lies in the state directory, which only our own users can write. It is checked like directives all the
 * same: it may be of another version, or somebody may have edited it.
 */
#include "core/config/option_json.h"

#include <string.h>

#include <apr_strings.h>

#define ARGUMENTS_MAX 256

/* --- out --- */

static json_t *words_to_json(const char *words)
{
    json_t *array = json_array();

    while (array != NULL && *words != '\0') {
        apr_size_t length = strcspn(words, " ");

        if (json_array_append_new(array, json_stringn(words, length)) != 0) {
            json_decref(array);
            return NULL;
        }
        words += length + (words[length] == ' ');
    }
    return array;
}

static json_t *texts_to_json(const apr_array_header_t *texts)
{
    json_t *array = json_array();

    for (int i = 0; array != NULL && texts != NULL && i < texts->nelts; i++) {
        if (json_array_append_new(array, json_string(APR_ARRAY_IDX(texts, i, const char *))) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *option_to_json(const void *structure, const anshin_option_t *option, apr_pool_t *pool)
{
    switch (option->kind) {
    case ANSHIN_OPTION_TEXTS:
    case ANSHIN_OPTION_LOCAL:
        return texts_to_json(*(apr_array_header_t *const *)(const void *)((const char *)structure + option->offset));
    case ANSHIN_OPTION_SET:
    case ANSHIN_OPTION_SPANS:
        return words_to_json(anshin_option_print(structure, option, pool));
    default:
        return json_string(anshin_option_print(structure, option, pool));
    }
}

json_t *anshin_options_to_json(const void *structure, const anshin_option_t *options, apr_pool_t *pool)
{
    json_t *object = json_object();

    for (const anshin_option_t *option = options; object != NULL && option->directive != NULL; option++) {
        if (json_object_set_new(object, option->directive, option_to_json(structure, option, pool)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* --- in --- */

static apr_status_t malformed(const anshin_option_t *option, anshin_error_t *err)
{
    return anshin_fail(err, ANSHIN_EINVALID, "AN0903", "%s: neither a text nor a list of texts without NUL",
                       option->directive);
}

/* A JSON string as an argument; NULL when it is none, or has a NUL inside. */
static const char *argument(const json_t *value)
{
    const char *text = json_string_value(value);

    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

static apr_status_t option_from_json(void *structure, const anshin_option_t *option, const json_t *value,
                                     anshin_error_t *err, apr_pool_t *pool)
{
    const char *argv[ARGUMENTS_MAX];
    size_t argc = json_is_array(value) ? json_array_size(value) : 1;

    if (argc > ARGUMENTS_MAX) {
        return malformed(option, err);
    }
    for (size_t i = 0; i < argc; i++) {
        argv[i] = argument(json_is_array(value) ? json_array_get(value, i) : value);
        if (argv[i] == NULL) {
            return malformed(option, err);
        }
    }
    if (argc == 0 || (argc == 1 && *argv[0] == '\0')) {
        return APR_SUCCESS; /* not given */
    }
    return anshin_option_parse(structure, option, (int)argc, argv, err, pool);
}

apr_status_t anshin_options_from_json(void *structure, const anshin_option_t *options, json_t *json,
                                      anshin_error_t *err, apr_pool_t *pool)
{
    const char *directive;
    json_t *value;

    if (!json_is_object(json)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0904", "options must be a JSON object");
    }
    json_object_foreach(json, directive, value)
    {
        const anshin_option_t *option = anshin_option_find(options, directive);
        apr_status_t status;

        if (option == NULL) {
            return anshin_fail(err, ANSHIN_EINVALID, "AN0905", "%.60s is not a setting of this version", directive);
        }
        status = option_from_json(structure, option, value, err, pool);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    return APR_SUCCESS;
}
