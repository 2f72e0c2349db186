/*
 * The seal key file: ANSHIN_SEAL_KEY_BYTES octets, mode 0640 or narrower.
 */
#ifndef ANSHIN_CRYPTO_KEYFILE_H
#define ANSHIN_CRYPTO_KEYFILE_H

#include "core/base/anshin.h"

#define ANSHIN_SEAL_KEY_BYTES 32

/* Make a seal key file, mode 0640, of this group (-1: as its directory gives it), on disk when this returns. A file
 * that is there already is left alone, whatever is in it, and is APR_SUCCESS; anything else is ANSHIN_EFAULT. Of
 * several callers at once one makes it. */
apr_status_t anshin_seal_key_create(const char *path, gid_t group, anshin_error_t *err, apr_pool_t *pool);

/* The caller wipes key. APR_SUCCESS; ANSHIN_ENOTFOUND (no file); ANSHIN_EINVALID (no regular file, wider than 0640, of
 * another size); ANSHIN_EFAULT. */
apr_status_t anshin_seal_key_read(unsigned char key[ANSHIN_SEAL_KEY_BYTES], const char *path, anshin_error_t *err);

#endif
