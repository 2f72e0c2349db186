/*
 * HOTP values (RFC 4226): a verb of the table in core/base/crypto.h. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_HOTP_H
#define ANSHIN_CRYPTO_HOTP_H

#include "core/base/crypto.h"

/* code: six digits and NUL. secret: length octets, of an HMAC with SHA-1. APR_SUCCESS; ANSHIN_EFAULT (liboath). */
apr_status_t anshin_hotp(void *ctx, char code[7], const void *secret, apr_size_t length, apr_uint64_t counter);

#endif
