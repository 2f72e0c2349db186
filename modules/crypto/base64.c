/*
 * Base64: see base64.h.
 *
 * SECURITY: what is read may be forged; it is bounded, and each octet string has one form.
 */
#include "crypto/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int anshin_base64_read(unsigned char *out, apr_size_t max, apr_size_t *length, const char **at, char end)
{
    apr_uint32_t bits = 0;
    int held = 0; /* bits that wait for their octet */

    *length = 0;
    for (; **at != end; (*at)++) {
        const char *place = **at != '\0' ? strchr(alphabet, **at) : NULL;

        if (place == NULL) {
            return 0;
        }
        bits = (bits << 6 | (apr_uint32_t)(place - alphabet)) & 0xfff;
        held += 6;
        if (held >= 8) {
            if (*length == max) {
                return 0;
            }
            held -= 8;
            out[(*length)++] = (unsigned char)(bits >> held);
        }
    }
    return held < 6 && (bits & ((1U << held) - 1)) == 0;
}

char *anshin_base64_write(char *at, const unsigned char *data, apr_size_t length)
{
    apr_uint32_t bits = 0;
    int held = 0;

    for (apr_size_t i = 0; i < length; i++) {
        bits = (bits << 8 | data[i]) & 0xffff;
        for (held += 8; held >= 6; held -= 6) {
            *at++ = alphabet[bits >> (held - 6) & 0x3f];
        }
    }
    if (held > 0) {
        *at++ = alphabet[bits << (6 - held) & 0x3f];
    }
    *at = '\0';
    return at;
}
