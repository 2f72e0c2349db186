/*
 * Where the private key of a CA is: in a PEM file, or on a token that a pkcs11: URI names (RFC 7512).
 */
#ifndef ANSHIN_CORE_CONFIG_KEY_REFERENCE_H
#define ANSHIN_CORE_CONFIG_KEY_REFERENCE_H

#include "core/base/anshin.h"

/* 1 when it is a pkcs11: URI, well formed or not; 0: a path. */
int anshin_key_is_on_token(const char *reference);

/* What a URI says. Texts are decoded; NULL: not given. */
typedef struct anshin_token_uri_t {
    const char *module; /* absolute path of the PKCS#11 module */
    const char *token;  /* label; this or the serial is given, or both */
    const char *serial;
    const char *object; /* label of the key; this or the id is given, or both */
    anshin_bytes_t id;  /* length 0: not given */
} anshin_token_uri_t;

/* Read pkcs11:token=…;serial=…;object=…;id=…;type=private?module-path=…. Whatever else RFC 7512 knows is refused, above
 * all a PIN. The error never quotes a value. directive: what to call it in the error. APR_SUCCESS or ANSHIN_EINVALID.
 */
apr_status_t anshin_token_uri_read(anshin_token_uri_t *uri, const char *text, const char *directive,
                                   anshin_error_t *err, apr_pool_t *pool);

#endif
