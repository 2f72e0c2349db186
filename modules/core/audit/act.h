/*
 * Acts: what was done, to whom. Who did it, from where, when and in which contract the operation says (op->actor).
 */
#ifndef ANSHIN_CORE_AUDIT_ACT_H
#define ANSHIN_CORE_AUDIT_ACT_H

#include "core/context/op.h"

typedef enum anshin_act_t {
#define ACT(member, name, history, notice, template) ANSHIN_ACT_##member,
#include "core/audit/act.def"
#undef ACT
    ANSHIN_ACTS /* so many there are */
} anshin_act_t;
const char *anshin_act_name(anshin_act_t act); /* "login_ok" ... */

/* No secret is ever among it. Texts may be NULL. */
typedef struct anshin_act_facts_t {
    anshin_act_t act;
    const char *user;     /* canonical ID of whom it is about; NULL: nobody who is known */
    const char *account;  /* number of that account (IDN-1) */
    const char *typed;    /* what nobody has as an ID */
    apr_int64_t terminal; /* 0: none */
    const char *serial;   /* of a certificate */
    const char *mail;     /* its ID */
    const char *reason;
    const char *before; /* where a value was changed: what it was, */
    const char *after;  /* and is */
} anshin_act_facts_t;

/* Who hears of every act, in the transaction of its change: the trail. A failure is that of the change. */
typedef struct anshin_audit_t {
    void *ctx;
    apr_status_t (*add)(void *ctx, anshin_op_t *op, anshin_txn_t *txn, const anshin_act_facts_t *facts);
} anshin_audit_t;

#endif
