/*
 * profiles DIR: certificates of every profile and kind of key, issued by the real signer (CAS-1).
 *
 * DIR/CA/ca.pem is a CA with a key of the kind CA, DIR/CA/PROFILE-KEY.der and .pem are what it has issued, and
 * DIR/KEY.p12 a file that a user would import. Every profile of every key hangs below the CA with a key on P-256; the
 * others have issued one certificate each.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/pem.h>

#include "core/config/ca_files.h"
#include "ca/log.h"
#include "ca/signer_client.h"
#include "crypto/pki/ca.h"
#include "crypto/pki/key.h"
#include "crypto/pki/pack.h"

#define DAY apr_time_from_sec(86400)
#define NOBODY 65534
#define ALL_USES                                                                                            \
    (1 << ANSHIN_USE_CLIENT | 1 << ANSHIN_USE_MAIL | 1 << ANSHIN_USE_SMARTCARD | 1 << ANSHIN_USE_KERBEROS | \
     1 << ANSHIN_USE_IPSEC)
#define SIXTEEN "日本語日本語日本語日本語日本語字"

/* Serials have the first bit set and not set, and one or twenty octets; the last digit becomes that of the key. */
static const struct {
    const char *name;
    anshin_issue_order_t order;
} profiles[] = {
    {"plain", {.serial = "4a0102030405060708090a0b0c0d0e0f", .name = "p-01-usr001", .uses = 1 << ANSHIN_USE_CLIENT}},
    {"named",
     {.serial = "ff",
      .name = SIXTEEN SIXTEEN SIXTEEN SIXTEEN,
      .organization = SIXTEEN SIXTEEN SIXTEEN SIXTEEN,
      .unit = SIXTEEN SIXTEEN SIXTEEN SIXTEEN,
      .uses = 1 << ANSHIN_USE_CLIENT,
      .crl_url = "http://www.example.jp/anshin/ca/ca.crl"}},
    {"mail",
     {.serial = "7fffffffffffffffffffffffffffffffffffffff",
      .name = "p-01-usr001 2026-11-29",
      .organization = "Example Co., Ltd.",
      .mail = "hanako@xn--r8jz45g.example",
      .uses = 1 << ANSHIN_USE_CLIENT | 1 << ANSHIN_USE_MAIL,
      .ocsp_url = "http://www.example.jp/anshin/ca/ocsp"}},
    {"all",
     {.serial = "01",
      .name = "山田 太郎",
      .organization = "O=A+B, \"C\"; <D>\\#",
      .unit = "会員部",
      .mail = "taro@example.jp",
      .uses = ALL_USES,
      .crl_url = "http://www.example.jp/crl,v1;x=1?a&b",
      .ocsp_url = "https://www.example.jp/ocsp"}},
};
#define PROFILES (sizeof(profiles) / sizeof(*profiles))

static const anshin_key_type_t ca_types[] = {ANSHIN_KEY_P256, ANSHIN_KEY_P384, ANSHIN_KEY_RSA2048, ANSHIN_KEY_ED25519};
#define KEYS 6

static apr_pool_t *pool;
static anshin_error_t err;

static void must(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "profiles: %s: %s %s\n", what, err.id, err.text);
        exit(1);
    }
}

static void put(const char *path, const anshin_bytes_t *octets)
{
    FILE *file = fopen(path, "wb");

    must(file != NULL && fwrite(octets->data, 1, octets->length, file) == octets->length && fclose(file) == 0, path);
}

static void put_pem(const char *path, const anshin_bytes_t *der)
{
    FILE *file = fopen(path, "w");

    must(file != NULL && PEM_write(file, PEM_STRING_X509, "", der->data, (long)der->length) > 0 && fclose(file) == 0,
         path);
}

/* --- the signer ------------------------------------------------------------------------------------------------- */

static anshin_signer_client_t *start(const char *directory, anshin_key_type_t type)
{
    const char *out = getenv("ANSHIN_OUT");
    const anshin_ca_wanted_t wanted = {.key_type = type,
                                       .common_name = "テスト CA",
                                       .organization = "Example",
                                       .country = "JP",
                                       .not_before = apr_time_now() - DAY,
                                       .not_after = apr_time_now() + 3650 * DAY};
    apr_array_header_t *cas = apr_array_make(pool, 1, sizeof(anshin_ca_files_t));
    anshin_ca_files_t files = {.name = "ca"};
    anshin_signer_client_settings_t *settings = apr_pcalloc(pool, sizeof(*settings));
    anshin_signer_client_t *signer;

    settings->program = apr_pstrcat(pool, out != NULL ? out : "apxs-build/out", "/anshin-signer", NULL);
    settings->user = geteuid() == 0 ? "nobody" : NULL;
    files.certificate = apr_pstrcat(pool, directory, "/ca.pem", NULL);
    files.key = apr_pstrcat(pool, directory, "/ca.key", NULL);
    APR_ARRAY_PUSH(cas, anshin_ca_files_t) = files;
    settings->cas = cas;
    must(mkdir(directory, 0755) == 0 && chmod(directory, 0755) == 0, directory);
    must(anshin_ca_create(files.certificate, &(anshin_ca_key_source_t){.key = files.key}, &wanted, &err, pool) ==
             APR_SUCCESS,
         "no CA");
    must(geteuid() != 0 || chown(files.key, NOBODY, NOBODY) == 0, files.key);
    must(anshin_signer_client_start(&signer, settings, &err, pool) == APR_SUCCESS, "no signer");
    for (int i = 0; i < 1000; i++) {
        anshin_signer_client_tend(signer);
        if (anshin_signer_client_wait(signer, 0, &err) == APR_SUCCESS) {
            return signer;
        }
        apr_sleep(10000);
    }
    must(0, "the signer does not begin");
    return NULL;
}

static void issue(anshin_signer_client_t *signer, const char *directory, apr_size_t profile, int type,
                  const anshin_key_t *key)
{
    anshin_issue_order_t order = profiles[profile].order;
    char *serial = apr_pstrdup(pool, order.serial);
    const char *name = apr_pstrcat(pool, directory, "/", profiles[profile].name, "-",
                                   anshin_word_name(anshin_key_type_words, type, ""), NULL);
    anshin_signer_client_issued_t issued;
    anshin_bytes_t spki;
    anshin_bytes_t packed;
    anshin_pack_facts_t file = {.profile = ANSHIN_PACK_MODERN, .password = "password", .key = key, .ca_count = 1};

    serial[strlen(serial) - 1] = (char)('1' + type);
    order.serial = serial;
    order.ca = "ca";
    order.lifetime = 365 * DAY;
    must(anshin_key_public(&spki, key, &err, pool) == APR_SUCCESS &&
             anshin_signer_client_issue(signer, &order, &spki, &issued, &err, pool) == APR_SUCCESS,
         name);
    put(apr_pstrcat(pool, name, ".der", NULL), &issued.certificate);
    put_pem(apr_pstrcat(pool, name, ".pem", NULL), &issued.certificate);
    if (profile == 0) {
        file.friendly_name = order.name;
        file.certificate = &issued.certificate;
        file.ca_chain = &issued.ca;
        must(anshin_pack(&packed, &file, &err, pool) == APR_SUCCESS, name);
        put(apr_pstrcat(pool, name, ".p12", NULL), &packed);
    }
}

int main(int argc, char **argv)
{
    anshin_key_t *keys[KEYS];

    if (argc != 2) {
        fputs("usage: profiles DIR\n", stderr);
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_error_clear(&err);
    anshin_log_open("profiles", ANSHIN_LOG_NOTICE);
    for (int type = 0; type < KEYS; type++) {
        must(anshin_key_make(&keys[type], (anshin_key_type_t)type, &err, pool) == APR_SUCCESS, "no key");
    }
    for (apr_size_t i = 0; i < sizeof(ca_types) / sizeof(*ca_types); i++) {
        const char *directory =
            apr_pstrcat(pool, argv[1], "/", anshin_word_name(anshin_key_type_words, ca_types[i], ""), NULL);
        anshin_signer_client_t *signer = start(directory, ca_types[i]);

        for (apr_size_t profile = 0; profile < PROFILES && i == 0; profile++) {
            for (int type = 0; type < KEYS; type++) {
                issue(signer, directory, profile, type, keys[type]);
            }
        }
        if (i > 0) {
            issue(signer, directory, PROFILES - 1, ANSHIN_KEY_P256, keys[ANSHIN_KEY_P256]);
        }
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}
