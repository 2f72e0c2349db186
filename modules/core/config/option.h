/*
 * Options: settings declared once, one row each in policy.def (of a contract) and server.def (of the server).
 *
 * A row gives kind, member, directive, the default of each preset (classic, modern, finance), smallest and largest
 * value, words, and help. It expands to the structure's member, to the descriptor below, to httpd's command record
 * (whose data pointer is that descriptor) and to the directive reference. Defaults are written as the operator would
 * write them and go through the same parser. "Set" is a bit per option, so that an explicit default overrides what is
 * inherited.
 */
#ifndef ANSHIN_CORE_CONFIG_OPTION_H
#define ANSHIN_CORE_CONFIG_OPTION_H

#include <stddef.h>

#include "core/base/anshin.h"

typedef enum anshin_option_kind_t {
    ANSHIN_OPTION_NUMBER, /* int: decimal, between minimum and maximum */
    ANSHIN_OPTION_FLAG,   /* int: on, off */
    ANSHIN_OPTION_SPAN,   /* apr_interval_time_t: number with s, m, h or d ("30m"), or "none" for 0 where minimum is 0;
                             bounds are in seconds */
    ANSHIN_OPTION_SPANS, /* apr_array_header_t * of apr_interval_time_t: up to ANSHIN_SPANS_MAX such times, each shorter
                             than the one before; NULL for "none" */
    ANSHIN_OPTION_CHOICE, /* int: index into words */
    ANSHIN_OPTION_SET,    /* int: bit per word, several arguments; "none" for the empty set */
    ANSHIN_OPTION_TEXT,   /* const char *: one argument of minimum to maximum bytes, UTF-8, no control characters */
    ANSHIN_OPTION_TEXTS,  /* apr_array_header_t * of const char *: one or more such arguments */
    ANSHIN_OPTION_LOCAL,  /* apr_array_header_t * of const char *: a text of minimum to maximum characters, and pairs
                             of a language and the text in it (anshin_option_text_of()) */
    ANSHIN_OPTION_PATH,   /* const char *: absolute path, or relative to ServerRoot (the edge resolves it) */
    ANSHIN_OPTION_KEY     /* const char *: such a path, or a pkcs11: URI (key_reference.h) */
} anshin_option_kind_t;

#define ANSHIN_PRESETS 3

typedef struct anshin_option_t {
    anshin_option_kind_t kind;
    const char *member;
    const char *directive;
    const char *defaults[ANSHIN_PRESETS]; /* as written, "" for none; server options use the first alone */
    apr_int64_t minimum;
    apr_int64_t maximum;
    const char *words; /* "off remaining limit" for CHOICE and SET, else "" */
    const char *help;  /* one English sentence for httpd -L and the reference */
    apr_size_t offset; /* of the member in its structure */
    int index;         /* row number: the bit in `set` */
} anshin_option_t;

#define ANSHIN_OPTIONS_MAX 128
#define ANSHIN_SPANS_MAX 8

/* Which options were given explicitly; first member of both structures. */
typedef struct anshin_option_set_t {
    unsigned char bits[ANSHIN_OPTIONS_MAX / 8];
} anshin_option_set_t;

#define ANSHIN_C_NUMBER(member) int member;
#define ANSHIN_C_FLAG(member) int member;
#define ANSHIN_C_SPAN(member) apr_interval_time_t member;
#define ANSHIN_C_SPANS(member) apr_array_header_t *member;
#define ANSHIN_C_CHOICE(member) int member;
#define ANSHIN_C_SET(member) int member;
#define ANSHIN_C_TEXT(member) const char *member;
#define ANSHIN_C_TEXTS(member) apr_array_header_t *member;
#define ANSHIN_C_LOCAL(member) apr_array_header_t *member;
#define ANSHIN_C_PATH(member) const char *member;
#define ANSHIN_C_KEY(member) const char *member;

/* Parse arguments (argv of argc) into the member of structure and mark it set. values are copied to pool.
 * APR_SUCCESS, or ANSHIN_EINVALID whose text names directive, value and what is allowed. */
apr_status_t anshin_option_parse(void *structure, const anshin_option_t *option, int argc, const char *const *argv,
                                 anshin_error_t *err, apr_pool_t *pool);

/* Fill a structure with a column of defaults; nothing is marked set. preset: the column. */
apr_status_t anshin_options_default(void *structure, const anshin_option_t *options, int preset, anshin_error_t *err,
                                    apr_pool_t *pool);

/* Copy into target what is set in source. */
void anshin_options_overlay(void *target, const void *source, const anshin_option_t *options);

/* 1 when the value is the path of a file or directory. */
int anshin_option_is_path(const anshin_option_t *option, const char *value);

/* 1 when the option was given explicitly. */
int anshin_option_is_set(const void *structure, const anshin_option_t *option);

/* The option of a directive, letter case ignored; NULL when there is none. */
const anshin_option_t *anshin_option_find(const anshin_option_t *options, const char *directive);

/* The text of a LOCAL in a language, else the one that was given without. language: NULL for that one; texts: NULL
 * where nothing is given, whose text is NULL. */
const char *anshin_option_text_of(const apr_array_header_t *texts, const char *language);

/* The value as the operator would write it, in pool ("" when TEXT, PATH, KEY, LOCAL or TEXTS is not given). */
const char *anshin_option_print(const void *structure, const anshin_option_t *option, apr_pool_t *pool);

#endif
