/*
 * PKCS#12 files: see pack.h. Linked into the worker alone.
 *
 * SECURITY: the file holds a user's private key under the download password. How hard the password is to guess rests on
 * its own randomness (CRT-2), not on the iterations; compat, whose algorithms are old, rests on it entirely.
 */
#include "crypto/pki/pack.h"

#include <limits.h>
#include <string.h>

#include <apr_strings.h>
#include <openssl/pkcs12.h>

#include "crypto/cause.h"
#include "crypto/pki/key_private.h"

#define PASSWORD_MIN 8
#define PASSWORD_MAX 64

typedef struct profile_t {
    int cipher; /* for key and certificates: a cipher means PBES2 with PBKDF2-HMAC-SHA-256, a PBE is itself */
    int iterations;
    const EVP_MD *(*mac)(void);
} profile_t;

static const profile_t profiles[] = {
    [ANSHIN_PACK_MODERN] = {NID_aes_256_cbc, 10000, EVP_sha256},
    [ANSHIN_PACK_COMPAT] = {NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 2048, EVP_sha1},
};

static int is_password(const char *password)
{
    apr_size_t length = strlen(password);

    for (apr_size_t i = 0; i < length; i++) {
        if (password[i] < 0x20 || password[i] >= 0x7f) { /* signed char: not ASCII is below */
            return 0;
        }
    }
    return length >= PASSWORD_MIN && length <= PASSWORD_MAX;
}

/* NULL: not one certificate in DER. */
static X509 *read_certificate(const anshin_bytes_t *der)
{
    const unsigned char *at = der->data;
    X509 *certificate = der->length <= LONG_MAX ? d2i_X509(NULL, &at, (long)der->length) : NULL;

    if (certificate != NULL && at != der->data + der->length) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

/* The caller frees, with what it holds. NULL: one of them is no certificate. */
static STACK_OF(X509) * read_chain(const anshin_bytes_t *ca_chain, apr_size_t ca_count)
{
    STACK_OF(X509) *chain = sk_X509_new_null();

    for (apr_size_t i = 0; i < ca_count; i++) {
        X509 *certificate = read_certificate(&ca_chain[i]);

        if (chain == NULL || certificate == NULL || !sk_X509_push(chain, certificate)) {
            X509_free(certificate);
            sk_X509_pop_free(chain, X509_free);
            return NULL;
        }
    }
    return chain;
}

static apr_status_t wipe(void *data)
{
    const anshin_bytes_t *file = data;

    OPENSSL_cleanse((void *)file->data, file->length);
    return APR_SUCCESS;
}

/* Into pool, with the cleanup that wipes it there. */
static apr_status_t write_out(anshin_bytes_t *file, const PKCS12 *p12, anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char *der = NULL;
    int length = i2d_PKCS12(p12, &der);
    anshin_bytes_t *kept;

    if (length <= 0) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0490", "a PKCS#12 file could not be written");
    }
    kept = apr_palloc(pool, sizeof(*kept));
    kept->data = apr_pmemdup(pool, der, (apr_size_t)length);
    kept->length = (apr_size_t)length;
    OPENSSL_clear_free(der, (apr_size_t)length);
    apr_pool_cleanup_register(pool, kept, wipe, apr_pool_cleanup_null);
    *file = *kept;
    return APR_SUCCESS;
}

apr_status_t anshin_pack(anshin_bytes_t *file, const anshin_pack_facts_t *facts, anshin_error_t *err, apr_pool_t *pool)
{
    const profile_t *with = &profiles[facts->profile];
    STACK_OF(X509) *chain = NULL;
    PKCS12 *p12 = NULL;
    X509 *own;
    apr_status_t status;

    if (!is_password(facts->password)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0491", "the password of a PKCS#12 file must be %d to %d of ASCII",
                           PASSWORD_MIN, PASSWORD_MAX);
    }
    own = read_certificate(facts->certificate);
    chain = facts->ca_count > 0 ? read_chain(facts->ca_chain, facts->ca_count) : NULL;
    if (own == NULL || chain == NULL) {
        status = anshin_openssl_fail(err, ANSHIN_EINVALID, "AN0492", "certificate or chain of a PKCS#12 file");
        goto end;
    }
    if (!X509_check_private_key(own, facts->key->pkey)) {
        status = anshin_openssl_fail(err, ANSHIN_EINVALID, "AN0493", "key of a PKCS#12 file");
        goto end;
    }
    /* -1: without a MAC, which is then set with the profile's digest. */
    p12 = PKCS12_create(facts->password, facts->friendly_name, facts->key->pkey, own, chain, with->cipher, with->cipher,
                        with->iterations, -1, 0);
    if (p12 == NULL || !PKCS12_set_mac(p12, facts->password, -1, NULL, 0, with->iterations, with->mac())) {
        status = anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0494", "a PKCS#12 file could not be made");
        goto end;
    }
    status = write_out(file, p12, err, pool);
end:
    PKCS12_free(p12);
    sk_X509_pop_free(chain, X509_free);
    X509_free(own);
    return status;
}
