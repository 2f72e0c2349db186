/*
 * Account pages: terminals (ACC-2) and sessions (ACC-8).
 */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/account/account.h"
#include "core/login/logout.h"
#include "core/selfservice/terminal.h"
#include "core/web/cookie_header.h"
#include "portal/request/cookie.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/pages/waiting.h"
#include "portal/response/response.h"
#include "portal/response/trouble.h"
#include "portal/request/words.h"

#define SECONDS_MAX 12 /* digits of a time in an address */

/* Where a button of a terminal leads. */
static void put_url(anshin_portal_request_t *request, json_t *row, const char *name, const char *path,
                    apr_int64_t number)
{
    anshin_page_put(request->page, row, name,
                    json_string(apr_psprintf(request->op.pool, "%s?n=%" APR_INT64_T_FMT,
                                             anshin_portal_request_link(request, path), number)));
}

static json_t *terminal_row(anshin_portal_request_t *request, const anshin_terminal_view_t *view, int first)
{
    const anshin_policy_t *policy = &request->op.contract->policy;
    const anshin_terminal_t *terminal = &view->terminal;
    json_t *row = json_pack("{s:s}", "kind_text", anshin_words_kind(request->page, terminal->kind));
    int renew = view->renewable && ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_RENEWAL);
    int change = ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_TERMINAL_CHANGE);
    int erase = !first && ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_TERMINAL_DELETE);

    anshin_words_terminal(request->page, row, terminal->number, terminal->label);
    anshin_page_long(request->page, row, "address", terminal->address);
    anshin_page_moment(request->page, row, "expires", view->expires_at, ANSHIN_DATE_PLAIN);
    anshin_page_long(request->page, row, "certificate_name", view->name);
    if (view->days_left > 0) {
        anshin_page_put(
            request->page, row, "days_left_text",
            json_string(anshin_page_say_number(request->page, "account.days_left", "days", view->days_left)));
    }
    if (view->download_password) {
        anshin_page_put(request->page, row, "download_password", json_string(view->download_password));
        anshin_page_put(request->page, row, "pending", json_boolean(!view->expires_at));
    }
    anshin_page_put(request->page, row, "renewing", json_boolean(view->renewing));
    anshin_page_put(request->page, row, "can_renew", json_boolean(renew));
    anshin_page_put(request->page, row, "can_change", json_boolean(change));
    anshin_page_put(request->page, row, "can_delete", json_boolean(erase));
    put_url(request, row, "renew_url", "/renewal", terminal->number);
    put_url(request, row, "change_url", "/terminal/change", terminal->number);
    put_url(request, row, "delete_url", "/terminal/delete", terminal->number);
    put_url(request, row, "lost_url", "/terminal/lost", terminal->number);
    if (view->expires_at || view->download_password) {
        anshin_page_put(request->page, row, "can_lose",
                        json_boolean(ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_LOST_DEVICE)));
    }
    return row;
}

/* What the operator has written of the user, but for the memo, which is the operator's own (ATT-1). */
static void put_person(anshin_portal_request_t *request)
{
    anshin_page_t *page = request->page;

    anshin_page_long(page, page->page, "name", request->session.name);
    anshin_page_long(page, page->page, "organisation", request->session.organisation);
}

/* Whether an authenticator app is enrolled, for users of one-time passwords. */
static apr_status_t put_authenticator(anshin_portal_request_t *request)
{
    const anshin_member_t member = anshin_member_of(request);
    anshin_account_t account;
    json_t *totp;
    apr_status_t status;

    if (request->session.method != ANSHIN_METHOD_OTP) {
        return APR_SUCCESS;
    }
    status = anshin_member_read(&request->op, &member, &account);
    if (status == APR_SUCCESS) {
        totp = json_pack("{s:b, s:b, s:s}", "enrolled", account.totp_blob != NULL, "remove", account.totp_blob != NULL,
                         "enrol_url", anshin_portal_request_link(request, "/account/authenticator"));
        anshin_page_put(request->page, request->page->page, "totp", totp);
    }
    return status;
}

/* A notice of the certificate that ends first, while its end is near and nothing is to follow it (REN-1); the rows tell
 * which. */
static void put_certificate_end(anshin_portal_request_t *request, const apr_array_header_t *views)
{
    const anshin_policy_t *policy = &request->op.contract->policy;
    const anshin_terminal_view_t *first = NULL;

    for (int i = 0; i < views->nelts; i++) {
        const anshin_terminal_view_t *view = &APR_ARRAY_IDX(views, i, anshin_terminal_view_t);

        if (view->days_left > 0 && !view->renewing && (first == NULL || view->days_left < first->days_left)) {
            first = view;
        }
    }
    if (first == NULL) {
        return;
    }
    anshin_page_text(request->page, "certificate_ends_text",
                     anshin_page_say_number(request->page, "account.certificate_ends", "days", first->days_left));
    anshin_page_flag(request->page, "renewable",
                     first->renewable && ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_RENEWAL));
    if (ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE)) {
        anshin_page_text(request->page, "reissue_url", anshin_portal_request_link(request, "/reissue/certificate"));
    }
}

int anshin_page_account_get(anshin_portal_request_t *request)
{
    static const char *const troubles[] = {"renew_which", "pc_planned", "several_devices", "other_software", NULL};
    const anshin_policy_t *policy = &request->op.contract->policy;
    json_t *rows = json_array();
    int pending = 0;
    apr_array_header_t *views;
    const anshin_member_t member = anshin_member_of(request);
    apr_status_t status = anshin_terminals_view(&request->op, &member, &views);

    for (int i = 0; status == APR_SUCCESS && i < views->nelts; i++) {
        const anshin_terminal_view_t *view = &APR_ARRAY_IDX(views, i, anshin_terminal_view_t);

        anshin_page_append(request->page, rows, terminal_row(request, view, i == 0));
        pending |= view->download_password != NULL && view->expires_at == 0;
    }
    anshin_page_put(request->page, request->page->page, "terminals", rows);
    status = status == APR_SUCCESS && pending ? anshin_member_show_stopped(request) : status;
    status = status == APR_SUCCESS ? put_authenticator(request) : status;
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "terminals");
    }
    put_certificate_end(request, views);
    anshin_waiting_put(request, views);
    anshin_waiting_alert(request);
    anshin_page_text(request->page, "method_text", anshin_words_method(request->page, request->session.method));
    put_person(request);
    if (ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_TERMINAL_ADD)) {
        int full = views->nelts >= policy->terminals_max;
        anshin_page_flag(request->page, "can_add", !full);
        anshin_page_text(
            request->page, "full_text",
            full ? anshin_page_say_number(request->page, "errors.terminal_max", "max", policy->terminals_max) : NULL);
    }
    anshin_page_text(request->page, "add_url", anshin_portal_request_link(request, "/terminal/add"));
    anshin_trouble_put_some(request, troubles);
    anshin_page_announcements(request->page);
    return anshin_response_page(request, "account", HTTP_OK);
}

/* --- sessions --- */

typedef struct list_t {
    anshin_portal_request_t *request;
    json_t *rows;
    apr_array_header_t *terminals;
} list_t;

static apr_status_t put_session(void *baton, const char *key, const anshin_session_t *session)
{
    list_t *list = baton;
    anshin_portal_request_t *request = list->request;
    json_t *row = json_pack("{s:s, s:s*, s:b}", "key", key, "client", session->client, "current",
                            strcmp(key, request->session_key) == 0);

    anshin_page_long(request->page, row, "address", session->address);
    anshin_page_moment(request->page, row, "at", session->created_at, ANSHIN_DATE_TABLE);
    anshin_page_moment(request->page, row, "seen", session->seen_at, ANSHIN_DATE_TABLE);
    if (session->terminal) {
        anshin_words_terminal(request->page, row, session->terminal,
                              anshin_terminal_label(list->terminals, session->terminal));
        anshin_page_put(request->page, row, "kind_text",
                        json_string(anshin_words_kind(request->page, session->terminal_kind)));
    }
    anshin_page_append(request->page, list->rows, row);
    return APR_SUCCESS;
}

/* What the form before this page did: when the session that it ended had begun, as the list has told it; "all"; or
 * "one", which was gone already. */
static void put_ended(anshin_portal_request_t *request)
{
    const char *ended = anshin_form_get(request->query, "ended");
    anshin_page_t *page = request->page;

    if (ended == NULL) {
        return;
    }
    anshin_page_alert(
        page, "success",
        anshin_page_say(page, strcmp(ended, "all") == 0 ? "alerts.sessions_ended_all" : "alerts.session_ended_one"));
    if (*ended != '\0' && strlen(ended) <= SECONDS_MAX && strspn(ended, "0123456789") == strlen(ended)) {
        anshin_page_say_time(page, json_object_get(page->data, "alert"), "sentence", "alerts.session_ended_at",
                             apr_time_from_sec(apr_atoi64(ended)), ANSHIN_DATE_TABLE);
    }
}

int anshin_page_sessions_get(anshin_portal_request_t *request)
{
    list_t list = {.request = request, .rows = json_array()};
    const anshin_member_t member = anshin_member_of(request);
    apr_status_t status = anshin_member_terminals(&request->op, &member, &list.terminals);

    if (status == APR_SUCCESS) {
        status = anshin_member_sessions(&request->op, &member, put_session, &list);
    }
    anshin_page_put(request->page, request->page->page, "sessions", list.rows);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "sessions");
    }
    anshin_page_flag(request->page, "alone", json_array_size(list.rows) < 2);
    put_ended(request);
    return anshin_response_page(request, "sessions", HTTP_OK);
}

typedef struct began_t {
    const char *key;
    apr_time_t at;
} began_t;

static apr_status_t see_began(void *baton, const char *key, const anshin_session_t *session)
{
    began_t *began = baton;

    if (strcmp(key, began->key) == 0) {
        began->at = session->created_at;
    }
    return APR_SUCCESS;
}

/* Back to the list. */
static int lead_back(anshin_portal_request_t *request, int all, const began_t *began)
{
    const char *path = all ? "/sessions?ended=all" : "/sessions?ended=one";

    if (began->at != 0) {
        path = apr_psprintf(request->op.pool, "/sessions?ended=%" APR_TIME_T_FMT, apr_time_sec(began->at));
    }
    return anshin_response_redirect(request, path);
}

/* End one session of this user, or all but this one. */
int anshin_page_sessions_post(anshin_portal_request_t *request)
{
    const char *key = anshin_form_get(request->form, "key");
    int all = anshin_form_get(request->form, "all") != NULL;
    const anshin_session_match_t match = {.key = all ? NULL : key, .except = all ? request->session_key : NULL};
    const anshin_member_t member = anshin_member_of(request);
    began_t began = {.key = all ? "" : key};
    apr_status_t status;

    if (!all && (key == NULL || strlen(key) != 2 * ANSHIN_DIGEST_BYTES)) {
        return anshin_response_error(request, HTTP_BAD_REQUEST);
    }
    status = anshin_member_sessions(&request->op, &member, see_began, &began);
    if (status == APR_SUCCESS) {
        status = anshin_sessions_end(&request->op, request->session.user, &match, request->session_key, NULL);
    }
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "sessions");
    }
    if (!all && strcmp(key, request->session_key) == 0) {
        anshin_member_leaves(request);
        anshin_cookie_clear(request->r, anshin_session_cookie(request->op.contract->name, request->op.pool));
        return anshin_response_redirect(request, "/login");
    }
    return lead_back(request, all, &began);
}
