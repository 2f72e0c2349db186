/*
 * The certificate that Apple profiles are signed with (CRT-3): the operator's, of a CA that the devices trust.
 */
#ifndef ANSHIN_CRYPTO_APPLE_CERTIFICATE_H
#define ANSHIN_CRYPTO_APPLE_CERTIFICATE_H

#include "core/base/anshin.h"

/* None is made when the certificate ends within this: a profile waits for its user as long as AnshinDownloadLifetime
 * may be, and is good to the end. */
#define ANSHIN_APPLE_MARGIN apr_time_from_sec(86400)

/* What is told of its end beforehand. */
#define ANSHIN_APPLE_ENDS_SOON apr_time_from_sec((apr_time_t)30 * 86400)

typedef struct anshin_apple_validity_t {
    apr_time_t begin; /* the latest of the certificate and those above it */
    apr_time_t end;   /* the earliest */
} anshin_apple_validity_t;

/* Read AnshinAppleProfileCertificate, a PEM file: the certificate, and behind it those above it, of which one that is
 * signed by itself counts for nothing. From a descriptor, which is closed; file: its name, for messages. APR_SUCCESS;
 * ANSHIN_EINVALID (no certificate; a key that is
 * neither RSA of 2,048 bits or more nor on P-256, P-384 or P-521; not for digital signatures); ANSHIN_EFAULT. */
apr_status_t anshin_apple_validity(anshin_apple_validity_t *validity, int fd, const char *file, anshin_error_t *err,
                                   apr_pool_t *pool);

/* Whether it is good now, and for so long. APR_SUCCESS; ANSHIN_EDENIED: it has not begun, or ends before. */
apr_status_t anshin_apple_in_time(const anshin_apple_validity_t *validity, apr_time_t now,
                                  apr_interval_time_t long_enough, anshin_error_t *err, apr_pool_t *pool);

#endif
