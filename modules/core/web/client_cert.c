/*
 * The header of a client's certificate: see client_cert.h.
 *
 * SECURITY: comes from a proxy that the operator trusts, who may yet have been talked into passing on what a client
 * wrote. So there is one form alone: several values, parameters, other signs in the base64 are refused.
 */
#include "core/web/client_cert.h"

#include <string.h>
#include <strings.h>

#include <apr_encode.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define BLANKS " \t"
#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define TEXT_MAX ((ANSHIN_CLIENT_CERT_MAX + 2) / 3 * 4)
#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----"

const anshin_word_t anshin_client_cert_words[] = {
    {"rfc9440", ANSHIN_CLIENT_CERT_RFC9440},
    {"pem-url", ANSHIN_CLIENT_CERT_PEM_URL},
    {"xfcc", ANSHIN_CLIENT_CERT_XFCC},
    {NULL, 0},
};

/* length octets of base64, padded, and nothing else. */
static apr_status_t decode(anshin_bytes_t *der, const char *text, apr_size_t length, apr_pool_t *pool)
{
    apr_size_t signs = strspn(text, BASE64);

    signs = signs > length ? length : signs;
    if (signs == 0 || length > TEXT_MAX || length % 4 != 0 || length - signs > 2 ||
        strspn(text + signs, "=") < length - signs) {
        return ANSHIN_EINVALID;
    }
    der->data = apr_pdecode_base64_binary(pool, text, (apr_ssize_t)length, APR_ENCODE_NONE, &der->length);
    if (der->data == NULL || der->length > ANSHIN_CLIENT_CERT_MAX) {
        *der = (anshin_bytes_t){NULL, 0};
        return ANSHIN_EINVALID;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_client_cert_parse(anshin_bytes_t *der, const char *value, apr_pool_t *pool)
{
    const char *text = value + strspn(value, BLANKS);
    apr_size_t length;

    *der = (anshin_bytes_t){NULL, 0};
    if (*text++ != ':') {
        return ANSHIN_EINVALID;
    }
    length = strspn(text, BASE64 "=");
    if (text[length] != ':' || text[length + 1 + strspn(text + length + 1, BLANKS)] != '\0') {
        return ANSHIN_EINVALID;
    }
    return decode(der, text, length, pool);
}

/* --- PEM, percent-encoded --------------------------------------------------------------------------------------- */

static int hex(char sign)
{
    const char *at = sign != '\0' ? strchr("0123456789abcdef", apr_tolower(sign)) : NULL;

    return at != NULL ? (int)(at - "0123456789abcdef") : -1;
}

/* NULL: an escape that is none, or what no PEM has. A plus sign is a plus sign: this is no form. */
static char *unescape(const char *text, apr_size_t length, apr_pool_t *pool)
{
    char *plain = apr_palloc(pool, length + 1);
    char *to = plain;

    for (apr_size_t i = 0; i < length; i++) {
        int octet = (unsigned char)text[i];

        if (octet == '%') {
            int high = length - i > 2 ? hex(text[i + 1]) : -1;
            int low = high >= 0 ? hex(text[i + 2]) : -1;

            octet = low < 0 ? -1 : high * 16 + low;
            i += 2;
        }
        if (octet != '\n' && (octet < ' ' || octet > '~')) {
            return NULL;
        }
        *to++ = (char)octet;
    }
    *to = '\0';
    return plain;
}

/* One certificate in PEM (RFC 7468): its lines in one. */
static apr_status_t read_pem(anshin_bytes_t *der, char *pem, apr_pool_t *pool)
{
    char *to = pem;
    const char *from;

    if (strncmp(pem, BEGIN, strlen(BEGIN)) != 0) {
        return ANSHIN_EINVALID;
    }
    for (from = pem + strlen(BEGIN); *from != '-' && *from != '\0'; from++) {
        if (*from != '\n') {
            *to++ = *from;
        } else if (from[-1] == '\n') {
            return ANSHIN_EINVALID;
        }
    }
    if (from[-1] != '\n' || strncmp(from, END, strlen(END)) != 0 ||
        strcmp(from + strlen(END) + (from[strlen(END)] == '\n'), "") != 0) {
        return ANSHIN_EINVALID;
    }
    *to = '\0';
    return decode(der, pem, (apr_size_t)(to - pem), pool);
}

static apr_status_t read_escaped(anshin_bytes_t *der, const char *text, apr_size_t length, apr_pool_t *pool)
{
    char *pem = length <= 4 * (apr_size_t)TEXT_MAX ? unescape(text, length, pool) : NULL;

    return pem != NULL ? read_pem(der, pem, pool) : ANSHIN_EINVALID;
}

/* --- Envoy's element: Key=Value;Key="Value", the quoted one with \" in it ---------------------------------------- */

typedef struct pair_t {
    const char *key, *value;
    apr_size_t key_length, length;
} pair_t;

/* What is behind the pair: its ';', or the end. NULL: it is none, or a second element follows. */
static const char *read_pair(pair_t *pair, const char *at)
{
    pair->key = at;
    pair->key_length = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    at += pair->key_length;
    if (pair->key_length == 0 || *at++ != '=') {
        return NULL;
    }
    if (*at != '"') {
        pair->value = at;
        pair->length = strcspn(at, ";,\"");
        at += pair->length;
    } else {
        pair->value = ++at;
        while (*at != '"' && *at != '\0') {
            at += *at == '\\' && at[1] != '\0' ? 2 : 1;
        }
        pair->length = (apr_size_t)(at - pair->value);
        if (*at++ != '"') {
            return NULL;
        }
    }
    return *at == ';' || *at == '\0' ? at : NULL;
}

/* Of two Certs nobody knows which one the proxy has seen. */
static apr_status_t read_element(anshin_bytes_t *der, const char *value, apr_pool_t *pool)
{
    pair_t pair, cert = {.value = NULL};

    for (const char *at = value; at != NULL; at = *at == ';' ? at + 1 : NULL) {
        at = read_pair(&pair, at);
        if (at == NULL) {
            return ANSHIN_EINVALID;
        }
        if (pair.key_length != strlen("Cert") || strncasecmp(pair.key, "Cert", pair.key_length) != 0) {
            continue;
        }
        if (cert.value != NULL) {
            return ANSHIN_EINVALID;
        }
        cert = pair;
    }
    return cert.value != NULL ? read_escaped(der, cert.value, cert.length, pool) : ANSHIN_EINVALID;
}

apr_status_t anshin_client_cert_read(anshin_bytes_t *der, anshin_client_cert_format_t format, const char *value,
                                     apr_pool_t *pool)
{
    *der = (anshin_bytes_t){NULL, 0};
    switch (format) {
    case ANSHIN_CLIENT_CERT_PEM_URL:
        return read_escaped(der, value, strlen(value), pool);
    case ANSHIN_CLIENT_CERT_XFCC:
        return read_element(der, value, pool);
    case ANSHIN_CLIENT_CERT_RFC9440:
        break;
    }
    return anshin_client_cert_parse(der, value, pool);
}

int anshin_client_cert_name_valid(const char *name)
{
    static const char *const taken[] = {"Accept",  "Authorization", "Connection", "Cookie",  "Expect", "Host",
                                        "Origin",  "Proxy-",        "Referer",    "Sec-",    "TE",     "Trailer",
                                        "Content", "Transfer-",     "Upgrade",    "Anshin-", "If-",    "X-Anshin-",
                                        "Via",     "User-Agent",    "Forwarded",  "Range"};
    apr_size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");

    if (length == 0 || length > 64 || name[length] != '\0' || strcasecmp(name, "X-Forwarded-For") == 0 ||
        strcasecmp(name, "X-Forwarded-Proto") == 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        apr_size_t start = strlen(taken[i]);

        if (strncasecmp(name, taken[i], start) == 0 &&
            (taken[i][start - 1] == '-' || name[start] == '\0' || name[start] == '-')) {
            return 0;
        }
    }
    return 1;
}
