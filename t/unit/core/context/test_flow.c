/*
 * Flows and CSRF tokens: what was sealed comes back, nothing else does, and the store alone says how far a flow is.
 */
#include <ctype.h>

#include <apr_encode.h>

#include "core/account/account.h"
#include "core/context/flow.h"
#include "core/web/csrf.h"
#include "core/base/address.h"
#include "unit/tap.h"
#include "unit/fixture.h"

#define TOKEN "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_9"
#define BROWSER "bbbbbbbbbbBBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_9"
#define OTHER_BROWSER "xbbbbbbbbbBBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_9"

static fixture_t fixture;

static void begin(anshin_op_t *op)
{
    anshin_op_init(op, &fixture.env, &fixture.contract, &(anshin_actor_t){.address = "192.0.2.1"}, fixture.pool);
}

static void test_token_form(void)
{
    ok(anshin_flow_token_valid(TOKEN), "43 signs of base64url are a token");
    ok(!anshin_flow_token_valid(""), "nothing is none");
    ok(!anshin_flow_token_valid(TOKEN "A"), "a longer text is none");
    ok(!anshin_flow_token_valid("AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_\n"), "no line end (S27)");
    ok(!anshin_flow_token_valid("AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_;"),
       "no sign that a cookie divides at (S27)");
}

/* A flow of this kind with its sealed text; stays where it is. */
static const char *sealed_flow(anshin_op_t *op, anshin_flow_t *flow, anshin_flow_kind_t kind, const char *user)
{
    const char *text = NULL;

    begin(op);
    if (anshin_flow_start(op, flow, kind, user) != APR_SUCCESS ||
        anshin_flow_seal(op, flow, BROWSER, &text) != APR_SUCCESS) {
        printf("# %s %s\n", op->error.id, op->error.text);
    }
    return text;
}

/* The step of a verb: one transaction in which op->flow comes to a stage. */
static apr_status_t reach(anshin_op_t *op, anshin_flow_t *flow, anshin_flow_stage_t stage, const char *user)
{
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    apr_status_t status;

    op->flow = flow;
    status = anshin_txn_end(txn, anshin_flow_reach(op, txn, stage, user, 2), ANSHIN_DURABLE);
    op->flow = NULL;
    return status;
}

static void test_round(void)
{
    anshin_op_t op;
    anshin_flow_t flow, second, back;
    const char *text;

    begin(&op);
    ok(anshin_flow_start(&op, &flow, ANSHIN_FLOW_REGISTER, "") == APR_SUCCESS && anshin_flow_id_valid(flow.id),
       "a flow has an id");
    flow.token = TOKEN;
    ok(anshin_flow_note(&op, &flow, json_pack("{s:s, s:i}", "address", "a \"b\"@example.jp", "number", 7)) ==
           APR_SUCCESS,
       "and a note");
    ok(anshin_flow_seal(&op, &flow, BROWSER, &text) == APR_SUCCESS, "it is sealed (S9)");
    ok(strlen(text) <= ANSHIN_FLOW_TEXT_MAX && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                                            "0123456789-_") == strlen(text),
       "into signs that a cookie takes");
    ok(strstr(text, "AAAAAAAAAABBBB") == NULL, "which do not show the token");
    ok(anshin_flow_unseal(&op, text, flow.id, BROWSER, &back) == APR_SUCCESS, "and unsealed");
    ok(back.kind == ANSHIN_FLOW_REGISTER && same_text(back.token, TOKEN) && same_text(back.secret, "") &&
           same_text(back.nonce, flow.nonce) && back.expires_at == flow.expires_at,
       "with everything in it");
    ok(same_text(anshin_flow_text(&back, "address"), "a \"b\"@example.jp") && anshin_flow_number(&back, "number") == 7,
       "the note among it");
    ok(same_text(anshin_flow_text(&back, "number"), "") && anshin_flow_number(&back, "kind") == 0,
       "which has nothing else to tell");
    begin(&op);
    anshin_flow_start(&op, &second, ANSHIN_FLOW_REGISTER, "");
    ok(strcmp(second.id, flow.id) != 0 && strcmp(second.nonce, flow.nonce) != 0, "each flow has its own id and nonce");
    for (int i = 0; i < 20; i++) {
        const char *before = second.id;
        fixture.now += apr_time_from_msec(1);
        begin(&op);
        anshin_flow_start(&op, &second, ANSHIN_FLOW_REGISTER, "");
        ok(strcmp(second.id, before) > 0, "one of a millisecond later sorts behind");
    }
    memset(&second, 'x', sizeof(second));
    ok(anshin_flow_note(&op, &flow, NULL) == ANSHIN_EFAULT, "no memory for a note is a fault");
    anshin_flow_note(&op, &flow, json_pack("{s:s}", "a", apr_pstrcat(op.pool, text, text, text, NULL)));
    ok(anshin_flow_seal(&op, &flow, BROWSER, &text) == ANSHIN_EINVALID,
       "a note that fits no cookie is refused (FLO-2)");
}

/* The largest that a page of ours makes: four of them and all other cookies stay below 3 KiB (FLO-2). */
static void test_size(void)
{
    char address[ANSHIN_ADDRESS_MAX + 1], user[ANSHIN_USER_MAX + 1];
    anshin_flow_t flow;
    const char *text = "";
    anshin_op_t op;

    begin(&op);
    memset(address, 'a', ANSHIN_ADDRESS_MAX);
    memset(user, 'u', ANSHIN_USER_MAX);
    address[ANSHIN_ADDRESS_MAX] = user[ANSHIN_USER_MAX] = '\0';
    anshin_flow_start(&op, &flow, ANSHIN_FLOW_TERMINAL, user);
    anshin_flow_note(
        &op, &flow,
        json_pack("{s:i, s:I, s:i, s:s}", "action", 1, "number", (json_int_t)1000000, "kind", 2, "address", address));
    ok(anshin_flow_seal(&op, &flow, BROWSER, &text) == APR_SUCCESS, "the longest address and user ID fit: %d",
       (int)strlen(text));
}

static void test_refused_flows(void)
{
    anshin_op_t op;
    anshin_flow_t flow, back;
    const char *text = sealed_flow(&op, &flow, ANSHIN_FLOW_REGISTER, "");
    char *changed;
    apr_size_t i;
    int denied = 0;

    ok(anshin_flow_unseal(&op, NULL, flow.id, BROWSER, &back) == ANSHIN_EDENIED, "no cookie is no flow");
    ok(back.token == NULL, "and nothing of it comes out");
    ok(anshin_flow_unseal(&op, "", flow.id, BROWSER, &back) == ANSHIN_EDENIED, "nor is an empty one");
    ok(anshin_flow_unseal(&op, "!!!!", flow.id, BROWSER, &back) == ANSHIN_EDENIED, "nor one that is not base64url");
    ok(anshin_flow_unseal(&op, TOKEN, flow.id, BROWSER, &back) == ANSHIN_EDENIED, "nor what nobody sealed");
    changed = apr_palloc(fixture.pool, 5000);
    memset(changed, 'A', 4999);
    changed[4999] = '\0';
    ok(anshin_flow_unseal(&op, changed, flow.id, BROWSER, &back) == ANSHIN_EDENIED, "nor one too long (S32)");
    for (i = 0; i + 1 < strlen(text); i++) { /* the last sign of base64url may hold bits that say nothing */
        changed = apr_pstrdup(fixture.pool, text);
        changed[i] = isupper((unsigned char)changed[i]) ? 'a' : 'A';
        denied += anshin_flow_unseal(&op, changed, flow.id, BROWSER, &back) == ANSHIN_EDENIED;
    }
    ok(denied == (int)strlen(text) - 1 && denied > 100, "every change of one of its %d signs is noticed (S29)", denied);
    ok(anshin_flow_unseal(&op, text, flow.id, OTHER_BROWSER, &back) == ANSHIN_EDENIED,
       "not in another browser (FLO-1)");
    ok(anshin_flow_unseal(&op, text, "0123456789abcdef", BROWSER, &back) == ANSHIN_EDENIED,
       "not under another flow's id (FLO-1)");
    ok(anshin_flow_unseal(&op, text, "", BROWSER, &back) == ANSHIN_EDENIED, "nor under none");
    ok(op.error.status == APR_SUCCESS, "a denial is an answer, not a failure");
    fixture.contract.name = "p-02";
    ok(anshin_flow_unseal(&op, text, flow.id, BROWSER, &back) == ANSHIN_EDENIED, "not in another contract (CON-1)");
    fixture.contract.name = "p-01";
    fixture.now = flow.expires_at - 1;
    begin(&op);
    ok(anshin_flow_unseal(&op, text, flow.id, BROWSER, &back) == APR_SUCCESS &&
           anshin_flow_find(&op, &back) == APR_SUCCESS,
       "good until its time");
    fixture.now = flow.expires_at;
    begin(&op);
    ok(anshin_flow_find(&op, &back) == ANSHIN_EDENIED, "and not a moment longer (S9)");
}

/* The store alone says how far a flow has come. */
static void test_progress(void)
{
    anshin_op_t op;
    anshin_flow_t flow, back;
    const char *text = sealed_flow(&op, &flow, ANSHIN_FLOW_TERMINAL, "taro");

    anshin_flow_unseal(&op, text, flow.id, BROWSER, &back);
    ok(anshin_flow_find(&op, &back) == APR_SUCCESS && back.stage == ANSHIN_STAGE_OPENED,
       "a flow begins without a record");
    ok(fixture_count(&fixture, &anshin_record_progress) == 0, "which costs the store nothing (COST-1)");
    ok(reach(&op, &back, ANSHIN_STAGE_RESULT, "taro") == APR_SUCCESS, "its step is carried out");
    anshin_flow_unseal(&op, text, flow.id, BROWSER, &back);
    ok(anshin_flow_find(&op, &back) == APR_SUCCESS && back.stage == ANSHIN_STAGE_RESULT && back.terminal == 2 &&
           back.reached == op.now,
       "the very same cookie tells then that it was (S29)");
    back.stage = ANSHIN_STAGE_OPENED;
    ok(reach(&op, &back, ANSHIN_STAGE_RESULT, "taro") == ANSHIN_EDENIED,
       "and it is not carried out again (FLO-2, S29)");
    ok(reach(&op, &back, ANSHIN_STAGE_OPENED, "taro") == ANSHIN_EDENIED, "nor brought back");
    ok(anshin_flow_end(&op, &back) == APR_SUCCESS && anshin_flow_find(&op, &back) == APR_SUCCESS &&
           back.stage == ANSHIN_STAGE_ENDED,
       "the person has seen the result: a mark in the store ends it (SEC-1)");
    fixture.now = op.now + ANSHIN_FLOW_RESULT_LIFE;
    begin(&op);
    ok(anshin_flow_find(&op, &back) == ANSHIN_EDENIED, "ten minutes later nothing of it is left to look at (SEC-1)");
    ok(flow.expires_at > op.now, "though its cookie could have begun it until later");
    begin(&op);
    fixture.contract.name = "p-02";
    back = flow;
    ok(anshin_flow_find(&op, &back) == APR_SUCCESS && back.stage == ANSHIN_STAGE_OPENED,
       "another contract knows nothing of it (CON-1)");
    fixture.contract.name = "p-01";
    sealed_flow(&op, &flow, ANSHIN_FLOW_DOWNLOAD, "");
    ok(anshin_flow_end(&op, &flow) == ANSHIN_EDENIED, "what has not begun cannot be ended");
    ok(reach(&op, &flow, ANSHIN_STAGE_FETCHED, "taro") == APR_SUCCESS &&
           reach(&op, &flow, ANSHIN_STAGE_FETCHED, "taro") == APR_SUCCESS,
       "a file may be fetched more than once");
}

typedef struct theft_t {
    anshin_op_t *op;
    int tried, taken;
} theft_t;

/* With a key of the store for its nonce, as a thief of the store would. */
static apr_status_t builder(void *baton, const char *key, const void *record)
{
    const anshin_progress_t *progress = record;
    theft_t *theft = baton;
    const char *parts[] = {apr_pstrndup(theft->op->pool, key, 32), key + 32, progress->user, progress->stamp};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        anshin_flow_t flow, back;
        const char *text;

        anshin_flow_start(theft->op, &flow, ANSHIN_FLOW_LOGIN, "taro");
        flow.token = progress->stamp != NULL ? progress->stamp : "";
        if (parts[i] != NULL && strspn(parts[i], "0123456789abcdef") >= 32) {
            flow.nonce = apr_pstrndup(theft->op->pool, parts[i], 32);
        }
        flow.stage = ANSHIN_STAGE_CODE_OK;
        if (anshin_flow_seal(theft->op, &flow, BROWSER, &text) == APR_SUCCESS &&
            anshin_flow_unseal(theft->op, text, flow.id, BROWSER, &back) == APR_SUCCESS) {
            theft->tried++;
            theft->taken += anshin_flow_find(theft->op, &back) != ANSHIN_EDENIED;
        }
    }
    return APR_SUCCESS;
}

/* Who reads seal key and store can seal what the person's browser has not (faults.md S-10). */
static void test_forged(void)
{
    anshin_op_t op;
    anshin_flow_t flow, back;
    theft_t theft = {&op, 0, 0};
    anshin_txn_t *txn;
    const char *text = sealed_flow(&op, &flow, ANSHIN_FLOW_LOGIN, "");

    anshin_flow_unseal(&op, text, flow.id, BROWSER, &back);
    ok(anshin_flow_find(&op, &back) == ANSHIN_EDENIED, "a login that the store has not begun is none (S39)");
    flow.token = "stamp-of-the-right-password";
    ok(reach(&op, &flow, ANSHIN_STAGE_CODE_OK, "taro") == APR_SUCCESS, "one that it has begun");
    ok(anshin_flow_find(&op, &back) == APR_SUCCESS && back.stage == ANSHIN_STAGE_CODE_OK &&
           same_text(back.user, "taro") && same_text(back.token, "stamp-of-the-right-password"),
       "is known by the browser's nonce, with user and stamp");
    txn = fixture_begin(&op, ANSHIN_TXN_READ);
    anshin_txn_each(txn, &anshin_record_progress, "", builder, &theft);
    anshin_txn_abort(txn);
    ok(theft.tried >= 4 && theft.taken == 0, "whatever is sealed of what the store tells, it opens nothing: %d (S39)",
       theft.tried);
    ok(reach(&op, &back, ANSHIN_STAGE_RESULT, "taro") == APR_SUCCESS && anshin_flow_find(&op, &back) == APR_SUCCESS &&
           back.stage == ANSHIN_STAGE_RESULT,
       "a session was opened: the login is over (S29)");
    theft.tried = fixture_count(&fixture, &anshin_record_progress);
    sealed_flow(&op, &flow, ANSHIN_FLOW_LOGIN, "");
    ok(reach(&op, &flow, ANSHIN_STAGE_RESULT, "taro") == APR_SUCCESS &&
           fixture_count(&fixture, &anshin_record_progress) == theft.tried,
       "a login without steps leaves nothing behind");
}

/* Nobody but us can seal, and what we seal has its members; it is looked at all the same. */
static void test_malformed_flows(void)
{
#define NONCE "\"n\":\"0123456789abcdef0123456789abcdef\""
    static const struct {
        const char *clear;
        const char *what;
    } cases[] = {
        {"{\"k\":1,\"e\":9000000000000000," NONCE ",\"u\":\"\",\"t\":\"\",\"s\":\"\"}", NULL},
        {"{\"k\":1,\"e\":9000000000000000," NONCE ",\"u\":\"\",\"t\":\"\"}", "a text too few"},
        {"{\"k\":1,\"e\":9000000000000000," NONCE ",\"u\":\"\",\"t\":\"\",\"s\":\"\",\"o\":[]}",
         "a note that is a list"},
        {"{\"k\":1," NONCE ",\"u\":\"\",\"t\":\"\",\"s\":\"\"}", "no time"},
        {"{\"k\":0,\"e\":9000000000000000," NONCE ",\"u\":\"\",\"t\":\"\",\"s\":\"\"}", "no kind"},
        {"{\"k\":99,\"e\":9000000000000000," NONCE ",\"u\":\"\",\"t\":\"\",\"s\":\"\"}", "a kind that is none"},
        {"{\"k\":1,\"e\":9000000000000000,\"n\":\"short\",\"u\":\"\",\"t\":\"\",\"s\":\"\"}", "a nonce too short"},
        {"{\"k\":1,\"e\":9000000000000000,\"n\":7,\"u\":\"\",\"t\":\"\",\"s\":\"\"}", "a nonce that is a number"},
        {"[]", "a list"},
        {"", "nothing"},
    };
    static const char id[] = "0123456789abcdef";
    const anshin_crypto_t *crypto = fixture.env.crypto;
    anshin_bytes_t sealed;
    anshin_flow_t back;
    anshin_op_t op;

    begin(&op);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text;
        apr_status_t status;

        crypto->seal(crypto->ctx, &sealed, "flow", apr_pstrcat(fixture.pool, "p-01/" BROWSER "/", id, NULL),
                     anshin_bytes_of(cases[i].clear), fixture.pool);
        text = apr_pencode_base64_binary(fixture.pool, sealed.data, (apr_ssize_t)sealed.length, APR_ENCODE_BASE64URL,
                                         NULL);
        status = anshin_flow_unseal(&op, text, id, BROWSER, &back);
        if (cases[i].what == NULL) {
            ok(status == APR_SUCCESS && back.kind == ANSHIN_FLOW_REGISTER, "sealed with all its members: a flow");
        } else {
            ok(status == ANSHIN_EFAULT && back.token == NULL, "sealed with %s: no flow", cases[i].what);
        }
    }
}

static void test_csrf(void)
{
    anshin_op_t op;
    const char *token;
    const char *again;
    char *changed;
    apr_size_t i;
    int denied = 0;

    begin(&op);
    ok(anshin_csrf_make(&op, BROWSER, "1234", &token) == APR_SUCCESS, "a token for a browser (S10)");
    ok(anshin_csrf_check(&op, BROWSER, token) == APR_SUCCESS, "which holds in that browser");
    ok(anshin_csrf_make(&op, BROWSER, "1234", &again) == APR_SUCCESS && strcmp(token, again) != 0,
       "each page has another");
    ok(anshin_csrf_check(&op, BROWSER, again) == APR_SUCCESS, "which holds as well");
    ok(anshin_csrf_check(&op, OTHER_BROWSER, token) == ANSHIN_EDENIED, "not in another browser (S10)");
    ok(anshin_csrf_check(&op, NULL, token) == ANSHIN_EDENIED, "not without a cookie");
    ok(anshin_csrf_check(&op, "", token) == ANSHIN_EDENIED, "not with an empty cookie");
    ok(anshin_csrf_check(&op, BROWSER, NULL) == ANSHIN_EDENIED, "no token");
    ok(anshin_csrf_check(&op, BROWSER, "") == ANSHIN_EDENIED, "an empty token");
    ok(anshin_csrf_check(&op, BROWSER, TOKEN) == ANSHIN_EDENIED, "a token of another length");
    ok(anshin_csrf_of(&op, token, "1234") == APR_SUCCESS, "it is of the user whose page it was (FLO-1)");
    ok(anshin_csrf_of(&op, token, "1235") == ANSHIN_EDENIED && anshin_csrf_of(&op, token, "") == ANSHIN_EDENIED &&
           anshin_csrf_of(&op, TOKEN, "1234") == ANSHIN_EDENIED,
       "of no other, and not of nobody");
    anshin_csrf_make(&op, BROWSER, "", &again);
    ok(anshin_csrf_check(&op, BROWSER, again) == APR_SUCCESS && anshin_csrf_of(&op, again, "") == APR_SUCCESS &&
           anshin_csrf_of(&op, again, "1234") == ANSHIN_EDENIED,
       "one of a page that nobody was logged in at is of nobody");
    for (i = 0; i < strlen(token); i++) {
        changed = apr_pstrdup(fixture.pool, token);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        denied += anshin_csrf_check(&op, BROWSER, changed) == ANSHIN_EDENIED;
        changed[i] = '=';
        denied += anshin_csrf_check(&op, BROWSER, changed) == ANSHIN_EDENIED;
    }
    ok(denied == 176, "every change of one of its 88 signs is noticed");
    while (strpbrk(token, "-_") == NULL) {
        anshin_csrf_make(&op, BROWSER, "1234", &token); /* most have one of them */
    }
    changed = apr_pstrdup(fixture.pool, token);
    changed[strcspn(token, "-_")] = changed[strcspn(token, "-_")] == '-' ? '+' : '/';
    ok(anshin_csrf_check(&op, BROWSER, changed) == ANSHIN_EDENIED, "a sign of the other base64 in its place as well");
    fixture.contract.name = "p-02";
    ok(anshin_csrf_check(&op, BROWSER, token) == ANSHIN_EDENIED, "not in another contract (CON-1)");
    fixture.contract.name = "p-01";
    ok(op.error.status == APR_SUCCESS, "a denial is an answer, not a failure");
}

static void test_origin(void)
{
    const char *own = "https://login.example.com:8443";

    ok(anshin_csrf_origin_allowed(own, NULL, NULL), "a client that sends neither header: the token decides");
    ok(anshin_csrf_origin_allowed(own, own, "same-origin"), "our own page (S10)");
    ok(anshin_csrf_origin_allowed(own, own, NULL), "our own page in a browser without Sec-Fetch-Site");
    ok(anshin_csrf_origin_allowed(own, NULL, "none"), "a reload by the person");
    ok(!anshin_csrf_origin_allowed(own, "https://login.example.com", NULL), "another port is another origin (S10)");
    ok(!anshin_csrf_origin_allowed(own, "http://login.example.com:8443", NULL), "another scheme too");
    ok(!anshin_csrf_origin_allowed(own, "https://login.example.com:8443.evil.example", NULL), "a longer name too");
    ok(!anshin_csrf_origin_allowed(own, "null", NULL), "an opaque origin is not ours");
    ok(!anshin_csrf_origin_allowed(own, "null", "none"), "nor where nobody sent the form");
    ok(!anshin_csrf_origin_allowed(own, "null", "cross-site"), "nor one of another site, in a sandbox for example");
    ok(anshin_csrf_origin_allowed(own, "null", "same-origin"), "S10: but one that a site-wide Referrer-Policy hid");
    ok(!anshin_csrf_origin_allowed(own, "", NULL), "nor is an empty one");
    ok(!anshin_csrf_origin_allowed(own, own, "cross-site"), "cross-site is refused whatever Origin says (S10)");
    ok(!anshin_csrf_origin_allowed(own, own, "same-site"), "a sister host is refused");
    ok(!anshin_csrf_origin_allowed(own, NULL, "unheard-of"), "a word that nobody defined is refused");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    fixture.contract.policy.flow_lifetime = apr_time_from_sec(1800);
    test_token_form();
    test_round();
    test_size();
    test_refused_flows();
    test_progress();
    test_forged();
    test_malformed_flows();
    test_csrf();
    test_origin();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
