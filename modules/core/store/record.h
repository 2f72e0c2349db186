/*
 * Records: what the store keeps, declared once in schema/records.def.
 *
 * The declaration expands to one C structure a record (anshin_account_t ...), to its descriptor (anshin_record_account
 * ...) and so to the codec below; SQL providers make their tables of the same descriptors.
 *
 * Encoded form: one format byte, then a tag, a length (LEB128) and the value for each field that is not empty. Missing
 * fields read as empty. Fields of a newer version are kept as they are, in the member `later`, and written again: nodes
 * of two versions work on one store, and after a step back nothing is lost. A field's tag is never given to another
 * field.
 */
#ifndef ANSHIN_CORE_STORE_RECORD_H
#define ANSHIN_CORE_STORE_RECORD_H

#include <stddef.h>

#include "core/base/anshin.h"

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

/* How the store knows that a record of a type is due (store.h). */
typedef enum anshin_due_kind_t {
    ANSHIN_DUE_NEVER, /* it does not */
    ANSHIN_DUE_LOOK,  /* may be worth a look: to the minute, and a look too many does no harm */
    ANSHIN_DUE_QUEUE  /* has its turn: to the second, in order, once, and counted. Keys LANE/REST, LANE/GROUP/REST */
} anshin_due_kind_t;

/* Whose a record is: the column of records.def. */
typedef enum anshin_owning_t {
    ANSHIN_OWNER_NONE,
    ANSHIN_OWNER_KEY,
    ANSHIN_OWNER_MEMBER,
    ANSHIN_OWNER_SELF
} anshin_owning_t;

typedef struct anshin_record_type_t {
    const char *name;     /* also the SQL table's name */
    unsigned char number; /* 1..255, part of the key on disk, never reused */
    anshin_due_kind_t due;
    anshin_owning_t owning;
    apr_size_t size;  /* of the C structure */
    apr_size_t later; /* offset of its member of that name: anshin_bytes_t, fields of a newer version as encoded */
    const anshin_field_t *fields;
    apr_size_t field_count;
    const unsigned short *texts; /* offsets of its texts; the last one is `later` */
} anshin_record_type_t;

/* 1 when the member names a blob: such a text is called "blob" or something that ends in "_blob" (records.def). */
int anshin_field_names_blob(const anshin_field_t *field);

/* The text that a record has under the name of a member; NULL: none, or no such member. */
const char *anshin_record_text(const anshin_record_type_t *type, const void *record, const char *name);

/* The structures. */
/* clang-format off: braces that open in one macro and close in another */
#define ANSHIN_RECORD(name, number, due, owner) typedef struct anshin_##name##_t {
#define ANSHIN_INT(name, tag, member) apr_int64_t member;
#define ANSHIN_TIME(name, tag, member) apr_time_t member;
#define ANSHIN_TEXT(name, tag, member) const char *member;
#define ANSHIN_TEXTS(name, tag, member) apr_array_header_t *member;
#define ANSHIN_INTS(name, tag, member) apr_array_header_t *member;
#define ANSHIN_RECORD_END(name) \
    anshin_bytes_t later;       \
    }                           \
    anshin_##name##_t;
#include "records.def"
/* clang-format on */

/* The descriptors. */
#define ANSHIN_RECORD(name, number, due, owner) extern const anshin_record_type_t anshin_record_##name;
#define ANSHIN_INT(name, tag, member)
#define ANSHIN_TIME(name, tag, member)
#define ANSHIN_TEXT(name, tag, member)
#define ANSHIN_TEXTS(name, tag, member)
#define ANSHIN_INTS(name, tag, member)
#define ANSHIN_RECORD_END(name)
#include "records.def"

/* Every record type there is; the array ends with NULL. */
extern const anshin_record_type_t *const anshin_record_types[];

/* The one of a number; NULL: it is of a later version. */
const anshin_record_type_t *anshin_record_type(apr_int64_t number);

/* Encode *record (a structure of this type) into pool. APR_SUCCESS, or ANSHIN_EINVALID when a value is too long
 * (ANSHIN_RECORD_MAX in all). */
#define ANSHIN_RECORD_MAX 65536
apr_status_t anshin_record_encode(anshin_bytes_t *out, const anshin_record_type_t *type, const void *record,
                                  apr_pool_t *pool);

/* Decode into *record, which is zeroed first. Texts and fields of a newer version are copied to pool. APR_SUCCESS, or
 * ANSHIN_EFAULT when the bytes are not a whole record; never reads outside them. */
apr_status_t anshin_record_decode(void *record, const anshin_record_type_t *type, const void *data, apr_size_t length,
                                  apr_pool_t *pool);

/* 1 when there are fields of a newer version that have this text ("": any) somewhere: what it means there, only that
 * version can tell. */
int anshin_record_mentions(const anshin_record_type_t *type, const void *record, const char *text);

/* Copy a structure of this type with its texts, which are put one behind the other into the `room` octets at texts;
 * *used: how many of them. APR_SUCCESS, or ANSHIN_EINVALID when there is no room or the record has arrays or
 * fields of a newer version, which are not copied. */
apr_status_t anshin_record_copy(void *copy, const anshin_record_type_t *type, const void *record, char *texts,
                                apr_size_t room, apr_size_t *used);

/* The octets at from, where such a copy has all of its texts, were copied to `to`: let its texts be those there. */
void anshin_record_move_texts(void *copy, const anshin_record_type_t *type, const char *from, const char *to);

#endif
