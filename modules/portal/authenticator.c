/*
 * Enrolment of an authenticator app (LOG-7): QR code, then a code that shows that it was scanned.
 *
 * SECURITY: behind a full login with a fresh check of the password. The secret waits sealed in the browser until it is
 * confirmed, so that the flow's page can be looked at again (SEC-1).
 */
#include <apr_strings.h>
#include <qrencode.h>
#include <string.h>

#include "core/secret.h"
#include "core/totp.h"
#include "portal/member.h"
#include "portal/route.h"

#define CODE_MAX 64  /* bytes typed */
#define QUIET_ZONE 4 /* modules around a QR code (ISO/IEC 18004) */

/* The QR code of a text as an SVG of one path, NULL when it cannot be made. */
static const char *qr_svg(const char *text, const char *label, apr_pool_t *pool)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    int size = code ? code->width + 2 * QUIET_ZONE : 0;
    apr_array_header_t *parts = apr_array_make(pool, 512, sizeof(const char *));

    if (!code) {
        return NULL;
    }
    APR_ARRAY_PUSH(parts, const char *) =
        apr_psprintf(pool,
                     "<svg class=\"qr\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"%s\" "
                     "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" shape-rendering=\"crispEdges\">"
                     "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path fill=\"#000\" d=\"",
                     ap_escape_html(pool, label), size, size, size * 5, size * 5, size, size);
    for (int y = 0; y < code->width; y++) {
        for (int x = 0; x < code->width; x++) {
            if (code->data[y * code->width + x] & 1) {
                APR_ARRAY_PUSH(parts, const char *) =
                    apr_psprintf(pool, "M%d %dh1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
        }
    }
    APR_ARRAY_PUSH(parts, const char *) = "\"/></svg>";
    QRcode_free(code);
    return apr_array_pstrcat(pool, parts, 0);
}

/* The secret in groups of four, for typing. */
static const char *grouped(const char *secret, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, strlen(secret) * 2 + 1), *to = text;

    for (apr_size_t i = 0; secret[i]; i++) {
        if (i > 0 && i % 4 == 0) {
            *to++ = ' ';
        }
        *to++ = secret[i];
    }
    *to = '\0';
    return text;
}

static int show(anshin_exchange_t *x, int status)
{
    const char *svg = qr_svg(anshin_totp_uri(&x->op, x->session.user, x->flow.secret),
                             anshin_page_say(x->page, "authenticator.qr_alt"), x->op.pool);

    anshin_page_text(x->page, "qr_svg", svg);
    anshin_page_text(x->page, "app_url", anshin_totp_uri(&x->op, x->session.user, x->flow.secret));
    anshin_page_text(x->page, "secret_text", grouped(x->flow.secret, x->op.pool));
    anshin_page_text(x->page, "cancel_url", anshin_exchange_link(x, "/account"));
    return status == HTTP_OK ? anshin_answer_page(x, "authenticator", HTTP_OK) : anshin_answer_form(x, "authenticator");
}

static apr_status_t put_state(anshin_exchange_t *x)
{
    anshin_account_t account;
    const anshin_member_t member = anshin_member_of(x);
    apr_status_t status = anshin_member_read(&x->op, &member, &account);

    if (status == APR_SUCCESS && account.method != ANSHIN_METHOD_OTP) {
        return ANSHIN_ENOTFOUND;
    }
    anshin_page_flag(x->page, "enrolled", status == APR_SUCCESS && account.totp_blob != NULL);
    return status;
}

static apr_status_t begin(anshin_exchange_t *x)
{
    apr_status_t status = anshin_flow_start(&x->op, &x->flow, ANSHIN_FLOW_AUTHENTICATOR, x->session.user);

    if (status == APR_SUCCESS) {
        status = anshin_totp_secret(&x->op, &x->flow.secret);
    }
    if (status == APR_SUCCESS) {
        status = anshin_exchange_keep_flow(x);
    }
    anshin_exchange_put_place(x);
    return status;
}

int anshin_authenticator_get(anshin_exchange_t *x)
{
    apr_status_t status = put_state(x);

    if (status == ANSHIN_ENOTFOUND) {
        return anshin_answer_error(x, HTTP_NOT_FOUND);
    }
    if (anshin_form_get(x->query, "done")) {
        return anshin_member_done(x, "authenticator_set", "/account");
    }
    if (anshin_form_get(x->query, "removed")) {
        return anshin_member_done(x, "authenticator_removed", "/account");
    }
    if (x->flow.stage == ANSHIN_STAGE_RESULT) {
        return anshin_answer_redirect(x, "/account/authenticator?done=1");
    }
    if (status == APR_SUCCESS && x->flow.kind == ANSHIN_FLOW_NONE) {
        status = begin(x);
    }
    return status == APR_SUCCESS ? show(x, HTTP_OK) : anshin_member_failure(x, status, "authenticator");
}

int anshin_authenticator_post(anshin_exchange_t *x)
{
    anshin_member_t member = anshin_member_of(x);
    const char *code;
    int right;
    apr_status_t status = put_state(x);

    if (status == ANSHIN_ENOTFOUND) {
        return anshin_answer_error(x, HTTP_NOT_FOUND);
    }
    if (status == APR_SUCCESS && strcmp(anshin_member_field(x, "action"), "remove") == 0) {
        status = anshin_totp_remove(&x->op, &member);
        return status == APR_SUCCESS ? anshin_answer_redirect(x, "/account/authenticator?removed=1")
                                     : anshin_member_failure(x, status, "authenticator");
    }
    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "authenticator");
    }
    if (x->flow.kind == ANSHIN_FLOW_NONE) {
        return anshin_answer_flow_ended(x);
    }
    if (x->flow.stage != ANSHIN_STAGE_OPENED) { /* sent twice */
        return anshin_answer_redirect(x, "/account/authenticator?done=1");
    }
    if (!(code = anshin_exchange_field(x, "code", CODE_MAX))) {
        return show(x, HTTP_UNPROCESSABLE_ENTITY);
    }
    status = anshin_totp_enrol(&x->op, &member, x->flow.secret, anshin_secret_normalise(code, x->op.pool), &right);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "authenticator");
    }
    if (!right) {
        anshin_page_error(x->page, "code", "errors.code_wrong");
        return show(x, HTTP_UNPROCESSABLE_ENTITY);
    }
    anshin_exchange_forget_flow(x);
    return anshin_answer_redirect(x, "/account/authenticator?done=1");
}
