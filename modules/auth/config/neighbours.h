/*
 * Lines of httpd and of mod_ssl that have to do with ours, read off the tree of the configuration (ap_conftree).
 *
 * On a host where Anshin asks for certificates every certificate passes the handshake, and Anshin judges it. What other
 * lines make of certificates there has nothing to stand on: configtest refuses it, with the way out (ISO-1, S33).
 */
#ifndef ANSHIN_AUTH_NEIGHBOURS_H
#define ANSHIN_AUTH_NEIGHBOURS_H

#include <httpd.h>

/* 1 when a place of ours, AuthType Anshin or the portal, is written in the configuration of this host or for all hosts.
 * What .htaccess says cannot be known. */
int anshin_neighbours_place(const server_rec *server);

/* For a host that asks. OK, or HTTP_INTERNAL_SERVER_ERROR when one of its lines uses certificates itself (logged). */
int anshin_neighbours_check(server_rec *server, apr_pool_t *ptemp);

#endif
