/*
 * A whole store as text: see dump.h.
 */
#include "core/admin/dump.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/admin/dump_line.h"
#include "core/context/store_mark.h"
#include "core/base/first_keys.h"
#include "core/context/secret.h"
#include "core/mail/event.h"

#define PART 131072 /* keys of a walk */
#define READS 5     /* of a blob */
#define NUMBERS 32  /* digits of a time and a place, in the key that queues are put in order by */

typedef struct dumping_t {
    anshin_op_t *op;
    anshin_txn_t *txn;
    anshin_dump_write_fn *write;
    void *baton;
    unsigned char chain[ANSHIN_DIGEST_BYTES];
    apr_int64_t records, blobs, due;
    int begun;           /* something was handed out */
    apr_pool_t *scratch; /* of the record at hand */
    const anshin_record_type_t *type;
    anshin_first_keys_t *keys;
    const apr_array_header_t *seal_keys; /* that the first line tells of */
} dumping_t;

apr_status_t anshin_dump_key(anshin_op_t *op, const char **key)
{
    return anshin_secret_mac(op, key, "dump", "");
}

apr_status_t anshin_dump_key_is(anshin_op_t *op, int *is, const char *theirs)
{
    return anshin_secret_mac_is(op, is, "dump", "", theirs);
}

/* Of all keys that are there, the present one first: of const char *. */
static apr_status_t keys_of(anshin_op_t *op, const apr_array_header_t **keys)
{
    apr_array_header_t *found = apr_array_make(op->pool, 2, sizeof(const char *));
    apr_status_t status = APR_SUCCESS;

    *keys = found;
    while (status == APR_SUCCESS) {
        const char *key = NULL;

        op->key = found->nelts;
        status = anshin_dump_key(op, &key);
        if (status == APR_SUCCESS) {
            APR_ARRAY_PUSH(found, const char *) = key;
        }
    }
    op->key = 0;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* A change that came in the midst: some is by a key that the first line does not tell of. */
static apr_status_t see_keys(const dumping_t *dumping)
{
    const apr_array_header_t *keys;
    apr_status_t status = keys_of(dumping->op, &keys);
    int same = status == APR_SUCCESS && keys->nelts == dumping->seal_keys->nelts;

    for (int i = 0; same && i < keys->nelts; i++) {
        same = strcmp(APR_ARRAY_IDX(keys, i, const char *), APR_ARRAY_IDX(dumping->seal_keys, i, const char *)) == 0;
    }
    return status != APR_SUCCESS || same ? status
                                         : anshin_fail(&dumping->op->error, ANSHIN_EBUSY, "AN1812",
                                                       "dump: the seal key was changed meanwhile; make it again");
}

apr_status_t anshin_dump_chain(anshin_op_t *op, unsigned char chain[ANSHIN_DIGEST_BYTES], const char *line,
                               apr_size_t length, apr_pool_t *pool)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char *octets = apr_palloc(pool, ANSHIN_DIGEST_BYTES + length);

    memcpy(octets, chain, ANSHIN_DIGEST_BYTES);
    memcpy(octets + ANSHIN_DIGEST_BYTES, line, length);
    return crypto->digest(crypto->ctx, chain, octets, ANSHIN_DIGEST_BYTES + length) == APR_SUCCESS
               ? APR_SUCCESS
               : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1356", "dump: a line could not be digested");
}

apr_status_t anshin_dump_seal(anshin_op_t *op, const char **mac, const unsigned char chain[ANSHIN_DIGEST_BYTES])
{
    return anshin_secret_mac(op, mac, "dump-chain", anshin_hex(chain, ANSHIN_DIGEST_BYTES, op->pool));
}

apr_status_t anshin_dump_seal_is(anshin_op_t *op, int *is, const unsigned char chain[ANSHIN_DIGEST_BYTES],
                                 const char *theirs)
{
    return anshin_secret_mac_is(op, is, "dump-chain", anshin_hex(chain, ANSHIN_DIGEST_BYTES, op->pool), theirs);
}

/* Takes the reference. */
static apr_status_t put(dumping_t *dumping, json_t *line, int chained)
{
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
    apr_size_t length = text != NULL ? strlen(text) : 0;
    char *copy;
    apr_status_t status = APR_SUCCESS;

    json_decref(line);
    if (text == NULL) {
        return anshin_fail(&dumping->op->error, ANSHIN_EFAULT, "AN1357", "dump: out of memory");
    }
    copy = apr_palloc(dumping->scratch, length + 2);
    memcpy(copy, text, length);
    free(text);
    copy[length++] = '\n';
    copy[length] = '\0';
    if (chained) {
        status = anshin_dump_chain(dumping->op, dumping->chain, copy, length, dumping->scratch);
    }
    dumping->begun = 1;
    return status == APR_SUCCESS ? dumping->write(dumping->baton, copy, length) : status;
}

/* --- the first line ---------------------------------------------------------------------------------------------- */

typedef struct counting_t {
    const anshin_record_type_t *type;
    apr_int64_t count;
} counting_t;

static apr_status_t count_one(void *baton, const char *key, const void *record)
{
    counting_t *counting = baton;

    (void)record;
    counting->count += !anshin_store_mark_is(counting->type, key);
    return APR_SUCCESS;
}

static apr_status_t put_head(dumping_t *dumping)
{
    json_t *counts = json_object();
    json_t *head, *former;
    apr_status_t status = keys_of(dumping->op, &dumping->seal_keys);

    for (int i = 0; status == APR_SUCCESS && anshin_record_types[i] != NULL; i++) {
        counting_t counting = {.type = anshin_record_types[i]};

        if (anshin_record_types[i] == &anshin_record_due) {
            continue; /* a provider's own */
        }
        status = anshin_txn_each(dumping->txn, anshin_record_types[i], "", count_one, &counting);
        json_object_set_new(counts, anshin_record_types[i]->name, json_integer(counting.count));
    }
    if (status != APR_SUCCESS) {
        json_decref(counts);
        return status;
    }
    head = json_pack("{s:s, s:i, s:s, s:s}", "anshin", "dump", "format", ANSHIN_DUMP_FORMAT, "version", ANSHIN_VERSION,
                     "key", APR_ARRAY_IDX(dumping->seal_keys, 0, const char *));
    for (int i = 1; i < dumping->seal_keys->nelts; i++) {
        former = json_object_get(head, "other_keys");
        if (former == NULL) {
            former = json_array();
            json_object_set_new(head, "other_keys", former);
        }
        json_array_append_new(former, json_string(APR_ARRAY_IDX(dumping->seal_keys, i, const char *)));
    }
    json_object_set_new(head, "records", counts);
    return put(dumping, head, 1);
}

/* --- records ----------------------------------------------------------------------------------------------------- */

static apr_status_t collect(void *baton, const char *key, const void *record)
{
    const dumping_t *dumping = baton;

    (void)record;
    if (!anshin_store_mark_is(dumping->type, key)) {
        anshin_first_keys_add(dumping->keys, key);
    }
    return APR_SUCCESS;
}

/* One that is wiped, or sealed anew, is overwritten with zeros from its beginning; a sealed text begins with its
 * version, which is none. So what is the same when it is read once more, and begins then as it should, was whole.
 * ANSHIN_ENOTFOUND: it is gone. */
static apr_status_t read_blob(const dumping_t *dumping, const char *name, anshin_bytes_t *data)
{
    for (int i = 0; i < READS; i++) {
        anshin_bytes_t again;
        apr_status_t status = anshin_txn_blob_get_to(dumping->txn, name, data, dumping->scratch);

        if (status == APR_SUCCESS) {
            status = anshin_txn_blob_get_to(dumping->txn, name, &again, dumping->scratch);
        }
        if (status != APR_SUCCESS ||
            (data->length == again.length && memcmp(data->data, again.data, data->length) == 0 &&
             (data->length == 0 || again.data[0] != 0))) {
            return status;
        }
    }
    return ANSHIN_ENOTFOUND;
}

/* One that is wiped since is not there to be told. */
static apr_status_t put_blobs(dumping_t *dumping, const void *record)
{
    const anshin_record_type_t *type = dumping->type;
    apr_status_t status = APR_SUCCESS;

    for (apr_size_t i = 0; status == APR_SUCCESS && i < type->field_count; i++) {
        const char *name =
            anshin_field_names_blob(&type->fields[i]) ? anshin_record_text(type, record, type->fields[i].name) : NULL;
        anshin_bytes_t data;

        if (name == NULL) {
            continue;
        }
        status = read_blob(dumping, name, &data);
        if (status == APR_SUCCESS) {
            dumping->blobs++;
            status = put(dumping, anshin_dump_blob(name, data, dumping->scratch), 1);
        }
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

static apr_status_t put_record(dumping_t *dumping, const char *key)
{
    void *record = apr_palloc(dumping->scratch, dumping->type->size);
    apr_status_t status = anshin_txn_get_to(dumping->txn, dumping->type, key, record, dumping->scratch);

    status = status == APR_SUCCESS ? put_blobs(dumping, record) : status;
    dumping->records++;
    return status == APR_SUCCESS ? put(dumping, anshin_dump_record(dumping->type, key, record, dumping->scratch), 1)
                                 : status;
}

/* --- times ------------------------------------------------------------------------------------------------------- */

/* In the order of a queue: "LANE<TAB>TIME PLACE KEY"; of what is looked at "KEY<TAB>TIME PLACE", the first of each
 * first. */
static apr_status_t collect_due(void *baton, const char *key, apr_time_t when, apr_int64_t place)
{
    dumping_t *dumping = baton;
    const char *numbers;

    apr_pool_clear(dumping->scratch);
    numbers = apr_psprintf(dumping->scratch, "\t%016" APR_UINT64_T_HEX_FMT "%016" APR_UINT64_T_HEX_FMT,
                           (apr_uint64_t)when, (apr_uint64_t)place);
    anshin_first_keys_add(dumping->keys,
                          dumping->type->due == ANSHIN_DUE_QUEUE
                              ? apr_pstrcat(dumping->scratch, apr_pstrmemdup(dumping->scratch, key, strcspn(key, "/")),
                                            numbers, key, NULL)
                              : apr_pstrcat(dumping->scratch, key, numbers, NULL));
    return APR_SUCCESS;
}

/* Notes of records that are gone say nothing, nor do later ones of the same record: the first look files it anew. */
static apr_status_t put_due(dumping_t *dumping, const char *sorted, const char *before)
{
    const anshin_record_type_t *type = dumping->type;
    const char *tab = strrchr(sorted, '\t');
    apr_size_t length = (apr_size_t)(tab - sorted);
    void *record = apr_palloc(dumping->scratch, type->size);
    const char *key =
        type->due == ANSHIN_DUE_QUEUE ? tab + 1 + NUMBERS : apr_pstrmemdup(dumping->scratch, sorted, length);
    apr_time_t when = apr_strtoi64(apr_pstrmemdup(dumping->scratch, tab + 1, NUMBERS / 2), NULL, 16);
    apr_status_t status;

    if (type->due == ANSHIN_DUE_LOOK && before != NULL && strncmp(sorted, before, length + 1) == 0) {
        return APR_SUCCESS;
    }
    status = anshin_txn_get_to(dumping->txn, type, key, record, dumping->scratch);
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    dumping->due++;
    return put(dumping, anshin_dump_due(type, key, when, dumping->scratch), 1);
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

static apr_status_t walk(dumping_t *dumping, int times)
{
    return times ? anshin_txn_each_due(dumping->txn, dumping->type, collect_due, dumping)
                 : anshin_txn_each(dumping->txn, dumping->type, "", collect, dumping);
}

static apr_status_t put_part(dumping_t *dumping, const apr_array_header_t *keys, int times, const char *before)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < keys->nelts; i++) {
        const char *key = APR_ARRAY_IDX(keys, i, const char *);

        apr_pool_clear(dumping->scratch);
        status = times ? put_due(dumping, key, before) : put_record(dumping, key);
        before = key;
    }
    return status;
}

static apr_status_t put_type(dumping_t *dumping, int times)
{
    const char *last = NULL;
    apr_pool_t *part = NULL, *former = NULL;
    int count;
    apr_status_t status;

    do {
        const apr_array_header_t *keys;

        apr_pool_create(&part, dumping->op->pool);
        dumping->keys = anshin_first_keys_create(part, PART, last);
        status = walk(dumping, times);
        keys = anshin_first_keys_take(dumping->keys);
        count = keys->nelts;
        status = status == APR_SUCCESS ? put_part(dumping, keys, times, last) : status;
        last = count > 0 ? APR_ARRAY_IDX(keys, count - 1, const char *) : NULL;
        if (former != NULL) {
            apr_pool_destroy(former);
        }
        former = part;
    } while (status == APR_SUCCESS && count == PART);
    apr_pool_destroy(former);
    return status;
}

static apr_status_t dump(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    dumping_t *dumping = baton;
    const char *mac = NULL;
    apr_status_t status;

    if (dumping->begun) {
        return anshin_fail(&op->error, ANSHIN_EBUSY, "AN1358", "dump: others were in the way; try again");
    }
    dumping->op = op;
    dumping->txn = txn;
    apr_pool_create(&dumping->scratch, op->pool);
    status = put_head(dumping);
    for (int times = 0; times < 2; times++) {
        for (int i = 0; status == APR_SUCCESS && anshin_record_types[i] != NULL; i++) {
            dumping->type = anshin_record_types[i];
            if (dumping->type != &anshin_record_due && (!times || dumping->type->due != ANSHIN_DUE_NEVER)) {
                status = put_type(dumping, times);
            }
        }
    }
    status = status == APR_SUCCESS ? anshin_dump_seal(op, &mac, dumping->chain) : status;
    status = status == APR_SUCCESS ? see_keys(dumping) : status;
    return status == APR_SUCCESS
               ? put(dumping,
                     json_pack("{s:s, s:I, s:I, s:I, s:s}", "end", "dump", "records", (json_int_t)dumping->records,
                               "blobs", (json_int_t)dumping->blobs, "due", (json_int_t)dumping->due, "chain", mac),
                     0)
               : status;
}

static apr_status_t tell(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_event(op, txn, baton);
}

apr_status_t anshin_dump_lines(anshin_op_t *op, anshin_dump_write_fn *write, void *baton)
{
    dumping_t dumping = {.write = write, .baton = baton};

    return anshin_op_read(op, dump, &dumping);
}

apr_status_t anshin_dump(anshin_op_t *op, anshin_dump_write_fn *write, anshin_dump_settle_fn *settle, void *baton)
{
    anshin_event_t event = {.act = ANSHIN_ACT_STORE_DUMPED};
    apr_status_t status = anshin_dump_lines(op, write, baton);

    status = status == APR_SUCCESS ? settle(baton) : status;
    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, tell, &event) : status;
}
