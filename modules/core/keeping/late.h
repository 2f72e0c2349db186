/*
 * What was written under a contract's old name after the new one had its place already (rename.h), by processes of
 * httpd with the configuration of before: it comes behind, or into, what is there.
 */
#ifndef ANSHIN_CORE_KEEPING_LATE_H
#define ANSHIN_CORE_KEEPING_LATE_H

#include "core/context/op.h"

/* Under key lies a record of the old name, whose place under the new one is fresh; its members and lists have the new
 * name already. op's contract is the new one; inside a write transaction. *done: 1 when it was merged, and the record
 * of the old name is gone; 0: its place is free. ANSHIN_ECONFLICT: the place is another user's, or of a type that
 * nobody writes late; nothing is written over. Else answers of anshin_txn_put(). */
apr_status_t anshin_late_merge(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                               const char *fresh, void *record, int *done);

#endif
