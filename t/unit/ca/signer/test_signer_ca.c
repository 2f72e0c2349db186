/*
 * The CA: made and opened, with its key guarded (CRT-7, S31).
 */
#include <sys/stat.h>

#include <apr_general.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "unit/authority.h"
#include "unit/strict.h"
#include "unit/tap.h"

static int is_read_strictly(const X509 *certificate)
{
    unsigned char *der = NULL;
    int length = i2d_X509((X509 *)(apr_uintptr_t)certificate, &der);
    int answer = length > 0 && strictly_readable("certificate", der, (apr_size_t)length, directory, pool);

    OPENSSL_free(der);
    return answer;
}

static X509 *read_ca(const char *name)
{
    FILE *file = fopen(in_directory(name), "r");
    X509 *certificate = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    if (file != NULL) {
        (void)fclose(file);
    }
    return certificate;
}

/* What 2d05b07 made: TRUE as 01 (X.690 11.1 wants FF), over the same key. */
static void spoil(const char *name)
{
    X509 *certificate = read_ca(apr_pstrcat(pool, name, ".crt", NULL));
    int at = X509_get_ext_by_NID(certificate, NID_basic_constraints, -1);
    X509_EXTENSION *extension = X509_get_ext(certificate, at);
    unsigned char octets[] = {0x30, 6, 1, 1, 1, 2, 1, 0};
    ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
    FILE *file = fopen(in_directory(apr_pstrcat(pool, name, ".key", NULL)), "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);

    (void)fclose(file);
    (void)ASN1_OCTET_STRING_set(value, octets, sizeof(octets));
    (void)X509_sign(certificate, key, EVP_sha256());
    file = fopen(in_directory(apr_pstrcat(pool, name, ".crt", NULL)), "w");
    (void)PEM_write_X509(file, certificate);
    (void)fclose(file);
    EVP_PKEY_free(key);
    X509_free(certificate);
}

static apr_status_t mend(const char *name, anshin_error_t *err)
{
    anshin_error_clear(err);
    return anshin_ca_mend(in_directory(apr_pstrcat(pool, name, ".crt", NULL)),
                          in_directory(apr_pstrcat(pool, name, ".key", NULL)), err, pool);
}

static void test_mend(void)
{
    anshin_ca_wanted_t wanted = ca_wanted(ANSHIN_KEY_P256);
    anshin_error_t err;
    X509 *before;
    X509 *after;
    struct stat facts;
    int strict = 0;

    (void)create("old", &wanted, &err);
    ok(anshin_ca_is_strict(&strict, in_directory("old.crt"), &err, pool) == APR_SUCCESS && strict,
       "a CA of today is strict");
    ok(mend("old", &err) == ANSHIN_ECONFLICT, "there is nothing to mend (%s)", err.text);
    spoil("old");
    before = read_ca("old.crt");
    ok(anshin_ca_is_strict(&strict, in_directory("old.crt"), &err, pool) == APR_SUCCESS && !strict &&
           !is_read_strictly(before),
       "one of 2d05b07 is not, and the strict reader refuses it");
    (void)create("other", &wanted, &err);
    ok(rename(in_directory("old.key"), in_directory("kept")) == 0 && mend("old", &err) == ANSHIN_ENOTFOUND &&
           rename(in_directory("other.key"), in_directory("old.key")) == 0 && mend("old", &err) == ANSHIN_EINVALID,
       "without its key, and with another's, it is left alone (%s)", err.text);
    ok(rename(in_directory("kept"), in_directory("old.key")) == 0 && mend("old", &err) == APR_SUCCESS,
       "CRT-5: it is mended (%s)", err.text);
    after = read_ca("old.crt");
    ok(is_read_strictly(after) && X509_self_signed(after, 1) == 1, "a strict reader takes it, signed by itself");
    ok(X509_NAME_cmp(X509_get_subject_name(before), X509_get_subject_name(after)) == 0 &&
           EVP_PKEY_eq(X509_get0_pubkey(before), X509_get0_pubkey(after)) == 1 &&
           ASN1_OCTET_STRING_cmp(X509_get0_subject_key_id(before), X509_get0_subject_key_id(after)) == 0 &&
           ASN1_TIME_compare(X509_get0_notAfter(before), X509_get0_notAfter(after)) == 0 &&
           ASN1_TIME_compare(X509_get0_notBefore(before), X509_get0_notBefore(after)) == 0 &&
           X509_get_ext_count(before) == X509_get_ext_count(after),
       "name, key, key identifier, dates and extensions stay: what it issued stays valid");
    ok(ASN1_INTEGER_cmp(X509_get0_serialNumber(before), X509_get0_serialNumber(after)) != 0 &&
           ASN1_STRING_length(X509_get0_serialNumber(after)) == 20,
       "S23: the serial is a new one");
    ok(stat(in_directory("old.crt"), &facts) == 0 && (facts.st_mode & 07777) == 0644 &&
           stat(in_directory("old.crt.new"), &facts) != 0,
       "mode 0644, and nothing beside it");
    ok(mend("old", &err) == ANSHIN_ECONFLICT, "once is enough");
    X509_free(before);
    X509_free(after);
}

static void test_create(void)
{
    anshin_ca_wanted_t wanted = ca_wanted(ANSHIN_KEY_P256);
    anshin_error_t err;
    struct stat facts;
    FILE *file;
    X509 *certificate;
    mode_t old = umask(0);

    ok(create("ca", &wanted, &err) == APR_SUCCESS, "a CA is made (%s)", err.text);
    umask(old);
    ok(stat(in_directory("ca.key"), &facts) == 0 && (facts.st_mode & 07777) == 0600, "its key has mode 0600 (S31)");
    ok(stat(in_directory("ca.crt"), &facts) == 0 && (facts.st_mode & 07777) == 0644, "its certificate mode 0644");
    file = fopen(in_directory("ca.crt"), "r");
    certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    ok(X509_check_ca(certificate) == 1 && X509_get_pathlen(certificate) == 0 &&
           X509_get_key_usage(certificate) == (KU_KEY_CERT_SIGN | KU_CRL_SIGN) &&
           X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL) == NULL,
       "a CA of path length 0 that signs certificates and CRLs alone (RFC 5280)");
    ok(is_read_strictly(certificate), "CRT-5: DER to the letter: a strict reader takes it (RFC 5280 4.1)");
    ok(X509_verify(certificate, X509_get0_pubkey(certificate)) == 1 &&
           ASN1_STRING_length(X509_get0_serialNumber(certificate)) == 20,
       "signed by itself, serial of 20 octets");
    ok(create("ca", &wanted, &err) == ANSHIN_ECONFLICT, "not made over another (%s)", err.text);
    ok(unlink(in_directory("ca.key")) == 0 && create("ca", &wanted, &err) == ANSHIN_ECONFLICT &&
           stat(in_directory("ca.key"), &facts) != 0,
       "nor over a certificate without key; no key is left behind");
    unlink(in_directory("ca.crt"));
    wanted.common_name = "";
    ok(create("ca", &wanted, &err) == ANSHIN_EINVALID, "without a name: refused (%s)", err.text);
    wanted.common_name = "a\nb";
    ok(create("ca", &wanted, &err) == ANSHIN_EINVALID, "a line feed in the name: refused (%s)", err.text);
    wanted = ca_wanted(ANSHIN_KEY_P256);
    wanted.country = "JPN";
    ok(create("ca", &wanted, &err) == ANSHIN_EINVALID, "a country of three letters: refused");
    wanted = ca_wanted(ANSHIN_KEY_P256);
    wanted.not_after = wanted.not_before;
    ok(create("ca", &wanted, &err) == ANSHIN_EINVALID, "no time at all: refused (%s)", err.text);
    ok(stat(in_directory("ca.key"), &facts) != 0 && stat(in_directory("ca.crt"), &facts) != 0,
       "nothing is left of what was refused");
    wanted = ca_wanted(ANSHIN_KEY_P256);
    ok(create("ca", &wanted, &err) == APR_SUCCESS, "made again");
    X509_free(certificate);
}

static void test_open(void)
{
    anshin_ca_wanted_t other = ca_wanted(ANSHIN_KEY_P256);
    anshin_ca_t *opened;
    anshin_error_t err;

    ok(open_ca(&opened, "ca", NULL, &err) == APR_SUCCESS && anshin_ca_certificate(opened).length > 0, "opened (%s)",
       err.text);
    chmod(in_directory("ca.key"), 0640);
    ok(open_ca(&opened, "ca", NULL, &err) == ANSHIN_EINVALID && strstr(err.text, "0640") != NULL,
       "a key wider than 0600: refused (S31: %s)", err.text);
    chmod(in_directory("ca.key"), 0400);
    ok(open_ca(&opened, "ca", NULL, &err) == APR_SUCCESS, "mode 0400: taken");
    create("other", &other, &err);
    ok(anshin_ca_open(&opened, in_directory("other.crt"), in_directory("ca.key"), NULL, &err, pool) == ANSHIN_EINVALID,
       "a key that is not the certificate's: refused (%s)", err.text);
    ok(open_ca(&opened, "missing", NULL, &err) == ANSHIN_ENOTFOUND, "no file: not found (%s)", err.text);
    scratch_write(in_directory("bad.crt"), "garbage", 7, 0644);
    scratch_write(in_directory("bad.key"), "garbage", 7, 0600);
    ok(open_ca(&opened, "bad", NULL, &err) == ANSHIN_EINVALID, "garbage for a certificate: refused (%s)", err.text);
    anshin_error_clear(&err);
    ok(anshin_ca_open(&opened, in_directory("ca.crt"), in_directory("bad.key"), NULL, &err, pool) == ANSHIN_EINVALID,
       "garbage for a key: refused (%s)", err.text);
}

static void test_passphrase(void)
{
    anshin_ca_wanted_t wanted = ca_wanted(ANSHIN_KEY_P256);
    static const char says[] = "#!/bin/sh\necho 'open sesame'\necho more\n";
    static const char says_wrong[] = "#!/bin/sh\necho 'open barley'\n";
    static const char says_nothing[] = "#!/bin/sh\nexit 0\n";
    static const char fails[] = "#!/bin/sh\necho 'open sesame'\nexit 3\n";
    anshin_ca_t *opened;
    anshin_error_t err;
    char text[64] = "";
    FILE *file;

    scratch_write(in_directory("says"), says, sizeof(says) - 1, 0700);
    ok(create_locked("locked", in_directory("says"), &wanted, &err) == APR_SUCCESS,
       "a CA with a passphrase is made (%s)", err.text);
    file = fopen(in_directory("locked.key"), "r");
    ok(fgets(text, sizeof(text), file) != NULL && same_text(text, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"),
       "its key is encrypted");
    fclose(file);
    scratch_write(in_directory("wrong"), says_wrong, sizeof(says_wrong) - 1, 0700);
    scratch_write(in_directory("nothing"), says_nothing, sizeof(says_nothing) - 1, 0700);
    scratch_write(in_directory("fails"), fails, sizeof(fails) - 1, 0700);
    ok(open_ca(&opened, "locked", in_directory("says"), &err) == APR_SUCCESS,
       "opened with the first line that a program prints (CRT-7: %s)", err.text);
    ok(open_ca(&opened, "locked", NULL, &err) == ANSHIN_EINVALID, "without a program: refused, nobody is asked (%s)",
       err.text);
    ok(open_ca(&opened, "locked", in_directory("wrong"), &err) == ANSHIN_EINVALID, "a wrong passphrase: refused (%s)",
       err.text);
    ok(open_ca(&opened, "locked", in_directory("nothing"), &err) == ANSHIN_EFAULT, "no passphrase: a fault (%s)",
       err.text);
    ok(open_ca(&opened, "locked", in_directory("fails"), &err) == ANSHIN_EFAULT && strstr(err.text, "sesame") == NULL,
       "a program that fails: a fault, without its output (%s)", err.text);
    ok(open_ca(&opened, "locked", in_directory("missing"), &err) == ANSHIN_EFAULT, "no program: a fault (%s)",
       err.text);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    test_create();
    test_mend();
    test_open();
    test_passphrase();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
