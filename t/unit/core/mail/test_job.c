/*
 * Jobs (core/mail/job.h), MAI-1 and CRT-1 as far as they hang on it.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/context/nodes.h"
#include "core/mail/job.h"
#include "unit/tap.h"
#include "unit/fixture.h"

#define SECOND apr_time_from_sec(1)

static fixture_t fixture;

static void add_as(apr_int64_t kind, const char *user, apr_int64_t many)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    anshin_job_t job = {.kind = kind, .user = user, .claimed_by = "forged", .tries = 7, .many = many};

    if (anshin_job_add(op, txn, &job) != APR_SUCCESS || anshin_txn_commit(txn, ANSHIN_DURABLE) != APR_SUCCESS ||
        !op->jobs_queued) {
        printf("# add failed\n");
        exit(1);
    }
}

static void add(apr_int64_t kind, const char *user)
{
    add_as(kind, user, 0);
}

static apr_status_t claim(const char *worker, anshin_job_t *job, const char **key, apr_time_t *wake)
{
    return anshin_job_claim(fixture_op(&fixture), worker, job, key, wake);
}

static apr_status_t finish(const char *key, const char *worker)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    apr_status_t status = anshin_job_finish(txn, key, worker);

    if (status == APR_SUCCESS) {
        return anshin_txn_commit(txn, ANSHIN_DURABLE);
    }
    anshin_txn_abort(txn);
    return status;
}

static int waiting(void)
{
    return fixture_count(&fixture, &anshin_record_job);
}

static void test_empty(void)
{
    anshin_job_t job;
    const char *key = "";
    apr_time_t wake = 1;

    ok(claim("w", &job, &key, &wake) == ANSHIN_ENOTFOUND && wake == 0 && key == NULL,
       "an empty queue has nothing to do");
    ok(waiting() == 0, "and nothing waits");
    ok(finish("ours/0000000000000000-0", "w") == ANSHIN_ENOTFOUND, "a job that never was cannot be finished");
}

static void test_order(void)
{
    anshin_job_t a;
    anshin_job_t b;
    anshin_job_t none;
    const char *key_a;
    const char *key_b;
    const char *key;
    apr_time_t wake;

    add(ANSHIN_JOB_ISSUE, "first");
    add(ANSHIN_JOB_MAIL, "second");
    ok(waiting() == 2, "two jobs wait");
    ok(claim("w1", &a, &key_a, &wake) == APR_SUCCESS && same_text(a.user, "first"), "the first comes first");
    ok(a.tries == 0 && same_text(a.claimed_by, "w1") && same_text(a.contract, "p-01") && a.created_at == fixture.now,
       "the queue fills in contract, times, tries and claim, whatever the caller wrote");
    ok(a.serial != NULL && strlen(a.serial) == 32 && strchr("4567", a.serial[0]) != NULL,
       "an issue gets its serial when claimed: positive, 16 octets, no leading zero octet (S23)");
    ok(claim("w2", &b, &key_b, &wake) == APR_SUCCESS && same_text(b.user, "second") && b.serial == NULL,
       "another worker gets the next; a mail has no serial");
    ok(claim("w3", &none, &key, &wake) == ANSHIN_ENOTFOUND && wake > fixture.now,
       "what is in hand is nobody else's, but the queue says when it would be");
    ok(finish(key_a, "w2") == ANSHIN_ECONFLICT, "only its worker finishes a job");
    ok(finish(key_a, "w1") == APR_SUCCESS && finish(key_a, "w1") == ANSHIN_ENOTFOUND, "a job is finished once");
    ok(finish(key_b, "w2") == APR_SUCCESS && waiting() == 0, "the queue is empty again");
}

static void test_retry(void)
{
    static const int mail_waits[] = {10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600};
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    int right = 0;

    add(ANSHIN_JOB_MAIL, "again");
    for (int i = 0; i < ANSHIN_JOB_TRIES; i++) {
        apr_time_t due = fixture.now + apr_time_from_sec(mail_waits[i]);

        right += claim("w", &job, &key, &wake) == APR_SUCCESS && job.tries == i &&
                 anshin_job_retry(fixture_op(&fixture), key, "w", "no reason\nat all") == APR_SUCCESS &&
                 claim("w", &job, &key, &wake) == ANSHIN_ENOTFOUND && wake == due;
        fixture.now = due;
    }
    ok(right == ANSHIN_JOB_TRIES, "waits double from 10 s to an hour (%d of %d)", right, ANSHIN_JOB_TRIES);
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && job.tries == ANSHIN_JOB_TRIES && job.last_error != NULL,
       "tries and last cause are kept");
    ok(anshin_job_retry(fixture_op(&fixture), key, "other", "x") == ANSHIN_ECONFLICT,
       "only its worker puts a job back");
    ok(finish(key, "w") == APR_SUCCESS, "done");

    add(ANSHIN_JOB_ISSUE, "issue");
    for (int i = 0; i < 8; i++) {
        (void)claim("w", &job, &key, &wake);
        (void)anshin_job_retry(fixture_op(&fixture), key, "w", "signer");
        (void)claim("w", &job, &key, &wake);
        right = wake - fixture.now <= apr_time_from_sec(60);
        fixture.now = wake;
    }
    ok(right, "an issue waits a minute at most");
    (void)claim("w", &job, &key, &wake);
    (void)finish(key, "w");
}

static void test_overtaking(void)
{
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    int seen = 0;

    add(ANSHIN_JOB_MAIL, "slow");
    (void)claim("w", &job, &key, &wake);
    (void)anshin_job_retry(fixture_op(&fixture), key, "w", "later");
    for (int i = 0; i < 20; i++) {
        add(ANSHIN_JOB_MAIL, "quick");
    }
    while (claim("w", &job, &key, &wake) == APR_SUCCESS) {
        seen += same_text(job.user, "quick") && finish(key, "w") == APR_SUCCESS;
    }
    ok(seen == 20 && wake == fixture.now + apr_time_from_sec(10), "a job that must wait lets the others pass (%d)",
       seen);
    fixture.now = wake;
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "slow") && finish(key, "w") == APR_SUCCESS,
       "and is not forgotten");
}

/* A mail server that is down: all that waits must cost the claims of what does not nothing, nor may a mail that waits
 * for hours leave a trail that every claim goes along. The store in memory cannot tell the time; the records read can.
 */
static anshin_store_driver_t counted;
static int gets;

static apr_status_t counted_get(void *txn, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                                apr_pool_t *pool)
{
    gets++;
    return anshin_store_mem.get(txn, type, key, value, pool);
}

static int claim_counted(anshin_job_t *job, const char **key)
{
    apr_time_t wake;
    int before = gets;

    return claim("w", job, key, &wake) == APR_SUCCESS ? gets - before : -1;
}

static void test_many_waiting(void)
{
    enum { MANY = 300 };
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    int alone;
    int behind;
    int seen = 0;

    add(ANSHIN_JOB_MAIL, "alone");
    alone = claim_counted(&job, &key);
    (void)finish(key, "w");
    for (int i = 0; i < MANY; i++) {
        add(ANSHIN_JOB_MAIL, "waits");
        seen += claim("w", &job, &key, &wake) == APR_SUCCESS &&
                anshin_job_retry(fixture_op(&fixture), key, "w", "no server") == APR_SUCCESS;
        fixture.now++;
    }
    ok(seen == MANY && waiting() == MANY && claim("w", &job, &key, &wake) == ANSHIN_ENOTFOUND, "%d mails wait", MANY);
    add(ANSHIN_JOB_MAIL, "quick");
    behind = claim_counted(&job, &key);
    ok(same_text(job.user, "quick") && behind <= alone + 4,
       "what is due is claimed by as few reads as if nothing waited (%d, %d)", alone, behind);
    (void)finish(key, "w");
    fixture.now += 11 * SECOND - MANY; /* up to a second late */
    add(ANSHIN_JOB_MAIL, "late");
    seen = 0;
    for (int i = 0; i < MANY && claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "waits"); i++) {
        seen += finish(key, "w") == APR_SUCCESS;
    }
    ok(seen == MANY, "once due, they come before what was added later (%d)", seen);
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "late") && finish(key, "w") == APR_SUCCESS &&
           waiting() == 0,
       "and then that");
}

static apr_int64_t requests(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    apr_int64_t count = -1;

    (void)anshin_jobs_requests(op, txn, 100000, &count);
    anshin_txn_abort(txn);
    return count;
}

/* Whoever can fill the queue of requests for a reissue must not hold up anybody (S37). */
static void test_strangers(void)
{
    enum { MANY = 200 };
    anshin_job_t job;
    anshin_job_t failing;
    const char *key;
    const char *failing_key;
    apr_time_t wake;
    apr_time_t unchanged;
    int seen = 0;

    for (int i = 0; i < MANY; i++) {
        add(i % 2 == 0 ? ANSHIN_JOB_PASSWORD_REQUEST : ANSHIN_JOB_CERTIFICATE_REQUEST, "stranger");
    }
    add(ANSHIN_JOB_MAIL, "login code");
    ok(waiting() == MANY + 1 && requests() == MANY, "strangers' requests are jobs like others, and counted apart");
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "login code") &&
           finish(key, "w") == APR_SUCCESS && requests() == MANY,
       "S37: a login code comes before %d of them that were there first", MANY);
    ok(claim("w", &failing, &failing_key, &wake) == APR_SUCCESS && same_text(failing.user, "stranger") &&
           anshin_job_retry(fixture_op(&fixture), failing_key, "w", "busy") == APR_SUCCESS && requests() == MANY,
       "one that is to be tried again is still one of them");
    add(ANSHIN_JOB_ISSUE, "certificate");
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "certificate") &&
           finish(key, "w") == APR_SUCCESS,
       "S37: a certificate comes before them, too");
    while (claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "stranger")) {
        seen += finish(key, "w") == APR_SUCCESS;
    }
    ok(seen == MANY - 1 && wake == fixture.now + apr_time_from_sec(10), "then they get their turn (%d)", seen);
    fixture.now = wake;
    add(ANSHIN_JOB_MAIL, "late");
    ok(claim("w", &job, &key, &unchanged) == APR_SUCCESS && same_text(job.user, "late") &&
           finish(key, "w") == APR_SUCCESS,
       "S37: and one that has waited long enough lets those pass that came meanwhile");
    ok(claim("w", &job, &key, &unchanged) == APR_SUCCESS && same_text(job.user, "stranger") && job.tries == 1 &&
           finish(key, "w") == APR_SUCCESS && waiting() == 0 && requests() == 0,
       "none is forgotten");
}

/* Whose job is claimed next; it is done at once. */
static const char *next(void)
{
    anshin_job_t job;
    const char *key;
    apr_time_t wake;

    return claim("w", &job, &key, &wake) == APR_SUCCESS && finish(key, "w") == APR_SUCCESS ? job.user : "nobody";
}

/* Renewals by the thousand, of which each leaves a mail: what one user asks for, and waits for, is the next job. */
static void test_fairness(void)
{
    enum { RENEWALS = 10000 };
    anshin_job_t in_hand;
    const char *key;
    apr_time_t wake;
    int between = 0;
    int turns = 0;
    int released;

    for (int i = 0; i < RENEWALS; i++) {
        add_as(ANSHIN_JOB_ISSUE, "renewal", 1);
    }
    (void)claim("dead", &in_hand, &key, &wake);
    fixture.now += SECOND;
    add(ANSHIN_JOB_ISSUE, "one user");
    while (same_text(next(), "renewal")) {
        between++;
    }
    ok(same_text(in_hand.user, "renewal") && between == 0,
       "CRT-1: of %d renewals the one in hand is all that comes before a user's own request (%d between)", RENEWALS,
       between);
    add_as(ANSHIN_JOB_MAIL, "reminder", 1);
    add(ANSHIN_JOB_MAIL, "login code");
    ok(same_text(next(), "login code"), "LOG-7: a login code waits for no reminder");
    ok(anshin_jobs_release(fixture_op(&fixture), &released) == APR_SUCCESS && released == 1,
       "a renewal in a dead worker's hands is begun again");
    for (int i = 0; i < 20; i++) {
        add(ANSHIN_JOB_CERTIFICATE_REQUEST, "stranger");
    }
    fixture.now -= fixture.now % (2 * SECOND);
    for (int i = 0; i < 10; i++, fixture.now += SECOND) {
        turns += same_text(next(), i % 2 == 0 ? "stranger" : "renewal");
    }
    ok(turns == 10, "S37: strangers and renewals take turns: neither keeps the other waiting (%d)", turns);
    for (turns = 0; !same_text(next(), "nobody");) {
        turns++;
    }
    ok(turns == RENEWALS + 1 + 20 - 10 && waiting() == 0, "none is forgotten (%d)", turns);
}

static void test_death(void)
{
    anshin_job_t first;
    anshin_job_t again;
    const char *key;
    const char *key_again;
    apr_time_t wake;
    int released = -1;

    add(ANSHIN_JOB_ISSUE, "p-01-usr007");
    (void)claim("dead", &first, &key, &wake);
    ok(anshin_jobs_release(fixture_op(&fixture), &released) == APR_SUCCESS && released == 1,
       "a dead worker's claim is released");
    ok(claim("new", &again, &key_again, &wake) == APR_SUCCESS && same_text(key, key_again) &&
           same_text(first.serial, again.serial),
       "the job is begun again at once, under the same serial (CRT-1)");
    ok(finish(key, "dead") == ANSHIN_ECONFLICT, "a worker thought dead cannot finish it any more");
    for (int i = 0; i < 5; i++) {
        (void)anshin_jobs_release(fixture_op(&fixture), &released);
        if (claim("new", &again, &key_again, &wake) != APR_SUCCESS) {
            break;
        }
    }
    ok(wake > fixture.now, "a job that takes every worker with it waits at last");
    fixture.now = wake;
    (void)claim("new", &again, &key_again, &wake);

    fixture.now += apr_time_from_sec(601);
    ok(claim("other", &again, &key_again, &wake) == APR_SUCCESS && same_text(again.claimed_by, "other"),
       "a claim ends by time as well");
    ok(finish(key_again, "other") == APR_SUCCESS, "done");
    ok(anshin_jobs_release(fixture_op(&fixture), &released) == APR_SUCCESS && released == 0,
       "nothing is left to release");
}

/* What a full disk leaves: the job was claimed, and giving it back failed as doing it had. */
static void test_not_given_back(void)
{
    anshin_job_t first;
    anshin_job_t again;
    const char *key;
    const char *key_again;
    apr_time_t wake;

    add(ANSHIN_JOB_ISSUE, "p-01-usr008");
    ok(claim("a", &first, &key, &wake) == APR_SUCCESS && claim("b", &again, &key_again, &wake) == ANSHIN_ENOTFOUND,
       "a claim keeps others away");
    ok(anshin_job_resume(fixture_op(&fixture), "b", key, &again) == ANSHIN_ECONFLICT, "and nobody else resumes it");
    fixture.now += ANSHIN_JOB_CLAIM_LIFE - SECOND;
    ok(anshin_job_resume(fixture_op(&fixture), "a", key, &again) == APR_SUCCESS &&
           same_text(first.serial, again.serial) && again.tries == 0,
       "who could not give a job back gets it again, under the same serial (CRT-1)");
    fixture.now += 2 * SECOND;
    ok(claim("b", &again, &key_again, &wake) == ANSHIN_ENOTFOUND, "and for as long as if it were claimed anew");
    ok(finish(key, "a") == APR_SUCCESS && waiting() == 0 &&
           anshin_job_resume(fixture_op(&fixture), "a", key, &again) == ANSHIN_ENOTFOUND,
       "and finishes it, once");
}

static void test_aborted(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    anshin_job_t job = {.kind = ANSHIN_JOB_MAIL};

    (void)anshin_job_add(op, txn, &job);
    anshin_txn_abort(txn);
    ok(waiting() == 0, "a job of a change that did not happen is not there (MAI-1)");
}

/* Two machines at one store. */
static void test_nodes(void)
{
    anshin_job_t of_a;
    anshin_job_t of_b;
    const char *key_a;
    const char *key_b;
    const char *key;
    anshin_op_t *op;
    anshin_txn_t *txn;
    apr_time_t wake;
    int released;

    add(ANSHIN_JOB_MAIL, "a");
    add(ANSHIN_JOB_MAIL, "b");
    fixture.env.node = "a";
    ok(claim("a/1", &of_a, &key_a, &wake) == APR_SUCCESS && same_text(of_a.node, "a"), "a claim carries its node");
    fixture.env.node = "b";
    (void)claim("b/1", &of_b, &key_b, &wake);
    ok(anshin_jobs_release(fixture_op(&fixture), &released) == APR_SUCCESS && released == 1 &&
           fixture_get(&fixture, &anshin_record_job, key_a, &of_a) == APR_SUCCESS &&
           same_text(of_a.claimed_by, "a/1") &&
           fixture_get(&fixture, &anshin_record_job, key_b, &of_b) == APR_SUCCESS && !of_b.claimed_by && !of_b.node,
       "a worker that starts frees what its own node left in hand, and nothing else");
    (void)claim("b/2", &of_b, &key_b, &wake);
    (void)finish(key_b, "b/2");

    /* What node a has begun to deliver lies there: whoever meets it leaves it to a. */
    fixture.env.node = "a";
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    ok(anshin_txn_end(txn, anshin_job_bind(txn, key_a, "a/1"), ANSHIN_DURABLE) == APR_SUCCESS &&
           anshin_job_retry(fixture_op(&fixture), key_a, "a/1", "disk") == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_job, key_a, &of_a) == APR_SUCCESS && same_text(of_a.node, "a"),
       "a job that is bound stays its node's when it is put back");
    fixture.now += 10 * SECOND;
    fixture.env.node = "b";
    ok(claim("b/2", &of_b, &key, &wake) == ANSHIN_ENOTFOUND && wake == 0 && waiting() == 1,
       "another node does not take it");
    fixture.env.node = "a";
    ok(claim("a/2", &of_a, &key, &wake) == APR_SUCCESS && same_text(of_a.user, "a") && of_a.tries == 1,
       "its own goes on with it, though it had waited for a moment in the wrong hands");
    ok(anshin_jobs_release(fixture_op(&fixture), &released) == APR_SUCCESS && released == 1 &&
           claim("a/3", &of_a, &key, &wake) == APR_SUCCESS && finish(key, "a/3") == APR_SUCCESS && waiting() == 0,
       "and after a death of its worker, too");
    fixture.env.node = NULL;
}

static apr_time_t silent; /* what is known of the name */

static apr_status_t sign(const char *node, const char *place)
{
    fixture.env.node = node;
    return anshin_node_sign(fixture_op(&fixture), place, silent);
}

/* What one that gives no sign any more had in hand is others'; what lies on it waits. */
static void test_node_gone(void)
{
    const char *key_a, *bound, *living, *key;
    anshin_job_t job;
    apr_array_header_t *nodes;
    anshin_op_t *op;
    anshin_txn_t *txn;
    apr_time_t wake;
    int released = -1;

    ok(sign("b", "there") == APR_SUCCESS && sign("a", "here") == APR_SUCCESS, "each node gives a sign");
    ok(sign("a", "elsewhere") == ANSHIN_ECONFLICT, "a name that another one has is not taken");
    ok(anshin_nodes(fixture_op(&fixture), &nodes) == APR_SUCCESS && nodes->nelts == 2 &&
           same_text(APR_ARRAY_IDX(nodes, 0, anshin_node_t).name, "a") &&
           same_text(APR_ARRAY_IDX(nodes, 1, anshin_node_t).name, "b") &&
           same_text(APR_ARRAY_IDX(nodes, 0, anshin_node_t).version, ANSHIN_VERSION),
       "all of them are known, by name");
    add(ANSHIN_JOB_MAIL, "bound");
    (void)claim("a/1", &job, &bound, &wake);
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_txn_end(txn, anshin_job_bind(txn, bound, "a/1"), ANSHIN_DURABLE);
    add(ANSHIN_JOB_MAIL, "free");
    (void)claim("a/2", &job, &key_a, &wake);
    fixture.now += ANSHIN_NODE_SILENCE;
    ok(sign("b", "there") == APR_SUCCESS && anshin_nodes(fixture_op(&fixture), &nodes) == APR_SUCCESS &&
           anshin_node_is_gone(fixture_op(&fixture), &APR_ARRAY_IDX(nodes, 0, anshin_node_t)) &&
           !anshin_node_is_gone(fixture_op(&fixture), &APR_ARRAY_IDX(nodes, 1, anshin_node_t)),
       "one that gave no sign for a while is gone, the other is not");
    add(ANSHIN_JOB_MAIL, "living");
    (void)claim("b/0", &job, &living, &wake);
    ok(claim("b/1", &job, &key, &wake) == ANSHIN_ENOTFOUND, "until then nobody takes what it has");
    ok(anshin_jobs_take_over(fixture_op(&fixture), "a", &released) == APR_SUCCESS && released == 1 &&
           claim("b/1", &job, &key, &wake) == APR_SUCCESS && same_text(key, key_a) && same_text(job.node, "b"),
       "then another one does it");
    ok(finish(key_a, "a/2") == ANSHIN_ECONFLICT && finish(key_a, "b/1") == APR_SUCCESS,
       "and only that one can end it, should the first come back");
    ok(fixture_get(&fixture, &anshin_record_job, bound, &job) == APR_SUCCESS && same_text(job.claimed_by, "a/1") &&
           claim("b/1", &job, &key, &wake) == ANSHIN_ENOTFOUND,
       "what it had begun to deliver waits for it");
    ok(finish(living, "b/0") == APR_SUCCESS, "what one that lives has in hand stays its own");
    ok(sign("a", "elsewhere") == ANSHIN_ECONFLICT, "the name of one is taken by no clock");
    silent = APR_ARRAY_IDX(nodes, 0, anshin_node_t).seen_at;
    ok(sign("a", "elsewhere") == APR_SUCCESS, "that of one that was silent for long is");
    silent = 0;
    (void)finish(bound, "a/1");
    fixture.env.node = NULL;
}

/* Whatever the clock said when a job was queued, it is done. */
static void test_clock_set_back(void)
{
    apr_time_t now = fixture.now;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;

    fixture.now += apr_time_from_sec(10LL * 366 * 86400);
    add(ANSHIN_JOB_MAIL, "future");
    fixture.now = now;
    add(ANSHIN_JOB_MAIL, "present");
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "present") &&
           finish(key, "w") == APR_SUCCESS,
       "a clock that ran ten years ahead and was set right delays nothing new");
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "future") && finish(key, "w") == APR_SUCCESS,
       "nor what was queued meanwhile");
}

/* When jobs are due (store/due.c); machines have their own, when they are forgotten. */
static int filed(void)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    int count = 0;

    (void)anshin_txn_each(txn, &anshin_record_due, apr_pstrcat(fixture.pool, anshin_record_job.name, "/", NULL),
                          fixture_count_one, &count);
    anshin_txn_abort(txn);
    return count;
}

static void test_no_trace(void)
{
    ok(waiting() == 0 && filed() == 0 && fixture_count(&fixture, &anshin_record_sequence) == 0,
       "jobs that are done leave no trace in the store");
}

static void test_doorbell(void)
{
    struct sockaddr_un bell = {.sun_family = AF_UNIX};
    anshin_op_t *op = fixture_op(&fixture);
    char octets[8];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int rung = 0;

    errno = ENOTTY;
    anshin_job_ring(op);
    ok(errno == ENOTTY, "ringing without a worker leaves no trace, not even in errno");
    (void)mkdir(apr_pstrcat(fixture.pool, fixture.directory, "/run", NULL), 0700);
    snprintf(bell.sun_path, sizeof(bell.sun_path), "%s/run/ca.sock", fixture.directory);
    if (bind(fd, (struct sockaddr *)&bell, sizeof(bell)) != 0) {
        perror("bind");
    }
    errno = ENOTTY;
    for (int i = 0; i < 5000; i++) {
        anshin_job_ring(op);
    }
    while (recv(fd, octets, sizeof(octets), 0) > 0) {
        rung++;
    }
    ok(rung > 0 && rung < 5000, "a worker that does not listen blocks nobody, and hears the bell when it looks (%d)",
       rung);
    close(fd);
    errno = ENOTTY;
    fixture.config.server.state_dir = apr_psprintf(fixture.pool, "/%0200d", 1);
    anshin_job_ring(op);
    ok(errno == ENOTTY, "a path too long for a socket is no failure");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    counted = anshin_store_mem;
    counted.get = counted_get;
    fixture_open(&fixture, &counted, NULL, pool);
    test_empty();
    test_order();
    test_retry();
    test_overtaking();
    test_many_waiting();
    test_strangers();
    test_fairness();
    test_death();
    test_not_given_back();
    test_aborted();
    test_nodes();
    test_node_gone();
    test_clock_set_back();
    test_no_trace();
    test_doorbell();
    apr_pool_destroy(pool);
    return done();
}
