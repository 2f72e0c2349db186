/*
 * Works that are rehearsed (core/context/rehearsal.h): what they seal is put before the first read, and of what they
 * did not need nothing stays (S24); no guess is checked where it does not count (LCK-1).
 */
#include <apr_general.h>
#include <apr_strings.h>

#include "core/account/attempt.h"
#include "core/context/flow.h"
#include "core/context/rehearsal.h"
#include "unit/fault_store.h"
#include "unit/fixture.h"
#include "unit/tap.h"

static fixture_t fixture;

/* A work that reads a fact, draws a secret, and seals both. */
typedef struct work_t {
    int rehearsals, runs;
    const char *texts[2];  /* what a rehearsal and a run seal beside the secret; NULL: as the other does */
    const char *secret[2]; /* that the last of them drew */
    const char *blobs[2];  /* that the last run has: secret, text */
    apr_status_t answer[2];
} work_t;

static apr_status_t work(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    work_t *work = baton;
    int on = anshin_rehearsing(op);
    const char *text = work->texts[on] != NULL ? work->texts[on] : work->texts[!on];
    anshin_fact_t fact = {.at = 0};
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, "runs", &fact);

    *(on ? &work->rehearsals : &work->runs) += 1;
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    fact.at++;
    if ((status = anshin_txn_put(txn, &anshin_record_fact, "runs", &fact)) != APR_SUCCESS ||
        (status = anshin_secret_token(op, &work->secret[on])) != APR_SUCCESS ||
        (status = anshin_secret_blob_put(op, txn, &work->blobs[0], "secret", work->secret[on], ANSHIN_TOKEN_TEXT)) !=
            APR_SUCCESS ||
        (status = anshin_secret_blob_put(op, txn, &work->blobs[1], "text", text, strlen(text))) != APR_SUCCESS) {
        return status;
    }
    return work->answer[on];
}

static apr_status_t count_blob(void *count, const char *name, apr_time_t written_at)
{
    (void)name;
    (void)written_at;
    ++*(int *)count;
    return APR_SUCCESS;
}

static int blobs(void)
{
    anshin_error_t err;
    int count = 0;

    (void)anshin_blob_each(fixture.env.store, count_blob, &count, &err, fixture.pool);
    return count;
}

static int runs(void)
{
    anshin_fact_t fact = {.at = 0};

    (void)fixture_get(&fixture, &anshin_record_fact, "runs", &fact);
    return (int)fact.at;
}

static const char *text_of(const char *purpose, const char *name)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    anshin_bytes_t data;
    apr_status_t status = anshin_secret_blob_get(op, txn, &data, purpose, name);

    anshin_txn_abort(txn);
    return status == APR_SUCCESS ? apr_pstrmemdup(fixture.pool, (const char *)data.data, data.length) : "-";
}

static apr_status_t run(work_t *of)
{
    anshin_op_t *op = fixture_op(&fixture);
    apr_status_t status;

    fault_early_blobs = fault_late_blobs = 0;
    status = anshin_op_write_rehearsed(op, ANSHIN_LAZY, work, of);
    ok(op->rehearsal == NULL, "nothing of it is left in the operation");
    return status;
}

static void test_same(void)
{
    work_t of = {.texts = {"the same", NULL}};
    int before = blobs(), ran = runs();

    ok(run(&of) == APR_SUCCESS && of.rehearsals == 1 && of.runs == 1 && runs() == ran + 1,
       "run for itself alone, and once for good");
    ok(fault_early_blobs == 2 && fault_late_blobs == 0 && blobs() == before + 2,
       "its blobs are put before the first read, each once");
    ok(same_text(of.secret[0], of.secret[1]) && same_text(text_of("secret", of.blobs[0]), of.secret[0]) &&
           same_text(text_of("text", of.blobs[1]), "the same"),
       "both runs draw the same secret, and it is in the blob");
}

static void test_otherwise(void)
{
    work_t of = {.texts = {"now", "then"}};
    int before = blobs();

    ok(run(&of) == APR_SUCCESS && fault_early_blobs == 2 && fault_late_blobs == 1,
       "what is otherwise now is put where it is needed");
    ok(blobs() == before + 2 && same_text(text_of("text", of.blobs[1]), "now") &&
           same_text(text_of("secret", of.blobs[0]), of.secret[0]),
       "and what was for nothing is gone with the commit (S24)");
    ok(fault_durability == ANSHIN_DURABLE, "which is durable then");
}

static void test_denied(void)
{
    work_t then = {.texts = {"x", NULL}, .answer = {APR_SUCCESS, ANSHIN_EDENIED}};
    work_t now = {.texts = {"x", NULL}, .answer = {ANSHIN_EDENIED, APR_SUCCESS}};
    int before = blobs(), ran = runs();

    ok(run(&then) == ANSHIN_EDENIED && then.runs == 0 && fault_early_blobs == 0, "denied in the rehearsal: not run");
    ok(run(&now) == ANSHIN_EDENIED && now.runs == 1, "denied when it counts");
    ok(blobs() == before && runs() == ran, "either way nothing stays (S24)");
}

/* A step of a flow that another form was faster with: what it has not done, its flow does not know of (FLO-1). */
static apr_status_t step(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const apr_status_t *answers = baton;

    (void)txn;
    op->flow->stage = ANSHIN_STAGE_RESULT;
    op->flow->user = "taro";
    return answers[anshin_rehearsing(op)];
}

static void test_flow(void)
{
    static const apr_status_t answers[][2] = {
        {ANSHIN_EDENIED, APR_SUCCESS}, {APR_SUCCESS, ANSHIN_EDENIED}, {APR_SUCCESS, APR_SUCCESS}};

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        anshin_flow_t flow = {.kind = ANSHIN_FLOW_METHOD, .stage = ANSHIN_STAGE_OPENED, .user = ""};
        anshin_op_t *op = fixture_op(&fixture);
        int done = i == 2;

        op->flow = &flow;
        ok(anshin_op_write_rehearsed(op, ANSHIN_LAZY, step, (void *)(uintptr_t)answers[i]) == answers[i][i == 1] &&
               flow.stage == (done ? ANSHIN_STAGE_RESULT : ANSHIN_STAGE_OPENED) &&
               same_text(flow.user, done ? "taro" : ""),
           "FLO-1: a flow knows of a step %s",
           done     ? "that is done"
           : i == 1 ? "not by its rehearsal"
                    : "only once it is done");
    }
}

static void test_busy(void)
{
    static const char *const calls[] = {"begin", "get", "blob_put", "commit"};

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        work_t of = {.texts = {"x", NULL}};
        int before = blobs(), ran = runs();

        fault_arm_first(calls[i], 2, ANSHIN_EBUSY);
        ok(run(&of) == APR_SUCCESS && fault_fired == 2 && runs() == ran + 1 && blobs() == before + 2 &&
               same_text(text_of("secret", of.blobs[0]), of.secret[0]),
           "busy at %s twice: done once, with its blobs", calls[i]);
        fault_arm(FAULT_NONE, 0, APR_SUCCESS);
    }
}

/* --- guesses --- */

typedef struct guess_t {
    int checks;
    anshin_attempt_t attempt;
} guess_t;

static apr_status_t is_wrong(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *secret, int *right)
{
    (void)op;
    (void)txn;
    (void)secret;
    ((guess_t *)baton)->checks++;
    *right = 0;
    return APR_SUCCESS;
}

static apr_status_t guess(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    guess_t *guess = baton;
    const anshin_attempt_facts_t facts = {ANSHIN_COUNTER_ADDRESS, "taro", "123456", is_wrong, guess};

    return anshin_attempt_run_in(op, txn, &facts, &guess->attempt);
}

static void test_guess(void)
{
    guess_t of = {0};
    apr_status_t status = anshin_op_write_rehearsed(fixture_op(&fixture), ANSHIN_DURABLE, guess, &of);

    ok(status == APR_SUCCESS && of.checks == 1 && of.attempt.outcome == ANSHIN_ATTEMPT_FAILED,
       "a guess is checked once, where it is counted (LCK-1)");
    ok(of.attempt.remaining == 4, "and counted once (%d are left)", of.attempt.remaining);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fault_make_store();
    fixture_open(&fixture, &fault_store, NULL, pool);
    fixture.contract.policy.code_attempts = 5;
    test_same();
    test_otherwise();
    test_denied();
    test_flow();
    test_busy();
    test_guess();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
