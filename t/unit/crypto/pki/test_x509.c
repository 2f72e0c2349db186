/*
 * Judging client certificates: good, expired, early, foreign, unsuitable, forged and garbled ones (S20, LOG-3).
 */
#include <sys/stat.h>

#include <apr_general.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/pki/x509.h"

#include "unit/certificate_builder.h"
#include "unit/scratch.h"
#include "unit/tap.h"

#define DAY apr_time_from_sec(86400)

static apr_pool_t *pool;
static const char *directory;
static const apr_time_t now = APR_TIME_C(1800000000000000); /* 2027-01-15 */
static EVP_PKEY *ca_key;
static EVP_PKEY *user_key;
static X509 *ca;
static anshin_trust_t *trust;

static const char *write_pem(const char *name, X509 *one, X509 *two)
{
    const char *path = apr_pstrcat(pool, directory, "/", name, NULL);
    FILE *file = fopen(path, "w");

    if (file == NULL || !PEM_write_X509(file, one) || (two != NULL && !PEM_write_X509(file, two)) ||
        fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    return path;
}

static apr_status_t load(anshin_trust_t **loaded, const char *path, anshin_error_t *err)
{
    anshin_error_clear(err);
    return anshin_trust_load(loaded, path, NULL, err, pool);
}

/* Judges the DER form, frees the certificate. */
static anshin_presented_t judge_with(X509 *certificate, const anshin_trust_t *by, apr_time_t when)
{
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);
    unsigned char *copy = malloc((apr_size_t)length); /* so that a sanitizer sees its end */
    anshin_presented_t facts;
    anshin_error_t err;

    anshin_error_clear(&err);
    memcpy(copy, der, (apr_size_t)length);
    if (anshin_x509_check(&facts, (anshin_bytes_t){copy, (apr_size_t)length}, by, when, &err, pool) != APR_SUCCESS) {
        printf("# %s\n", err.text);
    }
    if (ERR_peek_error() != 0) {
        printf("not ok - OpenSSL's error queue is left empty\n");
        exit(1);
    }
    free(copy);
    OPENSSL_free(der);
    X509_free(certificate);
    return facts;
}

static anshin_presented_t judge(const build_t *wanted)
{
    return judge_with(build_certificate(wanted), trust, now);
}

/* A good one, to be spoilt. */
static build_t good(void)
{
    return (build_t){.cn = "alice 01",
                     .key = user_key,
                     .issuer = ca,
                     .issuer_key = ca_key,
                     .not_before = now - DAY,
                     .not_after = now + 365 * DAY,
                     .serial = "0A0B0C",
                     .constraints = "critical,CA:FALSE",
                     .usage = "critical,digitalSignature",
                     .extended = "clientAuth"};
}

static void test_good(void)
{
    build_t wanted = good();
    X509 *certificate = build_certificate(&wanted);
    unsigned char digest[32];
    anshin_presented_t facts;

    X509_digest(certificate, EVP_sha256(), digest, NULL);
    facts = judge_with(certificate, trust, now);
    ok(facts.state == ANSHIN_PRESENTED_GOOD, "a certificate of ours is good (S20)");
    ok(same_text(facts.serial, "0a0b0c"), "serial, whole octets: %s", facts.serial);
    ok(same_text(facts.fingerprint, anshin_hex(digest, 32, pool)), "fingerprint");
    ok(same_text(facts.name, "alice 01"), "CN");
    ok(facts.not_before == now - DAY && facts.not_after == now + 365 * DAY, "dates");
}

static void test_dates(void)
{
    build_t wanted = good();

    wanted.not_after = now - apr_time_from_sec(1);
    ok(judge(&wanted).state == ANSHIN_PRESENTED_EXPIRED, "expired a second ago (S20)");
    wanted.not_after = now;
    ok(judge(&wanted).state == ANSHIN_PRESENTED_EXPIRED, "OpenSSL ends it with the beginning of its last second");
    wanted.not_after = now + apr_time_from_sec(1);
    ok(judge(&wanted).state == ANSHIN_PRESENTED_GOOD, "good a second before");
    wanted = good();
    wanted.not_before = now + apr_time_from_sec(1);
    ok(judge(&wanted).state == ANSHIN_PRESENTED_NOT_YET_VALID, "begins in a second (S20)");
    wanted.not_before = now;
    ok(judge(&wanted).state == ANSHIN_PRESENTED_GOOD, "good in its first second");
    wanted = good();
    ok(judge_with(build_certificate(&wanted), trust, now + 366 * DAY).state == ANSHIN_PRESENTED_EXPIRED,
       "the clock is the caller's");
    wanted.not_before = now + DAY;
    wanted.not_after = now - DAY;
    ok(judge(&wanted).state == ANSHIN_PRESENTED_EXPIRED, "never valid at all: expired, so not good");
}

static void test_foreign(void)
{
    EVP_PKEY *other_key = build_key("EC", 0);
    X509 *same_name = build_ca("Test CA", other_key);
    X509 *other = build_ca("Other CA", other_key);
    build_t wanted = good();
    X509 *intermediate;

    wanted.issuer = other;
    wanted.issuer_key = other_key;
    ok(judge(&wanted).state == ANSHIN_PRESENTED_FOREIGN, "another CA: foreign (S20)");
    wanted.issuer = same_name;
    ok(judge(&wanted).state == ANSHIN_PRESENTED_FOREIGN, "another CA of our name: foreign (S20)");
    wanted.not_after = now - DAY;
    ok(judge(&wanted).state == ANSHIN_PRESENTED_FOREIGN, "the same, expired: foreign, not expired (LOG-3)");
    wanted = good();
    wanted.issuer = NULL;
    wanted.issuer_key = user_key;
    ok(judge(&wanted).state == ANSHIN_PRESENTED_FOREIGN, "self-signed: foreign (S20)");

    /* A user's certificate is no CA, though our CA signed it. */
    wanted = good();
    intermediate = build_certificate(&wanted);
    wanted.issuer = intermediate;
    wanted.issuer_key = user_key;
    wanted.key = other_key;
    ok(judge(&wanted).state == ANSHIN_PRESENTED_FOREIGN, "signed by a user of ours: foreign (S20)");
    X509_free(intermediate);
    X509_free(same_name);
    X509_free(other);
    EVP_PKEY_free(other_key);
}

static void test_unsuitable(void)
{
    build_t wanted = good();

    wanted.extended = NULL;
    ok(judge(&wanted).state == ANSHIN_PRESENTED_UNSUITABLE, "no extended key usage: unsuitable (S20)");
    wanted.extended = "serverAuth";
    ok(judge(&wanted).state == ANSHIN_PRESENTED_UNSUITABLE, "for servers: unsuitable (S20)");
    wanted.extended = "anyExtendedKeyUsage";
    ok(judge(&wanted).state == ANSHIN_PRESENTED_UNSUITABLE, "for anything: unsuitable (S20)");
    wanted.extended = "serverAuth,clientAuth";
    ok(judge(&wanted).state == ANSHIN_PRESENTED_GOOD, "for servers and clients: good");
    wanted.not_after = now - DAY;
    wanted.extended = "serverAuth";
    ok(judge(&wanted).state == ANSHIN_PRESENTED_UNSUITABLE, "unsuitable and expired: unsuitable");
    wanted = good();
    wanted.usage = "critical,keyEncipherment";
    ok(judge(&wanted).state == ANSHIN_PRESENTED_UNSUITABLE, "key usage without digitalSignature: unsuitable (S20)");
    ok(judge_with(X509_dup(ca), trust, now).state == ANSHIN_PRESENTED_UNSUITABLE,
       "the CA's own certificate: unsuitable");
}

static void test_serials(void)
{
    build_t wanted = good();
    anshin_presented_t facts;

    wanted.serial = "-05";
    facts = judge(&wanted);
    ok(facts.state == ANSHIN_PRESENTED_UNSUITABLE && same_text(facts.serial, ""),
       "a negative serial: unsuitable (S23)");
    wanted.serial = "00";
    ok(judge(&wanted).state == ANSHIN_PRESENTED_UNSUITABLE, "serial 0: unsuitable (S23)");
    wanted.serial = "80";
    facts = judge(&wanted);
    ok(facts.state == ANSHIN_PRESENTED_GOOD && same_text(facts.serial, "80"),
       "its sign octet is not part of the text: %s", facts.serial);
    wanted.serial = "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
    facts = judge(&wanted);
    ok(facts.state == ANSHIN_PRESENTED_GOOD && strlen(facts.serial) == 40, "20 octets: good (S23)");
    wanted.serial = "017FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
    ok(judge(&wanted).state == ANSHIN_PRESENTED_UNSUITABLE, "21 octets: unsuitable (S23)");
}

static void test_weak(void)
{
    EVP_PKEY *weak = build_key("RSA", 1024);
    EVP_PKEY *rsa = build_key("RSA", 2048);
    build_t wanted = good();

    wanted.key = weak;
    ok(judge(&wanted).state == ANSHIN_PRESENTED_FOREIGN, "RSA with 1,024 bits: not believed");
    wanted.key = rsa;
    ok(judge(&wanted).state == ANSHIN_PRESENTED_GOOD, "RSA with 2,048 bits: good");
    wanted.digest = EVP_sha1();
    ok(judge(&wanted).state == ANSHIN_PRESENTED_FOREIGN, "signed over SHA-1: not believed");
    EVP_PKEY_free(weak);
    EVP_PKEY_free(rsa);
}

static void test_names(void)
{
    static const char separators[] = "a\xe2\x80\xa8z\xe2\x80\xaez\xc2\x85z\xe2\x81\xa6!";
    build_t wanted = good();
    char long_name[400];

    wanted.cn = "山田太郎 é";
    ok(same_text(judge(&wanted).name, "山田太郎 é"), "UTF-8 stays as it is");
    wanted.cn = "a\r\nb\tc\x7f";
    ok(same_text(judge(&wanted).name, "a??b?c?"), "control characters are gone (S27)");
    wanted.cn = "admin\0.example";
    wanted.cn_length = 14;
    ok(same_text(judge(&wanted).name, "admin?.example"), "a NUL does not end the name (S27)");
    wanted.cn_length = 0;
    wanted.cn = separators;
    ok(same_text(judge(&wanted).name, "a?z?z?z?!"), "nor do separators and turned writing pass (S27)");
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    memcpy(long_name + 254, "\xe5\xb1\xb1", 3);
    wanted.cn = long_name;
    ok(strlen(judge(&wanted).name) == 254, "a long name is cut between characters (S32)");
}

static void test_garbled(void)
{
    build_t wanted = good();
    X509 *certificate = build_certificate(&wanted);
    unsigned char *der = NULL;
    apr_size_t length = (apr_size_t)i2d_X509(certificate, &der);
    anshin_presented_t facts;
    anshin_error_t err;
    int cut = 0;
    int turned = 0;

    anshin_error_clear(&err);
    for (apr_size_t i = 0; i < length; i++) {
        unsigned char *copy = malloc(i + 1);

        memcpy(copy, der, i);
        cut += anshin_x509_check(&facts, (anshin_bytes_t){copy, i}, trust, now, &err, pool) == APR_SUCCESS &&
               facts.state == ANSHIN_PRESENTED_FOREIGN && facts.fingerprint[0] == '\0';
        free(copy);
    }
    ok(cut == (int)length, "cut at each of %d places: foreign (S20)", cut);
    for (apr_size_t i = 0; i < length; i++) {
        unsigned char *copy = malloc(length);

        memcpy(copy, der, length);
        copy[i] ^= 0x01;
        turned += anshin_x509_check(&facts, (anshin_bytes_t){copy, length}, trust, now, &err, pool) == APR_SUCCESS &&
                  facts.state != ANSHIN_PRESENTED_GOOD && facts.state != ANSHIN_PRESENTED_FAULT;
        free(copy);
    }
    ok(turned == (int)length, "a bit turned in each of %d octets: never good (S20)", turned);
    der = OPENSSL_realloc(der, length + 1);
    der[length] = 0;
    ok(anshin_x509_check(&facts, (anshin_bytes_t){der, length + 1}, trust, now, &err, pool) == APR_SUCCESS &&
           facts.state == ANSHIN_PRESENTED_FOREIGN,
       "an octet too many: foreign");
    ok(anshin_x509_check(&facts, anshin_bytes_of(""), trust, now, &err, pool) == APR_SUCCESS &&
           facts.state == ANSHIN_PRESENTED_FOREIGN,
       "nothing: foreign");
    OPENSSL_free(der);
    X509_free(certificate);
}

static void test_trust(void)
{
    EVP_PKEY *other_key = build_key("EC", 0);
    X509 *other = build_ca("Other CA", other_key);
    build_t issuing_ca = {.cn = "Issuing CA",
                          .key = other_key,
                          .issuer = ca,
                          .issuer_key = ca_key,
                          .serial = "77",
                          .constraints = "critical,CA:TRUE,pathlen:0",
                          .usage = "critical,keyCertSign,cRLSign"};
    X509 *issuing = build_certificate(&issuing_ca);
    build_t wanted = good();
    X509 *leaf = build_certificate(&wanted);
    const char *empty = apr_pstrcat(pool, directory, "/empty.pem", NULL);
    const char *broken = apr_pstrcat(pool, directory, "/broken.pem", NULL);
    static const char half[] = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    anshin_trust_t *loaded;
    anshin_error_t err;

    ok(load(&loaded, write_pem("two.pem", other, ca), &err) == APR_SUCCESS &&
           judge_with(X509_dup(leaf), loaded, now).state == ANSHIN_PRESENTED_GOOD,
       "two CAs in a file: either may have signed");
    wanted.issuer = issuing;
    wanted.issuer_key = other_key;
    ok(load(&loaded, write_pem("issuing.pem", issuing, NULL), &err) == APR_SUCCESS &&
           judge_with(build_certificate(&wanted), loaded, now).state == ANSHIN_PRESENTED_GOOD,
       "an issuing CA alone is enough, without its root");
    ok(judge_with(X509_dup(leaf), loaded, now).state == ANSHIN_PRESENTED_FOREIGN,
       "and its root's own certificates are not");
    ok(load(&loaded, write_pem("leaf.pem", ca, leaf), &err) == ANSHIN_EINVALID, "no CA certificate: refused (%s)",
       err.text);
    scratch_write(empty, "# nothing\n", 10, 0644);
    ok(load(&loaded, empty, &err) == ANSHIN_EINVALID, "no certificate: refused (%s)", err.text);
    scratch_write(broken, half, sizeof(half) - 1, 0644);
    ok(load(&loaded, broken, &err) == ANSHIN_EINVALID, "half a certificate: refused (%s)", err.text);
    ok(load(&loaded, apr_pstrcat(pool, directory, "/missing.pem", NULL), &err) == ANSHIN_ENOTFOUND, "no file (%s)",
       err.text);
    X509_free(leaf);
    X509_free(issuing);
    X509_free(other);
    EVP_PKEY_free(other_key);
}

int main(void)
{
    anshin_error_t err;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    ca_key = build_key("EC", 0);
    user_key = build_key("EC", 0);
    ca = build_ca("Test CA", ca_key);
    if (!ok(load(&trust, write_pem("ca.pem", ca, NULL), &err) == APR_SUCCESS, "a CA loaded (%s)", err.text)) {
        return done();
    }
    test_good();
    test_dates();
    test_foreign();
    test_unsuitable();
    test_serials();
    test_weak();
    test_names();
    test_garbled();
    test_trust();
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(user_key);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
