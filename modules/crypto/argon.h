/*
 * One argon2 hash (RFC 9106) by libargon2, in a slot. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_ARGON_H
#define ANSHIN_CRYPTO_ARGON_H

#include <argon2.h>

#include "crypto/phc.h"
#include "crypto/slot.h"

typedef struct anshin_argon_t {
    argon2_type type;
    apr_uint32_t version;
    int threaded; /* 1: a thread for each lane; 0: one does them all */
} anshin_argon_t;

extern const anshin_argon_t anshin_argon_ours; /* argon2id, version 19 */

/* Compute phc's parameters and salt over the secret into hash, of phc->hash_length octets. A hash that is larger than
 * the arena of the slot has memory of its own, which phc.h bounds. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_argon_compute(unsigned char *hash, const anshin_phc_t *phc, const anshin_argon_t *kind,
                                  const char *secret, apr_size_t length, const anshin_slot_t *slot);

#endif
