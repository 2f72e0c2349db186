/* core/selfservice/change.c, proof.c, login_change.c, notice.c: what a user changes, and what is changed by force. */
#include "core/account/history.h"
#include "core/mail/mail.h"
#include "core/mail/notice.h"
#include "core/selfservice/change.h"
#include "core/login/login_change.h"
#include "core/admin/operator.h"
#include "unit/users.h"

static fixture_t fixture;

#define NEW_PASSWORD "Brand-New-Horse-8"

static anshin_crypto_t counted;
static const anshin_crypto_t *plain;
static int verified;

static apr_status_t count_verify(void *ctx, anshin_verdict_t *verdict, const char *phc, const char *secret,
                                 apr_size_t length, const anshin_hash_place_t *place)
{
    verified++;
    return plain->password_verify(ctx, verdict, phc, secret, length, place);
}

/* Log in and give the member that the pages would have. */
static anshin_member_t member_of(const char *user, const char *password)
{
    anshin_login_result_t login = users_login(&fixture, user, password, &users_no_peer, "192.0.2.1");
    anshin_session_t *session = apr_pcalloc(fixture.pool, sizeof(*session));
    anshin_member_t member = {NULL, session};

    if (login.outcome != ANSHIN_LOGIN_OK || anshin_session_find(fixture_op(&fixture), login.session_id, &users_no_peer,
                                                                session, &member.key) != APR_SUCCESS) {
        printf("# %s cannot log in\n", user);
        exit(1);
    }
    return member;
}

static apr_status_t count_kind(void *baton, const char *key, const void *record)
{
    const char *const *wanted = baton;

    (void)key;
    if (strcmp(((const anshin_mail_t *)record)->kind, wanted[0]) == 0) {
        wanted = NULL;
        ++*(int *)(((void **)baton)[1]);
    }
    return APR_SUCCESS;
}

static int mails(const char *kind)
{
    int count = 0;
    void *baton[2] = {(void *)(uintptr_t)kind, &count};
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);

    (void)anshin_txn_each(txn, &anshin_record_mail, "", count_kind, baton);
    anshin_txn_abort(txn);
    return count;
}

/* How many hashes are compared for a change with a wrong current password. */
static int compared(const anshin_member_t *member, const char *new_password)
{
    anshin_change_result_t r;

    verified = 0;
    return anshin_password_change(fixture_op(&fixture), member, "wrong", new_password, new_password, &r) ==
                       APR_SUCCESS &&
                   !r.proof.right && r.password_broken == 0
               ? verified
               : -1;
}

static void test_oracle(void)
{
    anshin_change_result_t r;
    anshin_member_t member;

    (void)users_register(&fixture, "ch0", ANSHIN_METHOD_PASSWORD);
    member = member_of("ch0", USERS_PASSWORD);
    (void)anshin_password_change(fixture_op(&fixture), &member, USERS_PASSWORD, NEW_PASSWORD, NEW_PASSWORD, &r);
    member = member_of("ch0", NEW_PASSWORD);
    plain = fixture.env.crypto;
    counted = *plain;
    counted.password_verify = count_verify;
    fixture.env.crypto = &counted;
    ok(compared(&member, NEW_PASSWORD) == 1 && compared(&member, USERS_PASSWORD) == 1 &&
           compared(&member, "Never-Used-Horse-5") == 1,
       "what it costs does not tell whether the new one is the current or a former one (S5, S8)");
    fixture.env.crypto = plain;
}

static void test_password(void)
{
    anshin_change_result_t r;
    anshin_member_t first, second;

    (void)users_register(&fixture, "ch1", ANSHIN_METHOD_PASSWORD);
    first = member_of("ch1", USERS_PASSWORD);
    second = member_of("ch1", USERS_PASSWORD);
    ok(anshin_password_change(fixture_op(&fixture), &first, "wrong", NEW_PASSWORD, NEW_PASSWORD, &r) == APR_SUCCESS &&
           !r.proof.right && r.proof.remaining == 4 && !r.session_id,
       "a wrong current password is counted and changes nothing (ACC-3, S3)");
    ok(anshin_password_change(fixture_op(&fixture), &first, "wrong", USERS_PASSWORD, USERS_PASSWORD, &r) ==
               APR_SUCCESS &&
           !r.password_broken,
       "and does not tell that the new one is the current one");
    ok(anshin_password_change(fixture_op(&fixture), &first, USERS_PASSWORD, "short", "other", &r) == APR_SUCCESS &&
           r.proof.right && r.password_broken == (1u << ANSHIN_RULE_TOO_SHORT | 1u << ANSHIN_RULE_MISMATCH) &&
           !r.session_id,
       "every broken rule is named");
    ok(anshin_password_change(fixture_op(&fixture), &first, USERS_PASSWORD, USERS_PASSWORD, USERS_PASSWORD, &r) ==
               APR_SUCCESS &&
           r.password_broken == 1u << ANSHIN_RULE_SAME_AS_CURRENT,
       "the current password is refused as the new one (PWD-2)");
    ok(anshin_password_change(fixture_op(&fixture), &first, USERS_PASSWORD, NEW_PASSWORD, NEW_PASSWORD, &r) ==
               APR_SUCCESS &&
           r.session_id,
       "changed");
    ok(!users_alive(&fixture, &first) && !users_alive(&fixture, &second),
       "the session has a new id (S14), all others have ended (S16)");
    ok(mails("password-changed") == 1, "a notice goes out (MAI-3, S13)");
    ok(users_login(&fixture, "ch1", USERS_PASSWORD, &users_no_peer, NULL).outcome == ANSHIN_LOGIN_WRONG,
       "the old password is none any more");
    first = member_of("ch1", NEW_PASSWORD);
    ok(anshin_password_change(fixture_op(&fixture), &first, NEW_PASSWORD, USERS_PASSWORD, USERS_PASSWORD, &r) ==
               APR_SUCCESS &&
           r.password_broken == 1u << ANSHIN_RULE_USED_BEFORE,
       "the one before is refused (PWD-2)");
    ok(anshin_password_change(fixture_op(&fixture), &second, NEW_PASSWORD, "Third-Horse-99", "Third-Horse-99", &r) ==
           ANSHIN_EDENIED,
       "an ended session changes nothing (S16)");
    for (int i = 0; i < 5; i++) {
        (void)anshin_password_change(fixture_op(&fixture), &first, "guess", NEW_PASSWORD, NEW_PASSWORD, &r);
    }
    ok(r.proof.locked && !users_alive(&fixture, &first),
       "guessing at an open session locks the account and ends it (LCK-1, S5)");
    ok(users_tell_locks(&fixture) == 1 && mails("locked") == 1, "with a notice (MAI-3)");
}

static void test_question(void)
{
    anshin_change_result_t r;
    anshin_member_t member;
    anshin_account_t before, after;

    (void)users_register(&fixture, "ch2", ANSHIN_METHOD_PASSWORD);
    member = member_of("ch2", USERS_PASSWORD);
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/ch2", &before);
    ok(anshin_question_change(fixture_op(&fixture), &member, USERS_PASSWORD, "nonsense", "", &r) == APR_SUCCESS &&
           r.question_error && r.answer_error && !r.session_id,
       "question and answer have rules (ACC-3)");
    ok(anshin_question_change(fixture_op(&fixture), &member, "wrong", "food", "寿司", &r) == APR_SUCCESS &&
           !r.proof.right,
       "the current password is asked for");
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/ch2", &after);
    ok(same_text(before.answer_hash, after.answer_hash), "nothing has changed so far");
    ok(anshin_question_change(fixture_op(&fixture), &member, USERS_PASSWORD, "food", "寿司", &r) == APR_SUCCESS &&
           r.session_id && mails("question-changed") == 1,
       "changed, with a notice (S13)");
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/ch2", &after);
    ok(same_text(after.question, "food") && !same_text(before.answer_hash, after.answer_hash),
       "question and answer are new");
}

static void test_reauthenticate(void)
{
    anshin_member_t member;
    anshin_reauthentication_t proof;
    const char *id;

    (void)users_register(&fixture, "ch3", ANSHIN_METHOD_PASSWORD);
    member = member_of("ch3", USERS_PASSWORD);
    ok(anshin_member_fresh(fixture_op(&fixture), &member), "fresh after the login (S12)");
    fixture.now += fixture.contract.policy.reauthenticate;
    ok(!anshin_member_fresh(fixture_op(&fixture), &member), "no longer fresh after some minutes (S12)");
    ok(anshin_member_prove(fixture_op(&fixture), &member, "wrong", &proof, &id) == APR_SUCCESS && !proof.right && !id,
       "a wrong password proves nothing");
    ok(anshin_member_prove(fixture_op(&fixture), &member, USERS_PASSWORD, &proof, &id) == APR_SUCCESS && proof.right &&
           id && !users_alive(&fixture, &member),
       "the right one gives the session a new id (S14)");
    ok(anshin_session_find(fixture_op(&fixture), id, &users_no_peer, (anshin_session_t *)(uintptr_t)member.session,
                           &member.key) == APR_SUCCESS &&
           anshin_member_fresh(fixture_op(&fixture), &member),
       "that is fresh again");
}

static void test_expired(void)
{
    anshin_login_facts_t facts = {"ch4", USERS_PASSWORD, &users_no_peer, NULL, NULL, 0};
    anshin_login_result_t r, done_result;
    unsigned broken;

    (void)users_register(&fixture, "ch4", ANSHIN_METHOD_PASSWORD);
    fixture.contract.policy.password_age = apr_time_from_sec(90 * 86400);
    fixture.contract.policy.password_warning = apr_time_from_sec(14 * 86400);
    r = users_login(&fixture, "ch4", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK && r.days_left == -1, "a young password is not talked of (LOG-6)");
    fixture.now += apr_time_from_sec(80 * 86400);
    r = users_login(&fixture, "ch4", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK && r.days_left == 10, "near its end the days left are told: %d (LOG-6)",
       r.days_left);
    fixture.now += apr_time_from_sec(10 * 86400);
    r = users_login(&fixture, "ch4", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_MUST_CHANGE && !r.session_id && r.step_token,
       "an expired one opens no session, but the page to change it (LOG-6)");
    ok(anshin_login_change(fixture_op(&fixture), &facts, &(anshin_login_change_t){"forged", NEW_PASSWORD, NEW_PASSWORD},
                           &broken, &done_result) == ANSHIN_EDENIED,
       "only with the stamp of that login (S29)");
    ok(anshin_login_change(fixture_op(&fixture), &facts,
                           &(anshin_login_change_t){r.step_token, USERS_PASSWORD, USERS_PASSWORD}, &broken,
                           &done_result) == APR_SUCCESS &&
           broken == 1u << ANSHIN_RULE_SAME_AS_CURRENT,
       "not to the same again");
    ok(anshin_login_change(fixture_op(&fixture), &facts,
                           &(anshin_login_change_t){r.step_token, NEW_PASSWORD, NEW_PASSWORD}, &broken,
                           &done_result) == APR_SUCCESS &&
           !broken && done_result.outcome == ANSHIN_LOGIN_OK && done_result.session_id,
       "then on to the site");
    ok(anshin_login_change(fixture_op(&fixture), &facts,
                           &(anshin_login_change_t){r.step_token, "Another-One-77", "Another-One-77"}, &broken,
                           &done_result) == ANSHIN_EDENIED,
       "the stamp works once (S29)");
    fixture.contract.policy.password_age = 0;
    r = users_login(&fixture, "ch4", NEW_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK, "the new password opens");
}

/* Set the method as an operator would while somebody stands before the page of the forced change. */
static void set_method(const char *user, int method)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_account_t account;
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

    (void)anshin_account_get(op, txn, user, &account);
    account.method = method;
    (void)anshin_account_put(op, txn, &account);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

/* The stamp of a login counts for the account as it was then, and for no other. */
static void test_stamp(void)
{
    anshin_login_facts_t facts = {"ch6", USERS_PASSWORD, &users_no_peer, NULL, NULL, 0};
    anshin_login_result_t r, other;
    unsigned broken;

    fixture.contract.policy.methods |= 1 << ANSHIN_METHOD_OTP;
    (void)users_register(&fixture, "ch6", ANSHIN_METHOD_PASSWORD);
    fixture.contract.policy.password_age = apr_time_from_sec(90 * 86400);
    fixture.now += apr_time_from_sec(91 * 86400);
    r = users_login(&fixture, "ch6", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_MUST_CHANGE, "an expired password");
    set_method("ch6", ANSHIN_METHOD_OTP);
    ok(anshin_login_change(fixture_op(&fixture), &facts,
                           &(anshin_login_change_t){r.step_token, NEW_PASSWORD, NEW_PASSWORD}, &broken,
                           &other) == ANSHIN_EDENIED,
       "whose user needs a code since gets in by no stamp from before (S11, S29)");
    set_method("ch6", ANSHIN_METHOD_PASSWORD);
    for (int i = 0; i < 5; i++) {
        other = users_login(&fixture, "ch6", "guess", &users_no_peer, NULL);
    }
    ok(other.outcome == ANSHIN_LOGIN_LOCKED &&
           anshin_login_change(fixture_op(&fixture), &facts,
                               &(anshin_login_change_t){r.step_token, NEW_PASSWORD, NEW_PASSWORD}, &broken,
                               &other) == ANSHIN_EDENIED,
       "nor does one open an account that has locked since (LCK-2)");
    (void)anshin_account_unlock(fixture_op(&fixture), "ch6");
    (void)anshin_account_lock(fixture_op(&fixture), "ch6", ANSHIN_ACCOUNT_LOCKED);
    ok(anshin_login_change(fixture_op(&fixture), &facts,
                           &(anshin_login_change_t){r.step_token, NEW_PASSWORD, NEW_PASSWORD}, &broken,
                           &other) == ANSHIN_EDENIED,
       "or that the operator has locked (LCK-2)");
    (void)anshin_account_unlock(fixture_op(&fixture), "ch6");
    ok(anshin_login_change(fixture_op(&fixture), &facts,
                           &(anshin_login_change_t){r.step_token, NEW_PASSWORD, NEW_PASSWORD}, &broken,
                           &other) == APR_SUCCESS &&
           other.session_id,
       "the account as it was goes on");
    fixture.contract.policy.password_age = 0;
}

static void test_new_address(void)
{
    int before = mails("new-address-login");

    (void)users_register(&fixture, "ch5", ANSHIN_METHOD_PASSWORD);
    fixture.contract.policy.notices |= 1 << ANSHIN_NOTICE_LOGIN;
    (void)users_login(&fixture, "ch5", USERS_PASSWORD, &users_no_peer, "192.0.2.1");
    ok(mails("new-address-login") == before, "the first login of all is no news");
    (void)users_login(&fixture, "ch5", USERS_PASSWORD, &users_no_peer, "192.0.2.1");
    ok(mails("new-address-login") == before, "nor one from a known address");
    (void)users_login(&fixture, "ch5", USERS_PASSWORD, &users_no_peer, "198.51.100.7");
    ok(mails("new-address-login") == before + 1, "one from a new address is told (MAI-3)");
    (void)users_login(&fixture, "ch5", USERS_PASSWORD, &users_no_peer, "2001:db8:1:2::1");
    (void)users_login(&fixture, "ch5", USERS_PASSWORD, &users_no_peer, "2001:db8:1:2:8000::7");
    ok(mails("new-address-login") == before + 2,
       "B39: one notion of an address, that of throttling: a /64 is told once");
}

/* A stranger must not be able to make a login look like the first one (S-8). */
static void test_flooded_history(void)
{
    anshin_history_t stranger = {.result = ANSHIN_HISTORY_WRONG_PASSWORD, .address = "203.0.113.9"};
    int before = mails("new-address-login");
    anshin_op_t *op = fixture_op(&fixture);
    anshin_login_result_t result;
    anshin_txn_t *txn;
    apr_time_t first = fixture.now;

    (void)users_register(&fixture, "ch7", ANSHIN_METHOD_PASSWORD);
    (void)users_login(&fixture, "ch7", USERS_PASSWORD, &users_no_peer, "192.0.2.1");
    fixture.now += apr_time_from_sec(60);
    stranger.account = users_account(&fixture, "ch7").number;
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    for (int i = 0; i < 150; i++) {
        (void)anshin_history_add(op, txn, "ch7", &stranger);
    }
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    result = users_login(&fixture, "ch7", USERS_PASSWORD, &users_no_peer, "203.0.113.9");
    ok(mails("new-address-login") == before + 1, "S-8: a thief's login is told, whatever he did to the history before");
    ok(result.session.login_before_at == first, "S-8: and the session knows the login before it");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_password();
    test_question();
    test_reauthenticate();
    test_expired();
    test_stamp();
    test_new_address();
    test_flooded_history();
    test_oracle();
    apr_pool_destroy(pool);
    return done();
}
