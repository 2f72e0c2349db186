/*
 * HOTP (RFC 4226), through liboath, for the crypto table.
 */
#include "crypto/hotp.h"

#include <liboath/oath.h>

apr_status_t anshin_hotp(void *ctx, char code[7], const void *secret, apr_size_t length, apr_uint64_t counter)
{
    (void)ctx;
    return oath_hotp_generate(secret, length, counter, 6, false, OATH_HOTP_DYNAMIC_TRUNCATION, code) == OATH_OK
               ? APR_SUCCESS
               : ANSHIN_EFAULT;
}
