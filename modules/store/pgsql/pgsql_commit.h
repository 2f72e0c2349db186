/*
 * The end of a transaction of a store in PostgreSQL that has written, for its driver table; see pgsql_txn.h.
 */
#ifndef ANSHIN_STORE_PGSQL_PGSQL_COMMIT_H
#define ANSHIN_STORE_PGSQL_PGSQL_COMMIT_H

#include "core/store/store_types.h"

/* All that it has written and COMMIT in one trip. ANSHIN_EBUSY: nothing is done; ANSHIN_EFAULT: that is not known. */
apr_status_t anshin_pg_txn_commit(void *txn, anshin_durability_t durability);

#endif
