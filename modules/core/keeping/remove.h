/*
 * A contract is removed, with all that the store has of it (BAK-3): for who has ended a service.
 *
 * The configuration is changed first: the contract is not declared any more, so that nobody is let in by it, and nobody
 * writes anything of it. Then its certificates are revoked, and everything goes, in steps of one user at most: who is
 * killed in between goes on with the same call. What stays: the serial numbers of its certificates, without a name, for
 * CRL and OCSP, and the audit trail; whose accounts that is about can be read in it, unless erase is set.
 */
#ifndef ANSHIN_CORE_KEEPING_REMOVE_H
#define ANSHIN_CORE_KEEPING_REMOVE_H

#include "core/admin/erase.h"
#include "core/keeping/belonging.h"

typedef struct anshin_removal_t {
    const char *contract;
    int erase;                /* 1: nobody can read in the trail any more who it was about, and no file of the store
                               * has any of it (anshin_store_scrub()) */
    anshin_erase_fn *outside; /* called first, with the ids of its mail: remove what lies outside of the store */
    void *baton;
} anshin_removal_t;

/* What would go. op needs no contract, here and below. ANSHIN_ENOTFOUND: there is nothing of it; ANSHIN_ECONFLICT: it
 * is being renamed, or another one to its name; ANSHIN_EINVALID: a
 * name that none can have, or it is declared. ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_contract_remove_check(anshin_op_t *op, const anshin_removal_t *removal,
                                          anshin_holdings_t *holdings);

/* Do it, or go on with it; what is begun anew is told of anew. With erase a fact, removing/CONTRACT, says that it is
 * under way, until the files of the store are scrubbed: so killed at the very end it goes on, too. What it is known by
 * under former names stays without erase, for who erases later. The same answers, and those of outside; ANSHIN_EBUSY as
 * well: others write of it still. */
apr_status_t anshin_contract_remove(anshin_op_t *op, const anshin_removal_t *removal, anshin_erased_t *erased);

#endif
