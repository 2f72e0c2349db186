/*
 * The machines that share a store, each with a worker of its own: who they are, and when each last gave a sign of life.
 *
 * A fact node/NAME holds the version and the state directory of a node, and when its worker was last awake.
 */
#ifndef ANSHIN_CORE_CONTEXT_NODES_H
#define ANSHIN_CORE_CONTEXT_NODES_H

#include <apr_hash.h>

#include "core/context/expiry.h"

#define ANSHIN_NODE_FACT "node/"

/* Between two signs, and after how long without one a node is taken for gone: what it had in hand is others' then. */
#define ANSHIN_NODE_SIGN apr_time_from_sec(5)
#define ANSHIN_NODE_SILENCE apr_time_from_sec(30)

typedef struct anshin_node_t {
    const char *name;
    const char *version;
    apr_time_t seen_at;
} anshin_node_t;

/* The worker of op->env->node is awake. place: what tells its state directory from those of all other machines.
 * silent: the last sign under this name, where no other one has come for ANSHIN_NODE_SILENCE (anshin_node_silent());
 * 0: it is not known to be old. ANSHIN_ECONFLICT: another one gives signs under this name; nothing is written.
 * ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_node_sign(anshin_op_t *op, const char *place, apr_time_t silent);

/* All of them (anshin_node_t), by name, in op's pool; none where the store is not shared. Inside a transaction. */
apr_status_t anshin_nodes_in(anshin_op_t *op, anshin_txn_t *txn, apr_array_header_t **nodes);
apr_status_t anshin_nodes(anshin_op_t *op, apr_array_header_t **nodes);

/* 1: its last sign is old, by this machine's clock: for who is told of it. Who acts goes by what is below. */
int anshin_node_is_gone(const anshin_op_t *op, const anshin_node_t *node);

/* 1: one of them (anshin_nodes()) has that name, and is not gone, as told above. */
int anshin_node_lives(const anshin_op_t *op, const apr_array_header_t *nodes, const char *name);

/* What a machine knows of the others' signs, by its own uptime alone: clocks of two machines are not compared, and
 * while the store is away nobody can give a sign. */
typedef struct anshin_node_watch_t {
    apr_hash_t *heard; /* name -> what was heard last */
    apr_time_t looked_at;
    apr_pool_t *pool;
} anshin_node_watch_t;

/* Begin, with nobody heard of; pool holds what is heard. */
void anshin_node_watch_init(anshin_node_watch_t *watch, apr_pool_t *pool);

/* Note all nodes as they were read at this uptime. When nothing was read for ANSHIN_NODE_GAP before, everybody's
 * silence begins now. */
#define ANSHIN_NODE_GAP (3 * ANSHIN_NODE_SIGN)
void anshin_node_watch_note(anshin_node_watch_t *watch, const apr_array_header_t *nodes, apr_time_t uptime);

/* The last sign of a node, when none has come for ANSHIN_NODE_SILENCE while this machine looked; 0: it lives, or that
 * is not known yet. */
apr_time_t anshin_node_silent(const anshin_node_watch_t *watch, const char *name);

#endif
