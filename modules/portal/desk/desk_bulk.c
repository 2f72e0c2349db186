/*
 * What an operator does to many users of a list: asked once more, done, and told of each (ROL-2).
 *
 * SECURITY: an address names rows by marks alone, which are looked for among the rows of the operator's own list; the
 * form of the page that asked names its order, which is done once. Core asks about each user again (S29).
 */
#include <apr_hash.h>
#include <apr_strings.h>
#include <httpd.h>
#include <http_log.h>
#include <string.h>

#include "core/context/bulk_order.h"
#include "core/context/secret.h"
#include "core/desk/pending.h"
#include "http/page_headers.h"
#include "portal/desk/desk_list.h"
#include "portal/desk/desk_page.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"

#define NAMED 10 /* users that the page that asks names */

typedef struct asked_t {
    anshin_desk_list_t list;
    anshin_desk_verb_t verb;
    const char *verb_name;
    const char *marks;
    apr_array_header_t *targets; /* of anshin_bulk_target_t */
    int gone;                    /* rows that are not in the list any more */
} asked_t;

/* ANSHIN_ENOTFOUND: there is no such list, or these are no marks; ANSHIN_EDENIED: not by this role, or not of it. */
static apr_status_t read_asked(anshin_portal_request_t *request, asked_t *asked)
{
    const char *verb = anshin_portal_request_value(request, "verb");
    const char *marks = anshin_portal_request_value(request, "rows");

    *asked = (asked_t){.list = anshin_desk_list_asked(request),
                       .verb_name = verb != NULL ? verb : "",
                       .marks = marks != NULL ? marks : "",
                       .targets = apr_array_make(request->op.pool, ANSHIN_BULK_MAX, sizeof(anshin_bulk_target_t))};
    asked->verb = (anshin_desk_verb_t)anshin_word_value(anshin_desk_verb_words, asked->verb_name, ANSHIN_DESK_VERBS);
    if (asked->list == ANSHIN_DESK_LISTS || strlen(asked->marks) % ANSHIN_DESK_MARK_TEXT != 0 ||
        strlen(asked->marks) > ANSHIN_BULK_MAX * ANSHIN_DESK_MARK_TEXT) {
        return ANSHIN_ENOTFOUND;
    }
    return anshin_desk_list_takes(asked->list, asked->verb) && anshin_role_may(request->staff.role, asked->verb)
               ? APR_SUCCESS
               : ANSHIN_EDENIED;
}

typedef struct marking_t {
    anshin_portal_request_t *request;
    apr_hash_t *marked;
    const anshin_desk_row_t *row;
} marking_t;

/* The list may have been shown before the seal key was changed. */
static apr_status_t mark_by(void *baton, anshin_op_t *op)
{
    const marking_t *marking = baton;
    const char *mark;
    apr_status_t status = anshin_desk_list_mark(marking->request, marking->row, &mark);

    (void)op;
    if (status != APR_SUCCESS) {
        return status;
    }
    apr_hash_set(marking->marked, mark, APR_HASH_KEY_STRING, marking->row);
    return ANSHIN_ENOTFOUND; /* on to the next key */
}

/* The rows of a list by their marks. */
static apr_status_t mark_all(anshin_portal_request_t *request, const apr_array_header_t *rows, apr_hash_t *marked)
{
    apr_status_t status = ANSHIN_ENOTFOUND;

    for (int i = 0; status == ANSHIN_ENOTFOUND && i < rows->nelts && i < ANSHIN_DESK_ROWS_MAX; i++) {
        marking_t marking = {request, marked, &APR_ARRAY_IDX(rows, i, anshin_desk_row_t)};

        status = anshin_secret_any(&request->op, mark_by, &marking);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* A user whose devices have two rows is one, but where it is done to the device. */
static void add(anshin_portal_request_t *request, asked_t *asked, const anshin_desk_row_t *row, apr_hash_t *seen)
{
    const anshin_account_t *account = &row->account;
    const apr_int64_t terminal = asked->verb == ANSHIN_DESK_RENEW ? row->terminal : 0;
    const char *key =
        apr_psprintf(request->op.pool, "%s/%s/%" APR_INT64_T_FMT, account->contract, account->user, terminal);

    if (apr_hash_get(seen, key, APR_HASH_KEY_STRING) == NULL) {
        apr_hash_set(seen, key, APR_HASH_KEY_STRING, row);
        APR_ARRAY_PUSH(asked->targets, anshin_bulk_target_t) = (anshin_bulk_target_t){
            {account->contract, account->user, account->number != NULL ? account->number : ""}, terminal};
    }
}

static apr_status_t find(anshin_portal_request_t *request, asked_t *asked)
{
    apr_hash_t *marked = apr_hash_make(request->op.pool);
    apr_hash_t *seen = apr_hash_make(request->op.pool);
    apr_array_header_t *rows;
    apr_status_t status = read_asked(request, asked);

    status = status == APR_SUCCESS ? anshin_desk_list(&request->op, &request->staff, asked->list, &rows) : status;
    status = status == APR_SUCCESS ? mark_all(request, rows, marked) : status;
    for (const char *at = asked->marks; status == APR_SUCCESS && *at != '\0'; at += ANSHIN_DESK_MARK_TEXT) {
        const anshin_desk_row_t *row = apr_hash_get(marked, at, ANSHIN_DESK_MARK_TEXT);

        if (row != NULL) {
            add(request, asked, row, seen);
        } else {
            asked->gone++;
        }
    }
    return status;
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

static const char *say_verb(anshin_portal_request_t *request, const char *verb, const char *which)
{
    return anshin_page_say(request->page, apr_pstrcat(request->op.pool, "desk_act.", verb, ".", which, NULL));
}

/* One with two devices is named once. */
static int is_named(const asked_t *asked, int at)
{
    const anshin_desk_whom_t *whom = &APR_ARRAY_IDX(asked->targets, at, anshin_bulk_target_t).whom;

    for (int i = 0; i < at; i++) {
        const anshin_desk_whom_t *other = &APR_ARRAY_IDX(asked->targets, i, anshin_bulk_target_t).whom;

        if (strcmp(other->contract, whom->contract) == 0 && strcmp(other->user, whom->user) == 0) {
            return 1;
        }
    }
    return 0;
}

static void put_users(anshin_portal_request_t *request, const asked_t *asked)
{
    anshin_page_t *page = request->page;
    json_t *users = json_array();
    const int count = anshin_desk_bulk_users(&request->op, asked->targets);
    int wants_why = 0;

    for (int i = 0; i < asked->targets->nelts; i++) {
        const anshin_desk_whom_t *whom = &APR_ARRAY_IDX(asked->targets, i, anshin_bulk_target_t).whom;
        const anshin_contract_t *contract = anshin_config_contract(request->op.env->config, whom->contract);

        wants_why |= contract != NULL && contract->policy.staff_reason;
        if (json_array_size(users) < NAMED && contract != NULL && !is_named(asked, i)) {
            anshin_page_append(page, users,
                               json_pack("{s:s, s:s}", "user", whom->user, "contract_title",
                                         anshin_contract_title(contract, page->language)));
        }
    }
    anshin_page_put(page, page->page, "users", users);
    anshin_page_text(page, "count_text", anshin_page_say_number(page, "desk_bulk.count", "number", count));
    if (count > NAMED) {
        anshin_page_text(page, "more_text", anshin_page_say_number(page, "desk_bulk.more", "number", count - NAMED));
    }
    if (asked->gone > 0) {
        anshin_page_text(page, "gone_text",
                         anshin_page_say_number(page, "desk_bulk.gone_count", "number", asked->gone));
    }
    anshin_page_flag(page, "why", wants_why);
    if (wants_why) {
        anshin_page_value(page, "why", anshin_portal_request_text(request, "why"));
    }
}

static int draw(anshin_portal_request_t *request, const asked_t *asked)
{
    anshin_page_t *page = request->page;
    const char *order;

    if (anshin_secret_name(&request->op, &order) != APR_SUCCESS) {
        return anshin_response_unavailable(request, ANSHIN_EFAULT, "order of the help desk");
    }
    put_users(request, asked);
    anshin_page_put(page, page->data, "title", json_string(say_verb(request, asked->verb_name, "title")));
    anshin_page_text(page, "lead", say_verb(request, asked->verb_name, "lead"));
    anshin_page_text(page, "submit", say_verb(request, asked->verb_name, "submit"));
    anshin_page_text(page, "order", order);
    anshin_page_flag(
        page, "second",
        anshin_desk_bulk_waits(&request->op, &(anshin_bulk_new_t){.verb = asked->verb, .targets = asked->targets}));
    anshin_page_flag(page, "danger", asked->verb == ANSHIN_DESK_DISABLE || asked->verb == ANSHIN_DESK_REVOKE);
    anshin_page_text(page, "action_url",
                     apr_pstrcat(request->op.pool, anshin_desk_list_url(request, "/desk/list/act", asked->list),
                                 "&verb=", asked->verb_name, "&rows=", asked->marks, NULL));
    anshin_page_text(page, "cancel_url", anshin_desk_list_url(request, "/desk/list", asked->list));
    return anshin_response_form(request, "desk-bulk");
}

/* Others have done it meanwhile. */
static int nobody_left(anshin_portal_request_t *request, const asked_t *asked)
{
    return anshin_page_redirect(
        request->r,
        apr_pstrcat(request->op.pool, anshin_desk_list_url(request, "/desk/list", asked->list), "&refused=gone", NULL));
}

int anshin_page_desk_bulk_get(anshin_portal_request_t *request)
{
    const char *why = anshin_portal_request_typed(request, "why");
    const char *error;
    asked_t asked;
    apr_status_t status = find(request, &asked);

    if (status != APR_SUCCESS) {
        return anshin_desk_failure(request, status, "many of a list");
    }
    if (asked.targets->nelts == 0) {
        return nobody_left(request, &asked);
    }
    error = why != NULL ? anshin_bulk_why_error(&request->op, asked.targets, why) : NULL;
    if (error != NULL) {
        anshin_page_error(request->page, "why", error);
    }
    return draw(request, &asked);
}

/* --- doing ------------------------------------------------------------------------------------------------------- */

static int lead_to(anshin_portal_request_t *request, anshin_desk_list_t list, const char *order)
{
    return anshin_page_redirect(
        request->r,
        apr_pstrcat(request->op.pool, anshin_desk_list_url(request, "/desk/list/done", list), "&order=", order, NULL));
}

/* Another operator is to approve it. */
static int lead_to_waiting(anshin_portal_request_t *request, const char *refused)
{
    return anshin_page_redirect(request->r,
                                apr_pstrcat(request->op.pool, anshin_portal_request_link(request, "/desk/waiting"),
                                            refused != NULL ? "?refused=" : NULL, refused, NULL));
}

/* What is wrong with the order itself, no field of the form, is told where those are that wait. NULL: a field is. */
static const char *refused_of(const char *error)
{
    static const char waiting[] = "desk_waiting.";

    return strncmp(error, waiting, strlen(waiting)) == 0 ? error + strlen(waiting) : NULL;
}

static int carry_out(anshin_portal_request_t *request, const asked_t *asked, const char *id)
{
    const anshin_member_t member = anshin_member_of(request);
    const anshin_bulk_new_t order = {.member = &member,
                                     .id = id,
                                     .verb = asked->verb,
                                     .list = asked->list,
                                     .targets = asked->targets,
                                     .why = anshin_form_get(request->form, "why")};
    const char *error;
    int waits;
    apr_status_t status = anshin_desk_bulk_do(&request->op, &order, &error, &waits);

    if (status != APR_SUCCESS) {
        return anshin_desk_failure(request, status, "order of the help desk");
    }
    if (error != NULL && refused_of(error) != NULL) {
        return lead_to_waiting(request, refused_of(error));
    }
    if (error != NULL) {
        anshin_page_error(request->page, "why", error);
        return draw(request, asked);
    }
    if (request->op.error.status != APR_SUCCESS) {
        anshin_portal_request_log(request, APLOG_ERR, "AN1624", "order of the help desk, not done to its end");
    }
    return waits ? lead_to_waiting(request, NULL) : lead_to(request, asked->list, id);
}

/* The same form once more leads to what has come of it (FLO-2). */
int anshin_page_desk_bulk_post(anshin_portal_request_t *request)
{
    const char *id = anshin_form_get(request->form, "order");
    anshin_desk_bulk_t before;
    anshin_pending_t waiting;
    asked_t asked;
    apr_status_t status =
        id != NULL ? anshin_desk_bulk_find(&request->op, &request->staff, id, &before) : ANSHIN_ENOTFOUND;

    if (status == APR_SUCCESS) {
        return lead_to(request, anshin_desk_list_asked(request), id);
    }
    if (status == ANSHIN_ENOTFOUND && id != NULL) {
        status = anshin_pending_find(&request->op, &request->staff, id, &waiting);
        if (status == APR_SUCCESS && waiting.mine) {
            return lead_to_waiting(request, NULL);
        }
        status = status == APR_SUCCESS ? ANSHIN_EDENIED : status;
    }
    status = status == ANSHIN_ENOTFOUND ? find(request, &asked) : status;
    if (status != APR_SUCCESS) {
        return anshin_desk_failure(request, status, "many of a list");
    }
    return asked.targets->nelts > 0 && id != NULL ? carry_out(request, &asked, id) : nobody_left(request, &asked);
}

/* --- what came of it --------------------------------------------------------------------------------------------- */

static void put_came(anshin_portal_request_t *request, json_t *rows, const char *entry, const char *came,
                     const char *verb)
{
    const int done = strcmp(came, ANSHIN_BULK_DONE) == 0;
    anshin_bulk_target_t target;
    const anshin_contract_t *contract;

    anshin_desk_bulk_target(entry, &target, request->op.pool);
    contract = anshin_config_contract(request->op.env->config, target.whom.contract);
    if (contract != NULL && target.whom.number != NULL) {
        const anshin_account_t account = {
            .contract = target.whom.contract, .user = target.whom.user, .number = target.whom.number};

        anshin_page_append(request->page, rows,
                           json_pack("{s:s, s:s, s:s, s:s, s:b}", "user", target.whom.user, "contract_title",
                                     anshin_contract_title(contract, request->page->language), "url",
                                     anshin_desk_url(request, "/desk/user", &account), "came_text",
                                     done ? say_verb(request, verb, "done") : anshin_page_say(request->page, came),
                                     "done", done));
    }
}

static void put_all(anshin_portal_request_t *request, const anshin_desk_bulk_t *order)
{
    anshin_page_t *page = request->page;
    const int came = order->came != NULL ? order->came->nelts : 0;
    json_t *rows = json_array();
    int done = 0;

    for (int i = 0; order->whom != NULL && i < order->whom->nelts; i++) {
        const char *what = i < came ? APR_ARRAY_IDX(order->came, i, const char *) : "desk_bulk.unknown";

        put_came(request, rows, APR_ARRAY_IDX(order->whom, i, const char *), what, order->verb);
        done += strcmp(what, ANSHIN_BULK_DONE) == 0;
    }
    anshin_page_text(page, "done_text", anshin_page_say_number(page, "desk_bulk_done.done", "number", done));
    anshin_page_text(
        page, "not_done_text",
        anshin_page_say_number(page, "desk_bulk_done.not_done", "number", (int)json_array_size(rows) - done));
    anshin_page_put(page, page->page, "rows", rows);
}

int anshin_page_desk_bulk_done_get(anshin_portal_request_t *request)
{
    const anshin_desk_list_t list = anshin_desk_list_asked(request);
    const char *id = anshin_portal_request_value(request, "order");
    anshin_desk_bulk_t order;
    apr_status_t status =
        id != NULL ? anshin_desk_bulk_find(&request->op, &request->staff, id, &order) : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS || list == ANSHIN_DESK_LISTS) {
        return status == APR_SUCCESS || status == ANSHIN_ENOTFOUND
                   ? anshin_response_error(request, HTTP_NOT_FOUND)
                   : anshin_response_unavailable(request, status, "order of the help desk");
    }
    if (order.ended_at == 0) {
        anshin_page_alert(request->page, "notice",
                          anshin_page_say(request->page, anshin_bulk_broken(&request->op, &order)
                                                             ? "desk_bulk_done.broken"
                                                             : "desk_bulk_done.running"));
    }
    put_all(request, &order);
    anshin_page_text(request->page, "lead", say_verb(request, order.verb, "title"));
    anshin_page_text(request->page, "back_url", anshin_desk_list_url(request, "/desk/list", list));
    return anshin_response_page(request, "desk-bulk-done", HTTP_OK);
}
