/*
 * Making a CA of one's own: key pair and self-signed certificate (RFC 5280). For the command and demonstrations; an
 * existing CA is used as it is (sign.h).
 */
#ifndef ANSHIN_CRYPTO_CA_H
#define ANSHIN_CRYPTO_CA_H

#include "core/config/config.h" /* anshin_key_type_t */
#include "crypto/pki/ca_key_source.h"

typedef struct anshin_ca_wanted_t {
    anshin_key_type_t key_type;
    const char *common_name;  /* required; UTF-8 of at most 64 characters */
    const char *organization; /* NULL or "": left out */
    const char *country;      /* two letters; NULL or "": left out */
    apr_time_t not_before;
    apr_time_t not_after;
} anshin_ca_wanted_t;

/* Write certificate_file (mode 0644) and the file of the key, both new, both on disk when this returns: CA:TRUE with
 * path length 0, key usage keyCertSign and cRLSign, random serial. A key on a token must be there already. On failure
 * neither file is left behind. APR_SUCCESS; ANSHIN_ECONFLICT (one of the files is there already; it is left alone);
 * ANSHIN_EINVALID (a text or the dates break a rule); the answers of anshin_ca_try_key(). */
apr_status_t anshin_ca_create(const char *certificate_file, const anshin_ca_key_source_t *key,
                              const anshin_ca_wanted_t *wanted, anshin_error_t *err, apr_pool_t *pool);

/* Whether the key opens and signs, and belongs to the certificate where that file is there. APR_SUCCESS;
 * ANSHIN_ENOTFOUND (no key file); ANSHIN_EINVALID, ANSHIN_EDENIED (the token does not take the PIN), ANSHIN_EFAULT (see
 * ca_key.h). */
apr_status_t anshin_ca_try_key(const char *certificate_file, const anshin_ca_key_source_t *key, anshin_error_t *err,
                               apr_pool_t *pool);

/* *strict: 0 when the CA's certificate is one that anshin_ca_create() of 2d05b07 made: its basicConstraints are not DER
 * (X.690 11.1), so that strict readers refuse it (Go, Rust, Python). APR_SUCCESS; ANSHIN_ENOTFOUND; ANSHIN_EINVALID (no
 * certificate); ANSHIN_EFAULT. */
apr_status_t anshin_ca_is_strict(int *strict, const char *certificate_file, anshin_error_t *err, apr_pool_t *pool);

/* Sign that certificate anew, in DER: key, name, dates and extensions stay, so that what it has issued stays valid; the
 * serial is a new one, since no two certificates of one issuer may share it. The file is replaced in one step.
 * APR_SUCCESS; ANSHIN_ECONFLICT (it is strict already); ANSHIN_EINVALID (not self-signed, another key's, or the key is
 * encrypted); the answers of anshin_ca_is_strict(). */
apr_status_t anshin_ca_mend(const char *certificate_file, const char *key_file, anshin_error_t *err, apr_pool_t *pool);

#endif
