/*
 * Verbs as functions that are run again (core/context/op.h): a busy transaction is, at most so often and not for long;
 * nothing else is (S21).
 */
#include <apr_general.h>
#include <apr_strings.h>

#include "core/context/op.h"
#include "core/context/own.h"
#include "unit/fault_store.h"
#include "unit/fixture.h"
#include "unit/tap.h"

static fixture_t fixture;

typedef struct work_t {
    int runs;
    apr_status_t answer;      /* of the others */
    apr_interval_time_t time; /* that a run takes */
    int durable;              /* the work says so itself */
    int jobs, wait;           /* what stood in op when the last run began */
} work_t;

static apr_status_t work(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    work_t *work = baton;
    anshin_fact_t fact = {.at = 0};
    apr_status_t status;

    work->runs++;
    work->jobs = op->jobs_queued;
    work->wait = op->wait_until != 0;
    op->jobs_queued = 1;
    op->wait_until = 1;
    fixture.now += work->time;
    if (work->durable) {
        anshin_txn_durable(txn);
    }
    status = anshin_txn_get(txn, &anshin_record_fact, "runs", &fact);
    fact.at++;
    if ((status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) ||
        (status = anshin_txn_put(txn, &anshin_record_fact, "runs", &fact)) != APR_SUCCESS) {
        return status;
    }
    return work->answer;
}

/* How often the work was committed since the last call. */
static int committed(void)
{
    static apr_time_t before;
    anshin_fact_t fact = {.at = 0};
    apr_time_t last = before;

    fault_arm(FAULT_NONE, 0, APR_SUCCESS);
    (void)fixture_get(&fixture, &anshin_record_fact, "runs", &fact);
    before = fact.at;
    return (int)(before - last);
}

/* One verb over a store whose first so many calls of a name answer. */
static apr_status_t run(work_t *of, anshin_op_t *op, const char *call, int times, apr_status_t answer)
{
    fault_arm_first(call, times, answer);
    return anshin_op_write(op, ANSHIN_LAZY, work, of);
}

static void test_busy(void)
{
    static const char *const calls[] = {"begin", "get", "put", "commit"};

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        int begins = strcmp(calls[i], "begin") == 0;
        anshin_op_t *op = fixture_op(&fixture);
        work_t once = {.runs = 0}, twice = {.runs = 0}, always = {.runs = 0};

        ok(run(&once, op, calls[i], 1, ANSHIN_EBUSY) == APR_SUCCESS && once.runs == 2 - begins && committed() == 1,
           "busy at %s once: done once, in the second run", calls[i]);
        ok(op->error.status == APR_SUCCESS && op->jobs_queued == 1, "%s: no cause is left, the work's results are",
           calls[i]);
        ok(once.jobs == 0 && once.wait == 0, "%s: each run finds the operation as the verb had it", calls[i]);
        op->jobs_queued = 1;
        ok(run(&twice, op, calls[i], 2, ANSHIN_EBUSY) == APR_SUCCESS && twice.jobs == 1 && committed() == 1,
           "busy at %s twice: done once, and what was queued before is not forgotten", calls[i]);
        ok(run(&always, op, calls[i], 100, ANSHIN_EBUSY) == ANSHIN_EBUSY &&
               always.runs == (begins ? 0 : ANSHIN_OP_RUNS) && fault_fired == ANSHIN_OP_RUNS && committed() == 0,
           "busy at %s for ever: run %d times, busy is the answer and nothing is done", calls[i], ANSHIN_OP_RUNS);
    }
}

static void test_others(void)
{
    static const apr_status_t answers[] = {ANSHIN_EBUSY, ANSHIN_EDENIED, ANSHIN_ENOTFOUND, ANSHIN_EFAULT};

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        work_t of = {.answer = answers[i]};

        ok(run(&of, fixture_op(&fixture), "", 0, APR_SUCCESS) == answers[i] && of.runs == 1 && committed() == 0,
           "the work's own answer \"%s\" is the verb's: nothing is written, nothing run again",
           anshin_status_name(answers[i]));
    }
    for (size_t i = 0; i < 4; i++) {
        static const char *const calls[] = {"begin", "get", "put", "commit"};
        work_t of = {.runs = 0};

        ok(run(&of, fixture_op(&fixture), calls[i], 1, ANSHIN_EFAULT) == ANSHIN_EFAULT && of.runs == (i != 0) &&
               committed() == 0,
           "broken at %s, or not known whether it was done: not run again", calls[i]);
    }
}

static void test_patience(void)
{
    work_t quick = {.time = ANSHIN_OP_PATIENCE / 2 - 1}, slow = {.time = ANSHIN_OP_PATIENCE};

    ok(run(&slow, fixture_op(&fixture), "commit", 1, ANSHIN_EBUSY) == ANSHIN_EBUSY && slow.runs == 1 &&
           committed() == 0,
       "what the provider has waited for is not waited for anew");
    ok(run(&quick, fixture_op(&fixture), "commit", 2, ANSHIN_EBUSY) == APR_SUCCESS && quick.runs == 3 &&
           committed() == 1,
       "within its patience it is run again");
}

/* --- reads --- */

static apr_status_t read_runs(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    work_t *work = baton;
    anshin_fact_t fact;

    (void)op;
    work->runs++;
    return anshin_txn_get(txn, &anshin_record_fact, "runs", &fact);
}

static apr_status_t get_runs(anshin_op_t *op, anshin_op_fn *unused, void *work)
{
    anshin_fact_t fact;

    (void)unused;
    (void)work;
    return anshin_op_get(op, &anshin_record_fact, "runs", &fact);
}

static void test_reads(void)
{
    static const struct {
        const char *name;
        apr_status_t (*verb)(anshin_op_t *op, anshin_op_fn *fn, void *baton);
    } verbs[] = {{"a read", anshin_op_read}, {"a look", anshin_op_look}, {"one record", get_runs}};
    static const char *const calls[] = {"begin", "get"};
    work_t of = {.runs = 0};

    (void)run(&of, fixture_op(&fixture), "", 0, APR_SUCCESS);
    for (size_t i = 0; i < 2 * sizeof(verbs) / sizeof(verbs[0]); i++) {
        const char *call = calls[i % 2];
        const char *name = verbs[i / 2].name;
        anshin_op_t *op = fixture_op(&fixture);

        fault_arm_first(call, 2, ANSHIN_EBUSY);
        ok(verbs[i / 2].verb(op, read_runs, &of) == APR_SUCCESS && fault_fired == 2 && op->error.status == APR_SUCCESS,
           "%s that is busy at %s twice answers", name, call);
        fault_arm_first(call, 100, ANSHIN_EBUSY);
        ok(verbs[i / 2].verb(op, read_runs, &of) == ANSHIN_EBUSY && fault_fired == ANSHIN_OP_RUNS,
           "%s that is busy at %s for ever says so", name, call);
        fault_arm_first(call, 1, ANSHIN_EFAULT);
        ok(verbs[i / 2].verb(op, read_runs, &of) == ANSHIN_EFAULT && fault_fired == 1,
           "%s that is broken at %s is not run again", name, call);
    }
    fault_arm_first("commit", 1, ANSHIN_EBUSY);
    ok(anshin_op_read(fixture_op(&fixture), read_runs, &of) == APR_SUCCESS && fault_fired == 0,
       "a read has nothing to commit: when all is read no more can go wrong");
    (void)committed();
}

static apr_status_t count_own(void *count, const char *key, const void *record)
{
    (void)key;
    (void)record;
    ++*(int *)count;
    return APR_SUCCESS;
}

static void test_own_walk(void)
{
    const anshin_mail_t mail = {.contract = "p-01", .user = "taro"};
    anshin_op_t *op = fixture_op(&fixture);
    int count = 0;

    fault_arm(FAULT_NONE, 0, APR_SUCCESS);
    fixture_put(&fixture, &anshin_record_mail, "m1", &mail);
    fixture_put(&fixture, &anshin_record_mail, "m2", &mail);
    fault_arm_first("each", 1, ANSHIN_EBUSY);
    ok(anshin_own_each(op, &anshin_record_mail, "", count_own, &count) == APR_SUCCESS && count == 2,
       "a walk that meets others before it has handed out anything is walked anew");
    count = 0;
    fault_arm_first("each end", 1, ANSHIN_EBUSY);
    ok(anshin_own_each(op, &anshin_record_mail, "", count_own, &count) == ANSHIN_EBUSY && count == 2 &&
           strcmp(op->error.id, "AN1143") == 0,
       "later nothing is handed out twice: busy is the answer");
}

static apr_status_t answer_busy(void *baton, const char *key, const void *record)
{
    (void)baton;
    (void)key;
    (void)record;
    return ANSHIN_EBUSY;
}

static apr_status_t walk(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    (void)op;
    ++*(int *)baton;
    return anshin_txn_each(txn, &anshin_record_fact, "", answer_busy, NULL);
}

static void test_walks(void)
{
    int runs = 0;

    fault_arm(FAULT_NONE, 0, APR_SUCCESS);
    ok(anshin_op_write(fixture_op(&fixture), ANSHIN_LAZY, walk, &runs) == ANSHIN_EBUSY && runs == 1,
       "a visitor's own answer is not the store's");
    fault_arm_first("each", 1, ANSHIN_EBUSY);
    ok(anshin_op_write(fixture_op(&fixture), ANSHIN_LAZY, walk, &runs) == ANSHIN_EBUSY && runs == 3,
       "a walk that meets others is run again");
}

static void test_durability(void)
{
    work_t of = {.runs = 0}, durable = {.durable = 1};
    anshin_op_t *op = fixture_op(&fixture);

    (void)run(&of, fixture_op(&fixture), "", 0, APR_SUCCESS);
    ok(fault_durability == ANSHIN_LAZY, "as durable as the verb says");
    (void)run(&durable, fixture_op(&fixture), "", 0, APR_SUCCESS);
    ok(fault_durability == ANSHIN_DURABLE, "or durable, where the work says so");
    op->gathers = 1;
    (void)anshin_op_write(op, ANSHIN_DURABLE, work, &of);
    ok(fault_durability == ANSHIN_LAZY, "IMP-1: what gathers is lazy");
    (void)anshin_op_write(op, ANSHIN_DURABLE, work, &durable);
    ok(fault_durability == ANSHIN_DURABLE, "but where the work says so");
    (void)anshin_op_write(op, ANSHIN_DURABLE, work, &of);
    ok(anshin_op_sync(op) == APR_SUCCESS && fault_durability == ANSHIN_SYNC,
       "IMP-1: and durable when that is asked for");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fault_make_store();
    fixture_open(&fixture, &fault_store, NULL, pool);
    test_busy();
    test_others();
    test_patience();
    test_walks();
    test_reads();
    test_own_walk();
    test_durability();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
