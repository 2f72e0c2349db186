/*
 * PHC strings of argon2id: $argon2id$v=19$m=47104,t=1,p=1$SALT$HASH (PHC string format; base64 of RFC 4648 section 4
 * without padding; version 19 is that of RFC 9106). Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_PHC_H
#define ANSHIN_CRYPTO_PHC_H

#include "core/base/crypto.h"

/* Bounds of the argon2id parameters, ours and those of stored hashes: a forged record must not exhaust the machine. */
#define ANSHIN_HASH_MEMORY_MAX (1024 * 1024) /* KiB */
#define ANSHIN_HASH_PASSES_MAX 20
#define ANSHIN_HASH_LANES_MAX 16

#define ANSHIN_PHC_BYTES_MAX 64 /* of a salt or hash that is read */
#define ANSHIN_SALT_BYTES 16    /* of ours */
#define ANSHIN_HASH_BYTES 32

typedef struct anshin_phc_t {
    apr_uint32_t memory; /* KiB */
    apr_uint32_t passes;
    apr_uint32_t lanes;
    apr_size_t salt_length;
    apr_size_t hash_length;
    unsigned char salt[ANSHIN_PHC_BYTES_MAX];
    unsigned char hash[ANSHIN_PHC_BYTES_MAX];
} anshin_phc_t;

/* 1 when the parameters are within these bounds and those of RFC 9106 (memory at least 8 KiB a lane). */
int anshin_phc_bounded(apr_uint32_t memory, apr_uint32_t passes, apr_uint32_t lanes);

/* Read a string from outside. Strict: exactly the form above, numbers without leading zeros, salt of 8 to 64 octets,
 * hash of 16 to 64, parameters bounded. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_phc_read(anshin_phc_t *phc, const char *text);

/* The same from "m=" on: of any kind and version of argon2. */
apr_status_t anshin_phc_read_rest(anshin_phc_t *phc, const char *text);

/* Write one with ANSHIN_SALT_BYTES and ANSHIN_HASH_BYTES. It always fits. */
void anshin_phc_write(char text[ANSHIN_PHC_MAX], const anshin_phc_t *phc);

#endif
