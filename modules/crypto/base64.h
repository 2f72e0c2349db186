/*
 * Base64 (RFC 4648 section 4) as hashes have it, without padding. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_BASE64_H
#define ANSHIN_CRYPTO_BASE64_H

#include "core/base/anshin.h"

/* Read text up to `end` into at most max octets; *at moves to it. 0: not base64, too long, or not the only form of
 * these octets. */
int anshin_base64_read(unsigned char *out, apr_size_t max, apr_size_t *length, const char **at, char end);

/* Write octets and a NUL; returns where that stands. It takes 4 characters for 3 octets. */
char *anshin_base64_write(char *at, const unsigned char *data, apr_size_t length);

#endif
