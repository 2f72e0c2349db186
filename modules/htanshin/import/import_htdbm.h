/*
 * Files of htdbm: a dbm file whose keys are users, with HASH or HASH:COMMENT as values. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_HTDBM_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_HTDBM_H

#include "htanshin/import/import_columns.h"

struct apr_dbm_t;

/* Open one to be read: of the kind that its files are (SDBM, Berkeley DB, GDBM). pool's cleanup closes it. APR_SUCCESS;
 * ANSHIN_EINVALID: *why tells why it cannot be opened. */
apr_status_t anshin_import_htdbm_find(struct apr_dbm_t **dbm, const char *name, const char **why, apr_pool_t *pool);

/* Begin to read one. */
void *anshin_import_htdbm_open(struct apr_dbm_t *dbm, apr_pool_t *pool);

/* The next user, in the order of the file; record->line is its number. APR_SUCCESS, APR_EOF, ANSHIN_EFAULT. */
apr_status_t anshin_import_htdbm_next(void *reader, anshin_import_record_t *record, anshin_error_t *err,
                                      apr_pool_t *pool);

#endif
