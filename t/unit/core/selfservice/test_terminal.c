/* core/selfservice/terminal.c, method.c: terminals and the login method. */
#include "core/certificate/download.h"
#include "core/context/flow.h"
#include "core/mail/mail.h"
#include "core/selfservice/method.h"
#include "core/selfservice/terminal.h"
#include "unit/users.h"

static fixture_t fixture;

static anshin_member_t member_of(const char *user, const anshin_presented_t *presented)
{
    anshin_login_result_t login = users_login(&fixture, user, USERS_PASSWORD, presented, NULL);
    anshin_session_t *session = apr_pcalloc(fixture.pool, sizeof(*session));
    anshin_member_t member = {NULL, session};

    if (login.outcome != ANSHIN_LOGIN_OK ||
        anshin_session_find(fixture_op(&fixture), login.session_id, presented, session, &member.key) != APR_SUCCESS) {
        printf("# %s cannot log in\n", user);
        exit(1);
    }
    return member;
}

/* Two copies of the form that adds the last terminal the contract allows: the second does not hear that it was. */
static void add_last_twice(const anshin_member_t *member)
{
    const anshin_terminal_typed_t typed = {.address = "n5@example.jp", .kind = ANSHIN_TERMINAL_PC};
    anshin_op_t *first = fixture_op(&fixture), *second;
    anshin_terminal_result_t r;
    anshin_flow_t flow, other;

    ok(anshin_flow_start(first, &flow, ANSHIN_FLOW_TERMINAL, "te1") == APR_SUCCESS, "a flow");
    other = flow;
    first->flow = &flow;
    ok(anshin_terminal_add(first, member, &typed, &r) == APR_SUCCESS && r.number == 5, "one form adds it");
    second = fixture_op(&fixture);
    second->flow = &other;
    ok(anshin_terminal_add(second, member, &typed, &r) == ANSHIN_EDENIED && !r.error && !r.address_error,
       "the other is told of no error (FLO-2)");
}

static void test_add(void)
{
    anshin_terminal_result_t r;
    apr_array_header_t *views;
    anshin_member_t member;
    anshin_presented_t presented;

    (void)users_register(&fixture, "te1", ANSHIN_METHOD_CERTIFICATE);
    presented = users_certificate(&fixture, "te1", 1, "a1");
    member = member_of("te1", &presented);
    ok(anshin_terminal_check(
           fixture_op(&fixture), &member,
           &(anshin_terminal_typed_t){.address = "nowhere", .kind = ANSHIN_TERMINAL_PC, .confirm = "x"},
           &r) == APR_SUCCESS &&
           same_text(r.address_error, "errors.address"),
       "a bad address is named (ACC-5)");
    ok(anshin_terminal_check(fixture_op(&fixture), &member,
                             &(anshin_terminal_typed_t){
                                 .address = "new@example.jp", .kind = ANSHIN_TERMINAL_PC, .confirm = "nwe@example.jp"},
                             &r) == APR_SUCCESS &&
           same_text(r.address_error, "errors.address_mismatch"),
       "it is typed twice (ACC-5)");
    ok(anshin_terminal_check(
           fixture_op(&fixture), &member,
           &(anshin_terminal_typed_t){.address = "Taro@example.jp", .kind = 9, .confirm = "Taro@example.jp"},
           &r) == APR_SUCCESS &&
           same_text(r.address_error, "errors.address_taken") && same_text(r.kind_error, "errors.choose"),
       "one that is used already, and no kind, in one go");
    ok(anshin_terminal_add(fixture_op(&fixture), &member,
                           &(anshin_terminal_typed_t){.address = "bad\r\nBcc: x@y.jp", .kind = ANSHIN_TERMINAL_PC},
                           &r) == APR_SUCCESS &&
           r.address_error,
       "the verb itself checks as well (S27)");
    ok(anshin_terminal_add(fixture_op(&fixture), &member,
                           &(anshin_terminal_typed_t){.address = "new@example.jp", .kind = ANSHIN_TERMINAL_SMARTPHONE},
                           &r) == APR_SUCCESS &&
           r.number == 2 && r.download_password,
       "added; a certificate user gets a download password (ACC-5)");
    ok(anshin_terminals_view(fixture_op(&fixture), &member, &views) == APR_SUCCESS && views->nelts == 2,
       "two terminals");
    ok(same_text(APR_ARRAY_IDX(views, 1, anshin_terminal_view_t).download_password, r.download_password),
       "the page shows the download password while it waits (ACC-2)");
    ok(APR_ARRAY_IDX(views, 0, anshin_terminal_view_t).expires_at == presented.not_after &&
           !APR_ARRAY_IDX(views, 1, anshin_terminal_view_t).expires_at,
       "and when certificates expire (ACC-2)");
    for (int i = 3; i <= 4; i++) {
        (void)anshin_terminal_add(fixture_op(&fixture), &member,
                                  &(anshin_terminal_typed_t){.address = apr_psprintf(fixture.pool, "n%d@example.jp", i),
                                                             .kind = ANSHIN_TERMINAL_PC},
                                  &r);
    }
    add_last_twice(&member);
    ok(anshin_terminal_add(fixture_op(&fixture), &member,
                           &(anshin_terminal_typed_t){.address = "six@example.jp", .kind = ANSHIN_TERMINAL_PC},
                           &r) == APR_SUCCESS &&
           same_text(r.error, "errors.terminal_max"),
       "the contract's number is the limit (CON-3)");
    fixture.now += fixture.contract.policy.reauthenticate;
    ok(anshin_terminal_add(fixture_op(&fixture), &member,
                           &(anshin_terminal_typed_t){.address = "x@example.jp", .kind = ANSHIN_TERMINAL_PC},
                           &r) == ANSHIN_EDENIED,
       "not without a fresh check of the password (S12)");
}

/* Whoever is logged in must not mail strangers without end. */
static void test_rate(void)
{
    anshin_terminal_result_t r = {0};
    anshin_member_t member;
    int added = 0, deleted = 0, mails;

    (void)users_register(&fixture, "te8", ANSHIN_METHOD_PASSWORD);
    member = member_of("te8", &users_no_peer);
    mails = fixture_count(&fixture, &anshin_record_mail);
    for (int i = 0; i < 40; i++) {
        r.number = 0;
        added +=
            anshin_terminal_add(fixture_op(&fixture), &member,
                                &(anshin_terminal_typed_t){.address = "victim@example.org", .kind = ANSHIN_TERMINAL_PC},
                                &r) == APR_SUCCESS &&
            r.number != 0;
        deleted += r.number != 0 && anshin_terminal_delete(fixture_op(&fixture), &member, r.number, &r) == APR_SUCCESS;
    }
    mails = fixture_count(&fixture, &anshin_record_mail) - mails;
    ok(added == ANSHIN_TERMINAL_CHANGES && deleted == added,
       "ACC-5: of 40 terminals added in a day %d are taken, and each can be deleted", added);
    ok(mails <= 4 * ANSHIN_TERMINAL_CHANGES, "which mails a victim so often and no more (%d mails in all)", mails);
    ok(anshin_terminal_check(
           fixture_op(&fixture), &member,
           &(anshin_terminal_typed_t){
               .number = 1, .address = "x@example.org", .kind = ANSHIN_TERMINAL_PC, .confirm = "x@example.org"},
           &r) == APR_SUCCESS &&
           same_text(r.error, "errors.terminal_changes"),
       "ACC-5: the page says so before the confirmation, of a change as well");
    fixture.now += apr_time_from_sec(86400);
    member = member_of("te8", &users_no_peer);
    ok(anshin_terminal_add(fixture_op(&fixture), &member,
                           &(anshin_terminal_typed_t){.address = "own@example.org", .kind = ANSHIN_TERMINAL_PC},
                           &r) == APR_SUCCESS &&
           r.number != 0,
       "ACC-5: on the next day it is possible again");
}

/* S40: nor must several, who name one victim. */
static void test_rate_of_several(void)
{
    int mails = fixture_count(&fixture, &anshin_record_mail), told = 0, refused = 0;
    anshin_terminal_result_t r;

    for (int i = 0; i < 5; i++) {
        const char *user = apr_psprintf(fixture.pool, "tr%d", i);
        anshin_member_t member;

        (void)users_register(&fixture, user, ANSHIN_METHOD_PASSWORD);
        member = member_of(user, &users_no_peer);
        for (int j = 0; j < ANSHIN_TERMINAL_CHANGES; j++) {
            (void)anshin_terminal_add(
                fixture_op(&fixture), &member,
                &(anshin_terminal_typed_t){.address = "several@example.org", .kind = ANSHIN_TERMINAL_PC}, &r);
            told += r.number != 0;
            refused += same_text(r.address_error, "errors.address_mails");
            told += r.number != 0 && anshin_terminal_delete(fixture_op(&fixture), &member, r.number, &r) == APR_SUCCESS;
        }
    }
    mails = fixture_count(&fixture, &anshin_record_mail) - mails - told; /* each change tells the user's own address */
    ok(mails <= ANSHIN_MAILS_A_DAY + 4 * ANSHIN_MAILS_SHARE && mails >= ANSHIN_MAILS_A_DAY,
       "S40: five users who type one address %d times mail it %d times", told, mails);
    ok(refused > 0 && told > mails, "S40: they are told so at the form, and their own addresses hear of every change");
}

static apr_time_t unconfirmed_at(const char *key)
{
    anshin_terminal_t terminal = {.unconfirmed_at = -1};

    (void)fixture_get(&fixture, &anshin_record_terminal, key, &terminal);
    return terminal.unconfirmed_at;
}

static void confirm(const char *user, apr_int64_t number, apr_time_t mailed_at)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_WRITE);
    apr_status_t status = anshin_terminal_confirmed(fixture_op(&fixture), txn, user, number, mailed_at);

    ok(anshin_txn_end(txn, status, ANSHIN_LAZY) == APR_SUCCESS, "what was mailed to terminal %d was shown",
       (int)number);
}

/* S40: whose an address is. */
static void test_whose(void)
{
    anshin_terminal_result_t r;
    anshin_member_t member;

    (void)users_register(&fixture, "tw1", ANSHIN_METHOD_PASSWORD);
    member = member_of("tw1", &users_no_peer);
    ok(unconfirmed_at("p-01/tw1/1") == 0, "S40: the address that the operator gave is the user's own");
    (void)anshin_terminal_change(
        fixture_op(&fixture), &member,
        &(anshin_terminal_typed_t){.number = 1, .address = "TARO@example.jp", .kind = ANSHIN_TERMINAL_PC}, &r);
    ok(unconfirmed_at("p-01/tw1/1") == 0, "S40: in other letters it is the same");
    (void)anshin_terminal_change(
        fixture_op(&fixture), &member,
        &(anshin_terminal_typed_t){.number = 1, .address = "tw1@example.jp", .kind = ANSHIN_TERMINAL_PC}, &r);
    ok(unconfirmed_at("p-01/tw1/1") == fixture.now, "S40: one that the user typed is nobody's yet");
    confirm("tw1", 1, fixture.now - 1);
    ok(unconfirmed_at("p-01/tw1/1") == fixture.now, "S40: what was mailed before it was typed went to another address");
    confirm("tw1", 1, fixture.now);
    confirm("tw1", 9, fixture.now);
    ok(unconfirmed_at("p-01/tw1/1") == 0, "S40: it is his who shows what was mailed to it");
}

static void test_change(void)
{
    anshin_terminal_result_t r;
    anshin_terminal_t terminal;
    anshin_member_t member;
    int before = fixture_count(&fixture, &anshin_record_mail);

    (void)users_register(&fixture, "te2", ANSHIN_METHOD_PASSWORD);
    member = member_of("te2", &users_no_peer);
    ok(anshin_terminal_change(
           fixture_op(&fixture), &member,
           &(anshin_terminal_typed_t){.number = 1, .address = "hanako@example.jp", .kind = ANSHIN_TERMINAL_MOBILE},
           &r) == APR_SUCCESS &&
           !r.address_error,
       "address and kind change (ACC-5)");
    (void)fixture_get(&fixture, &anshin_record_terminal, "p-01/te2/1", &terminal);
    ok(same_text(terminal.address, "hanako@example.jp") && terminal.kind == ANSHIN_TERMINAL_MOBILE,
       "they have changed");
    ok(fixture_count(&fixture, &anshin_record_mail) == before + 2, "the old and the new address are told (MAI-3, S13)");
    ok(anshin_terminal_change(
           fixture_op(&fixture), &member,
           &(anshin_terminal_typed_t){.number = 1, .address = "hanako@example.jp", .kind = ANSHIN_TERMINAL_PC},
           &r) == APR_SUCCESS &&
           !r.address_error,
       "its own address is not taken");
    ok(anshin_terminal_change(
           fixture_op(&fixture), &member,
           &(anshin_terminal_typed_t){.number = 7, .address = "x@example.jp", .kind = ANSHIN_TERMINAL_PC},
           &r) == ANSHIN_ENOTFOUND,
       "no terminal 7");
    fixture.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_TERMINAL_CHANGE);
    ok(anshin_terminal_change(
           fixture_op(&fixture), &member,
           &(anshin_terminal_typed_t){.number = 1, .address = "x@example.jp", .kind = ANSHIN_TERMINAL_PC},
           &r) == ANSHIN_EDENIED,
       "not where the contract has it switched off (CON-2)");
    fixture.contract.policy.functions |= 1 << ANSHIN_FUNCTION_TERMINAL_CHANGE;
}

static void test_label(void)
{
    anshin_terminal_typed_t typed = {.number = 1, .address = "taro@example.jp", .kind = ANSHIN_TERMINAL_PC};
    anshin_terminal_result_t r;
    anshin_certificate_t certificate;
    anshin_terminal_t terminal;
    anshin_presented_t presented;
    anshin_member_t member;

    (void)users_register(&fixture, "te9", ANSHIN_METHOD_CERTIFICATE);
    presented = users_certificate(&fixture, "te9", 1, "9e");
    member = member_of("te9", &presented);
    typed.label = "a\177";
    ok(anshin_terminal_change(fixture_op(&fixture), &member, &typed, &r) == APR_SUCCESS &&
           same_text(r.label_error, "errors.label_characters"),
       "a label that cannot be taken is refused (LST-1)");
    typed.label = "123456789012345678901234567890123";
    typed.confirm = typed.address;
    ok(anshin_terminal_check(fixture_op(&fixture), &member, &typed, &r) == APR_SUCCESS &&
           same_text(r.label_error, "errors.label_long"),
       "so is one of 33 characters (LST-1)");
    ok(fixture_get(&fixture, &anshin_record_terminal, "p-01/te9/1", &terminal) == APR_SUCCESS && !terminal.label,
       "nothing has changed");
    fixture.now += apr_time_from_sec(1);
    typed.label = " 調剤室　２ ";
    ok(anshin_terminal_change(fixture_op(&fixture), &member, &typed, &r) == APR_SUCCESS && !r.label_error &&
           fixture_get(&fixture, &anshin_record_terminal, "p-01/te9/1", &terminal) == APR_SUCCESS &&
           same_text(terminal.label, "調剤室 2"),
       "a label alone is a change (LST-1, ADR-2)");
    ok(fixture_get(&fixture, &anshin_record_certificate, "9e", &certificate) == APR_SUCCESS &&
           same_text(certificate.label, "調剤室 2"),
       "the terminal's certificate has it as well");
    ok(strstr(users_mailed_text(&fixture, "terminal-changed"), "1 (調剤室 2)") != NULL,
       "and the notice names number and label (LST-1)");
    typed.label = "";
    ok(anshin_terminal_change(fixture_op(&fixture), &member, &typed, &r) == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_terminal, "p-01/te9/1", &terminal) == APR_SUCCESS && !terminal.label,
       "it can be taken away again");
    typed = (anshin_terminal_typed_t){.address = "nine@example.jp", .kind = ANSHIN_TERMINAL_PC, .label = "予備"};
    ok(anshin_terminal_add(fixture_op(&fixture), &member, &typed, &r) == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_terminal, "p-01/te9/2", &terminal) == APR_SUCCESS &&
           same_text(terminal.label, "予備"),
       "a new terminal has one from the beginning (LST-1)");
}

static void test_delete(void)
{
    anshin_terminal_result_t r;
    anshin_certificate_t certificate;
    anshin_download_t download;
    anshin_session_t session;
    anshin_member_t member, second;
    anshin_presented_t presented, other;

    (void)users_register(&fixture, "te3", ANSHIN_METHOD_CERTIFICATE);
    presented = users_certificate(&fixture, "te3", 1, "b1");
    member = member_of("te3", &presented);
    (void)anshin_terminal_add(fixture_op(&fixture), &member,
                              &(anshin_terminal_typed_t){.address = "two@example.jp", .kind = ANSHIN_TERMINAL_PC}, &r);
    other = users_certificate(&fixture, "te3", 2, "b2");
    second = member_of("te3", &other);
    ok(anshin_terminal_delete(fixture_op(&fixture), &member, 1, &r) == APR_SUCCESS &&
           same_text(r.error, "errors.terminal_first"),
       "the first terminal cannot be deleted (ACC-2)");
    ok(anshin_terminal_delete(fixture_op(&fixture), &member, 9, &r) == ANSHIN_ENOTFOUND, "no terminal 9");
    ok(anshin_terminal_delete(fixture_op(&fixture), &member, 2, &r) == APR_SUCCESS && !r.error, "the second can");
    (void)fixture_get(&fixture, &anshin_record_certificate, "b2", &certificate);
    ok(certificate.state == ANSHIN_CERTIFICATE_REVOKED, "its certificate is revoked (CRT-5)");
    ok(fixture_get(&fixture, &anshin_record_session, second.key, &session) == ANSHIN_ENOTFOUND &&
           fixture_get(&fixture, &anshin_record_session, member.key, &session) == APR_SUCCESS,
       "its sessions end, others stay (LOG-9, S16)");
    ok(fixture_get(&fixture, &anshin_record_download, "p-01/te3/2", &download) == ANSHIN_ENOTFOUND,
       "nothing waits for download any more");
    ok(users_login(&fixture, "te3", USERS_PASSWORD, &other, NULL).outcome == ANSHIN_LOGIN_WRONG,
       "a deleted terminal lets nobody in");
}

static void test_method(void)
{
    apr_array_header_t *issues;
    anshin_certificate_t certificate;
    anshin_account_t account;
    anshin_session_t session;
    anshin_member_t member;
    anshin_presented_t presented;

    fixture.contract.policy.methods |= 1 << ANSHIN_METHOD_OTP;
    (void)users_register(&fixture, "me1", ANSHIN_METHOD_PASSWORD);
    member = member_of("me1", &users_no_peer);
    ok(anshin_method_change(fixture_op(&fixture), &member, ANSHIN_METHOD_PASSWORD, &issues) == ANSHIN_EINVALID,
       "the same method is no change");
    ok(anshin_method_change(fixture_op(&fixture), &member, 7, &issues) == ANSHIN_EINVALID, "nor is an unknown one");
    ok(anshin_method_change(fixture_op(&fixture), &member, ANSHIN_METHOD_CERTIFICATE, &issues) == APR_SUCCESS &&
           issues->nelts == 1 && APR_ARRAY_IDX(issues, 0, anshin_method_issue_t).download_password,
       "to certificate: one for each terminal (ACC-6)");
    ok(fixture_get(&fixture, &anshin_record_session, member.key, &session) == ANSHIN_ENOTFOUND,
       "the session of the old method has ended");
    ok(users_login(&fixture, "me1", USERS_PASSWORD, &users_no_peer, NULL).outcome == ANSHIN_LOGIN_WRONG,
       "the password alone no longer opens");
    presented = users_certificate(&fixture, "me1", 1, "d1");
    member = member_of("me1", &presented);
    ok(anshin_method_change(fixture_op(&fixture), &member, ANSHIN_METHOD_OTP, &issues) == APR_SUCCESS &&
           issues->nelts == 0,
       "to one-time password");
    (void)fixture_get(&fixture, &anshin_record_certificate, "d1", &certificate);
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/me1", &account);
    ok(certificate.state == ANSHIN_CERTIFICATE_REVOKED && account.method == ANSHIN_METHOD_OTP,
       "the certificate is revoked (ACC-6)");
    ok(users_login(&fixture, "me1", USERS_PASSWORD, &presented, NULL).outcome == ANSHIN_LOGIN_NEED_CODE,
       "and the login asks for a code (LOG-7)");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_add();
    test_rate();
    test_rate_of_several();
    test_whose();
    test_change();
    test_label();
    test_delete();
    test_method();
    apr_pool_destroy(pool);
    return done();
}
