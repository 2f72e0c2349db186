/*
 * Passwords that came as hashes of other systems (IMP-2).
 *
 * Such a hash stands in place of our own in the account, sealed, until its user logs in: then it is replaced, in the
 * transaction of that login. It never becomes a former password. What stands there tells its scheme and cost, since the
 * operator, and whoever must pay for it, asks.
 */
#ifndef ANSHIN_CORE_ACCOUNT_IMPORTED_H
#define ANSHIN_CORE_ACCOUNT_IMPORTED_H

#include "core/base/words.h"
#include "core/context/op.h"

extern const anshin_word_t anshin_scheme_words[];

/* Look at a hash that the operator gives for a user of op's contract. In a contract of the preset modern one that is
 * weaker than what the server makes is refused, unless that is accepted. APR_SUCCESS; ANSHIN_EINVALID: op->error tells
 * why, and nothing of the hash but its kind and cost. */
apr_status_t anshin_imported_check(anshin_op_t *op, anshin_imported_t *imported, const char *text, int accept_weak);

/* The form in which one is kept in op's contract: *stored in op's pool. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_imported_seal(anshin_op_t *op, const char **stored, const anshin_imported_t *imported);

/* The reverse; the caller wipes *text. APR_SUCCESS; ANSHIN_EFAULT: it is not one, or not of this contract. */
apr_status_t anshin_imported_open(anshin_op_t *op, const char **text, const char *stored);

/* What a kept hash says of itself: 1; 0: it is one of ours, none, or not well formed, and *imported is not set. */
int anshin_imported_tells(const char *stored, anshin_imported_t *imported);

/* The name of its scheme; NULL: it is no imported one. */
const char *anshin_imported_scheme(const char *stored);

/* Compare a normalised secret with a kept hash, ours or imported; NULL: nothing matches. Of the same cost whatever it
 * is and whether there is one, where toll tells what remains in the contract (toll.h); toll NULL: the hash alone.
 * place: as for password_verify. verdict->stale: hash it anew. APR_SUCCESS, ANSHIN_EBUSY (no slot), ANSHIN_EFAULT. */
apr_status_t anshin_imported_compare(anshin_op_t *op, anshin_verdict_t *verdict, const char *stored,
                                     const anshin_toll_t *toll, const char *secret, const anshin_hash_place_t *place);

/* Seal anew what is by another seal key than the present one. *fresh: in op's pool; NULL: there is nothing to do.
 * APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_imported_renew(anshin_op_t *op, const char **fresh, const char *stored);

#endif
