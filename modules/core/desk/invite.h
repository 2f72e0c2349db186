/*
 * An operator invites a user (ROL-3): the account is made, and registration URL and code go to its mail address alone,
 * or are shown once for paper where the contract says so (handout.h). A customer's own administrator invites for the
 * own organisation alone.
 */
#ifndef ANSHIN_CORE_DESK_INVITE_H
#define ANSHIN_CORE_DESK_INVITE_H

#include "core/desk/desk_user.h"

/* As typed; NULL: nothing. */
typedef struct anshin_desk_invite_t {
    const anshin_member_t *member; /* the operator's session */
    const char *contract;
    const char *user;
    const char *address;
    const char *name;
    const char *organisation; /* that of an organisation's administrator stands in its place, whatever it is */
    const char *why;
    const char *how;           /* "mail", "print" */
    const char *id;            /* of the form, for what is printed */
    anshin_handout_t *handout; /* gets what was made for paper; NULL: mail alone */
} anshin_desk_invite_t;

/* Keys of texts about the fields; NULL: nothing is wrong with it. */
typedef struct anshin_desk_invite_errors_t {
    const char *contract;
    const char *user;
    const char *address;
    const char *name;
    const char *organisation;
    const char *why;
    const char *how;
} anshin_desk_invite_errors_t;

/* 1: the operator may invite users of that contract, and its mail can hold an invitation, or its paper. */
int anshin_desk_invites(const anshin_staff_t *staff, const anshin_contract_t *contract);

/* What is wrong with what was typed, as the store is now. An answer that the ID is taken counts as an invitation of the
 * operator's day (ANSHIN_INVITATIONS_A_DAY). APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_desk_invite_check(anshin_op_t *op, const anshin_staff_t *staff, const anshin_desk_invite_t *typed,
                                      anshin_desk_invite_errors_t *errors);

/* Do it, durably. *errors: what was wrong, and nothing was done; else *whom is the new user, and handout->url is not
 * NULL where it is for paper. ANSHIN_ECONFLICT: that form has made one for paper already (FLO-2), and nothing was done.
 * ANSHIN_EDENIED: no operator, a role that may not, or a session whose password was not checked recently (S12);
 * ANSHIN_EINVALID: for paper without an id; ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_desk_invite(anshin_op_t *op, const anshin_desk_invite_t *typed, anshin_desk_whom_t *whom,
                                anshin_desk_invite_errors_t *errors);

#endif
