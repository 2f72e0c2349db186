/*
 * The answers that pages share.
 */
#include "portal/exchange.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "portal/member.h"
#include "portal/route.h"

APLOG_USE_MODULE(anshin_portal);

int anshin_answer_page(anshin_exchange_t *x, const char *name, int status)
{
    return anshin_page_send(x->page, name, status);
}

/* To the same page with what was typed in its address. */
static int lead_back(anshin_exchange_t *x)
{
    const anshin_typed_place_t place = anshin_exchange_place(x);
    const char *text;
    apr_status_t status = anshin_typed_seal(&x->op, &place, x->form, x->kept, &text);

    if (status != APR_SUCCESS) {
        return anshin_answer_unavailable(x, status, "form");
    }
    return anshin_answer_redirect(x, apr_pstrcat(x->op.pool, x->path, "?typed=", text, anshin_exchange_query(x), NULL));
}

int anshin_answer_form(anshin_exchange_t *x, const char *name)
{
    if (x->kept != NULL && x->form != NULL) {
        return lead_back(x);
    }
    if (json_array_size(x->page->errors) > 0 && json_object_get(x->page->data, "alert") == NULL) {
        anshin_page_alert(x->page, "error", anshin_page_say(x->page, "alerts.check_input"));
    }
    return anshin_page_send(x->page, name, x->form != NULL ? HTTP_UNPROCESSABLE_ENTITY : HTTP_OK);
}

/* When it is worth trying again, in seconds from now: as the core knows it, or as is usual. */
static apr_int64_t retry_after(anshin_exchange_t *x, apr_int64_t usual)
{
    apr_int64_t seconds =
        x->op.wait_until > x->op.now ? apr_time_sec(x->op.wait_until - x->op.now + APR_USEC_PER_SEC - 1) : usual;

    apr_table_set(x->r->err_headers_out, "Retry-After", apr_psprintf(x->op.pool, "%" APR_INT64_T_FMT, seconds));
    return seconds;
}

int anshin_answer_unavailable(anshin_exchange_t *x, apr_status_t status, const char *what)
{
    int busy = status == ANSHIN_EBUSY;

    if (busy) {
        anshin_exchange_log(x, APLOG_WARNING, "AN0611", what);
        anshin_page_flag(x->page, "busy", 1);
        anshin_page_put(x->page, x->page->data, "title",
                        json_string(anshin_page_say(x->page, "unavailable.busy_title")));
    } else {
        anshin_exchange_log(x, APLOG_ERR, "AN0612", what);
    }
    if (apr_table_get(x->r->err_headers_out, "Retry-After") == NULL) {
        retry_after(x, busy ? 5 : 60);
    }
    return anshin_page_send(x->page, "unavailable", HTTP_SERVICE_UNAVAILABLE);
}

/* A form that lost a race finds its flow where the other has brought it: on another page. */
static int went_on(anshin_exchange_t *x, int *answer)
{
    const char *before = anshin_route_of_flow(&x->flow);
    const char *place;

    if (x->form == NULL || x->flow.kind == ANSHIN_FLOW_NONE || anshin_flow_find(&x->op, &x->flow) != APR_SUCCESS) {
        return 0;
    }
    place = anshin_route_of_flow(&x->flow);
    if (place == NULL || (before != NULL && strcmp(place, before) == 0)) {
        return 0;
    }
    *answer = anshin_answer_flow(x, place);
    return 1;
}

int anshin_answer_failure(anshin_exchange_t *x, apr_status_t status, const char *what)
{
    if (status == ANSHIN_ENOTFOUND || status == ANSHIN_EDENIED) {
        int answer;

        anshin_exchange_log(x, APLOG_INFO, "AN0610", what);
        if (went_on(x, &answer)) {
            return answer;
        }
        return x->flow.kind != ANSHIN_FLOW_NONE && *x->flow.token == '\0' ? anshin_answer_flow_ended(x)
                                                                          : anshin_answer_link_invalid(x);
    }
    return anshin_answer_unavailable(x, status, what);
}

void anshin_answer_challenge(anshin_exchange_t *x)
{
    const char *realm = x->op.contract->name; /* letters, digits and '-' */

    apr_table_set(x->r->err_headers_out, "WWW-Authenticate",
                  apr_pstrcat(x->op.pool, "Anshin realm=\"", realm, "\"", NULL));
}

int anshin_answer_redirect(anshin_exchange_t *x, const char *path)
{
    return anshin_page_redirect(x->r, anshin_exchange_link(x, path));
}

int anshin_answer_flow(anshin_exchange_t *x, const char *path)
{
    return anshin_answer_redirect(x, anshin_exchange_flow_path(x, path));
}

int anshin_answer_flow_begun(anshin_exchange_t *x, const char *path)
{
    apr_status_t status = anshin_exchange_keep_flow(x);

    return status == APR_SUCCESS ? anshin_answer_flow(x, path) : anshin_answer_unavailable(x, status, "flow");
}

/* A browser that keeps its cookies from what another site's link leads to (SameSite=Strict) sends them when the same
 * page is opened from ours. */
int anshin_answer_flow_ended(anshin_exchange_t *x)
{
    const char *site = apr_table_get(x->r->headers_in, "Sec-Fetch-Site");
    const char *id = anshin_exchange_flow_id(x);

    if (x->form == NULL && id != NULL && anshin_flow_id_valid(id) && site != NULL && strcmp(site, "cross-site") == 0) {
        anshin_page_text(x->page, "again_url",
                         apr_pstrcat(x->op.pool, anshin_exchange_link(x, x->path), "?flow=", id, NULL));
    }
    anshin_page_text(x->page, "back_url", anshin_exchange_link(x, x->logged_in ? anshin_member_start(x) : "/login"));
    anshin_page_flag(x->page, "member", x->logged_in);
    return anshin_page_send(x->page, "flow-ended", HTTP_GONE);
}

int anshin_answer_other_user(anshin_exchange_t *x)
{
    anshin_page_flag(x->page, "other_user", 1);
    return anshin_answer_flow_ended(x);
}

int anshin_answer_error(anshin_exchange_t *x, int status)
{
    static const struct {
        int status;
        const char *key;
    } known[] = {
        {HTTP_BAD_REQUEST, "bad_request"},
        {HTTP_FORBIDDEN, "csrf"},
        {HTTP_NOT_FOUND, "not_found"},
        {HTTP_METHOD_NOT_ALLOWED, "method"},
        {HTTP_REQUEST_ENTITY_TOO_LARGE, "too_large"},
        {HTTP_UNSUPPORTED_MEDIA_TYPE, "media_type"},
    };
    const char *key = "other";
    const char *title;
    apr_size_t i;

    for (i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].status == status) {
            key = known[i].key;
        }
    }
    title = anshin_page_say(x->page, apr_pstrcat(x->op.pool, "error.", key, ".title", NULL));
    anshin_page_put(x->page, x->page->data, "title", json_string(title));
    anshin_page_text(x->page, "title_text", title);
    anshin_page_text(x->page, "text", anshin_page_say(x->page, apr_pstrcat(x->op.pool, "error.", key, ".text", NULL)));
    anshin_page_put(x->page, x->page->page, "status", json_integer(status));
    return anshin_page_send(x->page, "error", status);
}

int anshin_answer_throttled(anshin_exchange_t *x)
{
    apr_int64_t seconds = retry_after(x, apr_time_sec(x->op.contract->policy.address_window));

    anshin_page_text(x->page, "next_text",
                     anshin_page_say_number(x->page, "too_many.next", "minutes", (seconds + 59) / 60));
    return anshin_answer_page(x, "too-many", HTTP_TOO_MANY_REQUESTS);
}

int anshin_answer_locked(anshin_exchange_t *x, apr_time_t unlock_at)
{
    anshin_page_flag(x->page, "account", 1);
    if (unlock_at != 0) {
        anshin_page_text(x->page, "unlock_text",
                         anshin_page_say_text(x->page, "locked.unlock", "time", anshin_page_time(x->page, unlock_at)));
    }
    return anshin_page_send(x->page, "locked", HTTP_FORBIDDEN);
}

int anshin_answer_link_locked(anshin_exchange_t *x, const char *which)
{
    const char *title = anshin_page_say(x->page, apr_pstrcat(x->op.pool, "locked.", "title_", which, NULL));

    anshin_page_flag(x->page, which, 1);
    anshin_page_put(x->page, x->page->data, "title", json_string(title));
    return anshin_page_send(x->page, "locked", HTTP_FORBIDDEN);
}

int anshin_answer_link_invalid(anshin_exchange_t *x)
{
    return anshin_page_send(x->page, "link-invalid", HTTP_GONE);
}
