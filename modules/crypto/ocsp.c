/*
 * OCSP requests: see ocsp.h.
 *
 * SECURITY: requests come from anybody. Their length and count are bounded before anything is kept of them. Whether
 * they are about a CA of ours is for the caller to see.
 */
#include "crypto/ocsp.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/ocsp.h>

#include "crypto/cause.h"

#define SERIAL_MAX 20 /* RFC 5280 4.1.2.2; others' CAs use all of their 160 bits */

static apr_status_t malformed(anshin_error_t *err, const char *what)
{
    anshin_fail(err, ANSHIN_EINVALID, "AN0458", "OCSP request: %s", what);
    return anshin_openssl_forget(ANSHIN_EINVALID);
}

static apr_status_t unauthorized(anshin_error_t *err, const char *what)
{
    anshin_fail(err, ANSHIN_EDENIED, "AN0459", "OCSP request: %s", what);
    return anshin_openssl_forget(ANSHIN_EDENIED);
}

/* The extension holds an OCTET STRING (RFC 9654). */
static apr_status_t read_nonce(anshin_bytes_t *nonce, X509_EXTENSION *extension, anshin_error_t *err, apr_pool_t *pool)
{
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
    const unsigned char *at = ASN1_STRING_get0_data(value);
    ASN1_OCTET_STRING *octets = d2i_ASN1_OCTET_STRING(NULL, &at, ASN1_STRING_length(value));
    int whole = octets != NULL && at == ASN1_STRING_get0_data(value) + ASN1_STRING_length(value);
    int length = whole ? ASN1_STRING_length(octets) : 0;
    int first = nonce->length == 0;

    if (first && length >= 1 && length <= ANSHIN_OCSP_NONCE_MAX) {
        nonce->data = apr_pmemdup(pool, ASN1_STRING_get0_data(octets), (apr_size_t)length);
        nonce->length = (apr_size_t)length;
    }
    ASN1_OCTET_STRING_free(octets);
    return first && nonce->length > 0 ? APR_SUCCESS : malformed(err, "it must have one nonce, of 1 to 128 octets");
}

/* RFC 6960 4.4: others are passed over, unless they are critical. */
static apr_status_t read_extensions(anshin_ocsp_request_t *request, OCSP_REQUEST *parsed, anshin_error_t *err,
                                    apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < OCSP_REQUEST_get_ext_count(parsed) && status == APR_SUCCESS; i++) {
        X509_EXTENSION *extension = OCSP_REQUEST_get_ext(parsed, i);

        if (OBJ_obj2nid(X509_EXTENSION_get_object(extension)) == NID_id_pkix_OCSP_Nonce) {
            status = read_nonce(&request->nonce, extension, err, pool);
        } else if (X509_EXTENSION_get_critical(extension)) {
            status = malformed(err, "it has a critical extension that nobody knows here");
        }
    }
    return status;
}

static int has_critical(OCSP_ONEREQ *one)
{
    return OCSP_ONEREQ_get_ext_by_critical(one, 1, -1) >= 0;
}

/* One text for how a CA is named: digest, and both of its values. NULL: they are not of its length, or no memory. */
static const char *name_issuer(int sha256, const ASN1_OCTET_STRING *name, const ASN1_OCTET_STRING *key,
                               apr_pool_t *pool)
{
    int length = EVP_MD_get_size(sha256 ? EVP_sha256() : EVP_sha1());
    unsigned char both[2 * EVP_MAX_MD_SIZE];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length;

    if (ASN1_STRING_length(name) != length || ASN1_STRING_length(key) != length) {
        return NULL;
    }
    memcpy(both, ASN1_STRING_get0_data(name), (apr_size_t)length);
    memcpy(both + length, ASN1_STRING_get0_data(key), (apr_size_t)length);
    return EVP_Digest(both, 2 * (apr_size_t)length, digest, &digest_length, EVP_sha256(), NULL)
               ? anshin_hex(digest, digest_length, pool)
               : NULL;
}

static apr_status_t read_issuer(const char **issuer, int *sha256, OCSP_CERTID *id, anshin_error_t *err,
                                apr_pool_t *pool)
{
    ASN1_OBJECT *algorithm;
    ASN1_OCTET_STRING *name;
    ASN1_OCTET_STRING *key;

    OCSP_id_get0_info(&name, &algorithm, &key, NULL, id);
    *sha256 = OBJ_obj2nid(algorithm) == NID_sha256;
    if (!*sha256 && OBJ_obj2nid(algorithm) != NID_sha1) {
        return unauthorized(err, "it names its CA neither by SHA-1 nor by SHA-256");
    }
    *issuer = name_issuer(*sha256, name, key, pool);
    return *issuer != NULL ? APR_SUCCESS : malformed(err, "it names its CA by values of another length");
}

/* As in the record: hexadecimal, without leading zeros. */
static apr_status_t read_serial(const char **hex, OCSP_CERTID *id, anshin_error_t *err, apr_pool_t *pool)
{
    ASN1_INTEGER *serial;
    const unsigned char *octets;
    int length;

    OCSP_id_get0_info(NULL, NULL, NULL, &serial, id);
    octets = ASN1_STRING_get0_data(serial);
    length = ASN1_STRING_length(serial);
    while (length > 0 && octets[0] == 0) {
        octets++;
        length--;
    }
    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER || length < 1 || length > SERIAL_MAX) {
        return malformed(err, "its serial is not of 1 to 20 octets");
    }
    *hex = anshin_hex(octets, (apr_size_t)length, pool);
    return APR_SUCCESS;
}

/* One certificate that is asked about; all are of the CA of the first, and named like it: one answer has one signer. */
static apr_status_t read_one(anshin_ocsp_request_t *request, OCSP_ONEREQ *one, anshin_error_t *err, apr_pool_t *pool)
{
    OCSP_CERTID *id = OCSP_onereq_get0_id(one);
    const char *issuer;
    int sha256;
    apr_status_t status = read_issuer(&issuer, &sha256, id, err, pool);

    if (status == APR_SUCCESS && has_critical(one)) {
        status = malformed(err, "it has a critical extension that nobody knows here");
    }
    if (status == APR_SUCCESS && request->issuer != NULL && strcmp(request->issuer, issuer) != 0) {
        status = unauthorized(err, "it asks about several CAs, or names one in several ways");
    }
    if (status == APR_SUCCESS) {
        request->issuer = issuer;
        request->sha256 = sha256;
        status = read_serial(&request->asked[request->count], id, err, pool);
    }
    request->count += status == APR_SUCCESS;
    return status;
}

static apr_status_t read_parsed(anshin_ocsp_request_t *request, OCSP_REQUEST *parsed, anshin_error_t *err,
                                apr_pool_t *pool)
{
    int count = OCSP_request_onereq_count(parsed);
    apr_status_t status;

    if (count < 1 || count > ANSHIN_OCSP_ASKED_MAX) {
        return malformed(err, "it asks about no certificate, or too many");
    }
    status = read_extensions(request, parsed, err, pool);
    for (int i = 0; i < count && status == APR_SUCCESS; i++) {
        status = read_one(request, OCSP_request_onereq_get0(parsed, i), err, pool);
    }
    return status == APR_SUCCESS ? anshin_openssl_forget(status) : status;
}

apr_status_t anshin_ocsp_read(void *ctx, anshin_ocsp_request_t *request, const void *der, apr_size_t length,
                              anshin_error_t *err, apr_pool_t *pool)
{
    const unsigned char *at = der;
    OCSP_REQUEST *parsed = length <= ANSHIN_OCSP_REQUEST_MAX ? d2i_OCSP_REQUEST(NULL, &at, (long)length) : NULL;
    apr_status_t status;

    (void)ctx;
    *request = (anshin_ocsp_request_t){.count = 0};
    if (parsed == NULL || at != (const unsigned char *)der + length) {
        status = malformed(err, "it cannot be read");
    } else {
        status = read_parsed(request, parsed, err, pool);
    }
    OCSP_REQUEST_free(parsed);
    return status;
}

apr_status_t anshin_ocsp_issuer(const char **issuer, int sha256, const anshin_bytes_t *certificate, anshin_error_t *err,
                                apr_pool_t *pool)
{
    const unsigned char *at = certificate->data;
    X509 *ca = d2i_X509(NULL, &at, (long)certificate->length);
    OCSP_CERTID *id = ca != NULL ? OCSP_cert_to_id(sha256 ? EVP_sha256() : EVP_sha1(), ca, ca) : NULL;
    ASN1_OCTET_STRING *name;
    ASN1_OCTET_STRING *key;

    *issuer = NULL;
    if (id != NULL) {
        OCSP_id_get0_info(&name, NULL, &key, NULL, id); /* of the certificate as its own issuer */
        *issuer = name_issuer(sha256, name, key, pool);
    }
    OCSP_CERTID_free(id);
    X509_free(ca);
    return *issuer != NULL ? APR_SUCCESS : anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0487", "the CA's certificate");
}
