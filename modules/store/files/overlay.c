/*
 * The overlay: see overlay.h.
 *
 * A hash table from which nothing is taken out, so a reader needs no lock: it follows pointers that are stored,
 * released, after what they point to. When the chains get long (checkpoints have fallen behind, and the journal is far
 * beyond its 4 MiB), a table with more of them takes its place. It has entries of its own, which share the versions.
 * Who still reads the old one misses nothing: all that its position may see was in there before that position was
 * handed out.
 */
#include "store/files/overlay.h"

#include <stdatomic.h>
#include <string.h>

#include "store/files/checksum.h"

#define BUCKETS_LEAST 16384 /* powers of two */
#define BUCKETS_MOST 1048576
#define OCTETS_PER_BUCKET 256
#define CHAIN_LENGTH 2 /* entries for each chain, on average, before there are more chains */
#define GROWTH 4       /* so many times as many */

typedef struct entry_t {
    struct entry_t *next;
    _Atomic(const anshin_version_t *) newest;
    apr_uint64_t hash;
    const char *key;
    unsigned char key_length;
    unsigned char type;
} entry_t;

typedef struct buckets_t {
    apr_size_t count;
    _Atomic(entry_t *) chains[];
} buckets_t;

struct anshin_overlay_t {
    anshin_room_t room;
    apr_uint64_t hash_key[2];
    apr_size_t entries; /* known to the thread that adds */
    _Atomic(buckets_t *) buckets;
};

static buckets_t *make_buckets(apr_size_t count, apr_pool_t *pool)
{
    buckets_t *buckets = apr_pcalloc(pool, sizeof(*buckets) + count * sizeof(buckets->chains[0]));

    buckets->count = count;
    return buckets;
}

static buckets_t *buckets_of(const anshin_overlay_t *overlay)
{
    return atomic_load_explicit(&overlay->buckets, memory_order_acquire);
}

static _Atomic(entry_t *) *chain_of(buckets_t *buckets, apr_uint64_t hash)
{
    return &buckets->chains[hash & (buckets->count - 1)];
}

anshin_overlay_t *anshin_overlay_make(const apr_uint64_t hash_key[2], apr_size_t octets, apr_pool_t *pool)
{
    anshin_overlay_t *overlay;
    apr_size_t count = BUCKETS_LEAST;

    while (count < BUCKETS_MOST && count * OCTETS_PER_BUCKET < octets) {
        count *= 2;
    }
    overlay = apr_pcalloc(pool, sizeof(*overlay));
    overlay->room.pool = pool;
    atomic_init(&overlay->buckets, make_buckets(count, pool));
    overlay->hash_key[0] = hash_key[0];
    overlay->hash_key[1] = hash_key[1];
    return overlay;
}

static apr_uint64_t hash_of(const anshin_overlay_t *overlay, unsigned char type, const char *key, apr_size_t length)
{
    apr_uint64_t hash_key[2] = {overlay->hash_key[0] ^ type, overlay->hash_key[1]};

    return anshin_siphash(hash_key, key, length);
}

static entry_t *find_entry(buckets_t *buckets, apr_uint64_t hash, unsigned char type, const char *key,
                           apr_size_t length)
{
    entry_t *entry = atomic_load_explicit(chain_of(buckets, hash), memory_order_acquire);

    while (entry != NULL && (entry->hash != hash || entry->type != type || entry->key_length != length ||
                             memcmp(entry->key, key, length) != 0)) {
        entry = entry->next;
    }
    return entry;
}

static void put_first(buckets_t *buckets, entry_t *entry)
{
    _Atomic(entry_t *) *chain = chain_of(buckets, entry->hash);

    entry->next = atomic_load_explicit(chain, memory_order_relaxed);
    atomic_store_explicit(chain, entry, memory_order_release);
}

/* The old table stays as it is until the overlay goes: together they are no more than the new one. */
static void grow(anshin_overlay_t *overlay)
{
    buckets_t *old = buckets_of(overlay);
    buckets_t *wider;

    if (old->count >= BUCKETS_MOST) {
        return;
    }
    wider = make_buckets(old->count * GROWTH, overlay->room.pool);
    for (apr_size_t i = 0; i < old->count; i++) {
        const entry_t *entry = atomic_load_explicit(&old->chains[i], memory_order_relaxed);

        for (; entry != NULL; entry = entry->next) {
            entry_t *copy = anshin_room_take(&overlay->room, sizeof(*copy));

            *copy =
                (entry_t){.hash = entry->hash, .key = entry->key, .key_length = entry->key_length, .type = entry->type};
            atomic_init(&copy->newest, atomic_load_explicit(&entry->newest, memory_order_relaxed));
            put_first(wider, copy);
        }
    }
    atomic_store_explicit(&overlay->buckets, wider, memory_order_release);
}

void anshin_overlay_add(anshin_overlay_t *overlay, const anshin_change_t *change, anshin_position_t position)
{
    apr_uint64_t hash = hash_of(overlay, change->type, change->key, change->key_length);
    entry_t *entry = find_entry(buckets_of(overlay), hash, change->type, change->key, change->key_length);
    anshin_version_t *version = anshin_room_take(&overlay->room, sizeof(*version));

    version->position = position;
    version->value = change->value;
    version->length = change->value_length;
    if (entry != NULL) {
        version->older = atomic_load_explicit(&entry->newest, memory_order_relaxed);
        atomic_store_explicit(&entry->newest, version, memory_order_release);
        return;
    }
    version->older = NULL;
    entry = anshin_room_take(&overlay->room, sizeof(*entry));
    atomic_init(&entry->newest, version);
    entry->hash = hash;
    entry->type = change->type;
    entry->key = change->key;
    entry->key_length = change->key_length;
    put_first(buckets_of(overlay), entry);
    if (++overlay->entries > buckets_of(overlay)->count * CHAIN_LENGTH) {
        grow(overlay);
    }
}

static const anshin_version_t *version_at(const entry_t *entry, anshin_position_t position)
{
    const anshin_version_t *version = atomic_load_explicit(&entry->newest, memory_order_acquire);

    while (version != NULL && version->position > position) {
        version = version->older;
    }
    return version;
}

const anshin_version_t *anshin_overlay_find(const anshin_overlay_t *overlay, unsigned char type, const char *key,
                                            apr_size_t key_length, anshin_position_t position)
{
    apr_uint64_t hash = hash_of(overlay, type, key, key_length);
    const entry_t *entry = find_entry(buckets_of(overlay), hash, type, key, key_length);

    return entry != NULL ? version_at(entry, position) : NULL;
}

apr_status_t anshin_overlay_each(const anshin_overlay_t *overlay, anshin_position_t position,
                                 anshin_overlay_visit_fn *visit, void *baton)
{
    buckets_t *buckets = buckets_of(overlay);

    for (apr_size_t i = 0; i < buckets->count; i++) {
        const entry_t *entry = atomic_load_explicit(&buckets->chains[i], memory_order_acquire);

        for (; entry != NULL; entry = entry->next) {
            const anshin_version_t *version = version_at(entry, position);
            anshin_change_t change = {.type = entry->type, .key_length = entry->key_length, .key = entry->key};
            apr_status_t status;

            if (version == NULL) {
                continue;
            }
            change.value = version->value;
            change.value_length = version->length;
            status = visit(baton, &change);
            if (status != APR_SUCCESS) {
                return status;
            }
        }
    }
    return APR_SUCCESS;
}
