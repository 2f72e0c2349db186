/*
 * Retiring segments of the trail: see retire.h.
 */
#include "htanshin/audit/retire.h"

#include "core/audit/line.h"
#include "core/audit/trail.h"
#include "htanshin/audit/verify.h"
#include "runtime/trail_file.h"

/* What was seen of each series goes, up to a segment; is_rest: what is not there has gone, uncounted by the version
 * that retired it. From now on no more may be missing. */
static apr_status_t count(anshin_op_t *op, apr_hash_t *tallies, apr_int64_t segment, int is_rest)
{
    apr_array_header_t *parts = apr_array_make(op->pool, 64, sizeof(anshin_trail_part_t));
    const char *node = anshin_trail_node(op->env);

    for (apr_hash_index_t *at = apr_hash_first(op->pool, tallies); at != NULL; at = apr_hash_next(at)) {
        const anshin_tally_t *tally = apr_hash_this_val(at);
        const apr_int64_t all = tally->counted * (tally->counted + 1) / 2;
        const anshin_series_retired_t retired = {node, segment, is_rest ? tally->counted - tally->seen : tally->seen,
                                                 is_rest ? all - tally->sum : tally->sum};

        if (retired.count > 0 && (!is_rest || tally->retired.segment == 0)) {
            APR_ARRAY_PUSH(parts, anshin_trail_part_t) = (anshin_trail_part_t){apr_hash_this_key(at), retired};
        }
    }
    return anshin_trail_count_retired(op, parts);
}

static apr_status_t count_segment(anshin_op_t *op, const anshin_audit_anchor_t *segment, const char *chain)
{
    apr_hash_t *tallies;
    apr_status_t status = anshin_audit_census_of(op, segment, chain, &tallies);

    return status == APR_SUCCESS ? count(op, tallies, segment->segment, 0)
           : status == ANSHIN_EDENIED
               ? anshin_fail(&op->error, status, "AN1884",
                             "%s is missing, or not as it was closed; put the archived copy in its place, then try "
                             "again",
                             anshin_trail_path(op->env, segment->segment, op->pool))
               : status;
}

/* A pool for each: of a segment there is one entry for each of its series. */
static apr_status_t count_all(anshin_op_t *op, const anshin_trail_retirable_t *retirable)
{
    const char *chain = retirable->start.segment > 1 ? retirable->start.chain : anshin_chain_none;
    apr_pool_t *whole = op->pool;
    apr_hash_t *tallies;
    int is_shared;
    apr_status_t status = APR_SUCCESS;

    apr_pool_create(&op->pool, whole);
    if (!retirable->is_counted) {
        status = anshin_audit_census(op, &tallies, &is_shared);
        if (status == APR_SUCCESS && !is_shared) { /* what is another machine's is not to be told from what has gone */
            status = count(op, tallies, retirable->start.segment - 1, 1);
        }
    }
    for (int i = 0; status == APR_SUCCESS && i < retirable->segments->nelts; i++) {
        const anshin_audit_anchor_t *segment = &APR_ARRAY_IDX(retirable->segments, i, anshin_audit_anchor_t);

        apr_pool_clear(op->pool);
        status = count_segment(op, segment, chain);
        chain = segment->chain;
    }
    apr_pool_destroy(op->pool);
    op->pool = whole;
    return status;
}

apr_status_t anshin_audit_retire_until(anshin_op_t *op, const anshin_trail_limits_t *limits, apr_int64_t *first)
{
    anshin_trail_retirable_t retirable;
    apr_status_t status = anshin_trail_retirable(op, limits, &retirable);

    *first = status == APR_SUCCESS || status == ANSHIN_ENOTFOUND ? retirable.start.segment : 0;
    status = status == APR_SUCCESS ? count_all(op, &retirable) : status;
    return status == APR_SUCCESS ? anshin_trail_retire(op, &retirable, first) : status;
}
