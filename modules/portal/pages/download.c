/*
 * Download of the certificate (CRT-2, CRT-3).
 *
 * SECURITY: hands out a private key to whoever has link and download password. The password's form leads on to the
 * steps of the import, whose page has the browser ask for the file at once (Refresh), by the flow that has just proven
 * it and by no other; the file goes straight into that response, is kept by nobody on the way (no-store), and our copy
 * is wiped.
 */
#include "http/page_headers.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/response/trouble.h"
#include "portal/request/words.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "core/certificate/download.h"
#include "core/context/secret.h"
#include "portal/response/flow_cookie.h"
#include "portal/request/device.h"
#include "portal/pages/course.h"
#include "portal/pages/guide.h"
#include "portal/pages/member.h"

#define PASSWORD_MAX 128 /* bytes typed */

static const char *const steps[] = {"steps.download_file", "steps.download_import", "steps.download_done", NULL};

static const anshin_word_t profiles[] = {
#define WORD(member, value, name) {name, ANSHIN_PROFILE_##member},
#include "core/certificate/profile.def"
#undef WORD
    {NULL, 0}};

/* What is proposed: Apple's and Android's importers report "wrong password" on the modern profile. Firefox has one of
 * its own, and knows no configuration profiles. */
static anshin_profile_t proposed(const anshin_portal_request_t *request, const anshin_download_state_t *state)
{
    const char *user_agent = apr_table_get(request->r->headers_in, "User-Agent");
    anshin_device_t device = anshin_device_guess(user_agent);
    int own_store = device == ANSHIN_DEVICE_MAC && anshin_browser_guess(user_agent) == ANSHIN_BROWSER_FIREFOX;
    int of_apple = (device == ANSHIN_DEVICE_MAC && !own_store) || device == ANSHIN_DEVICE_IOS;

    if (of_apple && state->apple) {
        return ANSHIN_PROFILE_APPLE;
    }
    return of_apple || device == ANSHIN_DEVICE_ANDROID ? ANSHIN_PROFILE_COMPAT : ANSHIN_PROFILE_MODERN;
}

static int is_offered(const anshin_download_state_t *state, apr_int64_t profile)
{
    return profile != ANSHIN_PROFILE_APPLE || state->apple;
}

static void put_form(anshin_portal_request_t *request, const anshin_download_state_t *state, int selected)
{
    static const char *const troubles[] = {"download_password", "import_password", "mail_device", NULL};
    int fetched = request->flow.stage == ANSHIN_STAGE_FETCHED;
    json_t *list = json_array();

    for (const anshin_word_t *profile = profiles; profile->name != NULL; profile++) {
        const char *key = apr_pstrcat(request->op.pool, "profiles.", profile->name, NULL);

        if (!is_offered(state, profile->value)) {
            continue;
        }
        anshin_page_append(request->page, list,
                           json_pack("{s:s, s:s, s:b}", "id", profile->name, "text",
                                     anshin_page_say(request->page, key), "selected", profile->value == selected));
    }
    anshin_page_put(request->page, request->page->page, "profiles", list);
    anshin_words_life(request->page, state->until);
    anshin_page_text(request->page, "name", state->name);
    anshin_page_flag(request->page, "pending", state->name == NULL);
    anshin_page_flag(request->page, "fetched", fetched);
    anshin_page_steps(request->page, steps, fetched ? 1 : 0);
    anshin_trouble_put_some(request, troubles);
    anshin_page_flag(request->page, "can_phone",
                     ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_PHONE));
}

/* The profile that a field of form or address names; -1: none of those that are offered. */
static int named(const anshin_download_state_t *state, const char *name)
{
    int value = name != NULL ? anshin_word_value(profiles, name, -1) : -1;

    return value >= 0 && is_offered(state, value) ? value : -1;
}

/* The page behind the password: its steps are those of the file that comes with it (U10). */
static void put_import(anshin_portal_request_t *request, const anshin_download_state_t *state)
{
    const char *name = anshin_form_get(request->query, "file");
    int profile = named(state, name);
    const char *url;

    anshin_response_title(request, "download", "import");
    anshin_guide_put(request, profile == ANSHIN_PROFILE_APPLE);
    if (profile < 0) {
        return;
    }
    url = anshin_portal_request_link(
        request, anshin_flow_cookie_path(request, apr_pstrcat(request->op.pool, "/download/file?file=", name, NULL)));
    anshin_page_text(request->page, "file_url", url);
    apr_table_setn(request->r->headers_out, "Refresh", apr_pstrcat(request->op.pool, "1; url=", url, NULL));
}

int anshin_page_download_get(anshin_portal_request_t *request)
{
    anshin_download_state_t state;
    apr_status_t status = anshin_download_find(&request->op, request->flow.token, &state);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "download link");
    }
    if (state.locked && request->flow.stage != ANSHIN_STAGE_FETCHED) { /* who has the file goes on (U18) */
        return anshin_response_link_locked(request, "download");
    }
    if ((status = anshin_course_put(request, state.user, state.terminal)) != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "state of a certificate");
    }
    put_form(request, &state, (int)proposed(request, &state));
    if (request->flow.stage == ANSHIN_STAGE_FETCHED) {
        put_import(request, &state);
    }
    return anshin_response_page(request, "download", HTTP_OK);
}

/* A file name that needs no quoting anywhere. */
static const char *safe_name(const anshin_portal_request_t *request, const char *name)
{
    char *safe = apr_pstrdup(request->op.pool, name);
    char *at;

    for (at = safe; *at != '\0'; at++) {
        if (!apr_isalnum(*at) && strchr("._-+@", *at) == NULL) {
            *at = '_';
        }
    }
    return safe;
}

static int send_file(anshin_portal_request_t *request, int profile, anshin_download_result_t *result)
{
    request_rec *r = request->r;

    anshin_page_headers(r, NULL);
    apr_table_setn(r->headers_out, "Content-Disposition",
                   apr_psprintf(r->pool, "attachment; filename=\"%s\"", safe_name(request, result->file_name)));
    ap_set_content_type(r,
                        profile == ANSHIN_PROFILE_APPLE ? "application/x-apple-aspen-config" : "application/x-pkcs12");
    ap_set_content_length(r, (apr_off_t)result->file.length);
    ap_rwrite(result->file.data, (int)result->file.length, r);
    ap_rflush(r);
    return OK;
}

/* The profile that was chosen; -1 and a complaint when it is none of those that are offered. */
static int chosen(anshin_portal_request_t *request, const anshin_download_state_t *state)
{
    int value = named(state, anshin_form_get(request->form, "profile"));

    if (value < 0) {
        anshin_page_error(request->page, "profile", "errors.choose");
    }
    return value;
}

/* To the steps of the import. A link of a QR code is used up: this browser goes on with one of its own (phone.h). */
static int lead_on(anshin_portal_request_t *request, const char *token, int profile)
{
    const char *path =
        apr_pstrcat(request->op.pool, "/download?file=", anshin_word_name(profiles, profile, ""), NULL);

    if (token == NULL) {
        return anshin_response_flow(request, path);
    }
    request->flow.token = token;
    return anshin_response_flow_begun(request, path);
}

int anshin_page_download_post(anshin_portal_request_t *request)
{
    const char *password = anshin_portal_request_field(request, "download_password", PASSWORD_MAX);
    anshin_download_state_t state;
    anshin_download_result_t result;
    int profile;
    apr_status_t status = anshin_download_find(&request->op, request->flow.token, &state);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "download link");
    }
    profile = chosen(request, &state);
    put_form(request, &state, profile < 0 ? (int)proposed(request, &state) : profile);
    if (request->flow.stage == ANSHIN_STAGE_FETCHED) {
        put_import(request, &state);
    }
    if (password == NULL || profile < 0) {
        return anshin_response_form(request, "download");
    }
    status = anshin_download_fetch(&request->op, request->flow.token, password, (anshin_profile_t)profile, &result);
    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "download");
    }
    if (result.locked) {
        return anshin_response_link_locked(request, "download");
    }
    if (!result.right) {
        anshin_words_wrong(request->page, "download_password", "errors.download_wrong", result.remaining);
        return anshin_response_form(request, "download");
    }
    anshin_secret_wipe_bytes(&request->op, &result.file);
    return lead_on(request, result.token, profile);
}

int anshin_page_download_file_get(anshin_portal_request_t *request)
{
    anshin_download_state_t state;
    anshin_download_result_t result;
    int profile;
    int answer;
    apr_status_t status = anshin_download_find(&request->op, request->flow.token, &state);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "download link");
    }
    profile = named(&state, anshin_form_get(request->query, "file"));
    if (profile < 0) {
        return anshin_response_flow(request, "/download");
    }
    status = anshin_download_file(&request->op, request->flow.token, (anshin_profile_t)profile, &result);
    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "download");
    }
    answer = send_file(request, profile, &result);
    anshin_secret_wipe_bytes(&request->op, &result.file);
    return answer;
}

int anshin_page_download_done_get(anshin_portal_request_t *request)
{
    apr_status_t status;

    if (request->flow.stage != ANSHIN_STAGE_RESULT) {
        return anshin_response_flow(request, "/download");
    }
    if ((status = anshin_member_show_result(request, NULL)) != APR_SUCCESS ||
        (status = anshin_course_put(request, request->flow.user, request->flow.terminal)) != APR_SUCCESS) {
        return anshin_response_failure(request, status, "end of the download");
    }
    anshin_page_steps(request->page, steps, 2);
    anshin_page_text(request->page, "login_url", anshin_portal_request_link(request, "/login"));
    anshin_guide_put_try(request);
    return anshin_response_page(request, "download-done", HTTP_OK);
}

int anshin_page_download_done_post(anshin_portal_request_t *request)
{
    apr_status_t status;

    if (request->flow.stage == ANSHIN_STAGE_RESULT) { /* sent twice */
        return anshin_response_flow(request, "/download/done");
    }
    status = anshin_download_finish(&request->op, request->flow.token);
    return status == APR_SUCCESS ? anshin_response_flow(request, "/download/done")
                                 : anshin_response_failure(request, status, "end of the download");
}
