/*
 * The effective configuration as httpd leaves it in the state directory: STATE/config.json. One writer, and one reader
 * for the worker, the command and whoever else may be root then.
 */
#ifndef ANSHIN_RUNTIME_CONFIG_FILE_H
#define ANSHIN_RUNTIME_CONFIG_FILE_H

#include "core/config/config.h"

#define ANSHIN_CONFIG_FILE "config.json"
#define ANSHIN_CONFIG_FILE_MODE 0640

/* Read it. It is believed only when it belongs to root or to us and nobody else may write it: whom root becomes and
 * what it starts stands in there. Where the directory has moved since, or is a copy, every path below its former
 * place counts below state_dir: what is done to a copy touches the copy alone. APR_SUCCESS; ANSHIN_ENOTFOUND (httpd
 * has never been started with this directory); ANSHIN_EINVALID (another's file, or malformed); ANSHIN_EFAULT. */
apr_status_t anshin_config_file_read(anshin_config_t **config, const char *state_dir, anshin_error_t *err,
                                     apr_pool_t *pool);

/* Write it, whole or not at all, mode 0640, for the group of the directory. Where root writes, only root may be able to
 * change names in there. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_config_file_write(const anshin_config_t *config, anshin_error_t *err, apr_pool_t *pool);

#endif
