/*
 * The effective configuration as httpd has left it in the state directory, read by a process that may be root.
 */
#ifndef ANSHIN_CA_SNAPSHOT_H
#define ANSHIN_CA_SNAPSHOT_H

#include "core/config.h"

/* Read STATE/config.json. It is believed only when it belongs to root or to us and nobody else may write it: whom
 * root becomes and what it starts stands in there, and the directory is open to httpd's run user. APR_SUCCESS;
 * ANSHIN_ENOTFOUND (httpd has never been started with this directory); ANSHIN_EINVALID (another's file, or
 * malformed); ANSHIN_EFAULT. */
apr_status_t anshin_snapshot_read(anshin_config_t **config, const char *state_dir, anshin_error_t *err,
                                  apr_pool_t *pool);

#endif
