/*
 * The discipline of owners: see lock_order.h.
 */
#include "store/lock_order.h"

#include <string.h>

static apr_status_t too_late(const anshin_lock_order_t *order, const anshin_owner_t *owner, anshin_error_t *err)
{
    return anshin_fail(err, ANSHIN_EFAULT, "AN1154", "store: %s is locked behind %s, and must come before it",
                       owner->name, order->last.name);
}

static apr_status_t second_user(const anshin_lock_order_t *order, const anshin_owner_t *owner, anshin_error_t *err)
{
    return anshin_fail(err, ANSHIN_EFAULT, "AN1155", "store: %s is written in a transaction that has locked %s",
                       owner->name, order->user);
}

static apr_status_t take_second(anshin_lock_order_t *order, const anshin_owner_t *owner, anshin_error_t *err)
{
    if (order->second == NULL && order->last.name != NULL) {
        return too_late(order, owner, err);
    }
    if (order->second == NULL) {
        order->second = owner->name;
    }
    return strcmp(order->second, owner->name) == 0 ? APR_SUCCESS : second_user(order, owner, err);
}

static apr_status_t take_user(anshin_lock_order_t *order, const anshin_owner_t *owner, int writes, anshin_error_t *err)
{
    if (order->user == NULL && order->last.name != NULL) {
        return too_late(order, owner, err);
    }
    if (order->user == NULL) {
        order->user = owner->name;
    }
    if (order->moves && writes && strcmp(order->user, owner->name) != 0) {
        return take_second(order, owner, err);
    }
    if (writes && strcmp(order->user, owner->name) != 0) {
        return second_user(order, owner, err);
    }
    return APR_SUCCESS;
}

static int is_held(const anshin_lock_order_t *order, const char *name)
{
    for (int i = 0; order->held != NULL && i < order->held->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(order->held, i, const char *), name) == 0) {
            return 1;
        }
    }
    return 0;
}

apr_status_t anshin_lock_order_take(anshin_lock_order_t *order, const anshin_owner_t *owner, int writes,
                                    anshin_error_t *err, apr_pool_t *pool)
{
    if (owner->rank == ANSHIN_RANK_USER) {
        return take_user(order, owner, writes, err);
    }
    if (owner->rank == ANSHIN_RANK_NONE || is_held(order, owner->name)) {
        return APR_SUCCESS;
    }
    if (owner->rank < order->last.rank) {
        return too_late(order, owner, err);
    }
    if (order->held == NULL) {
        order->held = apr_array_make(pool, 4, sizeof(const char *));
    }
    APR_ARRAY_PUSH(order->held, const char *) = owner->name;
    order->last = *owner;
    return APR_SUCCESS;
}
