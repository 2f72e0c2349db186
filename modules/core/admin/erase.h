/*
 * Erasing a person (IDN-2): a deleted user, and all that still tells of the user ID.
 */
#ifndef ANSHIN_CORE_ADMIN_ERASE_H
#define ANSHIN_CORE_ADMIN_ERASE_H

#include "core/context/op.h"

typedef struct anshin_erased_t {
    int records;                   /* that are gone, beyond the account itself */
    int certificates;              /* that stay as serial numbers, revoked and without a name: CRL and OCSP need them */
    int kept;                      /* persons in the trail who can be read still: whether they are of a contract, or of
                                    * another one that has a former name of it now, nothing tells any more */
    apr_array_header_t *addresses; /* const char *: mail addresses that the user had, if the account was still there */
    apr_array_header_t *mails;     /* const char *: ids of mail that is known of */
} anshin_erased_t;

/* Called when addresses and mails are known, before the store forgets them: remove what lies outside of it. A failure
 * ends the verb and is returned. */
typedef apr_status_t anshin_erase_fn(void *baton, const anshin_erased_t *erased);

/* Delete a user, and with it mail that waits or has failed, mail outside of the store (by its ids; the addresses may be
 * another's as well), and what strangers typed of the addresses for an ID, since nobody knows of those afterwards. The
 * rest stays, as of anshin_account_delete(). user: as typed.
 * ANSHIN_ENOTFOUND: no such user; ANSHIN_ECONFLICT, ANSHIN_EBUSY, ANSHIN_EFAULT: deleted or not, what is left is for
 * anshin_account_erase(). */
apr_status_t anshin_account_forget(anshin_op_t *op, const char *user, anshin_erase_fn *outside, void *baton,
                                   anshin_erased_t *erased);

/* Delete a user, if there is one, and remove every record that names the ID in this contract, whoever had it: history,
 * mail, jobs, links, what strangers typed, notes for housekeeping; blobs are wiped. Certificates lose user and name,
 * and keep the number of the account. Then the store is scrubbed, so that no file of it holds any of this. In steps:
 * killed, it is begun anew with the same call. user: as typed. ANSHIN_ENOTFOUND (nothing names it), ANSHIN_ECONFLICT
 * (the ID was given anew meanwhile), ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_account_erase(anshin_op_t *op, const char *user, anshin_erase_fn *outside, void *baton,
                                  anshin_erased_t *erased);

/* One record of somebody who is gone, inside a write transaction: a certificate is revoked and loses its holder,
 * of a series of the trail the key is destroyed, anything else is removed, and the blobs that it names are wiped. For
 * whoever removes a contract (core/keeping/remove.h). One that is not there is no failure. */
apr_status_t anshin_erase_record(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                                 anshin_erased_t *erased);

#endif
