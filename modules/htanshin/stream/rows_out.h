/*
 * Rows of an answer that may be long: into a file that the command line names, or to the standard output. Private to
 * the command.
 */
#ifndef ANSHIN_HTANSHIN_STREAM_ROWS_OUT_H
#define ANSHIN_HTANSHIN_STREAM_ROWS_OUT_H

#include <stdio.h>

#include <jansson.h>

#include "core/base/anshin.h"

typedef struct anshin_rows_out_t {
    FILE *file;
    int json; /* an object a line; else CSV that begins with a byte order mark */
    int rows; /* written so far */
} anshin_rows_out_t;

/* Write to fd, which is closed at the end; -1: to the standard output. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_rows_out_open(anshin_rows_out_t *out, int fd, int json);

/* What the columns are called, before the first row, where there may be none; nothing as JSON. 0, or -1. */
int anshin_rows_out_names(anshin_rows_out_t *out, const char *const *names, int count, apr_pool_t *pool);

/* Takes the reference of row; all have the same keys, which name the columns where nothing else did. 0, or -1: not all
 * of it was written. */
int anshin_rows_out_put(anshin_rows_out_t *out, json_t *row, apr_pool_t *pool);

/* The same, and it is with the kernel when this returns: for what is shown once only. */
int anshin_rows_out_row(anshin_rows_out_t *out, json_t *row, apr_pool_t *pool);

/* Make it durable, where it is a file, and close it. 0, or -1: it may not be whole. */
int anshin_rows_out_close(anshin_rows_out_t *out);

#endif
