/*
 * Places in the trail: see anchor.h.
 */
#include "core/audit/anchor.h"

#include <string.h>

#include <apr_strings.h>

#include "core/audit/trail.h"
#include "core/context/secret.h"

#define PURPOSE "audit-anchor"

const char *anshin_anchor_key(const anshin_env_t *env, const char *what, apr_pool_t *pool)
{
    return apr_pstrcat(pool, anshin_trail_node(env), "/", what, NULL);
}

const char *anshin_anchor_segment(const anshin_env_t *env, apr_int64_t segment, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s/%08" APR_INT64_T_FMT, anshin_trail_node(env), segment);
}

/* By the nth seal key. NULL: it cannot be made. */
static const char *mac_of(const anshin_op_t *op, int n, const char *key, const anshin_audit_anchor_t *anchor,
                          apr_pool_t *pool)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const char *text = apr_psprintf(
        pool,
        "%s\n%" APR_INT64_T_FMT "\n%" APR_INT64_T_FMT "\n%" APR_INT64_T_FMT "\n%" APR_INT64_T_FMT
        "\n%s\n%" APR_INT64_T_FMT "\n%" APR_INT64_T_FMT "\n%" APR_INT64_T_FMT,
        key, anchor->segment, anchor->lines, anchor->octets, anchor->events, anchor->chain != NULL ? anchor->chain : "",
        (apr_int64_t)anchor->begun_at, (apr_int64_t)anchor->closed_at, (apr_int64_t)anchor->archived_at);
    unsigned char mac[ANSHIN_DIGEST_BYTES];
    apr_status_t status = n == 0 ? crypto->mac(crypto->ctx, mac, PURPOSE, text, strlen(text))
                                 : crypto->mac_by(crypto->ctx, mac, n, PURPOSE, text, strlen(text));

    return status == APR_SUCCESS ? anshin_hex(mac, sizeof(mac), pool) : NULL;
}

int anshin_anchor_made_by(const anshin_op_t *op, const char *key, const anshin_audit_anchor_t *anchor, apr_pool_t *pool)
{
    const char *made;

    for (int n = 0; anchor->chain != NULL && (made = mac_of(op, n, key, anchor, pool)) != NULL; n++) {
        if (anshin_secret_equal(op, anchor->mac, made)) {
            return n;
        }
    }
    return -1;
}

int anshin_anchor_is_genuine(const anshin_op_t *op, const char *key, const anshin_audit_anchor_t *anchor,
                             apr_pool_t *pool)
{
    return anshin_anchor_made_by(op, key, anchor, pool) >= 0;
}

apr_status_t anshin_anchor_get(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_audit_anchor_t *anchor)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_audit_anchor, key, anchor);

    return status == APR_SUCCESS && !anshin_anchor_is_genuine(op, key, anchor, op->pool)
               ? anshin_fail(&op->error, ANSHIN_EFAULT, "AN1463",
                             "audit: the record of %s was changed by somebody else; see htanshin audit verify", key)
               : status;
}

apr_status_t anshin_anchor_put(anshin_op_t *op, anshin_txn_t *txn, const char *key, const anshin_audit_anchor_t *anchor)
{
    anshin_audit_anchor_t full = *anchor;

    full.mac = mac_of(op, 0, key, anchor, op->pool);
    return full.mac != NULL ? anshin_txn_put(txn, &anshin_record_audit_anchor, key, &full)
                            : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1464", "audit: no MAC can be made");
}

apr_status_t anshin_anchor_renew(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *renewed)
{
    anshin_audit_anchor_t anchor;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_audit_anchor, key, &anchor);

    *renewed = status == APR_SUCCESS && anshin_anchor_made_by(op, key, &anchor, op->pool) > 0;
    return *renewed && anshin_txn_writes(txn) ? anshin_anchor_put(op, txn, key, &anchor) : status;
}
