/*
 * What is left of a CA, and when its end is reminded of (core/certificate/issuer.h, CAS-2).
 */
#include "core/certificate/issuer.h"

#include "core/certificate/certificate.h"
#include "unit/fixture.h"
#include "unit/tap.h"

#define DAY apr_time_from_sec(86400)

static fixture_t fixture;

static void put(const char *serial, const char *ca, apr_int64_t state, apr_time_t not_after)
{
    fixture_put(
        &fixture, &anshin_record_certificate, serial,
        &(anshin_certificate_t){
            .contract = "p-01", .user = "u", .serial = serial, .ca = ca, .state = state, .not_after = not_after});
}

static void test_left(void)
{
    anshin_issued_left_t lefts[] = {{.ca = {"ca", "1111111111111111"}}, {.ca = {"ca-2", "2222222222222222"}}};
    const apr_time_t now = fixture.now;

    put("4101", NULL, ANSHIN_CERTIFICATE_ACTIVE, now + 3 * DAY); /* of an older store */
    put("4102", "1111111111111111", ANSHIN_CERTIFICATE_ACTIVE, now + 5 * DAY);
    put("4103", "1111111111111111", ANSHIN_CERTIFICATE_REVOKED, now + 9 * DAY);
    put("4104", "1111111111111111", ANSHIN_CERTIFICATE_ACTIVE, now - DAY);
    put("4105", "2222222222222222", ANSHIN_CERTIFICATE_ACTIVE, now + 7 * DAY);
    put("4106", "3333333333333333", ANSHIN_CERTIFICATE_ACTIVE, now + 8 * DAY);
    ok(anshin_issued_left(fixture_op(&fixture), lefts, 2) == APR_SUCCESS && lefts[0].count == 2 &&
           lefts[0].until == now + 5 * DAY,
       "good ones of the first CA are counted, with those that no record tells of, neither revoked nor ended (CAS-2)");
    ok(lefts[1].count == 1 && lefts[1].until == now + 7 * DAY, "those of another are its own");
    fixture.now = now + 6 * DAY;
    ok(anshin_issued_left(fixture_op(&fixture), lefts, 2) == APR_SUCCESS && lefts[0].count == 0 && lefts[0].until == 0,
       "when they have ended, none are left");
    fixture.now = now;
}

/* Days told of; 0: none. */
static int remind(apr_time_t end)
{
    int days = -1;

    (void)anshin_issuer_remind(fixture_op(&fixture), "1111111111111111", end, &days);
    return days;
}

static void test_remind(void)
{
    const apr_time_t end = fixture.now + 400 * DAY;
    int days;

    ok(remind(end) == 0, "400 days before its end a CA is not reminded of");
    fixture.now = end - 365 * DAY;
    days = remind(end);
    ok(days == 365 && remind(end) == 0, "a year before it is, once (CAS-2) (%d)", days);
    fixture.now = end - 80 * DAY;
    days = remind(end);
    ok(days == 80 && remind(end) == 0, "90 days before once more, however late: the days are true (%d)", days);
    fixture.now = end - 20 * DAY;
    days = remind(end);
    ok(days == 20 && remind(end) == 0, "and 30 days before (%d)", days);
    fixture.now = end + DAY;
    ok(remind(end) == 0, "behind its end no more");
}

static apr_time_t stopped(const char *id)
{
    apr_time_t at = -1;

    return anshin_issuer_stopped(fixture_op(&fixture), NULL, id, &at) == APR_SUCCESS ? at : -2;
}

static int waits(void)
{
    int waits = -1;

    return anshin_issuer_waits(fixture_op(&fixture), &waits) == APR_SUCCESS ? waits : -2;
}

static void test_stop(void)
{
    apr_time_t before = fixture.now;
    anshin_op_t *op = fixture_op(&fixture);

    ok(waits() == 0 && stopped("aa11") == 0 && anshin_issuer_may(op, NULL, "aa11") == APR_SUCCESS,
       "a CA of which nothing was said issues");
    (void)anshin_issuer_note(fixture_op(&fixture), ANSHIN_CA_NAME, "aa11");
    ok(waits() == 0, "nor does anything wait once it is known which one it is");
    ok(anshin_issuer_stop(fixture_op(&fixture), "aa11", ANSHIN_CA_NAME) == APR_SUCCESS && stopped("aa11") == before,
       "CAS-4: it is declared compromised");
    fixture.now += DAY;
    ok(anshin_issuer_stop(fixture_op(&fixture), "aa11", ANSHIN_CA_NAME) == APR_SUCCESS && stopped("aa11") == before,
       "once more: it is so since the first time");
    op = fixture_op(&fixture);
    ok(anshin_issuer_may(op, NULL, "aa11") == ANSHIN_EBUSY && strstr(op->error.text, "ca switch") != NULL,
       "CAS-4: then it issues nothing, and the cause says what to do (%s)", op->error.text);
    ok(anshin_issuer_may(fixture_op(&fixture), NULL, "bb22") == APR_SUCCESS && waits() == 1,
       "CAS-4: another one does; the contract of this one waits");
    (void)anshin_issuer_note(fixture_op(&fixture), ANSHIN_CA_NAME, "bb22");
    ok(waits() == 0, "until another key has its name");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    test_left();
    test_remind();
    test_stop();
    apr_pool_destroy(pool);
    return done();
}
