/*
 * A CA below a company's own: what is taken for its certificate, and what is refused (CAS-3).
 */
#include <sys/stat.h>

#include <apr_general.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/base/anshin.h"
#include "crypto/pki/ca_chain.h"
#include "crypto/pki/ca_import.h"
#include "unit/authority.h"
#include "unit/certificate_builder.h"
#include "unit/tap.h"

#define CA "critical,CA:TRUE,pathlen:0"
#define SIGNS "critical,keyCertSign,cRLSign"

static EVP_PKEY *root_key;
static EVP_PKEY *own_key;
static X509 *root;
static X509 *middle;

static const char *text_of(X509 *const *certificates)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    const char *copied;
    long length;

    for (; *certificates != NULL; certificates++) {
        (void)PEM_write_bio_X509(bio, *certificates);
    }
    length = BIO_get_mem_data(bio, &text);
    copied = apr_pstrmemdup(pool, text, (apr_size_t)length);
    BIO_free(bio);
    return copied;
}

static apr_status_t import_text(const char *text, anshin_ca_imported_t *imported, anshin_error_t *err)
{
    const anshin_ca_key_source_t key = {.key = in_directory("sub.key"), .by_operator = 1};
    const anshin_bytes_t pem = anshin_bytes_of(text);

    anshin_error_clear(err);
    return anshin_ca_import(imported, in_directory("sub.crt"), &key, &pem, err, pool);
}

static apr_status_t import(X509 *const *certificates, anshin_ca_imported_t *imported, anshin_error_t *err)
{
    return import_text(text_of(certificates), imported, err);
}

/* What the company might give: right in all but what is changed. */
static build_t wanted(void)
{
    return (build_t){.cn = "Sub CA",
                     .key = own_key,
                     .issuer = root,
                     .issuer_key = root_key,
                     .not_before = apr_time_now() - DAY,
                     .not_after = apr_time_now() + 365 * DAY,
                     .constraints = CA,
                     .usage = SIGNS};
}

static int is_there(const char *name)
{
    struct stat seen;

    return stat(in_directory(name), &seen) == 0;
}

static X509_REQ *read_request(void)
{
    FILE *file = fopen(in_directory("sub.csr"), "r");
    X509_REQ *request = file != NULL ? PEM_read_X509_REQ(file, NULL, NULL, NULL) : NULL;

    if (file != NULL) {
        (void)fclose(file);
    }
    return request;
}

static void test_request(void)
{
    const anshin_ca_key_source_t key = {.key = in_directory("sub.key"), .by_operator = 1};
    anshin_ca_wanted_t name = {.key_type = ANSHIN_KEY_P256, .common_name = "Sub CA"};
    STACK_OF(X509_EXTENSION) * extensions;
    BASIC_CONSTRAINTS *constraints;
    ASN1_BIT_STRING *usage;
    X509_REQ *request;
    struct stat before;
    struct stat after;
    anshin_error_t err;

    anshin_error_clear(&err);
    name.common_name = "a\nb";
    ok(anshin_ca_request(in_directory("sub.csr"), &key, &name, &err, pool) == ANSHIN_EINVALID && !is_there("sub.key"),
       "a name with a line feed: no request, no key (%s)", err.text);
    name.common_name = "Sub CA";
    anshin_error_clear(&err);
    ok(anshin_ca_request(in_directory("sub.csr"), &key, &name, &err, pool) == APR_SUCCESS &&
           stat(in_directory("sub.key"), &before) == 0 && (before.st_mode & 07777) == 0600,
       "CAS-3: a request is written, and a key of mode 0600 (%s)", err.text);
    request = read_request();
    own_key = X509_REQ_get_pubkey(request);
    extensions = X509_REQ_get_extensions(request);
    constraints = X509V3_get_d2i(extensions, NID_basic_constraints, NULL, NULL);
    usage = X509V3_get_d2i(extensions, NID_key_usage, NULL, NULL);
    ok(X509_REQ_verify(request, own_key) == 1, "it is signed by that key");
    ok(constraints != NULL && constraints->ca && ASN1_INTEGER_get(constraints->pathlen) == 0 && usage != NULL &&
           ASN1_BIT_STRING_get_bit(usage, 5) && ASN1_BIT_STRING_get_bit(usage, 6) &&
           sk_X509_EXTENSION_num(extensions) == 2,
       "and asks for CA:TRUE, path length 0, keyCertSign and cRLSign (RFC 2986)");
    ok(anshin_ca_request(in_directory("sub.csr"), &key, &name, &err, pool) == APR_SUCCESS &&
           stat(in_directory("sub.key"), &after) == 0 && before.st_ino == after.st_ino,
       "once more: the same key");
    BASIC_CONSTRAINTS_free(constraints);
    ASN1_BIT_STRING_free(usage);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(request);
}

/* Refused for what is changed, with these words, and nothing is written. */
static void refused(const build_t *changed, const char *words, const char *what)
{
    X509 *certificate = build_certificate(changed);
    X509 *const all[] = {certificate, root, NULL};
    anshin_ca_imported_t imported;
    anshin_error_t err;

    ok(import(all, &imported, &err) == ANSHIN_EINVALID && strstr(err.text, words) != NULL && !is_there("sub.crt") &&
           !is_there("sub.crt.chain"),
       "CAS-3: %s: refused (%s)", what, err.text);
    X509_free(certificate);
}

static void test_refused(void)
{
    EVP_PKEY *other = build_key("EC", 0);
    build_t changed = wanted();

    changed.key = other;
    refused(&changed, "none in the file is of the CA's key", "a certificate of another key");
    changed = wanted();
    changed.constraints = "critical,CA:FALSE";
    refused(&changed, "basicConstraints", "no CA");
    changed = wanted();
    changed.usage = "critical,keyCertSign";
    refused(&changed, "cRLSign", "one that may not sign CRLs");
    changed.usage = NULL;
    refused(&changed, "keyUsage", "one without keyUsage");
    changed = wanted();
    changed.extended = "serverAuth";
    refused(&changed, "clients", "one for servers alone");
    changed = wanted();
    changed.not_after = apr_time_now() - DAY / 2;
    refused(&changed, "not valid today", "one that has ended");
    changed = wanted();
    changed.not_before = apr_time_now() + DAY;
    refused(&changed, "not valid today", "one that has not begun");
    changed = wanted();
    changed.issuer_key = other;
    refused(&changed, "signature", "one that its issuer has not signed");
    changed = wanted();
    changed.issuer = middle;
    changed.issuer_key = other;
    refused(&changed, "those above it", "one whose issuer is not in the file");
    EVP_PKEY_free(other);
}

static void test_lengths(void)
{
    EVP_PKEY *key = build_key("EC", 0);
    build_t above = {.cn = "Narrow",
                     .key = key,
                     .issuer = root,
                     .issuer_key = root_key,
                     .constraints = "critical,CA:TRUE,pathlen:0",
                     .usage = SIGNS};
    X509 *narrow = build_certificate(&above);
    build_t changed = wanted();
    anshin_ca_imported_t imported;
    anshin_error_t err;
    X509 *own;

    changed.issuer = narrow;
    changed.issuer_key = key;
    own = build_certificate(&changed);
    {
        X509 *const all[] = {own, narrow, root, NULL};

        ok(import(all, &imported, &err) == ANSHIN_EINVALID && strstr(err.text, "path length") != NULL &&
               !is_there("sub.crt"),
           "CAS-3: an issuer that admits no CA below it: refused (%s)", err.text);
    }
    X509_free(own);
    X509_free(narrow);
    EVP_PKEY_free(key);
}

static void test_text(void)
{
    anshin_ca_imported_t imported;
    anshin_error_t err;
    build_t good = wanted();
    X509 *own = build_certificate(&good);
    X509 *const one[] = {own, NULL};
    const char *twelve = "";
    const char *whole = text_of(one);

    ok(import_text("", &imported, &err) == ANSHIN_EINVALID, "an empty file: refused (%s)", err.text);
    ok(import_text("garbage", &imported, &err) == ANSHIN_EINVALID, "garbage: refused");
    ok(import_text(apr_pstrmemdup(pool, whole, strlen(whole) / 2), &imported, &err) == ANSHIN_EINVALID,
       "half a certificate: refused");
    ok(import_text(apr_pstrcat(pool, whole, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", NULL),
                   &imported, &err) == ANSHIN_EINVALID,
       "something broken behind it: refused");
    for (int i = 0; i < 12; i++) {
        twelve = apr_pstrcat(pool, twelve, whole, NULL);
    }
    ok(import_text(twelve, &imported, &err) == ANSHIN_EINVALID, "twelve of them: refused");
    ok(import_text(whole, &imported, &err) == ANSHIN_EINVALID && strstr(err.text, "above it") != NULL,
       "without its issuer: refused (%s)", err.text);
    ok(!is_there("sub.crt"), "nothing of all that is written");
    X509_free(own);
}

static void test_taken(void)
{
    const anshin_ca_key_source_t key = {.key = in_directory("sub.key"), .by_operator = 1};
    EVP_PKEY *middle_key = build_key("EC", 0);
    anshin_bytes_t chain[ANSHIN_CA_CHAIN_MAX];
    anshin_ca_imported_t imported;
    anshin_error_t err;
    apr_size_t count = 9;
    struct stat seen;
    build_t link = {.cn = "Middle",
                    .key = middle_key,
                    .issuer = root,
                    .issuer_key = root_key,
                    .constraints = "critical,CA:TRUE",
                    .usage = SIGNS};
    build_t good = wanted();
    X509 *between = build_certificate(&link);
    X509 *own;
    const unsigned char *at;
    X509 *first;

    ok(anshin_ca_chain(chain, &count, in_directory("sub.crt"), &err, pool) == APR_SUCCESS && count == 0,
       "no chain yet: none");
    good.issuer = between;
    good.issuer_key = middle_key;
    own = build_certificate(&good);
    {
        X509 *const all[] = {root, own, between, NULL};

        ok(import(all, &imported, &err) == APR_SUCCESS && imported.chain == 2, "CAS-3: taken, in any order (%s)",
           err.text);
    }
    ok(strcmp(imported.subject, "CN=Sub CA") == 0 && strcmp(imported.issuer, "CN=Middle") == 0,
       "names are told: %s of %s", imported.subject, imported.issuer);
    ok(stat(in_directory("sub.crt"), &seen) == 0 && (seen.st_mode & 07777) == 0644 && !is_there("sub.crt.new"),
       "its file has mode 0644, and nothing is beside it");
    ok(anshin_ca_chain(chain, &count, in_directory("sub.crt"), &err, pool) == APR_SUCCESS && count == 1,
       "of the chain users get what is not signed by itself");
    at = chain[0].data;
    first = d2i_X509(NULL, &at, (long)chain[0].length);
    ok(X509_cmp(first, between) == 0, "the issuer");
    anshin_error_clear(&err);
    ok(anshin_ca_try_key(in_directory("sub.crt"), &key, &err, pool) == APR_SUCCESS, "its key signs (%s)", err.text);
    {
        X509 *const all[] = {own, between, NULL};

        ok(import(all, &imported, &err) == APR_SUCCESS && imported.chain == 1, "without the root as well (%s)",
           err.text);
    }
    good.cn = "Another name";
    X509_free(own);
    own = build_certificate(&good);
    {
        X509 *const all[] = {own, between, root, NULL};

        ok(import(all, &imported, &err) == ANSHIN_ECONFLICT && strstr(err.text, "lose its issuer") != NULL,
           "CAS-3: another name over the one that is there: refused (%s)", err.text);
    }
    scratch_write(in_directory("sub.crt.chain"), "garbage", 7, 0644);
    ok(anshin_ca_chain(chain, &count, in_directory("sub.crt"), &err, pool) == ANSHIN_EINVALID,
       "a broken chain is told of (%s)", err.text);
    X509_free(first);
    X509_free(own);
    X509_free(between);
    EVP_PKEY_free(middle_key);
}

int main(void)
{
    EVP_PKEY *unknown;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    root_key = build_key("EC", 0);
    unknown = build_key("EC", 0);
    root = build_ca("Company Root", root_key);
    middle = build_ca("Nobody's", unknown);
    test_request();
    test_refused();
    test_lengths();
    test_text();
    test_taken();
    X509_free(root);
    X509_free(middle);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(own_key);
    EVP_PKEY_free(unknown);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
