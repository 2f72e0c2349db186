/*
 * A child takes the group of the state directory (S36).
 */
#ifndef ANSHIN_AUTH_CHILD_H
#define ANSHIN_AUTH_CHILD_H

#include <httpd.h>

/* Hooks drop_privileges, before root is left, and child_init, both the first of their kind. */
int anshin_child_keep(apr_pool_t *pool, server_rec *server);
void anshin_child_join(apr_pool_t *pool, server_rec *server);

#endif
