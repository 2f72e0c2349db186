/*
 * What httpd's own configuration has that Anshin Login rests on, looked at when httpd starts. What is found goes into
 * the configuration's sightings, by the snapshot to htanshin check (ADM-1): nothing is refused, and the log hears
 * nothing.
 *
 * Known is what httpd has made of its lines: its records where a header of httpd's gives them, mod_ssl's SSL_CTX, and
 * else the tree of lines (tree.h). What .htaccess says cannot be known.
 */
#ifndef ANSHIN_AUTH_SURROUNDINGS_H
#define ANSHIN_AUTH_SURROUNDINGS_H

#include <httpd.h>

/* For the last of post_config: mod_ssl has made its contexts. */
void anshin_surroundings_look(server_rec *servers, apr_pool_t *ptemp);

#endif
