/*
 * The CA worker's life, as long as pconf lives.
 */
#ifndef ANSHIN_AUTH_WORKER_H
#define ANSHIN_AUTH_WORKER_H

#include <httpd.h>

#include "core/config/config.h"

/* Start it, and look after it until pconf is cleared: then it is told to end. Once for each pconf, by httpd's first
 * process as root (or without root); config and server live as long. What fails is logged, and tried again by the
 * monitor. */
void anshin_worker_start(const anshin_config_t *config, server_rec *server, apr_pool_t *pconf);
int anshin_worker_monitor(apr_pool_t *pool, server_rec *server); /* hook monitor: httpd's first process, now and then */
void anshin_worker_leave(void); /* in a child of httpd: let go of what only the starting process may hold */

#endif
