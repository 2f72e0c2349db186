/*
 * What a login that is refused costs: octets of the store, hashes, places in a line; and that the attempt which locks
 * does the same for somebody who exists and for nobody. Calls are counted, not times.
 */
#include "core/account/history.h"
#include "core/account/lockout.h"
#include "crypto/alive.h"
#include "core/admin/operator.h"
#include "unit/users.h"

#define STRANGER "2001:db8:1:2::1"

static fixture_t fixture;

/* --- what is counted --- */

static struct {
    int durable, lazy, blobs, hashes;
    apr_size_t octets; /* of records that were put */
    const char *known; /* place of the last hash */
    const char *address;
    apr_status_t answer; /* of the next hashes */
} seen;

static apr_status_t count_commit(void *txn, anshin_durability_t durability)
{
    *(durability == ANSHIN_DURABLE ? &seen.durable : &seen.lazy) += 1;
    return anshin_store_mem.commit(txn, durability);
}

static apr_status_t count_put(void *txn, const anshin_record_type_t *type, const char *key, const void *value,
                              apr_size_t length)
{
    seen.octets += strlen(key) + length;
    return anshin_store_mem.put(txn, type, key, value, length);
}

static apr_status_t count_blob(void *txn, const char *name, const void *data, apr_size_t length)
{
    seen.blobs++;
    return anshin_store_mem.blob_put(txn, name, data, length);
}

static apr_status_t count_verify(void *ctx, anshin_verdict_t *verdict, const char *phc, const char *secret,
                                 apr_size_t length, const anshin_hash_place_t *place)
{
    seen.hashes++;
    seen.known = place ? place->known : NULL;
    seen.address = place ? place->address : NULL;
    return seen.answer != APR_SUCCESS ? seen.answer
                                      : fixture.crypto->password_verify(ctx, verdict, phc, secret, length, place);
}

static apr_int64_t entries(const char *user)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    anshin_history_t entry;
    anshin_history_walk_t walk = {user, 0, 0};

    (void)anshin_history_read(op, txn, &walk, 1, users_first, &entry);
    anshin_txn_abort(txn);
    return walk.total;
}

static anshin_login_result_t login(const char *user, const char *password, const anshin_presented_t *presented,
                                   const char *address, const char *known, apr_status_t *status)
{
    anshin_login_facts_t facts = {user, password, presented, NULL, known, 0};
    anshin_login_result_t result;
    anshin_op_t *op = users_op(&fixture, address);

    *status = anshin_login(op, &facts, &result);
    return result;
}

static int outcome(const char *user, const char *password, const anshin_presented_t *presented, const char *address)
{
    apr_status_t status;
    int answer = (int)login(user, password, presented, address, NULL, &status).outcome;

    return status == APR_SUCCESS ? answer : -1;
}

/* As many failures as this address may have, at IDs of nobody. */
static void exhaust(const char *address, int failures)
{
    for (int i = 0; i < failures; i++) {
        (void)outcome(apr_psprintf(fixture.pool, "x%d", i), "x", &users_no_peer, address);
    }
}

/* --- the tests --- */

static void test_throttled(void)
{
    apr_int64_t of_user, of_nobody;
    int refused = 0;

    (void)users_register(&fixture, "victim", ANSHIN_METHOD_PASSWORD);
    exhaust(STRANGER, 10);
    of_user = entries("victim");
    of_nobody = entries(NULL);
    memset(&seen, 0, sizeof(seen));
    for (int i = 0; i < 10000; i++) {
        apr_pool_t *pool = fixture.pool;

        apr_pool_create(&fixture.pool, pool);
        refused += outcome(i % 2 ? "victim" : "nobody", "x", &users_no_peer, STRANGER) == ANSHIN_LOGIN_THROTTLED;
        apr_pool_destroy(fixture.pool);
        fixture.pool = pool;
    }
    ok(refused == 10000, "10,000 requests of an address that must wait are refused (LCK-4)");
    ok(seen.octets < 65536, "S37, COST-1: they write %d octets of records", (int)seen.octets);
    ok(seen.durable == 0 && seen.lazy == 1, "S37: no durable commit, and one in all");
    ok(seen.hashes == 0, "S37: no hash");
    ok(entries("victim") == of_user, "S37: no line of history for the user who was guessed at");
    ok(entries(NULL) == of_nobody + 1, "S37: and one for the address");
    fixture.now += fixture.contract.policy.address_window;
    exhaust(STRANGER, 12);
    ok(entries(NULL) == of_nobody + 1 + 10 + 1, "one for each window");
    fixture.now += fixture.contract.policy.address_window;
}

static void test_wait_told(void)
{
    anshin_login_facts_t facts = {"victim", "x", &users_no_peer, NULL, NULL, 0};
    anshin_op_t *op = users_op(&fixture, "192.0.2.77");
    anshin_login_result_t result;
    apr_time_t began = fixture.now;

    exhaust("192.0.2.77", 10);
    fixture.now += apr_time_from_sec(100);
    op->now = fixture.now;
    ok(anshin_login(op, &facts, &result) == APR_SUCCESS && result.outcome == ANSHIN_LOGIN_THROTTLED &&
           op->wait_until == began + fixture.contract.policy.address_window,
       "who must wait is told until when (O1)");
}

static void test_networks(void)
{
    int answer = 0;

    for (int i = 0; i < 4; i++) {
        exhaust(apr_psprintf(fixture.pool, "2001:db8:aaaa:b%02x::1", i), 10);
    }
    ok(outcome("a", "x", &users_no_peer, "2001:db8:aaaa:bff::1") == ANSHIN_LOGIN_THROTTLED,
       "an address of a /56 that has failed four times as often must wait (LCK-4, S-6)");
    ok(outcome("a", "x", &users_no_peer, "2001:db8:aaaa:c00::1") == ANSHIN_LOGIN_WRONG, "one of another /56 need not");
    for (int i = 0; i < 16; i++) {
        exhaust(apr_psprintf(fixture.pool, "2001:db8:bbbb:%02x00::1", i), 10);
    }
    ok(outcome("a", "x", &users_no_peer, "2001:db8:bbbb:ff00::1") == ANSHIN_LOGIN_THROTTLED,
       "nor may a /48 go on for ever (LCK-4, S-6)");
    for (int i = 0; i < 16; i++) {
        exhaust(apr_psprintf(fixture.pool, "198.51.100.%d", i), 10);
    }
    answer = outcome("a", "x", &users_no_peer, "198.51.100.200");
    ok(answer == ANSHIN_LOGIN_THROTTLED && outcome("a", "x", &users_no_peer, "198.51.101.1") == ANSHIN_LOGIN_WRONG,
       "nor a /24 (LCK-4)");
}

/* Who comes with the own certificate is guarded by the own counter (S-7). */
static void test_own_certificate(void)
{
    anshin_presented_t own;

    (void)users_register(&fixture, "cert1", ANSHIN_METHOD_CERTIFICATE);
    own = users_certificate(&fixture, "cert1", 1, "c1");
    exhaust("192.0.2.50", 10);
    ok(outcome("cert1", USERS_PASSWORD, &users_no_peer, "192.0.2.50") == ANSHIN_LOGIN_THROTTLED,
       "an address that must wait does, for a certificate user without certificate");
    ok(outcome("cert1", USERS_PASSWORD, &own, "192.0.2.50") == ANSHIN_LOGIN_OK,
       "the one with it is not throttled for the neighbours (S-7, LCK-3)");
    ok(seen.known != NULL && strstr(seen.known, "cert1") != NULL, "and waits for the hash before strangers (S37)");
    for (int i = 0; i < 5; i++) {
        (void)outcome("cert1", "guess", &own, "192.0.2.50");
    }
    ok(outcome("cert1", USERS_PASSWORD, &own, "192.0.2.50") == ANSHIN_LOGIN_LOCKED, "whose own failures lock");
    (void)anshin_account_unlock(fixture_op(&fixture), "cert1");
}

/* Where certificates alone log in, the answer does not depend on a password without one (S-6). */
static void test_certificates_only(void)
{
    int methods = fixture.contract.policy.methods;
    anshin_presented_t own = users_certificate(&fixture, "cert1", 1, "c2"), revoked = own;
    int wrong = 0;

    fixture.contract.policy.methods = 1 << ANSHIN_METHOD_CERTIFICATE;
    revoked.serial = "c1";
    revoked.fingerprint = "fp-c1";
    memset(&seen, 0, sizeof(seen));
    wrong += outcome("cert1", USERS_PASSWORD, &users_no_peer, "192.0.2.60") == ANSHIN_LOGIN_WRONG;
    wrong += outcome("nobody", USERS_PASSWORD, &users_no_peer, "192.0.2.60") == ANSHIN_LOGIN_WRONG;
    wrong += outcome("cert1", USERS_PASSWORD, &revoked, "192.0.2.60") == ANSHIN_LOGIN_WRONG;
    ok(wrong == 3 && seen.hashes == 0 && seen.durable == 0,
       "S37: without a good certificate no hash is computed where certificates alone log in, whoever the user");
    ok(outcome("nobody", "x", &own, "192.0.2.60") == ANSHIN_LOGIN_WRONG && seen.hashes == 1,
       "somebody's certificate: the answer is that of a wrong password, and costs what that costs (LOG-4, S8)");
    exhaust("192.0.2.60", 10);
    ok(outcome("nobody", "x", &users_no_peer, "192.0.2.60") == ANSHIN_LOGIN_THROTTLED,
       "and it counts against the address (LCK-4)");
    ok(outcome("cert1", USERS_PASSWORD, &own, "192.0.2.60") == ANSHIN_LOGIN_OK, "the user logs in");
    fixture.contract.policy.methods = methods;
}

/* A browser that has logged in to this account before waits before strangers: one account, until its password is
 * changed or it is locked. */
static void test_known_browser(void)
{
    apr_status_t status;
    anshin_login_result_t r = login("victim", USERS_PASSWORD, &users_no_peer, "192.0.2.70", NULL, &status);
    const char *mark = r.known;

    ok(r.outcome == ANSHIN_LOGIN_OK && mark && !strstr(mark, "victim"), "a login leaves a mark, in which no ID stands");
    ok(seen.known == NULL && seen.address != NULL, "S37: the first one has waited among strangers");
    (void)login("victim", "wrong", &users_no_peer, "192.0.2.70", mark, &status);
    ok(seen.known != NULL, "S37: with the mark one waits before them");
    (void)login("nobody", "wrong", &users_no_peer, "192.0.2.70", mark, &status);
    ok(seen.known == NULL, "S37: not with one of another account");
    (void)login("victim", "wrong", &users_no_peer, "192.0.2.70", "0123", &status);
    ok(seen.known == NULL, "nor with a forged one");
    for (int i = 0; i < 5; i++) {
        (void)login("victim", "wrong", &users_no_peer, "192.0.2.71", NULL, &status);
    }
    (void)anshin_account_unlock(fixture_op(&fixture), "victim");
    (void)login("victim", "wrong", &users_no_peer, "192.0.2.72", mark, &status);
    ok(seen.known == NULL, "S37: a lock ends the mark");
    r = login("victim", USERS_PASSWORD, &users_no_peer, "192.0.2.72", NULL, &status);
    ok(r.known && !same_text(r.known, mark), "the next login leaves another");
}

/* 503 is an attempt of the address, and none of the account. */
static void test_busy(void)
{
    apr_status_t status;
    int busy = 0;

    seen.answer = ANSHIN_EBUSY;
    for (int i = 0; i < 10; i++) {
        (void)login("victim", USERS_PASSWORD, &users_no_peer, "192.0.2.80", NULL, &status);
        busy += status == ANSHIN_EBUSY;
    }
    seen.answer = APR_SUCCESS;
    ok(busy == 10 && outcome("victim", USERS_PASSWORD, &users_no_peer, "192.0.2.80") == ANSHIN_LOGIN_THROTTLED,
       "S37: who met a crowd has tried, as far as the address goes");
    ok(outcome("victim", USERS_PASSWORD, &users_no_peer, "192.0.2.81") == ANSHIN_LOGIN_OK,
       "and as far as the account goes has not");
}

/* --- S-12: step by step to the lock --- */

static const char *step(const char *user)
{
    memset(&seen, 0, sizeof(seen));
    (void)outcome(user, "wrong", &users_no_peer, "192.0.2.90");
    return apr_psprintf(fixture.pool, "%d durable, %d lazy, %d blobs, %d hashes, %d jobs", seen.durable, seen.lazy,
                        seen.blobs, seen.hashes, fixture_count(&fixture, &anshin_record_job));
}

static void test_ladder(void)
{
    int same = 0;
    const char *real = "", *nobody = "";

    (void)users_register(&fixture, "real", ANSHIN_METHOD_PASSWORD);
    fixture.contract.policy.address_attempts = 1000;
    (void)users_tell_locks(&fixture);
    for (int i = 0; i < 6; i++) {
        real = step("real");
        (void)(i == 4 && users_tell_locks(&fixture));
        nobody = step("nobody-at-all");
        (void)(i == 4 && users_tell_locks(&fixture));
        same += same_text(real, nobody);
        if (!same_text(real, nobody)) {
            printf("# step %d: %s; of nobody: %s\n", i + 1, real, nobody);
        }
    }
    ok(same == 6, "S-12: each step to the lock, the lock, and the step after cost the same for nobody: %s", real);
    ok(outcome("real", USERS_PASSWORD, &users_no_peer, NULL) == ANSHIN_LOGIN_LOCKED, "the account is locked (LCK-2)");
    fixture.contract.policy.address_attempts = 10;
}

/* --- places: S-18, O1 --- */

static apr_status_t take_place(const char *address, anshin_address_attempt_t *attempt)
{
    anshin_op_t *op = users_op(&fixture, address);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

    return anshin_txn_end(txn, anshin_address_reserve(op, txn, attempt), ANSHIN_LAZY);
}

static void give_place(const char *address, anshin_address_attempt_t *attempt, anshin_attempt_outcome_t outcome)
{
    anshin_op_t *op = users_op(&fixture, address);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

    (void)anshin_txn_end(txn, anshin_address_settle(op, txn, attempt, outcome), ANSHIN_LAZY);
}

static void test_places(void)
{
    anshin_address_attempt_t held[10], more;
    int counters;

    for (int i = 0; i < 10; i++) {
        (void)take_place("203.0.113.1", &held[i]);
        fixture.now++;
    }
    ok(take_place("203.0.113.1", &more) == ANSHIN_EBUSY, "S-18: an address has no more checks at once than failures");
    give_place("203.0.113.1", &held[0], ANSHIN_ATTEMPT_SUCCEEDED);
    ok(take_place("203.0.113.1", &held[0]) == APR_SUCCESS, "a success gives its place back");
    for (int i = 0; i < 10; i++) {
        give_place("203.0.113.1", &held[i], ANSHIN_ATTEMPT_FAILED);
    }
    ok(take_place("203.0.113.1", &more) == ANSHIN_EDENIED, "S-18: ten failures, and it must wait: none too many");
    counters = fixture_count(&fixture, &anshin_record_counter);
    (void)take_place("203.0.114.1", &more);
    give_place("203.0.114.1", &more, ANSHIN_ATTEMPT_SUCCEEDED);
    ok(fixture_count(&fixture, &anshin_record_counter) == counters, "a login that succeeds leaves no counter behind");
}

static apr_status_t reserve(const char *user, anshin_attempt_t *attempt, apr_time_t *wait_until)
{
    anshin_op_t *op = users_op(&fixture, NULL);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    apr_status_t status =
        anshin_txn_end(txn, anshin_attempt_reserve(op, txn, ANSHIN_COUNTER_PASSWORD, user, attempt), ANSHIN_LAZY);

    *wait_until = op->wait_until;
    return status;
}

/* The process that holds a place dies: seen from another one. */
static void test_dead_owner(void)
{
    const anshin_owners_t *theirs = NULL, *ours = NULL;
    anshin_attempt_t attempt;
    anshin_error_t err;
    apr_pool_t *life;
    apr_time_t wait_until;
    apr_time_t began = fixture.now;
    const char *elsewhere = apr_pstrcat(fixture.pool, fixture.directory, "/elsewhere", NULL);

    anshin_error_clear(&err);
    apr_pool_create(&life, fixture.pool);
    ok(anshin_alive_open(&theirs, fixture.directory, NULL, &err, life) == APR_SUCCESS &&
           anshin_alive_open(&ours, fixture.directory, NULL, &err, fixture.pool) == APR_SUCCESS &&
           !same_text(theirs->self, ours->self),
       "two processes have names of their own");
    fixture.env.owners = theirs;
    for (int i = 0; i < 5; i++) {
        (void)reserve("held", &attempt, &wait_until);
    }
    fixture.env.owners = ours;
    ok(reserve("held", &attempt, &wait_until) == ANSHIN_EBUSY && wait_until == 0, "one that lives keeps its places");
    fixture.now += apr_time_from_sec(61);
    ok(reserve("held", &attempt, &wait_until) == ANSHIN_EBUSY && wait_until == began + ANSHIN_RESERVATION_LIFE,
       "O1: where a check takes too long, one learns when its place is free");
    apr_pool_destroy(life);
    ok(reserve("held", &attempt, &wait_until) == APR_SUCCESS, "O1: one that died gives them back at once");
    ok(anshin_alive_open(&theirs, fixture.directory, NULL, &err, fixture.pool) == APR_SUCCESS &&
           ours->lives(ours->ctx, theirs->self, fixture.pool) && theirs->lives(theirs->ctx, ours->self, fixture.pool),
       "a third one buries nobody who lives");
    ok(ours->lives(ours->ctx, ours->self, fixture.pool), "who asks lives");
    ok(ours->lives(ours->ctx, "../../etc/passwd", fixture.pool) && ours->lives(ours->ctx, "", fixture.pool) &&
           ours->lives(ours->ctx, "0123456789abcdef01234567@elsewhere", fixture.pool),
       "of what is no name of this machine nothing is said");
    ok(mkdir(elsewhere, 0700) == 0 && anshin_alive_open(&theirs, elsewhere, NULL, &err, fixture.pool) == APR_SUCCESS &&
           ours->lives(ours->ctx, theirs->self, fixture.pool) && theirs->lives(theirs->ctx, ours->self, fixture.pool) &&
           anshin_alive_open(&theirs, fixture.directory, "b", &err, fixture.pool) == APR_SUCCESS &&
           strstr(theirs->self, "@b:") != NULL && ours->lives(ours->ctx, theirs->self, fixture.pool),
       "LCK-1: nor of another machine, though its host has the same name");
    fixture.env.owners = NULL;
}

int main(void)
{
    anshin_store_driver_t counted = anshin_store_mem;
    anshin_crypto_t hooked;
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    counted.commit = count_commit;
    counted.put = count_put;
    counted.blob_put = count_blob;
    fixture_open(&fixture, &counted, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    fixture.contract.policy.address_attempts = 10;
    hooked = *fixture.crypto;
    hooked.password_verify = count_verify;
    fixture.env.crypto = &hooked;
    test_throttled();
    test_wait_told();
    test_networks();
    test_own_certificate();
    test_certificates_only();
    test_known_browser();
    test_busy();
    test_ladder();
    test_places();
    test_dead_owner();
    apr_pool_destroy(pool);
    return done();
}
