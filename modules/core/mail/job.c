/*
 * The jobs of the CA worker: see job.h.
 *
 * A job has its key for good: LANE/TIME-RANDOM. Lanes are "ours"; "strangers", in which each contract is a group, so
 * that its requests are counted; "many", for what is queued by the thousand; and "node:NODE", where what only that
 * node can go on with waits for it. When it is due tells the store (anshin_txn_due()): at once, when it is to be tried
 * again, or when the claim on it ends.
 */
#include "core/mail/job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/context/secret.h"

#define DEATHS_FREE 3 /* so often a job is begun again at once after its worker died */
#define CLAIM_ROUNDS 16
#define ERROR_MAX 200
#define SERIAL_BYTES 16
#define RANDOM_DIGITS 16
#define RELEASE_MAX 100000 /* jobs that are looked at for claims of workers that died */

#define SECOND apr_time_from_sec(1)
#define FIRST_WAIT 10
#define LONGEST_WAIT 3600
#define FIRST_PUT_OFF 60      /* of a contract that is not declared */
#define LONGEST_WAIT_ISSUE 60 /* somebody sits in front of the screen */
#define FAR apr_time_from_sec(2 * LONGEST_WAIT)

#define OURS "ours"
#define STRANGERS "strangers"
#define MANY "many"

/* Whoever asks for a reissue need not be anybody we know. */
static int is_strangers(const anshin_job_t *job)
{
    return job->kind == ANSHIN_JOB_PASSWORD_REQUEST || job->kind == ANSHIN_JOB_CERTIFICATE_REQUEST ||
           job->kind == ANSHIN_JOB_LOST_REQUEST || job->kind == ANSHIN_JOB_RESEND_REQUEST ||
           job->kind == ANSHIN_JOB_ID_REQUEST;
}

static const char *lane_of_node(const anshin_op_t *op, const char *node)
{
    return apr_pstrcat(op->pool, "node:", node, NULL);
}

/* In the order of time, and no two alike, with no number that others would need as well. */
static apr_status_t new_key(anshin_op_t *op, const char *lane, const char **key)
{
    const char *random;
    apr_status_t status = anshin_secret_name(op, &random);

    *key = status == APR_SUCCESS ? apr_psprintf(op->pool, "%s/%016" APR_UINT64_T_HEX_FMT "-%.*s", lane,
                                                (apr_uint64_t)op->now, RANDOM_DIGITS, random)
                                 : NULL;
    return status;
}

/* Due in the second that has begun, since a store may be one late. */
static apr_time_t at_once(apr_time_t now)
{
    return now - now % SECOND;
}

static apr_status_t put(anshin_txn_t *txn, const char *key, const anshin_job_t *job, apr_time_t due)
{
    apr_status_t status = anshin_txn_put(txn, &anshin_record_job, key, job);

    return status == APR_SUCCESS ? anshin_txn_due(txn, &anshin_record_job, key, due) : status;
}

static apr_status_t put_new(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job, apr_time_t due)
{
    const char *lane = is_strangers(job) ? apr_pstrcat(op->pool, STRANGERS "/", job->contract, NULL)
                       : job->many       ? MANY
                                         : OURS;
    const char *key;
    apr_status_t status = new_key(op, lane, &key);

    return status == APR_SUCCESS ? put(txn, key, job, due) : status;
}

apr_status_t anshin_job_add(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job)
{
    anshin_job_t record = *job;
    apr_status_t status;

    record.contract = op->contract->name;
    record.created_at = op->now;
    record.not_before = op->now;
    record.tries = 0;
    record.last_error = NULL;
    record.claimed_by = NULL;
    record.claimed_until = 0;
    record.node = NULL;
    record.bound = 0;
    record.many |= op->many;
    status = put_new(op, txn, &record, at_once(op->now));
    if (status == APR_SUCCESS) {
        op->jobs_queued = 1;
    }
    return status;
}

/* --- claiming --------------------------------------------------------------------------------------------------- */

typedef struct claim_t {
    const char *worker;
    const char *lane; /* that has a job which is due */
    apr_time_t by;    /* by this time it is */
    apr_time_t wake;  /* when the first of those that wait is due; 0: none waits */
    anshin_job_t *job;
    const char *key; /* NULL: none that it could take, look again */
} claim_t;

/* One whose time is further off than anything waits was filed by a clock that has been set back since. */
static apr_status_t look_in(const anshin_op_t *op, anshin_txn_t *txn, const char *lane, claim_t *claim)
{
    const anshin_due_queue_t queue = {&anshin_record_job, lane};
    apr_array_header_t *first;
    apr_time_t when;
    apr_status_t status = anshin_txn_list_due(txn, &queue, 1, &first);

    if (status != APR_SUCCESS || first->nelts == 0) {
        return status;
    }
    when = APR_ARRAY_IDX(first, 0, anshin_due_entry_t).when;
    if (when <= op->now || when > op->now + FAR) {
        claim->lane = lane;
        claim->by = when > op->now ? when : op->now;
    } else if (claim->wake == 0 || when < claim->wake) {
        claim->wake = when;
    }
    return APR_SUCCESS;
}

/* All lanes, the first to be served first; the first is NULL where one machine has the store. Strangers wait behind us
 * (S37), and so do many. Between these two the clock decides: that needs no memory, and nobody can bend it. */
#define LANES 4
static void list_lanes(const anshin_op_t *op, const char *lanes[LANES])
{
    int turn = (int)(apr_time_sec(op->now) % 2);

    lanes[0] = op->env->node != NULL ? lane_of_node(op, op->env->node) : NULL;
    lanes[1] = OURS;
    lanes[2] = turn ? MANY : STRANGERS;
    lanes[3] = turn ? STRANGERS : MANY;
}

/* Looking takes no lock that writers would wait for: an idle worker polls. ANSHIN_ENOTFOUND: no job is due. */
static apr_status_t look(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    claim_t *claim = baton;
    const char *lanes[LANES];
    apr_status_t status = APR_SUCCESS;

    list_lanes(op, lanes);
    claim->lane = NULL;
    claim->wake = 0;
    for (int i = 0; status == APR_SUCCESS && claim->lane == NULL && i < LANES; i++) {
        status = lanes[i] != NULL ? look_in(op, txn, lanes[i], claim) : APR_SUCCESS;
    }
    return status == APR_SUCCESS && claim->lane == NULL ? ANSHIN_ENOTFOUND : status;
}

/* CSPRNG, positive, never a leading zero octet, fewer than 20 octets (RFC 5280 4.1.2.2, S23). */
static apr_status_t choose_serial(anshin_op_t *op, const char **serial)
{
    unsigned char octets[SERIAL_BYTES];
    apr_status_t status = op->env->crypto->random(op->env->crypto->ctx, octets, sizeof(octets));

    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, status, "AN0250", "job: the system gives no random bytes for a serial number");
    }
    octets[0] = (unsigned char)((octets[0] & 0x7f) | 0x40);
    *serial = anshin_hex(octets, sizeof(octets), op->pool);
    return APR_SUCCESS;
}

/* A store that this machine has alone (node NULL) has no other node's. */
static int is_of_node(const anshin_op_t *op, const anshin_job_t *job)
{
    return job->node == NULL || op->env->node == NULL || strcmp(job->node, op->env->node) == 0;
}

/* To where only its node looks. */
static apr_status_t hand_to_node(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_job_t *job)
{
    const char *moved;
    apr_status_t status = anshin_txn_delete(txn, &anshin_record_job, key);

    if (status != APR_SUCCESS || (status = new_key(op, lane_of_node(op, job->node), &moved)) != APR_SUCCESS) {
        return status;
    }
    return put(txn, moved, job, at_once(op->now));
}

/* The serial must be the same when the job is begun again, even after a loss of power. */
static apr_status_t put_claimed(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *worker,
                                anshin_job_t *job)
{
    apr_status_t status = APR_SUCCESS;

    if (job->kind == ANSHIN_JOB_ISSUE) {
        anshin_txn_durable(txn);
        status = job->serial == NULL ? choose_serial(op, &job->serial) : APR_SUCCESS;
    }
    job->claimed_by = worker;
    job->claimed_until = op->now + ANSHIN_JOB_CLAIM_LIFE;
    job->node = op->env->node;
    return status == APR_SUCCESS ? put(txn, key, job, job->claimed_until) : status;
}

/* ANSHIN_ENOTFOUND: somebody was faster. */
static apr_status_t take(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    claim_t *claim = baton;
    const anshin_due_queue_t queue = {&anshin_record_job, claim->lane};
    const char *key;
    apr_status_t status = anshin_txn_take_due(txn, &queue, claim->by, &key);

    claim->key = NULL;
    if (status == APR_SUCCESS) {
        status = anshin_txn_get(txn, &anshin_record_job, key, claim->job);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (claim->job->bound && !is_of_node(op, claim->job)) {
        return hand_to_node(op, txn, key, claim->job);
    }
    claim->key = key;
    return put_claimed(op, txn, key, claim->worker, claim->job);
}

apr_status_t anshin_job_claim(anshin_op_t *op, const char *worker, anshin_job_t *job, const char **key,
                              apr_time_t *wake)
{
    claim_t claim = {.worker = worker, .job = job};
    apr_status_t status;

    *key = NULL;
    *wake = 0;
    for (int round = 0; round < CLAIM_ROUNDS; round++) {
        status = anshin_op_read(op, look, &claim);
        if (status != APR_SUCCESS) {
            *wake = claim.wake;
            return status;
        }
        status = anshin_op_write(op, ANSHIN_LAZY, take, &claim);
        if (status == APR_SUCCESS && claim.key != NULL) {
            *key = claim.key;
            return APR_SUCCESS;
        }
        if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
            return status;
        }
    }
    *wake = op->now; /* others were faster every time: they keep the queue going */
    return ANSHIN_ENOTFOUND;
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

static apr_status_t resume(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const claim_t *claim = baton;
    apr_status_t status = get_own(txn, claim->key, claim->worker, claim->job);

    return status == APR_SUCCESS ? put_claimed(op, txn, claim->key, claim->worker, claim->job) : status;
}

apr_status_t anshin_job_resume(anshin_op_t *op, const char *worker, const char *key, anshin_job_t *job)
{
    claim_t claim = {.worker = worker, .job = job, .key = key};

    return anshin_op_write(op, ANSHIN_LAZY, resume, &claim);
}

/* --- giving back ------------------------------------------------------------------------------------------------ */

/* Before try number tries, counted from 1; 0 or less: at once. In seconds. */
static int wait_before(const anshin_job_t *job, apr_int64_t tries)
{
    int longest = job->kind == ANSHIN_JOB_ISSUE ? LONGEST_WAIT_ISSUE : LONGEST_WAIT;
    int wait = tries > 0 ? FIRST_WAIT : 0;

    while (--tries > 0 && wait < longest) {
        wait *= 2;
    }
    return wait < longest ? wait : longest;
}

/* To be done again, now or after a wait. Whether that was a try is the caller's to say. */
static apr_status_t put_back(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_job_t *job, int wait)
{
    job->claimed_by = NULL;
    job->claimed_until = 0;
    job->node = job->bound ? job->node : NULL;
    job->not_before = op->now + apr_time_from_sec(wait);
    return put(txn, key, job, wait > 0 ? job->not_before : at_once(op->now));
}

typedef struct release_t {
    const char *node;         /* of another node; NULL: our own */
    apr_array_header_t *keys; /* of const char *: jobs in hand */
    const char *key;          /* that is released */
    int done;                 /* it was */
} release_t;

static int is_left(const anshin_op_t *op, const anshin_job_t *job, const release_t *release)
{
    if (release->node != NULL) {
        return job->claimed_by != NULL && !job->bound && job->node != NULL && strcmp(job->node, release->node) == 0;
    }
    return job->claimed_by != NULL && is_of_node(op, job);
}

static apr_status_t collect_lane(anshin_op_t *op, anshin_txn_t *txn, const char *lane, release_t *release)
{
    const anshin_due_queue_t queue = {&anshin_record_job, lane};
    apr_array_header_t *entries;
    anshin_job_t job;
    apr_status_t status = anshin_txn_list_due(txn, &queue, RELEASE_MAX, &entries);

    for (int i = 0; status == APR_SUCCESS && i < entries->nelts; i++) {
        const anshin_due_entry_t *entry = &APR_ARRAY_IDX(entries, i, anshin_due_entry_t);

        if (entry->when <= op->now) {
            continue; /* anybody may claim it */
        }
        status = anshin_txn_get(txn, &anshin_record_job, entry->key, &job);
        if (status == APR_SUCCESS && is_left(op, &job, release)) {
            APR_ARRAY_PUSH(release->keys, const char *) = entry->key;
        }
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

static apr_status_t collect(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    release_t *release = baton;
    const char *lanes[LANES];
    apr_status_t status = APR_SUCCESS;

    list_lanes(op, lanes);
    apr_array_clear(release->keys);
    for (int i = 0; status == APR_SUCCESS && i < LANES; i++) {
        status = lanes[i] != NULL ? collect_lane(op, txn, lanes[i], release) : APR_SUCCESS;
    }
    return status;
}

/* A job that takes every worker with it must not stop all others. */
static apr_status_t release_one(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    release_t *release = baton;
    anshin_job_t job;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_job, release->key, &job);

    release->done = status == APR_SUCCESS && is_left(op, &job, release);
    if (!release->done) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    job.tries++;
    return put_back(op, txn, release->key, &job, wait_before(&job, job.tries - DEATHS_FREE));
}

static apr_status_t release_all(anshin_op_t *op, const char *node, int *released)
{
    release_t release = {.node = node, .keys = apr_array_make(op->pool, 4, sizeof(const char *))};
    apr_status_t status = anshin_op_read(op, collect, &release);

    *released = 0;
    for (int i = 0; status == APR_SUCCESS && i < release.keys->nelts; i++) {
        release.key = APR_ARRAY_IDX(release.keys, i, const char *);
        status = anshin_op_write(op, ANSHIN_DURABLE, release_one, &release);
        *released += status == APR_SUCCESS && release.done;
    }
    return status;
}

apr_status_t anshin_jobs_release(anshin_op_t *op, int *released)
{
    return release_all(op, NULL, released);
}

apr_status_t anshin_jobs_take_over(anshin_op_t *op, const char *node, int *released)
{
    return release_all(op, node, released);
}

apr_status_t anshin_job_bind(anshin_txn_t *txn, const char *key, const char *worker)
{
    anshin_job_t job;
    apr_status_t status = get_own(txn, key, worker, &job);

    job.bound = 1;
    return status == APR_SUCCESS ? anshin_txn_put(txn, &anshin_record_job, key, &job) : status;
}

apr_status_t anshin_job_finish(anshin_txn_t *txn, const char *key, const char *worker)
{
    anshin_job_t job;
    apr_status_t status = get_own(txn, key, worker, &job);

    return status == APR_SUCCESS ? anshin_txn_delete(txn, &anshin_record_job, key) : status;
}

apr_status_t anshin_job_remove(anshin_txn_t *txn, const char *key)
{
    anshin_job_t job;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_job, key, &job);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    anshin_txn_wipe(txn, job.blob);
    return anshin_txn_delete(txn, &anshin_record_job, key);
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
    job.tries++;
    return put_back(op, txn, key, &job, wait_before(&job, job.tries));
}

/* The longer it has waited, the later. */
static apr_status_t put_off(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *worker, const char *why)
{
    anshin_job_t job;
    apr_status_t status = get_own(txn, key, worker, &job);
    apr_int64_t wait;

    if (status != APR_SUCCESS) {
        return status;
    }
    wait = apr_time_sec(op->now - job.created_at) / 8;
    wait = wait < FIRST_PUT_OFF ? FIRST_PUT_OFF : wait > LONGEST_WAIT ? LONGEST_WAIT : wait;
    job.last_error = apr_pstrndup(op->pool, why, ERROR_MAX);
    return put_back(op, txn, key, &job, (int)wait);
}

typedef struct end_t {
    const char *key;
    const char *worker;
    const char *why; /* it is tried again; NULL: it is over */
    int was_no_try;
} end_t;

static apr_status_t end_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const end_t *end = baton;

    if (end->why == NULL) {
        return anshin_job_finish(txn, end->key, end->worker);
    }
    return end->was_no_try ? put_off(op, txn, end->key, end->worker, end->why)
                           : anshin_job_retry_in(op, txn, end->key, end->worker, end->why);
}

apr_status_t anshin_job_drop(anshin_op_t *op, const char *key, const char *worker)
{
    end_t end = {key, worker, NULL, 0};

    return anshin_op_write(op, ANSHIN_DURABLE, end_in, &end);
}

apr_status_t anshin_job_retry(anshin_op_t *op, const char *key, const char *worker, const char *why)
{
    end_t end = {key, worker, why != NULL ? why : "", 0};

    return anshin_op_write(op, ANSHIN_DURABLE, end_in, &end);
}

apr_status_t anshin_job_put_off(anshin_op_t *op, const char *key, const char *worker, const char *why)
{
    end_t end = {key, worker, why != NULL ? why : "", 1};

    return anshin_op_write(op, ANSHIN_DURABLE, end_in, &end);
}

apr_status_t anshin_jobs_requests(anshin_op_t *op, anshin_txn_t *txn, int limit, apr_int64_t *waiting)
{
    return anshin_txn_count_due(txn, &anshin_record_job, apr_pstrcat(op->pool, STRANGERS "/", op->contract->name, NULL),
                                limit, waiting);
}

static apr_status_t look_for_mail(anshin_op_t *op, anshin_txn_t *txn, const anshin_due_entry_t *entry, const char *mail,
                                  int *in_hand)
{
    anshin_job_t job;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_job, entry->key, &job);

    if (status == APR_SUCCESS && job.mail != NULL && strcmp(job.mail, mail) == 0) {
        *in_hand = job.claimed_by != NULL && job.claimed_until > op->now;
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_job_of_mail(anshin_op_t *op, anshin_txn_t *txn, const char *mail, int *in_hand)
{
    const char *lanes[LANES];
    apr_status_t status = APR_SUCCESS;

    list_lanes(op, lanes);
    *in_hand = 0;
    for (int i = 0; status == APR_SUCCESS && !*in_hand && i < LANES; i++) {
        const anshin_due_queue_t queue = {&anshin_record_job, lanes[i]};
        apr_array_header_t *entries = apr_array_make(op->pool, 0, sizeof(anshin_due_entry_t));

        status = lanes[i] != NULL ? anshin_txn_list_due(txn, &queue, RELEASE_MAX, &entries) : APR_SUCCESS;
        for (int j = 0; status == APR_SUCCESS && !*in_hand && j < entries->nelts; j++) {
            status = look_for_mail(op, txn, &APR_ARRAY_IDX(entries, j, anshin_due_entry_t), mail, in_hand);
        }
    }
    return status;
}

apr_status_t anshin_job_adopt(anshin_op_t *op, anshin_txn_t *txn, const char *key)
{
    anshin_job_t job;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_job, key, &job);

    if (status != APR_SUCCESS || (status = anshin_txn_delete(txn, &anshin_record_job, key)) != APR_SUCCESS) {
        return status;
    }
    job.tries += job.claimed_by != NULL;
    job.claimed_by = NULL;
    job.claimed_until = 0;
    job.node = NULL;
    job.bound = 0;
    op->jobs_queued = 1;
    return put_new(op, txn, &job, job.not_before > op->now ? job.not_before : at_once(op->now));
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
