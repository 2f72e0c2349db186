/*
 * Answers put together: members, and rows in order. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_RESULT_H
#define ANSHIN_HTANSHIN_RESULT_H

#include <jansson.h>

#include "core/base/anshin.h"

/* Set a member; NULL and 0 become null. What is no valid UTF-8 is cleaned as for the terminal. */
void anshin_result_text(json_t *object, const char *key, const char *text, apr_pool_t *pool);
void anshin_result_time(json_t *object, const char *key, apr_time_t time, apr_pool_t *pool); /* RFC 3339, local */
void anshin_result_number(json_t *object, const char *key, apr_int64_t number);
void anshin_result_flag(json_t *object, const char *key, int flag);

/* Rows that come in no order, of which the first limit (0: all) after a place (NULL: any) are kept. Memory is that of
 * twice as many short texts, however many come. place: where a row belongs, by time (0: by key alone), then by key;
 * NULL when it would not be kept, and need not be made. It and what anshin_rows_scratch() gave live until the next
 * place. add takes the reference of row: APR_SUCCESS, or ANSHIN_EFAULT (no memory). take: the next rows in order, at
 * most count, as a JSON array that is empty at the end (NULL: no memory); nothing is added then any more. *last: the
 * place of the last of them. */
typedef struct anshin_rows_t anshin_rows_t;
anshin_rows_t *anshin_rows_create(apr_pool_t *pool, int descending, int limit, const char *after);
int anshin_rows_limit(const anshin_rows_t *rows);
apr_pool_t *anshin_rows_scratch(const anshin_rows_t *rows);
const char *anshin_rows_place(const anshin_rows_t *rows, apr_time_t at, const char *key);
apr_status_t anshin_rows_add(anshin_rows_t *rows, const char *place, json_t *row);
json_t *anshin_rows_take(anshin_rows_t *rows, int count, const char **last);

#endif
