/*
 * How jobs lie in the store: see job_queue.h.
 */
#include "core/job_queue.h"

#include <string.h>

#include <apr_strings.h>

#define SEQUENCE "jobs"
#define REQUESTS "requests"

/* Part of keys on disk. */
static const char *const lane_prefixes[ANSHIN_LANES] = {"", "strangers/"};

/* Seconds of wait, a queue each, and whether an issue or another job goes through it; a job that has come to the last
 * of its kind stays there. An issue waits a minute at most, since somebody sits in front of the screen. The seconds are
 * part of keys on disk. */
static const struct {
    int seconds;
    int issue;
    int other;
} waits[ANSHIN_QUEUES] = {{0, 0, 0},   {10, 1, 1},  {20, 1, 1},  {40, 1, 1},   {60, 1, 0},   {80, 0, 1},
                          {160, 0, 1}, {320, 0, 1}, {640, 0, 1}, {1280, 0, 1}, {2560, 0, 1}, {3600, 0, 1}};

/* Whoever asks for a reissue need not be anybody we know. */
anshin_lane_t anshin_lane_for(apr_int64_t kind)
{
    return kind == ANSHIN_JOB_PASSWORD_REQUEST || kind == ANSHIN_JOB_CERTIFICATE_REQUEST ? ANSHIN_LANE_STRANGERS
                                                                                         : ANSHIN_LANE_OURS;
}

anshin_lane_t anshin_lane_of(const char *key)
{
    const char *prefix = lane_prefixes[ANSHIN_LANE_STRANGERS];

    return strncmp(key, prefix, strlen(prefix)) == 0 ? ANSHIN_LANE_STRANGERS : ANSHIN_LANE_OURS;
}

int anshin_queue_after(const anshin_job_t *job, apr_int64_t tries)
{
    int queue = ANSHIN_QUEUE_NOWAIT;

    for (int next = ANSHIN_QUEUE_NOWAIT + 1; next < ANSHIN_QUEUES && tries > 0; next++) {
        if (job->kind == ANSHIN_JOB_ISSUE ? waits[next].issue : waits[next].other) {
            queue = next;
            tries--;
        }
    }
    return queue;
}

apr_interval_time_t anshin_queue_wait(int queue)
{
    return apr_time_from_sec(waits[queue].seconds);
}

/* "jobs", "jobs/10", "jobs/strangers", "jobs/strangers/10". */
static const char *sequence_key(const anshin_op_t *op, anshin_lane_t lane, int queue)
{
    const char *prefix = lane_prefixes[lane];
    const char *of_lane =
        *prefix == '\0' ? SEQUENCE : apr_psprintf(op->pool, SEQUENCE "/%.*s", (int)strlen(prefix) - 1, prefix);

    return queue == ANSHIN_QUEUE_NOWAIT ? of_lane : apr_psprintf(op->pool, "%s/%d", of_lane, waits[queue].seconds);
}

apr_status_t anshin_queue_get(anshin_op_t *op, anshin_txn_t *txn, anshin_lane_t lane, int queue,
                              anshin_sequence_t *sequence)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_sequence, sequence_key(op, lane, queue), sequence);

    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_queue_put(anshin_op_t *op, anshin_txn_t *txn, anshin_lane_t lane, int queue,
                              const anshin_sequence_t *sequence)
{
    return anshin_txn_put(txn, &anshin_record_sequence, sequence_key(op, lane, queue), sequence);
}

const char *anshin_queue_key(const anshin_op_t *op, anshin_lane_t lane, int queue, apr_int64_t number)
{
    const char *wait = queue == ANSHIN_QUEUE_NOWAIT ? "" : apr_psprintf(op->pool, "%d/", waits[queue].seconds);

    return apr_psprintf(op->pool, "%s%s%016" APR_UINT64_T_HEX_FMT, lane_prefixes[lane], wait, (apr_uint64_t)number);
}

apr_status_t anshin_queue_append(anshin_op_t *op, anshin_txn_t *txn, anshin_lane_t lane, int queue,
                                 const anshin_job_t *job)
{
    anshin_sequence_t sequence;
    apr_status_t status = anshin_queue_get(op, txn, lane, queue, &sequence);

    if (status == APR_SUCCESS) {
        status = anshin_txn_put(txn, &anshin_record_job, anshin_queue_key(op, lane, queue, sequence.next), job);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    sequence.next++;
    return anshin_queue_put(op, txn, lane, queue, &sequence);
}

static const char *requests_key(const anshin_op_t *op, const char *contract)
{
    return apr_pstrcat(op->pool, REQUESTS "/", contract, NULL);
}

/* The record of a contract that never had a request is not there. */
static apr_status_t get_requests(anshin_op_t *op, anshin_txn_t *txn, const char *contract, anshin_sequence_t *requests)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_sequence, requests_key(op, contract), requests);

    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_queue_count(anshin_op_t *op, anshin_txn_t *txn, anshin_lane_t lane, const char *contract, int more)
{
    anshin_sequence_t sequence;
    apr_status_t status = anshin_queue_get(op, txn, ANSHIN_LANE_OURS, ANSHIN_QUEUE_NOWAIT, &sequence);

    if (status == APR_SUCCESS) {
        sequence.count += more;
        status = anshin_queue_put(op, txn, ANSHIN_LANE_OURS, ANSHIN_QUEUE_NOWAIT, &sequence);
    }
    if (status != APR_SUCCESS || lane != ANSHIN_LANE_STRANGERS ||
        (status = get_requests(op, txn, contract, &sequence)) != APR_SUCCESS) {
        return status;
    }
    sequence.count += more;
    return anshin_txn_put(txn, &anshin_record_sequence, requests_key(op, contract), &sequence);
}

apr_status_t anshin_queue_requests(anshin_op_t *op, anshin_txn_t *txn, const char *contract, apr_int64_t *count)
{
    anshin_sequence_t requests;
    apr_status_t status = get_requests(op, txn, contract, &requests);

    *count = status == APR_SUCCESS ? requests.count : 0;
    return status;
}
