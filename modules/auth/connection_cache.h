/*
 * What a TLS connection remembers of the last request that had a session, so that the next one need not find it out
 * again. All zeros: nothing yet. Holds secrets, so its owner wipes it.
 */
#ifndef ANSHIN_AUTH_CONNECTION_CACHE_H
#define ANSHIN_AUTH_CONNECTION_CACHE_H

#include "core/account/session.h"
#include "core/config/config.h"

/* Of auth/cookies.c. */
typedef struct anshin_cookies_cache_t {
    anshin_session_cache_t session;    /* its id: what the header says for this contract */
    const anshin_contract_t *contract; /* NULL: no header is remembered */
    const char *site;                  /* what of the header is for the site, in text; NULL: nothing */
    apr_size_t length;                 /* of the header */
    char text[1024];                   /* the header, then what is for the site; longer ones are not kept */
} anshin_cookies_cache_t;

/* Of auth/identity.c: what is told of a session and must be made first. */
typedef struct anshin_identity_texts_t {
    apr_time_t created_at; /* of the session that login_time is of */
    apr_int64_t terminal;  /* that number is of */
    char login_time[sizeof("0000-00-00T00:00:00Z")];
    char number[sizeof("-9223372036854775808")];
} anshin_identity_texts_t;

typedef struct anshin_connection_cache_t {
    anshin_cookies_cache_t cookies;
    anshin_identity_texts_t texts;
} anshin_connection_cache_t;

#endif
