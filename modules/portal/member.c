/*
 * What the pages of somebody who is logged in share.
 */
#include "portal/member.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "core/cookie_header.h"
#include "core/download.h"
#include "httpd/cookie.h"

APLOG_USE_MODULE(anshin_portal);

anshin_member_t anshin_member_of(const anshin_exchange_t *x)
{
    anshin_member_t member = {x->session_key, &x->session};

    return member;
}

/* The page of a menu entry, or one below it. */
static int is_below(const char *path, const char *entry)
{
    apr_size_t length = strlen(entry);

    return strncmp(path, entry, length) == 0 && (path[length] == '\0' || (length > 1 && path[length] == '/'));
}

void anshin_member_menu(anshin_exchange_t *x)
{
    static const struct {
        const char *path;
        const char *key;
        int function; /* -1: always there */
    } entries[] = {{"/", "menu.home", -1},
                   {"/account", "menu.account", ANSHIN_FUNCTION_ACCOUNT},
                   {"/password", "menu.password", ANSHIN_FUNCTION_PASSWORD},
                   {"/question", "menu.question", ANSHIN_FUNCTION_QUESTION},
                   {"/history", "menu.history", ANSHIN_FUNCTION_HISTORY},
                   {"/method", "menu.method", ANSHIN_FUNCTION_METHOD},
                   {"/sessions", "menu.sessions", -1}};
    json_t *menu = json_array();

    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (entries[i].function >= 0 && !ANSHIN_HAS(x->op.contract->policy.functions, entries[i].function)) {
            continue;
        }
        anshin_page_append(x->page, menu,
                           json_pack("{s:s, s:s, s:b}", "url", anshin_exchange_link(x, entries[i].path), "text",
                                     anshin_page_say(x->page, entries[i].key), "current",
                                     is_below(x->path, entries[i].path)));
    }
    anshin_page_put(x->page, x->page->data, "has_menu", json_true());
    anshin_page_put(x->page, x->page->data, "menu", menu);
}

const char *anshin_member_start(const anshin_exchange_t *x)
{
    return ANSHIN_HAS(x->op.contract->policy.functions, ANSHIN_FUNCTION_ACCOUNT) ? "/account" : "/";
}

void anshin_member_cancel(anshin_exchange_t *x)
{
    anshin_page_text(x->page, "cancel_url", anshin_exchange_link(x, anshin_member_start(x)));
}

int anshin_member_failure(anshin_exchange_t *x, apr_status_t status, const char *what)
{
    if (status == ANSHIN_EDENIED || status == ANSHIN_ENOTFOUND) {
        anshin_exchange_log(x, APLOG_INFO, "AN0660", what);
        return anshin_answer_redirect(x, "/login");
    }
    return anshin_answer_unavailable(x, status, what);
}

void anshin_member_cookie(anshin_exchange_t *x, const char *session_id)
{
    anshin_cookie_set(x->r, anshin_session_cookie(x->op.contract->name, x->op.pool), session_id, 0);
}

void anshin_member_leaves(anshin_exchange_t *x)
{
    if (x->op.contract->policy.clear_cache) {
        apr_table_setn(x->r->headers_out, "Clear-Site-Data", "\"cache\"");
    }
}

int anshin_member_complain(anshin_exchange_t *x, const char *field, const anshin_proof_t *proof)
{
    if (proof->right) {
        return 0;
    }
    anshin_words_wrong(x, field, "errors.password_wrong", proof->remaining);
    return 1;
}

const char *anshin_member_field(const anshin_exchange_t *x, const char *name)
{
    const char *value = anshin_exchange_typed(x, name);

    return value ? value : "";
}

int anshin_member_too_long(anshin_exchange_t *x, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strlen(anshin_member_field(x, *names)) > ANSHIN_TYPED_MAX) {
            anshin_page_error(x->page, *names, "errors.too_long");
            return 1;
        }
    }
    return 0;
}

void anshin_member_title(anshin_exchange_t *x, const char *template, const char *variant)
{
    const char *key = apr_pstrcat(x->op.pool, template, ".title_", variant, NULL);

    anshin_page_put(x->page, x->page->data, "title", json_string(anshin_page_say(x->page, key)));
}

int anshin_member_done_url(anshin_exchange_t *x, const char *name, const char *url)
{
    static const char *const parts[] = {"heading", "text", "next_text"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const char *text = anshin_page_say(x->page, apr_pstrcat(x->op.pool, "done.", name, ".", parts[i], NULL));
        anshin_page_text(x->page, parts[i], text);
        if (i == 0) {
            anshin_page_put(x->page, x->page->data, "title", json_string(text));
        }
    }
    anshin_page_text(x->page, "next_url", url);
    return anshin_answer_page(x, "done", HTTP_OK);
}

int anshin_member_done(anshin_exchange_t *x, const char *name, const char *next)
{
    return anshin_member_done_url(x, name, anshin_exchange_link(x, next));
}

apr_status_t anshin_member_show_result(anshin_exchange_t *x, int *method)
{
    int ended = x->flow.stage == ANSHIN_STAGE_ENDED;
    json_t *list = json_array();
    anshin_issues_t issues;
    apr_status_t status = anshin_download_issues(&x->op, x->flow.user, x->flow.terminal, x->flow.reached, &issues);

    for (int i = 0; !ended && i < issues.waits->nelts; i++) {
        const anshin_issue_t *issue = &APR_ARRAY_IDX(issues.waits, i, anshin_issue_t);
        anshin_page_append(x->page, list,
                           json_pack("{s:I, s:s, s:s}", "terminal", (json_int_t)issue->terminal, "download_password",
                                     issue->password, "address", anshin_address_masked(issue->address, x->op.pool)));
        anshin_page_text(x->page, "download_password", issue->password);
    }
    anshin_page_flag(x->page, "secrets", json_array_size(list) > 0);
    anshin_page_put(x->page, x->page->page, "issues", list);
    anshin_page_flag(x->page, "seen", ended);
    anshin_page_text(x->page, "seen_url", anshin_exchange_link(x, anshin_exchange_flow_path(x, x->path)));
    if (method != NULL) {
        *method = issues.method;
    }
    return status;
}
