/*
 * The status line: see course.h.
 *
 * SECURITY: on pages for everybody it is shown to the holder of a session or of a flow's cookie alone, and shows no
 * more than the pages of that session or flow.
 */
#include "portal/pages/course.h"

#include "core/base/address.h"
#include "core/certificate/download.h"
#include "portal/response/flow_cookie.h"

static const char *const steps[] = {"course.registered", "course.mailed", "course.downloaded", "course.imported",
                                    "course.logged_in"};
enum { STEPS = sizeof steps / sizeof steps[0] };

/* Which step is to be taken now, and what hinders it. */
static const struct {
    int current; /* STEPS: none is left */
    const char *hint;
} places[] = {
    [ANSHIN_COURSE_REGISTERED] = {1, "course.making"}, [ANSHIN_COURSE_MAILING] = {1, "course.mailing"},
    [ANSHIN_COURSE_UNMAILED] = {1, "course.unmailed"}, [ANSHIN_COURSE_MAILED] = {2, NULL},
    [ANSHIN_COURSE_LAPSED] = {2, "course.lapsed"},     [ANSHIN_COURSE_FETCHED] = {3, NULL},
    [ANSHIN_COURSE_IMPORTED] = {4, NULL},              [ANSHIN_COURSE_USED] = {STEPS, NULL}};

static json_t *step_of(anshin_portal_request_t *request, const anshin_course_t *course, int at)
{
    const int current = places[course->stage].current;
    const char *state = at < current ? "course.done" : at == current ? "course.current" : "course.to_come";
    json_t *step = json_pack("{s:s, s:s, s:b, s:b}", "text", anshin_page_say(request->page, steps[at]), "state_text",
                             anshin_page_say(request->page, state), "done", at < current, "current", at == current);

    if (at == 1 && course->terminal.address != NULL) {
        anshin_page_put(request->page, step, "address",
                        json_string(anshin_address_masked(course->terminal.address, request->op.pool)));
        anshin_page_moment(request->page, step, "when", course->mailed_at, ANSHIN_DATE_PLAIN);
    }
    if (at == current && places[course->stage].hint != NULL) {
        anshin_page_put(request->page, step, "hint_text",
                        json_string(anshin_page_say(request->page, places[course->stage].hint)));
    }
    return step;
}

void anshin_course_draw(anshin_portal_request_t *request, json_t *object, const anshin_course_t *course)
{
    json_t *list = json_array();

    for (int at = 0; at < STEPS; at++) {
        anshin_page_append(request->page, list, step_of(request, course, at));
    }
    anshin_page_put(request->page, object, "course", json_pack("{s:o}", "steps", list));
}

apr_status_t anshin_course_put(anshin_portal_request_t *request, const char *user, apr_int64_t terminal)
{
    anshin_course_t course;
    apr_status_t status = anshin_course_find(&request->op, user, terminal, &course);

    if (status == APR_SUCCESS) {
        anshin_course_draw(request, request->page->page, &course);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* The newest flow of this kind in the browser, and what it knows; the page's own flow stays what it is. */
static apr_status_t look_at_flow(anshin_portal_request_t *request, anshin_flow_kind_t kind, anshin_flow_t *flow)
{
    const anshin_flow_t own = request->flow;
    const int over = request->flow_over;
    apr_status_t status = anshin_flow_cookie_newest(request, kind, NULL);

    *flow = request->flow;
    request->flow = own;
    request->flow_over = over;
    return status;
}

/* A download that nobody has opened yet knows its terminal by its link alone. */
static apr_status_t put_download(anshin_portal_request_t *request)
{
    anshin_download_state_t state;
    anshin_flow_t flow;
    apr_status_t status = look_at_flow(request, ANSHIN_FLOW_DOWNLOAD, &flow);

    if (status == APR_SUCCESS && flow.stage == ANSHIN_STAGE_OPENED) {
        status = anshin_download_find(&request->op, flow.token, &state);
        flow.user = status == APR_SUCCESS ? state.user : flow.user;
        flow.terminal = status == APR_SUCCESS ? state.terminal : flow.terminal;
    }
    return status == APR_SUCCESS ? anshin_course_put(request, flow.user, flow.terminal) : status;
}

static apr_status_t put_registration(anshin_portal_request_t *request)
{
    anshin_flow_t flow;
    apr_status_t status = look_at_flow(request, ANSHIN_FLOW_REGISTER, &flow);

    if (status == APR_SUCCESS && flow.stage < ANSHIN_STAGE_RESULT) {
        return ANSHIN_EDENIED;
    }
    return status == APR_SUCCESS ? anshin_course_put(request, flow.user, flow.terminal) : status;
}

apr_status_t anshin_course_put_own(anshin_portal_request_t *request)
{
    apr_status_t status;

    if (request->logged_in) {
        return anshin_course_put(request, request->session.user, 0);
    }
    status = put_download(request);
    if (status == ANSHIN_EDENIED || status == ANSHIN_ENOTFOUND) {
        status = put_registration(request);
    }
    return status == ANSHIN_EDENIED || status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}
