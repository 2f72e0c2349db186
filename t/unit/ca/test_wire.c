/*
 * Messages between worker and signer (ca/wire.h): what is written reads back, and nothing else is believed (S30).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ca/wire.h"
#include "unit/tap.h"

static apr_pool_t *pool;

static anshin_wire_t *new_wire(void)
{
    return apr_pcalloc(pool, sizeof(anshin_wire_t));
}

static void test_round_trip(void)
{
    anshin_wire_t *wire = new_wire();
    anshin_bytes_t string;
    const char *text;
    const char *empty;
    apr_uint64_t number;
    unsigned char type;
    apr_uint32_t id;

    anshin_wire_begin(wire, 200, 0xdeadbeef);
    ok(anshin_wire_put_number(wire, 0x0123456789abcdefULL) == APR_SUCCESS &&
           anshin_wire_put_string(wire, "a\0b", 3) == APR_SUCCESS &&
           anshin_wire_put_text(wire, "証明書") == APR_SUCCESS && anshin_wire_put_text(wire, NULL) == APR_SUCCESS,
       "a message is written");
    ok(anshin_wire_get_head(wire, &type, &id) == APR_SUCCESS && type == 200 && id == 0xdeadbeef, "its head reads back");
    ok(anshin_wire_get_number(wire, &number) == APR_SUCCESS && number == 0x0123456789abcdefULL, "a number");
    ok(anshin_wire_get_string(wire, &string, 3, 3) == APR_SUCCESS && string.length == 3 &&
           memcmp(string.data, "a\0b", 3) == 0,
       "a string with a NUL");
    ok(anshin_wire_get_end(wire) == ANSHIN_EINVALID, "the end is not before the end");
    ok(anshin_wire_get_text(wire, &text, 20, pool) == APR_SUCCESS && same_text(text, "証明書") &&
           anshin_wire_get_text(wire, &empty, 20, pool) == APR_SUCCESS && same_text(empty, ""),
       "texts");
    ok(anshin_wire_get_end(wire) == APR_SUCCESS, "the end");
    ok(anshin_wire_get_number(wire, &number) == ANSHIN_EINVALID &&
           anshin_wire_get_string(wire, &string, 0, 9) == ANSHIN_EINVALID &&
           anshin_wire_get_text(wire, &text, 9, pool) == ANSHIN_EINVALID,
       "and nothing behind it");
}

static void test_octets(void)
{
    static const unsigned char expected[] = {2, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 2, 'o', 'k'};
    anshin_wire_t *wire = new_wire();

    anshin_wire_begin(wire, 2, 258);
    (void)anshin_wire_put_number(wire, 9);
    (void)anshin_wire_put_text(wire, "ok");
    ok(wire->length == sizeof(expected) && memcmp(wire->data, expected, sizeof(expected)) == 0,
       "octets are in network order");
}

static void test_limits(void)
{
    anshin_wire_t *wire = new_wire();
    static unsigned char big[ANSHIN_WIRE_MAX];
    char *longest = apr_pcalloc(pool, ANSHIN_WIRE_TEXT_MAX + 2);
    apr_size_t before;

    memset(longest, 'x', ANSHIN_WIRE_TEXT_MAX);
    anshin_wire_begin(wire, 1, 1);
    ok(anshin_wire_put_text(wire, longest) == APR_SUCCESS, "the longest text");
    longest[ANSHIN_WIRE_TEXT_MAX] = 'x';
    before = wire->length;
    ok(anshin_wire_put_text(wire, longest) == ANSHIN_EINVALID && wire->length == before, "one longer is refused");
    ok(anshin_wire_put_text(wire, "a\nb") == ANSHIN_EINVALID && anshin_wire_put_text(wire, "\xff") == ANSHIN_EINVALID &&
           anshin_wire_put_text(wire, "\x7f") == ANSHIN_EINVALID && wire->length == before,
       "control characters and broken UTF-8 are no text (S27)");
    anshin_wire_begin(wire, 1, 1);
    ok(anshin_wire_put_string(wire, big, ANSHIN_WIRE_MAX - 5 - 4) == APR_SUCCESS && wire->length == ANSHIN_WIRE_MAX,
       "a message may be full to the last octet");
    ok(anshin_wire_put_number(wire, 1) == ANSHIN_EINVALID && anshin_wire_put_string(wire, big, 0) == ANSHIN_EINVALID &&
           wire->length == ANSHIN_WIRE_MAX,
       "but no more");
    anshin_wire_begin(wire, 1, 1);
    ok(anshin_wire_put_string(wire, big, ANSHIN_WIRE_MAX - 8) == ANSHIN_EINVALID &&
           anshin_wire_put_string(wire, big, (apr_size_t)-1) == ANSHIN_EINVALID &&
           anshin_wire_put_string(wire, big, (apr_size_t)-4) == ANSHIN_EINVALID && wire->length == 5,
       "lengths that overflow are refused");
}

/* Read a message of these octets as one string; on malloc'd memory, so that a sanitizer sees every octet too many. */
static apr_status_t read_string(const void *octets, apr_size_t length, apr_size_t minimum, apr_size_t maximum)
{
    anshin_wire_t *wire = malloc(sizeof(*wire));
    anshin_bytes_t string;
    apr_status_t status;

    memcpy(wire->data, octets, length);
    wire->length = length;
    wire->offset = 0;
    status = anshin_wire_get_string(wire, &string, minimum, maximum);
    if (status != APR_SUCCESS && (string.data != NULL || string.length != 0)) {
        status = ANSHIN_EFAULT;
    }
    free(wire);
    return status;
}

static void test_lies(void)
{
    anshin_wire_t *wire = new_wire();
    const char *text;
    unsigned char type;
    apr_uint32_t id;
    int refused = 0;

    ok(read_string("\0\0\0\5abcd", 8, 0, 100) == ANSHIN_EINVALID &&
           read_string("\xff\xff\xff\xff"
                       "abcd",
                       8, 0, (apr_size_t)-1) == ANSHIN_EINVALID &&
           read_string("\x80\0\0\0", 4, 0, (apr_size_t)-1) == ANSHIN_EINVALID &&
           read_string("\0\0\0", 3, 0, 9) == ANSHIN_EINVALID && read_string("", 0, 0, 9) == ANSHIN_EINVALID,
       "a length that is longer than the message is refused");
    ok(read_string("\0\0\0\4abcd", 8, 0, 3) == ANSHIN_EINVALID &&
           read_string("\0\0\0\4abcd", 8, 5, 9) == ANSHIN_EINVALID &&
           read_string("\0\0\0\4abcd", 8, 4, 4) == APR_SUCCESS,
       "bounds are kept");
    for (apr_size_t length = 0; length < 5; length++) {
        wire->length = length;
        refused += anshin_wire_get_head(wire, &type, &id) == ANSHIN_EINVALID;
    }
    ok(refused == 5, "half a head is none");
    anshin_wire_begin(wire, 1, 1);
    (void)anshin_wire_put_string(wire, "a\0b", 3);
    (void)anshin_wire_put_string(wire, "a\rb", 3);
    (void)anshin_wire_put_string(wire, "\xe8\xa8", 2);
    (void)anshin_wire_get_head(wire, &type, &id);
    ok(anshin_wire_get_text(wire, &text, 9, pool) == ANSHIN_EINVALID &&
           anshin_wire_get_text(wire, &text, 9, pool) == ANSHIN_EINVALID &&
           anshin_wire_get_text(wire, &text, 9, pool) == ANSHIN_EINVALID,
       "a text with NUL, CR or half a character is refused (S27)");
}

/* A thousand random messages: nothing but a refusal or a true reading may come of them. */
static void test_noise(void)
{
    unsigned seed = 20261122;
    int wrong = 0;

    for (int round = 0; round < 20000; round++) {
        anshin_wire_t *wire = malloc(sizeof(*wire));
        anshin_bytes_t string;
        unsigned char type;
        apr_uint32_t id;
        apr_uint64_t number;

        wire->length = (apr_size_t)rand_r(&seed) % 64;
        for (apr_size_t i = 0; i < wire->length; i++) {
            wire->data[i] = (unsigned char)(rand_r(&seed) % 8 == 0 ? rand_r(&seed) : 0);
        }
        if (anshin_wire_get_head(wire, &type, &id) == APR_SUCCESS) {
            while (anshin_wire_get_end(wire) != APR_SUCCESS) {
                if (rand_r(&seed) % 2 == 0 ? anshin_wire_get_number(wire, &number) != APR_SUCCESS
                                           : anshin_wire_get_string(wire, &string, 0, 64) != APR_SUCCESS) {
                    break;
                }
                wrong += wire->offset > wire->length;
            }
        }
        free(wire);
    }
    ok(wrong == 0, "noise never leads beyond the message");
}

static void test_socket(void)
{
    static unsigned char flood[ANSHIN_WIRE_MAX + 1];
    anshin_wire_t *out = new_wire();
    anshin_wire_t *in = new_wire();
    unsigned char type;
    apr_uint32_t id;
    apr_time_t begun;
    apr_status_t status = APR_SUCCESS;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) {
        perror("socketpair");
        exit(1);
    }
    anshin_wire_begin(out, 7, 42);
    ok(anshin_wire_send(ends[0], out, 0) == APR_SUCCESS && anshin_wire_receive(ends[1], in, 0) == APR_SUCCESS &&
           in->length == out->length && anshin_wire_get_head(in, &type, &id) == APR_SUCCESS && type == 7 && id == 42,
       "a message goes through");
    begun = apr_time_now();
    ok(anshin_wire_receive(ends[1], in, apr_time_from_msec(50)) == APR_TIMEUP &&
           apr_time_now() - begun >= apr_time_from_msec(50) && apr_time_now() - begun < apr_time_from_sec(5),
       "who waits in vain is told so in time");
    (void)send(ends[0], flood, sizeof(flood), 0);
    ok(anshin_wire_receive(ends[1], in, 0) == ANSHIN_EINVALID, "a packet longer than a message is refused, not cut");
    for (int i = 0; i < 100000 && status == APR_SUCCESS; i++) {
        status = anshin_wire_send(ends[0], out, 0);
    }
    ok(status == APR_TIMEUP, "who does not read blocks nobody for longer than asked");
    while (anshin_wire_receive(ends[1], in, 0) == APR_SUCCESS) {}
    close(ends[0]);
    ok(anshin_wire_receive(ends[1], in, -1) == APR_EOF && anshin_wire_send(ends[1], out, -1) == APR_EOF,
       "who has gone is gone, without a signal");
    close(ends[1]);
    ok(anshin_wire_receive(ends[1], in, 0) == ANSHIN_EFAULT, "a descriptor that is none is a fault");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_round_trip();
    test_octets();
    test_limits();
    test_lies();
    test_noise();
    test_socket();
    apr_pool_destroy(pool);
    return done();
}
