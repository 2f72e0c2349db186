/*
 * What hashing a password costs: ours through the slots, against a bare loop of libargon2 that allocates for each call
 * (the baseline), and against one that has an arena and nothing else (the floor). 46 MiB, 1 pass, 1 lane.
 * Goal: at least 1.5 times the baseline. Ends with 1 where it is missed.
 */
#include <argon2.h>
#include <sys/mman.h>

#include <apr_general.h>

#include "crypto/crypto.h"

#include "../unit/scratch.h"
#include "bench.h"

#define MEMORY 47104 /* KiB */
#define ROUNDS 31
#define GOAL 1.5

static anshin_crypto_t *crypto;
static char phc[ANSHIN_PHC_MAX];
static uint8_t *arena;

static void baseline(void)
{
    uint8_t out[32];

    bench_must(argon2id_hash_raw(1, MEMORY, 1, "password", 8, "0123456789abcdef", 16, out, sizeof(out)) == ARGON2_OK,
               "libargon2");
}

static int take(uint8_t **memory, size_t size)
{
    (void)size;
    *memory = arena;
    return ARGON2_OK;
}

static void give(uint8_t *memory, size_t size)
{
    (void)memory;
    (void)size;
}

static void bare(void)
{
    uint8_t out[32];
    argon2_context context = {.out = out,
                              .outlen = sizeof(out),
                              .pwd = (uint8_t *)"password",
                              .pwdlen = 8,
                              .salt = (uint8_t *)"0123456789abcdef",
                              .saltlen = 16,
                              .t_cost = 1,
                              .m_cost = MEMORY,
                              .lanes = 1,
                              .threads = 1,
                              .version = ARGON2_VERSION_13,
                              .allocate_cbk = take,
                              .free_cbk = give};

    bench_must(argon2id_ctx(&context) == ARGON2_OK, "libargon2");
}

static void ours(void)
{
    int match;
    int stale;

    bench_must(crypto->password_verify(crypto->ctx, &match, &stale, phc, "password", 8) == APR_SUCCESS && match,
               "password_verify");
}

int main(void)
{
    bench_t benches[] = {{.name = "libargon2, malloc for each call", .run = baseline},
                         {.name = "libargon2, an arena", .run = bare},
                         {.name = "Anshin, through a slot", .run = ours}};
    apr_pool_t *pool;
    anshin_error_t err;
    anshin_crypto_settings_t settings = {.memory = MEMORY, .passes = 1, .lanes = 1, .wait = apr_time_from_sec(5)};
    double ratio;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_error_clear(&err);
    settings.slot_dir = scratch_directory(pool);
    settings.key_file = apr_pstrcat(pool, settings.slot_dir, "/key", NULL);
    bench_must(anshin_seal_key_create(settings.key_file, &err, pool) == APR_SUCCESS &&
                   anshin_crypto_open(&crypto, &settings, &err, pool) == APR_SUCCESS &&
                   crypto->password_hash(crypto->ctx, phc, "password", 8) == APR_SUCCESS,
               "preparation");
    arena = mmap(NULL, (size_t)MEMORY * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_must(arena != MAP_FAILED, "mmap");
    bench_run(benches, 3, ROUNDS);
    ratio = benches[0].median / benches[2].median;
    printf("ratio to malloc for each call: %.2f (goal %.1f)\n", ratio, GOAL);
    printf("over the bare arena: %+.3f ms\n", benches[2].median - benches[1].median);
    apr_pool_destroy(pool);
    return ratio >= GOAL ? 0 : 1;
}
