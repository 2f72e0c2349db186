/*
 * What the signer is asked about revocation (ca/signer/request.h): lists of revoked certificates, in parts, and OCSP
 * answers, within its own bounds (CRT-6, CRT-7).
 */
#include <apr_general.h>

#include "ca/signer/request.h"
#include "crypto/pki/ca.h"
#include "unit/desk.h"
#include "unit/tap.h"

/* --- CRLs ------------------------------------------------------------------------------------------------------- */

static anshin_wire_t *ask_begin(apr_uint64_t number, apr_uint64_t life)
{
    anshin_wire_t *request = desk_request(ANSHIN_WIRE_CRL_BEGIN);

    (void)anshin_wire_put_text(request, anshin_ca_opened_id(desk.ca));
    (void)anshin_wire_put_number(request, number);
    (void)anshin_wire_put_number(request, life);
    return request;
}

static anshin_wire_t *ask_add(int from, int count, apr_uint64_t reason)
{
    anshin_wire_t *request = desk_request(ANSHIN_WIRE_CRL_ADD);

    for (int i = from; i < from + count; i++) {
        const unsigned char serial[] = {0x41, (unsigned char)(i >> 8), (unsigned char)i};

        (void)anshin_wire_put_string(request, serial, sizeof(serial));
        (void)anshin_wire_put_number(request, (apr_uint64_t)apr_time_sec(desk.now));
        (void)anshin_wire_put_number(request, reason);
    }
    return request;
}

static anshin_wire_t *ask_read(apr_uint64_t from)
{
    anshin_wire_t *request = desk_request(ANSHIN_WIRE_CRL_READ);

    (void)anshin_wire_put_number(request, from);
    return request;
}

/* Read in parts; *octets: the whole. */
static apr_size_t read_list(const unsigned char **octets, apr_uint64_t length)
{
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    unsigned char *all = apr_pcalloc(pool, (apr_size_t)length);
    anshin_bytes_t part;
    apr_size_t got = 0;

    while (got < length && desk_answers(reply, ask_read(got), ANSHIN_WIRE_CRL_PART) &&
           anshin_wire_get_string(reply, &part, 1, ANSHIN_WIRE_MAX) == APR_SUCCESS &&
           anshin_wire_get_end(reply) == APR_SUCCESS && part.length <= length - got) {
        memcpy(all + got, part.data, part.length);
        got += part.length;
    }
    *octets = all;
    return got;
}

static void test_crl(void)
{
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    const unsigned char *octets;
    apr_uint64_t length = 0;

    ok(desk_refuses(ask_add(1, 1, 1), 5) && desk_refuses(desk_request(ANSHIN_WIRE_CRL_END), 5) &&
           desk_refuses(ask_read(0), 5),
       "a list that was not begun takes and gives nothing");
    ok(desk_refuses(ask_begin(1, 0), 5) && desk_refuses(ask_begin(1, 86400 * 31), 5) &&
           desk_refuses(ask_begin((apr_uint64_t)-1, 86400), 5) && desk_refuses(desk_request(ANSHIN_WIRE_CRL_BEGIN), 5),
       "a list has a number, and counts for 30 days at most");
    ok(desk_answers(reply, ask_begin(7, 86400), ANSHIN_WIRE_CRL_BEGUN) && anshin_wire_get_end(reply) == APR_SUCCESS,
       "a list is begun (CRT-6)");
    ok(desk_refuses(ask_add(1, 1, 7), 5) && desk_refuses(ask_add(1, 1, (apr_uint64_t)1 << 32), 5),
       "no reason 7, nor 2^32");
    for (int i = 0; i < 10; i++) {
        (void)desk_answers(reply, ask_add(i * 300, 300, 4), ANSHIN_WIRE_CRL_ADDED);
    }
    ok(desk_refuses(ask_read(0), 5), "and is not read before its end");
    ok(desk_answers(reply, desk_request(ANSHIN_WIRE_CRL_END), ANSHIN_WIRE_CRL_ENDED) &&
           anshin_wire_get_number(reply, &length) == APR_SUCCESS && length > 90000,
       "3,000 certificates are on it (%lu octets)", (unsigned long)length);
    ok(read_list(&octets, length) == length && octets[0] == 0x30 && octets[1] == 0x83 &&
           ((apr_size_t)octets[2] << 16 | (apr_size_t)octets[3] << 8 | octets[4]) + 5 == length,
       "it is read in parts, and is one sequence of its whole length");
    ok(desk_refuses(ask_read(length), 5) && desk_refuses(ask_read((apr_uint64_t)-1), 5), "nothing is behind its end");
    ok(desk_refuses(ask_add(1, 1, 1), 5) && desk_refuses(desk_request(ANSHIN_WIRE_CRL_END), 5),
       "it takes nothing more");
    ok(desk_answers(reply, ask_begin(8, 86400), ANSHIN_WIRE_CRL_BEGUN) && desk_refuses(ask_read(0), 5),
       "another one takes its place");
}

/* --- OCSP ------------------------------------------------------------------------------------------------------- */

typedef struct asked_t {
    apr_uint64_t life;
    apr_uint64_t sha256;
    apr_size_t nonce;
    apr_uint64_t status;
    apr_uint64_t reason;
    int count;
    int surplus;
} asked_t;

static anshin_wire_t *ask_ocsp(const asked_t *asked)
{
    static const unsigned char octets[200] = {0x41};
    anshin_wire_t *request = desk_request(ANSHIN_WIRE_OCSP);

    (void)anshin_wire_put_text(request, anshin_ca_opened_id(desk.ca));
    (void)anshin_wire_put_number(request, asked->life);
    (void)anshin_wire_put_number(request, asked->sha256);
    (void)anshin_wire_put_string(request, octets, asked->nonce);
    for (int i = 0; i < asked->count; i++) {
        (void)anshin_wire_put_string(request, octets, 2);
        (void)anshin_wire_put_number(request, asked->status);
        (void)anshin_wire_put_number(request, (apr_uint64_t)apr_time_sec(desk.now));
        (void)anshin_wire_put_number(request, asked->reason);
    }
    if (asked->surplus) {
        request->data[request->length++] = 0;
    }
    return request;
}

/* The answer's certificate, from which its key is known; the time it counts for. */
static apr_int64_t life_of(const asked_t *asked, const anshin_ocsp_key_t **key)
{
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    anshin_bytes_t response;
    apr_uint64_t from = 0;
    apr_uint64_t to = 0;

    if (!desk_answers(reply, ask_ocsp(asked), ANSHIN_WIRE_OCSP_SIGNED) ||
        anshin_wire_get_string(reply, &response, 300, ANSHIN_WIRE_MAX) != APR_SUCCESS ||
        anshin_wire_get_number(reply, &from) != APR_SUCCESS || anshin_wire_get_number(reply, &to) != APR_SUCCESS ||
        anshin_wire_get_end(reply) != APR_SUCCESS || from != (apr_uint64_t)apr_time_sec(desk.now)) {
        return -1;
    }
    *key = desk_ocsp()->key;
    return (apr_int64_t)(to - from);
}

static void test_ocsp(void)
{
    const asked_t good = {.life = 3600, .sha256 = 1, .nonce = 128, .count = 8, .status = 1, .reason = 1};
    const apr_time_t began = desk.now;
    const anshin_ocsp_key_t *first = NULL;
    const anshin_ocsp_key_t *next = NULL;
    asked_t bad[12];
    int right = 0;

    for (int i = 0; i < 12; i++) {
        bad[i] = good;
    }
    bad[0].life = 0;
    bad[1].life = 86401;
    bad[2].life = (apr_uint64_t)-1;
    bad[3].sha256 = 2;
    bad[4].nonce = 129;
    bad[5].count = 9;
    bad[6].count = 0;
    bad[7].status = 3;
    bad[8].reason = 7;
    bad[9].reason = (apr_uint64_t)1 << 32;
    bad[10].surplus = 1;
    bad[11].status = (apr_uint64_t)1 << 32;
    ok(life_of(&good, &first) == 3600, "an OCSP answer about 8 certificates, with its times (CRT-6)");
    for (int i = 0; i < 12; i++) {
        right += desk_refuses(ask_ocsp(&bad[i]), 5);
    }
    ok(right == 12, "one out of bounds is refused (CRT-7, S32) (%d)", right);
    ok(life_of(&good, &next) == 3600 && next == first, "the next one comes by the same key");
    desk.now = began + ANSHIN_OCSP_KEY_LIFE - ANSHIN_OCSP_KEY_REST;
    ok(life_of(&good, &next) == 3600 && anshin_ocsp_key_end(next) == desk.now + ANSHIN_OCSP_KEY_LIFE,
       "before its end the signer has made another one by itself");
    desk.now = began;
    ok(life_of(&good, &next) == 3600 && anshin_ocsp_key_end(next) == desk.now + ANSHIN_OCSP_KEY_LIFE,
       "a clock that was put back has one that counts then");
    desk.now = began + apr_time_from_sec(400 * 86400LL - 600);
    ok(life_of(&good, &next) == 600, "no answer counts beyond the CA's end");
    desk.now += apr_time_from_sec(600);
    ok(desk_refuses(ask_ocsp(&good), 5), "and behind it there is none");
    desk.now = began;
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    desk_open();
    test_crl();
    test_ocsp();
    desk_close();
    return done();
}
