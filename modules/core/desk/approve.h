/*
 * To ask for what a second operator must approve (AnshinFourEyes, ROL-4), and to decide about it. Each step is an event
 * about who has asked, in the transaction of the step; who has asked and who decides are told by mail (AnshinNotices
 * approval).
 */
#ifndef ANSHIN_CORE_DESK_APPROVE_H
#define ANSHIN_CORE_DESK_APPROVE_H

#include "core/context/approval.h"
#include "core/desk/staff.h"

/* An operation on the operators' own contract by one who is logged in at the help desk: it changes nothing of a user,
 * but tells of these. permit lives as long as it. */
void anshin_approval_op(anshin_op_t *own, const anshin_op_t *op, const anshin_staff_t *staff, const char *why,
                        anshin_permit_t *permit);

/* It waits from now on, durably, and op's actor has asked for it. facts: eyes, verb, list, whom, why, role and
 * organisation, and those of a command; the rest is filled in. lifetime: for how long. *full: 1: so many that the same
 * one has asked for wait already (most; 0: any number may), and nothing is done. ANSHIN_ECONFLICT: the id is known;
 * ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_approval_ask(anshin_op_t *op, const char *id, const anshin_approval_t *facts,
                                 apr_interval_time_t lifetime, int most, int *full);

/* APPROVED, REFUSED or WITHDRAWN by op's actor, inside the write transaction of what is approved, before any record
 * that is its own owner is touched. seen: anshin_approval_digest() of what was looked at. *approval: as it was read
 * before, and as it is left. ANSHIN_ENOTFOUND: nothing of op's contract; ANSHIN_ECONFLICT: it waits no more, or is
 * another one under the same id, as *approval tells; ANSHIN_EDENIED: who acts may be who has asked, or, to withdraw it,
 * is not; ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_approval_settle_in(anshin_op_t *op, anshin_txn_t *txn, const char *id, anshin_approval_state_t how,
                                       const char *seen, anshin_approval_t *approval);

/* The trail has who goes on with what was approved and broken off, about who has asked for it; nobody is mailed.
 * APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_approval_tell_go_on_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_approval_t *approval);

/* Tell who has approved or refused it, in a transaction of its own, since one locks one user (core/store/owner.h).
 * Nobody where the account is gone meanwhile. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT: it stays decided. */
apr_status_t anshin_approval_tell_second(anshin_op_t *op, anshin_approval_t *approval);

#endif
