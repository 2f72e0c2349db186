/*
 * What the columns of a file are called, in Japanese and English, and which cell is in which. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_COLUMNS_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_COLUMNS_H

#include "core/base/words.h"
#include "htanshin/import/import_records.h"

typedef enum anshin_import_column_t {
    ANSHIN_IMPORT_USER,
    ANSHIN_IMPORT_ADDRESS,
    ANSHIN_IMPORT_METHOD,
    ANSHIN_IMPORT_TERMINAL,
    ANSHIN_IMPORT_LABEL,
    ANSHIN_IMPORT_LANGUAGE,
    ANSHIN_IMPORT_NAME,
    ANSHIN_IMPORT_ORGANISATION,
    ANSHIN_IMPORT_GROUPS,
    ANSHIN_IMPORT_MEMO,
    ANSHIN_IMPORT_VALID_FROM,
    ANSHIN_IMPORT_VALID_UNTIL,
    ANSHIN_IMPORT_HASH, /* of the password, made by another system */
    ANSHIN_IMPORT_COLUMNS
} anshin_import_column_t;

/* The columns of a file, in their order. */
typedef struct anshin_import_columns_t {
    apr_array_header_t *columns; /* of int: anshin_import_column_t; -1: passed over */
    int ignores;                 /* 1: those that are not known are passed over */
} anshin_import_columns_t;

/* All columns in their order, and the cells of a record of them, which say nothing yet. In pool. */
void anshin_import_columns_all(anshin_import_columns_t *columns, apr_pool_t *pool);
apr_array_header_t *anshin_import_columns_cells(apr_pool_t *pool);

/* What messages, results and --columns call a column: "user", "address" ... Static. */
const char *anshin_import_column_name(int column);

/* All of them with their other names, for the help: "user, address, ...", in pool. */
const char *anshin_import_column_list(apr_pool_t *pool);

/* The column that a header calls so, in any of its names, wide or half-width, in capitals or with spaces; -1: it is to
 * be passed over ("-"); -2: there is none. */
int anshin_import_column_find(const char *name, apr_pool_t *pool);

/* The columns that a header, or --columns as cells, names; columns->ignores is the caller's to set. APR_SUCCESS;
 * ANSHIN_EINVALID (a name that nobody knows, one twice, none of users): err names it. */
apr_status_t anshin_import_columns_read(anshin_import_columns_t *columns, const apr_array_header_t *cells,
                                        anshin_error_t *err, apr_pool_t *pool);

/* 1 when every cell of a record is the name of a column: it is no user, but a header. */
int anshin_import_columns_header(const anshin_import_record_t *record, apr_pool_t *pool);

/* The cells of a record by column, without the apostrophe that an export puts before a formula; one that is empty or
 * not there is "". 0; or the number of a cell that has text and stands beyond the last column. */
int anshin_import_columns_take(const anshin_import_columns_t *columns, const anshin_import_record_t *record,
                               const char *cells[ANSHIN_IMPORT_COLUMNS]);

/* The value of a word as offices write it ("証明書", "スマートフォン", "日本語"), or as the command line has it; the folded text of
 * one that nobody knows. In pool. */
const char *anshin_import_word(anshin_import_column_t column, const char *text, apr_pool_t *pool);

/* A cell as the verbs of core take it: line breaks in it are spaces; of groups ; and 、 and line breaks are commas; a
 * day as spreadsheets write it ("2027/4/1", "2027年4月1日") is 2027-04-01. In pool. */
const char *anshin_import_cell(anshin_import_column_t column, const char *text, apr_pool_t *pool);

#endif
