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

#define STAMP_PURPOSE "desk-done"

/* What a stamp is the MAC of; head: VERB.SECONDS, which stands before it and a point. */
static const char *stamp_text(const anshin_portal_request_t *request, const anshin_desk_whom_t *whom, const char *head)
{
    return apr_pstrcat(request->op.pool, request->staff.contract->name, "/", request->staff.user, "/",
                       request->staff.number != NULL ? request->staff.number : "", "/", whom->contract, "/", whom->user,
                       "/", whom->number, "/", head, NULL);
}

static const char *stamp_head(const anshin_portal_request_t *request, const char *verb, apr_int64_t seconds)
{
    return apr_psprintf(request->op.pool, "%s.%" APR_INT64_T_FMT, verb, seconds);
}

apr_status_t anshin_desk_stamp(anshin_portal_request_t *request, const anshin_desk_whom_t *whom, const char *verb,
                               const char **stamp)
{
    const char *head = stamp_head(request, verb, apr_time_sec(request->op.now));
    const char *mac = NULL;
    apr_status_t status = anshin_secret_mac(&request->op, &mac, STAMP_PURPOSE, stamp_text(request, whom, head));

    *stamp = status == APR_SUCCESS ? apr_pstrcat(request->op.pool, head, ".", mac, NULL) : NULL;
    return status;
}

const char *anshin_desk_stamped(anshin_portal_request_t *request, const anshin_desk_whom_t *whom, const char *stamp)
{
    const char *end = stamp != NULL && strlen(stamp) <= STAMP_MAX ? strchr(stamp, '.') : NULL;
    const char *verb = end != NULL ? apr_pstrmemdup(request->op.pool, stamp, (apr_size_t)(end - stamp)) : NULL;
    const apr_int64_t seconds = end != NULL ? apr_strtoi64(end + 1, NULL, 10) : 0;
    const apr_int64_t now = apr_time_sec(request->op.now);
    const char *head;
    int equal;

    if (verb == NULL || seconds > now || seconds < now - apr_time_sec(STAMP_LIFE)) {
        return NULL;
    }
    head = stamp_head(request, verb, seconds);
    if (strncmp(stamp, head, strlen(head)) != 0 || stamp[strlen(head)] != '.' ||
        anshin_secret_mac_is(&request->op, &equal, STAMP_PURPOSE, stamp_text(request, whom, head),
                             stamp + strlen(head) + 1) != APR_SUCCESS) {
        return NULL;
    }
    return equal ? verb : NULL;
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
