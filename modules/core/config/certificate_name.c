/*
 * Names of certificates: see certificate_name.h.
 *
 * SECURITY: the name is for people. Who holds a certificate is looked up by its serial and never read out of it.
 */
#include "core/config/certificate_name.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>

#include "core/base/label.h"
#include "core/base/unicode.h"

#define USER_LEAST 8    /* characters of the user ID that must have room beside the longest rest */
#define NUMBER_LENGTH 4 /* "-999" */
#define COUNT_LENGTH 4  /* " #99" */

typedef enum kind_t { PART_TEXT, PART_USER, PART_TERMINAL, PART_LABEL, PART_ISSUED, PART_KINDS } kind_t;
static const char *const names[PART_KINDS] = {NULL, "user", "terminal", "label", "issued"};

typedef struct part_t {
    kind_t kind;
    const char *text; /* of a text; the format of a time */
} part_t;

typedef struct expression_t {
    apr_array_header_t *parts; /* of part_t */
    int has[PART_KINDS];       /* how often */
} expression_t;

/* Conversions of a format, and the characters that they give. */
static int conversion_length(char conversion)
{
    return conversion == 'Y' ? 4 : conversion != '\0' && strchr("mdHM", conversion) != NULL ? 2 : 0;
}

static const char *format_error(const char *format, apr_pool_t *pool)
{
    int conversions = 0;

    for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at + 2, '%')) {
        if (conversion_length(at[1]) == 0) {
            return apr_psprintf(pool, "%%{issued:%s}: give only %%Y, %%m, %%d, %%H and %%M in a time", format);
        }
        conversions++;
    }
    return conversions > 0 ? NULL : "%{issued} needs a time such as %{issued:%Y-%m-%d}";
}

/* What stands between %{ and }. */
static const char *read_name(expression_t *expression, const char *name, apr_pool_t *pool)
{
    size_t length = strcspn(name, ":");
    kind_t kind = PART_USER;

    while (kind < PART_KINDS && (strlen(names[kind]) != length || strncmp(names[kind], name, length) != 0)) {
        kind++;
    }
    if (kind == PART_KINDS || (name[length] == ':' && kind != PART_ISSUED)) {
        return apr_psprintf(
            pool, "%%{%s} is not known; give %%{user}, %%{terminal}, %%{label} or %%{issued:%%Y-%%m-%%d}", name);
    }
    *(part_t *)apr_array_push(expression->parts) = (part_t){kind, name + length + (name[length] == ':')};
    expression->has[kind]++;
    return kind == PART_ISSUED ? format_error(name + length + (name[length] == ':'), pool) : NULL;
}

/* NULL, or what is wrong. */
static const char *parse(expression_t *expression, const char *text, apr_pool_t *pool)
{
    memset(expression, 0, sizeof(*expression));
    expression->parts = apr_array_make(pool, 8, sizeof(part_t));
    while (*text != '\0') {
        size_t length = strcspn(text, "%");
        const char *end, *error;

        if (length == 0 && text[1] == '{') {
            if ((end = strchr(text, '}')) == NULL) {
                return apr_psprintf(pool, "%s is not closed by a }", text);
            }
            if ((error = read_name(expression, apr_pstrmemdup(pool, text + 2, (apr_size_t)(end - text - 2)), pool)) !=
                NULL) {
                return error;
            }
            text = end + 1;
            continue;
        }
        if (length == 0 && text[1] != '%') {
            return "a % must begin one of %{user}, %{terminal}, %{label}, %{issued:%Y-%m-%d}, or be written as %%";
        }
        *(part_t *)apr_array_push(expression->parts) =
            (part_t){PART_TEXT, length > 0 ? apr_pstrmemdup(pool, text, length) : "%"};
        text += length > 0 ? length : 2;
    }
    return NULL;
}

static apr_size_t longest(const part_t *part)
{
    apr_size_t length = 0;

    switch (part->kind) {
    case PART_TEXT:
        return anshin_unicode_length(part->text);
    case PART_TERMINAL:
        return NUMBER_LENGTH;
    case PART_LABEL:
        return ANSHIN_LABEL_MAX;
    case PART_ISSUED:
        for (const char *at = part->text; *at != '\0'; at += *at == '%' ? 2 : 1) {
            length += *at == '%' ? (apr_size_t)conversion_length(at[1]) : ((unsigned char)*at & 0xc0) != 0x80;
        }
        return length;
    default:
        return 0;
    }
}

const char *anshin_certificate_name_error(const char *text, apr_pool_t *pool)
{
    expression_t expression;
    apr_size_t length = 0;
    const char *error;

    if (!anshin_unicode_printable(text)) {
        return "it has a character that cannot be seen";
    }
    if ((error = parse(&expression, text, pool)) != NULL) {
        return error;
    }
    if (expression.has[PART_USER] != 1) {
        return "%{user} must stand in it once";
    }
    for (int i = 0; i < expression.parts->nelts; i++) {
        length += longest(&APR_ARRAY_IDX(expression.parts, i, part_t));
    }
    if (expression.has[PART_ISSUED]) {
        length += expression.has[PART_TERMINAL] ? COUNT_LENGTH : COUNT_LENGTH + NUMBER_LENGTH;
    }
    return length > ANSHIN_CERTIFICATE_NAME_MAX - USER_LEAST
               ? apr_psprintf(pool,
                              "beside %%{user} it may have %d characters (a label has %d), so that %d are left "
                              "for the user ID",
                              ANSHIN_CERTIFICATE_NAME_MAX - USER_LEAST, ANSHIN_LABEL_MAX, USER_LEAST)
               : NULL;
}

/* --- making one -------------------------------------------------------------------------------------------------- */

static const char *time_text(const char *format, apr_time_t time, apr_pool_t *pool)
{
    const char *text = "";
    apr_time_exp_t local;

    (void)apr_time_exp_lt(&local, time);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            text = apr_psprintf(pool, "%s%c", text, *format);
            continue;
        }
        format++;
        text = apr_psprintf(pool, *format == 'Y' ? "%s%04d" : "%s%02d", text,
                            *format == 'Y'   ? local.tm_year + 1900
                            : *format == 'm' ? local.tm_mon + 1
                            : *format == 'd' ? local.tm_mday
                            : *format == 'H' ? local.tm_hour
                                             : local.tm_min);
    }
    return text;
}

static const char *part_text(const part_t *part, const anshin_name_facts_t *facts, apr_pool_t *pool)
{
    switch (part->kind) {
    case PART_TEXT:
        return part->text;
    case PART_TERMINAL:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, facts->terminal);
    case PART_LABEL:
        return facts->label != NULL ? facts->label : "";
    case PART_ISSUED:
        return time_text(part->text, facts->issued, pool);
    default:
        return "";
    }
}

/* The octets of so many characters of valid UTF-8, or of all. */
static apr_size_t octets(const char *text, apr_size_t characters)
{
    const char *at = text;

    while (*at != '\0') {
        if (((unsigned char)*at & 0xc0) != 0x80 && characters-- == 0) {
            break;
        }
        at++;
    }
    return (apr_size_t)(at - text);
}

/* A label that is not there leaves two spaces, or one at an end. In place. */
static char *tidy(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at != ' ' || at[1] != ' ') {
            *to++ = *at;
        }
    }
    *to = '\0';
    return anshin_unicode_trim(text);
}

const char *anshin_certificate_name(const char *text, const anshin_name_facts_t *facts, apr_pool_t *pool)
{
    const char *sides[2] = {"", ""}; /* before and behind the user */
    expression_t expression;
    apr_size_t taken, room;
    int side = 0;

    (void)parse(&expression, text, pool);
    for (int i = 0; i < expression.parts->nelts; i++) {
        const part_t *part = &APR_ARRAY_IDX(expression.parts, i, part_t);

        if (part->kind == PART_USER) {
            side = 1;
            if (facts->terminal > 1 && expression.has[PART_ISSUED] && !expression.has[PART_TERMINAL]) {
                sides[1] = apr_psprintf(pool, "-%" APR_INT64_T_FMT, facts->terminal);
            }
        }
        sides[side] = apr_pstrcat(pool, sides[side], part_text(part, facts, pool), NULL);
    }
    if (facts->count > 1 && expression.has[PART_ISSUED]) {
        sides[1] = apr_psprintf(pool, "%s #%" APR_INT64_T_FMT, sides[1], facts->count);
    }
    taken = anshin_unicode_length(sides[0]) + anshin_unicode_length(sides[1]);
    room = taken < ANSHIN_CERTIFICATE_NAME_MAX ? ANSHIN_CERTIFICATE_NAME_MAX - taken : 0;
    text =
        tidy(apr_pstrcat(pool, sides[0], apr_pstrmemdup(pool, facts->user, octets(facts->user, room)), sides[1], NULL));
    return apr_pstrmemdup(pool, text, octets(text, ANSHIN_CERTIFICATE_NAME_MAX));
}

int anshin_certificate_name_tells(const char *text, apr_pool_t *pool)
{
    expression_t expression;

    return parse(&expression, text, pool) == NULL && expression.has[PART_ISSUED] > 0;
}
