/*
 * A new mail address counts only with the code that was mailed to it (ADR-1, AnshinConfirmAddress).
 *
 * A code is for one address of one account, so that several flows of a user live side by side. The store has a keyed
 * hash of code and address. Wrong codes lock the codes of the account and not the account, since nobody gets in by one:
 * a new code opens them again. How many a user can have in a day is bounded, and so are guesses.
 */
#ifndef ANSHIN_CORE_SELFSERVICE_ADDRESS_CODE_H
#define ANSHIN_CORE_SELFSERVICE_ADDRESS_CODE_H

#include "core/account/account.h"

#define ANSHIN_ADDRESS_CODE_CHARACTERS 6 /* digits */
#define ANSHIN_ADDRESS_CODE_LIFE apr_time_from_sec(900)
#define ANSHIN_ADDRESS_CODE_PAUSE apr_time_from_sec(30) /* between two mails to one address */
#define ANSHIN_ADDRESS_CODES 10                         /* of a user in a day, whatever the addresses */

/* Has one been mailed, in a transaction of any mode? Its time may be over. APR_SUCCESS, ANSHIN_ENOTFOUND,
 * ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_address_code_find(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      const char *address);

/* Mail one inside a write transaction; an earlier one for the address ends. *error: NULL, or the key of a text: no more
 * today. ANSHIN_ECONFLICT (one was sent a moment ago, and serves), ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_address_code_send(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      const char *address, const char **error);

/* Check what was typed inside a write transaction, which is to be committed whatever it was. *error: NULL when it is
 * right, and used up; or the key of a text. ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_address_code_check(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                       const char *address, const char *typed, const char **error);

#endif
