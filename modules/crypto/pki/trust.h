/*
 * The CA certificates that client certificates are judged by.
 */
#ifndef ANSHIN_CRYPTO_TRUST_H
#define ANSHIN_CRYPTO_TRUST_H

#include "core/base/anshin.h"

typedef struct anshin_trust_t anshin_trust_t;

/* One without a CA, to be filled before it is used; then it is used by all threads of the process and, read only, by
 * its forked children. pool's cleanup frees. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_trust_create(anshin_trust_t **trust, anshin_error_t *err, apr_pool_t *pool);

/* A CA of a file. */
typedef struct anshin_trust_ca_t {
    const char *id;   /* core/config/ca_line.h */
    const char *name; /* its subject, as RFC 2253 writes it, in UTF-8 */
    apr_time_t end;   /* with which all ends that it has issued; 0: it cannot be read */
} anshin_trust_ca_t;

/* Add the CA certificates of a PEM file, all or none; *found: the file's CAs (of anshin_trust_ca_t) in its order, in
 * the pool of trust. A CA in it needs no root above it: it is trusted by itself, with all that it signed. From a
 * descriptor, which is closed; file: its name, for messages. APR_SUCCESS; ANSHIN_EINVALID (no certificate in the
 * file, one that cannot be read or is no CA certificate); ANSHIN_EFAULT. */
apr_status_t anshin_trust_add(anshin_trust_t *trust, int fd, const char *file, apr_array_header_t **found,
                              anshin_error_t *err);

/* Both of them for one file by its name, also ANSHIN_ENOTFOUND. found may be NULL. */
apr_status_t anshin_trust_load(anshin_trust_t **trust, const char *file, apr_array_header_t **found,
                               anshin_error_t *err, apr_pool_t *pool);

/* An end that is nearer than this is told of. */
#define ANSHIN_TRUST_ENDS_SOON apr_time_from_sec((apr_time_t)60 * 86400)

#endif
