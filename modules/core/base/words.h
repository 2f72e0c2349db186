/*
 * Lists of words: what a number is called where people or programs read it. The lists are declared once, in .def files
 * beside what they are about.
 */
#ifndef ANSHIN_CORE_BASE_WORDS_H
#define ANSHIN_CORE_BASE_WORDS_H

#include <apr_pools.h>

typedef struct anshin_word_t {
    const char *name; /* of texts, JSON, directives and the command line; NULL ends a list */
    apr_int64_t value;
} anshin_word_t;

/* The name of a value; otherwise, which may be NULL, when the list has none for it. */
const char *anshin_word_name(const anshin_word_t *words, apr_int64_t value, const char *otherwise);

/* The word of that name; NULL: there is none. */
const anshin_word_t *anshin_word_find(const anshin_word_t *words, const char *name);

/* The value of that name; otherwise, when there is none. */
int anshin_word_value(const anshin_word_t *words, const char *name, int otherwise);

/* "password, otp, certificate", in pool. */
const char *anshin_word_list(const anshin_word_t *words, const char *separator, apr_pool_t *pool);

#endif
