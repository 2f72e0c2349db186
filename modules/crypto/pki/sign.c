/*
 * The CA at work: see sign.h. Linked into the signer alone.
 *
 * SECURITY: holds the CA key, the most valuable thing of the whole. What asks is the worker, whose requests are checked
 * here as if they came from a stranger: nothing but the profile of a user's client certificate can come out, never a CA
 * certificate, never one for a server, never a signature over octets that somebody else put together.
 */
#include "crypto/pki/sign_private.h"

#include <limits.h>
#include <string.h>

#include <apr_strings.h>
#include <openssl/pem.h>

#include "core/base/address.h"
#include "crypto/pki/build.h"
#include "crypto/pki/ca_id.h"
#include "crypto/pki/ca_key.h"
#include "crypto/pki/sign_profile.h"
#include "crypto/cause.h"
#include "crypto/file.h"

#define CERTIFICATE_FILE_MAX 65536
#define URL_MAX 1024

/* --- opening --- */

static apr_status_t free_ca(void *data)
{
    X509_free(((anshin_ca_t *)data)->certificate);
    return APR_SUCCESS;
}

static apr_status_t read_certificate(anshin_ca_t *ca, const char *file, anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char *text = apr_palloc(pool, CERTIFICATE_FILE_MAX);
    struct tm from;
    struct tm to;
    apr_size_t length;
    unsigned char *der = NULL;
    apr_status_t status = anshin_file_load(text, &length, CERTIFICATE_FILE_MAX, file, 0777, err);
    BIO *bio;
    int der_length;

    if (status != APR_SUCCESS) {
        return status;
    }
    bio = BIO_new_mem_buf(text, (int)length);
    ca->certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    if (ca->certificate == NULL || !ASN1_TIME_to_tm(X509_get0_notBefore(ca->certificate), &from) ||
        !ASN1_TIME_to_tm(X509_get0_notAfter(ca->certificate), &to)) {
        return anshin_openssl_fail(err, ANSHIN_EINVALID, "AN0464", file);
    }
    if (X509_check_ca(ca->certificate) != 1) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0465", "%s is not the certificate of a CA", file);
    }
    ca->not_before = apr_time_from_sec((apr_time_t)timegm(&from));
    ca->not_after = apr_time_from_sec((apr_time_t)timegm(&to));
    der_length = i2d_X509(ca->certificate, &der);
    if (der_length <= 0 || !anshin_ca_id(ca->id, ca->certificate)) {
        OPENSSL_free(der);
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0466", file);
    }
    ca->der.data = apr_pmemdup(pool, der, (apr_size_t)der_length);
    ca->der.length = (apr_size_t)der_length;
    OPENSSL_free(der);
    return APR_SUCCESS;
}

apr_status_t anshin_ca_open(anshin_ca_t **ca, const char *certificate_file, const char *key,
                            const char *passphrase_program, anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_ca_key_source_t source = {.key = key, .program = passphrase_program};
    anshin_ca_t *opened = apr_pcalloc(pool, sizeof(*opened));
    anshin_ca_key_t *from = NULL;
    apr_status_t status;

    apr_pool_cleanup_register(pool, opened, free_ca, apr_pool_cleanup_null);
    status = read_certificate(opened, certificate_file, err, pool);
    if (status == APR_SUCCESS) {
        status = anshin_ca_key_open(&from, &source, err, pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    opened->key = from->pkey;
    opened->on_token = from->on_token;
    if (!X509_check_private_key(opened->certificate, opened->key)) {
        return anshin_openssl_fail(err, ANSHIN_EINVALID, "AN0467", key);
    }
    opened->digest = anshin_build_digest(opened->key);
    *ca = opened;
    return APR_SUCCESS;
}

int anshin_ca_is_on_token(const anshin_ca_t *ca)
{
    return ca->on_token;
}

apr_status_t anshin_ca_try(const anshin_ca_t *ca, anshin_error_t *err)
{
    return anshin_ca_key_try(ca->key, X509_get0_pubkey(ca->certificate), err);
}

anshin_bytes_t anshin_ca_certificate(const anshin_ca_t *ca)
{
    return ca->der;
}

const char *anshin_ca_opened_id(const anshin_ca_t *ca)
{
    return ca->id;
}

apr_time_t anshin_ca_end(const anshin_ca_t *ca)
{
    return ca->not_after;
}

/* --- checking a request --- */

static apr_status_t refuse(anshin_error_t *err, const char *field)
{
    anshin_fail(err, ANSHIN_EINVALID, "AN0470", "certificate request: %s is not acceptable", field);
    return anshin_openssl_forget(ANSHIN_EINVALID);
}

static int is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static int is_printable_ascii(const char *text, apr_size_t longest)
{
    apr_size_t length = 0;

    for (; text[length] != '\0'; length++) {
        if (text[length] <= 0x20 || text[length] >= 0x7f || length >= longest) {
            return 0;
        }
    }
    return 1;
}

static int is_url(const char *url, int with_ldap)
{
    const char *schemes[] = {"http://", "https://", with_ldap ? "ldap://" : NULL};

    for (apr_size_t i = 0; i < sizeof(schemes) / sizeof(*schemes) && schemes[i] != NULL; i++) {
        apr_size_t length = strlen(schemes[i]);

        if (strncmp(url, schemes[i], length) == 0) {
            return url[length] != '\0' && is_printable_ascii(url, URL_MAX);
        }
    }
    return 0;
}

static int is_country(const char *country)
{
    return strlen(country) == 2 && country[0] >= 'A' && country[0] <= 'Z' && country[1] >= 'A' && country[1] <= 'Z';
}

static int is_curve(EVP_PKEY *key)
{
    char name[32] = "";

    return EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) &&
           (strcmp(name, SN_X9_62_prime256v1) == 0 || strcmp(name, SN_secp384r1) == 0);
}

/* The public exponent: odd and above 2^16 (SP 800-56B 6.2). A whole check of the modulus would cost more than signing.
 */
static int is_rsa(EVP_PKEY *key)
{
    BIGNUM *exponent = NULL;
    int bits = EVP_PKEY_get_bits(key);
    int good = bits >= 2048 && bits <= 4096 && EVP_PKEY_get_bn_param(key, "e", &exponent) && BN_is_odd(exponent) &&
               BN_num_bits(exponent) > 16 && BN_num_bits(exponent) <= 64;

    BN_free(exponent);
    return good;
}

/* NULL: not a key that we certify. The caller frees. */
static EVP_PKEY *read_public(const anshin_bytes_t *spki)
{
    const unsigned char *at = spki->data;
    EVP_PKEY *key = spki->length <= LONG_MAX ? d2i_PUBKEY(NULL, &at, (long)spki->length) : NULL;
    int good = key != NULL && at == spki->data + spki->length;

    if (good) {
        switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_EC:
            good = is_curve(key);
            break;
        case EVP_PKEY_RSA:
            good = is_rsa(key);
            break;
        default:
            good = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
        }
    }
    if (!good) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static apr_status_t check(const anshin_issue_t *wanted, anshin_error_t *err)
{
    if (!anshin_build_serial_valid(&wanted->serial)) {
        return refuse(err, "serial");
    }
    if (!is_given(wanted->common_name)) {
        return refuse(err, "common name");
    }
    if (is_given(wanted->country) && !is_country(wanted->country)) {
        return refuse(err, "country");
    }
    if (wanted->not_before < 0 || wanted->not_after <= wanted->not_before) {
        return refuse(err, "time of validity");
    }
    if (!anshin_profile_uses_valid(wanted->uses)) {
        return refuse(err, "list of uses");
    }
    /* RFC 9598 3: a domain of other letters stands in its xn-- form, and such names before the @ are not ours. */
    if (is_given(wanted->mail) && !anshin_address_valid(wanted->mail)) {
        return refuse(err, "mail address (ASCII alone, a domain of other letters in its xn-- form)");
    }
    if (is_given(wanted->crl_url) && !is_url(wanted->crl_url, 1)) {
        return refuse(err, "CRL URL");
    }
    if (is_given(wanted->ocsp_url) && !is_url(wanted->ocsp_url, 0)) {
        return refuse(err, "OCSP URL");
    }
    return APR_SUCCESS;
}

/* --- issuing --- */

static apr_status_t fill_subject(X509 *certificate, const anshin_issue_t *wanted, anshin_error_t *err)
{
    const anshin_attribute_t attributes[] = {
        {NID_countryName, wanted->country, "country"},
        {NID_organizationName, wanted->organization, "organization"},
        {NID_organizationalUnitName, wanted->organizational_unit, "organizational unit"},
        {NID_commonName, wanted->common_name, "common name"},
        {NID_serialNumber, wanted->subject_serial, "subject serial number"},
    };
    const char *refused =
        anshin_build_name(X509_get_subject_name(certificate), attributes, sizeof(attributes) / sizeof(*attributes));

    return refused != NULL ? refuse(err, refused) : APR_SUCCESS;
}

static int fill_extensions(X509 *certificate, X509 *issuer, const anshin_issue_t *wanted)
{
    return anshin_build_authority_key(certificate, issuer) && anshin_build_subject_key(certificate) &&
           anshin_build_key_usage(certificate, KU_DIGITAL_SIGNATURE) &&
           (!is_given(wanted->mail) || anshin_build_mail(certificate, wanted->mail)) &&
           anshin_build_constraints(certificate, 0) && anshin_profile_add_uses(certificate, wanted->uses) &&
           (!is_given(wanted->crl_url) || anshin_build_crl(certificate, wanted->crl_url)) &&
           (!is_given(wanted->ocsp_url) || anshin_build_ocsp(certificate, wanted->ocsp_url));
}

/* The time asked for, cut to the CA's own: no certificate outlives the one it hangs on. */
static apr_status_t fit_dates(anshin_issued_t *issued, const anshin_ca_t *ca, const anshin_issue_t *wanted,
                              anshin_error_t *err)
{
    apr_time_t from = wanted->not_before > ca->not_before ? wanted->not_before : ca->not_before;
    apr_time_t to = wanted->not_after < ca->not_after ? wanted->not_after : ca->not_after;

    issued->not_before = apr_time_from_sec(apr_time_sec(from));
    issued->not_after = apr_time_from_sec(apr_time_sec(to));
    if (issued->not_after <= issued->not_before) {
        return anshin_fail(err, ANSHIN_EDENIED, "AN0471", "the CA's own certificate is not valid in that time");
    }
    return APR_SUCCESS;
}

static apr_status_t sign(X509 *certificate, const anshin_ca_t *ca, anshin_error_t *err)
{
    const char *broken = anshin_profile_broken(certificate);

    if (broken != NULL) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1241", "a certificate is not signed, since it breaks the profile: %s",
                           broken);
    }
    return X509_sign(certificate, ca->key, ca->digest) > 0
               ? APR_SUCCESS
               : anshin_openssl_fail(err, ANSHIN_EFAULT, "AN1242", "a certificate could not be signed");
}

static apr_status_t write_out(anshin_issued_t *issued, X509 *certificate, const anshin_bytes_t *serial,
                              anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length;
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);
    apr_size_t zeros = 0;

    if (length <= 0 || !X509_digest(certificate, EVP_sha256(), digest, &digest_length)) {
        OPENSSL_free(der);
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0472", "a certificate could not be written");
    }
    issued->certificate.data = apr_pmemdup(pool, der, (apr_size_t)length);
    issued->certificate.length = (apr_size_t)length;
    OPENSSL_free(der);
    issued->fingerprint = anshin_hex(digest, digest_length, pool);
    while (serial->data[zeros] == 0) {
        zeros++;
    }
    issued->serial = anshin_hex(serial->data + zeros, serial->length - zeros, pool);
    return APR_SUCCESS;
}

apr_status_t anshin_ca_issue(anshin_issued_t *issued, const anshin_ca_t *ca, const anshin_issue_t *wanted,
                             anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = check(wanted, err);
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;

    if (status != APR_SUCCESS) {
        return status;
    }
    status = fit_dates(issued, ca, wanted, err);
    if (status != APR_SUCCESS) {
        return status;
    }
    key = read_public(&wanted->public_key);
    if (key == NULL) {
        return refuse(err, "public key");
    }
    certificate = X509_new();
    if (certificate == NULL) {
        status = anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0473", "no certificate");
        goto end;
    }
    status = fill_subject(certificate, wanted, err);
    if (status != APR_SUCCESS) {
        goto end;
    }
    if (!X509_set_version(certificate, X509_VERSION_3) ||
        !anshin_build_serial(certificate, wanted->serial.data, wanted->serial.length) ||
        !anshin_build_dates(certificate, issued->not_before, issued->not_after) ||
        !X509_set_issuer_name(certificate, X509_get_subject_name(ca->certificate)) ||
        !X509_set_pubkey(certificate, key) || !fill_extensions(certificate, ca->certificate, wanted)) {
        status = anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0474", "a certificate could not be made");
        goto end;
    }
    status = sign(certificate, ca, err);
    if (status == APR_SUCCESS) {
        status = write_out(issued, certificate, &wanted->serial, err, pool);
    }
end:
    X509_free(certificate);
    EVP_PKEY_free(key);
    return status;
}
