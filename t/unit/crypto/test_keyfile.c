/*
 * The files of the seal key while it is rotated (BAK-2): killed before every single operation on files, said again, bad files,
 * and a process that looks on.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <apr_general.h>

#include "crypto/crypto.h"
#include "crypto/derive.h"
#include "crypto/keyfile.h"

#include "unit/scratch.h"
#include "unit/tap.h"

#define FIRST "0123456789abcdef0123456789abcdef"
#define KILLED 77

static const char zeros[ANSHIN_SEAL_KEY_BYTES];
static apr_pool_t *pool;
static const char *directory, *path, *next, *old;

/* --- the kill: these take the place of the C library's ---------------------------------------------------------------- */

static int left = -1; /* operations until the process ends, in the child alone */

static long at(long number, long a, long b, long c, long d, long e)
{
    if (left >= 0 && left-- == 0) {
        _exit(KILLED);
    }
    return syscall(number, a, b, c, d, e);
}

int link(const char *from, const char *to)
{
    return (int)at(SYS_linkat, AT_FDCWD, (long)from, AT_FDCWD, (long)to, 0);
}

int unlink(const char *name)
{
    return (int)at(SYS_unlinkat, AT_FDCWD, (long)name, 0, 0, 0);
}

int rename(const char *from, const char *to)
{
    return (int)at(SYS_renameat2, AT_FDCWD, (long)from, AT_FDCWD, (long)to, 0);
}

int fchmod(int file, mode_t mode)
{
    return (int)at(SYS_fchmod, file, (long)mode, 0, 0, 0);
}

int fsync(int file)
{
    return (int)at(SYS_fsync, file, 0, 0, 0, 0);
}

/* --- */

static void begin(void)
{
    const char *names[] = {path, next, old};

    for (int i = 0; i < 3; i++) {
        (void)unlink(names[i]);
    }
    scratch_write(path, FIRST, ANSHIN_SEAL_KEY_BYTES, 0640);
}

static int holds(const char *name, const char *bytes)
{
    char got[ANSHIN_SEAL_KEY_BYTES];
    FILE *file = fopen(name, "rb");
    int same = file != NULL && fread(got, 1, sizeof(got), file) == sizeof(got) && memcmp(got, bytes, sizeof(got)) == 0;

    if (file != NULL) {
        (void)fclose(file);
    }
    return same;
}

/* As htanshin key rotate goes on, until it is over. */
static int rotate(void)
{
    anshin_error_t err;
    apr_status_t status = APR_SUCCESS;

    anshin_error_clear(&err);
    if (anshin_seal_key_stage(path, pool) < ANSHIN_SEAL_KEY_CHANGED) {
        status = anshin_seal_key_announce(path, (gid_t)-1, &err, pool);
        status = status == APR_SUCCESS ? anshin_seal_key_change(path, (gid_t)-1, &err, pool) : status;
    }
    status = status == APR_SUCCESS ? anshin_seal_key_forget(path, &err, pool) : status;
    if (status != APR_SUCCESS) {
        printf("# %s %s\n", err.id, err.text);
    }
    return status == APR_SUCCESS;
}

/* 0: it came to an end before. */
static int rotate_killed(int operations)
{
    int how = 0;
    pid_t child = fork();

    if (child == 0) {
        left = operations;
        _exit(rotate() ? 0 : 1);
    }
    (void)waitpid(child, &how, 0);
    return WIFEXITED(how) && WEXITSTATUS(how) == KILLED;
}

static int is_whole(void)
{
    unsigned char key[ANSHIN_SEAL_KEY_BYTES];
    anshin_error_t err;
    int whole;

    anshin_error_clear(&err);
    whole = anshin_seal_key_read(key, path, &err) == APR_SUCCESS;
    return whole && !holds(path, zeros) && !holds(next, zeros) && !holds(old, zeros);
}

static void test_killed(void)
{
    int kills = 0, whole = 1, ended = 1, alone = 1, wiped = 1;

    for (int killed = 1; killed; kills++) {
        int file;
        char first[ANSHIN_SEAL_KEY_BYTES] = {1};

        begin();
        file = open(path, O_RDONLY | O_CLOEXEC);
        killed = rotate_killed(kills);
        if (!is_whole() || (!killed && holds(path, FIRST))) {
            printf("# killed before operation %d: no key, or zeros for one\n", kills);
            whole = 0;
        }
        ended &= rotate() && (!holds(path, FIRST) || rotate()) && is_whole() && !holds(path, FIRST);
        alone &= anshin_seal_key_stage(path, pool) == ANSHIN_SEAL_KEY_ALONE && scratch_entries(directory) == 1;
        if (pread(file, first, sizeof(first), 0) != sizeof(first) || memcmp(first, zeros, sizeof(first)) != 0) {
            printf("# killed before operation %d: the first key is still on the disk\n", kills);
            wiped = 0;
        }
        close(file);
    }
    ok(kills > 15, "BAK-2: killed before each of %d operations on files", kills - 1);
    ok(whole, "BAK-2: the key is whole at each of them, and zeros stand under no name of a key");
    ok(ended, "BAK-2: said again, it comes to an end, with a new key");
    ok(alone, "and leaves one file");
    ok(wiped, "BAK-2: the very file of the old key is overwritten");
}

/* What older versions left: a draft that is the new key under another name. */
static void test_draft_is_key(void)
{
    anshin_error_t err;
    const char *draft = apr_pstrcat(pool, next, ".0123456789abcdef", NULL);

    begin();
    anshin_error_clear(&err);
    ok(anshin_seal_key_announce(path, (gid_t)-1, &err, pool) == APR_SUCCESS && link(next, draft) == 0 &&
           anshin_seal_key_change(path, (gid_t)-1, &err, pool) == APR_SUCCESS,
       "a draft that is the new key");
    ok(anshin_seal_key_forget(path, &err, pool) == APR_SUCCESS && is_whole() && !holds(path, FIRST),
       "BAK-2: does not take the key with it");
    draft = apr_pstrcat(pool, path, ".0123456789abcdef", NULL);
    ok(link(path, draft) == 0 && anshin_seal_key_forget(path, &err, pool) == APR_SUCCESS && is_whole() &&
           scratch_entries(directory) == 1,
       "nor does one of the present key");
}

static void test_old_ones(void)
{
    anshin_error_t err;
    struct stat facts;

    begin();
    anshin_error_clear(&err);
    scratch_write(next, "1123456789abcdef0123456789abcdef", ANSHIN_SEAL_KEY_BYTES, 0640);
    scratch_write(old, "2123456789abcdef0123456789abcdef", ANSHIN_SEAL_KEY_BYTES, 0640);
    ok(anshin_seal_key_change(path, (gid_t)-1, &err, pool) == ANSHIN_ECONFLICT && holds(path, FIRST),
       "BAK-2: no change where the old key is another one (%s)", err.text);

    begin();
    scratch_write(old, FIRST, ANSHIN_SEAL_KEY_BYTES, 0640);
    ok(anshin_seal_key_stage(path, pool) == ANSHIN_SEAL_KEY_ALONE, "an old key that is the present one is none");
    anshin_error_clear(&err);
    ok(anshin_seal_key_announce(path, (gid_t)-1, &err, pool) == APR_SUCCESS && lstat(old, &facts) != 0 &&
           holds(path, FIRST),
       "BAK-2: and gives way to the next rotation (%s)", err.text);
    ok(anshin_seal_key_change(path, (gid_t)-1, &err, pool) == APR_SUCCESS && holds(old, FIRST), "which goes on");
}

static void test_zeros(void)
{
    unsigned char key[ANSHIN_SEAL_KEY_BYTES];
    anshin_ring_t *ring;
    anshin_error_t err;

    begin();
    anshin_error_clear(&err);
    scratch_write(path, zeros, sizeof(zeros), 0640);
    ok(anshin_seal_key_read(key, path, &err) == ANSHIN_EINVALID &&
           anshin_ring_open(&ring, path, &err, pool) == ANSHIN_EINVALID,
       "BAK-2: zeros are no seal key (%s)", err.text);
    begin();
    scratch_write(old, zeros, sizeof(zeros), 0640);
    ok(anshin_ring_open(&ring, path, &err, pool) == ANSHIN_EINVALID, "nor an old one");
}

static void wait_for_look(void)
{
    apr_sleep(ANSHIN_RING_LOOK + apr_time_from_msec(50));
}

static const anshin_derived_key_t *nth(anshin_ring_t *ring, int n)
{
    const anshin_derived_key_t *key = NULL;

    return anshin_ring_get(&key, ring, n, ANSHIN_USE_SEAL, "x") == APR_SUCCESS ? key : NULL;
}

/* A process that is there goes on with what it has. */
static void test_looking_on(void)
{
    anshin_ring_t *ring;
    anshin_error_t err;
    const anshin_derived_key_t *first, *was = NULL;
    const anshin_keys_t *keys;

    begin();
    anshin_error_clear(&err);
    if (!ok(anshin_ring_open(&ring, path, &err, pool) == APR_SUCCESS && nth(ring, 0) != NULL, "a process")) {
        return;
    }
    first = nth(ring, 0);
    keys = anshin_ring_keys(ring);
    ok(anshin_ring_trouble(ring, pool) == NULL, "whose files are all right");
    scratch_write(old, "2123456789abcdef0123456789abcde", 31, 0640);
    wait_for_look();
    ok(anshin_ring_trouble(ring, pool) != NULL && strstr(anshin_ring_trouble(ring, pool), "seal.key.old") != NULL,
       "BAK-2: which of them cannot be read can be told");
    ok(nth(ring, 0) == first && anshin_ring_keys(ring) == keys,
       "BAK-2: an old key that is none takes nothing away, and makes nothing new");
    scratch_write(old, "2123456789abcdef0123456789abcdef", 32, 0640);
    wait_for_look();
    was = nth(ring, 1);
    ok(nth(ring, 0) == first && was != NULL, "once it is right it is taken");
    (void)chmod(old, 0604);
    scratch_write(next, "3", 1, 0640);
    wait_for_look();
    ok(nth(ring, 0) == first && nth(ring, 1) == was, "BAK-2: and stays where it cannot be read again");
    (void)unlink(next);
    (void)unlink(old);
    wait_for_look();
    ok(anshin_ring_trouble(ring, pool) == NULL, "and once more when it is right");
    ok(anshin_seal_key_announce(path, (gid_t)-1, &err, pool) == APR_SUCCESS &&
           anshin_seal_key_change(path, (gid_t)-1, &err, pool) == APR_SUCCESS,
       "a change");
    wait_for_look();
    ok(nth(ring, 1) == first && nth(ring, 2) == NULL &&
           anshin_keys_get(&was, keys, 0, ANSHIN_USE_SEAL, "x") == APR_SUCCESS && was == first,
       "BAK-2: whoever is in the midst of its keys keeps their order");
    scratch_write(path, "3", 1, 0640);
    wait_for_look();
    ok(nth(ring, 0) == NULL && anshin_ring_keys(ring) == NULL, "without the present key nothing is used");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    path = apr_pstrcat(pool, directory, "/seal.key", NULL);
    next = apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_NEW, NULL);
    old = apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_OLD, NULL);
    test_killed();
    test_draft_is_key();
    test_old_ones();
    test_zeros();
    test_looking_on();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
