/* core/lockout.c: counters, step by step; and what happens between reservation and settlement of a login. */
#include "core/lockout.h"
#include "people.h"

static world_t world;

typedef struct step_t {
    anshin_op_t *op;
    anshin_txn_t *txn;
} step_t;

static step_t begin(void)
{
    step_t step;

    step.op = people_op(&world, NULL);
    step.txn = world_begin(step.op, ANSHIN_TXN_WRITE);
    return step;
}

static apr_status_t reserve(const char *user, anshin_attempt_t *attempt)
{
    step_t step = begin();
    apr_status_t rv = anshin_attempt_reserve(step.op, step.txn, ANSHIN_COUNTER_PASSWORD, user, attempt);

    (void)anshin_txn_commit(step.txn, ANSHIN_LAZY);
    return rv;
}

static apr_status_t settle(anshin_attempt_t *attempt, int failed, int success)
{
    step_t step = begin();
    apr_status_t rv = anshin_attempt_settle(step.op, step.txn, attempt, failed, success);

    (void)anshin_txn_commit(step.txn, ANSHIN_LAZY);
    return rv;
}

static void test_reservations(void)
{
    anshin_attempt_t held[5], more;

    for (int i = 0; i < 5; i++) {
        ok(reserve("res", &held[i]) == APR_SUCCESS, "place %d of 5 is reserved (LCK-1)", i + 1);
        world.now++;
    }
    ok(reserve("res", &more) == ANSHIN_EBUSY && !more.locked, "a sixth check must wait, and nobody is locked (LCK-1)");
    ok(settle(&held[0], 0, 1) == APR_SUCCESS && reserve("res", &held[0]) == APR_SUCCESS,
       "a success gives its place back (LCK-1)");
    ok(settle(&held[1], 0, 0) == APR_SUCCESS && reserve("res", &held[1]) == APR_SUCCESS,
       "so does a check that was never made");
    ok(settle(&held[2], 1, 0) == APR_SUCCESS && held[2].remaining == 4, "a failure is counted");
    ok(reserve("res", &more) == ANSHIN_EBUSY, "and keeps its place");
    world.now += ANSHIN_RESERVATION_LIFE;
    ok(reserve("res", &more) == APR_SUCCESS, "places of processes that died come back in time");
}

static void test_race(void)
{
    anshin_attempt_t held[5], more;

    for (int i = 0; i < 5; i++) {
        (void)reserve("race", &held[i]);
        world.now++;
    }
    for (int i = 0; i < 4; i++) {
        (void)settle(&held[i], 1, 0);
    }
    ok(!held[3].locked && held[3].remaining == 1, "four failures do not lock");
    ok(reserve("race", &more) == ANSHIN_EBUSY, "the fifth place is still taken");
    ok(settle(&held[4], 1, 0) == APR_SUCCESS && held[4].locked, "the fifth failure locks (LCK-2)");
    ok(reserve("race", &more) == ANSHIN_EDENIED && more.locked, "no check any more");

    for (int i = 0; i < 5; i++) {
        (void)reserve("late", &held[i]);
        world.now++;
    }
    world.contract.policy.password_attempts = 3; /* the contract became stricter while checks were under way */
    for (int i = 0; i < 4; i++) {
        held[i].limit = 3;
        (void)settle(&held[i], 1, 0);
    }
    ok(settle(&held[4], 0, 1) == ANSHIN_EDENIED && held[4].locked,
       "a right password beside the failure that locked opens nothing (LCK-2)");
    ok(reserve("late", &more) == ANSHIN_EDENIED && more.locked, "and does not unlock (LCK-2)");
    world.contract.policy.password_attempts = 5;
}

static void test_lowered(void)
{
    anshin_attempt_t attempt;

    for (int i = 0; i < 3; i++) {
        (void)reserve("low", &attempt);
        (void)settle(&attempt, 1, 0);
    }
    world.contract.policy.password_attempts = 2;
    ok(reserve("low", &attempt) == ANSHIN_EDENIED && attempt.locked, "a limit lowered below what was counted locks");
    world.contract.policy.password_attempts = 5;
    ok(reserve("low", &attempt) == ANSHIN_EDENIED, "and stays so when it is raised again");
}

/* What happens to the account while the hash is computed. */
static void (*meanwhile)(void);
static apr_status_t (*real_verify)(void *ctx, int *match, int *stale, const char *phc, const char *secret,
                                   apr_size_t length);

static apr_status_t verify(void *ctx, int *match, int *stale, const char *phc, const char *secret, apr_size_t length)
{
    apr_status_t rv = real_verify(ctx, match, stale, phc, secret, length);

    meanwhile();
    return rv;
}

/* A crowd before one account must not keep all threads (S4, S7). */
static void test_gate(void)
{
    anshin_gate_t gate = {.most = 1};
    apr_interval_time_t waited = 0;
    anshin_op_t *op;

    world.env.waiting = &gate;
    op = world_op(&world);
    ok(anshin_attempt_wait(op, &waited) && waited > 0 && gate.inside == 0, "one thread waits for other attempts");
    ok(anshin_gate_enter(&gate), "while another one waits");
    ok(!anshin_attempt_wait(op, &waited) && gate.inside == 1, "this one is told at once that it is busy (S4)");
    anshin_gate_leave(&gate);
    ok(anshin_attempt_wait(op, &waited), "and waits again when there is room");
    world.env.waiting = NULL;
}

static void lock_it(void)
{
    (void)anshin_account_lock(world_op(&world), "mid1", ANSHIN_ACCOUNT_LOCKED);
}

static void change_it(void)
{
    anshin_account_t account;

    (void)world_get(&world, &anshin_record_account, "p-01/mid2", &account);
    account.password_hash =
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
    world_put(&world, &anshin_record_account, "p-01/mid2", &account);
}

static void revoke_it(void)
{
    (void)anshin_certificate_revoke(world_op(&world), "ab", 1);
}

static void test_meanwhile(void)
{
    anshin_crypto_t hooked = *world.crypto;
    anshin_peer_t peer;

    (void)people_register(&world, "mid1", ANSHIN_METHOD_PASSWORD);
    (void)people_register(&world, "mid2", ANSHIN_METHOD_PASSWORD);
    (void)people_register(&world, "mid3", ANSHIN_METHOD_CERTIFICATE);
    peer = people_certificate(&world, "mid3", 1, "ab");
    real_verify = hooked.password_verify;
    hooked.password_verify = verify;
    world.env.crypto = &hooked;
    meanwhile = lock_it;
    ok(!people_login(&world, "mid1", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id,
       "an account locked while the hash is computed lets nobody in (S5)");
    meanwhile = change_it;
    ok(!people_login(&world, "mid2", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id,
       "nor does a password that was changed meanwhile");
    meanwhile = revoke_it;
    ok(!people_login(&world, "mid3", PEOPLE_PASSWORD, &peer, NULL).session_id,
       "nor a certificate that was revoked meanwhile (S20)");
    world.env.crypto = world.crypto;
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    world_open(&world, &anshin_store_mem, NULL, pool);
    people_contract(&world, ANSHIN_PRESET_CLASSIC);
    test_reservations();
    test_race();
    test_lowered();
    test_meanwhile();
    test_gate();
    apr_pool_destroy(pool);
    return done();
}
