/*
 * From a request to the handler of its page.
 */
#ifndef ANSHIN_PORTAL_DISPATCH_H
#define ANSHIN_PORTAL_DISPATCH_H

#include <httpd.h>

/* Handler "anshin": finds the route and runs it. */
int anshin_portal_handle(request_rec *r);

/* Answer with a page from another place of the server (http/env.h, anshin_portal_page). */
int anshin_portal_page(request_rec *r, const char *name, int status);

#endif
