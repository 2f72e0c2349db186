/*
 * Checks of password hashes that other systems made: bcrypt and SHA-crypt by libxcrypt, apr1 by APR-util, the rest by
 * OpenSSL and libargon2. All of an attempt is done in one slot, so as many go on at once as of ours (S4).
 *
 * SECURITY: faces everybody. Whoever attempts pays the whole toll, scheme by scheme in one order; where a hash costs
 * less than the costliest of its scheme, what is missing is done as well (S8). Costs are bounded again when a hash is
 * read here (imported_read.h), since the store may hold a forged one.
 */
#include "crypto/imported.h"

#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_md5.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "crypto/cause.h"
#include "crypto/context.h"
#include "crypto/imported_read.h"

#define PHRASE_MAX 511 /* octets that libxcrypt takes */
#define BCRYPT_HASH_LETTERS \
    31 /* at its end; the last letter of the salt has spare bits, which it may write otherwise */
#define FILL_SALT "abcdefghijklmnopqrstuu"
#define FILL_MEMORY (64 * 1024) /* KiB of argon2, where the toll tells none */

/* What an attempt works with. */
typedef struct work_t {
    const anshin_imported_hash_t *hash; /* NULL: there is none, and nothing matches */
    const anshin_slot_t *slot;
    struct crypt_data *crypt;
    char phrase[PHRASE_MAX + 1];
    const char *secret;
    apr_size_t length;
    apr_uint32_t memory; /* of the toll */
    int whole;           /* 1: phrase is all of the secret */
    int match;
} work_t;

/* --- crypt(3) ----------------------------------------------------------------------------------------------------- */

static apr_status_t run_crypt(work_t *work, const char *setting, const char *stored)
{
    const char *made = crypt_rn(work->phrase, setting, work->crypt, (int)sizeof(*work->crypt));
    size_t length = made != NULL ? strlen(made) : 0;
    size_t from;

    if (made == NULL) {
        return ANSHIN_EFAULT;
    }
    if (stored == NULL) {
        return APR_SUCCESS;
    }
    from = work->hash->scheme == ANSHIN_SCHEME_BCRYPT ? length - BCRYPT_HASH_LETTERS : 0;
    work->match =
        work->whole && length == strlen(stored) && CRYPTO_memcmp(made + from, stored + from, length - from) == 0;
    return APR_SUCCESS;
}

/* Rounds double with each cost, so that those from one on up to another are missing. */
static apr_status_t fill_bcrypt(work_t *work, apr_uint32_t done, apr_uint32_t all)
{
    apr_status_t status = APR_SUCCESS;
    char setting[40];

    for (int cost = ANSHIN_BCRYPT_MIN; status == APR_SUCCESS && done < all && cost <= ANSHIN_BCRYPT_MAX; cost++) {
        if (done == 0 ? 1U << cost == all : 1U << cost >= done && 1U << cost < all) {
            (void)snprintf(setting, sizeof(setting), "$2b$%02d$" FILL_SALT, cost);
            status = run_crypt(work, setting, NULL);
        }
    }
    return status;
}

static apr_status_t fill_sha_crypt(work_t *work, anshin_scheme_t scheme, apr_uint32_t rest)
{
    char setting[64];

    if (rest < ANSHIN_SHA_CRYPT_MIN) { /* less than it can do */
        return APR_SUCCESS;
    }
    (void)snprintf(setting, sizeof(setting), "$%c$rounds=%u$%.16s$", scheme == ANSHIN_SCHEME_SHA256_CRYPT ? '5' : '6',
                   rest, FILL_SALT);
    return run_crypt(work, setting, NULL);
}

/* --- apr1, SHA-1 -------------------------------------------------------------------------------------------------- */

static apr_status_t run_apr1(work_t *work, const char *stored)
{
    char made[APR_MD5_DIGESTSIZE * 8];

    if (apr_md5_encode(work->phrase, stored != NULL ? stored : "$apr1$abcdefgh$", made, sizeof(made)) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    if (stored != NULL) {
        work->match = work->whole && strlen(made) == strlen(stored) && CRYPTO_memcmp(made, stored, strlen(made)) == 0;
    }
    OPENSSL_cleanse(made, sizeof(made));
    return APR_SUCCESS;
}

static apr_status_t run_sha1(work_t *work, const anshin_phc_t *stored)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned char made[EVP_MAX_MD_SIZE];
    int done = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha1(), NULL) &&
               EVP_DigestUpdate(digest, work->secret, work->length) &&
               (stored == NULL || EVP_DigestUpdate(digest, stored->salt, stored->salt_length)) &&
               EVP_DigestFinal_ex(digest, made, NULL);

    EVP_MD_CTX_free(digest);
    if (!done) {
        return anshin_openssl_forget(ANSHIN_EFAULT);
    }
    if (stored != NULL) {
        work->match = CRYPTO_memcmp(made, stored->hash, stored->hash_length) == 0;
    }
    OPENSSL_cleanse(made, sizeof(made));
    return APR_SUCCESS;
}

/* --- PBKDF2, argon2 ----------------------------------------------------------------------------------------------- */

/* stored NULL: iterations of one block for nothing. */
static apr_status_t run_pbkdf2(work_t *work, anshin_scheme_t scheme, const anshin_phc_t *stored,
                               apr_uint32_t iterations)
{
    int wide = scheme == ANSHIN_SCHEME_PBKDF2_SHA512;
    unsigned char made[ANSHIN_PHC_BYTES_MAX];
    int length = stored != NULL ? (int)stored->hash_length : wide ? 64 : 32;
    int done =
        work->length <= INT32_MAX && PKCS5_PBKDF2_HMAC(work->secret, (int)work->length,
                                                       stored != NULL ? stored->salt : (const unsigned char *)FILL_SALT,
                                                       stored != NULL ? (int)stored->salt_length : 16, (int)iterations,
                                                       wide ? EVP_sha512() : EVP_sha256(), length, made);

    if (!done) {
        return anshin_openssl_forget(ANSHIN_EFAULT);
    }
    if (stored != NULL) {
        work->match = CRYPTO_memcmp(made, stored->hash, stored->hash_length) == 0;
    }
    OPENSSL_cleanse(made, sizeof(made));
    return APR_SUCCESS;
}

static apr_status_t run_argon2(work_t *work, const anshin_imported_hash_t *stored)
{
    unsigned char made[ANSHIN_PHC_BYTES_MAX];
    apr_status_t status =
        anshin_argon_compute(made, &stored->phc, &stored->kind, work->secret, work->length, work->slot);

    if (status == APR_SUCCESS && stored == work->hash) {
        work->match = CRYPTO_memcmp(made, stored->phc.hash, stored->phc.hash_length) == 0;
    }
    OPENSSL_cleanse(made, sizeof(made));
    return status;
}

/* In as much memory as the costliest has, since less is passed sooner. */
static apr_status_t fill_argon2(work_t *work, apr_uint32_t rest)
{
    anshin_imported_hash_t fill = {.kind = {Argon2_id, ARGON2_VERSION_13, 0},
                                   .phc = {.lanes = 1, .salt_length = 16, .hash_length = 32}};
    apr_uint32_t memory = work->memory != 0 ? work->memory : FILL_MEMORY;

    memory = rest < memory ? rest : memory;
    if (memory < (apr_uint32_t)ARGON2_SYNC_POINTS * 2) { /* less than argon2 can do */
        return APR_SUCCESS;
    }
    fill.phc.memory = memory;
    fill.phc.passes = (rest + memory / 2) / memory;
    memcpy(fill.phc.salt, FILL_SALT, fill.phc.salt_length);
    return run_argon2(work, &fill);
}

/* --- an attempt --------------------------------------------------------------------------------------------------- */

static apr_status_t run(work_t *work, const anshin_imported_hash_t *hash)
{
    switch (hash->scheme) {
    case ANSHIN_SCHEME_BCRYPT:
    case ANSHIN_SCHEME_SHA256_CRYPT:
    case ANSHIN_SCHEME_SHA512_CRYPT:
        return run_crypt(work, hash->text, hash->text);
    case ANSHIN_SCHEME_APR1:
        return run_apr1(work, hash->text);
    case ANSHIN_SCHEME_SHA1:
    case ANSHIN_SCHEME_SSHA:
        return run_sha1(work, &hash->phc);
    case ANSHIN_SCHEME_PBKDF2_SHA256:
    case ANSHIN_SCHEME_PBKDF2_SHA512:
        return run_pbkdf2(work, hash->scheme, &hash->phc, hash->phc.passes);
    case ANSHIN_SCHEME_ARGON2:
        return run_argon2(work, hash);
    case ANSHIN_SCHEMES:
        break;
    }
    return ANSHIN_EFAULT;
}

static apr_status_t fill(work_t *work, anshin_scheme_t scheme, apr_uint32_t done, apr_uint32_t all)
{
    if (done >= all) {
        return APR_SUCCESS;
    }
    switch (scheme) {
    case ANSHIN_SCHEME_BCRYPT:
        return fill_bcrypt(work, done, all);
    case ANSHIN_SCHEME_SHA256_CRYPT:
    case ANSHIN_SCHEME_SHA512_CRYPT:
        return fill_sha_crypt(work, scheme, all - done);
    case ANSHIN_SCHEME_APR1:
        return run_apr1(work, NULL);
    case ANSHIN_SCHEME_SHA1:
    case ANSHIN_SCHEME_SSHA:
        return run_sha1(work, NULL);
    case ANSHIN_SCHEME_PBKDF2_SHA256:
    case ANSHIN_SCHEME_PBKDF2_SHA512:
        return run_pbkdf2(work, scheme, NULL, all - done);
    case ANSHIN_SCHEME_ARGON2:
        return fill_argon2(work, all - done);
    case ANSHIN_SCHEMES:
        break;
    }
    return APR_SUCCESS;
}

static apr_status_t run_all(work_t *work, const anshin_toll_t *toll)
{
    apr_status_t status = APR_SUCCESS;

    for (int scheme = 0; status == APR_SUCCESS && scheme < ANSHIN_SCHEMES; scheme++) {
        int own = work->hash != NULL && (int)work->hash->scheme == scheme;

        if (own) {
            status = run(work, work->hash);
        }
        if (status == APR_SUCCESS && toll != NULL) {
            status = fill(work, (anshin_scheme_t)scheme, own ? work->hash->work : 0, toll->work[scheme]);
        }
    }
    return status;
}

/* libxcrypt takes a text of bounded length. What is longer, or has a NUL, matches none of its hashes and costs the
 * same. */
static void set_phrase(work_t *work)
{
    apr_size_t length = work->length <= PHRASE_MAX ? work->length : PHRASE_MAX;

    memcpy(work->phrase, work->secret, length);
    work->phrase[length] = '\0';
    work->whole = strlen(work->phrase) == work->length;
}

/* A toll as it is done: what the store has may be forged, and then nobody would come to an end. */
static anshin_toll_t bounded(const anshin_toll_t *toll)
{
    static const apr_uint32_t most[ANSHIN_SCHEMES] = {
        [ANSHIN_SCHEME_BCRYPT] = 1U << ANSHIN_BCRYPT_MAX,
        [ANSHIN_SCHEME_APR1] = 1,
        [ANSHIN_SCHEME_SHA1] = 1,
        [ANSHIN_SCHEME_SSHA] = 1,
        [ANSHIN_SCHEME_SHA256_CRYPT] = ANSHIN_SHA_CRYPT_MAX,
        [ANSHIN_SCHEME_SHA512_CRYPT] = ANSHIN_SHA_CRYPT_MAX,
        [ANSHIN_SCHEME_PBKDF2_SHA256] = ANSHIN_PBKDF2_MAX,
        [ANSHIN_SCHEME_PBKDF2_SHA512] = ANSHIN_PBKDF2_MAX,
        [ANSHIN_SCHEME_ARGON2] = ANSHIN_IMPORTED_ARGON_MAX,
    };
    anshin_toll_t within = *toll;

    for (int scheme = 0; scheme < ANSHIN_SCHEMES; scheme++) {
        within.work[scheme] = within.work[scheme] < most[scheme] ? within.work[scheme] : most[scheme];
    }
    within.memory =
        within.memory < ANSHIN_IMPORTED_MEMORY_MAX ? within.memory : (apr_uint32_t)ANSHIN_IMPORTED_MEMORY_MAX;
    return within;
}

static apr_status_t run_in_slot(work_t *work, const anshin_toll_t *toll, anshin_slots_t *slots,
                                const anshin_hash_place_t *place)
{
    anshin_slot_t *slot;
    apr_status_t status;

    work->crypt = calloc(1, sizeof(*work->crypt));
    if (work->crypt == NULL) {
        return ANSHIN_EFAULT;
    }
    status = anshin_slot_acquire(&slot, slots, place);
    if (status == APR_SUCCESS) {
        work->slot = slot;
        status = run_all(work, toll);
        anshin_slot_release(slots, slot);
    }
    OPENSSL_cleanse(work->crypt, sizeof(*work->crypt));
    free(work->crypt);
    return status;
}

apr_status_t anshin_crypto_imported_verify(void *ctx, anshin_verdict_t *verdict, const char *text,
                                           const anshin_toll_t *toll, const char *secret, apr_size_t length,
                                           const anshin_hash_place_t *place)
{
    const context_t *context = ctx;
    anshin_imported_hash_t hash = {.work = 0};
    anshin_toll_t within = toll != NULL ? bounded(toll) : (anshin_toll_t){.memory = 0};
    work_t work = {.secret = secret, .length = length, .memory = within.memory};
    apr_status_t status = APR_SUCCESS;

    memset(verdict, 0, sizeof(*verdict));
    if (context->slots == NULL || (text != NULL && anshin_imported_hash_read(&hash, text, NULL) != APR_SUCCESS)) {
        return ANSHIN_EFAULT;
    }
    work.hash = text != NULL ? &hash : NULL;
    set_phrase(&work);
    status = run_in_slot(&work, toll != NULL ? &within : NULL, context->slots, place);
    if (status == APR_SUCCESS) {
        verdict->match = work.match;
        verdict->stale = text != NULL;
    }
    OPENSSL_cleanse(&hash, sizeof(hash));
    OPENSSL_cleanse(&work, sizeof(work));
    return status;
}
