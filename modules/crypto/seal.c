/*
 * MAC and seal under keys derived from the seal key.
 *
 * A sealed text is version (1 octet), nonce (12), ciphertext, tag (16). The nonce is random: at 2^32 seals of one
 * purpose the chance of a repeated one is 2^-33 (SP 800-38D 8.3 stops there), far beyond what an installation writes.
 * The version octet and the bound data are authenticated with the text.
 *
 * SECURITY: unseal trusts nothing of its input, which may have lain in a store, a file or a browser. A text is given
 * out only after its tag was found right, and is wiped otherwise.
 */
#include "crypto/seal.h"

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "crypto/cause.h"
#include "crypto/context.h"

#define VERSION 1
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define HEAD_BYTES (1 + NONCE_BYTES)
#define LENGTH_MAX (INT_MAX - HEAD_BYTES - TAG_BYTES) /* EVP counts in int */

apr_status_t anshin_crypto_mac_by(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], int n, const char *purpose,
                                  const void *data, apr_size_t length)
{
    const context_t *context = ctx;
    const anshin_derived_key_t *key;
    EVP_MAC_CTX *mac;
    size_t written = 0;
    int made;
    apr_status_t status = anshin_ring_get(&key, context->ring, n, ANSHIN_USE_MAC, purpose);

    if (status != APR_SUCCESS) {
        return status;
    }
    mac = EVP_MAC_CTX_dup(key->hmac);
    made = mac != NULL && EVP_MAC_update(mac, data, length) && EVP_MAC_final(mac, out, &written, ANSHIN_DIGEST_BYTES) &&
           written == ANSHIN_DIGEST_BYTES;
    EVP_MAC_CTX_free(mac);
    return made ? APR_SUCCESS : anshin_openssl_forget(ANSHIN_EFAULT);
}

apr_status_t anshin_crypto_mac(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], const char *purpose, const void *data,
                               apr_size_t length)
{
    return anshin_crypto_mac_by(ctx, out, 0, purpose, data, length);
}

/* A cipher with key and nonce in place that has taken the data which is authenticated only. NULL: failed. */
static EVP_CIPHER_CTX *begin(const context_t *context, const unsigned char *key, const unsigned char *head,
                             const char *bound, int encrypt)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int written;

    if (cipher == NULL || !EVP_CipherInit_ex2(cipher, context->gcm, key, head + 1, encrypt, NULL) ||
        !EVP_CipherUpdate(cipher, NULL, &written, head, 1) ||
        (bound != NULL &&
         !EVP_CipherUpdate(cipher, NULL, &written, (const unsigned char *)bound, (int)strlen(bound)))) {
        EVP_CIPHER_CTX_free(cipher);
        return NULL;
    }
    return cipher;
}

apr_status_t anshin_crypto_seal_under(void *ctx, anshin_bytes_t *sealed, const unsigned char *key, const char *bound,
                                      anshin_bytes_t data, apr_pool_t *pool)
{
    const context_t *context = ctx;
    EVP_CIPHER_CTX *cipher;
    unsigned char *out;
    int body = 0;
    int tail = 0;
    int made;

    if (data.length > LENGTH_MAX || (bound != NULL && strlen(bound) > INT_MAX)) {
        return ANSHIN_EFAULT;
    }
    out = apr_palloc(pool, HEAD_BYTES + data.length + TAG_BYTES);
    out[0] = VERSION;
    if (RAND_bytes(out + 1, NONCE_BYTES) != 1) {
        return anshin_openssl_forget(ANSHIN_EFAULT);
    }
    cipher = begin(context, key, out, bound, 1);
    made = cipher != NULL &&
           (data.length == 0 || EVP_CipherUpdate(cipher, out + HEAD_BYTES, &body, data.data, (int)data.length)) &&
           EVP_CipherFinal_ex(cipher, out + HEAD_BYTES + body, &tail) && (apr_size_t)(body + tail) == data.length &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, out + HEAD_BYTES + data.length);
    EVP_CIPHER_CTX_free(cipher);
    if (!made) {
        return anshin_openssl_forget(ANSHIN_EFAULT);
    }
    sealed->data = out;
    sealed->length = HEAD_BYTES + data.length + TAG_BYTES;
    return APR_SUCCESS;
}

apr_status_t anshin_crypto_seal(void *ctx, anshin_bytes_t *sealed, const char *purpose, const char *bound,
                                anshin_bytes_t data, apr_pool_t *pool)
{
    const context_t *context = ctx;
    const anshin_derived_key_t *key;

    return anshin_ring_get(&key, context->ring, 0, ANSHIN_USE_SEAL, purpose) == APR_SUCCESS
               ? anshin_crypto_seal_under(ctx, sealed, key->key, bound, data, pool)
               : ANSHIN_EFAULT;
}

/* What can be seen before there is a key. */
static int may_be_sealed(anshin_bytes_t sealed)
{
    return sealed.length >= HEAD_BYTES + TAG_BYTES && sealed.length <= INT_MAX && sealed.data[0] == VERSION;
}

apr_status_t anshin_crypto_unseal_under(void *ctx, anshin_bytes_t *data, const unsigned char *key, const char *bound,
                                        anshin_bytes_t sealed, apr_pool_t *pool)
{
    const context_t *context = ctx;
    const unsigned char *in = sealed.data;
    EVP_CIPHER_CTX *cipher;
    apr_size_t text_length;
    unsigned char *text;
    int body = 0;
    int tail = 0;
    int genuine;

    if (!may_be_sealed(sealed)) {
        return ANSHIN_EDENIED;
    }
    if (bound != NULL && strlen(bound) > INT_MAX) {
        return ANSHIN_EFAULT;
    }
    cipher = begin(context, key, in, bound, 0);
    if (cipher == NULL) {
        return anshin_openssl_forget(ANSHIN_EFAULT);
    }
    text_length = sealed.length - HEAD_BYTES - TAG_BYTES;
    text = apr_palloc(pool, text_length + 1);
    /* Only the tag can be wrong here: the ctrl and the update fail on nothing that the input decides. */
    genuine = EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, (void *)(in + sealed.length - TAG_BYTES)) &&
              (text_length == 0 || EVP_CipherUpdate(cipher, text, &body, in + HEAD_BYTES, (int)text_length)) &&
              EVP_CipherFinal_ex(cipher, text + body, &tail) && (apr_size_t)(body + tail) == text_length;
    EVP_CIPHER_CTX_free(cipher);
    if (!genuine) {
        OPENSSL_cleanse(text, text_length);
        return anshin_openssl_forget(ANSHIN_EDENIED);
    }
    text[text_length] = '\0';
    data->data = text;
    data->length = text_length;
    return APR_SUCCESS;
}

static apr_status_t unseal(const context_t *context, anshin_bytes_t *data, int *n, const char *purpose,
                           const char *bound, anshin_bytes_t sealed, apr_pool_t *pool)
{
    apr_status_t status = may_be_sealed(sealed) ? APR_SUCCESS : ANSHIN_EDENIED;
    const anshin_keys_t *keys = anshin_ring_keys(context->ring); /* once: the files may change meanwhile */

    if (keys == NULL && status == APR_SUCCESS) {
        status = ANSHIN_EFAULT;
    }
    for (*n = 0; status == APR_SUCCESS; (*n)++) {
        const anshin_derived_key_t *key;

        status = anshin_keys_get(&key, keys, *n, ANSHIN_USE_SEAL, purpose);
        if (status != APR_SUCCESS) {
            return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : ANSHIN_EFAULT;
        }
        status = anshin_crypto_unseal_under((void *)(uintptr_t)context, data, key->key, bound, sealed, pool);
        if (status != ANSHIN_EDENIED) {
            return status;
        }
        status = APR_SUCCESS; /* another key's, perhaps */
    }
    return status;
}

apr_status_t anshin_crypto_unseal(void *ctx, anshin_bytes_t *data, const char *purpose, const char *bound,
                                  anshin_bytes_t sealed, apr_pool_t *pool)
{
    int n;

    return unseal(ctx, data, &n, purpose, bound, sealed, pool);
}

apr_status_t anshin_crypto_sealed_by(void *ctx, int *n, const char *purpose, const char *bound, anshin_bytes_t sealed,
                                     apr_pool_t *pool)
{
    anshin_bytes_t data;
    apr_status_t status = unseal(ctx, &data, n, purpose, bound, sealed, pool);

    if (status == APR_SUCCESS) {
        OPENSSL_cleanse((void *)(uintptr_t)data.data, data.length);
    }
    return status;
}
