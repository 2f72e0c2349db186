/*
 * The menu of the pages behind the login, and the way out of their forms.
 */
#ifndef ANSHIN_PORTAL_MENU_H
#define ANSHIN_PORTAL_MENU_H

#include "portal/request/portal_request.h"

/* Menu of what the contract allows (CON-2), into the page's data. */
void anshin_menu_put(anshin_portal_request_t *request);

/* Of a page that speaks of nobody any more: neither menu nor user. */
void anshin_menu_remove(anshin_portal_request_t *request);

/* Where flows are cancelled to: the account page, or the portal's first page where that is switched off. */
const char *anshin_menu_start(const anshin_portal_request_t *request);

/* The form of this page has a way out, to anshin_menu_start(). */
void anshin_menu_cancel(anshin_portal_request_t *request);

#endif
