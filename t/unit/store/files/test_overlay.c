/*
 * store/files/overlay.c: versions by position, walks, chains.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "store/files/overlay.h"
#include "unit/tap.h"

static const apr_uint64_t hash_key[2] = {1, 2};

static void add(anshin_overlay_t *overlay, unsigned char type, const char *key, const char *value,
                anshin_position_t position)
{
    anshin_change_t change = {.type = type,
                              .key_length = (unsigned char)strlen(key),
                              .key = key,
                              .value = value,
                              .value_length = value != NULL ? strlen(value) + 1 : 0};

    anshin_overlay_add(overlay, &change, position);
}

/* The value at a position; "-" when erased, "?" when the overlay knows nothing of it. */
static const char *at(const anshin_overlay_t *overlay, unsigned char type, const char *key, anshin_position_t position)
{
    const anshin_version_t *version = anshin_overlay_find(overlay, type, key, strlen(key), position);

    if (version == NULL) {
        return "?";
    }
    return version->value != NULL ? version->value : "-";
}

static apr_status_t count(void *baton, const anshin_change_t *change)
{
    int *counts = baton;

    counts[change->value != NULL]++;
    return counts[0] + counts[1] == counts[2] ? APR_EOF : APR_SUCCESS;
}

static void test_versions(apr_pool_t *pool)
{
    anshin_overlay_t *overlay = anshin_overlay_make(hash_key, 0, pool);
    int counts[3] = {0, 0, -1};

    ok(same_text(at(overlay, 1, "a", ANSHIN_POSITION_LAST), "?"), "empty, it knows nothing");
    add(overlay, 1, "a", "one", 10);
    add(overlay, 1, "a", "two", 20);
    add(overlay, 1, "a", NULL, 30);
    add(overlay, 1, "a", "four", 40);
    ok(same_text(at(overlay, 1, "a", 9), "?") && same_text(at(overlay, 1, "a", 10), "one") &&
           same_text(at(overlay, 1, "a", 19), "one") && same_text(at(overlay, 1, "a", 20), "two"),
       "the version at a position");
    ok(same_text(at(overlay, 1, "a", 30), "-") && same_text(at(overlay, 1, "a", ANSHIN_POSITION_LAST), "four"),
       "erased is not unknown, and may come back");
    ok(same_text(at(overlay, 2, "a", 40), "?") && same_text(at(overlay, 1, "aa", 40), "?") &&
           same_text(at(overlay, 1, "", 40), "?"),
       "another type or key is another record");
    add(overlay, 1, "b", NULL, 25);
    ok(anshin_overlay_each(overlay, 25, count, counts) == APR_SUCCESS && counts[0] == 1 && counts[1] == 1,
       "a walk sees what is there at its position");
    counts[0] = counts[1] = 0;
    ok(anshin_overlay_each(overlay, 5, count, counts) == APR_SUCCESS && counts[0] + counts[1] == 0,
       "and nothing before the first");
    counts[2] = 1;
    ok(anshin_overlay_each(overlay, 40, count, counts) == APR_EOF && counts[0] + counts[1] == 1,
       "the visitor's answer ends it");
}

static void test_many(apr_pool_t *pool)
{
    anshin_overlay_t *overlay = anshin_overlay_make(hash_key, 0, pool);
    int wrong = 0;

    for (int i = 0; i < 60000; i++) { /* several a chain */
        const char *key = apr_psprintf(pool, "key/%d", i % 50000);

        add(overlay, (unsigned char)(1 + i % 3), key, key, (anshin_position_t)i);
    }
    for (int i = 0; i < 50000; i++) {
        const char *key = apr_psprintf(pool, "key/%d", i);

        wrong += !same_text(at(overlay, (unsigned char)(1 + i % 3), key, ANSHIN_POSITION_LAST), key);
    }
    ok(wrong == 0, "50,000 records are found again");
}

/* Versions stay what they are when there come to be more chains. */
static void test_growth(apr_pool_t *pool)
{
    enum { MANY = 300000 };
    anshin_overlay_t *overlay = anshin_overlay_make(hash_key, 0, pool);
    int counts[3] = {0, 0, -1};
    int wrong = 0;

    add(overlay, 1, "first", "old", 1);
    add(overlay, 1, "first", "new", 2);
    for (int i = 0; i < MANY; i++) {
        const char *key = apr_psprintf(pool, "key/%d", i);

        add(overlay, 1, key, i % 2 ? key : NULL, (anshin_position_t)i + 3);
    }
    add(overlay, 1, "first", NULL, MANY + 3);
    ok(same_text(at(overlay, 1, "first", 1), "old") && same_text(at(overlay, 1, "first", MANY), "new") &&
           same_text(at(overlay, 1, "first", ANSHIN_POSITION_LAST), "-"),
       "in a table that grew, a record has all its versions");
    for (int i = 0; i < MANY; i++) {
        const char *key = apr_psprintf(pool, "key/%d", i);

        wrong += !same_text(at(overlay, 1, key, (anshin_position_t)i + 3), i % 2 ? key : "-") ||
                 !same_text(at(overlay, 1, key, (anshin_position_t)i + 2), "?");
    }
    ok(wrong == 0, "so have %d others", MANY);
    ok(anshin_overlay_each(overlay, ANSHIN_POSITION_LAST, count, counts) == APR_SUCCESS && counts[0] == MANY / 2 + 1 &&
           counts[1] == MANY / 2,
       "and a walk meets each once");
}

/* --- readers meanwhile --- */

typedef struct shared_t {
    anshin_overlay_t *overlay;
    _Atomic int added; /* keys 0 to here may be read, at this position */
    _Atomic int wrong;
    _Atomic int reads;
} shared_t;

static void *APR_THREAD_FUNC read_on(apr_thread_t *thread, void *baton)
{
    shared_t *shared = baton;
    unsigned seed = 7;

    (void)thread;
    for (int limit = 0; limit < 199999; atomic_fetch_add(&shared->reads, 1)) {
        char key[32];
        int which;

        limit = atomic_load(&shared->added);
        which = limit > 0 ? rand_r(&seed) % limit : -1;
        snprintf(key, sizeof(key), "key/%d", which);
        if (which >= 0 && !same_text(at(shared->overlay, 1, key, (anshin_position_t)limit), "x")) {
            atomic_fetch_add(&shared->wrong, 1);
        }
    }
    return NULL;
}

static void test_readers(apr_pool_t *pool)
{
    static shared_t shared;
    apr_thread_t *threads[2];
    apr_status_t status;

    shared.overlay = anshin_overlay_make(hash_key, 0, pool);
    for (int i = 0; i < 2; i++) {
        (void)apr_thread_create(&threads[i], NULL, read_on, &shared, pool);
    }
    for (int i = 0; i < 200000; i++) {
        add(shared.overlay, 1, apr_psprintf(pool, "key/%d", i), "x", (anshin_position_t)i);
        atomic_store(&shared.added, i);
    }
    for (int i = 0; i < 2; i++) {
        (void)apr_thread_join(&status, threads[i]);
    }
    ok(shared.wrong == 0 && shared.reads > 1000, "readers see all that was there, while it grows (%d reads)",
       (int)shared.reads);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    test_versions(pool);
    test_many(pool);
    test_growth(pool);
    test_readers(pool);
    return done();
}
