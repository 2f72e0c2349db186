/* core/login/login.c: facts to outcome. */
#include <apr_thread_proc.h>

#include "core/account/history.h"
#include "core/certificate/revocation.h"
#include "core/admin/operator.h"
#include "unit/users.h"

static fixture_t fixture;

static int newest(const char *user)
{
    anshin_history_t entry = {0};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);

    (void)anshin_history_read(op, txn, &(anshin_history_walk_t){user, 0, -1}, 1, users_first, &entry);
    anshin_txn_abort(txn);
    return (int)entry.result;
}

static void test_password_user(void)
{
    anshin_login_result_t r;

    (void)users_register(&fixture, "pw1", ANSHIN_METHOD_PASSWORD);
    r = users_login(&fixture, "pw1", USERS_PASSWORD, &users_no_peer, "192.0.2.1");
    ok(r.outcome == ANSHIN_LOGIN_OK && r.session_id && strlen(r.session_id) == 43,
       "right password opens a session (LOG-1)");
    ok(newest("pw1") == ANSHIN_HISTORY_LOGIN_OK, "and stands in the history (S28)");
    r = users_login(&fixture, " ＰＷ1 ", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK, "an ID typed full-width, with spaces, in capitals is the same ID");
    r = users_login(&fixture, "pw1", "correct-horse-7", &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && r.remaining == 4,
       "a password in another case is wrong, 4 attempts are left (LOG-5)");
    r = users_login(&fixture, "pw1", "", &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && r.remaining == 3, "an empty password is a wrong one (LCK-1)");
    r = users_login(&fixture, "pw1", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK, "a success");
    r = users_login(&fixture, "pw1", "x", &users_no_peer, NULL);
    ok(r.remaining == 4, "forgets former failures");
}

static void test_lock(void)
{
    anshin_login_result_t r = {0};
    anshin_op_t *op;

    (void)users_register(&fixture, "pw2", ANSHIN_METHOD_PASSWORD);
    for (int i = 0; i < 5; i++) {
        r = users_login(&fixture, "pw2", "wrong", &users_no_peer, NULL);
    }
    ok(r.outcome == ANSHIN_LOGIN_LOCKED && r.lock.unlock_at == 0, "the fifth failure locks (LCK-2)");
    ok(newest("pw2") == ANSHIN_HISTORY_NOW_LOCKED, "the history tells which attempt locked");
    r = users_login(&fixture, "pw2", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_LOCKED && !r.session_id, "the right password does not open a locked account (LCK-2)");
    fixture.contract.policy.show_locked = 0;
    r = users_login(&fixture, "pw2", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG,
       "where the contract does not tell, a locked account looks like a wrong password (S8)");
    fixture.contract.policy.show_locked = 1;
    fixture.now += apr_time_from_sec(40 * 86400);
    r = users_login(&fixture, "pw2", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "time alone does not unlock");
    op = fixture_op(&fixture);
    ok(anshin_account_unlock(op, "PW2") == APR_SUCCESS, "the operator unlocks");
    r = users_login(&fixture, "pw2", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK, "then it opens (LCK-2)");

    fixture.contract.policy.unlock_after = apr_time_from_sec(600);
    for (int i = 0; i < 5; i++) {
        r = users_login(&fixture, "pw2", "wrong", &users_no_peer, NULL);
    }
    ok(r.outcome == ANSHIN_LOGIN_LOCKED && r.lock.unlock_at == fixture.now + apr_time_from_sec(600),
       "a lock that time opens says when");
    fixture.now += apr_time_from_sec(599);
    r = users_login(&fixture, "pw2", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "not before its time");
    fixture.now += apr_time_from_sec(1);
    r = users_login(&fixture, "pw2", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK, "at its time (AnshinUnlockAfter)");
    fixture.contract.policy.unlock_after = 0;

    op = fixture_op(&fixture);
    ok(anshin_account_lock(op, "pw2", ANSHIN_ACCOUNT_LOCKED) == APR_SUCCESS, "the operator locks");
    r = users_login(&fixture, "pw2", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "a lock by the operator holds");
    op = fixture_op(&fixture);
    (void)anshin_account_lock(op, "pw2", ANSHIN_ACCOUNT_DISABLED);
    r = users_login(&fixture, "pw2", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && newest("pw2") == ANSHIN_HISTORY_NOT_ACTIVE,
       "a disabled account gets the one message (LOG-4)");
}

/* What stands in the history after a login as somebody whom nobody knows. */
static const char *typed(const char *user)
{
    anshin_history_t entry = {0};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn;

    (void)users_login(&fixture, user, "x", &users_no_peer, NULL);
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    (void)anshin_history_read(op, txn, &(anshin_history_walk_t){NULL, 0, -1}, 1, users_first, &entry);
    anshin_txn_abort(txn);
    return apr_pstrdup(fixture.pool, entry.user);
}

static void test_typed(void)
{
    static const char *const passwords[] = {USERS_PASSWORD, "Secret#12", "pass word", "ひみつ", "secret!", "aB3aB3aB3"};
    int kept = 0;

    for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
        kept += !same_text(typed(passwords[i]), ANSHIN_HISTORY_NO_USER);
    }
    ok(kept == 0, "S28: a password in the field of the user ID does not stand in the history (%d do)", kept);
    ok(same_text(typed("p-01-usr999"), "p-01-usr999") && same_text(typed("P-01-USR999"), "P-01-USR999"),
       "a mistyped ID does, as it was typed");
}

static void test_unknown(void)
{
    static const char *const odd[] = {"nobody", "../../etc", "", "a b", "名前", "x\r\nSet-Cookie: y", "~0123"};
    anshin_login_result_t r = {0};

    for (size_t n = 0; n < sizeof(odd) / sizeof(odd[0]); n++) {
        int same = 1;
        for (int i = 0; i < 5; i++) {
            r = users_login(&fixture, odd[n], "x", &users_no_peer, NULL);
            same = same &&
                   (i < 4 ? r.outcome == ANSHIN_LOGIN_WRONG && r.remaining == 4 - i : r.outcome == ANSHIN_LOGIN_LOCKED);
        }
        ok(same, "unknown ID %d counts down and locks like a known one (LOG-4, S6)", (int)n);
    }
    ok(newest(NULL) == ANSHIN_HISTORY_UNKNOWN_USER, "attempts on unknown IDs are in the contract's history");
}

static void test_certificate_user(void)
{
    anshin_presented_t own, other, fault = users_no_peer;
    anshin_login_result_t r;
    anshin_op_t *op;

    (void)users_register(&fixture, "ce1", ANSHIN_METHOD_CERTIFICATE);
    (void)users_register(&fixture, "ce2", ANSHIN_METHOD_CERTIFICATE);
    own = users_certificate(&fixture, "ce1", 1, "a1");
    other = users_certificate(&fixture, "ce2", 1, "a2");
    r = users_login(&fixture, "ce1", USERS_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK && r.session.terminal == 1 && same_text(r.session.serial, "a1"),
       "own certificate and right password (LOG-2)");
    r = users_login(&fixture, "ce1", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && newest("ce1") == ANSHIN_HISTORY_WRONG_CERTIFICATE,
       "right password without certificate: the one message (S20)");
    r = users_login(&fixture, "ce1", USERS_PASSWORD, &other, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "right password with someone else's certificate: the one message (LOG-4)");
    for (int i = 0; i < 20; i++) {
        r = users_login(&fixture, "ce1", "guess", &other, NULL);
    }
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "a stranger who goes on guessing is shown a lock");
    ok(newest("ce1") == ANSHIN_HISTORY_WRONG_CERTIFICATE, "the history of the account tells the reason (S28)");
    r = users_login(&fixture, "ce1", USERS_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK, "but the user's own account is not locked (LCK-3, S7)");
    for (int i = 0; i < 5; i++) {
        r = users_login(&fixture, "ce1", "guess", &own, NULL);
    }
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "with the own certificate failures do lock");
    op = fixture_op(&fixture);
    (void)anshin_account_unlock(op, "ce1");
    op = fixture_op(&fixture);
    ok(anshin_certificate_revoke(op, "a1", 1) == APR_SUCCESS, "revoked");
    r = users_login(&fixture, "ce1", USERS_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "a revoked certificate does not count (S20)");
    own = users_certificate(&fixture, "ce1", 1, "a3");
    own.fingerprint = "fp-forged";
    r = users_login(&fixture, "ce1", USERS_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "nor one with our serial and another fingerprint (S20)");
    own.fingerprint = "fp-a3";
    own.state = ANSHIN_PRESENTED_FOREIGN;
    r = users_login(&fixture, "ce1", USERS_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "nor one of another CA, whatever it claims (S20)");
    own.state = ANSHIN_PRESENTED_GOOD;
    fixture.now = own.not_after + 1;
    r = users_login(&fixture, "ce1", USERS_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "nor one that expired on its connection (S20)");
    fault.state = ANSHIN_PRESENTED_FAULT;
    r = users_login(&fixture, "ce1", USERS_PASSWORD, &fault, NULL);
    ok(r.outcome == (anshin_login_outcome_t)-1,
       "a certificate that could not be checked is a fault, never a login (S21)");
    fixture.contract.policy.methods = 1 << ANSHIN_METHOD_PASSWORD;
    own = users_certificate(&fixture, "ce2", 1, "a4");
    r = users_login(&fixture, "ce2", USERS_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "a method that the contract no longer admits lets nobody in (CON-3)");
    fixture.contract.policy.methods = 1 << ANSHIN_METHOD_PASSWORD | 1 << ANSHIN_METHOD_CERTIFICATE;
}

/* A contract that tells of no locks (AnshinShowLocked off): the operator's lock is not told either, by no number. */
static void test_silent_lock(void)
{
    anshin_login_result_t locked, unknown;
    int same = 1;

    (void)users_register(&fixture, "quiet1", ANSHIN_METHOD_PASSWORD);
    fixture.contract.policy.show_locked = 0;
    (void)anshin_account_lock(fixture_op(&fixture), "quiet1", ANSHIN_ACCOUNT_LOCKED);
    for (int i = 0; i < 7; i++) {
        locked = users_login(&fixture, "quiet1", i == 3 ? USERS_PASSWORD : "guess", &users_no_peer, NULL);
        unknown = users_login(&fixture, "no-such-user", "guess", &users_no_peer, NULL);
        same = same && locked.outcome == ANSHIN_LOGIN_WRONG && unknown.outcome == ANSHIN_LOGIN_WRONG &&
               locked.remaining == unknown.remaining && locked.limit == unknown.limit && locked.show == unknown.show;
    }
    ok(same, "locked by the operator and unknown are answered alike, numbers included (S8, LOG-4)");
    ok(newest("quiet1") == ANSHIN_HISTORY_LOCKED, "the history knows (S28)");
    (void)anshin_account_unlock(fixture_op(&fixture), "quiet1");
    locked = users_login(&fixture, "quiet1", USERS_PASSWORD, &users_no_peer, NULL);
    ok(locked.outcome == ANSHIN_LOGIN_OK, "unlocked, the password opens");
    fixture.contract.policy.show_locked = 1;
}

static void test_address(void)
{
    anshin_login_result_t r = {0};

    fixture.contract.policy.address_attempts = 10;
    for (int i = 0; i < 10; i++) {
        r = users_login(&fixture, apr_psprintf(fixture.pool, "stranger%d", i), "x", &users_no_peer, "2001:db8:1:2::1");
    }
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "ten failures of one network on ten IDs");
    r = users_login(&fixture, "fresh", "x", &users_no_peer, "2001:db8:1:2:ffff::9");
    ok(r.outcome == ANSHIN_LOGIN_THROTTLED, "then its whole /64 must wait (LCK-4)");
    r = users_login(&fixture, "fresh", "x", &users_no_peer, "2001:db8:1:3::1");
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "another /64 need not");
    (void)users_register(&fixture, "pw9", ANSHIN_METHOD_PASSWORD);
    r = users_login(&fixture, "pw9", USERS_PASSWORD, &users_no_peer, "2001:db8:1:2::7");
    ok(r.outcome == ANSHIN_LOGIN_THROTTLED, "the right password waits as well");
    fixture.now += fixture.contract.policy.address_window;
    r = users_login(&fixture, "pw9", USERS_PASSWORD, &users_no_peer, "2001:db8:1:2::7");
    ok(r.outcome == ANSHIN_LOGIN_OK, "until the window is over");
    for (int i = 0; i < 10; i++) {
        r = users_login(&fixture, apr_psprintf(fixture.pool, "guest%d", i), "x", &users_no_peer,
                        i % 2 ? "192.0.2.9" : "::ffff:192.0.2.9");
    }
    r = users_login(&fixture, "fresh2", "x", &users_no_peer, "192.0.2.9");
    ok(r.outcome == ANSHIN_LOGIN_THROTTLED, "an IPv4 address is one, however it is written (LCK-4)");
    for (int i = 0; i < 10; i++) {
        r = users_login(&fixture, apr_psprintf(fixture.pool, "guest%d", i), "x", &users_no_peer, "fe80::1%eth0");
    }
    r = users_login(&fixture, "fresh2", "x", &users_no_peer, "fe80::2%eth0");
    ok(r.outcome == ANSHIN_LOGIN_THROTTLED, "one of the link, with its zone, is throttled as well (LCK-4)");
    fixture.contract.policy.address_attempts = 1000;
}

#define GUESSERS 8
static int checked, opened;

static void *APR_THREAD_FUNC guess(apr_thread_t *thread, void *data)
{
    apr_pool_t *pool;
    (void)thread;
    apr_pool_create(&pool, NULL);
    for (int i = 0; i < 10; i++) {
        anshin_login_facts_t facts = {"pw7", data, &users_no_peer, NULL, NULL, 0};
        anshin_login_result_t result;
        anshin_op_t op;
        anshin_op_init(&op, &fixture.env, &fixture.contract, &(anshin_actor_t){.kind = ANSHIN_ACTOR_STRANGER}, pool);
        if (anshin_login(&op, &facts, &result) == APR_SUCCESS) {
            (void)__atomic_add_fetch(result.outcome == ANSHIN_LOGIN_OK ? &opened : &checked, 1, __ATOMIC_SEQ_CST);
        }
    }
    apr_pool_destroy(pool);
    return NULL;
}

static apr_status_t count_checks(void *baton, const anshin_history_t *entry)
{
    if (entry->result == ANSHIN_HISTORY_WRONG_PASSWORD || entry->result == ANSHIN_HISTORY_NOW_LOCKED) {
        (*(int *)baton)++;
    }
    return APR_SUCCESS;
}

static void run_guessers(const char *password)
{
    apr_thread_t *threads[GUESSERS];
    apr_status_t status;

    checked = opened = 0;
    for (int i = 0; i < GUESSERS; i++) {
        apr_thread_create(&threads[i], NULL, guess, (void *)(uintptr_t)password, fixture.pool);
    }
    for (int i = 0; i < GUESSERS; i++) {
        apr_thread_join(&status, threads[i]);
    }
}

static void test_parallel(void)
{
    anshin_op_t *op;
    anshin_txn_t *txn;
    int checks = 0;

    (void)users_register(&fixture, "pw7", ANSHIN_METHOD_PASSWORD);
    fixture.env.now = anshin_clock_system;
    run_guessers(USERS_PASSWORD);
    ok(opened == GUESSERS * 10, "80 parallel right logins all succeed: a success gives its reservation back (LCK-1)");
    run_guessers("wrong");
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    (void)anshin_history_read(op, txn, &(anshin_history_walk_t){"pw7", 0, -1}, 1000, count_checks, &checks);
    anshin_txn_abort(txn);
    ok(checks == 5 && opened == 0, "of 80 parallel wrong guesses exactly %d were checked (LCK-1, S5)", checks);
    fixture.env.now = fixture_now;
}

static void test_session_change(void)
{
    anshin_login_facts_t facts = {"pw8", USERS_PASSWORD, &users_no_peer, NULL, NULL, 0};
    anshin_login_result_t first, second;
    anshin_session_list_t list;
    anshin_session_t session;
    const char *key;
    anshin_op_t *op = fixture_op(&fixture);

    (void)users_register(&fixture, "pw8", ANSHIN_METHOD_PASSWORD);
    (void)anshin_login(op, &facts, &first);
    facts.old_session = first.session_id;
    op = fixture_op(&fixture);
    (void)anshin_login(op, &facts, &second);
    ok(second.session_id && strcmp(first.session_id, second.session_id) != 0,
       "a new login gets a new session id (S14)");
    op = fixture_op(&fixture);
    ok(anshin_session_find(op, first.session_id, &users_no_peer, &session, &key) == ANSHIN_ENOTFOUND,
       "and ends the one the browser had (S14)");
    (void)users_register(&fixture, "pw8b", ANSHIN_METHOD_PASSWORD);
    facts.user = "pw8b";
    facts.old_session = second.session_id;
    op = fixture_op(&fixture);
    ok(anshin_login(op, &facts, &first) == APR_SUCCESS && first.session_id != NULL &&
           anshin_session_find(fixture_op(&fixture), second.session_id, &users_no_peer, &session, &key) ==
               ANSHIN_ENOTFOUND &&
           fixture_get(&fixture, &anshin_record_session_list, "p-01/pw8", &list) == ANSHIN_ENOTFOUND,
       "also where that was somebody else's (S14)");
    facts.user = "pw8";
    facts.old_session = "chosen-by-the-attacker-0123456789abcdefghij";
    op = fixture_op(&fixture);
    (void)anshin_login(op, &facts, &second);
    ok(second.session_id && strcmp(second.session_id, facts.old_session) != 0,
       "fixation fails: a value brought along is not taken (S14)");
}

static void test_rehash(void)
{
    anshin_crypto_settings_t settings = {.key_file = apr_pstrcat(fixture.pool, fixture.directory, "/seal.key", NULL),
                                         .memory = 16,
                                         .passes = 2,
                                         .lanes = 1,
                                         .slots = 2,
                                         .slot_dir = fixture.directory,
                                         .wait = apr_time_from_sec(5)};
    anshin_account_t before, after;
    anshin_crypto_t *stronger;
    anshin_op_t *op = fixture_op(&fixture);
    anshin_error_t err;

    anshin_error_clear(&err);
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/pw8", &before);
    ok(anshin_crypto_open(&stronger, &settings, &err, fixture.pool) == APR_SUCCESS,
       "the server's hash parameters grow");
    fixture.env.crypto = stronger;
    ok(users_login(&fixture, "pw8", "nope", &users_no_peer, NULL).outcome == ANSHIN_LOGIN_WRONG, "a wrong password");
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/pw8", &after);
    ok(same_text(before.password_hash, after.password_hash), "changes nothing");
    ok(users_login(&fixture, "pw8", USERS_PASSWORD, &users_no_peer, NULL).outcome == ANSHIN_LOGIN_OK, "the next login");
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/pw8", &after);
    ok(after.password_hash && strstr(after.password_hash, "m=16,t=2") != NULL,
       "brings the stored hash up to date (PWD-3, S4)");
    ok(users_login(&fixture, "pw8", USERS_PASSWORD, &users_no_peer, NULL).outcome == ANSHIN_LOGIN_OK,
       "which still opens");
    fixture.env.crypto = fixture.crypto;
    (void)op;
}

static apr_status_t keep_user(void *baton, const anshin_history_t *entry)
{
    *(const char **)baton = apr_pstrdup(fixture.pool, entry->user ? entry->user : "");
    return APR_EOF;
}

/* What no page leads to, but a damaged or newer store, or a program, might. */
static void test_strange(void)
{
    const char *seen = "";
    anshin_account_t account;
    anshin_login_result_t r;
    anshin_txn_t *txn;
    anshin_history_walk_t walk = {NULL, 0, -1};
    anshin_op_t *op = fixture_op(&fixture);

    (void)users_register(&fixture, "pw10", ANSHIN_METHOD_PASSWORD);
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/pw10", &account);
    account.method = 9;
    fixture_put(&fixture, &anshin_record_account, "p-01/pw10", &account);
    fixture.contract.policy.methods |= 1 << 9; /* of which the configuration tells the same */
    r = users_login(&fixture, "pw10", USERS_PASSWORD, &users_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && !r.session_id && !r.step_token,
       "a method that this version does not know lets nobody in (S21)");
    fixture.contract.policy.methods &= ~(1 << 9);
    fixture.now += apr_time_from_sec(1);
    r = users_login(&fixture, "あああああああああああああああああああああああああああああああああああああああああああ",
                    USERS_PASSWORD, &users_no_peer, NULL);
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    (void)anshin_history_read(op, txn, &walk, 1, keep_user, &seen);
    anshin_txn_abort(txn);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && same_text(seen, ANSHIN_HISTORY_NO_USER),
       "what is too long for an ID is not recorded as one (S28, S32): %s", seen);
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    fixture.contract.policy.address_attempts = 1000;
    test_password_user();
    test_lock();
    test_unknown();
    test_typed();
    test_certificate_user();
    test_silent_lock();
    test_address();
    test_parallel();
    test_session_change();
    test_rehash();
    test_strange();
    apr_pool_destroy(pool);
    return done();
}
