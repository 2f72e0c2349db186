/*
 * Files of certificates in PEM. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_CA_FILE_H
#define ANSHIN_CRYPTO_CA_FILE_H

#include <openssl/x509.h>

#include "core/base/anshin.h"

#define ANSHIN_PEM_MAX 65536 /* octets */

/* The first certificate of a file; the caller frees. APR_SUCCESS; ANSHIN_ENOTFOUND; ANSHIN_EINVALID;
 * ANSHIN_EFAULT. */
apr_status_t anshin_ca_file_read(X509 **certificate, const char *path, anshin_error_t *err);

/* All certificates of a text, in its order; the caller frees. 0: it holds none, one that cannot be read, or more than
 * most; *all is NULL then. */
int anshin_ca_file_parse(STACK_OF(X509) * *all, const void *text, apr_size_t length, int most);

/* Write a text in one step over what is there (mode 0644), on disk when this returns. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_ca_file_replace(const char *path, const void *text, apr_size_t length, anshin_error_t *err,
                                    apr_pool_t *pool);

#endif
