/*
 * Records gone through in the order of their keys: see parts.h.
 */
#include "htanshin/stream/parts.h"

#include <apr_strings.h>

#include "core/context/keys_part.h"

#define PART 131072 /* keys of a walk */

static apr_status_t take_one(anshin_call_t *call, const anshin_parts_t *parts, const char *key)
{
    void *record = apr_palloc(call->pool, parts->type->size);
    apr_status_t status = anshin_op_get(&call->op, parts->type, key, record);

    if (status == ANSHIN_ENOTFOUND) {
        anshin_error_clear(&call->op.error);
        return APR_SUCCESS;
    }
    return status == APR_SUCCESS ? parts->visit(call, parts->baton, key, record) : status;
}

static apr_status_t take_part(anshin_call_t *call, const anshin_parts_t *parts, const apr_array_header_t *keys)
{
    apr_pool_t *pool = call->pool;
    apr_status_t status = APR_SUCCESS;

    apr_pool_create(&call->pool, pool);
    call->op.pool = call->pool;
    for (int i = 0; status == APR_SUCCESS && i < keys->nelts; i++) {
        apr_pool_clear(call->pool);
        call->op.now = call->env.now(call->env.now_baton);
        status = take_one(call, parts, APR_ARRAY_IDX(keys, i, const char *));
    }
    apr_pool_destroy(call->pool);
    call->pool = call->op.pool = pool;
    return status;
}

apr_status_t anshin_parts_each(anshin_call_t *call, const anshin_parts_t *parts)
{
    apr_pool_t *pool = call->pool;
    anshin_keys_part_t part = {
        .type = parts->type, .prefix = parts->prefix, .limit = PART, .wanted = parts->wanted, .baton = parts->baton};
    const apr_array_header_t *keys;
    int count;
    apr_status_t status;

    do {
        apr_pool_create(&call->pool, pool);
        call->op.pool = call->pool;
        status = anshin_keys_part(&call->op, &part, &keys);
        count = keys->nelts;
        status = status == APR_SUCCESS ? take_part(call, parts, keys) : status;
        if (count > 0) {
            part.after = apr_pstrdup(pool, APR_ARRAY_IDX(keys, count - 1, const char *)); /* one a part */
        }
        apr_pool_destroy(call->pool);
        call->pool = call->op.pool = pool;
    } while (status == APR_SUCCESS && count == PART);
    return status;
}
