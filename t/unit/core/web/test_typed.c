/*
 * Typed text in addresses (FLO-2): what was typed comes back where it was typed, and nowhere else.
 */
#include <apr_encode.h>

#include "core/web/csrf.h"
#include "core/web/typed.h"
#include "unit/tap.h"
#include "unit/fixture.h"

#define BROWSER "bbbbbbbbbbBBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_9"
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static fixture_t fixture;
static const char *const names[] = {"address", "kind", NULL};
static const anshin_typed_place_t here = {BROWSER, "1234", "/terminal/add"};

static const char *sealed(anshin_op_t *op, const char *body)
{
    const char *text = "";
    anshin_form_t *form;

    anshin_op_init(op, &fixture.env, &fixture.contract, &(anshin_actor_t){.address = "192.0.2.1"}, fixture.pool);
    ok(anshin_form_parse(&form, body, strlen(body), ANSHIN_FORM_FIELDS_MAX, &op->error, op->pool) == APR_SUCCESS &&
           anshin_typed_seal(op, &here, form, names, &text) == APR_SUCCESS,
       "a form is sealed: %d octets", (int)strlen(text));
    return text;
}

static const char *field(const json_t *fields, const char *name)
{
    return json_string_value(json_object_get(fields, name));
}

static void test_round(void)
{
    json_t *fields = NULL;
    anshin_op_t op;
    const char *text = sealed(&op, "address=%22b%0D%0A%E3%81%82&password=Umi-to-yama-7&csrf=x");

    ok(strspn(text, BASE64URL) == strlen(text), "into signs that an address takes");
    ok(anshin_typed_unseal(&op, &here, text, &fields) == APR_SUCCESS, "and comes back (FLO-2)");
    ok(same_text(field(fields, "address"), "\"b\r\n\xe3\x81\x82"), "as it was typed");
    ok(field(fields, "kind") == NULL, "without what was not");
    ok(field(fields, "password") == NULL && field(fields, "csrf") == NULL, "and without what the page does not keep");
}

static void test_elsewhere(void)
{
    static const anshin_typed_place_t places[] = {
        {"x" BROWSER, "1234", "/terminal/add"},
        {BROWSER, "1235", "/terminal/add"},
        {BROWSER, "", "/terminal/add"},
        {BROWSER, "1234", "/terminal/change"},
    };
    json_t *fields;
    anshin_op_t op;
    const char *text = sealed(&op, "address=b");
    int denied = 0;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        denied += anshin_typed_unseal(&op, &places[i], text, &fields) == ANSHIN_EDENIED;
    }
    ok(denied == sizeof places / sizeof places[0],
       "in another browser, for another user, for nobody and on another page it is nothing");
    fixture.contract.name = "p-02";
    ok(anshin_typed_unseal(&op, &here, text, &fields) == ANSHIN_EDENIED, "nor in another contract (CON-1)");
    fixture.contract.name = "p-01";
    denied = 0;
    for (size_t i = 0; i < strlen(text); i++) {
        char *changed = apr_pstrdup(fixture.pool, text);
        changed[i] = changed[i] == 'A' ? 'Q' : 'A';
        denied += anshin_typed_unseal(&op, &here, changed, &fields) == ANSHIN_EDENIED;
    }
    ok(denied >= (int)strlen(text) - 1, "changed anywhere it is nothing: %d", denied);
    ok(anshin_typed_unseal(&op, &here, "", &fields) == ANSHIN_EDENIED &&
           anshin_typed_unseal(&op, &here, "a+b/", &fields) == ANSHIN_EDENIED &&
           anshin_typed_unseal(&op, &here, "AAAA", &fields) == ANSHIN_EDENIED,
       "what we never sealed is nothing");
    ok(op.error.status == APR_SUCCESS, "which are answers and no causes");
    fixture.now += fixture.contract.policy.flow_lifetime;
    anshin_op_init(&op, &fixture.env, &fixture.contract, &(anshin_actor_t){.address = "192.0.2.1"}, fixture.pool);
    ok(anshin_typed_unseal(&op, &here, text, &fields) == ANSHIN_EDENIED, "nor when its time is over");
}

/* A session that has ended: whose the page was its token tells, whatever the store has forgotten (U14). */
static void test_shown_to(void)
{
    const anshin_typed_place_t shown = {BROWSER, NULL, "/terminal/add"};
    const anshin_typed_place_t other = {BROWSER, "1235", "/terminal/add"};
    const anshin_typed_place_t nobody = {BROWSER, "", "/terminal/add"};
    json_t *fields = NULL;
    const char *token = "";
    const char *text = "";
    anshin_form_t *form;
    anshin_op_t op;

    anshin_op_init(&op, &fixture.env, &fixture.contract, &(anshin_actor_t){.address = "192.0.2.1"}, fixture.pool);
    ok(anshin_csrf_make(&op, BROWSER, here.account, &token) == APR_SUCCESS, "a page of a user");
    text = apr_pstrcat(op.pool, "address=b&csrf=", token, NULL);
    ok(anshin_form_parse(&form, text, strlen(text), ANSHIN_FORM_FIELDS_MAX, &op.error, op.pool) == APR_SUCCESS &&
           anshin_typed_seal(&op, &shown, form, names, &text) == APR_SUCCESS,
       "U14: its form is sealed for whom the page was shown to");
    ok(anshin_typed_unseal(&op, &here, text, &fields) == APR_SUCCESS && same_text(field(fields, "address"), "b"),
       "U14: who sees it after another login");
    ok(anshin_typed_unseal(&op, &other, text, &fields) == ANSHIN_EDENIED, "U14: and nobody else");
    ok(anshin_typed_unseal(&op, &nobody, text, &fields) == ANSHIN_EDENIED, "U14: nor somebody who is not logged in");
    ok(anshin_form_parse(&form, "address=b", 9, ANSHIN_FORM_FIELDS_MAX, &op.error, op.pool) == APR_SUCCESS &&
           anshin_typed_seal(&op, &shown, form, names, &text) == APR_SUCCESS &&
           anshin_typed_unseal(&op, &here, text, &fields) == ANSHIN_EDENIED,
       "U14: a form without a token is nobody's");
    ok(op.error.status == APR_SUCCESS, "which are answers and no causes");
}

static void test_long(void)
{
    char *body = apr_palloc(fixture.pool, 4200);
    json_t *fields = NULL;
    anshin_op_t op;
    const char *text;
    size_t length;

    strcpy(body, "address=");
    for (size_t i = 0; i < 1365; i++) {
        memcpy(body + 8 + 3 * i, "\xe3\x81\x82", 4);
    }
    text = sealed(&op, body);
    ok(strlen(text) < 1000, "a field of 4,095 octets is cut");
    ok(anshin_typed_unseal(&op, &here, text, &fields) == APR_SUCCESS, "and comes back");
    length = strlen(field(fields, "address"));
    ok(length > ANSHIN_TYPED_FIELD_MAX - 3 && length <= ANSHIN_TYPED_FIELD_MAX && length % 3 == 0,
       "to the last whole character: %d", (int)length);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    fixture.contract.policy.flow_lifetime = apr_time_from_sec(1800);
    test_round();
    test_elsewhere();
    test_shown_to();
    test_long();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
