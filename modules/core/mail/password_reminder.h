/*
 * Reminders of a password that will expire (LOG-6): a mail at each time that the contract says
 * (AnshinPasswordReminders), where it has an end at all (AnshinPasswordMaxAge).
 */
#ifndef ANSHIN_CORE_MAIL_PASSWORD_REMINDER_H
#define ANSHIN_CORE_MAIL_PASSWORD_REMINDER_H

#include "core/context/expiry.h"

/* Mails what is due, to the address of the first terminal: the mark is written in the transaction that queues it. */
extern const anshin_expiry_rule_t anshin_password_expiry;

/* When house is to be kept for an account of the operation's contract: at its next reminder, else at the end of its
 * password; 0: never. */
apr_time_t anshin_password_look(const anshin_op_t *op, const anshin_account_t *account);

/* File one whose password was just set, inside the write transaction. Answers of anshin_expiry_file(). */
apr_status_t anshin_password_file(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account);

#endif
