/*
 * The CA: made and opened, with its key guarded (CRT-7, S31).
 */
#include <sys/stat.h>

#include <apr_general.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "authority.h"
#include "tap.h"

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

    wanted.passphrase = "open sesame";
    ok(create("locked", &wanted, &err) == APR_SUCCESS, "a CA with a passphrase is made (%s)", err.text);
    file = fopen(in_directory("locked.key"), "r");
    ok(fgets(text, sizeof(text), file) != NULL && same_text(text, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"),
       "its key is encrypted");
    fclose(file);
    scratch_write(in_directory("says"), says, sizeof(says) - 1, 0700);
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
    test_open();
    test_passphrase();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
