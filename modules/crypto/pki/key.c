/*
 * Key pairs: see key.h.
 */
#include "crypto/pki/key_private.h"

#include <apr_strings.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/cause.h"

static apr_status_t free_key(void *data)
{
    anshin_key_t *key = data;

    EVP_PKEY_free(key->pkey); /* OpenSSL clears private numbers as it frees them */
    return APR_SUCCESS;
}

EVP_PKEY *anshin_pkey_make(anshin_key_type_t type)
{
    switch (type) {
    case ANSHIN_KEY_P256:
        return EVP_EC_gen("P-256");
    case ANSHIN_KEY_P384:
        return EVP_EC_gen("P-384");
    case ANSHIN_KEY_RSA2048:
        return EVP_RSA_gen(2048);
    case ANSHIN_KEY_RSA3072:
        return EVP_RSA_gen(3072);
    case ANSHIN_KEY_RSA4096:
        return EVP_RSA_gen(4096);
    case ANSHIN_KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    return NULL;
}

apr_status_t anshin_key_make(anshin_key_t **key, anshin_key_type_t type, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_key_t *made = apr_pcalloc(pool, sizeof(*made));

    made->pkey = anshin_pkey_make(type);
    if (made->pkey == NULL) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0450", "no key could be made");
    }
    apr_pool_cleanup_register(pool, made, free_key, apr_pool_cleanup_null);
    *key = made;
    return APR_SUCCESS;
}

apr_status_t anshin_key_public(anshin_bytes_t *spki, const anshin_key_t *key, anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key->pkey, &der);

    if (length <= 0) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0451", "a public key could not be written");
    }
    spki->data = apr_pmemdup(pool, der, (apr_size_t)length);
    spki->length = (apr_size_t)length;
    OPENSSL_free(der);
    return APR_SUCCESS;
}
