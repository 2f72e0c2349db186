/* core/account/lockout.c: counters, step by step; and what happens between reservation and settlement of a login. */
#include "core/account/attempt.h"
#include "core/certificate/revocation.h"
#include "core/admin/operator.h"
#include "unit/users.h"

static fixture_t fixture;

typedef struct step_t {
    anshin_op_t *op;
    anshin_txn_t *txn;
} step_t;

static step_t begin(void)
{
    step_t step;

    step.op = users_op(&fixture, NULL);
    step.txn = fixture_begin(step.op, ANSHIN_TXN_WRITE);
    return step;
}

static apr_status_t reserve(const char *user, anshin_attempt_t *attempt)
{
    step_t step = begin();
    apr_status_t status = anshin_attempt_reserve(step.op, step.txn, ANSHIN_COUNTER_PASSWORD, user, attempt);

    (void)anshin_txn_commit(step.txn, ANSHIN_LAZY);
    return status;
}

static apr_status_t settle(anshin_attempt_t *attempt, anshin_attempt_outcome_t outcome)
{
    step_t step = begin();
    apr_status_t status = anshin_attempt_settle(step.op, step.txn, attempt, outcome);

    (void)anshin_txn_commit(step.txn, ANSHIN_LAZY);
    return status;
}

static void test_reservations(void)
{
    anshin_attempt_t held[5], more;

    for (int i = 0; i < 5; i++) {
        ok(reserve("res", &held[i]) == APR_SUCCESS, "place %d of 5 is reserved (LCK-1)", i + 1);
        fixture.now++;
    }
    ok(reserve("res", &more) == ANSHIN_EBUSY && !more.locked, "a sixth check must wait, and nobody is locked (LCK-1)");
    ok(settle(&held[0], ANSHIN_ATTEMPT_SUCCEEDED) == APR_SUCCESS && reserve("res", &held[0]) == APR_SUCCESS,
       "a success gives its place back (LCK-1)");
    ok(settle(&held[1], ANSHIN_ATTEMPT_NOT_MADE) == APR_SUCCESS && reserve("res", &held[1]) == APR_SUCCESS,
       "so does a check that was never made");
    ok(settle(&held[2], ANSHIN_ATTEMPT_FAILED) == APR_SUCCESS && held[2].remaining == 4, "a failure is counted");
    ok(reserve("res", &more) == ANSHIN_EBUSY, "and keeps its place");
    fixture.now += ANSHIN_RESERVATION_LIFE;
    ok(reserve("res", &more) == APR_SUCCESS, "places of processes that died come back in time");
}

static void test_race(void)
{
    anshin_attempt_t held[5], more;

    for (int i = 0; i < 5; i++) {
        (void)reserve("race", &held[i]);
        fixture.now++;
    }
    for (int i = 0; i < 4; i++) {
        (void)settle(&held[i], ANSHIN_ATTEMPT_FAILED);
    }
    ok(!held[3].locked && held[3].remaining == 1, "four failures do not lock");
    ok(reserve("race", &more) == ANSHIN_EBUSY, "the fifth place is still taken");
    ok(settle(&held[4], ANSHIN_ATTEMPT_FAILED) == APR_SUCCESS && held[4].locked, "the fifth failure locks (LCK-2)");
    ok(reserve("race", &more) == ANSHIN_EDENIED && more.locked, "no check any more");

    for (int i = 0; i < 5; i++) {
        (void)reserve("late", &held[i]);
        fixture.now++;
    }
    fixture.contract.policy.password_attempts = 3; /* the contract became stricter while checks were under way */
    for (int i = 0; i < 4; i++) {
        held[i].limit = 3;
        (void)settle(&held[i], ANSHIN_ATTEMPT_FAILED);
    }
    ok(settle(&held[4], ANSHIN_ATTEMPT_SUCCEEDED) == ANSHIN_EDENIED && held[4].locked,
       "a right password beside the failure that locked opens nothing (LCK-2)");
    ok(reserve("late", &more) == ANSHIN_EDENIED && more.locked, "and does not unlock (LCK-2)");
    fixture.contract.policy.password_attempts = 5;
}

static apr_status_t of_kind(anshin_counter_kind_t kind, const char *user, anshin_attempt_outcome_t outcome,
                            anshin_attempt_t *attempt)
{
    step_t step = begin();
    apr_status_t status = anshin_attempt_reserve(step.op, step.txn, kind, user, attempt);

    if (status == APR_SUCCESS) {
        status = anshin_attempt_settle(step.op, step.txn, attempt, outcome);
    }
    (void)anshin_txn_commit(step.txn, ANSHIN_LAZY);
    return status;
}

static int is_locked(anshin_counter_kind_t kind, const char *subject, anshin_lock_t *lock)
{
    step_t step = begin();

    (void)anshin_lock_get(step.op, step.txn, kind, subject, lock);
    anshin_txn_abort(step.txn);
    return lock->kinds != 0;
}

/* One lock of the account for passwords, login codes, answers and the operator's codes (LCK-2). */
static void test_one_lock(void)
{
    static const anshin_counter_kind_t of_account[] = {ANSHIN_COUNTER_PASSWORD, ANSHIN_COUNTER_CODE,
                                                       ANSHIN_COUNTER_ANSWER};
    const char *download = anshin_download_subject(users_op(&fixture, NULL), "one", 1);
    anshin_attempt_t attempt;
    anshin_lock_t lock;

    fixture.contract.policy.answer_attempts = 3;
    for (int n = 0; n < 3; n++) {
        const char *user = apr_psprintf(fixture.pool, "one%d", n);
        int refused = 0;

        (void)of_kind(of_account[(n + 1) % 3], user, ANSHIN_ATTEMPT_FAILED, &attempt);
        ok(attempt.remaining == (of_account[(n + 1) % 3] == ANSHIN_COUNTER_ANSWER ? 2 : 4),
           "each kind keeps its limit and what remains of it (LCK-2)");
        do {
            (void)of_kind(of_account[n], user, ANSHIN_ATTEMPT_FAILED, &attempt);
        } while (!attempt.locked);
        ok(attempt.locked_now && attempt.remaining == 0, "at the limit of one kind the account is locked (LCK-2)");
        for (int i = 0; i < 3; i++) {
            refused +=
                of_kind(of_account[i], user, ANSHIN_ATTEMPT_SUCCEEDED, &attempt) == ANSHIN_EDENIED && attempt.locked;
        }
        ok(refused == 3, "for every kind of proof, the right one as well (LCK-2)");
        ok(is_locked(ANSHIN_COUNTER_CODE, user, &lock) && lock.kinds == 1u << of_account[n] && lock.unlock_at == 0,
           "and it can be told which of them locked");
        ok(of_kind(ANSHIN_COUNTER_STRANGER, user, ANSHIN_ATTEMPT_FAILED, &attempt) == APR_SUCCESS && !attempt.locked &&
               of_kind(ANSHIN_COUNTER_REGISTRATION, user, ANSHIN_ATTEMPT_FAILED, &attempt) == APR_SUCCESS,
           "a stranger's counter and a link's are others");
    }
    for (int i = 0; i < 5; i++) {
        (void)of_kind(ANSHIN_COUNTER_REGISTRATION, "one", ANSHIN_ATTEMPT_FAILED, &attempt);
    }
    for (int i = 0; i < 10; i++) {
        (void)of_kind(ANSHIN_COUNTER_DOWNLOAD, download, ANSHIN_ATTEMPT_FAILED, &attempt);
    }
    ok(is_locked(ANSHIN_COUNTER_REGISTRATION, "one", &lock) && is_locked(ANSHIN_COUNTER_DOWNLOAD, download, &lock) &&
           !is_locked(ANSHIN_COUNTER_PASSWORD, "one", &lock),
       "codes of a registration lock their link, download passwords their download, and not the account (LCK-2)");
    ok(!is_locked(ANSHIN_COUNTER_DOWNLOAD, anshin_download_subject(users_op(&fixture, NULL), "one", 2), &lock),
       "nor another download of the user (LCK-2)");
    fixture.contract.policy.unlock_after = apr_time_from_sec(60);
    ok(is_locked(ANSHIN_COUNTER_CODE, "one1", &lock) && lock.unlock_at == lock.since + apr_time_from_sec(60),
       "a lock that time opens says when");
    fixture.now += apr_time_from_sec(60);
    ok(of_kind(ANSHIN_COUNTER_ANSWER, "one1", ANSHIN_ATTEMPT_FAILED, &attempt) == APR_SUCCESS &&
           attempt.remaining == 2 &&
           of_kind(ANSHIN_COUNTER_CODE, "one1", ANSHIN_ATTEMPT_FAILED, &attempt) == APR_SUCCESS &&
           attempt.remaining == 4,
       "and clears all its counters when it does (LCK-2)");
    ok(is_locked(ANSHIN_COUNTER_REGISTRATION, "one", &lock) && is_locked(ANSHIN_COUNTER_DOWNLOAD, download, &lock),
       "time opens no link and no download: they are sent anew (LCK-2)");
    fixture.contract.policy.unlock_after = 0;
    fixture.contract.policy.answer_attempts = 5;
}

/* Two kinds at once: the later failure does not lock, or tell, a second time. */
static void test_two_kinds(void)
{
    anshin_attempt_t password, code;
    step_t step;

    for (int i = 0; i < 4; i++) {
        (void)of_kind(ANSHIN_COUNTER_PASSWORD, "two", ANSHIN_ATTEMPT_FAILED, &password);
        (void)of_kind(ANSHIN_COUNTER_CODE, "two", ANSHIN_ATTEMPT_FAILED, &code);
    }
    step = begin();
    (void)anshin_attempt_reserve(step.op, step.txn, ANSHIN_COUNTER_PASSWORD, "two", &password);
    (void)anshin_attempt_reserve(step.op, step.txn, ANSHIN_COUNTER_CODE, "two", &code);
    ok(anshin_attempt_settle(step.op, step.txn, &password, ANSHIN_ATTEMPT_FAILED) == APR_SUCCESS && password.locked_now,
       "the fifth password locks");
    ok(anshin_attempt_settle(step.op, step.txn, &code, ANSHIN_ATTEMPT_FAILED) == APR_SUCCESS && code.locked &&
           !code.locked_now,
       "a code that fails beside it finds the account locked, and no second notice goes out (LCK-2)");
    (void)anshin_txn_commit(step.txn, ANSHIN_LAZY);
    step = begin();
    ok(anshin_counters_reset(step.op, step.txn, "two") == APR_SUCCESS &&
           anshin_attempt_reserve(step.op, step.txn, ANSHIN_COUNTER_CODE, "two", &code) == APR_SUCCESS &&
           anshin_attempt_reserve(step.op, step.txn, ANSHIN_COUNTER_PASSWORD, "two", &password) == APR_SUCCESS,
       "one unlock of the operator clears all counters (LCK-2)");
    (void)anshin_txn_commit(step.txn, ANSHIN_LAZY);
}

/* Whoever fails, waits and fails again must not see whether there is such a user (S8). */
static void test_faded(void)
{
    static const anshin_counter_kind_t twins[] = {ANSHIN_COUNTER_PASSWORD, ANSHIN_COUNTER_STRANGER};
    anshin_attempt_t attempt[2];

    for (int i = 0; i < 4; i++) {
        (void)of_kind(twins[0], "fade", ANSHIN_ATTEMPT_FAILED, &attempt[0]);
        (void)of_kind(twins[1], "fade", ANSHIN_ATTEMPT_FAILED, &attempt[1]);
    }
    ok(attempt[0].remaining == 1 && attempt[1].remaining == 1, "four failures of a user and of nobody");
    fixture.now += ANSHIN_PHANTOM_LIFE;
    (void)of_kind(twins[0], "fade", ANSHIN_ATTEMPT_FAILED, &attempt[0]);
    (void)of_kind(twins[1], "fade", ANSHIN_ATTEMPT_FAILED, &attempt[1]);
    ok(attempt[0].remaining == 4 && attempt[1].remaining == 4,
       "S8: after 30 days both have forgotten them, and none sooner than the other: %d, %d", attempt[0].remaining,
       attempt[1].remaining);
    for (int i = 0; i < 3; i++) {
        (void)of_kind(twins[0], "fade", ANSHIN_ATTEMPT_FAILED, &attempt[0]);
        (void)of_kind(twins[1], "fade", ANSHIN_ATTEMPT_FAILED, &attempt[1]);
    }
    fixture.now += ANSHIN_PHANTOM_LIFE - 1;
    (void)of_kind(twins[0], "fade", ANSHIN_ATTEMPT_FAILED, &attempt[0]);
    (void)of_kind(twins[1], "fade", ANSHIN_ATTEMPT_FAILED, &attempt[1]);
    ok(attempt[0].locked_now && attempt[1].locked_now, "a moment before, the fifth locks both (LCK-2)");
    fixture.now += 12 * ANSHIN_PHANTOM_LIFE;
    ok(of_kind(twins[0], "fade", ANSHIN_ATTEMPT_FAILED, &attempt[0]) == ANSHIN_EDENIED &&
           of_kind(twins[1], "fade", ANSHIN_ATTEMPT_FAILED, &attempt[1]) == ANSHIN_EDENIED,
       "and no time opens a lock that the contract does not open (S-12)");
    for (int i = 0; i < 2; i++) {
        (void)of_kind(ANSHIN_COUNTER_ANSWER, "answers", ANSHIN_ATTEMPT_FAILED, &attempt[0]);
    }
    fixture.now += ANSHIN_PHANTOM_LIFE;
    (void)of_kind(ANSHIN_COUNTER_ANSWER, "answers", ANSHIN_ATTEMPT_FAILED, &attempt[0]);
    ok(attempt[0].remaining == attempt[0].limit - 3, "wrong answers, which nobody's ID can get, are not forgotten");
}

static void test_lowered(void)
{
    anshin_attempt_t attempt;

    for (int i = 0; i < 3; i++) {
        (void)reserve("low", &attempt);
        (void)settle(&attempt, ANSHIN_ATTEMPT_FAILED);
    }
    fixture.contract.policy.password_attempts = 2;
    ok(reserve("low", &attempt) == ANSHIN_EDENIED && attempt.locked, "a limit lowered below what was counted locks");
    fixture.contract.policy.password_attempts = 5;
    ok(reserve("low", &attempt) == ANSHIN_EDENIED, "and stays so when it is raised again");
}

/* What happens to the account while the hash is computed. */
static void (*meanwhile)(void);
static apr_status_t (*real_verify)(void *ctx, anshin_verdict_t *verdict, const char *phc, const char *secret,
                                   apr_size_t length, const anshin_hash_place_t *place);

static apr_status_t verify(void *ctx, anshin_verdict_t *verdict, const char *phc, const char *secret, apr_size_t length,
                           const anshin_hash_place_t *place)
{
    apr_status_t status = real_verify(ctx, verdict, phc, secret, length, place);

    meanwhile();
    return status;
}

/* A crowd before one account must not keep all threads (S4, S7). */
static void test_gate(void)
{
    anshin_limit_t gate = {.most = 1};
    apr_interval_time_t waited = 0;
    anshin_op_t *op;

    fixture.env.waiting = &gate;
    op = fixture_op(&fixture);
    ok(anshin_attempt_wait(op, &waited) && waited > 0 && gate.inside == 0, "one thread waits for other attempts");
    ok(anshin_limit_enter(&gate), "while another one waits");
    ok(!anshin_attempt_wait(op, &waited) && gate.inside == 1, "this one is told at once that it is busy (S4)");
    anshin_limit_leave(&gate);
    ok(anshin_attempt_wait(op, &waited), "and waits again when there is room");
    fixture.env.waiting = NULL;
}

static void lock_it(void)
{
    (void)anshin_account_lock(fixture_op(&fixture), "mid1", ANSHIN_ACCOUNT_LOCKED);
}

static void change_it(void)
{
    anshin_account_t account;

    (void)fixture_get(&fixture, &anshin_record_account, "p-01/mid2", &account);
    account.password_hash =
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
    fixture_put(&fixture, &anshin_record_account, "p-01/mid2", &account);
}

static void revoke_it(void)
{
    (void)anshin_certificate_revoke(fixture_op(&fixture), "ab", 1);
}

static void test_meanwhile(void)
{
    anshin_crypto_t hooked = *fixture.crypto;
    anshin_presented_t presented;

    (void)users_register(&fixture, "mid1", ANSHIN_METHOD_PASSWORD);
    (void)users_register(&fixture, "mid2", ANSHIN_METHOD_PASSWORD);
    (void)users_register(&fixture, "mid3", ANSHIN_METHOD_CERTIFICATE);
    presented = users_certificate(&fixture, "mid3", 1, "ab");
    real_verify = hooked.password_verify;
    hooked.password_verify = verify;
    fixture.env.crypto = &hooked;
    meanwhile = lock_it;
    ok(!users_login(&fixture, "mid1", USERS_PASSWORD, &users_no_peer, NULL).session_id,
       "an account locked while the hash is computed lets nobody in (S5)");
    meanwhile = change_it;
    ok(!users_login(&fixture, "mid2", USERS_PASSWORD, &users_no_peer, NULL).session_id,
       "nor does a password that was changed meanwhile");
    meanwhile = revoke_it;
    ok(!users_login(&fixture, "mid3", USERS_PASSWORD, &presented, NULL).session_id,
       "nor a certificate that was revoked meanwhile (S20)");
    fixture.env.crypto = fixture.crypto;
}

/* What was typed as a readable secret: its normalised copy, seen where it is wiped. */
static const char *wiped;
static void (*real_wipe)(void *ctx, void *buffer, apr_size_t length);

static void wipe(void *ctx, void *buffer, apr_size_t length)
{
    wiped = apr_pstrmemdup(fixture.pool, buffer, length);
    real_wipe(ctx, buffer, length);
}

static apr_status_t is_it(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *secret, int *right)
{
    (void)op;
    (void)txn;
    *right = strcmp(secret, "abc23") == 0;
    ++*(int *)baton;
    return APR_SUCCESS;
}

static anshin_attempt_t guess(const char *typed, int *checks)
{
    const anshin_attempt_facts_t facts = {ANSHIN_COUNTER_REGISTRATION, "typed", typed, is_it, checks};
    anshin_attempt_t attempt;
    step_t step = begin();

    ok(anshin_attempt_run_in(step.op, step.txn, &facts, &attempt) == APR_SUCCESS, "%s is tried", typed);
    (void)anshin_txn_commit(step.txn, ANSHIN_LAZY);
    return attempt;
}

/* Reserve, check, settle in one transaction. */
static void test_typed(void)
{
    anshin_crypto_t hooked = *fixture.crypto;
    anshin_attempt_t attempt;
    const char *code;
    const char *token = users_invite(&fixture, "typed0", ANSHIN_METHOD_PASSWORD, &code);
    anshin_code_result_t result;
    int checks = 0;

    real_wipe = hooked.wipe;
    hooked.wipe = wipe;
    fixture.env.crypto = &hooked;
    attempt = guess("ABC-22", &checks);
    ok(attempt.outcome == ANSHIN_ATTEMPT_FAILED && attempt.remaining == 4, "a wrong one counts (LCK-1)");
    ok(same_text(wiped, "abc22"), "what is compared is wiped afterwards");
    attempt = guess(" ABC-23 ", &checks);
    ok(attempt.outcome == ANSHIN_ATTEMPT_SUCCEEDED && attempt.remaining == 5, "the right one forgets it");
    for (int i = 0; i < 5; i++) {
        attempt = guess("abc24", &checks);
    }
    ok(attempt.outcome == ANSHIN_ATTEMPT_FAILED && attempt.locked_now, "the fifth wrong one locks (LCK-2)");
    attempt = guess("abc23", &checks);
    ok(attempt.outcome == ANSHIN_ATTEMPT_NOT_MADE && attempt.locked && checks == 7, "and nothing is checked any more");
    wiped = NULL;
    ok(anshin_registration_code(fixture_op(&fixture), token, "23456 78923", &result) == APR_SUCCESS && !result.right &&
           same_text(wiped, "2345678923"),
       "so is the code of a registration wiped");
    fixture.env.crypto = fixture.crypto;
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_reservations();
    test_race();
    test_one_lock();
    test_two_kinds();
    test_faded();
    test_lowered();
    test_meanwhile();
    test_gate();
    test_typed();
    apr_pool_destroy(pool);
    return done();
}
