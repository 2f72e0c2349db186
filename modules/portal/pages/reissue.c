/*
 * Reissue of a password (PRI) and of a certificate (CRI), the way to a lost device (LST-2), the link to a download once
 * more (HLP-17, HLP-18), and user IDs by mail (HLP-23), for those who cannot log in.
 *
 * SECURITY: faces everybody; the request's answer is the same whatever was typed (S8). New secrets are shown until the
 * person has seen them.
 */
#include "portal/pages/pages.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "core/account/lockout_look.h"
#include "core/selfservice/access_code.h"
#include "core/selfservice/lost_device.h"
#include "core/selfservice/reissue_request.h"
#include "portal/response/flow_cookie.h"
#include "portal/pages/lost_device.h"
#include "portal/pages/member.h"
#include "portal/response/response.h"
#include "portal/response/trouble.h"
#include "portal/request/words.h"

#define TYPED_MAX 1024  /* bytes of a field */
#define REQUEST_MAX 512 /* bytes of ID and address: kept in the page's address after an error */
#define ASKED_FOR "u"   /* in the flow's note: the user ID */

/* The links that strangers ask for. */
typedef struct asked_page_t {
    anshin_reissue_kind_t kind;
    const char *base; /* its pages lie below */
    const char *name; /* in texts, and as a flag of templates */
    const char *next; /* behind the right proof */
    anshin_flow_kind_t flow;
    const char *const *steps;
} asked_page_t;

static const char *const steps[] = {"steps.reissue_request", "steps.reissue_sent", "steps.reissue_prove",
                                    "steps.reissue_done", NULL};
static const char *const resend_steps[] = {"steps.reissue_request", "steps.reissue_sent", "steps.download_file",
                                           NULL};
static const char *const user_id_steps[] = {"steps.reissue_request", "steps.reissue_sent", "steps.login", NULL};

static const asked_page_t pages[] = {
    {ANSHIN_REISSUE_PASSWORD, "/reissue/password", "password", "/reissue/password/done", ANSHIN_FLOW_REISSUE_PASSWORD,
     steps},
    {ANSHIN_REISSUE_CERTIFICATE, "/reissue/certificate", "certificate", "/reissue/certificate/done",
     ANSHIN_FLOW_REISSUE_CERTIFICATE, steps},
    {ANSHIN_REISSUE_RESEND, "/resend", "resend", NULL, ANSHIN_FLOW_NONE, resend_steps},
    {ANSHIN_REISSUE_ID, "/user-id", "user_id", NULL, ANSHIN_FLOW_NONE, user_id_steps},
    {ANSHIN_REISSUE_LOST, "/lost", "lost", "/lost/choose", ANSHIN_FLOW_LOST_DEVICE, anshin_lost_steps}};

/* Which of them the page is about, by its path. */
static const asked_page_t *page_of(const anshin_portal_request_t *request)
{
    const asked_page_t *page = pages;

    while (page->kind != ANSHIN_REISSUE_LOST && strncmp(request->path, page->base, strlen(page->base)) != 0) {
        page++;
    }
    return page;
}

static anshin_reissue_kind_t kind_of(const anshin_portal_request_t *request)
{
    return page_of(request)->kind;
}

static void put_common(anshin_portal_request_t *request, int step)
{
    static const char *const templates[] = {"reissue_request", "reissue_sent", "reissue_prove", "reissue_done"};
    const asked_page_t *page = page_of(request);

    anshin_response_title(request, templates[step], page->name);
    if (step < 2 || page->kind == ANSHIN_REISSUE_LOST) { /* later pages have a secret of the other names */
        anshin_page_flag(request->page, page->name, 1);
    }
    anshin_page_steps(request->page, page->steps, step);
    anshin_page_text(request->page, "action_url",
                     anshin_portal_request_link(request, request->flow.id != NULL
                                                             ? anshin_flow_cookie_path(request, request->path)
                                                             : request->path));
    anshin_page_text(request->page, "cancel_url", anshin_portal_request_link(request, "/login"));
    anshin_page_text(request->page, "login_url", anshin_portal_request_link(request, "/login"));
}

/* The form as it was typed; 0: there are complaints. Who has forgotten the user ID is not asked for it. */
static int put_typed(anshin_portal_request_t *request, const char **user, const char **address)
{
    put_common(request, 0);
    *user =
        kind_of(request) != ANSHIN_REISSUE_ID ? anshin_portal_request_field(request, "user", REQUEST_MAX) : "";
    *address = anshin_portal_request_field(request, "address", REQUEST_MAX);
    anshin_page_value(request->page, "user", anshin_portal_request_text(request, "user"));
    anshin_page_value(request->page, "address", anshin_portal_request_text(request, "address"));
    return *user != NULL && *address != NULL;
}

int anshin_page_reissue_get(anshin_portal_request_t *request)
{
    const char *user, *address;
    apr_status_t status = anshin_address_find(&request->op);

    if (status == ANSHIN_EDENIED) { /* said before anybody types (U18) */
        return anshin_response_throttled(request);
    }
    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "reissue");
    }
    if (request->typed != NULL) {
        (void)put_typed(request, &user, &address);
        return anshin_response_form(request, "reissue-request");
    }
    put_common(request, 0);
    return anshin_response_page(request, "reissue-request", HTTP_OK);
}

/* Where mail has no links, the browser that asks begins the flow: the code from the mail lets its token count there,
 * and nowhere else (NOM-1). Whether there is anything to come is not known yet. */
static int begin(anshin_portal_request_t *request, const char *user)
{
    const asked_page_t *page = page_of(request);
    const char *canonical = anshin_user_canonical(user, request->op.pool);
    apr_status_t status = anshin_flow_start(&request->op, &request->flow, page->flow, "");

    request->flow.expires_at = request->op.now + request->op.contract->policy.link_lifetime;
    if (status == APR_SUCCESS) {
        status = anshin_secret_token(&request->op, &request->flow.token);
    }
    if (status == APR_SUCCESS) {
        status = anshin_flow_note(&request->op, &request->flow,
                                  json_pack("{s:s}", ASKED_FOR, canonical != NULL ? canonical : ""));
    }
    return status == APR_SUCCESS
               ? anshin_response_flow_begun(request, apr_pstrcat(request->op.pool, page->base, "/code", NULL))
               : anshin_response_unavailable(request, status, "reissue");
}

int anshin_page_reissue_post(anshin_portal_request_t *request)
{
    const char *user, *address;
    apr_status_t status;

    if (!put_typed(request, &user, &address)) {
        return anshin_response_form(request, "reissue-request");
    }
    status = anshin_reissue_request(&request->op, kind_of(request), user, address);
    if (status == ANSHIN_EDENIED) {
        return anshin_response_throttled(request);
    }
    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "reissue");
    }
    return request->op.contract->policy.mail_links || page_of(request)->flow == ANSHIN_FLOW_NONE
               ? anshin_response_redirect(request, apr_pstrcat(request->op.pool, page_of(request)->base, "/sent", NULL))
               : begin(request, user);
}

int anshin_page_reissue_sent_get(anshin_portal_request_t *request)
{
    static const char *const troubles[] = {"mail_missing", "id_forgotten", NULL};

    put_common(request, 1);
    anshin_trouble_put_some(request, troubles);
    anshin_page_flag(request->page, "coded", !request->op.contract->policy.mail_links);
    if (page_of(request)->flow != ANSHIN_FLOW_NONE) { /* a download's end is the first link's, and the mail tells it */
        anshin_page_text(request->page, "minutes_text",
                         anshin_page_say_number(request->page, "reissue_sent.minutes", "minutes",
                                                apr_time_sec(request->op.contract->policy.link_lifetime) / 60));
    }
    return anshin_response_page(request, "reissue-sent", HTTP_OK);
}

static const char *path_of(const anshin_portal_request_t *request, const char *page)
{
    return apr_pstrcat(request->op.pool, page_of(request)->base, page, NULL);
}

static void put_code(anshin_portal_request_t *request)
{
    static const char *const troubles[] = {"mail_missing", "id_forgotten", NULL};

    put_common(request, 1);
    anshin_response_title(request, "reissue_code", page_of(request)->name);
    anshin_words_life(request->page, request->flow.expires_at);
    anshin_page_text(request->page, "again_url", anshin_portal_request_link(request, page_of(request)->base));
    anshin_trouble_put_some(request, troubles);
}

/* The code has been typed: on as behind the link. DECLINED: it has not. */
static int behind_code(anshin_portal_request_t *request)
{
    anshin_reissue_asked_t asked;
    apr_status_t status = anshin_reissue_find(&request->op, kind_of(request), request->flow.token, &asked);

    if (status == APR_SUCCESS) {
        return anshin_response_flow(request, path_of(request, "/prove"));
    }
    return status == ANSHIN_ENOTFOUND ? DECLINED : anshin_response_failure(request, status, "reissue code");
}

/* The same page whether a code was mailed or not, and until when (S8). */
int anshin_page_reissue_code_get(anshin_portal_request_t *request)
{
    int answer = behind_code(request);
    apr_status_t status;

    if (answer != DECLINED) {
        return answer;
    }
    status = anshin_address_find(&request->op);
    if (status == ANSHIN_EDENIED) {
        return anshin_response_throttled(request);
    }
    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "reissue code");
    }
    put_code(request);
    return anshin_response_page(request, "reissue-code", HTTP_OK);
}

int anshin_page_reissue_code_post(anshin_portal_request_t *request)
{
    const char *code = anshin_portal_request_field(request, "access_code", ANSHIN_ACCESS_TYPED_MAX);
    int right = 0;
    apr_status_t status = APR_SUCCESS;

    if (code != NULL) {
        status = anshin_access_asked(&request->op, kind_of(request), anshin_flow_text(&request->flow, ASKED_FOR),
                                     request->flow.token, code, &right);
    }
    if (status == ANSHIN_EDENIED) {
        return anshin_response_throttled(request);
    }
    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "reissue code");
    }
    if (right) {
        return anshin_response_flow(request, path_of(request, "/prove"));
    }
    if (code != NULL) {
        anshin_portal_request_log(request, APLOG_INFO, "AN1413", "a code that counts for nothing here");
        anshin_page_error(request->page, "access_code", "errors.access_code_wrong");
    }
    put_code(request);
    return anshin_response_form(request, "reissue-code");
}

/* Until when one of the two kinds waits. */
static void put_gap(anshin_portal_request_t *request, const char *name, const char *key, apr_time_t until)
{
    if (until != 0) {
        anshin_page_say_time(request->page, request->page->page, name, key, until, ANSHIN_DATE_PLAIN);
    }
}

static void put_proof(anshin_portal_request_t *request, const anshin_reissue_asked_t *asked)
{
    static const char *const flags[] = {"by_question", "by_password", "by_code"};
    int password = kind_of(request) == ANSHIN_REISSUE_PASSWORD;

    put_common(request, 2);
    anshin_words_life(request->page, asked->until);
    if (asked->proof != ANSHIN_PROOF_QUESTION) {
        anshin_page_label(request->page, "answer",
                          asked->proof == ANSHIN_PROOF_PASSWORD ? "labels.password" : "labels.operator_code");
    }
    anshin_page_flag(request->page, flags[asked->proof], 1);
    anshin_page_text(request->page, "user", asked->user); /* for password managers */
    put_gap(request, "gap", password ? "reissue_prove.gap_password" : "reissue_prove.gap_certificate", asked->opens_at);
    if (asked->opens_at == 0) {
        put_gap(request, "warning", password ? "reissue_prove.warning_password" : "reissue_prove.warning_certificate",
                asked->closes_to);
    }
    if (asked->proof == ANSHIN_PROOF_QUESTION) {
        anshin_words_questions(request->page, request->form ? anshin_portal_request_text(request, "question") : "");
    }
}

/* Too many wrong ones. Those of a lost device close that way alone. */
static int locked(anshin_portal_request_t *request, const anshin_lock_t *lock)
{
    return kind_of(request) == ANSHIN_REISSUE_LOST ? anshin_response_link_locked(request, "lost")
                                                   : anshin_response_locked(request, NULL, lock);
}

int anshin_page_reissue_prove_get(anshin_portal_request_t *request)
{
    anshin_reissue_asked_t asked;
    apr_status_t status = anshin_reissue_find(&request->op, kind_of(request), request->flow.token, &asked);

    if (status == ANSHIN_ENOTFOUND && request->flow.note != NULL) { /* its code has not been typed yet */
        return anshin_response_flow(request, path_of(request, "/code"));
    }
    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "reissue link");
    }
    if (asked.lock.kinds != 0) { /* said before anybody types (U18) */
        return locked(request, &asked.lock);
    }
    put_proof(request, &asked);
    return anshin_response_page(request, "reissue-prove", HTTP_OK);
}

static int wrong(anshin_portal_request_t *request, const anshin_reissue_asked_t *asked,
                 const anshin_reauthentication_t *result)
{
    static const char *const keys[] = {"errors.answer_wrong", "errors.password_wrong", "errors.operator_code_wrong"};
    static const char *const lost[] = {"errors.lost_answer_wrong", NULL, "errors.lost_code_wrong"};
    const char *key = (kind_of(request) == ANSHIN_REISSUE_LOST ? lost : keys)[asked->proof];

    anshin_words_wrong(request->page, "answer", asked->opens_at ? "errors.answer_or_code_wrong" : key,
                       result->remaining);
    return anshin_response_form(request, "reissue-prove");
}

static apr_status_t execute(anshin_portal_request_t *request, const anshin_reissue_typed_t *typed,
                            anshin_reissue_result_t *result)
{
    if (kind_of(request) != ANSHIN_REISSUE_LOST) {
        return anshin_reissue_execute(&request->op, kind_of(request), request->flow.token, typed, result);
    }
    memset(result, 0, sizeof(*result));
    return anshin_lost_device_prove(&request->op, request->flow.token, typed, &result->proof);
}

int anshin_page_reissue_prove_post(anshin_portal_request_t *request)
{
    anshin_reissue_typed_t typed = {anshin_portal_request_text(request, "question"), NULL, ""};
    anshin_reissue_result_t result;
    anshin_reissue_asked_t asked;
    apr_status_t status = anshin_reissue_find(&request->op, kind_of(request), request->flow.token, &asked);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "reissue link");
    }
    put_proof(request, &asked);
    typed.answer = anshin_portal_request_field(request, "answer", TYPED_MAX);
    if (asked.opens_at != 0) {
        typed.code = anshin_portal_request_field(request, "operator_code", TYPED_MAX);
    }
    if (!typed.answer || !typed.code) {
        return anshin_response_form(request, "reissue-prove");
    }
    status = execute(request, &typed, &result);
    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "reissue");
    }
    if (result.proof.locked) {
        return locked(request, &result.proof.lock);
    }
    if (!result.proof.right) {
        return wrong(request, &asked, &result.proof);
    }
    if (result.password != NULL) { /* the store has its hash alone: only the browser can keep it (SEC-1) */
        request->flow.secret = result.password;
        request->flow.token = "";
        return anshin_response_flow_begun(request, page_of(request)->next);
    }
    return anshin_response_flow(request, page_of(request)->next);
}

int anshin_page_reissue_done_get(anshin_portal_request_t *request)
{
    int password = kind_of(request) == ANSHIN_REISSUE_PASSWORD;
    apr_status_t status = anshin_member_show_result(request, NULL);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "download password");
    }
    put_common(request, 3);
    if (password) { /* not of the terminal whose address was typed */
        anshin_member_show_outcome(request, NULL);
    }
    if (password && request->flow.stage == ANSHIN_STAGE_RESULT && *request->flow.secret != '\0') {
        anshin_page_text(request->page, "password", request->flow.secret);
    }
    anshin_page_flag(request->page, "of_certificate", !password); /* which is still to be fetched: no login yet (U26) */
    anshin_page_flag(request->page, "must_change", password && request->op.contract->policy.reissue_change);
    return anshin_response_page(request, "reissue-done", HTTP_OK);
}
