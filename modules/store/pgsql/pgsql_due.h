/*
 * What is due in a store in PostgreSQL, for its driver table: a column, whose first rows by now are taken behind the
 * lock of their owner. Answers and arguments of core/store/store_provider.h.
 */
#ifndef ANSHIN_STORE_PGSQL_PGSQL_DUE_H
#define ANSHIN_STORE_PGSQL_PGSQL_DUE_H

#include "core/store/store_provider.h"

/* With the commit, as all that is written. */
apr_status_t anshin_pg_due_file(void *self, anshin_txn_t *front, const anshin_record_type_t *type, const char *key,
                                apr_time_t when);

/* One whose owner others have locked is passed over. */
apr_status_t anshin_pg_due_take(void *self, anshin_txn_t *front, const anshin_due_queue_t *queue, apr_time_t now,
                                const char **key);

/* Those of the transaction's own stand behind others of their time. */
apr_status_t anshin_pg_due_list(void *self, anshin_txn_t *front, const anshin_due_queue_t *queue,
                                apr_array_header_t *entries, int limit);

/* Rows are counted as far as limit. */
apr_status_t anshin_pg_due_count(void *self, anshin_txn_t *front, const anshin_record_type_t *type, const char *group,
                                 int limit, apr_int64_t *count);

/* In batches by key. */
apr_status_t anshin_pg_due_each(void *self, anshin_txn_t *front, const anshin_record_type_t *type,
                                anshin_due_visit_fn *visit, void *baton);

#endif
