/*
 * What a process has once (anshin_env_t), and what one operation has (anshin_op_t): a request, a job, a command.
 *
 * Every core verb takes the operation first. It reads time from op->now, allocates from op->pool, and leaves the cause
 * of a failure in op->error, which the edge logs once.
 */
#ifndef ANSHIN_CORE_CONTEXT_OP_H
#define ANSHIN_CORE_CONTEXT_OP_H

#include "core/base/crypto.h"
#include "core/base/limit.h"
#include "core/config/config.h"
#include "core/store/store.h"

/* Who has something in hand, and whether the process of another one still lives (core/account/lockout.h). */
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

struct anshin_audit_t;
struct anshin_desk_index_t;
struct anshin_board_t;

/* Made at start by the edge, read-only afterwards, shared by threads. */
typedef struct anshin_env_t {
    const anshin_config_t *config;
    anshin_store_t *store;
    const anshin_crypto_t *crypto;
    apr_time_t (*now)(void *baton); /* microseconds since 1970 UTC; tests move it */
    void *now_baton;
    anshin_limit_t
        *waiting; /* threads that wait for other attempts at their account (core/account/lockout.h); NULL: any number */
    const anshin_owners_t *owners;      /* NULL: nobody tells; what a dead process had in hand is free in time */
    const struct anshin_audit_t *audit; /* hears of every act (core/audit/act.h); NULL: nobody does */
    const char *node;                   /* this machine, among those that share the store; no '/'. NULL: it shares it
                                         * with none, and whatever a worker left in hand was left here (dbm, mem) */
    struct anshin_desk_index_t *desk_index; /* of search at the help desk (core/desk/index.h); NULL: it walks */
    const anshin_uptime_t *uptime;          /* of who keeps house; NULL: the clock of the day alone is believed */
    struct anshin_board_t *board;           /* where attempts are counted (core/status/board.h); NULL: nowhere */
} anshin_env_t;

/* Who acts. The edge knows, and says so; core never guesses. */
typedef enum anshin_actor_kind_t {
    ANSHIN_ACTOR_STRANGER, /* a client that is not logged in */
    ANSHIN_ACTOR_USER,     /* a client with a session */
    ANSHIN_ACTOR_OPERATOR, /* who runs the command */
    ANSHIN_ACTOR_WORKER,   /* a process of ours, by itself */
    ANSHIN_ACTOR_STAFF     /* an operator who is logged in at the help desk */
} anshin_actor_kind_t;

struct anshin_op_t;

/* On whom one at the help desk may act, or a command: asked about each account that an act is about, in the transaction
 * of its change (core/mail/event.c); account NULL: about the act that is about nobody, of op's contract. Of a command
 * it may have its user alone. */
typedef struct anshin_permit_t {
    const void *baton;
    int (*admits)(const void *baton, const struct anshin_op_t *op, const anshin_account_t *account); /* 1, or 0 */
    /* 1: nor is it about what others have closed; asked of the account as the change finds it, in the same transaction.
     * NULL: no. */
    int (*opens)(const void *baton, const anshin_account_t *account);
} anshin_permit_t;

typedef struct anshin_actor_t {
    anshin_actor_kind_t kind;
    const char *name;   /* of a user: the ID; of an operator: the account of the machine that started the command; of
                          * one at the help desk: CONTRACT/ID of the own account */
    const char *number; /* of a user, or of that account: its number (IDN-1); of an operator: of that of person */
    const char *person; /* of an operator: the account of the machine that is known to be one person's who runs the
                         * command (htanshin/actor.h); NULL: none is */
    apr_int64_t uid;    /* of that account of the machine */
    const char *login;  /* of an operator: the account that the machine was entered with; NULL: it does not tell */
    apr_int64_t login_uid;
    const char *claimed; /* of an operator: who it says that it is; NULL: nobody. Not proven */
    const char *why;     /* of one at the help desk: the reason as typed; NULL: none was asked for */
    const char *asked;   /* what he does was asked for by another operator (AnshinFourEyes); NULL: by nobody */
    int customer; /* 1: of one at the help desk: the administrator of a customer's organisation, or asked for by one */
    const anshin_permit_t
        *permit;         /* of one at the help desk, where NULL is that nothing may be changed; of an operator:
                                    * NULL: that anybody may be meant (htanshin/approval/many.h) */
    const char *address; /* of a client as text, IPv4 or IPv6; NULL: not from the network */
    const char *client;  /* its browser and system in words of ours ("Chrome, Windows"), for people to tell it by: it
                          * says so itself, so nothing is decided by it. NULL: not known */
} anshin_actor_t;
extern const anshin_actor_t anshin_actor_worker;

struct anshin_session_cache_t;
struct anshin_flow_t;
struct anshin_rehearsal_t;

typedef struct anshin_op_t {
    apr_pool_t *pool;
    const anshin_env_t *env;
    const anshin_contract_t *contract;    /* NULL where a verb says that it needs none */
    apr_time_t now;                       /* one time for the whole operation */
    anshin_actor_t actor;                 /* its texts outlive the operation */
    struct anshin_session_cache_t *cache; /* of the connection, while nobody else has it (core/account/session.h) */
    struct anshin_flow_t *flow;           /* that the verb is a step of (core/context/flow.h); NULL: of none */
    struct anshin_rehearsal_t *rehearsal; /* of the work that is run (rehearsal.h); NULL: there was none */
    apr_time_t wait_until;                /* set where a verb says so: when it is worth trying again; 0: not known */
    int dry;                              /* 1: what anshin_op_write() runs is thrown away, to learn what would come */
    int gathers;                          /* 1: durable is what anshin_op_write() does with anshin_op_sync() alone */
    int many;                             /* 1: one of many at once, that nobody waits for (core/mail/job.h) */
    int jobs_queued;                      /* set by verbs that queue work: the edge then calls anshin_job_ring() */
    int key;                              /* which of the seal keys anshin_secret_mac() is by (secret.h) */
    int unchanged;                        /* set by verbs that say so: all was so already, and nothing was written */
    int asked;                            /* set by verbs that queue what a stranger asks for: the edge tells the log */
    apr_uint64_t told;                    /* results that the history was told of, a bit 1 << result each, by what was
                                           * committed: the edge counts them, and tells the log of those that failed */
    anshin_error_t error;
} anshin_op_t;

/* An operation of actor that starts now. */
void anshin_op_init(anshin_op_t *op, const anshin_env_t *env, const anshin_contract_t *contract,
                    const anshin_actor_t *actor, apr_pool_t *pool);

/* The work of a write verb, in a transaction that anshin_op_write() begins and ends. It may be run more than once: the
 * store threw away what the run before wrote, and what that run read may be otherwise now. So it
 *   - begins by setting what it hands out, whatever stands there: results, counts, arrays;
 *   - changes nothing that it is handed: what the caller and the steps before it have made stays as it is. It works on
 *     copies (a place in a line, for example, is given back from a copy of it);
 *   - does nothing that a second run cannot do again: no mail but in the store, no hash, no wait, no transaction of its
 *     own. Secrets are made in it and count only once committed, or before it and are the same in each run.
 * APR_SUCCESS commits. Anything else throws away what was written, and is the verb's answer; ANSHIN_EBUSY of its own
 * (no room, too many wait) is such an answer and not run again. Whatever shall be written although the person is
 * refused, a wrong attempt that counts for example, is therefore APR_SUCCESS with the refusal among the results, which
 * the verb turns into its answer afterwards. */
typedef apr_status_t anshin_op_fn(void *baton, anshin_op_t *op, anshin_txn_t *txn);

/* Run fn in a write transaction of op's store. When others were in the way (ANSHIN_EBUSY of the transaction: nothing is
 * done), op is as it was before and fn is run again after a short pause: ANSHIN_OP_RUNS times in all, and no run begins
 * later than ANSHIN_OP_PATIENCE after the first. So what a provider answers at once (two transactions met, a lost
 * connection) is run again, and a lock that it has waited for longer than that is not waited for anew. Answers of fn,
 * of anshin_txn_begin() and of anshin_txn_commit(). */
#define ANSHIN_OP_RUNS 3
#define ANSHIN_OP_PATIENCE apr_time_from_sec(2)
apr_status_t anshin_op_write(anshin_op_t *op, anshin_durability_t durability, anshin_op_fn *fn, void *baton);

/* Whatever op has written so far is durable when this returns: where it gathers (op->gathers), so that many short
 * transactions share what the disk costs. Who sets that tells nobody for good that something is done before it calls
 * this, which is soon. Answers of anshin_txn_begin() and anshin_txn_commit(). */
apr_status_t anshin_op_sync(anshin_op_t *op);

/* Run fn as it would write now, and throw away what it wrote. For rehearsal.h alone. Answers of anshin_op_write(). */
apr_status_t anshin_op_rehearse(anshin_op_t *op, anshin_op_fn *fn, void *baton);

/* The same in a read transaction. Work that hands what it reads to a visitor of somebody else does so when nothing is
 * left to read: what a visitor has taken in cannot be taken back. */
apr_status_t anshin_op_read(anshin_op_t *op, anshin_op_fn *fn, void *baton);

/* The same where no snapshot is needed (ANSHIN_TXN_LOOK). */
apr_status_t anshin_op_look(anshin_op_t *op, anshin_op_fn *fn, void *baton);

/* One record, as it is committed now; else as anshin_txn_get(). */
apr_status_t anshin_op_get(anshin_op_t *op, const anshin_record_type_t *type, const char *key, void *record);

/* apr_time_now as a clock. */
apr_time_t anshin_clock_system(void *unused);

#endif
