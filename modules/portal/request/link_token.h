/*
 * The token of a link, taken out of the address before anything logs it (link_hide.c, S9).
 */
#ifndef ANSHIN_PORTAL_LINK_TOKEN_H
#define ANSHIN_PORTAL_LINK_TOKEN_H

#include <httpd.h>

typedef struct anshin_link_token_t {
    const char *token; /* or NULL */
    const char *args;  /* the query as it was sent, only the token is missing */
} anshin_link_token_t;

/* What was taken out of this request; NULL: nothing was looked at yet, or its address is none of a portal's. */
const anshin_link_token_t *anshin_link_token_of(const request_rec *r);

/* The address was looked at, and is none of a portal's. */
void anshin_link_token_none(request_rec *r);

/* 1: that was said, and the address is as it came. */
int anshin_link_token_is_none(const request_rec *r);

/* 1: the address was looked at. */
int anshin_link_token_looked(const request_rec *r);

/* A place for it, without a token. */
anshin_link_token_t *anshin_link_token_make(request_rec *r);

/* The token that was taken out; NULL when there was none. */
const char *anshin_link_token_get(const request_rec *r);

/* The query as it was sent, without that token; NULL: none. r->args has less where a log might show a token. */
const char *anshin_link_token_args(const request_rec *r);

#endif
