/*
 * Derived keys: see derive.h.
 *
 * SECURITY: holds the seal key and every key made of it. Each use and purpose has a key of its own, so that what is
 * made for one purpose is worthless for every other. Memory comes from the C library, not from a pool, and is wiped at
 * the end.
 */
#include "crypto/derive.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "crypto/cause.h"

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

static OSSL_PARAM octets(const char *name, const anshin_bytes_t *bytes)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)bytes->data, bytes->length);
}

apr_status_t anshin_hkdf(unsigned char *out, apr_size_t length, const anshin_hkdf_t *from)
{
    /* OSSL_PARAM has no const; HKDF only reads. */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        octets(OSSL_KDF_PARAM_KEY, &from->key),
        octets(OSSL_KDF_PARAM_INFO, &from->info),
        from->salt.length > 0 ? octets(OSSL_KDF_PARAM_SALT, &from->salt) : OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    int done = ctx != NULL && EVP_KDF_derive(ctx, out, length, params) > 0;

    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    if (!done) {
        return anshin_openssl_forget(ANSHIN_EFAULT);
    }
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
