/*
 * Which terminals of a contract have a mail address: for who has forgotten the user ID (core/selfservice/id_mail.h).
 *
 * anshin_terminal_put() and anshin_terminal_remove() keep it, in the transaction of the change. The store has a keyed
 * hash in place of the address. An entry may be of a terminal that has gone or has another address by now: whoever
 * reads one looks at the terminal.
 */
#ifndef ANSHIN_CORE_ACCOUNT_ADDRESS_INDEX_H
#define ANSHIN_CORE_ACCOUNT_ADDRESS_INDEX_H

#include "core/context/op.h"

#define ANSHIN_ADDRESS_ENTRIES 200 /* terminals of one address; more are left out, and said to be (index->more) */

/* Addresses are in normal form (core/base/address.h), and compared as there; user IDs canonical. Inside a transaction,
 * to write behind the lock of the terminal's user. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */

/* address NULL: there is nothing to do. Whoever is in already, or is not, is no failure. */
apr_status_t anshin_address_index_add(anshin_op_t *op, anshin_txn_t *txn, const char *address, const char *user,
                                      apr_int64_t number);
apr_status_t anshin_address_index_remove(anshin_op_t *op, anshin_txn_t *txn, const char *address, const char *user,
                                         apr_int64_t number);

/* Also ANSHIN_ENOTFOUND: no terminal has this address. */
apr_status_t anshin_address_index_get(anshin_op_t *op, anshin_txn_t *txn, const char *address,
                                      anshin_address_index_t *index);

/* The IDs of an address were mailed to it now. Also ANSHIN_ENOTFOUND. */
apr_status_t anshin_address_index_told(anshin_op_t *op, anshin_txn_t *txn, const char *address);

/* *renewed: 1 when what is known of the address is not by the present seal key alone; in a write transaction it is
 * afterwards (core/keeping/reseal.h). */
apr_status_t anshin_address_index_renew(anshin_op_t *op, anshin_txn_t *txn, const char *address, int *renewed);

/* User and number of an entry, in op's pool. 0: it is none. */
int anshin_address_index_entry(const anshin_op_t *op, const char *entry, const char **user, apr_int64_t *number);

/* For core/admin/erase.c: does a record, whose key is of any contract, name a user of op's? And take that user out. */
int anshin_address_index_names(const anshin_op_t *op, const char *key, const anshin_address_index_t *index,
                               const char *user);
apr_status_t anshin_address_index_forget(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *user);

#endif
