/*
 * Answers as text and as JSON. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_PRINT_H
#define ANSHIN_HTANSHIN_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "core/base/anshin.h"

/* An answer as text: an object as lines "key: value", an array of objects as a table. */
void anshin_print_text(FILE *out, const json_t *value, apr_pool_t *pool);

/* An answer as JSON, flags as json_dumps() has them: what a terminal may not be given (S27) is written as \uXXXX, so
 * that a program reads what was there. 0, or -1: not all of it was written. */
int anshin_print_json(FILE *out, const json_t *value, size_t flags);

/* An array of objects that is written in parts: as when it is printed at once, but that the columns of a text are as
 * wide as the cells so far. Begins with zeros. part: 0, or -1 when not all of it was written; end: once, when all went
 * well. */
typedef struct anshin_print_list_t {
    int json;
    int rows;    /* written so far */
    int *widths; /* of the columns of a text, in a pool that lives as long */
} anshin_print_list_t;
int anshin_print_part(FILE *out, anshin_print_list_t *list, const json_t *rows, apr_pool_t *pool);
void anshin_print_end(FILE *out, const anshin_print_list_t *list);

/* Text that a terminal shows as it is (S27): control characters, those that change the direction of writing, and bytes
 * that are no UTF-8 become U+FFFD. In pool. */
const char *anshin_text_clean(const char *text, apr_pool_t *pool);

/* Columns that clean text takes on a terminal: letters of East Asia are two wide. */
int anshin_text_width(const char *text);

#endif
