/*
 * Transactions: see pgsql_txn.h.
 */
#include "store/pgsql/pgsql_txn.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <apr_strings.h>

#include "core/base/unicode.h"

#define ROOM_WAIT 5   /* s */
#define BEGIN_STEPS 2 /* at most */

/* data of the copy is never NULL: that means "nothing". */
static anshin_bytes_t copy_of(const void *data, apr_size_t length, apr_pool_t *pool)
{
    unsigned char *copy = apr_palloc(pool, length + 1);

    if (length > 0) {
        memcpy(copy, data, length);
    }
    return (anshin_bytes_t){copy, length};
}

static anshin_bytes_t value_at(const PGresult *result, int row, int column, apr_pool_t *pool)
{
    return copy_of(PQgetvalue(result, row, column), (apr_size_t)PQgetlength(result, row, column), pool);
}

/* --- what it has changed ------------------------------------------------------------------------------------------ */

#define HASH_KEY (ANSHIN_KEY_MAX + 2)

static const char *hash_key(char *text, const anshin_record_type_t *type, const char *key)
{
    text[0] = (char)type->number;
    apr_cpystrn(text + 1, key, HASH_KEY - 1);
    return text;
}

anshin_pg_change_t *anshin_pg_txn_changed(const anshin_pg_txn_t *txn, const anshin_record_type_t *type, const char *key)
{
    char text[HASH_KEY];

    return apr_hash_get(txn->changes, hash_key(text, type, key), APR_HASH_KEY_STRING);
}

anshin_pg_change_t *anshin_pg_txn_change(anshin_pg_txn_t *txn, const anshin_record_type_t *type, const char *key)
{
    anshin_pg_change_t *change = anshin_pg_txn_changed(txn, type, key);

    if (change == NULL) {
        change = apr_pcalloc(txn->pool, sizeof(*change));
        change->type = type;
        change->key = apr_pstrdup(txn->pool, key);
        apr_hash_set(txn->changes, hash_key(apr_palloc(txn->pool, HASH_KEY), type, key), APR_HASH_KEY_STRING, change);
        APR_ARRAY_PUSH(txn->order, anshin_pg_change_t *) = change;
    }
    return change;
}

/* --- trips -------------------------------------------------------------------------------------------------------- */

/* On a connection that waited too long in its pool the first trip fails, with nothing done. */
static apr_status_t run_first(anshin_pg_txn_t *txn, const anshin_pg_step_t *steps, int count, PGresult **results)
{
    anshin_error_t first = {0};
    apr_status_t status = anshin_pg_run(txn->pg, steps, count, results, &first);

    if (status != APR_SUCCESS && anshin_pg_lost(txn->pg)) {
        for (int i = 0; i < count; i++) {
            PQclear(results[i]);
            results[i] = NULL;
        }
        status = anshin_pg_pool_renew(&txn->pg, txn->store->connections, txn->err);
        return status == APR_SUCCESS ? anshin_pg_run(txn->pg, steps, count, results, txn->err) : status;
    }
    return status == APR_SUCCESS ? status : anshin_fail(txn->err, status, first.id, "%s", first.text);
}

static apr_status_t get_connection(anshin_pg_txn_t *txn)
{
    return txn->pg != NULL ? APR_SUCCESS : anshin_pg_pool_take(&txn->pg, txn->store->connections, txn->err);
}

/* What begins a transaction, ahead of its first statements; how many steps. */
static int begin_steps(const anshin_pg_txn_t *txn, anshin_pg_step_t *steps)
{
    if (txn->begun || txn->peeks || txn->mode == ANSHIN_TXN_LOOK) {
        return 0;
    }
    if (txn->mode != ANSHIN_TXN_WRITE) {
        steps[0].statement = anshin_pg_common(ANSHIN_PG_READ);
        return 1;
    }
    steps[0].statement = anshin_pg_common(ANSHIN_PG_BEGIN);
    steps[1].statement = anshin_pg_common(ANSHIN_PG_BOUND);
    return BEGIN_STEPS;
}

apr_status_t anshin_pg_txn_run(anshin_pg_txn_t *txn, const anshin_pg_step_t *steps, int count, PGresult **results)
{
    const apr_size_t most = (apr_size_t)count + BEGIN_STEPS;
    anshin_pg_step_t *all = calloc(most, sizeof(*all)); /* no pool: a walk makes many trips */
    PGresult **answers = calloc(most, sizeof(PGresult *));
    apr_status_t status = txn->broken != APR_SUCCESS ? txn->broken : get_connection(txn);
    int begins;

    memset(results, 0, sizeof(PGresult *) * (apr_size_t)count);
    if (all == NULL || answers == NULL) {
        free(all);
        free(answers);
        return anshin_fail(txn->err, ANSHIN_EFAULT, "AN1972", "store: no memory for what is sent");
    }
    begins = begin_steps(txn, all);
    memcpy(all + begins, steps, sizeof(*all) * (apr_size_t)count);
    if (status == APR_SUCCESS) { /* what may be done already is not sent twice */
        status = (begins || txn->peeks || txn->mode == ANSHIN_TXN_LOOK) && !txn->commits
                     ? run_first(txn, all, begins + count, answers)
                     : anshin_pg_run(txn->pg, all, begins + count, answers, txn->err);
        txn->begun |= begins > 0;
    }
    txn->broken = status;
    for (int i = 0; i < begins + count; i++) {
        if (status == APR_SUCCESS && i >= begins) {
            results[i - begins] = answers[i];
        } else {
            PQclear(answers[i]);
        }
    }
    free(all);
    free(answers);
    return status;
}

/* --- owners ------------------------------------------------------------------------------------------------------- */

void anshin_pg_owner_of(anshin_owner_t *owner, const anshin_pg_txn_t *txn, const anshin_record_type_t *type,
                        const char *key, const anshin_bytes_t *value)
{
    void *record = value != NULL && value->data != NULL ? apr_palloc(txn->pool, type->size) : NULL;

    if (record != NULL && anshin_record_decode(record, type, value->data, value->length, txn->pool) != APR_SUCCESS) {
        record = NULL; /* damaged: the front finds it */
    }
    anshin_owner_of(owner, type, key, record, txn->pool);
    if (owner->rank == ANSHIN_RANK_NONE && type->owning != ANSHIN_OWNER_MEMBER) {
        owner->rank = ANSHIN_RANK_SELF;
        owner->name = apr_pstrcat(txn->pool, type->name, " ", key, NULL);
    }
}

int anshin_pg_txn_needs_lock(const anshin_pg_txn_t *txn, const anshin_owner_t *owner)
{
    return txn->mode == ANSHIN_TXN_WRITE && owner->rank != ANSHIN_RANK_NONE &&
           apr_hash_get(txn->locked, owner->name, APR_HASH_KEY_STRING) == NULL &&
           !(owner->rank == ANSHIN_RANK_USER && txn->user && !txn->moves);
}

void anshin_pg_txn_moves(void *self)
{
    ((anshin_pg_txn_t *)self)->moves = 1;
}

static void note_lock(anshin_pg_txn_t *txn, const anshin_owner_t *owner)
{
    apr_hash_set(txn->locked, owner->name, APR_HASH_KEY_STRING, "");
    txn->user |= owner->rank == ANSHIN_RANK_USER;
}

/* The waiting room of a user, before a connection is taken. */
static apr_status_t enter_room(anshin_pg_txn_t *txn, const anshin_owner_t *owner)
{
    apr_ssize_t length = APR_HASH_KEY_STRING;
    struct timespec until;

    if (owner->rank != ANSHIN_RANK_USER || txn->room != NULL || txn->pg != NULL) {
        return APR_SUCCESS;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ROOM_WAIT;
    txn->room = &txn->store->rooms[apr_hashfunc_default(owner->name, &length) % ANSHIN_PG_ROOMS];
    if (pthread_mutex_clocklock(txn->room, CLOCK_MONOTONIC, &until) != 0) {
        txn->room = NULL;
        return anshin_fail(txn->err, ANSHIN_EBUSY, "AN1763", "store: others work on the same user for too long");
    }
    return APR_SUCCESS;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void release(anshin_pg_txn_t *txn)
{
    anshin_pg_pool_give(txn->store->connections, txn->pg);
    txn->pg = NULL;
    txn->begun = 0;
    if (txn->room != NULL) {
        (void)pthread_mutex_unlock(txn->room);
        txn->room = NULL;
    }
}

void anshin_pg_txn_abort(void *self)
{
    anshin_pg_txn_t *txn = self;
    const anshin_pg_step_t rollback = {.statement = anshin_pg_common(ANSHIN_PG_ROLLBACK)};
    anshin_error_t ignored = {0};

    if (txn->pg != NULL && txn->begun && !anshin_pg_lost(txn->pg)) {
        (void)anshin_pg_run(txn->pg, &rollback, 1, NULL, &ignored);
    }
    release(txn);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

apr_status_t anshin_pg_txn_begin(void **out, void *self, anshin_txn_mode_t mode, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_pg_txn_t *txn = apr_pcalloc(pool, sizeof(*txn));
    const anshin_pg_step_t snapshot = {.statement = anshin_pg_common(ANSHIN_PG_SNAPSHOT)};
    PGresult *result = NULL;
    apr_status_t status = APR_SUCCESS;

    txn->store = self;
    txn->mode = mode;
    txn->err = err;
    txn->pool = pool;
    txn->changes = apr_hash_make(pool);
    txn->order = apr_array_make(pool, 8, sizeof(anshin_pg_change_t *));
    txn->locked = apr_hash_make(pool);
    txn->wanted = apr_hash_make(pool);
    txn->blobs = apr_hash_make(pool);
    if (mode == ANSHIN_TXN_REHEARSAL) { /* it may write before it reads, and sees nothing of later */
        status = anshin_pg_txn_run(txn, &snapshot, 1, &result);
        PQclear(result);
        if (status != APR_SUCCESS) {
            anshin_pg_txn_abort(txn);
        }
    }
    *out = txn;
    return status;
}

/* The lock and then the value, in one trip. owner: that of the record as far as it is known. */
static apr_status_t lock_and_get(anshin_pg_txn_t *txn, const anshin_record_type_t *type, const char *key,
                                 const anshin_owner_t *owner, PGresult **result)
{
    const int locks = anshin_pg_txn_needs_lock(txn, owner);
    const anshin_pg_step_t steps[] = {
        {anshin_pg_common(ANSHIN_PG_LOCK), 1, {anshin_pg_text(owner->name)}},
        {anshin_pg_verb(txn->store->tables, type, ANSHIN_PG_GET), 1, {anshin_pg_text(key)}}};
    PGresult *results[2] = {NULL, NULL};
    apr_status_t status = locks ? enter_room(txn, owner) : APR_SUCCESS;

    *result = NULL;
    if (status == APR_SUCCESS) {
        status = locks ? anshin_pg_txn_run(txn, steps, 2, results) : anshin_pg_txn_run(txn, steps + 1, 1, results + 1);
    }
    PQclear(results[0]);
    if (status == APR_SUCCESS && locks) {
        note_lock(txn, owner);
    }
    *result = results[1];
    return status;
}

static apr_status_t value_of(PGresult *result, anshin_bytes_t *value, apr_pool_t *pool)
{
    int rows = PQntuples(result);

    if (rows > 0) {
        *value = value_at(result, 0, 0, pool);
    }
    PQclear(result);
    return rows > 0 ? APR_SUCCESS : ANSHIN_ENOTFOUND;
}

/* Of a record whose value alone says whose it is: read ahead of the transaction, which gives the connection back, so
 * that who waits for that user waits in the room, without one. */
static apr_status_t peek(anshin_pg_txn_t *txn, const anshin_record_type_t *type, const char *key,
                         const anshin_owner_t *owner, PGresult **result)
{
    const int peeks = txn->mode == ANSHIN_TXN_WRITE && !txn->begun && type->owning == ANSHIN_OWNER_MEMBER;
    apr_status_t status;

    txn->peeks = peeks;
    status = lock_and_get(txn, type, key, owner, result);
    txn->peeks = 0;
    if (peeks) {
        anshin_pg_pool_give(txn->store->connections, txn->pg);
        txn->pg = NULL;
    }
    return status;
}

apr_status_t anshin_pg_txn_get(void *self, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                               apr_pool_t *pool)
{
    anshin_pg_txn_t *txn = self;
    const anshin_pg_change_t *change = anshin_pg_txn_changed(txn, type, key);
    anshin_owner_t owner;
    PGresult *result;
    apr_status_t status;

    if (change != NULL && (change->erased || change->value.data != NULL)) {
        *value = change->erased ? *value : copy_of(change->value.data, change->value.length, pool);
        return change->erased ? ANSHIN_ENOTFOUND : APR_SUCCESS;
    }
    if (!anshin_unicode_valid(key)) { /* no text of this server: there is none */
        return ANSHIN_ENOTFOUND;
    }
    anshin_pg_owner_of(&owner, txn, type, key, NULL);
    status = peek(txn, type, key, &owner, &result);
    status = status == APR_SUCCESS ? value_of(result, value, pool) : status;
    /* Whose it is, its value says: read again behind that lock. */
    while (status == APR_SUCCESS && txn->mode == ANSHIN_TXN_WRITE && type->owning == ANSHIN_OWNER_MEMBER) {
        anshin_pg_owner_of(&owner, txn, type, key, value);
        if (!anshin_pg_txn_needs_lock(txn, &owner)) {
            break;
        }
        status = lock_and_get(txn, type, key, &owner, &result);
        status = status == APR_SUCCESS ? value_of(result, value, pool) : status;
    }
    return status;
}

static apr_status_t visit_own(anshin_pg_txn_t *txn, const anshin_record_type_t *type, const char *prefix,
                              anshin_store_each_fn *visit, void *baton)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < txn->order->nelts && status == APR_SUCCESS; i++) {
        const anshin_pg_change_t *change = APR_ARRAY_IDX(txn->order, i, anshin_pg_change_t *);

        if (change->type->number == type->number && !change->erased && change->value.data != NULL &&
            strncmp(change->key, prefix, strlen(prefix)) == 0) {
            status = visit(baton, change->key, change->value.data, change->value.length);
        }
    }
    return status;
}

/* Rows key, value; what the transaction has changed itself comes elsewhere. */
static apr_status_t visit_rows(const anshin_pg_txn_t *txn, const anshin_record_type_t *type, const PGresult *rows,
                               anshin_store_each_fn *visit, void *baton)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < PQntuples(rows) && status == APR_SUCCESS; i++) {
        const char *key = PQgetvalue(rows, i, 0);
        const anshin_pg_change_t *change = anshin_pg_txn_changed(txn, type, key);

        if (change == NULL || (!change->erased && change->value.data == NULL)) {
            status = visit(baton, key, PQgetvalue(rows, i, 1), (apr_size_t)PQgetlength(rows, i, 1));
        }
    }
    return status;
}

apr_status_t anshin_pg_txn_each(void *self, const anshin_record_type_t *type, const char *prefix,
                                anshin_store_each_fn *visit, void *baton)
{
    anshin_pg_txn_t *txn = self;
    char last[ANSHIN_KEY_MAX + 1] = "";
    apr_status_t status = APR_SUCCESS;
    int rows = anshin_unicode_valid(prefix) ? ANSHIN_PG_BATCH : 0;

    while (status == APR_SUCCESS && rows == ANSHIN_PG_BATCH) {
        const anshin_pg_step_t step = {anshin_pg_verb(txn->store->tables, type, ANSHIN_PG_WALK),
                                       2,
                                       {anshin_pg_text(last), anshin_pg_text(prefix)}};
        PGresult *result;

        status = anshin_pg_txn_run(txn, &step, 1, &result);
        if (status != APR_SUCCESS) {
            return status;
        }
        rows = PQntuples(result);
        if (rows > 0) {
            apr_cpystrn(last, PQgetvalue(result, rows - 1, 0), sizeof(last));
        }
        status = visit_rows(txn, type, result, visit, baton);
        PQclear(result);
    }
    return status == APR_SUCCESS ? visit_own(txn, type, prefix, visit, baton) : status;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* With the commit, where its owner is not locked yet: nothing was decided by it. */
static void want_lock(anshin_pg_txn_t *txn, const anshin_record_type_t *type, const char *key,
                      const anshin_bytes_t *value)
{
    anshin_owner_t owner;

    anshin_pg_owner_of(&owner, txn, type, key, value);
    if (anshin_pg_txn_needs_lock(txn, &owner)) {
        apr_hash_set(txn->wanted, owner.name, APR_HASH_KEY_STRING, apr_pmemdup(txn->pool, &owner, sizeof(owner)));
    }
}

apr_status_t anshin_pg_txn_put(void *self, const anshin_record_type_t *type, const char *key, const void *value,
                               apr_size_t length)
{
    anshin_pg_txn_t *txn = self;
    anshin_pg_change_t *change;

    if (!anshin_unicode_valid(key)) {
        return anshin_fail(txn->err, ANSHIN_EINVALID, "AN1973", "store: a key of %s is not UTF-8", type->name);
    }
    change = anshin_pg_txn_change(txn, type, key);
    if (change->erased && type->due != ANSHIN_DUE_NEVER) { /* its time went with it */
        change->filed = ++txn->filings;
        change->due = 0;
    }
    change->value = copy_of(value, length, txn->pool);
    change->erased = 0;
    want_lock(txn, type, key, &change->value);
    return APR_SUCCESS;
}

apr_status_t anshin_pg_txn_erase(void *self, const anshin_record_type_t *type, const char *key)
{
    anshin_pg_txn_t *txn = self;
    anshin_bytes_t value = {NULL, 0};
    anshin_pg_change_t *change;
    apr_status_t status = APR_SUCCESS;

    if (!anshin_unicode_valid(key)) {
        return APR_SUCCESS;
    }
    if (type->owning == ANSHIN_OWNER_MEMBER && txn->mode == ANSHIN_TXN_WRITE) {
        status = anshin_pg_txn_get(txn, type, key, &value, txn->pool); /* locks whose it is */
    }
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    change = anshin_pg_txn_change(txn, type, key);
    change->value = (anshin_bytes_t){NULL, 0};
    change->erased = 1;
    change->filed = 0;
    want_lock(txn, type, key, NULL);
    return APR_SUCCESS;
}

/* --- blobs -------------------------------------------------------------------------------------------------------- */

apr_status_t anshin_pg_txn_blob_put(void *self, const char *name, const void *data, apr_size_t length)
{
    anshin_pg_txn_t *txn = self;
    anshin_bytes_t bytes = copy_of(data, length, txn->pool);

    apr_hash_set(txn->blobs, apr_pstrdup(txn->pool, name), APR_HASH_KEY_STRING,
                 apr_pmemdup(txn->pool, &bytes, sizeof(bytes)));
    return APR_SUCCESS;
}

apr_status_t anshin_pg_txn_blob_get(void *self, const char *name, anshin_bytes_t *data, apr_pool_t *pool)
{
    anshin_pg_txn_t *txn = self;
    const anshin_bytes_t *own = apr_hash_get(txn->blobs, name, APR_HASH_KEY_STRING);
    const anshin_pg_step_t step = {anshin_pg_common(ANSHIN_PG_BLOB_GET), 1, {anshin_pg_text(name)}};
    PGresult *result;
    apr_status_t status;

    if (own != NULL) {
        *data = copy_of(own->data, own->length, pool);
        return APR_SUCCESS;
    }
    status = anshin_pg_txn_run(txn, &step, 1, &result);
    return status == APR_SUCCESS ? value_of(result, data, pool) : status;
}
