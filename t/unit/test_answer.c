/*
 * Answers of the signer (ca/answer.h): read as they were written, and a signer that was taken over is not believed
 * (S30).
 */
#include <apr_general.h>

#include "ca/answer.h"
#include "tap.h"

#define FINGERPRINT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define NOT_HEXADECIMAL "<123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde>"

static apr_pool_t *pool;
static anshin_wire_t wire;

/* Ready to be read behind the head. */
static anshin_wire_t *sent(void)
{
    unsigned char type;
    apr_uint32_t id;

    anshin_wire_get_head(&wire, &type, &id);
    return &wire;
}

static anshin_wire_t *welcome(apr_uint64_t version, apr_size_t length)
{
    static const unsigned char octets[ANSHIN_ANSWER_CERTIFICATE_MAX + 1];

    anshin_wire_begin(&wire, ANSHIN_WIRE_WELCOME, 1);
    anshin_wire_put_number(&wire, version);
    anshin_wire_put_string(&wire, octets, length);
    return sent();
}

static anshin_wire_t *issued(const char *fingerprint, apr_uint64_t not_before, apr_uint64_t not_after)
{
    anshin_wire_begin(&wire, ANSHIN_WIRE_ISSUED, 1);
    anshin_wire_put_string(&wire, "der", 3);
    anshin_wire_put_text(&wire, fingerprint);
    anshin_wire_put_number(&wire, not_before);
    anshin_wire_put_number(&wire, not_after);
    return sent();
}

static anshin_wire_t *refused(apr_uint64_t code)
{
    anshin_wire_begin(&wire, ANSHIN_WIRE_REFUSED, 1);
    anshin_wire_put_number(&wire, code);
    anshin_wire_put_text(&wire, "AN0460");
    anshin_wire_put_text(&wire, "no such key");
    return sent();
}

static void test_welcome(void)
{
    anshin_bytes_t ca;

    ok(anshin_answer_welcome(welcome(ANSHIN_WIRE_VERSION, 900), &ca) == APR_SUCCESS && ca.length == 900, "a welcome");
    ok(anshin_answer_welcome(welcome(ANSHIN_WIRE_VERSION + 1, 900), &ca) == ANSHIN_EFAULT, "another version is none");
    ok(anshin_answer_welcome(welcome(ANSHIN_WIRE_VERSION, 0), &ca) == ANSHIN_EFAULT, "no certificate is none");
    ok(anshin_answer_welcome(welcome(ANSHIN_WIRE_VERSION, ANSHIN_ANSWER_CERTIFICATE_MAX + 1), &ca) == ANSHIN_EFAULT,
       "one that is too long is none (S30)");
    welcome(ANSHIN_WIRE_VERSION, 900);
    anshin_wire_put_number(&wire, 1);
    ok(anshin_answer_welcome(&wire, &ca) == ANSHIN_EFAULT, "nothing may be left over (S30)");
}

static void test_issued(void)
{
    anshin_answer_issued_t answer;

    ok(anshin_answer_issued(issued(FINGERPRINT, 1800000000, 1831536000), &answer, pool) == APR_SUCCESS &&
           answer.certificate.length == 3 && same_text(answer.fingerprint, FINGERPRINT) &&
           answer.not_before == apr_time_from_sec(1800000000) && answer.not_after == apr_time_from_sec(1831536000),
       "a certificate");
    ok(anshin_answer_issued(issued(FINGERPRINT, 2, 2), &answer, pool) == ANSHIN_EFAULT, "one valid at no time");
    ok(anshin_answer_issued(issued(FINGERPRINT, 0, ~(apr_uint64_t)0), &answer, pool) == ANSHIN_EFAULT,
       "one whose end no clock holds (S30)");
    ok(anshin_answer_issued(issued(FINGERPRINT "0", 1, 2), &answer, pool) == ANSHIN_EFAULT, "a longer fingerprint");
    ok(anshin_answer_issued(issued("0123", 1, 2), &answer, pool) == ANSHIN_EFAULT, "a shorter one");
    ok(anshin_answer_issued(issued(NOT_HEXADECIMAL, 1, 2), &answer, pool) == ANSHIN_EFAULT, "one that is no number");
    issued(FINGERPRINT, 1, 2);
    wire.length--;
    ok(anshin_answer_issued(&wire, &answer, pool) == ANSHIN_EFAULT, "one that is cut off");
}

static void test_refused(void)
{
    static const struct {
        apr_uint64_t code;
        apr_status_t status;
    } cases[] = {{1, ANSHIN_EINVALID}, {2, ANSHIN_EDENIED}, {3, ANSHIN_EBUSY}, {77, ANSHIN_EFAULT}};
    anshin_error_t err;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        anshin_error_clear(&err);
        ok(anshin_answer_refused(refused(cases[i].code), &err, pool) == cases[i].status &&
               (strstr(err.text, "no such key (AN0460)") != NULL) == (cases[i].status != ANSHIN_EFAULT),
           "a refusal of code %d: %s", (int)cases[i].code, anshin_status_name(cases[i].status));
    }
    anshin_error_clear(&err);
    refused(1);
    wire.data[wire.length - 1] = '\n';
    ok(anshin_answer_refused(&wire, &err, pool) == ANSHIN_EFAULT && err.text[0] == '\0',
       "one that would write a line of its own into the log is no answer (S27)");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_welcome();
    test_issued();
    test_refused();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
