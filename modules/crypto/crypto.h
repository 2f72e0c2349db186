/*
 * The cryptography that modules/core/base/crypto.h asks for: OpenSSL for everything but argon2id, which is libargon2's.
 */
#ifndef ANSHIN_CRYPTO_CRYPTO_H
#define ANSHIN_CRYPTO_CRYPTO_H

#include "core/base/crypto.h"

#define ANSHIN_HASH_SLOTS_MAX 256 /* of the machine, a lock file each */

typedef struct anshin_crypto_settings_t {
    const char *key_file;     /* the seal key (keyfile.h) */
    int memory;               /* argon2id memory of a hash, KiB; at least 8 a lane */
    int passes;               /* over the memory */
    int lanes;                /* degree of parallelism, computed by as many threads */
    int slots;                /* hashes that all processes compute at once; 0: processors less one, never none */
    const char *slot_dir;     /* directory of the lock files slot.N, on a local file system; it must exist.
                               * NULL: this process computes no hash (ANSHIN_EFAULT) */
    int line;                 /* hashes of this process that may wait for a slot at once; 0: any number */
    apr_interval_time_t wait; /* how long each of them waits before ANSHIN_EBUSY; 0: not at all */
} anshin_crypto_settings_t;

/* Open for this process: call it after fork, in every process of its own (a hash in a forked copy answers
 * ANSHIN_EFAULT). The slot files are made where missing, mode 0660. pool's cleanup wipes the keys, frees the arenas and
 * closes the files; it must outlive every use.
 * APR_SUCCESS; ANSHIN_EINVALID (a setting out of bounds, a key file of wrong size or wider than 0640);
 * ANSHIN_ENOTFOUND (no key file); ANSHIN_EFAULT. */
apr_status_t anshin_crypto_open(anshin_crypto_t **crypto, const anshin_crypto_settings_t *settings, anshin_error_t *err,
                                apr_pool_t *pool);

/* Why the seal keys in the files are not all at hand, in pool (anshin_ring_trouble()); NULL: they are. crypto: of
 * anshin_crypto_open(). */
const char *anshin_crypto_trouble(const anshin_crypto_t *crypto, apr_pool_t *pool);

#endif
