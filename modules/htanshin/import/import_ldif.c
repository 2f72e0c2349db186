/*
 * Entries of LDIF: see import_ldif.h.
 *
 * A value goes on in lines that begin with a space. What is not taken, pictures for instance, is passed over without
 * being kept.
 */
#include "htanshin/import/import_ldif.h"

#include <string.h>
#include <strings.h>

#include <apr_encode.h>
#include <apr_strings.h>

#include "core/base/unicode.h"

#define NAME_MAX_OCTETS 64 /* longer than any that is taken */
#define VALUES_MAX 1000

enum { NAME_OF_CN = ANSHIN_IMPORT_COLUMNS, LOCKED, CHANGE, NOTHING };

static const anshin_word_t attributes[] = {{"uid", ANSHIN_IMPORT_USER},
                                           {"mail", ANSHIN_IMPORT_ADDRESS},
                                           {"displayname", ANSHIN_IMPORT_NAME},
                                           {"cn", NAME_OF_CN},
                                           {"o", ANSHIN_IMPORT_ORGANISATION},
                                           {"preferredlanguage", ANSHIN_IMPORT_LANGUAGE},
                                           {"userpassword", ANSHIN_IMPORT_HASH},
                                           {"nsaccountlock", LOCKED},
                                           {"pwdaccountlockedtime", LOCKED},
                                           {"changetype", CHANGE},
                                           {NULL, 0}};

/* An entry while it is read, and the value at hand. */
typedef struct entry_t {
    anshin_import_record_t *record;
    apr_pool_t *pool;
    const char *name; /* of cn */
    int passwords;
    int values;
    int attribute; /* of the value at hand; NOTHING: it is not taken */
    char *value;   /* as it stands there, behind the name: ":: BASE64" or ": TEXT" */
    apr_size_t length;
    int line;    /* of its beginning */
    int comment; /* 1: the line before was one, and may go on */
} entry_t;

static void wrong(const entry_t *entry, const char *reason)
{
    if (entry->record->wrong == NULL) {
        entry->record->wrong = reason;
        entry->record->wrong_line = entry->line;
    }
}

/* --- a value ------------------------------------------------------------------------------------------------------ */

static void keep(entry_t *entry, const char *value)
{
    int column = entry->attribute;

    switch (column) {
    case NAME_OF_CN:
        entry->name = entry->name != NULL ? entry->name : value;
        return;
    case LOCKED:
        if (value[0] != '\0' && strcasecmp(value, "FALSE") != 0) {
            wrong(entry, "the user is locked there");
        }
        return;
    case CHANGE:
        if (strcasecmp(value, "add") != 0) {
            wrong(entry, "a change of an entry is not taken: give the entries themselves, as slapcat writes them");
        }
        return;
    default:
        break;
    }
    if (column == ANSHIN_IMPORT_HASH && entry->passwords++ > 0) {
        wrong(entry, "userPassword is there twice: leave the one that is to be taken");
    }
    if (APR_ARRAY_IDX(entry->record->cells, column, const char *)[0] == '\0') {
        APR_ARRAY_IDX(entry->record->cells, column, const char *) = value;
    }
}

static const char *decode(const entry_t *entry, const char *text)
{
    apr_size_t length = 0;
    const unsigned char *octets =
        text[0] != '\0' ? apr_pdecode_base64_binary(entry->pool, text, APR_ENCODE_STRING, APR_ENCODE_NONE, &length)
                        : (const unsigned char *)"";

    return octets != NULL && (length == 0 || memchr(octets, '\0', length) == NULL)
               ? apr_pstrmemdup(entry->pool, (const char *)octets, length)
               : NULL;
}

/* The value at hand is whole. */
static void finish_value(entry_t *entry)
{
    const char *value = entry->value;
    int encoded;

    if (entry->attribute == NOTHING) {
        return;
    }
    encoded = value[1] == ':';
    if (value[1] == '<') {
        wrong(entry, "a value that lies in another file is not taken");
        entry->attribute = NOTHING;
        return;
    }
    value += encoded ? 2 : 1;
    value += strspn(value, " ");
    value = encoded ? decode(entry, value) : apr_pstrdup(entry->pool, value);
    if (value == NULL || (value[0] != '\0' && anshin_unicode_typed(value, 0, entry->pool) == NULL)) {
        wrong(entry, encoded ? "a value is no base64 of text in UTF-8" : "a value is no text in UTF-8");
    } else {
        keep(entry, value);
    }
    entry->attribute = NOTHING;
}

/* More of the value at hand. */
static void append(entry_t *entry, const char *text, apr_size_t length)
{
    if (entry->attribute == NOTHING) {
        return;
    }
    if (entry->length + length > ANSHIN_IMPORT_LDIF_VALUE_MAX) {
        wrong(entry, "a value is longer than 4096 octets");
        entry->attribute = NOTHING;
        return;
    }
    memcpy(entry->value + entry->length, text, length);
    entry->length += length;
    entry->value[entry->length] = '\0';
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

/* "name;options: value" begins. */
static void begin_value(entry_t *entry, const anshin_import_line_t *line, apr_size_t length)
{
    apr_size_t name = strcspn(line->text, ":\n");
    char plain[NAME_MAX_OCTETS + 1];

    finish_value(entry);
    entry->line = line->number;
    entry->length = 0;
    if (line->text[name] != ':') {
        wrong(entry, "a line must be NAME: VALUE, begin with # or a space, or be empty");
        return;
    }
    if (++entry->values > VALUES_MAX) {
        wrong(entry, "the entry has more than 1000 values");
        return;
    }
    (void)apr_cpystrn(plain, line->text, (name < NAME_MAX_OCTETS ? name : NAME_MAX_OCTETS) + 1);
    plain[strcspn(plain, ";")] = '\0';
    for (char *at = plain; *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    }
    entry->attribute = anshin_word_value(attributes, plain, NOTHING);
    append(entry, line->text + name, length - name);
}

/* 1: the entry is whole. */
static int take_line(entry_t *entry, const anshin_import_line_t *line)
{
    apr_size_t length = line->length;

    length -= length > 0 && line->text[length - 1] == '\n';
    if (line->wrong != NULL) {
        entry->line = line->number;
        entry->record->line = entry->record->line != 0 ? entry->record->line : line->number;
        if (entry->record->wrong == NULL) {
            wrong(entry, apr_pstrdup(entry->pool, line->wrong));
        }
    }
    if (length == 0) {
        return entry->record->line != 0;
    }
    if (line->text[0] == ' ') {
        if (!entry->comment) {
            append(entry, line->text + 1, length - 1);
        }
        return 0;
    }
    entry->comment = line->text[0] == '#';
    if (entry->comment || (entry->record->line == 0 && strncasecmp(line->text, "version:", 8) == 0)) {
        finish_value(entry);
        return 0;
    }
    entry->record->line = entry->record->line != 0 ? entry->record->line : line->number;
    begin_value(entry, line, length);
    return 0;
}

/* One entry, be it no user. */
static apr_status_t read_one(anshin_import_text_t *text, entry_t *entry, anshin_error_t *err)
{
    anshin_import_line_t line;
    apr_status_t status;

    do {
        status = anshin_import_text_next(text, &line, err);
    } while (status == APR_SUCCESS && !take_line(entry, &line));
    if (status == APR_EOF && entry->record->line != 0) {
        status = APR_SUCCESS;
    }
    finish_value(entry);
    if (entry->name != NULL && APR_ARRAY_IDX(entry->record->cells, ANSHIN_IMPORT_NAME, const char *)[0] == '\0') {
        APR_ARRAY_IDX(entry->record->cells, ANSHIN_IMPORT_NAME, const char *) = entry->name;
    }
    return status;
}

apr_status_t anshin_import_ldif_next(void *reader, anshin_import_record_t *record, anshin_error_t *err,
                                     apr_pool_t *pool)
{
    char *value = apr_palloc(pool, ANSHIN_IMPORT_LDIF_VALUE_MAX + 1);
    apr_pool_t *one;
    apr_status_t status;

    apr_pool_create(&one, pool);
    do {
        entry_t entry = {.record = record, .pool = one, .attribute = NOTHING, .value = value};

        apr_pool_clear(one); /* what was no user */
        *record = (anshin_import_record_t){.cells = anshin_import_columns_cells(one)};
        status = read_one(reader, &entry, err);
    } while (status == APR_SUCCESS && record->wrong == NULL &&
             APR_ARRAY_IDX(record->cells, ANSHIN_IMPORT_USER, const char *)[0] == '\0');
    return status;
}
