/* core/terminal.c, method.c: terminals and the login method. */
#include "core/download.h"
#include "core/mail.h"
#include "core/method.h"
#include "core/terminal.h"
#include "people.h"

static world_t world;

static anshin_member_t member_of(const char *user, const anshin_peer_t *peer)
{
    anshin_login_result_t login = people_login(&world, user, PEOPLE_PASSWORD, peer, NULL);
    anshin_session_t *session = apr_pcalloc(world.pool, sizeof(*session));
    anshin_member_t member = {NULL, session};

    if (login.outcome != ANSHIN_LOGIN_OK ||
        anshin_session_find(world_op(&world), login.session_id, peer, session, &member.key) != APR_SUCCESS) {
        printf("# %s cannot log in\n", user);
        exit(1);
    }
    return member;
}

static void test_add(void)
{
    anshin_terminal_result_t r;
    apr_array_header_t *views;
    anshin_member_t member;
    anshin_peer_t peer;

    (void)people_register(&world, "te1", ANSHIN_METHOD_CERTIFICATE);
    peer = people_certificate(&world, "te1", 1, "a1");
    member = member_of("te1", &peer);
    ok(anshin_terminal_check(world_op(&world), &member, 0, "nowhere", "x", ANSHIN_TERMINAL_PC, &r) == APR_SUCCESS &&
           same_text(r.address_error, "errors.address"),
       "a bad address is named (ACC-5)");
    ok(anshin_terminal_check(world_op(&world), &member, 0, "new@example.jp", "nwe@example.jp", ANSHIN_TERMINAL_PC,
                             &r) == APR_SUCCESS &&
           same_text(r.address_error, "errors.address_mismatch"),
       "it is typed twice (ACC-5)");
    ok(anshin_terminal_check(world_op(&world), &member, 0, "Taro@example.jp", "Taro@example.jp", 9, &r) ==
               APR_SUCCESS &&
           same_text(r.address_error, "errors.address_taken") && same_text(r.kind_error, "errors.choose"),
       "one that is used already, and no kind, in one go");
    ok(anshin_terminal_add(world_op(&world), &member, "bad\r\nBcc: x@y.jp", ANSHIN_TERMINAL_PC, NULL, &r) ==
               APR_SUCCESS &&
           r.address_error,
       "the verb itself checks as well (S27)");
    ok(anshin_terminal_add(world_op(&world), &member, "new@example.jp", ANSHIN_TERMINAL_SMARTPHONE, NULL, &r) ==
               APR_SUCCESS &&
           r.number == 2 && r.download_password,
       "added; a certificate user gets a download password (ACC-5)");
    ok(anshin_terminals_view(world_op(&world), &member, &views) == APR_SUCCESS && views->nelts == 2, "two terminals");
    ok(same_text(APR_ARRAY_IDX(views, 1, anshin_terminal_view_t).download_password, r.download_password),
       "the page shows the download password while it waits (ACC-2)");
    ok(APR_ARRAY_IDX(views, 0, anshin_terminal_view_t).expires_at == peer.not_after &&
           !APR_ARRAY_IDX(views, 1, anshin_terminal_view_t).expires_at,
       "and when certificates expire (ACC-2)");
    for (int i = 3; i <= 5; i++) {
        (void)anshin_terminal_add(world_op(&world), &member, apr_psprintf(world.pool, "n%d@example.jp", i),
                                  ANSHIN_TERMINAL_PC, NULL, &r);
    }
    ok(anshin_terminal_add(world_op(&world), &member, "six@example.jp", ANSHIN_TERMINAL_PC, NULL, &r) == APR_SUCCESS &&
           same_text(r.error, "errors.terminal_max"),
       "the contract's number is the limit (CON-3)");
    world.now += world.contract.policy.reauthenticate;
    ok(anshin_terminal_add(world_op(&world), &member, "x@example.jp", ANSHIN_TERMINAL_PC, NULL, &r) == ANSHIN_EDENIED,
       "not without a fresh check of the password (S12)");
}

/* Whoever is logged in must not mail strangers without end. */
static void test_rate(void)
{
    anshin_terminal_result_t r = {0};
    anshin_member_t member;
    int added = 0, deleted = 0, mails;

    (void)people_register(&world, "te8", ANSHIN_METHOD_PASSWORD);
    member = member_of("te8", &people_no_peer);
    mails = world_count(&world, &anshin_record_mail);
    for (int i = 0; i < 40; i++) {
        r.number = 0;
        added += anshin_terminal_add(world_op(&world), &member, "victim@example.org", ANSHIN_TERMINAL_PC, NULL, &r) ==
                     APR_SUCCESS &&
                 r.number != 0;
        deleted += r.number != 0 && anshin_terminal_delete(world_op(&world), &member, r.number, &r) == APR_SUCCESS;
    }
    mails = world_count(&world, &anshin_record_mail) - mails;
    ok(added == ANSHIN_TERMINAL_CHANGES && deleted == added,
       "ACC-5: of 40 terminals added in a day %d are taken, and each can be deleted", added);
    ok(mails <= 4 * ANSHIN_TERMINAL_CHANGES, "which mails a victim so often and no more (%d mails in all)", mails);
    ok(anshin_terminal_check(world_op(&world), &member, 1, "x@example.org", "x@example.org", ANSHIN_TERMINAL_PC, &r) ==
               APR_SUCCESS &&
           same_text(r.error, "errors.terminal_changes"),
       "ACC-5: the page says so before the confirmation, of a change as well");
    world.now += apr_time_from_sec(86400);
    member = member_of("te8", &people_no_peer);
    ok(anshin_terminal_add(world_op(&world), &member, "own@example.org", ANSHIN_TERMINAL_PC, NULL, &r) == APR_SUCCESS &&
           r.number != 0,
       "ACC-5: on the next day it is possible again");
}

/* S40: nor must several, who name one victim. */
static void test_rate_of_several(void)
{
    int mails = world_count(&world, &anshin_record_mail), told = 0, refused = 0;
    anshin_terminal_result_t r;

    for (int i = 0; i < 5; i++) {
        const char *user = apr_psprintf(world.pool, "tr%d", i);
        anshin_member_t member;

        (void)people_register(&world, user, ANSHIN_METHOD_PASSWORD);
        member = member_of(user, &people_no_peer);
        for (int j = 0; j < ANSHIN_TERMINAL_CHANGES; j++) {
            (void)anshin_terminal_add(world_op(&world), &member, "several@example.org", ANSHIN_TERMINAL_PC, NULL, &r);
            told += r.number != 0;
            refused += same_text(r.address_error, "errors.address_mails");
            told += r.number != 0 && anshin_terminal_delete(world_op(&world), &member, r.number, &r) == APR_SUCCESS;
        }
    }
    mails = world_count(&world, &anshin_record_mail) - mails - told; /* each change tells the user's own address */
    ok(mails <= ANSHIN_MAILS_A_DAY + 4 * ANSHIN_MAILS_SHARE && mails >= ANSHIN_MAILS_A_DAY,
       "S40: five users who type one address %d times mail it %d times", told, mails);
    ok(refused > 0 && told > mails, "S40: they are told so at the form, and their own addresses hear of every change");
}

static apr_time_t unconfirmed_at(const char *key)
{
    anshin_terminal_t terminal = {.unconfirmed_at = -1};

    (void)world_get(&world, &anshin_record_terminal, key, &terminal);
    return terminal.unconfirmed_at;
}

static void confirm(const char *user, apr_int64_t number, apr_time_t mailed_at)
{
    anshin_txn_t *txn = world_begin(world_op(&world), ANSHIN_TXN_WRITE);
    apr_status_t rv = anshin_terminal_confirmed(world_op(&world), txn, user, number, mailed_at);

    ok(anshin_txn_end(txn, rv, ANSHIN_LAZY) == APR_SUCCESS, "what was mailed to terminal %d was shown", (int)number);
}

/* S40: whose an address is. */
static void test_whose(void)
{
    anshin_terminal_result_t r;
    anshin_member_t member;

    (void)people_register(&world, "tw1", ANSHIN_METHOD_PASSWORD);
    member = member_of("tw1", &people_no_peer);
    ok(unconfirmed_at("p-01/tw1/1") == 0, "S40: the address that the operator gave is the user's own");
    (void)anshin_terminal_change(world_op(&world), &member, 1, "TARO@example.jp", ANSHIN_TERMINAL_PC, NULL, &r);
    ok(unconfirmed_at("p-01/tw1/1") == 0, "S40: in other letters it is the same");
    (void)anshin_terminal_change(world_op(&world), &member, 1, "tw1@example.jp", ANSHIN_TERMINAL_PC, NULL, &r);
    ok(unconfirmed_at("p-01/tw1/1") == world.now, "S40: one that the user typed is nobody's yet");
    confirm("tw1", 1, world.now - 1);
    ok(unconfirmed_at("p-01/tw1/1") == world.now, "S40: what was mailed before it was typed went to another address");
    confirm("tw1", 1, world.now);
    confirm("tw1", 9, world.now);
    ok(unconfirmed_at("p-01/tw1/1") == 0, "S40: it is his who shows what was mailed to it");
}

static void test_change(void)
{
    anshin_terminal_result_t r;
    anshin_terminal_t terminal;
    anshin_member_t member;
    int before = world_count(&world, &anshin_record_mail);

    (void)people_register(&world, "te2", ANSHIN_METHOD_PASSWORD);
    member = member_of("te2", &people_no_peer);
    ok(anshin_terminal_change(world_op(&world), &member, 1, "hanako@example.jp", ANSHIN_TERMINAL_MOBILE, NULL, &r) ==
               APR_SUCCESS &&
           !r.address_error,
       "address and kind change (ACC-5)");
    (void)world_get(&world, &anshin_record_terminal, "p-01/te2/1", &terminal);
    ok(same_text(terminal.address, "hanako@example.jp") && terminal.kind == ANSHIN_TERMINAL_MOBILE,
       "they have changed");
    ok(world_count(&world, &anshin_record_mail) == before + 2, "the old and the new address are told (MAI-3, S13)");
    ok(anshin_terminal_change(world_op(&world), &member, 1, "hanako@example.jp", ANSHIN_TERMINAL_PC, NULL, &r) ==
               APR_SUCCESS &&
           !r.address_error,
       "its own address is not taken");
    ok(anshin_terminal_change(world_op(&world), &member, 7, "x@example.jp", ANSHIN_TERMINAL_PC, NULL, &r) ==
           ANSHIN_ENOTFOUND,
       "no terminal 7");
    world.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_TERMINAL_CHANGE);
    ok(anshin_terminal_change(world_op(&world), &member, 1, "x@example.jp", ANSHIN_TERMINAL_PC, NULL, &r) ==
           ANSHIN_EDENIED,
       "not where the contract has it switched off (CON-2)");
    world.contract.policy.functions |= 1 << ANSHIN_FUNCTION_TERMINAL_CHANGE;
}

static void test_delete(void)
{
    anshin_terminal_result_t r;
    anshin_certificate_t certificate;
    anshin_download_t download;
    anshin_session_t session;
    anshin_member_t member, second;
    anshin_peer_t peer, other;

    (void)people_register(&world, "te3", ANSHIN_METHOD_CERTIFICATE);
    peer = people_certificate(&world, "te3", 1, "b1");
    member = member_of("te3", &peer);
    (void)anshin_terminal_add(world_op(&world), &member, "two@example.jp", ANSHIN_TERMINAL_PC, NULL, &r);
    other = people_certificate(&world, "te3", 2, "b2");
    second = member_of("te3", &other);
    ok(anshin_terminal_delete(world_op(&world), &member, 1, &r) == APR_SUCCESS &&
           same_text(r.error, "errors.terminal_first"),
       "the first terminal cannot be deleted (ACC-2)");
    ok(anshin_terminal_delete(world_op(&world), &member, 9, &r) == ANSHIN_ENOTFOUND, "no terminal 9");
    ok(anshin_terminal_delete(world_op(&world), &member, 2, &r) == APR_SUCCESS && !r.error, "the second can");
    (void)world_get(&world, &anshin_record_certificate, "b2", &certificate);
    ok(certificate.state == ANSHIN_CERTIFICATE_REVOKED, "its certificate is revoked (CRT-5)");
    ok(world_get(&world, &anshin_record_session, second.key, &session) == ANSHIN_ENOTFOUND &&
           world_get(&world, &anshin_record_session, member.key, &session) == APR_SUCCESS,
       "its sessions end, others stay (LOG-9, S16)");
    ok(world_get(&world, &anshin_record_download, "p-01/te3/2", &download) == ANSHIN_ENOTFOUND,
       "nothing waits for download any more");
    ok(people_login(&world, "te3", PEOPLE_PASSWORD, &other, NULL).outcome == ANSHIN_LOGIN_WRONG,
       "a deleted terminal lets nobody in");
}

static void test_method(void)
{
    apr_array_header_t *issues;
    anshin_certificate_t certificate;
    anshin_account_t account;
    anshin_session_t session;
    anshin_member_t member;
    anshin_peer_t peer;

    world.contract.policy.methods |= 1 << ANSHIN_METHOD_OTP;
    (void)people_register(&world, "me1", ANSHIN_METHOD_PASSWORD);
    member = member_of("me1", &people_no_peer);
    ok(anshin_method_change(world_op(&world), &member, ANSHIN_METHOD_PASSWORD, &issues) == ANSHIN_EINVALID,
       "the same method is no change");
    ok(anshin_method_change(world_op(&world), &member, 7, &issues) == ANSHIN_EINVALID, "nor is an unknown one");
    ok(anshin_method_change(world_op(&world), &member, ANSHIN_METHOD_CERTIFICATE, &issues) == APR_SUCCESS &&
           issues->nelts == 1 && APR_ARRAY_IDX(issues, 0, anshin_method_issue_t).download_password,
       "to certificate: one for each terminal (ACC-6)");
    ok(world_get(&world, &anshin_record_session, member.key, &session) == ANSHIN_ENOTFOUND,
       "the session of the old method has ended");
    ok(people_login(&world, "me1", PEOPLE_PASSWORD, &people_no_peer, NULL).outcome == ANSHIN_LOGIN_WRONG,
       "the password alone no longer opens");
    peer = people_certificate(&world, "me1", 1, "d1");
    member = member_of("me1", &peer);
    ok(anshin_method_change(world_op(&world), &member, ANSHIN_METHOD_OTP, &issues) == APR_SUCCESS && issues->nelts == 0,
       "to one-time password");
    (void)world_get(&world, &anshin_record_certificate, "d1", &certificate);
    (void)world_get(&world, &anshin_record_account, "p-01/me1", &account);
    ok(certificate.state == ANSHIN_CERTIFICATE_REVOKED && account.method == ANSHIN_METHOD_OTP,
       "the certificate is revoked (ACC-6)");
    ok(people_login(&world, "me1", PEOPLE_PASSWORD, &peer, NULL).outcome == ANSHIN_LOGIN_NEED_CODE,
       "and the login asks for a code (LOG-7)");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    world_open(&world, &anshin_store_mem, NULL, pool);
    people_contract(&world, ANSHIN_PRESET_CLASSIC);
    test_add();
    test_rate();
    test_rate_of_several();
    test_whose();
    test_change();
    test_delete();
    test_method();
    apr_pool_destroy(pool);
    return done();
}
