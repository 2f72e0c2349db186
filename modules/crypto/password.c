/*
 * argon2id (RFC 9106) through libargon2, in one of the slots that all processes share.
 *
 * SECURITY: a stored hash is input like any other: phc.c bounds what it may ask for. Without a hash to compare with,
 * the same work is done, so that an unknown user costs what a known one does.
 */
#include "crypto/password.h"

#include <string.h>

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "crypto/argon.h"
#include "crypto/cause.h"
#include "crypto/context.h"
#include "crypto/phc.h"

/* The parameters, salt and hash length of phc, the secret → hash. */
static apr_status_t compute(unsigned char *hash, const anshin_phc_t *phc, const char *secret, apr_size_t length,
                            anshin_slots_t *slots, const anshin_hash_place_t *place)
{
    anshin_slot_t *slot;
    apr_status_t status;

    if (slots == NULL) {
        return ANSHIN_EFAULT;
    }
    status = anshin_slot_acquire(&slot, slots, place);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_argon_compute(hash, phc, &anshin_argon_ours, secret, length, slot);
    anshin_slot_release(slots, slot);
    return status;
}

/* Our parameters, a fresh salt, no hash yet. */
static apr_status_t begin(anshin_phc_t *phc, const context_t *context)
{
    phc->memory = context->memory;
    phc->passes = context->passes;
    phc->lanes = context->lanes;
    phc->salt_length = ANSHIN_SALT_BYTES;
    phc->hash_length = ANSHIN_HASH_BYTES;
    if (RAND_bytes(phc->salt, ANSHIN_SALT_BYTES) != 1) {
        return anshin_openssl_forget(ANSHIN_EFAULT);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_crypto_password_hash(void *ctx, char phc[ANSHIN_PHC_MAX], const char *secret, apr_size_t length)
{
    const context_t *context = ctx;
    anshin_phc_t made;
    apr_status_t status = begin(&made, context);

    if (status == APR_SUCCESS) {
        status = compute(made.hash, &made, secret, length, context->slots, NULL);
    }
    if (status == APR_SUCCESS) {
        anshin_phc_write(phc, &made);
    }
    OPENSSL_cleanse(&made, sizeof(made));
    return status;
}

/* A hash of smaller parameters than ours (set higher since, or imported) is done sooner than the work for an unknown
 * user; the rest of that work is done as well, so that the time does not tell who exists until everybody has logged in
 * once (S8). The work is memory times passes, and a twentieth more: smaller memory is passed sooner (measured: two
 * hashes of 4 to 46 MiB in all take 4 to 8 % less than one). */
static apr_status_t compute_rest(const anshin_phc_t *stored, const context_t *context, const anshin_hash_place_t *place)
{
    apr_uint64_t done = (apr_uint64_t)stored->memory * stored->passes;
    apr_uint64_t ours = (apr_uint64_t)context->memory * context->passes;
    apr_uint64_t all = done < ours ? ours + ours / 20 : ours;
    unsigned char hash[ANSHIN_PHC_BYTES_MAX];
    anshin_phc_t rest;
    apr_status_t status;

    if (done >= all || (status = begin(&rest, context)) != APR_SUCCESS) {
        return done >= all ? APR_SUCCESS : status;
    }
    rest.passes = (uint32_t)((all - done + context->memory - 1) / context->memory);
    rest.memory = (uint32_t)((all - done) / rest.passes);
    if (rest.memory < (uint32_t)ARGON2_SYNC_POINTS * 2 * rest.lanes) { /* less than argon2 can do */
        return APR_SUCCESS;
    }
    status = compute(hash, &rest, "", 0, context->slots, place);
    OPENSSL_cleanse(hash, sizeof(hash));
    return status;
}

static int is_stale(const anshin_phc_t *phc, const context_t *context)
{
    return phc->memory != context->memory || phc->passes != context->passes || phc->lanes != context->lanes ||
           phc->salt_length != ANSHIN_SALT_BYTES || phc->hash_length != ANSHIN_HASH_BYTES;
}

apr_status_t anshin_crypto_password_verify(void *ctx, anshin_verdict_t *verdict, const char *phc, const char *secret,
                                           apr_size_t length, const anshin_hash_place_t *place)
{
    const context_t *context = ctx;
    unsigned char hash[ANSHIN_PHC_BYTES_MAX];
    anshin_phc_t stored;
    apr_status_t status;

    memset(verdict, 0, sizeof(*verdict));
    memset(&stored, 0, sizeof(stored));
    status = phc != NULL ? anshin_phc_read(&stored, phc) : begin(&stored, context);
    if (status == APR_SUCCESS) {
        status = compute(hash, &stored, secret, length, context->slots, place);
    }
    if (status == APR_SUCCESS && phc != NULL) {
        status = compute_rest(&stored, context, place);
    }
    if (status == APR_SUCCESS) {
        int equal = CRYPTO_memcmp(hash, stored.hash, stored.hash_length) == 0;

        verdict->match = equal && phc != NULL;
        verdict->stale = phc != NULL && is_stale(&stored, context);
    }
    OPENSSL_cleanse(hash, sizeof(hash));
    OPENSSL_cleanse(&stored, sizeof(stored));
    return status;
}
