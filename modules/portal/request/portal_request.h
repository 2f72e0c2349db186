/*
 * A request to the portal and what is known of it: who asks, for which page, with what in form and address.
 */
#ifndef ANSHIN_PORTAL_PORTAL_REQUEST_H
#define ANSHIN_PORTAL_PORTAL_REQUEST_H

#include <httpd.h>

#include "core/account/session.h"
#include "core/context/flow.h"
#include "core/desk/staff.h"
#include "core/web/form.h"
#include "core/web/typed.h"
#include "http/env.h"
#include "portal/request/page.h"

typedef struct anshin_portal_request_t {
    request_rec *r;
    anshin_op_t op;
    const anshin_presented_t *presented; /* certificate of the connection */
    int secure;                          /* 0: by plain http, where no session counts */
    anshin_page_t *page;                 /* of the answer, in the making */
    const char *path;                    /* behind the portal's base: "/login" */
    const anshin_form_t *query;          /* the address's query as fields */
    int query_broken;                    /* it could not be read, and counts as empty */
    anshin_form_t *form;                 /* POST: the body's fields, wiped after the handler; else NULL */
    const char *const *kept; /* the fields that the page shows again after an error, as its route says; NULL: none */
    json_t *typed;           /* GET behind such an error: what was typed; goes with op.pool; else NULL */
    const char *browser;     /* id from the browser's cookie, or a new one that is being set */
    int logged_in;           /* the next two are filled */
    anshin_session_t session;
    const char *session_key;
    anshin_staff_t staff; /* of a page of the help desk: the operator who is logged in */
    anshin_flow_t flow;   /* of a route that belongs to one */
    int flow_over; /* 1: there is none, but one that has done what it was for, and whose result is shown no more */
} anshin_portal_request_t;

/* Take the request up by its state: contract, operation, page data, query. path: the page's behind the portal's base,
 * NULL: as the request says. OK; DONE: there is no contract, store or text to answer with, and the bare page was sent.
 */
int anshin_portal_request_open(anshin_portal_request_t *request, request_rec *r, const anshin_request_state_t *state,
                               const char *path);

/* Who asks: browser id, session, and the CSRF token of both. Answers of anshin_session_find() but for "nobody". */
apr_status_t anshin_portal_request_identify(anshin_portal_request_t *request);

/* What time it is and who is logged in, once more: to be asked behind a body, which takes as long as its sender likes.
 * Same answers. */
apr_status_t anshin_portal_request_renew(anshin_portal_request_t *request);

/* Path of a page of this portal for links and redirects: base + path. */
const char *anshin_portal_request_link(const anshin_portal_request_t *request, const char *path);

/* A value of ours that form or address carry on (signs of base64url); NULL: it is missing or malformed. */
const char *anshin_portal_request_value(const anshin_portal_request_t *request, const char *name);

/* What a page's own address keeps where it is opened anew in another language: "&return=..." and so on, or "". */
const char *anshin_portal_request_query(const anshin_portal_request_t *request);

/* The language switch and the flow's marks into the page's data, as the request is now. */
void anshin_portal_request_put_place(anshin_portal_request_t *request);

/* 1: one more line of a kind may be logged in this minute, of so many; *also is what stands behind it, about those that
 * were left out, or "". */
int anshin_portal_request_seldom(anshin_portal_request_t *request, const char *kind, unsigned most, const char **also);

/* The path of this site that a sealed place to return to is; NULL: there is none, or we have not sealed it
 * (told to the log). */
const char *anshin_portal_request_return(anshin_portal_request_t *request, const char *sealed);

/* Log the cause in request->op, if there is one, under an id. level: APLOG_ERR and so on; warnings and notices, which
 * strangers can cause, once a minute for each id and cause. */
void anshin_portal_request_log(anshin_portal_request_t *request, int level, const char *id, const char *what);

/* A field as it was typed: into the form that is sent, or into one that this page complains about; NULL: it was not. */
const char *anshin_portal_request_typed(const anshin_portal_request_t *request, const char *name);

/* The same: NULL with a complaint when it is missing, empty, or longer than max bytes. */
const char *anshin_portal_request_field(anshin_portal_request_t *request, const char *name, apr_size_t max);

/* Number and ID of the account that is logged in (a session of before there were numbers has none), as pages are bound
 * to it; "": nobody is. */
const char *anshin_portal_request_account(const anshin_portal_request_t *request);

/* Where what was typed here may be shown again. */
anshin_typed_place_t anshin_portal_request_place(const anshin_portal_request_t *request);

/* The path of this very page with what was typed into its form: the named fields (NULL behind the last), for who is
 * logged in; shown: for whom the page was shown to, who is logged in no more. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_portal_request_typed_path(anshin_portal_request_t *request, const char *const *fields, int shown,
                                              const char **path);

/* 1: what was typed was not sent, but kept where the login had ended before (the page's script does so). Such a form
 * is never carried out, and such a page complains about nothing. */
int anshin_portal_request_draft(const anshin_portal_request_t *request);

/* What has become of the session whose cookie this browser still has. Answers of anshin_session_past(). */
apr_status_t anshin_portal_request_past(anshin_portal_request_t *request, anshin_session_past_t *past);

/* What was typed into a field, "" when it is missing. */
const char *anshin_portal_request_text(const anshin_portal_request_t *request, const char *name);

#define ANSHIN_TYPED_MAX 1024 /* bytes of a password or answer; beyond any contract's maximum */

/* Complain about the first of these fields (NULL behind the last) that is longer; 0: none is. The rules name what is
 * missing. */
int anshin_portal_request_too_long(anshin_portal_request_t *request, const char *const *names);

#endif
