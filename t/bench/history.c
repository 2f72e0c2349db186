/*
 * One page of the login history (count of the window by bisection, 20 entries): of a user with 100,000 entries against
 * one with 20 (the baseline), from the dbm store with all of them behind a checkpoint. Goal: at most 3 times. Ends with
 * 1 where it is missed.
 */
#include "unit/fixture.h"
#include "bench.h"

#include "core/account/history.h"
#include "store/dbm/store_dbm.h"

#define MANY 100000
#define FEW 20
#define BATCH 500
#define PAGES 200
#define ROUNDS 31
#define GOAL 3.0

static fixture_t fixture;

static void fill(const char *user, int count)
{
    for (int done = 0; done < count;) {
        anshin_op_t *op = fixture_op(&fixture);
        anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

        for (int i = 0; i < BATCH && done < count; i++, done++) {
            anshin_history_t entry = {.at = fixture.now - apr_time_from_sec(count - done),
                                      .result = ANSHIN_HISTORY_LOGIN_OK,
                                      .address = "192.0.2.7",
                                      .terminal = 1};

            bench_must(anshin_history_add(op, txn, user, &entry) == APR_SUCCESS, "history");
        }
        bench_must(anshin_txn_commit(txn, ANSHIN_LAZY) == APR_SUCCESS, "commit");
    }
}

static apr_status_t look(void *baton, const anshin_history_t *entry)
{
    *(int *)baton += entry->terminal == 1;
    return APR_SUCCESS;
}

static void read_pages(const char *user, apr_int64_t expected)
{
    const anshin_account_t account = {.contract = fixture.contract.name, .user = user}; /* of nobody: entries alone */

    for (int i = 0; i < PAGES; i++) {
        anshin_op_t op;
        apr_pool_t *pool;
        anshin_txn_t *txn;
        apr_int64_t total;
        int seen = 0;

        apr_pool_create(&pool, fixture.pool);
        anshin_op_init(&op, &fixture.env, &fixture.contract, &anshin_actor_worker, pool);
        bench_must(anshin_txn_begin(&txn, fixture.env.store, ANSHIN_TXN_READ, &op.error, pool) == APR_SUCCESS, "begin");
        bench_must(anshin_history_count(&op, txn, &account, fixture.now - apr_time_from_sec(31 * 86400), &total) ==
                           APR_SUCCESS &&
                       total == expected,
                   "count");
        bench_must(anshin_history_read(&op, txn, &(anshin_history_walk_t){user, 0, -1}, 20, look, &seen) ==
                           APR_SUCCESS &&
                       seen == 20,
                   "read");
        anshin_txn_abort(txn);
        apr_pool_destroy(pool);
    }
}

static void few(void)
{
    read_pages("few", FEW);
}

static void many(void)
{
    read_pages("many", MANY);
}

int main(void)
{
    static bench_t benches[] = {
        {.name = "history page, user with 20 entries", .run = few},
        {.name = "history page, user with 100,000 entries", .run = many, .kind = BENCH_AT_MOST, .goal = GOAL}};
    bench_section_t section = {"history", benches, 2, ROUNDS, PAGES, BENCH_COST};
    apr_pool_t *pool;
    int missed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_dbm, NULL, pool);
    fill("few", FEW);
    fill("many", MANY);
    missed = bench_run(&section);
    apr_pool_destroy(pool);
    return missed != 0;
}
