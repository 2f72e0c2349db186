/*
 * Lists as CSV (RFC 4180, in UTF-8) that spreadsheets open as what it is. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_CSV_H
#define ANSHIN_HTANSHIN_CSV_H

#include <jansson.h>
#include <stdio.h>

#include "core/base/anshin.h"
#include "core/base/csv_cell.h"

/* Write rows, an array of objects with the same keys. head: the keys as a line above. A text that a spreadsheet would
 * take for a formula, behind apostrophes or not, has one apostrophe more in front; what a terminal does not show is
 * cleaned (S27). 0, or -1: not all of it was written. */
int anshin_csv_rows(FILE *out, const json_t *rows, int head, apr_pool_t *pool);

/* A line with what the columns are called. 0, or -1. */
int anshin_csv_names(FILE *out, const char *const *names, int count, apr_pool_t *pool);

#endif
