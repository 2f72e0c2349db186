/*
 * How a certificate is imported, step by step, for the system and browser that asks first (CRT-4).
 */
#ifndef ANSHIN_PORTAL_GUIDE_H
#define ANSHIN_PORTAL_GUIDE_H

#include "portal/request/portal_request.h"

/* Into the page's data: guide (of the own device, where that is known), guides (all others), and try_url. apple: 1
 * where the file is a configuration profile. */
void anshin_guide_put(anshin_portal_request_t *request, int apple);

/* Into the page's data: try_url, where the contract has a place to try a certificate at (AnshinTryURL). */
void anshin_guide_put_try(anshin_portal_request_t *request);

#endif
