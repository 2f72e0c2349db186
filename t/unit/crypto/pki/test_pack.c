/*
 * PKCS#12 files: both profiles read back by OpenSSL, by its command, by NSS and by Java where they are installed
 * (CRT-2, CRT-3, S24).
 */
#include <sys/wait.h>

#include <apr_general.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "crypto/pki/pack.h"

#include "unit/certificate_builder.h"
#include "unit/left.h"
#include "unit/scratch.h"
#include "unit/tap.h"

#define PASSWORD "k7mq-x4fw-9tzr"

static apr_pool_t *pool;
static const char *directory;
static anshin_key_t *key;
static anshin_bytes_t own; /* the user's certificate */
static anshin_bytes_t chain[2];

static anshin_bytes_t der_of(X509 *certificate)
{
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);
    anshin_bytes_t bytes = {apr_pmemdup(pool, der, (apr_size_t)length), (apr_size_t)length};

    OPENSSL_free(der);
    X509_free(certificate);
    return bytes;
}

/* A certificate for a key of ours, signed by a CA of the test. */
static void prepare(void)
{
    EVP_PKEY *ca_key = build_key("EC", 0);
    EVP_PKEY *root_key = build_key("EC", 0);
    X509 *ca = build_ca("Test CA", ca_key);
    anshin_error_t err;
    anshin_bytes_t spki;
    build_t wanted = {
        .cn = "山田 太郎 01", .issuer = ca, .issuer_key = ca_key, .serial = "4711", .extended = "clientAuth"};
    const unsigned char *at;

    anshin_error_clear(&err);
    anshin_key_make(&key, ANSHIN_KEY_P256, &err, pool);
    anshin_key_public(&spki, key, &err, pool);
    at = spki.data;
    wanted.key = d2i_PUBKEY(NULL, &at, (long)spki.length);
    own = der_of(build_certificate(&wanted));
    EVP_PKEY_free(wanted.key);
    chain[0] = der_of(ca);
    chain[1] = der_of(build_ca("Test Root", root_key));
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(root_key);
}

static apr_status_t pack(anshin_bytes_t *file, anshin_pack_profile_t profile, const char *password, anshin_error_t *err)
{
    apr_status_t status;

    anshin_error_clear(err);
    status =
        anshin_pack(file, &(anshin_pack_facts_t){profile, password, "山田 太郎 01", key, &own, chain, 2}, err, pool);
    if (ERR_peek_error() != 0) {
        printf("not ok - OpenSSL's error queue is left empty\n");
        exit(1);
    }
    return status;
}

static int opens(const anshin_bytes_t *file, const char *password)
{
    const unsigned char *at = file->data;
    PKCS12 *p12 = d2i_PKCS12(NULL, &at, (long)file->length);
    EVP_PKEY *pkey = NULL;
    X509 *certificate = NULL;
    STACK_OF(X509) *others = NULL;
    char *name = NULL;
    int good = p12 != NULL && PKCS12_parse(p12, password, &pkey, &certificate, &others) && pkey != NULL &&
               certificate != NULL && X509_check_private_key(certificate, pkey) && sk_X509_num(others) == 2;

    if (good) {
        int length = 0;

        name = (char *)X509_alias_get0(certificate, &length);
        good = length == (int)strlen("山田 太郎 01") && memcmp(name, "山田 太郎 01", (apr_size_t)length) == 0;
    }
    PKCS12_free(p12);
    EVP_PKEY_free(pkey);
    X509_free(certificate);
    sk_X509_pop_free(others, X509_free);
    ERR_clear_error();
    return good;
}

static int iterations_are(const anshin_bytes_t *file, long wanted, int mac_nid)
{
    const unsigned char *at = file->data;
    PKCS12 *p12 = d2i_PKCS12(NULL, &at, (long)file->length);
    const ASN1_INTEGER *count;
    const X509_ALGOR *mac;
    const ASN1_OBJECT *digest;
    int good;

    PKCS12_get0_mac(NULL, &mac, NULL, &count, p12);
    X509_ALGOR_get0(&digest, NULL, NULL, mac);
    good = ASN1_INTEGER_get(count) == wanted && OBJ_obj2nid(digest) == mac_nid;
    PKCS12_free(p12);
    return good;
}

static void test_profiles(void)
{
    anshin_bytes_t modern;
    anshin_bytes_t compat;
    anshin_error_t err;

    ok(pack(&modern, ANSHIN_PACK_MODERN, PASSWORD, &err) == APR_SUCCESS, "modern is packed (%s)", err.text);
    ok(opens(&modern, PASSWORD), "modern opens with its password: key, certificate, CAs, name (CRT-3)");
    ok(iterations_are(&modern, 10000, NID_sha256), "its MAC is SHA-256 with 10,000 iterations (CRT-3)");
    ok(!opens(&modern, "k7mq-x4fw-9tzs") && !opens(&modern, "") && !opens(&modern, NULL),
       "and with no other password (CRT-2)");
    ok(pack(&compat, ANSHIN_PACK_COMPAT, PASSWORD, &err) == APR_SUCCESS, "compat is packed (%s)", err.text);
    ok(opens(&compat, PASSWORD), "compat opens with its password, without the legacy provider (CRT-3)");
    ok(iterations_are(&compat, 2048, NID_sha1), "its MAC is SHA-1 with 2,048 iterations (CRT-3)");
    ok(!opens(&compat, "k7mq-x4fw-9tzs") && !opens(&compat, ""), "and with no other password (CRT-2)");
    scratch_write(apr_pstrcat(pool, directory, "/modern.p12", NULL), modern.data, modern.length, 0600);
    scratch_write(apr_pstrcat(pool, directory, "/compat.p12", NULL), compat.data, compat.length, 0600);
}

static void test_wiped(void)
{
    left_t left = {.count = 1};
    apr_pool_t *child;
    anshin_error_t err;

    apr_pool_create(&child, pool);
    apr_pool_cleanup_register(child, &left, left_count, apr_pool_cleanup_null);
    anshin_error_clear(&err);
    anshin_pack(&left.octets, &(anshin_pack_facts_t){ANSHIN_PACK_COMPAT, PASSWORD, "x", key, &own, chain, 1}, &err,
                child);
    ok(((const unsigned char *)left.octets.data)[0] == 0x30, "a PKCS#12 file lies in the pool");
    apr_pool_clear(child);
    ok(left.count == 0, "the end of the pool has wiped it (S24): %d octets left", (int)left.count);
    apr_pool_destroy(child);
}

static void test_refused(void)
{
    anshin_bytes_t file;
    anshin_error_t err;
    anshin_bytes_t broken = {own.data, own.length - 1};
    anshin_key_t *other;

    ok(pack(&file, ANSHIN_PACK_MODERN, "short12", &err) == ANSHIN_EINVALID, "a password of 7 characters: refused (%s)",
       err.text);
    ok(pack(&file, ANSHIN_PACK_MODERN, "パスワードパスワード", &err) == ANSHIN_EINVALID,
       "one that is not ASCII: refused, Java would not open it");
    ok(pack(&file, ANSHIN_PACK_MODERN, "abcdefgh\n", &err) == ANSHIN_EINVALID, "one with a line feed: refused");
    anshin_error_clear(&err);
    ok(anshin_pack(&file, &(anshin_pack_facts_t){ANSHIN_PACK_MODERN, PASSWORD, "x", key, &broken, chain, 2}, &err,
                   pool) == ANSHIN_EINVALID,
       "half a certificate: refused (%s)", err.text);
    anshin_error_clear(&err);
    ok(anshin_pack(&file, &(anshin_pack_facts_t){ANSHIN_PACK_MODERN, PASSWORD, "x", key, &own, &broken, 1}, &err,
                   pool) == ANSHIN_EINVALID,
       "half a CA certificate: refused (%s)", err.text);
    anshin_error_clear(&err);
    ok(anshin_pack(&file, &(anshin_pack_facts_t){ANSHIN_PACK_MODERN, PASSWORD, "x", key, &own, chain, 0}, &err, pool) ==
           ANSHIN_EINVALID,
       "no CA: refused (%s)", err.text);
    anshin_error_clear(&err);
    anshin_key_make(&other, ANSHIN_KEY_P256, &err, pool);
    ok(anshin_pack(&file, &(anshin_pack_facts_t){ANSHIN_PACK_MODERN, PASSWORD, "x", other, &own, chain, 2}, &err,
                   pool) == ANSHIN_EINVALID,
       "another key: refused (%s)", err.text);
}

static void test_key_types(void)
{
    static const anshin_key_type_t types[] = {ANSHIN_KEY_RSA2048, ANSHIN_KEY_ED25519};
    static const char *const names[] = {"RSA-2048", "Ed25519"};

    for (int i = 0; i < 2; i++) {
        anshin_key_t *made;
        anshin_bytes_t spki;
        anshin_bytes_t file;
        anshin_bytes_t certificate;
        anshin_error_t err;
        const unsigned char *at;
        PKCS12 *p12;
        EVP_PKEY *ca_key = build_key("EC", 0);
        X509 *ca = build_ca("Test CA", ca_key);
        build_t wanted = {.cn = "x", .issuer = ca, .issuer_key = ca_key};

        anshin_error_clear(&err);
        anshin_key_make(&made, types[i], &err, pool);
        anshin_key_public(&spki, made, &err, pool);
        at = spki.data;
        wanted.key = d2i_PUBKEY(NULL, &at, (long)spki.length);
        certificate = der_of(build_certificate(&wanted));
        EVP_PKEY_free(wanted.key);
        ok(anshin_pack(&file, &(anshin_pack_facts_t){ANSHIN_PACK_COMPAT, PASSWORD, "x", made, &certificate, chain, 1},
                       &err, pool) == APR_SUCCESS,
           "%s is packed (%s)", names[i], err.text);
        at = file.data;
        p12 = d2i_PKCS12(NULL, &at, (long)file.length);
        ok(PKCS12_verify_mac(p12, PASSWORD, -1) == 1, "and its MAC is right");
        PKCS12_free(p12);
        X509_free(ca);
        EVP_PKEY_free(ca_key);
    }
}

/* --- other readers --- */

static int runs(const char *command)
{
    int status = system(command); /* NOLINT(cert-env33-c): a shell is what is wanted */

    return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* program must be there for the check to count; where it is not, the line says so. */
static void read_by(const char *program, const char *command, const char *profile, const char *password, int expected)
{
    const char *file = apr_pstrcat(pool, directory, "/", profile, ".p12", NULL);
    const char *line;

    if (!runs(apr_psprintf(pool, "command -v %s >/dev/null 2>&1", program))) {
        ok(1, "%s reads %s # SKIP it is not installed", program, profile);
        return;
    }
    line = apr_psprintf(pool, "DIR='%s' FILE='%s' PASS='%s'; export DIR FILE PASS; { %s; } >\"$DIR/out\" 2>&1",
                        directory, file, password, command);
    ok(runs(line) == expected, "%s %s %s with the %s password (CRT-3)", program, expected ? "opens" : "does not open",
       profile, expected ? "right" : "wrong");
}

static void test_other_readers(void)
{
    static const struct {
        const char *program;
        const char *command;
    } readers[] = {
        {"openssl", "openssl pkcs12 -in \"$FILE\" -passin env:PASS -nodes -out \"$DIR/pem\" && "
                    "[ \"$(grep -c 'BEGIN CERTIFICATE' \"$DIR/pem\")\" = 3 ] && grep -q 'PRIVATE KEY' \"$DIR/pem\""},
        {"pk12util", "rm -rf \"$DIR/nss\"; mkdir \"$DIR/nss\" && certutil -d sql:\"$DIR/nss\" -N --empty-password && "
                     "pk12util -d sql:\"$DIR/nss\" -i \"$FILE\" -W \"$PASS\" && "
                     "certutil -d sql:\"$DIR/nss\" -K"},
        {"certtool", "certtool --inder --p12-info --password \"$PASS\" --infile \"$FILE\" && "
                     "certtool --inder --p12-info --password \"$PASS\" --infile \"$FILE\" | grep -q 'PRIVATE KEY'"},
        {"keytool", "keytool -J-XX:TieredStopAtLevel=1 -list -keystore \"$FILE\" -storetype PKCS12 -storepass:env PASS "
                    "&& grep -q PrivateKeyEntry \"$DIR/out\""},
    };

    for (apr_size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
        read_by(readers[i].program, readers[i].command, "modern", PASSWORD, 1);
        read_by(readers[i].program, readers[i].command, "compat", PASSWORD, 1);
        read_by(readers[i].program, readers[i].command, "modern", "another-password", 0);
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    prepare();
    test_profiles();
    test_wiped();
    test_refused();
    test_key_types();
    test_other_readers();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
