/*
 * Answers of the signer (ca/reply.h): read as they were written, and a signer that was taken over is not believed
 * (S30).
 */
#include <apr_general.h>
#include <apr_strings.h>

#include "ca/reply.h"
#include "unit/tap.h"

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

#define ID "0123456789abcdef"

static const char *why_apple = "another's key";
static char apple[ANSHIN_REPLY_WHY + 1];

static anshin_wire_t *welcome(apr_uint64_t version, const char *id, apr_uint64_t end)
{
    anshin_wire_begin(&wire, ANSHIN_WIRE_WELCOME, 1);
    anshin_wire_put_number(&wire, version);
    anshin_wire_put_text(&wire, "");
    anshin_wire_put_number(&wire, 0);
    anshin_wire_put_text(&wire, "");
    anshin_wire_put_text(&wire, "");
    anshin_wire_put_text(&wire, "no such key");
    anshin_wire_put_text(&wire, id);
    anshin_wire_put_number(&wire, end);
    anshin_wire_put_text(&wire, FINGERPRINT);
    anshin_wire_put_text(&wire, FINGERPRINT);
    anshin_wire_put_text(&wire, "");
    anshin_wire_put_text(&wire, why_apple);
    return sent();
}

static anshin_wire_t *issued(const char *fingerprint, apr_uint64_t not_before, apr_uint64_t not_after)
{
    anshin_wire_begin(&wire, ANSHIN_WIRE_ISSUED, 1);
    anshin_wire_put_string(&wire, "der", 3);
    anshin_wire_put_text(&wire, fingerprint);
    anshin_wire_put_number(&wire, not_before);
    anshin_wire_put_number(&wire, not_after);
    anshin_wire_put_string(&wire, "the CA", 6);
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

static apr_status_t read_welcome(anshin_wire_t *from, anshin_reply_ca_t cas[2])
{
    return anshin_reply_welcome(from, cas, 2, apple, pool);
}

static void test_welcome(void)
{
    anshin_reply_ca_t cas[3];

    ok(read_welcome(welcome(ANSHIN_WIRE_VERSION, ID, 1800000000), cas) == APR_SUCCESS && cas[0].id[0] == '\0' &&
           same_text(cas[1].id, ID) && cas[1].end == apr_time_from_sec(1800000000) &&
           same_text(cas[1].issuers[0], FINGERPRINT) && cas[0].issuers[1][0] == '\0',
       "a welcome of two CAs, one of which could not be opened (CAS-1)");
    ok(same_text(cas[0].why, "no such key") && same_text(cas[1].why, "") && same_text(apple, "another's key"),
       "it says why not, and why no Apple profiles can be signed (CRT-3)");
    why_apple = apr_psprintf(pool, "%0*d", ANSHIN_REPLY_WHY, 0);
    ok(read_welcome(welcome(ANSHIN_WIRE_VERSION, ID, 1), cas) == APR_SUCCESS && strlen(apple) == ANSHIN_REPLY_WHY,
       "as long as an error is at most");
    why_apple = apr_pstrcat(pool, why_apple, "0", NULL);
    ok(read_welcome(welcome(ANSHIN_WIRE_VERSION, ID, 1), cas) == ANSHIN_EFAULT, "and not an octet longer (S30)");
    why_apple = "";
    ok(read_welcome(welcome(ANSHIN_WIRE_VERSION + 1, ID, 1), cas) == ANSHIN_EFAULT, "another version is none");
    ok(read_welcome(welcome(ANSHIN_WIRE_VERSION, "0123456789ABCDEF", 1), cas) == ANSHIN_EFAULT &&
           read_welcome(welcome(ANSHIN_WIRE_VERSION, "0123", 1), cas) == ANSHIN_EFAULT &&
           read_welcome(welcome(ANSHIN_WIRE_VERSION, ID "0", 1), cas) == ANSHIN_EFAULT,
       "an id that is none is refused (S30)");
    ok(read_welcome(welcome(ANSHIN_WIRE_VERSION, ID, ~(apr_uint64_t)0), cas) == ANSHIN_EFAULT,
       "so is an end that no clock holds (S30)");
    ok(anshin_reply_welcome(welcome(ANSHIN_WIRE_VERSION, ID, 1), cas, 3, apple, pool) == ANSHIN_EFAULT &&
           anshin_reply_welcome(welcome(ANSHIN_WIRE_VERSION, ID, 1), cas, 1, apple, pool) == ANSHIN_EFAULT,
       "as many as the signer was started with, not one fewer or more (S30)");
}

static void test_issued(void)
{
    anshin_reply_issued_t answer;

    ok(anshin_reply_issued(issued(FINGERPRINT, 1800000000, 1831536000), &answer, pool) == APR_SUCCESS &&
           answer.certificate.length == 3 && same_text(answer.fingerprint, FINGERPRINT) &&
           answer.not_before == apr_time_from_sec(1800000000) && answer.not_after == apr_time_from_sec(1831536000) &&
           answer.ca.length == 6 && memcmp(answer.ca.data, "the CA", 6) == 0,
       "a certificate");
    ok(anshin_reply_issued(issued(FINGERPRINT, 2, 2), &answer, pool) == ANSHIN_EFAULT, "one valid at no time");
    ok(anshin_reply_issued(issued(FINGERPRINT, 0, ~(apr_uint64_t)0), &answer, pool) == ANSHIN_EFAULT,
       "one whose end no clock holds (S30)");
    ok(anshin_reply_issued(issued(FINGERPRINT "0", 1, 2), &answer, pool) == ANSHIN_EFAULT, "a longer fingerprint");
    ok(anshin_reply_issued(issued("0123", 1, 2), &answer, pool) == ANSHIN_EFAULT, "a shorter one");
    ok(anshin_reply_issued(issued(NOT_HEXADECIMAL, 1, 2), &answer, pool) == ANSHIN_EFAULT, "one that is no number");
    issued(FINGERPRINT, 1, 2);
    wire.length--;
    ok(anshin_reply_issued(&wire, &answer, pool) == ANSHIN_EFAULT, "one that is cut off");
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
        ok(anshin_reply_refused(refused(cases[i].code), &err, pool) == cases[i].status &&
               (strstr(err.text, "no such key (AN0460)") != NULL) == (cases[i].status != ANSHIN_EFAULT),
           "a refusal of code %d: %s", (int)cases[i].code, anshin_status_name(cases[i].status));
    }
    anshin_error_clear(&err);
    refused(1);
    wire.data[wire.length - 1] = '\n';
    ok(anshin_reply_refused(&wire, &err, pool) == ANSHIN_EFAULT && err.text[0] == '\0',
       "one that would write a line of its own into the log is no answer (S27)");
}

static void test_apple(void)
{
    anshin_bytes_t profile = {NULL, 1};

    anshin_wire_begin(&wire, ANSHIN_WIRE_APPLE_SIGNED, 1);
    (void)anshin_wire_put_string(&wire, "profile", 7);
    (void)sent();
    ok(anshin_reply_apple(&wire, &profile) == APR_SUCCESS && profile.length == 7, "an Apple profile (CRT-3)");
    anshin_wire_begin(&wire, ANSHIN_WIRE_APPLE_SIGNED, 1);
    (void)anshin_wire_put_string(&wire, "", 0);
    (void)sent();
    ok(anshin_reply_apple(&wire, &profile) == APR_SUCCESS && profile.length == 0, "none: nothing to sign with");
    wire.data[wire.length++] = 0;
    (void)sent();
    ok(anshin_reply_apple(&wire, &profile) == ANSHIN_EFAULT, "one with an octet behind it");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_welcome();
    test_issued();
    test_apple();
    test_refused();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
