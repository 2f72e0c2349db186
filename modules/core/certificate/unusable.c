/*
 * What the signer cannot use: see unusable.h.
 */
#include "core/certificate/unusable.h"

#include <string.h>

#include <apr_strings.h>

#define APPLE "unusable/apple"
#define CA "unusable/ca/" /* and the name */

static const char *key_of(const anshin_op_t *op, const char *ca)
{
    return ca != NULL ? apr_pstrcat(op->pool, CA, ca, NULL) : APPLE;
}

apr_status_t anshin_unusable_noted(anshin_op_t *op, const char *ca, const char **why)
{
    anshin_fact_t fact;
    apr_status_t status = anshin_op_get(op, &anshin_record_fact, key_of(op, ca), &fact);

    *why = status == APR_SUCCESS && fact.value != NULL ? fact.value : "";
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

typedef struct noting_t {
    const char *key;
    const char *why;
} noting_t;

static apr_status_t note(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const noting_t *noting = baton;
    const anshin_fact_t fact = {.value = noting->why, .at = op->now};
    apr_status_t status;

    if (*noting->why != '\0') {
        return anshin_txn_put(txn, &anshin_record_fact, noting->key, &fact);
    }
    status = anshin_txn_delete(txn, &anshin_record_fact, noting->key);
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_unusable_note(anshin_op_t *op, const char *ca, const char *why)
{
    const char *noted;
    apr_status_t status = anshin_unusable_noted(op, ca, &noted);

    return status != APR_SUCCESS || strcmp(noted, why) == 0
               ? status
               : anshin_op_write(op, ANSHIN_LAZY, note, &(noting_t){key_of(op, ca), why});
}
