/*
 * What a virtual host would agree to, read off its SSL_CTX (ADM-1).
 */
#include <apr_general.h>
#include <openssl/ssl.h>

#include "crypto/tls/tls_facts.h"

#include "unit/certificate_builder.h"
#include "unit/tap.h"

#define END APR_TIME_C(1900000000000000)

#define DAY apr_time_from_sec(86400)

static apr_pool_t *pool;
static apr_time_t begin; /* of certificates; 0: as built */

/* A host's, with a certificate of such a key (NULL: none). */
static SSL_CTX *host(const char *type, const char *ciphers)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = type != NULL ? build_key(type, type[0] == 'R' ? 2048 : 0) : NULL;
    const build_t wanted = {.cn = "localhost", .issuer_key = key, .not_before = begin, .not_after = END};
    X509 *certificate = key != NULL ? build_certificate(&wanted) : NULL;

    if (ciphers != NULL) {
        SSL_CTX_set_cipher_list(ctx, ciphers);
    }
    if (key != NULL) {
        SSL_CTX_use_certificate(ctx, certificate);
        SSL_CTX_use_PrivateKey(ctx, key);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return ctx;
}

/* Those of the SSL_CTX, which is freed. */
static anshin_tls_facts_t facts_of(SSL_CTX *ctx)
{
    anshin_tls_facts_t facts;

    ok(anshin_tls_facts(&facts, ctx, pool) == APR_SUCCESS, "an SSL_CTX is looked at");
    SSL_CTX_free(ctx);
    return facts;
}

static void test_versions(void)
{
    anshin_tls_facts_t facts = facts_of(host("EC", NULL));
    SSL_CTX *ctx;

    ok(!facts.old_versions && facts.tls13 && !facts.unsafe, "OpenSSL's defaults: TLS 1.2 and 1.3");
    ok(facts.weak == NULL && facts.fixed == NULL, "... and nothing against its ciphers where the key is no RSA key");
    ok(facts.ends == END, "... and when its certificate ends");
    ok(facts.soon == END - 30 * DAY, "... which is soon 30 days before, where its life is long (ADM-1)");
    begin = END - 6 * DAY;
    facts = facts_of(host("EC", NULL));
    ok(facts.ends == END && facts.soon == END - 2 * DAY,
       "... or with a third of its life left: two days of six (ADM-1)");
    begin = 0;
    ctx = host("EC", "DEFAULT@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    facts = facts_of(ctx);
    ok(facts.old_versions, "TLS 1.0 at level 0");
    ctx = host("EC", "DEFAULT@SECLEVEL=1");
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    facts = facts_of(ctx);
    ok(!facts.old_versions, "TLS 1.0 asked for at level 1 is not spoken");
    ctx = host("EC", "DEFAULT@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(ctx, 0);
    SSL_CTX_set_options(ctx, SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1);
    facts = facts_of(ctx);
    ok(!facts.old_versions, "older ones that options leave out are not, either");
    ctx = host("EC", NULL);
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    facts = facts_of(ctx);
    ok(!facts.tls13, "TLS 1.2 at most");
    ok(facts.unsafe, "renegotiation as of before RFC 5746");
}

static void test_ciphers(void)
{
    anshin_tls_facts_t facts = facts_of(host("RSA", NULL));

    ok(facts.fixed != NULL, "OpenSSL's defaults with an RSA key: an exchange without forward secrecy");
    facts = facts_of(host("RSA", "HIGH:!aNULL:!kRSA"));
    ok(facts.fixed == NULL && facts.weak == NULL, "... and none where it was left out");
    facts = facts_of(host("RSA", "HIGH:eNULL:@SECLEVEL=0"));
    ok(facts.weak != NULL, "a cipher without encryption");
    facts = facts_of(host("RSA", "HIGH:aNULL:!kRSA:@SECLEVEL=0"));
    ok(facts.weak != NULL, "one without authentication");
    facts = facts_of(host("RSA", "HIGH:eNULL:!aNULL:!kRSA"));
    ok(facts.weak == NULL, "one that the security level leaves out is not offered");
    facts = facts_of(host(NULL, NULL));
    ok(facts.ends == 0 && facts.fixed == NULL, "without a certificate there is no end");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_versions();
    test_ciphers();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
