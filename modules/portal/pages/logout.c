/*
 * Logout (LOG-9): the session ends on the server, then the browser forgets it.
 */
#include "portal/pages/pages.h"
#include "portal/response/response.h"

#include "core/login/logout.h"
#include "core/web/cookie_header.h"
#include "portal/request/cookie.h"
#include "portal/response/menu.h"
#include "portal/pages/member.h"

int anshin_page_logout_get(anshin_portal_request_t *request)
{
    return request->logged_in ? anshin_response_page(request, "logout", HTTP_OK)
                              : anshin_response_redirect(request, "/login");
}

/* Refused is one that has ended meanwhile, by itself or with its user, which is what was wanted. */
static apr_status_t end_session(anshin_portal_request_t *request)
{
    const anshin_member_t member = anshin_member_of(request);
    apr_status_t status = anshin_logout(&request->op, &member);

    return status == ANSHIN_EDENIED ? APR_SUCCESS : status;
}

/* The browser forgets the session whatever becomes of it on the server: who presses this is about to leave. */
int anshin_page_logout_post(anshin_portal_request_t *request)
{
    apr_status_t status = request->logged_in ? end_session(request) : APR_SUCCESS;

    anshin_member_leaves(request);
    anshin_cookie_clear(request->r, anshin_session_cookie(request->op.contract->name, request->op.pool));
    anshin_menu_remove(request);
    return status == APR_SUCCESS ? anshin_response_page(request, "logged-out", HTTP_OK)
                                 : anshin_response_unavailable(request, status, "logout");
}
