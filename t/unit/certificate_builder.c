/*
 * Certificates for tests: see certificate_builder.h.
 */
#include "unit/certificate_builder.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#define YEAR_2100 apr_time_from_sec(4102444800)

static void must(int good)
{
    if (!good) {
        ERR_print_errors_fp(stderr);
        abort();
    }
}

EVP_PKEY *build_key(const char *type, int bits)
{
    EVP_PKEY *key = strcmp(type, "EC") == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen((unsigned int)bits);

    must(key != NULL);
    return key;
}

static void extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension;

    if (value == NULL) {
        return;
    }
    extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static void set_serial(X509 *certificate, const char *hex)
{
    BIGNUM *number = NULL;

    must(BN_hex2bn(&number, hex) && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL);
    BN_free(number);
}

X509 *build_certificate(const build_t *wanted)
{
    X509 *certificate = X509_new();
    EVP_PKEY *key = wanted->key != NULL ? wanted->key : wanted->issuer_key;
    X509_NAME *name = X509_NAME_new();
    apr_time_t not_after = wanted->not_after != 0 ? wanted->not_after : YEAR_2100;

    must(certificate != NULL && name != NULL && X509_set_version(certificate, X509_VERSION_3));
    set_serial(certificate, wanted->serial != NULL ? wanted->serial : "01");
    /* By type, not MBSTRING: nothing is looked at. */
    must(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, (const unsigned char *)wanted->cn,
                                    wanted->cn_length != 0 ? wanted->cn_length : (int)strlen(wanted->cn), -1, 0));
    must(X509_set_subject_name(certificate, name));
    must(X509_set_issuer_name(certificate, wanted->issuer != NULL ? X509_get_subject_name(wanted->issuer) : name));
    X509_NAME_free(name);
    must(ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)apr_time_sec(wanted->not_before)) != NULL);
    must(ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)apr_time_sec(not_after)) != NULL);
    must(X509_set_pubkey(certificate, key));
    extend(certificate, NID_basic_constraints, wanted->constraints);
    extend(certificate, NID_key_usage, wanted->usage);
    extend(certificate, NID_ext_key_usage, wanted->extended);
    must(X509_sign(certificate, wanted->issuer_key, wanted->digest != NULL ? wanted->digest : EVP_sha256()) > 0);
    return certificate;
}

X509 *build_ca(const char *cn, EVP_PKEY *key)
{
    build_t wanted = {
        .cn = cn, .issuer_key = key, .constraints = "critical,CA:TRUE", .usage = "critical,keyCertSign,cRLSign"};

    return build_certificate(&wanted);
}
