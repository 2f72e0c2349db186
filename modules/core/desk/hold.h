/*
 * A command that waits for a second operator (AnshinFourEyes, ROL-4): asked for by one person, approved or refused by
 * another one, and then begun by who has asked, by giving the same command again. It is approved for what it does,
 * down to each user or certificate, once, and for as long as it waits.
 *
 * op's actor is an ANSHIN_ACTOR_OPERATOR, whose person is an account of the machine (core/context/op.h).
 */
#ifndef ANSHIN_CORE_DESK_HOLD_H
#define ANSHIN_CORE_DESK_HOLD_H

#include "core/context/approval.h"

#define ANSHIN_HOLD_WHOM 100                     /* so many of whom it is about are kept by name */
#define ANSHIN_HOLD_AGAIN apr_time_from_sec(900) /* so long it is begun again, where it repeats harmlessly */

typedef struct anshin_hold_t {
    anshin_eyes_t eyes;
    const char *verb;               /* "cert revoke" */
    const char *options;            /* what decides what it does, for people; no user ID. Two that mean something else
                                     * are two texts: the values are quoted */
    const apr_array_header_t *whom; /* of const char *: CONTRACT/USER//0, CONTRACT//SERIAL/0 or what else it is about */
    int repeats; /* 1: done twice is done once, so that it is begun again for ANSHIN_HOLD_AGAIN after it was begun */
} anshin_hold_t;

/* Of op's contract. APR_SUCCESS: it is approved, or the contract wants no second operator for it; it is begun now, and
 * not approved for another time. ANSHIN_EDENIED: it waits from now on, or waited already, as op->error tells with its
 * id; or who acts is not known to be one person. ANSHIN_EBUSY, ANSHIN_EFAULT.
 * op->now is taken anew. */
apr_status_t anshin_hold(anshin_op_t *op, const anshin_hold_t *hold);

/* *is: 1: the request of a command is for whom, these and no others, in whatever order. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_hold_is(anshin_op_t *op, const anshin_approval_t *approval, const apr_array_header_t *whom,
                            int *is);

/* One by its id, of whatever contract that is declared, which op has from then on. ANSHIN_ENOTFOUND, ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_hold_find(anshin_op_t *op, const char *id, anshin_approval_t *approval);

/* APPROVED, REFUSED or WITHDRAWN, durably. *approval as anshin_hold_find() has found it, and as it is left. What was
 * asked for at the help desk is approved and withdrawn there alone. ANSHIN_EDENIED: that, or who acts may be who has
 * asked, or, to withdraw it, is not; ANSHIN_ECONFLICT: it waits no more; ANSHIN_ENOTFOUND, ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_hold_decide(anshin_op_t *op, const char *id, anshin_approval_state_t how,
                                anshin_approval_t *approval);

#endif
