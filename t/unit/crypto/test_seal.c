/*
 * The seal key, derived keys, MAC, seal and the small verbs of the crypto table.
 */
#include <pthread.h>
#include <sys/stat.h>

#include <apr_general.h>

#include "crypto/keyfile.h"
#include "crypto/crypto.h"
#include "crypto/derive.h"
#include "crypto/sum.h"

#include "unit/scratch.h"
#include "unit/tap.h"

static apr_pool_t *pool;
static const char *directory;
static anshin_crypto_t *crypto;

static apr_status_t open_with(anshin_crypto_t **opened, const char *key_file, anshin_error_t *err)
{
    anshin_crypto_settings_t settings = {
        .key_file = key_file, .memory = 64, .passes = 1, .lanes = 1, .slots = 1, .slot_dir = directory, .wait = 0};

    anshin_error_clear(err);
    return anshin_crypto_open(opened, &settings, err, pool);
}

static int hex_is(const void *data, apr_size_t length, const char *expected)
{
    return same_text(anshin_hex(data, length, pool), expected);
}

/* RFC 5869, appendix A. */
static void test_hkdf(void)
{
    unsigned char ikm[22];
    unsigned char salt[13];
    unsigned char info[10];
    unsigned char out[42];
    anshin_hkdf_t from = {{ikm, sizeof(ikm)}, {salt, sizeof(salt)}, {info, sizeof(info)}};

    memset(ikm, 0x0b, sizeof(ikm));
    for (unsigned int i = 0; i < sizeof(salt); i++) {
        salt[i] = (unsigned char)i;
    }
    for (unsigned int i = 0; i < sizeof(info); i++) {
        info[i] = (unsigned char)(0xf0 + i);
    }
    ok(anshin_hkdf(out, sizeof(out), &from) == APR_SUCCESS &&
           hex_is(out, sizeof(out),
                  "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
       "HKDF-SHA-256: RFC 5869 test case 1");
    from = (anshin_hkdf_t){.key = {ikm, sizeof(ikm)}, .info = anshin_bytes_of("")};
    ok(anshin_hkdf(out, sizeof(out), &from) == APR_SUCCESS &&
           hex_is(out, sizeof(out),
                  "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
       "HKDF-SHA-256 without salt and info: RFC 5869 test case 3");
}

/* The whole way from the seal key to a MAC, worked out with another implementation (Python's hmac module). */
static void test_mac(void)
{
    unsigned char a[ANSHIN_DIGEST_BYTES];
    unsigned char b[ANSHIN_DIGEST_BYTES];

    crypto->mac(crypto->ctx, a, "token", "message", 7);
    ok(hex_is(a, sizeof(a), "5dd26883869c1735514fc30c35d1e087f4e70459dd81a262bac592ef70843ca6"),
       "MAC: HMAC-SHA-256 under the HKDF key of the purpose");
    crypto->mac(crypto->ctx, b, "token", "message", 7);
    ok(memcmp(a, b, sizeof(a)) == 0, "the same MAC from the kept key");
    crypto->mac(crypto->ctx, b, "mail", "message", 7);
    ok(memcmp(a, b, sizeof(a)) != 0, "another purpose, another MAC (S9)");
    crypto->mac(crypto->ctx, b, "token", "message", 6);
    ok(memcmp(a, b, sizeof(a)) != 0, "another message, another MAC");
    ok(crypto->mac(crypto->ctx, b, "token", "", 0) == APR_SUCCESS, "the empty message has one too");
    ok(crypto->mac(crypto->ctx, b, "", "x", 1) == ANSHIN_EFAULT, "an empty purpose is refused");
    ok(crypto->mac(crypto->ctx, b, "0123456789012345678901234567890123456789012345678", "x", 1) == ANSHIN_EFAULT,
       "a purpose of 49 characters is refused");
    ok(crypto->mac(crypto->ctx, b, "012345678901234567890123456789012345678901234567", "x", 1) == APR_SUCCESS,
       "one of 48 is taken");
}

static void test_many_purposes(void)
{
    unsigned char out[ANSHIN_DIGEST_BYTES];
    apr_status_t status = APR_SUCCESS;
    anshin_crypto_t *other;
    anshin_error_t err;
    int taken = 0;

    open_with(&other, apr_pstrcat(pool, directory, "/key", NULL), &err);
    while (taken < 1000 && status == APR_SUCCESS) {
        status = other->mac(other->ctx, out, apr_psprintf(pool, "purpose %d", taken), "x", 1);
        taken += status == APR_SUCCESS;
    }
    ok(status == ANSHIN_EFAULT && taken >= 16 && taken < 1000, "the table of derived keys is bounded (%d, S32)", taken);
    ok(other->mac(other->ctx, out, "purpose 0", "x", 1) == APR_SUCCESS, "the keys in it go on working");
}

static void test_seal(void)
{
    static const char text[] = "download password";
    anshin_bytes_t sealed;
    anshin_bytes_t again;
    anshin_bytes_t clear = {NULL, 0};

    ok(crypto->seal(crypto->ctx, &sealed, "blob", "alice", anshin_bytes_of(text), pool) == APR_SUCCESS &&
           sealed.length == sizeof(text) - 1 + 29,
       "sealed: 29 octets longer");
    ok(memmem(sealed.data, sealed.length, "password", 8) == NULL, "the text is not in it (S24)");
    ok(crypto->unseal(crypto->ctx, &clear, "blob", "alice", sealed, pool) == APR_SUCCESS &&
           clear.length == sizeof(text) - 1 && same_text((const char *)clear.data, text),
       "unsealed: the text, with a NUL behind it");
    crypto->seal(crypto->ctx, &again, "blob", "alice", anshin_bytes_of(text), pool);
    ok(memcmp(sealed.data, again.data, sealed.length) != 0, "sealed twice, two forms");
    ok(crypto->unseal(crypto->ctx, &clear, "mail", "alice", sealed, pool) == ANSHIN_EDENIED,
       "another purpose: denied (S24)");
    ok(crypto->unseal(crypto->ctx, &clear, "blob", "bob", sealed, pool) == ANSHIN_EDENIED,
       "bound to another: denied (S24)");
    ok(crypto->unseal(crypto->ctx, &clear, "blob", NULL, sealed, pool) == ANSHIN_EDENIED,
       "bound to nothing: denied (S24)");
    ok(crypto->seal(crypto->ctx, &sealed, "blob", NULL, (anshin_bytes_t){NULL, 0}, pool) == APR_SUCCESS &&
           crypto->unseal(crypto->ctx, &clear, "blob", NULL, sealed, pool) == APR_SUCCESS && clear.length == 0 &&
           clear.data[0] == '\0',
       "nothing can be sealed as well");
}

static void test_tampering(void)
{
    anshin_bytes_t sealed;
    anshin_bytes_t clear;
    int denied = 0;
    int shorter = 0;
    anshin_crypto_t *other;
    anshin_error_t err;

    crypto->seal(crypto->ctx, &sealed, "blob", NULL, anshin_bytes_of("secret"), pool);
    for (apr_size_t bit = 0; bit < sealed.length * 8; bit++) {
        unsigned char *copy = malloc(sealed.length); /* so that a sanitizer sees its end */

        memcpy(copy, sealed.data, sealed.length);
        copy[bit / 8] = (unsigned char)(copy[bit / 8] ^ 1U << bit % 8);
        denied += crypto->unseal(crypto->ctx, &clear, "blob", NULL, (anshin_bytes_t){copy, sealed.length}, pool) ==
                  ANSHIN_EDENIED;
        free(copy);
    }
    ok(denied == 35 * 8, "each of the %d bits turned: denied (S24)", denied);
    for (apr_size_t length = 0; length < sealed.length; length++) {
        unsigned char *copy = malloc(length + 1);

        memcpy(copy, sealed.data, length);
        shorter +=
            crypto->unseal(crypto->ctx, &clear, "blob", NULL, (anshin_bytes_t){copy, length}, pool) == ANSHIN_EDENIED;
        free(copy);
    }
    ok(shorter == 35, "cut at each of %d places: denied (S24)", shorter);

    scratch_write(apr_pstrcat(pool, directory, "/key2", NULL), "0123456789abcdef0123456789abcdeF", 32, 0640);
    ok(open_with(&other, apr_pstrcat(pool, directory, "/key2", NULL), &err) == APR_SUCCESS &&
           other->unseal(other->ctx, &clear, "blob", NULL, sealed, pool) == ANSHIN_EDENIED,
       "another seal key: denied (S24)");
}

static void test_key_file(void)
{
    const char *path = apr_pstrcat(pool, directory, "/made", NULL);
    const char *link_path = apr_pstrcat(pool, directory, "/link", NULL);
    anshin_crypto_t *opened;
    anshin_error_t err;
    struct stat facts;
    anshin_bytes_t sealed;
    anshin_bytes_t clear;
    mode_t old;

    ok(open_with(&opened, path, &err) == ANSHIN_ENOTFOUND, "no key file: not found (%s)", err.text);
    old = umask(0);
    ok(anshin_seal_key_create(path, (gid_t)-1, &err, pool) == APR_SUCCESS && stat(path, &facts) == 0 &&
           facts.st_size == 32 && (facts.st_mode & 07777) == 0640,
       "made: 32 octets, mode 0640 (S31)");
    umask(old);
    ok(open_with(&opened, path, &err) == APR_SUCCESS, "and opened");
    opened->seal(opened->ctx, &sealed, "x", NULL, anshin_bytes_of("y"), pool);
    ok(anshin_seal_key_create(path, (gid_t)-1, &err, pool) == APR_SUCCESS &&
           open_with(&opened, path, &err) == APR_SUCCESS &&
           opened->unseal(opened->ctx, &clear, "x", NULL, sealed, pool) == APR_SUCCESS,
       "made again: the old key stays");
    chmod(path, 0644);
    ok(open_with(&opened, path, &err) == ANSHIN_EINVALID && strstr(err.text, "0644") != NULL,
       "readable for the world: refused (S31: %s)", err.text);
    chmod(path, 0660);
    ok(open_with(&opened, path, &err) == ANSHIN_EINVALID, "writable for the group: refused (S31)");
    chmod(path, 0400);
    ok(open_with(&opened, path, &err) == APR_SUCCESS, "narrower than 0640: taken");
    ok(symlink(path, link_path) == 0 && open_with(&opened, link_path, &err) == APR_SUCCESS && chmod(path, 0604) == 0 &&
           open_with(&opened, link_path, &err) == ANSHIN_EINVALID,
       "through a symbolic link the mode of the file itself counts (S31)");
    ok(open_with(&opened, directory, &err) == ANSHIN_EINVALID, "a directory: refused (%s)", err.text);
    scratch_write(path, "0123456789abcdef0123456789abcde", 31, 0640);
    ok(open_with(&opened, path, &err) == ANSHIN_EINVALID, "31 octets: refused (%s)", err.text);
    scratch_write(path, "0123456789abcdef0123456789abcdef\n", 33, 0640);
    ok(open_with(&opened, path, &err) == ANSHIN_EINVALID, "33 octets: refused");
    anshin_error_clear(&err);
    ok(anshin_seal_key_create("/nonexistent/key", (gid_t)-1, &err, pool) == ANSHIN_EFAULT &&
           err.status == ANSHIN_EFAULT,
       "cannot be made there: a fault with a text (%s)", err.text);
}

static void test_small_verbs(void)
{
    unsigned char out[ANSHIN_DIGEST_BYTES];
    unsigned char one[64] = {0};
    unsigned char two[64] = {0};

    ok(crypto->digest(crypto->ctx, out, "abc", 3) == APR_SUCCESS &&
           hex_is(out, sizeof(out), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
       "SHA-256 of \"abc\" (FIPS 180-4)");
    ok(crypto->digest(crypto->ctx, out, NULL, 0) == APR_SUCCESS &&
           hex_is(out, sizeof(out), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
       "SHA-256 of nothing");
    ok(crypto->random(crypto->ctx, one, sizeof(one)) == APR_SUCCESS &&
           crypto->random(crypto->ctx, two, sizeof(two)) == APR_SUCCESS && memcmp(one, two, sizeof(one)) != 0,
       "random numbers differ");
    ok(crypto->equal(crypto->ctx, one, one, sizeof(one)) == 1 && crypto->equal(crypto->ctx, one, two, sizeof(one)) == 0,
       "equal and not equal");
    crypto->wipe(crypto->ctx, one, sizeof(one));
    memset(two, 0, sizeof(two));
    ok(memcmp(one, two, sizeof(one)) == 0, "wiped");
}

static void *hammer(void *data)
{
    int *wrong = data;

    for (int i = 0; i < 2000; i++) {
        char purpose[16];
        unsigned char out[ANSHIN_DIGEST_BYTES];
        unsigned char again[ANSHIN_DIGEST_BYTES];

        snprintf(purpose, sizeof(purpose), "thread %d", i % 8);
        *wrong += crypto->mac(crypto->ctx, out, purpose, "x", 1) != APR_SUCCESS ||
                  crypto->mac(crypto->ctx, again, purpose, "x", 1) != APR_SUCCESS ||
                  memcmp(out, again, sizeof(out)) != 0;
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[8];
    int wrong[8] = {0};
    int sum = 0;

    for (int i = 0; i < 8; i++) {
        pthread_create(&threads[i], NULL, hammer, &wrong[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        sum += wrong[i];
    }
    ok(sum == 0, "eight threads derive and use the same keys: %d wrong answers", sum);
}

int main(void)
{
    anshin_error_t err;
    const char *key;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    key = apr_pstrcat(pool, directory, "/key", NULL);
    scratch_write(key, "0123456789abcdef0123456789abcdef", 32, 0640);
    if (!ok(open_with(&crypto, key, &err) == APR_SUCCESS, "opened (%s)", err.text)) {
        return done();
    }
    test_hkdf();
    test_mac();
    test_many_purposes();
    test_seal();
    test_tampering();
    test_key_file();
    test_small_verbs();
    test_threads();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
