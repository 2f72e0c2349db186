/*
 * The last mails to a user, so that nobody who looks at one user walks over all mail (ROL-2).
 *
 * Whatever queues a mail writes it here, in the same transaction. A list holds ids alone, of whoever had the user ID,
 * and an id may be of a mail that has gone: who reads one looks at the mail. A list goes when all of its mails have.
 * Lists of a store of before there were any are made at the worker's start (core/admin/list_mails.h).
 */
#ifndef ANSHIN_CORE_MAIL_MAIL_LIST_H
#define ANSHIN_CORE_MAIL_MAIL_LIST_H

#include "core/context/expiry.h"

#define ANSHIN_MAIL_LIST_MOST 10

extern const anshin_expiry_rule_t anshin_mail_list_expiry;

/* Lock the user first, before what a mail counts in (core/store/owner.h). Answers of anshin_txn_get(), of which
 * ANSHIN_ENOTFOUND is APR_SUCCESS. */
apr_status_t anshin_mail_list_lock(anshin_op_t *op, anshin_txn_t *txn, const char *user);

/* Write a mail that was made just now at the head of the list of a user of op's contract, behind the lock of that user:
 * before the mail itself. Answers of anshin_txn_put(). */
apr_status_t anshin_mail_list_add(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *id);

/* Write older ones behind those that are there, as far as there is room: user CONTRACT/USER, ids of const char *, the
 * newest first. Answers of anshin_txn_put(). */
apr_status_t anshin_mail_list_append(anshin_op_t *op, anshin_txn_t *txn, const char *user,
                                     const apr_array_header_t *ids);

/* The ids of a user of op's contract, of const char *, newest first, in a transaction of any mode. APR_SUCCESS;
 * ANSHIN_ENOTFOUND: there may be mails that stand in no list yet, and a walk is needed; ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_mail_list_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_array_header_t **ids);

/* From now on every mail stands in a list: inside a write transaction. Answers of anshin_txn_put(). */
apr_status_t anshin_mail_lists_note(anshin_op_t *op, anshin_txn_t *txn);

/* APR_SUCCESS: that was noted. ANSHIN_ENOTFOUND, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_mail_lists_noted(anshin_op_t *op, anshin_txn_t *txn);

#endif
