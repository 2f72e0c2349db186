/*
 * Numbers on pages: see help_number.h.
 */
#include "portal/response/help_number.h"

#include <apr_strings.h>
#include <http_log.h>

APLOG_USE_MODULE(anshin_portal);

#define NUMBERS_A_MINUTE 60 /* in a process: strangers see these pages */

/* A line without an ID: whose it is, the store tells those who may ask. */
static void tell(const anshin_portal_request_t *request, const anshin_help_facts_t *facts, const char *number,
                 const char *also)
{
    const char *about = apr_pstrcat(request->op.pool, anshin_word_name(anshin_help_words, (apr_int64_t)facts->kind, ""),
                                    " is locked", NULL);

    if (facts->kind == ANSHIN_HELP_CERTIFICATE) {
        about = apr_pstrcat(request->op.pool, "client certificate ", facts->reason,
                            facts->serial != NULL ? ", serial " : "", facts->serial, NULL);
    }
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, request->r, "AN0651: help number %s: %s%s", number, about, also);
}

void anshin_help_number_put(anshin_portal_request_t *request, const anshin_help_facts_t *facts)
{
    anshin_help_shown_t shown;
    const char *also = "";
    anshin_op_t op; /* of its own: the page's causes and times stay as they are */
    apr_status_t status;

    anshin_op_init(&op, request->op.env, request->op.contract, &request->op.actor, request->op.pool);
    status = anshin_help_number(&op, facts, &shown);
    if (status == APR_SUCCESS && shown.number != NULL) {
        /* Kept already or not: what others have seen does not show either (S8). */
        if (!anshin_portal_request_seldom(request, "help number", NUMBERS_A_MINUTE, &also)) {
            return; /* a number that stands in no log helps nobody */
        }
        status = anshin_help_number_keep(&op, &shown);
    }
    if (status != APR_SUCCESS && status != ANSHIN_EDENIED) { /* on a full day the log alone has it */
        request->op.error = op.error;
        anshin_portal_request_log(request, APLOG_WARNING, "AN0650", "no help number");
        return;
    }
    if (shown.number != NULL) {
        tell(request, facts, shown.number, also);
        anshin_page_text(request->page, "number", shown.number);
    }
}
