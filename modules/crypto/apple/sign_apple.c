/*
 * Apple profiles: see sign_apple.h. Linked into the signer alone.
 *
 * SECURITY: devices show the name of the certificate that is used here, and people trust it. What asks is the worker,
 * whose facts are checked as if they came from a stranger: nothing but a profile with one PKCS#12 file in it can come
 * out, whose identifier is a hash, so that it takes the place of no other profile on a device.
 */
#include "crypto/apple/sign_apple.h"

#include <limits.h>
#include <string.h>

#include <apr_strings.h>
#include <openssl/cms.h>
#include <openssl/pkcs12.h>

#include "crypto/apple/apple_certificate_private.h"
#include "crypto/apple/plist.h"
#include "crypto/cause.h"
#include "crypto/pki/ca_key.h"

#define IDENTIFIER "anshin-login."
#define IDENTIFIER_OCTETS 16 /* of the hash */
#define PAYLOAD_SUFFIX ".certificate"
#define FILE_NAME "certificate.p12"

struct anshin_apple_signer_t {
    anshin_apple_chain_t chain;
    EVP_PKEY *key; /* borrowed of its anshin_ca_key_t, which has the same pool */
    int on_token;
};

/* --- opening ----------------------------------------------------------------------------------------------------- */

static apr_status_t not_its_key(const char *what, anshin_error_t *err)
{
    anshin_fail(err, ANSHIN_EINVALID, "AN1248", "AnshinAppleProfileKey: %s that of AnshinAppleProfileCertificate",
                what);
    return anshin_openssl_forget(ANSHIN_EINVALID);
}

apr_status_t anshin_apple_signer_open(anshin_apple_signer_t **signer, const char *certificate_file,
                                      const anshin_ca_key_source_t *key, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_apple_signer_t *opened = apr_pcalloc(pool, sizeof(*opened));
    anshin_ca_key_t *from = NULL;
    apr_status_t status = anshin_apple_chain_read(&opened->chain, certificate_file, err, pool);

    if (status == APR_SUCCESS) {
        status = anshin_ca_key_open(&from, key, err, pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    opened->key = from->pkey;
    opened->on_token = from->on_token;
    *signer = opened;
    return X509_check_private_key(opened->chain.own, opened->key) == 1 ? APR_SUCCESS : not_its_key("is not", err);
}

int anshin_apple_is_on_token(const anshin_apple_signer_t *signer)
{
    return signer->on_token;
}

apr_status_t anshin_apple_signer_try(const anshin_apple_signer_t *signer, anshin_error_t *err)
{
    return anshin_ca_key_try(signer->key, X509_get0_pubkey(signer->chain.own), err) == APR_SUCCESS
               ? APR_SUCCESS
               : not_its_key("does not sign for", err);
}

/* --- names ------------------------------------------------------------------------------------------------------- */

/* SHA-256 of both, each behind its length. 0: failed. */
static int hash(unsigned char out[EVP_MAX_MD_SIZE], const char *use, const void *data, size_t length)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int done = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) &&
               EVP_DigestUpdate(context, use, strlen(use) + 1) && EVP_DigestUpdate(context, data, length) &&
               EVP_DigestFinal_ex(context, out, NULL);

    EVP_MD_CTX_free(context);
    return done;
}

/* The same for a terminal for ever: a device takes a profile of an identifier that it knows for a newer version. NULL:
 * failed. */
static const char *identifier_of(const anshin_apple_facts_t *facts, apr_pool_t *pool)
{
    const char *both = apr_pstrcat(pool, facts->portal, " ", facts->terminal, NULL); /* a URL has no space */
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[2 * IDENTIFIER_OCTETS + 1] = "";

    if (!hash(digest, "anshin apple identifier", both, strlen(both))) {
        return NULL;
    }
    for (size_t i = 0; i < IDENTIFIER_OCTETS; i++) {
        (void)apr_snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
    return apr_pstrcat(pool, IDENTIFIER, text, NULL);
}

/* Version 8 of RFC 9562: of a hash, so that what is made again is the same. NULL: failed. */
static const char *uuid_of(const char *use, const anshin_bytes_t *serial, apr_pool_t *pool)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    const unsigned char *d = digest;

    if (!hash(digest, use, serial->data, serial->length)) {
        return NULL;
    }
    digest[6] = (unsigned char)((digest[6] & 0x0f) | 0x80);
    digest[8] = (unsigned char)((digest[8] & 0x3f) | 0x80);
    return apr_psprintf(pool, "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X", d[0], d[1], d[2],
                        d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
}

/* --- the profile ------------------------------------------------------------------------------------------------- */

/* One PFX, octet by octet what DER makes of it, so that nothing else is in between or behind. */
static int is_pkcs12(const anshin_bytes_t *octets)
{
    const unsigned char *at = octets->data;
    PKCS12 *read = octets->length <= INT_MAX ? d2i_PKCS12(NULL, &at, (long)octets->length) : NULL;
    unsigned char *der = NULL;
    int length = read != NULL && PKCS12_mac_present(read) ? i2d_PKCS12(read, &der) : 0;
    int good = length > 0 && (apr_size_t)length == octets->length && memcmp(der, octets->data, octets->length) == 0;

    if (der != NULL) {
        OPENSSL_clear_free(der, (size_t)length);
    }
    PKCS12_free(read);
    return good;
}

/* What both dictionaries begin with. */
static void put_head(anshin_plist_t *plist, const char *type, const char *identifier, const char *uuid,
                     const char *name)
{
    anshin_plist_string(plist, "PayloadType", type);
    anshin_plist_integer(plist, "PayloadVersion", 1);
    anshin_plist_string(plist, "PayloadIdentifier", identifier);
    anshin_plist_string(plist, "PayloadUUID", uuid);
    anshin_plist_string(plist, "PayloadDisplayName", name);
}

/* 0: failed. */
static int build(BIO *out, const anshin_apple_facts_t *facts, apr_pool_t *pool)
{
    const char *identifier = identifier_of(facts, pool);
    const char *uuid = uuid_of("anshin apple profile", &facts->serial, pool);
    const char *inner = uuid_of("anshin apple certificate", &facts->serial, pool);
    anshin_plist_t plist;

    if (identifier == NULL || uuid == NULL || inner == NULL) {
        return 0;
    }
    anshin_plist_begin(&plist, out);
    put_head(&plist, "Configuration", identifier, uuid, facts->title);
    anshin_plist_string(&plist, "PayloadOrganization", facts->organization);
    if (facts->description != NULL && facts->description[0] != '\0') {
        anshin_plist_string(&plist, "PayloadDescription", facts->description);
    }
    anshin_plist_flag(&plist, "PayloadRemovalDisallowed", 0);
    anshin_plist_open(&plist, "PayloadContent", ANSHIN_PLIST_ARRAY);
    anshin_plist_open(&plist, NULL, ANSHIN_PLIST_DICT);
    put_head(&plist, "com.apple.security.pkcs12", apr_pstrcat(pool, identifier, PAYLOAD_SUFFIX, NULL), inner,
             facts->name);
    anshin_plist_string(&plist, "PayloadCertificateFileName", FILE_NAME);
    anshin_plist_data(&plist, "PayloadContent", &facts->pkcs12);
    anshin_plist_close(&plist, ANSHIN_PLIST_DICT);
    anshin_plist_close(&plist, ANSHIN_PLIST_ARRAY);
    return anshin_plist_end(&plist);
}

/* --- the signature ----------------------------------------------------------------------------------------------- */

static apr_status_t wipe(void *data)
{
    const anshin_bytes_t *profile = data;

    OPENSSL_cleanse((void *)profile->data, profile->length);
    return APR_SUCCESS;
}

/* 0: failed. */
static int sign(anshin_bytes_t *profile, const anshin_apple_signer_t *signer, BIO *plain, apr_pool_t *pool)
{
    const unsigned flags = CMS_BINARY | CMS_NOSMIMECAP | CMS_PARTIAL;
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, signer->chain.above, NULL, flags);
    anshin_bytes_t *kept = apr_palloc(pool, sizeof(*kept));
    unsigned char *der = NULL;
    int length = cms != NULL && CMS_add1_signer(cms, signer->chain.own, signer->key, EVP_sha256(), flags) != NULL &&
                         CMS_final(cms, plain, NULL, flags)
                     ? i2d_CMS_ContentInfo(cms, &der)
                     : 0;

    CMS_ContentInfo_free(cms);
    if (length <= 0) {
        return 0;
    }
    *kept = (anshin_bytes_t){apr_pmemdup(pool, der, (apr_size_t)length), (apr_size_t)length};
    apr_pool_cleanup_register(pool, kept, wipe, apr_pool_cleanup_null);
    OPENSSL_clear_free(der, (size_t)length);
    *profile = *kept;
    return 1;
}

apr_status_t anshin_apple_sign(anshin_bytes_t *profile, const anshin_apple_signer_t *signer,
                               const anshin_apple_facts_t *facts, apr_time_t now, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = anshin_apple_in_time(&signer->chain.validity, now, ANSHIN_APPLE_MARGIN, err, pool);
    const char *wrong = NULL;
    BIO *plain;

    if (status != APR_SUCCESS) {
        return status;
    }
    plain = BIO_new(BIO_s_secmem()); /* cleared as it is freed */
    if (plain == NULL || !is_pkcs12(&facts->pkcs12) || !build(plain, facts, pool)) {
        wrong = "its PKCS#12 is none, or a text cannot stand in it";
    } else if (!sign(profile, signer, plain, pool)) {
        wrong = "it could not be signed";
    } else if (profile->length > ANSHIN_APPLE_MAX) {
        wrong = "it is too long; leave certificates out of the file of AnshinAppleProfileCertificate";
    }
    BIO_free(plain);
    if (wrong != NULL) {
        anshin_fail(err, ANSHIN_EINVALID, "AN1250", "an Apple profile is not made: %s", wrong);
        return anshin_openssl_forget(ANSHIN_EINVALID);
    }
    return APR_SUCCESS;
}
