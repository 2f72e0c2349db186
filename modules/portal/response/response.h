/*
 * The answers that pages share; each returns OK, to be returned by the handler.
 */
#ifndef ANSHIN_PORTAL_RESPONSE_H
#define ANSHIN_PORTAL_RESPONSE_H

#include "core/account/lockout.h"
#include "portal/request/portal_request.h"

/* A page of this status that is drawn by template name. */
int anshin_response_page(anshin_portal_request_t *request, const char *name, int status);

/* A form with complaints, and the summary's alert unless the page has one. Where the page keeps what was typed, a POST
 * leads to it (303, FLO-2), and its GET shows it, with whatever is to be complained about by then; elsewhere 422
 * (RFC 9110 15.5.21), since nothing secret is carried over a redirect. */
int anshin_response_form(anshin_portal_request_t *request, const char *name);

/* What a core verb's failure leads to: ANSHIN_EBUSY and ANSHIN_EFAULT: 503 (S21), logged; ANSHIN_ENOTFOUND and
 * ANSHIN_EDENIED: the link cannot be used. */
int anshin_response_failure(anshin_portal_request_t *request, apr_status_t status, const char *what);

/* A form that lost a race (ANSHIN_EDENIED) finds its flow where the other has brought it: on another page. 0: it is
 * where it was, and nothing is answered. */
int anshin_response_went_on(anshin_portal_request_t *request, int *answer);

/* The same as failure where no link leads: 503 whatever it was, logged. */
int anshin_response_unavailable(anshin_portal_request_t *request, apr_status_t status, const char *what);

/* The challenge that goes with 401: a scheme of ours, for which no browser opens a window (LOG-3). Answers nothing yet.
 */
void anshin_response_challenge(anshin_portal_request_t *request);

/* 303 to a page of this portal; to one of request->flow. */
int anshin_response_redirect(anshin_portal_request_t *request, const char *path);
int anshin_response_flow(anshin_portal_request_t *request, const char *path);

/* Keep the flow and lead on to its page. */
int anshin_response_flow_begun(anshin_portal_request_t *request, const char *path);

/* The flow that a page names is done, has ended, or is another's: 410, with the way back. */
int anshin_response_flow_ended(anshin_portal_request_t *request);

/* The form was shown to another user of this browser than who is logged in by now: 410, the same page says so. */
int anshin_response_other_user(anshin_portal_request_t *request);

/* The error page of an HTTP status (400, 403, 404, 405, 408, 413, 415). */
int anshin_response_error(anshin_portal_request_t *request, int status);

/* This address must wait (LCK-4): 429 with Retry-After. */
int anshin_response_throttled(anshin_portal_request_t *request);

/* The account is locked (LCK-2): 403, with a number to quote. user: as typed or canonical, NULL: whose link it is.
 * lock: the one that was met, NULL: the operator's. */
int anshin_response_locked(anshin_portal_request_t *request, const char *user, const anshin_lock_t *lock);

/* The same, should a password or code of this user meet a lock: for the GET of a form that asks for one, so that nobody
 * fills it in for nothing (U18). DECLINED: none does. */
int anshin_response_if_locked(anshin_portal_request_t *request, const char *user);

/* A link is, and the account is not: 403. which: "registration", "download". */
int anshin_response_link_locked(anshin_portal_request_t *request, const char *which);

/* The link of request->flow, or none of ours, leads nowhere: 410. The page tells its holder whether it was used or has
 * expired; where the account is locked, that (403). */
int anshin_response_link_invalid(anshin_portal_request_t *request);

/* The page's title where its template serves several: the text TEMPLATE.title_VARIANT. */
void anshin_response_title(anshin_portal_request_t *request, const char *template, const char *variant);

/* The result page: texts done.NAME.heading, .text. next: path behind the portal's base; url: anywhere. */
int anshin_response_done(anshin_portal_request_t *request, const char *name, const char *next);
int anshin_response_done_url(anshin_portal_request_t *request, const char *name, const char *url);

#endif
