/*
 * What the pages of the help desk share: see desk_page.h.
 *
 * SECURITY: what an address says is believed in nothing: core asks of whomever it names whether the operator may.
 */
#include "portal/desk/desk_page.h"

#include <apr_encode.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "core/context/secret.h"
#include "portal/response/response.h"

APLOG_USE_MODULE(anshin_portal);

#define WHO_MAX 300 /* signs: contract, ID and number have 32, 64 and 32 at most */

const char *anshin_desk_url(const anshin_portal_request_t *request, const char *path, const anshin_account_t *account)
{
    apr_pool_t *pool = request->op.pool;
    const char *who = apr_pstrcat(pool, account->contract, "/", account->user, "/",
                                  account->number != NULL ? account->number : "", NULL);

    return apr_pstrcat(pool, anshin_portal_request_link(request, path),
                       "?who=", apr_pencode_base64(pool, who, APR_ENCODE_STRING, APR_ENCODE_BASE64URL, NULL), NULL);
}

void anshin_desk_whom(const anshin_portal_request_t *request, anshin_desk_whom_t *whom)
{
    apr_pool_t *pool = request->op.pool;
    const char *value = anshin_portal_request_value(request, "who");
    const char *text = value != NULL && strlen(value) <= WHO_MAX
                           ? apr_pdecode_base64(pool, value, APR_ENCODE_STRING, APR_ENCODE_NONE, NULL)
                           : NULL;
    char *rest = apr_pstrdup(pool, text != NULL ? text : "");
    char *user = strchr(rest, '/');
    char *last = user != NULL ? strchr(user + 1, '/') : NULL;

    *whom = (anshin_desk_whom_t){"", "", NULL};
    if (last != NULL && strchr(last + 1, '/') == NULL) {
        *user = *last = '\0';
        *whom = (anshin_desk_whom_t){rest, user + 1, last + 1};
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
