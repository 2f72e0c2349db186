/*
 * Certificates that wait for download: see waiting.h.
 */
#include "portal/pages/waiting.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "portal/pages/course.h"
#include "portal/request/words.h"

#define DIGITS_MAX 9 /* of the number of a terminal */

static const struct {
    const char *name; /* in the address */
    const char *kind; /* of the alert */
    const char *text;
} outcomes[] = {[ANSHIN_RESEND_SENT] = {"sent", "success", "alerts.resent"},
                [ANSHIN_RESEND_PAUSED] = {"paused", "notice", "alerts.resend_paused"},
                [ANSHIN_RESEND_FULL] = {"full", "notice", "alerts.resend_full"},
                [ANSHIN_RESEND_MAKING] = {"making", "notice", "alerts.resend_making"},
                [ANSHIN_RESEND_NOTHING] = {"nothing", "notice", "alerts.resend_nothing"}};

static int waits(const anshin_terminal_view_t *view)
{
    return view->has_course && view->course.stage < ANSHIN_COURSE_IMPORTED;
}

static json_t *row_of(anshin_portal_request_t *request, const anshin_terminal_view_t *view)
{
    const int functions = request->op.contract->policy.functions;
    const int reaches = view->course.until != 0;
    const int lapsed = view->course.stage == ANSHIN_COURSE_LAPSED;
    json_t *row = json_pack("{s:I}", "number", (json_int_t)view->terminal.number);

    anshin_words_terminal(request->page, row, view->terminal.number, view->terminal.label);
    anshin_course_draw(request, row, &view->course);
    anshin_page_put(request->page, row, "can_resend",
                    json_boolean(reaches && ANSHIN_HAS(functions, ANSHIN_FUNCTION_RESEND)));
    anshin_page_put(request->page, row, "can_phone",
                    json_boolean(reaches && ANSHIN_HAS(functions, ANSHIN_FUNCTION_PHONE)));
    if (lapsed && ANSHIN_HAS(functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE)) {
        anshin_page_put(request->page, row, "reissue_url",
                        json_string(anshin_portal_request_link(request, "/reissue/certificate")));
    }
    return row;
}

void anshin_waiting_put(anshin_portal_request_t *request, const apr_array_header_t *views)
{
    json_t *rows = json_array();

    for (int i = 0; i < views->nelts; i++) {
        const anshin_terminal_view_t *view = &APR_ARRAY_IDX(views, i, anshin_terminal_view_t);

        if (waits(view)) {
            anshin_page_append(request->page, rows, row_of(request, view));
        }
    }
    anshin_page_flag(request->page, "has_waits", json_array_size(rows) > 0);
    anshin_page_put(request->page, request->page->page, "waits", rows);
}

void anshin_waiting_alert(anshin_portal_request_t *request)
{
    const char *told = anshin_form_get(request->query, "resent");

    for (apr_size_t i = 0; told != NULL && i < sizeof outcomes / sizeof outcomes[0]; i++) {
        if (strcmp(told, outcomes[i].name) == 0) {
            anshin_page_alert(request->page, outcomes[i].kind, anshin_page_say(request->page, outcomes[i].text));
        }
    }
}

apr_int64_t anshin_waiting_number(const anshin_portal_request_t *request)
{
    const char *text = anshin_form_get(request->form, "n");
    apr_size_t length = text != NULL ? strlen(text) : 0;

    return length > 0 && length <= DIGITS_MAX && strspn(text, "0123456789") == length ? apr_atoi64(text) : 0;
}

const char *anshin_waiting_told(const anshin_portal_request_t *request, anshin_resend_outcome_t outcome)
{
    return apr_pstrcat(request->op.pool, "/account?resent=", outcomes[outcome].name, NULL);
}
