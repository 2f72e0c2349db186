/*
 * The records of a CSV file (RFC 4180), each with the line where it begins. The grammar is libcsv's, in its strict
 * mode; it is fed line by line. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_RECORDS_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_RECORDS_H

#include "htanshin/import/import_text.h"

#define ANSHIN_IMPORT_RECORD_MAX 262144 /* octets of a record, which may have several lines */
#define ANSHIN_IMPORT_CELLS_MAX 256

typedef struct anshin_import_records_t anshin_import_records_t;

typedef struct anshin_import_record_t {
    int line;                  /* where it begins */
    apr_array_header_t *cells; /* of const char *: at least one is not empty */
    const char *wrong; /* NULL; or why it cannot be taken, in English: then cells are as far as they were read */
    int wrong_line;    /* with wrong: of which line that is said */
} anshin_import_record_t;

/* Begin. Cells are separated by a tab where the first line that is not empty has one, else by a comma. skip: lines at
 * the beginning that are no records. text outlives it. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_import_records_open(anshin_import_records_t **records, anshin_import_text_t *text, int skip,
                                        anshin_error_t *err, apr_pool_t *pool);

/* The next record; lines and records without any text are passed over. In pool. After one that is wrong it goes on
 * with the next line. APR_SUCCESS; APR_EOF, and what anshin_import_text_next() answers. */
apr_status_t anshin_import_records_next(anshin_import_records_t *records, anshin_import_record_t *record,
                                        anshin_error_t *err, apr_pool_t *pool);

#endif
