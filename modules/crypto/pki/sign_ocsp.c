/*
 * OCSP answers: see sign_ocsp.h. Linked into the signer alone.
 *
 * SECURITY: the certificates are named here, after the CA's own certificate, so that no answer can speak for another
 * CA. The nonce is the one thing a stranger chooses in what is signed; it is bounded and stands where nonces stand.
 */
#include "crypto/pki/sign_ocsp.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/ocsp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "crypto/pki/build.h"
#include "crypto/cause.h"
#include "crypto/pki/key_private.h"
#include "crypto/pki/sign_private.h"

#define SERIAL_BYTES 20
#define NAME "OCSP responder"
#define CLOCKS apr_time_from_sec(3600) /* so far clients' clocks may be behind */

struct anshin_ocsp_key_t {
    const anshin_ca_t *ca;
    X509 *certificate;
    EVP_PKEY *pkey;
    apr_time_t not_before;
    apr_time_t not_after;
};

/* --- the key ---------------------------------------------------------------------------------------------------- */

static apr_status_t free_key(void *data)
{
    anshin_ocsp_key_t *key = data;

    X509_free(key->certificate);
    EVP_PKEY_free(key->pkey); /* OpenSSL clears private numbers as it frees them */
    return APR_SUCCESS;
}

/* The CA's own certificate bounds it on both sides. */
static apr_status_t fit_dates(anshin_ocsp_key_t *key, apr_time_t now, anshin_error_t *err)
{
    const anshin_ca_t *ca = key->ca;
    apr_time_t from = now - CLOCKS > ca->not_before ? now - CLOCKS : ca->not_before;
    apr_time_t to = now + ANSHIN_OCSP_KEY_LIFE < ca->not_after ? now + ANSHIN_OCSP_KEY_LIFE : ca->not_after;

    key->not_before = apr_time_from_sec(apr_time_sec(from));
    key->not_after = apr_time_from_sec(apr_time_sec(to));
    return now >= ca->not_before && now < key->not_after
               ? APR_SUCCESS
               : anshin_fail(err, ANSHIN_EDENIED, "AN1207",
                             "OCSP: the CA's certificate is not valid now, so nobody can answer for it; look at the "
                             "clock, and at the end of the CA");
}

/* RFC 6960 4.2.2.2: issued by the CA itself, for this alone. */
static int certify(anshin_ocsp_key_t *key)
{
    const anshin_attribute_t name = {NID_commonName, NAME, "common name"};
    X509 *certificate = key->certificate;
    X509 *issuer = key->ca->certificate;
    unsigned char serial[SERIAL_BYTES];

    if (RAND_bytes(serial, sizeof(serial)) != 1) {
        return 0;
    }
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40); /* positive, and always of 20 octets */
    return X509_set_version(certificate, X509_VERSION_3) && anshin_build_serial(certificate, serial, sizeof(serial)) &&
           anshin_build_dates(certificate, key->not_before, key->not_after) &&
           anshin_build_name(X509_get_subject_name(certificate), &name, 1) == NULL &&
           X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) &&
           X509_set_pubkey(certificate, key->pkey) && anshin_build_authority_key(certificate, issuer) &&
           anshin_build_subject_key(certificate) && anshin_build_key_usage(certificate, KU_DIGITAL_SIGNATURE) &&
           anshin_build_constraints(certificate, 0) && anshin_build_ocsp_signing(certificate) &&
           X509_sign(certificate, key->ca->key, key->ca->digest) > 0;
}

apr_status_t anshin_ocsp_key_make(anshin_ocsp_key_t **key, const anshin_ca_t *ca, apr_time_t now, anshin_error_t *err,
                                  apr_pool_t *pool)
{
    anshin_ocsp_key_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t status;

    made->ca = ca;
    status = fit_dates(made, now, err);
    if (status != APR_SUCCESS) {
        return status;
    }
    made->certificate = X509_new();
    made->pkey = anshin_pkey_make(ANSHIN_KEY_P256);
    apr_pool_cleanup_register(pool, made, free_key, apr_pool_cleanup_null);
    if (made->certificate == NULL || made->pkey == NULL || !certify(made)) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN1208", "OCSP: a key for answers could not be made");
    }
    *key = made;
    return APR_SUCCESS;
}

/* One that ends with the CA serves to its end: no other one would last longer. */
int anshin_ocsp_key_serves(const anshin_ocsp_key_t *key, apr_time_t now)
{
    apr_time_t rest = key->not_after < key->ca->not_after ? ANSHIN_OCSP_KEY_REST : 0;

    return now >= key->not_before && now < key->not_after - rest;
}

apr_time_t anshin_ocsp_key_end(const anshin_ocsp_key_t *key)
{
    return key->not_after;
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

static const int statuses[] = {
    [ANSHIN_OCSP_GOOD] = V_OCSP_CERTSTATUS_GOOD,
    [ANSHIN_OCSP_REVOKED] = V_OCSP_CERTSTATUS_REVOKED,
    [ANSHIN_OCSP_UNKNOWN] = V_OCSP_CERTSTATUS_UNKNOWN,
};

static int add_single(OCSP_BASICRESP *basic, const anshin_ca_t *ca, const anshin_ocsp_single_t *single, int sha256,
                      ASN1_TIME *this_update, ASN1_TIME *next_update)
{
    int is_revoked = single->state.status == ANSHIN_OCSP_REVOKED;
    ASN1_INTEGER *serial = anshin_build_integer(single->serial.data, single->serial.length);
    ASN1_TIME *revoked_at =
        is_revoked ? ASN1_GENERALIZEDTIME_set(NULL, (time_t)apr_time_sec(single->state.revoked_at)) : NULL;
    OCSP_CERTID *id = NULL;
    int added = 0;

    if (serial == NULL || (is_revoked && revoked_at == NULL)) {
        goto end;
    }
    id = OCSP_cert_id_new(sha256 ? EVP_sha256() : EVP_sha1(), X509_get_subject_name(ca->certificate),
                          X509_get0_pubkey_bitstr(ca->certificate), serial);
    /* -1: no reason, as the CRL has none for unspecified. */
    added = id != NULL &&
            OCSP_basic_add1_status(basic, id, statuses[single->state.status],
                                   single->state.reason != OCSP_REVOKED_STATUS_UNSPECIFIED ? single->state.reason : -1,
                                   revoked_at, this_update, next_update) != NULL;
end:
    OCSP_CERTID_free(id);
    ASN1_TIME_free(revoked_at);
    ASN1_INTEGER_free(serial);
    return added;
}

/* As a request may have it, which is wider than what is issued (ocsp.c). */
static int is_serial(const anshin_bytes_t *serial)
{
    return serial->length >= 1 && serial->length <= ANSHIN_SERIAL_BYTES_MAX && serial->data[0] != 0;
}

static apr_status_t check(const anshin_ocsp_answer_t *answer, anshin_error_t *err)
{
    int good = answer->count >= 1 && answer->count <= ANSHIN_OCSP_ASKED_MAX &&
               answer->nonce.length <= ANSHIN_OCSP_NONCE_MAX && answer->this_update >= 0 &&
               answer->next_update > answer->this_update;

    for (apr_size_t i = 0; i < answer->count && good; i++) {
        const anshin_ocsp_single_t *single = &answer->singles[i];

        good = is_serial(&single->serial) && (unsigned int)single->state.status <= ANSHIN_OCSP_UNKNOWN &&
               (single->state.status != ANSHIN_OCSP_REVOKED ||
                (anshin_build_reason_valid(single->state.reason) && single->state.revoked_at >= 0));
    }
    if (!good) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0455",
                           "OCSP: count, serial, reason, nonce or time of the answer is not acceptable");
    }
    return APR_SUCCESS;
}

/* The nonce goes in as it came: an OCTET STRING in the extension's own (RFC 9654). */
static int add_nonce(OCSP_BASICRESP *basic, const anshin_bytes_t *nonce)
{
    unsigned char octets[ANSHIN_OCSP_NONCE_MAX];

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

apr_status_t anshin_ocsp_sign(anshin_bytes_t *response, const anshin_ocsp_key_t *key,
                              const anshin_ocsp_answer_t *answer, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = check(answer, err);
    OCSP_BASICRESP *basic;
    ASN1_TIME *from;
    ASN1_TIME *to;
    int good;

    if (status != APR_SUCCESS) {
        return status;
    }
    basic = OCSP_BASICRESP_new();
    from = ASN1_GENERALIZEDTIME_set(NULL, (time_t)apr_time_sec(answer->this_update));
    to = ASN1_GENERALIZEDTIME_set(NULL, (time_t)apr_time_sec(answer->next_update));
    good = basic != NULL && from != NULL && to != NULL && add_nonce(basic, &answer->nonce);
    for (apr_size_t i = 0; i < answer->count && good; i++) {
        good = add_single(basic, key->ca, &answer->singles[i], answer->sha256, from, to);
    }
    /* The key's certificate goes along, the CA's does not: who asks has it. The responder is named by its key. */
    good = good && OCSP_basic_sign(basic, key->certificate, key->pkey, anshin_build_digest(key->pkey), NULL,
                                   OCSP_RESPID_KEY) > 0;
    status = good ? write_out(response, basic, err, pool)
                  : anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0457", "an OCSP answer could not be made");
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    OCSP_BASICRESP_free(basic);
    return status;
}
