/*
 * Client certificates over real handshakes in memory: TLS 1.2 and 1.3, new and resumed, with SNI, every kind of
 * certificate (S20, LOG-3).
 */
#include <sys/stat.h>

#include <apr_general.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "crypto/pki/tls.h"

#include "unit/certificate_builder.h"
#include "unit/scratch.h"
#include "unit/tap.h"

#define DAY apr_time_from_sec(86400)

enum { NONE, GOOD, EXPIRED, EARLY, FOREIGN, UNSUITABLE, KINDS };

static const struct {
    const char *name;
    anshin_presented_state_t state;
    long verify_result;
} kinds[KINDS] = {
    [NONE] = {"no certificate", ANSHIN_PRESENTED_NONE, X509_V_OK},
    [GOOD] = {"a good one", ANSHIN_PRESENTED_GOOD, X509_V_OK},
    [EXPIRED] = {"an expired one", ANSHIN_PRESENTED_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED},
    [EARLY] = {"one not yet valid", ANSHIN_PRESENTED_NOT_YET_VALID, X509_V_ERR_CERT_NOT_YET_VALID},
    [FOREIGN] = {"one of another CA", ANSHIN_PRESENTED_FOREIGN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    [UNSUITABLE] = {"one for servers", ANSHIN_PRESENTED_UNSUITABLE, X509_V_ERR_INVALID_PURPOSE},
};

static apr_pool_t *pool;
static const apr_time_t now = APR_TIME_C(1800000000000000); /* 2027-01-15 */
static X509 *certificates[KINDS];
static EVP_PKEY *user_key;
static EVP_PKEY *server_key;
static X509 *server_certificate;
static X509 *ca;
static anshin_trust_t *trust;
static anshin_trust_t *other_trust;

static anshin_trust_t *load(const char *directory, const char *name, X509 *certificate)
{
    const char *path = apr_pstrcat(pool, directory, "/", name, NULL);
    FILE *file = fopen(path, "w");
    anshin_trust_t *loaded = NULL;
    anshin_error_t err;

    anshin_error_clear(&err);
    PEM_write_X509(file, certificate);
    fclose(file);
    if (anshin_trust_load(&loaded, path, NULL, &err, pool) != APR_SUCCESS) {
        printf("# %s\n", err.text);
        exit(1);
    }
    return loaded;
}

static void prepare(const char *directory)
{
    EVP_PKEY *ca_key = build_key("EC", 0);
    EVP_PKEY *other_key = build_key("EC", 0);
    X509 *other = build_ca("Other CA", other_key);
    build_t wanted;

    ca = build_ca("Test CA", ca_key);
    trust = load(directory, "ca.pem", ca);
    other_trust = load(directory, "other.pem", other);
    user_key = build_key("EC", 0);
    server_key = build_key("EC", 0);
    wanted = (build_t){.cn = "localhost", .issuer_key = server_key};
    server_certificate = build_certificate(&wanted);
    for (int kind = GOOD; kind < KINDS; kind++) {
        wanted = (build_t){.cn = kinds[kind].name,
                           .key = user_key,
                           .issuer = kind == FOREIGN ? other : ca,
                           .issuer_key = kind == FOREIGN ? other_key : ca_key,
                           .serial = "0102",
                           .not_before = kind == EARLY ? now + DAY : 0,
                           .not_after = kind == EXPIRED ? now - DAY : 0,
                           .extended = kind == UNSUITABLE ? "serverAuth" : "clientAuth"};
        certificates[kind] = build_certificate(&wanted);
    }
    X509_free(other);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(other_key);
}

static SSL_CTX *server_context(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    SSL_CTX_use_certificate(ctx, server_certificate);
    SSL_CTX_use_PrivateKey(ctx, server_key);
    return ctx;
}

static SSL_CTX *asking_context(int version)
{
    SSL_CTX *ctx = server_context(version);
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_tls_ask(ctx, trust, &err) != APR_SUCCESS) {
        printf("# %s\n", err.text);
    }
    return ctx;
}

/* A client with a certificate of this kind; it asks for nothing of the server's. */
static SSL_CTX *client_context(int kind)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (kind != NONE) {
        SSL_CTX_use_certificate(ctx, certificates[kind]);
        SSL_CTX_use_PrivateKey(ctx, user_key);
    }
    return ctx;
}

typedef struct pair_t {
    SSL *server;
    SSL *client;
    int connected;
} pair_t;

static pair_t connect_pair(SSL_CTX *server, SSL_CTX *client, SSL_SESSION *session, const char *host)
{
    pair_t pair = {SSL_new(server), SSL_new(client), 0};
    BIO *one;
    BIO *two;
    char octet;

    BIO_new_bio_pair(&one, 0, &two, 0);
    SSL_set_bio(pair.server, one, one);
    SSL_set_bio(pair.client, two, two);
    SSL_set_accept_state(pair.server);
    SSL_set_connect_state(pair.client);
    if (session != NULL) {
        SSL_set_session(pair.client, session);
    }
    if (host != NULL) {
        SSL_set_tlsext_host_name(pair.client, host);
    }
    for (int i = 0; i < 20 && !pair.connected; i++) {
        int client_done = SSL_do_handshake(pair.client);

        pair.connected = SSL_do_handshake(pair.server) == 1 && client_done == 1;
    }
    /* TLS 1.3 sends its tickets behind the handshake: a read takes them in. */
    SSL_read(pair.client, &octet, 1);
    ERR_clear_error();
    return pair;
}

static void drop(pair_t *pair)
{
    SSL_shutdown(pair->client);
    SSL_shutdown(pair->server);
    SSL_free(pair->client);
    SSL_free(pair->server);
    ERR_clear_error();
}

static void judged(pair_t *pair, int kind, const char *text, const char *how)
{
    anshin_presented_t facts;
    anshin_error_t err;

    anshin_error_clear(&err);
    if (!ok(pair->connected && SSL_get_verify_result(pair->server) == X509_V_OK,
            "%s, %s: %s passes the handshake, and mod_ssl would go on", text, how, kinds[kind].name)) {
        return;
    }
    ok(anshin_tls_was_asked(pair->server, trust) == 1, "%s, %s: it was asked for", text, how);
    ok(anshin_tls_presented(&facts, pair->server, trust, now, &err, pool) == APR_SUCCESS &&
           facts.state == kinds[kind].state && same_text(facts.serial, kind == NONE ? "" : "0102"),
       "%s, %s: %s is judged so (S20)", text, how, kinds[kind].name);
    ok(SSL_get_verify_result(pair->server) == kinds[kind].verify_result,
       "%s, %s: and the connection says the truth from then on (%s)", text, how,
       X509_verify_cert_error_string(SSL_get_verify_result(pair->server)));
}

static void test_kinds(int version, const char *text)
{
    SSL_CTX *server = asking_context(version);

    for (int kind = NONE; kind < KINDS; kind++) {
        SSL_CTX *client = client_context(kind);
        pair_t first = connect_pair(server, client, NULL, NULL);
        SSL_SESSION *session = SSL_get1_session(first.client);
        pair_t again;

        judged(&first, kind, text, "new");
        drop(&first);
        again = connect_pair(server, client, session, NULL);
        ok(SSL_session_reused(again.server) == 1, "%s: the session of %s is resumed", text, kinds[kind].name);
        judged(&again, kind, text, "resumed");
        drop(&again);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
    SSL_CTX_free(server);
}

/* What mod_ssl's SNI callback does. */
static int switch_context(SSL *ssl, int *alert, void *data)
{
    SSL_CTX *asking = data;
    const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    if (host != NULL && strcmp(host, "asking.example") == 0) {
        SSL_set_SSL_CTX(ssl, asking);
        SSL_set_verify(ssl, SSL_CTX_get_verify_mode(asking), SSL_CTX_get_verify_callback(asking));
    }
    return SSL_TLSEXT_ERR_OK;
}

static void test_sni(int version, const char *text)
{
    SSL_CTX *plain = server_context(version);
    SSL_CTX *asking = asking_context(version);
    SSL_CTX *client = client_context(EXPIRED);
    anshin_presented_t facts;
    anshin_error_t err;
    pair_t pair;

    anshin_error_clear(&err);
    SSL_CTX_set_tlsext_servername_callback(plain, switch_context);
    SSL_CTX_set_tlsext_servername_arg(plain, asking);
    pair = connect_pair(plain, client, NULL, "asking.example");
    judged(&pair, EXPIRED, text, "switched to by SNI");
    drop(&pair);
    pair = connect_pair(plain, client, NULL, "plain.example");
    ok(pair.connected && anshin_tls_was_asked(pair.server, trust) == 0,
       "%s: a host that does not ask: the connection was not asked, so 421", text);
    ok(anshin_tls_presented(&facts, pair.server, trust, now, &err, pool) == APR_SUCCESS &&
           facts.state == ANSHIN_PRESENTED_NONE,
       "%s: and there is no certificate", text);
    drop(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(asking);
    SSL_CTX_free(plain);
}

/* What mod_ssl and those who ask it read of a certificate that Anshin has asked for (S33). */
static void test_hide(int version, const char *text)
{
    SSL_CTX *server = asking_context(version);
    SSL_CTX *client = client_context(GOOD);
    pair_t pair = connect_pair(server, client, NULL, NULL);
    const struct x509_st *certificate = anshin_tls_certificate(pair.server, pool);
    anshin_presented_t facts;
    anshin_error_t err;

    anshin_error_clear(&err);
    ok(anshin_tls_presented(&facts, pair.server, trust, now, &err, pool) == APR_SUCCESS &&
           facts.state == ANSHIN_PRESENTED_GOOD && anshin_tls_hide(pair.server, &err) == APR_SUCCESS,
       "%s: a good certificate is judged and hidden", text);
    ok(X509_NAME_entry_count(X509_get_subject_name(certificate)) == 0 &&
           X509_NAME_entry_count(X509_get_issuer_name(certificate)) == 0 && X509_get_ext_count(certificate) == 0 &&
           ASN1_INTEGER_get(X509_get0_serialNumber(certificate)) == 0,
       "S33: %s: nobody reads a name, serial or extension off it", text);
    ok(SSL_get_verify_result(pair.server) == X509_V_OK && same_text(facts.serial, "0102"),
       "%s: what we know of it stays, and so does the result", text);
    ok(!anshin_tls_is_replaced(pair.server, certificate) && anshin_tls_is_replaced(pair.server, NULL) &&
           !anshin_tls_insists(pair.server),
       "%s: the connection has that certificate, and no place insists on one", text);
    SSL_set_verify(pair.server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    ok(anshin_tls_insists(pair.server), "%s: SSLVerifyClient require is seen", text);
    drop(&pair);
    SSL_CTX_free(client);
    SSL_CTX_set_verify(server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    for (int kind = GOOD; kind < KINDS; kind++) {
        client = client_context(kind);
        pair = connect_pair(server, client, NULL, NULL);
        ok(!pair.connected, "S33: %s: where one is required, %s is verified as without us", text, kinds[kind].name);
        drop(&pair);
        SSL_CTX_free(client);
    }
    SSL_CTX_free(server);
}

static STACK_OF(X509_NAME) * named_to_client;

static int remember_names(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    (void)certificate;
    (void)key;
    named_to_client = SSL_dup_CA_list(SSL_get_client_CA_list(ssl));
    return 0;
}

static void test_asking(void)
{
    SSL_CTX *server = server_context(TLS1_3_VERSION);
    SSL_CTX *strict = server_context(TLS1_3_VERSION);
    SSL_CTX *client = client_context(NONE);
    anshin_error_t err;
    pair_t pair;

    anshin_error_clear(&err);
    ok(anshin_tls_ask(server, trust, &err) == APR_SUCCESS && anshin_tls_ask(server, trust, &err) == APR_SUCCESS,
       "asked for twice, asked for once");
    ok(anshin_tls_ask(server, other_trust, &err) == ANSHIN_EINVALID, "not for two trusts at once (%s)", err.text);
    anshin_error_clear(&err);
    SSL_CTX_set_verify(strict, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    ok(anshin_tls_ask(strict, trust, &err) == ANSHIN_EINVALID && strstr(err.text, "SSLVerifyClient") != NULL,
       "what verifies clients by itself is left alone (%s)", err.text);
    SSL_CTX_set_client_cert_cb(client, remember_names);
    pair = connect_pair(server, client, NULL, NULL);
    ok(named_to_client != NULL && sk_X509_NAME_num(named_to_client) == 1 &&
           X509_NAME_cmp(sk_X509_NAME_value(named_to_client, 0), X509_get_subject_name(ca)) == 0,
       "our CA is named, so that the browser offers its certificates only");
    ok(anshin_tls_was_asked(pair.server, other_trust) == 0, "for this trust, not for another");
    sk_X509_NAME_pop_free(named_to_client, X509_NAME_free);
    drop(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(strict);
    SSL_CTX_free(server);
}

/* A session that began where nobody asked must not count as asked and empty-handed where somebody does: OpenSSL keeps
 * sessions of different contexts apart. */
static void test_foreign_session(void)
{
    SSL_CTX *plain = server_context(TLS1_2_VERSION);
    SSL_CTX *asking = asking_context(TLS1_2_VERSION);
    SSL_CTX *client = client_context(GOOD);
    pair_t first = connect_pair(plain, client, NULL, NULL);
    SSL_SESSION *session = SSL_get1_session(first.client);
    pair_t again;

    drop(&first);
    again = connect_pair(asking, client, session, NULL);
    ok(again.connected && SSL_session_reused(again.server) == 0,
       "a session of a host that does not ask is not resumed");
    judged(&again, GOOD, "TLS 1.2", "after such a session");
    drop(&again);
    SSL_SESSION_free(session);
    SSL_CTX_free(client);
    SSL_CTX_free(asking);
    SSL_CTX_free(plain);
}

static int freed;

static void count_freed(void *ssl, void *data, CRYPTO_EX_DATA *all, int index, long one, void *two)
{
    (void)ssl, (void)data, (void)all, (void)index, (void)one, (void)two;
    freed++;
}

/* mod_ssl frees its SSL when a handshake fails, before the connection is judged. */
static void test_keep(void)
{
    SSL_CTX *ctx = asking_context(TLS1_3_VERSION);
    SSL *ssl = SSL_new(ctx);
    apr_pool_t *connection;
    anshin_presented_t facts;
    anshin_error_t err;

    anshin_error_clear(&err);
    SSL_set_ex_data(ssl, SSL_get_ex_new_index(0, NULL, NULL, NULL, count_freed), &freed);
    apr_pool_create(&connection, pool);
    ok(anshin_tls_keep(ssl, connection) == APR_SUCCESS, "a connection keeps its SSL");
    SSL_free(ssl);
    ok(freed == 0, "it is there although mod_ssl has freed its own (S20)");
    ok(anshin_tls_presented(&facts, ssl, trust, now, &err, pool) == APR_SUCCESS && facts.state == ANSHIN_PRESENTED_NONE,
       "without a handshake there is no certificate (S20)");
    apr_pool_destroy(connection);
    ok(freed == 1, "and it goes with the connection");
    SSL_CTX_free(ctx);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    prepare(scratch_directory(pool));
    test_kinds(TLS1_2_VERSION, "TLS 1.2");
    test_kinds(TLS1_3_VERSION, "TLS 1.3");
    test_hide(TLS1_2_VERSION, "TLS 1.2");
    test_hide(TLS1_3_VERSION, "TLS 1.3");
    test_sni(TLS1_2_VERSION, "TLS 1.2");
    test_sni(TLS1_3_VERSION, "TLS 1.3");
    test_asking();
    test_foreign_session();
    test_keep();
    for (int kind = GOOD; kind < KINDS; kind++) {
        X509_free(certificates[kind]);
    }
    X509_free(ca);
    X509_free(server_certificate);
    EVP_PKEY_free(user_key);
    EVP_PKEY_free(server_key);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
