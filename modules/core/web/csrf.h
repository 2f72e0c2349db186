/*
 * Proof that a form was drawn by us for this browser (S10), and for whom (FLO-1).
 *
 * Each browser has a random id in a cookie. The token in a form is a random salt, a tag of the user whose page it was,
 * and the HMAC of both, contract and id under a key of the installation: it serves in that browser only, and no two
 * pages hold the same bytes (compression would give a constant one away).
 */
#ifndef ANSHIN_CORE_WEB_CSRF_H
#define ANSHIN_CORE_WEB_CSRF_H

#include "core/context/op.h"

/* 1 when text has the form of a browser id (ANSHIN_TOKEN_TEXT signs of base64url). */
int anshin_browser_id_valid(const char *text);

/* A token for a valid browser id, in op->pool. account: who is logged in, number and ID; "": nobody. APR_SUCCESS,
 * ANSHIN_EFAULT. */
apr_status_t anshin_csrf_make(anshin_op_t *op, const char *browser, const char *account, const char **token);

/* Check one; either may be NULL. APR_SUCCESS; ANSHIN_EDENIED, which leaves no cause in op->error; ANSHIN_EFAULT. */
apr_status_t anshin_csrf_check(anshin_op_t *op, const char *browser, const char *token);

/* Was a token that anshin_csrf_check() took made for this account? APR_SUCCESS; ANSHIN_EDENIED: for another, or for
 * nobody, which leaves no cause in op->error; ANSHIN_EFAULT. */
apr_status_t anshin_csrf_of(anshin_op_t *op, const char *token, const char *account);

/* May a POST with these headers come from a page of origin? fetch_site: Sec-Fetch-Site, origin_header: Origin; NULL
 * when the browser sent none. "null" comes from our own pages, too, where a site-wide Referrer-Policy hides the origin;
 * then Sec-Fetch-Site, which no page can set, must say "same-origin". 1 or 0. */
int anshin_csrf_origin_allowed(const char *origin, const char *origin_header, const char *fetch_site);

#endif
