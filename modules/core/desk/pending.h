/*
 * What waits for a second operator, at the help desk (AnshinFourEyes, ROL-4): looked at, and decided.
 *
 * Operators of one contract see what was asked for there, an organisation's administrator what one of the same
 * organisation has. It is approved by another account, whose role may do the same itself; then it is done once, and
 * each act asks anew whether both may do it to that user now (staff.h).
 */
#ifndef ANSHIN_CORE_DESK_PENDING_H
#define ANSHIN_CORE_DESK_PENDING_H

#include "core/context/approval.h"
#include "core/desk/bulk.h"

typedef struct anshin_pending_t {
    const char *id;
    anshin_approval_t approval;
    anshin_approval_state_t state; /* as it is now */
    anshin_desk_verb_t verb;
    int mine;   /* 1: this operator has asked for it */
    int may;    /* 1: he may approve or refuse it, or go on with it */
    int broken; /* 1: approved and begun, but it was broken off, and nobody is at work on it */
    int answer; /* 1: what came of it can be looked at by him (anshin_desk_bulk_find()) */
} anshin_pending_t;

#define ANSHIN_PENDING_MAX 200

/* What an operator may look at: what waits or was broken off first, then what was decided in the last day, the newest
 * first; at most ANSHIN_PENDING_MAX. *list of anshin_pending_t in op's pool, op being of the operator's own contract.
 * APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_pending_list(anshin_op_t *op, const anshin_staff_t *staff, apr_array_header_t **list);

/* One of them. ANSHIN_ENOTFOUND: nothing that this operator may look at. */
apr_status_t anshin_pending_find(anshin_op_t *op, const anshin_staff_t *staff, const char *id,
                                 anshin_pending_t *waiting);

/* Of whom it is, as far as the operator may see them now: *users of anshin_desk_whom_t, at most so many; *left: those
 * that are gone, or out of reach, among the first most. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_pending_users(anshin_op_t *op, const anshin_staff_t *staff, const anshin_pending_t *waiting,
                                  int most, apr_array_header_t **users, int *left);

/* APPROVED, REFUSED or WITHDRAWN, durably. seen: anshin_approval_digest() of what the operator has looked at. What is
 * approved is done at once, and its answer is that of anshin_desk_bulk_find(), for both; it has what came of each as
 * soon as it is done. *error: key of a text about why nothing was decided. ANSHIN_EDENIED: no operator,
 * a role that may not do it itself, who has asked (to withdraw: another one), or a session whose password was not
 * checked recently (S12); ANSHIN_ENOTFOUND as above; ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_pending_decide(anshin_op_t *op, const anshin_member_t *member, const char *id,
                                   anshin_approval_state_t how, const char *seen, const char **error);

/* Go on with what was approved and broken off, for the users that have no result yet. Answers as above. */
apr_status_t anshin_pending_go_on(anshin_op_t *op, const anshin_member_t *member, const char *id, const char **error);

#endif
