/*
 * Housekeeping: see housekeeping.h.
 *
 * What may be over is taken out of the index of time, looked at again in the same write transaction, and removed, or
 * filed under the time when it will be over. Transactions are short, since logins wait for them.
 */
#include "core/housekeeping.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/expiry.h"
#include "core/history.h"
#include "core/lockout.h"
#include "core/mail.h"
#include "core/session.h"

#define BATCH 50 /* entries that one transaction looks at */
#define STEP_BATCHES 8
#define HISTORY_BATCH 500
#define ROUND apr_time_from_sec(20) /* longest time for the series of one step; what is left has its turn in a minute */
#define MINUTE apr_time_from_sec(60)
#define HOUR apr_time_from_sec(3600)
#define DAY apr_time_from_sec(86400)

/* What a look at a record was about: its answer is 0, "over, remove it", or when to look again. */
typedef apr_time_t over_fn(const anshin_op_t *op, const char *key, const void *record);
/* Remove what hangs on it, inside the write transaction that deletes it. */
typedef apr_status_t remove_fn(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record);

static apr_time_t unless_over(const anshin_op_t *op, apr_time_t end)
{
    return end <= op->now ? 0 : end;
}

/* --- what is over ----------------------------------------------------------------------------------------------- */

static apr_time_t download_over(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_download_t *download = record;

    (void)key;
    /* Until its certificate is made, a job may still be waiting for the signer. */
    return unless_over(op,
                       download->serial != NULL ? download->expires_at : download->created_at + ANSHIN_KEEP_UNISSUED);
}

static apr_status_t download_remove(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record)
{
    const anshin_download_t *download = record;
    apr_status_t status;

    anshin_txn_wipe(txn, download->password_blob);
    anshin_txn_wipe(txn, download->modern_blob);
    anshin_txn_wipe(txn, download->compat_blob);
    status = anshin_txn_delete(txn, &anshin_record_counter, apr_pstrcat(op->pool, key, "/download", NULL));
    return status == APR_SUCCESS && download->token != NULL
               ? anshin_txn_delete(txn, &anshin_record_token, download->token)
               : status;
}

static apr_time_t token_over(const anshin_op_t *op, const char *key, const void *record)
{
    (void)key;
    return unless_over(op, ((const anshin_token_t *)record)->expires_at + ANSHIN_KEEP_TOKEN);
}

/* One in use is looked at once an hour, not at every end of its idle limit. */
static apr_time_t session_over(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_session_t *session = record;
    const anshin_contract_t *contract =
        session->contract != NULL ? anshin_config_contract(op->env->config, session->contract) : NULL;
    apr_time_t idle_end;
    apr_time_t end;

    (void)key;
    if (contract == NULL) {
        return op->now + DAY; /* a contract that is not declared today may be so again tomorrow */
    }
    if (anshin_session_over(contract, session, op->now)) {
        return 0;
    }
    end = session->created_at + contract->policy.session_lifetime;
    idle_end = session->seen_at + contract->policy.session_idle;
    idle_end = idle_end < op->now + HOUR ? op->now + HOUR : idle_end;
    return idle_end < end ? idle_end : end;
}

static apr_status_t session_remove(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record)
{
    const anshin_session_t *session = record;
    anshin_op_t of_contract = *op;

    of_contract.contract = anshin_config_contract(op->env->config, session->contract);
    return anshin_session_remove(&of_contract, txn, key, session->user);
}

/* When the lock of a counter opens by itself, 0: never; and at once where its contract is not declared. */
static apr_time_t opens_at(const anshin_op_t *op, const char *key, const anshin_counter_t *counter)
{
    const char *slash = strchr(key, '/');
    const anshin_contract_t *contract =
        slash != NULL
            ? anshin_config_contract(op->env->config, apr_pstrmemdup(op->pool, key, (apr_size_t)(slash - key)))
            : NULL;

    if (contract == NULL) {
        return counter->locked_at;
    }
    return contract->policy.unlock_after != 0 ? counter->locked_at + contract->policy.unlock_after : 0;
}

static apr_time_t counter_over(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_counter_t *counter = record;
    /* CONTRACT/@PREFIX/address; no user ID begins with that sign. */
    apr_interval_time_t keep = strstr(key, "/@") != NULL ? ANSHIN_KEEP_ADDRESS : ANSHIN_PHANTOM_LIFE;

    if (counter->locked_at != 0 && opens_at(op, key, counter) == 0) {
        return op->now + ANSHIN_PHANTOM_LIFE; /* as long as a real one, which nobody but the operator opens (S-12) */
    }
    return unless_over(op, counter->changed_at + keep);
}

static apr_time_t mail_over(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_mail_t *mail = record;
    apr_time_t since = mail->sent_at != 0 ? mail->sent_at : mail->created_at;

    (void)key;
    if (mail->state == ANSHIN_MAIL_WAITING || mail->state == ANSHIN_MAIL_DELIVERING) {
        return op->now + DAY; /* what waits is never thrown away */
    }
    return unless_over(op, since + ANSHIN_KEEP_MAIL);
}

static apr_status_t mail_remove(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record)
{
    (void)op;
    (void)key;
    anshin_txn_wipe(txn, ((const anshin_mail_t *)record)->blob);
    return APR_SUCCESS;
}

/* When a reissue was last mailed (reissue_request.c); it matters for minutes. */
static apr_time_t fact_over(const anshin_op_t *op, const char *key, const void *record)
{
    (void)key;
    return unless_over(op, ((const anshin_fact_t *)record)->at + ANSHIN_KEEP_REQUEST);
}

static apr_time_t progress_over(const anshin_op_t *op, const char *key, const void *record)
{
    (void)key;
    return unless_over(op, ((const anshin_progress_t *)record)->expires_at + ANSHIN_KEEP_FLOW);
}

static const struct kind_t {
    const anshin_record_type_t *type;
    over_fn *over;
    remove_fn *remove; /* NULL: nothing hangs on it */
} kinds[] = {{&anshin_record_download, download_over, download_remove},
             {&anshin_record_token, token_over, NULL},
             {&anshin_record_session, session_over, session_remove},
             {&anshin_record_counter, counter_over, NULL},
             {&anshin_record_mail, mail_over, mail_remove},
             {&anshin_record_fact, fact_over, NULL},
             {&anshin_record_progress, progress_over, NULL}};

typedef struct round_t {
    anshin_op_t *op;
    int removed;
    apr_array_header_t *series; /* keys of those that have more to drop than one transaction does */
} round_t;

static apr_status_t look_at(round_t *round, anshin_txn_t *txn, const struct kind_t *kind, const char *key)
{
    anshin_op_t *op = round->op;
    void *record = apr_palloc(op->pool, kind->type->size);
    apr_time_t again;
    apr_status_t status = anshin_txn_get(txn, kind->type, key, record);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    again = kind->over(op, key, record);
    if (again != 0) {
        return anshin_expiry_file(op, txn, kind->type, key, again);
    }
    status = anshin_txn_delete(txn, kind->type, key);
    if (status == APR_SUCCESS && kind->remove != NULL) {
        status = kind->remove(op, txn, key, record);
    }
    round->removed++;
    return status;
}

/* --- history ---------------------------------------------------------------------------------------------------- */

/* When the oldest entry of a series will be too old; 0: there is none. */
static apr_status_t end_of_oldest(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *user,
                                  apr_time_t *end)
{
    anshin_sequence_t series;
    anshin_history_t oldest = {.at = 0};
    apr_status_t status = anshin_txn_get(txn, &anshin_record_sequence, key, &series);

    *end = 0;
    if (status != APR_SUCCESS || series.first >= series.next) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = anshin_txn_get(
        txn, &anshin_record_history,
        apr_psprintf(op->pool, "%s/%s/%016" APR_UINT64_T_HEX_FMT, op->contract->name, user, (apr_uint64_t)series.first),
        &oldest);
    *end = oldest.at + op->contract->policy.history_retention;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* The parts of "history/CONTRACT/USER"; 0: it is no series of a user. *op is then of its contract, or of none where
 * that is not declared. */
static int parse_series(anshin_op_t *op, const char *key, const char **user)
{
    char *contract = apr_pstrdup(op->pool, key + strlen("history/"));
    char *slash = strchr(contract, '/');

    if (slash == NULL) {
        return 0;
    }
    *slash = '\0';
    *user = slash + 1;
    op->contract = anshin_config_contract(op->env->config, contract);
    return 1;
}

/* Drop what is too old, as much as one transaction should. */
static apr_status_t trim_some(anshin_op_t *op, anshin_txn_t *txn, const char *user, int *dropped)
{
    return anshin_history_trim(op, txn, *user != '\0' ? user : NULL, op->now - op->contract->policy.history_retention,
                               HISTORY_BATCH, dropped);
}

/* Trim one series and file it again while anything is left in it. */
static apr_status_t trim_series(round_t *round, anshin_txn_t *txn, const char *key)
{
    anshin_op_t op = *round->op;
    const char *user;
    apr_time_t end = 0;
    int dropped;
    apr_status_t status;

    if (!parse_series(&op, key, &user)) {
        return APR_SUCCESS;
    }
    if (op.contract == NULL) {
        return anshin_expiry_file(&op, txn, &anshin_record_sequence, key, op.now + DAY);
    }
    status = trim_some(&op, txn, user, &dropped);
    if (status == APR_SUCCESS) {
        status = end_of_oldest(&op, txn, key, user, &end);
    }
    round->removed += dropped;
    if (dropped == HISTORY_BATCH) {
        APR_ARRAY_PUSH(round->series, const char *) = apr_pstrdup(op.pool, key);
    }
    if (status != APR_SUCCESS || end == 0) {
        return status;
    }
    return anshin_expiry_file(&op, txn, &anshin_record_sequence, key,
                              end < op.now + ANSHIN_LOOK_HISTORY ? end : op.now + ANSHIN_LOOK_HISTORY);
}

/* A long series goes on in transactions of its own, in a pool of their own, until it is within its retention or the
 * round's time is over: however fast it grows, it is dropped faster. */
static apr_status_t trim_on(round_t *round, const char *key, apr_time_t deadline)
{
    int dropped = HISTORY_BATCH;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && dropped == HISTORY_BATCH &&
           round->op->env->now(round->op->env->now_baton) < deadline) {
        anshin_op_t op = *round->op;
        anshin_txn_t *txn;
        const char *user;

        apr_pool_create(&op.pool, round->op->pool);
        status = parse_series(&op, key, &user) ? anshin_op_begin(&op, ANSHIN_TXN_WRITE, &txn) : ANSHIN_ENOTFOUND;
        if (status == APR_SUCCESS) {
            status = anshin_txn_end(txn, trim_some(&op, txn, user, &dropped), ANSHIN_LAZY);
        }
        round->removed += status == APR_SUCCESS ? dropped : 0;
        round->op->error = op.error;
        apr_pool_destroy(op.pool);
    }
    return status;
}

/* --- what is due ------------------------------------------------------------------------------------------------ */

static apr_status_t look(void *baton, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key)
{
    if (type == &anshin_record_sequence && strncmp(key, "history/", strlen("history/")) == 0) {
        return trim_series(baton, txn, key);
    }
    for (apr_size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].type == type) {
            return look_at(baton, txn, &kinds[i], key);
        }
    }
    return APR_SUCCESS;
}

/* Removed things count as far as they were committed. *more: go on at once. */
static apr_status_t remove_due(anshin_op_t *op, int *removed, int *more)
{
    int taken;
    apr_status_t status = APR_SUCCESS;
    apr_time_t deadline = op->env->now(op->env->now_baton) + ROUND;

    *more = 1;
    for (int i = 0; status == APR_SUCCESS && *more && i < STEP_BATCHES; i++) {
        round_t round = {op, 0, apr_array_make(op->pool, 4, sizeof(const char *))};

        status = anshin_expiry_take(op, BATCH, look, &round, &taken, more);
        for (int j = 0; status == APR_SUCCESS && j < round.series->nelts; j++) {
            status = trim_on(&round, APR_ARRAY_IDX(round.series, j, const char *), deadline);
        }
        *removed += status == APR_SUCCESS ? round.removed : 0;
    }
    return status;
}

/* --- blobs ------------------------------------------------------------------------------------------------------ */

typedef struct orphans_t {
    anshin_op_t *op;
    apr_hash_t *names; /* of old blobs; what a record names is taken out */
} orphans_t;

static apr_status_t collect_blob(void *baton, const char *name, apr_time_t written_at)
{
    orphans_t *orphans = baton;

    if (written_at + ANSHIN_KEEP_ORPHAN <= orphans->op->now) {
        name = apr_pstrdup(orphans->op->pool, name);
        apr_hash_set(orphans->names, name, APR_HASH_KEY_STRING, name);
    }
    return APR_SUCCESS;
}

typedef struct namer_t {
    const orphans_t *orphans;
    const anshin_record_type_t *type;
} namer_t;

static apr_status_t take_out_named(void *baton, const char *key, const void *record)
{
    const namer_t *namer = baton;

    (void)key;
    for (apr_size_t i = 0; i < namer->type->field_count; i++) {
        const anshin_field_t *field = &namer->type->fields[i];
        const char *name = NULL;

        if (anshin_field_names_blob(field)) {
            memcpy(&name, (const char *)record + field->offset, sizeof(name));
        }
        if (name != NULL) {
            apr_hash_set(namer->orphans->names, name, APR_HASH_KEY_STRING, NULL);
        }
    }
    return APR_SUCCESS;
}

static int type_names_blobs(const anshin_record_type_t *type)
{
    for (apr_size_t i = 0; i < type->field_count; i++) {
        if (anshin_field_names_blob(&type->fields[i])) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t take_out_all_named(const orphans_t *orphans, anshin_txn_t *txn)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && anshin_record_types[i] != NULL; i++) {
        namer_t namer = {orphans, anshin_record_types[i]};

        if (type_names_blobs(namer.type)) {
            status = anshin_txn_each(txn, namer.type, "", take_out_named, &namer);
        }
    }
    return status;
}

/* A blob is written moments before the record that names it: what is old and has no name will get none. */
static apr_status_t wipe_orphans(anshin_op_t *op, int *removed)
{
    orphans_t orphans = {op, apr_hash_make(op->pool)};
    anshin_txn_t *txn;
    apr_status_t status = anshin_blob_each(op->env->store, collect_blob, &orphans, &op->error, op->pool);

    if (status != APR_SUCCESS || apr_hash_count(orphans.names) == 0) {
        return status;
    }
    status = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = take_out_all_named(&orphans, txn);
    anshin_txn_abort(txn);
    for (apr_hash_index_t *at = apr_hash_first(op->pool, orphans.names); status == APR_SUCCESS && at != NULL;
         at = apr_hash_next(at)) {
        status = anshin_blob_wipe(op->env->store, apr_hash_this_key(at), &op->error);
        (*removed)++;
    }
    return status;
}

/* --- steps ------------------------------------------------------------------------------------------------------ */

enum { TASK_TIME, TASK_BLOBS };

static const struct {
    const char *name;
    apr_interval_time_t interval;
} tasks[ANSHIN_HOUSEKEEPING_TASKS] = {
    [TASK_TIME] = {"records whose time is over", MINUTE}, [TASK_BLOBS] = {"blobs", 6 * HOUR}};

apr_status_t anshin_housekeeping_step(anshin_op_t *op, anshin_housekeeping_t *state, const char **task, int *removed)
{
    int next = state->due[TASK_TIME] <= state->due[TASK_BLOBS] ? TASK_TIME : TASK_BLOBS;
    int more = 0;
    apr_time_t now = op->now;
    apr_status_t status;

    *removed = 0;
    *task = tasks[next].name;
    /* One further off than its interval was due by a clock that has been set back since. */
    if (state->due[next] > now && state->due[next] <= now + tasks[next].interval) {
        return ANSHIN_ENOTFOUND;
    }
    status = anshin_agreed_time(op, &state->agreed);
    if (status != APR_SUCCESS || state->agreed.by < 0) {
        /* Of a clock that was put back, what is young by it may be over, and what is over young: all of it waits. */
        state->due[next] = now + tasks[next].interval;
        return status;
    }
    op->now = state->agreed.time;
    status = next == TASK_TIME ? remove_due(op, removed, &more) : wipe_orphans(op, removed);
    /* A step that was cut short by its limit goes on at once. */
    state->due[next] = more ? now : now + tasks[next].interval;
    return status;
}
