/*
 * Lists in parts: see list.h.
 */
#include "htanshin/list.h"

#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/csv.h"
#include "htanshin/language/language.h"
#include "htanshin/print.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

#define WINDOW 1024 /* rows that are made and laid out at once */

/* Where a list stands. */
typedef struct listing_t {
    anshin_call_t *call;
    anshin_print_list_t print;
    int csv;           /* in place of that */
    const char *after; /* place of the last row that is written; NULL: none is */
    int left;          /* rows that may follow */
} listing_t;

/* How it is written. */
static apr_status_t choose_form(listing_t *listing)
{
    const anshin_call_t *call = listing->call;
    int bom = anshin_call_value(call, "bom") != NULL;

    listing->print.json = call->json;
    listing->csv = anshin_call_value(call, "csv") != NULL;
    if ((listing->csv && call->json) || (bom && !listing->csv)) {
        return anshin_fail(&listing->call->op.error, ANSHIN_EINVALID, "AN1204", "%s: give %s",
                           call->json ? "--csv and --json" : "--bom", call->json ? "one of them" : "--csv as well");
    }
    if (bom) {
        fputs(ANSHIN_CSV_BOM, stdout);
    }
    return APR_SUCCESS;
}

static apr_status_t begin(listing_t *listing, const anshin_list_t *list, void *baton)
{
    anshin_call_t *call = listing->call;
    const char *given = anshin_call_value(call, "after");
    const char *key = NULL;
    apr_time_t at = 0;
    apr_status_t status = anshin_call_number(call, "limit", 1, ANSHIN_LIST_MAX, list->limit, &listing->left);

    if (listing->left == 0) {
        listing->left = APR_INT32_MAX;
    }
    if (status != APR_SUCCESS || list->after == NULL || given == NULL) {
        return status;
    }
    status = list->after(call, baton, given, &at, &key);
    if (status == APR_SUCCESS) {
        listing->after =
            apr_pstrdup(call->pool, anshin_rows_place(anshin_rows_create(call->pool, 0, 0, NULL), at, key));
    }
    return status;
}

/* 0, or -1: not all of it was written. */
static int write_window(listing_t *listing, const json_t *window)
{
    anshin_print_list_t *print = &listing->print;
    apr_pool_t *scratch;
    int result;

    if (!listing->csv) {
        return anshin_print_part(stdout, print, window, listing->call->pool);
    }
    apr_pool_create(&scratch, listing->call->pool);
    result = anshin_csv_rows(stdout, window, print->rows == 0, scratch);
    print->rows += (int)json_array_size(window);
    apr_pool_destroy(scratch);
    return result;
}

/* Write what one walk found. */
static apr_status_t write_part(listing_t *listing, anshin_rows_t *rows)
{
    int written;
    size_t count;

    do {
        json_t *window = anshin_rows_take(rows, WINDOW, &listing->after);

        count = json_array_size(window);
        written = window != NULL && write_window(listing, window) == 0;
        json_decref(window);
    } while (count == WINDOW && written);
    return written
               ? APR_SUCCESS
               : anshin_fail(&listing->call->op.error, ANSHIN_EFAULT, "AN1186", "the list could not be written whole");
}

/* One walk, and what it found. *more: there may be others after them. */
static apr_status_t list_part(listing_t *listing, const anshin_list_t *list, void *baton, int *more)
{
    anshin_call_t *call = listing->call;
    int room = listing->left < ANSHIN_LIST_PART ? listing->left : ANSHIN_LIST_PART;
    int before = listing->print.rows;
    anshin_rows_t *rows;
    apr_pool_t *pool;
    apr_status_t status;

    *more = 0;
    apr_pool_create(&pool, call->pool);
    rows = anshin_rows_create(pool, list->descending, room, listing->after);
    status = list->walk(call, baton, rows);
    if (status == APR_SUCCESS && (status = write_part(listing, rows)) == APR_SUCCESS) {
        listing->left -= listing->print.rows - before;
        *more = listing->print.rows - before == room && listing->left > 0;
    }
    if (listing->after != NULL) {
        listing->after = apr_pstrdup(call->pool, listing->after);
    }
    apr_pool_destroy(pool);
    return status;
}

apr_status_t anshin_list(anshin_call_t *call, const anshin_list_t *list, void *baton)
{
    listing_t listing = {.call = call};
    int more = 1;
    apr_status_t status = begin(&listing, list, baton);

    status = status == APR_SUCCESS ? choose_form(&listing) : status;
    while (status == APR_SUCCESS && more) {
        status = list_part(&listing, list, baton, &more);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_print_end(stdout, &listing.print);
    if (listing.print.rows == 0 && !call->json && !listing.csv && isatty(STDOUT_FILENO)) {
        fputs(anshin_say("none\n"), stderr); /* somebody looks; a program reads an empty list */
    }
    return APR_SUCCESS;
}
