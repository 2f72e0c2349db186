/*
 * The login, as the script of a page asks for it that has been open for long: what is left of it (GET, which is no use
 * of it), and to go on (POST, which is).
 */
#include "portal/pages/pages.h"
#include "portal/response/session_end.h"

int anshin_page_session_get(anshin_portal_request_t *request)
{
    return anshin_page_send_json(request->page, anshin_session_end_facts(request));
}

int anshin_page_session_post(anshin_portal_request_t *request)
{
    return anshin_page_send_json(request->page, anshin_session_end_facts(request));
}
