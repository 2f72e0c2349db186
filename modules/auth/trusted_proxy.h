/*
 * Behind a TLS terminator (APP-2): the client certificate comes in a header (AnshinClientCertHeader), and is believed
 * only from the addresses that AnshinTrustedProxy names for the host. Whoever else sends the header loses it (S22).
 * That a terminator passes on nobody's Client-Cert but its own is for its operator to see to (RFC 9440 section 4).
 */
#ifndef ANSHIN_AUTH_TRUSTED_PROXY_H
#define ANSHIN_AUTH_TRUSTED_PROXY_H

#include <httpd.h>

#include "core/base/presented.h"
#include "auth/config/config.h"

/* Behind mod_remoteip: warn once a process when a trusted proxy tells the address of its client and is not heard. */
void anshin_trusted_proxy_look(request_rec *r);

/* 1 when the connection of a request comes from one of them. What mod_remoteip says of the client does not matter. */
int anshin_trusted_proxy_sent(const request_rec *r);

/* 1 when the client speaks TLS: to this host (or, as ServerName https://... says, to one before it), or to a
 * terminator that does not say otherwise (X-Forwarded-Proto: http). sent: anshin_trusted_proxy_sent(). */
int anshin_trusted_proxy_secure(request_rec *r, int sent);

/* The certificate that such a request brings, judged as of now, in r's pool. OK, or HTTP_BAD_REQUEST for a header that
 * is not of its form (logged). */
int anshin_trusted_proxy_presented(request_rec *r, const anshin_presented_t **presented);

#endif
