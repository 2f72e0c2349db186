/*
 * Search in part at the help desk over 100,000 users, each with a name and an organisation in Japanese and one address:
 * by a walk (the baseline), and by the index of the process: as it is while somebody types, with what 100 logins and 10
 * changes of names have written in between, and from nothing, as the first search of a process finds it. In turns, from
 * the dbm store; CPU of the thread that searches, which waits for nothing. Goal: at most 50 ms. Memory of the index: at
 * most 200 octets a user. Ends with 1 where a goal is missed.
 */
#include "unit/helpdesk.h"
#include "bench.h"

#include "core/desk/find.h"
#include "core/desk/index.h"
#include "store/dbm/store_dbm.h"

#define USERS 100000
#define BATCH 500
#define ROUNDS 7
#define LOGINS 100
#define RENAMED 10
#define GOAL_MS 50.0
#define GOAL_OCTETS 200.0

enum { WALK, WARM, CHANGED, COLD, WAYS };
static const char *const names[WAYS] = {"search in part, by a walk", "search in part, by the index",
                                        "search in part, by the index, behind 100 logins and 10 changes",
                                        "search in part, the first one of a process"};

static int users = USERS;
static double ms[WAYS][BENCH_ROUNDS_MAX];

static anshin_account_t account_of_index(apr_pool_t *pool, int index)
{
    static const char *const family[] = {"山田", "佐藤", "髙橋", "鈴木", "伊藤", "渡辺", "中村", "小林"};
    static const char *const given[] = {"太郎", "花子", "健一", "美咲", "翔", "陽菜", "大輔"};

    return (anshin_account_t){.contract = "p-01",
                              .user = apr_psprintf(pool, "usr%07d", index),
                              .number = "1",
                              .state = ANSHIN_ACCOUNT_ACTIVE,
                              .method = ANSHIN_METHOD_CERTIFICATE,
                              .name = apr_psprintf(pool, "%s %s", family[index % 8], given[index % 7]),
                              .organisation = apr_psprintf(pool, "第%d営業所 株式会社", index % 500)};
}

static void put_account(anshin_txn_t *txn, const anshin_account_t *account, apr_pool_t *pool)
{
    const char *key = apr_pstrcat(pool, "p-01/", account->user, NULL);

    bench_must(anshin_txn_put(txn, &anshin_record_account, key, account) == APR_SUCCESS, "put");
}

static void load(apr_pool_t *parent)
{
    apr_pool_t *pool;
    anshin_error_t err = {0};

    apr_pool_create(&pool, parent);
    for (int index = 0; index < users;) {
        anshin_txn_t *txn;

        apr_pool_clear(pool);
        bench_must(anshin_txn_begin(&txn, fixture.env.store, ANSHIN_TXN_WRITE, &err, pool) == APR_SUCCESS, "begin");
        for (int i = 0; i < BATCH && index < users; i++, index++) {
            const anshin_account_t account = account_of_index(pool, index);
            const anshin_terminal_t terminal = {.contract = "p-01",
                                                .user = account.user,
                                                .number = 1,
                                                .address = apr_pstrcat(pool, account.user, "@example.jp", NULL)};

            put_account(txn, &account, pool);
            bench_must(anshin_txn_put(txn, &anshin_record_terminal,
                                      apr_pstrcat(pool, "p-01/", account.user, "/1", NULL), &terminal) == APR_SUCCESS,
                       "put");
        }
        bench_must(anshin_txn_commit(txn, ANSHIN_LAZY) == APR_SUCCESS, "commit");
    }
    apr_pool_destroy(pool);
}

/* What nobody else has written since: a login changes an account and nothing that is looked for. */
static void change(apr_pool_t *pool, int round)
{
    anshin_error_t err = {0};

    for (int i = 0; i < LOGINS; i++) {
        anshin_account_t account = account_of_index(pool, (round * 7919 + i * 997) % users);
        anshin_txn_t *txn;

        account.last_login_at = fixture.now + round;
        account.name = i < RENAMED ? apr_psprintf(pool, "新しい名 %d", round) : account.name;
        bench_must(anshin_txn_begin(&txn, fixture.env.store, ANSHIN_TXN_WRITE, &err, pool) == APR_SUCCESS, "begin");
        put_account(txn, &account, pool);
        bench_must(anshin_txn_commit(txn, ANSHIN_LAZY) == APR_SUCCESS, "commit");
    }
}

static double search(anshin_desk_index_t *index, apr_pool_t *pool, const char *part, int wanted)
{
    const anshin_staff_t staff = {.contract = &staff_contract, .user = "d", .role = ANSHIN_ROLE_VIEWER};
    const double start = bench_thread_us();
    anshin_found_t found;
    anshin_op_t op;

    fixture.env.desk_index = index;
    anshin_op_init(&op, &fixture.env, &staff_contract, &anshin_actor_worker, pool);
    bench_must(anshin_desk_find(&op, &staff, part, ANSHIN_FIND_TYPING, &found) == APR_SUCCESS, op.error.text);
    bench_must(wanted < 0 || found.users->nelts == wanted, "what was looked for");
    return (bench_thread_us() - start) / 1e3;
}

static void measure(anshin_desk_index_t *index, apr_pool_t *parent, int round)
{
    const char *part = apr_psprintf(parent, "%07d@", round * 11);
    anshin_desk_index_t *cold;
    anshin_error_t err = {0};
    apr_pool_t *pool;

    apr_pool_create(&pool, parent);
    bench_must(anshin_desk_index_open(&cold, &fixture.env, ANSHIN_DESK_INDEX_MOST, &err, pool) == APR_SUCCESS, "index");
    ms[WALK][round] = search(NULL, pool, part, 1);
    (void)search(index, pool, part, 1);
    ms[WARM][round] = search(index, pool, "新しい名", -1);
    change(pool, round);
    ms[CHANGED][round] = search(index, pool, part, 1);
    ms[COLD][round] = search(cold, pool, part, 1);
    apr_pool_destroy(pool);
}

static int report(anshin_desk_index_t *index)
{
    apr_size_t count, octets;
    int missed = 0;

    for (int way = 0; way < WAYS; way++) {
        bench_row_t row = {.section = "search",
                           .name = names[way],
                           .unit = "ms CPU",
                           .kind = way == WARM || way == CHANGED ? BENCH_AT_MOST : BENCH_NO_GOAL,
                           .goal = GOAL_MS,
                           .of_value = 1};
        double values[BENCH_ROUNDS_MAX];

        memcpy(values, ms[way], sizeof(values));
        row.ratio = bench_ratios(ms[way], ms[WALK], ROUNDS, BENCH_COST);
        row.value = bench_spread(values, ROUNDS);
        missed += bench_print(&row);
    }
    anshin_desk_index_size(index, &count, &octets);
    bench_must(count == (apr_size_t)users, "users in the index");
    {
        const double each = (double)octets / (double)count;
        const bench_row_t row = {.section = "search",
                                 .name = "memory of the index, for each user",
                                 .unit = "octets",
                                 .value = {each, each, each},
                                 .kind = BENCH_AT_MOST,
                                 .goal = GOAL_OCTETS,
                                 .of_value = 1};

        missed += bench_print(&row);
    }
    return missed;
}

int main(void)
{
    anshin_desk_index_t *index;
    anshin_error_t err = {0};
    apr_pool_t *pool;
    int missed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    contracts(pool);
    users = bench_quick() ? USERS / 10 : USERS;
    bench_must(anshin_store_open(&fixture.env.store, &anshin_store_dbm, scratch_directory(pool), &err, pool) ==
                   APR_SUCCESS,
               err.text);
    bench_must(anshin_desk_index_open(&index, &fixture.env, ANSHIN_DESK_INDEX_MOST, &err, pool) == APR_SUCCESS,
               "index");
    load(pool);
    (void)search(index, pool, "usr0000001", 1);
    for (int round = 0; round < ROUNDS; round++) {
        measure(index, pool, round);
    }
    missed = report(index);
    apr_pool_destroy(pool);
    return missed != 0;
}
