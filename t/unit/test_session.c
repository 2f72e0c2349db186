/* core/session.c: the life of a session. */
#include "people.h"

static world_t world;
static anshin_store_driver_t racing; /* the store in memory, where somebody is fast */
static const char *ends;             /* key of a session that ends once it was read; NULL: none does */

static apr_status_t racing_get(void *txn, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                               apr_pool_t *pool)
{
    apr_status_t rv = anshin_store_mem.get(txn, type, key, value, pool);
    const char *end = ends;

    if (end != NULL && type == &anshin_record_session) {
        ends = NULL;
        (void)anshin_session_end(world_op(&world), end);
    }
    return rv;
}

static apr_status_t find(const char *id, const anshin_peer_t *peer)
{
    anshin_session_t session;
    const char *key;

    return anshin_session_find(world_op(&world), id, peer, &session, &key);
}

static void touch(const char *id, const anshin_peer_t *peer)
{
    anshin_session_t session;
    const char *key;
    anshin_op_t *op = world_op(&world);

    if (anshin_session_find(op, id, peer, &session, &key) == APR_SUCCESS) {
        (void)anshin_session_touch(op, key, &session);
    }
}

static void test_limits(void)
{
    const char *id = people_login(&world, "s1", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id;
    anshin_session_t session;
    const char *key;

    ok(find(id, &people_no_peer) == APR_SUCCESS, "a session is found by its cookie");
    ok(find("", &people_no_peer) == ANSHIN_ENOTFOUND && find("x", &people_no_peer) == ANSHIN_ENOTFOUND,
       "odd cookies are no session");
    ok(anshin_session_find(world_op(&world), id, &people_no_peer, &session, &key) == APR_SUCCESS && !strstr(key, id) &&
           strlen(key) == 64,
       "the store has only the hash of the id (S18)");
    world.now += world.contract.policy.session_idle - 1;
    ok(find(id, &people_no_peer) == APR_SUCCESS, "just within the idle limit");
    world.now += 1;
    ok(find(id, &people_no_peer) == ANSHIN_ENOTFOUND, "over it the session is gone (S15)");
    id = people_login(&world, "s1", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id;
    for (int i = 0; i < 47; i++) { /* in use all the time */
        world.now += apr_time_from_sec(15 * 60);
        touch(id, &people_no_peer);
    }
    ok(find(id, &people_no_peer) == APR_SUCCESS, "use keeps it alive");
    world.now += apr_time_from_sec(15 * 60);
    ok(find(id, &people_no_peer) == ANSHIN_ENOTFOUND, "but not over the absolute limit (S15)");
}

/* The store's answer, spoilt in the memory of the connection: whoever looks there finds a session that is over. */
static void spoil(anshin_session_memo_t *memo)
{
    memo->session.created_at = 1;
}

/* What is remembered is judged each time as what is read: by the clock, the contract and the certificate. */
static void test_memo_limits(const char *id, anshin_session_memo_t *memo)
{
    anshin_op_t *op = world_op(&world);
    anshin_session_t session;
    const char *key;

    op->memo = memo;
    ok(anshin_session_find(op, id, &people_no_peer, &session, &key) == APR_SUCCESS, "remembered");
    spoil(memo);
    ok(anshin_session_find(op, id, &people_no_peer, &session, &key) == ANSHIN_ENOTFOUND, "and looked at there");
    memo->stamp = ANSHIN_STAMP_NONE;
    ok(anshin_session_find(op, id, &people_no_peer, &session, &key) == APR_SUCCESS, "without a stamp it is read");
    op->now += world.contract.policy.session_idle;
    ok(anshin_session_find(op, id, &people_no_peer, &session, &key) == ANSHIN_ENOTFOUND,
       "over its limit it is gone, with nothing committed (S15)");
}

/* Read, ended by somebody else, and only then remembered. */
static void test_memo_race(void)
{
    const char *id = people_login(&world, "s1", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id;
    anshin_session_memo_t memo = {.stamp = ANSHIN_STAMP_NONE};
    anshin_op_t *op = world_op(&world);
    anshin_session_t session;
    const char *key;

    ok(anshin_session_find(op, id, &people_no_peer, &session, &key) == APR_SUCCESS, "a session");
    ends = key;
    op = world_op(&world);
    op->memo = &memo;
    ok(anshin_session_find(op, id, &people_no_peer, &session, &key) == APR_SUCCESS && ends == NULL,
       "that ends while it is read");
    ok(anshin_session_find(op, id, &people_no_peer, &session, &key) == ANSHIN_ENOTFOUND,
       "is out with the next request, though it was remembered after its end (S16)");
}

/* A connection's memory of the last cookie spares the hash, and the store while nothing was committed. */
static void test_memo(void)
{
    const char *one = people_login(&world, "s1", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id;
    const char *two = people_login(&world, "s1", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id;
    anshin_session_memo_t memo = {.stamp = ANSHIN_STAMP_NONE};
    anshin_session_t session;
    const char *first, *again, *other;
    anshin_op_t *op = world_op(&world);

    op->memo = &memo;
    ok(anshin_session_find(op, one, &people_no_peer, &session, &first) == APR_SUCCESS && strcmp(memo.id, one) == 0 &&
           strcmp(memo.key, first) == 0,
       "a connection remembers the cookie and its key");
    ok(anshin_session_find(op, one, &people_no_peer, &session, &again) == APR_SUCCESS && strcmp(first, again) == 0,
       "the next time the key is the same");
    ok(anshin_session_find(op, two, &people_no_peer, &session, &other) == APR_SUCCESS && strcmp(first, other) != 0 &&
           strcmp(memo.id, two) == 0,
       "another cookie on the connection has another key, and is remembered instead");
    ok(session.user != NULL && strcmp(session.user, "s1") == 0 && session.created_at == world.now,
       "with all that its record says");
    spoil(&memo);
    ok(anshin_session_find(op, two, &people_no_peer, &session, &other) == ANSHIN_ENOTFOUND,
       "nothing was committed since: the store is not asked again");
    ok(anshin_session_find(op, one, &people_no_peer, &session, &first) == APR_SUCCESS,
       "another cookie is looked up in the store");
    spoil(&memo);
    (void)people_login(&world, "s2", PEOPLE_PASSWORD, &people_no_peer, NULL);
    ok(anshin_session_find(op, one, &people_no_peer, &session, &first) == APR_SUCCESS,
       "after a commit of anybody it is read anew");
    ok(anshin_session_end(op, first) == APR_SUCCESS &&
           anshin_session_find(op, one, &people_no_peer, &session, &first) == ANSHIN_ENOTFOUND,
       "what has ended is out at once, remembered or not (S16)");
    test_memo_limits(two, &memo);
}

static void test_certificate(void)
{
    anshin_peer_t own = people_certificate(&world, "s2", 1, "b1"), other = people_certificate(&world, "s3", 1, "b2");
    const char *id = people_login(&world, "s2", PEOPLE_PASSWORD, &own, NULL).session_id;
    anshin_contract_t second = world.contract;
    anshin_session_t session;
    const char *key;
    anshin_op_t *op;

    ok(find(id, &own) == APR_SUCCESS, "with its own certificate");
    ok(find(id, &people_no_peer) == ANSHIN_EDENIED, "without certificate the cookie is refused (LOG-8)");
    ok(find(id, &other) == ANSHIN_EDENIED, "with another good one as well (LOG-8)");
    own.state = ANSHIN_PEER_FOREIGN;
    ok(find(id, &own) == ANSHIN_EDENIED, "and with one that does not verify");
    own.state = ANSHIN_PEER_FAULT;
    ok(find(id, &own) == ANSHIN_EFAULT, "one that cannot be checked is a fault (S21)");
    own.state = ANSHIN_PEER_GOOD;
    second.name = "p-02";
    op = world_op(&world);
    op->contract = &second;
    ok(anshin_session_find(op, id, &own, &session, &key) == ANSHIN_ENOTFOUND,
       "a session of one contract opens no other (CON-1)");
    op = world_op(&world);
    ok(anshin_certificate_revoke(op, "b1", 1) == APR_SUCCESS && find(id, &own) == ANSHIN_ENOTFOUND,
       "revoking its certificate ends it at once (S16)");
    ok(anshin_certificate_revoke(op, "b1", 1) == ANSHIN_ECONFLICT &&
           anshin_certificate_revoke(op, "b9", 1) == ANSHIN_ENOTFOUND,
       "revoked already and unknown are told apart");
}

/* All of a user go in one commit, which says how many; those of others stay. */
static void test_certificates_of_user(void)
{
    apr_array_header_t *serials;
    anshin_stamp_t before;
    anshin_certificate_t old, others;

    (void)people_certificate(&world, "s2", 1, "c1");
    (void)people_certificate(&world, "s2", 1, "c2");
    before = anshin_store_stamp(world.env.store);
    ok(anshin_certificates_revoke(world_op(&world), "s2", 1, &serials) == APR_SUCCESS && serials->nelts == 2 &&
           anshin_store_stamp(world.env.store) == before + 1,
       "what a user has is revoked in one transaction, which tells the number");
    (void)world_get(&world, &anshin_record_certificate, "c1", &old);
    (void)world_get(&world, &anshin_record_certificate, "b2", &others);
    ok(old.state == ANSHIN_CERTIFICATE_REVOKED && others.state == ANSHIN_CERTIFICATE_ACTIVE,
       "... a former one of the terminal as well, and nobody else's");
    ok(anshin_certificates_revoke(world_op(&world), "s2", 1, &serials) == ANSHIN_ENOTFOUND && serials->nelts == 0,
       "then there is none");
}

static void test_stricter(void)
{
    const char *id = people_login(&world, "s1", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id;

    world.contract.policy.methods = 1 << ANSHIN_METHOD_CERTIFICATE;
    ok(find(id, &people_no_peer) == ANSHIN_ENOTFOUND,
       "a method that the contract admits no longer keeps nobody in, on any page (CON-3, S11)");
    world.contract.policy.methods |= 1 << ANSHIN_METHOD_PASSWORD;
    ok(find(id, &people_no_peer) == APR_SUCCESS, "one that it admits does");
}

static void test_end(void)
{
    const char *one = people_login(&world, "s1", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id;
    const char *two = people_login(&world, "s1", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id;
    anshin_session_t session;
    const char *key;
    anshin_op_t *op = world_op(&world);

    (void)anshin_session_find(op, one, &people_no_peer, &session, &key);
    ok(anshin_session_end(op, key) == APR_SUCCESS && find(one, &people_no_peer) == ANSHIN_ENOTFOUND,
       "logout ends the session on the server (LOG-9)");
    ok(find(two, &people_no_peer) == APR_SUCCESS, "and no other");
    ok(anshin_session_end(op, key) == APR_SUCCESS, "a second logout is no failure");
    ok(anshin_account_lock(op, "s1", ANSHIN_ACCOUNT_LOCKED) == APR_SUCCESS &&
           find(two, &people_no_peer) == ANSHIN_ENOTFOUND,
       "a lock by the operator ends all (LOG-9, S16)");
    world.now += world.contract.policy.session_idle / 2;
    ok(anshin_session_touch(world_op(&world), key, &session) == APR_SUCCESS, "a late note of use is no failure");
    ok(find(one, &people_no_peer) == ANSHIN_ENOTFOUND, "and does not bring one back (S16)");
    (void)anshin_account_unlock(op, "s1");
}

static void test_many(void)
{
    const char *first = people_login(&world, "s1", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id, *last = NULL;

    for (int i = 0; i < 20; i++) {
        last = people_login(&world, "s1", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id;
    }
    ok(find(first, &people_no_peer) == ANSHIN_ENOTFOUND && find(last, &people_no_peer) == APR_SUCCESS,
       "of too many sessions the oldest gives way (S32)");
    ok(world_count(&world, &anshin_record_session) <= 21, "so that one user cannot fill the store");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    racing = anshin_store_mem;
    racing.get = racing_get;
    world_open(&world, &racing, NULL, pool);
    people_contract(&world, ANSHIN_PRESET_CLASSIC);
    (void)people_register(&world, "s1", ANSHIN_METHOD_PASSWORD);
    (void)people_register(&world, "s2", ANSHIN_METHOD_CERTIFICATE);
    (void)people_register(&world, "s3", ANSHIN_METHOD_CERTIFICATE);
    test_limits();
    test_memo();
    test_memo_race();
    test_certificate();
    test_certificates_of_user();
    test_stricter();
    test_end();
    test_many();
    apr_pool_destroy(pool);
    return done();
}
