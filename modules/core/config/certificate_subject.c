/*
 * Organisation and unit of certificates: see certificate_subject.h.
 */
#include "core/config/certificate_subject.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/unicode.h"

#define ORGANISATION "%{organisation}"

/* Without what stands for the account's. */
static apr_size_t length_of(const char *expression)
{
    const apr_size_t word = sizeof(ORGANISATION) - 1;
    apr_size_t length = anshin_unicode_length(expression);

    for (const char *at = strstr(expression, ORGANISATION); at != NULL; at = strstr(at + word, ORGANISATION)) {
        length -= word;
    }
    return length;
}

const char *anshin_certificate_subject_error(const char *expression, const char *bound, apr_pool_t *pool)
{
    const char *at = expression != NULL ? strstr(expression, "%{") : NULL;

    for (; at != NULL; at = strstr(at + 2, "%{")) {
        if (strncmp(at, ORGANISATION, sizeof(ORGANISATION) - 1) != 0) {
            return apr_psprintf(pool, "%.40s is not known; give %s, for that of the account, or no %%{", at,
                                ORGANISATION);
        }
    }
    return expression != NULL && length_of(expression) > ANSHIN_CERTIFICATE_SUBJECT_MAX
               ? apr_psprintf(pool, "give at most %d characters (RFC 5280 A.1: %s)", ANSHIN_CERTIFICATE_SUBJECT_MAX,
                              bound)
               : NULL;
}

/* The octets of so many characters of valid UTF-8, or of all. */
static apr_size_t octets(const char *text, apr_size_t characters)
{
    const char *at = text;

    while (*at != '\0' && (((unsigned char)*at & 0xc0) == 0x80 || characters-- > 0)) {
        at++;
    }
    return (apr_size_t)(at - text);
}

const char *anshin_certificate_subject(const char *expression, const char *organisation, apr_pool_t *pool)
{
    const char *text = "";
    const char *at;

    if (expression == NULL || *expression == '\0') {
        return NULL;
    }
    while ((at = strstr(expression, ORGANISATION)) != NULL) {
        if (organisation == NULL || *organisation == '\0') {
            return NULL;
        }
        text = apr_pstrcat(pool, text, apr_pstrmemdup(pool, expression, (apr_size_t)(at - expression)), organisation,
                           NULL);
        expression = at + sizeof(ORGANISATION) - 1;
    }
    text = apr_pstrcat(pool, text, expression, NULL);
    return apr_pstrmemdup(pool, text, octets(text, ANSHIN_CERTIFICATE_SUBJECT_MAX));
}
