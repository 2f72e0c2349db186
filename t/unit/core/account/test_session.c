/* core/account/session.c: the life of a session. */
#include "unit/users.h"

#include "core/certificate/revocation.h"
#include "core/login/logout.h"
#include "core/admin/operator.h"

static fixture_t fixture;
static anshin_store_driver_t racing; /* the store in memory, where somebody is fast */
static const char *ends;             /* key of a session that ends once it was read; NULL: none does */

/* A logout as the portal asks for it. */
static apr_status_t log_out(const char *key)
{
    const anshin_member_t member = {key, NULL};

    return anshin_logout(fixture_op(&fixture), &member);
}

static apr_status_t racing_get(void *txn, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                               apr_pool_t *pool)
{
    apr_status_t status = anshin_store_mem.get(txn, type, key, value, pool);
    const char *end = ends;

    if (end != NULL && type == &anshin_record_session) {
        ends = NULL;
        (void)log_out(end);
    }
    return status;
}

static apr_status_t find(const char *id, const anshin_presented_t *presented)
{
    anshin_session_t session;
    const char *key;

    return anshin_session_find(fixture_op(&fixture), id, presented, &session, &key);
}

/* How it ended, for the login page; -1: that cannot be told. user: NULL, or whose it must have been. */
static int ended(const char *id, const char *user)
{
    anshin_session_past_t past;
    apr_status_t status = anshin_session_past(fixture_op(&fixture), id, &past);

    if (status != APR_SUCCESS || (user == NULL) != (past.session.user == NULL) ||
        (user != NULL && strcmp(user, past.session.user) != 0)) {
        return -1;
    }
    return (int)past.end;
}

static void touch(const char *id, const anshin_presented_t *presented)
{
    anshin_session_t session;
    const char *key;
    anshin_op_t *op = fixture_op(&fixture);

    if (anshin_session_find(op, id, presented, &session, &key) == APR_SUCCESS) {
        (void)anshin_session_touch(op, key, &session);
    }
}

static void test_limits(void)
{
    const char *id = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    anshin_session_t session;
    const char *key;

    ok(find(id, &users_no_peer) == APR_SUCCESS, "a session is found by its cookie");
    ok(find("", &users_no_peer) == ANSHIN_ENOTFOUND && find("x", &users_no_peer) == ANSHIN_ENOTFOUND,
       "odd cookies are no session");
    ok(anshin_session_find(fixture_op(&fixture), id, &users_no_peer, &session, &key) == APR_SUCCESS &&
           !strstr(key, id) && strlen(key) == 64,
       "the store has only the hash of the id (S18)");
    fixture.now += fixture.contract.policy.session_idle - 1;
    ok(find(id, &users_no_peer) == APR_SUCCESS, "just within the idle limit");
    fixture.now += 1;
    ok(find(id, &users_no_peer) == ANSHIN_ENOTFOUND, "over it the session is gone (S15)");
    ok(ended(id, "s1") == ANSHIN_SESSION_OVER, "U28: and known to be over, and whose it was");
    ok(ended("", NULL) == ANSHIN_SESSION_GONE &&
           ended("A123456789012345678901234567890123456789012", NULL) == ANSHIN_SESSION_GONE,
       "U28: of a cookie that is none nothing is known");
    id = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    for (int i = 0; i < 47; i++) { /* in use all the time */
        fixture.now += apr_time_from_sec(15 * 60);
        touch(id, &users_no_peer);
    }
    ok(find(id, &users_no_peer) == APR_SUCCESS, "use keeps it alive");
    fixture.now += apr_time_from_sec(15 * 60);
    ok(find(id, &users_no_peer) == ANSHIN_ENOTFOUND, "but not over the absolute limit (S15)");
}

/* The store's answer, spoilt in the memory of the connection: whoever looks there finds a session that is over. */
static void spoil(anshin_session_cache_t *cache)
{
    cache->session.created_at = 1;
}

/* What is remembered is judged each time as what is read: by the clock, the contract and the certificate. */
static void test_memo_limits(const char *id, anshin_session_cache_t *cache)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_session_t session;
    const char *key;

    op->cache = cache;
    ok(anshin_session_find(op, id, &users_no_peer, &session, &key) == APR_SUCCESS, "remembered");
    spoil(cache);
    ok(anshin_session_find(op, id, &users_no_peer, &session, &key) == ANSHIN_ENOTFOUND, "and looked at there");
    cache->version = ANSHIN_STORE_VERSION_NONE;
    ok(anshin_session_find(op, id, &users_no_peer, &session, &key) == APR_SUCCESS, "without a stamp it is read");
    op->now += fixture.contract.policy.session_idle;
    ok(anshin_session_find(op, id, &users_no_peer, &session, &key) == ANSHIN_ENOTFOUND,
       "over its limit it is gone, with nothing committed (S15)");
}

/* Read, ended by somebody else, and only then remembered. */
static void test_memo_race(void)
{
    const char *id = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    anshin_session_cache_t cache = {.version = ANSHIN_STORE_VERSION_NONE};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_session_t session;
    const char *key;

    ok(anshin_session_find(op, id, &users_no_peer, &session, &key) == APR_SUCCESS, "a session");
    ends = key;
    op = fixture_op(&fixture);
    op->cache = &cache;
    ok(anshin_session_find(op, id, &users_no_peer, &session, &key) == APR_SUCCESS && ends == NULL,
       "that ends while it is read");
    ok(anshin_session_find(op, id, &users_no_peer, &session, &key) == ANSHIN_ENOTFOUND,
       "is out with the next request, though it was remembered after its end (S16)");
}

/* A connection's memory of the last cookie spares the hash, and the store while nothing was committed. */
static void test_memo(void)
{
    const char *one = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    const char *two = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    anshin_session_cache_t cache = {.version = ANSHIN_STORE_VERSION_NONE};
    anshin_session_t session;
    const char *first, *again, *other;
    anshin_op_t *op = fixture_op(&fixture);

    op->cache = &cache;
    ok(anshin_session_find(op, one, &users_no_peer, &session, &first) == APR_SUCCESS && strcmp(cache.id, one) == 0 &&
           strcmp(cache.key, first) == 0,
       "a connection remembers the cookie and its key");
    ok(anshin_session_find(op, one, &users_no_peer, &session, &again) == APR_SUCCESS && strcmp(first, again) == 0,
       "the next time the key is the same");
    ok(anshin_session_find(op, two, &users_no_peer, &session, &other) == APR_SUCCESS && strcmp(first, other) != 0 &&
           strcmp(cache.id, two) == 0,
       "another cookie on the connection has another key, and is remembered instead");
    ok(session.user != NULL && strcmp(session.user, "s1") == 0 && session.created_at == fixture.now,
       "with all that its record says");
    spoil(&cache);
    ok(anshin_session_find(op, two, &users_no_peer, &session, &other) == ANSHIN_ENOTFOUND,
       "nothing was committed since: the store is not asked again");
    ok(anshin_session_find(op, one, &users_no_peer, &session, &first) == APR_SUCCESS,
       "another cookie is looked up in the store");
    spoil(&cache);
    (void)users_login(&fixture, "s2", USERS_PASSWORD, &users_no_peer, NULL);
    ok(anshin_session_find(op, one, &users_no_peer, &session, &first) == APR_SUCCESS,
       "after a commit of anybody it is read anew");
    ok(log_out(first) == APR_SUCCESS &&
           anshin_session_find(op, one, &users_no_peer, &session, &first) == ANSHIN_ENOTFOUND,
       "what has ended is out at once, remembered or not (S16)");
    test_memo_limits(two, &cache);
}

static void test_certificate(void)
{
    anshin_presented_t own = users_certificate(&fixture, "s2", 1, "b1"),
                       other = users_certificate(&fixture, "s3", 1, "b2");
    const char *id = users_login(&fixture, "s2", USERS_PASSWORD, &own, NULL).session_id;
    anshin_contract_t second = fixture.contract;
    anshin_session_t session;
    const char *key;
    anshin_op_t *op;

    ok(find(id, &own) == APR_SUCCESS, "with its own certificate");
    ok(find(id, &users_no_peer) == ANSHIN_EDENIED, "without certificate the cookie is refused (LOG-8)");
    ok(find(id, &other) == ANSHIN_EDENIED, "with another good one as well (LOG-8)");
    own.state = ANSHIN_PRESENTED_FOREIGN;
    ok(find(id, &own) == ANSHIN_EDENIED, "and with one that does not verify");
    own.state = ANSHIN_PRESENTED_FAULT;
    ok(find(id, &own) == ANSHIN_EFAULT, "one that cannot be checked is a fault (S21)");
    own.state = ANSHIN_PRESENTED_GOOD;
    second.name = "p-02";
    op = fixture_op(&fixture);
    op->contract = &second;
    ok(anshin_session_find(op, id, &own, &session, &key) == ANSHIN_ENOTFOUND,
       "a session of one contract opens no other (CON-1)");
    op = fixture_op(&fixture);
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
    anshin_store_version_t before;
    anshin_certificate_t old, others;

    (void)users_certificate(&fixture, "s2", 1, "c1");
    (void)users_certificate(&fixture, "s2", 1, "c2");
    before = anshin_store_version(fixture.env.store);
    ok(anshin_certificates_revoke(fixture_op(&fixture), "s2", 1, &serials) == APR_SUCCESS && serials->nelts == 2 &&
           anshin_store_version(fixture.env.store) == before + 1,
       "what a user has is revoked in one transaction, which tells the number");
    (void)fixture_get(&fixture, &anshin_record_certificate, "c1", &old);
    (void)fixture_get(&fixture, &anshin_record_certificate, "b2", &others);
    ok(old.state == ANSHIN_CERTIFICATE_REVOKED && others.state == ANSHIN_CERTIFICATE_ACTIVE,
       "... a former one of the terminal as well, and nobody else's");
    ok(anshin_certificates_revoke(fixture_op(&fixture), "s2", 1, &serials) == ANSHIN_ENOTFOUND && serials->nelts == 0,
       "then there is none");
}

static void test_stricter(void)
{
    const char *id = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;

    fixture.contract.policy.methods = 1 << ANSHIN_METHOD_CERTIFICATE;
    ok(find(id, &users_no_peer) == ANSHIN_ENOTFOUND,
       "a method that the contract admits no longer keeps nobody in, on any page (CON-3, S11)");
    fixture.contract.policy.methods |= 1 << ANSHIN_METHOD_PASSWORD;
    ok(find(id, &users_no_peer) == APR_SUCCESS, "one that it admits does");
}

static void test_end(void)
{
    const char *one = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    const char *two = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    anshin_session_t session;
    const char *key;
    anshin_op_t *op = fixture_op(&fixture);

    (void)anshin_session_find(op, one, &users_no_peer, &session, &key);
    ok(log_out(key) == APR_SUCCESS && find(one, &users_no_peer) == ANSHIN_ENOTFOUND,
       "logout ends the session on the server (LOG-9)");
    ok(ended(one, NULL) == ANSHIN_SESSION_GONE, "U28: whoever logged out need not be told");
    ok(find(two, &users_no_peer) == APR_SUCCESS, "and no other");
    ok(log_out(key) == ANSHIN_EDENIED, "a second logout is told that the session has ended");
    ok(anshin_account_lock(op, "s1", ANSHIN_ACCOUNT_LOCKED) == APR_SUCCESS &&
           find(two, &users_no_peer) == ANSHIN_ENOTFOUND,
       "a lock by the operator ends all (LOG-9, S16)");
    ok(ended(two, NULL) == ANSHIN_SESSION_ENDED, "U28: and whoever was in is told that it was ended");
    fixture.now += fixture.contract.policy.session_idle / 2;
    ok(anshin_session_touch(fixture_op(&fixture), key, &session) == APR_SUCCESS, "a late note of use is no failure");
    ok(find(one, &users_no_peer) == ANSHIN_ENOTFOUND, "and does not bring one back (S16)");
    (void)anshin_account_unlock(op, "s1");
}

/* What a page is told of the end (S15). */
static void test_left(void)
{
    const anshin_contract_t *contract = &fixture.contract;
    const apr_interval_time_t idle = contract->policy.session_idle;
    const apr_interval_time_t life = contract->policy.session_lifetime;
    anshin_session_t session = {.created_at = fixture.now, .seen_at = fixture.now};
    int final = -1;

    ok(anshin_session_left(contract, &session, fixture.now, &final) == idle && final == 0,
       "S15: a session that has begun has its idle time");
    ok(anshin_session_left(contract, &session, fixture.now + idle - 1, &final) == 1 && final == 0,
       "S15: which goes by while nobody uses it");
    session.seen_at = fixture.now + life - idle / 2;
    ok(anshin_session_left(contract, &session, session.seen_at, &final) == idle / 2 && final == 1,
       "S15: in the end no use of it makes it longer");
    session.seen_at = fixture.now + life - idle - apr_time_from_sec(60);
    ok(anshin_session_left(contract, &session, session.seen_at, &final) == idle && final == 0,
       "S15: nor is it worth a button for less than a minute");
    session.seen_at++;
    (void)anshin_session_left(contract, &session, session.seen_at, &final);
    ok(final == 1, "as is told");
    ok(anshin_session_left(contract, &session, fixture.now + life, &final) == 0, "S15: one that is over has nothing left");
}

static void test_many(void)
{
    const char *first = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id, *last = NULL;

    for (int i = 0; i < 20; i++) {
        last = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    }
    ok(find(first, &users_no_peer) == ANSHIN_ENOTFOUND && find(last, &users_no_peer) == APR_SUCCESS,
       "of too many sessions the oldest gives way (S32)");
    ok(fixture_count(&fixture, &anshin_record_session) <= 21, "so that one user cannot fill the store");
    fixture.contract.policy.sessions_max = 2;
    first = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    last = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    ok(find(first, &users_no_peer) == APR_SUCCESS && find(last, &users_no_peer) == APR_SUCCESS,
       "AnshinSessionsMax 2: two go side by side");
    fixture.now += fixture.contract.policy.session_idle / 2;
    touch(last, &users_no_peer);
    fixture.now += fixture.contract.policy.session_idle / 2;
    ok(find(first, &users_no_peer) == ANSHIN_ENOTFOUND && find(last, &users_no_peer) == APR_SUCCESS,
       "one of them was left alone for too long");
    first = users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    ok(find(last, &users_no_peer) == APR_SUCCESS && find(first, &users_no_peer) == APR_SUCCESS,
       "a session that is over takes nobody's place");
    (void)users_login(&fixture, "s1", USERS_PASSWORD, &users_no_peer, NULL);
    ok(find(last, &users_no_peer) == ANSHIN_ENOTFOUND && find(first, &users_no_peer) == APR_SUCCESS,
       "a third one ends the oldest, and no other");
    ok(ended(last, NULL) == ANSHIN_SESSION_ENDED && ended(first, "s1") == ANSHIN_SESSION_GONE,
       "U28: whose browser is told, and nothing of one that goes on");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    racing = anshin_store_mem;
    racing.get = racing_get;
    fixture_open(&fixture, &racing, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    (void)users_register(&fixture, "s1", ANSHIN_METHOD_PASSWORD);
    (void)users_register(&fixture, "s2", ANSHIN_METHOD_CERTIFICATE);
    (void)users_register(&fixture, "s3", ANSHIN_METHOD_CERTIFICATE);
    test_limits();
    test_memo();
    test_memo_race();
    test_certificate();
    test_certificates_of_user();
    test_stricter();
    test_end();
    test_left();
    test_many();
    apr_pool_destroy(pool);
    return done();
}
