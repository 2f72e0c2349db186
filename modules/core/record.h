/*
 * Records: what the store keeps, declared once in schema/records.def.
 *
 * The declaration expands to one C structure a record (anshin_account_t ...), to its descriptor (anshin_record_account
 * ...) and so to the codec below; SQL providers make their tables of the same descriptors.
 *
 * Encoded form: one format byte, then a tag, a length (LEB128) and the value for each field that is not empty. Unknown
 * tags are skipped and missing fields read as empty, so that records written by older and newer versions stay readable.
 * A field's tag is never given to another field.
 */
#ifndef ANSHIN_CORE_RECORD_H
#define ANSHIN_CORE_RECORD_H

#include <stddef.h>

#include "core/anshin.h"

typedef enum anshin_field_kind_t {
    ANSHIN_FIELD_INT,   /* apr_int64_t; empty is 0 */
    ANSHIN_FIELD_TIME,  /* apr_time_t, microseconds since 1970 UTC; empty is 0, "never" */
    ANSHIN_FIELD_TEXT,  /* const char *, UTF-8 without NUL; empty is NULL (never "") after decoding */
    ANSHIN_FIELD_TEXTS, /* apr_array_header_t * of const char *; empty is NULL */
    ANSHIN_FIELD_INTS   /* apr_array_header_t * of apr_int64_t; empty is NULL */
} anshin_field_kind_t;

typedef struct anshin_field_t {
    const char *name;
    anshin_field_kind_t kind;
    unsigned char tag; /* 1..255, unique in its record */
    apr_size_t offset; /* in the C structure */
} anshin_field_t;

typedef struct anshin_record_type_t {
    const char *name;     /* also the SQL table's name */
    unsigned char number; /* 1..255, part of the key on disk, never reused */
    apr_size_t size;      /* of the C structure */
    const anshin_field_t *fields;
    apr_size_t field_count;
} anshin_record_type_t;

/* 1 when the member names a blob: such a text is called "blob" or something that ends in "_blob" (records.def). */
int anshin_field_names_blob(const anshin_field_t *field);

/* The structures. */
/* clang-format off: braces that open in one macro and close in another */
#define ANSHIN_RECORD(name, number) typedef struct anshin_##name##_t {
#define ANSHIN_INT(name, tag, member) apr_int64_t member;
#define ANSHIN_TIME(name, tag, member) apr_time_t member;
#define ANSHIN_TEXT(name, tag, member) const char *member;
#define ANSHIN_TEXTS(name, tag, member) apr_array_header_t *member;
#define ANSHIN_INTS(name, tag, member) apr_array_header_t *member;
#define ANSHIN_RECORD_END(name) \
    }                           \
    anshin_##name##_t;
#include "records.def"
/* clang-format on */

/* The descriptors. */
#define ANSHIN_RECORD(name, number) extern const anshin_record_type_t anshin_record_##name;
#define ANSHIN_INT(name, tag, member)
#define ANSHIN_TIME(name, tag, member)
#define ANSHIN_TEXT(name, tag, member)
#define ANSHIN_TEXTS(name, tag, member)
#define ANSHIN_INTS(name, tag, member)
#define ANSHIN_RECORD_END(name)
#include "records.def"

/* Every record type there is; the array ends with NULL. */
extern const anshin_record_type_t *const anshin_record_types[];

/* Encode *record (a structure of this type) into pool. APR_SUCCESS, or ANSHIN_EINVALID when a value is too long
 * (ANSHIN_RECORD_MAX in all). */
#define ANSHIN_RECORD_MAX 65536
apr_status_t anshin_record_encode(anshin_bytes_t *out, const anshin_record_type_t *type, const void *record,
                                  apr_pool_t *pool);

/* Decode into *record, which is zeroed first. Texts are copied to pool. APR_SUCCESS, or ANSHIN_EFAULT when the bytes
 * are not a whole record; never reads outside them. */
apr_status_t anshin_record_decode(void *record, const anshin_record_type_t *type, const void *data, apr_size_t length,
                                  apr_pool_t *pool);

/* Copy a structure of this type with its texts, which are put one behind the other into the `room` octets at texts;
 * *used: how many of them. APR_SUCCESS, or ANSHIN_EINVALID when there is no room or the record has arrays, which are
 * not copied. */
apr_status_t anshin_record_copy(void *copy, const anshin_record_type_t *type, const void *record, char *texts,
                                apr_size_t room, apr_size_t *used);

#endif
