/*
 * Housekeeping for unit programs: all that is due at once, and records that are to be looked at soon.
 */
#ifndef ANSHIN_UNIT_HOUSEKEEPING_H
#define ANSHIN_UNIT_HOUSEKEEPING_H

#include "core/admin/housekeeping.h"
#include "core/context/expiry.h"
#include "unit/fixture.h"

/* Everything that is due now; how much went. */
static inline int housekeeping_all(fixture_t *fixture, anshin_housekeeping_t *state)
{
    const char *task;
    int removed;
    int all = 0;
    apr_status_t status;

    while ((status = anshin_housekeeping_step(fixture_op(fixture), state, &task, &removed)) == APR_SUCCESS) {
        all += removed;
    }
    return status == ANSHIN_ENOTFOUND ? all : -1;
}

/* A record that is to be looked at soon. */
static inline void housekeeping_put(fixture_t *fixture, const anshin_record_type_t *type, const char *key,
                                    const void *record)
{
    anshin_op_t *op = fixture_op(fixture);
    anshin_txn_t *txn;

    fixture_put(fixture, type, key, record);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    if (anshin_expiry_file(op, txn, type, key, 0) != APR_SUCCESS ||
        anshin_txn_commit(txn, ANSHIN_LAZY) != APR_SUCCESS) {
        printf("# file: %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
}

#endif
