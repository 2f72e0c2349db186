/*
 * The worker at work: see worker.h.
 *
 * Threads claim jobs as long as there are any; then each sleeps until the bell rings, a job that waits is due, or
 * the slow poll comes round. The main thread listens, looks after the signer, and keeps house.
 */
#include "ca/worker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "ca/doorbell.h"
#include "ca/log.h"
#include "core/housekeeping.h"
#include "runtime/io.h"

#define POLL apr_time_from_sec(5) /* the net below the doorbell */
#define NAP apr_time_from_sec(1)  /* between steps of housekeeping, and after a store that cannot be used */

typedef struct worker_t {
    const anshin_work_t *work;
    const char *name;
    apr_thread_mutex_t *lock;
    apr_thread_cond_t *wake;
    unsigned rings; /* how often the bell was heard: a ring between looking and sleeping is not missed */
    int ending;
} worker_t;

typedef struct hand_t {
    worker_t *worker;
    const char *name; /* in claims: unique on this machine and over its restarts */
    apr_thread_t *thread;
} hand_t;

/* --- threads ---------------------------------------------------------------------------------------------------- */

static unsigned rings(worker_t *worker, int *ending)
{
    unsigned count;

    apr_thread_mutex_lock(worker->lock);
    count = worker->rings;
    *ending = worker->ending;
    apr_thread_mutex_unlock(worker->lock);
    return count;
}

static void ring(worker_t *worker, int ending)
{
    apr_thread_mutex_lock(worker->lock);
    worker->rings++;
    worker->ending |= ending;
    apr_thread_cond_broadcast(worker->wake);
    apr_thread_mutex_unlock(worker->lock);
}

static void sleep_until(worker_t *worker, apr_time_t until, unsigned heard)
{
    apr_thread_mutex_lock(worker->lock);
    while (!worker->ending && worker->rings == heard && apr_time_now() < until) {
        (void)apr_thread_cond_timedwait(worker->wake, worker->lock, until - apr_time_now());
    }
    apr_thread_mutex_unlock(worker->lock);
}

/* One look at the queue. *sleep: until when there is nothing to do, 0: go on at once. */
static void work_once(const hand_t *hand, apr_time_t *sleep, apr_pool_t *pool)
{
    const anshin_work_t *work = hand->worker->work;
    anshin_op_t op;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    apr_status_t status;

    *sleep = 0;
    anshin_op_init(&op, work->env, NULL, NULL, pool);
    status = anshin_job_claim(&op, hand->name, &job, &key, &wake);
    if (status == APR_SUCCESS) {
        *sleep = anshin_work_do(work, &job, key, hand->name, pool) ? 0 : apr_time_now() + NAP;
        return;
    }
    *sleep = apr_time_now() + POLL;
    if (status == ANSHIN_ENOTFOUND) {
        *sleep = wake != 0 && wake < *sleep ? wake : *sleep;
        return;
    }
    anshin_log_cause(ANSHIN_LOG_ERROR, "AN0793", "no job can be had", status, &op.error);
}

static void *APR_THREAD_FUNC work_on(apr_thread_t *thread, void *data)
{
    const hand_t *hand = data;
    apr_pool_t *pool;
    int ending;
    unsigned heard = rings(hand->worker, &ending);

    (void)thread;
    apr_pool_create_unmanaged_ex(&pool, NULL, NULL);
    while (!ending) {
        apr_time_t sleep;

        apr_pool_clear(pool);
        work_once(hand, &sleep, pool);
        if (sleep != 0) {
            sleep_until(hand->worker, sleep, heard);
        }
        heard = rings(hand->worker, &ending);
    }
    apr_pool_destroy(pool);
    return NULL;
}

static apr_status_t release_claims(const anshin_work_t *work)
{
    anshin_op_t op;
    apr_pool_t *scratch;
    int released;
    apr_status_t status;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, work->env, NULL, NULL, scratch);
    status = anshin_jobs_release(&op, &released);
    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN0794", "jobs of a worker that died are not free yet", status, &op.error);
    } else if (released > 0) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN0795", "%d jobs are begun again, their worker died", released);
    }
    apr_pool_destroy(scratch);
    return status;
}

/* Claims that a dead worker left are free: we hold the lock of workers. A store that does not take that, on a full disk
 * say, takes nothing else from us either, so that we wait for it, until such claims end by themselves. Before any
 * thread begins: it would lose its own. Answers 0 when told to end meanwhile. */
static int free_claims(const anshin_work_t *work, int signals, int lifeline)
{
    struct pollfd ends[] = {{signals, POLLIN, 0}, {lifeline, POLLIN, 0}};

    for (apr_interval_time_t waited = 0; waited < ANSHIN_JOB_CLAIM_LIFE; waited += POLL) {
        if (release_claims(work) == APR_SUCCESS) {
            return 1;
        }
        if (poll(ends, 2, (int)apr_time_as_msec(POLL)) > 0) {
            return 0;
        }
    }
    return 1;
}

/* --- the main thread -------------------------------------------------------------------------------------------- */

typedef struct house_t {
    anshin_housekeeping_t state;
    char trouble[200]; /* of the store, as the log was told; "": none */
    char detour[200];  /* the same, of what it could get around */
    int full;          /* the log was told that there is hardly any space left */
    int doubted;       /* the log was told that the clock is doubted */
} house_t;

/* Told once. */
static void look_at_detour(const anshin_store_trouble_t *trouble, house_t *house)
{
    const char *detour = trouble->detour != NULL ? trouble->detour : "";

    if (detour[0] != '\0' && strcmp(detour, house->detour) != 0) {
        anshin_log(ANSHIN_LOG_ERROR, "AN1170",
                   "a checkpoint met a fault and went another way: %s. Nothing is lost; look at the disk", detour);
    }
    apr_cpystrn(house->detour, detour, sizeof(house->detour));
}

/* Told once, and once when it is over. */
static void look_at_store(const anshin_store_t *store, house_t *house, apr_pool_t *pool)
{
    anshin_store_trouble_t trouble;
    const char *why;

    anshin_store_trouble(&trouble, store, pool);
    look_at_detour(&trouble, house);
    why = trouble.why != NULL ? trouble.why : "";
    if (strcmp(why, house->trouble) == 0) {
        return;
    }
    if (why[0] != '\0') {
        anshin_log(
            ANSHIN_LOG_ERROR, "AN0778",
            "checkpoints fail: %s. The journal grows; it has %d MiB, and with %d nothing can be written any more", why,
            (int)(trouble.length >> 20), (int)(trouble.limit >> 20));
    } else {
        anshin_log(ANSHIN_LOG_NOTICE, "AN0729", "checkpoints work again");
    }
    apr_cpystrn(house->trouble, why, sizeof(house->trouble));
}

/* The same, of the space that is left (B53). */
static void look_at_space(const char *state_dir, house_t *house)
{
    apr_uint64_t octets = 0;
    int full;

    if (anshin_io_space(state_dir, &octets) != APR_SUCCESS) {
        return;
    }
    full = octets < ANSHIN_IO_SPACE_LOW;
    if (full && !house->full) {
        anshin_log(ANSHIN_LOG_WARNING, "AN1038",
                   "%s: %d MiB are left on its file system; make room, or soon nobody logs in", state_dir,
                   (int)(octets >> 20));
    } else if (!full && house->full) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1039", "%s: there is room again", state_dir);
    }
    house->full = full;
}

/* And of the clock (core/agreed.h). */
static void look_at_clock(const anshin_agreed_t *agreed, house_t *house, apr_pool_t *pool)
{
    int doubted = agreed->by != 0;

    if (doubted && !house->doubted) {
        anshin_log(
            ANSHIN_LOG_WARNING, "AN1161",
            "%s. Until %s nothing is removed by it. If it is wrong, set it; if it is right, nothing is to be done",
            anshin_agreed_words(agreed, pool), anshin_time_text(agreed->until, pool));
    } else if (!doubted && house->doubted) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1162", "the clock is believed again");
    }
    house->doubted = doubted;
}

/* One step at a time; *rest: how long until the next. */
static void keep_house(const anshin_work_t *work, house_t *house, apr_interval_time_t *rest)
{
    anshin_op_t op;
    apr_pool_t *scratch;
    const char *task;
    int removed;
    apr_status_t status;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, work->env, NULL, NULL, scratch);
    look_at_store(work->env->store, house, scratch);
    look_at_space(work->env->config->server.state_dir, house);
    status = anshin_housekeeping_step(&op, &house->state, &task, &removed);
    look_at_clock(&house->state.agreed, house, scratch);
    if (status == APR_SUCCESS && removed > 0) {
        anshin_log(ANSHIN_LOG_INFO, "AN0796", "housekeeping: %d of %s", removed, task);
    } else if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN0797", "housekeeping", status, &op.error);
    }
    apr_pool_destroy(scratch);
    *rest = status == ANSHIN_ENOTFOUND ? POLL : NAP;
}

enum { SIGNALS, LIFELINE, BELL, SIGNER, SOURCES };

static int timeout(anshin_authority_t *authority, struct pollfd *signer, apr_interval_time_t rest)
{
    apr_time_t now = apr_time_now();
    apr_time_t again;

    anshin_authority_watch(authority, &signer->fd, &signer->events, &again);
    if (again != 0 && again - now < rest) {
        rest = again > now ? again - now : 0;
    }
    return (int)apr_time_as_msec(rest) + 1;
}

/* 1 when it is time to end. Nobody writes into the lifeline; whatever comes of it means that its other end is gone
 * or gone mad. */
static int is_over(const struct pollfd *sources)
{
    return sources[SIGNALS].revents != 0 || sources[LIFELINE].revents != 0;
}

static apr_status_t listen_on(worker_t *worker, int signals, int lifeline, int bell)
{
    anshin_authority_t *authority = worker->work->authority;
    struct pollfd sources[SOURCES] = {{signals, POLLIN, 0}, {lifeline, POLLIN, 0}, {bell, POLLIN, 0}, {-1, 0, 0}};
    house_t house = {.trouble = ""};
    apr_interval_time_t rest = NAP;
    apr_time_t next_step = apr_time_now() + NAP;

    for (;;) {
        int wait = timeout(authority, &sources[SIGNER], rest);

        if (poll(sources, SOURCES, wait) < 0 && errno != EINTR) {
            return ANSHIN_EFAULT;
        }
        if (is_over(sources)) {
            return APR_SUCCESS;
        }
        if (sources[BELL].revents != 0) {
            anshin_doorbell_hear(bell);
            ring(worker, 0);
        }
        anshin_authority_tend(authority);
        if (anshin_authority_is_lost(authority)) {
            return ANSHIN_EBUSY;
        }
        if (apr_time_now() >= next_step) {
            keep_house(worker->work, &house, &rest);
            next_step = apr_time_now() + rest;
        }
    }
}

static apr_status_t start_threads(worker_t *worker, hand_t *hands, int threads, apr_pool_t *pool)
{
    for (int i = 0; i < threads; i++) {
        hands[i].worker = worker;
        hands[i].name = apr_psprintf(pool, "%s/%d", worker->name, i + 1);
        if (apr_thread_create(&hands[i].thread, NULL, work_on, &hands[i], pool) != APR_SUCCESS) {
            anshin_log(ANSHIN_LOG_ERROR, "AN0798", "a thread cannot be started: %d of %d work", i, threads);
            return i > 0 ? APR_SUCCESS : ANSHIN_EFAULT;
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_worker_run(const anshin_work_t *work, int threads, int signals, int lifeline, int bell,
                               apr_pool_t *pool)
{
    worker_t worker = {.work = work};
    hand_t *hands = apr_pcalloc(pool, (apr_size_t)threads * sizeof(*hands));
    apr_status_t ended;
    apr_status_t status;

    /* A pid comes again one day; the time of the start does not come with it. */
    worker.name = apr_psprintf(pool, "%ld-%" APR_TIME_T_FMT, (long)getpid(), apr_time_now());
    if (apr_thread_mutex_create(&worker.lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS ||
        apr_thread_cond_create(&worker.wake, pool) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    if (!free_claims(work, signals, lifeline)) {
        return APR_SUCCESS;
    }
    status = start_threads(&worker, hands, threads, pool);
    if (status == APR_SUCCESS) {
        status = listen_on(&worker, signals, lifeline, bell);
    }
    ring(&worker, 1);
    for (int i = 0; i < threads; i++) {
        if (hands[i].thread != NULL) {
            (void)apr_thread_join(&ended, hands[i].thread);
        }
    }
    return status;
}
