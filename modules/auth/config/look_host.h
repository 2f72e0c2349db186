/*
 * One virtual host, looked at for htanshin check (surroundings.h). Findings go into sightings.
 */
#ifndef ANSHIN_AUTH_LOOK_HOST_H
#define ANSHIN_AUTH_LOOK_HOST_H

#include <apr_tables.h>
#include <httpd.h>

/* What holds for all hosts: mod_reqtimeout. */
void anshin_look_server(const server_rec *main, apr_array_header_t *sightings, apr_pool_t *ptemp);

/* A host with a place of ours: TLS, HSTS, TRACE, mod_remoteip. */
void anshin_look_host(const server_rec *server, apr_array_header_t *sightings, apr_pool_t *ptemp);

/* Any host: SSLVerifyClient of a place, a forward proxy. */
void anshin_look_neighbour(const server_rec *server, apr_array_header_t *sightings, apr_pool_t *ptemp);

#endif
