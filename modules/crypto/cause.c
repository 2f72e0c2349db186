/*
 * Causes that come from OpenSSL: see cause.h.
 */
#include "crypto/cause.h"

apr_status_t anshin_openssl_fail(anshin_error_t *err, apr_status_t status, const char *id, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    anshin_fail(err, status, id, "%s: %s", what, reason != NULL ? reason : "no reason given");
    ERR_clear_error();
    return status;
}
