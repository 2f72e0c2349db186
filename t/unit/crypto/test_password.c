/*
 * Password hashes: strings, vectors, hostile records, and the slots that processes and threads share.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <apr_general.h>

#include "crypto/keyfile.h"
#include "crypto/password.h"
#include "crypto/context.h"
#include "crypto/crypto.h"
#include "crypto/phc.h"
#include "crypto/slot.h"

#include "unit/scratch.h"
#include "unit/tap.h"

#define MEMORY 1024 /* KiB: small, since this is about behaviour */
#define MEMORY_OCTETS ((apr_size_t)MEMORY * 1024)

static apr_pool_t *pool;
static const char *directory;

static anshin_crypto_t *open_crypto(int memory, int passes, int lanes, int slots, apr_interval_time_t wait)
{
    anshin_error_t err;
    anshin_crypto_t *crypto = NULL;
    anshin_crypto_settings_t settings = {.key_file = apr_pstrcat(pool, directory, "/key", NULL),
                                         .memory = memory,
                                         .passes = passes,
                                         .lanes = lanes,
                                         .slots = slots,
                                         .slot_dir = directory,
                                         .wait = wait};

    anshin_error_clear(&err);
    if (anshin_crypto_open(&crypto, &settings, &err, pool) != APR_SUCCESS) {
        printf("# %s\n", err.text);
        return NULL;
    }
    return crypto;
}

static int verifies(anshin_crypto_t *crypto, const char *phc, const char *secret)
{
    anshin_verdict_t verdict = {0, 0};

    return crypto->password_verify(crypto->ctx, &verdict, phc, secret, strlen(secret), NULL) == APR_SUCCESS &&
           verdict.match;
}

static void test_hash_and_verify(void)
{
    anshin_crypto_t *crypto = open_crypto(MEMORY, 2, 1, 1, apr_time_from_sec(5));
    anshin_crypto_t *other = open_crypto(2 * MEMORY, 1, 1, 1, apr_time_from_sec(5));
    char phc[ANSHIN_PHC_MAX];
    char again[ANSHIN_PHC_MAX];
    anshin_verdict_t verdict;

    ok(crypto->password_hash(crypto->ctx, phc, "Pa55 word", 9) == APR_SUCCESS &&
           strncmp(phc, "$argon2id$v=19$m=1024,t=2,p=1$", 30) == 0 && strlen(phc) == 30 + 22 + 1 + 43,
       "a PHC string with the server's parameters (PWD-3): %s", phc);
    crypto->password_hash(crypto->ctx, again, "Pa55 word", 9);
    ok(strcmp(phc, again) != 0, "a fresh salt each time");
    ok(crypto->password_verify(crypto->ctx, &verdict, phc, "Pa55 word", 9, NULL) == APR_SUCCESS && verdict.match &&
           !verdict.stale,
       "the right password matches and is not stale (PWD-3)");
    ok(!verifies(crypto, phc, "Pa55 worD") && !verifies(crypto, phc, "Pa55 wor") &&
           !verifies(crypto, phc, "Pa55 word "),
       "other letter case, shorter and longer do not (S1)");
    ok(!verifies(crypto, phc, ""), "nor does the empty password");
    ok(other->password_verify(other->ctx, &verdict, phc, "Pa55 word", 9, NULL) == APR_SUCCESS && verdict.match &&
           verdict.stale,
       "under other parameters it matches and is stale (S4, PWD-3)");
    crypto->password_hash(crypto->ctx, phc, "Pa55\0word", 9);
    ok(crypto->password_verify(crypto->ctx, &verdict, phc, "Pa55\0worD", 9, NULL) == APR_SUCCESS && !verdict.match,
       "octets behind a NUL count (S1)");
    crypto->password_hash(crypto->ctx, phc, "0123456789012345678901234567890123456789012345678901234567890123456789x",
                          71);
    ok(!verifies(crypto, phc, "0123456789012345678901234567890123456789012345678901234567890123456789y"),
       "character 71 counts: nothing is truncated (S1)");
    ok(crypto->password_verify(crypto->ctx, &verdict, NULL, "Pa55 word", 9, NULL) == APR_SUCCESS && !verdict.match &&
           !verdict.stale,
       "without a hash nothing matches (S8)");
}

/* From the test programme of the Argon2 reference implementation. */
static void test_vectors(void)
{
    anshin_crypto_t *crypto = open_crypto(MEMORY, 1, 1, 1, apr_time_from_sec(5));

    ok(verifies(crypto, "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
                "password"),
       "argon2id reference vector, 256 KiB, 2 passes");
    ok(verifies(crypto, "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
                "password"),
       "argon2id reference vector, 2 lanes");
    ok(verifies(crypto, "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                "password"),
       "argon2id reference vector, 64 MiB: larger than the arena");
    ok(!verifies(crypto, "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                 "passwore"),
       "the same with another password");
}

#define SALT "c29tZXNhbHQ"
#define HASH "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
#define SALT_65 \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* 65 octets */

static const struct {
    const char *text;
    const char *why;
} garbled[] = {
    {"", "empty"},
    {"$", "a dollar"},
    {"password", "clear text"},
    {"$2y$10$abcdefghijklmnopqrstuv", "bcrypt"},
    {"$argon2i$v=19$m=256,t=2,p=1$" SALT "$" HASH, "argon2i"},
    {"$argon2id$v=16$m=256,t=2,p=1$" SALT "$" HASH, "version 16"},
    {"$argon2id$m=256,t=2,p=1$" SALT "$" HASH, "no version"},
    {"$argon2id$v=19$m=1048577,t=1,p=1$" SALT "$" HASH, "more than 1 GiB"},
    {"$argon2id$v=19$m=4294967295,t=1,p=1$" SALT "$" HASH, "4 TiB"},
    {"$argon2id$v=19$m=99999999999999999999,t=1,p=1$" SALT "$" HASH, "memory beyond 64 bits"},
    {"$argon2id$v=19$m=4294967552,t=1,p=1$" SALT "$" HASH, "memory that wraps to 256"},
    {"$argon2id$v=19$m=256,t=21,p=1$" SALT "$" HASH, "21 passes"},
    {"$argon2id$v=19$m=256,t=0,p=1$" SALT "$" HASH, "no pass"},
    {"$argon2id$v=19$m=1024,t=1,p=17$" SALT "$" HASH, "17 lanes"},
    {"$argon2id$v=19$m=15,t=1,p=2$" SALT "$" HASH, "less than 8 KiB a lane"},
    {"$argon2id$v=19$m=-1,t=1,p=1$" SALT "$" HASH, "negative memory"},
    {"$argon2id$v=19$m=0256,t=1,p=1$" SALT "$" HASH, "leading zero"},
    {"$argon2id$v=19$m= 256,t=1,p=1$" SALT "$" HASH, "a space"},
    {"$argon2id$v=19$t=1,m=256,p=1$" SALT "$" HASH, "another order"},
    {"$argon2id$v=19$m=256,t=1,p=1,keyid=AA$" SALT "$" HASH, "a further parameter"},
    {"$argon2id$v=19$m=256,t=1,p=1$c29tZQ$" HASH, "a salt of 4 octets"},
    {"$argon2id$v=19$m=256,t=1,p=1$" SALT_65 "$" HASH, "a salt of 65 octets"},
    {"$argon2id$v=19$m=256,t=1,p=1$$" HASH, "no salt"},
    {"$argon2id$v=19$m=256,t=1,p=1$" SALT "$", "no hash"},
    {"$argon2id$v=19$m=256,t=1,p=1$" SALT, "cut behind the salt"},
    {"$argon2id$v=19$m=256,t=1,p=1", "cut behind the parameters"},
    {"$argon2id$v=19$m=256,t=1,p=1$" SALT "$AAAA", "a hash of 3 octets"},
    {"$argon2id$v=19$m=256,t=1,p=1$" SALT "$" SALT_65, "a hash of 65 octets"},
    {"$argon2id$v=19$m=256,t=1,p=1$" SALT "=$" HASH, "padding"},
    {"$argon2id$v=19$m=256,t=1,p=1$" SALT "$" HASH "$", "something behind it"},
    {"$argon2id$v=19$m=256,t=1,p=1$" SALT "$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/5", "bits that are not zero"},
    {"$argon2id$v=19$m=256,t=1,p=1$" SALT "$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHG\x80/4", "not ASCII"},
};

static void test_garbled(void)
{
    anshin_crypto_t *crypto = open_crypto(MEMORY, 1, 1, 1, apr_time_from_sec(5));

    for (apr_size_t i = 0; i < sizeof(garbled) / sizeof(*garbled); i++) {
        char *copy = strdup(garbled[i].text); /* so that a sanitizer sees its end */
        anshin_verdict_t verdict = {1, 1};

        ok(crypto->password_verify(crypto->ctx, &verdict, copy, "password", 8, NULL) == ANSHIN_EFAULT && !verdict.match,
           "a stored hash that is garbled is a fault and never matches: %s (S4, S21)", garbled[i].why);
        free(copy);
    }
}

static void test_string_ends(void)
{
    anshin_phc_t phc = {.memory = ANSHIN_HASH_MEMORY_MAX, .passes = ANSHIN_HASH_PASSES_MAX, .lanes = 16};
    anshin_phc_t again;
    char text[ANSHIN_PHC_MAX];

    memset(phc.salt, 0xff, sizeof(phc.salt));
    memset(phc.hash, 0xfe, sizeof(phc.hash));
    anshin_phc_write(text, &phc);
    ok(strlen(text) < ANSHIN_PHC_MAX - 1 && anshin_phc_read(&again, text) == APR_SUCCESS && again.lanes == 16 &&
           again.salt_length == ANSHIN_SALT_BYTES && again.hash_length == ANSHIN_HASH_BYTES &&
           memcmp(again.salt, phc.salt, ANSHIN_SALT_BYTES) == 0 && memcmp(again.hash, phc.hash, ANSHIN_HASH_BYTES) == 0,
       "the longest string fits and reads back (%d characters)", (int)strlen(text));
}

static void test_settings(void)
{
    ok(open_crypto(7, 1, 1, 1, 0) == NULL, "7 KiB: refused");
    ok(open_crypto(ANSHIN_HASH_MEMORY_MAX + 1, 1, 1, 1, 0) == NULL, "more than 1 GiB: refused");
    ok(open_crypto(-1, 1, 1, 1, 0) == NULL && open_crypto(MEMORY, 0, 1, 1, 0) == NULL &&
           open_crypto(MEMORY, 21, 1, 1, 0) == NULL && open_crypto(MEMORY, 1, 0, 1, 0) == NULL &&
           open_crypto(MEMORY, 1, 17, 1, 0) == NULL && open_crypto(MEMORY, 1, 1, -1, 0) == NULL &&
           open_crypto(MEMORY, 1, 1, 257, 0) == NULL && open_crypto(MEMORY, 1, 1, 1, -1) == NULL,
       "passes, lanes, slots and wait out of bounds: refused");
    ok(verifies(open_crypto(MEMORY, 1, 1, 0, 0), "$argon2id$v=19$m=256,t=2,p=1$" SALT "$" HASH, "password"),
       "0 slots: as many as are good for this machine");
}

/* --- slots --- */

static anshin_slots_t *open_slots(int count, apr_interval_time_t wait, apr_pool_t *in)
{
    anshin_slots_t *slots = NULL;
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_slots_open(&slots, directory, &(anshin_slot_limits_t){count, 4096, 0, wait}, &err, in) != APR_SUCCESS) {
        printf("# %s\n", err.text);
    }
    return slots;
}

typedef struct shared_t {
    atomic_int inside;
    atomic_int most;
    atomic_int entered;
    atomic_int ready;
} shared_t;

static shared_t *shared_memory(void)
{
    shared_t *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return shared;
}

static int pass_through(anshin_slots_t *slots, shared_t *shared, int times)
{
    for (int i = 0; i < times; i++) {
        anshin_slot_t *slot;
        int now;
        int most;

        if (anshin_slot_acquire(&slot, slots, NULL) != APR_SUCCESS) {
            return 1;
        }
        now = atomic_fetch_add(&shared->inside, 1) + 1;
        most = atomic_load(&shared->most);
        while (now > most && !atomic_compare_exchange_weak(&shared->most, &most, now)) {}
        memset(slot->arena, i, 4096);
        usleep(2000);
        atomic_fetch_sub(&shared->inside, 1);
        atomic_fetch_add(&shared->entered, 1);
        anshin_slot_release(slots, slot);
    }
    return 0;
}

static int all_succeeded(const pid_t *children, int count)
{
    int good = 0;

    for (int i = 0; i < count; i++) {
        int status;

        good += waitpid(children[i], &status, 0) == children[i] && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return good == count;
}

static void test_processes(void)
{
    shared_t *shared = shared_memory();
    pid_t children[6];
    int succeeded;

    for (int i = 0; i < 6; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            apr_pool_t *mine;

            apr_pool_create(&mine, NULL);
            _exit(pass_through(open_slots(2, apr_time_from_sec(30), mine), shared, 20));
        }
    }
    succeeded = all_succeeded(children, 6);
    ok(succeeded && shared->entered == 120, "six processes got a slot %d times", shared->entered);
    ok(shared->most == 2, "never more than 2 of them at once, and 2 (S4): %d", shared->most);
}

typedef struct thread_t {
    anshin_slots_t *slots;
    shared_t *shared;
    int failed;
} thread_t;

static void *run_thread(void *data)
{
    thread_t *thread = data;

    thread->failed = pass_through(thread->slots, thread->shared, 20);
    return NULL;
}

static void test_threads(void)
{
    shared_t *shared = shared_memory();
    anshin_slots_t *slots = open_slots(2, apr_time_from_sec(30), pool);
    pthread_t threads[8];
    thread_t facts[8];
    int failed = 0;

    for (int i = 0; i < 8; i++) {
        facts[i] = (thread_t){slots, shared, 0};
        pthread_create(&threads[i], NULL, run_thread, &facts[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        failed += facts[i].failed;
    }
    ok(failed == 0 && shared->entered == 160, "eight threads got a slot %d times", shared->entered);
    ok(shared->most == 2, "never more than 2 of them at once (S4): %d", shared->most);
}

static apr_time_t elapsed_since(apr_time_t start)
{
    return apr_time_as_msec(apr_time_now() - start);
}

/* A child takes every slot of two and sleeps; it is killed while it holds them. */
static void test_killed_holder(void)
{
    anshin_crypto_t *crypto = open_crypto(MEMORY, 1, 1, 2, apr_time_from_msec(150));
    anshin_slots_t *slots = open_slots(2, 0, pool);
    shared_t *shared = shared_memory();
    anshin_slot_t *slot;
    anshin_slot_t *second = NULL;
    anshin_slot_t *third;
    char phc[ANSHIN_PHC_MAX] = "untouched";
    anshin_verdict_t verdict = {1, 1};
    apr_time_t start;
    apr_time_t waited;
    apr_status_t status;
    pid_t child = fork();

    if (child == 0) {
        anshin_slots_t *mine;
        anshin_slot_t *one;
        anshin_slot_t *two;
        apr_pool_t *own;

        apr_pool_create(&own, NULL);
        mine = open_slots(2, apr_time_from_sec(5), own);
        if (anshin_slot_acquire(&one, mine, NULL) == APR_SUCCESS &&
            anshin_slot_acquire(&two, mine, NULL) == APR_SUCCESS) {
            atomic_store(&shared->ready, 1);
        }
        sleep(60);
        _exit(0);
    }
    for (int i = 0; i < 5000 && !atomic_load(&shared->ready); i++) {
        usleep(1000);
    }
    ok(shared->ready == 1, "another process holds both slots");
    ok(anshin_slot_acquire(&slot, slots, NULL) == ANSHIN_EBUSY, "without waiting: busy at once");
    start = apr_time_now();
    status = crypto->password_verify(crypto->ctx, &verdict, NULL, "password", 8, NULL);
    waited = elapsed_since(start);
    ok(status == ANSHIN_EBUSY && !verdict.match && !verdict.stale, "a verification is busy, nothing was computed (S4)");
    ok(waited >= 140 && waited < 2000, "after the time it was told to wait: %d ms (S4)", (int)waited);
    ok(crypto->password_hash(crypto->ctx, phc, "password", 8) == ANSHIN_EBUSY && same_text(phc, "untouched"),
       "so is a hash, and its buffer is left alone");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ok(crypto->password_hash(crypto->ctx, phc, "password", 8) == APR_SUCCESS,
       "its holder killed, the kernel has given the slots back (S4)");
    ok(anshin_slot_acquire(&slot, slots, NULL) == APR_SUCCESS &&
           anshin_slot_acquire(&second, slots, NULL) == APR_SUCCESS &&
           anshin_slot_acquire(&third, slots, NULL) == ANSHIN_EBUSY,
       "both of them, and not a third");
    anshin_slot_release(slots, slot);
    anshin_slot_release(slots, second);
    ok(anshin_slot_acquire(&slot, slots, NULL) == APR_SUCCESS, "one that was released can be had again");
    anshin_slot_release(slots, slot);
}

static void test_forked_copy(void)
{
    anshin_crypto_t *crypto = open_crypto(MEMORY, 1, 1, 1, apr_time_from_sec(5));
    pid_t child = fork();

    if (child == 0) {
        char phc[ANSHIN_PHC_MAX];

        _exit(crypto->password_hash(crypto->ctx, phc, "x", 1) == ANSHIN_EFAULT ? 0 : 1);
    }
    ok(all_succeeded(&child, 1), "a forked copy would share the locks of its parent: a fault");
}

static void test_files(void)
{
    struct stat facts;
    anshin_error_t err;
    anshin_slots_t *slots;
    const anshin_slot_limits_t limits = {.count = 1, .arena_size = 4096};
    const char *other = apr_pstrcat(pool, directory, "/other", NULL);

    ok(stat(apr_pstrcat(pool, directory, "/slot.1", NULL), &facts) == 0 && (facts.st_mode & 07777) == 0660,
       "slot files have mode 0660 whatever the umask (S31)");
    anshin_error_clear(&err);
    ok(anshin_slots_open(&slots, other, &limits, &err, pool) == ANSHIN_EFAULT && err.id[0] == 'A',
       "a directory that is not there: a fault (%s)", err.text);
    anshin_error_clear(&err);
    ok(mkdir(other, 0700) == 0 && symlink("/dev/null", apr_pstrcat(pool, other, "/slot.0", NULL)) == 0 &&
           anshin_slots_open(&slots, other, &limits, &err, pool) == ANSHIN_EFAULT,
       "a symbolic link in place of a slot file: a fault (%s)", err.text);
}

/* libargon2 is trusted to clear the memory it worked in; the arena outlives the hash, so this is looked at. */
static void test_arena_is_cleared(void)
{
    anshin_crypto_t *crypto = open_crypto(MEMORY, 1, 1, 1, apr_time_from_sec(5));
    context_t *context = crypto->ctx;
    char phc[ANSHIN_PHC_MAX];
    anshin_slot_t *slot = NULL;
    const unsigned char *before = NULL;
    const unsigned char *octets = NULL;
    apr_size_t dirty = 0;

    if (anshin_slot_acquire(&slot, context->slots, NULL) == APR_SUCCESS) {
        before = slot->arena;
        memset(slot->arena, 0xaa, MEMORY_OCTETS);
        anshin_slot_release(context->slots, slot);
    }
    crypto->password_hash(crypto->ctx, phc, "password", 8);
    if (anshin_slot_acquire(&slot, context->slots, NULL) == APR_SUCCESS) {
        octets = slot->arena;
    }
    ok(octets != NULL && octets == before, "an arena is used again");
    for (apr_size_t i = 0; octets != NULL && i < MEMORY_OCTETS; i++) {
        dirty += octets[i] != 0;
    }
    if (octets != NULL) {
        anshin_slot_release(context->slots, slot);
    }
    ok(before != NULL && dirty == 0, "after a hash it is clear: %d octets are not zero", (int)dirty);
}

/* --- the dummy costs what a real one costs --- */

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double verify_ms(anshin_crypto_t *crypto, const char *phc)
{
    double start = cpu_ms();
    anshin_verdict_t verdict;

    if (crypto->password_verify(crypto->ctx, &verdict, phc, "password", 8, NULL) != APR_SUCCESS) {
        return 1e9;
    }
    return cpu_ms() - start;
}

/* Each the best of several, taken in turns: whatever else the machine does only adds. */
static void test_dummy_cost(void)
{
    anshin_crypto_t *crypto = open_crypto(8192, 1, 1, 1, apr_time_from_sec(5));
    char phc[ANSHIN_PHC_MAX];
    double real = 1e6;
    double dummy = 1e6;

    crypto->password_hash(crypto->ctx, phc, "another", 7);
    for (int i = 0; i < 25; i++) {
        double one = verify_ms(crypto, phc);
        double two = verify_ms(crypto, NULL);

        real = one < real ? one : real;
        dummy = two < dummy ? two : dummy;
    }
    ok(real < 1e6 && dummy > real * 0.75 && dummy < real * 1.33,
       "a dummy costs what a real one does (S8): %.2f and %.2f ms of CPU", dummy, real);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    scratch_write(apr_pstrcat(pool, directory, "/key", NULL), "0123456789abcdef0123456789abcdef", 32, 0640);
    umask(077);
    test_arena_is_cleared();
    test_hash_and_verify();
    test_vectors();
    test_garbled();
    test_string_ends();
    test_settings();
    test_processes();
    test_threads();
    test_killed_holder();
    test_forked_copy();
    test_files();
    test_dummy_cost();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
