/*
 * Password hashes of other systems (IMP-2): what is read, what is refused, and that each is checked as its own system
 * does. The vectors were made by htpasswd, openssl passwd, Python's hashlib, PHP and the argon2 reference.
 */
#include <apr_general.h>

#include "crypto/crypto.h"
#include "crypto/imported_read.h"
#include "crypto/keyfile.h"

#include "unit/scratch.h"
#include "unit/tap.h"

#define PASSWORD "Umzug 2026 gut"
#define SALT "8PHy8/T19vf4.fr7/P3./w"
#define SHA512_TAIL "$saltsalt$pEJxWK41FXRcpvFQ/75FTrXNSTvpOYNrYOg4WMyrB0mBUVWspzFgvjwOQQ8gaQBck0S3N4V6OIGDpOvgElR5s/"
#define BCRYPT_TAIL "$xWT8lXipKw2xVuj7UWQdYuNKf0pwyCb5WFlxjrNViN7bI9D6CSzay"
#define ARGON2_TAIL "$U0J1amJPenk3eVFqMUp3bQ$+dxe0+yAyfV27ZdURrq3Q3yrFs9gvpUvgZp5u6n29ug"
#define PBKDF2_TAIL "$" SALT "$K.lkiXRsMg/C8e3zlhsVPTCM/lKM.kf1m.XOfk50138"
#define WIDE_TAIL "$" SALT "$95gIB5scjBi8lTkMfQJrn6AWmgbbuI1Q3aLV7RnqsP6P6KBjxWLfzgS8zEMiaxLkXHced94Is8VafFfFjftMYw"

static apr_pool_t *pool;
static anshin_crypto_t *crypto;

static const struct {
    const char *text;
    anshin_scheme_t scheme;
    apr_uint32_t work;
} good[] = {
    {"$2y$05" BCRYPT_TAIL, ANSHIN_SCHEME_BCRYPT, 32},
    {"{CRYPT}$2y$05" BCRYPT_TAIL, ANSHIN_SCHEME_BCRYPT, 32},
    {"$2b$04$abcdefghijklmnopqrstuuljcmZzWN6YPJH.Eeo2YdwGgnulG9md6", ANSHIN_SCHEME_BCRYPT, 16},
    {"$apr1$uVKfUIwI$NhlyQdO87yTSUnoeeMpVk1", ANSHIN_SCHEME_APR1, 1},
    {"$apr1$xy$3G2w2M515EOWoaofRj9Uu0", ANSHIN_SCHEME_APR1, 1},
    {"{SHA}YSbEXvinLEX/sWCt9g4G+2XG73Y=", ANSHIN_SCHEME_SHA1, 1},
    {"{ssha}dRdhV0YmbyFZw62/9tM2N0TwSvPw8fLz9PX29w==", ANSHIN_SCHEME_SSHA, 1},
    {"$5$abcdefgh$9ycXs.bGAxVuJHSOAmDsYDNIWook1onvYG8ekIsbzE3", ANSHIN_SCHEME_SHA256_CRYPT, 5000},
    {"$6$rounds=1500" SHA512_TAIL, ANSHIN_SCHEME_SHA512_CRYPT, 1500},
    {"{crypt}$6$rounds=1500" SHA512_TAIL, ANSHIN_SCHEME_SHA512_CRYPT, 1500},
    {"$pbkdf2-sha256$2000" PBKDF2_TAIL, ANSHIN_SCHEME_PBKDF2_SHA256, 2000},
    {"{PBKDF2-SHA256}2000" PBKDF2_TAIL, ANSHIN_SCHEME_PBKDF2_SHA256, 2000},
    {"pbkdf2_sha256$1500$saltOfDjango$b1bJz+r2VbgxeW5Py+2YCBn4mqA7apVcEX0xp11g+28=", ANSHIN_SCHEME_PBKDF2_SHA256, 1500},
    {"$pbkdf2-sha256$1000$8PHy8/T19vf4+fr7/P3+/w==$SB+SiMiMYIHNDvxcBob5ZHyaGVvlDrY4mNwOyK0RiJD1Eprji/"
     "vIkEgOVstpIonL3AfeA+HFy1kx0K6K30WV2w==",
     ANSHIN_SCHEME_PBKDF2_SHA256, 2000}, /* two blocks, as Keycloak had it */
    {"{PBKDF2-SHA512}2000" WIDE_TAIL, ANSHIN_SCHEME_PBKDF2_SHA512, 2000},
    {"$argon2id$v=19$m=1024,t=2,p=1" ARGON2_TAIL, ANSHIN_SCHEME_ARGON2, 2048},
    {"{ARGON2}$argon2id$v=19$m=1024,t=2,p=1" ARGON2_TAIL, ANSHIN_SCHEME_ARGON2, 2048},
};

static int compare(const char *text, const anshin_toll_t *toll, const char *secret, apr_size_t length)
{
    anshin_verdict_t verdict = {0, 0};
    apr_status_t status = crypto->imported_verify(crypto->ctx, &verdict, text, toll, secret, length, NULL);

    return status == APR_SUCCESS ? verdict.match : -1;
}

static void test_good(void)
{
    anshin_toll_t toll = {.work = {64, 1, 1, 1, 7000, 3000, 4000, 3000, 4096}, .memory = 1024};
    char other[] = PASSWORD;

    other[sizeof(other) - 2] ^= 1;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        anshin_imported_t imported;
        anshin_error_t err;
        apr_status_t status;

        anshin_error_clear(&err);
        status = crypto->imported_read(crypto->ctx, &imported, good[i].text, &err, pool);
        ok(status == APR_SUCCESS && imported.scheme == good[i].scheme && imported.work == good[i].work,
           "read, and what it costs (IMP-2): %s %s", good[i].text, err.text);
        ok(compare(good[i].text, NULL, PASSWORD, strlen(PASSWORD)) == 1 &&
               compare(good[i].text, &toll, PASSWORD, strlen(PASSWORD)) == 1,
           "the password of its own system matches, with a toll and without");
        ok(compare(good[i].text, &toll, other, strlen(other)) == 0 && compare(good[i].text, &toll, "", 0) == 0 &&
               compare(good[i].text, NULL, PASSWORD, strlen(PASSWORD) - 1) == 0 &&
               compare(good[i].text, NULL, PASSWORD "\0x", strlen(PASSWORD) + 2) == 0,
           "others do not, nor one with a NUL inside");
    }
    ok(compare(NULL, &toll, PASSWORD, strlen(PASSWORD)) == 0,
       "S8: without a hash the toll is paid, and nothing matches");
}

/* Of the reference implementation, all of "password". */
static void test_argon2(void)
{
    static const char *const texts[] = {
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ok(compare(texts[i], NULL, "password", 8) == 1 && compare(texts[i], NULL, "passwore", 8) == 0,
           "argon2 of other kinds and lanes: %s", texts[i]);
    }
}

static const struct {
    const char *text;
    const char *why;
} bad[] = {
    {"$2y$31" BCRYPT_TAIL, "the cost of 31 must be 4 to 14"},
    {"$2y$15" BCRYPT_TAIL, "the cost of 15 must be 4 to 14"},
    {"$2y$03" BCRYPT_TAIL, "the cost of 3 must be 4 to 14"},
    {"$2x$05" BCRYPT_TAIL, "well formed"},
    {"$2", "well formed"},
    {"$2y$05$", "well formed"},
    {"$6$rounds=999999999" SHA512_TAIL, "rounds=999999999 must be 1000 to 1000000"},
    {"$6$rounds=1000001" SHA512_TAIL, "rounds=1000001 must be 1000 to 1000000"},
    {"$6$rounds=999" SHA512_TAIL, "rounds=999 must be 1000 to 1000000"},
    {"$6$rounds=99999999999999999999" SHA512_TAIL, "well formed"},
    {"$6$rounds=01500" SHA512_TAIL, "well formed"},
    {"$5$rounds=1500" SHA512_TAIL, "well formed"},
    {"$6$rounds=1500$saltsaltsaltsalt1$x", "well formed"},
    {"$pbkdf2-sha256$1000000000" PBKDF2_TAIL, "the number of iterations must be 1 to 2000000"},
    {"$pbkdf2-sha256$2000001" PBKDF2_TAIL, "2000001 iterations must be 1 to 2000000"},
    {"$pbkdf2-sha256$1000001" WIDE_TAIL, "1000001 iterations must be 1 to 1000000"},
    {"$pbkdf2-sha256$0" PBKDF2_TAIL, "well formed"},
    {"$pbkdf2-sha256$-1" PBKDF2_TAIL, "well formed"},
    {"$pbkdf2-sha256$2000$$K.lkiXRsMg/C8e3zlhsVPTCM/lKM.kf1m.XOfk50138", "well formed"},
    {"$pbkdf2-sha256$2000$" SALT "$abcd", "well formed"},
    {"$pbkdf2$2000" PBKDF2_TAIL, "must be one of"},
    {"$argon2id$v=19$m=4194304,t=1,p=1" ARGON2_TAIL, "at most 262144 KiB"},
    {"$argon2id$v=19$m=262145,t=1,p=1" ARGON2_TAIL, "at most 262144 KiB"},
    {"$argon2id$v=19$m=262144,t=5,p=1" ARGON2_TAIL, "at most 262144 KiB"},
    {"$argon2id$v=19$m=1024,t=21,p=1" ARGON2_TAIL, "at most 262144 KiB"},
    {"$argon2id$v=19$m=1024,t=2,p=17" ARGON2_TAIL, "at most 262144 KiB"},
    {"$argon2id$v=18$m=1024,t=2,p=1" ARGON2_TAIL, "well formed"},
    {"$argon2id$m=1024,t=2,p=1" ARGON2_TAIL, "well formed"},
    {"{SHA}YSbEXvinLEX/sWCt9g4G+2XG73", "well formed"},
    {"{SSHA}YSbEXvinLEX/sWCt9g4G+2XG73Y=", "well formed"},
    {"{SHA}dRdhV0YmbyFZw62/9tM2N0TwSvPw8fLz9PX29w==", "well formed"},
    {"{CRYPT}PUBnDlGbvnQ/s", "must be bcrypt, $5$ or $6$"},
    {"{CRYPT}$1$saltsalt$4ljdoS6JxFsfpVGNXK7t/.", "must be bcrypt, $5$ or $6$"},
    {"{CRYPT}$", "must be bcrypt, $5$ or $6$"},
    {"PUBnDlGbvnQ/s", "must be one of"},
    {"{SASL}somebody", "must be one of"},
    {"$apr1$uVKfUIwI$NhlyQdO87yTSUnoeeMpVk", "well formed"},
    {"$apr1$uVKfUIwIx$NhlyQdO87yTSUnoeeMpVk1", "well formed"},
    {"", "must be one of"},
    {"Visible-Secret-1", "must be one of"},
};

static void test_bad(void)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        anshin_imported_t imported;
        anshin_error_t err;
        apr_status_t status;

        anshin_error_clear(&err);
        status = crypto->imported_read(crypto->ctx, &imported, bad[i].text, &err, pool);
        ok(status == ANSHIN_EINVALID && strstr(err.text, bad[i].why) != NULL, "IMP-2: refused: %s: %s", bad[i].text,
           err.text);
        ok(strstr(err.text, "Secret") == NULL && strstr(err.text, "saltsalt") == NULL, "and nothing of it is told");
        ok(compare(bad[i].text, NULL, PASSWORD, strlen(PASSWORD)) == -1, "and again where it is checked");
    }
}

static void test_weak(void)
{
    anshin_imported_t imported = {.weak = 0};

    (void)crypto->imported_read(crypto->ctx, &imported, "$argon2id$v=19$m=1024,t=2,p=1" ARGON2_TAIL, NULL, pool);
    ok(!imported.weak, "argon2id of as much as ours is not weak");
    (void)crypto->imported_read(crypto->ctx, &imported, "$argon2id$v=19$m=1024,t=1,p=1" ARGON2_TAIL, NULL, pool);
    ok(imported.weak, "of fewer passes it is");
    (void)crypto->imported_read(crypto->ctx, &imported, "$2y$14" BCRYPT_TAIL, NULL, pool);
    ok(imported.weak, "as is all that needs no memory");
}

int main(void)
{
    anshin_crypto_settings_t settings = {
        .memory = 1024, .passes = 2, .lanes = 1, .slots = 1, .wait = apr_time_from_sec(5)};
    anshin_error_t err;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_error_clear(&err);
    settings.slot_dir = scratch_directory(pool);
    settings.key_file = apr_pstrcat(pool, settings.slot_dir, "/key", NULL);
    if (anshin_seal_key_create(settings.key_file, (gid_t)-1, &err, pool) != APR_SUCCESS ||
        anshin_crypto_open(&crypto, &settings, &err, pool) != APR_SUCCESS) {
        printf("# %s\n", err.text);
        return 1;
    }
    test_good();
    test_argon2();
    test_bad();
    test_weak();
    apr_pool_destroy(pool);
    return done();
}
