/*
 * What a process has once (anshin_env_t), and what one operation has (anshin_op_t): a request, a job, a command.
 *
 * Every core verb takes the operation first. It reads time from op->now, allocates from op->pool, and leaves the cause
 * of a failure in op->error, which the edge logs once.
 */
#ifndef ANSHIN_CORE_OP_H
#define ANSHIN_CORE_OP_H

#include "core/config.h"
#include "core/crypto.h"
#include "core/gate.h"
#include "core/store.h"

/* Who has something in hand, and whether the process of another one still lives (core/lockout.h). */
typedef struct anshin_owners_t {
    void *ctx;
    const char *self;                                             /* this process */
    int (*lives)(void *ctx, const char *owner, apr_pool_t *pool); /* 0: it is known to have died */
} anshin_owners_t;

/* A second clock, which nobody sets: for how long this machine has run. */
typedef struct anshin_uptime_t {
    void *ctx;
    const char *boot;              /* which start of the machine it counts from */
    apr_time_t (*read)(void *ctx); /* microseconds since then, those asleep as well */
} anshin_uptime_t;

/* Made at start by the edge, read-only afterwards, shared by threads. */
typedef struct anshin_env_t {
    const anshin_config_t *config;
    anshin_store_t *store;
    const anshin_crypto_t *crypto;
    apr_time_t (*now)(void *baton); /* microseconds since 1970 UTC; tests move it */
    void *now_baton;
    anshin_gate_t
        *waiting; /* threads that wait for other attempts at their account (core/lockout.h); NULL: any number */
    const anshin_owners_t *owners; /* NULL: nobody tells; what a dead process had in hand is free in time */
    const anshin_uptime_t *uptime; /* of who keeps house; NULL: the clock of the day alone is believed */
} anshin_env_t;

struct anshin_session_memo_t;
struct anshin_flow_t;

typedef struct anshin_op_t {
    apr_pool_t *pool;
    const anshin_env_t *env;
    const anshin_contract_t *contract;  /* NULL where a verb says that it needs none */
    apr_time_t now;                     /* one time for the whole operation */
    const char *address;                /* of the client as text, IPv4 or IPv6; NULL: not from the network */
    struct anshin_session_memo_t *memo; /* of the connection, while nobody else has it (core/session.h); or NULL */
    struct anshin_flow_t *flow;         /* that the verb is a step of (core/flow.h); NULL: of none */
    apr_time_t wait_until;              /* set where a verb says so: when it is worth trying again; 0: not known */
    int jobs_queued;                    /* set by verbs that queue work: the edge then calls anshin_job_ring() */
    anshin_error_t error;
} anshin_op_t;

/* An operation that starts now. */
void anshin_op_init(anshin_op_t *op, const anshin_env_t *env, const anshin_contract_t *contract, const char *address,
                    apr_pool_t *pool);

/* Begin a transaction on the operation's store, in its pool, with op->error for the cause of a failure. Answers of
 * anshin_txn_begin(). */
apr_status_t anshin_op_begin(anshin_op_t *op, anshin_txn_mode_t mode, anshin_txn_t **txn);

/* apr_time_now as a clock. */
apr_time_t anshin_clock_system(void *unused);

#endif
