/*
 * The signer's short table (ca/signer_request.h): certificates by profile, never a signature over octets (CRT-7,
 * S30, CRT-5).
 */
#include <sys/stat.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ca/signer_request.h"
#include "crypto/ca.h"
#include "crypto/key.h"
#include "crypto/x509.h"
#include "scratch.h"
#include "tap.h"

static apr_pool_t *pool;
static anshin_ca_t *ca;
static anshin_trust_t *trust;
static apr_time_t now;

static void open_ca(void)
{
    const char *directory = scratch_directory(pool);
    const char *certificate = apr_pstrcat(pool, directory, "/ca.crt", NULL);
    const char *key = apr_pstrcat(pool, directory, "/ca.key", NULL);
    anshin_ca_wanted_t wanted = {.key_type = ANSHIN_KEY_P256, .common_name = "Test CA"};
    anshin_error_t err;

    anshin_error_clear(&err);
    now = apr_time_from_sec(apr_time_sec(apr_time_now()));
    wanted.not_before = now - apr_time_from_sec(3600);
    wanted.not_after = now + apr_time_from_sec(400 * 86400LL);
    if (anshin_ca_create(certificate, key, &wanted, &err, pool) != APR_SUCCESS ||
        anshin_ca_open(&ca, certificate, key, NULL, &err, pool) != APR_SUCCESS ||
        anshin_trust_load(&trust, certificate, &err, pool) != APR_SUCCESS) {
        printf("# %s %s\n", err.id, err.text);
        exit(1);
    }
}

/* A request to issue, of which the tests change one part at a time. */
typedef struct order_t {
    anshin_bytes_t spki;
    anshin_bytes_t serial;
    const char *name;
    const char *organization;
    apr_uint64_t lifetime;
    const char *crl_url;
    const char *ocsp_url;
    int surplus; /* an octet too many at the end */
    int missing; /* the last part is left out */
} order_t;

static order_t good_order(anshin_key_type_t type)
{
    order_t order = {.serial = {(const unsigned char *)"\x41\x02\x03\x04\x05\x06\x07\x08", 8},
                     .name = "p-01-usr007",
                     .organization = "会員サービス",
                     .lifetime = 86400,
                     .crl_url = "http://pki.example/ca.crl",
                     .ocsp_url = ""};
    anshin_error_t err;
    anshin_key_t *pair;

    anshin_error_clear(&err);
    if (anshin_key_make(&pair, type, &err, pool) != APR_SUCCESS ||
        anshin_key_public(&order.spki, pair, &err, pool) != APR_SUCCESS) {
        printf("# %s %s\n", err.id, err.text);
        exit(1);
    }
    return order;
}

static anshin_wire_t *write_order(const order_t *order)
{
    anshin_wire_t *wire = apr_pcalloc(pool, sizeof(*wire));

    anshin_wire_begin(wire, ANSHIN_WIRE_ISSUE, 77);
    (void)anshin_wire_put_string(wire, order->spki.data, order->spki.length);
    (void)anshin_wire_put_string(wire, order->serial.data, order->serial.length);
    (void)anshin_wire_put_string(wire, order->name, strlen(order->name)); /* so that bad texts get through */
    (void)anshin_wire_put_string(wire, order->organization, strlen(order->organization));
    (void)anshin_wire_put_number(wire, order->lifetime);
    (void)anshin_wire_put_string(wire, order->crl_url, strlen(order->crl_url));
    if (!order->missing) {
        (void)anshin_wire_put_string(wire, order->ocsp_url, strlen(order->ocsp_url));
    }
    if (order->surplus) {
        wire->data[wire->length++] = 0;
    }
    return wire;
}

static apr_status_t answer(anshin_wire_t *reply, anshin_wire_t *request, unsigned char *type, apr_uint32_t *id)
{
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_signer_answer(reply, request, ca, now, &err, pool);
    if (anshin_wire_get_head(reply, type, id) != APR_SUCCESS) {
        *type = 0;
    }
    return status;
}

/* 1: refused, with the request's id and a cause. */
static int refused(anshin_wire_t *request, apr_uint32_t expected_id)
{
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    unsigned char type;
    apr_uint32_t id;
    apr_uint64_t code;
    const char *cause_id;
    const char *text;
    apr_status_t status = answer(reply, request, &type, &id);

    return status != APR_SUCCESS && type == ANSHIN_WIRE_REFUSED && id == expected_id &&
           anshin_wire_get_number(reply, &code) == APR_SUCCESS && code >= 1 && code <= 3 &&
           anshin_wire_get_text(reply, &cause_id, 10, pool) == APR_SUCCESS && strncmp(cause_id, "AN0", 3) == 0 &&
           anshin_wire_get_text(reply, &text, ANSHIN_WIRE_TEXT_MAX, pool) == APR_SUCCESS && *text != '\0' &&
           anshin_wire_get_end(reply) == APR_SUCCESS;
}

static int refused_order(const order_t *order)
{
    return refused(write_order(order), 77);
}

static void test_hello(void)
{
    anshin_wire_t *request = apr_pcalloc(pool, sizeof(*request));
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    const anshin_bytes_t own = anshin_ca_certificate(ca);
    anshin_bytes_t certificate;
    unsigned char type;
    apr_uint32_t id;
    apr_uint64_t version;

    anshin_wire_begin(request, ANSHIN_WIRE_HELLO, 5);
    (void)anshin_wire_put_number(request, ANSHIN_WIRE_VERSION);
    ok(answer(reply, request, &type, &id) == APR_SUCCESS && type == ANSHIN_WIRE_WELCOME && id == 5 &&
           anshin_wire_get_number(reply, &version) == APR_SUCCESS && version == ANSHIN_WIRE_VERSION &&
           anshin_wire_get_string(reply, &certificate, 1, 8192) == APR_SUCCESS && certificate.length == own.length &&
           memcmp(certificate.data, own.data, own.length) == 0 && anshin_wire_get_end(reply) == APR_SUCCESS,
       "hello tells version and CA certificate");
    anshin_wire_begin(request, ANSHIN_WIRE_HELLO, 5);
    (void)anshin_wire_put_number(request, ANSHIN_WIRE_VERSION + 1);
    ok(refused(request, 5), "another version is refused");
    anshin_wire_begin(request, ANSHIN_WIRE_HELLO, 6);
    ok(refused(request, 6), "so is half a hello");
}

static void test_issue(anshin_key_type_t key, const char *name)
{
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    order_t order = good_order(key);
    anshin_bytes_t certificate;
    anshin_peer_t peer;
    anshin_error_t err;
    const char *fingerprint = "";
    unsigned char type;
    apr_uint32_t id;
    apr_uint64_t from = 0;
    apr_uint64_t to = 0;

    anshin_error_clear(&err);
    ok(answer(reply, write_order(&order), &type, &id) == APR_SUCCESS && type == ANSHIN_WIRE_ISSUED && id == 77 &&
           anshin_wire_get_string(reply, &certificate, 1, 8192) == APR_SUCCESS &&
           anshin_wire_get_text(reply, &fingerprint, 64, pool) == APR_SUCCESS &&
           anshin_wire_get_number(reply, &from) == APR_SUCCESS && anshin_wire_get_number(reply, &to) == APR_SUCCESS &&
           anshin_wire_get_end(reply) == APR_SUCCESS,
       "a certificate is issued: %s (CRT-7)", name);
    ok(anshin_x509_check(&peer, certificate.data, certificate.length, trust, now, &err, pool) == APR_SUCCESS &&
           peer.state == ANSHIN_PEER_GOOD && same_text(peer.name, "p-01-usr007") &&
           same_text(peer.serial, "4102030405060708") && same_text(peer.fingerprint, fingerprint),
       "it is for client authentication, with name, serial and fingerprint (CRT-5)");
    ok(from == (apr_uint64_t)apr_time_sec(now) && to == from + 86400, "for the time asked for");
}

static void test_lifetime(void)
{
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    order_t order = good_order(ANSHIN_KEY_P256);
    anshin_bytes_t certificate;
    const char *fingerprint;
    unsigned char type;
    apr_uint32_t id;
    apr_uint64_t from;
    apr_uint64_t to = 0;

    order.lifetime = 3 * 365 * 86400;
    (void)answer(reply, write_order(&order), &type, &id);
    (void)anshin_wire_get_string(reply, &certificate, 1, 8192);
    (void)anshin_wire_get_text(reply, &fingerprint, 64, pool);
    (void)anshin_wire_get_number(reply, &from);
    (void)anshin_wire_get_number(reply, &to);
    ok(to == (apr_uint64_t)apr_time_sec(now) + 400 * 86400, "never beyond the CA's own end");
    order.lifetime = 0;
    ok(refused_order(&order), "no lifetime is refused");
    order.lifetime = (apr_uint64_t)apr_time_sec(ANSHIN_SIGNER_LIFETIME_MAX) + 1;
    ok(refused_order(&order), "one over the signer's own maximum as well, whatever the worker says");
    order.lifetime = (apr_uint64_t)-1;
    ok(refused_order(&order), "and one that would overflow");
}

static void test_bad_orders(void)
{
    static const char *const names[] = {
        "",     "a\nb",  "a\rb",
        "\xff", "a\x7f", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" /* 65 */};
    static const char *const urls[] = {"javascript:alert(1)", "file:///etc/passwd", "http://a\nb/", "no url"};
    static const anshin_bytes_t serials[] = {{(const unsigned char *)"", 0},
                                             {(const unsigned char *)"\0\0", 2},
                                             {(const unsigned char *)"\x80"
                                                                     "1234567890123456789",
                                              20},
                                             {(const unsigned char *)"\x40"
                                                                     "12345678901234567890",
                                              21}};
    order_t order = good_order(ANSHIN_KEY_P256);
    const order_t good = order;
    int right = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++, order = good) {
        order.name = names[i];
        right += refused_order(&order);
    }
    ok(right == 6, "a name that is empty, too long or no line of text is refused (S27) (%d)", right);
    right = 0;
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++, order = good) {
        order.crl_url = urls[i];
        right += refused_order(&order);
        order = good;
        order.ocsp_url = urls[i];
        right += refused_order(&order);
    }
    ok(right == 8, "so is an address that is none (%d)", right);
    right = 0;
    for (size_t i = 0; i < sizeof(serials) / sizeof(*serials); i++, order = good) {
        order.serial = serials[i];
        right += refused_order(&order);
    }
    ok(right == 4, "a serial must be positive and have 1 to 20 octets (S23, CRT-5) (%d)", right);
    order.spki.length--;
    ok(refused_order(&order), "half a key is refused");
    order = good;
    order.spki = (anshin_bytes_t){(const unsigned char *)"this is no key at all, however long it may be", 45};
    ok(refused_order(&order), "what is no key is refused");
    order = good;
    order.surplus = 1;
    ok(refused_order(&order), "an octet too many is refused");
    order = good;
    order.missing = 1;
    ok(refused_order(&order), "a part too few as well");
}

static void test_table(void)
{
    anshin_wire_t *request = apr_pcalloc(pool, sizeof(*request));
    unsigned char digest[32] = {1};
    int right = 0;

    for (int type = 0; type < 256; type++) {
        if (type == ANSHIN_WIRE_HELLO || type == ANSHIN_WIRE_ISSUE) {
            continue;
        }
        anshin_wire_begin(request, (unsigned char)type, 9);
        (void)anshin_wire_put_string(request, digest, sizeof(digest));
        right += refused(request, 9);
    }
    ok(right == 254, "there are two requests and no others: no octets are ever signed (CRT-7, S30) (%d)", right);
    request->length = 3;
    ok(refused(request, 0), "half a head is refused");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    open_ca();
    test_hello();
    test_issue(ANSHIN_KEY_P256, "P-256");
    test_issue(ANSHIN_KEY_RSA2048, "RSA 2048");
    test_issue(ANSHIN_KEY_ED25519, "Ed25519");
    test_lifetime();
    test_bad_orders();
    test_table();
    apr_pool_destroy(pool);
    return done();
}
