/*
 * What is protected on one host and open on another, and the state directory where httpd serves it; for htanshin check
 * (surroundings.h).
 */
#ifndef ANSHIN_AUTH_LOOK_OPEN_H
#define ANSHIN_AUTH_LOOK_OPEN_H

#include <apr_tables.h>
#include <httpd.h>

/* hosts: of server_rec *, those that somebody can reach. Silent where it cannot be told: regular expressions in
 * place of paths, a rewrite that redirects, an .htaccess. */
void anshin_look_open(const apr_array_header_t *hosts, const char *state_dir, apr_array_header_t *sightings,
                      apr_pool_t *ptemp);

#endif
