/* core/certificate/phone.c, download_link.c, core/selfservice/phone.c: a download that is opened on a phone by a QR code
 * (HLP-19). */
#include "core/certificate/download.h"
#include "core/certificate/phone.h"
#include "core/selfservice/phone.h"
#include "unit/issued.h"

static fixture_t fixture;
static const char *password, *mailed;
static anshin_member_t member;

static void begin(const char *user)
{
    password = users_register(&fixture, user, ANSHIN_METHOD_CERTIFICATE);
    (void)issued_work(&fixture, ISSUED_SENT);
    mailed = issued_link(&fixture, "certificate-ready");
    member = users_member(&fixture, user, ANSHIN_METHOD_CERTIFICATE);
}

static anshin_link_standing_t standing(const char *token)
{
    anshin_link_standing_t found = ANSHIN_LINK_UNKNOWN;

    (void)anshin_download_link_standing(fixture_op(&fixture), token, &found);
    return found;
}

static apr_status_t opens(const char *token)
{
    anshin_download_state_t state;

    return anshin_download_find(fixture_op(&fixture), token, &state);
}

static anshin_download_result_t fetch(const char *token, const char *typed, apr_status_t *status)
{
    anshin_download_result_t result;

    *status = anshin_download_fetch(fixture_op(&fixture), token, typed, ANSHIN_PROFILE_COMPAT, &result);
    return result;
}

static void test_way(void)
{
    anshin_phone_t phone = {.token = NULL}, second;
    anshin_download_result_t r;
    anshin_terminal_t terminal;
    apr_status_t status;

    begin("ph1");
    fixture_get(&fixture, &anshin_record_terminal, anshin_terminal_key(fixture_op(&fixture), "ph1", 1), &terminal);
    terminal.unconfirmed_at = 1;
    fixture_put(&fixture, &anshin_record_terminal, anshin_terminal_key(fixture_op(&fixture), "ph1", 1), &terminal);
    ok(anshin_member_phone(fixture_op(&fixture), &member, 1, &phone) == APR_SUCCESS &&
           phone.until == fixture.now + ANSHIN_PHONE_LIFE && same_text(phone.user, "ph1"),
       "HLP-19: who is logged in gets a link for minutes");
    ok(opens(phone.token) == APR_SUCCESS && opens(phone.token) == APR_SUCCESS &&
           standing(phone.token) == ANSHIN_LINK_GOOD,
       "which opening does not use up (REG-5)");
    ok(opens(mailed) == APR_SUCCESS, "and the mail's goes on working");
    r = fetch(phone.token, "wrong", &status);
    ok(status == APR_SUCCESS && !r.right && r.remaining == 9 && r.token == NULL &&
           standing(phone.token) == ANSHIN_LINK_GOOD,
       "a wrong download password is counted as ever, and uses nothing up");
    r = fetch(phone.token, password, &status);
    ok(status == APR_SUCCESS && r.right && r.file.length == 6 && r.token != NULL, "the right one gives the file");
    ok(standing(phone.token) == ANSHIN_LINK_USED && opens(phone.token) == ANSHIN_EDENIED,
       "and uses the code up: a second scan is told so");
    (void)fetch(phone.token, password, &status);
    ok(status == ANSHIN_EDENIED, "nor does the right password open it again");
    ok(opens(r.token) == APR_SUCCESS && opens(mailed) == APR_SUCCESS, "the phone goes on with a link of its own");
    fixture_get(&fixture, &anshin_record_terminal, anshin_terminal_key(fixture_op(&fixture), "ph1", 1), &terminal);
    ok(terminal.unconfirmed_at == 1, "ADR-1: a QR code shows nothing of a mailbox");
    fixture.now += ANSHIN_PHONE_LIFE;
    ok(fetch(r.token, password, &status).right, "for as long as the download lasts");
    member = users_member(&fixture, "ph1", ANSHIN_METHOD_CERTIFICATE);
    ok(anshin_member_phone(fixture_op(&fixture), &member, 1, &second) == APR_SUCCESS && opens(r.token) == APR_SUCCESS,
       "another code, for another device");
    ok(anshin_download_finish(fixture_op(&fixture), r.token) == APR_SUCCESS && opens(mailed) == ANSHIN_EDENIED &&
           opens(second.token) == ANSHIN_ENOTFOUND && opens(r.token) == ANSHIN_ENOTFOUND,
       "done there it is done everywhere (S24)");
    ok(standing(mailed) == ANSHIN_LINK_USED, "U12: and the mail's link says so");
}

static void test_limits(void)
{
    anshin_phone_t phone, second;
    apr_status_t status;

    begin("ph2");
    ok(anshin_phone_from_link(fixture_op(&fixture), mailed, &phone) == APR_SUCCESS && opens(phone.token) == APR_SUCCESS,
       "HLP-19: the page of the download gives one as well");
    ok(anshin_phone_from_link(fixture_op(&fixture), mailed, &second) == APR_SUCCESS &&
           opens(phone.token) == ANSHIN_ENOTFOUND && opens(second.token) == APR_SUCCESS,
       "one lives at a time");
    fixture.now += ANSHIN_PHONE_LIFE;
    (void)fetch(second.token, password, &status);
    ok(status == ANSHIN_EDENIED && standing(second.token) == ANSHIN_LINK_EXPIRED, "ten minutes");
    ok(anshin_phone_from_link(fixture_op(&fixture), second.token, &phone) == ANSHIN_EDENIED,
       "an ended one makes no other");
    member = users_member(&fixture, "ph2", ANSHIN_METHOD_CERTIFICATE);
    fixture.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_PHONE);
    ok(anshin_phone_from_link(fixture_op(&fixture), mailed, &phone) == ANSHIN_ENOTFOUND &&
           anshin_member_phone(fixture_op(&fixture), &member, 1, &phone) == ANSHIN_ENOTFOUND,
       "none where it is switched off (CON-2)");
    fixture.contract.policy.functions |= 1 << ANSHIN_FUNCTION_PHONE;
    ok(anshin_member_phone(fixture_op(&fixture), &member, 9, &phone) == ANSHIN_ENOTFOUND,
       "none of a terminal that is none");
    fixture.now += fixture.contract.policy.reauthenticate;
    ok(anshin_member_phone(fixture_op(&fixture), &member, 1, &phone) == ANSHIN_EDENIED,
       "S12: none without a fresh check of the password, since it takes the place of the mailbox");
    begin("ph3");
    fixture.now += fixture.contract.policy.download_lifetime - apr_time_from_sec(60);
    ok(anshin_phone_from_link(fixture_op(&fixture), mailed, &phone) == APR_SUCCESS &&
           phone.until == fixture.now + apr_time_from_sec(60),
       "none outlives the download (CRT-2)");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_way();
    test_limits();
    apr_pool_destroy(pool);
    return done();
}
