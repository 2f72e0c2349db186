/*
 * The queues of the CA worker: see job.h; how they lie in the store: job_queue.h.
 */
#include "core/job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/job_queue.h"

#define DEATHS_FREE 3 /* so often a job is begun again at once after its worker died */
#define CLAIM_ROUNDS 16
#define ERROR_MAX 200
#define SERIAL_BYTES 16

apr_status_t anshin_job_add(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job)
{
    const anshin_lane_t lane = anshin_lane_for(job->kind);
    anshin_job_t record = *job;
    apr_status_t status;

    record.contract = op->contract->name;
    record.created_at = op->now;
    record.not_before = op->now;
    record.tries = 0;
    record.last_error = NULL;
    record.claimed_by = NULL;
    record.claimed_until = 0;
    status = anshin_queue_append(op, txn, lane, ANSHIN_QUEUE_NOWAIT, &record);
    if (status == APR_SUCCESS) {
        status = anshin_queue_count(op, txn, lane, record.contract, 1);
    }
    if (status == APR_SUCCESS) {
        op->jobs_queued = 1;
    }
    return status;
}

/* --- claiming --------------------------------------------------------------------------------------------------- */

/* By another: who asks has nothing in hand, so that a job under its own name is one that it could not give back. */
static int is_claimed(const anshin_job_t *job, const char *worker, apr_time_t now)
{
    return job->claimed_by != NULL && job->claimed_until > now && strcmp(job->claimed_by, worker) != 0;
}

/* When the job can be claimed at the earliest. What never had to wait is due whatever the clocks say. */
static apr_time_t due_at(int queue, const anshin_job_t *job, const char *worker, apr_time_t now)
{
    if (is_claimed(job, worker, now)) {
        return job->claimed_until;
    }
    return queue == ANSHIN_QUEUE_NOWAIT ? 0 : job->not_before;
}

typedef struct search_t {
    anshin_lane_t lane;
    int queue;
    apr_int64_t front; /* of that queue: the first number that is no gap */
    apr_int64_t found; /* number of the job to claim; -1: none is due */
    apr_time_t since;  /* when it became due */
    apr_time_t wake;   /* when the next one that waits is due; 0: none waits */
} search_t;

/* The first job of a queue that is due, if it is so for longer than what was found before. */
static apr_status_t search_queue(anshin_op_t *op, anshin_txn_t *txn, anshin_lane_t lane, int queue, const char *worker,
                                 search_t *search)
{
    anshin_sequence_t sequence;
    anshin_job_t job;
    apr_int64_t front = -1;
    apr_status_t status = anshin_queue_get(op, txn, lane, queue, &sequence);

    for (apr_int64_t number = sequence.first; status == APR_SUCCESS && number < sequence.next; number++) {
        apr_time_t due;

        status = anshin_txn_get(txn, &anshin_record_job, anshin_queue_key(op, lane, queue, number), &job);
        if (status != APR_SUCCESS) {
            status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
            continue;
        }
        front = front < 0 ? number : front;
        due = due_at(queue, &job, worker, op->now);
        if (due <= op->now) {
            if (search->found < 0 || job.not_before < search->since) {
                *search = (search_t){lane, queue, front, number, job.not_before, search->wake};
            }
            return APR_SUCCESS;
        }
        search->wake = search->wake == 0 || due < search->wake ? due : search->wake;
        if (!is_claimed(&job, worker, op->now)) {
            return APR_SUCCESS; /* what is behind it waits longer */
        }
    }
    return status;
}

/* CSPRNG, positive, never a leading zero octet, fewer than 20 octets (RFC 5280 4.1.2.2, S23). */
static apr_status_t choose_serial(anshin_op_t *op, const char **serial)
{
    unsigned char octets[SERIAL_BYTES];
    apr_status_t status = op->env->crypto->random(op->env->crypto->ctx, octets, sizeof(octets));

    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, status, "AN0250", "job: no random octets for a serial number");
    }
    octets[0] = (unsigned char)((octets[0] & 0x7f) | 0x40);
    *serial = anshin_hex(octets, sizeof(octets), op->pool);
    return APR_SUCCESS;
}

/* Begin again where the queue begins now; it only ever moves on. */
static apr_status_t move_front(anshin_op_t *op, anshin_txn_t *txn, const search_t *search)
{
    anshin_sequence_t sequence;
    apr_status_t status = anshin_queue_get(op, txn, search->lane, search->queue, &sequence);

    if (status != APR_SUCCESS || sequence.first >= search->front) {
        return status;
    }
    sequence.first = search->front;
    return anshin_queue_put(op, txn, search->lane, search->queue, &sequence);
}

/* In a write transaction: take what a search found, unless somebody was faster (ANSHIN_ECONFLICT). */
static apr_status_t take(anshin_op_t *op, anshin_txn_t *txn, const search_t *search, const char *worker,
                         anshin_job_t *job)
{
    const char *key = anshin_queue_key(op, search->lane, search->queue, search->found);
    apr_status_t status = anshin_txn_get(txn, &anshin_record_job, key, job);
    int is_there = status == APR_SUCCESS;

    if (status == ANSHIN_ENOTFOUND || (is_there && due_at(search->queue, job, worker, op->now) > op->now)) {
        return ANSHIN_ECONFLICT;
    }
    if (status == APR_SUCCESS && job->kind == ANSHIN_JOB_ISSUE && job->serial == NULL) {
        status = choose_serial(op, &job->serial);
    }
    if (status == APR_SUCCESS) {
        job->claimed_by = worker;
        job->claimed_until = op->now + ANSHIN_JOB_CLAIM_LIFE;
        status = anshin_txn_put(txn, &anshin_record_job, key, job);
    }
    return status == APR_SUCCESS ? move_front(op, txn, search) : status;
}

/* Strangers wait behind everybody (S37): their lane is looked at only while nothing else is due. Looking takes no lock
 * that writers would wait for: an idle worker polls. ANSHIN_ENOTFOUND: no job is due. */
static apr_status_t look(anshin_op_t *op, const char *worker, search_t *search)
{
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    *search = (search_t){.found = -1};
    for (int lane = 0; search->found < 0 && lane < ANSHIN_LANES; lane++) {
        for (int queue = 0; status == APR_SUCCESS && queue < ANSHIN_QUEUES; queue++) {
            status = search_queue(op, txn, (anshin_lane_t)lane, queue, worker, search);
        }
    }
    anshin_txn_abort(txn);
    return status == APR_SUCCESS && search->found < 0 ? ANSHIN_ENOTFOUND : status;
}

apr_status_t anshin_job_claim(anshin_op_t *op, const char *worker, anshin_job_t *job, const char **key,
                              apr_time_t *wake)
{
    search_t search = {.found = -1};
    anshin_txn_t *txn;
    apr_status_t status;

    *key = NULL;
    *wake = 0;
    for (int round = 0; round < CLAIM_ROUNDS; round++) {
        status = look(op, worker, &search);
        if (status != APR_SUCCESS) {
            *wake = search.wake;
            return status;
        }
        status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);
        if (status != APR_SUCCESS) {
            return status;
        }
        status = take(op, txn, &search, worker, job);
        if (status == APR_SUCCESS) {
            *key = anshin_queue_key(op, search.lane, search.queue, search.found);
            /* The serial must be the same when the job is begun again, even after a loss of power. */
            return anshin_txn_commit(txn, job->kind == ANSHIN_JOB_ISSUE ? ANSHIN_DURABLE : ANSHIN_LAZY);
        }
        anshin_txn_abort(txn);
        if (status != ANSHIN_ECONFLICT) {
            return status;
        }
    }
    *wake = op->now; /* others were faster every time: they keep the queue going */
    return ANSHIN_ENOTFOUND;
}

/* --- giving back ------------------------------------------------------------------------------------------------ */

static void unclaim(anshin_job_t *job)
{
    job->tries++;
    job->claimed_by = NULL;
    job->claimed_until = 0;
}

/* To be done again: now, in its place, or after a wait. */
static apr_status_t put_back(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_job_t *job, int queue)
{
    apr_status_t status;

    unclaim(job);
    job->not_before = op->now + anshin_queue_wait(queue);
    if (queue == ANSHIN_QUEUE_NOWAIT) {
        return anshin_txn_put(txn, &anshin_record_job, key, job);
    }
    status = anshin_txn_delete(txn, &anshin_record_job, key);
    return status == APR_SUCCESS ? anshin_queue_append(op, txn, anshin_lane_of(key), queue, job) : status;
}

/* The jobs that a queue had when the release began; what is moved on comes behind them. */
static apr_status_t release_queue(anshin_op_t *op, anshin_txn_t *txn, anshin_lane_t lane, int queue,
                                  const anshin_sequence_t *sequence, int *released, apr_int64_t *count)
{
    anshin_job_t job;
    apr_status_t status = APR_SUCCESS;

    for (apr_int64_t number = sequence->first; status == APR_SUCCESS && number < sequence->next; number++) {
        const char *key = anshin_queue_key(op, lane, queue, number);

        status = anshin_txn_get(txn, &anshin_record_job, key, &job);
        *count += status == APR_SUCCESS;
        if (status == APR_SUCCESS && job.claimed_by != NULL) {
            /* A job that takes every worker with it must not stop all others. */
            apr_int64_t deaths = job.tries + 1 - DEATHS_FREE;

            status = put_back(op, txn, key, &job, anshin_queue_after(&job, deaths));
            (*released)++;
        }
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

static apr_status_t release_lane(anshin_op_t *op, anshin_txn_t *txn, anshin_lane_t lane, int *released,
                                 apr_int64_t *count)
{
    anshin_sequence_t sequences[ANSHIN_QUEUES];
    apr_status_t status = APR_SUCCESS;

    for (int queue = 0; status == APR_SUCCESS && queue < ANSHIN_QUEUES; queue++) {
        status = anshin_queue_get(op, txn, lane, queue, &sequences[queue]);
    }
    for (int queue = 0; status == APR_SUCCESS && queue < ANSHIN_QUEUES; queue++) {
        status = release_queue(op, txn, lane, queue, &sequences[queue], released, count);
    }
    return status;
}

/* Since every job is looked at, this is the moment to count them, too: a store that was written before they were
 * counted has it right from here on. */
static apr_status_t release_all(anshin_op_t *op, anshin_txn_t *txn, int *released)
{
    anshin_sequence_t sequence;
    apr_int64_t count = 0;
    apr_status_t status = APR_SUCCESS;

    for (int lane = 0; status == APR_SUCCESS && lane < ANSHIN_LANES; lane++) {
        status = release_lane(op, txn, (anshin_lane_t)lane, released, &count);
    }
    if (status == APR_SUCCESS) {
        status = anshin_queue_get(op, txn, ANSHIN_LANE_OURS, ANSHIN_QUEUE_NOWAIT, &sequence);
    }
    if (status != APR_SUCCESS || sequence.count == count) {
        return status;
    }
    sequence.count = count;
    return anshin_queue_put(op, txn, ANSHIN_LANE_OURS, ANSHIN_QUEUE_NOWAIT, &sequence);
}

apr_status_t anshin_jobs_release(anshin_op_t *op, int *released)
{
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    *released = 0;
    return status == APR_SUCCESS ? anshin_txn_end(txn, release_all(op, txn, released), ANSHIN_DURABLE) : status;
}

/* The job, when it is in this worker's hands. */
static apr_status_t get_own(anshin_txn_t *txn, const char *key, const char *worker, anshin_job_t *job)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_job, key, job);

    if (status == APR_SUCCESS && (job->claimed_by == NULL || strcmp(job->claimed_by, worker) != 0)) {
        return ANSHIN_ECONFLICT;
    }
    return status;
}

apr_status_t anshin_job_keep(anshin_txn_t *txn, const char *key, const char *worker)
{
    anshin_job_t job;

    return get_own(txn, key, worker, &job);
}

apr_status_t anshin_job_finish(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *worker)
{
    anshin_job_t job;
    apr_status_t status = get_own(txn, key, worker, &job);

    if (status == APR_SUCCESS) {
        status = anshin_txn_delete(txn, &anshin_record_job, key);
    }
    return status == APR_SUCCESS ? anshin_queue_count(op, txn, anshin_lane_of(key), job.contract, -1) : status;
}

apr_status_t anshin_job_remove(anshin_op_t *op, anshin_txn_t *txn, const char *key)
{
    anshin_job_t job;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_job, key, &job);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    anshin_txn_wipe(txn, job.blob);
    status = anshin_txn_delete(txn, &anshin_record_job, key);
    return status == APR_SUCCESS ? anshin_queue_count(op, txn, anshin_lane_of(key), job.contract, -1) : status;
}

apr_status_t anshin_job_drop(anshin_op_t *op, const char *key, const char *worker)
{
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_job_finish(op, txn, key, worker);
    return anshin_txn_end(txn, status, ANSHIN_DURABLE);
}

apr_status_t anshin_job_retry_in(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *worker,
                                 const char *why)
{
    anshin_job_t job;
    apr_status_t status = get_own(txn, key, worker, &job);

    if (status != APR_SUCCESS) {
        return status;
    }
    job.last_error = apr_pstrndup(op->pool, why, ERROR_MAX);
    return put_back(op, txn, key, &job, anshin_queue_after(&job, job.tries + 1));
}

apr_status_t anshin_job_retry(anshin_op_t *op, const char *key, const char *worker, const char *why)
{
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    return status == APR_SUCCESS ? anshin_txn_end(txn, anshin_job_retry_in(op, txn, key, worker, why), ANSHIN_DURABLE)
                                 : status;
}

apr_status_t anshin_jobs_count(anshin_op_t *op, anshin_txn_t *txn, apr_int64_t *waiting)
{
    anshin_sequence_t sequence;
    apr_status_t status = anshin_queue_get(op, txn, ANSHIN_LANE_OURS, ANSHIN_QUEUE_NOWAIT, &sequence);

    *waiting = status == APR_SUCCESS ? sequence.count : 0;
    return status;
}

apr_status_t anshin_jobs_requests(anshin_op_t *op, anshin_txn_t *txn, apr_int64_t *waiting)
{
    return anshin_queue_requests(op, txn, op->contract->name, waiting);
}

/* --- doorbell --------------------------------------------------------------------------------------------------- */

void anshin_job_ring(const anshin_op_t *op)
{
    struct sockaddr_un bell = {.sun_family = AF_UNIX};
    const char *state_dir = op->env->config->server.state_dir;
    int length = snprintf(bell.sun_path, sizeof(bell.sun_path), "%s/run/ca.sock", state_dir);
    int saved = errno;
    int fd;

    if (length < 0 || (apr_size_t)length >= sizeof(bell.sun_path)) {
        return; /* the worker could not bind it either, and polls */
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        (void)sendto(fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&bell, sizeof(bell));
        (void)close(fd);
    }
    errno = saved;
}
