/*
 * Records gone through in the order of their keys: see keys_part.h.
 */
#include "core/context/keys_part.h"

#include "core/base/first_keys.h"

typedef struct walk_t {
    const anshin_keys_part_t *part;
    anshin_first_keys_t *keys;
} walk_t;

static apr_status_t collect(void *baton, const char *key, const void *record)
{
    const walk_t *walk = baton;

    if (walk->part->wanted == NULL || walk->part->wanted(walk->part->baton, key, record)) {
        anshin_first_keys_add(walk->keys, key);
    }
    return APR_SUCCESS;
}

/* Work that may be run again begins with no key. */
static apr_status_t look(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    walk_t *walk = baton;

    walk->keys = anshin_first_keys_create(op->pool, walk->part->limit, walk->part->after);
    return anshin_txn_each(txn, walk->part->type, walk->part->prefix, collect, walk);
}

apr_status_t anshin_keys_part(anshin_op_t *op, const anshin_keys_part_t *part, const apr_array_header_t **keys)
{
    walk_t walk = {.part = part};
    apr_status_t status = anshin_op_read(op, look, &walk);

    *keys = status == APR_SUCCESS ? anshin_first_keys_take(walk.keys) : apr_array_make(op->pool, 1, sizeof(char *));
    return status;
}
