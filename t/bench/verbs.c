/*
 * What the number of users does to the costs: each verb of the core in stores of 1,000, 100,000 and 1,000,000 users, in
 * turns, with the cheapest password hash so that it hides nothing; then what the large store costs by itself: opening
 * it, memory, a walk over all accounts, checkpoints, recovery.
 *
 * Goal for every verb: at most 3 times the CPU time that it takes with 1,000 users. What grows with the number of users
 * misses it by far. ANSHIN_BENCH_QUICK: 1,000 and 20,000 users. Ends with 1 where a goal
 * is missed.
 */
#include <signal.h>
#include <sys/wait.h>

#include "verbs.h"

#define SIZES 3
#define ROUNDS 7
#define CALLS 5 /* of a verb in a round; a user for each */
#define GROWTH_GOAL 3.0
#define READS 20000
#define CHILDREN 5
#define FOLDS 3
#define STALL_SECONDS 10
#define RECOVERIES 5

static dataset_t datasets[SIZES];
static int sizes;
static int missed;

typedef struct cost_t {
    double wall[ROUNDS * CALLS];
    double cpu[ROUNDS]; /* of a call, by round */
} cost_t;

static cost_t costs[SIZES][VERBS];

/* --- the verbs ---------------------------------------------------------------------------------------------------- */

static void call(dataset_t *dataset, const verb_t *verb, int number, double *wall, double *cpu)
{
    int index = (int)((long)number * dataset->users / ((ROUNDS + 1) * VERBS * CALLS));
    turn_t turn = {.dataset = dataset, .number = number};

    apr_pool_create(&turn.pool, dataset->fixture.pool);
    turn.user = dataset_user(turn.pool, index);
    turn.address = apr_psprintf(turn.pool, "198.51.%d.%d", number / 250, number % 250);
    turn.presented = dataset_peer(turn.pool, dataset, index);
    next_op(&turn);
    verb->prepare(&turn);
    next_op(&turn);
    *cpu -= bench_thread_us();
    *wall = -bench_wall_us();
    verb->run(&turn);
    *cpu += bench_thread_us();
    *wall += bench_wall_us();
    drain(&turn);
    apr_pool_destroy(turn.pool);
}

static void run_verbs(void)
{
    double unused[CALLS];

    for (int round = -1; round < ROUNDS; round++) {
        for (int verb = 0; verb < VERBS; verb++) {
            for (int size = 0; size < sizes; size++) {
                cost_t *cost = &costs[size][verb];
                double cpu = 0;

                for (int i = 0; i < CALLS; i++) {
                    call(&datasets[size], &verbs[verb], ((round + 1) * VERBS + verb) * CALLS + i,
                         round < 0 ? &unused[i] : &cost->wall[round * CALLS + i], &cpu);
                }
                if (round >= 0) {
                    cost->cpu[round] = cpu / CALLS;
                }
            }
        }
    }
}

static void print_verbs(apr_pool_t *pool)
{
    for (int size = 0; size < sizes; size++) {
        for (int verb = 0; verb < VERBS; verb++) {
            cost_t *cost = &costs[size][verb];
            bench_row_t row = {.section = apr_psprintf(pool, "verbs, %d users", datasets[size].users),
                               .name = verbs[verb].name,
                               .unit = "us",
                               .kind = size > 0 ? BENCH_AT_MOST : BENCH_NO_GOAL,
                               .goal = GROWTH_GOAL};
            double cpu[ROUNDS];

            row.ratio = bench_ratios(cost->cpu, costs[0][verb].cpu, ROUNDS, BENCH_COST);
            memcpy(cpu, cost->cpu, sizeof(cpu));
            row.cpu_us = bench_spread(cpu, ROUNDS).median;
            row.value = bench_spread(cost->wall, ROUNDS * CALLS);
            missed += bench_print(&row);
        }
    }
}

/* --- a process of its own ----------------------------------------------------------------------------------------- */

static double resident_kib(void)
{
    char line[256];
    double kib = 0;
    FILE *status = fopen("/proc/self/status", "r");

    if (status == NULL) {
        bench_must(0, "/proc/self/status");
        return 0;
    }
    while (fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kib = strtod(line + 8, NULL);
        }
    }
    bench_must(kib > 0, "RssAnon");
    fclose(status);
    return kib;
}

static void read_account(anshin_store_t *store, int index)
{
    anshin_error_t err = {0};
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    bench_must(anshin_txn_begin(&txn, store, ANSHIN_TXN_READ, &err, pool) == APR_SUCCESS &&
                   anshin_txn_get(txn, &anshin_record_account,
                                  apr_pstrcat(pool, "p-01/", dataset_user(pool, index), NULL), &account) == APR_SUCCESS,
               "account");
    anshin_txn_abort(txn);
    apr_pool_destroy(pool);
}

typedef struct child_t {
    double open_us; /* to open the store and read the first record */
    double kib;     /* of memory, with many records read */
} child_t;

static void be_child(const dataset_t *dataset, int out)
{
    unsigned seed = 1;
    anshin_store_t *store;
    anshin_error_t err = {0};
    apr_pool_t *pool;
    child_t child = {.kib = -resident_kib(), .open_us = -bench_wall_us()};

    apr_pool_create(&pool, NULL);
    bench_must(anshin_store_open(&store, &anshin_store_dbm, dataset->directory, &err, pool) == APR_SUCCESS, err.text);
    read_account(store, 0);
    child.open_us += bench_wall_us();
    for (int i = 0; i < READS; i++) {
        read_account(store, rand_r(&seed) % dataset->users);
    }
    child.kib += resident_kib();
    _exit(write(out, &child, sizeof(child)) == (ssize_t)sizeof(child) ? 0 : 1);
}

static child_t run_child(const dataset_t *dataset)
{
    child_t child;
    int ends[2];

    bench_must(pipe(ends) == 0, "pipe");
    if (fork() == 0) {
        be_child(dataset, ends[1]);
    }
    close(ends[1]);
    bench_must(read(ends[0], &child, sizeof(child)) == (ssize_t)sizeof(child), "child");
    close(ends[0]);
    (void)wait(NULL);
    return child;
}

static void measure_children(const dataset_t *dataset, const char *section)
{
    bench_row_t opening = {.section = section, .name = "a process opens the store and reads", .unit = "us"};
    bench_row_t memory = {.section = section, .name = "memory of it after 20,000 reads", .unit = "KiB"};
    double open_us[CHILDREN];
    double kib[CHILDREN];

    for (int i = 0; i < CHILDREN; i++) {
        child_t child = run_child(dataset);

        open_us[i] = child.open_us;
        kib[i] = child.kib;
    }
    opening.value = bench_spread(open_us, CHILDREN);
    memory.value = bench_spread(kib, CHILDREN);
    missed += bench_print(&opening) + bench_print(&memory);
}

/* --- the whole of it ---------------------------------------------------------------------------------------------- */

static void measure_walk(dataset_t *dataset, const char *section)
{
    bench_row_t row = {.section = section, .name = "walk over all accounts (htanshin user list)", .unit = "ms CPU"};
    double start = bench_thread_us();
    double ms;

    bench_must(fixture_count(&dataset->fixture, &anshin_record_account) >= dataset->users, "walk");
    ms = (bench_thread_us() - start) / 1e3;
    row.value = bench_spread(&ms, 1);
    missed += bench_print(&row);
}

/* A small lazy commit, as a session's. */
static double commit_us(dataset_t *dataset, apr_pool_t *pool, unsigned *seed)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    anshin_op_t op;
    double start;
    const char *user = dataset_user(pool, rand_r(seed) % dataset->users);

    anshin_op_init(&op, &dataset->fixture.env, &dataset->fixture.contract, &anshin_actor_worker, pool);
    start = bench_wall_us();
    bench_must(anshin_txn_begin(&txn, op.env->store, ANSHIN_TXN_WRITE, &op.error, op.pool) == APR_SUCCESS &&
                   anshin_account_get(&op, txn, user, &account) == APR_SUCCESS,
               op.error.text);
    account.last_login_at = op.now;
    bench_must(anshin_account_put(&op, txn, &account) == APR_SUCCESS &&
                   anshin_txn_commit(txn, ANSHIN_LAZY) == APR_SUCCESS,
               op.error.text);
    return bench_wall_us() - start;
}

/* CPU time and duration of a checkpoint: of all threads, less this one's. */
static void make_checkpoint(dataset_t *dataset, unsigned *seed, double *cpu_ms, double *ms)
{
    int before = dataset_base(dataset);
    double others = bench_cpu_us() - bench_thread_us();
    double start = bench_wall_us();
    apr_pool_t *pool;

    apr_pool_create(&pool, dataset->fixture.pool);
    for (int i = 0; dataset_base(dataset) == before; i++) {
        for (int j = 0; j < 500 && i < 40; j++) {
            apr_pool_clear(pool);
            (void)commit_us(dataset, pool, seed);
        }
        apr_sleep(i < 40 ? 0 : 20000);
        bench_must(bench_wall_us() - start < 300e6, "a checkpoint");
    }
    apr_pool_destroy(pool);
    *cpu_ms = (bench_cpu_us() - bench_thread_us() - others) / 1e3;
    *ms = (bench_wall_us() - start) / 1e3;
}

static void measure_checkpoints(apr_pool_t *pool)
{
    double cpu_ms[SIZES][FOLDS];
    double ms[SIZES][FOLDS];
    unsigned seed = 3;

    for (int i = 0; i < FOLDS; i++) {
        for (int size = 0; size < sizes; size++) {
            make_checkpoint(&datasets[size], &seed, &cpu_ms[size][i], &ms[size][i]);
        }
    }
    for (int size = 0; size < sizes; size++) {
        bench_row_t row = {.section = "checkpoints of 4 MiB, in the background",
                           .name = apr_psprintf(pool, "%d users", datasets[size].users),
                           .unit = "ms CPU"};

        row.ratio = bench_ratios(cpu_ms[size], cpu_ms[0], FOLDS, BENCH_COST);
        row.value = bench_spread(cpu_ms[size], FOLDS);
        row.cpu_us = row.value.median * 1e3;
        missed += bench_print(&row);
    }
}

/* How long a writer stands still: the longest commit of each second while checkpoints are made. */
static void measure_stalls(dataset_t *dataset, const char *section)
{
    bench_row_t row = {.section = section, .name = "longest commit of a second, checkpoints meanwhile", .unit = "us"};
    double longest[STALL_SECONDS] = {0};
    double start = bench_wall_us();
    unsigned seed = 4;
    apr_pool_t *pool;

    apr_pool_create(&pool, dataset->fixture.pool);
    for (int at = 0; at < STALL_SECONDS; at = (int)((bench_wall_us() - start) / 1e6)) {
        double us;

        apr_pool_clear(pool);
        us = commit_us(dataset, pool, &seed);
        longest[at] = us > longest[at] ? us : longest[at];
        apr_sleep(200);
    }
    apr_pool_destroy(pool);
    row.value = bench_spread(longest, STALL_SECONDS);
    missed += bench_print(&row);
}

/* The only process that has the store open is killed while it writes; the next one opens it. */
static double recover_ms(const dataset_t *dataset)
{
    anshin_error_t err = {0};
    anshin_store_t *store;
    apr_pool_t *pool;
    double start;
    pid_t pid = fork();

    apr_pool_create(&pool, NULL);
    if (pid == 0) {
        dataset_t own = *dataset;
        unsigned seed = 5;

        bench_must(anshin_store_open(&store, &anshin_store_dbm, dataset->directory, &err, pool) == APR_SUCCESS,
                   err.text);
        own.fixture.env.store = store;
        for (int i = 0; i < 4000; i++) {
            (void)commit_us(&own, pool, &seed);
        }
        (void)kill(getpid(), SIGKILL);
    }
    (void)waitpid(pid, NULL, 0);
    start = bench_wall_us();
    bench_must(anshin_store_open(&store, &anshin_store_dbm, dataset->directory, &err, pool) == APR_SUCCESS, err.text);
    read_account(store, 1);
    start = bench_wall_us() - start;
    apr_pool_destroy(pool);
    return start / 1e3;
}

static void measure_recovery(const dataset_t *dataset, const char *section)
{
    bench_row_t row = {.section = section, .name = "start after kill -9 of a writer", .unit = "ms"};
    double ms[RECOVERIES];

    apr_pool_destroy(dataset->open);
    for (int i = 0; i < RECOVERIES; i++) {
        ms[i] = recover_ms(dataset);
    }
    row.value = bench_spread(ms, RECOVERIES);
    missed += bench_print(&row);
}

int main(void)
{
    static const int full[SIZES] = {1000, 100000, 1000000};
    static const int quick[] = {1000, 20000};
    const char *section;
    apr_pool_t *pool;
    double start = bench_wall_us();

    apr_initialize();
    apr_pool_create(&pool, NULL);
    sizes = bench_quick() ? 2 : SIZES;
    for (int i = 0; i < sizes; i++) {
        dataset_open(&datasets[i], bench_quick() ? quick[i] : full[i], pool);
    }
    printf("loaded in %.0f s\n", (bench_wall_us() - start) / 1e6);
    run_verbs();
    print_verbs(pool);
    section = apr_psprintf(pool, "store, %d users", datasets[sizes - 1].users);
    measure_children(&datasets[sizes - 1], section);
    measure_walk(&datasets[sizes - 1], section);
    measure_stalls(&datasets[sizes - 1], section);
    measure_checkpoints(pool);
    measure_recovery(&datasets[sizes - 1], section);
    apr_pool_destroy(pool);
    return missed != 0;
}
