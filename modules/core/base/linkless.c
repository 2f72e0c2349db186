/*
 * Text that no mail program makes a link of: see linkless.h.
 *
 * A word is a run of printable ASCII without brackets, quotes, commas and semicolons: what programs take for one when
 * they look for addresses. Japanese text ends it.
 */
#include "core/base/linkless.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define WWW "www."

static int is_of_word(char c)
{
    return (unsigned char)c > ' ' && (unsigned char)c < 0x7f && strchr("<>()[]{}\"',;", c) == NULL;
}

static apr_size_t word_length(const char *text)
{
    apr_size_t length = 0;

    while (is_of_word(text[length])) {
        length++;
    }
    return length;
}

static int contains(const char *word, apr_size_t length, const char *part)
{
    const char *at = strstr(word, part);

    return at != NULL && (apr_size_t)(at - word) + strlen(part) <= length;
}

static int is_address(const char *word, apr_size_t length)
{
    return contains(word, length, "://") || (length > strlen(WWW) && strncasecmp(word, WWW, strlen(WWW)) == 0);
}

/* A dot between a letter or digit and a name of two letters or more: what could be the end of a host's name. */
static int parts_host(const char *word, const char *dot)
{
    apr_size_t letters = 0;

    while (apr_isalpha(dot[1 + letters])) {
        letters++;
    }
    return dot > word && apr_isalnum(dot[-1]) && letters >= 2;
}

int anshin_linkless_broken(const char *text)
{
    while (*text != '\0') {
        apr_size_t length = word_length(text);

        if (length > 0 && is_address(text, length)) {
            return 1;
        }
        text += length > 0 ? length : 1;
    }
    return 0;
}

/* out has room for twice the text. */
static char *put_word(char *out, const char *word, apr_size_t length)
{
    int mail = contains(word, length, "@");

    if (is_address(word, length)) {
        return out;
    }
    for (const char *at = word; at < word + length; at++) {
        *out++ = *at;
        if (*at == '.' && !mail && parts_host(word, at)) {
            *out++ = ' ';
        }
    }
    return out;
}

const char *anshin_linkless(const char *text, apr_pool_t *pool)
{
    char *clean = apr_palloc(pool, 2 * strlen(text) + 1);
    char *out = clean;

    for (const char *at = text; *at != '\0';) {
        apr_size_t length = word_length(at);

        if (length > 0) {
            out = put_word(out, at, length);
            at += length;
        } else {
            *out++ = *at++;
        }
    }
    *out = '\0';
    return strcmp(clean, text) == 0 ? text : clean;
}
