/*
 * When a download is over: see download_expiry.h.
 */
#include "core/certificate/download_expiry.h"

#include <string.h>

#include <apr_strings.h>

#include "core/certificate/download_link.h"
#include "core/certificate/revocation.h"

static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_download_t *download = record;

    (void)key;
    /* Until its certificate is made, a job may still be waiting for the signer. */
    return anshin_expiry_over(op, download->serial != NULL ? download->expires_at
                                                           : download->created_at + ANSHIN_KEEP_UNISSUED);
}

/* Nobody has the key of a renewal that was never fetched, so it is none: the present certificate goes on alone, to its
 * own end (REN-2). While the contract is not declared it stays, for nobody. */
static apr_status_t end_unfetched(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *serial)
{
    const char *slash = strchr(key, '/');
    anshin_op_t of_contract = *op;
    apr_status_t status;

    of_contract.contract =
        slash != NULL
            ? anshin_config_contract(op->env->config, apr_pstrmemdup(op->pool, key, (apr_size_t)(slash - key)))
            : NULL;
    if (of_contract.contract == NULL) {
        return APR_SUCCESS;
    }
    status = anshin_certificate_lapse_in(&of_contract, txn, serial);
    op->error = of_contract.error;
    return status;
}

static apr_status_t remove_over(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record)
{
    const anshin_download_t *download = record;
    apr_status_t status;

    anshin_txn_wipe(txn, download->password_blob);
    anshin_txn_wipe(txn, download->modern_blob);
    anshin_txn_wipe(txn, download->compat_blob);
    anshin_txn_wipe(txn, download->apple_blob);
    status = anshin_txn_delete(txn, &anshin_record_counter, apr_pstrcat(op->pool, key, "/download", NULL));
    if (status == APR_SUCCESS) {
        status = anshin_download_forget_links(txn, download);
    }
    return status == APR_SUCCESS && download->renewal && download->fetched == 0
               ? end_unfetched(op, txn, key, download->serial)
               : status;
}

const anshin_expiry_rule_t anshin_download_expiry = {&anshin_record_download, over, remove_over, NULL};
