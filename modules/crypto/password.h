/*
 * Hashes of passwords: verbs of the table, as documented in core/base/crypto.h. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_PASSWORD_H
#define ANSHIN_CRYPTO_PASSWORD_H

#include "core/base/crypto.h"

/* password_hash and password_verify of anshin_crypto_t. */
apr_status_t anshin_crypto_password_hash(void *ctx, char phc[ANSHIN_PHC_MAX], const char *secret, apr_size_t length);
apr_status_t anshin_crypto_password_verify(void *ctx, anshin_verdict_t *verdict, const char *phc, const char *secret,
                                           apr_size_t length, const anshin_hash_place_t *place);

#endif
