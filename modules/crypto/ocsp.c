/*
 * OCSP requests: see ocsp.h.
 *
 * SECURITY: requests come from anybody. Their length and count are bounded before anything is kept of them, and they
 * must name our CA by name and key.
 */
#include "crypto/ocsp.h"

#include <apr_strings.h>
#include <openssl/ocsp.h>

#include "crypto/cause.h"

#define NONCE_MAX 32
#define SERIAL_MAX 20

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

/* The extension holds an OCTET STRING (RFC 8954). */
static apr_status_t read_nonce(anshin_bytes_t *nonce, OCSP_REQUEST *parsed, anshin_error_t *err, apr_pool_t *pool)
{
    int place = OCSP_REQUEST_get_ext_by_NID(parsed, NID_id_pkix_OCSP_Nonce, -1);
    const unsigned char *at;
    ASN1_OCTET_STRING *value;
    ASN1_OCTET_STRING *octets;
    int length;

    if (place < 0) {
        return APR_SUCCESS;
    }
    value = X509_EXTENSION_get_data(OCSP_REQUEST_get_ext(parsed, place));
    at = ASN1_STRING_get0_data(value);
    octets = d2i_ASN1_OCTET_STRING(NULL, &at, ASN1_STRING_length(value));
    length = octets != NULL && at == ASN1_STRING_get0_data(value) + ASN1_STRING_length(value)
                 ? ASN1_STRING_length(octets)
                 : 0;
    if (length >= 1 && length <= NONCE_MAX) {
        nonce->data = apr_pmemdup(pool, ASN1_STRING_get0_data(octets), (apr_size_t)length);
        nonce->length = (apr_size_t)length;
    }
    ASN1_OCTET_STRING_free(octets);
    return nonce->length > 0 ? APR_SUCCESS : malformed(err, "its nonce is not of 1 to 32 octets");
}

/* One certificate that is asked about; digest NULL: the first one, whose way of naming the others share. */
static apr_status_t read_one(anshin_ocsp_request_t *request, const EVP_MD **digest, OCSP_ONEREQ *one, const X509 *ca,
                             anshin_error_t *err, apr_pool_t *pool)
{
    OCSP_CERTID *id = OCSP_onereq_get0_id(one);
    OCSP_CERTID *ours;
    ASN1_OBJECT *algorithm;
    ASN1_INTEGER *serial;
    const unsigned char *octets;
    int length;
    int same;

    OCSP_id_get0_info(NULL, &algorithm, NULL, &serial, id);
    if (*digest == NULL) {
        *digest = OBJ_obj2nid(algorithm) == NID_sha256 ? EVP_sha256() : EVP_sha1();
        request->sha256 = OBJ_obj2nid(algorithm) == NID_sha256;
    }
    ours = OCSP_cert_to_id(*digest, ca, ca); /* issuer fields only are compared */
    same = ours != NULL && OCSP_id_issuer_cmp(ours, id) == 0;
    OCSP_CERTID_free(ours);
    if (!same) {
        return unauthorized(err, "it is about another CA");
    }
    octets = ASN1_STRING_get0_data(serial);
    length = ASN1_STRING_length(serial);
    while (length > 0 && octets[0] == 0) {
        octets++;
        length--;
    }
    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER || length < 1 || length > SERIAL_MAX ||
        (length == SERIAL_MAX && octets[0] >= 0x80)) {
        return malformed(err, "its serial is not one of RFC 5280");
    }
    request->asked[request->count].serial.data = apr_pmemdup(pool, octets, (apr_size_t)length);
    request->asked[request->count].serial.length = (apr_size_t)length;
    request->asked[request->count].hex = anshin_hex(octets, (apr_size_t)length, pool);
    request->count++;
    return APR_SUCCESS;
}

static apr_status_t read_parsed(anshin_ocsp_request_t *request, OCSP_REQUEST *parsed, const X509 *ca,
                                anshin_error_t *err, apr_pool_t *pool)
{
    const EVP_MD *digest = NULL;
    int count = OCSP_request_onereq_count(parsed);
    apr_status_t rv;

    if (count < 1 || count > ANSHIN_OCSP_ASKED_MAX) {
        return malformed(err, "it asks about no certificate, or too many");
    }
    rv = read_nonce(&request->nonce, parsed, err, pool);
    for (int i = 0; i < count && rv == APR_SUCCESS; i++) {
        rv = read_one(request, &digest, OCSP_request_onereq_get0(parsed, i), ca, err, pool);
    }
    return rv == APR_SUCCESS ? anshin_openssl_forget(rv) : rv;
}

apr_status_t anshin_ocsp_read(anshin_ocsp_request_t *request, const void *der, apr_size_t length,
                              const anshin_bytes_t *ca, anshin_error_t *err, apr_pool_t *pool)
{
    const unsigned char *at = ca->data;
    X509 *certificate = d2i_X509(NULL, &at, (long)ca->length);
    OCSP_REQUEST *parsed = NULL;
    apr_status_t rv;

    *request = (anshin_ocsp_request_t){.count = 0};
    if (certificate == NULL) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0487", "the CA's certificate");
    }
    at = der;
    if (length <= ANSHIN_OCSP_REQUEST_MAX) {
        parsed = d2i_OCSP_REQUEST(NULL, &at, (long)length);
    }
    if (parsed == NULL || at != (const unsigned char *)der + length) {
        rv = malformed(err, "it cannot be read");
    } else {
        rv = read_parsed(request, parsed, certificate, err, pool);
    }
    OCSP_REQUEST_free(parsed);
    X509_free(certificate);
    return rv;
}

anshin_bytes_t anshin_ocsp_refuse(anshin_ocsp_refusal_t refusal, apr_pool_t *pool)
{
    /* SEQUENCE { ENUMERATED refusal } */
    const unsigned char der[] = {0x30, 0x03, 0x0a, 0x01, (unsigned char)refusal};

    return (anshin_bytes_t){apr_pmemdup(pool, der, sizeof(der)), sizeof(der)};
}
