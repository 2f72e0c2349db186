/*
 * Derived keys: see derive.h.
 *
 * SECURITY: holds the seal keys and every key made of it. Each use and purpose has a key of its own, so that what is
 * made for one purpose is worthless for every other. Memory comes from the C library, not from a pool, and is wiped at
 * the end. A key whose file has gone stays in the memory of a process until that ends.
 */
#include "crypto/derive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "crypto/cause.h"
#include "crypto/sum.h"

#define SLOTS 64 /* the program knows some 35 uses and purposes, a process fewer */

/* The label of the key derivation: a change of it changes every key. */
#define LABEL "anshin 1 "

typedef struct entry_t {
    anshin_use_t use;
    char purpose[ANSHIN_PURPOSE_MAX + 1];
    anshin_derived_key_t key;
} entry_t;

struct anshin_derived_t {
    unsigned char seal_key[ANSHIN_SEAL_KEY_BYTES];
    EVP_MAC *hmac;
    apr_thread_mutex_t *mutex; /* held to add an entry */
    atomic_int count;          /* entries below it are complete and never change */
    entry_t entries[SLOTS];
};

static apr_status_t wipe_derived(void *data)
{
    anshin_derived_t *derived = data;

    for (int i = 0; i < SLOTS; i++) {
        EVP_MAC_CTX_free(derived->entries[i].key.hmac);
    }
    EVP_MAC_free(derived->hmac);
    OPENSSL_clear_free(derived, sizeof(*derived));
    return APR_SUCCESS;
}

apr_status_t anshin_derived_create(anshin_derived_t **derived, const unsigned char seal_key[ANSHIN_SEAL_KEY_BYTES],
                                   anshin_error_t *err, apr_pool_t *pool)
{
    anshin_derived_t *made = OPENSSL_zalloc(sizeof(*made));

    if (made == NULL) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0400", "out of memory");
    }
    memcpy(made->seal_key, seal_key, sizeof(made->seal_key));
    atomic_init(&made->count, 0);
    apr_pool_cleanup_register(pool, made, wipe_derived, apr_pool_cleanup_null);
    made->hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    if (made->hmac == NULL) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0401", "HMAC is not available");
    }
    if (apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0402", "cannot make a mutex");
    }
    *derived = made;
    return APR_SUCCESS;
}

/* HMAC with the key in place, to be duplicated for each message. */
static apr_status_t keyed_hmac(EVP_MAC_CTX **hmac, EVP_MAC *mac, const unsigned char key[32])
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };

    *hmac = EVP_MAC_CTX_new(mac);
    if (*hmac == NULL || !EVP_MAC_init(*hmac, key, 32, params)) {
        EVP_MAC_CTX_free(*hmac);
        *hmac = NULL;
        return anshin_openssl_forget(ANSHIN_EFAULT);
    }
    return APR_SUCCESS;
}

static const entry_t *find(anshin_derived_t *derived, anshin_use_t use, const char *purpose)
{
    int count = atomic_load_explicit(&derived->count, memory_order_acquire);

    for (int i = 0; i < count; i++) {
        if (derived->entries[i].use == use && strcmp(derived->entries[i].purpose, purpose) == 0) {
            return &derived->entries[i];
        }
    }
    return NULL;
}

/* With the mutex held. */
static apr_status_t add(anshin_derived_t *derived, anshin_use_t use, const char *purpose)
{
    int count = atomic_load_explicit(&derived->count, memory_order_relaxed);
    entry_t *entry = &derived->entries[count];
    char info[sizeof(LABEL) + sizeof("seal ") + ANSHIN_PURPOSE_MAX];
    anshin_hkdf_t from;
    apr_status_t status;

    if (count == SLOTS) {
        return ANSHIN_EFAULT;
    }
    /* "mac" and "seal" are of different length and purpose comes last, so no two inputs read the same. */
    snprintf(info, sizeof(info), "%s%s %s", LABEL, use == ANSHIN_USE_MAC ? "mac" : "seal", purpose);
    from = (anshin_hkdf_t){.key = {derived->seal_key, sizeof(derived->seal_key)}, .info = anshin_bytes_of(info)};
    status = anshin_hkdf(entry->key.key, sizeof(entry->key.key), &from);
    if (status == APR_SUCCESS && use == ANSHIN_USE_MAC) {
        status = keyed_hmac(&entry->key.hmac, derived->hmac, entry->key.key);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    entry->use = use;
    apr_cpystrn(entry->purpose, purpose, sizeof(entry->purpose));
    atomic_store_explicit(&derived->count, count + 1, memory_order_release);
    return APR_SUCCESS;
}

apr_status_t anshin_derived_get(const anshin_derived_key_t **key, anshin_derived_t *derived, anshin_use_t use,
                                const char *purpose)
{
    const entry_t *entry = find(derived, use, purpose);
    apr_status_t status = APR_SUCCESS;

    if (entry == NULL) {
        apr_size_t length = strlen(purpose);

        if (length == 0 || length > ANSHIN_PURPOSE_MAX) {
            return ANSHIN_EFAULT;
        }
        apr_thread_mutex_lock(derived->mutex);
        entry = find(derived, use, purpose); /* another thread may have been faster */
        if (entry == NULL) {
            status = add(derived, use, purpose);
            entry = find(derived, use, purpose);
        }
        apr_thread_mutex_unlock(derived->mutex);
        if (status != APR_SUCCESS || entry == NULL) {
            return ANSHIN_EFAULT;
        }
    }
    *key = &entry->key;
    return APR_SUCCESS;
}

/* --- what is kept of a key that has gone -------------------------------------------------------------------------- */

/* What the trail is made and read with (core/audit). */
static const char *const kept_purposes[] = {"audit-event", "audit-chain", "audit-person"};

#define KEPT (sizeof(kept_purposes) / sizeof(kept_purposes[0]))

static int is_kept(anshin_use_t use, const char *purpose)
{
    for (size_t i = 0; use == ANSHIN_USE_MAC && i < KEPT; i++) {
        if (strcmp(kept_purposes[i], purpose) == 0) {
            return 1;
        }
    }
    return 0;
}

apr_status_t anshin_derived_keep(anshin_derived_t *derived, unsigned char kept[ANSHIN_KEPT_BYTES])
{
    for (size_t i = 0; i < KEPT; i++) {
        const anshin_derived_key_t *key;

        if (anshin_derived_get(&key, derived, ANSHIN_USE_MAC, kept_purposes[i]) != APR_SUCCESS) {
            return ANSHIN_EFAULT;
        }
        memcpy(kept + i * sizeof(key->key), key->key, sizeof(key->key));
    }
    return APR_SUCCESS;
}

/* Nothing else is ever asked of it: see eligible(). */
apr_status_t anshin_derived_recall(anshin_derived_t **derived, const unsigned char kept[ANSHIN_KEPT_BYTES],
                                   anshin_error_t *err, apr_pool_t *pool)
{
    static const unsigned char none[ANSHIN_SEAL_KEY_BYTES];
    anshin_derived_t *made;
    apr_status_t status = anshin_derived_create(&made, none, err, pool);

    for (size_t i = 0; status == APR_SUCCESS && i < KEPT; i++) {
        entry_t *entry = &made->entries[i];

        memcpy(entry->key.key, kept + i * sizeof(entry->key.key), sizeof(entry->key.key));
        entry->use = ANSHIN_USE_MAC;
        apr_cpystrn(entry->purpose, kept_purposes[i], sizeof(entry->purpose));
        status = keyed_hmac(&entry->key.hmac, made->hmac, entry->key.key);
    }
    if (status == APR_SUCCESS) {
        atomic_store_explicit(&made->count, KEPT, memory_order_release);
        *derived = made;
    }
    return status;
}

/* --- the ring ----------------------------------------------------------------------------------------------------- */

#define KEYS 64 /* one that is dropped beyond them has gone long ago */
#define FILES 3
#define READS 100

static const char *const ends[FILES] = {"", ANSHIN_SEAL_KEY_OLD, ANSHIN_SEAL_KEY_NEW};

/* Keys as they were at a time; it is never changed, and another one takes its place. */
struct anshin_keys_t {
    int live; /* that may be used for everything; those behind them have gone */
    int count;
    anshin_derived_t *at[KEYS];
};
typedef anshin_keys_t keys_t;

#define WHY 200

/* What tells that a file is another one. */
typedef struct sign_t {
    int there;
    dev_t device;
    ino_t inode;
    struct timespec written;
} sign_t;

struct anshin_ring_t {
    apr_pool_t *pool; /* its own */
    int directory;
    const char *names[FILES];
    _Atomic(keys_t *) keys;
    atomic_llong looked; /* uptime when the files were last looked at */
    atomic_int lost;     /* 1: the present key is another one, and cannot be read */
    apr_thread_mutex_t *mutex;
    sign_t seen[FILES];
    int whole;         /* 0: one of the others cannot be read */
    char trouble[WHY]; /* why what the files hold is not all at hand; "": it is */
};

static apr_status_t close_ring(void *data)
{
    anshin_ring_t *ring = data;

    apr_pool_destroy(ring->pool); /* wipes the keys */
    (void)close(ring->directory);
    return APR_SUCCESS;
}

/* Milliseconds are enough, and this one costs no system call. */
static apr_time_t uptime(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}

static void look_at_files(const anshin_ring_t *ring, sign_t seen[FILES])
{
    for (int i = 0; i < FILES; i++) {
        struct stat facts;

        seen[i] = (sign_t){.there = fstatat(ring->directory, ring->names[i], &facts, 0) == 0};
        if (seen[i].there) {
            seen[i].device = facts.st_dev;
            seen[i].inode = facts.st_ino;
            seen[i].written = facts.st_mtim;
        }
    }
}

static int same_files(const sign_t *a, const sign_t *b)
{
    for (int i = 0; i < FILES; i++) {
        if (a[i].there != b[i].there || a[i].device != b[i].device || a[i].inode != b[i].inode ||
            a[i].written.tv_sec != b[i].written.tv_sec || a[i].written.tv_nsec != b[i].written.tv_nsec) {
            return 0;
        }
    }
    return 1;
}

static anshin_derived_t *find_seal_key(const keys_t *keys, const unsigned char *seal_key)
{
    for (int i = 0; keys != NULL && i < keys->count; i++) {
        if (CRYPTO_memcmp(keys->at[i]->seal_key, seal_key, ANSHIN_SEAL_KEY_BYTES) == 0) {
            return keys->at[i];
        }
    }
    return NULL;
}

static int holds(const keys_t *keys, const anshin_derived_t *derived)
{
    for (int i = 0; i < keys->count; i++) {
        if (keys->at[i] == derived) {
            return 1;
        }
    }
    return 0;
}

/* What the files hold. */
typedef struct read_t {
    int whole; /* 0: one beside the present key is there, and cannot be read */
    int count;
    unsigned char key[FILES][ANSHIN_SEAL_KEY_BYTES];
} read_t;

static apr_status_t read_files(const anshin_ring_t *ring, read_t *got, anshin_error_t *err)
{
    *got = (read_t){.whole = 1};
    for (int i = 0; i < FILES; i++) {
        anshin_error_t own;
        apr_status_t status;

        anshin_error_clear(&own);
        status = anshin_seal_key_read_in(ring->directory, got->key[got->count], ring->names[i], &own);
        if (status == APR_SUCCESS) {
            got->count++;
        } else if (i == 0 || status != ANSHIN_ENOTFOUND) {
            *err = own;
            got->whole = 0;
        }
        if (status != APR_SUCCESS && i == 0) {
            return status;
        }
    }
    return APR_SUCCESS;
}

/* Three files are not read at one moment: again, until they were the same before and afterwards. */
static apr_status_t read_at_rest(const anshin_ring_t *ring, read_t *got, sign_t seen[FILES], anshin_error_t *err)
{
    sign_t after[FILES];
    apr_status_t status;

    look_at_files(ring, after);
    for (int i = 0; i < READS; i++) {
        memcpy(seen, after, sizeof(after));
        anshin_error_clear(err);
        status = read_files(ring, got, err);
        look_at_files(ring, after);
        if (same_files(seen, after)) {
            return status;
        }
    }
    return anshin_fail(err, ANSHIN_EFAULT, "AN1808", "seal key %s: its files change all the time", ring->names[0]);
}

/* A key that is known keeps what was derived from it: others are just using that. */
static apr_status_t add_key(const anshin_ring_t *ring, keys_t *made, const keys_t *before,
                            const unsigned char key[ANSHIN_SEAL_KEY_BYTES], anshin_error_t *err)
{
    anshin_derived_t *derived = find_seal_key(before, key);
    apr_status_t status = APR_SUCCESS;

    if (find_seal_key(made, key) != NULL) {
        return APR_SUCCESS;
    }
    if (derived == NULL) {
        status = anshin_derived_create(&derived, key, err, ring->pool);
    }
    if (status == APR_SUCCESS) {
        made->at[made->count++] = derived;
    }
    return status;
}

static void add_known(keys_t *made, const keys_t *before, int count)
{
    for (int i = 0; i < count && made->count < KEYS; i++) {
        if (!holds(made, before->at[i])) {
            made->at[made->count++] = before->at[i];
        }
    }
}

/* What was at hand and has no file any more has gone. Where a file cannot be read, nothing has: it may be in there. */
static apr_status_t take(anshin_ring_t *ring, const read_t *got, anshin_error_t *err)
{
    const keys_t *before = atomic_load(&ring->keys);
    keys_t made = {0};

    for (int i = 0; i < got->count; i++) {
        apr_status_t status = add_key(ring, &made, before, got->key[i], err);

        if (status != APR_SUCCESS) {
            return status;
        }
    }
    if (before != NULL && !got->whole) {
        add_known(&made, before, before->live);
    }
    made.live = made.count;
    if (before != NULL) {
        add_known(&made, before, before->count);
    }
    if (before == NULL || memcmp(before, &made, sizeof(made)) != 0) {
        atomic_store(&ring->keys, apr_pmemdup(ring->pool, &made, sizeof(made)));
    }
    return APR_SUCCESS;
}

/* With the mutex held, or alone. Whoever has no key yet takes all files or none. */
static apr_status_t load(anshin_ring_t *ring, anshin_error_t *err)
{
    sign_t seen[FILES];
    read_t got;
    apr_status_t status = read_at_rest(ring, &got, seen, err);

    if (status == APR_SUCCESS && !got.whole && atomic_load(&ring->keys) == NULL) {
        status = err->status;
    }
    if (status == APR_SUCCESS) {
        status = take(ring, &got, err);
    }
    if (status == APR_SUCCESS) {
        memcpy(ring->seen, seen, sizeof(seen));
        ring->whole = got.whole;
    }
    OPENSSL_cleanse(&got, sizeof(got));
    return status;
}

apr_status_t anshin_ring_open(anshin_ring_t **ring, const char *key_file, anshin_error_t *err, apr_pool_t *pool)
{
    const char *slash = strrchr(key_file, '/');
    const char *directory = slash != NULL ? apr_pstrmemdup(pool, key_file, (apr_size_t)(slash - key_file) + 1) : ".";
    anshin_ring_t *made = apr_pcalloc(pool, sizeof(*made));
    const apr_time_t now = uptime();
    apr_status_t status;

    made->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (made->directory < 0) {
        return anshin_fail(err, errno == ENOENT ? ANSHIN_ENOTFOUND : ANSHIN_EFAULT, "AN1646", "%s: %s", directory,
                           strerror(errno));
    }
    for (int i = 0; i < FILES; i++) {
        made->names[i] = apr_pstrcat(pool, slash != NULL ? slash + 1 : key_file, ends[i], NULL);
    }
    apr_pool_create_unmanaged_ex(&made->pool, NULL, NULL); /* threads make keys in it, and only one at a time */
    apr_pool_cleanup_register(pool, made, close_ring, apr_pool_cleanup_null);
    if (apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, made->pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1659", "cannot make a mutex");
    }
    status = load(made, err);
    if (status == APR_SUCCESS) {
        atomic_init(&made->looked, now);
        *ring = made;
    }
    return status;
}

/* A key file that is missing is nothing new: what is at hand goes on, until a process is to start. */
static void look_again(anshin_ring_t *ring)
{
    sign_t seen[FILES];
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    look_at_files(ring, seen);
    if (!seen[0].there) {
        (void)apr_snprintf(ring->trouble, sizeof(ring->trouble), "%s is not there", ring->names[0]);
        return;
    }
    if (!same_files(seen, ring->seen) || !ring->whole || atomic_load(&ring->lost)) {
        status = load(ring, &err);
        if (status != ANSHIN_ENOTFOUND) {
            atomic_store(&ring->lost, status != APR_SUCCESS);
        }
    }
    apr_cpystrn(ring->trouble, err.text, sizeof(ring->trouble));
}

static void look(anshin_ring_t *ring)
{
    apr_time_t now = uptime(); /* before the look: what comes later may not have been seen */

    if (now - atomic_load_explicit(&ring->looked, memory_order_relaxed) < ANSHIN_RING_LOOK) {
        return;
    }
    apr_thread_mutex_lock(ring->mutex);
    now = uptime();
    if (now - atomic_load(&ring->looked) >= ANSHIN_RING_LOOK) {
        look_again(ring);
        atomic_store(&ring->looked, now);
    }
    apr_thread_mutex_unlock(ring->mutex);
}

const anshin_keys_t *anshin_ring_keys(anshin_ring_t *ring)
{
    look(ring);
    return atomic_load_explicit(&ring->lost, memory_order_relaxed) ? NULL : atomic_load(&ring->keys);
}

const char *anshin_ring_trouble(anshin_ring_t *ring, apr_pool_t *pool)
{
    const char *why;

    look(ring);
    apr_thread_mutex_lock(ring->mutex);
    why = ring->trouble[0] != '\0' ? apr_pstrdup(pool, ring->trouble) : NULL;
    apr_thread_mutex_unlock(ring->mutex);
    return why;
}

apr_status_t anshin_keys_get(const anshin_derived_key_t **key, const anshin_keys_t *keys, int n, anshin_use_t use,
                             const char *purpose)
{
    return n < (is_kept(use, purpose) ? keys->count : keys->live) ? anshin_derived_get(key, keys->at[n], use, purpose)
                                                                  : ANSHIN_ENOTFOUND;
}

apr_status_t anshin_ring_get(const anshin_derived_key_t **key, anshin_ring_t *ring, int n, anshin_use_t use,
                             const char *purpose)
{
    const anshin_keys_t *keys = anshin_ring_keys(ring);

    return keys != NULL ? anshin_keys_get(key, keys, n, use, purpose) : ANSHIN_EFAULT;
}

apr_status_t anshin_ring_keep(anshin_ring_t *ring, unsigned char kept[ANSHIN_KEPT_BYTES], int n)
{
    const keys_t *keys;

    look(ring);
    keys = atomic_load(&ring->keys);
    return n < keys->count ? anshin_derived_keep(keys->at[n], kept) : ANSHIN_ENOTFOUND;
}

/* With the mutex held. */
static apr_status_t recall(anshin_ring_t *ring, const unsigned char kept[ANSHIN_KEPT_BYTES], anshin_error_t *err)
{
    const keys_t *before = atomic_load(&ring->keys);
    anshin_derived_t *derived;
    unsigned char own[ANSHIN_KEPT_BYTES];
    apr_status_t status = APR_SUCCESS;
    keys_t *made;

    for (int i = 0; status == APR_SUCCESS && i < before->count; i++) {
        status = anshin_derived_keep(before->at[i], own);
        if (status == APR_SUCCESS && CRYPTO_memcmp(own, kept, sizeof(own)) == 0) {
            OPENSSL_cleanse(own, sizeof(own));
            return APR_SUCCESS;
        }
    }
    OPENSSL_cleanse(own, sizeof(own));
    status = status == APR_SUCCESS ? anshin_derived_recall(&derived, kept, err, ring->pool) : status;
    if (status == APR_SUCCESS && before->count < KEYS) {
        made = apr_pmemdup(ring->pool, before, sizeof(*before));
        made->at[made->count++] = derived;
        atomic_store(&ring->keys, made);
    }
    return status;
}

apr_status_t anshin_ring_recall(anshin_ring_t *ring, const unsigned char kept[ANSHIN_KEPT_BYTES])
{
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    apr_thread_mutex_lock(ring->mutex);
    status = recall(ring, kept, &err);
    apr_thread_mutex_unlock(ring->mutex);
    return status;
}
