/*
 * The mail of an invitation (REG-1): registration URL and code for who is to register, for contracts whose mail holds
 * links. Whoever has the invitation sent sees neither.
 */
#ifndef ANSHIN_CORE_MAIL_INVITATION_H
#define ANSHIN_CORE_MAIL_INVITATION_H

#include "core/account/account.h"

#define ANSHIN_INVITATIONS_A_DAY 200 /* by one operator at the help desk, with answers that an ID is taken */

/* Has who acts one left today, in a transaction of any mode? *refused: NULL, or "desk.invitations", the key of a text.
 * APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_invitation_left(anshin_op_t *op, anshin_txn_t *txn, const char **refused);

/* Count one that is not mailed, inside a write transaction. Same answers. */
apr_status_t anshin_invitation_count(anshin_op_t *op, anshin_txn_t *txn);

/* May one be mailed to this address, in a transaction of any mode? *refused: NULL, or the key of a text: mail has no
 * links ("desk.no_links"), the address has got too many today ("errors.address_mails"), or who acts has sent too many
 * ("desk.invitations"). APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_invitation_room(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                    const char *address, const char **refused);

/* What it leads to. Both are wiped when it is queued. */
typedef struct anshin_invitation_facts_t {
    const char *url;
    const char *code;
    apr_time_t expires_at;
} anshin_invitation_facts_t;

/* Queue it inside the write transaction of the invitation, after anshin_invitation_room(), and count it. */
apr_status_t anshin_invitation_mail(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                    const char *address, const anshin_invitation_facts_t *facts);

#endif
