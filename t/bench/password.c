/*
 * What hashing a password costs: ours through the slots, against a bare loop of libargon2 that allocates for each call
 * (the baseline), and against one that has an arena and nothing else (the floor). 46 MiB, 1 pass, 1 lane.
 * Goal: at least 1.5 times the baseline.
 *
 * Then what else a login costs: the whole verb, with certificate, over the dbm store with durable commits, less the
 * hash. Goal: 0.3 ms of CPU. In turns with the same without the audit trail: what that adds is at most 5 % of a login
 * with its hash. Ends with 1 where a goal is missed.
 */
#include <sys/mman.h>

#include "crypto/keyfile.h"
#include "unit/users.h"
#include "bare_hash.h"
#include "bench.h"

#include "core/audit/trail.h"
#include "store/dbm/store_dbm.h"

#define MEMORY 47104 /* KiB */
#define ROUNDS 31
#define GOAL 1.5
#define LOGINS 200
#define LOGIN_GOAL 300.0 /* microseconds */
#define TRAIL_GOAL 5.0   /* per cent */

static anshin_crypto_t *crypto;
static char phc[ANSHIN_PHC_MAX];

static void baseline(void)
{
    uint8_t out[32];

    bench_must(argon2id_hash_raw(1, MEMORY, 1, "password", 8, "0123456789abcdef", 16, out, sizeof(out)) == ARGON2_OK,
               "libargon2");
}

static void bare(void)
{
    bench_must(bare_hash(MEMORY) == ARGON2_OK, "libargon2");
}

static void ours(void)
{
    anshin_verdict_t verdict;

    bench_must(crypto->password_verify(crypto->ctx, &verdict, phc, "password", 8, NULL) == APR_SUCCESS && verdict.match,
               "password_verify");
}

/* --- the rest of a login ------------------------------------------------------------------------------------------ */

static fixture_t fixture;
static const anshin_crypto_t *real;
static double hash_us;

/* The same check, and what it took. */
static apr_status_t verify_timed(void *ctx, anshin_verdict_t *verdict, const char *hash, const char *secret,
                                 apr_size_t length, const anshin_hash_place_t *place)
{
    double start = bench_thread_us();
    apr_status_t status = real->password_verify(ctx, verdict, hash, secret, length, place);

    hash_us += bench_thread_us() - start;
    return status;
}

static double login_us(const anshin_presented_t *presented)
{
    anshin_login_facts_t facts = {"usr001", USERS_PASSWORD, presented, NULL, NULL, 0};
    double start = bench_cpu_us();

    hash_us = 0;
    for (int i = 0; i < LOGINS; i++) {
        anshin_login_result_t result;
        apr_pool_t *pool;
        anshin_op_t op;

        apr_pool_create(&pool, fixture.pool);
        fixture.now += apr_time_from_sec(3600); /* a session is not the newest of many */
        anshin_op_init(&op, &fixture.env, &fixture.contract, &(anshin_actor_t){.address = "192.0.2.7"}, pool);
        bench_must(anshin_login(&op, &facts, &result) == APR_SUCCESS && result.outcome == ANSHIN_LOGIN_OK, "login");
        apr_pool_destroy(pool);
    }
    return (bench_cpu_us() - start - hash_us) / LOGINS;
}

static void prepare_login(anshin_presented_t *presented, apr_pool_t *pool)
{
    static anshin_crypto_t timed;

    fixture_open(&fixture, &anshin_store_dbm, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    (void)users_register(&fixture, "usr001", ANSHIN_METHOD_CERTIFICATE);
    *presented = users_certificate(&fixture, "usr001", 1, "4a01");
    presented->not_after += apr_time_from_sec(10 * 365 * 86400);
    real = fixture.env.crypto;
    timed = *real;
    timed.password_verify = verify_timed;
    fixture.env.crypto = &timed;
}

/* A goal of the value. */
static int print_login(const char *name, const char *unit, const double *values, const double *baseline, double goal)
{
    bench_row_t row = {.section = "login",
                       .name = name,
                       .unit = unit,
                       .kind = goal > 0 ? BENCH_AT_MOST : BENCH_NO_GOAL,
                       .goal = goal,
                       .of_value = 1};
    double sorted[ROUNDS];

    memcpy(sorted, values, sizeof(sorted));
    row.value = bench_spread(sorted, ROUNDS);
    if (baseline != NULL) {
        row.ratio = bench_ratios(values, baseline, ROUNDS, BENCH_COST);
        row.cpu_us = row.value.median;
    }
    return bench_print(&row);
}

/* hash: of one check, that of the section before. */
static int measure_login(double hash, apr_pool_t *pool)
{
    double without[ROUNDS];
    double with[ROUNDS];
    double share[ROUNDS];
    anshin_presented_t presented;

    prepare_login(&presented, pool);
    for (int i = -1; i < ROUNDS; i++) {
        double us[2];

        fixture.env.audit = NULL;
        us[0] = login_us(&presented);
        fixture.env.audit = &anshin_trail;
        us[1] = login_us(&presented);
        if (i >= 0) {
            without[i] = us[0];
            with[i] = us[1];
            share[i] = (us[1] - us[0]) / (us[0] + hash) * 100;
        }
    }
    return print_login("login with certificate, all but the hash and the trail", "us CPU", without, without, 0) +
           print_login("login with certificate, all but the hash", "us CPU", with, without, LOGIN_GOAL) +
           print_login("the trail's part of a login with its hash", "%", share, NULL, TRAIL_GOAL);
}

static void prepare(apr_pool_t *pool)
{
    anshin_crypto_settings_t settings = {.memory = MEMORY, .passes = 1, .lanes = 1, .wait = apr_time_from_sec(5)};
    anshin_error_t err;

    anshin_error_clear(&err);
    settings.slot_dir = scratch_directory(pool);
    settings.key_file = apr_pstrcat(pool, settings.slot_dir, "/key", NULL);
    bench_must(anshin_seal_key_create(settings.key_file, (gid_t)-1, &err, pool) == APR_SUCCESS &&
                   anshin_crypto_open(&crypto, &settings, &err, pool) == APR_SUCCESS &&
                   crypto->password_hash(crypto->ctx, phc, "password", 8) == APR_SUCCESS,
               "preparation");
    bare_arena = mmap(NULL, (size_t)MEMORY * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_must(bare_arena != MAP_FAILED, "mmap");
}

int main(void)
{
    static bench_t benches[] = {{.name = "libargon2, malloc for each call", .run = baseline},
                                {.name = "libargon2, an arena", .run = bare},
                                {.name = "Anshin, through a slot", .run = ours, .kind = BENCH_AT_LEAST, .goal = GOAL}};
    bench_section_t section = {"password", benches, 3, bench_quick() ? 5 : ROUNDS, 1, BENCH_SPEED};
    apr_pool_t *pool;
    int missed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    prepare(pool);
    missed = bench_run(&section);
    missed += measure_login(benches[2].median, pool);
    apr_pool_destroy(pool);
    return missed != 0;
}
