/* core/selfservice/address_code.c, terminal.c: a new address counts only with the code that was mailed to it (ADR-1).
 */
#include "core/selfservice/address_code.h"
#include "core/selfservice/terminal.h"
#include "core/admin/operator.h"
#include "unit/users.h"

static fixture_t fixture;
static anshin_member_t member;

static anshin_terminal_result_t send_to(apr_int64_t number, const char *address, apr_status_t *status)
{
    anshin_terminal_result_t r;

    fixture.now++; /* so that the newest mail is this one */
    *status = anshin_terminal_code_send(
        fixture_op(&fixture), &member,
        &(anshin_terminal_typed_t){.number = number, .address = address, .kind = ANSHIN_TERMINAL_PC}, &r);
    return r;
}

static anshin_terminal_result_t add(const char *address, const char *code)
{
    anshin_terminal_result_t r;
    apr_status_t status = anshin_terminal_add(
        fixture_op(&fixture), &member,
        &(anshin_terminal_typed_t){.address = address, .kind = ANSHIN_TERMINAL_PC, .code = code}, &r);

    if (status != APR_SUCCESS) {
        r.code_error = anshin_status_name(status);
    }
    return r;
}

static anshin_terminal_result_t change(apr_int64_t number, const char *address, const char *code)
{
    anshin_terminal_result_t r;
    apr_status_t status = anshin_terminal_change(
        fixture_op(&fixture), &member,
        &(anshin_terminal_typed_t){.number = number, .address = address, .kind = ANSHIN_TERMINAL_PC, .code = code}, &r);

    if (status != APR_SUCCESS) {
        r.code_error = anshin_status_name(status);
    }
    return r;
}

static const char *mailed(void)
{
    return users_mailed_code(&fixture, "address-code");
}

/* A code that is not this one: another first digit. */
static const char *other_than(const char *code)
{
    return apr_pstrcat(fixture.pool, *code == '0' ? "1" : "0", code + 1, NULL);
}

static anshin_terminal_t terminal_of(const char *key)
{
    anshin_terminal_t terminal = {.address = "(none)", .unconfirmed_at = -1};

    (void)fixture_get(&fixture, &anshin_record_terminal, key, &terminal);
    return terminal;
}

static void enter(const char *user)
{
    (void)users_register(&fixture, user, ANSHIN_METHOD_PASSWORD);
    member = users_member(&fixture, user, ANSHIN_METHOD_PASSWORD);
}

static void test_add(void)
{
    int mails = fixture_count(&fixture, &anshin_record_mail);
    anshin_terminal_result_t r;
    const char *code;
    apr_status_t status;

    enter("ac1");
    r = add("new@example.jp", NULL);
    ok(r.needs_code && r.number == 0, "ADR-1: without a code nothing is added");
    ok(add("new@example.jp", "000000").code_error != NULL, "ADR-1: nor with one where none was sent");
    ok(anshin_terminal_code_sent(fixture_op(&fixture), &member, "new@example.jp") == ANSHIN_ENOTFOUND, "none was");
    r = send_to(0, "new@example.jp", &status);
    ok(status == APR_SUCCESS && !r.error && fixture_count(&fixture, &anshin_record_mail) == mails + 1,
       "ADR-1: a code is mailed, and nobody else is told of anything");
    ok(anshin_terminal_code_sent(fixture_op(&fixture), &member, "new@example.jp") == APR_SUCCESS, "it is known of");
    (void)send_to(0, "new@example.jp", &status);
    ok(status == ANSHIN_ECONFLICT, "ADR-1: not two at once");
    code = mailed();
    ok(strlen(code) == ANSHIN_ADDRESS_CODE_CHARACTERS, "of six digits");
    ok(same_text(add("other@example.jp", code).code_error, "errors.address_code_over"),
       "ADR-1: the code of one address is none of another");
    ok(same_text(add("new@example.jp", other_than(code)).code_error, "errors.address_code_wrong"),
       "ADR-1: a wrong code");
    ok(users_account(&fixture, "ac1").terminals->nelts == 1, "and nothing is added");
    r = add("new@example.jp", apr_psprintf(fixture.pool, "%.3s %s", code, code + 3));
    ok(!r.code_error && r.number == 2, "ADR-1: the right one adds it, typed with a space");
    ok(terminal_of("p-01/ac1/2").unconfirmed_at == 0, "S40: the address is the user's own");
    (void)anshin_terminal_delete(fixture_op(&fixture), &member, 2, &r);
    ok(same_text(add("new@example.jp", code).code_error, "errors.address_code_over"), "ADR-1: a code works once");
}

static void test_change(void)
{
    anshin_terminal_result_t r;
    const char *first, *second;
    apr_status_t status;

    enter("ac2");
    r = change(1, "TARO@example.jp", NULL);
    ok(!r.needs_code && same_text(terminal_of("p-01/ac2/1").address, "TARO@example.jp"),
       "ADR-1: the same address in other letters needs none");
    ok(change(1, "one@example.jp", NULL).needs_code && same_text(terminal_of("p-01/ac2/1").address, "TARO@example.jp"),
       "ADR-1: another one does, and the old one counts until then");
    (void)send_to(1, "one@example.jp", &status);
    first = mailed();
    (void)send_to(1, "two@example.jp", &status);
    second = mailed();
    ok(status == APR_SUCCESS && strcmp(first, second) != 0, "ADR-1: two tabs have a code each");
    ok(!change(1, "two@example.jp", second).code_error && !change(1, "one@example.jp", first).code_error &&
           same_text(terminal_of("p-01/ac2/1").address, "one@example.jp"),
       "ADR-1: and each takes its own");
    (void)send_to(1, "three@example.jp", &status);
    first = mailed();
    fixture.now += ANSHIN_ADDRESS_CODE_PAUSE;
    (void)send_to(1, "three@example.jp", &status);
    second = mailed();
    ok(status == APR_SUCCESS && (strcmp(first, second) == 0 || change(1, "three@example.jp", first).code_error != NULL),
       "ADR-1: a code that is sent again ends the one before");
    fixture.now += ANSHIN_ADDRESS_CODE_LIFE;
    member = users_member(&fixture, "ac2", ANSHIN_METHOD_PASSWORD);
    ok(same_text(change(1, "three@example.jp", second).code_error, "errors.address_code_over"),
       "ADR-1: it ends by itself");
}

static void test_guesses(void)
{
    anshin_account_t account;
    anshin_terminal_result_t r;
    const char *code;
    apr_status_t status;
    int made = 0, sent = 0;

    enter("ac3");
    (void)send_to(0, "x@example.jp", &status);
    code = mailed();
    for (int i = 0; i < 20; i++) {
        made += same_text(add("x@example.jp", other_than(code)).code_error, "errors.address_code_wrong");
    }
    ok(made == fixture.contract.policy.code_attempts - 1, "ADR-1, LCK-1: %d wrong codes, then", made);
    ok(same_text(add("x@example.jp", code).code_error, "errors.address_code_locked"), "the right one is none");
    account = users_account(&fixture, "ac3");
    ok(account.state == ANSHIN_ACCOUNT_ACTIVE &&
           users_login(&fixture, "ac3", USERS_PASSWORD, &users_no_peer, NULL).outcome == ANSHIN_LOGIN_OK,
       "ADR-1: the account is not locked");
    for (int i = 0; i < 30; i++) {
        fixture.now += ANSHIN_ADDRESS_CODE_PAUSE;
        member = users_member(&fixture, "ac3", ANSHIN_METHOD_PASSWORD);
        r = send_to(0, apr_psprintf(fixture.pool, "x%d@example.org", i), &status);
        sent += status == APR_SUCCESS && !r.error;
    }
    ok(sent == ANSHIN_ADDRESS_CODES - 1 && same_text(r.error, "errors.address_codes"),
       "ADR-1: so many codes a day, whatever the addresses");
    ok(!add("x0@example.org", users_mailed_code(&fixture, "nothing")).number, "none of them by guessing");
    fixture.now += apr_time_from_sec(86400);
    member = users_member(&fixture, "ac3", ANSHIN_METHOD_PASSWORD);
    (void)send_to(0, "x@example.jp", &status);
    ok(status == APR_SUCCESS && !add("x@example.jp", mailed()).code_error, "ADR-1: a new code opens them again");
    (void)send_to(0, "y@example.jp", &status);
    (void)anshin_account_delete(fixture_op(&fixture), "ac3");
    (void)users_register(&fixture, "ac3", ANSHIN_METHOD_PASSWORD);
    member = users_member(&fixture, "ac3", ANSHIN_METHOD_PASSWORD);
    ok(same_text(add("y@example.jp", mailed()).code_error, "errors.address_code_over"),
       "IDN-1: who gets the ID anew has no code of the former holder");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    ok(fixture.contract.policy.confirm_address == 0, "ADR-1: classic goes without, as the manual's flow");
    fixture.contract.policy.confirm_address = 1;
    test_add();
    test_change();
    test_guesses();
    apr_pool_destroy(pool);
    return done();
}
