/*
 * What is wrong with state directory and group, at configtest and start.
 */
#ifndef ANSHIN_AUTH_START_H
#define ANSHIN_AUTH_START_H

#include <httpd.h>

/* Hooks check_config and post_config, and post_config once more, the last. A failure of ours never ends httpd at a
 * restart (design.md). */
int anshin_start_configure(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);
int anshin_start_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);
int anshin_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);
int anshin_start_ready(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);

#endif
