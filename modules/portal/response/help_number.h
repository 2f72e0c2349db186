/*
 * The number that a page shows for people to quote to the help desk.
 */
#ifndef ANSHIN_PORTAL_HELP_NUMBER_H
#define ANSHIN_PORTAL_HELP_NUMBER_H

#include "core/login/help_number.h"
#include "portal/request/portal_request.h"

/* page.number, where the help desk will find it: in the store, with a line of the log. A page goes without where the
 * store cannot keep it, or too many were shown in this minute. */
void anshin_help_number_put(anshin_portal_request_t *request, const anshin_help_facts_t *facts);

#endif
