/*
 * The end of a transaction: see pgsql_commit.h.
 */
#include "store/pgsql/pgsql_commit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <apr_atomic.h>
#include <apr_strings.h>

#include "core/base/waiting.h"
#include "store/pgsql/pgsql_txn.h"

#define SWEEP_EVERY 1000 /* commits of a process */
#define PAUSE 100000     /* before it is asked again whether a commit was done */

static void push(apr_array_header_t *steps, anshin_pg_step_t step)
{
    APR_ARRAY_PUSH(steps, anshin_pg_step_t) = step;
}

static int by_rank(const void *one, const void *other)
{
    const anshin_owner_t *first = *(const anshin_owner_t *const *)one;
    const anshin_owner_t *second = *(const anshin_owner_t *const *)other;

    return first->rank != second->rank ? (first->rank > second->rank) - (first->rank < second->rank)
                                       : strcmp(first->name, second->name);
}

static void push_locks(anshin_pg_txn_t *txn, apr_array_header_t *steps)
{
    apr_array_header_t *owners = apr_array_make(txn->pool, 4, sizeof(anshin_owner_t *));

    for (apr_hash_index_t *at = apr_hash_first(txn->pool, txn->wanted); at != NULL; at = apr_hash_next(at)) {
        anshin_owner_t *owner = apr_hash_this_val(at);

        if (anshin_pg_txn_needs_lock(txn, owner)) {
            APR_ARRAY_PUSH(owners, anshin_owner_t *) = owner;
        }
    }
    if (owners->nelts > 1) {
        qsort(owners->elts, (size_t)owners->nelts, sizeof(anshin_owner_t *), by_rank);
    }
    for (int i = 0; i < owners->nelts; i++) {
        const char *name = APR_ARRAY_IDX(owners, i, anshin_owner_t *)->name;

        push(steps, (anshin_pg_step_t){anshin_pg_common(ANSHIN_PG_LOCK), 1, {anshin_pg_text(name)}});
    }
}

static int by_filing(const void *one, const void *other)
{
    const anshin_pg_change_t *first = *(const anshin_pg_change_t *const *)one;
    const anshin_pg_change_t *second = *(const anshin_pg_change_t *const *)other;

    return (first->filed > second->filed) - (first->filed < second->filed);
}

static void push_change(const anshin_pg_txn_t *txn, apr_array_header_t *steps, const anshin_pg_change_t *change)
{
    const anshin_pg_tables_t *tables = txn->store->tables;
    const anshin_pg_value_t due = change->due != 0
                                      ? anshin_pg_text(apr_psprintf(txn->pool, "%" APR_TIME_T_FMT, change->due))
                                      : anshin_pg_text(NULL);
    anshin_pg_step_t step = {NULL, 1, {anshin_pg_text(change->key)}};

    if (change->erased) {
        step.statement = anshin_pg_verb(tables, change->type, ANSHIN_PG_ERASE);
    } else if (change->value.data == NULL) {
        step.statement = anshin_pg_verb(tables, change->type, ANSHIN_PG_FILE);
        step.values[step.count++] = due;
    } else {
        step.statement = anshin_pg_verb(tables, change->type, change->filed ? ANSHIN_PG_PUT_DUE : ANSHIN_PG_PUT);
        step.values[step.count++] = anshin_pg_octets(change->value);
        step.values[step.count] = due;
        step.count += change->filed != 0;
    }
    push(steps, step);
}

/* In the order of their filing, so that those of one time have their places. */
static void push_changes(const anshin_pg_txn_t *txn, apr_array_header_t *steps)
{
    if (txn->order->nelts > 1) {
        qsort(txn->order->elts, (size_t)txn->order->nelts, sizeof(anshin_pg_change_t *), by_filing);
    }
    for (int i = 0; i < txn->order->nelts; i++) {
        push_change(txn, steps, APR_ARRAY_IDX(txn->order, i, anshin_pg_change_t *));
    }
    for (apr_hash_index_t *at = apr_hash_first(txn->pool, txn->blobs); at != NULL; at = apr_hash_next(at)) {
        const anshin_bytes_t *bytes = apr_hash_this_val(at);

        push(steps, (anshin_pg_step_t){anshin_pg_common(ANSHIN_PG_BLOB_PUT),
                                       2,
                                       {anshin_pg_text(apr_hash_this_key(at)), anshin_pg_octets(*bytes)}});
    }
}

/* 0: it cannot be asked now; 1: there is an answer. What the server warns of is none: it did not wait for a standby,
 * and with it the earlier commit may be lost. */
static int ask(anshin_pg_txn_t *txn, const char *token, int *done, anshin_error_t *err)
{
    const anshin_pg_step_t step = {anshin_pg_common(ANSHIN_PG_SETTLE), 1, {anshin_pg_text(token)}};
    PGresult *result = NULL;
    apr_status_t status = APR_SUCCESS;

    anshin_error_clear(err);
    if (txn->pg == NULL || anshin_pg_lost(txn->pg)) {
        status = anshin_pg_pool_renew(&txn->pg, txn->store->connections, err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_pg_run(txn->pg, &step, 1, &result, err);
    }
    if (status == APR_SUCCESS && anshin_pg_warned(txn->pg)) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN1969", "PostgreSQL did not wait for its standby");
    }
    *done = status == APR_SUCCESS && PQntuples(result) == 1 && anshin_pg_number(result, 0, 0) != 0;
    PQclear(result);
    return status == APR_SUCCESS;
}

/* Whether what was sent with this token is there, when the answer to COMMIT was lost. Where it is not, the token now
 * is, marked so that it counts for nothing when this is asked once more, and a COMMIT that comes later meets it. A
 * server that starts again takes its time. */
static apr_status_t settle(anshin_pg_txn_t *txn, const char *token)
{
    const apr_time_t deadline = anshin_uptime_now() + ANSHIN_PG_DEADLINE;
    anshin_error_t last = {0};
    int answered;
    int done;

    while (!(answered = ask(txn, token, &done, &last)) && anshin_uptime_now() < deadline) {
        apr_sleep(PAUSE);
    }
    if (!answered) {
        anshin_error_clear(txn->err);
        return anshin_fail(txn->err, ANSHIN_EFAULT, "AN1764",
                           "store: the answer to a COMMIT is lost, and PostgreSQL cannot be asked: %s", last.text);
    }
    if (done) {
        anshin_error_clear(txn->err);
        return APR_SUCCESS;
    }
    return ANSHIN_EBUSY;
}

static const char *new_token(const anshin_pg_txn_t *txn)
{
    unsigned char random[16];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        return NULL;
    }
    return anshin_hex(random, sizeof(random), txn->pool);
}

/* Tokens of answers that nobody waits for any more. */
static void sweep(anshin_pg_txn_t *txn)
{
    const anshin_pg_step_t step = {.statement = anshin_pg_common(ANSHIN_PG_SWEEP)};
    anshin_error_t ignored = {0};

    if (apr_atomic_inc64(&txn->store->commits) % SWEEP_EVERY == 0) {
        (void)anshin_pg_run(txn->pg, &step, 1, NULL, &ignored);
    }
}

/* Who has the store alone has it by a lock of a connection: with that one it is gone, and others may write. */
apr_status_t anshin_pg_alone_check(const anshin_pg_store_t *store, anshin_error_t *err)
{
    const anshin_pg_step_t step = {.statement = anshin_pg_common(ANSHIN_PG_SNAPSHOT)};
    anshin_error_t why = {0};

    return store->alone == NULL || anshin_pg_run(store->alone, &step, 1, NULL, &why) == APR_SUCCESS
               ? APR_SUCCESS
               : anshin_fail(err, ANSHIN_EFAULT, "AN1970",
                             "store: the connection that kept all others out is lost; begin anew: %s", why.text);
}

static int writes(const anshin_pg_txn_t *txn)
{
    return txn->order->nelts > 0 || apr_hash_count(txn->blobs) > 0;
}

static int has_lazy(anshin_pg_store_t *store)
{
    int has;

    (void)pthread_mutex_lock(&store->lazy);
    has = store->lazy_at != 0;
    (void)pthread_mutex_unlock(&store->lazy);
    return has;
}

/* Before a COMMIT is sent. Returns the count of lazy ones that have their answer, if all have it; 0: not all. */
static apr_uint64_t begin_lazy(anshin_pg_store_t *store, int lazy)
{
    apr_uint64_t answered;

    (void)pthread_mutex_lock(&store->lazy);
    answered = store->lazy_open == 0 ? store->lazy_count : 0;
    if (lazy) {
        store->lazy_at = store->lazy_at != 0 ? store->lazy_at : anshin_uptime_now();
        store->lazy_count++;
        store->lazy_open++;
    }
    (void)pthread_mutex_unlock(&store->lazy);
    return answered;
}

/* After the answer to a lazy one, whatever it is. */
static void answer_lazy(anshin_pg_store_t *store)
{
    (void)pthread_mutex_lock(&store->lazy);
    store->lazy_open--;
    (void)pthread_mutex_unlock(&store->lazy);
}

/* After a durable commit; answered: as begin_lazy() told. What was committed lazily before it is durable, unless the
 * server began anew between the two, by which all connections were lost: one that was made since does not tell that.
 * Only who asks for just that (ANSHIN_SYNC) is told. */
static apr_status_t end_lazy(anshin_pg_txn_t *txn, apr_uint64_t answered, anshin_durability_t durability)
{
    anshin_pg_store_t *store = txn->store;
    int lost;

    (void)pthread_mutex_lock(&store->lazy);
    lost = store->lazy_at != 0 && anshin_pg_made_at(txn->pg) > store->lazy_at;
    if (lost ? durability == ANSHIN_SYNC : answered == store->lazy_count) {
        store->lazy_at = 0;
    }
    (void)pthread_mutex_unlock(&store->lazy);
    if (lost && durability == ANSHIN_SYNC) {
        return anshin_fail(txn->err, ANSHIN_EFAULT, "AN1930",
                           "store: a connection to PostgreSQL was lost before the last changes were on its disk: it is "
                           "not known whether they are there");
    }
    return APR_SUCCESS;
}

/* Everything in one trip. */
static apr_status_t send_all(anshin_pg_txn_t *txn, anshin_durability_t durability)
{
    apr_array_header_t *steps = apr_array_make(txn->pool, txn->order->nelts + 8, sizeof(anshin_pg_step_t));
    const char *token = new_token(txn);
    apr_uint64_t answered;
    PGresult **results;
    apr_status_t status;
    int last;

    if (token == NULL) {
        return anshin_fail(txn->err, ANSHIN_EFAULT, "AN1765", "store: no random numbers: %s", strerror(errno));
    }
    push_locks(txn, steps);
    push(steps, (anshin_pg_step_t){anshin_pg_common(ANSHIN_PG_TOKEN), 1, {anshin_pg_text(token)}});
    if (durability == ANSHIN_LAZY) {
        push(steps, (anshin_pg_step_t){.statement = anshin_pg_common(ANSHIN_PG_LAZILY)});
    }
    push_changes(txn, steps);
    push(steps, (anshin_pg_step_t){.statement = anshin_pg_common(ANSHIN_PG_COMMIT)});
    last = steps->nelts - 1;
    results = apr_pcalloc(txn->pool, sizeof(*results) * (apr_size_t)steps->nelts);
    txn->commits = 1;
    answered = begin_lazy(txn->store, durability == ANSHIN_LAZY);
    status = anshin_pg_txn_run(txn, (const anshin_pg_step_t *)(const void *)steps->elts, steps->nelts, results);
    if (status == APR_SUCCESS && strcmp(PQcmdStatus(results[last]), "COMMIT") != 0) {
        status = anshin_fail(txn->err, ANSHIN_EFAULT, "AN1766", "store: PostgreSQL answers COMMIT with %s",
                             PQcmdStatus(results[last]));
    } else if (status == APR_SUCCESS && anshin_pg_warned(txn->pg)) {
        status = anshin_fail(txn->err, ANSHIN_EFAULT, "AN1767",
                             "store: PostgreSQL warned at a COMMIT: it may be lost with this server");
    } else if (txn->pg != NULL && status != APR_SUCCESS && anshin_pg_lost(txn->pg)) {
        status = settle(txn, token);
        txn->begun = 0;
    } else if (status == APR_SUCCESS) {
        txn->begun = 0;
        sweep(txn);
    }
    for (int i = 0; i <= last; i++) {
        PQclear(results[i]);
    }
    if (durability == ANSHIN_LAZY) {
        answer_lazy(txn->store);
        return status;
    }
    return status == APR_SUCCESS ? end_lazy(txn, answered, durability) : status;
}

apr_status_t anshin_pg_txn_commit(void *self, anshin_durability_t durability)
{
    anshin_pg_txn_t *txn = self;
    apr_status_t status = txn->broken;

    if (status == APR_SUCCESS && txn->mode == ANSHIN_TXN_WRITE &&
        (writes(txn) || (durability == ANSHIN_SYNC && has_lazy(txn->store)))) {
        status = anshin_pg_alone_check(txn->store, txn->err);
        status = status == APR_SUCCESS ? send_all(txn, durability) : status;
    }
    anshin_pg_txn_abort(txn);
    return status;
}
