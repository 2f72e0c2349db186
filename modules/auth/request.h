/*
 * The state of a request: what it stands on, who was let in, by which session, and what belongs to all that is made of
 * what a client sent. Found once and kept; the other files look down to it.
 */
#ifndef ANSHIN_AUTH_REQUEST_H
#define ANSHIN_AUTH_REQUEST_H

#include "core/account/session.h"
#include "http/env.h"

/* Who may keep the answer (S34); the later the stricter. */
typedef enum anshin_keep_t {
    ANSHIN_KEEP_ANYBODY, /* not ours to say */
    ANSHIN_KEEP_USER,    /* the user's browser alone: a page of a protected place */
    ANSHIN_KEEP_NOBODY   /* a refusal */
} anshin_keep_t;

/* What a request and all its subrequests and internal redirects have in common; belongs to the first of them, and so
 * does all that it points to. */
typedef struct anshin_request_t {
    const char *cookie;      /* the Cookie header as it came; NULL: none */
    const char *site_cookie; /* of it, what is for the site; NULL: nothing. Once site_cookie_known. */
    int site_cookie_known;
    const anshin_presented_t *presented; /* the certificate that a TLS terminator handed on; NULL: see the connection */
    int filtered;                        /* a refusal has added the output filters */
    int told;                            /* the headers of this request tell who it is */
    anshin_keep_t keep;
} anshin_request_t;

/* What a request stands on: found when it is first asked for, and anew only where httpd has led the request on to
 * another place. Never NULL. */
const anshin_request_state_t *anshin_request_state(request_rec *r);

/* The request that the client has sent, of which r is one, or a subrequest or internal redirect. */
request_rec *anshin_request_first(request_rec *r);

/* Never NULL; made when it is first asked for. */
anshin_request_t *anshin_request_of(request_rec *r);

/* 1 where AuthType Anshin decides. */
int anshin_place_is_ours(request_rec *r);

/* r is let in by this session, which lives as long as r. */
void anshin_request_let_in(request_rec *r, const anshin_session_t *session);

/* 1: r is to tell the site of this session, which it has not done yet. */
int anshin_request_tell(request_rec *r, const anshin_session_t *session);

/* The session that made r->user, by itself or inherited from the request that r is part of; NULL: no session did,
 * whether the user is known by other means or not at all. */
const anshin_session_t *anshin_request_session(request_rec *r);

/* Nobody is a user by other means than ours (S33). note_user and restore_user: hook check_access, around that of
 * mod_ssl, whose SSLUserName reads a user off the certificate; one that we have asked for makes nobody a user, in no
 * place. disown: hooks check_access, behind all others, and check_access_ex, ahead of mod_authz_core; whom others have
 * made a user of a place of ours is none. confirm: in hook fixups, where there is no session of ours, answers 500 if
 * there is such a user all the same. */
int anshin_request_note_user(request_rec *r);
int anshin_request_restore_user(request_rec *r);
int anshin_request_disown(request_rec *r);
int anshin_request_confirm(request_rec *r);

#endif
