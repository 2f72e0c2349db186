/*
 * The roll-over files of the CAs (core/config/ca_line.h): how far each line has come.
 */
#ifndef ANSHIN_RUNTIME_ROLLOVER_H
#define ANSHIN_RUNTIME_ROLLOVER_H

#include "core/config/config.h"

/* One file; without it there is no roll-over. May be called by root (state_open.h). APR_SUCCESS; ANSHIN_EINVALID (it is
 * not what a roll-over writes), ANSHIN_EFAULT. */
apr_status_t anshin_rollover_read(anshin_ca_line_t *line, const char *state_dir, const char *path, anshin_error_t *err,
                                  apr_pool_t *pool);

/* Those of the server's line and of all contracts' into a configuration that is finished. Answers as above; the first
 * that cannot be read ends it. */
apr_status_t anshin_rollovers_read(anshin_config_t *config, anshin_error_t *err, apr_pool_t *pool);

/* Put a file in place of the one before, in one step. APR_SUCCESS: it is there for good. ANSHIN_EFAULT: the one
 * before is there as it was; or the new one, when its directory alone could not be synced. */
apr_status_t anshin_rollover_write(const char *path, const anshin_ca_line_t *line, anshin_error_t *err,
                                   apr_pool_t *pool);

#endif
