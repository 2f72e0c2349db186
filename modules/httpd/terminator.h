/*
 * Behind a TLS terminator (APP-2): the client certificate comes in the Client-Cert header (RFC 9440), and is believed
 * only from the addresses that AnshinTrustedProxy names. Whoever else sends the header loses it (S22). That a
 * terminator passes on nobody's Client-Cert but its own is for its operator to see to (RFC 9440 section 4).
 */
#ifndef ANSHIN_HTTPD_TERMINATOR_H
#define ANSHIN_HTTPD_TERMINATOR_H

#include <httpd.h>

#include "core/peer.h"
#include "httpd/config.h"

/* When the configuration is checked: the addresses and networks of AnshinTrustedProxy into main->terminators.
 * APR_SUCCESS or ANSHIN_EINVALID. */
apr_status_t anshin_terminators_read(anshin_main_t *main, const apr_array_header_t *addresses, anshin_error_t *err,
                                     apr_pool_t *pconf);

/* At configtest and start: warn of what makes them weaker or useless, networks (S22) and a missing mod_remoteip
 * (LCK-4). */
void anshin_terminators_warn(const apr_array_header_t *addresses, server_rec *server);

/* Behind mod_remoteip: warn once a process when a trusted proxy tells the address of its client and is not heard. */
void anshin_terminator_look(request_rec *r);

/* 1 when the connection of a request comes from one of them. What mod_remoteip says of the client does not matter. */
int anshin_terminator_sent(const request_rec *r);

/* 1 when the client speaks TLS: to this host (or, as ServerName https://... says, to one before it), or to a
 * terminator that does not say otherwise (X-Forwarded-Proto: http). */
int anshin_terminator_secure(request_rec *r);

/* The certificate that such a request brings, judged as of now, in r's pool. OK, or HTTP_BAD_REQUEST for a header that
 * is not as RFC 9440 has it (logged). */
int anshin_terminator_peer(request_rec *r, const anshin_peer_t **peer);

#endif
