/*
 * What came of each line: a row in the file of --result, or on the standard output. It is with the kernel before the
 * next line is read, since a code is shown once only. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_OUT_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_OUT_H

#include <stdio.h>

#include <jansson.h>

#include "core/base/anshin.h"

typedef struct anshin_import_out_t {
    FILE *file;
    int json; /* an object a line; else CSV that begins with a byte order mark */
    int rows; /* written so far */
} anshin_import_out_t;

/* Write to fd, which is closed at the end; -1: to the standard output. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_import_out_open(anshin_import_out_t *out, int fd, int json);

/* Takes the reference of row; all have the same keys. 0, or -1: not all of it was written. */
int anshin_import_out_row(anshin_import_out_t *out, json_t *row, apr_pool_t *pool);

/* Make it durable, where it is a file, and close it. 0, or -1: it may not be whole. */
int anshin_import_out_close(anshin_import_out_t *out);

#endif
