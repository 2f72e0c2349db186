/*
 * The answers that pages share.
 */
#include "portal/exchange.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>

APLOG_USE_MODULE(anshin_portal);

int anshin_answer_page(anshin_exchange_t *x, const char *name, int status)
{
    return anshin_page_send(x->page, name, status);
}

int anshin_answer_form(anshin_exchange_t *x, const char *name)
{
    if (json_object_get(x->page->data, "alert") == NULL) {
        anshin_page_alert(x->page, "error", anshin_page_say(x->page, "alerts.check_input"));
    }
    return anshin_page_send(x->page, name, HTTP_UNPROCESSABLE_ENTITY);
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

int anshin_answer_failure(anshin_exchange_t *x, apr_status_t status, const char *what)
{
    if (status == ANSHIN_ENOTFOUND || status == ANSHIN_EDENIED) {
        anshin_exchange_log(x, APLOG_INFO, "AN0610", what);
        return anshin_answer_link_invalid(x);
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
