/*
 * Flows and CSRF tokens: what was sealed comes back, nothing else does.
 */
#include <ctype.h>

#include <apr_encode.h>

#include "core/csrf.h"
#include "core/flow.h"
#include "tap.h"
#include "world.h"

#define TOKEN "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_9"
#define BROWSER "bbbbbbbbbbBBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_9"
#define OTHER_BROWSER "xbbbbbbbbbBBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_9"

static world_t world;

static void begin(anshin_op_t *op)
{
    anshin_op_init(op, &world.env, &world.contract, "192.0.2.1", world.pool);
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

static void test_round(void)
{
    anshin_op_t op;
    anshin_flow_t flow;
    anshin_flow_t back;
    const char *text;

    begin(&op);
    anshin_flow_start(&op, &flow, ANSHIN_FLOW_REGISTER, TOKEN);
    ok(anshin_flow_seal(&op, &flow, &text) == APR_SUCCESS, "a flow is sealed (S9)");
    ok(strlen(text) <= ANSHIN_FLOW_TEXT_MAX && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                                            "0123456789-_") == strlen(text),
       "into signs that a cookie takes");
    ok(strstr(text, "AAAAAAAAAABBBB") == NULL, "which do not show the token");
    ok(anshin_flow_unseal(&op, text, ANSHIN_FLOW_REGISTER, &back) == APR_SUCCESS, "and unsealed");
    ok(back.kind == ANSHIN_FLOW_REGISTER && back.stage == ANSHIN_STAGE_OPENED && same_text(back.token, TOKEN) &&
           same_text(back.secret, "") && back.expires_at == flow.expires_at,
       "with everything in it");
    anshin_flow_finish(&op, &flow, "d0wnload");
    ok(anshin_flow_seal(&op, &flow, &text) == APR_SUCCESS &&
           anshin_flow_unseal(&op, text, ANSHIN_FLOW_REGISTER, &back) == APR_SUCCESS,
       "a finished one too");
    ok(same_text(back.secret, "d0wnload") && same_text(back.token, "") && back.stage == ANSHIN_STAGE_RESULT,
       "which has forgotten its token and holds what is to be shown");
    flow.secret = "a\nb";
    ok(anshin_flow_seal(&op, &flow, &text) == ANSHIN_EINVALID, "a text of two lines is refused (S27)");
}

static void test_refused_flows(void)
{
    anshin_op_t op;
    anshin_flow_t flow;
    anshin_flow_t back;
    const char *text;
    char *changed;
    apr_size_t i;
    int denied = 0;

    begin(&op);
    anshin_flow_start(&op, &flow, ANSHIN_FLOW_REGISTER, TOKEN);
    anshin_flow_seal(&op, &flow, &text);
    ok(anshin_flow_unseal(&op, text, ANSHIN_FLOW_DOWNLOAD, &back) == ANSHIN_EDENIED,
       "not as another kind of flow (S29)");
    ok(back.token == NULL, "and nothing of it comes out");
    ok(anshin_flow_unseal(&op, NULL, ANSHIN_FLOW_REGISTER, &back) == ANSHIN_EDENIED, "no cookie is no flow");
    ok(anshin_flow_unseal(&op, "", ANSHIN_FLOW_REGISTER, &back) == ANSHIN_EDENIED, "nor an empty one");
    ok(anshin_flow_unseal(&op, "!!!!", ANSHIN_FLOW_REGISTER, &back) == ANSHIN_EDENIED, "nor one that is not base64url");
    ok(anshin_flow_unseal(&op, TOKEN, ANSHIN_FLOW_REGISTER, &back) == ANSHIN_EDENIED, "nor what nobody sealed");
    changed = apr_palloc(world.pool, 5000);
    memset(changed, 'A', 4999);
    changed[4999] = '\0';
    ok(anshin_flow_unseal(&op, changed, ANSHIN_FLOW_REGISTER, &back) == ANSHIN_EDENIED, "nor one too long (S32)");
    for (i = 0; i + 1 < strlen(text); i++) { /* the last sign of base64url may hold bits that say nothing */
        changed = apr_pstrdup(world.pool, text);
        changed[i] = isupper((unsigned char)changed[i]) ? 'a' : 'A';
        denied += anshin_flow_unseal(&op, changed, ANSHIN_FLOW_REGISTER, &back) == ANSHIN_EDENIED;
    }
    ok(denied == (int)strlen(text) - 1 && denied > 100, "every change of one of its %d signs is noticed (S29)", denied);
    ok(op.error.status == APR_SUCCESS, "a denial is an answer, not a failure");
    world.contract.name = "p-02";
    ok(anshin_flow_unseal(&op, text, ANSHIN_FLOW_REGISTER, &back) == ANSHIN_EDENIED, "not in another contract (CON-1)");
    world.contract.name = "p-01";
    world.now = flow.expires_at - 1;
    begin(&op);
    ok(anshin_flow_unseal(&op, text, ANSHIN_FLOW_REGISTER, &back) == APR_SUCCESS, "good until its time");
    world.now = flow.expires_at;
    begin(&op);
    ok(anshin_flow_unseal(&op, text, ANSHIN_FLOW_REGISTER, &back) == ANSHIN_EDENIED, "and not a moment longer (S9)");
}

/* Nobody but us can seal, and what we seal has four lines; it is looked at all the same. */
static void test_malformed_flows(void)
{
    static const struct {
        const char *clear;
        const char *what;
    } cases[] = {
        {"1 0 9000000000000000\n\n", "a line too few"},
        {"1 0 9000000000000000\n\n\n\n", "a line too many"},
        {"1 0\n\n\n", "no time"},
        {"x 0 9000000000000000\n\n\n", "no kind"},
        {"1 9 9000000000000000\n\n\n", "a stage that is none"},
        {"1 -1 9000000000000000\n\n\n", "a stage below the first"},
        {"", "nothing"},
    };
    const anshin_crypto_t *crypto = world.env.crypto;
    anshin_bytes_t sealed;
    anshin_flow_t back;
    anshin_op_t op;

    begin(&op);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text;

        crypto->seal(crypto->ctx, &sealed, "flow", world.contract.name, cases[i].clear, strlen(cases[i].clear),
                     world.pool);
        text =
            apr_pencode_base64_binary(world.pool, sealed.data, (apr_ssize_t)sealed.length, APR_ENCODE_BASE64URL, NULL);
        ok(anshin_flow_unseal(&op, text, ANSHIN_FLOW_REGISTER, &back) == ANSHIN_EDENIED && back.token == NULL,
           "sealed with %s: no flow", cases[i].what);
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
    ok(anshin_csrf_make(&op, BROWSER, &token) == APR_SUCCESS, "a token for a browser (S10)");
    ok(anshin_csrf_check(&op, BROWSER, token) == APR_SUCCESS, "which holds in that browser");
    ok(anshin_csrf_make(&op, BROWSER, &again) == APR_SUCCESS && strcmp(token, again) != 0, "each page has another");
    ok(anshin_csrf_check(&op, BROWSER, again) == APR_SUCCESS, "which holds as well");
    ok(anshin_csrf_check(&op, OTHER_BROWSER, token) == ANSHIN_EDENIED, "not in another browser (S10)");
    ok(anshin_csrf_check(&op, NULL, token) == ANSHIN_EDENIED, "not without a cookie");
    ok(anshin_csrf_check(&op, "", token) == ANSHIN_EDENIED, "not with an empty cookie");
    ok(anshin_csrf_check(&op, BROWSER, NULL) == ANSHIN_EDENIED, "no token");
    ok(anshin_csrf_check(&op, BROWSER, "") == ANSHIN_EDENIED, "an empty token");
    ok(anshin_csrf_check(&op, BROWSER, TOKEN) == ANSHIN_EDENIED, "a token of another length");
    for (i = 0; i < strlen(token); i++) {
        changed = apr_pstrdup(world.pool, token);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        denied += anshin_csrf_check(&op, BROWSER, changed) == ANSHIN_EDENIED;
        changed[i] = '=';
        denied += anshin_csrf_check(&op, BROWSER, changed) == ANSHIN_EDENIED;
    }
    ok(denied == 128, "every change of one of its 64 signs is noticed");
    while (strpbrk(token, "-_") == NULL) {
        anshin_csrf_make(&op, BROWSER, &token); /* most have one of them */
    }
    changed = apr_pstrdup(world.pool, token);
    changed[strcspn(token, "-_")] = changed[strcspn(token, "-_")] == '-' ? '+' : '/';
    ok(anshin_csrf_check(&op, BROWSER, changed) == ANSHIN_EDENIED, "a sign of the other base64 in its place as well");
    world.contract.name = "p-02";
    ok(anshin_csrf_check(&op, BROWSER, token) == ANSHIN_EDENIED, "not in another contract (CON-1)");
    world.contract.name = "p-01";
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
    world_open(&world, &anshin_store_mem, NULL, pool);
    world.contract.policy.flow_lifetime = apr_time_from_sec(1800);
    test_token_form();
    test_round();
    test_refused_flows();
    test_malformed_flows();
    test_csrf();
    test_origin();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
