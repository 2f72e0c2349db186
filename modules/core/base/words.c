/*
 * Lists of words: see words.h.
 */
#include "core/base/words.h"

#include <string.h>

#include <apr_strings.h>

const char *anshin_word_name(const anshin_word_t *words, apr_int64_t value, const char *otherwise)
{
    for (; words->name != NULL; words++) {
        if (words->value == value) {
            return words->name;
        }
    }
    return otherwise;
}

const anshin_word_t *anshin_word_find(const anshin_word_t *words, const char *name)
{
    for (; words->name != NULL; words++) {
        if (strcmp(words->name, name) == 0) {
            return words;
        }
    }
    return NULL;
}

int anshin_word_value(const anshin_word_t *words, const char *name, int otherwise)
{
    const anshin_word_t *word = anshin_word_find(words, name);

    return word != NULL ? (int)word->value : otherwise;
}

const char *anshin_word_list(const anshin_word_t *words, const char *separator, apr_pool_t *pool)
{
    const char *all = "";

    for (; words->name != NULL; words++) {
        all = apr_pstrcat(pool, all, all[0] != '\0' ? separator : "", words->name, NULL);
    }
    return all;
}
