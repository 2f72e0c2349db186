/*
 * The answers that pages share: see response.h.
 */
#include "portal/response/response.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "core/account/lockout_look.h"
#include "core/account/token.h"
#include "core/certificate/download_link.h"
#include "http/page_headers.h"
#include "portal/response/flow_cookie.h"
#include "portal/response/flow_place.h"
#include "portal/response/help_number.h"
#include "portal/response/menu.h"
#include "portal/response/trouble.h"

APLOG_USE_MODULE(anshin_portal);

int anshin_response_page(anshin_portal_request_t *request, const char *name, int status)
{
    return anshin_page_send(request->page, name, status);
}

/* To the same page with what was typed in its address. */
static int lead_back(anshin_portal_request_t *request)
{
    const char *path;
    apr_status_t status = anshin_portal_request_typed_path(request, request->kept, 0, &path);

    return status == APR_SUCCESS ? anshin_response_redirect(request, path)
                                 : anshin_response_unavailable(request, status, "form");
}

int anshin_response_form(anshin_portal_request_t *request, const char *name)
{
    if (request->kept != NULL && request->form != NULL) {
        return lead_back(request);
    }
    if (request->form == NULL && anshin_portal_request_draft(request)) {
        anshin_page_forgive(request->page);
        anshin_page_alert(request->page, "notice", anshin_page_say(request->page, "alerts.entry_draft"));
    }
    if (json_array_size(request->page->errors) > 0 && json_object_get(request->page->data, "alert") == NULL) {
        anshin_page_alert(request->page, "error", anshin_page_say(request->page, "alerts.check_input"));
    }
    return anshin_page_send(request->page, name, request->form != NULL ? HTTP_UNPROCESSABLE_ENTITY : HTTP_OK);
}

/* When it is worth trying again, in seconds from now: as the core knows it, or as is usual. */
static apr_int64_t retry_after(anshin_portal_request_t *request, apr_int64_t usual)
{
    apr_int64_t seconds = request->op.wait_until > request->op.now
                              ? apr_time_sec(request->op.wait_until - request->op.now + APR_USEC_PER_SEC - 1)
                              : usual;

    apr_table_set(request->r->err_headers_out, "Retry-After",
                  apr_psprintf(request->op.pool, "%" APR_INT64_T_FMT, seconds));
    return seconds;
}

int anshin_response_unavailable(anshin_portal_request_t *request, apr_status_t status, const char *what)
{
    int busy = status == ANSHIN_EBUSY;

    if (busy) {
        anshin_portal_request_log(request, APLOG_WARNING, "AN0611", what);
        anshin_page_flag(request->page, "busy", 1);
        anshin_page_put(request->page, request->page->data, "title",
                        json_string(anshin_page_say(request->page, "unavailable.busy_title")));
    } else {
        anshin_portal_request_log(request, APLOG_ERR, "AN0612", what);
    }
    if (apr_table_get(request->r->err_headers_out, "Retry-After") == NULL) {
        retry_after(request, busy ? 5 : 60);
    }
    return anshin_page_send(request->page, "unavailable", HTTP_SERVICE_UNAVAILABLE);
}

int anshin_response_went_on(anshin_portal_request_t *request, int *answer)
{
    const char *before = anshin_flow_place(&request->flow);
    const char *place;

    if (request->form == NULL || request->flow.kind == ANSHIN_FLOW_NONE ||
        anshin_flow_find(&request->op, &request->flow) != APR_SUCCESS) {
        return 0;
    }
    place = anshin_flow_place(&request->flow);
    if (place == NULL || (before != NULL && strcmp(place, before) == 0)) {
        return 0;
    }
    *answer = anshin_response_flow(request, place);
    return 1;
}

int anshin_response_failure(anshin_portal_request_t *request, apr_status_t status, const char *what)
{
    if (status == ANSHIN_ENOTFOUND || status == ANSHIN_EDENIED) {
        int answer;

        anshin_portal_request_log(request, APLOG_INFO, "AN0610", what);
        if (anshin_response_went_on(request, &answer)) {
            return answer;
        }
        return request->flow.kind != ANSHIN_FLOW_NONE && *request->flow.token == '\0'
                   ? anshin_response_flow_ended(request)
                   : anshin_response_link_invalid(request);
    }
    return anshin_response_unavailable(request, status, what);
}

void anshin_response_challenge(anshin_portal_request_t *request)
{
    const char *realm = request->op.contract->name; /* letters, digits and '-' */

    apr_table_set(request->r->err_headers_out, "WWW-Authenticate",
                  apr_pstrcat(request->op.pool, "Anshin realm=\"", realm, "\"", NULL));
}

int anshin_response_redirect(anshin_portal_request_t *request, const char *path)
{
    return anshin_page_redirect(request->r, anshin_portal_request_link(request, path));
}

int anshin_response_flow(anshin_portal_request_t *request, const char *path)
{
    return anshin_response_redirect(request, anshin_flow_cookie_path(request, path));
}

int anshin_response_flow_begun(anshin_portal_request_t *request, const char *path)
{
    apr_status_t status = anshin_flow_cookie_keep(request);

    return status == APR_SUCCESS ? anshin_response_flow(request, path)
                                 : anshin_response_unavailable(request, status, "flow");
}

/* A browser that keeps its cookies from what another site's link leads to (SameSite=Strict) sends them when the same
 * page is opened from ours. */
int anshin_response_flow_ended(anshin_portal_request_t *request)
{
    static const char *const troubles[] = {"broken_off", NULL};
    const char *site = apr_table_get(request->r->headers_in, "Sec-Fetch-Site");
    const char *id = anshin_flow_cookie_id(request);

    if (request->form == NULL && id != NULL && anshin_flow_id_valid(id) && site != NULL &&
        strcmp(site, "cross-site") == 0) {
        anshin_page_text(
            request->page, "again_url",
            apr_pstrcat(request->op.pool, anshin_portal_request_link(request, request->path), "?flow=", id, NULL));
    }
    anshin_page_text(request->page, "back_url",
                     anshin_portal_request_link(request, request->logged_in ? anshin_menu_start(request) : "/login"));
    anshin_page_flag(request->page, "member", request->logged_in);
    if (request->flow_over) {
        anshin_page_flag(request->page, "over", 1);
        anshin_response_title(request, "flow_ended", "over");
    }
    anshin_trouble_put_some(request, troubles);
    return anshin_page_send(request->page, "flow-ended", HTTP_GONE);
}

int anshin_response_other_user(anshin_portal_request_t *request)
{
    request->flow_over = 0;
    anshin_page_flag(request->page, "other_user", 1);
    return anshin_response_flow_ended(request);
}

/* A form that was not taken: its page, wherever its sender may go, is opened anew (U39). */
static void put_again(anshin_portal_request_t *request, int status)
{
    const char *query = anshin_portal_request_query(request);

    if (request->r->method_number == M_POST && status != HTTP_NOT_FOUND && status != HTTP_METHOD_NOT_ALLOWED) {
        const char *page = anshin_portal_request_link(request, request->path);

        anshin_page_text(request->page, "again_url",
                         apr_pstrcat(request->op.pool, ap_os_escape_path(request->op.pool, page, 1), *query ? "?" : "",
                                     *query ? query + 1 : "", NULL));
    }
}

int anshin_response_error(anshin_portal_request_t *request, int status)
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
    put_again(request, status);
    title = anshin_page_say(request->page, apr_pstrcat(request->op.pool, "error.", key, ".title", NULL));
    anshin_page_put(request->page, request->page->data, "title", json_string(title));
    anshin_page_text(request->page, "title_text", title);
    anshin_page_text(request->page, "text",
                     anshin_page_say(request->page, apr_pstrcat(request->op.pool, "error.", key, ".text", NULL)));
    anshin_page_put(request->page, request->page->page, "status", json_integer(status));
    return anshin_page_send(request->page, "error", status);
}

/* What the links of flows are, and where a new one is asked for. */
typedef struct linked_t {
    anshin_flow_kind_t flow;
    anshin_token_kind_t token;
    anshin_help_kind_t help; /* what is locked where the link alone is */
    anshin_function_t function;
    const char *again; /* NULL: of the operator alone */
} linked_t;
static const linked_t links[] = {
    {ANSHIN_FLOW_REGISTER, ANSHIN_TOKEN_REGISTER, ANSHIN_HELP_REGISTRATION, ANSHIN_FUNCTION_ACCOUNT, NULL},
    {ANSHIN_FLOW_DOWNLOAD, ANSHIN_TOKEN_DOWNLOAD, ANSHIN_HELP_DOWNLOAD, ANSHIN_FUNCTION_RESEND, "/resend"},
    {ANSHIN_FLOW_REISSUE_PASSWORD, ANSHIN_TOKEN_PASSWORD, ANSHIN_HELP_ACCOUNT, ANSHIN_FUNCTION_PASSWORD_REISSUE,
     "/reissue/password"},
    {ANSHIN_FLOW_REISSUE_CERTIFICATE, ANSHIN_TOKEN_CERTIFICATE, ANSHIN_HELP_ACCOUNT,
     ANSHIN_FUNCTION_CERTIFICATE_REISSUE, "/reissue/certificate"},
    {ANSHIN_FLOW_LOST_DEVICE, ANSHIN_TOKEN_LOST_DEVICE, ANSHIN_HELP_LOST_DEVICE, ANSHIN_FUNCTION_LOST_DEVICE, "/lost"}};

/* Of the flow that the page belongs to; NULL: none, or no link begins it. */
static const linked_t *link_of(const anshin_portal_request_t *request)
{
    for (apr_size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        if (links[i].flow == request->flow.kind) {
            return &links[i];
        }
    }
    return NULL;
}

int anshin_response_throttled(anshin_portal_request_t *request)
{
    const anshin_help_facts_t facts = {.kind = ANSHIN_HELP_ADDRESS, .until = request->op.wait_until};
    apr_int64_t seconds = retry_after(request, apr_time_sec(request->op.contract->policy.address_window));

    anshin_page_text(request->page, "next_text",
                     anshin_page_say_number(request->page, "too_many.next", "minutes", (seconds + 59) / 60));
    anshin_help_number_put(request, &facts);
    return anshin_response_page(request, "too-many", HTTP_TOO_MANY_REQUESTS);
}

/* What can be done all the same, by what the contract offers alone: whoever sees the page may be a stranger. */
static void put_still(anshin_portal_request_t *request, int reissue, int lost)
{
    const anshin_policy_t *policy = &request->op.contract->policy;
    int certificates = ANSHIN_HAS(policy->methods, ANSHIN_METHOD_CERTIFICATE);

    if (reissue && certificates && ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE)) {
        anshin_page_text(request->page, "certificate_reissue_url",
                         anshin_portal_request_link(request, "/reissue/certificate"));
    }
    if (lost && certificates && ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_LOST_DEVICE)) {
        anshin_page_text(request->page, "lost_url", anshin_portal_request_link(request, "/lost"));
    }
}

int anshin_response_locked(anshin_portal_request_t *request, const char *user, const anshin_lock_t *lock)
{
    static const char *const troubles[] = {"locked", "typed", NULL};
    const linked_t *link = link_of(request);
    const apr_time_t unlock_at = lock != NULL ? lock->unlock_at : 0;
    anshin_help_facts_t facts = {
        .kind = ANSHIN_HELP_ACCOUNT, .user = user, .since = lock != NULL ? lock->since : 0, .until = unlock_at};

    if (user == NULL && link != NULL) {
        facts.link = link->token;
        facts.token = request->flow.token;
    }
    anshin_help_number_put(request, &facts);
    anshin_page_flag(request->page, "account", 1);
    anshin_trouble_put_some(request, troubles);
    put_still(request, 0, 1); /* which a locked account opens as well */
    if (unlock_at != 0) {
        anshin_page_say_time(request->page, request->page->page, "unlock", "locked.unlock", unlock_at,
                             ANSHIN_DATE_PLAIN);
    }
    return anshin_page_send(request->page, "locked", HTTP_FORBIDDEN);
}

int anshin_response_link_locked(anshin_portal_request_t *request, const char *which)
{
    static const char *const troubles[] = {"download_password", NULL};
    const char *title = anshin_page_say(request->page, apr_pstrcat(request->op.pool, "locked.", "title_", which, NULL));
    const linked_t *link = link_of(request);

    if (link != NULL) {
        const anshin_help_facts_t facts = {.kind = link->help, .link = link->token, .token = request->flow.token};

        anshin_help_number_put(request, &facts);
        put_still(request, link->help == ANSHIN_HELP_DOWNLOAD, link->help == ANSHIN_HELP_DOWNLOAD);
    }
    if (strcmp(which, "download") == 0) {
        anshin_trouble_put_some(request, troubles);
    }
    anshin_page_flag(request->page, which, 1);
    anshin_page_put(request->page, request->page->data, "title", json_string(title));
    return anshin_page_send(request->page, "locked", HTTP_FORBIDDEN);
}

int anshin_response_if_locked(anshin_portal_request_t *request, const char *user)
{
    anshin_lock_t lock;
    apr_status_t status = anshin_lock_find(&request->op, ANSHIN_COUNTER_PASSWORD, user, &lock);

    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "lock");
    }
    return lock.kinds != 0 ? anshin_response_locked(request, user, &lock) : DECLINED;
}

/* Where another link is asked for. Who asks for a download's link once more gets a new certificate where nothing waits
 * any more (HLP-18); where that page is off, the new certificate alone is left. */
static void put_again_way(anshin_portal_request_t *request, const linked_t *link)
{
    const int functions = request->op.contract->policy.functions;

    if (link->again != NULL && ANSHIN_HAS(functions, link->function)) {
        anshin_page_text(request->page, "again_url", anshin_portal_request_link(request, link->again));
    } else if (link->flow == ANSHIN_FLOW_DOWNLOAD && ANSHIN_HAS(functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE)) {
        anshin_page_text(request->page, "again_url", anshin_portal_request_link(request, "/reissue/certificate"));
    }
}

static void put_standing(anshin_portal_request_t *request, const linked_t *link, const char *name)
{
    anshin_page_flag(request->page, name, 1);
    anshin_page_flag(request->page, "known", 1);
    anshin_response_title(request, "link_invalid", name);
    put_again_way(request, link);
}

/* Where mail has no links (NOM-1), only the operator hands any out, to a registration. */
static void put_unknown(anshin_portal_request_t *request, const linked_t *link)
{
    if (!request->op.contract->policy.mail_links && link != NULL && link->flow != ANSHIN_FLOW_REGISTER) {
        anshin_page_flag(request->page, "coded", 1);
        anshin_page_flag(request->page, "known", 1);
        anshin_response_title(request, "link_invalid", "coded");
    }
}

/* Whoever has the link is told what has become of it, as far as the store knows (U12); nobody else can ask. */
int anshin_response_link_invalid(anshin_portal_request_t *request)
{
    static const char *const troubles[] = {"link_ended", "code_ended", "broken_off", NULL};
    const linked_t *link = link_of(request);
    anshin_link_standing_t standing = ANSHIN_LINK_UNKNOWN;
    apr_status_t status = APR_SUCCESS;

    if (link != NULL) {
        status = link->flow == ANSHIN_FLOW_DOWNLOAD
                     ? anshin_download_link_standing(&request->op, request->flow.token, &standing)
                     : anshin_link_standing(&request->op, link->token, request->flow.token, &standing);
    }
    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "link");
    }
    switch (standing) {
    case ANSHIN_LINK_LOCKED:
        if (request->op.contract->policy.show_locked) { /* elsewhere nobody hears of the operator's lock (S8) */
            return anshin_response_locked(request, NULL, NULL);
        }
        break;
    case ANSHIN_LINK_USED:
        put_standing(request, link, "used");
        break;
    case ANSHIN_LINK_EXPIRED:
        put_standing(request, link, "expired");
        break;
    case ANSHIN_LINK_UNKNOWN:
        put_unknown(request, link);
        if (link != NULL && link->flow == ANSHIN_FLOW_DOWNLOAD) { /* a newer one may be on its way, or lost again */
            put_again_way(request, link);
        }
        break;
    case ANSHIN_LINK_GOOD:
        break;
    }
    anshin_trouble_put_some(request, troubles);
    return anshin_page_send(request->page, "link-invalid", HTTP_GONE);
}

void anshin_response_title(anshin_portal_request_t *request, const char *template, const char *variant)
{
    const char *key = apr_pstrcat(request->op.pool, template, ".title_", variant, NULL);

    anshin_page_put(request->page, request->page->data, "title", json_string(anshin_page_say(request->page, key)));
}

int anshin_response_done_url(anshin_portal_request_t *request, const char *name, const char *url)
{
    static const char *const parts[] = {"heading", "text", "next_text"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const char *text =
            anshin_page_say(request->page, apr_pstrcat(request->op.pool, "done.", name, ".", parts[i], NULL));
        anshin_page_text(request->page, parts[i], text);
        if (i == 0) {
            anshin_page_put(request->page, request->page->data, "title", json_string(text));
        }
    }
    anshin_page_text(request->page, "next_url", url);
    return anshin_response_page(request, "done", HTTP_OK);
}

int anshin_response_done(anshin_portal_request_t *request, const char *name, const char *next)
{
    return anshin_response_done_url(request, name, anshin_portal_request_link(request, next));
}
