/*
 * A user locks the own account, since somebody else seems to use it.
 */
#ifndef ANSHIN_CORE_SELFSERVICE_SELF_LOCK_H
#define ANSHIN_CORE_SELFSERVICE_SELF_LOCK_H

#include "core/account/member.h"

/* The account is locked as by the operator, who alone unlocks it, and is told by whom (locked_by); every session ends,
 * a notice goes out, and certificates stay as they are. Durable. Wants a session whose password was checked recently
 * (anshin_member_fresh(), S12), so that one that was stolen locks nobody out. APR_SUCCESS; ANSHIN_EDENIED (the session
 * has ended or is not fresh, the contract has the function switched off, or op->flow is further); ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_self_lock(anshin_op_t *op, const anshin_member_t *member);

#endif
