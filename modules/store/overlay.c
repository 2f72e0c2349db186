/*
 * The overlay: see overlay.h.
 *
 * A hash table with a number of chains that is settled at the start. It is never resized and nothing is taken out, so a
 * reader needs no lock: it follows pointers that are stored, released, after what they point to. A checkpoint about
 * every
 * 4 MiB of journal keeps the chains short; when checkpoints fall behind, the next view gets more of them.
 */
#include "store/overlay.h"

#include <stdatomic.h>
#include <string.h>

#include "store/checksum.h"

#define BUCKETS_LEAST 16384 /* powers of two */
#define BUCKETS_MOST 1048576
#define OCTETS_PER_BUCKET 256

typedef struct entry_t {
    struct entry_t *next;
    _Atomic(const anshin_version_t *) newest;
    apr_uint64_t hash;
    const char *key;
    unsigned char key_length;
    unsigned char type;
} entry_t;

struct anshin_overlay_t {
    apr_pool_t *pool;
    apr_uint64_t hash_key[2];
    apr_size_t bucket_count;
    _Atomic(entry_t *) buckets[];
};

anshin_overlay_t *anshin_overlay_make(const apr_uint64_t hash_key[2], apr_size_t octets, apr_pool_t *pool)
{
    anshin_overlay_t *overlay;
    apr_size_t count = BUCKETS_LEAST;

    while (count < BUCKETS_MOST && count * OCTETS_PER_BUCKET < octets) {
        count *= 2;
    }
    overlay = apr_pcalloc(pool, sizeof(*overlay) + count * sizeof(overlay->buckets[0]));
    overlay->pool = pool;
    overlay->bucket_count = count;
    overlay->hash_key[0] = hash_key[0];
    overlay->hash_key[1] = hash_key[1];
    return overlay;
}

static apr_uint64_t hash_of(const anshin_overlay_t *overlay, unsigned char type, const char *key, apr_size_t length)
{
    apr_uint64_t hash_key[2] = {overlay->hash_key[0] ^ type, overlay->hash_key[1]};

    return anshin_siphash(hash_key, key, length);
}

static apr_size_t bucket_of(const anshin_overlay_t *overlay, apr_uint64_t hash)
{
    return (apr_size_t)hash & (overlay->bucket_count - 1);
}

static entry_t *find_entry(const anshin_overlay_t *overlay, apr_uint64_t hash, unsigned char type, const char *key,
                           apr_size_t length)
{
    entry_t *entry = atomic_load_explicit(&overlay->buckets[bucket_of(overlay, hash)], memory_order_acquire);

    while (entry != NULL && (entry->hash != hash || entry->type != type || entry->key_length != length ||
                             memcmp(entry->key, key, length) != 0)) {
        entry = entry->next;
    }
    return entry;
}

void anshin_overlay_add(anshin_overlay_t *overlay, const anshin_change_t *change, anshin_position_t position)
{
    apr_uint64_t hash = hash_of(overlay, change->type, change->key, change->key_length);
    entry_t *entry = find_entry(overlay, hash, change->type, change->key, change->key_length);
    anshin_version_t *version = apr_palloc(overlay->pool, sizeof(*version));

    version->position = position;
    version->value = change->value;
    version->length = change->value_length;
    if (entry != NULL) {
        version->older = atomic_load_explicit(&entry->newest, memory_order_relaxed);
        atomic_store_explicit(&entry->newest, version, memory_order_release);
        return;
    }
    version->older = NULL;
    entry = apr_palloc(overlay->pool, sizeof(*entry));
    atomic_init(&entry->newest, version);
    entry->hash = hash;
    entry->type = change->type;
    entry->key = change->key;
    entry->key_length = change->key_length;
    entry->next = atomic_load_explicit(&overlay->buckets[bucket_of(overlay, hash)], memory_order_relaxed);
    atomic_store_explicit(&overlay->buckets[bucket_of(overlay, hash)], entry, memory_order_release);
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
    const entry_t *entry = find_entry(overlay, hash_of(overlay, type, key, key_length), type, key, key_length);

    return entry != NULL ? version_at(entry, position) : NULL;
}

apr_status_t anshin_overlay_each(const anshin_overlay_t *overlay, anshin_position_t position,
                                 anshin_overlay_visit_fn *visit, void *baton)
{
    for (apr_size_t i = 0; i < overlay->bucket_count; i++) {
        const entry_t *entry = atomic_load_explicit(&overlay->buckets[i], memory_order_acquire);

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
