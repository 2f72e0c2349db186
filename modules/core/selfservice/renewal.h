/*
 * Renewal of a terminal's certificate by a user who is logged in (REN-2); what becomes of it is in
 * core/certificate/renewal.h.
 *
 * Both verbs want a session whose password was checked recently (anshin_member_fresh(), S12). Common answers:
 * APR_SUCCESS; ANSHIN_EDENIED (the session has ended or is not fresh, or the contract has the function switched off);
 * ANSHIN_ENOTFOUND (no such terminal, or it has nothing that can be renewed now); ANSHIN_EBUSY, ANSHIN_EFAULT.
 */
#ifndef ANSHIN_CORE_SELFSERVICE_RENEWAL_H
#define ANSHIN_CORE_SELFSERVICE_RENEWAL_H

#include "core/account/member.h"

typedef struct anshin_renewal_t {
    anshin_terminal_t terminal;
    apr_time_t expires_at; /* of its present certificate */
    int waits;             /* a renewal waits already, and would give way to another */
    const char *error;     /* key of a text: not today ("errors.renewals"); NULL: none */
} anshin_renewal_t;

/* What can be renewed of a terminal, for the page before the confirmation. */
apr_status_t anshin_renewal_find(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                 anshin_renewal_t *renewal);

/* Renew it, durable (anshin_renewal_begin_in()). Nothing is done where renewal->error is set. */
apr_status_t anshin_renewal_begin(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                  anshin_renewal_t *renewal);

#endif
