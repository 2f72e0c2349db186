/*
 * The answer to a request that is not let in: to a person the way to the login (LOG-1) or the help about the
 * certificate (LOG-3), to a program a problem document (RFC 9457), and 503 where it cannot be decided (S21).
 */
#include "auth/refusal.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <jansson.h>
#include <stdlib.h>

#include "auth/caches.h"
#include "auth/request.h"
#include "core/certificate/certificate.h"
#include "core/web/return_path.h"
#include "core/web/request_class.h"
#include "http/body.h"
#include "http/page_headers.h"
#include "auth/presented.h"

APLOG_USE_MODULE(anshin_auth);

#define RETRY_SECONDS "5"

void anshin_challenge(request_rec *r, const char *contract)
{
    apr_table_setn(r->err_headers_out, "WWW-Authenticate",
                   apr_pstrcat(r->pool, "Anshin realm=\"", contract, "\"", NULL));
}

static const char *login_url(const anshin_contract_t *contract, apr_pool_t *pool)
{
    return apr_pstrcat(pool, contract->portal_origin, contract->portal_base, "/login", NULL);
}

/* The output filters that httpd would add before it runs a handler, which will not run. */
static void add_filters(request_rec *r)
{
    anshin_request_t *whole = anshin_request_of(r);

    if (!whole->filtered) {
        whole->filtered = 1;
        ap_run_insert_filter(r);
    }
}

static int portal_page(request_rec *r, const char *name, int status)
{
    APR_OPTIONAL_FN_TYPE(anshin_portal_page) *page = APR_RETRIEVE_OPTIONAL_FN(anshin_portal_page);

    if (page == NULL) {
        return DECLINED;
    }
    add_filters(r);
    return page(r, name, status);
}

/* --- people --- */

/* What is led back to behind the login: the address that was asked for, or the page that a form was sent from. */
static const char *wanted(request_rec *r, anshin_request_class_t kind)
{
    request_rec *first = anshin_request_first(r);

    if (kind == ANSHIN_REQUEST_VISIT) {
        return first->unparsed_uri;
    }
    return anshin_return_of_referer(apr_table_get(first->headers_in, "Referer"),
                                    apr_table_get(first->headers_in, "Host"));
}

/* 303: the browser asks for the login by GET, whatever it has sent. What is lost on the way the login page says: what a
 * form held, or an address too long to be kept. */
static int lead_to_login(request_rec *r, anshin_op_t *op, anshin_request_class_t kind)
{
    const char *path = wanted(r, kind);
    const char *lost = kind == ANSHIN_REQUEST_FORM ? "lost=form" : "";
    const char *back = "";
    const char *sealed;
    apr_status_t status = path != NULL ? anshin_return_seal(op, path, &sealed) : ANSHIN_EINVALID;

    if (status == APR_SUCCESS) {
        back = apr_pstrcat(r->pool, "return=", sealed, *lost != '\0' ? "&" : "", NULL);
    } else if (status != ANSHIN_EINVALID) {
        return anshin_unavailable(r, status, &op->error);
    } else if (kind == ANSHIN_REQUEST_VISIT && path != NULL && path[0] == '/' && path[1] != '/') {
        lost = "lost=address";
    }
    add_filters(r);
    (void)anshin_page_redirect(r, apr_pstrcat(r->pool, login_url(op->contract, r->pool),
                                              *back != '\0' || *lost != '\0' ? "?" : "", back, lost, NULL));
    return DONE;
}

/* The connection is closed, so that the browser can choose another certificate the next time. */
static int show_help(request_rec *r)
{
    anshin_presented_close(r);
    return portal_page(r, "help/certificate", HTTP_UNAUTHORIZED);
}

/* --- programs --- */

static char *problem_text(const anshin_contract_t *contract, const char *certificate, apr_pool_t *pool)
{
    json_t *problem = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s*}", "type", "about:blank", "title", "Login required",
                                "status", HTTP_UNAUTHORIZED, "detail", "There is no session, or it has ended.", "login",
                                login_url(contract, pool), "certificate", certificate);
    char *text = problem == NULL ? NULL : json_dumps(problem, JSON_COMPACT);
    char *copy = text == NULL ? NULL : apr_pstrdup(pool, text);

    free(text);
    json_decref(problem);
    return copy;
}

/* certificate: its verdict where the contract needs one, or NULL. */
static int send_problem(request_rec *r, const anshin_contract_t *contract, const char *certificate)
{
    char *text = problem_text(contract, certificate, r->pool);

    if (text == NULL) {
        return HTTP_UNAUTHORIZED;
    }
    r->status = HTTP_UNAUTHORIZED;
    anshin_page_headers(r, NULL);
    ap_set_content_type(r, "application/problem+json");
    ap_set_content_length(r, (apr_off_t)strlen(text));
    add_filters(r);
    ap_rputs(text, r);
    return DONE;
}

/* --- frames --- */

/* Browsers show the login in no frame, and a redirect to it would look as if the site were down. */
static int is_framed(const request_rec *r)
{
    static const char *const nested[] = {"iframe", "frame", "embed", "object", "fencedframe"};
    const char *dest = apr_table_get(r->headers_in, "Sec-Fetch-Dest");

    for (size_t i = 0; dest != NULL && i < sizeof(nested) / sizeof(nested[0]); i++) {
        if (strcmp(dest, nested[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

/* --- which of them --- */

static anshin_request_class_t kind_of(request_rec *r)
{
    const anshin_request_headers_t headers = {.method = r->method,
                                              .fetch_mode = apr_table_get(r->headers_in, "Sec-Fetch-Mode"),
                                              .accept = apr_table_get(r->headers_in, "Accept"),
                                              .requested_with = apr_table_get(r->headers_in, "X-Requested-With")};

    return anshin_request_class(&headers);
}

/* Where the contract admits certificate users alone, what is wrong with the connection's certificate; NULL: nothing, or
 * it does not matter here. */
static apr_status_t judge(anshin_op_t *op, const anshin_presented_t *presented, const char **wrong)
{
    anshin_certificate_verdict_t verdict;
    apr_status_t status;

    *wrong = NULL;
    if (op->contract->policy.methods != 1 << ANSHIN_METHOD_CERTIFICATE) {
        return APR_SUCCESS;
    }
    status = anshin_certificate_verdict(op, presented, &verdict);
    if (status == APR_SUCCESS && verdict != ANSHIN_VERDICT_GOOD) {
        *wrong = anshin_verdict_name(verdict);
    }
    return status;
}

/* A part of another answer, or the error document of one, has no answer of its own: the first status stands, with
 * httpd's own text where the document cannot be made. */
static int is_part(const request_rec *r)
{
    return r->main != NULL || (r->prev != NULL && r->prev->status != HTTP_OK);
}

int anshin_refuse(request_rec *r, anshin_op_t *op)
{
    const anshin_request_state_t *state = anshin_request_state(r);
    anshin_request_class_t kind = kind_of(r);
    const char *wrong;
    apr_status_t status;
    int answer;

    anshin_caches_limit(r, ANSHIN_KEEP_NOBODY);
    if (is_part(r)) {
        return HTTP_UNAUTHORIZED;
    }
    answer = anshin_body_discard(r);
    if (answer != OK) {
        return answer;
    }
    wrong = NULL; /* by plain http there can be no certificate: the login, by https, says what is wrong with it */
    status = state->secure ? judge(op, state->presented, &wrong) : APR_SUCCESS;
    if (status != APR_SUCCESS) {
        return anshin_unavailable(r, status, &op->error);
    }
    if (kind != ANSHIN_REQUEST_API && wrong == NULL && !is_framed(r)) {
        return lead_to_login(r, op, kind);
    }
    anshin_challenge(r, op->contract->name);
    answer = kind == ANSHIN_REQUEST_API ? DECLINED
             : is_framed(r)             ? portal_page(r, "framed", HTTP_UNAUTHORIZED)
                                        : show_help(r);
    return answer == DECLINED ? send_problem(r, op->contract, wrong) : answer;
}

/* --- undecided --- */

int anshin_unavailable(request_rec *r, apr_status_t status, const anshin_error_t *err)
{
    int answer = DECLINED;

    if (err == NULL) {
        const char *broken = anshin_site_of(r->server)->main->broken;

        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "AN0570: nobody is let in: %s",
                      broken != NULL ? broken : "this process has no store or no keys");
    } else {
        ap_log_rerror(APLOG_MARK, status == ANSHIN_EBUSY ? APLOG_WARNING : APLOG_ERR, 0, r,
                      "AN0571: not let in, %s: %s: %s", anshin_status_name(status), err->id, err->text);
    }
    anshin_caches_limit(r, ANSHIN_KEEP_NOBODY);
    if (is_part(r)) {
        return HTTP_SERVICE_UNAVAILABLE;
    }
    apr_table_setn(r->err_headers_out, "Retry-After", RETRY_SECONDS);
    if (kind_of(r) != ANSHIN_REQUEST_API) {
        answer = portal_page(r, "unavailable", HTTP_SERVICE_UNAVAILABLE);
    }
    return answer == DECLINED ? HTTP_SERVICE_UNAVAILABLE : answer;
}
