/*
 * Owners: whose lock a write transaction takes. Two transactions of different owners do not wait for each other where a
 * provider has a lock for each; dbm has one for all.
 *
 * A transaction locks as it goes, and lets go when it ends:
 *   - a get, put or delete of a record locks its owner, whether the record is there or not. A record of an owner by
 *     MEMBER is read, then its owner is locked, then it is read again; where it is not there, nothing is locked.
 *   - One user is locked: the first whose record is touched. Records of others may be read, without a lock; nothing may
 *     hang on them but a refusal. They may not be written. A transaction that moves (anshin_txn_moves()) locks a second
 *     one behind the first: the same user in the other contract, which nobody else locks with it.
 *   - Then addresses, from wide to narrow. Then records that are their own owners. So two transactions never wait for
 *     each other but for such records, and a provider ends that by ANSHIN_EBUSY for one of them.
 * A walk (anshin_txn_each()) locks nothing. The store in memory holds every transaction of the unit programs against
 * this order (store/lock_order.h).
 */
#ifndef ANSHIN_CORE_STORE_OWNER_H
#define ANSHIN_CORE_STORE_OWNER_H

#include "core/store/record.h"

/* What is locked first has the lower rank; of addresses the wider network. */
enum { ANSHIN_RANK_NONE, ANSHIN_RANK_USER, ANSHIN_RANK_ADDRESS, ANSHIN_RANK_SELF = 255 };

typedef struct anshin_owner_t {
    int rank;
    const char *name; /* unique among owners; NULL for ANSHIN_RANK_NONE */
} anshin_owner_t;

/* The owner of a record. record NULL: it is not there. */
void anshin_owner_of(anshin_owner_t *owner, const anshin_record_type_t *type, const char *key, const void *record,
                     apr_pool_t *pool);

#endif
