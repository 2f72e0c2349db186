/*
 * Keys in order, in parts (core/base/first_keys.h), as exports walk (IMP-3).
 */
#include "core/base/first_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "unit/tap.h"

#define ALL 1000

static apr_pool_t *pool;

/* All keys in an order that is none, as a store has them. */
static const apr_array_header_t *part(int limit, const char *after)
{
    anshin_first_keys_t *keys = anshin_first_keys_create(pool, limit, after);

    for (int i = 0; i < ALL; i++) {
        anshin_first_keys_add(keys, apr_psprintf(pool, "key%04d", i * 7919 % ALL));
    }
    return anshin_first_keys_take(keys);
}

/* So many parts of a limit give each key once, in order. */
static int whole(int limit, int parts)
{
    const char *after = NULL;
    int next = 0;

    for (int i = 0; i < parts; i++) {
        const apr_array_header_t *keys = part(limit, after);

        for (int j = 0; j < keys->nelts; j++) {
            if (!same_text(APR_ARRAY_IDX(keys, j, const char *), apr_psprintf(pool, "key%04d", next++))) {
                return 0;
            }
        }
        after = keys->nelts > 0 ? APR_ARRAY_IDX(keys, keys->nelts - 1, const char *) : after;
    }
    return next == ALL && part(limit, after)->nelts == 0;
}

int main(void)
{
    anshin_first_keys_t *none;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    ok(whole(1, ALL), "IMP-3: one key a part");
    ok(whole(3, 334), "IMP-3: a last part that is not full");
    ok(whole(250, 4), "IMP-3: parts that are all full");
    ok(whole(ALL, 1), "IMP-3: all of them at once");
    ok(whole(5 * ALL, 1), "IMP-3: fewer than a part has room for");
    none = anshin_first_keys_create(pool, 4, NULL);
    ok(anshin_first_keys_take(none)->nelts == 0, "IMP-3: none");
    return done();
}
