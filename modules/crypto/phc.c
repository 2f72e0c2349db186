/*
 * PHC strings: see phc.h.
 *
 * SECURITY: what is read comes from the store or from an import and may be forged; every length is bounded before it is
 * used. libargon2's own reader has no upper bounds.
 */
#include "crypto/phc.h"

#include <stdio.h>
#include <string.h>

#include "crypto/base64.h"

#define HEAD "$argon2id$v=19$"

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

apr_status_t anshin_phc_read_rest(anshin_phc_t *phc, const char *text)
{
    const char *at = text;

    if (!read_number(&phc->memory, &at, 'm', ',') || !read_number(&phc->passes, &at, 't', ',') ||
        !read_number(&phc->lanes, &at, 'p', '$') || !anshin_phc_bounded(phc->memory, phc->passes, phc->lanes)) {
        return ANSHIN_EFAULT;
    }
    if (!anshin_base64_read(phc->salt, ANSHIN_PHC_BYTES_MAX, &phc->salt_length, &at, '$') || phc->salt_length < 8) {
        return ANSHIN_EFAULT;
    }
    at++;
    if (!anshin_base64_read(phc->hash, ANSHIN_PHC_BYTES_MAX, &phc->hash_length, &at, '\0') || phc->hash_length < 16) {
        return ANSHIN_EFAULT;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_phc_read(anshin_phc_t *phc, const char *text)
{
    return strncmp(text, HEAD, sizeof(HEAD) - 1) == 0 ? anshin_phc_read_rest(phc, text + sizeof(HEAD) - 1)
                                                      : ANSHIN_EFAULT;
}

void anshin_phc_write(char text[ANSHIN_PHC_MAX], const anshin_phc_t *phc)
{
    /* At most 15 + "m=1048576,t=20,p=16$" 20 + 22 + 1 + 43 characters. */
    int length = snprintf(text, ANSHIN_PHC_MAX, HEAD "m=%u,t=%u,p=%u$", phc->memory, phc->passes, phc->lanes);
    char *at = anshin_base64_write(text + length, phc->salt, ANSHIN_SALT_BYTES);

    *at++ = '$';
    (void)anshin_base64_write(at, phc->hash, ANSHIN_HASH_BYTES);
}
