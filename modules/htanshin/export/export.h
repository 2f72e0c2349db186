/*
 * Exports: records of a contract as CSV that spreadsheets open as it is, or as objects, one a line (IMP-3). Private to
 * this folder.
 */
#ifndef ANSHIN_HTANSHIN_EXPORT_EXPORT_H
#define ANSHIN_HTANSHIN_EXPORT_EXPORT_H

#include "htanshin/command.h"
#include "htanshin/stream/rows_out.h"

/* What a column is called: in JSON and in English, and in Japanese. */
typedef struct anshin_export_column_t {
    const char *name;
    const char *japanese;
} anshin_export_column_t;

typedef struct anshin_export_t {
    anshin_call_t *call;
    const anshin_export_column_t *columns;
    int japanese; /* by --headers */
    int count;
    anshin_rows_out_t out;
} anshin_export_t;

/* Options of every export. */
#define ANSHIN_EXPORT_OPTIONS                                                                 \
    {"output", "FILE", "Write it there (mode 0600), not to the standard output.", 0},         \
        {"overwrite", NULL, "With --output: also over a file that is there.", 0},             \
    {                                                                                         \
        "headers", "LANGUAGE", "en or ja, of the names of the columns; en when not given.", 0 \
    }

/* The columns of an export, and whose rows it has. */
typedef struct anshin_export_of_t {
    const anshin_export_column_t *columns;
    int count;
    const char *user; /* canonical; NULL: many */
} anshin_export_of_t;

/* Begin: the trail hears of it (AUD-1), the output is opened, the columns named. APR_SUCCESS, ANSHIN_EINVALID,
 * ANSHIN_EFAULT, and answers of anshin_outside_tell(). */
apr_status_t anshin_export_begin(anshin_export_t *export, anshin_call_t *call, const anshin_export_of_t *of);

/* Write a row, an object with the columns' names as keys, in their order; takes its reference. APR_SUCCESS,
 * ANSHIN_EFAULT. */
apr_status_t anshin_export_row(anshin_export_t *export, json_t *row);

/* End, with what came of it. */
apr_status_t anshin_export_end(anshin_export_t *export, apr_status_t status);

#endif
