/*
 * Reading the seal key file; making it stands in crypto.h. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_KEYFILE_H
#define ANSHIN_CRYPTO_KEYFILE_H

#include "crypto/crypto.h"

/* The caller wipes key. APR_SUCCESS; ANSHIN_ENOTFOUND (no file); ANSHIN_EINVALID (no regular file, wider than 0640, of
 * another size); ANSHIN_EFAULT. */
apr_status_t anshin_seal_key_read(unsigned char key[ANSHIN_SEAL_KEY_BYTES], const char *path, anshin_error_t *err);

#endif
