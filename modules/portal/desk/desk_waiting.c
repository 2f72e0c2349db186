/*
 * What waits for a second operator (AnshinFourEyes, ROL-4): listed; then one of it, to be approved, refused or
 * withdrawn, asked once more.
 *
 * SECURITY: behind the password once more (S12); core asks again who decides, whether it still waits, and of each user
 * whether both operators may (S29).
 */
#include <apr_strings.h>
#include <httpd.h>
#include <http_log.h>
#include <string.h>

#include "core/context/bulk_order.h"
#include "core/desk/pending.h"
#include "http/page_headers.h"
#include "portal/desk/desk_list.h"
#include "portal/desk/desk_page.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"

#define OVER "desk_waiting.over"
#define NAMED 5 /* users that the list names of each */

/* What can be done about it: a state that it gets, or to go on with what was broken off. */
#define GO_ON (ANSHIN_APPROVAL_EXPIRED + 1)
static const anshin_word_t steps[] = {{"approve", ANSHIN_APPROVAL_APPROVED},
                                      {"refuse", ANSHIN_APPROVAL_REFUSED},
                                      {"withdraw", ANSHIN_APPROVAL_WITHDRAWN},
                                      {"continue", GO_ON},
                                      {NULL, 0}};

/* 1: this operator may, while it is time for it. */
static int may_step(const anshin_pending_t *waiting, apr_int64_t step)
{
    return step == ANSHIN_APPROVAL_WITHDRAWN ? waiting->mine : waiting->may;
}

static int is_open(const anshin_pending_t *waiting, apr_int64_t step)
{
    return step == GO_ON ? waiting->broken : waiting->state == ANSHIN_APPROVAL_WAITING;
}

static const char *say_verb(anshin_portal_request_t *request, const anshin_pending_t *waiting, const char *which)
{
    return anshin_page_say(request->page, apr_pstrcat(request->op.pool, "desk_act.",
                                                      anshin_word_name(anshin_desk_verb_words, waiting->verb, "see"),
                                                      ".", which, NULL));
}

static int count_of(const anshin_pending_t *waiting)
{
    return anshin_bulk_users(waiting->approval.whom, NULL);
}

/* Of whom it is, into object: users, more_text. */
static apr_status_t put_users(anshin_portal_request_t *request, json_t *object, const anshin_pending_t *waiting,
                              int most)
{
    anshin_page_t *page = request->page;
    json_t *rows = json_array();
    apr_array_header_t *users;
    int left;
    apr_status_t status = anshin_pending_users(&request->op, &request->staff, waiting, most, &users, &left);

    for (int i = 0; i < users->nelts; i++) {
        const anshin_desk_whom_t *whom = &APR_ARRAY_IDX(users, i, anshin_desk_whom_t);
        const anshin_account_t account = {.contract = whom->contract, .user = whom->user, .number = whom->number};
        const anshin_contract_t *contract = anshin_config_contract(request->op.env->config, whom->contract);

        anshin_page_append(page, rows,
                           json_pack("{s:s, s:s, s:s}", "user", whom->user, "url",
                                     anshin_desk_url(request, "/desk/user", &account), "contract_title",
                                     contract != NULL ? anshin_contract_title(contract, page->language) : ""));
    }
    anshin_page_put(page, object, "users", rows);
    if (count_of(waiting) > users->nelts) {
        anshin_page_put(page, object, "more_text",
                        json_string(anshin_page_say_number(page, most == NAMED ? "desk_bulk.more" : "desk_waiting.gone",
                                                           "number", count_of(waiting) - users->nelts)));
    }
    return status;
}

/* What is known of it: who has asked for what, when, until when, why, and what came of it. */
static void put_facts(anshin_portal_request_t *request, json_t *object, const anshin_pending_t *waiting)
{
    anshin_page_t *page = request->page;
    const char *state = waiting->broken ? "broken" : anshin_word_name(anshin_approval_words, waiting->state, "expired");

    anshin_page_put(page, object, "what", json_string(say_verb(request, waiting, "title")));
    anshin_page_put(page, object, "count_text",
                    json_string(anshin_page_say_number(page, "desk_bulk.count", "number", count_of(waiting))));
    anshin_page_put(page, object, "state_text",
                    json_string(anshin_page_say(page, apr_pstrcat(request->op.pool, "desk_waiting.", state, NULL))));
    anshin_page_put(page, object, "waits", json_boolean(waiting->state == ANSHIN_APPROVAL_WAITING));
    anshin_page_put(page, object, "broken", json_boolean(waiting->broken));
    anshin_page_put(page, object, "mine", json_boolean(waiting->mine));
    anshin_page_long(page, object, "asked_by", waiting->approval.name);
    anshin_page_long(page, object, "decided_by", waiting->approval.second);
    anshin_page_long(page, object, "reason", waiting->approval.why);
    anshin_page_moment(page, object, "at", waiting->approval.at, ANSHIN_DATE_TABLE);
    anshin_page_moment(page, object, "until", waiting->approval.expires_at, ANSHIN_DATE_TABLE);
}

static const char *step_url(anshin_portal_request_t *request, const char *id, const char *step)
{
    return apr_pstrcat(request->op.pool, anshin_portal_request_link(request, "/desk/waiting/decide"), "?id=", id,
                       "&step=", step, NULL);
}

static const char *answer_url(anshin_portal_request_t *request, const anshin_pending_t *waiting)
{
    const char *list = waiting->approval.list != NULL ? waiting->approval.list : "";

    return apr_pstrcat(
        request->op.pool,
        anshin_desk_list_url(request, "/desk/list/done",
                             (anshin_desk_list_t)anshin_word_value(anshin_desk_list_words, list, ANSHIN_DESK_LISTS)),
        "&order=", waiting->id, NULL);
}

/* What this operator may do about it. */
static void put_steps(anshin_portal_request_t *request, json_t *object, const anshin_pending_t *waiting)
{
    json_t *buttons = json_array();

    for (const anshin_word_t *step = steps; step->name != NULL; step++) {
        if (is_open(waiting, step->value) && may_step(waiting, step->value)) {
            const char *key = apr_pstrcat(request->op.pool, "desk_decide.", step->name, ".button", NULL);

            anshin_page_append(request->page, buttons,
                               json_pack("{s:s, s:s}", "url", step_url(request, waiting->id, step->name), "text",
                                         anshin_page_say(request->page, key)));
        }
    }
    anshin_page_put(request->page, object, "buttons", buttons);
}

/* Why nothing was decided or ordered, in the address that leads back. */
static const anshin_word_t refusals[] = {{"over", 1},       {"changed", 1},  {"asker_may_not", 1},
                                         {"asker_gone", 1}, {"too_many", 1}, {NULL, 0}};

int anshin_page_desk_waiting_get(anshin_portal_request_t *request)
{
    const char *refused = anshin_form_get(request->query, "refused");
    json_t *rows = json_array();
    apr_array_header_t *list;
    apr_status_t status = anshin_pending_list(&request->op, &request->staff, &list);

    for (int i = 0; status == APR_SUCCESS && i < list->nelts; i++) {
        const anshin_pending_t *waiting = &APR_ARRAY_IDX(list, i, anshin_pending_t);
        json_t *row = json_object();

        put_facts(request, row, waiting);
        put_steps(request, row, waiting);
        status = put_users(request, row, waiting, NAMED);
        if (waiting->answer) {
            anshin_page_put(request->page, row, "answer_url", json_string(answer_url(request, waiting)));
        }
        anshin_page_append(request->page, rows, row);
    }
    if (status != APR_SUCCESS) {
        json_decref(rows);
        return anshin_response_unavailable(request, status, "what waits for a second operator");
    }
    if (refused != NULL && anshin_word_value(refusals, refused, 0) != 0) {
        anshin_page_alert(
            request->page, "notice",
            anshin_page_say(request->page, apr_pstrcat(request->op.pool, "desk_waiting.", refused, NULL)));
    }
    anshin_page_put(request->page, request->page->page, "rows", rows);
    return anshin_response_page(request, "desk-waiting", HTTP_OK);
}

/* --- one of them ------------------------------------------------------------------------------------------------- */

typedef struct asked_t {
    const char *id;
    const char *step;
    apr_int64_t how; /* of steps; ANSHIN_APPROVAL_WAITING: none of them */
    anshin_pending_t waiting;
} asked_t;

/* ANSHIN_ENOTFOUND, ANSHIN_EDENIED as core will say. */
static apr_status_t read_asked(anshin_portal_request_t *request, asked_t *asked)
{
    const char *id = anshin_portal_request_value(request, "id");
    const char *step = anshin_portal_request_value(request, "step");
    apr_status_t status;

    asked->id = id != NULL ? id : "";
    asked->step = step != NULL ? step : "";
    asked->how = anshin_word_value(steps, asked->step, ANSHIN_APPROVAL_WAITING);
    status = anshin_pending_find(&request->op, &request->staff, asked->id, &asked->waiting);
    if (status == APR_SUCCESS && asked->how == ANSHIN_APPROVAL_WAITING) {
        status = ANSHIN_EDENIED;
    }
    if (status == APR_SUCCESS && !may_step(&asked->waiting, asked->how)) {
        status = ANSHIN_EDENIED;
    }
    return status;
}

static int lead_back(anshin_portal_request_t *request, const char *error)
{
    const char *which = error != NULL ? strrchr(error, '.') : NULL;

    return anshin_page_redirect(request->r,
                                apr_pstrcat(request->op.pool, anshin_portal_request_link(request, "/desk/waiting"),
                                            which != NULL ? "?refused=" : "", which != NULL ? which + 1 : "", NULL));
}

/* It is over: who has done it himself, or goes on with it, sees what came of it (FLO-2). */
static int lead_on(anshin_portal_request_t *request, const asked_t *asked, const char *error)
{
    const int over = error == NULL || strcmp(error, OVER) == 0;

    return over && asked->waiting.answer && (asked->how == ANSHIN_APPROVAL_APPROVED || asked->how == GO_ON)
               ? anshin_page_redirect(request->r, answer_url(request, &asked->waiting))
               : lead_back(request, error);
}

static int failure(anshin_portal_request_t *request, apr_status_t status)
{
    return status == ANSHIN_ENOTFOUND ? anshin_response_error(request, HTTP_NOT_FOUND)
                                      : anshin_desk_failure(request, status, "what waits for a second operator");
}

int anshin_page_desk_decide_get(anshin_portal_request_t *request)
{
    anshin_page_t *page = request->page;
    asked_t asked;
    apr_status_t status = read_asked(request, &asked);
    const char *seen;
    const char *key;

    if (status == APR_SUCCESS && !is_open(&asked.waiting, asked.how)) {
        return lead_on(request, &asked, OVER);
    }
    status = status == APR_SUCCESS ? anshin_approval_digest(&request->op, &asked.waiting.approval, &seen) : status;
    status = status == APR_SUCCESS ? put_users(request, page->page, &asked.waiting, ANSHIN_BULK_MAX) : status;
    if (status != APR_SUCCESS) {
        return failure(request, status);
    }
    key = apr_pstrcat(request->op.pool, "desk_decide.", asked.step, NULL);
    put_facts(request, page->page, &asked.waiting);
    anshin_page_put(page, page->data, "title",
                    json_string(anshin_page_say(page, apr_pstrcat(request->op.pool, key, ".title", NULL))));
    anshin_page_text(page, "lead", anshin_page_say(page, apr_pstrcat(request->op.pool, key, ".lead", NULL)));
    anshin_page_text(page, "submit", anshin_page_say(page, apr_pstrcat(request->op.pool, key, ".submit", NULL)));
    if (asked.how == ANSHIN_APPROVAL_APPROVED || asked.how == GO_ON) {
        anshin_page_text(page, "verb_lead", say_verb(request, &asked.waiting, "lead"));
        anshin_page_flag(page, "danger",
                         asked.waiting.verb == ANSHIN_DESK_DISABLE || asked.waiting.verb == ANSHIN_DESK_REVOKE);
    }
    anshin_page_text(page, "seen", seen);
    anshin_page_text(page, "action_url", step_url(request, asked.id, asked.step));
    anshin_page_text(page, "cancel_url", anshin_portal_request_link(request, "/desk/waiting"));
    return anshin_response_page(request, "desk-decide", HTTP_OK);
}

static apr_status_t settle(anshin_portal_request_t *request, const asked_t *asked, const char **error)
{
    const anshin_member_t member = anshin_member_of(request);
    const char *seen = anshin_form_get(request->form, "seen");

    return asked->how == GO_ON
               ? anshin_pending_go_on(&request->op, &member, asked->id, error)
               : anshin_pending_decide(&request->op, &member, asked->id, (anshin_approval_state_t)asked->how,
                                       seen != NULL ? seen : "", error);
}

int anshin_page_desk_decide_post(anshin_portal_request_t *request)
{
    const char *error = NULL;
    asked_t asked;
    apr_status_t status = read_asked(request, &asked);

    status = status == APR_SUCCESS ? settle(request, &asked, &error) : status;
    if (status == APR_SUCCESS) {
        status = read_asked(request, &asked); /* as it was left, by this request or another one */
    }
    if (status != APR_SUCCESS) {
        return failure(request, status);
    }
    if (request->op.error.status != APR_SUCCESS) {
        anshin_portal_request_log(request, APLOG_ERR, "AN1306", "approved order of the help desk, not done to its end");
    }
    return lead_on(request, &asked, error);
}
