/*
 * Links.
 *
 * SECURITY: a token is looked up by its HMAC, so neither the store nor the time of a look-up tells anything of a valid
 * one.
 */
#include "core/token.h"

#include <string.h>

#include "core/expiry.h"
#include "core/secret.h"

apr_status_t anshin_token_create(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                 anshin_token_t *record, const char **token, const char **key)
{
    apr_status_t rv;

    record->user = account->user;
    record->account = account->number;
    record->contract = op->contract->name;
    record->created_at = op->now;
    record->used_at = 0;
    if ((rv = anshin_secret_token(op, token)) != APR_SUCCESS ||
        (rv = anshin_secret_mac(op, key, "token", *token)) != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_txn_put(txn, &anshin_record_token, *key, record);
    return rv == APR_SUCCESS
               ? anshin_expiry_file(op, txn, &anshin_record_token, *key, record->expires_at + ANSHIN_KEEP_TOKEN)
               : rv;
}

apr_status_t anshin_token_find(anshin_op_t *op, anshin_txn_t *txn, anshin_token_kind_t kind, const char *token,
                               anshin_link_t *link)
{
    const anshin_account_state_t wanted =
        kind == ANSHIN_TOKEN_REGISTER ? ANSHIN_ACCOUNT_PENDING : ANSHIN_ACCOUNT_ACTIVE;
    const anshin_token_t *record = &link->token;
    apr_status_t rv;

    if (strlen(token) != ANSHIN_TOKEN_TEXT) {
        return ANSHIN_ENOTFOUND;
    }
    if ((rv = anshin_secret_mac(op, &link->key, "token", token)) != APR_SUCCESS ||
        (rv = anshin_txn_get(txn, &anshin_record_token, link->key, &link->token)) != APR_SUCCESS) {
        return rv;
    }
    if (record->kind != kind || !record->contract || strcmp(record->contract, op->contract->name) != 0) {
        return ANSHIN_ENOTFOUND;
    }
    rv = anshin_account_get_owner(op, txn, record->user, record->account, record->created_at, &link->account);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return record->used_at || record->expires_at <= op->now || link->account.state != wanted ? ANSHIN_EDENIED
                                                                                             : APR_SUCCESS;
}

apr_status_t anshin_token_use(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_token_t *record)
{
    record->used_at = op->now;
    return anshin_txn_put(txn, &anshin_record_token, key, record);
}
