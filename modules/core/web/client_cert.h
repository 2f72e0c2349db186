/*
 * The header in which a TLS terminator hands on the certificate of its client (APP-2), in one of three forms:
 *   rfc9440   Client-Cert of RFC 9440: a byte sequence of RFC 8941 3.3.5, the DER in base64 between colons
 *   pem-url   PEM, percent-encoded (RFC 3986 2.1): nginx's $ssl_client_escaped_cert
 *   xfcc      X-Forwarded-Client-Cert of Envoy: one element, whose Cert is such a PEM in quotes
 */
#ifndef ANSHIN_CORE_WEB_CLIENT_CERT_H
#define ANSHIN_CORE_WEB_CLIENT_CERT_H

#include "core/base/anshin.h"
#include "core/base/words.h"

#define ANSHIN_CLIENT_CERT_MAX 16384 /* octets of DER */

typedef enum anshin_client_cert_format_t {
    ANSHIN_CLIENT_CERT_RFC9440,
    ANSHIN_CLIENT_CERT_PEM_URL,
    ANSHIN_CLIENT_CERT_XFCC,
} anshin_client_cert_format_t;

extern const anshin_word_t anshin_client_cert_words[]; /* the formats by name */

/* The octets within a header's value, in pool. Whether they are a certificate is not looked at.
 * APR_SUCCESS; ANSHIN_EINVALID (not one certificate in that form and nothing else, empty, or too long). */
apr_status_t anshin_client_cert_read(anshin_bytes_t *der, anshin_client_cert_format_t format, const char *value,
                                     apr_pool_t *pool);

/* The same, of rfc9440. */
apr_status_t anshin_client_cert_parse(anshin_bytes_t *der, const char *value, apr_pool_t *pool);

/* 1 when a header of this name may carry certificates: a name of letters, digits and hyphens, as which no other header
 * can come to a program, and none that httpd or we read for another reason. */
int anshin_client_cert_name_valid(const char *name);

#endif
