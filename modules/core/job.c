/*
 * The queue of the CA worker: see job.h.
 *
 * The sequence record "jobs" says where the queue begins and which number comes next; a job lies under its number
 * as 16 hexadecimal digits, so that no walk over the store is needed. Numbers of jobs that are done are gaps; those
 * at the front are skipped for good by the next claim.
 */
#include "core/job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_strings.h>

#define SEQUENCE "jobs"
#define CLAIM_LIFE \
    apr_time_from_sec(600) /* longer than any job takes; a worker that died is noticed earlier, at start */
#define WAIT_FIRST apr_time_from_sec(10)
#define WAIT_MAIL apr_time_from_sec(3600) /* longest wait between tries */
#define WAIT_ISSUE apr_time_from_sec(60)  /* somebody sits in front of the screen */
#define DEATHS_FREE 3                     /* so often a job is begun again at once after its worker died */
#define CLAIM_ROUNDS 16
#define ERROR_MAX 200
#define SERIAL_BYTES 16

static const char *job_key(anshin_op_t *op, apr_int64_t number)
{
    return apr_psprintf(op->pool, "%016" APR_UINT64_T_HEX_FMT, (apr_uint64_t)number);
}

/* A queue that never had a job has no record. */
static apr_status_t get_sequence(anshin_txn_t *txn, anshin_sequence_t *sequence)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_sequence, SEQUENCE, sequence);

    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_job_add(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job)
{
    anshin_sequence_t sequence;
    anshin_job_t record = *job;
    apr_status_t status = get_sequence(txn, &sequence);

    if (status != APR_SUCCESS) {
        return status;
    }
    record.contract = op->contract->name;
    record.created_at = op->now;
    record.not_before = op->now;
    record.tries = 0;
    record.last_error = NULL;
    record.claimed_by = NULL;
    record.claimed_until = 0;
    status = anshin_txn_put(txn, &anshin_record_job, job_key(op, sequence.next), &record);
    if (status != APR_SUCCESS) {
        return status;
    }
    sequence.next++;
    status = anshin_txn_put(txn, &anshin_record_sequence, SEQUENCE, &sequence);
    if (status == APR_SUCCESS) {
        op->jobs_queued = 1;
    }
    return status;
}

/* --- claiming --------------------------------------------------------------------------------------------------- */

static int is_claimed(const anshin_job_t *job, apr_time_t now)
{
    return job->claimed_by != NULL && job->claimed_until > now;
}

/* When the job can be claimed at the earliest. */
static apr_time_t due_at(const anshin_job_t *job, apr_time_t now)
{
    return is_claimed(job, now) ? job->claimed_until : job->not_before;
}

typedef struct search_t {
    apr_int64_t front; /* the first number that is no gap, or the next one of an empty queue */
    apr_int64_t found; /* number of the job to claim */
    apr_time_t wake;   /* when the next one that waits is due; 0: none waits */
} search_t;

/* APR_SUCCESS, or ANSHIN_ENOTFOUND when no job is due. */
static apr_status_t find_due(anshin_op_t *op, anshin_txn_t *txn, search_t *search)
{
    anshin_sequence_t sequence;
    anshin_job_t job;
    apr_status_t status = get_sequence(txn, &sequence);

    if (status != APR_SUCCESS) {
        return status;
    }
    search->front = -1;
    search->wake = 0;
    for (apr_int64_t number = sequence.first; number < sequence.next; number++) {
        status = anshin_txn_get(txn, &anshin_record_job, job_key(op, number), &job);
        if (status == ANSHIN_ENOTFOUND) {
            continue;
        }
        if (status != APR_SUCCESS) {
            return status;
        }
        search->front = search->front < 0 ? number : search->front;
        if (due_at(&job, op->now) <= op->now) {
            search->found = number;
            return APR_SUCCESS;
        }
        if (search->wake == 0 || due_at(&job, op->now) < search->wake) {
            search->wake = due_at(&job, op->now);
        }
    }
    search->front = search->front < 0 ? sequence.next : search->front;
    return ANSHIN_ENOTFOUND;
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
static apr_status_t move_front(anshin_txn_t *txn, apr_int64_t front)
{
    anshin_sequence_t sequence;
    apr_status_t status = get_sequence(txn, &sequence);

    if (status != APR_SUCCESS || sequence.first >= front) {
        return status;
    }
    sequence.first = front;
    return anshin_txn_put(txn, &anshin_record_sequence, SEQUENCE, &sequence);
}

/* In a write transaction: take what a search found, unless somebody was faster (ANSHIN_ECONFLICT). */
static apr_status_t take(anshin_op_t *op, anshin_txn_t *txn, const search_t *search, const char *worker,
                         anshin_job_t *job)
{
    const char *key = job_key(op, search->found);
    apr_status_t status = anshin_txn_get(txn, &anshin_record_job, key, job);

    if (status == ANSHIN_ENOTFOUND || (status == APR_SUCCESS && due_at(job, op->now) > op->now)) {
        return ANSHIN_ECONFLICT;
    }
    if (status == APR_SUCCESS && job->kind == ANSHIN_JOB_ISSUE && job->serial == NULL) {
        status = choose_serial(op, &job->serial);
    }
    if (status == APR_SUCCESS) {
        job->claimed_by = worker;
        job->claimed_until = op->now + CLAIM_LIFE;
        status = anshin_txn_put(txn, &anshin_record_job, key, job);
    }
    return status == APR_SUCCESS ? move_front(txn, search->front) : status;
}

/* Looking takes no lock that writers would wait for: an idle worker polls. */
static apr_status_t look(anshin_op_t *op, search_t *search)
{
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (status == APR_SUCCESS) {
        status = find_due(op, txn, search);
        anshin_txn_abort(txn);
    }
    return status;
}

apr_status_t anshin_job_claim(anshin_op_t *op, const char *worker, anshin_job_t *job, const char **key,
                              apr_time_t *wake)
{
    search_t search = {0, 0, 0};
    anshin_txn_t *txn;
    apr_status_t status;

    *key = NULL;
    *wake = 0;
    for (int round = 0; round < CLAIM_ROUNDS; round++) {
        status = look(op, &search);
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
            *key = job_key(op, search.found);
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

static apr_interval_time_t wait_after(const anshin_job_t *job, apr_int64_t tries)
{
    apr_interval_time_t most = job->kind == ANSHIN_JOB_ISSUE ? WAIT_ISSUE : WAIT_MAIL;
    apr_interval_time_t wait = WAIT_FIRST;

    for (apr_int64_t i = 1; i < tries && wait < most; i++) {
        wait *= 2;
    }
    return wait < most ? wait : most;
}

static void unclaim(anshin_job_t *job)
{
    job->tries++;
    job->claimed_by = NULL;
    job->claimed_until = 0;
}

static apr_status_t release_all(anshin_op_t *op, anshin_txn_t *txn, int *released)
{
    anshin_sequence_t sequence;
    anshin_job_t job;
    apr_status_t status = get_sequence(txn, &sequence);

    for (apr_int64_t number = sequence.first; status == APR_SUCCESS && number < sequence.next; number++) {
        status = anshin_txn_get(txn, &anshin_record_job, job_key(op, number), &job);
        if (status == APR_SUCCESS && job.claimed_by != NULL) {
            unclaim(&job);
            /* A job that takes every worker with it must not stop all others. */
            job.not_before = op->now + (job.tries > DEATHS_FREE ? wait_after(&job, job.tries - DEATHS_FREE) : 0);
            status = anshin_txn_put(txn, &anshin_record_job, job_key(op, number), &job);
            (*released)++;
        }
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

apr_status_t anshin_jobs_release(anshin_op_t *op, int *released)
{
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    *released = 0;
    if (status != APR_SUCCESS) {
        return status;
    }
    status = release_all(op, txn, released);
    if (status == APR_SUCCESS && *released > 0) {
        return anshin_txn_commit(txn, ANSHIN_DURABLE);
    }
    anshin_txn_abort(txn);
    return status;
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

apr_status_t anshin_job_finish(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *worker)
{
    anshin_job_t job;
    apr_status_t status = get_own(txn, key, worker, &job);

    (void)op;
    return status == APR_SUCCESS ? anshin_txn_delete(txn, &anshin_record_job, key) : status;
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

apr_status_t anshin_job_retry(anshin_op_t *op, const char *key, const char *worker, const char *why)
{
    anshin_txn_t *txn;
    anshin_job_t job;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = get_own(txn, key, worker, &job);
    if (status == APR_SUCCESS) {
        unclaim(&job);
        job.not_before = op->now + wait_after(&job, job.tries);
        job.last_error = apr_pstrndup(op->pool, why, ERROR_MAX);
        status = anshin_txn_put(txn, &anshin_record_job, key, &job);
    }
    return anshin_txn_end(txn, status, ANSHIN_DURABLE);
}

apr_status_t anshin_jobs_count(anshin_op_t *op, anshin_txn_t *txn, apr_int64_t *waiting)
{
    anshin_sequence_t sequence;
    anshin_job_t job;
    apr_status_t status = get_sequence(txn, &sequence);

    *waiting = 0;
    for (apr_int64_t number = sequence.first; status == APR_SUCCESS && number < sequence.next; number++) {
        status = anshin_txn_get(txn, &anshin_record_job, job_key(op, number), &job);
        *waiting += status == APR_SUCCESS;
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
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
