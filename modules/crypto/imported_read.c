/*
 * Texts of password hashes that other systems made: see imported_read.h.
 *
 * SECURITY: comes from a file that anybody may have made, and later from the store. Every length and every cost is
 * bounded before anything is computed. What is refused is told by its kind and cost alone: it may be a password.
 */
#include "crypto/imported_read.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>
#include <openssl/crypto.h>

#include "crypto/base64.h"
#include "crypto/context.h"

#define CRYPT_LETTERS "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define BCRYPT_LENGTH 60
#define APR1_LENGTH 22
#define SHA1_BYTES 20
#define SALT_LETTERS 16 /* of SHA-crypt */
#define NOT_WELL_FORMED "is not well formed: it was cut, or something was added"

static apr_status_t refuse(anshin_error_t *err, const char *kind, const char *why)
{
    return err != NULL ? anshin_fail(err, ANSHIN_EINVALID, "AN1290", "password hash (%s): %s", kind, why)
                       : ANSHIN_EINVALID;
}

static apr_status_t refuse_cost(anshin_error_t *err, const char *kind, const char *cost, int minimum, int maximum)
{
    return err != NULL ? anshin_fail(err, ANSHIN_EINVALID, "AN1291", "password hash (%s): %s must be %d to %d", kind,
                                     cost, minimum, maximum)
                       : ANSHIN_EINVALID;
}

/* A decimal number of at most nine digits without leading zeros; *at moves behind it. 0: there is none. */
static int read_number(apr_uint32_t *number, const char **at)
{
    size_t digits = strspn(*at, "0123456789");

    if (digits == 0 || digits > 9 || **at == '0') {
        return 0;
    }
    *number = (apr_uint32_t)apr_atoi64(*at);
    *at += digits;
    return 1;
}

/* --- what crypt(3) and htpasswd make ------------------------------------------------------------------------------ */

static apr_status_t read_bcrypt(anshin_imported_hash_t *hash, const char *text, anshin_error_t *err)
{
    const char *kind = "bcrypt";
    apr_uint32_t cost;

    if (strlen(text) != BCRYPT_LENGTH || strchr("aby", text[2]) == NULL || text[3] != '$' || text[6] != '$' ||
        strspn(text + 4, "0123456789") != 2 || strspn(text + 7, CRYPT_LETTERS) != BCRYPT_LENGTH - 7) {
        return refuse(err, kind, NOT_WELL_FORMED);
    }
    cost = (apr_uint32_t)(text[4] - '0') * 10 + (apr_uint32_t)(text[5] - '0');
    if (cost < ANSHIN_BCRYPT_MIN || cost > ANSHIN_BCRYPT_MAX) {
        char told[24];

        (void)apr_snprintf(told, sizeof(told), "the cost of %u", cost);
        return refuse_cost(err, kind, told, ANSHIN_BCRYPT_MIN, ANSHIN_BCRYPT_MAX);
    }
    *hash = (anshin_imported_hash_t){.scheme = ANSHIN_SCHEME_BCRYPT, .work = 1U << cost, .text = text};
    return APR_SUCCESS;
}

static apr_status_t read_apr1(anshin_imported_hash_t *hash, const char *text, anshin_error_t *err)
{
    const char *salt = text + sizeof("$apr1$") - 1;
    size_t length = strspn(salt, CRYPT_LETTERS);
    const char *rest = salt + length;

    if (length < 1 || length > 8 || *rest != '$' || strlen(rest + 1) != APR1_LENGTH ||
        strspn(rest + 1, CRYPT_LETTERS) != APR1_LENGTH) {
        return refuse(err, "apr1", NOT_WELL_FORMED);
    }
    *hash = (anshin_imported_hash_t){.scheme = ANSHIN_SCHEME_APR1, .work = 1, .text = text};
    return APR_SUCCESS;
}

static apr_status_t read_sha_crypt(anshin_imported_hash_t *hash, const char *text, anshin_error_t *err)
{
    int wide = text[1] == '6';
    const char *kind = wide ? "sha512-crypt" : "sha256-crypt";
    const char *at = text + 3;
    apr_uint32_t rounds = ANSHIN_SHA_CRYPT_DEFAULT;
    size_t length;

    if (strncmp(at, "rounds=", 7) == 0) {
        at += 7;
        if (!read_number(&rounds, &at) || *at++ != '$') {
            return refuse(err, kind, NOT_WELL_FORMED);
        }
        if (rounds < ANSHIN_SHA_CRYPT_MIN || rounds > ANSHIN_SHA_CRYPT_MAX) {
            char told[32];

            (void)apr_snprintf(told, sizeof(told), "rounds=%u", rounds);
            return refuse_cost(err, kind, told, ANSHIN_SHA_CRYPT_MIN, ANSHIN_SHA_CRYPT_MAX);
        }
    }
    length = strspn(at, CRYPT_LETTERS);
    if (length > SALT_LETTERS || at[length] != '$') {
        return refuse(err, kind, NOT_WELL_FORMED);
    }
    at += length + 1;
    if (strlen(at) != (wide ? 86 : 43) || strspn(at, CRYPT_LETTERS) != strlen(at)) {
        return refuse(err, kind, NOT_WELL_FORMED);
    }
    *hash = (anshin_imported_hash_t){
        .scheme = wide ? ANSHIN_SCHEME_SHA512_CRYPT : ANSHIN_SCHEME_SHA256_CRYPT, .work = rounds, .text = text};
    return APR_SUCCESS;
}

/* --- octets in base64 --------------------------------------------------------------------------------------------- */

/* Text up to `end`, padded or not, with . in place of + where Python writes that. 0: it is none, or too long. */
static int read_octets(unsigned char *out, apr_size_t max, apr_size_t *length, const char **at, char end)
{
    char plain[ANSHIN_IMPORTED_MAX];
    size_t count = 0;
    const char *from = plain;
    int read;

    for (; **at != '\0' && **at != end && **at != '=' && count < sizeof(plain) - 1; (*at)++) {
        plain[count++] = **at == '.' ? '+' : **at;
    }
    plain[count] = '\0';
    for (size_t padded = count; **at == '=' && padded % 4 != 0; padded++) {
        (*at)++;
    }
    read = **at == end && anshin_base64_read(out, max, length, &from, '\0');
    OPENSSL_cleanse(plain, sizeof(plain));
    return read;
}

static apr_status_t read_sha1(anshin_imported_hash_t *hash, const char *text, int salted, anshin_error_t *err)
{
    unsigned char octets[SHA1_BYTES + ANSHIN_IMPORTED_BYTES_MAX];
    apr_size_t length;
    int whole;

    *hash = (anshin_imported_hash_t){.scheme = salted ? ANSHIN_SCHEME_SSHA : ANSHIN_SCHEME_SHA1, .work = 1};
    whole = read_octets(octets, sizeof(octets), &length, &text, '\0') && length >= SHA1_BYTES &&
            (salted != 0) == (length > SHA1_BYTES);
    if (whole) {
        hash->phc.hash_length = SHA1_BYTES;
        memcpy(hash->phc.hash, octets, SHA1_BYTES);
        hash->phc.salt_length = length - SHA1_BYTES;
        memcpy(hash->phc.salt, octets + SHA1_BYTES, length - SHA1_BYTES);
    }
    OPENSSL_cleanse(octets, sizeof(octets));
    return whole ? APR_SUCCESS : refuse(err, salted ? "ssha" : "sha1", NOT_WELL_FORMED);
}

/* A salt that stands there as it is hashed, up to the next $. 0: it is too long, or empty. */
static int read_plain_salt(anshin_phc_t *phc, const char **at)
{
    size_t length = strcspn(*at, "$");

    if (length == 0 || length > ANSHIN_PHC_BYTES_MAX || (*at)[length] != '$') {
        return 0;
    }
    memcpy(phc->salt, *at, length);
    phc->salt_length = length;
    *at += length;
    return 1;
}

/* From the number of iterations on. */
static apr_status_t read_pbkdf2(anshin_imported_hash_t *hash, const char *text, int wide, int plain_salt,
                                anshin_error_t *err)
{
    const char *kind = wide ? "pbkdf2-sha512" : "pbkdf2-sha256";
    apr_size_t block = wide ? 64 : 32;
    const char *at = text;
    apr_uint32_t blocks, count;

    *hash = (anshin_imported_hash_t){.scheme = wide ? ANSHIN_SCHEME_PBKDF2_SHA512 : ANSHIN_SCHEME_PBKDF2_SHA256};
    if (strspn(text, "0123456789") > 9 && text[0] != '0') {
        return refuse_cost(err, kind, "the number of iterations", 1, ANSHIN_PBKDF2_MAX);
    }
    if (!read_number(&count, &at) || *at++ != '$' ||
        !(plain_salt ? read_plain_salt(&hash->phc, &at)
                     : read_octets(hash->phc.salt, ANSHIN_PHC_BYTES_MAX, &hash->phc.salt_length, &at, '$')) ||
        hash->phc.salt_length == 0 || *at++ != '$' ||
        !read_octets(hash->phc.hash, ANSHIN_PHC_BYTES_MAX, &hash->phc.hash_length, &at, '\0') ||
        hash->phc.hash_length < 16) {
        return refuse(err, kind, NOT_WELL_FORMED);
    }
    blocks = (apr_uint32_t)((hash->phc.hash_length + block - 1) / block);
    if (count > ANSHIN_PBKDF2_MAX / blocks) {
        char told[40];

        (void)apr_snprintf(told, sizeof(told), "%u iterations", count);
        return refuse_cost(err, kind, told, 1, ANSHIN_PBKDF2_MAX / (int)blocks);
    }
    hash->phc.passes = count;
    hash->work = count * blocks;
    return APR_SUCCESS;
}

static apr_status_t read_argon2(anshin_imported_hash_t *hash, const char *text, anshin_error_t *err)
{
    static const struct {
        const char *name;
        argon2_type type;
    } kinds[] = {{"$argon2id$", Argon2_id}, {"$argon2i$", Argon2_i}, {"$argon2d$", Argon2_d}};
    const char *at = NULL;

    *hash = (anshin_imported_hash_t){.scheme = ANSHIN_SCHEME_ARGON2};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strncmp(text, kinds[i].name, strlen(kinds[i].name)) == 0) {
            at = text + strlen(kinds[i].name);
            hash->kind.type = kinds[i].type;
        }
    }
    if (at == NULL || (strncmp(at, "v=19$", 5) != 0 && strncmp(at, "v=16$", 5) != 0)) {
        return refuse(err, "argon2", NOT_WELL_FORMED);
    }
    hash->kind.version = at[3] == '9' ? ARGON2_VERSION_13 : ARGON2_VERSION_10;
    if (anshin_phc_read_rest(&hash->phc, at + 5) != APR_SUCCESS || hash->phc.memory > ANSHIN_IMPORTED_MEMORY_MAX ||
        hash->phc.memory * (apr_uint64_t)hash->phc.passes > ANSHIN_IMPORTED_ARGON_MAX) {
        return refuse(
            err, "argon2",
            "must be $argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH (or argon2i, argon2d) with at most 262144 "
            "KiB, 20 passes, 16 lanes, and 1048576 for KiB times passes");
    }
    hash->work = hash->phc.memory * hash->phc.passes;
    return APR_SUCCESS;
}

/* --- which it is -------------------------------------------------------------------------------------------------- */

/* What stands behind a name at the beginning, in any case of letters; NULL: another one stands there. */
static const char *behind(const char *text, const char *name)
{
    return strncasecmp(text, name, strlen(name)) == 0 ? text + strlen(name) : NULL;
}

static apr_status_t read_kind(anshin_imported_hash_t *hash, const char *text, anshin_error_t *err)
{
    static const struct {
        const char *name;
        int wide;
        int plain_salt;
    } pbkdf2[] = {{"$pbkdf2-sha256$", 0, 0}, {"$pbkdf2-sha512$", 1, 0}, {"{PBKDF2-SHA256}", 0, 0},
                  {"{PBKDF2-SHA512}", 1, 0}, {"pbkdf2_sha256$", 0, 1},  {"pbkdf2_sha512$", 1, 1}};
    const char *rest;

    if (text[0] == '$' && text[1] == '2') {
        return read_bcrypt(hash, text, err);
    }
    if (strncmp(text, "$apr1$", 6) == 0) {
        return read_apr1(hash, text, err);
    }
    if (strncmp(text, "$5$", 3) == 0 || strncmp(text, "$6$", 3) == 0) {
        return read_sha_crypt(hash, text, err);
    }
    if (strncmp(text, "$argon2", 7) == 0) {
        return read_argon2(hash, text, err);
    }
    if ((rest = behind(text, "{SHA}")) != NULL) {
        return read_sha1(hash, rest, 0, err);
    }
    if ((rest = behind(text, "{SSHA}")) != NULL) {
        return read_sha1(hash, rest, 1, err);
    }
    for (size_t i = 0; i < sizeof(pbkdf2) / sizeof(pbkdf2[0]); i++) {
        if ((rest = behind(text, pbkdf2[i].name)) != NULL) {
            return read_pbkdf2(hash, rest, pbkdf2[i].wide, pbkdf2[i].plain_salt, err);
        }
    }
    return refuse(err, "unknown",
                  "must be one of bcrypt, $apr1$, {SHA}, {SSHA}, $5$, $6$, PBKDF2 with SHA-256 or SHA-512, argon2");
}

apr_status_t anshin_imported_hash_read(anshin_imported_hash_t *hash, const char *text, anshin_error_t *err)
{
    const char *rest;

    if (strlen(text) >= ANSHIN_IMPORTED_MAX) {
        return refuse(err, "unknown", "is too long");
    }
    if ((rest = behind(text, "{CRYPT}")) != NULL) {
        return rest[0] == '$' && strchr("256", rest[1]) != NULL && rest[1] != '\0'
                   ? read_kind(hash, rest, err)
                   : refuse(err, "crypt", "must be bcrypt, $5$ or $6$; others of crypt(3) are too weak to be taken");
    }
    if ((rest = behind(text, "{ARGON2}")) != NULL) {
        return read_argon2(hash, rest, err);
    }
    return read_kind(hash, text, err);
}

apr_status_t anshin_crypto_imported_read(void *ctx, anshin_imported_t *imported, const char *text, anshin_error_t *err,
                                         apr_pool_t *pool)
{
    const context_t *context = ctx;
    anshin_imported_hash_t hash;
    apr_status_t status = anshin_imported_hash_read(&hash, text, err);

    if (status == APR_SUCCESS) {
        *imported = (anshin_imported_t){.scheme = hash.scheme,
                                        .work = hash.work,
                                        .memory = hash.phc.memory,
                                        .weak = hash.scheme != ANSHIN_SCHEME_ARGON2 || hash.kind.type != Argon2_id ||
                                                hash.phc.memory < context->memory || hash.phc.passes < context->passes,
                                        .text = apr_pstrdup(pool, text)};
        OPENSSL_cleanse(&hash.phc, sizeof(hash.phc));
    }
    return status;
}
