/*
 * What the files of modules/crypto share behind anshin_crypto_t. Private to this folder.
 */
#ifndef ANSHIN_CRYPTO_CONTEXT_H
#define ANSHIN_CRYPTO_CONTEXT_H

#include <openssl/evp.h>

#include "crypto/derive.h"
#include "crypto/slot.h"

typedef struct context_t {
    EVP_MD *sha256;
    EVP_CIPHER *gcm;
    anshin_ring_t *ring; /* the seal keys live in here */
    anshin_slots_t *slots;
    apr_uint32_t memory;
    apr_uint32_t passes;
    apr_uint32_t lanes;
} context_t;

#endif
