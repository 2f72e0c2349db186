/*
 * A cell of a list as CSV (RFC 4180, in UTF-8) that spreadsheets open as what it is.
 *
 * SECURITY. What users typed goes into the spreadsheets of operators. Excel and its kin compute a cell that begins
 * with one of = + - @, in their wide forms as well, or with a tab, whether it stands in quotes or not (OWASP, CSV
 * injection).
 */
#ifndef ANSHIN_CORE_BASE_CSV_CELL_H
#define ANSHIN_CORE_BASE_CSV_CELL_H

#include <apr_pools.h>

/* Byte order mark: by it Excel knows that the text is UTF-8. */
#define ANSHIN_CSV_BOM "\xef\xbb\xbf"

/* The text as a cell, in quotes where it needs them: what would be taken for a formula, behind apostrophes or not, has
 * one apostrophe more in front. In pool. */
const char *anshin_csv_cell(const char *text, apr_pool_t *pool);

/* A cell of such a list, without its quotes, as the text was before: without that apostrophe. */
const char *anshin_csv_text(const char *cell);

#endif
