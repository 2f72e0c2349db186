/*
 * A dump back into a store: see load.h.
 *
 * SECURITY. Until the last line was read nothing of a dump counts. That line has a MAC by the seal key over all others
 * (dump.h): whoever has a dump, but not the key, can make no other of it. Who has the key can put anything into the
 * store, as who may write to its files.
 */
#include "core/admin/load.h"

#include <string.h>

#include <apr_strings.h>

#include "core/admin/dump.h"
#include "core/admin/dump_line.h"
#include "core/context/store_mark.h"
#include "core/base/first_keys.h"
#include "core/context/secret.h"
#include "core/mail/event.h"

#define PART 20000  /* keys of a walk that clears */
#define STRIDE 1000 /* lines, after which somebody is told how far it is */

/* What a line says. */
typedef struct line_t {
    enum { RECORD, BLOB, DUE, END } kind;
    const anshin_record_type_t *type;
    const char *key; /* or name of a blob */
    void *record;
    anshin_bytes_t data;
    apr_time_t when;
} line_t;

typedef struct loading_t {
    anshin_op_t *op;
    const anshin_load_source_t *source;
    const anshin_load_how_t *how;
    anshin_loaded_t *loaded;
    int again;          /* the second reading, which writes */
    apr_int64_t number; /* of the line at hand */
    int waiting;        /* blobs before it, whose record is still to come */
    unsigned char chain[ANSHIN_DIGEST_BYTES];
    apr_pool_t *scratch;       /* of the line at hand, */
    apr_pool_t *held;          /* and of blobs that wait for their record */
    apr_array_header_t *blobs; /* of line_t, in held */
} loading_t;

static apr_status_t wrong(loading_t *loading, const char *what)
{
    if (loading->again) {
        return anshin_fail(&loading->op->error, ANSHIN_EFAULT, "AN1561",
                           "dump, line %" APR_INT64_T_FMT ": the file was changed while it was read, and the store is "
                           "not whole now; run htanshin load again with a dump that stays as it is",
                           loading->number);
    }
    return anshin_fail(&loading->op->error, ANSHIN_EINVALID, "AN1359", "dump, line %" APR_INT64_T_FMT ": %s",
                       loading->number, what);
}

/* --- a line ------------------------------------------------------------------------------------------------------ */

/* *json: a new reference; NULL at the end of the source. */
static apr_status_t next(loading_t *loading, json_t **json, const char **text, apr_size_t *length)
{
    apr_status_t status;

    *json = NULL;
    apr_pool_clear(loading->scratch);
    loading->number++;
    status = loading->source->next(loading->source->ctx, text, length, &loading->op->error);
    if (status != APR_SUCCESS) {
        return status == APR_EOF ? APR_SUCCESS : status == ANSHIN_EINVALID ? wrong(loading, "is too long") : status;
    }
    *json =
        *length > 0 && (*text)[*length - 1] == '\n' ? json_loadb(*text, *length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!json_is_object(*json)) {
        json_decref(*json);
        return wrong(loading, "is no line of a dump, or not whole");
    }
    return APR_SUCCESS;
}

/* NULL; or what is wrong. */
static const char *read_line(const json_t *json, line_t *line, apr_pool_t *pool)
{
    line->kind = END;
    if (json_object_get(json, "end") != NULL) {
        return NULL;
    }
    if (json_object_get(json, "record") != NULL) {
        line->kind = RECORD;
        return anshin_dump_read_record(json, &line->type, &line->key, &line->record, pool);
    }
    if (json_object_get(json, "blob") != NULL) {
        line->kind = BLOB;
        return anshin_dump_read_blob(json, &line->key, &line->data, pool);
    }
    if (json_object_get(json, "due") != NULL) {
        line->kind = DUE;
        return anshin_dump_read_due(json, &line->type, &line->key, &line->when, pool);
    }
    return "is no line of a dump";
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

typedef struct writing_t {
    const loading_t *loading;
    const line_t *line;
} writing_t;

static apr_status_t write_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const writing_t *writing = baton;
    const apr_array_header_t *blobs = writing->loading->blobs;
    const line_t *line = writing->line;
    apr_status_t status = APR_SUCCESS;

    (void)op;
    if (line->kind == DUE) {
        return anshin_txn_due(txn, line->type, line->key, line->when);
    }
    for (int i = 0; status == APR_SUCCESS && i < blobs->nelts; i++) {
        const line_t *blob = &APR_ARRAY_IDX(blobs, i, line_t);

        status = anshin_txn_blob_put(txn, blob->key, blob->data.data, blob->data.length);
    }
    return status == APR_SUCCESS ? anshin_txn_put(txn, line->type, line->key, line->record) : status;
}

static void hold(loading_t *loading, const line_t *line)
{
    line_t held = *line;

    held.key = apr_pstrdup(loading->held, line->key);
    held.data.data = apr_pmemdup(loading->held, line->data.data, line->data.length);
    APR_ARRAY_PUSH(loading->blobs, line_t) = held;
}

static apr_status_t write_one(loading_t *loading, const line_t *line)
{
    anshin_op_t one = *loading->op;
    apr_status_t status;

    if (line->kind == BLOB) {
        hold(loading, line);
        return APR_SUCCESS;
    }
    one.pool = loading->scratch;
    status = anshin_op_write(&one, ANSHIN_LAZY, write_in, &(writing_t){loading, line});
    loading->op->error = one.error;
    if (line->kind == RECORD && loading->blobs->nelts > 0) {
        apr_pool_clear(loading->held);
        loading->blobs = apr_array_make(loading->held, 4, sizeof(line_t));
    }
    return status;
}

/* --- a reading --------------------------------------------------------------------------------------------------- */

/* *ours: 0 where one of the other keys that were there is not. */
static apr_status_t check_others(const loading_t *loading, const json_t *head, int *ours)
{
    const json_t *others = json_object_get(head, "other_keys");
    apr_status_t status = APR_SUCCESS;

    for (size_t i = 0; status == APR_SUCCESS && *ours && i < json_array_size(others); i++) {
        status = anshin_dump_key_is(loading->op, ours, json_string_value(json_array_get(others, i)));
    }
    return status;
}

static apr_status_t check_head(loading_t *loading, const json_t *head)
{
    const char *theirs = json_string_value(json_object_get(head, "key"));
    int ours;
    apr_status_t status = anshin_dump_key_is(loading->op, &ours, theirs);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (json_string_value(json_object_get(head, "anshin")) == NULL) {
        return wrong(loading, "this is no dump of Anshin Login");
    }
    if (json_integer_value(json_object_get(head, "format")) != ANSHIN_DUMP_FORMAT) {
        return wrong(loading, "the dump has a form that this version does not know");
    }
    if (!ours) {
        return wrong(loading, "what is sealed in it needs another seal key: put seal.key of the server that made it "
                              "into the state directory first");
    }
    status = check_others(loading, head, &ours);
    return status != APR_SUCCESS || ours
               ? status
               : wrong(loading,
                       "it was made while the seal key was changed, and what is sealed in it needs several: put "
                       "seal.key and seal.key.old of then into the state directory first");
}

/* How many a record can name. */
static int blobs_max(void)
{
    int max = 0;

    for (int i = 0; anshin_record_types[i] != NULL; i++) {
        int names = 0;

        for (apr_size_t j = 0; j < anshin_record_types[i]->field_count; j++) {
            names += anshin_field_names_blob(&anshin_record_types[i]->fields[j]) != 0;
        }
        max = names > max ? names : max;
    }
    return max;
}

/* Would the store take it? */
static const char *check_line(const line_t *line, apr_pool_t *pool)
{
    apr_size_t length = strlen(line->key);
    anshin_bytes_t encoded;

    if (line->kind == BLOB) {
        return length == 32 && strspn(line->key, "0123456789abcdef") == 32 ? NULL : "has no name of a blob";
    }
    if (length == 0 || length > ANSHIN_KEY_MAX ||
        (line->kind == DUE && line->type->due == ANSHIN_DUE_QUEUE && strchr(line->key, '/') == NULL)) {
        return "has a key that no record can have";
    }
    return line->kind == DUE || anshin_record_encode(&encoded, line->type, line->record, pool) == APR_SUCCESS
               ? NULL
               : "has a record that is too long";
}

/* Blobs that a record names stand before it, and nothing between. NULL; or what is wrong. */
static const char *check_order(loading_t *loading, const line_t *line)
{
    if (line->kind == BLOB) {
        return ++loading->waiting <= blobs_max() ? NULL : "is a blob more than any record names";
    }
    if (line->kind != RECORD && loading->waiting > 0) {
        return "stands behind a blob whose record is missing";
    }
    loading->waiting = 0;
    return NULL;
}

static apr_status_t check_end(loading_t *loading, const json_t *json)
{
    const anshin_loaded_t *loaded = loading->loaded;
    const char *theirs = json_string_value(json_object_get(json, "chain"));
    int ours;
    apr_status_t status = anshin_dump_seal_is(loading->op, &ours, loading->chain, theirs);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (json_integer_value(json_object_get(json, "records")) != loaded->records ||
        json_integer_value(json_object_get(json, "blobs")) != loaded->blobs ||
        json_integer_value(json_object_get(json, "due")) != loaded->due || !ours) {
        return wrong(loading, "the dump was changed: its lines are not those that this one counts and vouches for");
    }
    return APR_SUCCESS;
}

static void count(anshin_loaded_t *loaded, const line_t *line)
{
    loaded->records += line->kind == RECORD;
    loaded->blobs += line->kind == BLOB;
    loaded->due += line->kind == DUE;
}

/* *ended: it was the last line. */
static apr_status_t take_one(loading_t *loading, const json_t *json, const char *text, apr_size_t length, int *ended)
{
    line_t line;
    const char *why;
    apr_status_t status;

    if (loading->number == 1) {
        status = check_head(loading, json);
        return status == APR_SUCCESS ? anshin_dump_chain(loading->op, loading->chain, text, length, loading->scratch)
                                     : status;
    }
    why = read_line(json, &line, loading->scratch);
    why = why == NULL ? check_order(loading, &line) : why;
    if (why == NULL && line.kind == END) {
        *ended = 1;
        return check_end(loading, json);
    }
    why = why == NULL ? check_line(&line, loading->scratch) : why;
    if (why != NULL) {
        return wrong(loading, why);
    }
    count(loading->loaded, &line);
    status = anshin_dump_chain(loading->op, loading->chain, text, length, loading->scratch);
    return status == APR_SUCCESS && loading->again ? write_one(loading, &line) : status;
}

/* The second time as well every line is digested, and the last one must be there: the file may be another by then. */
static apr_status_t read_all(loading_t *loading, int again)
{
    int ended = 0;
    json_t *json;
    const char *text;
    apr_size_t length;
    apr_status_t status = again ? loading->source->rewind(loading->source->ctx, &loading->op->error) : APR_SUCCESS;

    loading->again = again;
    loading->number = loading->waiting = 0;
    memset(loading->chain, 0, sizeof(loading->chain));
    *loading->loaded = (anshin_loaded_t){0};
    while (status == APR_SUCCESS && (status = next(loading, &json, &text, &length)) == APR_SUCCESS && json != NULL) {
        status = ended ? wrong(loading, "stands behind the last line") : take_one(loading, json, text, length, &ended);
        json_decref(json);
        if (loading->how->progress != NULL && loading->number % STRIDE == 0) {
            loading->how->progress(loading->how->baton, again, loading->number);
        }
    }
    return status == APR_SUCCESS && !ended ? wrong(loading, "the dump was cut: its last line is not there") : status;
}

/* --- what is there ----------------------------------------------------------------------------------------------- */

/* What a server that has just been started makes by itself. */
static int is_own(const anshin_record_type_t *type)
{
    static const anshin_record_type_t *const own[] = {
        &anshin_record_fact,        &anshin_record_clock,        &anshin_record_due,          &anshin_record_sequence,
        &anshin_record_audit_event, &anshin_record_audit_series, &anshin_record_audit_anchor, &anshin_record_revoked,
        &anshin_record_ocsp,        &anshin_record_crl,          &anshin_record_counter};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (own[i] == type) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t note_one(void *baton, const char *key, const void *record)
{
    (void)key;
    (void)record;
    *(int *)baton = 1;
    return APR_EOF;
}

static apr_status_t look(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_record_type_t **found = baton;
    apr_status_t status = APR_SUCCESS;

    (void)op;
    *found = NULL;
    for (int i = 0; status == APR_SUCCESS && *found == NULL && anshin_record_types[i] != NULL; i++) {
        int there = 0;

        status = is_own(anshin_record_types[i]) ? APR_SUCCESS
                                                : anshin_txn_each(txn, anshin_record_types[i], "", note_one, &there);
        *found = there ? anshin_record_types[i] : NULL;
    }
    return status;
}

static apr_status_t is_marked(const loading_t *loading, int *marked)
{
    anshin_fact_t fact;
    apr_status_t status = anshin_store_mark_get(loading->op, ANSHIN_MARK_LOADING, &fact);

    *marked = status == APR_SUCCESS;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* Where a load was broken off, what is there is nothing; *replace: but whether it replaced something, nobody knows. */
static apr_status_t check_empty(const loading_t *loading, int *replace)
{
    anshin_op_t *op = loading->op;
    const anshin_record_type_t *found = NULL;
    int marked;
    apr_status_t status = is_marked(loading, &marked);

    *replace = *replace || marked;
    status = status == APR_SUCCESS && !*replace ? anshin_op_read(op, look, &found) : status;
    return status == APR_SUCCESS && found != NULL
               ? anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1360",
                             "the store is not empty (it has records of type %s); make a dump of it and give --replace "
                             "to have all of it replaced",
                             found->name)
               : status;
}

/* --- clearing ---------------------------------------------------------------------------------------------------- */

typedef struct clearing_t {
    const anshin_record_type_t *type;
    const char *key;
    anshin_first_keys_t *keys;
} clearing_t;

static apr_status_t collect(void *baton, const char *key, const void *record)
{
    const clearing_t *clearing = baton;

    (void)record;
    if (clearing->type != &anshin_record_fact || strcmp(key, ANSHIN_MARK_LOADING) != 0) {
        anshin_first_keys_add(clearing->keys, key);
    }
    return APR_SUCCESS;
}

static apr_status_t collect_all(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    clearing_t *clearing = baton;

    clearing->keys = anshin_first_keys_create(op->pool, PART, NULL);
    return anshin_txn_each(txn, clearing->type, "", collect, clearing);
}

/* With the blobs that it names. */
static apr_status_t drop(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const clearing_t *clearing = baton;
    void *record = apr_palloc(op->pool, clearing->type->size);
    apr_status_t status = anshin_txn_get(txn, clearing->type, clearing->key, record);

    for (apr_size_t i = 0; status == APR_SUCCESS && i < clearing->type->field_count; i++) {
        if (anshin_field_names_blob(&clearing->type->fields[i])) {
            anshin_txn_wipe(txn, anshin_record_text(clearing->type, record, clearing->type->fields[i].name));
        }
    }
    return status == APR_SUCCESS        ? anshin_txn_delete(txn, clearing->type, clearing->key)
           : status == ANSHIN_ENOTFOUND ? APR_SUCCESS
                                        : status;
}

/* Each in a transaction of its own, since each has its owner. *count: so many. */
static apr_status_t clear_part(anshin_op_t *op, const anshin_record_type_t *type, int *count)
{
    anshin_op_t part = *op;
    clearing_t clearing = {.type = type};
    const apr_array_header_t *keys = NULL;
    apr_pool_t *scratch;
    apr_status_t status;

    apr_pool_create(&part.pool, op->pool);
    apr_pool_create(&scratch, part.pool);
    status = anshin_op_read(&part, collect_all, &clearing);
    keys = status == APR_SUCCESS ? anshin_first_keys_take(clearing.keys) : NULL;
    *count = keys != NULL ? keys->nelts : 0;
    for (int i = 0; status == APR_SUCCESS && i < *count; i++) {
        anshin_op_t one = part;

        apr_pool_clear(scratch);
        one.pool = scratch;
        clearing.key = APR_ARRAY_IDX(keys, i, const char *);
        status = anshin_op_write(&one, ANSHIN_LAZY, drop, &clearing);
        part.error = one.error;
    }
    op->error = part.error;
    apr_pool_destroy(part.pool);
    return status;
}

/* What is due goes last: a provider may keep it in records of its own, which queues look at. */
static apr_status_t clear_all(anshin_op_t *op)
{
    apr_status_t status = APR_SUCCESS;
    int count;

    for (int i = 0; status == APR_SUCCESS && anshin_record_types[i] != NULL; i++) {
        do {
            status = anshin_record_types[i] != &anshin_record_due ? clear_part(op, anshin_record_types[i], &count)
                                                                  : APR_SUCCESS;
        } while (status == APR_SUCCESS && anshin_record_types[i] != &anshin_record_due && count == PART);
    }
    do {
        status = status == APR_SUCCESS ? clear_part(op, &anshin_record_due, &count) : status;
    } while (status == APR_SUCCESS && count == PART);
    return status;
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

/* Durable, and all before it with it. A store that was empty has the dump's trail, without a word more. */
static apr_status_t finish(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_event_t *event = baton;
    apr_status_t status = anshin_txn_delete(txn, &anshin_record_fact, ANSHIN_MARK_LOADING);

    return status == APR_SUCCESS && event != NULL ? anshin_event(op, txn, event) : status;
}

/* A dump is read to its end before anything else. What is to be read here the source must make first, for which there
 * must be a place. */
static apr_status_t prepare(loading_t *loading, int *replace)
{
    const anshin_load_how_t *how = loading->how;
    anshin_op_t *op = loading->op;
    apr_status_t status = how->begin == NULL ? read_all(loading, 0) : APR_SUCCESS;

    status = status == APR_SUCCESS ? anshin_store_alone(op->env->store, &op->error) : status;
    status = status == APR_SUCCESS ? check_empty(loading, replace) : status;
    if (status == APR_SUCCESS && how->begin != NULL) {
        status = how->begin(how->baton, op);
        status = status == APR_SUCCESS ? read_all(loading, 0) : status;
    }
    return status;
}

apr_status_t anshin_load_by(anshin_op_t *op, const anshin_load_source_t *source, const anshin_load_how_t *how,
                            anshin_loaded_t *loaded)
{
    loading_t loading = {.op = op, .source = source, .how = how, .loaded = loaded};
    const anshin_event_t moved = {.act = ANSHIN_ACT_STORE_MOVED}, replaced = {.act = ANSHIN_ACT_STORE_LOADED};
    int replace = how->replace;
    apr_status_t status;

    apr_pool_create(&loading.scratch, op->pool);
    apr_pool_create(&loading.held, op->pool);
    loading.blobs = apr_array_make(loading.held, 4, sizeof(line_t));
    if ((status = prepare(&loading, &replace)) != APR_SUCCESS ||
        (status = anshin_store_mark_set(
             op, ANSHIN_MARK_LOADING, how->moves ? ANSHIN_MARK_BY_MOVE : "an operator loads a dump")) != APR_SUCCESS ||
        (status = clear_all(op)) != APR_SUCCESS || (status = read_all(&loading, 1)) != APR_SUCCESS ||
        (status = how->settle != NULL ? how->settle(how->baton, op) : APR_SUCCESS) != APR_SUCCESS) {
        return status;
    }
    return anshin_op_write(op, ANSHIN_DURABLE, finish, (void *)(how->moves ? &moved : replace ? &replaced : NULL));
}

apr_status_t anshin_load(anshin_op_t *op, const anshin_load_source_t *source, int replace, anshin_loaded_t *loaded)
{
    return anshin_load_by(op, source, &(anshin_load_how_t){.replace = replace}, loaded);
}
