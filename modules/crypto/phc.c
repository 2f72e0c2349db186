/*
 * PHC strings: see phc.h.
 *
 * SECURITY: what is read comes from the store or from an import and may be forged; every length is bounded before it is
 * used. libargon2's own reader has no upper bounds.
 */
#include "crypto/phc.h"

#include <stdio.h>
#include <string.h>

#define HEAD "$argon2id$v=19$"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int anshin_phc_bounded(apr_uint32_t memory, apr_uint32_t passes, apr_uint32_t lanes)
{
    return lanes >= 1 && lanes <= ANSHIN_HASH_LANES_MAX && passes >= 1 && passes <= ANSHIN_HASH_PASSES_MAX &&
           memory >= 8 * lanes && memory <= ANSHIN_HASH_MEMORY_MAX;
}

/* "m=47104" and the like; *at moves behind it. 0: not so. */
static int read_number(apr_uint32_t *number, const char **at, char name, char end)
{
    const char *digit = *at + 2;
    apr_uint32_t value = 0;

    if ((*at)[0] != name || (*at)[1] != '=' || *digit < '1' || *digit > '9') {
        return 0;
    }
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        value = value * 10 + (apr_uint32_t)(*digit - '0');
        if (value > ANSHIN_HASH_MEMORY_MAX) { /* the largest of the bounds, far from overflow */
            return 0;
        }
    }
    if (*digit != end) {
        return 0;
    }
    *number = value;
    *at = digit + 1;
    return 1;
}

/* Base64 up to `end`; *at moves to it. 0: not base64, too long, or not the only form of these octets. */
static int read_base64(unsigned char *out, apr_size_t *length, const char **at, char end)
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
            if (*length == ANSHIN_PHC_BYTES_MAX) {
                return 0;
            }
            held -= 8;
            out[(*length)++] = (unsigned char)(bits >> held);
        }
    }
    return held < 6 && (bits & ((1U << held) - 1)) == 0;
}

apr_status_t anshin_phc_read(anshin_phc_t *phc, const char *text)
{
    const char *at = text + sizeof(HEAD) - 1;

    if (strncmp(text, HEAD, sizeof(HEAD) - 1) != 0 || !read_number(&phc->memory, &at, 'm', ',') ||
        !read_number(&phc->passes, &at, 't', ',') || !read_number(&phc->lanes, &at, 'p', '$') ||
        !anshin_phc_bounded(phc->memory, phc->passes, phc->lanes)) {
        return ANSHIN_EFAULT;
    }
    if (!read_base64(phc->salt, &phc->salt_length, &at, '$') || phc->salt_length < 8) {
        return ANSHIN_EFAULT;
    }
    at++;
    if (!read_base64(phc->hash, &phc->hash_length, &at, '\0') || phc->hash_length < 16) {
        return ANSHIN_EFAULT;
    }
    return APR_SUCCESS;
}

static char *write_base64(char *at, const unsigned char *data, apr_size_t length)
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

void anshin_phc_write(char text[ANSHIN_PHC_MAX], const anshin_phc_t *phc)
{
    /* At most 15 + "m=1048576,t=20,p=16$" 20 + 22 + 1 + 43 characters. */
    int length = snprintf(text, ANSHIN_PHC_MAX, HEAD "m=%u,t=%u,p=%u$", phc->memory, phc->passes, phc->lanes);
    char *at = write_base64(text + length, phc->salt, ANSHIN_SALT_BYTES);

    *at++ = '$';
    write_base64(at, phc->hash, ANSHIN_HASH_BYTES);
}
