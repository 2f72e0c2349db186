/*
 * The certificates that are revoked: see revoked.h.
 */
#include "core/certificate/revoked.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/certificate/certificate.h"

#define LANE ANSHIN_CA_NAME
#define FACT "crl/"
#define BATCH 50

apr_status_t anshin_revoked_tell(anshin_op_t *op, anshin_txn_t *txn, const char *serial)
{
    const char *key = apr_pstrcat(op->pool, LANE "/", serial, NULL);
    const anshin_revoked_t record = {.serial = serial};
    apr_status_t status = anshin_txn_put(txn, &anshin_record_revoked, key, &record);

    op->jobs_queued = 1;
    /* A store may be a second late. */
    return status == APR_SUCCESS
               ? anshin_txn_due(txn, &anshin_record_revoked, key, apr_time_from_sec(apr_time_sec(op->now)))
               : status;
}

/* --- collecting ------------------------------------------------------------------------------------------------- */

static apr_status_t collect(void *baton, const char *serial, const void *record)
{
    apr_array_header_t *entries = baton;
    const anshin_certificate_t *certificate = record;
    anshin_revoked_entry_t *entry;

    if (certificate->state != ANSHIN_CERTIFICATE_REVOKED || strlen(serial) > ANSHIN_REVOKED_SERIAL_MAX) {
        return APR_SUCCESS;
    }
    entry = apr_array_push(entries);
    apr_cpystrn(entry->serial, serial, sizeof(entry->serial));
    apr_cpystrn(entry->ca, certificate->ca != NULL ? certificate->ca : "", sizeof(entry->ca));
    entry->reason = (apr_byte_t)certificate->reason;
    entry->revoked_at = certificate->revoked_at;
    entry->not_after = certificate->not_after;
    return APR_SUCCESS;
}

static apr_status_t walk(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    (void)op;
    return anshin_txn_each(txn, &anshin_record_certificate, "", collect, baton);
}

apr_status_t anshin_revoked_all(anshin_op_t *op, apr_array_header_t *entries)
{
    return anshin_op_read(op, walk, entries);
}

typedef struct told_t {
    apr_array_header_t *entries;
    apr_hash_t *heard;
    apr_array_header_t *keys;
} told_t;

/* Where others listen, too, all of them lie there for a while. */
static apr_status_t list_told(anshin_op_t *op, anshin_txn_t *txn, apr_array_header_t **due)
{
    const anshin_due_queue_t queue = {&anshin_record_revoked, LANE};
    int limit = ANSHIN_REVOKED_TAKE;
    apr_status_t status = anshin_txn_list_due(txn, &queue, limit, due);

    while (status == APR_SUCCESS && op->env->node != NULL && (*due)->nelts == limit) {
        limit *= 4;
        status = anshin_txn_list_due(txn, &queue, limit, due);
    }
    return status;
}

static apr_status_t read_told(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const told_t *told = baton;
    const int shared = op->env->node != NULL;
    apr_array_header_t *serials = apr_array_make(op->pool, 16, sizeof(const char *));
    apr_array_header_t *due;
    apr_status_t status = list_told(op, txn, &due);

    apr_array_clear(told->keys);
    for (int i = 0; status == APR_SUCCESS && i < due->nelts; i++) {
        const anshin_due_entry_t *entry = &APR_ARRAY_IDX(due, i, anshin_due_entry_t);
        const char *serial = apr_pstrdup(op->pool, entry->key + strlen(LANE "/"));

        if (!shared || entry->when < op->now - ANSHIN_REVOKED_LINGER) {
            APR_ARRAY_PUSH(told->keys, const char *) = apr_pstrdup(op->pool, entry->key);
        }
        if (!shared || apr_hash_get(told->heard, serial, APR_HASH_KEY_STRING) == NULL) {
            APR_ARRAY_PUSH(serials, const char *) = serial;
        }
    }
    return status == APR_SUCCESS && serials->nelts > 0
               ? anshin_txn_get_many(txn, &anshin_record_certificate, serials, collect, told->entries)
               : status;
}

apr_status_t anshin_revoked_told(anshin_op_t *op, apr_array_header_t *entries, apr_hash_t *heard,
                                 apr_array_header_t **keys)
{
    told_t told = {entries, heard, apr_array_make(op->pool, 16, sizeof(const char *))};

    *keys = told.keys;
    return anshin_op_read(op, read_told, &told);
}

typedef struct done_t {
    const apr_array_header_t *keys;
    int from;
} done_t;

static apr_status_t remove_batch(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const done_t *done = baton;
    apr_status_t status = APR_SUCCESS;

    (void)op;
    for (int i = done->from; status == APR_SUCCESS && i < done->keys->nelts && i < done->from + BATCH; i++) {
        status = anshin_txn_delete(txn, &anshin_record_revoked, APR_ARRAY_IDX(done->keys, i, const char *));
    }
    return status;
}

apr_status_t anshin_revoked_done(anshin_op_t *op, const apr_array_header_t *keys)
{
    done_t done = {keys, 0};
    apr_status_t status = APR_SUCCESS;

    for (; status == APR_SUCCESS && done.from < keys->nelts; done.from += BATCH) {
        status = anshin_op_write(op, ANSHIN_LAZY, remove_batch, &done);
    }
    return status;
}

/* --- what a list has -------------------------------------------------------------------------------------------- */

static int compare(const void *one, const void *other)
{
    const anshin_revoked_entry_t *a = one;
    const anshin_revoked_entry_t *b = other;

    return strcmp(a->serial, b->serial);
}

int anshin_revoked_is_whose(const char *id, const anshin_revoked_ca_t *ca)
{
    return id != NULL && id[0] != '\0' ? strcmp(id, ca->id) == 0 : strcmp(ca->name, ANSHIN_CA_NAME) == 0;
}

int anshin_revoked_is_of(const anshin_revoked_entry_t *entry, const anshin_revoked_ca_t *ca)
{
    return anshin_revoked_is_whose(entry->ca, ca);
}

static int is_over(const anshin_revoked_entry_t *entry, const anshin_revoked_ca_t *ca, apr_time_t last)
{
    return entry->not_after < last && anshin_revoked_is_of(entry, ca);
}

void anshin_revoked_tidy(apr_array_header_t *entries, const anshin_revoked_ca_t *ca, apr_time_t last)
{
    anshin_revoked_entry_t *all = (anshin_revoked_entry_t *)(void *)entries->elts;
    int kept = 0;

    if (entries->nelts > 1) {
        qsort(all, (size_t)entries->nelts, sizeof(*all), compare);
    }
    for (int i = 0; i < entries->nelts; i++) {
        if (!is_over(&all[i], ca, last) && (kept == 0 || strcmp(all[i].serial, all[kept - 1].serial) != 0)) {
            all[kept++] = all[i];
        }
    }
    entries->nelts = kept;
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

typedef struct numbering_t {
    const char *name; /* of the CA */
    apr_int64_t number;
    apr_time_t last;
} numbering_t;

static const char *fact_of(anshin_op_t *op, const char *name)
{
    return apr_pstrcat(op->pool, FACT, name, NULL);
}

static apr_status_t read_fact(anshin_txn_t *txn, const char *key, anshin_fact_t *fact)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, key, fact);

    if (status == ANSHIN_ENOTFOUND) {
        *fact = (anshin_fact_t){.at = 0};
        return APR_SUCCESS;
    }
    return status;
}

apr_status_t anshin_revoked_number_in(anshin_op_t *op, anshin_txn_t *txn, const char *name, apr_int64_t *number,
                                      apr_time_t *last)
{
    anshin_fact_t fact;
    apr_int64_t seconds = apr_time_sec(op->now);
    const char *key = fact_of(op, name);
    apr_status_t status = read_fact(txn, key, &fact);

    if (status != APR_SUCCESS) {
        return status;
    }
    *number = fact.value != NULL ? apr_atoi64(fact.value) + 1 : 1;
    *number = *number > seconds ? *number : seconds;
    *last = fact.at;
    fact.value = apr_psprintf(op->pool, "%" APR_INT64_T_FMT, *number);
    return anshin_txn_put(txn, &anshin_record_fact, key, &fact);
}

static apr_status_t reserve(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    numbering_t *numbering = baton;

    return anshin_revoked_number_in(op, txn, numbering->name, &numbering->number, &numbering->last);
}

apr_status_t anshin_revoked_number(anshin_op_t *op, const char *name, apr_int64_t *number, apr_time_t *last)
{
    numbering_t numbering = {.name = name};
    apr_status_t status = anshin_op_write(op, ANSHIN_DURABLE, reserve, &numbering);

    *number = numbering.number;
    *last = numbering.last;
    return status;
}

static apr_status_t put_out(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const char *key = fact_of(op, baton);
    anshin_fact_t fact;
    apr_status_t status = read_fact(txn, key, &fact);

    fact.at = op->now;
    return status == APR_SUCCESS ? anshin_txn_put(txn, &anshin_record_fact, key, &fact) : status;
}

apr_status_t anshin_revoked_out(anshin_op_t *op, const char *name)
{
    return anshin_op_write(op, ANSHIN_LAZY, put_out, (void *)(apr_uintptr_t)name);
}
