/*
 * Judging client certificates: see x509.h.
 *
 * SECURITY: the certificate comes from the network and is believed only as far as the signature of a CA of ours
 * carries. OpenSSL's chain building (X509_verify_cert) does the work; every complaint it has is collected and put into
 * a class, because the worst one decides and OpenSSL would stop at the first: an expired certificate of another CA is
 * foreign, not expired. Good means that there was no complaint at all.
 */
#include "crypto/pki/x509.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include <openssl/x509v3.h>

#include "crypto/cause.h"
#include "crypto/pki/trust_private.h"

#define NAME_MAX_OCTETS 256
#define SERIAL_MAX_OCTETS 20 /* RFC 5280, 4.1.2.2 */

/* OpenSSL's security level 2: RSA from 2,048 bits, curves from 224, no SHA-1 signatures. */
#define AUTH_LEVEL 2

/* --- what the certificate says --- */

/* Octets of the character at `at` if it is one that has no place in a log line or page: C0, DEL, C1, line and paragraph
 * separators, and the marks that turn the direction of writing. 0: it is harmless. */
static apr_size_t unwelcome(const unsigned char *at, apr_size_t left)
{
    if (at[0] < 0x20 || at[0] == 0x7f) {
        return 1;
    }
    if (left >= 2 && at[0] == 0xc2 && at[1] < 0xa0) {
        return 2;
    }
    if (left >= 3 && at[0] == 0xe2 &&
        ((at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xa8 && at[2] <= 0xae))) ||
         (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9))) {
        return 3;
    }
    return 0;
}

/* text is valid UTF-8: OpenSSL has converted it. */
static const char *tidy(const unsigned char *text, apr_size_t length, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, NAME_MAX_OCTETS + 1);
    apr_size_t used = 0;
    apr_size_t size;

    for (apr_size_t i = 0; i < length; i += size) {
        apr_size_t bad = unwelcome(text + i, length - i);

        size = bad > 0 ? bad : text[i] < 0x80 ? 1 : text[i] < 0xe0 ? 2 : text[i] < 0xf0 ? 3 : 4;
        if (size > length - i || used + size > NAME_MAX_OCTETS) {
            break;
        }
        if (bad > 0) {
            out[used++] = '?';
            continue;
        }
        memcpy(out + used, text + i, size);
        used += size;
    }
    out[used] = '\0';
    return out;
}

static const char *common_name(const X509 *certificate, apr_pool_t *pool)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    const char *name = "";
    unsigned char *text;
    int length;

    if (index < 0) {
        return name;
    }
    length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    if (length < 0) {
        return name;
    }
    name = tidy(text, (apr_size_t)length, pool);
    OPENSSL_free(text);
    return name;
}

static apr_status_t read_time(apr_time_t *out, const ASN1_TIME *time)
{
    struct tm parts;

    if (!ASN1_TIME_to_tm(time, &parts)) {
        return ANSHIN_EFAULT;
    }
    *out = apr_time_from_sec((apr_time_t)timegm(&parts));
    return APR_SUCCESS;
}

/* A serial as RFC 5280 allows it: positive, not zero, at most 20 octets. *hex is "" otherwise. */
static int read_serial(const char **hex, const X509 *certificate, apr_pool_t *pool)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    const unsigned char *octets = ASN1_STRING_get0_data(serial);
    int length = ASN1_STRING_length(serial);

    while (length > 0 && octets[0] == 0) {
        octets++;
        length--;
    }
    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER || length < 1 || length > SERIAL_MAX_OCTETS) {
        *hex = "";
        return 0;
    }
    *hex = anshin_hex(octets, (apr_size_t)length, pool);
    return 1;
}

/* --- the judgement --- */

typedef struct complaints_t {
    int foreign; /* the first error of each class, 0: none */
    int unsuitable;
    int early;
    int late;
} complaints_t;

static void complain(int *class, int error)
{
    if (*class == 0) {
        *class = error;
    }
}

static int collect(int good, X509_STORE_CTX *ctx)
{
    complaints_t *complaints = X509_STORE_CTX_get_app_data(ctx);
    int error = X509_STORE_CTX_get_error(ctx);

    if (good) {
        return 1;
    }
    switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
        complain(&complaints->early, error);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        complain(&complaints->late, error);
        break;
    case X509_V_ERR_INVALID_PURPOSE:
        complain(X509_STORE_CTX_get_error_depth(ctx) == 0 ? &complaints->unsuitable : &complaints->foreign, error);
        break;
    default:
        complain(&complaints->foreign, error);
    }
    return 1; /* go on and collect; nothing is decided here */
}

/* The id of the CA that the chain hangs on: the one above the certificate. */
static const char *find_ca(X509_STORE_CTX *ctx, const anshin_trust_t *trust)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    const X509 *issuer = sk_X509_num(chain) > 1 ? sk_X509_value(chain, 1) : NULL;

    for (int i = 0; issuer != NULL && i < trust->cas->nelts; i++) {
        const anshin_trusted_t *ca = &APR_ARRAY_IDX(trust->cas, i, anshin_trusted_t);

        if (ca->certificate == issuer || X509_cmp(ca->certificate, issuer) == 0) {
            return ca->id;
        }
    }
    return "";
}

/* Let OpenSSL build and check the chain. ANSHIN_EFAULT: it could not. */
static apr_status_t verify(complaints_t *complaints, const char **ca, X509 *certificate, const anshin_trust_t *trust,
                           apr_time_t now)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    int answer = -1;

    /* No certificates from the peer: what a resumed session no longer has must not decide. */
    if (ctx == NULL || !X509_STORE_CTX_init(ctx, trust->store, certificate, NULL) ||
        !X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT) || !X509_STORE_CTX_set_app_data(ctx, complaints)) {
        goto end;
    }
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)apr_time_sec(now));
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    X509_STORE_CTX_set_verify_cb(ctx, collect);
    answer = X509_verify_cert(ctx); /* with this callback anything but 1 means that the work itself failed */
    *ca = answer == 1 ? find_ca(ctx, trust) : "";
end:
    X509_STORE_CTX_free(ctx);
    return anshin_openssl_forget(answer == 1 ? APR_SUCCESS : ANSHIN_EFAULT);
}

/* OpenSSL takes a certificate without EKU for any purpose; we want clientAuth said. */
static int says_client_auth(X509 *certificate)
{
    return (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) != 0 &&
           (X509_get_extended_key_usage(certificate) & XKU_SSL_CLIENT) != 0;
}

static anshin_presented_state_t decide(int *verify_result, const complaints_t *complaints)
{
    const struct {
        int error;
        anshin_presented_state_t state;
    } order[] = {
        {complaints->foreign, ANSHIN_PRESENTED_FOREIGN},
        {complaints->unsuitable, ANSHIN_PRESENTED_UNSUITABLE},
        {complaints->late, ANSHIN_PRESENTED_EXPIRED},
        {complaints->early, ANSHIN_PRESENTED_NOT_YET_VALID},
    };

    for (apr_size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
        if (order[i].error != 0) {
            *verify_result = order[i].error;
            return order[i].state;
        }
    }
    *verify_result = X509_V_OK;
    return ANSHIN_PRESENTED_GOOD;
}

static void clear(anshin_presented_t *facts, anshin_presented_state_t state)
{
    memset(facts, 0, sizeof(*facts));
    facts->state = state;
    facts->serial = facts->fingerprint = facts->name = facts->ca = "";
}

apr_status_t anshin_x509_judge(anshin_x509_judgement_t *judgement, struct x509_st *certificate,
                               const anshin_trust_t *trust, apr_time_t now, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_presented_t *facts = &judgement->facts;
    complaints_t complaints = {0, 0, 0, 0};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length;

    clear(facts, ANSHIN_PRESENTED_FAULT);
    judgement->verify_result = X509_V_ERR_UNSPECIFIED;
    if (!X509_digest(certificate, EVP_sha256(), digest, &digest_length)) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0438", "digest of a client certificate");
    }
    if (X509_get0_pubkey(certificate) == NULL) {
        complain(&complaints.foreign,
                 X509_V_ERR_CERT_REJECTED); /* no key at all; OpenSSL would give up, not complain */
    } else if (verify(&complaints, &facts->ca, certificate, trust, now) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0439", "a client certificate could not be verified");
    }
    facts->fingerprint = anshin_hex(digest, digest_length, pool);
    facts->name = common_name(certificate, pool);
    if (!read_serial(&facts->serial, certificate, pool) || !says_client_auth(certificate)) {
        complain(&complaints.unsuitable, X509_V_ERR_INVALID_PURPOSE);
    }
    if (read_time(&facts->not_before, X509_get0_notBefore(certificate)) != APR_SUCCESS ||
        read_time(&facts->not_after, X509_get0_notAfter(certificate)) != APR_SUCCESS) {
        complain(&complaints.foreign, X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD); /* no CA of ours writes such a date */
    }
    facts->state = decide(&judgement->verify_result, &complaints);
    if (facts->state == ANSHIN_PRESENTED_FOREIGN) {
        facts->ca = "";
    }
    return anshin_openssl_forget(APR_SUCCESS);
}

apr_status_t anshin_x509_check(anshin_presented_t *facts, anshin_bytes_t der, const anshin_trust_t *trust,
                               apr_time_t now, anshin_error_t *err, apr_pool_t *pool)
{
    const unsigned char *at = der.data;
    X509 *certificate = der.length <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.length) : NULL;
    anshin_x509_judgement_t judgement;
    apr_status_t status;

    if (certificate == NULL || at != der.data + der.length) {
        X509_free(certificate);
        clear(facts, ANSHIN_PRESENTED_FOREIGN);
        return anshin_openssl_forget(APR_SUCCESS);
    }
    status = anshin_x509_judge(&judgement, certificate, trust, now, err, pool);
    *facts = judgement.facts;
    X509_free(certificate);
    return status;
}
