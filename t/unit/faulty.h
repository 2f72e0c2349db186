/*
 * A memory store, a cryptography and an allocator for JSON of which one call fails, the one that the test has chosen; every
 * other call works. Code that does not look at an answer goes on as if nothing were, and is found out by that.
 */
#ifndef ANSHIN_UNIT_FAULTY_H
#define ANSHIN_UNIT_FAULTY_H

#include <stdlib.h>

#include <jansson.h>

#include "core/crypto.h"
#include "store/store_mem.h"

typedef enum faulty_source_t { FAULTY_NONE, FAULTY_STORE, FAULTY_CRYPTO, FAULTY_MEMORY } faulty_source_t;

static faulty_source_t faulty_source;
static int faulty_calls;           /* until the one that fails */
static int faulty_fired;           /* it has failed */
static apr_status_t faulty_answer; /* what it says */
static const char *faulty_name;    /* which it was */

static anshin_store_driver_t faulty_store;
static void *faulty_self; /* of the memory store that was opened last */

static inline void faulty_arm(faulty_source_t source, int calls, apr_status_t answer)
{
    faulty_source = source;
    faulty_calls = calls;
    faulty_answer = answer;
    faulty_fired = 0;
    faulty_name = "";
}

/* 1: this call fails. */
static inline int faulty_now(faulty_source_t source, const char *name)
{
    if (source != faulty_source || faulty_fired || faulty_calls-- > 0) {
        return 0;
    }
    faulty_fired = 1;
    faulty_name = name;
    return 1;
}

/* --- the store --- */

static inline apr_status_t faulty_open(void **self, const char *where, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = anshin_store_mem.open(self, where, err, pool);

    faulty_self = *self;
    return status;
}

static inline apr_status_t faulty_begin(void **txn, void *self, anshin_txn_mode_t mode, anshin_error_t *err,
                                        apr_pool_t *pool)
{
    return faulty_now(FAULTY_STORE, "begin") ? faulty_answer : anshin_store_mem.begin(txn, self, mode, err, pool);
}

static inline apr_status_t faulty_get(void *txn, const anshin_record_type_t *type, const char *key,
                                      anshin_bytes_t *value, apr_pool_t *pool)
{
    return faulty_now(FAULTY_STORE, "get") ? faulty_answer : anshin_store_mem.get(txn, type, key, value, pool);
}

static inline apr_status_t faulty_put(void *txn, const anshin_record_type_t *type, const char *key, const void *value,
                                      apr_size_t length)
{
    return faulty_now(FAULTY_STORE, "put") ? faulty_answer : anshin_store_mem.put(txn, type, key, value, length);
}

static inline apr_status_t faulty_erase(void *txn, const anshin_record_type_t *type, const char *key)
{
    return faulty_now(FAULTY_STORE, "erase") ? faulty_answer : anshin_store_mem.erase(txn, type, key);
}

static inline apr_status_t faulty_each(void *txn, const anshin_record_type_t *type, const char *prefix,
                                       anshin_store_each_fn *visit, void *baton)
{
    return faulty_now(FAULTY_STORE, "each") ? faulty_answer : anshin_store_mem.each(txn, type, prefix, visit, baton);
}

static inline apr_status_t faulty_commit(void *txn, anshin_durability_t durability)
{
    if (faulty_now(FAULTY_STORE, "commit")) {
        anshin_store_mem.abort(txn);
        return faulty_answer;
    }
    return anshin_store_mem.commit(txn, durability);
}

static inline apr_status_t faulty_blob_put(void *self, const char *name, const void *data, apr_size_t length,
                                           anshin_error_t *err)
{
    return faulty_now(FAULTY_STORE, "blob_put") ? faulty_answer
                                                : anshin_store_mem.blob_put(self, name, data, length, err);
}

static inline apr_status_t faulty_blob_get(void *self, anshin_bytes_t *data, const char *name, anshin_error_t *err,
                                           apr_pool_t *pool)
{
    return faulty_now(FAULTY_STORE, "blob_get") ? faulty_answer
                                                : anshin_store_mem.blob_get(self, data, name, err, pool);
}

/* The sum over every record of the types that hold what was decided, in whatever order they come. */
static inline apr_status_t faulty_sum_one(void *baton, const char *key, const void *value, apr_size_t length)
{
    apr_uint64_t hash = 14695981039346656037u;

    for (; *key != '\0'; key++) {
        hash = (hash ^ (unsigned char)*key) * 1099511628211u;
    }
    for (apr_size_t i = 0; i < length; i++) {
        hash = (hash ^ ((const unsigned char *)value)[i]) * 1099511628211u;
    }
    *(apr_uint64_t *)baton += hash;
    return APR_SUCCESS;
}

static inline apr_uint64_t faulty_sum(apr_pool_t *pool)
{
    const anshin_record_type_t *const types[] = {
        &anshin_record_account,  &anshin_record_terminal,     &anshin_record_certificate,
        &anshin_record_session,  &anshin_record_session_list, &anshin_record_token,
        &anshin_record_download, &anshin_record_job,          &anshin_record_mail};
    apr_uint64_t sum = 0;
    anshin_error_t err;
    void *txn;

    if (anshin_store_mem.begin(&txn, faulty_self, ANSHIN_TXN_READ, &err, pool) == APR_SUCCESS) {
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
            (void)anshin_store_mem.each(txn, types[i], "", faulty_sum_one, &sum);
        }
        anshin_store_mem.abort(txn);
    }
    return sum;
}

/* --- cryptography --- */

static anshin_crypto_t faulty_crypto;
static const anshin_crypto_t *faulty_real;

static inline apr_status_t faulty_random(void *ctx, void *buffer, apr_size_t length)
{
    return faulty_now(FAULTY_CRYPTO, "random") ? faulty_answer : faulty_real->random(ctx, buffer, length);
}

static inline apr_status_t faulty_digest(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], const void *data,
                                         apr_size_t length)
{
    return faulty_now(FAULTY_CRYPTO, "digest") ? faulty_answer : faulty_real->digest(ctx, out, data, length);
}

static inline apr_status_t faulty_mac(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], const char *purpose,
                                      const void *data, apr_size_t length)
{
    return faulty_now(FAULTY_CRYPTO, "mac") ? faulty_answer : faulty_real->mac(ctx, out, purpose, data, length);
}

static inline apr_status_t faulty_seal(void *ctx, anshin_bytes_t *sealed, const char *purpose, const char *bound,
                                       const void *data, apr_size_t length, apr_pool_t *pool)
{
    return faulty_now(FAULTY_CRYPTO, "seal") ? faulty_answer
                                             : faulty_real->seal(ctx, sealed, purpose, bound, data, length, pool);
}

static inline apr_status_t faulty_unseal(void *ctx, anshin_bytes_t *data, const char *purpose, const char *bound,
                                         const void *sealed, apr_size_t length, apr_pool_t *pool)
{
    return faulty_now(FAULTY_CRYPTO, "unseal") ? faulty_answer
                                               : faulty_real->unseal(ctx, data, purpose, bound, sealed, length, pool);
}

static inline apr_status_t faulty_hash(void *ctx, char phc[ANSHIN_PHC_MAX], const char *secret, apr_size_t length)
{
    return faulty_now(FAULTY_CRYPTO, "hash") ? faulty_answer : faulty_real->password_hash(ctx, phc, secret, length);
}

static inline apr_status_t faulty_verify(void *ctx, int *match, int *stale, const char *phc, const char *secret,
                                         apr_size_t length, const anshin_hash_place_t *place)
{
    return faulty_now(FAULTY_CRYPTO, "verify")
               ? faulty_answer
               : faulty_real->password_verify(ctx, match, stale, phc, secret, length, place);
}

static inline apr_status_t faulty_hotp(void *ctx, char code[7], const void *secret, apr_size_t length,
                                       apr_uint64_t counter)
{
    return faulty_now(FAULTY_CRYPTO, "hotp") ? faulty_answer : faulty_real->hotp(ctx, code, secret, length, counter);
}

/* --- memory of jansson, which answers NULL --- */

static inline void *faulty_malloc(size_t size)
{
    return faulty_now(FAULTY_MEMORY, "malloc") ? NULL : malloc(size);
}

/* --- all of them --- */

static inline void faulty_make_store(void)
{
    faulty_store = anshin_store_mem;
    faulty_store.open = faulty_open;
    faulty_store.begin = faulty_begin;
    faulty_store.get = faulty_get;
    faulty_store.put = faulty_put;
    faulty_store.erase = faulty_erase;
    faulty_store.each = faulty_each;
    faulty_store.commit = faulty_commit;
    faulty_store.blob_put = faulty_blob_put;
    faulty_store.blob_get = faulty_blob_get;
    json_set_alloc_funcs(faulty_malloc, free);
}

static inline const anshin_crypto_t *faulty_make_crypto(const anshin_crypto_t *real)
{
    faulty_real = real;
    faulty_crypto = *real;
    faulty_crypto.random = faulty_random;
    faulty_crypto.digest = faulty_digest;
    faulty_crypto.mac = faulty_mac;
    faulty_crypto.seal = faulty_seal;
    faulty_crypto.unseal = faulty_unseal;
    faulty_crypto.password_hash = faulty_hash;
    faulty_crypto.password_verify = faulty_verify;
    faulty_crypto.hotp = faulty_hotp;
    return &faulty_crypto;
}

#endif
