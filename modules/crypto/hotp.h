/*
 * HOTP values: see crypto.h of the core (hotp).
 */
#ifndef ANSHIN_CRYPTO_HOTP_H
#define ANSHIN_CRYPTO_HOTP_H

#include "core/base/crypto.h"

apr_status_t anshin_hotp(void *ctx, char code[7], const void *secret, apr_size_t length, apr_uint64_t counter);

#endif
