/*
 * The queue of jobs (core/job.h), MAI-1 and CRT-1 as far as they hang on it.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/job.h"
#include "tap.h"
#include "world.h"

static world_t world;

static void add(apr_int64_t kind, const char *user)
{
    anshin_op_t *op = world_op(&world);
    anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_WRITE);
    anshin_job_t job = {.kind = kind, .user = user, .claimed_by = "forged", .tries = 7};

    if (anshin_job_add(op, txn, &job) != APR_SUCCESS || anshin_txn_commit(txn, ANSHIN_DURABLE) != APR_SUCCESS ||
        !op->jobs_queued) {
        printf("# add failed\n");
        exit(1);
    }
}

static apr_status_t claim(const char *worker, anshin_job_t *job, const char **key, apr_time_t *wake)
{
    return anshin_job_claim(world_op(&world), worker, job, key, wake);
}

static apr_status_t finish(const char *key, const char *worker)
{
    anshin_op_t *op = world_op(&world);
    anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_WRITE);
    apr_status_t status = anshin_job_finish(op, txn, key, worker);

    if (status == APR_SUCCESS) {
        return anshin_txn_commit(txn, ANSHIN_DURABLE);
    }
    anshin_txn_abort(txn);
    return status;
}

static apr_int64_t waiting(void)
{
    anshin_op_t *op = world_op(&world);
    anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_READ);
    apr_int64_t count = -1;

    (void)anshin_jobs_count(op, txn, &count);
    anshin_txn_abort(txn);
    return count;
}

static void test_empty(void)
{
    anshin_job_t job;
    const char *key = "";
    apr_time_t wake = 1;

    ok(claim("w", &job, &key, &wake) == ANSHIN_ENOTFOUND && wake == 0 && key == NULL,
       "an empty queue has nothing to do");
    ok(waiting() == 0, "and nothing waits");
    ok(finish("0000000000000000", "w") == ANSHIN_ENOTFOUND, "a job that never was cannot be finished");
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
    ok(a.tries == 0 && same_text(a.claimed_by, "w1") && same_text(a.contract, "p-01") && a.created_at == world.now,
       "the queue fills in contract, times, tries and claim, whatever the caller wrote");
    ok(a.serial != NULL && strlen(a.serial) == 32 && strchr("4567", a.serial[0]) != NULL,
       "an issue gets its serial when claimed: positive, 16 octets, no leading zero octet (S23)");
    ok(claim("w2", &b, &key_b, &wake) == APR_SUCCESS && same_text(b.user, "second") && b.serial == NULL,
       "another worker gets the next; a mail has no serial");
    ok(claim("w3", &none, &key, &wake) == ANSHIN_ENOTFOUND && wake > world.now,
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
        apr_time_t due = world.now + apr_time_from_sec(mail_waits[i]);

        right += claim("w", &job, &key, &wake) == APR_SUCCESS && job.tries == i &&
                 anshin_job_retry(world_op(&world), key, "w", "no reason\nat all") == APR_SUCCESS &&
                 claim("w", &job, &key, &wake) == ANSHIN_ENOTFOUND && wake == due;
        world.now = due;
    }
    ok(right == ANSHIN_JOB_TRIES, "waits double from 10 s to an hour (%d of %d)", right, ANSHIN_JOB_TRIES);
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && job.tries == ANSHIN_JOB_TRIES && job.last_error != NULL,
       "tries and last cause are kept");
    ok(anshin_job_retry(world_op(&world), key, "other", "x") == ANSHIN_ECONFLICT, "only its worker puts a job back");
    ok(finish(key, "w") == APR_SUCCESS, "done");

    add(ANSHIN_JOB_ISSUE, "issue");
    for (int i = 0; i < 8; i++) {
        (void)claim("w", &job, &key, &wake);
        (void)anshin_job_retry(world_op(&world), key, "w", "signer");
        (void)claim("w", &job, &key, &wake);
        right = wake - world.now <= apr_time_from_sec(60);
        world.now = wake;
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
    (void)anshin_job_retry(world_op(&world), key, "w", "later");
    for (int i = 0; i < 20; i++) {
        add(ANSHIN_JOB_MAIL, "quick");
    }
    while (claim("w", &job, &key, &wake) == APR_SUCCESS) {
        seen += same_text(job.user, "quick") && finish(key, "w") == APR_SUCCESS;
    }
    ok(seen == 20 && wake == world.now + apr_time_from_sec(10), "a job that must wait lets the others pass (%d)", seen);
    world.now = wake;
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "slow") && finish(key, "w") == APR_SUCCESS,
       "and is not forgotten");
}

/* A mail server that is down: all that waits must cost the claims of what does not nothing, nor may a mail that waits
 * for hours leave a trail that every claim goes along. The store in memory cannot tell the time; the records read can. */
static void test_many_waiting(void)
{
    enum { MANY = 300 };
    anshin_sequence_t at_once;
    anshin_sequence_t waits;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    int seen = 0;

    for (int i = 0; i < MANY; i++) {
        add(ANSHIN_JOB_MAIL, "waits");
        seen += claim("w", &job, &key, &wake) == APR_SUCCESS &&
                anshin_job_retry(world_op(&world), key, "w", "no server") == APR_SUCCESS;
        world.now++;
    }
    ok(seen == MANY && waiting() == MANY && claim("w", &job, &key, &wake) == ANSHIN_ENOTFOUND,
       "%d mails wait, and are counted", MANY);
    add(ANSHIN_JOB_MAIL, "quick");
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "quick") &&
           world_get(&world, &anshin_record_sequence, "jobs", &at_once) == APR_SUCCESS &&
           world_get(&world, &anshin_record_sequence, "jobs/10", &waits) == APR_SUCCESS &&
           at_once.next - at_once.first == 1 && waits.next - waits.first >= MANY,
       "what is due stands alone in its queue, what waits stands in another");
    (void)finish(key, "w");
    world.now += apr_time_from_sec(10);
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
    anshin_op_t *op = world_op(&world);
    anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_READ);
    apr_int64_t count = -1;

    (void)anshin_jobs_requests(op, txn, &count);
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
           anshin_job_retry(world_op(&world), failing_key, "w", "busy") == APR_SUCCESS && requests() == MANY,
       "one that is to be tried again is still one of them");
    add(ANSHIN_JOB_ISSUE, "certificate");
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "certificate") &&
           finish(key, "w") == APR_SUCCESS,
       "S37: a certificate comes before them, too");
    while (claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "stranger")) {
        seen += finish(key, "w") == APR_SUCCESS;
    }
    ok(seen == MANY - 1 && wake == world.now + apr_time_from_sec(10), "then they get their turn (%d)", seen);
    world.now = wake;
    add(ANSHIN_JOB_MAIL, "late");
    ok(claim("w", &job, &key, &unchanged) == APR_SUCCESS && same_text(job.user, "late") &&
           finish(key, "w") == APR_SUCCESS,
       "S37: and one that has waited long enough lets those pass that came meanwhile");
    ok(claim("w", &job, &key, &unchanged) == APR_SUCCESS && same_text(job.user, "stranger") && job.tries == 1 &&
           finish(key, "w") == APR_SUCCESS && waiting() == 0 && requests() == 0,
       "none is forgotten");
}

/* A store of before there were two lanes has requests among the other jobs. */
static void test_strangers_of_old(void)
{
    const anshin_job_t old = {.kind = ANSHIN_JOB_PASSWORD_REQUEST, .contract = "p-01", .user = "old"};
    anshin_sequence_t sequence;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;

    (void)world_get(&world, &anshin_record_sequence, "jobs", &sequence);
    world_put(&world, &anshin_record_job,
              apr_psprintf(world.pool, "%016" APR_UINT64_T_HEX_FMT, (apr_uint64_t)sequence.next), &old);
    sequence.next++;
    sequence.count++;
    world_put(&world, &anshin_record_sequence, "jobs", &sequence);
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && same_text(job.user, "old") &&
           anshin_job_retry(world_op(&world), key, "w", "busy") == APR_SUCCESS && waiting() == 1 && requests() == 0,
       "a request of an older store is found, and put back where it was");
    world.now += apr_time_from_sec(10);
    ok(claim("w", &job, &key, &wake) == APR_SUCCESS && finish(key, "w") == APR_SUCCESS && waiting() == 0 &&
           requests() == 0,
       "and is not counted among the new ones");
}

/* A store that was written before jobs were counted. */
static void test_count_repaired(void)
{
    anshin_sequence_t sequence;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    int released;

    add(ANSHIN_JOB_MAIL, "a");
    add(ANSHIN_JOB_MAIL, "b");
    (void)claim("w", &job, &key, &wake);
    (void)anshin_job_retry(world_op(&world), key, "w", "later");
    (void)world_get(&world, &anshin_record_sequence, "jobs", &sequence);
    sequence.count = 0;
    world_put(&world, &anshin_record_sequence, "jobs", &sequence);
    ok(anshin_jobs_release(world_op(&world), &released) == APR_SUCCESS && released == 0 && waiting() == 2,
       "the start of a worker counts the jobs of every queue");
    world.now += apr_time_from_sec(10);
    while (claim("w", &job, &key, &wake) == APR_SUCCESS) {
        (void)finish(key, "w");
    }
    ok(waiting() == 0, "done");
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
    ok(anshin_jobs_release(world_op(&world), &released) == APR_SUCCESS && released == 1,
       "a dead worker's claim is released");
    ok(claim("new", &again, &key_again, &wake) == APR_SUCCESS && same_text(key, key_again) &&
           same_text(first.serial, again.serial),
       "the job is begun again at once, under the same serial (CRT-1)");
    ok(finish(key, "dead") == ANSHIN_ECONFLICT, "a worker thought dead cannot finish it any more");
    for (int i = 0; i < 5; i++) {
        (void)anshin_jobs_release(world_op(&world), &released);
        if (claim("new", &again, &key_again, &wake) != APR_SUCCESS) {
            break;
        }
    }
    ok(wake > world.now, "a job that takes every worker with it waits at last");
    world.now = wake;
    (void)claim("new", &again, &key_again, &wake);

    world.now += apr_time_from_sec(601);
    ok(claim("other", &again, &key_again, &wake) == APR_SUCCESS && same_text(again.claimed_by, "other"),
       "a claim ends by time as well");
    ok(finish(key_again, "other") == APR_SUCCESS, "done");
    ok(anshin_jobs_release(world_op(&world), &released) == APR_SUCCESS && released == 0, "nothing is left to release");
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
    ok(claim("a", &again, &key_again, &wake) == APR_SUCCESS && same_text(key, key_again) &&
           same_text(first.serial, again.serial),
       "who could not give a job back gets it again, under the same serial (CRT-1)");
    ok(finish(key, "a") == APR_SUCCESS && waiting() == 0, "and finishes it");
}

static void test_aborted(void)
{
    anshin_op_t *op = world_op(&world);
    anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_WRITE);
    anshin_job_t job = {.kind = ANSHIN_JOB_MAIL};

    (void)anshin_job_add(op, txn, &job);
    anshin_txn_abort(txn);
    ok(waiting() == 0, "a job of a change that did not happen is not there (MAI-1)");
}

static void test_sequence_moves(void)
{
    anshin_sequence_t sequence;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;

    add(ANSHIN_JOB_MAIL, "x");
    (void)claim("w", &job, &key, &wake);
    (void)finish(key, "w");
    ok(world_get(&world, &anshin_record_sequence, "jobs", &sequence) == APR_SUCCESS &&
           sequence.first == sequence.next - 1,
       "gaps at the front are skipped for good");
}

static void test_doorbell(void)
{
    struct sockaddr_un bell = {.sun_family = AF_UNIX};
    anshin_op_t *op = world_op(&world);
    char octets[8];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int rung = 0;

    errno = ENOTTY;
    anshin_job_ring(op);
    ok(errno == ENOTTY, "ringing without a worker leaves no trace, not even in errno");
    (void)mkdir(apr_pstrcat(world.pool, world.directory, "/run", NULL), 0700);
    snprintf(bell.sun_path, sizeof(bell.sun_path), "%s/run/ca.sock", world.directory);
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
    world.config.server.state_dir = apr_psprintf(world.pool, "/%0200d", 1);
    anshin_job_ring(op);
    ok(errno == ENOTTY, "a path too long for a socket is no failure");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    world_open(&world, &anshin_store_mem, NULL, pool);
    test_empty();
    test_order();
    test_retry();
    test_overtaking();
    test_many_waiting();
    test_strangers();
    test_strangers_of_old();
    test_count_repaired();
    test_death();
    test_not_given_back();
    test_aborted();
    test_sequence_moves();
    test_doorbell();
    apr_pool_destroy(pool);
    return done();
}
