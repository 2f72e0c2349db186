/*
 * The worker at work: see worker.h.
 *
 * Threads claim jobs as long as there are any; then each sleeps until the bell rings, a job that waits is due, or
 * the slow poll comes round. One writes the list of revoked certificates. The main thread listens, looks after
 * the signer, and keeps house.
 */
#include "ca/worker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "ca/audit_pipe.h"
#include "ca/chainer.h"
#include "ca/doorbell.h"
#include "ca/log.h"
#include "ca/publisher.h"
#include "ca/seal/resealer.h"
#include "ca/watch/event_hook.h"
#include "ca/watch/house.h"
#include "ca/watch/peers.h"
#include "ca/watch/watch.h"
#include "core/admin/housekeeping.h"
#include "core/admin/index_addresses.h"
#include "core/admin/list_mails.h"
#include "core/admin/old_due.h"
#include "core/admin/refile.h"
#include "core/base/waiting.h"
#include "core/mail/job.h"

#define POLL apr_time_from_sec(5) /* the net below the doorbell */
#define NAP apr_time_from_sec(1)  /* between steps of housekeeping, and after a store that cannot be used */

typedef struct worker_t {
    const anshin_work_t *work;
    const char *name;
    anshin_monitor_t monitor; /* over all below */
    unsigned rings;           /* how often the bell was heard: a ring between looking and sleeping is not missed */
    int ending;
    anshin_event_hook_t event_hook; /* of its thread */
    anshin_peers_t peers;           /* the same */
} worker_t;

typedef struct hand_t {
    worker_t *worker;
    const char *name; /* in claims: unique on this machine and over its restarts */
    apr_thread_t *thread;
    char held[ANSHIN_KEY_MAX + 1]; /* key of a job that could not be given back; "": none */
} hand_t;

/* --- threads ---------------------------------------------------------------------------------------------------- */

static unsigned rings(worker_t *worker, int *ending)
{
    unsigned count;

    anshin_monitor_enter(&worker->monitor);
    count = worker->rings;
    *ending = worker->ending;
    anshin_monitor_leave(&worker->monitor);
    return count;
}

static void ring(worker_t *worker, int ending)
{
    anshin_monitor_enter(&worker->monitor);
    worker->rings++;
    worker->ending |= ending;
    anshin_monitor_tell(&worker->monitor);
    anshin_monitor_leave(&worker->monitor);
}

static void sleep_until(worker_t *worker, apr_time_t until, unsigned heard)
{
    anshin_monitor_enter(&worker->monitor);
    while (!worker->ending && worker->rings == heard && anshin_uptime_now() < until) {
        anshin_monitor_wait(&worker->monitor, until);
    }
    anshin_monitor_leave(&worker->monitor);
}

/* Whatever rings. */
static void pause_for(worker_t *worker, apr_interval_time_t pause)
{
    apr_time_t until = anshin_uptime_now() + pause;

    anshin_monitor_enter(&worker->monitor);
    while (!worker->ending && anshin_uptime_now() < until) {
        anshin_monitor_wait(&worker->monitor, until);
    }
    anshin_monitor_leave(&worker->monitor);
}

/* What could not be given back comes first, and is nobody else's while it is held. */
static apr_status_t next_job(hand_t *hand, anshin_op_t *op, anshin_job_t *job, const char **key, apr_time_t *wake)
{
    apr_status_t status = ANSHIN_ENOTFOUND;

    if (hand->held[0] != '\0') {
        *key = apr_pstrdup(op->pool, hand->held);
        status = anshin_job_resume(op, hand->name, *key, job);
    }
    if (status != ANSHIN_ENOTFOUND && status != ANSHIN_ECONFLICT) {
        return status;
    }
    hand->held[0] = '\0';
    return anshin_job_claim(op, hand->name, job, key, wake);
}

/* One look at the queue. *sleep: until which uptime there is nothing to do, 0: go on at once. */
static void work_once(hand_t *hand, apr_time_t *sleep, apr_pool_t *pool)
{
    const anshin_work_t *work = hand->worker->work;
    anshin_op_t op;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    apr_status_t status;

    *sleep = 0;
    anshin_op_init(&op, work->env, NULL, &anshin_actor_worker, pool);
    status = next_job(hand, &op, &job, &key, &wake);
    if (status == APR_SUCCESS) {
        int is_ended = anshin_work_do(work, &job, key, hand->name, pool);

        apr_cpystrn(hand->held, is_ended ? "" : key, sizeof(hand->held));
        *sleep = is_ended ? 0 : anshin_uptime_now() + NAP;
        return;
    }
    *sleep = anshin_uptime_now() + POLL;
    if (status == ANSHIN_ENOTFOUND) {
        apr_interval_time_t rest = wake - apr_time_now(); /* a job's time is one of the day */

        *sleep += wake != 0 && rest < POLL ? rest - POLL : 0;
        return;
    }
    anshin_log_cause(ANSHIN_LOG_ERROR, "AN0793", "jobs cannot be read", status, &op.error);
}

static void *APR_THREAD_FUNC work_on(apr_thread_t *thread, void *data)
{
    hand_t *hand = data;
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

/* The list of revoked certificates, beside those who do jobs: a long one takes its time. */
static void *APR_THREAD_FUNC publish_on(apr_thread_t *thread, void *data)
{
    worker_t *worker = data;
    anshin_publisher_t publisher;
    apr_pool_t *pool;
    int ending;
    unsigned heard = rings(worker, &ending);

    (void)thread;
    apr_pool_create_unmanaged_ex(&pool, NULL, NULL);
    anshin_publisher_init(&publisher, worker->work, pool);
    while (!ending) {
        apr_time_t sleep;

        anshin_publisher_step(&publisher, &sleep);
        pause_for(worker, ANSHIN_PUBLISHER_PAUSE);
        sleep_until(worker, sleep, heard);
        heard = rings(worker, &ending);
    }
    apr_pool_destroy(pool);
    return NULL;
}

/* Events go from the store into the trail (AUD-1). */
static void *APR_THREAD_FUNC chain_on(apr_thread_t *thread, void *data)
{
    worker_t *worker = data;
    anshin_chainer_t chainer;
    int ending;

    (void)thread;
    anshin_chainer_init(&chainer, worker->work->env);
    do {
        (void)rings(worker, &ending);
        while (anshin_chainer_run(&chainer)) {} /* at the end as well: what was done before it stands in the trail */
        pause_for(worker, NAP);
    } while (!ending);
    anshin_chainer_end(&chainer);
    return NULL;
}

/* And from there into a command of the operator's (AUD-3). */
static void *APR_THREAD_FUNC pipe_on(apr_thread_t *thread, void *data)
{
    worker_t *worker = data;
    anshin_audit_pipe_t pipe = {.env = worker->work->env};
    int ending = 0;

    (void)thread;
    while (!ending) {
        pause_for(worker, anshin_audit_pipe_run(&pipe));
        (void)rings(worker, &ending);
    }
    return NULL;
}

/* What the operator should know now goes into another one (STA-2). */
static void *APR_THREAD_FUNC tell_on(apr_thread_t *thread, void *data)
{
    worker_t *worker = data;
    int ending = 0;

    (void)thread;
    while (!ending) {
        pause_for(worker, anshin_event_hook_step(&worker->event_hook));
        (void)rings(worker, &ending);
    }
    anshin_event_hook_end(&worker->event_hook);
    return NULL;
}

/* What those of other machines do (CLU-1). */
static void *APR_THREAD_FUNC peers_on(apr_thread_t *thread, void *data)
{
    worker_t *worker = data;
    int ending = 0;

    (void)thread;
    while (!ending) {
        if (!anshin_peers_step(&worker->peers)) { /* what is in hand here is the other one's, too; the log was told */
            (void)kill(getpid(), SIGTERM);
        }
        pause_for(worker, ANSHIN_NODE_SIGN);
        (void)rings(worker, &ending);
    }
    return NULL;
}

/* What who watches over the system wants to know (STA-1). */
static void *APR_THREAD_FUNC watch_on(apr_thread_t *thread, void *data)
{
    worker_t *worker = data;
    anshin_watch_t watch = {.work = worker->work};
    int ending = 0;

    (void)thread;
    while (!ending) {
        anshin_watch_step(&watch);
        pause_for(worker, ANSHIN_WATCH_PAUSE);
        (void)rings(worker, &ending);
    }
    return NULL;
}

static apr_status_t file_anew(anshin_op_t *op)
{
    int filed;
    apr_status_t status = anshin_old_due_convert(op, &filed);

    if (status == APR_SUCCESS && filed > 0) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1142", "%d jobs and times of an older store are filed anew", filed);
    }
    if (status == APR_SUCCESS) {
        status = anshin_refile(op, &filed);
    }
    if (status == APR_SUCCESS && filed > 0) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1200", "the reminders of %d certificates and passwords are filed anew", filed);
    }
    return status;
}

/* Nothing waits for it but who has forgotten the user ID; what it could not do is done at the next start. */
static void index_addresses(anshin_op_t *op)
{
    int indexed;
    apr_status_t status = anshin_index_addresses(op, &indexed);

    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN1541",
                         "some users of an older store are not found by their mail address until the next start",
                         status, &op->error);
    } else if (indexed > 0) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN0952", "the mail addresses of %d terminals of an older store can be found",
                   indexed);
    }
}

/* The same of the help desk, which walks over all mail meanwhile. */
static void list_mails(anshin_op_t *op)
{
    int listed;
    apr_status_t status = anshin_list_mails(op, &listed);

    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN1625",
                         "the help desk looks for a user's mail among all mail until the next start", status,
                         &op->error);
    } else if (listed > 0) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1626", "the mails to %d users of an older store are listed", listed);
    }
}

static apr_status_t release_claims(const anshin_work_t *work)
{
    anshin_op_t op;
    apr_pool_t *scratch;
    int released;
    apr_status_t status;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, work->env, NULL, &anshin_actor_worker, scratch);
    status = file_anew(&op);
    if (status == APR_SUCCESS) {
        status = anshin_jobs_release(&op, &released);
    }
    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN0794", "jobs of a worker that died are not free yet", status, &op.error);
    } else if (released > 0) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN0795", "%d jobs are begun again, their worker died", released);
    }
    if (status == APR_SUCCESS) {
        index_addresses(&op);
        list_mails(&op);
    }
    apr_pool_destroy(scratch);
    return status;
}

/* Claims that a dead worker left are free: we hold the lock of workers. A store that does not take that (for example on
 * a full disk) takes nothing else from us either, so that we wait for it, until such claims end by themselves. Before
 * any thread begins: it would lose its own. Not while another machine has our name, whose claims these are. Answers 0
 * when told to end meanwhile. */
static int free_claims(worker_t *worker, int signals, int lifeline)
{
    struct pollfd ends[] = {{signals, POLLIN, 0}, {lifeline, POLLIN, 0}};

    for (apr_interval_time_t waited = 0; waited < ANSHIN_JOB_CLAIM_LIFE; waited += POLL) {
        if (worker->work->env->node != NULL && !anshin_peers_begin(&worker->peers)) {
            waited = 0;
        } else if (release_claims(worker->work) == APR_SUCCESS) {
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
    anshin_house_told_t told;
    anshin_resealer_t resealer;
} house_t;

/* Before any work: what a step of the clock is measured by is noted, however soon the worker is ended again. */
static void note_clock(const anshin_env_t *env)
{
    anshin_op_t op;
    anshin_agreed_t agreed;
    apr_pool_t *scratch;
    apr_status_t status;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, env, NULL, &anshin_actor_worker, scratch);
    status = anshin_agreed_time(&op, &agreed);
    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN1217", "the clock is not noted yet", status, &op.error);
    }
    apr_pool_destroy(scratch);
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
    anshin_op_init(&op, work->env, NULL, &anshin_actor_worker, scratch);
    anshin_house_store(work->env->store, &house->told, scratch);
    anshin_house_keys(work->env->crypto, &house->told, scratch);
    anshin_house_space(work->env->config->server.state_dir, &house->told);
    status = anshin_housekeeping_step(&op, &house->state, &task, &removed);
    anshin_house_clock(&house->state.agreed, &house->told, scratch);
    if (status == APR_SUCCESS && removed > 0) {
        anshin_log(ANSHIN_LOG_INFO, "AN0796", "housekeeping: %d of %s", removed, task);
    } else if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN0797", "housekeeping", status, &op.error);
    }
    apr_pool_destroy(scratch);
    *rest = status == ANSHIN_ENOTFOUND ? POLL : NAP;
    if (anshin_resealer_step(work->env, &house->resealer)) {
        *rest = ANSHIN_RESEALER_REST;
    }
}

enum { SIGNALS, LIFELINE, BELL, SIGNER, SOURCES };

static int timeout(anshin_signer_client_t *signer_client, struct pollfd *signer, apr_interval_time_t rest)
{
    apr_time_t now = anshin_uptime_now();
    apr_time_t again;

    anshin_signer_client_watch(signer_client, &signer->fd, &signer->events, &again);
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
    anshin_signer_client_t *signer_client = worker->work->signer_client;
    struct pollfd sources[SOURCES] = {{signals, POLLIN, 0}, {lifeline, POLLIN, 0}, {bell, POLLIN, 0}, {-1, 0, 0}};
    house_t house = {.told = {.trouble = ""}};
    apr_interval_time_t rest = NAP;
    apr_time_t next_step = anshin_uptime_now() + NAP;

    for (;;) {
        int wait = timeout(signer_client, &sources[SIGNER], rest);

        anshin_watch_sign(worker->work);
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
        anshin_signer_client_tend(signer_client);
        if (anshin_signer_client_is_lost(signer_client)) {
            return ANSHIN_EBUSY;
        }
        if (anshin_uptime_now() >= next_step) {
            keep_house(worker->work, &house, &rest);
            next_step = anshin_uptime_now() + rest;
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
    struct {
        apr_thread_start_t run;
        int is_wanted;
        const char *what; /* that is not done without it */
        apr_thread_t *thread;
    } others[] = {
        {publish_on, 1, "no list of revoked certificates is written", NULL},
        {chain_on, 1, "the audit trail is not chained", NULL},
        {pipe_on, work->env->config->server.audit_command != NULL, "AnshinAuditCommand gets nothing", NULL},
        {tell_on, work->env->config->server.event_command != NULL, "AnshinEventCommand is told nothing", NULL},
        {watch_on, 1, "the state of the system is not counted", NULL},
        {peers_on, work->env->node != NULL, "other machines get no sign of life", NULL}};
    anshin_error_t err = {0};
    apr_status_t ended;
    apr_status_t status = APR_SUCCESS;

    /* A pid comes again one day; the time of the start does not come with it. */
    worker.name = apr_psprintf(pool, "%ld-%" APR_TIME_T_FMT, (long)getpid(), apr_time_now());
    anshin_monitor_init(&worker.monitor);
    anshin_event_hook_init(&worker.event_hook, work->env);
    if (work->env->node != NULL) {
        status = anshin_peers_init(&worker.peers, work->env, &err, pool);
    }
    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN1877", "the machines cannot be told apart", status, &err);
        return status;
    }
    if (!free_claims(&worker, signals, lifeline)) {
        return APR_SUCCESS;
    }
    note_clock(work->env);
    anshin_log(ANSHIN_LOG_NOTICE, "AN0760", "at work in %s, %d threads", work->env->config->server.state_dir, threads);
    status = start_threads(&worker, hands, threads, pool);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (others[i].is_wanted &&
            apr_thread_create(&others[i].thread, NULL, others[i].run, &worker, pool) != APR_SUCCESS) {
            anshin_log(ANSHIN_LOG_ERROR, "AN1226", "a thread cannot be started: %s", others[i].what);
            others[i].thread = NULL;
        }
    }
    if (status == APR_SUCCESS) {
        status = listen_on(&worker, signals, lifeline, bell);
    }
    ring(&worker, 1);
    for (int i = 0; i < threads; i++) {
        if (hands[i].thread != NULL) {
            (void)apr_thread_join(&ended, hands[i].thread);
        }
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (others[i].thread != NULL) {
            (void)apr_thread_join(&ended, others[i].thread);
        }
    }
    return status;
}
