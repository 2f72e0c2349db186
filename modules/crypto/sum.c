/*
 * SHA-256 in pieces, and HKDF: see sum.h.
 */
#include "crypto/sum.h"

#include <stdint.h>
#include <stdio.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "crypto/cause.h"

struct anshin_sum_t {
    EVP_MD_CTX *ctx;
};

static apr_status_t free_sum(void *data)
{
    anshin_sum_t *sum = data;

    EVP_MD_CTX_free(sum->ctx);
    return APR_SUCCESS;
}

apr_status_t anshin_sum_create(anshin_sum_t **sum, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_sum_t *made = apr_palloc(pool, sizeof(*made));

    made->ctx = EVP_MD_CTX_new();
    apr_pool_cleanup_register(pool, made, free_sum, apr_pool_cleanup_null);
    if (made->ctx == NULL || anshin_sum_begin(made) != APR_SUCCESS) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN1707", "SHA-256 is not available");
    }
    *sum = made;
    return APR_SUCCESS;
}

apr_status_t anshin_sum_begin(anshin_sum_t *sum)
{
    return EVP_DigestInit_ex(sum->ctx, EVP_sha256(), NULL) ? APR_SUCCESS : anshin_openssl_forget(ANSHIN_EFAULT);
}

apr_status_t anshin_sum_add(anshin_sum_t *sum, const void *data, apr_size_t length)
{
    return EVP_DigestUpdate(sum->ctx, data, length) ? APR_SUCCESS : anshin_openssl_forget(ANSHIN_EFAULT);
}

apr_status_t anshin_sum_end(anshin_sum_t *sum, char text[ANSHIN_SUM_TEXT + 1])
{
    unsigned char octets[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    if (!EVP_DigestFinal_ex(sum->ctx, octets, &length) || 2 * length != ANSHIN_SUM_TEXT) {
        return anshin_openssl_forget(ANSHIN_EFAULT);
    }
    for (unsigned int i = 0; i < length; i++) {
        (void)snprintf(text + 2 * (size_t)i, 3, "%02x", octets[i]);
    }
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
