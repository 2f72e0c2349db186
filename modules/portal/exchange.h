/*
 * An exchange: one request to the portal, what is known of it, and the answers that handlers choose from.
 */
#ifndef ANSHIN_PORTAL_EXCHANGE_H
#define ANSHIN_PORTAL_EXCHANGE_H

#include <httpd.h>

#include "core/flow.h"
#include "core/form.h"
#include "core/session.h"
#include "core/typed.h"
#include "httpd/page.h"

typedef struct anshin_exchange_t {
    request_rec *r;
    anshin_op_t op;
    const anshin_peer_t *peer;  /* certificate of the connection */
    int secure;                 /* 0: by plain http, where no session counts */
    anshin_page_t *page;        /* of the answer, in the making */
    const char *path;           /* behind the portal's base: "/login" */
    const anshin_form_t *query; /* the address's query as fields */
    anshin_form_t *form;        /* POST: the body's fields, wiped after the handler; else NULL */
    const char *const *kept; /* the fields that the page shows again after an error; NULL: none (anshin_route_kept) */
    json_t *typed;           /* GET behind such an error: what was typed; goes with op.pool; else NULL */
    const char *browser;     /* id from the browser's cookie, or a new one that is being set */
    int logged_in;           /* the next two are filled */
    anshin_session_t session;
    const char *session_key;
    anshin_flow_t flow; /* of a route that belongs to one */
} anshin_exchange_t;

/* Handles a request; returns what an httpd handler returns. */
typedef int anshin_exchange_fn(anshin_exchange_t *x);

/* Take the request up: operation, page data, browser id, session. path: the page's behind the portal's base, NULL:
 * as the request says. OK; otherwise everything has been answered (DONE). */
int anshin_exchange_open(anshin_exchange_t *x, request_rec *r, const char *path);

/* What time it is and who is logged in, once more: to be asked behind a body, which takes as long as its sender likes.
 * Answers of anshin_session_find() but for "nobody". */
apr_status_t anshin_exchange_renew(anshin_exchange_t *x);

/* Path of a page of this portal for links and redirects: base + path. */
const char *anshin_exchange_link(const anshin_exchange_t *x, const char *path);

/* A value of ours that form or address carry on (signs of base64url); NULL: none, or none of ours. */
const char *anshin_exchange_value(const anshin_exchange_t *x, const char *name);

/* What a page's own address keeps where it is opened anew in another language: "&return=..." and so on, or "". */
const char *anshin_exchange_query(const anshin_exchange_t *x);

/* The language switch and the flow's marks into the page's data, as the exchange is now. */
void anshin_exchange_put_place(anshin_exchange_t *x);

/* 1: one more line of a kind may be logged in this minute, of so many; *also is what stands behind it, about those that
 * were left out, or "". */
int anshin_exchange_seldom(anshin_exchange_t *x, const char *kind, unsigned most, const char **also);

/* The path of this site that a sealed place to return to is; NULL: there is none, or none of ours (told to the log). */
const char *anshin_exchange_return(anshin_exchange_t *x, const char *sealed);

/* Log the cause in x->op, if there is one, under an id. level: APLOG_ERR and so on; warnings and notices, which
 * strangers can cause, once a minute for each id and cause. */
void anshin_exchange_log(anshin_exchange_t *x, int level, const char *id, const char *what);

/* --- answers; each returns OK, to be returned by the handler --- */

/* A page of this status that is drawn by template name. */
int anshin_answer_page(anshin_exchange_t *x, const char *name, int status);

/* A form with complaints, and the summary's alert unless the page has one. Where the page keeps what was typed, a POST
 * leads to it (303, FLO-2), and its GET shows it, with whatever is to be complained about by then; elsewhere 422
 * (RFC 9110 15.5.21), since nothing secret is carried over a redirect. */
int anshin_answer_form(anshin_exchange_t *x, const char *name);

/* What a core verb's failure leads to: ANSHIN_EBUSY and ANSHIN_EFAULT: 503 (S21), logged; ANSHIN_ENOTFOUND and
 * ANSHIN_EDENIED: the link cannot be used. */
int anshin_answer_failure(anshin_exchange_t *x, apr_status_t status, const char *what);

/* The same where no link leads: 503 whatever it was, logged. */
int anshin_answer_unavailable(anshin_exchange_t *x, apr_status_t status, const char *what);

/* The challenge that goes with 401: a scheme of ours, for which no browser opens a window (LOG-3). Answers nothing yet.
 */
void anshin_answer_challenge(anshin_exchange_t *x);

/* 303 to a page of this portal; to one of x->flow. */
int anshin_answer_redirect(anshin_exchange_t *x, const char *path);
int anshin_answer_flow(anshin_exchange_t *x, const char *path);

/* Keep the flow and lead on to its page. */
int anshin_answer_flow_begun(anshin_exchange_t *x, const char *path);

/* The flow that a page names has ended, or is another's: 410, with the way back. */
int anshin_answer_flow_ended(anshin_exchange_t *x);

/* The form was shown to another user of this browser than who is logged in by now: 410, the same page says so. */
int anshin_answer_other_user(anshin_exchange_t *x);

/* The error page of an HTTP status (400, 403, 404, 405, 408, 413, 415). */
int anshin_answer_error(anshin_exchange_t *x, int status);

/* This address must wait (LCK-4): 429 with Retry-After. */
int anshin_answer_throttled(anshin_exchange_t *x);

/* The account is locked (LCK-2): 403. unlock_at: 0: only the operator unlocks. */
int anshin_answer_locked(anshin_exchange_t *x, apr_time_t unlock_at);

/* A link is, and the account is not: 403. which: "registration", "download". */
int anshin_answer_link_locked(anshin_exchange_t *x, const char *which);

/* The link is used, over its time, or none of ours: 410, one page for all of them. */
int anshin_answer_link_invalid(anshin_exchange_t *x);

/* A field as it was typed: into the form that is sent, or into one that this page complains about; NULL: it was not. */
const char *anshin_exchange_typed(const anshin_exchange_t *x, const char *name);

/* The same: NULL with a complaint when it is missing, empty, or longer than max bytes. */
const char *anshin_exchange_field(anshin_exchange_t *x, const char *name, apr_size_t max);

/* Number and ID of the account that is logged in (a session of before there were numbers has none), as pages are bound
 * to it; "": nobody is. */
const char *anshin_exchange_account(const anshin_exchange_t *x);

/* Where what was typed here may be shown again. */
anshin_typed_place_t anshin_exchange_place(const anshin_exchange_t *x);

/* --- flows (flow_cookie.c) --- */

/* The flow as it is now goes into a cookie of its own; the oldest of this browser give way where there are too many.
 * The answer follows. APR_SUCCESS; ANSHIN_EINVALID (too long), ANSHIN_EFAULT. */
apr_status_t anshin_exchange_keep_flow(anshin_exchange_t *x);

/* The id that the form or else the address names; NULL: none. */
const char *anshin_exchange_flow_id(const anshin_exchange_t *x);

/* The flow that form or address name, of this kind, into x->flow. ANSHIN_EDENIED: it has ended, or is none of this
 * browser, or another user's; also ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_exchange_open_flow(anshin_exchange_t *x, anshin_flow_kind_t kind);

/* The newest of this kind that the browser has; token: the one with this link, NULL: any. Same answers. */
apr_status_t anshin_exchange_newest_flow(anshin_exchange_t *x, anshin_flow_kind_t kind, const char *token);

/* The browser is told to forget x->flow. */
void anshin_exchange_forget_flow(anshin_exchange_t *x);

/* path with the id of x->flow in its query. */
const char *anshin_exchange_flow_path(const anshin_exchange_t *x, const char *path);

#endif
