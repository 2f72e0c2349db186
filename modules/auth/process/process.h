/*
 * What a process has once: store and keys.
 */
#ifndef ANSHIN_AUTH_PROCESS_H
#define ANSHIN_AUTH_PROCESS_H

#include "auth/config/config.h"

/* Hook child_init: opens them for this process. */
void anshin_process_open(apr_pool_t *pool, server_rec *server);

/* What was opened; NULL: it could not be, which is tried again now and then. */
const anshin_env_t *anshin_process_env(server_rec *server);

#endif
