/*
 * The record codec: see record.h.
 *
 *   record  = format *( tag length value )
 *   format  = 1 octet, FORMAT
 *   tag     = 1 octet
 *   length  = LEB128, octets of value
 *   value   = INT, TIME: zigzag LEB128
 *           | TEXT:      the octets, without NUL
 *           | TEXTS:     *( length octets )
 *           | INTS:      *( zigzag LEB128 )
 *
 * SECURITY: decoding trusts nothing about the bytes. They come from our own store, but a damaged file must end as
 * ANSHIN_EFAULT, never as a record that says something else.
 */
#include "core/store/record.h"

#include <stdint.h>
#include <string.h>

#include <apr_strings.h>

#define FORMAT 1
#define TAGS 256

/* --- the declarations, expanded ------------------------------------------------------------------------------------
 */

/* It takes the macros for functions. */
/* clang-format off */
#define ANSHIN_RECORD(name, number, due, owner) static const anshin_field_t fields_##name[] = {
#define ANSHIN_INT(name, tag, member) { #member, ANSHIN_FIELD_INT, tag, offsetof(anshin_##name##_t, member) },
#define ANSHIN_TIME(name, tag, member) { #member, ANSHIN_FIELD_TIME, tag, offsetof(anshin_##name##_t, member) },
#define ANSHIN_TEXT(name, tag, member) { #member, ANSHIN_FIELD_TEXT, tag, offsetof(anshin_##name##_t, member) },
#define ANSHIN_TEXTS(name, tag, member) { #member, ANSHIN_FIELD_TEXTS, tag, offsetof(anshin_##name##_t, member) },
#define ANSHIN_INTS(name, tag, member) { #member, ANSHIN_FIELD_INTS, tag, offsetof(anshin_##name##_t, member) },
#define ANSHIN_RECORD_END(name) };
#include "records.def"

#define ANSHIN_RECORD(name, number, due, owner) static const unsigned short texts_##name[] = {
#define ANSHIN_INT(name, tag, member)
#define ANSHIN_TIME(name, tag, member)
#define ANSHIN_TEXT(name, tag, member) offsetof(anshin_##name##_t, member),
#define ANSHIN_TEXTS(name, tag, member)
#define ANSHIN_INTS(name, tag, member)
#define ANSHIN_RECORD_END(name) offsetof(anshin_##name##_t, later) };
#include "records.def"

#define ANSHIN_RECORD(name, number, due, owner) \
    const anshin_record_type_t anshin_record_##name = { #name, number, ANSHIN_DUE_##due, ANSHIN_OWNER_##owner, \
                                                        sizeof(anshin_##name##_t), \
                                                        offsetof(anshin_##name##_t, later), fields_##name, \
                                                        sizeof(fields_##name) / sizeof(fields_##name[0]), \
                                                        texts_##name };
#define ANSHIN_INT(name, tag, member)
#define ANSHIN_TIME(name, tag, member)
#define ANSHIN_TEXT(name, tag, member)
#define ANSHIN_TEXTS(name, tag, member)
#define ANSHIN_INTS(name, tag, member)
#define ANSHIN_RECORD_END(name)
#include "records.def"

#define ANSHIN_RECORD(name, number, due, owner) &anshin_record_##name,
#define ANSHIN_INT(name, tag, member)
#define ANSHIN_TIME(name, tag, member)
#define ANSHIN_TEXT(name, tag, member)
#define ANSHIN_TEXTS(name, tag, member)
#define ANSHIN_INTS(name, tag, member)
#define ANSHIN_RECORD_END(name)
const anshin_record_type_t *const anshin_record_types[] = {
#include "records.def"
    NULL
};
/* clang-format on */

const anshin_record_type_t *anshin_record_type(apr_int64_t number)
{
    const anshin_record_type_t *const *type = anshin_record_types;

    while (*type != NULL && (*type)->number != number) {
        type++;
    }
    return *type;
}

/* --- encoding ------------------------------------------------------------------------------------------------------
 */

/* Where encoded bytes go. Without data they are only counted, so that one set of functions measures and writes. */
typedef struct sink_t {
    unsigned char *data;
    apr_size_t length;
} sink_t;

static void put_bytes(sink_t *sink, const void *bytes, apr_size_t length)
{
    if (sink->data != NULL && length > 0) {
        memcpy(sink->data + sink->length, bytes, length);
    }
    sink->length += length;
}

static void put_leb128(sink_t *sink, apr_uint64_t value)
{
    unsigned char bytes[10];
    apr_size_t length = 0;

    do {
        unsigned char low = (unsigned char)(value & 0x7f);

        value >>= 7;
        bytes[length++] = (unsigned char)(value != 0 ? (low | 0x80) : low);
    } while (value != 0);
    put_bytes(sink, bytes, length);
}

static void put_integer(sink_t *sink, apr_int64_t value)
{
    apr_uint64_t magnitude = (apr_uint64_t)value << 1;

    put_leb128(sink, value < 0 ? ~magnitude : magnitude);
}

static const void *member_of(const void *record, const anshin_field_t *field)
{
    return (const char *)record + field->offset;
}

static const anshin_bytes_t *later_of(const void *record, const anshin_record_type_t *type)
{
    return (const anshin_bytes_t *)(const void *)((const char *)record + type->later);
}

static int field_is_empty(const void *record, const anshin_field_t *field)
{
    const void *member = member_of(record, field);
    const apr_array_header_t *array;
    const char *text;

    switch (field->kind) {
    case ANSHIN_FIELD_INT:
    case ANSHIN_FIELD_TIME:
        return *(const apr_int64_t *)member == 0;
    case ANSHIN_FIELD_TEXT:
        text = *(const char *const *)member;
        return text == NULL || text[0] == '\0';
    case ANSHIN_FIELD_TEXTS:
    case ANSHIN_FIELD_INTS:
        array = *(apr_array_header_t *const *)member;
        return array == NULL || array->nelts == 0;
    }
    return 1;
}

static void put_value(sink_t *sink, const void *record, const anshin_field_t *field)
{
    const void *member = member_of(record, field);
    const apr_array_header_t *array;
    const char *text;

    switch (field->kind) {
    case ANSHIN_FIELD_INT:
    case ANSHIN_FIELD_TIME:
        put_integer(sink, *(const apr_int64_t *)member);
        break;
    case ANSHIN_FIELD_TEXT:
        text = *(const char *const *)member;
        put_bytes(sink, text, strlen(text));
        break;
    case ANSHIN_FIELD_TEXTS:
        array = *(apr_array_header_t *const *)member;
        for (int i = 0; i < array->nelts; i++) {
            text = APR_ARRAY_IDX(array, i, const char *);
            put_leb128(sink, text != NULL ? strlen(text) : 0);
            put_bytes(sink, text, text != NULL ? strlen(text) : 0);
        }
        break;
    case ANSHIN_FIELD_INTS:
        array = *(apr_array_header_t *const *)member;
        for (int i = 0; i < array->nelts; i++) {
            put_integer(sink, APR_ARRAY_IDX(array, i, apr_int64_t));
        }
        break;
    }
}

static void put_record(sink_t *sink, const anshin_record_type_t *type, const void *record)
{
    static const unsigned char format = FORMAT;

    put_bytes(sink, &format, 1);
    for (apr_size_t i = 0; i < type->field_count; i++) {
        const anshin_field_t *field = &type->fields[i];
        sink_t measure = {NULL, 0};

        if (field_is_empty(record, field)) {
            continue;
        }
        put_value(&measure, record, field);
        put_bytes(sink, &field->tag, 1);
        put_leb128(sink, measure.length);
        put_value(sink, record, field);
    }
    put_bytes(sink, later_of(record, type)->data, later_of(record, type)->length);
}

apr_status_t anshin_record_encode(anshin_bytes_t *out, const anshin_record_type_t *type, const void *record,
                                  apr_pool_t *pool)
{
    sink_t sink = {NULL, 0};

    out->data = NULL;
    out->length = 0;
    put_record(&sink, type, record);
    if (sink.length > ANSHIN_RECORD_MAX) {
        return ANSHIN_EINVALID;
    }
    sink.data = apr_palloc(pool, sink.length);
    sink.length = 0;
    put_record(&sink, type, record);
    out->data = sink.data;
    out->length = sink.length;
    return APR_SUCCESS;
}

/* --- decoding ------------------------------------------------------------------------------------------------------
 */

/* What is left to read. Every take_ function answers 0 when the bytes do not hold what was asked for. */
typedef struct source_t {
    const unsigned char *data;
    apr_size_t length;
} source_t;

static int take_bytes(const unsigned char **bytes, source_t *source, apr_size_t length)
{
    if (length > source->length) {
        return 0;
    }
    *bytes = source->data;
    source->data += length;
    source->length -= length;
    return 1;
}

static int take_leb128(apr_uint64_t *value, source_t *source)
{
    apr_uint64_t sum = 0;
    unsigned shift = 0;

    for (apr_size_t i = 0; i < source->length && shift < 64; i++, shift += 7) {
        unsigned char byte = source->data[i];

        if (shift == 63 && byte > 1) {
            return 0;
        }
        sum |= (apr_uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            source->data += i + 1;
            source->length -= i + 1;
            *value = sum;
            return 1;
        }
    }
    return 0;
}

static int take_integer(apr_int64_t *value, source_t *source)
{
    apr_uint64_t coded;

    if (!take_leb128(&coded, source)) {
        return 0;
    }
    *value = (apr_int64_t)((coded >> 1) ^ (0 - (coded & 1)));
    return 1;
}

/* length octets that are a text: no NUL inside, or the reader would see less than was written. */
static int take_text(const char **text, source_t *source, apr_uint64_t length, apr_pool_t *pool)
{
    const unsigned char *bytes;

    if (length > source->length || !take_bytes(&bytes, source, (apr_size_t)length) ||
        memchr(bytes, '\0', (size_t)length) != NULL) {
        return 0;
    }
    *text = apr_pstrmemdup(pool, (const char *)bytes, (apr_size_t)length);
    return 1;
}

static int take_texts(apr_array_header_t **texts, source_t *value, apr_pool_t *pool)
{
    *texts = apr_array_make(pool, 4, sizeof(const char *));
    while (value->length > 0) {
        apr_uint64_t length;

        if (!take_leb128(&length, value) || !take_text(apr_array_push(*texts), value, length, pool)) {
            return 0;
        }
    }
    return 1;
}

static int take_integers(apr_array_header_t **integers, source_t *value, apr_pool_t *pool)
{
    *integers = apr_array_make(pool, 4, sizeof(apr_int64_t));
    while (value->length > 0) {
        if (!take_integer(apr_array_push(*integers), value)) {
            return 0;
        }
    }
    return 1;
}

/* An empty value cannot come from the encoder: it writes no empty field. */
static int take_value(void *record, const anshin_field_t *field, source_t *value, apr_pool_t *pool)
{
    void *member = (char *)record + field->offset;

    if (value->length == 0) {
        return 0;
    }
    switch (field->kind) {
    case ANSHIN_FIELD_INT:
    case ANSHIN_FIELD_TIME:
        return take_integer(member, value) && value->length == 0;
    case ANSHIN_FIELD_TEXT:
        return take_text(member, value, value->length, pool);
    case ANSHIN_FIELD_TEXTS:
        return take_texts(member, value, pool);
    case ANSHIN_FIELD_INTS:
        return take_integers(member, value, pool);
    }
    return 0;
}

/* The encoder writes fields in the order of their declaration: the search begins behind the one that was found last. */
static const anshin_field_t *field_by_tag(const anshin_record_type_t *type, unsigned char tag, apr_size_t *next)
{
    for (apr_size_t tried = 0; tried < type->field_count; tried++) {
        const anshin_field_t *field = &type->fields[*next];

        *next = *next + 1 < type->field_count ? *next + 1 : 0;
        if (field->tag == tag) {
            return field;
        }
    }
    return NULL;
}

/* One more field that this version does not know, from its tag to the end of its value, behind those that there are.
 * length: of the whole record. */
static void keep_later(void *record, const anshin_record_type_t *type, const unsigned char *field,
                       const unsigned char *end, apr_size_t length, apr_pool_t *pool)
{
    anshin_bytes_t later = *later_of(record, type);
    apr_size_t octets = (apr_size_t)(end - field);
    unsigned char *kept = later.length > 0 ? (unsigned char *)(uintptr_t)later.data : apr_palloc(pool, length);

    memcpy(kept + later.length, field, octets);
    later.data = kept;
    later.length += octets;
    memcpy((char *)record + type->later, &later, sizeof(later));
}

apr_status_t anshin_record_decode(void *record, const anshin_record_type_t *type, const void *data, apr_size_t length,
                                  apr_pool_t *pool)
{
    source_t source = {data, length};
    unsigned char seen[TAGS] = {0};
    const unsigned char *byte;
    apr_size_t next = 0;

    memset(record, 0, type->size);
    if (length > ANSHIN_RECORD_MAX || !take_bytes(&byte, &source, 1) || *byte != FORMAT) {
        return ANSHIN_EFAULT;
    }
    while (source.length > 0) {
        const unsigned char *start = source.data;
        const anshin_field_t *field;
        apr_uint64_t value_length;
        source_t value;

        if (!take_bytes(&byte, &source, 1) || *byte == 0 || seen[*byte]) {
            return ANSHIN_EFAULT;
        }
        seen[*byte] = 1;
        if (!take_leb128(&value_length, &source) || value_length > source.length) {
            return ANSHIN_EFAULT;
        }
        value.length = (apr_size_t)value_length;
        if (!take_bytes(&value.data, &source, value.length)) {
            return ANSHIN_EFAULT;
        }
        field = field_by_tag(type, *byte, &next);
        if (field == NULL) {
            keep_later(record, type, start, source.data, length, pool);
        } else if (!take_value(record, field, &value, pool)) {
            return ANSHIN_EFAULT;
        }
    }
    return APR_SUCCESS;
}

int anshin_field_names_blob(const anshin_field_t *field)
{
    apr_size_t length = strlen(field->name);

    return field->kind == ANSHIN_FIELD_TEXT &&
           (strcmp(field->name, "blob") == 0 || (length > 5 && strcmp(field->name + length - 5, "_blob") == 0));
}

const char *anshin_record_text(const anshin_record_type_t *type, const void *record, const char *name)
{
    const char *text = NULL;

    for (apr_size_t i = 0; i < type->field_count; i++) {
        if (type->fields[i].kind == ANSHIN_FIELD_TEXT && strcmp(type->fields[i].name, name) == 0) {
            memcpy(&text, (const char *)record + type->fields[i].offset, sizeof(text));
        }
    }
    return text;
}

int anshin_record_mentions(const anshin_record_type_t *type, const void *record, const char *text)
{
    const anshin_bytes_t *later = later_of(record, type);

    return later->length > 0 && memmem(later->data, later->length, text, strlen(text)) != NULL;
}

/* --- copying -------------------------------------------------------------------------------------------------------
 */

apr_status_t anshin_record_copy(void *copy, const anshin_record_type_t *type, const void *record, char *texts,
                                apr_size_t room, apr_size_t *used)
{
    *used = 0;
    memcpy(copy, record, type->size);
    if (later_of(record, type)->length > 0) {
        return ANSHIN_EINVALID;
    }
    for (apr_size_t i = 0; i < type->field_count; i++) {
        const anshin_field_t *field = &type->fields[i];
        const char **text = (const char **)(void *)((char *)copy + field->offset);
        apr_size_t length;

        if (field->kind == ANSHIN_FIELD_INT || field->kind == ANSHIN_FIELD_TIME) {
            continue;
        }
        if (field_is_empty(record, field)) {
            *text = NULL;
            continue;
        }
        if (field->kind != ANSHIN_FIELD_TEXT || (length = strlen(*text) + 1) > room - *used) {
            return ANSHIN_EINVALID;
        }
        *text = memcpy(texts + *used, *text, length);
        *used += length;
    }
    return APR_SUCCESS;
}

void anshin_record_move_texts(void *copy, const anshin_record_type_t *type, const char *from, const char *to)
{
    for (const unsigned short *at = type->texts; *at != type->later; at++) {
        const char **text = (const char **)(void *)((char *)copy + *at);

        *text = *text != NULL ? to + (*text - from) : NULL;
    }
}
