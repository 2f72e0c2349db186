/*
 * What is due, for a store that has no column for it: an index of time among the records. Five functions for the table
 * of a driver (core/store/store_provider.h), which keep records of type due through the caller's own transaction.
 *
 * Keys, for the records of a type, or of a lane of it (INDEX: TYPE or TYPE/LANE):
 *
 *   INDEX              in its parts the spans that have entries
 *   INDEX@SPAN         in its parts the times of the span that have entries; a time is a minute or a second since 1970
 *   INDEX=TIME         first, next and count of the entries of a time
 *   INDEX=TIME/NUMBER  an entry: type and key of what is due
 *   TYPE:KEY           of ANSHIN_DUE_QUEUE: where the entry of a record is
 *   TYPE#LANE/GROUP    of ANSHIN_DUE_QUEUE: how many a group has
 *
 * An entry costs what it costs however many there are, and so does the first one. No time that has no entries is gone
 * through, nothing remembers how far it was gone: it does not matter what a clock said when an entry was filed.
 * ANSHIN_DUE_LOOK has no record of where its entries are: one that was filed twice, or outlived its record, stays until
 * it is taken.
 */
#ifndef ANSHIN_STORE_DUE_H
#define ANSHIN_STORE_DUE_H

#include "core/store/store_provider.h"

/* due, take_due, list_due, count_due and each_due of anshin_store_driver_t. */
apr_status_t anshin_due_file(void *self, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                             apr_time_t when);
apr_status_t anshin_due_take(void *self, anshin_txn_t *txn, const anshin_due_queue_t *queue, apr_time_t now,
                             const char **key);
apr_status_t anshin_due_list(void *self, anshin_txn_t *txn, const anshin_due_queue_t *queue,
                             apr_array_header_t *entries, int limit);
apr_status_t anshin_due_count(void *self, anshin_txn_t *txn, const anshin_record_type_t *type, const char *group,
                              int limit, apr_int64_t *count);
apr_status_t anshin_due_each(void *self, anshin_txn_t *txn, const anshin_record_type_t *type,
                             anshin_due_visit_fn *visit, void *baton);

#endif
