/*
 * Rows of an import that wait until what they tell of is durable. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_ROWS_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_ROWS_H

#include "htanshin/command.h"
#include "htanshin/stream/rows_out.h"

/* So many at most. */
#define ANSHIN_IMPORT_ROWS_MAX 32

/* All zeros: none waits. */
typedef struct anshin_import_rows_t {
    json_t *rows[ANSHIN_IMPORT_ROWS_MAX]; /* in the order of their lines */
    int count;
} anshin_import_rows_t;

/* The reference is taken over. Nobody calls it when ANSHIN_IMPORT_ROWS_MAX wait. */
void anshin_import_rows_hold(anshin_import_rows_t *rows, json_t *row);

/* Write them all; none waits afterwards. APR_SUCCESS. ANSHIN_EFAULT: call->op.error tells of the first line whose row
 * is not written, or of the last one whose user's code is lost with it; the others of these were told of. */
apr_status_t anshin_import_rows_tell(anshin_import_rows_t *rows, anshin_rows_out_t *out, anshin_call_t *call);

/* Their lines are not known to be durable, for the reason in call->op.error: say so in its place, and forget them. */
void anshin_import_rows_doubt(anshin_import_rows_t *rows, apr_status_t status, anshin_call_t *call);

/* What came of a line could not be written: ANSHIN_EFAULT, with that in call->op.error. user: whose code is lost by
 * that; NULL: nobody's. */
apr_status_t anshin_import_rows_unwritten(anshin_call_t *call, int line, const char *user);

#endif
