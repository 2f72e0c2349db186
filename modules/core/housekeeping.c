/*
 * Housekeeping: see housekeeping.h.
 *
 * A sweep looks through the records of one type without a lock and notes what is due; then each is read again in a
 * write transaction, judged again, and removed. Transactions are short, since logins wait for them.
 */
#include "core/housekeeping.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/history.h"
#include "core/lockout.h"
#include "core/mail.h"
#include "core/session.h"

#define STEP_MAX 400 /* records that one step removes */
#define BATCH 50     /* of them in one transaction */
#define HISTORY_PARTS 16
#define HISTORY_BATCH 200
#define MINUTE apr_time_from_sec(60)

typedef struct sweep_t sweep_t;

/* 1 when the record is superfluous. */
typedef int due_fn(const anshin_op_t *op, const char *key, const void *record);
/* Remove what hangs on it, inside the write transaction that deletes it. */
typedef apr_status_t remove_fn(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record);

struct sweep_t {
    const anshin_record_type_t *type;
    due_fn *due;
    remove_fn *remove; /* NULL: nothing does */
};

typedef struct collect_t {
    anshin_op_t *op;
    const sweep_t *sweep;
    apr_array_header_t *keys;
} collect_t;

static apr_status_t collect(void *baton, const char *key, const void *record)
{
    collect_t *collected = baton;

    if (collected->sweep->due(collected->op, key, record)) {
        APR_ARRAY_PUSH(collected->keys, const char *) = apr_pstrdup(collected->op->pool, key);
    }
    return collected->keys->nelts < STEP_MAX ? APR_SUCCESS : APR_EOF;
}

/* One transaction over keys[from..to). */
static apr_status_t remove_batch(anshin_op_t *op, const sweep_t *sweep, const apr_array_header_t *keys, int from,
                                 int to, int *removed)
{
    void *record = apr_palloc(op->pool, sweep->type->size);
    anshin_txn_t *txn;
    int count = 0;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    for (int i = from; status == APR_SUCCESS && i < to; i++) {
        const char *key = APR_ARRAY_IDX(keys, i, const char *);

        status = anshin_txn_get(txn, sweep->type, key, record);
        if (status == APR_SUCCESS && sweep->due(op, key, record)) {
            status = anshin_txn_delete(txn, sweep->type, key);
            if (status == APR_SUCCESS && sweep->remove != NULL) {
                status = sweep->remove(op, txn, key, record);
            }
            count++;
        }
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = anshin_txn_end(txn, status, ANSHIN_LAZY); /* lost in a power cut, it is done again */
    *removed += status == APR_SUCCESS ? count : 0;
    return status;
}

static apr_status_t run_sweep(anshin_op_t *op, const sweep_t *sweep, int *removed)
{
    collect_t collected = {op, sweep, apr_array_make(op->pool, 16, sizeof(const char *))};
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_each(txn, sweep->type, "", collect, &collected);
    anshin_txn_abort(txn);
    for (int from = 0; status == APR_SUCCESS && from < collected.keys->nelts; from += BATCH) {
        int to = from + BATCH < collected.keys->nelts ? from + BATCH : collected.keys->nelts;

        status = remove_batch(op, sweep, collected.keys, from, to, removed);
    }
    return status;
}

/* --- what is due ------------------------------------------------------------------------------------------------ */

static int download_due(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_download_t *download = record;

    (void)key;
    /* Until its certificate is made, a job may still be waiting for the signer. */
    return (download->serial != NULL ? download->expires_at : download->created_at + ANSHIN_KEEP_UNISSUED) <= op->now;
}

static apr_status_t download_remove(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record)
{
    const anshin_download_t *download = record;

    (void)op;
    (void)key;
    anshin_txn_wipe(txn, download->password_blob);
    anshin_txn_wipe(txn, download->modern_blob);
    anshin_txn_wipe(txn, download->compat_blob);
    return download->token != NULL ? anshin_txn_delete(txn, &anshin_record_token, download->token) : APR_SUCCESS;
}

static int token_due(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_token_t *token = record;

    (void)key;
    return token->expires_at + ANSHIN_KEEP_TOKEN <= op->now;
}

static int session_due(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_session_t *session = record;
    const anshin_contract_t *contract =
        session->contract != NULL ? anshin_config_contract(op->env->config, session->contract) : NULL;

    (void)key;
    if (contract == NULL) {
        return 0; /* a contract that is not declared today may be so again tomorrow */
    }
    return anshin_session_over(contract, session, op->now);
}

static apr_status_t session_remove(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record)
{
    const anshin_session_t *session = record;
    anshin_op_t of_contract = *op;

    of_contract.contract = anshin_config_contract(op->env->config, session->contract);
    return anshin_session_remove(&of_contract, txn, key, session->user);
}

static int counter_due(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_counter_t *counter = record;
    /* CONTRACT/@PREFIX/address; no user ID begins with that sign. */
    apr_interval_time_t keep = strstr(key, "/@") != NULL ? ANSHIN_KEEP_ADDRESS : ANSHIN_PHANTOM_LIFE;

    return counter->phantom && counter->changed_at + keep <= op->now;
}

static int mail_due(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_mail_t *mail = record;
    apr_time_t since = mail->sent_at != 0 ? mail->sent_at : mail->created_at;

    (void)key;
    return (mail->state == ANSHIN_MAIL_SENT || mail->state == ANSHIN_MAIL_FAILED) &&
           since + ANSHIN_KEEP_MAIL <= op->now;
}

static apr_status_t mail_remove(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record)
{
    (void)op;
    (void)key;
    anshin_txn_wipe(txn, ((const anshin_mail_t *)record)->blob);
    return APR_SUCCESS;
}

/* When a reissue was last mailed (reissue_request.c); it matters for minutes. Other facts stay. */
static int fact_due(const anshin_op_t *op, const char *key, const void *record)
{
    return strncmp(key, "reissue/", strlen("reissue/")) == 0 &&
           ((const anshin_fact_t *)record)->at + ANSHIN_KEEP_REQUEST <= op->now;
}

static const sweep_t downloads = {&anshin_record_download, download_due, download_remove};
static const sweep_t tokens = {&anshin_record_token, token_due, NULL};
static const sweep_t sessions = {&anshin_record_session, session_due, session_remove};
static const sweep_t counters = {&anshin_record_counter, counter_due, NULL};
static const sweep_t facts = {&anshin_record_fact, fact_due, NULL};
static const sweep_t mails = {&anshin_record_mail, mail_due, mail_remove};

/* --- history ---------------------------------------------------------------------------------------------------- */

typedef struct series_t {
    anshin_op_t *op;
    unsigned part;
    apr_array_header_t *keys;
} series_t;

static apr_status_t collect_series(void *baton, const char *key, const void *record)
{
    series_t *series = baton;
    const anshin_sequence_t *sequence = record;
    apr_ssize_t length = APR_HASH_KEY_STRING;

    if (sequence->first < sequence->next && apr_hashfunc_default(key, &length) % HISTORY_PARTS == series->part) {
        APR_ARRAY_PUSH(series->keys, const char *) = apr_pstrdup(series->op->pool, key);
    }
    return APR_SUCCESS;
}

/* Trim one series, "history/CONTRACT/USER"; only when its oldest entry is too old is there a write transaction. */
static apr_status_t trim_series(anshin_op_t *op, const char *key, int *removed)
{
    char *contract = apr_pstrdup(op->pool, key + strlen("history/"));
    char *user = strchr(contract, '/');
    anshin_sequence_t sequence;
    anshin_history_t oldest = {.at = 0};
    anshin_txn_t *txn;
    apr_time_t before;
    int dropped = 0;
    apr_status_t status;

    *user++ = '\0';
    op->contract = anshin_config_contract(op->env->config, contract);
    if (op->contract == NULL) {
        return APR_SUCCESS;
    }
    before = op->now - op->contract->policy.history_retention;
    status = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_get(txn, &anshin_record_sequence, key, &sequence);
    if (status == APR_SUCCESS) {
        status = anshin_txn_get(
            txn, &anshin_record_history,
            apr_psprintf(op->pool, "%s/%s/%016" APR_UINT64_T_HEX_FMT, contract, user, (apr_uint64_t)sequence.first),
            &oldest);
    }
    anshin_txn_abort(txn);
    if (status != APR_SUCCESS || oldest.at >= before) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);
    if (status == APR_SUCCESS) {
        status = anshin_history_trim(op, txn, *user != '\0' ? user : NULL, before, HISTORY_BATCH, &dropped);
    }
    status = anshin_txn_end(txn, status, ANSHIN_LAZY);
    *removed += status == APR_SUCCESS ? dropped : 0;
    return status;
}

/* A part of all series at a time. */
static apr_status_t trim_history(anshin_op_t *op, unsigned part, int *removed)
{
    series_t series = {op, part, apr_array_make(op->pool, 16, sizeof(const char *))};
    anshin_op_t each = *op;
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_each(txn, &anshin_record_sequence, "history/", collect_series, &series);
    anshin_txn_abort(txn);
    if (status != APR_SUCCESS) {
        return status;
    }
    apr_pool_create(&each.pool, op->pool);
    for (int i = 0; status == APR_SUCCESS && i < series.keys->nelts; i++) {
        apr_pool_clear(each.pool);
        status = trim_series(&each, APR_ARRAY_IDX(series.keys, i, const char *), removed);
    }
    op->error = each.error;
    apr_pool_destroy(each.pool);
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

/* Every text member that names a blob is called "blob" or something that ends in "_blob" (schema/records.def). */
static int names_blob(const anshin_field_t *field)
{
    apr_size_t length = strlen(field->name);

    return field->kind == ANSHIN_FIELD_TEXT &&
           (strcmp(field->name, "blob") == 0 || (length > 5 && strcmp(field->name + length - 5, "_blob") == 0));
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

        if (names_blob(field)) {
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
        if (names_blob(&type->fields[i])) {
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

static const struct {
    const char *name;
    apr_interval_time_t interval;
    const sweep_t *sweep; /* NULL: not a sweep */
} tasks[ANSHIN_HOUSEKEEPING_TASKS] = {{"downloads", MINUTE, &downloads}, {"sessions", 5 * MINUTE, &sessions},
                                      {"tokens", 30 * MINUTE, &tokens},  {"counters", 30 * MINUTE, &counters},
                                      {"mail", 60 * MINUTE, &mails},     {"history", 60 * MINUTE, NULL},
                                      {"blobs", 360 * MINUTE, NULL},     {"requests", 60 * MINUTE, &facts}};

enum { TASK_HISTORY = 5 };

apr_status_t anshin_housekeeping_step(anshin_op_t *op, anshin_housekeeping_t *state, const char **task, int *removed)
{
    int next = 0;
    apr_status_t status;

    *removed = 0;
    for (int i = 1; i < ANSHIN_HOUSEKEEPING_TASKS; i++) {
        next = state->due[i] < state->due[next] ? i : next;
    }
    *task = tasks[next].name;
    if (state->due[next] > op->now) {
        return ANSHIN_ENOTFOUND;
    }
    if (tasks[next].sweep != NULL) {
        status = run_sweep(op, tasks[next].sweep, removed);
    } else if (next == TASK_HISTORY) {
        status = trim_history(op, state->round++ % HISTORY_PARTS, removed);
    } else {
        status = wipe_orphans(op, removed);
    }
    /* A step that was cut short by its limit goes on at once. */
    state->due[next] = op->now + (status == APR_SUCCESS && *removed >= STEP_MAX ? 0 : tasks[next].interval);
    return status;
}
