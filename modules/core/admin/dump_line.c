/*
 * The lines of a dump: see dump_line.h.
 *
 * SECURITY. A dump may have been changed by hand: nothing in a line is believed but what its record type allows.
 */
#include "core/admin/dump_line.h"

#include <string.h>

#include <apr_base64.h>
#include <apr_strings.h>

/* --- texts ------------------------------------------------------------------------------------------------------- */

static json_t *text_out(const char *text, apr_pool_t *pool)
{
    json_t *value = json_string(text);

    return value != NULL ? value : json_pack("{s:s}", "hex", anshin_hex(text, strlen(text), pool));
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 0: it is no hexadecimal. */
static int read_hex(const char *hex, anshin_bytes_t *bytes, apr_pool_t *pool)
{
    apr_size_t length = hex != NULL ? strlen(hex) : 1;
    unsigned char *data = apr_palloc(pool, length / 2 + 1);

    for (apr_size_t i = 0; length % 2 == 0 && i < length; i += 2) {
        int high = digit_of(hex[i]);
        int low = digit_of(hex[i + 1]);

        if (high < 0 || low < 0) {
            return 0;
        }
        data[i / 2] = (unsigned char)(high * 16 + low);
    }
    data[length / 2] = '\0';
    *bytes = (anshin_bytes_t){data, length / 2};
    return length % 2 == 0;
}

/* NULL: it is none. */
static const char *text_in(const json_t *value, apr_pool_t *pool)
{
    anshin_bytes_t bytes;

    if (json_is_string(value)) {
        return apr_pstrdup(pool, json_string_value(value));
    }
    return read_hex(json_string_value(json_object_get(value, "hex")), &bytes, pool) &&
                   memchr(bytes.data, '\0', bytes.length) == NULL
               ? (const char *)bytes.data
               : NULL;
}

/* --- fields ------------------------------------------------------------------------------------------------------ */

static json_t *array_out(const apr_array_header_t *array, int texts, apr_pool_t *pool)
{
    json_t *values = array != NULL && array->nelts > 0 ? json_array() : NULL;

    for (int i = 0; values != NULL && i < array->nelts; i++) {
        json_array_append_new(values, texts ? text_out(APR_ARRAY_IDX(array, i, const char *), pool)
                                            : json_integer(APR_ARRAY_IDX(array, i, apr_int64_t)));
    }
    return values;
}

/* NULL: it is empty. */
static json_t *field_out(const anshin_field_t *field, const void *member, apr_pool_t *pool)
{
    const char *text;

    switch (field->kind) {
    case ANSHIN_FIELD_INT:
    case ANSHIN_FIELD_TIME:
        return *(const apr_int64_t *)member != 0 ? json_integer(*(const apr_int64_t *)member) : NULL;
    case ANSHIN_FIELD_TEXT:
        text = *(const char *const *)member;
        return text != NULL && *text != '\0' ? text_out(text, pool) : NULL;
    case ANSHIN_FIELD_TEXTS:
    case ANSHIN_FIELD_INTS:
        return array_out(*(apr_array_header_t *const *)member, field->kind == ANSHIN_FIELD_TEXTS, pool);
    }
    return NULL;
}

static apr_array_header_t *array_in(const json_t *values, int texts, apr_pool_t *pool)
{
    apr_array_header_t *array = apr_array_make(pool, (int)json_array_size(values) + 1,
                                               texts ? (int)sizeof(const char *) : (int)sizeof(apr_int64_t));

    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *value = json_array_get(values, i);
        const char *text = texts ? text_in(value, pool) : NULL;

        if (texts ? text == NULL : !json_is_integer(value)) {
            return NULL;
        }
        if (texts) {
            APR_ARRAY_PUSH(array, const char *) = text;
        } else {
            APR_ARRAY_PUSH(array, apr_int64_t) = json_integer_value(value);
        }
    }
    return json_is_array(values) ? array : NULL;
}

/* 0: the value is of another kind. */
static int field_in(const anshin_field_t *field, void *member, const json_t *value, apr_pool_t *pool)
{
    switch (field->kind) {
    case ANSHIN_FIELD_INT:
    case ANSHIN_FIELD_TIME:
        *(apr_int64_t *)member = json_integer_value(value);
        return json_is_integer(value);
    case ANSHIN_FIELD_TEXT:
        return (*(const char **)member = text_in(value, pool)) != NULL;
    case ANSHIN_FIELD_TEXTS:
    case ANSHIN_FIELD_INTS:
        return (*(apr_array_header_t **)member = array_in(value, field->kind == ANSHIN_FIELD_TEXTS, pool)) != NULL;
    }
    return 0;
}

/* --- records ----------------------------------------------------------------------------------------------------- */

json_t *anshin_dump_record(const anshin_record_type_t *type, const char *key, const void *record, apr_pool_t *pool)
{
    const anshin_bytes_t *later = (const anshin_bytes_t *)(const void *)((const char *)record + type->later);
    json_t *fields = json_object();
    json_t *line = json_pack("{s:s, s:o, s:o}", "record", type->name, "key", text_out(key, pool), "fields", fields);

    for (apr_size_t i = 0; line != NULL && i < type->field_count; i++) {
        const anshin_field_t *field = &type->fields[i];
        json_t *value = field_out(field, (const char *)record + field->offset, pool);

        if (value != NULL) {
            json_object_set_new(fields, field->name, value);
        }
    }
    if (line != NULL && later->length > 0) {
        json_object_set_new(line, "later", json_string(anshin_hex(later->data, later->length, pool)));
    }
    return line;
}

static const anshin_record_type_t *type_of(const char *name)
{
    const anshin_record_type_t *const *type = anshin_record_types;

    while (*type != NULL && (name == NULL || strcmp((*type)->name, name) != 0)) {
        type++;
    }
    return *type;
}

static const anshin_field_t *field_of(const anshin_record_type_t *type, const char *name)
{
    for (apr_size_t i = 0; i < type->field_count; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            return &type->fields[i];
        }
    }
    return NULL;
}

const char *anshin_dump_read_record(const json_t *line, const anshin_record_type_t **type, const char **key,
                                    void **record, apr_pool_t *pool)
{
    json_t *fields = json_object_get(line, "fields");
    const json_t *more = json_object_get(line, "later");
    anshin_bytes_t later = {NULL, 0};
    const char *name;
    json_t *value;

    *type = type_of(json_string_value(json_object_get(line, "record")));
    *key = text_in(json_object_get(line, "key"), pool);
    if (*type == NULL || *type == &anshin_record_due) {
        return "is of a record type that this version does not know";
    }
    if (*key == NULL || !json_is_object(fields) || json_object_size(line) != (more != NULL ? 4u : 3u) ||
        (more != NULL && !read_hex(json_string_value(more), &later, pool))) {
        return "is no record";
    }
    *record = apr_pcalloc(pool, (*type)->size);
    json_object_foreach(fields, name, value)
    {
        const anshin_field_t *field = field_of(*type, name);

        if (field == NULL) {
            return "has a field that this version does not know";
        }
        if (!field_in(field, (char *)*record + field->offset, value, pool)) {
            return "has a field of another kind";
        }
    }
    memcpy((char *)*record + (*type)->later, &later, sizeof(later));
    return NULL;
}

/* --- blobs and times --------------------------------------------------------------------------------------------- */

json_t *anshin_dump_blob(const char *name, anshin_bytes_t data, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)data.length));

    (void)apr_base64_encode_binary(text, data.data, (int)data.length);
    return json_pack("{s:s, s:s}", "blob", name, "base64", text);
}

const char *anshin_dump_read_blob(const json_t *line, const char **name, anshin_bytes_t *data, apr_pool_t *pool)
{
    const char *text = json_string_value(json_object_get(line, "base64"));
    unsigned char *octets;

    *name = text_in(json_object_get(line, "blob"), pool);
    if (*name == NULL || text == NULL || json_object_size(line) != 2) {
        return "is no blob";
    }
    octets = apr_palloc(pool, (apr_size_t)apr_base64_decode_len(text) + 1);
    data->length = (apr_size_t)apr_base64_decode_binary(octets, text);
    data->data = octets;
    return data->length <= ANSHIN_BLOB_MAX ? NULL : "is a blob that is too long";
}

json_t *anshin_dump_due(const anshin_record_type_t *type, const char *key, apr_time_t when, apr_pool_t *pool)
{
    return json_pack("{s:s, s:o, s:I}", "due", type->name, "key", text_out(key, pool), "at", (json_int_t)when);
}

const char *anshin_dump_read_due(const json_t *line, const anshin_record_type_t **type, const char **key,
                                 apr_time_t *when, apr_pool_t *pool)
{
    *type = type_of(json_string_value(json_object_get(line, "due")));
    *key = text_in(json_object_get(line, "key"), pool);
    *when = json_integer_value(json_object_get(line, "at"));
    return *type != NULL && (*type)->due != ANSHIN_DUE_NEVER && *key != NULL && *when > 0 ? NULL : "is no time";
}
