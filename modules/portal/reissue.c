/*
 * Reissue of a password (PRI) and of a certificate (CRI), for those who cannot log in.
 *
 * SECURITY: faces everybody; the request's answer is the same whatever was typed (S8). New secrets are shown until the
 * person has seen them.
 */
#include <apr_strings.h>
#include <string.h>

#include "core/reissue.h"
#include "portal/member.h"
#include "portal/route.h"

#define TYPED_MAX 1024  /* bytes of a field */
#define REQUEST_MAX 512 /* bytes of ID and address: kept in the page's address after an error */

static const char *const steps[] = {"steps.reissue_request", "steps.reissue_sent", "steps.reissue_prove",
                                    "steps.reissue_done", NULL};

/* Which of the two the page is about, by its path. */
static anshin_reissue_kind_t kind_of(const anshin_exchange_t *x)
{
    return strncmp(x->path, "/reissue/password", strlen("/reissue/password")) == 0 ? ANSHIN_REISSUE_PASSWORD
                                                                                   : ANSHIN_REISSUE_CERTIFICATE;
}

static const char *base_of(const anshin_exchange_t *x)
{
    return kind_of(x) == ANSHIN_REISSUE_PASSWORD ? "/reissue/password" : "/reissue/certificate";
}

static void put_common(anshin_exchange_t *x, int step)
{
    static const char *const templates[] = {"reissue_request", "reissue_sent", "reissue_prove", "reissue_done"};
    const char *what = kind_of(x) == ANSHIN_REISSUE_PASSWORD ? "password" : "certificate";

    anshin_member_title(x, templates[step], what);
    if (step < 2) { /* later pages have a secret of that name */
        anshin_page_flag(x->page, what, 1);
    }
    anshin_page_steps(x->page, steps, step);
    anshin_page_text(x->page, "action_url",
                     anshin_exchange_link(x, x->flow.id != NULL ? anshin_exchange_flow_path(x, x->path) : x->path));
    anshin_page_text(x->page, "cancel_url", anshin_exchange_link(x, "/login"));
    anshin_page_text(x->page, "login_url", anshin_exchange_link(x, "/login"));
}

/* The form as it was typed; 0: there are complaints. */
static int put_typed(anshin_exchange_t *x, const char **user, const char **address)
{
    put_common(x, 0);
    *user = anshin_exchange_field(x, "user", REQUEST_MAX);
    *address = anshin_exchange_field(x, "address", REQUEST_MAX);
    anshin_page_value(x->page, "user", anshin_member_field(x, "user"));
    anshin_page_value(x->page, "address", anshin_member_field(x, "address"));
    return *user != NULL && *address != NULL;
}

int anshin_reissue_get(anshin_exchange_t *x)
{
    const char *user, *address;

    if (x->typed != NULL) {
        (void)put_typed(x, &user, &address);
        return anshin_answer_form(x, "reissue-request");
    }
    put_common(x, 0);
    return anshin_answer_page(x, "reissue-request", HTTP_OK);
}

int anshin_reissue_post(anshin_exchange_t *x)
{
    const char *user, *address;
    apr_status_t status;

    if (!put_typed(x, &user, &address)) {
        return anshin_answer_form(x, "reissue-request");
    }
    status = anshin_reissue_request(&x->op, kind_of(x), user, address);
    if (status == ANSHIN_EDENIED) {
        return anshin_answer_throttled(x);
    }
    if (status != APR_SUCCESS) {
        return anshin_answer_unavailable(x, status, "reissue");
    }
    return anshin_answer_redirect(x, apr_pstrcat(x->op.pool, base_of(x), "/sent", NULL));
}

int anshin_reissue_sent_get(anshin_exchange_t *x)
{
    put_common(x, 1);
    anshin_page_text(x->page, "minutes_text",
                     anshin_page_say_number(x->page, "reissue_sent.minutes", "minutes",
                                            apr_time_sec(x->op.contract->policy.link_lifetime) / 60));
    return anshin_answer_page(x, "reissue-sent", HTTP_OK);
}

/* Until when one of the two kinds waits. */
static void put_gap(anshin_exchange_t *x, const char *name, const char *key, apr_time_t until)
{
    if (until != 0) {
        anshin_page_text(x->page, name, anshin_page_say_text(x->page, key, "time", anshin_page_time(x->page, until)));
    }
}

static void put_proof(anshin_exchange_t *x, const anshin_reissue_asked_t *asked)
{
    static const char *const flags[] = {"by_question", "by_password", "by_code"};
    int password = kind_of(x) == ANSHIN_REISSUE_PASSWORD;

    put_common(x, 2);
    anshin_page_flag(x->page, flags[asked->proof], 1);
    anshin_page_text(x->page, "user", asked->user); /* for password managers */
    put_gap(x, "gap_text", password ? "reissue_prove.gap_password" : "reissue_prove.gap_certificate", asked->opens_at);
    if (asked->opens_at == 0) {
        put_gap(x, "warning_text", password ? "reissue_prove.warning_password" : "reissue_prove.warning_certificate",
                asked->closes_to);
    }
    if (asked->proof == ANSHIN_PROOF_QUESTION) {
        anshin_words_questions(x, x->form ? anshin_member_field(x, "question") : "");
    }
}

int anshin_reissue_prove_get(anshin_exchange_t *x)
{
    anshin_reissue_asked_t asked;
    apr_status_t status = anshin_reissue_find(&x->op, kind_of(x), x->flow.token, &asked);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "reissue link");
    }
    put_proof(x, &asked);
    return anshin_answer_page(x, "reissue-prove", HTTP_OK);
}

static int wrong(anshin_exchange_t *x, const anshin_reissue_asked_t *asked, const anshin_proof_t *result)
{
    static const char *const keys[] = {"errors.answer_wrong", "errors.password_wrong", "errors.operator_code_wrong"};

    anshin_words_wrong(x, "answer", asked->opens_at ? "errors.answer_or_code_wrong" : keys[asked->proof],
                       result->remaining);
    return anshin_answer_form(x, "reissue-prove");
}

int anshin_reissue_prove_post(anshin_exchange_t *x)
{
    anshin_reissue_typed_t typed = {anshin_member_field(x, "question"), NULL, ""};
    anshin_reissue_result_t result;
    anshin_reissue_asked_t asked;
    apr_status_t status = anshin_reissue_find(&x->op, kind_of(x), x->flow.token, &asked);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "reissue link");
    }
    put_proof(x, &asked);
    typed.answer = anshin_exchange_field(x, "answer", TYPED_MAX);
    if (asked.opens_at != 0) {
        typed.code = anshin_exchange_field(x, "operator_code", TYPED_MAX);
    }
    if (!typed.answer || !typed.code) {
        return anshin_answer_form(x, "reissue-prove");
    }
    status = anshin_reissue_execute(&x->op, kind_of(x), x->flow.token, &typed, &result);
    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "reissue");
    }
    if (result.proof.locked) {
        return anshin_answer_locked(x, result.proof.unlock_at);
    }
    if (!result.proof.right) {
        return wrong(x, &asked, &result.proof);
    }
    if (result.password != NULL) { /* the store has its hash alone: only the browser can keep it (SEC-1) */
        x->flow.secret = result.password;
        x->flow.token = "";
        return anshin_answer_flow_begun(x, "/reissue/password/done");
    }
    return anshin_answer_flow(x, "/reissue/certificate/done");
}

int anshin_reissue_done_get(anshin_exchange_t *x)
{
    int password = kind_of(x) == ANSHIN_REISSUE_PASSWORD;
    apr_status_t status = anshin_member_show_result(x, NULL);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "download password");
    }
    put_common(x, 3);
    if (password && x->flow.stage == ANSHIN_STAGE_RESULT && *x->flow.secret != '\0') {
        anshin_page_text(x->page, "password", x->flow.secret);
    }
    anshin_page_flag(x->page, "must_change", password && x->op.contract->policy.reissue_change);
    return anshin_answer_page(x, "reissue-done", HTTP_OK);
}
