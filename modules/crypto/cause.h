/*
 * Causes that come from OpenSSL. Private to modules/crypto.
 *
 * Every function that OpenSSL failed under leaves through one of these: an entry that stayed in the thread's error
 * queue would make mod_ssl misread its next read.
 */
#ifndef ANSHIN_CRYPTO_CAUSE_H
#define ANSHIN_CRYPTO_CAUSE_H

#include <openssl/err.h>

#include "core/base/anshin.h"

/* Record that `what` failed, with the first reason that OpenSSL left behind, and empty the queue. Returns status. */
apr_status_t anshin_openssl_fail(anshin_error_t *err, apr_status_t status, const char *id, const char *what);

/* Empty the queue where no cause is asked for. Returns status, as whoever analyses the caller sees. */
static inline apr_status_t anshin_openssl_forget(apr_status_t status)
{
    ERR_clear_error();
    return status;
}

#endif
