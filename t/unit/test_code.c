/* core/login_code.c, totp.c: the second factor. */
#include "core/expiry.h"
#include "core/totp.h"
#include "people.h"

#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" /* RFC 6238 appendix B, SHA-1: "1234567890" twice */

static world_t world;

static const char *mailed_code(void)
{
    return people_mailed_code(&world, "login-code");
}

static anshin_login_result_t check(const char *stamp, const char *code, apr_status_t *rv)
{
    anshin_login_facts_t facts = {"ot1", "", &people_no_peer, NULL, NULL};
    anshin_login_result_t r;

    *rv = anshin_login_code_check(world_op(&world), &facts, stamp, code, &r);
    return r;
}

static const char *stamp_of(void)
{
    anshin_login_result_t r = people_login(&world, "ot1", PEOPLE_PASSWORD, &people_no_peer, NULL);

    return r.outcome == ANSHIN_LOGIN_NEED_CODE && !r.session_id ? r.stamp : "";
}

static apr_status_t is_code(void *baton, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key)
{
    (void)txn;
    *(int *)baton |= type == &anshin_record_token && strcmp(key, "login-code/p-01/ot1") == 0;
    return APR_SUCCESS;
}

static apr_time_t unconfirmed(void)
{
    anshin_terminal_t terminal = {.unconfirmed_at = -1};

    (void)world_get(&world, &anshin_record_terminal, "p-01/ot1/1", &terminal);
    return terminal.unconfirmed_at;
}

static void set_unconfirmed(apr_time_t at)
{
    anshin_terminal_t terminal;

    (void)world_get(&world, &anshin_record_terminal, "p-01/ot1/1", &terminal);
    terminal.unconfirmed_at = at;
    world_put(&world, &anshin_record_terminal, "p-01/ot1/1", &terminal);
}

static void test_mailed(void)
{
    const char *stamp = stamp_of(), *code;
    apr_array_header_t *ways;
    anshin_login_result_t r;
    apr_status_t rv;
    int app, found = 0, taken, more = 1;

    ok(*stamp, "the right password asks for a code and opens nothing (LOG-7)");
    ok(anshin_login_code_ways(world_op(&world), "ot1", stamp, &ways, &app) == APR_SUCCESS && ways->nelts == 1 && !app &&
           same_text(APR_ARRAY_IDX(ways, 0, anshin_code_way_t).address, "t***o@example.jp"),
       "the terminals are offered, their addresses masked");
    ok(anshin_login_code_ways(world_op(&world), "ot1", "forged", &ways, &app) == ANSHIN_EDENIED,
       "only to who knows the password (S29)");
    ok(anshin_login_code_send(world_op(&world), "ot1", stamp, 5) == ANSHIN_ENOTFOUND, "no terminal 5");
    ok(anshin_login_code_send(world_op(&world), "ot1", stamp, 1) == APR_SUCCESS, "a code is mailed");
    ok(anshin_login_code_send(world_op(&world), "ot1", stamp, 1) == ANSHIN_ECONFLICT, "not two at once");
    code = mailed_code();
    ok(strlen(code) == 6, "of six digits");
    r = check(stamp, code[0] == '0' ? "111111" : "000000", &rv);
    ok(rv == APR_SUCCESS && r.outcome == ANSHIN_LOGIN_WRONG && r.remaining == 4,
       "a wrong code is counted (LOG-7, LCK-1)");
    r = check("forged", code, &rv);
    ok(rv == ANSHIN_EDENIED, "the code alone opens nothing (S29)");
    set_unconfirmed(world.now);
    r = check(stamp, apr_psprintf(world.pool, "%.3s %s", code, code + 3), &rv);
    ok(rv == APR_SUCCESS && r.outcome == ANSHIN_LOGIN_OK && r.session_id, "the right one opens, typed with a space");
    ok(unconfirmed() == 0, "S40: and shows that the mailbox is the user's");
    r = check(stamp, code, &rv);
    ok(rv == APR_SUCCESS && r.outcome == ANSHIN_LOGIN_WRONG, "it works once (S9)");
    world.now += ANSHIN_LOGIN_CODE_PAUSE;
    (void)anshin_login_code_send(world_op(&world), "ot1", stamp, 1);
    code = mailed_code();
    world.now += ANSHIN_LOGIN_CODE_LIFE;
    r = check(stamp, code, &rv);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "and for a short time (LOG-7)");
    world.now += ANSHIN_KEEP_TOKEN + apr_time_from_sec(60);
    while (more) {
        ok(anshin_expiry_take(world_op(&world), 100, is_code, &found, &taken, &more) == APR_SUCCESS, "what is over");
    }
    ok(found == 1, "is filed, so that housekeeping finds a code that nobody typed");
    world.now -= ANSHIN_KEEP_TOKEN + apr_time_from_sec(60);
}

/* What the app shows some steps from now. */
static const char *code_of(unsigned steps)
{
    static char code[7];

    (void)world.crypto->hotp(world.crypto->ctx, code, "12345678901234567890", 20,
                             (apr_uint64_t)(apr_time_sec(world.now) / 30) + steps);
    return code;
}

static int has_app(void)
{
    anshin_account_t account;

    return world_get(&world, &anshin_record_account, "p-01/ot1", &account) == APR_SUCCESS && account.totp_blob != NULL;
}

/* The server's clock was two hours ahead, codes were used, and it is set right: codes of now open, none does twice. */
static void test_wrong_clock(void)
{
    apr_time_t right_at = world.now + apr_time_from_sec(90), ahead = right_at + apr_time_from_sec(7200);
    anshin_login_result_t r;
    apr_status_t rv;

    world.now = ahead;
    r = check(stamp_of(), code_of(0), &rv);
    ok(r.outcome == ANSHIN_LOGIN_OK, "a clock that is ahead takes its codes");
    world.now = right_at;
    r = check(stamp_of(), code_of(0), &rv);
    ok(r.outcome == ANSHIN_LOGIN_OK, "set right, it takes those of now (S25)");
    r = check(stamp_of(), code_of(0), &rv);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "each once (S25)");
    world.now = ahead;
    r = check(stamp_of(), code_of(0), &rv);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "and the code of then is used up when its time comes (S25)");
    r = check(stamp_of(), code_of(1), &rv);
    ok(r.outcome == ANSHIN_LOGIN_OK, "the next is none of them");
    for (int i = 0; i < 20; i++) {
        world.now += apr_time_from_sec(60);
        r = check(stamp_of(), code_of(0), &rv);
        if (r.outcome != ANSHIN_LOGIN_OK || check(stamp_of(), code_of(0), &rv).outcome != ANSHIN_LOGIN_WRONG) {
            ok(0, "code %d of many", i);
        }
    }
    world.now = right_at + apr_time_from_sec(60);
    r = check(stamp_of(), code_of(0), &rv);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "what may have been used and is forgotten is not taken (S25)");
    world.now = ahead + apr_time_from_sec(21 * 60);
    r = check(stamp_of(), code_of(0), &rv);
    ok(r.outcome == ANSHIN_LOGIN_OK, "time goes on");
    world.now = right_at;
}

static void test_totp(void)
{
    const char *secret, *uri;
    unsigned char bytes[] = "12345678901234567890"; /* RFC 6238 appendix B, SHA-1 */
    char code[7];
    const char *stamp = stamp_of();
    anshin_member_t member = people_member(&world, "ot1", ANSHIN_METHOD_OTP), other;
    anshin_login_result_t r;
    anshin_crypto_t *crypto = world.crypto;
    apr_status_t rv;
    int right;

    ok(crypto->hotp(crypto->ctx, code, bytes, 20, 59 / 30) == APR_SUCCESS && same_text(code, "287082"),
       "the test vector of RFC 6238 (S25)");
    ok(crypto->hotp(crypto->ctx, code, bytes, 20, 1111111109 / 30) == APR_SUCCESS && same_text(code, "081804"),
       "and another, with its leading zero");
    ok(anshin_totp_secret(world_op(&world), &secret) == APR_SUCCESS && strlen(secret) == 32, "a secret of 160 bits");
    uri = anshin_totp_uri(world_op(&world), "ot1", SECRET);
    ok(strstr(uri, "otpauth://totp/p-01:ot1?secret=" SECRET "&issuer=p-01") == uri, "its URI for the app");
    world.contract.policy.title = "Intranet: sales:east:";
    uri = anshin_totp_uri(world_op(&world), "ot1", SECRET);
    ok(strstr(uri, "otpauth://totp/Intranet%20sales%20east:ot1?") == uri &&
           strstr(uri, "&issuer=Intranet%20sales%20east&") && strstr(uri, "%3A") == NULL,
       "a title with colons gives a name without, as the rule for these URIs has it");
    world.contract.policy.title = NULL;
    ok(anshin_totp_enrol(world_op(&world), &member, SECRET, "000000", &right) == APR_SUCCESS && !right,
       "a wrong code enrols nothing");
    ok(anshin_totp_enrol(world_op(&world), &member, "not base32!", "000000", &right) == ANSHIN_EINVALID && !right,
       "nor does a broken secret");
    ok(anshin_totp_enrol(world_op(&world), &member, SECRET, code_of(0), &right) == APR_SUCCESS && right,
       "the right one does");
    r = check(stamp, code_of(0), &rv);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "the code of the enrolment is used up (S25)");
    world.now += apr_time_from_sec(30);
    r = check(stamp, code_of(0), &rv);
    ok(r.outcome == ANSHIN_LOGIN_OK, "the next one opens (LOG-7)");
    r = check(stamp, code_of(0), &rv);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "no code is accepted twice (S25)");
    r = check(stamp, code_of(1), &rv);
    ok(r.outcome == ANSHIN_LOGIN_OK, "a clock half a minute ahead is taken (RFC 6238)");
    test_wrong_clock();
    member = people_member(&world, "ot1", ANSHIN_METHOD_OTP); /* the former one has ended by time */
    for (int i = 0; i < 5; i++) {
        r = check(stamp, code_of(3), &rv);
    }
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "one and a half is not; five failures lock (LCK-1)");
    ok(people_login(&world, "ot1", PEOPLE_PASSWORD, &people_no_peer, NULL).outcome == ANSHIN_LOGIN_LOCKED,
       "the account, so that the right password opens nothing either (LCK-2)");
    ok(people_alive(&world, &member), "failures at a login leave the sessions that run (LCK-2)");
    (void)anshin_account_unlock(world_op(&world), "ot1");
    member = people_member(&world, "ot1", ANSHIN_METHOD_OTP);
    other = people_member(&world, "ot1", ANSHIN_METHOD_OTP);
    ok(anshin_sessions_close(world_op(&world), "ot1", other.key, member.key, NULL) == APR_SUCCESS &&
           anshin_totp_remove(world_op(&world), &other) == ANSHIN_EDENIED &&
           anshin_totp_enrol(world_op(&world), &other, SECRET, code_of(0), &right) == ANSHIN_EDENIED,
       "a session that has ended removes no app and enrols none (S16)");
    ok(anshin_sessions_close(world_op(&world), "ot1", NULL, other.key, NULL) == ANSHIN_EDENIED && has_app() &&
           people_alive(&world, &member),
       "nor does it end others (S17)");
    ok(anshin_totp_remove(world_op(&world), &member) == APR_SUCCESS && !has_app(), "the app is removed");
    world.now += apr_time_from_sec(120);
    r = check(stamp, code_of(0), &rv);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "then its codes are none");
}

/* A code that was mailed, crossed with what the account has become meanwhile: it opens for the active one alone. */
static void test_states(void)
{
    static const struct {
        int state; /* -1: deleted; -2: deleted, and the ID is somebody else's */
        const char *what;
    } cases[] = {
        {ANSHIN_ACCOUNT_LOCKED, "locked"},
        {ANSHIN_ACCOUNT_DISABLED, "disabled"},
        {ANSHIN_ACCOUNT_PENDING, "invited"},
        {ANSHIN_ACCOUNT_ACTIVE, "active"},
        {-1, "deleted"},
        {-2, "another's by now"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *stamp, *code;
        anshin_account_t account;
        anshin_login_result_t r;
        apr_status_t rv;

        world.now += ANSHIN_LOGIN_CODE_PAUSE;
        stamp = stamp_of();
        ok(anshin_login_code_send(world_op(&world), "ot1", stamp, 1) == APR_SUCCESS, "a code is mailed");
        code = mailed_code();
        (void)world_get(&world, &anshin_record_account, "p-01/ot1", &account);
        if (cases[i].state >= 0) {
            account.state = cases[i].state;
            world_put(&world, &anshin_record_account, "p-01/ot1", &account);
        } else {
            ok(anshin_account_delete(world_op(&world), "ot1") == APR_SUCCESS, "deleted");
        }
        if (cases[i].state == -2) {
            (void)people_register(&world, "ot1", ANSHIN_METHOD_OTP);
        }
        r = check(stamp, code, &rv);
        ok((rv == APR_SUCCESS && r.outcome == ANSHIN_LOGIN_OK) == (cases[i].state == ANSHIN_ACCOUNT_ACTIVE),
           "the right code of an account that is %s (S16, S38)", cases[i].what);
        ok(cases[i].state == ANSHIN_ACCOUNT_ACTIVE ||
               anshin_login_code_send(world_op(&world), "ot1", stamp, 1) != APR_SUCCESS,
           "nor is another one sent");
        account.state = ANSHIN_ACCOUNT_ACTIVE;
        if (cases[i].state >= 0) {
            world_put(&world, &anshin_record_account, "p-01/ot1", &account);
        } else if (cases[i].state == -1) {
            (void)people_register(&world, "ot1", ANSHIN_METHOD_OTP);
        }
    }
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    world_open(&world, &anshin_store_mem, NULL, pool);
    people_contract(&world, ANSHIN_PRESET_CLASSIC);
    world.contract.policy.methods |= 1 << ANSHIN_METHOD_OTP;
    (void)people_register(&world, "ot1", ANSHIN_METHOD_OTP);
    test_mailed();
    test_totp();
    test_states();
    apr_pool_destroy(pool);
    return done();
}
