/*
 * The end of a transaction of a store in PostgreSQL that has written, for its driver table; see pgsql_txn.h.
 */
#ifndef ANSHIN_STORE_PGSQL_PGSQL_COMMIT_H
#define ANSHIN_STORE_PGSQL_PGSQL_COMMIT_H

#include "core/store/store_types.h"
#include "store/pgsql/pgsql_store.h"

/* All that it has written and COMMIT in one trip. ANSHIN_EBUSY: nothing is done; ANSHIN_EFAULT: that is not known. */
apr_status_t anshin_pg_txn_commit(void *txn, anshin_durability_t durability);

/* Whether who has the store alone still has it; who shares it need not ask. Before whatever is written, inside of
 * transactions and outside. ANSHIN_EFAULT: the connection that kept all others out is lost. */
apr_status_t anshin_pg_alone_check(const anshin_pg_store_t *store, anshin_error_t *err);

#endif
