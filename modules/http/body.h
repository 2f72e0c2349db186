/*
 * The body of a POST, as a form or as octets.
 */
#ifndef ANSHIN_HTTP_BODY_H
#define ANSHIN_HTTP_BODY_H

#include <httpd.h>

#include "core/context/op.h"
#include "core/web/form.h"

/* Read the request's body, at most ANSHIN_FORM_BODY_MAX bytes with at most `most` fields; what was read is wiped. OK
 * with *form (the caller wipes it when done), or the status to answer with, and then the connection closes after the
 * answer where bytes are left:
 *   HTTP_UNSUPPORTED_MEDIA_TYPE    not application/x-www-form-urlencoded, or encoded further (Content-Encoding)
 *   HTTP_REQUEST_ENTITY_TOO_LARGE  too long, announced or found so
 *   HTTP_BAD_REQUEST               not a form by form.h (the cause is in err), or cut off
 *   HTTP_REQUEST_TIME_OUT          the client was slower than AnshinBodyTimeout or mod_reqtimeout
 *   AP_FILTER_ERROR                httpd has answered already: the handler returns this */
int anshin_body_form(request_rec *r, const anshin_env_t *env, int most, anshin_form_t **form, anshin_error_t *err);

/* The same for a body of another type, of which at most `most` octets are read and nothing is secret. OK with *body in
 * r->pool; 415 where it is not of that type, or encoded further. */
int anshin_body_octets(request_rec *r, const anshin_env_t *env, const char *type, apr_size_t most,
                       anshin_bytes_t *body);

/* HTTP/2 clients take it ill when an answer overtakes their body (the stream is reset then, RFC 9113 8.1): read away
 * what has arrived, or arrives at once, of a short one (64 KiB) before a refusal. HTTP/1.1 does so by itself. OK, or
 * what to return since httpd has answered. */
int anshin_body_discard(request_rec *r);

#endif
