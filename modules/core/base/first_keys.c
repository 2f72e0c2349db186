/*
 * The first of many keys: see first_keys.h.
 */
#include "core/base/first_keys.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

struct anshin_first_keys_t {
    apr_pool_t *pool;
    apr_pool_t *texts; /* of the keys that are kept */
    apr_array_header_t *keys;
    int limit;
    const char *after;
    const char *last; /* what comes after it is not among the first; NULL: not known yet */
};

anshin_first_keys_t *anshin_first_keys_create(apr_pool_t *pool, int limit, const char *after)
{
    anshin_first_keys_t *keys = apr_pcalloc(pool, sizeof(*keys));

    keys->pool = pool;
    apr_pool_create(&keys->texts, pool);
    keys->keys = apr_array_make(pool, 64, sizeof(const char *));
    keys->limit = limit;
    keys->after = after;
    return keys;
}

static int ascending(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Leave the first of them, and the memory of the others. */
static void cut(anshin_first_keys_t *keys)
{
    apr_pool_t *texts;

    if (keys->keys->nelts > 0) {
        qsort(keys->keys->elts, (size_t)keys->keys->nelts, sizeof(const char *), ascending);
    }
    if (keys->keys->nelts <= keys->limit) {
        return;
    }
    keys->keys->nelts = keys->limit;
    apr_pool_create(&texts, keys->pool);
    for (int i = 0; i < keys->limit; i++) {
        const char **key = &APR_ARRAY_IDX(keys->keys, i, const char *);

        keys->last = *key = apr_pstrdup(texts, *key);
    }
    apr_pool_destroy(keys->texts);
    keys->texts = texts;
}

void anshin_first_keys_add(anshin_first_keys_t *keys, const char *key)
{
    if ((keys->after != NULL && strcmp(key, keys->after) <= 0) ||
        (keys->last != NULL && strcmp(key, keys->last) >= 0)) {
        return;
    }
    APR_ARRAY_PUSH(keys->keys, const char *) = apr_pstrdup(keys->texts, key);
    if (keys->keys->nelts >= 2 * keys->limit) {
        cut(keys);
    }
}

const apr_array_header_t *anshin_first_keys_take(anshin_first_keys_t *keys)
{
    cut(keys);
    return keys->keys;
}
