/*
 * Certificates that others have made to try judges of certificates: NIST PKITS and the odd ones of python3-cryptography's
 * vectors. None is one of ours, and none is for clients, so that none is ever good, whatever CA is trusted (S20).
 */
#include <glob.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/pki/x509.h"

#include "unit/authority.h"
#include "unit/tap.h"

#define VECTORS "/usr/lib/python3/dist-packages/cryptography_vectors/x509/"
#define PKITS VECTORS "PKITS_data/certs/"

typedef struct tally_t {
    int read;
    int of[ANSHIN_PRESENTED_FAULT + 1]; /* so many of each state */
} tally_t;

static anshin_bytes_t read_file(const char *path)
{
    unsigned char octets[65536];
    unsigned char *exact; /* so that a sanitizer sees its end */
    FILE *file = fopen(path, "rb");
    size_t length = file != NULL ? fread(octets, 1, sizeof(octets), file) : 0;

    if (file != NULL) {
        (void)fclose(file);
    }
    exact = malloc(length > 0 ? length : 1);
    memcpy(exact, octets, length);
    return (anshin_bytes_t){exact, length};
}

/* The DER in a file, which may be PEM. */
static anshin_bytes_t der_of(const char *path)
{
    anshin_bytes_t file = read_file(path);
    BIO *bio = BIO_new_mem_buf(file.data, (int)file.length);
    char *name = NULL;
    char *header = NULL;
    unsigned char *octets = NULL;
    long length = 0;

    if (PEM_read_bio(bio, &name, &header, &octets, &length) == 1) {
        free((void *)(apr_uintptr_t)file.data);
        file.data = memcpy(malloc((size_t)length), octets, (size_t)length);
        file.length = (apr_size_t)length;
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(octets);
    BIO_free(bio);
    ERR_clear_error();
    return file;
}

static anshin_presented_state_t judge(const anshin_bytes_t *der, const anshin_trust_t *trust, apr_time_t when)
{
    anshin_presented_t facts;
    anshin_error_t err;

    anshin_error_clear(&err);
    (void)anshin_x509_check(&facts, *der, trust, when, &err, pool);
    if (ERR_peek_error() != 0) {
        printf("not ok - OpenSSL's error queue is left empty\n");
        exit(1);
    }
    return facts.state;
}

/* Judge all files of a pattern. */
static tally_t judge_all(const char *pattern, const anshin_trust_t *trust, apr_time_t when)
{
    tally_t tally = {0};
    glob_t found;

    if (glob(pattern, 0, NULL, &found) != 0) {
        return tally;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        anshin_bytes_t der = der_of(found.gl_pathv[i]);

        tally.read++;
        tally.of[judge(&der, trust, when)]++;
        free((void *)(apr_uintptr_t)der.data);
    }
    globfree(&found);
    return tally;
}

/* All CAs of PKITS in one file: each of them is trusted, good or bad. */
static int trust_all(anshin_trust_t **trust, anshin_error_t *err)
{
    FILE *out = fopen(in_directory("all.pem"), "w");
    glob_t found;
    int count = 0;
    int none = glob(PKITS "*.crt", 0, NULL, &found);

    for (size_t i = 0; none == 0 && i < found.gl_pathc; i++) {
        anshin_bytes_t der = der_of(found.gl_pathv[i]);
        const unsigned char *at = der.data;
        X509 *certificate = d2i_X509(NULL, &at, (long)der.length);

        if (certificate != NULL && X509_check_ca(certificate) == 1) {
            count += PEM_write_X509(out, certificate);
        }
        X509_free(certificate);
        free((void *)(apr_uintptr_t)der.data);
    }
    if (none == 0) {
        globfree(&found);
    }
    ERR_clear_error();
    (void)fclose(out);
    anshin_error_clear(err);
    return anshin_trust_load(trust, in_directory("all.pem"), NULL, err, pool) == APR_SUCCESS ? count : 0;
}

static void test_set(const char *name, int least, const anshin_trust_t *ours, const anshin_trust_t *theirs)
{
    const apr_time_t then = APR_TIME_C(1425000000000000); /* 2015: PKITS counts from 2010 to 2030 */
    const char *pattern = apr_pstrcat(pool, VECTORS, name, NULL);
    tally_t tally = judge_all(pattern, ours, now);

    ok(tally.read >= least && tally.of[ANSHIN_PRESENTED_FOREIGN] == tally.read,
       "S20: %s: all %d are foreign to a CA of ours (%d)", name, tally.read, tally.of[ANSHIN_PRESENTED_FOREIGN]);
    tally = judge_all(pattern, theirs, then);
    ok(tally.read >= least && tally.of[ANSHIN_PRESENTED_FOREIGN] + tally.of[ANSHIN_PRESENTED_UNSUITABLE] == tally.read,
       "S20: %s: of %d none is good where all CAs of PKITS are trusted, since none is for clients: %d foreign, %d "
       "unsuitable",
       name, tally.read, tally.of[ANSHIN_PRESENTED_FOREIGN], tally.of[ANSHIN_PRESENTED_UNSUITABLE]);
}

/* Leaves whose own signature or issuer is not right: no trust in whatever CA makes them ours. */
static void test_forged(const anshin_trust_t *theirs)
{
    static const char *const names[] = {"InvalidEESignatureTest3EE", "InvalidNameChainingTest1EE",
                                        "InvalidNameChainingOrderTest2EE", "InvalidDSASignatureTest6EE"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        tally_t tally = judge_all(apr_pstrcat(pool, PKITS, names[i], ".crt", NULL), theirs, now);

        ok(tally.of[ANSHIN_PRESENTED_FOREIGN] == 1, "S20: PKITS %s: foreign", names[i]);
    }
}

int main(void)
{
    anshin_trust_t *ours;
    anshin_trust_t *theirs;
    anshin_ca_wanted_t wanted = ca_wanted(ANSHIN_KEY_P256);
    anshin_error_t err;
    int count;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    count = trust_all(&theirs, &err);
    if (ok(count > 100, "%d CAs of PKITS (python3-cryptography-vectors) are trusted (%s)", count, err.text) &&
        ok(create("ca", &wanted, &err) == APR_SUCCESS &&
               anshin_trust_load(&ours, in_directory("ca.crt"), NULL, &err, pool) == APR_SUCCESS,
           "and, elsewhere, one of ours (%s)", err.text)) {
        test_set("PKITS_data/certs/*.crt", 400, ours, theirs);
        test_set("*.*", 20, ours, theirs);
        test_set("custom/*.*", 80, ours, theirs);
        test_set("ed*/*.*", 4, ours, theirs);
        test_forged(theirs);
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
