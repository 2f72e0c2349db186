/*
 * Help: how to import a certificate (CRT-4), and what is wrong with the one on this connection (LOG-3).
 *
 * SECURITY: of a certificate that is not ours nothing is shown, and of one that is nothing but what its holder can read
 * in it.
 */
#include "portal/route.h"

#include <apr_strings.h>
#include <http_log.h>

#include "core/certificate.h"
#include "core/secret.h"
#include "httpd/env.h"
#include "portal/device.h"
#include "portal/portal.h"

APLOG_USE_MODULE(anshin_portal);

#define NUMBER_SIGNS 8
#define NUMBERS_A_MINUTE 60 /* in a process: strangers see this page */

int anshin_help_import_get(anshin_exchange_t *x)
{
    anshin_device_t device = anshin_device_guess(apr_table_get(x->r->headers_in, "User-Agent"));

    anshin_page_put(x->page, x->page->page, "device",
                    json_pack("{s:b, s:b, s:b, s:b}", "windows", device == ANSHIN_DEVICE_WINDOWS, "mac",
                              device == ANSHIN_DEVICE_MAC, "ios", device == ANSHIN_DEVICE_IOS, "android",
                              device == ANSHIN_DEVICE_ANDROID));
    return anshin_answer_page(x, "help-import", HTTP_OK);
}

/* What one can do oneself, now: the page for whoever is stuck. */
int anshin_help_get(anshin_exchange_t *x)
{
    static const struct {
        const char *key;
        anshin_function_t function;
    } rows[] = {{"password_reissue", ANSHIN_FUNCTION_PASSWORD_REISSUE},
                {"certificate_reissue", ANSHIN_FUNCTION_CERTIFICATE_REISSUE},
                {"account", ANSHIN_FUNCTION_ACCOUNT}};
    const anshin_policy_t *policy = &x->op.contract->policy;
    json_t *functions = json_object();

    for (apr_size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        anshin_page_put(x->page, functions, rows[i].key, json_boolean(ANSHIN_HAS(policy->functions, rows[i].function)));
    }
    anshin_page_put(x->page, x->page->page, "functions", functions);
    anshin_page_flag(x->page, "certificates", ANSHIN_HAS(policy->methods, ANSHIN_METHOD_CERTIFICATE));
    return anshin_answer_page(x, "help", HTTP_OK);
}

/* A number that the person tells the help desk, and the log line under it. */
static void put_number(anshin_exchange_t *x, const char *reason)
{
    const char *signs;
    const char *number;
    const char *also;

    if (!anshin_exchange_seldom(x, "help number", NUMBERS_A_MINUTE, &also)) {
        return; /* a number that stands in no log helps nobody */
    }
    if (anshin_secret_text(&x->op, &signs, "23456789BCDFGHJKMNPQRSTVWXYZ", NUMBER_SIGNS) != APR_SUCCESS) {
        anshin_exchange_log(x, APLOG_ERR, "AN0650", "no help number");
        return;
    }
    number = apr_pstrcat(x->op.pool, "AN-", signs, NULL);
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, x->r, "AN0651: help number %s: client certificate %s%s%s%s", number,
                  reason, *x->peer->serial ? ", serial " : "", x->peer->serial, also);
    anshin_page_text(x->page, "number", number);
}

static int explain(anshin_exchange_t *x, anshin_certificate_verdict_t verdict, int status)
{
    const char *reason = anshin_verdict_name(verdict);
    const char *key = apr_pstrcat(x->op.pool, "reason_", reason, NULL);

    anshin_page_put(
        x->page, x->page->data, "title",
        json_string(anshin_page_say(x->page, apr_pstrcat(x->op.pool, "help_certificate.", key, ".title", NULL))));
    anshin_page_text(x->page, "reason", reason);
    anshin_page_flag(x->page, key, 1);
    anshin_page_text(x->page, "login_url", anshin_exchange_link(x, "/login"));
    if (verdict != ANSHIN_VERDICT_FOREIGN && verdict != ANSHIN_VERDICT_NONE) {
        anshin_page_text(x->page, "name", x->peer->name);
        anshin_page_text(x->page, "not_after_text", anshin_page_time(x->page, x->peer->not_after));
    }
    if (verdict != ANSHIN_VERDICT_GOOD) {
        put_number(x, reason);
        if (ANSHIN_HAS(x->op.contract->policy.functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE)) {
            anshin_page_text(x->page, "certificate_reissue_url", anshin_exchange_link(x, "/reissue/certificate"));
        }
        /* Browsers remember for a connection that no certificate, or this one, was chosen. */
        anshin_connection_close(x->r);
    }
    return anshin_answer_page(x, "help-certificate", status);
}

int anshin_help_certificate_answer(anshin_exchange_t *x, int status)
{
    anshin_certificate_verdict_t verdict;
    apr_status_t judged = anshin_certificate_verdict(&x->op, x->peer, &verdict);

    if (judged != APR_SUCCESS) {
        return anshin_answer_unavailable(x, judged, "client certificate");
    }
    return explain(x, verdict, status);
}

int anshin_help_certificate_get(anshin_exchange_t *x)
{
    return anshin_help_certificate_answer(x, HTTP_OK);
}

int anshin_help_gate(anshin_exchange_t *x)
{
    anshin_certificate_verdict_t verdict;
    apr_status_t status;

    if (x->op.contract->policy.methods != 1 << ANSHIN_METHOD_CERTIFICATE) {
        return DECLINED;
    }
    status = anshin_certificate_verdict(&x->op, x->peer, &verdict);
    if (status != APR_SUCCESS) {
        return anshin_answer_unavailable(x, status, "client certificate");
    }
    if (verdict == ANSHIN_VERDICT_GOOD) {
        return DECLINED;
    }
    anshin_answer_challenge(x);
    return explain(x, verdict, HTTP_UNAUTHORIZED);
}
