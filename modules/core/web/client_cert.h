/*
 * The Client-Cert header (RFC 9440): how a TLS terminator hands on the certificate of its client (APP-2). It is a byte
 * sequence of RFC 8941 3.3.5, the DER of the certificate in base64 between colons.
 */
#ifndef ANSHIN_CORE_WEB_CLIENT_CERT_H
#define ANSHIN_CORE_WEB_CLIENT_CERT_H

#include "core/base/anshin.h"

#define ANSHIN_CLIENT_CERT_MAX 16384 /* octets of DER */

/* The octets within a Client-Cert header's value, in pool. Whether they are a certificate is not looked at.
 * APR_SUCCESS; ANSHIN_EINVALID (not one byte sequence and nothing else, empty, or too long). */
apr_status_t anshin_client_cert_parse(anshin_bytes_t *der, const char *value, apr_pool_t *pool);

#endif
