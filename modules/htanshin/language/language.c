/*
 * The language of whoever sits before the terminal: see language.h.
 */
#include "htanshin/language/language.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_strings.h>

typedef struct text_t {
    const char *english;
    const char *japanese;
} text_t;

/* What is said as it stands. */
#define TEXT(english, japanese) {english, japanese},
#define ERROR(english, japanese)
#define KEY(key, japanese)
static const text_t texts[] = {
#include "htanshin/language/table.def"
};
#undef TEXT
#undef ERROR

/* Formats of errors: %1 to %9 in the Japanese is what the English has there, %1w the same as a text of this table. */
#define TEXT(english, japanese)
#define ERROR(english, japanese) {english, japanese},
static const text_t errors[] = {
#include "htanshin/language/table.def"
};
#undef ERROR
#undef KEY

/* Keys of answers. */
#define ERROR(english, japanese)
#define KEY(key, japanese) {key, japanese},
static const text_t keys[] = {
#include "htanshin/language/table.def"
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int japanese; /* set once, at the start of the program */

/* ja, ja_JP, ja_JP.UTF-8, ja.utf8@x: but none that names another encoding, in which our UTF-8 would be garbage. */
static int is_japanese(const char *locale)
{
    const char *encoding = strchr(locale, '.');

    return strncmp(locale, "ja", 2) == 0 && (locale[2] == '\0' || strchr("_.@", locale[2]) != NULL) &&
           (encoding == NULL || strncasecmp(encoding + 1, "utf-8", 5) == 0 ||
            strncasecmp(encoding + 1, "utf8", 4) == 0);
}

void anshin_language_begin(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < COUNT(variables); i++) {
        const char *value = getenv(variables[i]);
        if (value != NULL && value[0] != '\0') {
            japanese = is_japanese(value);
            return;
        }
    }
}

static const char *look_up(const text_t *table, size_t count, const char *english)
{
    for (size_t i = 0; japanese && i < count; i++) {
        if (strcmp(table[i].english, english) == 0) {
            return table[i].japanese;
        }
    }
    return NULL;
}

const char *anshin_say(const char *english)
{
    const char *found = look_up(texts, COUNT(texts), english);

    return found != NULL ? found : english;
}

const char *anshin_say_key(const char *key)
{
    return look_up(keys, COUNT(keys), key);
}

/* What was filled in, or for a word its text. */
static const char *part(const anshin_error_t *error, int number, int is_word, apr_pool_t *pool)
{
    const anshin_error_part_t *at = &error->parts[number];
    const char *text = number < error->parts_count ? apr_pstrmemdup(pool, error->text + at->at, at->length) : "";

    return is_word ? anshin_say(text) : text;
}

const char *anshin_say_error(const anshin_error_t *error, apr_pool_t *pool)
{
    const char *format = error->format != NULL ? look_up(errors, COUNT(errors), error->format) : NULL;
    const char *text = "";

    if (format == NULL) {
        return error->text;
    }
    while (*format != '\0') {
        size_t plain = strcspn(format, "%");
        text = apr_pstrcat(pool, text, apr_pstrmemdup(pool, format, plain), NULL);
        format += plain;
        if (format[0] == '%' && format[1] >= '1' && format[1] <= '9') {
            int is_word = format[2] == 'w';
            text = apr_pstrcat(pool, text, part(error, format[1] - '1', is_word, pool), NULL);
            format += 2 + is_word;
        } else if (*format != '\0') {
            text = apr_pstrcat(pool, text, "%", NULL);
            format += format[1] == '%' ? 2 : 1;
        }
    }
    return text;
}

/* A full stop within a name or a number ends nothing. */
apr_size_t anshin_first_clause(const char *text)
{
    const char *stop = strstr(text, "\xe3\x80\x82"); /* the Japanese full stop */
    apr_size_t length = strcspn(text, ";:.");

    while (text[length] != '\0' && text[length + 1] != ' ' && text[length + 1] != '\0') {
        length += 1 + strcspn(text + length + 1, ";:.");
    }
    return stop != NULL ? (apr_size_t)(stop - text) : length;
}
