/*
 * Tokens of links, taken out of everything that a log may show (S9).
 */
#ifndef ANSHIN_PORTAL_LINK_HIDE_H
#define ANSHIN_PORTAL_LINK_HIDE_H

#include <httpd.h>

/* Hook child_init, behind mod_anshin_auth's. */
void anshin_link_hide_join(apr_pool_t *pool, server_rec *server);

/* Hook post_read_request, and log_transaction for requests that httpd refused before that. DECLINED. */
int anshin_link_hide(request_rec *r);

#endif
