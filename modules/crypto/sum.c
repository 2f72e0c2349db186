/*
 * SHA-256 in pieces: see sum.h.
 */
#include "crypto/sum.h"

#include <stdio.h>

#include <openssl/evp.h>

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
