/*
 * Options: one parser a kind, one overlay, one way out. See option.h.
 *
 * What is parsed here comes from httpd's directives, from the defaults of policy.def and server.def, and from the
 * snapshot; all three go the same way, so that a value that one of them takes is taken by all.
 */
#include "core/config/option.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#include "core/base/unicode.h"
#include "core/config/key_reference.h"
#include "core/config/span.h"

#define PATH_MAX_BYTES 1024
#define QUOTE_MAX 60 /* bytes of a refused value that a message repeats */

/* What one parser needs; the value goes to member. */
typedef struct parse_t {
    const anshin_option_t *option;
    void *member;
    int argc;
    const char *const *argv;
    anshin_error_t *err;
    apr_pool_t *pool;
} parse_t;

typedef apr_status_t parse_fn(const parse_t *parse);
typedef const char *print_fn(const anshin_option_t *option, const void *member, apr_pool_t *pool);

typedef struct kind_t {
    apr_size_t size;
    int several; /* takes more than one argument */
    parse_fn *parse;
    print_fn *print;
} kind_t;

static void *member_of(void *structure, const anshin_option_t *option)
{
    return (char *)structure + option->offset;
}

static const void *const_member_of(const void *structure, const anshin_option_t *option)
{
    return (const char *)structure + option->offset;
}

/* --- messages --- */

/* A value as it may stand in a message: not endless, and not cut inside a character. */
static const char *quote(const char *value, apr_pool_t *pool)
{
    apr_size_t length = anshin_unicode_cut(value, QUOTE_MAX);

    return value[length] == '\0' ? value : apr_pstrcat(pool, apr_pstrmemdup(pool, value, length), "...", NULL);
}

static apr_status_t refuse(const parse_t *parse, const char *value, const char *allowed)
{
    return anshin_fail(parse->err, ANSHIN_EINVALID, "AN0901", "%s: \"%s\" is not allowed; give %s",
                       parse->option->directive, quote(value, parse->pool), allowed);
}

/* --- numbers --- */

static int within(const anshin_option_t *option, apr_int64_t number)
{
    return number >= option->minimum && number <= option->maximum;
}

static apr_status_t parse_number(const parse_t *parse)
{
    const anshin_option_t *option = parse->option;
    const char *text = parse->argv[0];
    apr_int64_t number;

    if (!anshin_span_number(text, strlen(text), &number) || !within(option, number)) {
        return refuse(parse, text,
                      apr_psprintf(parse->pool, "a number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT,
                                   option->minimum, option->maximum));
    }
    *(int *)parse->member = (int)number;
    return APR_SUCCESS;
}

static const char *print_number(const anshin_option_t *option, const void *member, apr_pool_t *pool)
{
    (void)option;
    return apr_itoa(pool, *(const int *)member);
}

static apr_status_t parse_flag(const parse_t *parse)
{
    const char *text = parse->argv[0];
    int on = strcasecmp(text, "on") == 0;

    if (!on && strcasecmp(text, "off") != 0) {
        return refuse(parse, text, "on or off");
    }
    *(int *)parse->member = on;
    return APR_SUCCESS;
}

static const char *print_flag(const anshin_option_t *option, const void *member, apr_pool_t *pool)
{
    (void)option;
    (void)pool;
    return *(const int *)member ? "on" : "off";
}

/* --- spans of time --- */

static apr_status_t parse_span(const parse_t *parse)
{
    const anshin_option_t *option = parse->option;
    const char *text = parse->argv[0];
    apr_int64_t seconds = 0;
    int none = option->minimum == 0 && strcasecmp(text, "none") == 0;

    if (!none && (!anshin_span_read(text, &seconds) || !within(option, seconds))) {
        return refuse(parse, text,
                      apr_psprintf(parse->pool, "%s to %s, such as 90s, 30m, 12h or 365d",
                                   option->minimum == 0
                                       ? "none, or a time up"
                                       : apr_pstrcat(parse->pool, "a time from ",
                                                     anshin_span_text(option->minimum, parse->pool), NULL),
                                   anshin_span_text(option->maximum, parse->pool)));
    }
    *(apr_interval_time_t *)parse->member = apr_time_from_sec(seconds);
    return APR_SUCCESS;
}

static const char *print_span(const anshin_option_t *option, const void *member, apr_pool_t *pool)
{
    (void)option;
    return anshin_span_text(apr_time_sec(*(const apr_interval_time_t *)member), pool);
}

static apr_status_t refuse_spans(const parse_t *parse, const char *text)
{
    return refuse(parse, text,
                  apr_psprintf(parse->pool, "none, or up to %d times from %s to %s, each shorter than the one before",
                               ANSHIN_SPANS_MAX, anshin_span_text(parse->option->minimum, parse->pool),
                               anshin_span_text(parse->option->maximum, parse->pool)));
}

static apr_status_t parse_spans(const parse_t *parse)
{
    apr_array_header_t *spans = apr_array_make(parse->pool, parse->argc, sizeof(apr_interval_time_t));
    apr_int64_t before = APR_INT64_MAX;

    if (parse->argc == 1 && strcasecmp(parse->argv[0], "none") == 0) {
        *(apr_array_header_t **)parse->member = NULL;
        return APR_SUCCESS;
    }
    for (int i = 0; i < parse->argc; i++) {
        apr_int64_t seconds;

        if (i == ANSHIN_SPANS_MAX || !anshin_span_read(parse->argv[i], &seconds) || !within(parse->option, seconds) ||
            seconds >= before) {
            return refuse_spans(parse, parse->argv[i]);
        }
        APR_ARRAY_PUSH(spans, apr_interval_time_t) = apr_time_from_sec(seconds);
        before = seconds;
    }
    *(apr_array_header_t **)parse->member = spans;
    return APR_SUCCESS;
}

static const char *print_spans(const anshin_option_t *option, const void *member, apr_pool_t *pool)
{
    const apr_array_header_t *spans = *(apr_array_header_t *const *)member;
    const char *line = "";

    (void)option;
    for (int i = 0; spans != NULL && i < spans->nelts; i++) {
        const char *text = anshin_span_text(apr_time_sec(APR_ARRAY_IDX(spans, i, apr_interval_time_t)), pool);

        line = apr_pstrcat(pool, line, i == 0 ? "" : " ", text, NULL);
    }
    return spans == NULL ? "none" : line;
}

/* --- words --- */

/* Length of the word that starts at text; 0 at the end. */
static apr_size_t word_length(const char *text)
{
    return strcspn(text, " ");
}

static const char *next_word(const char *text)
{
    text += word_length(text);
    return *text == ' ' ? text + 1 : text;
}

static int word_index(const char *words, const char *value)
{
    int index = 0;

    for (const char *at = words; *at != '\0'; at = next_word(at), index++) {
        if (strlen(value) == word_length(at) && strncasecmp(at, value, word_length(at)) == 0) {
            return index;
        }
    }
    return -1;
}

static const char *word_at(const char *words, int index, apr_pool_t *pool)
{
    while (index-- > 0) {
        words = next_word(words);
    }
    return apr_pstrmemdup(pool, words, word_length(words));
}

static apr_status_t parse_choice(const parse_t *parse)
{
    int index = word_index(parse->option->words, parse->argv[0]);

    if (index < 0) {
        return refuse(parse, parse->argv[0], apr_pstrcat(parse->pool, "one of: ", parse->option->words, NULL));
    }
    *(int *)parse->member = index;
    return APR_SUCCESS;
}

static const char *print_choice(const anshin_option_t *option, const void *member, apr_pool_t *pool)
{
    return word_at(option->words, *(const int *)member, pool);
}

static apr_status_t parse_set(const parse_t *parse)
{
    int set = 0;

    if (parse->argc == 1 && strcasecmp(parse->argv[0], "none") == 0) {
        *(int *)parse->member = 0;
        return APR_SUCCESS;
    }
    for (int i = 0; i < parse->argc; i++) {
        int index = word_index(parse->option->words, parse->argv[i]);

        if (index < 0) {
            return refuse(parse, parse->argv[i],
                          apr_pstrcat(parse->pool, "none, or some of: ", parse->option->words, NULL));
        }
        set |= 1 << index;
    }
    *(int *)parse->member = set;
    return APR_SUCCESS;
}

static const char *print_set(const anshin_option_t *option, const void *member, apr_pool_t *pool)
{
    const char *text = "";
    int set = *(const int *)member;
    int index = 0;

    for (const char *at = option->words; *at != '\0'; at = next_word(at), index++) {
        if (set & (1 << index)) {
            text = apr_pstrcat(pool, text, *text == '\0' ? "" : " ", apr_pstrmemdup(pool, at, word_length(at)), NULL);
        }
    }
    return *text == '\0' ? "none" : text;
}

/* --- texts --- */

static apr_status_t check_text(const parse_t *parse, const char *text)
{
    const anshin_option_t *option = parse->option;

    /* it goes into pages, mail headers and log lines */
    if (!within(option, (apr_int64_t)strlen(text)) || !anshin_unicode_clean(text)) {
        return refuse(parse, text,
                      apr_psprintf(parse->pool,
                                   "a UTF-8 text of %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT
                                   " bytes without control characters",
                                   option->minimum, option->maximum));
    }
    return APR_SUCCESS;
}

static apr_status_t parse_text(const parse_t *parse)
{
    apr_status_t status = check_text(parse, parse->argv[0]);

    if (status == APR_SUCCESS) {
        *(const char **)parse->member = apr_pstrdup(parse->pool, parse->argv[0]);
    }
    return status;
}

static apr_status_t parse_path(const parse_t *parse)
{
    const char *path = parse->argv[0];

    if (*path == '\0' || strlen(path) > PATH_MAX_BYTES || !anshin_unicode_clean(path)) {
        return refuse(parse, path, "a path, absolute or relative to ServerRoot");
    }
    *(const char **)parse->member = apr_pstrdup(parse->pool, path);
    return APR_SUCCESS;
}

static apr_status_t parse_key(const parse_t *parse)
{
    anshin_token_uri_t uri;
    apr_status_t status;

    if (!anshin_key_is_on_token(parse->argv[0])) {
        return parse_path(parse);
    }
    status = anshin_token_uri_read(&uri, parse->argv[0], parse->option->directive, parse->err, parse->pool);
    *(const char **)parse->member = status == APR_SUCCESS ? apr_pstrdup(parse->pool, parse->argv[0]) : NULL;
    return status;
}

static const char *print_text(const anshin_option_t *option, const void *member, apr_pool_t *pool)
{
    const char *text = *(const char *const *)member;

    (void)option;
    return text == NULL ? "" : apr_pstrdup(pool, text);
}

static apr_status_t parse_texts(const parse_t *parse)
{
    apr_array_header_t *texts = apr_array_make(parse->pool, parse->argc, sizeof(const char *));

    for (int i = 0; i < parse->argc; i++) {
        apr_status_t status = check_text(parse, parse->argv[i]);

        if (status != APR_SUCCESS) {
            return status;
        }
        APR_ARRAY_PUSH(texts, const char *) = apr_pstrdup(parse->pool, parse->argv[i]);
    }
    *(apr_array_header_t **)parse->member = texts;
    return APR_SUCCESS;
}

/* Texts that people read are counted in characters, as people count. */
static apr_status_t check_local(const parse_t *parse, const char *text)
{
    const anshin_option_t *option = parse->option;

    if (!anshin_unicode_clean(text) || !within(option, (apr_int64_t)anshin_unicode_length(text))) {
        return anshin_fail(parse->err, ANSHIN_EINVALID, "AN1332",
                           "%s: a text has %" APR_SIZE_T_FMT " characters; give a UTF-8 text of %" APR_INT64_T_FMT
                           " to %" APR_INT64_T_FMT " characters without control characters",
                           option->directive, anshin_unicode_length(text), option->minimum, option->maximum);
    }
    return APR_SUCCESS;
}

static int is_language(const char *text)
{
    apr_size_t length = strlen(text);

    return length >= 2 && length <= 15 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") == length;
}

static apr_status_t parse_local(const parse_t *parse)
{
    apr_array_header_t *texts = apr_array_make(parse->pool, parse->argc, sizeof(const char *));

    if (parse->argc % 2 == 0) {
        return anshin_fail(parse->err, ANSHIN_EINVALID, "AN1333",
                           "%s takes one argument, not %d; other languages follow in pairs, such as en \"...\"",
                           parse->option->directive, parse->argc);
    }
    for (int i = 0; i < parse->argc; i++) {
        apr_status_t status = APR_SUCCESS;

        if (i % 2 == 0) {
            status = check_local(parse, parse->argv[i]);
        } else if (!is_language(parse->argv[i])) {
            status = refuse(parse, parse->argv[i], "the name of a language, such as en");
        }
        if (status != APR_SUCCESS) {
            return status;
        }
        APR_ARRAY_PUSH(texts, const char *) = apr_pstrdup(parse->pool, parse->argv[i]);
    }
    *(apr_array_header_t **)parse->member = texts;
    return APR_SUCCESS;
}

const char *anshin_option_text_of(const apr_array_header_t *texts, const char *language)
{
    for (int i = 1; texts != NULL && language != NULL && i < texts->nelts; i += 2) {
        if (strcasecmp(APR_ARRAY_IDX(texts, i, const char *), language) == 0) {
            return APR_ARRAY_IDX(texts, i + 1, const char *);
        }
    }
    return texts != NULL ? APR_ARRAY_IDX(texts, 0, const char *) : NULL;
}

/* As httpd reads it: a text with blanks or quotes stands in quotes. */
static const char *quoted(const char *text, apr_pool_t *pool)
{
    char *out;
    char *to;

    if (strpbrk(text, " \"\\'") == NULL) {
        return text;
    }
    to = out = apr_palloc(pool, strlen(text) * 2 + 3);
    *to++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            *to++ = '\\';
        }
        *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return out;
}

static const char *print_texts(const anshin_option_t *option, const void *member, apr_pool_t *pool)
{
    const apr_array_header_t *texts = *(apr_array_header_t *const *)member;
    const char *line = "";

    (void)option;
    for (int i = 0; texts != NULL && i < texts->nelts; i++) {
        line = apr_pstrcat(pool, line, i == 0 ? "" : " ", quoted(APR_ARRAY_IDX(texts, i, const char *), pool), NULL);
    }
    return line;
}

/* --- the verbs --- */

static const kind_t kinds[] = {
    [ANSHIN_OPTION_NUMBER] = {sizeof(int), 0, parse_number, print_number},
    [ANSHIN_OPTION_FLAG] = {sizeof(int), 0, parse_flag, print_flag},
    [ANSHIN_OPTION_SPAN] = {sizeof(apr_interval_time_t), 0, parse_span, print_span},
    [ANSHIN_OPTION_SPANS] = {sizeof(apr_array_header_t *), 1, parse_spans, print_spans},
    [ANSHIN_OPTION_CHOICE] = {sizeof(int), 0, parse_choice, print_choice},
    [ANSHIN_OPTION_SET] = {sizeof(int), 1, parse_set, print_set},
    [ANSHIN_OPTION_TEXT] = {sizeof(const char *), 0, parse_text, print_text},
    [ANSHIN_OPTION_TEXTS] = {sizeof(apr_array_header_t *), 1, parse_texts, print_texts},
    [ANSHIN_OPTION_LOCAL] = {sizeof(apr_array_header_t *), 1, parse_local, print_texts},
    [ANSHIN_OPTION_PATH] = {sizeof(const char *), 0, parse_path, print_text},
    [ANSHIN_OPTION_KEY] = {sizeof(const char *), 0, parse_key, print_text},
};

static const kind_t *kind_of(const anshin_option_t *option)
{
    return &kinds[option->kind];
}

static anshin_option_set_t *set_of(void *structure)
{
    return structure; /* first member of both structures */
}

int anshin_option_is_path(const anshin_option_t *option, const char *value)
{
    return option->kind == ANSHIN_OPTION_PATH || (option->kind == ANSHIN_OPTION_KEY && !anshin_key_is_on_token(value));
}

int anshin_option_is_set(const void *structure, const anshin_option_t *option)
{
    const anshin_option_set_t *set = structure;

    return (set->bits[option->index / 8] >> (option->index % 8)) & 1;
}

static void mark_set(void *structure, const anshin_option_t *option)
{
    unsigned char *byte = &set_of(structure)->bits[option->index / 8];

    *byte = (unsigned char)(*byte | 1 << (option->index % 8));
}

static apr_status_t parse_into(void *structure, const anshin_option_t *option, int argc, const char *const *argv,
                               anshin_error_t *err, apr_pool_t *pool)
{
    const parse_t parse = {option, member_of(structure, option), argc, argv, err, pool};
    const kind_t *kind = kind_of(option);

    if (argc < 1 || (argc > 1 && !kind->several)) {
        return anshin_fail(
            err, ANSHIN_EINVALID, "AN0902", "%s takes %s, not %d", option->directive,
            kind->several && option->kind != ANSHIN_OPTION_LOCAL ? "one or more arguments" : "one argument", argc);
    }
    return kind->parse(&parse);
}

apr_status_t anshin_option_parse(void *structure, const anshin_option_t *option, int argc, const char *const *argv,
                                 anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = parse_into(structure, option, argc, argv, err, pool);

    if (status == APR_SUCCESS) {
        mark_set(structure, option);
    }
    return status;
}

/* A default as written: words for the kinds that take several arguments. */
static apr_status_t parse_default(void *structure, const anshin_option_t *option, const char *written,
                                  anshin_error_t *err, apr_pool_t *pool)
{
    apr_array_header_t *words = apr_array_make(pool, 8, sizeof(const char *));

    if (!kind_of(option)->several) {
        return parse_into(structure, option, 1, &written, err, pool);
    }
    for (const char *at = written; *at != '\0'; at = next_word(at)) {
        APR_ARRAY_PUSH(words, const char *) = apr_pstrmemdup(pool, at, word_length(at));
    }
    return parse_into(structure, option, words->nelts, (const char *const *)words->elts, err, pool);
}

apr_status_t anshin_options_default(void *structure, const anshin_option_t *options, int preset, anshin_error_t *err,
                                    apr_pool_t *pool)
{
    memset(set_of(structure), 0, sizeof(anshin_option_set_t));
    for (const anshin_option_t *option = options; option->directive != NULL; option++) {
        const char *written = option->defaults[preset];
        apr_status_t status;

        memset(member_of(structure, option), 0, kind_of(option)->size);
        if (*written == '\0') {
            continue;
        }
        status = parse_default(structure, option, written, err, pool);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    return APR_SUCCESS;
}

void anshin_options_overlay(void *target, const void *source, const anshin_option_t *options)
{
    for (const anshin_option_t *option = options; option->directive != NULL; option++) {
        if (anshin_option_is_set(source, option)) {
            memcpy(member_of(target, option), const_member_of(source, option), kind_of(option)->size);
            mark_set(target, option);
        }
    }
}

const char *anshin_option_print(const void *structure, const anshin_option_t *option, apr_pool_t *pool)
{
    return kind_of(option)->print(option, const_member_of(structure, option), pool);
}

const anshin_option_t *anshin_option_find(const anshin_option_t *options, const char *directive)
{
    while (options->directive != NULL && strcasecmp(options->directive, directive) != 0) {
        options++;
    }
    return options->directive == NULL ? NULL : options;
}
