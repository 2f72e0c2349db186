/*
 * Lists of the help desk, for the pages about them: which one is asked for, and what its rows are called in addresses.
 */
#ifndef ANSHIN_PORTAL_DESK_DESK_LIST_H
#define ANSHIN_PORTAL_DESK_DESK_LIST_H

#include "core/desk/bulk.h"
#include "portal/request/portal_request.h"

/* What is asked for; without a name the first. ANSHIN_DESK_LISTS: there is none of that name. */
anshin_desk_list_t anshin_desk_list_asked(const anshin_portal_request_t *request);

/* The address of a page about a list: PATH?about=... */
const char *anshin_desk_list_url(const anshin_portal_request_t *request, const char *path, anshin_desk_list_t list);

#define ANSHIN_DESK_MARK_TEXT 24 /* signs of a mark */

/* What a row is called in forms and addresses, by account and device, for this operator alone. *mark: APR_SUCCESS,
 * ANSHIN_EFAULT. */
apr_status_t anshin_desk_list_mark(anshin_portal_request_t *request, const anshin_desk_row_t *row, const char **mark);

#endif
