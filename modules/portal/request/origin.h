/*
 * The portal's one origin (ISO-3), and the one where a certificate is tried.
 */
#ifndef ANSHIN_PORTAL_ORIGIN_H
#define ANSHIN_PORTAL_ORIGIN_H

#include "http/env.h"

/* A request by another name, port or scheme is led to the portal's https origin, and one that is not to be led is
 * refused before its body is used. DECLINED: it is there, go on. */
int anshin_portal_origin_check(request_rec *r, const anshin_request_state_t *state);

/* 1: the page at this path behind the portal's base was asked for by AnshinTryURL. */
int anshin_portal_origin_tries(request_rec *r, const anshin_contract_t *contract, const char *path);

/* Where a browser chooses a certificate anew and is told what it is worth; NULL: the contract has no such place. */
const char *anshin_portal_origin_try(const anshin_contract_t *contract, apr_pool_t *pool);

#endif
