/*
 * A table: one apr_dbm file of records, with the gaps of apr_dbm closed: failures told from "not there", descriptors
 * not handed to other programs, memory given back.
 *
 * Keys are the record's type (1 octet), then its key. Not for several threads at once.
 */
#ifndef ANSHIN_STORE_DBM_FILE_H
#define ANSHIN_STORE_DBM_FILE_H

#include "store/files/directory.h"

#define ANSHIN_DBM_FILE_KEY_MAX 256

typedef struct anshin_dbm_file_t anshin_dbm_file_t;

typedef enum anshin_dbm_file_mode_t {
    ANSHIN_DBM_FILE_READ,
    ANSHIN_DBM_FILE_WRITE,
    ANSHIN_DBM_FILE_CREATE /* what has the name is removed */
} anshin_dbm_file_mode_t;

/* Load the driver of a type. Once before any table of it is opened. ANSHIN_EINVALID: this apr-util has none. */
apr_status_t anshin_dbm_file_load_driver(const char *type, anshin_error_t *err);

/* Open. type: "db" or "gdbm". ANSHIN_ENOTFOUND: no such file (no error recorded). Close it: there is no cleanup. */
apr_status_t anshin_dbm_file_open(anshin_dbm_file_t **table, const anshin_directory_t *directory, const char *name,
                                  const char *type, anshin_dbm_file_mode_t mode, anshin_error_t *err);

/* What is still in memory is written here, and apr_dbm does not say whether that worked: check what matters by reading.
 */
void anshin_dbm_file_close(anshin_dbm_file_t *table);

/* Close a table that was written to. 1: all that was still in memory has been written, as far as the system told; 0: a
 * part of it may not be there, or nobody can say (gdbm). */
int anshin_dbm_file_finish(anshin_dbm_file_t *table);

/* Called with a value that lives until it returns. */
typedef apr_status_t anshin_dbm_file_visit_fn(void *baton, const void *key, apr_size_t key_length, const void *value,
                                              apr_size_t length);

/* Copy a value into pool. ANSHIN_ENOTFOUND (no error recorded). */
apr_status_t anshin_dbm_file_get(anshin_dbm_file_t *table, const void *key, apr_size_t key_length,
                                 anshin_bytes_t *value, anshin_error_t *err, apr_pool_t *pool);

/* APR_SUCCESS: it is there. ANSHIN_ENOTFOUND (no error recorded). */
apr_status_t anshin_dbm_file_has(anshin_dbm_file_t *table, const void *key, apr_size_t key_length, anshin_error_t *err);

/* Write, over what the key has. ANSHIN_EFAULT. */
apr_status_t anshin_dbm_file_put(anshin_dbm_file_t *table, const void *key, apr_size_t key_length, const void *value,
                                 apr_size_t length, anshin_error_t *err);

/* The record must be there. */
apr_status_t anshin_dbm_file_erase(anshin_dbm_file_t *table, const void *key, apr_size_t key_length,
                                   anshin_error_t *err);

/* Visit all keys, in no order. with_values: 0 leaves value NULL, which is much faster. */
apr_status_t anshin_dbm_file_each(anshin_dbm_file_t *table, int with_values, anshin_dbm_file_visit_fn *visit,
                                  void *baton, anshin_error_t *err);

#endif
