/*
 * The steps between the right password and the session: one-time password (LOG-7), forced change (LOG-6).
 *
 * SECURITY: who it is and the stamp that only the right password gives stand in the store, under the nonce that only
 * the browser has (S39).
 */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/cookie_header.h"
#include "httpd/cookie.h"
#include "portal/login.h"
#include "portal/member.h"
#include "portal/route.h"

#define CODE_MAX 64          /* bytes typed */
#define SENT_BEFORE "before" /* no terminal has that number */

int anshin_login_step(anshin_exchange_t *x, const anshin_login_result_t *result)
{
    return anshin_answer_flow_begun(x, result->outcome == ANSHIN_LOGIN_NEED_CODE ? "/login/code" : "/login/change");
}

static void facts_of(anshin_exchange_t *x, anshin_login_facts_t *facts)
{
    facts->user = x->flow.user;
    facts->password = "";
    facts->peer = x->peer;
    facts->known = NULL;
    facts->old_session = anshin_cookie_get(x->r, anshin_session_cookie(x->op.contract->name, x->op.pool));
}

/* The flow has ended: the login begins anew. */
static int again(anshin_exchange_t *x)
{
    anshin_exchange_forget_flow(x);
    return anshin_answer_redirect(x, "/login");
}

static int failure(anshin_exchange_t *x, apr_status_t status, const char *what)
{
    if (status == ANSHIN_EDENIED) {
        return again(x);
    }
    return anshin_answer_unavailable(x, status, what);
}

/* --- one-time password --- */

static apr_status_t put_code_form(anshin_exchange_t *x)
{
    json_t *rows = json_array();
    apr_array_header_t *ways;
    int app = 0;
    apr_status_t status = anshin_login_code_ways(&x->op, x->flow.user, x->flow.token, &ways, &app);
    const char *chosen = x->form ? anshin_form_get(x->form, "terminal") : anshin_form_get(x->query, "sent");

    for (int i = 0; status == APR_SUCCESS && i < ways->nelts; i++) {
        const anshin_code_way_t *way = &APR_ARRAY_IDX(ways, i, anshin_code_way_t);
        const char *number = apr_psprintf(x->op.pool, "%" APR_INT64_T_FMT, way->terminal);
        anshin_page_append(
            x->page, rows,
            json_pack("{s:s, s:s, s:s, s:b}", "terminal", number, "kind_text", anshin_words_kind(x, way->kind),
                      "address", way->address, "selected",
                      chosen && strcmp(chosen, SENT_BEFORE) != 0 ? strcmp(chosen, number) == 0 : i == 0));
    }
    anshin_page_put(x->page, x->page->page, "ways", rows);
    anshin_page_flag(x->page, "app", app);
    anshin_page_flag(x->page, "can_send", json_array_size(rows) > 0);
    anshin_page_text(x->page, "return", anshin_form_get(x->form ? x->form : x->query, "return"));
    anshin_page_text(x->page, "cancel_url", anshin_exchange_link(x, "/login"));
    return status;
}

/* The masked address of the terminal that was chosen; NULL: there is none. */
static const char *address_of(anshin_exchange_t *x, const char *terminal)
{
    const json_t *ways = json_object_get(x->page->page, "ways");

    for (apr_size_t i = 0; i < json_array_size(ways); i++) {
        const json_t *way = json_array_get(ways, i);
        if (strcmp(json_string_value(json_object_get(way, "terminal")), terminal) == 0) {
            return json_string_value(json_object_get(way, "address"));
        }
    }
    return NULL;
}

/* What the form before this page did: it sent a code to a terminal, or had sent one just before. */
static void put_sent(anshin_exchange_t *x)
{
    const char *sent = anshin_form_get(x->query, "sent");
    const char *address = sent != NULL ? address_of(x, sent) : NULL;

    if (address != NULL) {
        anshin_page_text(x->page, "sent_text", anshin_page_say_text(x->page, "login_code.sent", "address", address));
    } else if (sent != NULL && strcmp(sent, SENT_BEFORE) == 0) {
        anshin_page_alert(x->page, "notice", anshin_page_say(x->page, "errors.code_sent_recently"));
    }
}

int anshin_login_code_get(anshin_exchange_t *x)
{
    apr_status_t status = put_code_form(x);

    if (status != APR_SUCCESS) {
        return failure(x, status, "login code");
    }
    put_sent(x);
    return anshin_answer_page(x, "login-code", HTTP_OK);
}

/* Leads to the page again, so that its reload sends nothing (FLO-2). */
static int send_code(anshin_exchange_t *x, const char *terminal)
{
    int number = strlen(terminal) < 10 ? (int)apr_atoi64(terminal) : 0;
    apr_status_t status = anshin_login_code_send(&x->op, x->flow.user, x->flow.token, number);

    if (status == ANSHIN_ENOTFOUND || status == ANSHIN_EINVALID) {
        anshin_page_error(x->page, "terminal", status == ANSHIN_ENOTFOUND ? "errors.choose" : "errors.address_mails");
        return anshin_answer_form(x, "login-code");
    }
    if (status != APR_SUCCESS && status != ANSHIN_ECONFLICT) {
        return failure(x, status, "login code");
    }
    return anshin_answer_flow(x, status == APR_SUCCESS ? apr_psprintf(x->op.pool, "/login/code?sent=%d", number)
                                                       : "/login/code?sent=" SENT_BEFORE);
}

int anshin_login_code_post(anshin_exchange_t *x)
{
    const char *terminal = anshin_member_field(x, "terminal");
    anshin_login_facts_t facts;
    anshin_login_result_t result;
    const char *code;
    apr_status_t status = put_code_form(x);

    if (status != APR_SUCCESS) {
        return failure(x, status, "login code");
    }
    if (anshin_form_get(x->form, "send") != NULL) {
        return send_code(x, terminal);
    }
    if (!(code = anshin_exchange_field(x, "code", CODE_MAX))) {
        return anshin_answer_form(x, "login-code");
    }
    facts_of(x, &facts);
    status = anshin_login_code_check(&x->op, &facts, x->flow.token, code, &result);
    if (status != APR_SUCCESS) {
        return failure(x, status, "login code");
    }
    if (result.outcome == ANSHIN_LOGIN_LOCKED) {
        return anshin_answer_locked(x, result.unlock_at);
    }
    if (result.outcome == ANSHIN_LOGIN_WRONG) {
        anshin_words_wrong(x, "code", "errors.code_wrong", result.remaining);
        return anshin_answer_form(x, "login-code");
    }
    return anshin_login_answer(x, &result);
}

/* --- forced change --- */

/* With the reason: it is too old, or it is one that was reissued. */
static apr_status_t put_change_form(anshin_exchange_t *x)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(&x->op, ANSHIN_TXN_READ, &txn);

    if (status == APR_SUCCESS) {
        status = anshin_account_get(&x->op, txn, x->flow.user, &account);
        anshin_txn_abort(txn);
    }
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
    }
    anshin_words_rules(x, 1);
    anshin_page_text(x->page, "user", account.user);
    anshin_page_text(x->page, "reason_text",
                     anshin_page_say(x->page, account.password_must_change ? "login_change.reason_reissued"
                                                                           : "login_change.reason_expired"));
    anshin_page_text(x->page, "return", anshin_form_get(x->form ? x->form : x->query, "return"));
    anshin_page_text(x->page, "cancel_url", anshin_exchange_link(x, "/login"));
    return APR_SUCCESS;
}

int anshin_login_change_get(anshin_exchange_t *x)
{
    apr_status_t status = put_change_form(x);

    return status == APR_SUCCESS ? anshin_answer_page(x, "login-change", HTTP_OK) : failure(x, status, "forced change");
}

int anshin_login_change_post(anshin_exchange_t *x)
{
    static const char *const fields[] = {"password", "password_confirm", NULL};
    anshin_login_facts_t facts;
    anshin_login_result_t result;
    unsigned broken;
    apr_status_t status = put_change_form(x);

    if (status != APR_SUCCESS) {
        return failure(x, status, "forced change");
    }
    if (anshin_member_too_long(x, fields)) {
        return anshin_answer_form(x, "login-change");
    }
    facts_of(x, &facts);
    status = anshin_login_change(&x->op, &facts, x->flow.token, anshin_member_field(x, "password"),
                                 anshin_member_field(x, "password_confirm"), &broken, &result);
    if (status != APR_SUCCESS) {
        return failure(x, status, "forced change");
    }
    if (broken) {
        anshin_words_broken(x, broken);
        return anshin_answer_form(x, "login-change");
    }
    return anshin_login_answer(x, &result);
}
