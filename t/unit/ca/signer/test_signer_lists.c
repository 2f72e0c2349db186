/*
 * CRLs and OCSP answers of the signer, read back by OpenSSL; OCSP requests of strangers (CRT-6, CRT-7, S23).
 */
#include <apr_general.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/pki/sign_ocsp.h"
#include "crypto/pki/sign_crl.h"
#include "crypto/ocsp.h"

#include "unit/authority.h"
#include "unit/strict.h"
#include "unit/certificate_builder.h"
#include "unit/tap.h"

static anshin_ca_t *ca;
static X509 *ca_certificate;
static anshin_ocsp_key_t *ocsp_key;
static const unsigned char one[] = {0x11};
static const unsigned char two[] = {0x7f, 0x22};
static const unsigned char three[] = {0xff, 0, 0x33};
static const unsigned char nonce[] = {1, 2, 3, 4, 5, 6, 7, 8};

#define BYTES(array) ((anshin_bytes_t){array, sizeof(array)})

static anshin_ca_t *make_ca(const char *name, anshin_key_type_t type)
{
    anshin_ca_wanted_t wanted = ca_wanted(type);
    anshin_error_t err;
    anshin_ca_t *made = NULL;

    wanted.common_name = name;
    if (create(name, &wanted, &err) != APR_SUCCESS || open_ca(&made, name, NULL, &err) != APR_SUCCESS) {
        printf("# %s\n", err.text);
        exit(1);
    }
    return made;
}

static X509 *certificate_of(const anshin_ca_t *of)
{
    anshin_bytes_t der = anshin_ca_certificate(of);
    const unsigned char *at = der.data;

    return d2i_X509(NULL, &at, (long)der.length);
}

static void queue_is_empty(const char *after)
{
    ok(ERR_peek_error() == 0, "OpenSSL's error queue is empty after %s", after);
}

/* --- CRL --- */

static X509_REVOKED *entry(X509_CRL *crl, anshin_bytes_t serial)
{
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    X509_REVOKED *found = NULL;
    BIGNUM *big = BN_bin2bn(serial.data, (int)serial.length, NULL);

    BN_to_ASN1_INTEGER(big, number);
    X509_CRL_get0_by_serial(crl, &found, number);
    BN_free(big);
    ASN1_INTEGER_free(number);
    return found;
}

static long reason_of(const X509_REVOKED *revoked)
{
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(revoked, NID_crl_reason, NULL, NULL);
    long value = reason != NULL ? ASN1_ENUMERATED_get(reason) : -1;

    ASN1_ENUMERATED_free(reason);
    return value;
}

static int make_crl(anshin_bytes_t *der, const anshin_ca_t *by, anshin_error_t *err)
{
    anshin_crl_t *crl;
    anshin_bytes_t serials[] = {BYTES(two), BYTES(three), BYTES(one)};
    static const int reasons[] = {1, 0, 4};

    anshin_error_clear(err);
    if (anshin_crl_begin(&crl, by, &(anshin_crl_facts_t){42, now, now + DAY}, err, pool) != APR_SUCCESS) {
        return 0;
    }
    for (int i = 0; i < 3; i++) {
        if (anshin_crl_add(crl, &serials[i], now - i * DAY, reasons[i], err) != APR_SUCCESS) {
            return 0;
        }
    }
    return anshin_crl_finish(der, crl, err) == APR_SUCCESS;
}

static void test_crl(void)
{
    anshin_bytes_t der = {NULL, 0};
    anshin_error_t err;
    const unsigned char *at;
    X509_CRL *crl;
    ASN1_INTEGER *number;
    AUTHORITY_KEYID *signer_client;

    if (!ok(make_crl(&der, ca, &err), "a CRL is made (CRT-6: %s)", err.text)) {
        return;
    }
    at = der.data;
    crl = d2i_X509_CRL(NULL, &at, (long)der.length);
    ok(strictly_readable("crl", der.data, der.length, directory, pool), "CRT-6: a strict reader takes it");
    ok(crl != NULL && X509_CRL_get_version(crl) == X509_CRL_VERSION_2 &&
           X509_CRL_verify(crl, X509_get0_pubkey(ca_certificate)) == 1,
       "version 2, signed by the CA");
    number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    signer_client = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
    ok(ASN1_INTEGER_get(number) == 42 &&
           ASN1_STRING_cmp(signer_client->keyid, X509_get0_subject_key_id(ca_certificate)) == 0,
       "with its number and the CA's key identifier (RFC 5280 5.2)");
    ok(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)) == 3 && reason_of(entry(crl, BYTES(two))) == 1 &&
           reason_of(entry(crl, BYTES(one))) == 4,
       "the revoked serials are on it with their reasons (S23)");
    ok(entry(crl, BYTES(three)) != NULL && reason_of(entry(crl, BYTES(three))) == -1,
       "a reason that is not specified is left out (RFC 5280 5.3.1)");
    ok(entry(crl, BYTES(nonce)) == NULL, "others are not on it");
    ASN1_INTEGER_free(number);
    AUTHORITY_KEYID_free(signer_client);
    X509_CRL_free(crl);
    queue_is_empty("a CRL");
}

static void test_crl_refused(void)
{
    static const unsigned char zero[20] = {0};
    anshin_bytes_t bad = {zero, 20};
    anshin_bytes_t good = BYTES(one);
    anshin_crl_t *crl;
    anshin_error_t err;

    anshin_error_clear(&err);
    ok(anshin_crl_begin(&crl, ca, &(anshin_crl_facts_t){-1, now, now + DAY}, &err, pool) == ANSHIN_EINVALID &&
           anshin_crl_begin(&crl, ca, &(anshin_crl_facts_t){1, now, now}, &err, pool) == ANSHIN_EINVALID,
       "a number below 0, or an end before the beginning: refused (%s)", err.text);
    anshin_crl_begin(&crl, ca, &(anshin_crl_facts_t){1, now, now + DAY}, &err, pool);
    ok(anshin_crl_add(crl, &bad, now, 0, &err) == ANSHIN_EINVALID &&
           anshin_crl_add(crl, &good, now, 7, &err) == ANSHIN_EINVALID &&
           anshin_crl_add(crl, &good, now, 11, &err) == ANSHIN_EINVALID &&
           anshin_crl_add(crl, &good, -1, 0, &err) == ANSHIN_EINVALID,
       "serial 0, reasons 7 and 11, a time before 1970: refused");
}

static void test_empty_crl(void)
{
    anshin_ca_t *ed25519 = make_ca("ed25519", ANSHIN_KEY_ED25519);
    X509 *certificate = certificate_of(ed25519);
    anshin_crl_t *crl;
    anshin_bytes_t der;
    anshin_error_t err;
    const unsigned char *at;
    X509_CRL *list;

    anshin_error_clear(&err);
    ok(anshin_crl_begin(&crl, ed25519, &(anshin_crl_facts_t){0, now, now + DAY}, &err, pool) == APR_SUCCESS &&
           anshin_crl_finish(&der, crl, &err) == APR_SUCCESS,
       "an empty CRL, by an Ed25519 key (%s)", err.text);
    at = der.data;
    list = d2i_X509_CRL(NULL, &at, (long)der.length);
    ok(strictly_readable("crl", der.data, der.length, directory, pool), "CRT-6: a strict reader takes it");
    ok(X509_CRL_verify(list, X509_get0_pubkey(certificate)) == 1 && X509_CRL_get_REVOKED(list) == NULL,
       "signed, and without an empty list, which RFC 5280 forbids");
    X509_CRL_free(list);
    X509_free(certificate);
}

/* --- OCSP --- */

/* A client's request about these serials of the CA; the caller frees. */
static OCSP_REQUEST *client_request(X509 *issuer, const anshin_bytes_t *serials, int count, const EVP_MD *digest,
                                    int nonce_length)
{
    OCSP_REQUEST *request = OCSP_REQUEST_new();

    for (int i = 0; i < count; i++) {
        BIGNUM *big = BN_bin2bn(serials[i].data, (int)serials[i].length, NULL);
        ASN1_INTEGER *number = BN_to_ASN1_INTEGER(big, NULL);

        OCSP_request_add0_id(
            request, OCSP_cert_id_new(digest, X509_get_subject_name(issuer), X509_get0_pubkey_bitstr(issuer), number));
        ASN1_INTEGER_free(number);
        BN_free(big);
    }
    if (nonce_length > 0) {
        unsigned char octets[ANSHIN_OCSP_NONCE_MAX + 1] = {9};

        memcpy(octets, nonce, sizeof(nonce));
        OCSP_request_add1_nonce(request, octets, nonce_length);
    }
    return request;
}

static apr_status_t read_request(anshin_ocsp_request_t *read, OCSP_REQUEST *request, anshin_error_t *err)
{
    unsigned char *octets = NULL;
    int length = i2d_OCSP_REQUEST(request, &octets);
    apr_status_t status;

    anshin_error_clear(err);
    status = anshin_ocsp_read(NULL, read, octets, (apr_size_t)length, err, pool);
    OPENSSL_free(octets);
    return status;
}

static const char *issuer_of(const anshin_ca_t *of, const EVP_MD *digest)
{
    anshin_bytes_t der = anshin_ca_certificate(of);
    const char *issuer;

    return anshin_ocsp_issuer(&issuer, digest == EVP_sha256(), &der, NULL, pool) == APR_SUCCESS ? issuer : "";
}

static int status_in(OCSP_BASICRESP *basic, OCSP_REQUEST *request, int i, int *reason)
{
    OCSP_CERTID *id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, i));
    ASN1_GENERALIZEDTIME *revoked;
    ASN1_GENERALIZEDTIME *from;
    ASN1_GENERALIZEDTIME *to;
    int status = -1;

    return OCSP_resp_find_status(basic, id, &status, reason, &revoked, &from, &to) ? status : -1;
}

static void test_answer(const EVP_MD *digest, const char *name)
{
    anshin_bytes_t serials[] = {BYTES(one), BYTES(two), BYTES(three)};
    OCSP_REQUEST *request = client_request(ca_certificate, serials, 3, digest, sizeof(nonce));
    anshin_ocsp_request_t read;
    anshin_ocsp_single_t singles[3];
    anshin_bytes_t response = {NULL, 0};
    anshin_error_t err;
    const unsigned char *at;
    OCSP_RESPONSE *parsed;
    OCSP_BASICRESP *basic;
    X509_STORE *store = X509_STORE_new();
    int reason = -1;

    if (!ok(read_request(&read, request, &err) == APR_SUCCESS && read.count == 3 &&
                read.nonce.length == sizeof(nonce) && memcmp(read.nonce.data, nonce, sizeof(nonce)) == 0 &&
                same_text(read.asked[0], "11") && same_text(read.asked[1], "7f22") &&
                same_text(read.asked[2], "ff0033") && same_text(read.issuer, issuer_of(ca, digest)),
            "%s: a request is read: serials as in the records, nonce (%s)", name, err.text)) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        singles[i] = (anshin_ocsp_single_t){.serial = serials[i],
                                            .state = {(anshin_ocsp_status_t)i, .revoked_at = now - DAY, .reason = 1}};
    }
    ok(anshin_ocsp_sign(&response, ocsp_key,
                        &(anshin_ocsp_answer_t){singles, 3, read.sha256, read.nonce, now, now + DAY}, &err,
                        pool) == APR_SUCCESS,
       "%s: it is answered (CRT-6: %s)", name, err.text);
    at = response.data;
    parsed = d2i_OCSP_RESPONSE(NULL, &at, (long)response.length);
    basic = OCSP_response_get1_basic(parsed);
    ok(strictly_readable("ocsp", response.data, response.length, directory, pool), "%s: a strict reader takes it",
       name);
    X509_STORE_add_cert(store, ca_certificate);
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)apr_time_sec(now));
    ok(OCSP_response_status(parsed) == OCSP_RESPONSE_STATUS_SUCCESSFUL &&
           OCSP_basic_verify(basic, NULL, store, 0) == 1 && OCSP_check_nonce(request, basic) == 1,
       "%s: whoever trusts the CA finds the signature right, and the nonce comes back (CRT-6)", name);
    ok(status_in(basic, request, 0, &reason) == V_OCSP_CERTSTATUS_GOOD &&
           status_in(basic, request, 2, &reason) == V_OCSP_CERTSTATUS_UNKNOWN &&
           status_in(basic, request, 1, &reason) == V_OCSP_CERTSTATUS_REVOKED && reason == 1,
       "%s: good, revoked with its reason, unknown", name);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(parsed);
    OCSP_REQUEST_free(request);
    X509_STORE_free(store);
    ERR_clear_error();
}

static X509 *responder_of(const anshin_ocsp_key_t *key)
{
    const anshin_ocsp_single_t single = {.serial = BYTES(one)};
    const anshin_ocsp_answer_t answer = {.singles = &single, .count = 1, .this_update = now, .next_update = now + DAY};
    anshin_bytes_t response = {NULL, 0};
    anshin_error_t err;
    const unsigned char *at;
    OCSP_RESPONSE *parsed;
    OCSP_BASICRESP *basic;
    X509 *certificate;

    (void)anshin_ocsp_sign(&response, key, &answer, &err, pool);
    at = response.data;
    parsed = d2i_OCSP_RESPONSE(NULL, &at, (long)response.length);
    basic = OCSP_response_get1_basic(parsed);
    certificate = X509_dup(sk_X509_value(OCSP_resp_get0_certs(basic), 0));
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(parsed);
    return certificate;
}

static void test_key(void)
{
    const apr_time_t ca_end = now + 3650 * DAY;
    anshin_ocsp_key_t *key;
    anshin_ocsp_key_t *last;
    anshin_error_t err;
    X509 *certificate = responder_of(ocsp_key);
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);

    anshin_error_clear(&err);
    ok(X509_get_extended_key_usage(certificate) == XKU_OCSP_SIGN &&
           X509_get_key_usage(certificate) == KU_DIGITAL_SIGNATURE &&
           X509_get_ext_by_NID(certificate, NID_id_pkix_OCSP_noCheck, -1) >= 0 && X509_check_ca(certificate) == 0 &&
           X509_check_issued(ca_certificate, certificate) == X509_V_OK &&
           X509_verify(certificate, X509_get0_pubkey(ca_certificate)) == 1,
       "the key's certificate is the CA's, for OCSP answers and nothing else, and asks for no answer about itself (CRT-6)");
    ok(strictly_readable("certificate", der, (apr_size_t)length, directory, pool), "a strict reader takes it");
    ok(X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, 0) == 0, "nobody logs in with it (S20)");
    OPENSSL_free(der);
    X509_free(certificate);
    ok(anshin_ocsp_key_end(ocsp_key) == now + ANSHIN_OCSP_KEY_LIFE && anshin_ocsp_key_serves(ocsp_key, now) &&
           !anshin_ocsp_key_serves(ocsp_key, now + ANSHIN_OCSP_KEY_LIFE - ANSHIN_OCSP_KEY_REST) &&
           !anshin_ocsp_key_serves(ocsp_key, now - 2 * DAY),
       "it serves until its end comes near, and not where the clock was put back");
    ok(anshin_ocsp_key_make(&last, ca, ca_end - DAY, &err, pool) == APR_SUCCESS &&
           anshin_ocsp_key_end(last) == ca_end && anshin_ocsp_key_serves(last, ca_end - 1) &&
           !anshin_ocsp_key_serves(last, ca_end),
       "the last one ends with the CA, and serves until then");
    ok(anshin_ocsp_key_make(&key, ca, ca_end, &err, pool) == ANSHIN_EDENIED && same_text(err.id, "AN1207"),
       "behind the CA's end there is none (%s)", err.text);
}

static void test_answer_refused(void)
{
    anshin_ocsp_single_t single = {.serial = BYTES(one)};
    anshin_ocsp_single_t many[ANSHIN_OCSP_ASKED_MAX + 1];
    unsigned char long_nonce[ANSHIN_OCSP_NONCE_MAX + 1] = {1};
    anshin_ocsp_answer_t answer = {.singles = &single, .count = 1, .this_update = now, .next_update = now + DAY};
    anshin_bytes_t response;
    anshin_error_t err;

    anshin_error_clear(&err);
    for (int i = 0; i <= ANSHIN_OCSP_ASKED_MAX; i++) {
        many[i] = single;
    }
    ok(anshin_ocsp_sign(&response, ocsp_key, &answer, &err, pool) == APR_SUCCESS, "an answer without nonce (%s)",
       err.text);
    answer.count = 0;
    ok(anshin_ocsp_sign(&response, ocsp_key, &answer, &err, pool) == ANSHIN_EINVALID, "about nothing: refused (%s)",
       err.text);
    answer.singles = many;
    answer.count = ANSHIN_OCSP_ASKED_MAX + 1;
    ok(anshin_ocsp_sign(&response, ocsp_key, &answer, &err, pool) == ANSHIN_EINVALID, "about too much: refused");
    answer.singles = &single;
    answer.count = 1;
    answer.nonce = BYTES(long_nonce);
    ok(anshin_ocsp_sign(&response, ocsp_key, &answer, &err, pool) == ANSHIN_EINVALID,
       "a nonce of 129 octets: refused, a stranger does not choose what is signed (CRT-7)");
    answer.nonce.length = 0;
    answer.next_update = now;
    ok(anshin_ocsp_sign(&response, ocsp_key, &answer, &err, pool) == ANSHIN_EINVALID, "no time: refused");
    answer.next_update = now + DAY;
    single.state.status = ANSHIN_OCSP_REVOKED;
    single.state.reason = 7;
    ok(anshin_ocsp_sign(&response, ocsp_key, &answer, &err, pool) == ANSHIN_EINVALID, "reason 7: refused");
    single.state.reason = 0;
    single.serial.length = 0;
    ok(anshin_ocsp_sign(&response, ocsp_key, &answer, &err, pool) == ANSHIN_EINVALID, "no serial: refused");
}

static void test_requests_refused(void)
{
    anshin_ca_t *other = make_ca("other", ANSHIN_KEY_P256);
    X509 *other_certificate = certificate_of(other);
    anshin_bytes_t serials[ANSHIN_OCSP_ASKED_MAX + 1];
    static const unsigned char zero[1] = {0};
    anshin_bytes_t zero_serial = BYTES(zero);
    anshin_ocsp_request_t read;
    anshin_error_t err;
    OCSP_REQUEST *request;

    for (int i = 0; i <= ANSHIN_OCSP_ASKED_MAX; i++) {
        serials[i] = BYTES(one);
    }
    request = client_request(other_certificate, serials, 1, EVP_sha1(), 0);
    ok(read_request(&read, request, &err) == APR_SUCCESS && same_text(read.issuer, issuer_of(other, EVP_sha1())) &&
           !same_text(read.issuer, issuer_of(ca, EVP_sha1())) &&
           !same_text(issuer_of(ca, EVP_sha1()), issuer_of(ca, EVP_sha256())),
       "about another CA: seen by its name (%s)", err.text);
    OCSP_request_add0_id(request, OCSP_cert_to_id(EVP_sha1(), ca_certificate, ca_certificate));
    ok(read_request(&read, request, &err) == ANSHIN_EDENIED, "about two CAs: denied, no answer speaks for both (%s)",
       err.text);
    OCSP_REQUEST_free(request);
    request = client_request(ca_certificate, serials, 1, EVP_sha1(), 0);
    OCSP_request_add0_id(request, OCSP_cert_to_id(EVP_sha256(), ca_certificate, ca_certificate));
    ok(read_request(&read, request, &err) == ANSHIN_EDENIED, "named in two ways: denied");
    OCSP_REQUEST_free(request);
    request = client_request(ca_certificate, serials, 1, EVP_sha512(), 0);
    ok(read_request(&read, request, &err) == ANSHIN_EDENIED, "named by SHA-512: denied");
    OCSP_REQUEST_free(request);
    request = client_request(ca_certificate, serials, ANSHIN_OCSP_ASKED_MAX + 1, EVP_sha1(), 0);
    ok(read_request(&read, request, &err) == ANSHIN_EINVALID, "about too many: malformed (S32: %s)", err.text);
    OCSP_REQUEST_free(request);
    request = client_request(ca_certificate, serials, 1, EVP_sha1(), ANSHIN_OCSP_NONCE_MAX);
    ok(read_request(&read, request, &err) == APR_SUCCESS && read.nonce.length == ANSHIN_OCSP_NONCE_MAX,
       "a nonce of 128 octets is taken (RFC 9654: %s)", err.text);
    OCSP_REQUEST_free(request);
    request = client_request(ca_certificate, serials, 1, EVP_sha1(), ANSHIN_OCSP_NONCE_MAX + 1);
    ok(read_request(&read, request, &err) == ANSHIN_EINVALID, "one of 129: malformed (%s)", err.text);
    OCSP_REQUEST_free(request);
    request = client_request(ca_certificate, serials, 1, EVP_sha1(), 8);
    OCSP_REQUEST_add_ext(request, OCSP_REQUEST_get_ext(request, 0), -1);
    ok(read_request(&read, request, &err) == ANSHIN_EINVALID, "two nonces: malformed");
    OCSP_REQUEST_free(request);
    for (int critical = 0; critical <= 1; critical++) {
        for (int single = 0; single <= 1; single++) {
            ASN1_NULL *value = ASN1_NULL_new();

            request = client_request(ca_certificate, serials, 1, EVP_sha1(), 0);
            if (single) {
                OCSP_ONEREQ_add1_ext_i2d(OCSP_request_onereq_get0(request, 0), NID_id_pkix_OCSP_noCheck, value,
                                         critical, X509V3_ADD_DEFAULT);
            } else {
                OCSP_REQUEST_add1_ext_i2d(request, NID_id_pkix_OCSP_noCheck, value, critical, X509V3_ADD_DEFAULT);
            }
            ok(read_request(&read, request, &err) == (critical ? ANSHIN_EINVALID : APR_SUCCESS),
               "an extension that nobody knows: %s (RFC 6960 4.4)", critical ? "critical, malformed" : "passed over");
            OCSP_REQUEST_free(request);
            ASN1_NULL_free(value);
        }
    }
    request = client_request(ca_certificate, &zero_serial, 1, EVP_sha1(), 0);
    ok(read_request(&read, request, &err) == ANSHIN_EINVALID, "serial 0: malformed (%s)", err.text);
    OCSP_REQUEST_free(request);
    request = OCSP_REQUEST_new();
    ok(read_request(&read, request, &err) == ANSHIN_EINVALID, "about nothing: malformed");
    OCSP_REQUEST_free(request);
    X509_free(other_certificate);
}

static void test_garbled_requests(void)
{
    anshin_bytes_t serial = BYTES(three);
    OCSP_REQUEST *request = client_request(ca_certificate, &serial, 1, EVP_sha1(), sizeof(nonce));
    unsigned char *octets = NULL;
    apr_size_t length = (apr_size_t)i2d_OCSP_REQUEST(request, &octets);
    unsigned char *big = apr_pcalloc(pool, ANSHIN_OCSP_REQUEST_MAX + 1);
    anshin_ocsp_request_t read;
    anshin_error_t err;
    int cut = 0;
    int survived = 0;

    anshin_error_clear(&err);
    for (apr_size_t i = 0; i < length; i++) {
        unsigned char *copy = malloc(i + 1); /* so that a sanitizer sees its end */

        memcpy(copy, octets, i);
        cut += anshin_ocsp_read(NULL, &read, copy, i, &err, pool) == ANSHIN_EINVALID;
        free(copy);
    }
    ok(cut == (int)length, "a request cut at each of %d places: malformed (S32)", cut);
    for (apr_size_t bit = 0; bit < length * 8; bit++) {
        unsigned char *copy = malloc(length);
        apr_status_t status;

        memcpy(copy, octets, length);
        copy[bit / 8] = (unsigned char)(copy[bit / 8] ^ 1U << bit % 8);
        status = anshin_ocsp_read(NULL, &read, copy, length, &err, pool);
        survived += status == APR_SUCCESS || status == ANSHIN_EINVALID || status == ANSHIN_EDENIED;
        free(copy);
    }
    ok(survived == (int)length * 8, "each of %d bits turned: an answer of the three", survived);
    memcpy(big, octets, length);
    ok(anshin_ocsp_read(NULL, &read, big, ANSHIN_OCSP_REQUEST_MAX + 1, &err, pool) == ANSHIN_EINVALID,
       "too long: malformed (S32)");
    OPENSSL_free(octets);
    OCSP_REQUEST_free(request);
    queue_is_empty("garbled requests");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    ca = make_ca("ca", ANSHIN_KEY_P256);
    ca_certificate = certificate_of(ca);
    test_crl();
    test_crl_refused();
    test_empty_crl();
    if (anshin_ocsp_key_make(&ocsp_key, ca, now, NULL, pool) != APR_SUCCESS) {
        return 1;
    }
    test_key();
    test_answer(EVP_sha1(), "SHA-1");
    test_answer(EVP_sha256(), "SHA-256");
    test_answer_refused();
    test_requests_refused();
    test_garbled_requests();
    X509_free(ca_certificate);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
