/*
 * Files of keys: written new and whole, read bounded. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_FILE_H
#define ANSHIN_CRYPTO_FILE_H

#include <sys/types.h>

#include "core/base/anshin.h"

/* Make a file of this mode, whatever the umask; its content is on disk when this returns, its name after
 * anshin_file_sync_directory(). APR_SUCCESS; ANSHIN_ECONFLICT (it is there, and left alone); ANSHIN_EFAULT (no file is
 * left). */
apr_status_t anshin_file_create(const char *path, const void *data, apr_size_t length, mode_t mode,
                                anshin_error_t *err);

/* Make the names in the directory of path durable. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_file_sync_directory(const char *path, anshin_error_t *err, apr_pool_t *pool);

/* Read a regular file of at most size octets whose mode has no bit beyond widest. The caller wipes buffer.
 * APR_SUCCESS; ANSHIN_ENOTFOUND; ANSHIN_EINVALID (no regular file, wider, longer); ANSHIN_EFAULT. */
apr_status_t anshin_file_load(void *buffer, apr_size_t *length, apr_size_t size, const char *path, mode_t widest,
                              anshin_error_t *err);

/* The same of a name in an open directory. */
apr_status_t anshin_file_load_in(int directory, void *buffer, apr_size_t *length, apr_size_t size, const char *name,
                                 mode_t widest, anshin_error_t *err);

/* Overwrite a file, make that durable, and take its name away, which anshin_file_sync_directory() makes durable. One
 * that has another name loses this name alone: what it holds is in use there. One that is not there is APR_SUCCESS,
 * too. ANSHIN_EFAULT. */
apr_status_t anshin_file_wipe(const char *path, anshin_error_t *err);

#endif
