/*
 * The table of core/base/crypto.h filled: opening, and the verbs that are one call of OpenSSL.
 *
 * SECURITY: OpenSSL's default library context is used as httpd has set it up (FIPS included); the
 * algorithms are fetched once, since fetching costs more than a digest.
 */
#include "crypto/crypto.h"

#include <limits.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "crypto/cause.h"
#include "crypto/context.h"
#include "crypto/hotp.h"
#include "crypto/imported.h"
#include "crypto/imported_read.h"
#include "crypto/ocsp.h"
#include "crypto/password.h"
#include "crypto/phc.h"
#include "crypto/seal.h"

static apr_status_t crypto_random(void *ctx, void *buffer, apr_size_t length)
{
    (void)ctx;
    if (length > INT_MAX || RAND_bytes(buffer, (int)length) != 1) {
        return anshin_openssl_forget(ANSHIN_EFAULT);
    }
    return APR_SUCCESS;
}

static apr_status_t crypto_digest(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], const void *data,
                                  apr_size_t length)
{
    const context_t *context = ctx;

    return EVP_Digest(data, length, out, NULL, context->sha256, NULL) ? APR_SUCCESS
                                                                      : anshin_openssl_forget(ANSHIN_EFAULT);
}

static int crypto_equal(void *ctx, const void *a, const void *b, apr_size_t length)
{
    (void)ctx;
    return CRYPTO_memcmp(a, b, length) == 0;
}

static void crypto_wipe(void *ctx, void *buffer, apr_size_t length)
{
    (void)ctx;
    OPENSSL_cleanse(buffer, length);
}

static apr_status_t free_context(void *data)
{
    context_t *context = data;

    EVP_MD_free(context->sha256);
    EVP_CIPHER_free(context->gcm);
    return APR_SUCCESS;
}

static apr_status_t check(const anshin_crypto_settings_t *settings, anshin_error_t *err)
{
    if (settings->memory < 0 || settings->passes < 0 || settings->lanes < 0 ||
        !anshin_phc_bounded((apr_uint32_t)settings->memory, (apr_uint32_t)settings->passes,
                            (apr_uint32_t)settings->lanes)) {
        return anshin_fail(
            err, ANSHIN_EINVALID, "AN0420",
            "argon2id with %d KiB, %d passes, %d lanes is out of bounds (8 KiB a lane to %d KiB, %d, %d)",
            settings->memory, settings->passes, settings->lanes, ANSHIN_HASH_MEMORY_MAX, ANSHIN_HASH_PASSES_MAX,
            ANSHIN_HASH_LANES_MAX);
    }
    if (settings->slots < 0 || settings->slots > ANSHIN_HASH_SLOTS_MAX || settings->wait < 0 || settings->line < 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0421", "%d hash slots: must be 0 to %d", settings->slots,
                           ANSHIN_HASH_SLOTS_MAX);
    }
    return APR_SUCCESS;
}

static apr_status_t crypto_keep(void *ctx, unsigned char kept[ANSHIN_KEPT_BYTES], int n)
{
    return anshin_ring_keep(((const context_t *)ctx)->ring, kept, n);
}

static apr_status_t crypto_recall(void *ctx, const unsigned char kept[ANSHIN_KEPT_BYTES])
{
    return anshin_ring_recall(((const context_t *)ctx)->ring, kept);
}

/* Unless told: one processor is left for those who are logged in. With hashes on all of them a page takes 20 to 100
 * times as long while many log in (t/bench/overload). */
static int slot_count(int wanted)
{
    long others = sysconf(_SC_NPROCESSORS_ONLN) - 1;

    if (wanted > 0) {
        return wanted;
    }
    return others < 1 ? 1 : others > ANSHIN_HASH_SLOTS_MAX ? ANSHIN_HASH_SLOTS_MAX : (int)others;
}

const char *anshin_crypto_trouble(const anshin_crypto_t *crypto, apr_pool_t *pool)
{
    return anshin_ring_trouble(((const context_t *)crypto->ctx)->ring, pool);
}

apr_status_t anshin_crypto_open(anshin_crypto_t **crypto, const anshin_crypto_settings_t *settings, anshin_error_t *err,
                                apr_pool_t *pool)
{
    context_t *context = apr_pcalloc(pool, sizeof(*context));
    anshin_crypto_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t status = check(settings, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    context->memory = (apr_uint32_t)settings->memory;
    context->passes = (apr_uint32_t)settings->passes;
    context->lanes = (apr_uint32_t)settings->lanes;
    context->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    context->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    apr_pool_cleanup_register(pool, context, free_context, apr_pool_cleanup_null);
    if (context->sha256 == NULL || context->gcm == NULL) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0422", "SHA-256 or AES-256-GCM is not available");
    }
    status = anshin_ring_open(&context->ring, settings->key_file, err, pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (settings->slot_dir != NULL) { /* NULL: no hash is computed here */
        anshin_slot_limits_t limits = {.count = slot_count(settings->slots),
                                       .arena_size = (apr_size_t)context->memory * 1024,
                                       .line = settings->line,
                                       .wait = settings->wait};

        status = anshin_slots_open(&context->slots, settings->slot_dir, &limits, err, pool);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    made->ctx = context;
    made->random = crypto_random;
    made->digest = crypto_digest;
    made->mac = anshin_crypto_mac;
    made->mac_by = anshin_crypto_mac_by;
    made->seal = anshin_crypto_seal;
    made->unseal = anshin_crypto_unseal;
    made->sealed_by = anshin_crypto_sealed_by;
    made->keep = crypto_keep;
    made->recall = crypto_recall;
    made->seal_under = anshin_crypto_seal_under;
    made->unseal_under = anshin_crypto_unseal_under;
    made->password_hash = anshin_crypto_password_hash;
    made->password_verify = anshin_crypto_password_verify;
    made->imported_read = anshin_crypto_imported_read;
    made->imported_verify = anshin_crypto_imported_verify;
    made->hotp = anshin_hotp;
    made->ocsp_read = anshin_ocsp_read;
    made->equal = crypto_equal;
    made->wipe = crypto_wipe;
    *crypto = made;
    return APR_SUCCESS;
}
