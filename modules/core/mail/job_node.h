/*
 * Mails that only one of the machines that share a store can go on with: what was begun of them lies in its Maildir, or
 * may have been handed to its mail command (anshin_job_bind()).
 */
#ifndef ANSHIN_CORE_MAIL_JOB_NODE_H
#define ANSHIN_CORE_MAIL_JOB_NODE_H

#include "core/context/op.h"

typedef struct anshin_jobs_of_node_t {
    const char *node;
    apr_int64_t count;
    int lives; /* 1: it gives signs, and goes on with them itself */
} anshin_jobs_of_node_t;

/* Those that wait for their machine, by machine: an array of anshin_jobs_of_node_t in op's pool, in the order of names;
 * none where the store is not shared. What a worker has just now in hand is not among them, as long as its claim lives.
 * Costs what they are. Inside a transaction, or in one of its own. */
apr_status_t anshin_jobs_of_nodes_in(anshin_op_t *op, anshin_txn_t *txn, apr_array_header_t **nodes);
apr_status_t anshin_jobs_of_nodes(anshin_op_t *op, apr_array_header_t **nodes);

/* How many of all jobs are bound, in whatever lane and whoever's hand: looks at every job. */
apr_status_t anshin_jobs_bound(anshin_op_t *op, apr_int64_t *count);

/* An operator's: what waits for a machine that is gone for good is begun anew by any other, each in a transaction of
 * its own. One that was delivered just before that machine went comes twice. *count: how many. op needs no contract.
 * ANSHIN_ECONFLICT: the machine lives (core/context/nodes.h); ANSHIN_ENOTFOUND: nothing waits for one of that name. */
apr_status_t anshin_jobs_hand_over(anshin_op_t *op, const char *node, int *count);

#endif
