/*
 * What a request's headers say of who sent it: a browser's navigation or a program (LOG-1), and which of them only we
 * may set (S22, APP-1).
 */
#ifndef ANSHIN_CORE_WEB_REQUEST_CLASS_H
#define ANSHIN_CORE_WEB_REQUEST_CLASS_H

#include "core/base/anshin.h"

/* Headers as sent; NULL: not sent. */
typedef struct anshin_request_headers_t {
    const char *method;
    const char *fetch_mode; /* Sec-Fetch-Mode (Fetch Metadata): programs in pages cannot set it */
    const char *accept;
    const char *requested_with; /* X-Requested-With: old scripts' way to say that they are no navigation */
} anshin_request_headers_t;

typedef enum anshin_request_class_t {
    ANSHIN_REQUEST_VISIT, /* a person opens a page: GET or HEAD */
    ANSHIN_REQUEST_FORM,  /* a person sends a form: POST */
    ANSHIN_REQUEST_API    /* anything else */
} anshin_request_class_t;

/* A person's request when Sec-Fetch-Mode is "navigate", or it is absent (old browsers) and Accept names text/html. */
anshin_request_class_t anshin_request_class(const anshin_request_headers_t *headers);

/* 1 for a header that a client must not send: Anshin-*, X-Anshin-*, Remote-User, X-Remote-User, Client-Cert and
 * Client-Cert-Chain (RFC 9440), in any letter case, and with any other sign in place of '-', since CGI and what follows
 * it fold signs together. The name ends with its text, or where in a list of names the next one begins (',', blank). */
int anshin_header_reserved(const char *name);

/* 1 for those of them that are ours on every host, Anshin-* and X-Anshin-*: a back end may be reached by several hosts,
 * and believes the header whichever it came by. The others mean something else where no contract serves. */
int anshin_header_own(const char *name);

/* 1 for those by which a certificate comes: Client-Cert and Client-Cert-Chain. */
int anshin_header_certificate(const char *name);

/* The Connection header without reserved names: whatever it names a proxy takes out of the request before it passes it
 * on (RFC 9110 7.6.1), ours too. value itself when there is none of them, "" when nothing is left; otherwise in pool.
 */
const char *anshin_connection_clean(const char *value, apr_pool_t *pool);

#endif
