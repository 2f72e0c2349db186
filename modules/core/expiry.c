/*
 * The index of what ends in time: see expiry.h.
 *
 * Each minute has a series of entries of its own: sequence record "expiry/MINUTE", entries "MINUTE/NUMBER". The
 * sequence record "expiry" tells, as its first, the minute up to which all is done. Nothing is filed before it,
 * whatever the clock of the one who files says, so nothing is ever filed where nobody will look.
 */
#include "core/expiry.h"

#include <apr_strings.h>

#define CURSOR "expiry"
#define MINUTE apr_time_from_sec(60)
#define EMPTY_MAX 1000 /* minutes that are passed over in one transaction, while writers wait */

static apr_int64_t minute_of(apr_time_t time)
{
    return time / MINUTE;
}

static const char *minute_key(anshin_op_t *op, apr_int64_t minute)
{
    return apr_psprintf(op->pool, CURSOR "/%" APR_UINT64_T_HEX_FMT, (apr_uint64_t)minute);
}

static const char *entry_key(anshin_op_t *op, apr_int64_t minute, apr_int64_t number)
{
    return apr_psprintf(op->pool, "%" APR_UINT64_T_HEX_FMT "/%" APR_UINT64_T_HEX_FMT, (apr_uint64_t)minute,
                        (apr_uint64_t)number);
}

static apr_status_t get_sequence(anshin_txn_t *txn, const char *key, anshin_sequence_t *sequence)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_sequence, key, sequence);

    if (status == ANSHIN_ENOTFOUND) {
        *sequence = (anshin_sequence_t){.first = 0};
        return APR_SUCCESS;
    }
    return status;
}

/* The first minute that is not done; that of now in a store that has nothing filed yet. */
static apr_status_t get_cursor(anshin_op_t *op, anshin_txn_t *txn, apr_int64_t *minute)
{
    anshin_sequence_t cursor;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_sequence, CURSOR, &cursor);

    *minute = cursor.first;
    if (status == ANSHIN_ENOTFOUND) {
        cursor = (anshin_sequence_t){.first = minute_of(op->now)};
        *minute = cursor.first;
        return anshin_txn_put(txn, &anshin_record_sequence, CURSOR, &cursor);
    }
    return status;
}

static apr_status_t put_cursor(anshin_txn_t *txn, apr_int64_t minute)
{
    anshin_sequence_t cursor = {.first = minute};

    return anshin_txn_put(txn, &anshin_record_sequence, CURSOR, &cursor);
}

apr_status_t anshin_expiry_file(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                                apr_time_t due)
{
    anshin_expiry_t entry = {.type = type->number, .key = key};
    apr_int64_t minute = minute_of(due > op->now ? due : op->now);
    apr_int64_t cursor = 0;
    anshin_sequence_t series = {.first = 0, .next = 0};
    apr_status_t status = get_cursor(op, txn, &cursor);

    minute = minute < cursor ? cursor : minute;
    if (status != APR_SUCCESS || (status = get_sequence(txn, minute_key(op, minute), &series)) != APR_SUCCESS ||
        (status = anshin_txn_put(txn, &anshin_record_expiry, entry_key(op, minute, series.next), &entry)) !=
            APR_SUCCESS) {
        return status;
    }
    series.next++;
    return anshin_txn_put(txn, &anshin_record_sequence, minute_key(op, minute), &series);
}

/* --- taking ----------------------------------------------------------------------------------------------------- */

/* From the cursor on, pass over minutes without entries, up to the one that is not over yet. *series: of *minute, empty
 * where there is none to be done. A clock that was set back takes the cursor back with it: what is filed then must not
 * wait until it has caught up. */
static apr_status_t find_minute(anshin_op_t *op, anshin_txn_t *txn, apr_int64_t *minute, anshin_sequence_t *series)
{
    apr_int64_t now = minute_of(op->now);
    apr_status_t status = APR_SUCCESS;

    *series = (anshin_sequence_t){.first = 0};
    *minute = *minute > now ? now : *minute;
    for (int i = 0; status == APR_SUCCESS && i < EMPTY_MAX && *minute < now; i++, (*minute)++) {
        status = get_sequence(txn, minute_key(op, *minute), series);
        if (status == APR_SUCCESS && series->first < series->next) {
            return APR_SUCCESS;
        }
    }
    return status;
}

static const anshin_record_type_t *type_of(apr_int64_t number)
{
    for (int i = 0; anshin_record_types[i] != NULL; i++) {
        if (anshin_record_types[i]->number == number) {
            return anshin_record_types[i];
        }
    }
    return NULL;
}

/* Take out one entry. One of a type that this version does not know is somebody else's no longer. */
static apr_status_t take_one(anshin_txn_t *txn, const char *key, anshin_expiry_look_fn *look, void *baton)
{
    const anshin_record_type_t *type;
    anshin_expiry_t entry;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_expiry, key, &entry);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = anshin_txn_delete(txn, &anshin_record_expiry, key);
    type = type_of(entry.type);
    return status == APR_SUCCESS && type != NULL && entry.key != NULL ? look(baton, txn, type, entry.key) : status;
}

/* *next: the minute to go on with. */
static apr_status_t take_in(anshin_op_t *op, anshin_txn_t *txn, int limit, anshin_expiry_look_fn *look, void *baton,
                            int *taken, apr_int64_t *next)
{
    apr_int64_t cursor = 0;
    anshin_sequence_t series = {.first = 0, .next = 0};
    apr_status_t status = get_cursor(op, txn, &cursor);

    *next = cursor;
    if (status == APR_SUCCESS) {
        status = find_minute(op, txn, next, &series);
    }
    if (status == APR_SUCCESS && *next != cursor) {
        status = put_cursor(txn, *next);
    }
    while (status == APR_SUCCESS && series.first < series.next && *taken < limit) {
        status = take_one(txn, entry_key(op, *next, series.first), look, baton);
        series.first++;
        (*taken)++;
    }
    if (status != APR_SUCCESS || *taken == 0) {
        return status;
    }
    if (series.first < series.next) {
        return anshin_txn_put(txn, &anshin_record_sequence, minute_key(op, *next), &series);
    }
    status = anshin_txn_delete(txn, &anshin_record_sequence, minute_key(op, *next));
    (*next)++;
    return status == APR_SUCCESS ? put_cursor(txn, *next) : status;
}

apr_status_t anshin_expiry_take(anshin_op_t *op, int limit, anshin_expiry_look_fn *look, void *baton, int *taken,
                                int *more)
{
    anshin_txn_t *txn;
    apr_int64_t next = 0;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    *taken = 0;
    *more = 0;
    if (status != APR_SUCCESS) {
        return status;
    }
    status = take_in(op, txn, limit, look, baton, taken, &next);
    status = anshin_txn_end(txn, status, ANSHIN_LAZY); /* lost, it is done again */
    *taken = status == APR_SUCCESS ? *taken : 0;
    *more = status == APR_SUCCESS && next < minute_of(op->now);
    return status;
}
