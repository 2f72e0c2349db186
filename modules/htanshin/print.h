/*
 * Answers: rows put together, and the text made of them. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_PRINT_H
#define ANSHIN_HTANSHIN_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "core/anshin.h"

/* Set a member; NULL and 0 become null. What is no valid UTF-8 is cleaned as for the terminal. */
void anshin_result_text(json_t *object, const char *key, const char *text, apr_pool_t *pool);
void anshin_result_time(json_t *object, const char *key, apr_time_t time, apr_pool_t *pool); /* RFC 3339, local */
void anshin_result_number(json_t *object, const char *key, apr_int64_t number);
void anshin_result_flag(json_t *object, const char *key, int flag);

/* Rows that come in no order. add takes the reference of row; take gives a JSON array in order of the keys, at most
 * limit rows (0: all), and the list is empty then. */
typedef struct anshin_rows_t anshin_rows_t;
anshin_rows_t *anshin_rows_create(apr_pool_t *pool);
void anshin_rows_add(anshin_rows_t *rows, const char *key, json_t *row);
void anshin_rows_add_at(anshin_rows_t *rows, apr_time_t at, const char *key, json_t *row); /* by time, then by key */
/* Of rows that are taken in ascending order: keep only the first limit (0: all) after a key (NULL: any). Memory is that
 * of twice as many then, however many there are. wants: 0 when a row of this key would not be kept, and
 * need not be made. */
void anshin_rows_bound(anshin_rows_t *rows, int limit, const char *after);
int anshin_rows_wants(const anshin_rows_t *rows, const char *key);
json_t *anshin_rows_take(anshin_rows_t *rows, int descending, int limit);

/* An answer as text: an object as lines "key: value", an array of objects as a table. */
void anshin_print_text(FILE *out, const json_t *value, apr_pool_t *pool);

/* An answer as JSON, flags as json_dumps() has them: what a terminal may not be given (S27) is written as \uXXXX, so
 * that a program reads what was there. 0, or -1: not all of it was written. */
int anshin_print_json(FILE *out, const json_t *value, size_t flags);

/* Text that a terminal shows as it is (S27): control characters, those that change the direction of writing, and bytes
 * that are no UTF-8 become U+FFFD. In pool. */
const char *anshin_text_clean(const char *text, apr_pool_t *pool);

#endif
