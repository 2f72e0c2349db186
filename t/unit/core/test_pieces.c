/*
 * Memory of pools as the sanitizers see it (t/tools/memory/pieces.c): what lies behind each kind of allocation, and what
 * has been given back with its pool, is not to be touched. Without sanitizers the texts alone are compared.
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <apr_thread_proc.h>

#include "unit/tap.h"

int __asan_address_is_poisoned(const void *address);
#pragma weak __asan_address_is_poisoned

static int sanitized(void)
{
    return __asan_address_is_poisoned != NULL;
}

static int is_poisoned(const void *address)
{
    return sanitized() && __asan_address_is_poisoned(address);
}

/* The last octet may be used, the one behind it may not, nor may the one before the first. */
static int ends_at(const char *memory, apr_size_t size)
{
    if (!sanitized()) {
        return memory != NULL;
    }
    return !is_poisoned(memory) && !is_poisoned(memory + size - 1) && is_poisoned(memory + size) &&
           is_poisoned(memory - 1);
}

static void memory_ends(apr_pool_t *pool)
{
    const struct iovec parts[] = {{(void *)(apr_uintptr_t) "abc", 3}, {(void *)(apr_uintptr_t) "defg", 4}};
    apr_array_header_t *array = apr_array_make(pool, 3, 5);
    apr_size_t length;

    ok(ends_at(apr_palloc(pool, 13), 13), "apr_palloc");
    ok(ends_at(apr_pcalloc(pool, 8000), 8000), "apr_pcalloc");
    ok(ends_at(apr_palloc(pool, 100000), 100000), "apr_palloc of more than a block");
    ok(ends_at(apr_pmemdup(pool, "abc", 3), 3), "apr_pmemdup");
    ok(ends_at(apr_pstrdup(pool, "four"), 5), "apr_pstrdup");
    ok(ends_at(apr_pstrndup(pool, "four", 2), 3), "apr_pstrndup");
    ok(ends_at(apr_pstrmemdup(pool, "four", 3), 4), "apr_pstrmemdup");
    ok(ends_at(apr_pstrcat(pool, "a", "bc", NULL), 4), "apr_pstrcat");
    ok(ends_at(apr_pstrcatv(pool, parts, 2, &length), 8), "apr_pstrcatv");
    ok(ends_at(apr_psprintf(pool, "%d", 12345), 6), "apr_psprintf");
    ok(ends_at(array->elts, 15), "apr_array_make");
}

static void texts_are_the_same(apr_pool_t *pool)
{
    static const int lengths[] = {0, 1, 1022, 1023, 1024, 1025, 2048, 5000, 100000};
    char *wanted = apr_palloc(pool, 100001);

    for (apr_size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        const char *text = apr_psprintf(pool, "%*s", lengths[i], lengths[i] > 0 ? "x" : "");

        apr_snprintf(wanted, 100001, "%*s", lengths[i], lengths[i] > 0 ? "x" : "");
        ok(strcmp(text, wanted) == 0 && strlen(text) == (apr_size_t)lengths[i], "a formatted text of %d octets",
           lengths[i]);
    }
}

typedef struct seen_t {
    const char *own, *below;
    int poisoned;
} seen_t;

static apr_status_t look(void *baton)
{
    seen_t *seen = baton;

    seen->poisoned = is_poisoned(seen->own) || is_poisoned(seen->below);
    return APR_SUCCESS;
}

static void memory_is_given_back(apr_pool_t *parent)
{
    seen_t seen = {NULL, NULL, -1};
    apr_pool_t *pool, *below;
    const char *text;

    apr_pool_create(&pool, parent);
    apr_pool_create(&below, pool);
    seen.own = apr_pstrdup(pool, "own");
    seen.below = apr_pstrdup(below, "below");
    apr_pool_cleanup_register(below, &seen, look, apr_pool_cleanup_null);
    apr_pool_clear(pool);
    ok(seen.poisoned == 0, "a cleanup of a sub-pool still has its memory, and that of the pool above");
    ok(!sanitized() || is_poisoned(seen.own), "after the pool was cleared it is gone");
    ok(!sanitized() || is_poisoned(seen.below), "so is that of the sub-pool, which was destroyed with it");
    text = apr_pstrdup(pool, "again");
    ok(ends_at(text, 6), "a pool that was cleared goes on");
    apr_pool_clear(pool);
    ok(!sanitized() || is_poisoned(text), "and is cleared again");
    text = apr_pstrdup(pool, "last");
    apr_pool_destroy(pool);
    ok(!sanitized() || is_poisoned(text), "and destroyed");
}

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *baton)
{
    apr_pool_t *parent = apr_thread_pool_get(thread);

    (void)baton;
    for (int i = 0; i < 200; i++) {
        apr_pool_t *pool;

        apr_pool_create(&pool, parent);
        for (int j = 0; j < 20; j++) {
            (void)apr_psprintf(pool, "%d", j);
        }
        apr_pool_destroy(pool);
    }
    return NULL;
}

static void threads_do_not_meet(apr_pool_t *pool)
{
    apr_thread_t *threads[4];
    int joined = 0;

    for (int i = 0; i < 4; i++) {
        apr_thread_create(&threads[i], NULL, work, NULL, pool);
    }
    for (int i = 0; i < 4; i++) {
        apr_status_t status;

        joined += apr_thread_join(&status, threads[i]) == APR_SUCCESS;
    }
    ok(joined == 4, "threads with pools of their own do not meet");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    memory_ends(pool);
    texts_are_the_same(pool);
    memory_is_given_back(pool);
    threads_do_not_meet(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
