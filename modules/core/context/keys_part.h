/*
 * Records gone through in the order of their keys, in parts: a store has no order.
 */
#ifndef ANSHIN_CORE_CONTEXT_KEYS_PART_H
#define ANSHIN_CORE_CONTEXT_KEYS_PART_H

#include "core/context/op.h"

/* Which records. */
typedef struct anshin_keys_part_t {
    const anshin_record_type_t *type;
    const char *prefix; /* of their keys; "": any */
    const char *after;  /* only what comes after this key; NULL: from the first on */
    int limit;          /* at most so many, 1 or more */
    int (*wanted)(void *baton, const char *key, const void *record); /* NULL: all */
    void *baton;
} anshin_keys_part_t;

/* Their keys, of const char *, in order, by a walk in a read transaction of its own; fewer than limit: there are no
 * more. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_keys_part(anshin_op_t *op, const anshin_keys_part_t *part, const apr_array_header_t **keys);

#endif
