/* core/login/login_code.c, totp.c: the second factor. */
#include "core/context/expiry.h"
#include "core/context/flow.h"
#include "core/login/totp.h"
#include "core/login/login_code.h"
#include "core/login/logout.h"
#include "core/admin/operator.h"
#include "unit/users.h"

#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" /* RFC 6238 appendix B, SHA-1: "1234567890" twice */

static fixture_t fixture;

static const char *mailed_code(void)
{
    return users_mailed_code(&fixture, "login-code");
}

static anshin_login_result_t check(const char *step_token, const char *code, apr_status_t *status)
{
    anshin_login_facts_t facts = {"ot1", "", &users_no_peer, NULL, NULL, 0};
    anshin_login_result_t r;

    *status = anshin_login_code_check(fixture_op(&fixture), &facts, step_token, code, &r);
    return r;
}

static const char *stamp_of(void)
{
    anshin_login_result_t r = users_login(&fixture, "ot1", USERS_PASSWORD, &users_no_peer, NULL);

    return r.outcome == ANSHIN_LOGIN_NEED_CODE && !r.session_id ? r.step_token : "";
}

static apr_status_t is_code(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *key)
{
    (void)op;
    (void)txn;
    *(int *)baton |= strcmp(key, "login-code/p-01/ot1") == 0;
    return APR_SUCCESS;
}

static apr_time_t unconfirmed(void)
{
    anshin_terminal_t terminal = {.unconfirmed_at = -1};

    (void)fixture_get(&fixture, &anshin_record_terminal, "p-01/ot1/1", &terminal);
    return terminal.unconfirmed_at;
}

static void set_unconfirmed(apr_time_t at)
{
    anshin_terminal_t terminal;

    (void)fixture_get(&fixture, &anshin_record_terminal, "p-01/ot1/1", &terminal);
    terminal.unconfirmed_at = at;
    fixture_put(&fixture, &anshin_record_terminal, "p-01/ot1/1", &terminal);
}

static void test_mailed(void)
{
    const char *step_token = stamp_of(), *code;
    anshin_code_ways_t ways;
    anshin_login_result_t r;
    apr_status_t status;
    int found = 0;

    ok(*step_token, "the right password asks for a code and opens nothing (LOG-7)");
    ok(anshin_login_code_ways(fixture_op(&fixture), "ot1", step_token, &ways) == APR_SUCCESS &&
           ways.terminals->nelts == 1 && !ways.app && ways.sent == 0 &&
           same_text(APR_ARRAY_IDX(ways.terminals, 0, anshin_code_way_t).address, "t***o@example.jp"),
       "the terminals are offered, their addresses masked");
    ok(anshin_login_code_ways(fixture_op(&fixture), "ot1", "forged", &ways) == ANSHIN_EDENIED,
       "only to who knows the password (S29)");
    ok(anshin_login_code_send(fixture_op(&fixture), "ot1", step_token, 5) == ANSHIN_ENOTFOUND, "no terminal 5");
    ok(anshin_login_code_send(fixture_op(&fixture), "ot1", step_token, 1) == APR_SUCCESS, "a code is mailed");
    ok(anshin_login_code_send(fixture_op(&fixture), "ot1", step_token, 1) == ANSHIN_ECONFLICT, "not two at once");
    ok(anshin_login_code_ways(fixture_op(&fixture), "ot1", step_token, &ways) == APR_SUCCESS && ways.sent == 1 &&
           ways.until > fixture_op(&fixture)->now && ways.until <= fixture_op(&fixture)->now + ANSHIN_LOGIN_CODE_LIFE,
       "U24: where it was sent is known as long as it counts");
    code = mailed_code();
    ok(strlen(code) == 6, "of six digits");
    r = check(step_token, code[0] == '0' ? "111111" : "000000", &status);
    ok(status == APR_SUCCESS && r.outcome == ANSHIN_LOGIN_WRONG && r.remaining == 4,
       "a wrong code is counted (LOG-7, LCK-1)");
    r = check("forged", code, &status);
    ok(status == ANSHIN_EDENIED, "the code alone opens nothing (S29)");
    set_unconfirmed(fixture.now);
    r = check(step_token, apr_psprintf(fixture.pool, "%.3s %s", code, code + 3), &status);
    ok(status == APR_SUCCESS && r.outcome == ANSHIN_LOGIN_OK && r.session_id,
       "the right one opens, typed with a space");
    ok(unconfirmed() == 0, "S40: and shows that the mailbox is the user's");
    r = check(step_token, code, &status);
    ok(status == APR_SUCCESS && r.outcome == ANSHIN_LOGIN_WRONG, "it works once (S9)");
    fixture.now += ANSHIN_LOGIN_CODE_PAUSE;
    (void)anshin_login_code_send(fixture_op(&fixture), "ot1", step_token, 1);
    code = mailed_code();
    fixture.now += ANSHIN_LOGIN_CODE_LIFE;
    r = check(step_token, code, &status);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "and for a short time (LOG-7)");
    fixture.now += ANSHIN_KEEP_TOKEN + apr_time_from_sec(60);
    while (anshin_expiry_take(fixture_op(&fixture), &anshin_record_token, is_code, &found) == APR_SUCCESS) {}
    ok(found == 1, "is filed, so that housekeeping finds a code that nobody typed");
    fixture.now -= ANSHIN_KEEP_TOKEN + apr_time_from_sec(60);
}

static apr_status_t check_in_flow(anshin_flow_t *flow, const char *code, anshin_login_result_t *r)
{
    const anshin_login_facts_t facts = {"ot1", "", &users_no_peer, NULL, NULL, 0};
    anshin_op_t *op = fixture_op(&fixture);

    op->flow = flow;
    return anshin_login_code_check(op, &facts, flow->token, code, r);
}

/* Two copies of one form arrive at once: both have found the flow before either was carried out. */
static void test_sent_twice(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    const char *code;
    anshin_flow_t flow, other;
    anshin_login_result_t r;
    anshin_txn_t *txn;

    fixture.now += ANSHIN_LOGIN_CODE_PAUSE;
    ok(anshin_flow_start(op, &flow, ANSHIN_FLOW_LOGIN, "ot1") == APR_SUCCESS, "a login's flow");
    flow.token = stamp_of();
    op->flow = &flow;
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    ok(anshin_txn_end(txn, anshin_flow_reach(op, txn, ANSHIN_STAGE_OPENED, "ot1", 0), ANSHIN_DURABLE) == APR_SUCCESS,
       "stands before the code page");
    (void)anshin_login_code_send(fixture_op(&fixture), "ot1", flow.token, 1);
    code = mailed_code();
    other = flow;
    ok(check_in_flow(&flow, code, &r) == APR_SUCCESS && r.outcome == ANSHIN_LOGIN_OK, "one form logs in");
    ok(check_in_flow(&other, code, &r) == ANSHIN_EDENIED && other.stage == ANSHIN_STAGE_OPENED,
       "the other is no second attempt, and no wrong code (FLO-2, LOG-7)");
    ok(anshin_flow_find(fixture_op(&fixture), &other) == APR_SUCCESS && other.stage == ANSHIN_STAGE_RESULT,
       "but finds where the first has brought it");
    r = check(other.token, "000000", &(apr_status_t){0});
    ok(r.outcome == ANSHIN_LOGIN_WRONG && r.remaining == 4, "nothing was counted for it (LCK-1)");
}

/* What the app shows some steps from now. */
static const char *code_of(unsigned steps)
{
    static char code[7];

    (void)fixture.crypto->hotp(fixture.crypto->ctx, code, "12345678901234567890", 20,
                               (apr_uint64_t)(apr_time_sec(fixture.now) / 30) + steps);
    return code;
}

static int has_app(void)
{
    anshin_account_t account;

    return fixture_get(&fixture, &anshin_record_account, "p-01/ot1", &account) == APR_SUCCESS &&
           account.totp_blob != NULL;
}

/* The server's clock was two hours ahead, codes were used, and it is set right: codes of now open, none does twice. */
static void test_wrong_clock(void)
{
    apr_time_t right_at = fixture.now + apr_time_from_sec(90), ahead = right_at + apr_time_from_sec(7200);
    anshin_login_result_t r;
    apr_status_t status;

    fixture.now = ahead;
    r = check(stamp_of(), code_of(0), &status);
    ok(r.outcome == ANSHIN_LOGIN_OK, "a clock that is ahead takes its codes");
    fixture.now = right_at;
    r = check(stamp_of(), code_of(0), &status);
    ok(r.outcome == ANSHIN_LOGIN_OK, "set right, it takes those of now (S25)");
    r = check(stamp_of(), code_of(0), &status);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "each once (S25)");
    fixture.now = ahead;
    r = check(stamp_of(), code_of(0), &status);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "and the code of then is used up when its time comes (S25)");
    r = check(stamp_of(), code_of(1), &status);
    ok(r.outcome == ANSHIN_LOGIN_OK, "the next is none of them");
    for (int i = 0; i < 20; i++) {
        fixture.now += apr_time_from_sec(60);
        r = check(stamp_of(), code_of(0), &status);
        if (r.outcome != ANSHIN_LOGIN_OK || check(stamp_of(), code_of(0), &status).outcome != ANSHIN_LOGIN_WRONG) {
            ok(0, "code %d of many", i);
        }
    }
    fixture.now = right_at + apr_time_from_sec(60);
    r = check(stamp_of(), code_of(0), &status);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "what may have been used and is forgotten is not taken (S25)");
    fixture.now = ahead + apr_time_from_sec(21 * 60);
    r = check(stamp_of(), code_of(0), &status);
    ok(r.outcome == ANSHIN_LOGIN_OK, "time goes on");
    fixture.now = right_at;
}

static void test_totp(void)
{
    const char *secret, *uri;
    unsigned char bytes[] = "12345678901234567890"; /* RFC 6238 appendix B, SHA-1 */
    char code[7];
    const char *step_token = stamp_of();
    anshin_member_t member = users_member(&fixture, "ot1", ANSHIN_METHOD_OTP), other;
    anshin_login_result_t r;
    anshin_crypto_t *crypto = fixture.crypto;
    apr_status_t status;
    int right;

    ok(crypto->hotp(crypto->ctx, code, bytes, 20, 59 / 30) == APR_SUCCESS && same_text(code, "287082"),
       "the test vector of RFC 6238 (S25)");
    ok(crypto->hotp(crypto->ctx, code, bytes, 20, 1111111109 / 30) == APR_SUCCESS && same_text(code, "081804"),
       "and another, with its leading zero");
    ok(anshin_totp_secret(fixture_op(&fixture), &secret) == APR_SUCCESS && strlen(secret) == 32,
       "a secret of 160 bits");
    uri = anshin_totp_uri(fixture_op(&fixture), "ot1", SECRET);
    ok(strstr(uri, "otpauth://totp/p-01:ot1?secret=" SECRET "&issuer=p-01") == uri, "its URI for the app");
    fixture.contract.policy.title = fixture_text(&fixture, "Intranet: sales:east:");
    uri = anshin_totp_uri(fixture_op(&fixture), "ot1", SECRET);
    ok(strstr(uri, "otpauth://totp/Intranet%20sales%20east:ot1?") == uri &&
           strstr(uri, "&issuer=Intranet%20sales%20east&") && strstr(uri, "%3A") == NULL,
       "a title with colons gives a name without, as the rule for these URIs has it");
    fixture.contract.policy.title = NULL;
    ok(anshin_totp_enrol(fixture_op(&fixture), &member, SECRET, "000000", &right) == APR_SUCCESS && !right,
       "a wrong code enrols nothing");
    ok(anshin_totp_enrol(fixture_op(&fixture), &member, "not base32!", "000000", &right) == ANSHIN_EINVALID && !right,
       "nor does a broken secret");
    ok(anshin_totp_enrol(fixture_op(&fixture), &member, SECRET, code_of(0), &right) == APR_SUCCESS && right,
       "the right one does");
    r = check(step_token, code_of(0), &status);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "the code of the enrolment is used up (S25)");
    fixture.now += apr_time_from_sec(30);
    r = check(step_token, code_of(0), &status);
    ok(r.outcome == ANSHIN_LOGIN_OK, "the next one opens (LOG-7)");
    r = check(step_token, code_of(0), &status);
    ok(r.outcome == ANSHIN_LOGIN_WRONG, "no code is accepted twice (S25)");
    r = check(step_token, code_of(1), &status);
    ok(r.outcome == ANSHIN_LOGIN_OK, "a clock half a minute ahead is taken (RFC 6238)");
    test_wrong_clock();
    member = users_member(&fixture, "ot1", ANSHIN_METHOD_OTP); /* the former one has ended by time */
    for (int i = 0; i < 5; i++) {
        r = check(step_token, code_of(3), &status);
    }
    ok(r.outcome == ANSHIN_LOGIN_LOCKED, "one and a half is not; five failures lock (LCK-1)");
    ok(users_login(&fixture, "ot1", USERS_PASSWORD, &users_no_peer, NULL).outcome == ANSHIN_LOGIN_LOCKED,
       "the account, so that the right password opens nothing either (LCK-2)");
    ok(users_alive(&fixture, &member), "failures at a login leave the sessions that run (LCK-2)");
    ok(users_tell_locks(&fixture) == 1 &&
           strstr(users_mailed_text(&fixture, "locked"), "\nワンタイムパスワードの誤りが続いたため") != NULL,
       "U29: the mail tells that it was by codes");
    (void)anshin_account_unlock(fixture_op(&fixture), "ot1");
    member = users_member(&fixture, "ot1", ANSHIN_METHOD_OTP);
    other = users_member(&fixture, "ot1", ANSHIN_METHOD_OTP);
    ok(anshin_sessions_end(fixture_op(&fixture), "ot1", &(anshin_session_match_t){.key = other.key}, member.key,
                           NULL) == APR_SUCCESS &&
           anshin_totp_remove(fixture_op(&fixture), &other) == ANSHIN_EDENIED &&
           anshin_totp_enrol(fixture_op(&fixture), &other, SECRET, code_of(0), &right) == ANSHIN_EDENIED,
       "a session that has ended removes no app and enrols none (S16)");
    ok(anshin_sessions_end(fixture_op(&fixture), "ot1", &(anshin_session_match_t){.except = other.key}, other.key,
                           NULL) == ANSHIN_EDENIED &&
           has_app() && users_alive(&fixture, &member),
       "nor does it end others (S17)");
    ok(anshin_totp_remove(fixture_op(&fixture), &member) == APR_SUCCESS && !has_app(), "the app is removed");
    fixture.now += apr_time_from_sec(120);
    r = check(step_token, code_of(0), &status);
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
        const char *step_token, *code;
        anshin_account_t account;
        anshin_login_result_t r;
        apr_status_t status;

        fixture.now += ANSHIN_LOGIN_CODE_PAUSE;
        step_token = stamp_of();
        ok(anshin_login_code_send(fixture_op(&fixture), "ot1", step_token, 1) == APR_SUCCESS, "a code is mailed");
        code = mailed_code();
        (void)fixture_get(&fixture, &anshin_record_account, "p-01/ot1", &account);
        if (cases[i].state >= 0) {
            account.state = cases[i].state;
            fixture_put(&fixture, &anshin_record_account, "p-01/ot1", &account);
        } else {
            ok(anshin_account_delete(fixture_op(&fixture), "ot1") == APR_SUCCESS, "deleted");
        }
        if (cases[i].state == -2) {
            (void)users_register(&fixture, "ot1", ANSHIN_METHOD_OTP);
        }
        r = check(step_token, code, &status);
        ok((status == APR_SUCCESS && r.outcome == ANSHIN_LOGIN_OK) == (cases[i].state == ANSHIN_ACCOUNT_ACTIVE),
           "the right code of an account that is %s (S16, S38)", cases[i].what);
        ok(cases[i].state == ANSHIN_ACCOUNT_ACTIVE ||
               anshin_login_code_send(fixture_op(&fixture), "ot1", step_token, 1) != APR_SUCCESS,
           "nor is another one sent");
        account.state = ANSHIN_ACCOUNT_ACTIVE;
        if (cases[i].state >= 0) {
            fixture_put(&fixture, &anshin_record_account, "p-01/ot1", &account);
        } else if (cases[i].state == -1) {
            (void)users_register(&fixture, "ot1", ANSHIN_METHOD_OTP);
        }
    }
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    fixture.contract.policy.methods |= 1 << ANSHIN_METHOD_OTP;
    (void)users_register(&fixture, "ot1", ANSHIN_METHOD_OTP);
    test_mailed();
    test_sent_twice();
    test_totp();
    test_states();
    apr_pool_destroy(pool);
    return done();
}
