/*
 * The signer's short table (ca/signer/request.h): certificates by profile, never a signature over octets (CRT-7,
 * S30, CRT-5).
 */
#include <apr_general.h>
#include <apr_strings.h>

#include "ca/signer/request.h"
#include "crypto/pki/ca.h"
#include "crypto/pki/key.h"
#include "crypto/pki/x509.h"
#include "unit/desk.h"
#include "unit/tap.h"

/* A request to issue, of which the tests change one part at a time. */
typedef struct order_t {
    const char *ca;
    anshin_bytes_t spki;
    anshin_bytes_t serial;
    const char *name;
    const char *organization;
    const char *unit;
    const char *mail;
    apr_uint64_t uses;
    apr_uint64_t lifetime;
    const char *crl_url;
    const char *ocsp_url;
    int surplus; /* an octet too many at the end */
    int missing; /* the last part is left out */
} order_t;

static order_t good_order(anshin_key_type_t type)
{
    order_t order = {.ca = anshin_ca_opened_id(desk.ca),
                     .serial = {(const unsigned char *)"\x41\x02\x03\x04\x05\x06\x07\x08", 8},
                     .name = "p-01-usr007",
                     .organization = "会員サービス",
                     .unit = "会員部",
                     .mail = "taro@mail.example",
                     .uses = 1 << ANSHIN_USE_CLIENT | 1 << ANSHIN_USE_MAIL,
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
    (void)anshin_wire_put_text(wire, order->ca);
    (void)anshin_wire_put_string(wire, order->spki.data, order->spki.length);
    (void)anshin_wire_put_string(wire, order->serial.data, order->serial.length);
    (void)anshin_wire_put_string(wire, order->name, strlen(order->name)); /* so that bad texts get through */
    (void)anshin_wire_put_string(wire, order->organization, strlen(order->organization));
    (void)anshin_wire_put_string(wire, order->unit, strlen(order->unit));
    (void)anshin_wire_put_string(wire, order->mail, strlen(order->mail));
    (void)anshin_wire_put_number(wire, order->uses);
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

static int refused_order(const order_t *order)
{
    return desk_refuses(write_order(order), 77);
}

/* The next CA of a welcome. */
static int tells_ca(anshin_wire_t *reply, const anshin_ca_t *expected)
{
    const char *id;
    const char *issuers[2];
    const char *why;
    apr_uint64_t end;

    return anshin_wire_get_text(reply, &id, ANSHIN_CA_ID_LENGTH, pool) == APR_SUCCESS &&
           anshin_wire_get_number(reply, &end) == APR_SUCCESS &&
           anshin_wire_get_text(reply, &issuers[0], 64, pool) == APR_SUCCESS &&
           anshin_wire_get_text(reply, &issuers[1], 64, pool) == APR_SUCCESS &&
           anshin_wire_get_text(reply, &why, ANSHIN_WIRE_TEXT_MAX, pool) == APR_SUCCESS &&
           same_text(why, expected != NULL ? "" : "no such key") && strlen(issuers[0]) == (expected != NULL ? 64 : 0) &&
           strlen(issuers[1]) == (expected != NULL ? 64 : 0) &&
           same_text(id, expected != NULL ? anshin_ca_opened_id(expected) : "") &&
           end == (expected != NULL ? (apr_uint64_t)apr_time_sec(anshin_ca_end(expected)) : 0);
}

static void test_hello(void)
{
    anshin_wire_t *request = apr_pcalloc(pool, sizeof(*request));
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    unsigned char type;
    apr_uint32_t id;
    apr_uint64_t version;
    const char *apple;

    desk.signer.apple.why = "another's key";
    anshin_wire_begin(request, ANSHIN_WIRE_HELLO, 5);
    (void)anshin_wire_put_number(request, ANSHIN_WIRE_VERSION);
    ok(desk_answer(reply, request, &type, &id) == APR_SUCCESS && type == ANSHIN_WIRE_WELCOME && id == 5 &&
           anshin_wire_get_number(reply, &version) == APR_SUCCESS && version == ANSHIN_WIRE_VERSION &&
           tells_ca(reply, desk.ca) && tells_ca(reply, NULL) && tells_ca(reply, desk.other) &&
           anshin_wire_get_text(reply, &apple, ANSHIN_WIRE_TEXT_MAX, pool) == APR_SUCCESS &&
           same_text(apple, "another's key") && anshin_wire_get_end(reply) == APR_SUCCESS,
       "hello tells version, of each CA its id and end or why it cannot be used, and why no Apple profile can be "
       "signed (CAS-1, CRT-3)");
    anshin_wire_begin(request, ANSHIN_WIRE_HELLO, 5);
    (void)anshin_wire_put_number(request, ANSHIN_WIRE_VERSION + 1);
    ok(desk_refuses(request, 5), "another version is refused");
    anshin_wire_begin(request, ANSHIN_WIRE_HELLO, 6);
    ok(desk_refuses(request, 6), "so is half a hello");
}

static void test_issue(anshin_key_type_t key, const char *name)
{
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    order_t order = good_order(key);
    anshin_bytes_t certificate = {NULL, 0};
    anshin_bytes_t own = {NULL, 0};
    anshin_presented_t presented;
    anshin_error_t err;
    const char *fingerprint = "";
    unsigned char type;
    apr_uint32_t id;
    apr_uint64_t from = 0;
    apr_uint64_t to = 0;

    anshin_error_clear(&err);
    ok(desk_answer(reply, write_order(&order), &type, &id) == APR_SUCCESS && type == ANSHIN_WIRE_ISSUED && id == 77 &&
           anshin_wire_get_string(reply, &certificate, 1, 8192) == APR_SUCCESS &&
           anshin_wire_get_text(reply, &fingerprint, 64, pool) == APR_SUCCESS &&
           anshin_wire_get_number(reply, &from) == APR_SUCCESS && anshin_wire_get_number(reply, &to) == APR_SUCCESS &&
           anshin_wire_get_string(reply, &own, 1, 8192) == APR_SUCCESS &&
           own.length == anshin_ca_certificate(desk.ca).length &&
           memcmp(own.data, anshin_ca_certificate(desk.ca).data, own.length) == 0 &&
           anshin_wire_get_end(reply) == APR_SUCCESS,
       "a certificate is issued: %s (CRT-7)", name);
    ok(anshin_x509_check(&presented, certificate, desk.trust, desk.now, &err, pool) == APR_SUCCESS &&
           presented.state == ANSHIN_PRESENTED_GOOD && same_text(presented.name, "p-01-usr007") &&
           same_text(presented.ca, anshin_ca_opened_id(desk.ca)) && same_text(presented.serial, "4102030405060708") &&
           same_text(presented.fingerprint, fingerprint),
       "it is for client authentication, with name, serial and fingerprint (CRT-5)");
    ok(from == (apr_uint64_t)apr_time_sec(desk.now) && to == from + 86400, "for the time asked for");
}

/* CAS-1: a request names its CA, and gets no other. */
static void test_cas(void)
{
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    order_t order = good_order(ANSHIN_KEY_P256);
    anshin_bytes_t certificate = {NULL, 0};
    anshin_presented_t presented = {.ca = ""};
    anshin_error_t err;
    unsigned char type;
    apr_uint32_t id;

    anshin_error_clear(&err);
    order.ca = anshin_ca_opened_id(desk.other);
    ok(desk_answer(reply, write_order(&order), &type, &id) == APR_SUCCESS &&
           anshin_wire_get_string(reply, &certificate, 1, 8192) == APR_SUCCESS &&
           anshin_x509_check(&presented, certificate, desk.trust, desk.now, &err, pool) == APR_SUCCESS &&
           presented.state == ANSHIN_PRESENTED_GOOD && same_text(presented.ca, anshin_ca_opened_id(desk.other)) &&
           strcmp(presented.ca, anshin_ca_opened_id(desk.ca)) != 0,
       "the CA that a request names issues (CAS-1: %s)", presented.ca);
    order.ca = "";
    ok(refused_order(&order), "none is named: refused, also where one could not be opened");
    order.ca = "0123456789abcdef";
    ok(refused_order(&order), "so is one that there is not");
    order.ca = apr_pstrmemdup(pool, anshin_ca_opened_id(desk.ca), 15);
    ok(refused_order(&order), "the beginning of an id is none");
    order.ca = apr_pstrcat(pool, anshin_ca_opened_id(desk.ca), "0", NULL);
    ok(refused_order(&order), "nor is one that goes on");
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
    (void)desk_answer(reply, write_order(&order), &type, &id);
    (void)anshin_wire_get_string(reply, &certificate, 1, 8192);
    (void)anshin_wire_get_text(reply, &fingerprint, 64, pool);
    (void)anshin_wire_get_number(reply, &from);
    (void)anshin_wire_get_number(reply, &to);
    ok(to == (apr_uint64_t)apr_time_sec(desk.now) + 400 * 86400, "never beyond the CA's own end");
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
    static const apr_uint64_t uses[] = {0, 2, 33, (apr_uint64_t)1 << 32 | 1, (apr_uint64_t)-1};
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
    right = 0;
    for (size_t i = 0; i < sizeof(uses) / sizeof(*uses); i++, order = good) {
        order.uses = uses[i];
        right += refused_order(&order);
    }
    ok(right == 5, "uses are those of the list, client among them, whatever the worker says (S30, CAS-1) (%d)", right);
    order.mail = "taro@例え.jp";
    ok(refused_order(&order), "an address of other letters than ASCII is refused");
    order = good;
    order.unit = "a\nb";
    ok(refused_order(&order), "a unit is one line of text (S27)");
    order = good;
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
        right += desk_refuses(request, 9);
    }
    ok(right == 254,
       "octets are refused by every type, whatever the request is: none are ever signed (CRT-7, S30) (%d)", right);
    request->length = 3;
    ok(desk_refuses(request, 0), "half a head is refused");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    desk_open();
    test_hello();
    test_issue(ANSHIN_KEY_P256, "P-256");
    test_issue(ANSHIN_KEY_RSA2048, "RSA 2048");
    test_issue(ANSHIN_KEY_ED25519, "Ed25519");
    test_cas();
    test_lifetime();
    test_bad_orders();
    test_table();
    desk_close();
    return done();
}
