/*
 * Logout (LOG-9): the session ends on the server, then the browser forgets it.
 */
#include "portal/route.h"

#include "core/cookie_header.h"
#include "httpd/cookie.h"
#include "portal/member.h"

int anshin_logout_get(anshin_exchange_t *x)
{
    return x->logged_in ? anshin_answer_page(x, "logout", HTTP_OK) : anshin_answer_redirect(x, "/login");
}

/* The browser forgets the session whatever becomes of it on the server: who presses this is about to leave. */
int anshin_logout_post(anshin_exchange_t *x)
{
    apr_status_t status = x->logged_in ? anshin_session_end(&x->op, x->session_key) : APR_SUCCESS;

    anshin_member_leaves(x);
    anshin_cookie_clear(x->r, anshin_session_cookie(x->op.contract->name, x->op.pool));
    json_object_del(x->page->data, "user"); /* the page no longer speaks of anybody */
    return status == APR_SUCCESS ? anshin_answer_page(x, "logged-out", HTTP_OK)
                                 : anshin_answer_unavailable(x, status, "logout");
}
