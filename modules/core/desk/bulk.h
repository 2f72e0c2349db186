/*
 * One verb for many users of a list, at the help desk (ROL-2): each in a transaction of its own, asked about and told
 * to the trail as if it were ordered alone. An order has at most ANSHIN_BULK_MAX users.
 */
#ifndef ANSHIN_CORE_DESK_BULK_H
#define ANSHIN_CORE_DESK_BULK_H

#include "core/desk/desk_user.h"
#include "core/desk/list.h"

#define ANSHIN_BULK_MAX 100
#define ANSHIN_BULK_WAITING 20 /* most orders of one operator that wait for a second one (AnshinFourEyes) */
#define ANSHIN_BULK_DONE "-"   /* what came of a user to whom it was done, in place of a text's key */

typedef struct anshin_bulk_target_t {
    anshin_desk_whom_t whom;
    apr_int64_t terminal; /* of RENEW */
} anshin_bulk_target_t;

typedef struct anshin_bulk_new_t {
    const anshin_member_t *member; /* the operator's session */
    const char *id;                /* of this order, which is done once */
    anshin_desk_verb_t verb;
    anshin_desk_list_t list;
    const apr_array_header_t *targets; /* of anshin_bulk_target_t */
    const char *why;                   /* as typed; NULL: nothing */
    const anshin_staff_t *asker;       /* of one that was approved: who has asked for it; else NULL */
} anshin_bulk_new_t;

/* What is wrong with a reason, by what the contract of one of them asks for: key of a text; NULL: nothing. */
const char *anshin_bulk_why_error(anshin_op_t *op, const apr_array_header_t *targets, const char *typed);

/* Do it. *error: key of what is wrong with the reason, or that too many of the operator wait; nothing is done; NULL.
 * An order whose id is known is not done again: APR_SUCCESS. What came of each is in anshin_bulk_find(). *waits: 1: a
 * contract of one of them wants a second operator (AnshinFourEyes); nothing is done, and it waits under the same id
 * (pending.h). ANSHIN_EDENIED: no operator, a role that may not, a verb that is none of the list's, nobody or too
 * many, or a session whose password was not checked recently (S12); ANSHIN_EBUSY, ANSHIN_EFAULT: nothing was done, or
 * it was begun and what came of it could not be kept. */
apr_status_t anshin_desk_bulk_do(anshin_op_t *op, const anshin_bulk_new_t *order, const char **error, int *waits);

/* How many users: one with two devices is one. */
int anshin_desk_bulk_users(const anshin_op_t *op, const apr_array_header_t *targets);

/* 1: it would wait, by its verb and targets. */
int anshin_desk_bulk_waits(const anshin_op_t *op, const anshin_bulk_new_t *order);

/* One that has begun, record being what was put (bulk_order.h): done to its end, whatever is wrong with some of it. One
 * that was approved: to those without a result, each of whom gets it at once; it stays without an end where the rest
 * cannot be done now. Same answers. */
apr_status_t anshin_desk_bulk_run(anshin_op_t *op, const anshin_bulk_new_t *order, anshin_desk_bulk_t *record);

/* 1: what came of it is for this operator, who has ordered it, or approved it, or gone on with it. */
int anshin_desk_bulk_answers(const anshin_staff_t *staff, const anshin_desk_bulk_t *order);

/* What an operator has ordered, or approved or gone on with, by that id, in the role and organisation that he has now:
 * *order in op's pool. ANSHIN_ENOTFOUND: nothing of this operator's. */
apr_status_t anshin_desk_bulk_find(anshin_op_t *op, const anshin_staff_t *staff, const char *id,
                                   anshin_desk_bulk_t *order);

/* Whom an entry of order->whom names; its number is NULL where it names nobody. */
void anshin_desk_bulk_target(const char *entry, anshin_bulk_target_t *target, apr_pool_t *pool);

#endif
