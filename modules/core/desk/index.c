/*
 * The index of search in part: see index.h.
 *
 * SECURITY: names and addresses of all users are in the memory of a process in which they pass anyway; what is changed
 * or erased there is wiped before its memory goes back. Whom an operator may see is asked by who searches, of the
 * record as the transaction has it.
 */
#include "core/desk/index.h"

#include <signal.h>
#include <string.h>

#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "core/base/fork_mark.h"
#include "core/base/waiting.h"

#define PATIENCE apr_time_from_sec(2) /* of a search, while another one fills it */
#define REST apr_time_from_sec(3600)
#define LOOK_EVERY apr_time_from_sec(1) /* much less than what a store knows of its past */

struct anshin_desk_index_t {
    const anshin_env_t *env;
    anshin_fork_mark_t *mark;
    apr_size_t most;
    apr_thread_mutex_t *mutex; /* around these six */
    anshin_people_t *people;   /* NULL: nothing is in it */
    anshin_store_point_t point;
    int blind;            /* the store cannot tell its changes */
    apr_time_t filled_at; /* by the clock of who filled it */
    apr_time_t used_at;   /* by the uptime */
    int too_many;
    apr_thread_t *thread;
    anshin_monitor_t monitor; /* around these two */
    int wanted;
    int stopping;
};

/* --- up to date -------------------------------------------------------------------------------------------------- */

typedef struct filling_t {
    anshin_desk_index_t *index;
    apr_pool_t *scratch;
} filling_t;

/* Of contracts at which somebody may search. */
static int is_operated(const filling_t *filling, const char *key)
{
    const apr_array_header_t *contracts = filling->index->env->config->contracts;
    const apr_size_t length = strcspn(key, "/");

    for (int i = 0; i < contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);

        if (strncmp(contract->name, key, length) == 0 && contract->name[length] == '\0') {
            return contract->policy.operators != NULL && contract->policy.operators->nelts > 0;
        }
    }
    return 0;
}

static apr_status_t take(void *baton, const anshin_record_type_t *type, const char *key, const void *record)
{
    filling_t *filling = baton;
    anshin_people_t *people = filling->index->people;
    const anshin_account_t *account = record;
    const anshin_terminal_t *terminal = record;
    apr_status_t status;

    if (!is_operated(filling, key)) {
        return APR_SUCCESS;
    }
    apr_pool_clear(filling->scratch);
    if (type == &anshin_record_terminal) {
        status = anshin_people_put_address(people, key, terminal != NULL ? terminal->address : NULL, filling->scratch);
    } else if (account != NULL) {
        status = anshin_people_put(people, key, account->name, account->organisation, filling->scratch);
    } else {
        status = anshin_people_drop(people, key, filling->scratch);
    }
    filling->index->too_many |= status == ANSHIN_EFAULT;
    return status;
}

static apr_status_t take_account(void *baton, const char *key, const void *record)
{
    return take(baton, &anshin_record_account, key, record);
}

static apr_status_t take_terminal(void *baton, const char *key, const void *record)
{
    return take(baton, &anshin_record_terminal, key, record);
}

static void empty(anshin_desk_index_t *index)
{
    anshin_people_free(index->people);
    index->people = NULL;
    index->point = (anshin_store_point_t){0, 0};
}

static const anshin_record_type_t *const types[] = {&anshin_record_account, &anshin_record_terminal, NULL};

static apr_status_t fill(filling_t *filling, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_desk_index_t *index = filling->index;
    apr_status_t status;

    empty(index);
    index->people = anshin_people_make(index->most);
    index->filled_at = op->now;
    status = anshin_txn_changes(txn, &index->point, types, take, filling);
    if (status != ANSHIN_ENOTFOUND || index->people == NULL) {
        return status == APR_SUCCESS ? ANSHIN_ENOTFOUND : status;
    }
    index->blind = index->point.at == 0;
    status = anshin_txn_each(txn, &anshin_record_account, "", take_account, filling);
    return status == APR_SUCCESS ? anshin_txn_each(txn, &anshin_record_terminal, "", take_terminal, filling) : status;
}

/* Does what was found by a walk count still, where nobody tells what has changed since? */
static int is_fresh(const anshin_desk_index_t *index, const anshin_op_t *op)
{
    return op->now >= index->filled_at && op->now - index->filled_at < ANSHIN_DESK_INDEX_FRESH;
}

/* With the mutex held: as the transaction sees the store, or saw it of late where the store is blind. ANSHIN_ENOTFOUND:
 * it cannot be had. */
static apr_status_t update(anshin_desk_index_t *index, anshin_op_t *op, anshin_txn_t *txn)
{
    filling_t filling = {index, NULL};
    apr_status_t status = ANSHIN_ENOTFOUND;

    if (index->too_many) {
        return ANSHIN_ENOTFOUND;
    }
    apr_pool_create(&filling.scratch, anshin_txn_pool(txn));
    if (index->people != NULL && index->blind) {
        status = is_fresh(index, op) ? APR_SUCCESS : ANSHIN_ENOTFOUND;
    } else if (index->people != NULL) {
        status = anshin_txn_changes(txn, &index->point, types, take, &filling);
    }
    if (status == ANSHIN_ENOTFOUND) {
        status = fill(&filling, op, txn);
    }
    apr_pool_destroy(filling.scratch);
    if (status != APR_SUCCESS) {
        empty(index);
    }
    return index->too_many ? ANSHIN_ENOTFOUND : status;
}

/* --- the thread -------------------------------------------------------------------------------------------------- */

static apr_status_t update_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return update(baton, op, txn);
}

/* What fails here, the next search meets as well, and tells. 1: there is something to look at again. */
static int look(anshin_desk_index_t *index, int wanted)
{
    apr_pool_t *pool;
    int filled;

    if (apr_thread_mutex_trylock(index->mutex) != APR_SUCCESS) {
        return 1;
    }
    if (wanted) {
        index->used_at = anshin_uptime_now();
    }
    if (index->people != NULL && anshin_uptime_now() - index->used_at >= ANSHIN_DESK_INDEX_IDLE) {
        empty(index);
    } else if ((wanted || (index->people != NULL && !index->blind)) &&
               apr_pool_create_unmanaged(&pool) == APR_SUCCESS) {
        anshin_op_t op;

        anshin_op_init(&op, index->env, NULL, &anshin_actor_worker, pool);
        (void)anshin_op_read(&op, update_in, index);
        apr_pool_destroy(pool);
    }
    filled = index->people != NULL;
    apr_thread_mutex_unlock(index->mutex);
    return filled;
}

static void *APR_THREAD_FUNC keep(apr_thread_t *thread, void *baton)
{
    anshin_desk_index_t *index = baton;
    int stopping = 0;
    int filled = 0;

    (void)thread;
    while (!stopping) {
        int wanted;

        anshin_monitor_enter(&index->monitor);
        if (!index->stopping && !index->wanted) {
            anshin_monitor_wait(&index->monitor, anshin_uptime_now() + (filled ? LOOK_EVERY : REST));
        }
        wanted = index->wanted;
        index->wanted = 0;
        stopping = index->stopping;
        anshin_monitor_leave(&index->monitor);
        if (!stopping) {
            filled = look(index, wanted);
        }
    }
    return NULL;
}

void anshin_desk_index_want(anshin_desk_index_t *index)
{
    if (index != NULL) {
        anshin_monitor_enter(&index->monitor);
        index->wanted = 1;
        anshin_monitor_tell(&index->monitor);
        anshin_monitor_leave(&index->monitor);
    }
}

static apr_status_t close_index(void *self)
{
    anshin_desk_index_t *index = self;
    apr_status_t status;

    if (!anshin_fork_mark_mine(index->mark)) {
        return APR_SUCCESS; /* its thread is in another process */
    }
    anshin_monitor_enter(&index->monitor);
    index->stopping = 1;
    anshin_monitor_tell(&index->monitor);
    anshin_monitor_leave(&index->monitor);
    (void)apr_thread_join(&status, index->thread);
    empty(index);
    return APR_SUCCESS;
}

/* Signals belong to the program's own threads. */
static apr_status_t start_thread(anshin_desk_index_t *index, apr_pool_t *pool)
{
    sigset_t all;
    sigset_t before;
    apr_status_t status;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    status = apr_thread_create(&index->thread, NULL, keep, index, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

apr_status_t anshin_desk_index_open(anshin_desk_index_t **index, const anshin_env_t *env, apr_size_t most,
                                    anshin_error_t *err, apr_pool_t *pool)
{
    anshin_desk_index_t *self = apr_pcalloc(pool, sizeof(*self));

    *index = NULL;
    self->env = env;
    self->most = most;
    anshin_monitor_init(&self->monitor);
    if (anshin_fork_mark_make(&self->mark, err, pool) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    if (apr_thread_mutex_create(&self->mutex, APR_THREAD_MUTEX_TIMED, pool) != APR_SUCCESS ||
        start_thread(self, pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1601", "help desk: cannot start the thread of its index");
    }
    apr_pool_cleanup_register(pool, self, close_index, apr_pool_cleanup_null);
    *index = self;
    return APR_SUCCESS;
}

void anshin_desk_index_size(anshin_desk_index_t *index, apr_size_t *users, apr_size_t *octets)
{
    apr_thread_mutex_lock(index->mutex);
    *users = index->people != NULL ? anshin_people_count(index->people) : 0;
    *octets = index->people != NULL ? anshin_people_octets(index->people) : 0;
    apr_thread_mutex_unlock(index->mutex);
}

/* --- search ------------------------------------------------------------------------------------------------------ */

typedef struct searching_t {
    anshin_desk_index_t *index;
    const char *part;
    anshin_desk_index_visit_fn *visit;
    void *baton;
    anshin_op_t *op;
    anshin_txn_t *txn;
} searching_t;

static apr_status_t hand_on(void *baton, const anshin_person_t *person)
{
    const searching_t *searching = baton;

    return searching->visit(searching->baton, searching->op, searching->txn, person);
}

static apr_status_t search(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    searching_t *searching = baton;
    apr_status_t status = update(searching->index, op, txn);

    searching->op = op;
    searching->txn = txn;
    return status == APR_SUCCESS ? anshin_people_search(searching->index->people, searching->part, hand_on, searching)
                                 : status;
}

apr_status_t anshin_desk_index_search(anshin_desk_index_t *index, anshin_op_t *op, const char *part,
                                      anshin_desk_index_visit_fn *visit, void *baton)
{
    searching_t searching = {.index = index, .part = part, .visit = visit, .baton = baton};
    apr_status_t status;
    int was_empty;

    if (index == NULL || apr_thread_mutex_timedlock(index->mutex, PATIENCE) != APR_SUCCESS) {
        return ANSHIN_ENOTFOUND;
    }
    index->used_at = anshin_uptime_now();
    was_empty = index->people == NULL;
    status = anshin_op_read(op, search, &searching);
    was_empty &= index->people != NULL;
    apr_thread_mutex_unlock(index->mutex);
    if (was_empty) {
        anshin_desk_index_want(index); /* from now on the thread has something to do */
    }
    return status;
}
