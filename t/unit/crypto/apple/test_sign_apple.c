/*
 * Apple profiles (crypto/apple): what they say, what they refuse, whose signature they bear (CRT-3).
 */
#include "crypto/apple/sign_apple.h"

#include <fcntl.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "crypto/apple/apple_certificate.h"
#include "crypto/apple/plist.h"
#include "unit/authority.h"
#include "unit/certificate_builder.h"
#include "unit/left.h"
#include "unit/tap.h"

#define PASSWORD "k7mq-x4fw-9tzr"

static EVP_PKEY *root_key;
static EVP_PKEY *middle_key;
static EVP_PKEY *own_key;
static X509 *root;
static X509 *middle;
static anshin_bytes_t pkcs12;

/* --- files of the operator --------------------------------------------------------------------------------------- */

static X509 *issue(const char *cn, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, apr_time_t end)
{
    const build_t wanted = {.cn = cn,
                            .key = key,
                            .issuer = issuer,
                            .issuer_key = issuer_key,
                            .not_before = now - DAY,
                            .not_after = end,
                            .usage = issuer == root ? "critical,keyCertSign" : "critical,digitalSignature",
                            .constraints = issuer == root ? "critical,CA:TRUE" : NULL};

    return build_certificate(&wanted);
}

static const char *write_certificates(const char *name, X509 *const *all, int count)
{
    const char *path = in_directory(name);
    FILE *file = fopen(path, "w");

    for (int i = 0; file != NULL && i < count; i++) {
        (void)PEM_write_X509(file, all[i]);
    }
    (void)fclose(file);
    return path;
}

static anshin_ca_key_source_t write_key(const char *name, const EVP_PKEY *key)
{
    const char *path = in_directory(name);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;

    (void)PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    scratch_write(path, text, (apr_size_t)BIO_get_mem_data(bio, &text), 0600);
    BIO_free(bio);
    return (anshin_ca_key_source_t){.key = path, .directive = "AnshinAppleProfileKey"};
}

/* The operator's file: a certificate that ends then, and those above it. */
static const char *operator_file(EVP_PKEY *key, apr_time_t end)
{
    X509 *own = issue("Example Bank", key, middle, middle_key, end);
    X509 *const all[] = {own, middle, root};
    const char *path = write_certificates("apple.crt", all, 3);

    X509_free(own);
    return path;
}

static anshin_apple_signer_t *open_signer(EVP_PKEY *key, apr_time_t end)
{
    const anshin_ca_key_source_t source = write_key("apple.key", key);
    anshin_apple_signer_t *signer = NULL;
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_apple_signer_open(&signer, operator_file(key, end), &source, &err, pool) != APR_SUCCESS) {
        printf("# %s %s\n", err.id, err.text);
        exit(1);
    }
    return signer;
}

static void make_all(void)
{
    X509 *user;
    PKCS12 *p12;
    unsigned char *der = NULL;
    int length;

    root_key = build_key("EC", 0);
    middle_key = build_key("EC", 0);
    own_key = build_key("RSA", 2048);
    root = build_ca("Example Root", root_key);
    middle = issue("Example CA", middle_key, root, root_key, now + 900 * DAY);
    user = issue("p-01-usr007", own_key, middle, middle_key, now + 365 * DAY);
    p12 = PKCS12_create(PASSWORD, "p-01-usr007", own_key, user, NULL, NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
                        NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 2048, 2048, 0);
    length = i2d_PKCS12(p12, &der);
    pkcs12 = (anshin_bytes_t){apr_pmemdup(pool, der, (apr_size_t)length), (apr_size_t)length};
    OPENSSL_free(der);
    PKCS12_free(p12);
    X509_free(user);
}

/* --- profiles ---------------------------------------------------------------------------------------------------- */

static anshin_apple_facts_t facts(void)
{
    return (anshin_apple_facts_t){.portal = "https://login.example/anshin",
                                  .terminal = "p-01/p-01-usr007/1",
                                  .title = "会員サイト <A&B>",
                                  .organization = "Example \"Bank\" & Co.",
                                  .description = "]]> &amp; 'x'",
                                  .name = "p-01-usr007 薬局1号機",
                                  .serial = {(const unsigned char *)"\x41\x02\x03\x04\x05\x06\x07\x08", 8},
                                  .pkcs12 = pkcs12};
}

static apr_status_t sign(anshin_bytes_t *profile, const anshin_apple_signer_t *signer,
                         const anshin_apple_facts_t *wanted, apr_time_t at, anshin_error_t *err)
{
    apr_status_t status;

    anshin_error_clear(err);
    status = anshin_apple_sign(profile, signer, wanted, at, err, pool);
    ok(ERR_peek_error() == 0, "OpenSSL's error queue is left empty");
    return status;
}

/* What it holds, NUL terminated; NULL: its signature is not that of a certificate below root. */
static const char *content(const anshin_bytes_t *profile)
{
    const unsigned char *at = profile->data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)profile->length);
    X509_STORE *store = X509_STORE_new();
    X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
    BIO *out = BIO_new(BIO_s_mem());
    char *text = NULL;
    const char *found = NULL;

    X509_VERIFY_PARAM_set_time(param, (time_t)apr_time_sec(now));
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
    (void)X509_STORE_add_cert(store, root);
    if (cms != NULL && at == profile->data + profile->length &&
        CMS_verify(cms, NULL, store, NULL, out, CMS_BINARY) == 1) {
        long length = BIO_get_mem_data(out, &text);

        found = apr_pstrmemdup(pool, text, (apr_size_t)length);
    }
    ERR_clear_error();
    BIO_free(out);
    X509_STORE_free(store);
    CMS_ContentInfo_free(cms);
    return found;
}

/* The text of an element behind a key, from the n-th such key on. */
static const char *value(const char *plist, const char *key, int n)
{
    const char *wanted = apr_pstrcat(pool, "<key>", key, "</key>\n<string>", NULL);
    const char *at = plist;

    for (int i = 0; at != NULL && i <= n; i++) {
        at = strstr(at, wanted);
        at = at != NULL ? at + strlen(wanted) : NULL;
    }
    return at != NULL ? apr_pstrmemdup(pool, at, strcspn(at, "<")) : "";
}

static int holds(const char *plist, const anshin_bytes_t *file)
{
    const char *at = strstr(plist, "<data>\n");
    const char *end = at != NULL ? strstr(at, "</data>") : NULL;
    unsigned char *octets = apr_palloc(pool, strlen(plist));
    EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
    int length = 0;
    int more = 0;
    int good;

    EVP_DecodeInit(context);
    good = end != NULL &&
           EVP_DecodeUpdate(context, octets, &length, (const unsigned char *)at + 7, (int)(end - at) - 7) >= 0 &&
           EVP_DecodeFinal(context, octets + length, &more) == 1 && (apr_size_t)(length + more) == file->length &&
           memcmp(octets, file->data, file->length) == 0;
    EVP_ENCODE_CTX_free(context);
    return good;
}

static int is_uuid_8(const char *text)
{
    return strlen(text) == 36 && strspn(text, "0123456789ABCDEF-") == 36 && text[8] == '-' && text[13] == '-' &&
           text[14] == '8' && text[18] == '-' && strchr("89AB", text[19]) != NULL && text[23] == '-';
}

static void test_profile(void)
{
    const anshin_apple_signer_t *signer = open_signer(own_key, now + 200 * DAY);
    anshin_apple_facts_t wanted = facts();
    anshin_bytes_t profile = {NULL, 0};
    anshin_error_t err;
    const char *plist;
    const char *again;
    const char *renewed;

    ok(sign(&profile, signer, &wanted, now, &err) == APR_SUCCESS, "a profile is signed (CRT-3: %s)", err.text);
    plist = content(&profile);
    ok(plist != NULL, "CMS verifies it: attached, with the chain that the operator gave, up to a root that is known");
    plist = plist != NULL ? plist : "";
    ok(same_text(value(plist, "PayloadType", 0), "Configuration") &&
           same_text(value(plist, "PayloadType", 1), "com.apple.security.pkcs12") &&
           strstr(plist, "com.apple.security.root") == NULL && *value(plist, "PayloadType", 2) == '\0',
       "a configuration with the PKCS#12 and nothing else: no root comes along");
    ok(holds(plist, &pkcs12) && strstr(plist, "<key>Password</key>") == NULL, "the file is in it, its password is not");
    ok(same_text(value(plist, "PayloadDisplayName", 0), "会員サイト &lt;A&amp;B&gt;") &&
           same_text(value(plist, "PayloadOrganization", 0), "Example \"Bank\" &amp; Co.") &&
           same_text(value(plist, "PayloadDescription", 0), "]]&gt; &amp;amp; 'x'") &&
           same_text(value(plist, "PayloadDisplayName", 1), "p-01-usr007 薬局1号機"),
       "texts are escaped, and nothing of them is markup");
    ok(strstr(plist, "<key>PayloadRemovalDisallowed</key>\n<false/>") != NULL, "the person may remove it");
    ok(is_uuid_8(value(plist, "PayloadUUID", 0)) && is_uuid_8(value(plist, "PayloadUUID", 1)) &&
           strcmp(value(plist, "PayloadUUID", 0), value(plist, "PayloadUUID", 1)) != 0,
       "two UUIDs of version 8 (RFC 9562)");
    (void)sign(&profile, signer, &wanted, now, &err);
    again = content(&profile);
    ok(again != NULL && strcmp(plist, again) == 0, "made once more it is the same");
    wanted.serial = anshin_bytes_of("another one");
    (void)sign(&profile, signer, &wanted, now, &err);
    renewed = content(&profile);
    ok(renewed != NULL && strcmp(value(plist, "PayloadUUID", 0), value(renewed, "PayloadUUID", 0)) != 0 &&
           same_text(value(plist, "PayloadIdentifier", 0), value(renewed, "PayloadIdentifier", 0)),
       "that of the next certificate takes its place on the device: its UUID is new, its identifier is not");
    wanted.terminal = "p-01/p-01-usr007/2";
    (void)sign(&profile, signer, &wanted, now, &err);
    renewed = content(&profile);
    ok(renewed != NULL && strcmp(value(plist, "PayloadIdentifier", 0), value(renewed, "PayloadIdentifier", 0)) != 0 &&
           strstr(renewed, "usr007/2") == NULL,
       "another terminal's stands beside it, and the identifier tells nothing");
}

/* --- what is refused --------------------------------------------------------------------------------------------- */

static void test_refused(void)
{
    static const char *const texts[] = {"a\x01", "a\nb", "\xff", "a\xef\xbf\xbe", "a\xef\xbf\xbf", "a\xc2\x85"};
    const anshin_apple_signer_t *signer = open_signer(own_key, now + 200 * DAY);
    anshin_apple_facts_t wanted = facts();
    anshin_bytes_t profile = {NULL, 0};
    unsigned char *longer = apr_pcalloc(pool, pkcs12.length + 1);
    anshin_error_t err;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        wanted.name = texts[i];
        ok(sign(&profile, signer, &wanted, now, &err) == ANSHIN_EINVALID && profile.length == 0,
           "a text that XML cannot hold: refused (%d: %s)", (int)i, err.text);
    }
    wanted = facts();
    wanted.pkcs12 = anshin_bytes_of("<plist>octets of the worker's choice</plist>");
    ok(sign(&profile, signer, &wanted, now, &err) == ANSHIN_EINVALID && profile.length == 0,
       "octets that are no PKCS#12 are not signed (CRT-7)");
    memcpy(longer, pkcs12.data, pkcs12.length);
    wanted.pkcs12 = (anshin_bytes_t){longer, pkcs12.length + 1};
    ok(sign(&profile, signer, &wanted, now, &err) == ANSHIN_EINVALID && profile.length == 0,
       "nor is one with an octet behind it");
    wanted.pkcs12 = (anshin_bytes_t){pkcs12.data, pkcs12.length - 1};
    ok(sign(&profile, signer, &wanted, now, &err) == ANSHIN_EINVALID && profile.length == 0, "nor a part of one");
}

static void test_time(void)
{
    const anshin_apple_signer_t *signer = open_signer(own_key, now + 10 * DAY);
    const anshin_apple_facts_t wanted = facts();
    anshin_apple_validity_t validity = {0, 0};
    anshin_bytes_t profile = {NULL, 0};
    anshin_error_t err;

    ok(sign(&profile, signer, &wanted, now + 8 * DAY, &err) == APR_SUCCESS, "in its time: signed");
    profile.length = 0;
    ok(sign(&profile, signer, &wanted, now + 9 * DAY, &err) == ANSHIN_EDENIED && profile.length == 0 &&
           strstr(err.text, " ends on ") != NULL,
       "a day before its end: not signed any more, since a download lives so long (%s)", err.text);
    ok(sign(&profile, signer, &wanted, now + 11 * DAY, &err) == ANSHIN_EDENIED && profile.length == 0 &&
           strstr(err.text, " ended on ") != NULL,
       "after its end: not signed (%s)", err.text);
    ok(sign(&profile, signer, &wanted, now - 2 * DAY, &err) == ANSHIN_EDENIED && profile.length == 0 &&
           strstr(err.text, " begins on ") != NULL,
       "before it begins: not signed (%s)", err.text);
    anshin_error_clear(&err);
    ok(anshin_apple_validity(&validity, open(operator_file(own_key, now + 2000 * DAY), O_RDONLY), "f", &err, pool) ==
               APR_SUCCESS &&
           validity.end == now + 900 * DAY && validity.begin == now - DAY,
       "what is above it ends first: so long it is good; a root counts for nothing");
}

static apr_status_t open_with(const char *certificate, const anshin_ca_key_source_t *key, anshin_error_t *err)
{
    anshin_apple_signer_t *signer = NULL;

    anshin_error_clear(err);
    return anshin_apple_signer_open(&signer, certificate, key, err, pool);
}

static void test_opening(void)
{
    EVP_PKEY *other = build_key("RSA", 2048);
    EVP_PKEY *weak = build_key("RSA", 1024);
    EVP_PKEY *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_PKEY *curve = build_key("EC", 0);
    anshin_ca_key_source_t key = write_key("other.key", other);
    const char *certificate = operator_file(own_key, now + 200 * DAY);
    X509 *const only_ca[] = {middle};
    anshin_error_t err;

    ok(open_with(certificate, &key, &err) == ANSHIN_EINVALID && same_text(err.id, "AN1248"),
       "the key of another certificate (%s)", err.text);
    ok(open_with(in_directory("none.crt"), &key, &err) == ANSHIN_ENOTFOUND, "no certificate (%s)", err.text);
    key.key = in_directory("none.key");
    ok(open_with(certificate, &key, &err) == ANSHIN_ENOTFOUND, "no key (%s)", err.text);
    scratch_write(in_directory("text.key"), "text", 4, 0600);
    key.key = in_directory("text.key");
    ok(open_with(certificate, &key, &err) == ANSHIN_EINVALID && strncmp(err.text, "AnshinAppleProfileKey ", 22) == 0,
       "no key in the file: the error names our directive (%s)", err.text);
    ok(open_with(in_directory("text.key"), &key, &err) == ANSHIN_EINVALID && same_text(err.id, "AN1247"),
       "no certificate in the file (%s)", err.text);
    key = write_key("middle.key", middle_key);
    ok(open_with(write_certificates("ca.crt", only_ca, 1), &key, &err) == ANSHIN_EINVALID &&
           strstr(err.text, "digital signatures") != NULL,
       "a certificate that is not for signatures (%s)", err.text);
    key = write_key("weak.key", weak);
    ok(open_with(operator_file(weak, now + 200 * DAY), &key, &err) == ANSHIN_EINVALID, "a weak key (%s)", err.text);
    key = write_key("edwards.key", edwards);
    ok(open_with(operator_file(edwards, now + 200 * DAY), &key, &err) == ANSHIN_EINVALID,
       "a key that Apple's systems do not know (%s)", err.text);
    ok(anshin_apple_signer_try(open_signer(curve, now + 200 * DAY), &err) == APR_SUCCESS, "P-256 signs (%s)", err.text);
    EVP_PKEY_free(other);
    EVP_PKEY_free(weak);
    EVP_PKEY_free(edwards);
    EVP_PKEY_free(curve);
}

static void test_wiped(void)
{
    const anshin_apple_signer_t *signer = open_signer(own_key, now + 200 * DAY);
    const anshin_apple_facts_t wanted = facts();
    left_t left = {.count = 1};
    anshin_error_t err;
    apr_pool_t *child;

    anshin_error_clear(&err);
    apr_pool_create(&child, pool);
    apr_pool_cleanup_register(child, &left, left_count, apr_pool_cleanup_null);
    (void)anshin_apple_sign(&left.octets, signer, &wanted, now, &err, child);
    ok(left.octets.length > 0 && ((const unsigned char *)left.octets.data)[0] == 0x30, "a profile lies in the pool");
    apr_pool_clear(child);
    ok(left.count == 0, "the end of the pool has wiped it (S24): %d octets left", (int)left.count);
    apr_pool_destroy(child);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    make_all();
    test_profile();
    test_refused();
    test_time();
    test_opening();
    test_wiped();
    X509_free(middle);
    X509_free(root);
    EVP_PKEY_free(own_key);
    EVP_PKEY_free(middle_key);
    EVP_PKEY_free(root_key);
    apr_pool_destroy(pool);
    return done();
}
