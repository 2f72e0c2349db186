/*
 * What the signer is asked about profiles for Apple devices (ca/signer/request.h): made of facts and a file, never of
 * octets of the worker's choice (CRT-3, CRT-7).
 */
#include <sys/stat.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "ca/signer/request.h"
#include "unit/certificate_builder.h"
#include "unit/desk.h"
#include "unit/tap.h"

/* A certificate that ends in ten days, with its key, in one file. */
static void open_apple(anshin_bytes_t *pkcs12)
{
    const char *file = apr_pstrcat(pool, scratch_directory(pool), "/apple.pem", NULL);
    EVP_PKEY *key = build_key("EC", 0);
    X509 *own = build_certificate(&(build_t){.cn = "Example Bank",
                                             .key = key,
                                             .issuer_key = key,
                                             .not_before = desk.now - apr_time_from_sec(3600),
                                             .not_after = desk.now + apr_time_from_sec(864000)});
    PKCS12 *p12 = PKCS12_create("k7mq-x4fw", "u", key, own, NULL, 0, 0, 0, 0, 0);
    anshin_apple_signer_t *opened = NULL;
    unsigned char *der = NULL;
    int length = i2d_PKCS12(p12, &der);
    FILE *out = fopen(file, "w");
    anshin_error_t err;

    anshin_error_clear(&err);
    (void)PEM_write_X509(out, own);
    (void)PEM_write_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
    (void)fclose(out);
    (void)chmod(file, 0600);
    if (anshin_apple_signer_open(&opened, file, &(anshin_ca_key_source_t){.key = file}, &err, pool) != APR_SUCCESS) {
        printf("# %s %s\n", err.id, err.text);
        exit(1);
    }
    desk.signer.apple.signer = opened;
    *pkcs12 = (anshin_bytes_t){apr_pmemdup(pool, der, (apr_size_t)length), (apr_size_t)length};
    OPENSSL_free(der);
    PKCS12_free(p12);
    X509_free(own);
    EVP_PKEY_free(key);
}

/* without: the text that is left empty; -1: none. */
static anshin_wire_t *ask_apple(const anshin_bytes_t *pkcs12, int without)
{
    static const char *const texts[] = {"https://login.example", "p-01/u/1", "Title", "Bank", "What for", "u"};
    anshin_wire_t *wire = apr_pcalloc(pool, sizeof(*wire));

    anshin_wire_begin(wire, ANSHIN_WIRE_APPLE, 9);
    for (int i = 0; i < 6; i++) {
        (void)anshin_wire_put_text(wire, i == without ? "" : texts[i]);
    }
    (void)anshin_wire_put_string(wire, "\x41\x02", 2);
    (void)anshin_wire_put_string(wire, pkcs12->data, pkcs12->length);
    return wire;
}

/* How long the profile is, at that time; below 0: it was refused. told: whether a cause is to be logged. */
static int profile_at(apr_time_t at, const anshin_bytes_t *pkcs12, int *told)
{
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    anshin_bytes_t profile = {NULL, 0};
    unsigned char type;
    apr_uint32_t id;
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_signer_answer(reply, ask_apple(pkcs12, -1), &desk.signer, at, &err, pool);
    *told = err.status != APR_SUCCESS;
    return status == APR_SUCCESS && anshin_wire_get_head(reply, &type, &id) == APR_SUCCESS &&
                   type == ANSHIN_WIRE_APPLE_SIGNED && id == 9 &&
                   anshin_wire_get_string(reply, &profile, 0, ANSHIN_WIRE_MAX) == APR_SUCCESS &&
                   anshin_wire_get_end(reply) == APR_SUCCESS
               ? (int)profile.length
               : -1;
}

static void test_apple(void)
{
    const anshin_bytes_t octets = anshin_bytes_of("octets of the worker's choice");
    const apr_time_t late = desk.now + apr_time_from_sec(800000);
    anshin_bytes_t pkcs12;
    int told;
    int again;

    open_apple(&pkcs12);
    ok(profile_at(desk.now, &pkcs12, &told) > (int)pkcs12.length && !told,
       "a profile is made of facts and a file (CRT-3)");
    ok(desk_refuses(ask_apple(&octets, -1), 9), "octets of the worker's choice are not signed (CRT-7)");
    for (int i = 0; i < 6; i++) {
        ok(i == 4 ? profile_at(desk.now, &pkcs12, &told) > 0 : desk_refuses(ask_apple(&pkcs12, i), 9),
           i == 4 ? "it may do without a description" : "not without its text %d", i);
    }
    ok(profile_at(late, &pkcs12, &told) == 0 && told && profile_at(late, &pkcs12, &again) == 0 && !again,
       "a certificate that ends soon signs nothing, and that is told once (CRT-3)");
    ok(profile_at(desk.now, &pkcs12, &told) > 0 && !told && profile_at(late, &pkcs12, &told) == 0 && told,
       "and once more when it was good in between");
    desk.signer.apple.signer = NULL;
    ok(profile_at(desk.now, &pkcs12, &told) == 0 && !told, "without a certificate there is none, and nothing to tell");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    desk_open();
    test_apple();
    desk_close();
    return done();
}
