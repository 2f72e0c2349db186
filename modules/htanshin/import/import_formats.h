/*
 * The forms in which a file of users comes: what an office makes, and what other systems hand over with the passwords
 * of their users as hashes (IMP-2). Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_FORMATS_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_FORMATS_H

#include "htanshin/command.h"
#include "htanshin/import/import_columns.h"

typedef enum anshin_import_format_t {
    ANSHIN_IMPORT_CSV,
    ANSHIN_IMPORT_HTPASSWD,
    ANSHIN_IMPORT_HTDBM,
    ANSHIN_IMPORT_LDIF,
    ANSHIN_IMPORT_KEYCLOAK
} anshin_import_format_t;

extern const anshin_word_t anshin_import_format_words[]; /* of --format */

/* A file that is read record by record. */
typedef struct anshin_import_source_t {
    anshin_import_text_t *text; /* NULL: it has no lines, and record->line is the number of the user in it */
    void *reader;
    apr_status_t (*next)(void *reader, anshin_import_record_t *record, anshin_error_t *err, apr_pool_t *pool);
    int fixed; /* 1: the cells of a record are those of all columns, in their order; 0: the file has a header */
} anshin_import_source_t;

/* Begin to read call->input (of htdbm: call->dbm). skip: lines of CSV that are no records. The source lives in pool.
 * APR_SUCCESS; ANSHIN_EINVALID (it is nothing of this format, or too large); ANSHIN_EFAULT. */
apr_status_t anshin_import_source_open(anshin_import_source_t *source, anshin_call_t *call,
                                       anshin_import_format_t format, anshin_import_encoding_t encoding, int skip,
                                       apr_pool_t *pool);

/* The next record, with what anshin_import_records_next() answers. */
apr_status_t anshin_import_source_next(anshin_import_source_t *source, anshin_import_record_t *record,
                                       anshin_error_t *err, apr_pool_t *pool);

#endif
