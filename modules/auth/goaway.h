/*
 * Closing an HTTP/2 connection after an answer about its certificate (LOG-3), so that the browser chooses anew on the
 * next one. HTTP/1.1 has "Connection: close" for that; mod_http2 offers modules nothing, so the frame that says so is
 * ours: GOAWAY with the highest stream number and NO_ERROR, by which a server announces that it wants to end (RFC 9113
 * 6.8). The client finishes what it has begun and opens a new connection for the rest.
 */
#ifndef ANSHIN_AUTH_GOAWAY_H
#define ANSHIN_AUTH_GOAWAY_H

#include <httpd.h>

typedef struct anshin_goaway_t anshin_goaway_t;

/* In register_hooks. */
void anshin_goaway_filters(void);

/* For an HTTP/2 connection before its first output. NULL: it is no HTTP/2 connection. Belongs to it. */
anshin_goaway_t *anshin_goaway_watch(conn_rec *c);

/* Send it after the frame that is being written. From any thread. goaway may be NULL. */
void anshin_goaway_ask(anshin_goaway_t *goaway);

#endif
