/*
 * mod_anshin_portal: the pages that people see. What its files share.
 */
#ifndef ANSHIN_PORTAL_PORTAL_H
#define ANSHIN_PORTAL_PORTAL_H

#include <httpd.h>

#include <http_config.h>

#include "core/config.h"
#include "core/text.h"
#include "httpd/env.h"

extern module AP_MODULE_DECLARE_DATA anshin_portal_module;

/* The texts of a contract, loaded at the start of the process; NULL when they could not be. */
const anshin_texts_t *anshin_portal_texts(const anshin_contract_t *contract);

/* Handler "anshin": finds the route and runs it (dispatch.c). */
int anshin_portal_handle(request_rec *r);

/* The portal lives at its https origin alone (origin.c, ISO-3): a request by another name, port or scheme is led there,
 * and one that is not to be led is refused before its body is used. DECLINED: it is there, go on. */
int anshin_portal_origin_check(request_rec *r, const anshin_visit_t *visit);

/* Answer with a page from another place of the server (dispatch.c; httpd/env.h, anshin_portal_page). */
int anshin_portal_page(request_rec *r, const char *name, int status);

/* Take the token of a link out of everything that a log may show (link_token.c, S9). Hook post_read_request, and
 * log_transaction for requests that httpd refused before that; DECLINED. */
int anshin_link_token_hide(request_rec *r);

/* The token that was taken out; NULL when there was none. */
const char *anshin_link_token_get(const request_rec *r);

/* The query as it was sent, without that token; NULL: none. r->args has less where a log might show a token. */
const char *anshin_link_token_args(const request_rec *r);

#endif
