/*
 * The worker among those of other machines that work on the same store: it gives them a sign of life, and takes over
 * what a machine that is gone had in hand (core/context/nodes.h).
 */
#ifndef ANSHIN_CA_WATCH_PEERS_H
#define ANSHIN_CA_WATCH_PEERS_H

#include "core/context/nodes.h"

typedef struct anshin_peers_t {
    const anshin_env_t *env;
    const char *place;      /* of our state directory, among those of all machines */
    apr_hash_t *taken_over; /* name of a node -> apr_time_t: its last sign, when it was taken over */
    anshin_node_watch_t watch;
    apr_pool_t *pool;
    int failed; /* the log was told */
} anshin_peers_t;

/* env->node names us. ANSHIN_EFAULT. */
apr_status_t anshin_peers_init(anshin_peers_t *peers, const anshin_env_t *env, anshin_error_t *err, apr_pool_t *pool);

/* Before any work: 1 when the name is ours alone; 0: another machine has it, or the store cannot tell: try again
 * later. */
int anshin_peers_begin(anshin_peers_t *peers);

/* One sign, and one look at the others. One thread. 0: another machine has our name by now, so that this one may do
 * nothing more. */
int anshin_peers_step(anshin_peers_t *peers);

#endif
