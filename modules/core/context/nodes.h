/*
 * The machines that share a store, each with a worker of its own: who they are, and when each last gave a sign of life.
 *
 * A fact node/NAME holds the version and the state directory of a node, and when its worker was last awake.
 */
#ifndef ANSHIN_CORE_CONTEXT_NODES_H
#define ANSHIN_CORE_CONTEXT_NODES_H

#include "core/context/op.h"

/* Between two signs, and after how long without one a node is taken for gone: what it had in hand is others' then. */
#define ANSHIN_NODE_SIGN apr_time_from_sec(5)
#define ANSHIN_NODE_SILENCE apr_time_from_sec(30)

typedef struct anshin_node_t {
    const char *name;
    const char *version;
    apr_time_t seen_at;
} anshin_node_t;

/* The worker of op->env->node is awake. place: what tells its state directory from those of all other machines.
 * ANSHIN_ECONFLICT: another one gives signs under this name; nothing is written. ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_node_sign(anshin_op_t *op, const char *place);

/* All of them (anshin_node_t), by name, in op's pool; none where the store is not shared. Inside a transaction. */
apr_status_t anshin_nodes_in(anshin_op_t *op, anshin_txn_t *txn, apr_array_header_t **nodes);
apr_status_t anshin_nodes(anshin_op_t *op, apr_array_header_t **nodes);

/* 1: it is taken for gone. */
int anshin_node_is_gone(const anshin_op_t *op, const anshin_node_t *node);

#endif
