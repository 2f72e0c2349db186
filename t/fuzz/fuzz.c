/*
 * What the fuzz targets share: see fuzz.h.
 */
#include "crypto/keyfile.h"
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include <apr_general.h>
#include <sanitizer/lsan_interface.h>

#include "crypto/crypto.h"

/* Replaying is possible without a sanitizer as well. */
#pragma weak __lsan_disable
#pragma weak __lsan_enable

#define TEXTS_MAX 64

static apr_pool_t *root;
static const char *directory;

/* For targets with nothing to set up. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

__attribute__((weak)) const int fuzz_runs = 1500;

void fuzz_broken(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

/* --- memory --- */

static void end(void)
{
    apr_pool_destroy(root);
}

/* APR maps its pools, where the leak checker does not look for pointers: what is set up is not leaked, nor judged. */
static void begin_setup(void)
{
    if (__lsan_disable != NULL) {
        __lsan_disable();
    }
}

static void end_setup(void)
{
    if (__lsan_enable != NULL) {
        __lsan_enable();
    }
}

apr_pool_t *fuzz_root(void)
{
    if (root == NULL) {
        begin_setup(); /* until the first input comes */
        apr_initialize();
        apr_pool_create(&root, NULL);
        atexit(end);
    }
    return root;
}

apr_pool_t *fuzz_pool(void)
{
    static apr_pool_t *pool;

    if (pool == NULL) {
        apr_pool_create(&pool, fuzz_root());
        end_setup();
    }
    apr_pool_clear(pool);
    return pool;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    static char *texts[TEXTS_MAX]; /* the last ones: enough for every target */
    static size_t next;
    char *text = malloc(size + 1);

    require(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    free(texts[next]);
    texts[next] = text;
    next = (next + 1) % TEXTS_MAX;
    return text;
}

void fuzz_split(char **texts, size_t count, const uint8_t *data, size_t size, char between)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *stop = size > 0 && i + 1 < count ? memchr(data, between, size) : NULL;
        size_t length = stop != NULL ? (size_t)(stop - data) : size;

        texts[i] = fuzz_text(data, length);
        length += stop != NULL;
        data += length;
        size -= length;
    }
}

/* --- files --- */

/* In place of libc's: nothing of a run outlives it, and waiting for the disk would be most of its time. */
int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

static int remove_one(const char *path, const struct stat *facts, int type, struct FTW *where)
{
    (void)facts;
    (void)type;
    (void)where;
    return remove(path);
}

static apr_status_t remove_directory(void *data)
{
    nftw(data, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return APR_SUCCESS;
}

const char *fuzz_directory(void)
{
    const char *base = getenv("TMPDIR");

    if (directory == NULL) {
        char *path = apr_pstrcat(fuzz_root(), base != NULL ? base : P_tmpdir, "/anshin-fuzz-XXXXXX", NULL);

        require(mkdtemp(path) != NULL);
        apr_pool_pre_cleanup_register(root, path, remove_directory);
        directory = path;
    }
    return directory;
}

const char *fuzz_file(const char *name, const void *data, size_t size)
{
    static const char *last; /* most targets write one file again and again */
    static const char *path;
    int fd;

    if (last == NULL || strcmp(last, name) != 0) {
        last = apr_pstrdup(fuzz_root(), name);
        path = apr_pstrcat(fuzz_root(), fuzz_directory(), "/", name, NULL);
    }
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size && ftruncate(fd, (off_t)size) == 0 && close(fd) == 0);
    return path;
}

/* --- a small world --- */

const anshin_crypto_t *fuzz_crypto(void)
{
    static const char key[ANSHIN_SEAL_KEY_BYTES] = "fuzzing has no secrets to keep.";
    static anshin_crypto_t *crypto;
    anshin_crypto_settings_t settings = {.memory = 8, .passes = 1, .lanes = 1, .slots = 1};

    if (crypto == NULL) {
        begin_setup();
        settings.slot_dir = fuzz_directory();
        settings.key_file = fuzz_file("seal.key", key, sizeof(key));
        require(anshin_crypto_open(&crypto, &settings, NULL, fuzz_root()) == APR_SUCCESS);
        end_setup();
    }
    return crypto;
}

static apr_time_t now(void *baton)
{
    (void)baton;
    return FUZZ_NOW;
}

anshin_op_t *fuzz_op(apr_pool_t *pool)
{
    static anshin_contract_t contract = {.name = "p-01", .portal_base = "/anshin"};
    anshin_env_t *env = apr_pcalloc(pool, sizeof(*env));
    anshin_op_t *op = apr_palloc(pool, sizeof(*op));

    contract.policy.flow_lifetime = apr_time_from_sec(3600);
    contract.policy.password_min = 8;
    contract.policy.password_max = 64;
    contract.policy.password_characters = ANSHIN_CHARACTERS_DIGITS | ANSHIN_CHARACTERS_UPPER | ANSHIN_CHARACTERS_LOWER |
                                          ANSHIN_CHARACTERS_SYMBOLS | ANSHIN_CHARACTERS_SPACE;
    env->crypto = fuzz_crypto();
    env->now = now;
    anshin_op_init(op, env, &contract, &(anshin_actor_t){.kind = ANSHIN_ACTOR_STRANGER}, pool);
    return op;
}
