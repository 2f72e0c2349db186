/*
 * The profile of a user's certificate (crypto/pki/sign_profile.h, CAS-1): each part of it octet for octet as RFC 5280
 * fixes it, its bounds (CRT-5), and what is not signed whoever has built it (S30).
 */
#include <apr_general.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "crypto/pki/key.h"
#include "crypto/pki/sign_profile.h"

#include "unit/authority.h"
#include "unit/tap.h"

#define CLIENT "06082b06010505070302"
#define MAIL "06082b06010505070304"
#define SMARTCARD "060a2b060104018237140202"
#define KERBEROS "06072b060105020304"
#define IPSEC "06082b06010505070311"

static anshin_ca_t *ca;
static anshin_bytes_t spki;

static anshin_issue_t request(void)
{
    static const unsigned char serial[] = {0x4a, 1, 2, 3};

    return (anshin_issue_t){.public_key = spki,
                            .serial = {serial, sizeof(serial)},
                            .common_name = "p-01-usr001 2027-01-15",
                            .not_before = now,
                            .not_after = now + 365 * DAY,
                            .uses = 1 << ANSHIN_USE_CLIENT};
}

/* NULL: refused, and err says why. The caller frees. */
static X509 *issue(const anshin_issue_t *wanted, anshin_error_t *err)
{
    anshin_issued_t issued;
    const unsigned char *at;

    anshin_error_clear(err);
    if (anshin_ca_issue(&issued, ca, wanted, err, pool) != APR_SUCCESS) {
        return NULL;
    }
    at = issued.certificate.data;
    return d2i_X509(NULL, &at, (long)issued.certificate.length);
}

static int is_refused(const anshin_issue_t *wanted, const char *field)
{
    anshin_error_t err;
    X509 *certificate = issue(wanted, &err);

    X509_free(certificate);
    return certificate == NULL && err.status == ANSHIN_EINVALID && strstr(err.text, field) != NULL;
}

/* --- octets ----------------------------------------------------------------------------------------------------- */

static const char *extension_of(const X509 *certificate, int nid)
{
    int at = X509_get_ext_by_NID(certificate, nid, -1);
    const ASN1_OCTET_STRING *value = at >= 0 ? X509_EXTENSION_get_data(X509_get_ext(certificate, at)) : NULL;

    return value != NULL ? anshin_hex(ASN1_STRING_get0_data(value), (apr_size_t)ASN1_STRING_length(value), pool) : "";
}

static const char *subject_of(const X509 *certificate)
{
    const unsigned char *der;
    size_t length;

    return X509_NAME_get0_der(X509_get_subject_name(certificate), &der, &length) ? anshin_hex(der, length, pool) : "";
}

static const char *date_of(const ASN1_TIME *date)
{
    unsigned char *der = NULL;
    int length = i2d_ASN1_TIME(date, &der);
    const char *hex = length > 0 ? anshin_hex(der, (apr_size_t)length, pool) : "";

    OPENSSL_free(der);
    return hex;
}

/* So many octets of one character. */
static const char *repeated(const char *character, int times)
{
    const char *text = "";

    while (times-- > 0) {
        text = apr_pstrcat(pool, text, character, NULL);
    }
    return text;
}

static void test_uses(void)
{
    static const struct {
        int uses;
        const char *octets;
        const char *name;
    } rows[] = {
        {1, "300a" CLIENT, "client"},
        {1 | 2, "3014" CLIENT MAIL, "client mail"},
        {1 | 4, "3016" CLIENT SMARTCARD, "client smartcard"},
        {1 | 8, "3013" CLIENT KERBEROS, "client kerberos"},
        {1 | 16, "3014" CLIENT IPSEC, "client ipsec"},
        {31, "3033" CLIENT MAIL SMARTCARD KERBEROS IPSEC, "all"},
    };
    static const int refused[] = {0, 2, 4, 30, 32 | 1, 1 | 1 << 30, -1};
    anshin_issue_t wanted = request();
    anshin_error_t err;
    int right = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        X509 *certificate;

        wanted.uses = rows[i].uses;
        certificate = issue(&wanted, &err);
        ok(certificate != NULL && same_text(extension_of(certificate, NID_ext_key_usage), rows[i].octets) &&
               same_text(extension_of(certificate, NID_key_usage), "03020780") &&
               same_text(extension_of(certificate, NID_basic_constraints), "3000"),
           "CAS-1: uses %s: extendedKeyUsage of RFC 5280 4.2.1.12, digitalSignature alone, no CA (%s)", rows[i].name,
           certificate != NULL ? extension_of(certificate, NID_ext_key_usage) : err.text);
        X509_free(certificate);
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        wanted.uses = refused[i];
        right += is_refused(&wanted, "uses");
    }
    ok(right == 7, "S30: without client, and with what is not on the list, nothing is signed (%d)", right);
}

static void test_subject(void)
{
    static const struct {
        const char *organization;
        const char *unit;
        const char *octets;
        const char *name;
    } rows[] = {
        {NULL, NULL, "300d310b300906035504030c024344", "CN alone"},
        {"AB", NULL, "301a310b3009060355040a0c024142310b300906035504030c024344", "O and CN"},
        {"", "E", "3019310a3008060355040b0c0145310b300906035504030c024344", "OU and CN"},
        {"AB", "E", "3026310b3009060355040a0c024142310a3008060355040b0c0145310b300906035504030c024344", "O, OU and CN"},
        {"山", NULL, "301b310c300a060355040a0c03e5b1b1310b300906035504030c024344", "O of another script"},
    };
    anshin_issue_t wanted = request();
    anshin_error_t err;

    wanted.common_name = "CD";
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        X509 *certificate;

        wanted.organization = rows[i].organization;
        wanted.organizational_unit = rows[i].unit;
        certificate = issue(&wanted, &err);
        ok(certificate != NULL && same_text(subject_of(certificate), rows[i].octets),
           "CAS-1: subject, %s: UTF8String, from the large to the small (RFC 5280 4.1.2.4) (%s)", rows[i].name,
           certificate != NULL ? subject_of(certificate) : err.text);
        X509_free(certificate);
    }
}

/* A text of so many characters, put into the field. */
typedef void set_fn(anshin_issue_t *wanted, const char *text);

static void set_name(anshin_issue_t *wanted, const char *text)
{
    wanted->common_name = text;
}

static void set_organization(anshin_issue_t *wanted, const char *text)
{
    wanted->organization = text;
}

static void set_unit(anshin_issue_t *wanted, const char *text)
{
    wanted->organizational_unit = text;
}

static void test_bounds(void)
{
    static const struct {
        set_fn *set;
        const char *field;
    } rows[] = {{set_name, "common name"}, {set_organization, "organization"}, {set_unit, "organizational unit"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        anshin_issue_t wanted = request();
        anshin_error_t err;
        X509 *certificate;

        rows[i].set(&wanted, repeated("山", 64));
        certificate = issue(&wanted, &err);
        ok(certificate != NULL, "CRT-5: %s: 64 characters of three octets each are taken (RFC 5280 A.1) (%s)",
           rows[i].field, err.text);
        X509_free(certificate);
        rows[i].set(&wanted, repeated("a", 65));
        ok(is_refused(&wanted, rows[i].field), "CRT-5: %s: 65 are not", rows[i].field);
    }
}

static void test_alt_names(void)
{
    static const char *const refused[] = {"taro@例え.jp", "太郎@example.jp",        "taro",
                                          "taro@@a.jp",   "a@b@example.jp",         "taro@example.jp\nx@y",
                                          "taro @a.jp",   "Taro <taro@example.jp>", "taro.@example.jp"};
    anshin_issue_t wanted = request();
    anshin_error_t err;
    X509 *certificate = issue(&wanted, &err);
    int right = 0;

    ok(certificate != NULL && X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) < 0,
       "CAS-1: without an address there is no subjectAltName");
    X509_free(certificate);
    wanted.mail = "taro@xn--r8jz45g.jp";
    certificate = issue(&wanted, &err);
    ok(certificate != NULL &&
           same_text(extension_of(certificate, NID_subject_alt_name), "30158113"
                                                                      "7461726f40786e2d2d72386a7a3435672e6a70"),
       "CAS-1: an address is an rfc822Name, which is an IA5String; a domain of other letters in its xn-- form "
       "(RFC 5280 4.2.1.6, RFC 9598 3) (%s)",
       certificate != NULL ? extension_of(certificate, NID_subject_alt_name) : err.text);
    X509_free(certificate);
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        wanted.mail = refused[i];
        right += is_refused(&wanted, "xn--");
    }
    ok(right == 9, "S27: what is no plain address is refused, and the message says the rule (%d)", right);
}

static void test_dates(void)
{
    static const struct {
        apr_int64_t from;
        apr_int64_t to;
        const char *octets;
    } rows[] = {
        {2524521600, 2524607999, "170d3439313233313030303030305a 170d3439313233313233353935395a"},
        {2524607999, 2524608000, "170d3439313233313233353935395a 180f32303530303130313030303030305a"},
        {2524608000, 2540160000, "180f32303530303130313030303030305a 180f32303530303633303030303030305a"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        anshin_issue_t wanted = request();
        anshin_error_t err;
        X509 *certificate;
        const char *octets = "";

        wanted.not_before = apr_time_from_sec(rows[i].from);
        wanted.not_after = apr_time_from_sec(rows[i].to);
        certificate = issue(&wanted, &err);
        if (certificate != NULL) {
            octets = apr_pstrcat(pool, date_of(X509_get0_notBefore(certificate)), " ",
                                 date_of(X509_get0_notAfter(certificate)), NULL);
        }
        ok(same_text(octets, rows[i].octets),
           "CRT-5: UTCTime up to the end of 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5) (%s)",
           certificate != NULL ? octets : err.text);
        X509_free(certificate);
    }
}

/* --- the last look ---------------------------------------------------------------------------------------------- */

/* An extension of a good certificate taken away and another put there: DER in hexadecimal, "": none. */
typedef struct twist_t {
    int without; /* NID, 0: nothing is taken away */
    int critical;
    const char *oid; /* NULL: nothing is put */
    const char *octets;
    const char *rule; /* a word of the answer; NULL: nothing is wrong */
    const char *name;
} twist_t;

static const twist_t twists[] = {
    {0, 0, NULL, "", NULL, "nothing"},
    {NID_ext_key_usage, 0, "2.5.29.37", "3014" CLIENT MAIL, NULL, "another use of the list"},
    {0, 0, "2.5.29.17", "300a8108614062632e6a702e", "alternative", "an address that ends with a dot"},
    {0, 0, "2.5.29.17",
     "3009810761406263"
     "2e6a70",
     NULL, "a mail address"},
    {0, 0, "2.5.29.17", "300a81086140622e6a700078", "alternative", "an address with a NUL in it"},
    {0, 0, "2.5.29.17", "30088206612e622e6a70", "alternative", "the name of a server"},
    {0, 0, "2.5.29.17", "300882066140622e6a70", "alternative", "one that looks like an address"},
    {0, 0, "2.5.29.17", "30118107614062632e6a708206612e622e6a70", "alternative", "an address and the name of a server"},
    {0, 0, "2.5.29.17",
     "3006"
     "87047f000001",
     "alternative", "the address of a server"},
    {0, 0, "2.5.29.17", "3000", "alternative", "a list of names with nothing in it"},
    {0, 0, "2.5.29.17", "0500", "alternative", "no list of names"},
    {0, 1, "2.5.29.17",
     "3009810761406263"
     "2e6a70",
     "extensions", "a critical mail address"},
    {NID_basic_constraints, 1, "2.5.29.19", "30030101ff", "CA", "a CA"},
    {NID_basic_constraints, 1, "2.5.29.19", "3003020100", "CA", "a path length"},
    {NID_basic_constraints, 0, "2.5.29.19", "3000", "extensions", "basicConstraints that is not critical"},
    {NID_basic_constraints, 0, NULL, "", "extensions", "no basicConstraints"},
    {NID_key_usage, 1, "2.5.29.15", "03020284", "key usage", "keyCertSign"},
    {NID_key_usage, 1, "2.5.29.15", "03020106", "key usage", "keyCertSign and cRLSign alone"},
    {NID_key_usage, 1, "2.5.29.15", "030205a0", "key usage", "keyEncipherment"},
    {NID_key_usage, 1, "2.5.29.15", "0303078080", "key usage", "decipherOnly"},
    {NID_key_usage, 0, "2.5.29.15", "03020780", "extensions", "keyUsage that is not critical"},
    {NID_key_usage, 0, NULL, "", "extensions", "no keyUsage"},
    {NID_ext_key_usage, 0, "2.5.29.37", "3014" CLIENT "06082b06010505070301", "extended", "servers"},
    {NID_ext_key_usage, 0, "2.5.29.37", "3014" CLIENT "06082b06010505070303", "extended", "code"},
    {NID_ext_key_usage, 0, "2.5.29.37", "3014" CLIENT "06082b06010505070309", "extended", "answers of OCSP"},
    {NID_ext_key_usage, 0, "2.5.29.37", "3010" CLIENT "0604551d2500", "extended", "any use"},
    {NID_ext_key_usage, 0, "2.5.29.37", "300a" MAIL, "extended", "mail alone"},
    {NID_ext_key_usage, 0, "2.5.29.37", "3014" CLIENT CLIENT, "extended", "a use twice"},
    {NID_ext_key_usage, 0, "2.5.29.37", "3000", "extended", "no use"},
    {NID_ext_key_usage, 0, NULL, "", "extensions", "no extendedKeyUsage"},
    {0, 0, "2.5.29.37", "300a" CLIENT, "extensions", "extendedKeyUsage twice"},
    {0, 1, "2.5.29.30", "3000", "extensions", "nameConstraints"},
    {0, 1, "1.2.3.4", "0500", "extensions", "a critical extension that nobody knows"},
    {0, 0, "1.2.3.4", "0500", "extensions", "one that is not critical"},
    {NID_subject_key_identifier, 0, NULL, "", "extensions", "no subjectKeyIdentifier"},
    {NID_authority_key_identifier, 0, NULL, "", "extensions", "no authorityKeyIdentifier"},
};

static void put_extension(X509 *certificate, const twist_t *twist)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(twist->oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    unsigned char octets[64];
    int length = 0;
    X509_EXTENSION *extension;

    for (const char *at = twist->octets; *at != '\0'; at += 2) {
        octets[length++] = (unsigned char)octet_of(at);
    }
    (void)ASN1_OCTET_STRING_set(value, octets, length);
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, twist->critical, value);
    (void)X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static void test_last_look(void)
{
    anshin_issue_t wanted = request();
    anshin_error_t err;
    X509 *good = issue(&wanted, &err);

    for (size_t i = 0; good != NULL && i < sizeof(twists) / sizeof(*twists); i++) {
        const twist_t *twist = &twists[i];
        X509 *certificate = X509_dup(good);
        const char *broken;

        if (twist->without != 0) {
            X509_EXTENSION_free(X509_delete_ext(certificate, X509_get_ext_by_NID(certificate, twist->without, -1)));
        }
        if (twist->oid != NULL) {
            put_extension(certificate, twist);
        }
        broken = anshin_profile_broken(certificate);
        ok(twist->rule == NULL ? broken == NULL : broken != NULL && strstr(broken, twist->rule) != NULL,
           "S30, CAS-1: what is %s: %s (%s)", twist->rule == NULL ? "taken" : "not signed", twist->name,
           broken != NULL ? broken : "good");
        X509_free(certificate);
    }
    if (good != NULL) {
        (void)X509_set_version(good, X509_VERSION_1);
    }
    ok(good != NULL && same_text(anshin_profile_broken(good), "version 3") && ERR_peek_error() == 0,
       "S30: what is not signed: version 1; OpenSSL's queue is empty");
    X509_free(good);
}

int main(void)
{
    anshin_ca_wanted_t wanted = ca_wanted(ANSHIN_KEY_P256);
    anshin_key_t *key;
    anshin_error_t err;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    anshin_error_clear(&err);
    wanted.not_after = APR_TIME_C(4102444800000000); /* 2100 */
    if (ok(anshin_key_make(&key, ANSHIN_KEY_P256, &err, pool) == APR_SUCCESS &&
               anshin_key_public(&spki, key, &err, pool) == APR_SUCCESS && create("ca", &wanted, &err) == APR_SUCCESS &&
               open_ca(&ca, "ca", NULL, &err) == APR_SUCCESS,
           "a CA and a key are made (%s)", err.text)) {
        test_uses();
        test_subject();
        test_bounds();
        test_alt_names();
        test_dates();
        test_last_look();
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
