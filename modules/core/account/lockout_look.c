/*
 * Locks as pages show them: see lockout_look.h.
 */
#include "core/account/lockout_look.h"

typedef struct looking_t {
    anshin_counter_kind_t kind;
    const char *subject;
    anshin_lock_t *lock;
} looking_t;

static apr_status_t look_at_lock(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const looking_t *looking = baton;

    return anshin_lock_get(op, txn, looking->kind, looking->subject, looking->lock);
}

apr_status_t anshin_lock_find(anshin_op_t *op, anshin_counter_kind_t kind, const char *subject, anshin_lock_t *lock)
{
    looking_t looking = {kind, subject, lock};

    return anshin_op_read(op, look_at_lock, &looking);
}

static apr_status_t look_at_address(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    int told;

    (void)baton;
    return anshin_address_check(op, txn, &told);
}

apr_status_t anshin_address_find(anshin_op_t *op)
{
    return anshin_op_read(op, look_at_address, NULL);
}
