/*
 * Ends of sessions that somebody wants, durable and told of: logout (LOG-9), and what users and operators end beside
 * it (ACC-8, S17).
 */
#ifndef ANSHIN_CORE_LOGIN_LOGOUT_H
#define ANSHIN_CORE_LOGIN_LOGOUT_H

#include "core/account/member.h"

/* The member's own session. ANSHIN_EDENIED: it has ended, or its account is gone; ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_logout(anshin_op_t *op, const anshin_member_t *member);

/* Those of a user (canonical) that match; sessions of others are left alone. asks: key of the session that asks, NULL:
 * the operator does. *count (may be NULL): how many ended that were not over by themselves. ANSHIN_EDENIED: the one
 * that asks has ended itself; ANSHIN_ENOTFOUND: no such user. */
apr_status_t anshin_sessions_end(anshin_op_t *op, const char *user, const anshin_session_match_t *match,
                                 const char *asks, int *count);

#endif
