/*
 * The parts of a certificate: see build.h.
 */
#include "crypto/pki/build.h"

#include <string.h>

#include <openssl/objects.h>

static int add_attribute(X509_NAME *name, int nid, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return 1;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return 0;
        }
    }
    /* MBSTRING_UTF8: OpenSSL reads it as UTF-8, checks the bounds of its table, and picks the type. */
    return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0);
}

const char *anshin_build_name(X509_NAME *name, const anshin_attribute_t *attributes, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (!add_attribute(name, attributes[i].nid, attributes[i].text)) {
            return attributes[i].field;
        }
    }
    return NULL;
}

int anshin_build_dates(X509 *certificate, apr_time_t not_before, apr_time_t not_after)
{
    return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)apr_time_sec(not_before)) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)apr_time_sec(not_after)) != NULL;
}

int anshin_build_serial_valid(const anshin_bytes_t *serial)
{
    apr_size_t zeros = 0;

    if (serial->length < 1 || serial->length > ANSHIN_SERIAL_BYTES_MAX) {
        return 0;
    }
    while (zeros < serial->length && serial->data[zeros] == 0) {
        zeros++;
    }
    return zeros < serial->length && (serial->length < ANSHIN_SERIAL_BYTES_MAX || serial->data[0] < 0x80);
}

ASN1_INTEGER *anshin_build_integer(const unsigned char *octets, apr_size_t length)
{
    BIGNUM *number = BN_bin2bn(octets, (int)length, NULL);
    ASN1_INTEGER *integer = number != NULL ? BN_to_ASN1_INTEGER(number, NULL) : NULL;

    BN_free(number);
    return integer;
}

int anshin_build_serial(X509 *certificate, const unsigned char *octets, apr_size_t length)
{
    ASN1_INTEGER *integer = anshin_build_integer(octets, length);
    int set = integer != NULL && X509_set_serialNumber(certificate, integer);

    ASN1_INTEGER_free(integer);
    return set;
}

int anshin_build_reason_valid(int reason)
{
    return reason >= CRL_REASON_UNSPECIFIED && reason <= CRL_REASON_AA_COMPROMISE && reason != 7; /* 7 is not used */
}

static int add(X509 *certificate, int nid, void *value, int critical)
{
    return value != NULL && X509_add1_ext_i2d(certificate, nid, value, critical, X509V3_ADD_DEFAULT) == 1;
}

/* Method 1 of RFC 5280 4.2.1.2: SHA-1 of the public key; a name, not a protection. */
static ASN1_OCTET_STRING *key_id(const X509 *certificate)
{
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length;

    if (id == NULL || !X509_pubkey_digest(certificate, EVP_sha1(), digest, &length) ||
        !ASN1_OCTET_STRING_set(id, digest, (int)length)) {
        ASN1_OCTET_STRING_free(id);
        return NULL;
    }
    return id;
}

static AUTHORITY_KEYID *authority_of(ASN1_OCTET_STRING *id)
{
    AUTHORITY_KEYID *authority = id != NULL ? AUTHORITY_KEYID_new() : NULL;

    if (authority == NULL) {
        ASN1_OCTET_STRING_free(id);
        return NULL;
    }
    authority->keyid = id;
    return authority;
}

AUTHORITY_KEYID *anshin_build_key_id(X509 *issuer)
{
    const ASN1_OCTET_STRING *theirs = X509_get0_subject_key_id(issuer);

    return authority_of(theirs != NULL ? ASN1_OCTET_STRING_dup(theirs) : key_id(issuer));
}

int anshin_build_authority_key(X509 *certificate, X509 *issuer)
{
    /* OpenSSL must not be asked for an extension of a certificate that is still being built: it would digest it. */
    AUTHORITY_KEYID *authority =
        issuer != certificate ? anshin_build_key_id(issuer) : authority_of(key_id(certificate));
    int added = add(certificate, NID_authority_key_identifier, authority, 0);

    AUTHORITY_KEYID_free(authority);
    return added;
}

int anshin_build_subject_key(X509 *certificate)
{
    ASN1_OCTET_STRING *id = key_id(certificate);
    int added = add(certificate, NID_subject_key_identifier, id, 0);

    ASN1_OCTET_STRING_free(id);
    return added;
}

int anshin_build_key_usage(X509 *certificate, unsigned int bits)
{
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
    int set = usage != NULL;
    int added;

    /* KU_DIGITAL_SIGNATURE 0x80 is bit 0, and so on down. */
    for (int bit = 0; bit < 8 && set; bit++) {
        set = (bits & 0x80U >> bit) == 0 || ASN1_BIT_STRING_set_bit(usage, bit, 1);
    }
    added = set && add(certificate, NID_key_usage, usage, 1);
    ASN1_BIT_STRING_free(usage);
    return added;
}

/* A GeneralName of this type with an IA5String. */
static GENERAL_NAME *general_name(int type, const char *text)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *string = ASN1_IA5STRING_new();

    if (name == NULL || string == NULL || !ASN1_STRING_set(string, text, -1)) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(string);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, type, string);
    return name;
}

static GENERAL_NAMES *general_names(int type, const char *text)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = general_name(type, text);

    if (names == NULL || name == NULL || !sk_GENERAL_NAME_push(names, name)) {
        GENERAL_NAME_free(name);
        GENERAL_NAMES_free(names);
        return NULL;
    }
    return names;
}

int anshin_build_mail(X509 *certificate, const char *mail)
{
    GENERAL_NAMES *names = general_names(GEN_EMAIL, mail);
    int added = add(certificate, NID_subject_alt_name, names, 0);

    GENERAL_NAMES_free(names);
    return added;
}

int anshin_build_constraints(X509 *certificate, int is_ca)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    int added = 0;

    if (constraints != NULL) {
        constraints->ca = is_ca ? 0xff : 0; /* OpenSSL writes the octet as it is; DER asks for this one (X.690 11.1) */
        constraints->pathlen = is_ca ? ASN1_INTEGER_new() : NULL; /* a new INTEGER is 0 */
        added = (!is_ca || constraints->pathlen != NULL) && add(certificate, NID_basic_constraints, constraints, 1);
    }
    BASIC_CONSTRAINTS_free(constraints);
    return added;
}

int anshin_build_ocsp_signing(X509 *certificate)
{
    EXTENDED_KEY_USAGE *usage = EXTENDED_KEY_USAGE_new();
    ASN1_NULL *no_check = ASN1_NULL_new();
    /* OBJ_nid2obj() gives a static object: nothing of it is freed. */
    int added = usage != NULL && no_check != NULL && sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(NID_OCSP_sign)) &&
                add(certificate, NID_ext_key_usage, usage, 0) &&
                add(certificate, NID_id_pkix_OCSP_noCheck, no_check, 0);

    ASN1_NULL_free(no_check);
    EXTENDED_KEY_USAGE_free(usage);
    return added;
}

int anshin_build_crl(X509 *certificate, const char *url)
{
    CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
    DIST_POINT *point = DIST_POINT_new();
    int added = 0;

    if (points == NULL || point == NULL || !sk_DIST_POINT_push(points, point)) {
        DIST_POINT_free(point);
        goto end;
    }
    point->distpoint = DIST_POINT_NAME_new();
    if (point->distpoint != NULL) {
        point->distpoint->type = 0; /* fullName */
        point->distpoint->name.fullname = general_names(GEN_URI, url);
        added = point->distpoint->name.fullname != NULL && add(certificate, NID_crl_distribution_points, points, 0);
    }
end:
    CRL_DIST_POINTS_free(points);
    return added;
}

int anshin_build_ocsp(X509 *certificate, const char *url)
{
    AUTHORITY_INFO_ACCESS *access = AUTHORITY_INFO_ACCESS_new();
    ACCESS_DESCRIPTION *description = ACCESS_DESCRIPTION_new();
    int added = 0;

    if (access == NULL || description == NULL || !sk_ACCESS_DESCRIPTION_push(access, description)) {
        ACCESS_DESCRIPTION_free(description);
        goto end;
    }
    description->method = OBJ_nid2obj(NID_ad_OCSP);
    GENERAL_NAME_free(description->location);
    description->location = general_name(GEN_URI, url);
    added = description->location != NULL && add(certificate, NID_info_access, access, 0);
end:
    AUTHORITY_INFO_ACCESS_free(access);
    return added;
}

const EVP_MD *anshin_build_digest(EVP_PKEY *key)
{
    int type = EVP_PKEY_get_base_id(key);

    if (type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448) {
        return NULL;
    }
    return EVP_PKEY_get_security_bits(key) >= 192 ? EVP_sha384() : EVP_sha256();
}
