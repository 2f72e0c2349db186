/*
 * The CAs of client certificates, read at the start.
 */
#ifndef ANSHIN_AUTH_PROCESS_TRUST_H
#define ANSHIN_AUTH_PROCESS_TRUST_H

#include "auth/config/config.h"

/* Load the CAs of all contracts, when one of them wants certificates. One that cannot be read is told of, and httpd
 * goes on without it: users of its contracts are not let in by certificate. Its end, when that is near, is told of
 * too. */
void anshin_trust_start(anshin_main_t *main, server_rec *server, apr_pool_t *pconf);

#endif
