/*
 * The private key of a CA: see ca_key.h.
 *
 * SECURITY: the most valuable thing of the whole. Neither the file's text nor the passphrase outlives the opening, and
 * OpenSSL never asks on a terminal.
 */
#include "crypto/pki/ca_key.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "core/config/key_reference.h"
#include "crypto/cause.h"
#include "crypto/file.h"
#include "crypto/passphrase.h"
#include "crypto/pki/build.h"
#include "crypto/pki/key_private.h"
#include "crypto/pki/token.h"

#define DIRECTIVE "AnshinCAKey"
#define KEY_FILE_MAX 16384
#define STRENGTH_MIN 112             /* bits; RSA from 2,048 */
#define SIGNATURE_MAX 2048           /* octets; RSA of 16,384 bits */
#define PASSPHRASE_ITERATIONS 600000 /* PBKDF2-HMAC-SHA-256; a person may have chosen it */

static apr_status_t free_key(void *data)
{
    anshin_ca_key_t *key = data;

    EVP_PKEY_free(key->pkey); /* OpenSSL clears private numbers as it frees them */
    return APR_SUCCESS;
}

/* --- in a file -------------------------------------------------------------------------------------------------- */

typedef struct asking_t {
    const anshin_ca_key_source_t *source;
    anshin_error_t *err;
    apr_status_t status; /* of the answer, once it was asked for */
    int asked;
} asking_t;

/* What is told to the program: the name of the file, or the URI. */
static const char *purpose(const anshin_ca_key_source_t *source)
{
    const char *slash = anshin_key_is_on_token(source->key) ? NULL : strrchr(source->key, '/');

    return slash != NULL ? slash + 1 : source->key;
}

/* OpenSSL calls it for a key that is encrypted. */
static int give_passphrase(char *buffer, int size, int writing, void *data)
{
    char passphrase[ANSHIN_PASSPHRASE_MAX + 1] = "";
    asking_t *asking = data;
    int length = -1;

    (void)writing;
    asking->asked = 1;
    asking->status =
        asking->source->program == NULL
            ? anshin_fail(asking->err, ANSHIN_EINVALID, "AN0463",
                          "AnshinCAKey %s: is encrypted; name a program that prints its passphrase by "
                          "AnshinCAPassphrase",
                          asking->source->key)
            : anshin_passphrase_ask(passphrase, asking->source->program, purpose(asking->source), asking->err);
    if (asking->status == APR_SUCCESS && strlen(passphrase) <= (size_t)size) {
        length = (int)strlen(passphrase);
        memcpy(buffer, passphrase, (size_t)length); /* NOLINT(bugprone-not-null-terminated-result): its length counts */
    }
    OPENSSL_cleanse(passphrase, sizeof(passphrase));
    return length;
}

static apr_status_t parse(EVP_PKEY **key, const char *text, apr_size_t length, const anshin_ca_key_source_t *source,
                          anshin_error_t *err)
{
    asking_t asking = {.source = source, .err = err, .status = APR_SUCCESS};
    BIO *bio = BIO_new_mem_buf(text, (int)length);

    *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &asking) : NULL;
    BIO_free(bio);
    if (*key != NULL) {
        return APR_SUCCESS;
    }
    if (asking.status == APR_SUCCESS) {
        anshin_fail(err, ANSHIN_EINVALID, "AN1274", "AnshinCAKey %.120s: %s%.80s%s", source->key,
                    asking.asked ? "does not open with what AnshinCAPassphrase " : "does not hold a private key in PEM",
                    asking.asked ? source->program : "", asking.asked ? " prints as its first line" : "");
    }
    return anshin_openssl_forget(asking.status != APR_SUCCESS ? asking.status : ANSHIN_EINVALID);
}

static apr_status_t read_file(EVP_PKEY **key, const anshin_ca_key_source_t *source, anshin_error_t *err)
{
    char text[KEY_FILE_MAX + 1];
    apr_size_t length = 0;
    apr_status_t status = anshin_file_load(text, &length, KEY_FILE_MAX, source->key, 0600, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    text[length] = '\0';
    if (strstr(text, "Proc-Type: 4,ENCRYPTED") != NULL) { /* one round of MD5 between the passphrase and the key */
        status =
            anshin_fail(err, ANSHIN_EINVALID, "AN1276",
                        "AnshinCAKey %s: is encrypted in the old weak way; run openssl pkcs8 -topk8 -v2 aes-256-cbc "
                        "-iter 600000 over it",
                        source->key);
    } else {
        status = parse(key, text, length, source, err);
    }
    OPENSSL_cleanse(text, sizeof(text));
    return status;
}

/* --- either ----------------------------------------------------------------------------------------------------- */

/* Errors of files and tokens are written for a CA's key. */
static void name_directive(const anshin_ca_key_source_t *source, anshin_error_t *err)
{
    char text[sizeof(err->text)];

    if (source->directive != NULL && err != NULL && strncmp(err->text, DIRECTIVE, strlen(DIRECTIVE)) == 0) {
        (void)apr_snprintf(text, sizeof(text), "%s%s", source->directive, err->text + strlen(DIRECTIVE));
        memcpy(err->text, text, sizeof(text));
        err->format = NULL; /* its parts are elsewhere now */
    }
}

apr_status_t anshin_ca_key_open(anshin_ca_key_t **key, const anshin_ca_key_source_t *source, anshin_error_t *err,
                                apr_pool_t *pool)
{
    anshin_ca_key_t *opened = apr_pcalloc(pool, sizeof(*opened));
    apr_status_t status;

    opened->on_token = anshin_key_is_on_token(source->key);
    status =
        opened->on_token ? anshin_token_open(&opened->pkey, source, err, pool) : read_file(&opened->pkey, source, err);
    apr_pool_cleanup_register(pool, opened, free_key, apr_pool_cleanup_null); /* runs before the token's own */
    if (status == APR_SUCCESS && EVP_PKEY_get_security_bits(opened->pkey) < STRENGTH_MIN) {
        status = anshin_fail(err, ANSHIN_EINVALID, "AN0468", "AnshinCAKey %s: the key is too weak", source->key);
    }
    if (status != APR_SUCCESS) {
        name_directive(source, err);
    }
    *key = opened;
    return status;
}

/* --- a new one -------------------------------------------------------------------------------------------------- */

/* PKCS#8 in PEM, encrypted where there is a passphrase. 0: failed. */
static int write_pem(BIO *bio, const EVP_PKEY *pkey, const char *passphrase)
{
    PKCS8_PRIV_KEY_INFO *plain;
    X509_SIG *encrypted = NULL;
    int written = 0;

    if (passphrase[0] == '\0') {
        return PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
    }
    plain = EVP_PKEY2PKCS8(pkey);
    if (plain != NULL) {
        encrypted = PKCS8_encrypt(-1, EVP_aes_256_cbc(), passphrase, (int)strlen(passphrase), NULL, 0,
                                  PASSPHRASE_ITERATIONS, plain);
    }
    if (encrypted != NULL) {
        written = PEM_write_bio_PKCS8(bio, encrypted);
    }
    PKCS8_PRIV_KEY_INFO_free(plain);
    X509_SIG_free(encrypted);
    return written;
}

static apr_status_t write_file(const EVP_PKEY *pkey, const anshin_ca_key_source_t *source, anshin_error_t *err)
{
    char passphrase[ANSHIN_PASSPHRASE_MAX + 1] = "";
    BIO *bio = BIO_new(BIO_s_secmem()); /* cleared as it is freed */
    char *text = NULL;
    long length;
    apr_status_t status = source->program == NULL
                              ? APR_SUCCESS
                              : anshin_passphrase_ask(passphrase, source->program, purpose(source), err);

    if (status == APR_SUCCESS && (pkey == NULL || bio == NULL || !write_pem(bio, pkey, passphrase))) {
        status = anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0485", "no key could be made for the CA");
    }
    OPENSSL_cleanse(passphrase, sizeof(passphrase));
    if (status == APR_SUCCESS) {
        length = BIO_get_mem_data(bio, &text);
        status = anshin_file_create(source->key, text, (apr_size_t)length, 0600, err);
    }
    BIO_free(bio);
    return status;
}

apr_status_t anshin_ca_key_make(anshin_ca_key_t **key, const anshin_ca_key_source_t *source, anshin_key_type_t type,
                                anshin_error_t *err, apr_pool_t *pool)
{
    anshin_ca_key_t *made = apr_pcalloc(pool, sizeof(*made));

    made->pkey = anshin_pkey_make(type);
    apr_pool_cleanup_register(pool, made, free_key, apr_pool_cleanup_null);
    *key = made;
    return write_file(made->pkey, source, err);
}

/* --- trying ----------------------------------------------------------------------------------------------------- */

apr_status_t anshin_ca_key_try(EVP_PKEY *key, EVP_PKEY *public_key, anshin_error_t *err)
{
    static const unsigned char text[] = "The CA key can be used.";
    const EVP_MD *digest = anshin_build_digest(key);
    unsigned char signature[SIGNATURE_MAX];
    size_t length = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int works = context != NULL && EVP_DigestSignInit(context, NULL, digest, NULL, key) == 1 &&
                EVP_DigestSign(context, signature, &length, text, sizeof(text)) == 1 &&
                EVP_MD_CTX_reset(context) == 1 && EVP_DigestVerifyInit(context, NULL, digest, NULL, public_key) == 1 &&
                EVP_DigestVerify(context, signature, length, text, sizeof(text)) == 1;

    EVP_MD_CTX_free(context);
    return works ? APR_SUCCESS
                 : anshin_openssl_fail(err, ANSHIN_EFAULT, "AN1277", "AnshinCAKey: the key does not sign");
}
