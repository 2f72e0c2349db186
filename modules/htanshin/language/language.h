/*
 * The language of whoever sits before the terminal: English, or Japanese where LC_ALL, LC_MESSAGES or LANG, the first
 * of them that is set, is ja in UTF-8.
 *
 * The sources say everything in English; a text is found in the table (texts.def and the others here) by what it is in
 * English, so that a text without a row is told in English. What programs read, --json, CSV, the words that options
 * take and the error log, is never translated. t/check/language.t compares the table with the sources.
 */
#ifndef ANSHIN_HTANSHIN_LANGUAGE_LANGUAGE_H
#define ANSHIN_HTANSHIN_LANGUAGE_LANGUAGE_H

#include "core/base/anshin.h"

/* Look at the environment, once, before anything is said. */
void anshin_language_begin(void);

/* The text in the language of the reader; itself where there is no other. A format keeps its conversions. */
const char *anshin_say(const char *english) __attribute__((format_arg(1)));

/* What the key of an answer is called; NULL: as it stands. */
const char *anshin_say_key(const char *key);

/* The text of an error, in pool or its own. */
const char *anshin_say_error(const anshin_error_t *error, apr_pool_t *pool);

/* How much of the beginning of a text is its first clause. */
apr_size_t anshin_first_clause(const char *text);

#endif
