/*
 * What the pages of the help desk share: see desk_page.h.
 *
 * SECURITY: what an address says is believed in nothing: core asks of whomever it names whether the operator may.
 */
#include "portal/desk/desk_page.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "core/context/secret.h"
#include "core/desk/sealed_whom.h"
#include "portal/response/response.h"

APLOG_USE_MODULE(anshin_portal);

const char *anshin_desk_url(anshin_portal_request_t *request, const char *path, const anshin_account_t *account)
{
    const anshin_desk_whom_t whom = {account->contract, account->user, account->number};
    const char *who;

    if (anshin_whom_seal(&request->op, &whom, &who) != APR_SUCCESS) {
        anshin_portal_request_log(request, APLOG_ERR, "AN1628", "address of a user");
    }
    return apr_pstrcat(request->op.pool, anshin_portal_request_link(request, path), "?who=", who, NULL);
}

void anshin_desk_whom(anshin_portal_request_t *request, anshin_desk_whom_t *whom)
{
    if (anshin_whom_unseal(&request->op, anshin_portal_request_value(request, "who"), whom) == ANSHIN_EFAULT) {
        anshin_portal_request_log(request, APLOG_ERR, "AN1629", "address of a user");
    }
}

/* --- what was done ----------------------------------------------------------------------------------------------- */

#define STAMP_LIFE apr_time_from_sec(300)
#define STAMP_MAX 120 /* signs: a verb, seconds, a MAC */

/* VERB.SECONDS.MAC */
static apr_status_t stamp_of(anshin_portal_request_t *request, const anshin_desk_whom_t *whom, const char *verb,
                             apr_int64_t seconds, const char **stamp)
{
    anshin_op_t *op = &request->op;
    const char *head = apr_psprintf(op->pool, "%s.%" APR_INT64_T_FMT, verb, seconds);
    const char *text = apr_pstrcat(op->pool, request->staff.contract->name, "/", request->staff.user, "/",
                                   request->staff.number != NULL ? request->staff.number : "", "/", whom->contract, "/",
                                   whom->user, "/", whom->number, "/", head, NULL);
    const char *mac = NULL;
    apr_status_t status = anshin_secret_mac(op, &mac, "desk-done", text);

    *stamp = status == APR_SUCCESS ? apr_pstrcat(op->pool, head, ".", mac, NULL) : NULL;
    return status;
}

apr_status_t anshin_desk_stamp(anshin_portal_request_t *request, const anshin_desk_whom_t *whom, const char *verb,
                               const char **stamp)
{
    return stamp_of(request, whom, verb, apr_time_sec(request->op.now), stamp);
}

const char *anshin_desk_stamped(anshin_portal_request_t *request, const anshin_desk_whom_t *whom, const char *stamp)
{
    const char *end = stamp != NULL && strlen(stamp) <= STAMP_MAX ? strchr(stamp, '.') : NULL;
    const char *verb = end != NULL ? apr_pstrmemdup(request->op.pool, stamp, (apr_size_t)(end - stamp)) : NULL;
    const apr_int64_t seconds = end != NULL ? apr_strtoi64(end + 1, NULL, 10) : 0;
    const apr_int64_t now = apr_time_sec(request->op.now);
    const char *made;

    if (verb == NULL || seconds > now || seconds < now - apr_time_sec(STAMP_LIFE) ||
        stamp_of(request, whom, verb, seconds, &made) != APR_SUCCESS) {
        return NULL;
    }
    return anshin_secret_equal(&request->op, made, stamp) ? verb : NULL;
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

void anshin_desk_put_state(anshin_portal_request_t *request, json_t *object, const anshin_account_t *account)
{
    static const char *const keys[] = {[ANSHIN_ACCOUNT_PENDING] = "desk.state_pending",
                                       [ANSHIN_ACCOUNT_ACTIVE] = "desk.state_active",
                                       [ANSHIN_ACCOUNT_LOCKED] = "desk.state_locked",
                                       [ANSHIN_ACCOUNT_DISABLED] = "desk.state_disabled"};
    const int known = account->state >= 0 && account->state < (apr_int64_t)(sizeof(keys) / sizeof(keys[0]));
    const char *key = known ? keys[account->state] : "desk.state_disabled";

    if (!anshin_account_valid(account, request->op.now)) {
        key = "desk.state_not_valid";
    }
    anshin_page_put(request->page, object, "state_text", json_string(anshin_page_say(request->page, key)));
    anshin_page_put(request->page, object, "state_bad",
                    json_boolean(anshin_account_standing(account, request->op.now) != ANSHIN_ACCOUNT_ACTIVE));
}

int anshin_desk_failure(anshin_portal_request_t *request, apr_status_t status, const char *what)
{
    if (status == ANSHIN_ENOTFOUND) {
        anshin_portal_request_log(request, APLOG_INFO, "AN1510", what);
        anshin_page_text(request->page, "desk_url", anshin_portal_request_link(request, "/desk"));
        return anshin_response_page(request, "desk-missing", HTTP_NOT_FOUND);
    }
    if (status == ANSHIN_EDENIED) {
        anshin_portal_request_log(request, APLOG_WARNING, "AN1511", what);
        return anshin_response_page(request, "desk-denied", HTTP_FORBIDDEN);
    }
    return anshin_response_unavailable(request, status, what);
}
