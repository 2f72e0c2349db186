/*
 * Series of events: see series.h.
 *
 * SECURITY: the key of a person is made of the seal key and of a secret that lies in the series alone: neither a copy
 * of the store nor one of the seal key opens anything, and without that secret nothing does.
 */
#include "core/audit/series.h"

#include <string.h>

#include <apr_encode.h>
#include <apr_strings.h>

#include "core/context/secret.h"

#define PURPOSE_KEY "audit-person"
#define PURPOSE_MAC "audit-series"
#define PURPOSE_RETIRED "audit-retired"

const char *anshin_series_name(anshin_op_t *op, const char *account)
{
    return apr_pstrcat(op->pool, op->contract != NULL ? op->contract->name : "", "/", account != NULL ? account : "",
                       NULL);
}

/* By the nth seal key. NULL: it cannot be computed. */
static const char *mac_by(const anshin_op_t *op, int n, const char *purpose, const char *text, apr_pool_t *pool)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char mac[ANSHIN_DIGEST_BYTES];
    apr_status_t status = n == 0 ? crypto->mac(crypto->ctx, mac, purpose, text, strlen(text))
                                 : crypto->mac_by(crypto->ctx, mac, n, purpose, text, strlen(text));

    return status == APR_SUCCESS ? anshin_hex(mac, sizeof(mac), pool) : NULL;
}

static const char *mac_of(const anshin_op_t *op, int n, const char *name, const anshin_audit_series_t *series,
                          apr_pool_t *pool)
{
    const char *text =
        apr_psprintf(pool, "%s\n%" APR_INT64_T_FMT "\n%s\n%s", name, series->count,
                     series->secret != NULL ? series->secret : "", series->user != NULL ? series->user : "");
    const char *mac = mac_by(op, n, PURPOSE_MAC, text, pool);

    anshin_secret_wipe(op, text);
    return mac;
}

/* -1: somebody else has written it. */
static int made_by(const anshin_op_t *op, const char *name, const anshin_audit_series_t *series, apr_pool_t *pool)
{
    const char *made;

    for (int n = 0; (made = mac_of(op, n, name, series, pool)) != NULL; n++) {
        if (anshin_secret_equal(op, series->mac, made)) {
            return n;
        }
    }
    return -1;
}

int anshin_series_is_genuine(const anshin_op_t *op, const char *name, const anshin_audit_series_t *series,
                             apr_pool_t *pool)
{
    return made_by(op, name, series, pool) >= 0;
}

/* --- what was retired -------------------------------------------------------------------------------------------- */

static const char *retired_mac(const anshin_op_t *op, int n, const char *name, const anshin_audit_series_t *series,
                               apr_pool_t *pool)
{
    return mac_by(op, n, PURPOSE_RETIRED,
                  apr_pstrcat(pool, name, "\n", apr_array_pstrcat(pool, series->retired, '\n'), NULL), pool);
}

/* As made_by(); nothing is by the present key. */
static int retired_by(const anshin_op_t *op, const char *name, const anshin_audit_series_t *series, apr_pool_t *pool)
{
    const char *made;

    if (series->retired == NULL) {
        return series->retired_mac == NULL ? 0 : -1;
    }
    for (int n = 0; (made = retired_mac(op, n, name, series, pool)) != NULL; n++) {
        if (anshin_secret_equal(op, series->retired_mac, made)) {
            return n;
        }
    }
    return -1;
}

/* Where the entry of a node is; -1: there is none. */
static int find_retired(const anshin_audit_series_t *series, const char *node)
{
    const apr_size_t length = strlen(node);

    for (int i = 0; series->retired != NULL && i < series->retired->nelts; i++) {
        const char *entry = APR_ARRAY_IDX(series->retired, i, const char *);

        if (strncmp(entry, node, length) == 0 && entry[length] == '/') {
            return i;
        }
    }
    return -1;
}

int anshin_series_get_retired(const anshin_op_t *op, const char *name, const anshin_audit_series_t *series,
                              anshin_series_retired_t *retired, apr_pool_t *pool)
{
    const int at = find_retired(series, retired->node);
    char *end;

    *retired = (anshin_series_retired_t){.node = retired->node};
    if (retired_by(op, name, series, pool) < 0) {
        return 0;
    }
    if (at >= 0) {
        const char *text = APR_ARRAY_IDX(series->retired, at, const char *) + strlen(retired->node) + 1;

        retired->segment = apr_strtoi64(text, &end, 10);
        retired->count = *end == '/' ? apr_strtoi64(end + 1, &end, 10) : 0;
        retired->sum = *end == '/' ? apr_strtoi64(end + 1, &end, 10) : 0;
    }
    return 1;
}

/* --- the key of a person ----------------------------------------------------------------------------------------- */

/* Of the nth seal key, those that have gone among them: what stands in a segment is never sealed anew. */
static apr_status_t key_of(const anshin_op_t *op, int n, const anshin_audit_series_t *series,
                           unsigned char key[ANSHIN_DIGEST_BYTES])
{
    const anshin_crypto_t *crypto = op->env->crypto;

    if (series->secret == NULL) {
        return ANSHIN_ENOTFOUND;
    }
    return n == 0 ? crypto->mac(crypto->ctx, key, PURPOSE_KEY, series->secret, strlen(series->secret))
                  : crypto->mac_by(crypto->ctx, key, n, PURPOSE_KEY, series->secret, strlen(series->secret));
}

apr_status_t anshin_series_seal(const anshin_op_t *op, const anshin_audit_series_t *series, const char *bound,
                                const char *text, const char **sealed, apr_pool_t *pool)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char key[ANSHIN_DIGEST_BYTES];
    anshin_bytes_t bytes;
    apr_status_t status = key_of(op, 0, series, key);

    if (status == APR_SUCCESS) {
        status = crypto->seal_under(crypto->ctx, &bytes, key, bound, anshin_bytes_of(text), pool);
    }
    crypto->wipe(crypto->ctx, key, sizeof(key));
    if (status == APR_SUCCESS) {
        *sealed = apr_pencode_base64_binary(pool, bytes.data, (apr_ssize_t)bytes.length, APR_ENCODE_NONE, NULL);
    }
    return status;
}

/* *n: of which seal key. */
static const char *open_by(const anshin_op_t *op, const anshin_audit_series_t *series, const char *bound,
                           const char *sealed, int *n, apr_pool_t *pool)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char key[ANSHIN_DIGEST_BYTES];
    anshin_bytes_t bytes = {NULL, 0};
    anshin_bytes_t text = {NULL, 0};
    apr_status_t status = ANSHIN_EDENIED;

    if (sealed != NULL) {
        bytes.data = apr_pdecode_base64_binary(pool, sealed, APR_ENCODE_STRING, APR_ENCODE_NONE, &bytes.length);
    }
    for (*n = 0; bytes.data != NULL && key_of(op, *n, series, key) == APR_SUCCESS; (*n)++) {
        status = crypto->unseal_under(crypto->ctx, &text, key, bound, bytes, pool);
        crypto->wipe(crypto->ctx, key, sizeof(key));
        if (status != ANSHIN_EDENIED) {
            break;
        }
    }
    return status == APR_SUCCESS && memchr(text.data, '\0', text.length) == NULL ? (const char *)text.data : NULL;
}

const char *anshin_series_open(const anshin_op_t *op, const anshin_audit_series_t *series, const char *bound,
                               const char *sealed, apr_pool_t *pool)
{
    int n;

    return open_by(op, series, bound, sealed, &n, pool);
}

const char *anshin_series_user(const anshin_op_t *op, const char *name, const anshin_audit_series_t *series,
                               apr_pool_t *pool)
{
    return anshin_series_open(op, series, name, series->user, pool);
}

/* --- counting ---------------------------------------------------------------------------------------------------- */

static apr_status_t read_series(anshin_op_t *op, anshin_txn_t *txn, const char *name, anshin_audit_series_t *series)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_audit_series, name, series);

    if (status == ANSHIN_ENOTFOUND) {
        memset(series, 0, sizeof(*series));
    } else if (status == APR_SUCCESS && !anshin_series_is_genuine(op, name, series, op->pool)) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1460",
                           "audit: series %s was changed by somebody else; see htanshin audit verify", name);
    }
    return status;
}

static apr_status_t put_series(anshin_op_t *op, anshin_txn_t *txn, const char *name, anshin_audit_series_t *series)
{
    series->mac = mac_of(op, 0, name, series, op->pool);
    return series->mac != NULL && (series->retired == NULL || series->retired_mac != NULL)
               ? anshin_txn_put(txn, &anshin_record_audit_series, name, series)
               : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1461", "audit: no MAC can be made");
}

apr_status_t anshin_series_add(anshin_op_t *op, anshin_txn_t *txn, const char *name, const char *user,
                               anshin_audit_series_t *series)
{
    apr_status_t status = read_series(op, txn, name, series);

    if (status == ANSHIN_ENOTFOUND && user != NULL) {
        status = anshin_secret_token(op, &series->secret);
        if (status == APR_SUCCESS) {
            status = anshin_series_seal(op, series, name, user, &series->user, op->pool);
        }
    } else if (status == ANSHIN_ENOTFOUND) {
        status = APR_SUCCESS;
    }
    series->count++;
    return status == APR_SUCCESS ? put_series(op, txn, name, series) : status;
}

apr_status_t anshin_series_retire(anshin_op_t *op, anshin_txn_t *txn, const char *name,
                                  const anshin_series_retired_t *retired)
{
    anshin_audit_series_t series;
    anshin_series_retired_t known = {.node = retired->node};
    apr_array_header_t *entries;
    const char *entry;
    int at;
    apr_status_t status = read_series(op, txn, name, &series);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!anshin_series_get_retired(op, name, &series, &known, op->pool)) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1882",
                           "audit: what was retired of series %s was changed by somebody else; see htanshin audit "
                           "verify",
                           name);
    }
    if (known.segment >= retired->segment) {
        return APR_SUCCESS;
    }
    entry = apr_psprintf(op->pool, "%s/%" APR_INT64_T_FMT "/%" APR_INT64_T_FMT "/%" APR_INT64_T_FMT, retired->node,
                         retired->segment, known.count + retired->count, known.sum + retired->sum);
    at = find_retired(&series, retired->node);
    entries = series.retired != NULL ? apr_array_copy(op->pool, series.retired)
                                     : apr_array_make(op->pool, 1, sizeof(const char *));
    *(const char **)(at >= 0 ? &APR_ARRAY_IDX(entries, at, const char *) : apr_array_push(entries)) = entry;
    series.retired = entries;
    series.retired_mac = retired_mac(op, 0, name, &series, op->pool);
    return put_series(op, txn, name, &series);
}

apr_status_t anshin_series_forget(anshin_op_t *op, anshin_txn_t *txn, const char *name)
{
    anshin_audit_series_t series;
    apr_status_t status = read_series(op, txn, name, &series);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    series.secret = series.user = NULL;
    return put_series(op, txn, name, &series);
}

apr_status_t anshin_series_renew(anshin_op_t *op, anshin_txn_t *txn, const char *name, int *renewed)
{
    anshin_audit_series_t series;
    const char *user = NULL;
    int n = 0, by, retired;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_audit_series, name, &series);

    *renewed = 0;
    if (status != APR_SUCCESS || (by = made_by(op, name, &series, op->pool)) < 0) {
        return status; /* no MAC of ours for what is not: audit verify tells of it */
    }
    user = series.secret != NULL ? open_by(op, &series, name, series.user, &n, op->pool) : NULL;
    retired = retired_by(op, name, &series, op->pool);
    *renewed = by > 0 || (user != NULL && n > 0) || retired > 0;
    if (!*renewed || !anshin_txn_writes(txn)) {
        return APR_SUCCESS;
    }
    if (retired > 0) {
        series.retired_mac = retired_mac(op, 0, name, &series, op->pool);
    }
    if (user != NULL) {
        status = anshin_series_seal(op, &series, name, user, &series.user, op->pool);
    }
    return status == APR_SUCCESS ? put_series(op, txn, name, &series) : status;
}
