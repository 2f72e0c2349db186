/*
 * Download of the certificate (CRT-2, CRT-3).
 *
 * SECURITY: hands out a private key to whoever has link and download password; the file goes straight into the
 * response, is kept by nobody on the way (no-store), and our copy is wiped.
 */
#include "portal/route.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "core/download.h"
#include "core/secret.h"
#include "portal/device.h"
#include "portal/member.h"

#define PASSWORD_MAX 128 /* bytes typed */

static const char *const steps[] = {"steps.download_file", "steps.download_import", "steps.download_done", NULL};

/* In the order of anshin_profile_t. */
static const char *const profiles[] = {"modern", "compat"};

/* What is proposed: Apple's and Android's importers report "wrong password" on the modern profile. */
static anshin_profile_t proposed(const anshin_exchange_t *x)
{
    anshin_device_t device = anshin_device_guess(apr_table_get(x->r->headers_in, "User-Agent"));

    return device == ANSHIN_DEVICE_MAC || device == ANSHIN_DEVICE_IOS || device == ANSHIN_DEVICE_ANDROID
               ? ANSHIN_PROFILE_COMPAT
               : ANSHIN_PROFILE_MODERN;
}

static void put_form(anshin_exchange_t *x, const anshin_download_state_t *state, int selected)
{
    int fetched = x->flow.stage == ANSHIN_STAGE_FETCHED;
    json_t *list = json_array();
    int i;

    for (i = 0; i < 2; i++) {
        const char *text = anshin_page_say(x->page, apr_pstrcat(x->op.pool, "profiles.", profiles[i], NULL));

        anshin_page_append(x->page, list,
                           json_pack("{s:s, s:s, s:b}", "id", profiles[i], "text", text, "selected", i == selected));
    }
    anshin_page_put(x->page, x->page->page, "profiles", list);
    anshin_page_text(x->page, "name", state->name);
    anshin_page_flag(x->page, "pending", state->name == NULL);
    anshin_page_flag(x->page, "fetched", fetched);
    anshin_page_steps(x->page, steps, fetched ? 1 : 0);
}

int anshin_download_get(anshin_exchange_t *x)
{
    anshin_download_state_t state;
    apr_status_t status = anshin_download_find(&x->op, x->flow.token, &state);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "download link");
    }
    put_form(x, &state, (int)proposed(x));
    return anshin_answer_page(x, "download", HTTP_OK);
}

/* A file name that needs no quoting anywhere. */
static const char *safe_name(const anshin_exchange_t *x, const char *name)
{
    char *safe = apr_pstrdup(x->op.pool, name);
    char *at;

    for (at = safe; *at != '\0'; at++) {
        if (!apr_isalnum(*at) && strchr("._-+@", *at) == NULL) {
            *at = '_';
        }
    }
    return safe;
}

static int send_file(anshin_exchange_t *x, anshin_download_result_t *result)
{
    request_rec *r = x->r;

    anshin_page_headers(r, NULL);
    apr_table_setn(r->headers_out, "Content-Disposition",
                   apr_psprintf(r->pool, "attachment; filename=\"%s\"", safe_name(x, result->file_name)));
    ap_set_content_type(r, "application/x-pkcs12");
    ap_set_content_length(r, (apr_off_t)result->file.length);
    ap_rwrite(result->file.data, (int)result->file.length, r);
    ap_rflush(r);
    return OK;
}

/* The profile that was chosen; -1 and a complaint when none of ours was. */
static int chosen(anshin_exchange_t *x)
{
    const char *profile = anshin_form_get(x->form, "profile");
    int i;

    for (i = 0; profile != NULL && i < 2; i++) {
        if (strcmp(profile, profiles[i]) == 0) {
            return i;
        }
    }
    anshin_page_error(x->page, "profile", "errors.choose");
    return -1;
}

int anshin_download_post(anshin_exchange_t *x)
{
    const char *password = anshin_exchange_field(x, "download_password", PASSWORD_MAX);
    int profile = chosen(x);
    anshin_download_state_t state;
    anshin_download_result_t result;
    int answer;
    apr_status_t status = anshin_download_find(&x->op, x->flow.token, &state);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "download link");
    }
    put_form(x, &state, profile < 0 ? (int)proposed(x) : profile);
    if (password == NULL || profile < 0) {
        return anshin_answer_form(x, "download");
    }
    status = anshin_download_fetch(&x->op, x->flow.token, password, (anshin_profile_t)profile, &result);
    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "download");
    }
    if (result.locked) {
        return anshin_answer_link_locked(x, "download");
    }
    if (!result.right) {
        anshin_words_wrong(x, "download_password", "errors.download_wrong", result.remaining);
        return anshin_answer_form(x, "download");
    }
    answer = send_file(x, &result);
    anshin_secret_wipe_bytes(&x->op, &result.file);
    return answer;
}

int anshin_downloaded_get(anshin_exchange_t *x)
{
    if (x->flow.stage != ANSHIN_STAGE_RESULT) {
        return anshin_answer_flow(x, "/download");
    }
    anshin_page_steps(x->page, steps, 2);
    anshin_page_text(x->page, "login_url", anshin_exchange_link(x, "/login"));
    return anshin_answer_page(x, "download-done", HTTP_OK);
}

int anshin_downloaded_post(anshin_exchange_t *x)
{
    apr_status_t status;

    if (x->flow.stage == ANSHIN_STAGE_RESULT) { /* sent twice */
        return anshin_answer_flow(x, "/download/done");
    }
    status = anshin_download_finish(&x->op, x->flow.token);
    return status == APR_SUCCESS ? anshin_answer_flow(x, "/download/done")
                                 : anshin_answer_failure(x, status, "end of the download");
}
