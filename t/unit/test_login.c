/* core/login.c: facts to outcome. */
#include <apr_thread_proc.h>

#include "core/history.h"
#include "people.h"

static world_t world;

static int newest(const char *user)
{
    anshin_history_t entry = {0};
    anshin_op_t *op = world_op(&world);
    anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_READ);

    (void)anshin_history_read(op, txn, user, 0, 1, people_first, &entry, NULL);
    anshin_txn_abort(txn);
    return (int)entry.result;
}

static void test_password_user(void)
{
    anshin_login_result_t r;

    (void)people_register(&world, "pw1", ANSHIN_METHOD_PASSWORD);
    r = people_login(&world, "pw1", PEOPLE_PASSWORD, &people_no_peer, "192.0.2.1");
    ok(r.outcome == ANSHIN_LOGIN_OK && r.session_id && strlen(r.session_id) == 43,
       "right password opens a session (LOG-1)");
    ok(newest("pw1") == ANSHIN_HISTORY_LOGIN_OK, "and stands in the history (S28)");
    r = people_login(&world, " ＰＷ1 ", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK, "an ID typed full-width, with spaces, in capitals is the same ID");
    r = people_login(&world, "pw1", "correct-horse-7", &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && r.remaining == 4,
       "a password in another case is wrong, 4 attempts are left (LOG-5)");
    r = people_login(&world, "pw1", "", &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && r.remaining == 3, "an empty password is a wrong one (LCK-1)");
    r = people_login(&world, "pw1", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK, "a success");
    r = people_login(&world, "pw1", "x", &people_no_peer, NULL);
    ok(r.remaining == 4, "forgets former failures");
}

static void test_lock(void)
{
    anshin_login_result_t r = {0};
    anshin_op_t *op;

    (void)people_register(&world, "pw2", ANSHIN_METHOD_PASSWORD);
    for (int i = 0; i < 5; i++) {
        r = people_login(&world, "pw2", "wrong", &people_no_peer, NULL);
    }
    ok(r.outcome == ANSHIN_LOGIN_LOCKED && r.unlock_at == 0, "the fifth failure locks (LCK-2)");
    ok(newest("pw2") == ANSHIN_HISTORY_NOW_LOCKED, "the history tells which attempt locked");
    r = people_login(&world, "pw2", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_LOCKED && !r.session_id, "the right password does not open a locked account (LCK-2)");
    world.contract.policy.show_locked = 0;
    r = people_login(&world, "pw2", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG,
       "where the contract does not tell, a locked account looks like a wrong password (S8)");
    world.contract.policy.show_locked = 1;
    world.now += apr_time_from_sec(40 * 86400);
    r = people_login(&world, "pw2", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "time alone does not unlock");
    op = world_op(&world);
    ok(anshin_account_unlock(op, "PW2") == APR_SUCCESS, "the operator unlocks");
    r = people_login(&world, "pw2", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK, "then it opens (LCK-2)");

    world.contract.policy.unlock_after = apr_time_from_sec(600);
    for (int i = 0; i < 5; i++) {
        r = people_login(&world, "pw2", "wrong", &people_no_peer, NULL);
    }
    ok(r.outcome == ANSHIN_LOGIN_LOCKED && r.unlock_at == world.now + apr_time_from_sec(600),
       "a lock that time opens says when");
    world.now += apr_time_from_sec(599);
    r = people_login(&world, "pw2", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "not before its time");
    world.now += apr_time_from_sec(1);
    r = people_login(&world, "pw2", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK, "at its time (AnshinUnlockAfter)");
    world.contract.policy.unlock_after = 0;

    op = world_op(&world);
    ok(anshin_account_lock(op, "pw2", ANSHIN_ACCOUNT_LOCKED) == APR_SUCCESS, "the operator locks");
    r = people_login(&world, "pw2", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "a lock by the operator holds");
    op = world_op(&world);
    (void)anshin_account_lock(op, "pw2", ANSHIN_ACCOUNT_DISABLED);
    r = people_login(&world, "pw2", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && newest("pw2") == ANSHIN_HISTORY_NOT_ACTIVE,
       "a disabled account gets the one message (LOG-4)");
}

/* What stands in the history after a login as somebody whom nobody knows. */
static const char *typed(const char *user)
{
    anshin_history_t entry = {0};
    anshin_op_t *op = world_op(&world);
    anshin_txn_t *txn;

    (void)people_login(&world, user, "x", &people_no_peer, NULL);
    txn = world_begin(op, ANSHIN_TXN_READ);
    (void)anshin_history_read(op, txn, NULL, 0, 1, people_first, &entry, NULL);
    anshin_txn_abort(txn);
    return apr_pstrdup(world.pool, entry.user);
}

static void test_typed(void)
{
    static const char *const passwords[] = {PEOPLE_PASSWORD, "Secret#12", "pass word",
                                            "ひみつ",        "secret!",   "aB3aB3aB3"};
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
            r = people_login(&world, odd[n], "x", &people_no_peer, NULL);
            same = same &&
                   (i < 4 ? r.outcome == ANSHIN_LOGIN_WRONG && r.remaining == 4 - i : r.outcome == ANSHIN_LOGIN_LOCKED);
        }
        ok(same, "unknown ID %d counts down and locks like a known one (LOG-4, S6)", (int)n);
    }
    ok(newest(NULL) == ANSHIN_HISTORY_UNKNOWN_USER, "attempts on unknown IDs are in the contract's history");
}

static void test_certificate_user(void)
{
    anshin_peer_t own, other, faulty = people_no_peer;
    anshin_login_result_t r;
    anshin_op_t *op;

    (void)people_register(&world, "ce1", ANSHIN_METHOD_CERTIFICATE);
    (void)people_register(&world, "ce2", ANSHIN_METHOD_CERTIFICATE);
    own = people_certificate(&world, "ce1", 1, "a1");
    other = people_certificate(&world, "ce2", 1, "a2");
    r = people_login(&world, "ce1", PEOPLE_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK && r.session.terminal == 1 && same_text(r.session.serial, "a1"),
       "own certificate and right password (LOG-2)");
    r = people_login(&world, "ce1", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && newest("ce1") == ANSHIN_HISTORY_WRONG_CERTIFICATE,
       "right password without certificate: the one message (S20)");
    r = people_login(&world, "ce1", PEOPLE_PASSWORD, &other, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "right password with someone else's certificate: the one message (LOG-4)");
    for (int i = 0; i < 20; i++) {
        r = people_login(&world, "ce1", "guess", &other, NULL);
    }
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "a stranger who goes on guessing is shown a lock");
    ok(newest("ce1") == ANSHIN_HISTORY_WRONG_CERTIFICATE, "the history of the account tells the reason (S28)");
    r = people_login(&world, "ce1", PEOPLE_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_OK, "but the user's own account is not locked (LCK-3, S7)");
    for (int i = 0; i < 5; i++) {
        r = people_login(&world, "ce1", "guess", &own, NULL);
    }
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "with the own certificate failures do lock");
    op = world_op(&world);
    (void)anshin_account_unlock(op, "ce1");
    op = world_op(&world);
    ok(anshin_certificate_revoke(op, "a1", 1) == APR_SUCCESS, "revoked");
    r = people_login(&world, "ce1", PEOPLE_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "a revoked certificate does not count (S20)");
    own = people_certificate(&world, "ce1", 1, "a3");
    own.fingerprint = "fp-forged";
    r = people_login(&world, "ce1", PEOPLE_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "nor one with our serial and another fingerprint (S20)");
    own.fingerprint = "fp-a3";
    own.state = ANSHIN_PEER_FOREIGN;
    r = people_login(&world, "ce1", PEOPLE_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "nor one of another CA, whatever it claims (S20)");
    own.state = ANSHIN_PEER_GOOD;
    world.now = own.not_after + 1;
    r = people_login(&world, "ce1", PEOPLE_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "nor one that expired on its connection (S20)");
    faulty.state = ANSHIN_PEER_FAULT;
    r = people_login(&world, "ce1", PEOPLE_PASSWORD, &faulty, NULL);
    ok(r.outcome == (anshin_login_outcome_t)-1,
       "a certificate that could not be checked is a fault, never a login (S21)");
    world.contract.policy.methods = 1 << ANSHIN_METHOD_PASSWORD;
    own = people_certificate(&world, "ce2", 1, "a4");
    r = people_login(&world, "ce2", PEOPLE_PASSWORD, &own, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "a method that the contract no longer admits lets nobody in (CON-3)");
    world.contract.policy.methods = 1 << ANSHIN_METHOD_PASSWORD | 1 << ANSHIN_METHOD_CERTIFICATE;
}

/* A contract that tells of no locks (AnshinShowLocked off): the operator's lock is not told either, by no number. */
static void test_silent_lock(void)
{
    anshin_login_result_t locked, unknown;
    int same = 1;

    (void)people_register(&world, "quiet1", ANSHIN_METHOD_PASSWORD);
    world.contract.policy.show_locked = 0;
    (void)anshin_account_lock(world_op(&world), "quiet1", ANSHIN_ACCOUNT_LOCKED);
    for (int i = 0; i < 7; i++) {
        locked = people_login(&world, "quiet1", i == 3 ? PEOPLE_PASSWORD : "guess", &people_no_peer, NULL);
        unknown = people_login(&world, "no-such-user", "guess", &people_no_peer, NULL);
        same = same && locked.outcome == ANSHIN_LOGIN_WRONG && unknown.outcome == ANSHIN_LOGIN_WRONG &&
               locked.remaining == unknown.remaining && locked.limit == unknown.limit && locked.show == unknown.show;
    }
    ok(same, "locked by the operator and unknown are answered alike, numbers included (S8, LOG-4)");
    ok(newest("quiet1") == ANSHIN_HISTORY_LOCKED, "the history knows (S28)");
    (void)anshin_account_unlock(world_op(&world), "quiet1");
    locked = people_login(&world, "quiet1", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(locked.outcome == ANSHIN_LOGIN_OK, "unlocked, the password opens");
    world.contract.policy.show_locked = 1;
}

static void test_address(void)
{
    anshin_login_result_t r = {0};

    world.contract.policy.address_attempts = 10;
    for (int i = 0; i < 10; i++) {
        r = people_login(&world, apr_psprintf(world.pool, "stranger%d", i), "x", &people_no_peer, "2001:db8:1:2::1");
    }
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "ten failures of one network on ten IDs");
    r = people_login(&world, "fresh", "x", &people_no_peer, "2001:db8:1:2:ffff::9");
    ok(r.outcome == ANSHIN_LOGIN_THROTTLED, "then its whole /64 must wait (LCK-4)");
    r = people_login(&world, "fresh", "x", &people_no_peer, "2001:db8:1:3::1");
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "another /64 need not");
    (void)people_register(&world, "pw9", ANSHIN_METHOD_PASSWORD);
    r = people_login(&world, "pw9", PEOPLE_PASSWORD, &people_no_peer, "2001:db8:1:2::7");
    ok(r.outcome == ANSHIN_LOGIN_THROTTLED, "the right password waits as well");
    world.now += world.contract.policy.address_window;
    r = people_login(&world, "pw9", PEOPLE_PASSWORD, &people_no_peer, "2001:db8:1:2::7");
    ok(r.outcome == ANSHIN_LOGIN_OK, "until the window is over");
    for (int i = 0; i < 10; i++) {
        r = people_login(&world, apr_psprintf(world.pool, "guest%d", i), "x", &people_no_peer,
                         i % 2 ? "192.0.2.9" : "::ffff:192.0.2.9");
    }
    r = people_login(&world, "fresh2", "x", &people_no_peer, "192.0.2.9");
    ok(r.outcome == ANSHIN_LOGIN_THROTTLED, "an IPv4 address is one, however it is written (LCK-4)");
    for (int i = 0; i < 10; i++) {
        r = people_login(&world, apr_psprintf(world.pool, "guest%d", i), "x", &people_no_peer, "fe80::1%eth0");
    }
    r = people_login(&world, "fresh2", "x", &people_no_peer, "fe80::2%eth0");
    ok(r.outcome == ANSHIN_LOGIN_THROTTLED, "one of the link, with its zone, is throttled as well (LCK-4)");
    world.contract.policy.address_attempts = 1000;
}

#define GUESSERS 8
static int checked, opened;

static void *APR_THREAD_FUNC guess(apr_thread_t *thread, void *data)
{
    apr_pool_t *pool;
    (void)thread;
    apr_pool_create(&pool, NULL);
    for (int i = 0; i < 10; i++) {
        anshin_login_facts_t facts = {"pw7", data, &people_no_peer, NULL, NULL};
        anshin_login_result_t result;
        anshin_op_t op;
        anshin_op_init(&op, &world.env, &world.contract, NULL, pool);
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
    apr_status_t rv;

    checked = opened = 0;
    for (int i = 0; i < GUESSERS; i++) {
        apr_thread_create(&threads[i], NULL, guess, (void *)(uintptr_t)password, world.pool);
    }
    for (int i = 0; i < GUESSERS; i++) {
        apr_thread_join(&rv, threads[i]);
    }
}

static void test_parallel(void)
{
    anshin_op_t *op;
    anshin_txn_t *txn;
    int checks = 0;

    (void)people_register(&world, "pw7", ANSHIN_METHOD_PASSWORD);
    world.env.now = anshin_clock_system;
    run_guessers(PEOPLE_PASSWORD);
    ok(opened == GUESSERS * 10, "80 parallel right logins all succeed: a success gives its reservation back (LCK-1)");
    run_guessers("wrong");
    op = world_op(&world);
    txn = world_begin(op, ANSHIN_TXN_READ);
    (void)anshin_history_read(op, txn, "pw7", 0, 1000, count_checks, &checks, NULL);
    anshin_txn_abort(txn);
    ok(checks == 5 && opened == 0, "of 80 parallel wrong guesses exactly %d were checked (LCK-1, S5)", checks);
    world.env.now = world_now;
}

static void test_session_change(void)
{
    anshin_login_facts_t facts = {"pw8", PEOPLE_PASSWORD, &people_no_peer, NULL, NULL};
    anshin_login_result_t first, second;
    anshin_session_t session;
    const char *key;
    anshin_op_t *op = world_op(&world);

    (void)people_register(&world, "pw8", ANSHIN_METHOD_PASSWORD);
    (void)anshin_login(op, &facts, &first);
    facts.old_session = first.session_id;
    op = world_op(&world);
    (void)anshin_login(op, &facts, &second);
    ok(second.session_id && strcmp(first.session_id, second.session_id) != 0,
       "a new login gets a new session id (S14)");
    op = world_op(&world);
    ok(anshin_session_find(op, first.session_id, &people_no_peer, &session, &key) == ANSHIN_ENOTFOUND,
       "and ends the one the browser had (S14)");
    facts.old_session = "chosen-by-the-attacker-0123456789abcdefghij";
    op = world_op(&world);
    (void)anshin_login(op, &facts, &second);
    ok(second.session_id && strcmp(second.session_id, facts.old_session) != 0,
       "fixation fails: a value brought along is not taken (S14)");
}

static void test_rehash(void)
{
    anshin_crypto_settings_t settings = {.key_file = apr_pstrcat(world.pool, world.directory, "/seal.key", NULL),
                                         .memory = 16,
                                         .passes = 2,
                                         .lanes = 1,
                                         .slots = 2,
                                         .slot_dir = world.directory,
                                         .wait = apr_time_from_sec(5)};
    anshin_account_t before, after;
    anshin_crypto_t *stronger;
    anshin_op_t *op = world_op(&world);
    anshin_error_t err;

    anshin_error_clear(&err);
    (void)world_get(&world, &anshin_record_account, "p-01/pw8", &before);
    ok(anshin_crypto_open(&stronger, &settings, &err, world.pool) == APR_SUCCESS, "the server's hash parameters grow");
    world.env.crypto = stronger;
    ok(people_login(&world, "pw8", "nope", &people_no_peer, NULL).outcome == ANSHIN_LOGIN_WRONG, "a wrong password");
    (void)world_get(&world, &anshin_record_account, "p-01/pw8", &after);
    ok(same_text(before.password_hash, after.password_hash), "changes nothing");
    ok(people_login(&world, "pw8", PEOPLE_PASSWORD, &people_no_peer, NULL).outcome == ANSHIN_LOGIN_OK,
       "the next login");
    (void)world_get(&world, &anshin_record_account, "p-01/pw8", &after);
    ok(after.password_hash && strstr(after.password_hash, "m=16,t=2") != NULL,
       "brings the stored hash up to date (PWD-3, S4)");
    ok(people_login(&world, "pw8", PEOPLE_PASSWORD, &people_no_peer, NULL).outcome == ANSHIN_LOGIN_OK,
       "which still opens");
    world.env.crypto = world.crypto;
    (void)op;
}

static apr_status_t keep_user(void *baton, const anshin_history_t *entry)
{
    *(const char **)baton = apr_pstrdup(world.pool, entry->user ? entry->user : "");
    return APR_EOF;
}

/* What no page leads to, but a damaged or newer store, or a program, might. */
static void test_strange(void)
{
    const char *seen = "";
    anshin_account_t account;
    anshin_login_result_t r;
    anshin_txn_t *txn;
    apr_int64_t total;
    anshin_op_t *op = world_op(&world);

    (void)people_register(&world, "pw10", ANSHIN_METHOD_PASSWORD);
    (void)world_get(&world, &anshin_record_account, "p-01/pw10", &account);
    account.method = 9;
    world_put(&world, &anshin_record_account, "p-01/pw10", &account);
    world.contract.policy.methods |= 1 << 9; /* of which the configuration tells the same */
    r = people_login(&world, "pw10", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && !r.session_id && !r.stamp,
       "a method that this version does not know lets nobody in (S21)");
    world.contract.policy.methods &= ~(1 << 9);
    world.now += apr_time_from_sec(1);
    r = people_login(&world, "あああああああああああああああああああああああああああああああああああああああああああ",
                     PEOPLE_PASSWORD, &people_no_peer, NULL);
    txn = world_begin(op, ANSHIN_TXN_READ);
    (void)anshin_history_read(op, txn, NULL, 0, 1, keep_user, &seen, &total);
    anshin_txn_abort(txn);
    ok(r.outcome == ANSHIN_LOGIN_WRONG && same_text(seen, ANSHIN_HISTORY_NO_USER),
       "what is too long for an ID is not recorded as one (S28, S32): %s", seen);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    world_open(&world, &anshin_store_mem, NULL, pool);
    people_contract(&world, ANSHIN_PRESET_CLASSIC);
    world.contract.policy.address_attempts = 1000;
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
