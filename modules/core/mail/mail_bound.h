/*
 * How many mails an address gets in a day (S40).
 */
#ifndef ANSHIN_CORE_MAIL_MAIL_BOUND_H
#define ANSHIN_CORE_MAIL_MAIL_BOUND_H

#include "core/account/account.h"

/* So many mails of one bound go to an address in a day, whatever accounts and contracts they come from. Each account
 * has a share of its own beyond that, which no other account can use up. */
#define ANSHIN_MAILS_A_DAY 20
#define ANSHIN_MAILS_SHARE 5

/* By who causes a mail and where it goes. */
typedef enum anshin_mail_bound_t {
    ANSHIN_MAIL_OWN,         /* to an address of the user's own: none, so that no notice can be switched off */
    ANSHIN_MAIL_UNCONFIRMED, /* to one that the user typed, and nobody has shown to have its mailbox */
    ANSHIN_MAIL_STRANGER,    /* asked for by somebody who has not logged in */
    ANSHIN_MAIL_INVITED      /* to one that an operator typed; its account is made by that, so that it has no share */
} anshin_mail_bound_t;

/* What mail to a terminal that is not asked for by a stranger counts as. */
anshin_mail_bound_t anshin_mail_bound_of(const anshin_terminal_t *terminal);

/* Is there room for one more, in a transaction of any mode? APR_SUCCESS; ANSHIN_EDENIED: none today; ANSHIN_EFAULT,
 * ANSHIN_EBUSY. */
apr_status_t anshin_mail_room(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                              anshin_mail_bound_t bound);

/* Count one, inside a write transaction; anshin_mail_add() does. */
apr_status_t anshin_mail_count(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                               anshin_mail_bound_t bound);

#endif
