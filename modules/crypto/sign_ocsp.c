/*
 * OCSP answers, signed by the CA itself: see sign.h. Linked into the signer alone.
 *
 * SECURITY: the certificates are named here, after the CA's own certificate, so that no answer can speak for another
 * CA. The nonce is the one thing a stranger chooses in what is signed; it is bounded and stands where nonces stand.
 */
#include "crypto/sign_private.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "crypto/build.h"
#include "crypto/cause.h"

#define NONCE_MAX 32 /* RFC 8954, 2.1 */

static const int statuses[] = {
    [ANSHIN_OCSP_GOOD] = V_OCSP_CERTSTATUS_GOOD,
    [ANSHIN_OCSP_REVOKED] = V_OCSP_CERTSTATUS_REVOKED,
    [ANSHIN_OCSP_UNKNOWN] = V_OCSP_CERTSTATUS_UNKNOWN,
};

static int add_single(OCSP_BASICRESP *basic, const anshin_ca_t *ca, const anshin_ocsp_single_t *single, int sha256,
                      ASN1_TIME *this_update, ASN1_TIME *next_update)
{
    int is_revoked = single->status == ANSHIN_OCSP_REVOKED;
    ASN1_INTEGER *serial = anshin_build_integer(single->serial.data, single->serial.length);
    ASN1_TIME *revoked_at =
        is_revoked ? ASN1_GENERALIZEDTIME_set(NULL, (time_t)apr_time_sec(single->revoked_at)) : NULL;
    OCSP_CERTID *id = NULL;
    int added = 0;

    if (serial == NULL || (is_revoked && revoked_at == NULL)) {
        goto end;
    }
    id = OCSP_cert_id_new(sha256 ? EVP_sha256() : EVP_sha1(), X509_get_subject_name(ca->certificate),
                          X509_get0_pubkey_bitstr(ca->certificate), serial);
    /* -1: no reason, as the CRL has none for unspecified. */
    added =
        id != NULL && OCSP_basic_add1_status(basic, id, statuses[single->status],
                                             single->reason != OCSP_REVOKED_STATUS_UNSPECIFIED ? single->reason : -1,
                                             revoked_at, this_update, next_update) != NULL;
end:
    OCSP_CERTID_free(id);
    ASN1_TIME_free(revoked_at);
    ASN1_INTEGER_free(serial);
    return added;
}

static apr_status_t check(const anshin_ocsp_single_t *singles, apr_size_t count, const anshin_bytes_t *nonce,
                          apr_time_t this_update, apr_time_t next_update, anshin_error_t *err)
{
    int good = count >= 1 && count <= ANSHIN_OCSP_SINGLES_MAX && nonce->length <= NONCE_MAX && this_update >= 0 &&
               next_update > this_update;

    for (apr_size_t i = 0; i < count && good; i++) {
        good = anshin_build_serial_valid(&singles[i].serial) &&
               (unsigned int)singles[i].status <= ANSHIN_OCSP_UNKNOWN &&
               (singles[i].status != ANSHIN_OCSP_REVOKED ||
                (anshin_build_reason_valid(singles[i].reason) && singles[i].revoked_at >= 0));
    }
    if (!good) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0455", "OCSP: the answer asked for is not acceptable");
    }
    return APR_SUCCESS;
}

/* The nonce goes in as it came: an OCTET STRING in the extension's own (RFC 8954). */
static int add_nonce(OCSP_BASICRESP *basic, const anshin_bytes_t *nonce)
{
    unsigned char octets[NONCE_MAX];

    if (nonce->length == 0) {
        return 1;
    }
    memcpy(octets, nonce->data, nonce->length); /* OpenSSL's parameter is not const */
    return OCSP_basic_add1_nonce(basic, octets, (int)nonce->length);
}

static apr_status_t write_out(anshin_bytes_t *response, OCSP_BASICRESP *basic, anshin_error_t *err, apr_pool_t *pool)
{
    OCSP_RESPONSE *whole = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char *der = NULL;
    int length = whole != NULL ? i2d_OCSP_RESPONSE(whole, &der) : -1;

    OCSP_RESPONSE_free(whole);
    if (length <= 0) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0456", "an OCSP answer could not be written");
    }
    response->data = apr_pmemdup(pool, der, (apr_size_t)length);
    response->length = (apr_size_t)length;
    OPENSSL_free(der);
    return APR_SUCCESS;
}

apr_status_t anshin_ca_ocsp(anshin_bytes_t *response, const anshin_ca_t *ca, const anshin_ocsp_single_t *singles,
                            apr_size_t count, int sha256, const anshin_bytes_t *nonce, apr_time_t this_update,
                            apr_time_t next_update, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t rv = check(singles, count, nonce, this_update, next_update, err);
    OCSP_BASICRESP *basic;
    ASN1_TIME *from;
    ASN1_TIME *to;
    int good;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    basic = OCSP_BASICRESP_new();
    from = ASN1_GENERALIZEDTIME_set(NULL, (time_t)apr_time_sec(this_update));
    to = ASN1_GENERALIZEDTIME_set(NULL, (time_t)apr_time_sec(next_update));
    good = basic != NULL && from != NULL && to != NULL && add_nonce(basic, nonce);
    for (apr_size_t i = 0; i < count && good; i++) {
        good = add_single(basic, ca, &singles[i], sha256, from, to);
    }
    /* The CA's certificate is not sent along: who asks has it. The responder is named by its key. */
    good =
        good && OCSP_basic_sign(basic, ca->certificate, ca->key, ca->digest, NULL, OCSP_NOCERTS | OCSP_RESPID_KEY) > 0;
    rv = good ? write_out(response, basic, err, pool)
              : anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0457", "an OCSP answer could not be made");
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    OCSP_BASICRESP_free(basic);
    return rv;
}
