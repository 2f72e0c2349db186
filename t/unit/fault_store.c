/*
 * A memory store, a cryptography and an allocator for JSON of which one call fails: see fault_store.h.
 */
#include "unit/fault_store.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "store/store_mem.h"

fault_source_t fault_source;
int fault_fired;
const char *fault_name;
int fault_early_blobs;
int fault_late_blobs;
anshin_store_driver_t fault_store;
void *fault_self;
anshin_durability_t fault_durability;

static int fault_calls;           /* until the one that fails */
static int fault_times;           /* so many fail in a row */
static const char *fault_of;      /* NULL: whichever they are; or the name of those that are meant */
static apr_status_t fault_answer; /* what it says */
static int fault_reads;           /* of the transaction that was begun last */

void fault_arm(fault_source_t source, int calls, apr_status_t answer)
{
    fault_source = source;
    fault_calls = calls;
    fault_times = 1;
    fault_of = NULL;
    fault_answer = answer;
    fault_fired = 0;
    fault_name = "";
}

void fault_arm_first(const char *name, int times, apr_status_t answer)
{
    fault_arm(FAULT_STORE, 0, answer);
    fault_of = name;
    fault_times = times;
}

/* 1: this call fails. */
static int fault_now(fault_source_t source, const char *name)
{
    if (source != fault_source || fault_fired == fault_times || (fault_of != NULL && strcmp(fault_of, name) != 0) ||
        fault_calls-- > 0) {
        return 0;
    }
    fault_fired++;
    fault_name = name;
    return 1;
}

/* --- the store --- */

static apr_status_t fault_open(void **self, const char *where, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = anshin_store_mem.open(self, where, err, pool);

    fault_self = *self;
    return status;
}

static apr_status_t fault_begin(void **txn, void *self, anshin_txn_mode_t mode, anshin_error_t *err, apr_pool_t *pool)
{
    fault_reads = 0;
    return fault_now(FAULT_STORE, "begin") ? fault_answer : anshin_store_mem.begin(txn, self, mode, err, pool);
}

static apr_status_t fault_get(void *txn, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                              apr_pool_t *pool)
{
    fault_reads++;
    return fault_now(FAULT_STORE, "get") ? fault_answer : anshin_store_mem.get(txn, type, key, value, pool);
}

static apr_status_t fault_put(void *txn, const anshin_record_type_t *type, const char *key, const void *value,
                              apr_size_t length)
{
    return fault_now(FAULT_STORE, "put") ? fault_answer : anshin_store_mem.put(txn, type, key, value, length);
}

static apr_status_t fault_erase(void *txn, const anshin_record_type_t *type, const char *key)
{
    return fault_now(FAULT_STORE, "erase") ? fault_answer : anshin_store_mem.erase(txn, type, key);
}

static apr_status_t fault_each(void *txn, const anshin_record_type_t *type, const char *prefix,
                               anshin_store_each_fn *visit, void *baton)
{
    apr_status_t status;

    if (fault_now(FAULT_STORE, "each")) {
        return fault_answer;
    }
    status = anshin_store_mem.each(txn, type, prefix, visit, baton);
    return status == APR_SUCCESS && fault_now(FAULT_STORE, "each end") ? fault_answer : status;
}

static apr_status_t fault_commit(void *txn, anshin_durability_t durability)
{
    if (fault_now(FAULT_STORE, "commit")) {
        anshin_store_mem.abort(txn);
        return fault_answer;
    }
    fault_durability = durability;
    return anshin_store_mem.commit(txn, durability);
}

static apr_status_t fault_blob_put(void *txn, const char *name, const void *data, apr_size_t length)
{
    *(fault_reads == 0 ? &fault_early_blobs : &fault_late_blobs) += 1;
    return fault_now(FAULT_STORE, "blob_put") ? fault_answer : anshin_store_mem.blob_put(txn, name, data, length);
}

static apr_status_t fault_blob_get(void *txn, const char *name, anshin_bytes_t *data, apr_pool_t *pool)
{
    return fault_now(FAULT_STORE, "blob_get") ? fault_answer : anshin_store_mem.blob_get(txn, name, data, pool);
}

/* In whatever order they come. */
static apr_status_t fault_sum_one(void *baton, const char *key, const void *value, apr_size_t length)
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

apr_uint64_t fault_sum(apr_pool_t *pool)
{
    const anshin_record_type_t *const types[] = {
        &anshin_record_account,  &anshin_record_terminal,     &anshin_record_certificate,
        &anshin_record_session,  &anshin_record_session_list, &anshin_record_token,
        &anshin_record_download, &anshin_record_job,          &anshin_record_mail};
    apr_uint64_t sum = 0;
    anshin_error_t err;
    void *txn;

    if (anshin_store_mem.begin(&txn, fault_self, ANSHIN_TXN_READ, &err, pool) == APR_SUCCESS) {
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
            (void)anshin_store_mem.each(txn, types[i], "", fault_sum_one, &sum);
        }
        anshin_store_mem.abort(txn);
    }
    return sum;
}

/* --- cryptography --- */

static anshin_crypto_t fault_crypto;
static const anshin_crypto_t *fault_real;

static apr_status_t fault_random(void *ctx, void *buffer, apr_size_t length)
{
    return fault_now(FAULT_CRYPTO, "random") ? fault_answer : fault_real->random(ctx, buffer, length);
}

static apr_status_t fault_digest(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], const void *data, apr_size_t length)
{
    return fault_now(FAULT_CRYPTO, "digest") ? fault_answer : fault_real->digest(ctx, out, data, length);
}

static apr_status_t fault_mac(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], const char *purpose, const void *data,
                              apr_size_t length)
{
    return fault_now(FAULT_CRYPTO, "mac") ? fault_answer : fault_real->mac(ctx, out, purpose, data, length);
}

static apr_status_t fault_seal(void *ctx, anshin_bytes_t *sealed, const char *purpose, const char *bound,
                               anshin_bytes_t data, apr_pool_t *pool)
{
    return fault_now(FAULT_CRYPTO, "seal") ? fault_answer : fault_real->seal(ctx, sealed, purpose, bound, data, pool);
}

static apr_status_t fault_unseal(void *ctx, anshin_bytes_t *data, const char *purpose, const char *bound,
                                 anshin_bytes_t sealed, apr_pool_t *pool)
{
    return fault_now(FAULT_CRYPTO, "unseal") ? fault_answer
                                             : fault_real->unseal(ctx, data, purpose, bound, sealed, pool);
}

static apr_status_t fault_seal_under(void *ctx, anshin_bytes_t *sealed, const unsigned char *key, const char *bound,
                                     anshin_bytes_t data, apr_pool_t *pool)
{
    return fault_now(FAULT_CRYPTO, "seal under") ? fault_answer
                                                 : fault_real->seal_under(ctx, sealed, key, bound, data, pool);
}

static apr_status_t fault_hash(void *ctx, char phc[ANSHIN_PHC_MAX], const char *secret, apr_size_t length)
{
    return fault_now(FAULT_CRYPTO, "hash") ? fault_answer : fault_real->password_hash(ctx, phc, secret, length);
}

static apr_status_t fault_verify(void *ctx, anshin_verdict_t *verdict, const char *phc, const char *secret,
                                 apr_size_t length, const anshin_hash_place_t *place)
{
    return fault_now(FAULT_CRYPTO, "verify") ? fault_answer
                                             : fault_real->password_verify(ctx, verdict, phc, secret, length, place);
}

static apr_status_t fault_hotp(void *ctx, char code[7], const void *secret, apr_size_t length, apr_uint64_t counter)
{
    return fault_now(FAULT_CRYPTO, "hotp") ? fault_answer : fault_real->hotp(ctx, code, secret, length, counter);
}

/* --- memory of jansson, which answers NULL --- */

static void *fault_malloc(size_t size)
{
    return fault_now(FAULT_MEMORY, "malloc") ? NULL : malloc(size);
}

/* --- all of them --- */

void fault_make_store(void)
{
    fault_store = anshin_store_mem;
    fault_store.open = fault_open;
    fault_store.begin = fault_begin;
    fault_store.get = fault_get;
    fault_store.put = fault_put;
    fault_store.erase = fault_erase;
    fault_store.each = fault_each;
    fault_store.commit = fault_commit;
    fault_store.blob_put = fault_blob_put;
    fault_store.blob_get = fault_blob_get;
    json_set_alloc_funcs(fault_malloc, free);
}

const anshin_crypto_t *fault_make_crypto(const anshin_crypto_t *real)
{
    fault_real = real;
    fault_crypto = *real;
    fault_crypto.random = fault_random;
    fault_crypto.digest = fault_digest;
    fault_crypto.mac = fault_mac;
    fault_crypto.seal = fault_seal;
    fault_crypto.unseal = fault_unseal;
    fault_crypto.seal_under = fault_seal_under;
    fault_crypto.password_hash = fault_hash;
    fault_crypto.password_verify = fault_verify;
    fault_crypto.hotp = fault_hotp;
    return &fault_crypto;
}
