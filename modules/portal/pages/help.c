/*
 * Help: how to import a certificate (CRT-4), and what is wrong with the one on this connection (LOG-3).
 *
 * SECURITY: of a certificate that is not ours nothing is shown, and of one that is nothing but what its holder can read
 * in it.
 */
#include "portal/pages/help.h"

#include <apr_strings.h>

#include "core/certificate/certificate.h"
#include "core/web/last_certificate.h"
#include "http/env.h"
#include "portal/request/cookie.h"
#include "portal/response/help_number.h"
#include "portal/request/origin.h"
#include "portal/pages/course.h"
#include "portal/pages/guide.h"
#include "portal/pages/login_on.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/response/trouble.h"

int anshin_page_help_import_get(anshin_portal_request_t *request)
{
    static const char *const troubles[] = {"import_password", "wrong_browser", "remote", "old_listed", NULL};
    apr_status_t status = anshin_course_put_own(request);

    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "state of a certificate");
    }
    anshin_guide_put(request, 0);
    anshin_trouble_put_some(request, troubles);
    return anshin_response_page(request, "help-import", HTTP_OK);
}

/* The page for whoever is stuck: what one sees, or what has happened, leads to what one can do oneself, now. */
int anshin_page_help_get(anshin_portal_request_t *request)
{
    const anshin_policy_t *policy = &request->op.contract->policy;

    if (ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_LOST_DEVICE) &&
        ANSHIN_HAS(policy->methods, ANSHIN_METHOD_CERTIFICATE)) {
        anshin_page_text(request->page, "lost_url", anshin_portal_request_link(request, "/lost"));
    }
    anshin_trouble_put_all(request);
    return anshin_response_page(request, "help", HTTP_OK);
}

int anshin_page_help_trouble_get(anshin_portal_request_t *request)
{
    const char *name = anshin_form_get(request->query, "about");

    if (name == NULL) {
        return anshin_response_redirect(request, "/help");
    }
    return anshin_trouble_put_answer(request, name) ? anshin_response_page(request, "help-trouble", HTTP_OK)
                                                    : anshin_response_error(request, HTTP_NOT_FOUND);
}

/* A number that the person tells the help desk. */
static void put_number(anshin_portal_request_t *request, anshin_certificate_verdict_t verdict)
{
    const char *serial = request->presented->serial;
    const anshin_help_facts_t facts = {.kind = ANSHIN_HELP_CERTIFICATE,
                                       .reason = anshin_verdict_name(verdict),
                                       .serial = *serial != '\0' ? serial : NULL,
                                       .issued = verdict != ANSHIN_VERDICT_NONE && verdict != ANSHIN_VERDICT_FOREIGN};

    anshin_help_number_put(request, &facts);
}

/* Where one that has ended opens its renewal (REN-3); the way to the reissue stands beside it. */
static apr_status_t put_renewal(anshin_portal_request_t *request, anshin_certificate_verdict_t verdict)
{
    int renews = 0;
    apr_status_t status = verdict == ANSHIN_VERDICT_EXPIRED
                              ? anshin_certificate_renews(&request->op, request->presented, &renews)
                              : APR_SUCCESS;

    if (renews) {
        anshin_page_text(request->page, "renewal_url", anshin_portal_request_link(request, "/renewal/ended"));
    }
    return status;
}

/* Where none is shown, what this browser knows of the one that it had: browsers offer none that has ended. */
static apr_status_t put_last(anshin_portal_request_t *request)
{
    anshin_last_certificate_t last;
    const char *cookie = anshin_cookie_get(request->r, anshin_login_last_cookie(request));
    apr_status_t status = anshin_last_certificate_unseal(&request->op, cookie, &last);
    int ended;

    if (status != APR_SUCCESS) {
        return status == ANSHIN_EDENIED ? APR_SUCCESS : status;
    }
    ended = last.not_after < request->op.now;
    anshin_page_flag(request->page, "last_ended", ended);
    anshin_page_say_time(request->page, request->page->page, "last",
                         ended ? "help_certificate.last_ended" : "help_certificate.last_good", last.not_after,
                         ANSHIN_DATE_PLAIN);
    anshin_page_text(request->page, "last_label", *last.label != '\0' ? last.label : NULL);
    return APR_SUCCESS;
}

/* What else may have led here; one that is good needs nothing. */
static void put_troubles(anshin_portal_request_t *request, anshin_certificate_verdict_t verdict)
{
    static const char *const none[] = {"no_dialog", "remembered", "wrong_browser", "windows_account", "remote",
                                       "deleted",   NULL};
    static const char *const wrong[] = {"remembered", "several_ids", "old_listed", "other_software", NULL};

    if (verdict != ANSHIN_VERDICT_GOOD) {
        anshin_trouble_put_some(request, verdict == ANSHIN_VERDICT_NONE ? none : wrong);
    }
}

static int explain(anshin_portal_request_t *request, anshin_certificate_verdict_t verdict, int status)
{
    const char *reason = anshin_verdict_name(verdict);
    const char *key = apr_pstrcat(request->op.pool, "reason_", reason, NULL);
    const int tried = anshin_portal_origin_tries(request->r, request->op.contract, request->path); /* takes no form */
    apr_status_t known = verdict == ANSHIN_VERDICT_NONE ? put_last(request) : put_renewal(request, verdict);

    known = known == APR_SUCCESS ? anshin_course_put_own(request) : known;
    if (known != APR_SUCCESS) {
        return anshin_response_unavailable(request, known, "client certificate");
    }
    anshin_page_put(request->page, request->page->data, "title",
                    json_string(anshin_page_say(
                        request->page, apr_pstrcat(request->op.pool, "help_certificate.", key, ".title", NULL))));
    anshin_page_text(request->page, "reason", reason);
    anshin_page_flag(request->page, key, 1);
    anshin_page_flag(request->page, "tried", tried);
    anshin_page_text(request->page, "login_url", anshin_portal_request_link(request, "/login"));
    put_troubles(request, verdict);
    if (verdict != ANSHIN_VERDICT_FOREIGN && verdict != ANSHIN_VERDICT_NONE) {
        anshin_page_text(request->page, "name", request->presented->name);
        anshin_page_moment(request->page, request->page->page, "not_after", request->presented->not_after,
                           ANSHIN_DATE_PLAIN);
    }
    if (verdict != ANSHIN_VERDICT_GOOD) {
        put_number(request, verdict);
        if (ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE)) {
            anshin_page_text(request->page, "certificate_reissue_url",
                             anshin_portal_request_link(request, "/reissue/certificate"));
            anshin_page_flag(request->page, "reissue_here", verdict != ANSHIN_VERDICT_EXPIRED && !tried);
        }
        if (ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_LOST_DEVICE)) {
            anshin_page_text(request->page, "lost_url", anshin_portal_request_link(request, "/lost"));
        }
        /* Browsers remember for a connection that no certificate, or this one, was chosen. */
        anshin_connection_close(request->r);
    }
    return anshin_response_page(request, "help-certificate", status);
}

int anshin_help_certificate(anshin_portal_request_t *request, int status)
{
    anshin_certificate_verdict_t verdict;
    apr_status_t judged = anshin_certificate_verdict(&request->op, request->presented, &verdict);

    if (judged != APR_SUCCESS) {
        return anshin_response_unavailable(request, judged, "client certificate");
    }
    return explain(request, verdict, status);
}

int anshin_page_help_certificate_get(anshin_portal_request_t *request)
{
    return anshin_help_certificate(request, HTTP_OK);
}

int anshin_help_gate(anshin_portal_request_t *request)
{
    anshin_certificate_verdict_t verdict;
    apr_status_t status;

    if (request->op.contract->policy.methods != 1 << ANSHIN_METHOD_CERTIFICATE) {
        return DECLINED;
    }
    status = anshin_certificate_verdict(&request->op, request->presented, &verdict);
    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "client certificate");
    }
    if (verdict == ANSHIN_VERDICT_GOOD) {
        return DECLINED;
    }
    anshin_response_challenge(request);
    return explain(request, verdict, HTTP_UNAUTHORIZED);
}
