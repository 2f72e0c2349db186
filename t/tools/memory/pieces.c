/*
 * Pools whose memory ASan can look at. APR cuts what it hands out from blocks of 8 KiB, so that who reads or writes
 * behind a string, or uses it when its pool has been cleared, touches memory that is allocated as far as ASan knows.
 * Here each allocation is a piece of its own from malloc(), of exactly its size, and is freed with its pool.
 *
 * Linked into sanitized programs, and preloaded into httpd (Anshin::Server->sanitizer): this takes the place of what
 * libapr calls for all of its allocations, through symbols that can be replaced. What a pool keeps for itself, and the
 * memory of bucket brigades, stay as they are. Not sanitized itself.
 *
 * A pool is used by one thread at a time, as APR has it; its list of pieces needs no lock for that reason. The table
 * of lists only grows, by one entry for each address that a pool has had, and is read without one.
 */
#include <apr_lib.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 14, FIRST_ROOM = 16, PRINTED = 1024 };

/* What one pool has handed out. */
typedef struct share_t {
    struct share_t *next; /* of the same bucket */
    apr_pool_t *pool;
    void **pieces;
    size_t count, room;
    int watched; /* 1: its end is waited for */
} share_t;

static share_t *_Atomic shares[BUCKETS];

/* Pieces of pools that ended within a call that has not returned yet, which may still use them: it ends sub-pools
 * before the pool, and subprocesses behind the last cleanup. */
static __thread share_t ended;
static __thread int depth;

static void add(share_t *share, void *piece)
{
    if (share->count == share->room) {
        share->room = share->room == 0 ? FIRST_ROOM : 2 * share->room;
        share->pieces = realloc(share->pieces, share->room * sizeof(*share->pieces));
        if (share->pieces == NULL) {
            abort();
        }
    }
    share->pieces[share->count++] = piece;
}

static void free_ended(void)
{
    for (size_t i = 0; i < ended.count; i++) {
        free(ended.pieces[i]);
    }
    free(ended.pieces);
    ended = (share_t){0};
}

/* The pool's last cleanup: it was registered before its first piece was handed out. */
static apr_status_t end(void *baton)
{
    share_t *share = baton;

    for (size_t i = 0; i < share->count; i++) {
        add(&ended, share->pieces[i]);
    }
    free(share->pieces);
    share->pieces = NULL;
    share->count = share->room = 0;
    share->watched = 0;
    return APR_SUCCESS;
}

static share_t *share_of(apr_pool_t *pool)
{
    share_t *_Atomic *bucket = &shares[((uintptr_t)pool >> 12) % BUCKETS]; /* pools lie a page apart, or more */
    share_t *first = atomic_load(bucket);
    share_t *share;

    for (share = first; share != NULL; share = share->next) {
        if (share->pool == pool) {
            return share;
        }
    }
    share = calloc(1, sizeof(*share));
    if (share == NULL) {
        abort();
    }
    share->pool = pool;
    share->next = first;
    while (!atomic_compare_exchange_weak(bucket, &share->next, share)) {}
    return share;
}

typedef void end_t(apr_pool_t *pool);

static end_t *real_clear, *real_destroy;

__attribute__((constructor)) static void find_real(void)
{
    *(void **)&real_clear = dlsym(RTLD_NEXT, "apr_pool_clear");
    *(void **)&real_destroy = dlsym(RTLD_NEXT, "apr_pool_destroy");
}

static void ending(end_t *real, apr_pool_t *pool)
{
    depth++;
    real(pool);
    if (--depth == 0) {
        free_ended();
    }
}

/* --- in the place of APR --- */

#pragma GCC visibility push(default)

void *apr_palloc(apr_pool_t *pool, apr_size_t size)
{
    share_t *share = share_of(pool);
    void *piece = malloc(size);

    if (piece == NULL) {
        abort();
    }
    if (!share->watched) {
        share->watched = 1; /* first: registering allocates */
        apr_pool_cleanup_register(pool, share, end, apr_pool_cleanup_null);
    }
    add(share, piece);
    return piece;
}

void apr_pool_clear(apr_pool_t *pool)
{
    ending(real_clear, pool);
}

void apr_pool_destroy(apr_pool_t *pool)
{
    ending(real_destroy, pool);
}

/* For tests (t/unit/pieces.h). */
int pieces_have(apr_pool_t *pool, const char *text);
int pieces_have(apr_pool_t *pool, const char *text)
{
    const share_t *share = share_of(pool);
    int found = 0;

    for (size_t i = 0; i < share->count; i++) {
        found |= memmem(share->pieces[i], malloc_usable_size(share->pieces[i]), text, strlen(text)) != NULL;
    }
    return found;
}

/* The one function that writes into a pool's block itself. */

typedef struct printed_t {
    apr_vformatter_buff_t buffer; /* first: what the formatter knows */
    char *text;                   /* from malloc(), NULL while it fits into first */
    size_t room;
    char first[PRINTED];
} printed_t;

static int grow(apr_vformatter_buff_t *buffer)
{
    printed_t *printed = (printed_t *)buffer;
    size_t length = (size_t)(buffer->curpos - (printed->text != NULL ? printed->text : printed->first));
    char *text = realloc(printed->text, 2 * printed->room);

    if (text == NULL) {
        abort();
    }
    if (printed->text == NULL) {
        memcpy(text, printed->first, length);
    }
    printed->text = text;
    printed->room *= 2;
    buffer->curpos = text + length;
    buffer->endpos = text + printed->room;
    return 0;
}

char *apr_pvsprintf(apr_pool_t *pool, const char *format, va_list args)
{
    printed_t printed = {.text = NULL, .room = PRINTED};
    const char *text;
    char *copy;
    size_t length;

    printed.buffer.curpos = printed.first;
    printed.buffer.endpos = printed.first + PRINTED;
    if (apr_vformatter(grow, &printed.buffer, format, args) == -1) {
        abort();
    }
    text = printed.text != NULL ? printed.text : printed.first;
    length = (size_t)(printed.buffer.curpos - text);
    copy = apr_palloc(pool, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    free(printed.text);
    return copy;
}
