/*
 * Account pages: terminals (ACC-2) and sessions (ACC-8).
 */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "core/terminal.h"
#include "portal/member.h"
#include "portal/route.h"

static json_t *terminal_row(anshin_exchange_t *x, const anshin_terminal_view_t *view, int first)
{
    const anshin_policy_t *policy = &x->op.contract->policy;
    const anshin_terminal_t *terminal = &view->terminal;
    json_t *row = json_pack("{s:I, s:s, s:s}", "number", (json_int_t)terminal->number, "kind_text",
                            anshin_words_kind(x, terminal->kind), "address", terminal->address);
    int change = ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_TERMINAL_CHANGE);
    int erase = !first && ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_TERMINAL_DELETE);

    if (view->expires_at) {
        anshin_page_put(x->page, row, "expires_text", json_string(anshin_page_time(x->page, view->expires_at)));
    }
    if (view->download_password) {
        anshin_page_put(x->page, row, "download_password", json_string(view->download_password));
        anshin_page_put(x->page, row, "pending", json_boolean(!view->expires_at));
    }
    anshin_page_put(x->page, row, "can_change", json_boolean(change));
    anshin_page_put(x->page, row, "can_delete", json_boolean(erase));
    anshin_page_put(x->page, row, "change_url",
                    json_string(apr_psprintf(x->op.pool, "%s?n=%" APR_INT64_T_FMT,
                                             anshin_exchange_link(x, "/terminal/change"), terminal->number)));
    anshin_page_put(x->page, row, "delete_url",
                    json_string(apr_psprintf(x->op.pool, "%s?n=%" APR_INT64_T_FMT,
                                             anshin_exchange_link(x, "/terminal/delete"), terminal->number)));
    return row;
}

/* Whether an authenticator app is enrolled, for users of one-time passwords. */
static apr_status_t put_authenticator(anshin_exchange_t *x)
{
    const anshin_member_t member = anshin_member_of(x);
    anshin_account_t account;
    json_t *totp;
    apr_status_t status;

    if (x->session.method != ANSHIN_METHOD_OTP) {
        return APR_SUCCESS;
    }
    status = anshin_member_read(&x->op, &member, &account);
    if (status == APR_SUCCESS) {
        totp = json_pack("{s:b, s:b, s:s}", "enrolled", account.totp_blob != NULL, "remove", account.totp_blob != NULL,
                         "enrol_url", anshin_exchange_link(x, "/account/authenticator"));
        anshin_page_put(x->page, x->page->page, "totp", totp);
    }
    return status;
}

int anshin_account_page_get(anshin_exchange_t *x)
{
    const anshin_policy_t *policy = &x->op.contract->policy;
    json_t *rows = json_array();
    apr_array_header_t *views;
    const anshin_member_t member = anshin_member_of(x);
    apr_status_t status = anshin_terminals_view(&x->op, &member, &views);

    for (int i = 0; status == APR_SUCCESS && i < views->nelts; i++) {
        anshin_page_append(x->page, rows, terminal_row(x, &APR_ARRAY_IDX(views, i, anshin_terminal_view_t), i == 0));
    }
    anshin_page_put(x->page, x->page->page, "terminals", rows);
    status = status == APR_SUCCESS ? put_authenticator(x) : status;
    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "terminals");
    }
    anshin_page_text(x->page, "method_text", anshin_words_method(x, x->session.method));
    anshin_page_flag(x->page, "can_add",
                     ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_TERMINAL_ADD) &&
                         views->nelts < policy->terminals_max);
    anshin_page_text(x->page, "add_url", anshin_exchange_link(x, "/terminal/add"));
    return anshin_answer_page(x, "account", HTTP_OK);
}

/* --- sessions --- */

typedef struct list_t {
    anshin_exchange_t *x;
    json_t *rows;
} list_t;

static apr_status_t put_session(void *baton, const char *key, const anshin_session_t *session)
{
    list_t *list = baton;
    anshin_exchange_t *x = list->x;
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:s, s:b}", "key", key, "at_text", anshin_page_time(x->page, session->created_at),
                  "seen_text", anshin_page_time(x->page, session->seen_at), "address",
                  session->address ? session->address : "", "current", strcmp(key, x->session_key) == 0);

    if (session->terminal) {
        anshin_page_put(x->page, row, "terminal_text",
                        json_string(apr_psprintf(x->op.pool, "%" APR_INT64_T_FMT " %s", session->terminal,
                                                 anshin_words_kind(x, session->terminal_kind))));
    }
    anshin_page_append(x->page, list->rows, row);
    return APR_SUCCESS;
}

/* What the form before this page did. */
static void put_ended(anshin_exchange_t *x)
{
    const char *ended = anshin_form_get(x->query, "ended");

    if (ended != NULL) {
        const char *key = strcmp(ended, "all") == 0 ? "alerts.sessions_ended_all" : "alerts.session_ended_one";
        anshin_page_alert(x->page, "success", anshin_page_say(x->page, key));
    }
}

int anshin_sessions_get(anshin_exchange_t *x)
{
    list_t list = {x, json_array()};
    const anshin_member_t member = anshin_member_of(x);
    apr_status_t status = anshin_member_sessions(&x->op, &member, put_session, &list);

    anshin_page_put(x->page, x->page->page, "sessions", list.rows);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "sessions");
    }
    anshin_page_flag(x->page, "alone", json_array_size(list.rows) < 2);
    put_ended(x);
    return anshin_answer_page(x, "sessions", HTTP_OK);
}

/* End one session of this user, or all but this one. */
int anshin_sessions_post(anshin_exchange_t *x)
{
    const char *key = anshin_form_get(x->form, "key");
    int all = anshin_form_get(x->form, "all") != NULL;
    apr_status_t status;

    if (!all && (key == NULL || strlen(key) != 2 * ANSHIN_DIGEST_BYTES)) {
        return anshin_answer_error(x, HTTP_BAD_REQUEST);
    }
    status = anshin_sessions_close(&x->op, x->session.user, all ? NULL : key, x->session_key, NULL);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "sessions");
    }
    if (!all && strcmp(key, x->session_key) == 0) {
        anshin_member_leaves(x);
        return anshin_answer_redirect(x, "/login");
    }
    return anshin_answer_redirect(x, all ? "/sessions?ended=all" : "/sessions?ended=one");
}
