/*
 * Checks of password hashes that other systems made. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_IMPORTED_H
#define ANSHIN_CRYPTO_IMPORTED_H

#include "core/base/crypto.h"

/* imported_verify of anshin_crypto_t. */
apr_status_t anshin_crypto_imported_verify(void *ctx, anshin_verdict_t *verdict, const char *text,
                                           const anshin_toll_t *toll, const char *secret, apr_size_t length,
                                           const anshin_hash_place_t *place);

#endif
