/*
 * What the CA issues, field by field, and what it refuses (CRT-5, CRT-7, S23).
 */
#include <pthread.h>

#include <apr_general.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/pki/key.h"
#include "crypto/pki/x509.h"

#include "unit/authority.h"
#include "unit/strict.h"
#include "unit/certificate_builder.h"
#include "unit/tap.h"

static anshin_ca_t *ca;
static anshin_key_t *key;
static unsigned char serial[16] = {0x4a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static anshin_issue_t request(void)
{
    anshin_issue_t wanted = {.serial = {serial, sizeof(serial)},
                             .common_name = "山田 太郎 01",
                             .organization = "Test",
                             .organizational_unit = "Sales",
                             .subject_serial = "12345",
                             .country = "JP",
                             .not_before = now,
                             .not_after = now + 365 * DAY,
                             .uses = 1 << ANSHIN_USE_CLIENT,
                             .mail = "taro@example.jp",
                             .crl_url = "http://ca.example.jp/crl,v1;x=1",
                             .ocsp_url = "http://ca.example.jp/ocsp"};
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_key_public(&wanted.public_key, key, &err, pool) != APR_SUCCESS) {
        printf("# %s\n", err.text);
    }
    return wanted;
}

static apr_status_t issue(anshin_issued_t *issued, const anshin_ca_t *by, const anshin_issue_t *wanted,
                          anshin_error_t *err)
{
    apr_status_t status;

    anshin_error_clear(err);
    status = anshin_ca_issue(issued, by, wanted, err, pool);
    if (ERR_peek_error() != 0) {
        printf("not ok - OpenSSL's error queue is left empty\n");
        exit(1);
    }
    return status;
}

static int is_refused(const anshin_issue_t *wanted, const char *field)
{
    anshin_issued_t issued;
    anshin_error_t err;

    return issue(&issued, ca, wanted, &err) == ANSHIN_EINVALID && strstr(err.text, field) != NULL;
}

static const char *url_of(X509 *certificate, int nid)
{
    const char *url = NULL;

    if (nid == NID_crl_distribution_points) {
        CRL_DIST_POINTS *points = X509_get_ext_d2i(certificate, nid, NULL, NULL);
        GENERAL_NAMES *names = sk_DIST_POINT_value(points, 0)->distpoint->name.fullname;

        url = apr_pstrdup(pool, (const char *)ASN1_STRING_get0_data(sk_GENERAL_NAME_value(names, 0)->d.ia5));
        CRL_DIST_POINTS_free(points);
    } else {
        STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);

        url = apr_pstrdup(pool, sk_OPENSSL_STRING_value(urls, 0));
        X509_email_free(urls);
    }
    return url;
}

static int is_critical(X509 *certificate, int nid)
{
    int place = X509_get_ext_by_NID(certificate, nid, -1);

    return place >= 0 && X509_EXTENSION_get_critical(X509_get_ext(certificate, place));
}

/* The names of the subject with the ASN.1 type of each. */
static int subject_is_typed(X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int good = X509_NAME_entry_count(subject) == 5;

    for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
        X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, i);
        int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
        int type = ASN1_STRING_type(X509_NAME_ENTRY_get_data(entry));

        good = good &&
               type == (nid == NID_countryName || nid == NID_serialNumber ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING);
    }
    return good;
}

static void test_profile(void)
{
    anshin_issue_t wanted = request();
    anshin_issued_t issued;
    anshin_error_t err;
    anshin_bytes_t ca_der = anshin_ca_certificate(ca);
    const unsigned char *at = ca_der.data;
    X509 *issuer = d2i_X509(NULL, &at, (long)ca_der.length);
    X509 *certificate;
    STACK_OF(OPENSSL_STRING) * mails;
    unsigned char digest[32];
    time_t before;
    time_t end;

    if (!ok(issue(&issued, ca, &wanted, &err) == APR_SUCCESS, "issued (%s)", err.text)) {
        return;
    }
    at = issued.certificate.data;
    certificate = d2i_X509(NULL, &at, (long)issued.certificate.length);
    ok(strictly_readable("certificate", issued.certificate.data, issued.certificate.length, directory, pool),
       "CRT-5: a strict reader takes it");
    ok(certificate != NULL && X509_get_version(certificate) == X509_VERSION_3, "version 3 (CRT-5)");
    ok(X509_verify(certificate, X509_get0_pubkey(issuer)) == 1, "signed by the CA");
    ok(same_text(issued.serial, "4a0102030405060708090a0b0c0d0e0f"), "with the serial of the request (S23)");
    X509_digest(certificate, EVP_sha256(), digest, NULL);
    ok(same_text(issued.fingerprint, anshin_hex(digest, 32, pool)), "the fingerprint is that of the DER");
    ok(X509_check_ca(certificate) == 0 && is_critical(certificate, NID_basic_constraints),
       "basicConstraints CA:FALSE, critical (CRT-5)");
    ok(X509_get_key_usage(certificate) == KU_DIGITAL_SIGNATURE && is_critical(certificate, NID_key_usage),
       "keyUsage digitalSignature alone, critical (CRT-5)");
    ok(X509_get_extended_key_usage(certificate) == XKU_SSL_CLIENT, "extendedKeyUsage clientAuth alone (CRT-5)");
    ok(X509_get0_subject_key_id(certificate) != NULL &&
           ASN1_STRING_cmp(X509_get0_authority_key_id(certificate), X509_get0_subject_key_id(issuer)) == 0,
       "SKI, and AKI that is the CA's SKI (CRT-5)");
    ok(same_text(url_of(certificate, NID_crl_distribution_points), wanted.crl_url),
       "CRL distribution point, with commas and semicolons as they are (CRT-5)");
    ok(same_text(url_of(certificate, NID_info_access), wanted.ocsp_url), "OCSP URL (CRT-5)");
    mails = X509_get1_email(certificate);
    ok(sk_OPENSSL_STRING_num(mails) == 1 && same_text(sk_OPENSSL_STRING_value(mails, 0), "taro@example.jp"),
       "mail address in subjectAltName");
    X509_email_free(mails);
    ok(subject_is_typed(certificate), "subject in UTF8String, country and serialNumber in PrintableString (RFC 5280)");
    end = (time_t)apr_time_sec(issued.not_after);
    before = end - 1;
    ok(issued.not_before == now && issued.not_after == now + 365 * DAY &&
           X509_cmp_time(X509_get0_notAfter(certificate), &before) == 1 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &end) == -1,
       "the dates asked for");
    X509_free(certificate);
    X509_free(issuer);
}

static void test_judged_good(void)
{
    static const anshin_key_type_t types[] = {ANSHIN_KEY_P256, ANSHIN_KEY_RSA2048, ANSHIN_KEY_RSA3072,
                                              ANSHIN_KEY_ED25519};
    static const char *const names[] = {"P-256", "RSA-2048", "RSA-3072", "Ed25519"};
    anshin_trust_t *trust;
    anshin_error_t err;

    anshin_error_clear(&err);
    anshin_trust_load(&trust, in_directory("ca.crt"), NULL, &err, pool);
    for (int i = 0; i < 4; i++) {
        anshin_issue_t wanted = request();
        anshin_issued_t issued;
        anshin_presented_t facts = {.state = ANSHIN_PRESENTED_NONE};
        anshin_key_t *user;

        ok(anshin_key_make(&user, types[i], &err, pool) == APR_SUCCESS &&
               anshin_key_public(&wanted.public_key, user, &err, pool) == APR_SUCCESS &&
               issue(&issued, ca, &wanted, &err) == APR_SUCCESS &&
               anshin_x509_check(&facts, issued.certificate, trust, now + DAY, &err, pool) == APR_SUCCESS &&
               facts.state == ANSHIN_PRESENTED_GOOD && same_text(facts.serial, issued.serial) &&
               same_text(facts.fingerprint, issued.fingerprint) && same_text(facts.name, "山田 太郎 01") &&
               facts.not_before == issued.not_before && facts.not_after == issued.not_after,
           "%s: what was issued is judged good, with the same serial, fingerprint, name and dates (S20)", names[i]);
    }
}

static void test_minimal(void)
{
    anshin_issue_t wanted = request();
    anshin_issued_t issued;
    anshin_error_t err;
    const unsigned char *at;
    X509 *certificate = NULL;

    wanted.organization = wanted.organizational_unit = wanted.subject_serial = wanted.country = NULL;
    wanted.mail = wanted.crl_url = "";
    wanted.ocsp_url = NULL;
    if (ok(issue(&issued, ca, &wanted, &err) == APR_SUCCESS, "a name is enough (%s)", err.text)) {
        at = issued.certificate.data;
        certificate = d2i_X509(NULL, &at, (long)issued.certificate.length);
    }
    ok(strictly_readable("certificate", issued.certificate.data, issued.certificate.length, directory, pool),
       "CRT-5: a strict reader takes it");
    ok(certificate != NULL && X509_get_ext_count(certificate) == 5 &&
           X509_NAME_entry_count(X509_get_subject_name(certificate)) == 1,
       "what was not asked for is not in it");
    X509_free(certificate);
}

static void test_ca_types(void)
{
    static const anshin_key_type_t types[] = {ANSHIN_KEY_RSA2048, ANSHIN_KEY_ED25519};
    static const char *const names[] = {"rsa", "ed25519"};

    for (int i = 0; i < 2; i++) {
        anshin_ca_wanted_t wanted = ca_wanted(types[i]);
        anshin_issue_t asked = request();
        anshin_issued_t issued;
        anshin_ca_t *opened;
        anshin_error_t err;

        ok(create(names[i], &wanted, &err) == APR_SUCCESS && open_ca(&opened, names[i], NULL, &err) == APR_SUCCESS &&
               issue(&issued, opened, &asked, &err) == APR_SUCCESS,
           "a CA with a key of type %s issues (%s)", names[i], err.text);
    }
}

static void test_serials(void)
{
    static const unsigned char zeros[20] = {0};
    static const unsigned char high[20] = {0x80, 1};
    static const unsigned char largest[20] = {0x7f, 0xff};
    static const unsigned char padded[3] = {0, 0, 7};
    static const unsigned char sign[1] = {0xff};
    static const unsigned char long_one[21] = {0, 1};
    anshin_issue_t wanted = request();
    anshin_issued_t issued;
    anshin_error_t err;

    wanted.serial = (anshin_bytes_t){zeros, 0};
    ok(is_refused(&wanted, "serial"), "no serial: refused (S23)");
    wanted.serial = (anshin_bytes_t){zeros, 1};
    ok(is_refused(&wanted, "serial"), "serial 0: refused (S23)");
    wanted.serial.length = 20;
    ok(is_refused(&wanted, "serial"), "20 octets of 0: refused (S23)");
    wanted.serial = (anshin_bytes_t){high, 20};
    ok(is_refused(&wanted, "serial"), "20 octets that need a 21st for the sign: refused (S23)");
    wanted.serial = (anshin_bytes_t){long_one, 21};
    ok(is_refused(&wanted, "serial"), "21 octets: refused (S23)");
    wanted.serial = (anshin_bytes_t){largest, 20};
    ok(issue(&issued, ca, &wanted, &err) == APR_SUCCESS && strncmp(issued.serial, "7fff", 4) == 0 &&
           strlen(issued.serial) == 40,
       "20 octets: taken (S23)");
    wanted.serial = (anshin_bytes_t){padded, 3};
    ok(issue(&issued, ca, &wanted, &err) == APR_SUCCESS && same_text(issued.serial, "07"),
       "leading zero octets are not part of the record's key");
    wanted.serial = (anshin_bytes_t){sign, 1};
    ok(issue(&issued, ca, &wanted, &err) == APR_SUCCESS && same_text(issued.serial, "ff"),
       "a first bit of 1 does not make it negative (S23)");
}

static void test_refused_texts(void)
{
    anshin_issue_t wanted = request();
    char text[80];

    wanted.common_name = NULL;
    ok(is_refused(&wanted, "common name"), "no common name: refused");
    memset(text, 'x', 65);
    text[65] = '\0';
    wanted.common_name = text;
    ok(is_refused(&wanted, "common name"), "65 characters: refused (RFC 5280)");
    wanted.common_name = "a\r\nb";
    ok(is_refused(&wanted, "common name"), "CR and LF: refused (S27)");
    wanted.common_name = "a\xc0\xaf";
    ok(is_refused(&wanted, "common name"), "not UTF-8: refused");
    wanted = request();
    wanted.country = "jp";
    ok(is_refused(&wanted, "country"), "a country in lower case: refused");
    wanted = request();
    wanted.subject_serial = "日本";
    ok(is_refused(&wanted, "subject serial"), "a serialNumber that is not a PrintableString: refused");
    wanted = request();
    wanted.organizational_unit = "a\x7f";
    ok(is_refused(&wanted, "organizational unit"), "DEL: refused (S27)");
    wanted = request();
    wanted.mail = "taro@例え.jp";
    ok(is_refused(&wanted, "mail"), "a mail address that is not ASCII: refused");
    wanted.mail = "taro";
    ok(is_refused(&wanted, "mail"), "one without @: refused");
    wanted.mail = "taro@example.jp\nBcc: x@y";
    ok(is_refused(&wanted, "mail"), "one with a line feed: refused (S27)");
    wanted = request();
    wanted.crl_url = "file:///etc/passwd";
    ok(is_refused(&wanted, "CRL"), "a CRL URL of another scheme: refused");
    wanted.crl_url = "http://a b/";
    ok(is_refused(&wanted, "CRL"), "one with a space: refused");
    wanted = request();
    wanted.ocsp_url = "ldap://ca.example.jp/";
    ok(is_refused(&wanted, "OCSP"), "an OCSP URL of another scheme: refused");
}

static void test_dates(void)
{
    anshin_ca_wanted_t brief_wanted = ca_wanted(ANSHIN_KEY_P256);
    anshin_issue_t wanted = request();
    anshin_issued_t issued;
    anshin_ca_t *brief;
    anshin_error_t err;

    wanted.not_after = wanted.not_before;
    ok(is_refused(&wanted, "time"), "no time at all: refused");
    wanted.not_before = -1;
    ok(is_refused(&wanted, "time"), "before 1970: refused");
    brief_wanted.not_after = now + 100 * DAY;
    create("brief", &brief_wanted, &err);
    open_ca(&brief, "brief", NULL, &err);
    wanted = request();
    wanted.not_before = now - 2 * DAY;
    ok(issue(&issued, brief, &wanted, &err) == APR_SUCCESS && issued.not_after == now + 100 * DAY,
       "never beyond the CA's own end (RFC 5280)");
    ok(issued.not_before == now - DAY, "nor before its beginning");
    wanted.not_before = now + 100 * DAY;
    wanted.not_after = now + 200 * DAY;
    ok(issue(&issued, brief, &wanted, &err) == ANSHIN_EDENIED, "after its end: denied (%s)", err.text);
    wanted = request();
    wanted.not_before = now + 900000;
    ok(issue(&issued, ca, &wanted, &err) == APR_SUCCESS && issued.not_before == now, "whole seconds");
    wanted.not_before = APR_TIME_C(2524608000000000) - DAY;
    wanted.not_after = APR_TIME_C(2524608000000000) + DAY;
    brief_wanted.not_after = APR_TIME_C(4102444800000000);
    create("century", &brief_wanted, &err);
    open_ca(&brief, "century", NULL, &err);
    ok(issue(&issued, brief, &wanted, &err) == APR_SUCCESS && issued.not_after == wanted.not_after,
       "over the turn of 2050, where UTCTime ends");
}

/* SubjectPublicKeyInfo of a key, in pool. */
static anshin_bytes_t spki(EVP_PKEY *pkey)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(pkey, &der);
    anshin_bytes_t bytes = {apr_pmemdup(pool, der, (apr_size_t)length), (apr_size_t)length};

    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    return bytes;
}

static EVP_PKEY *rsa_with_exponent_3(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    BIGNUM *three = BN_new();
    EVP_PKEY *made = NULL;

    BN_set_word(three, 3);
    if (EVP_PKEY_keygen_init(ctx) <= 0 || EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, three) <= 0 ||
        EVP_PKEY_keygen(ctx, &made) <= 0) {
        printf("# no key with exponent 3\n");
    }
    BN_free(three);
    EVP_PKEY_CTX_free(ctx);
    return made;
}

static void test_keys(void)
{
    anshin_issue_t wanted = request();
    anshin_bytes_t good = wanted.public_key;
    unsigned char *copy = apr_pmemdup(pool, good.data, good.length);
    int cut = 0;
    anshin_issued_t issued;
    anshin_error_t err;

    for (apr_size_t i = 0; i < good.length; i++) {
        unsigned char *piece = malloc(i + 1);

        memcpy(piece, good.data, i);
        wanted.public_key = (anshin_bytes_t){piece, i};
        cut += is_refused(&wanted, "public key");
        free(piece);
    }
    ok(cut == (int)good.length, "a public key cut at each of %d places: refused", cut);
    copy[good.length - 1] ^= 1;
    wanted.public_key = (anshin_bytes_t){copy, good.length};
    ok(is_refused(&wanted, "public key"), "a point that is not on the curve: refused");
    wanted.public_key = spki(build_key("RSA", 1024));
    ok(is_refused(&wanted, "public key"), "RSA of 1,024 bits: refused");
    wanted.public_key = spki(rsa_with_exponent_3());
    ok(is_refused(&wanted, "public key"), "RSA with exponent 3: refused");
    wanted.public_key = spki(EVP_EC_gen("secp256k1"));
    ok(is_refused(&wanted, "public key"), "a curve that browsers do not know: refused");
    wanted.public_key = spki(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
    ok(is_refused(&wanted, "public key"), "a key that cannot sign: refused");
    wanted.public_key = spki(EVP_EC_gen("P-384"));
    ok(issue(&issued, ca, &wanted, &err) == APR_SUCCESS, "P-384: taken");
}

static void *issue_many(void *data)
{
    int *failed = data;
    apr_pool_t *mine;

    apr_pool_create(&mine, NULL);
    for (int i = 0; i < 50; i++) {
        anshin_issue_t wanted = {.serial = {serial, sizeof(serial)},
                                 .common_name = "thread",
                                 .uses = 1 << ANSHIN_USE_CLIENT,
                                 .not_before = now,
                                 .not_after = now + DAY};
        anshin_issued_t issued;
        anshin_error_t err;
        anshin_key_t *own;

        anshin_error_clear(&err);
        *failed += anshin_key_make(&own, ANSHIN_KEY_P256, &err, mine) != APR_SUCCESS ||
                   anshin_key_public(&wanted.public_key, own, &err, mine) != APR_SUCCESS ||
                   anshin_ca_issue(&issued, ca, &wanted, &err, mine) != APR_SUCCESS;
        apr_pool_clear(mine);
    }
    apr_pool_destroy(mine);
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[4];
    int failed[4] = {0};

    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, issue_many, &failed[i]);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    ok(failed[0] + failed[1] + failed[2] + failed[3] == 0, "four threads issue from one CA");
}

int main(void)
{
    anshin_ca_wanted_t wanted;
    anshin_error_t err;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    anshin_error_clear(&err);
    ok(anshin_key_make(&key, ANSHIN_KEY_P256, &err, pool) == APR_SUCCESS, "a key is made (%s)", err.text);
    wanted = ca_wanted(ANSHIN_KEY_P256);
    if (!ok(create("ca", &wanted, &err) == APR_SUCCESS && open_ca(&ca, "ca", NULL, &err) == APR_SUCCESS,
            "a CA is made and opened (%s)", err.text)) {
        return done();
    }
    test_profile();
    test_judged_good();
    test_minimal();
    test_ca_types();
    test_serials();
    test_refused_texts();
    test_dates();
    test_keys();
    test_threads();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
