/*
 * Links.
 *
 * SECURITY: a token is looked up by its HMAC, so neither the store nor the time of a look-up tells anything of a valid
 * one.
 */
#include "core/account/token.h"

#include <string.h>

#include "core/context/secret.h"

typedef struct looking_t {
    anshin_txn_t *txn;
    const char *token;
    anshin_link_t *link;
} looking_t;

static apr_status_t put(anshin_op_t *op, anshin_txn_t *txn, const char *key, const anshin_token_t *record)
{
    apr_status_t status = anshin_txn_put(txn, &anshin_record_token, key, record);

    return status == APR_SUCCESS
               ? anshin_expiry_file(op, txn, &anshin_record_token, key, record->expires_at + ANSHIN_KEEP_TOKEN)
               : status;
}

apr_status_t anshin_token_create(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                 anshin_token_t *record, const char **token, const char **key)
{
    apr_status_t status;

    record->user = account->user;
    record->account = account->number;
    record->contract = op->contract->name;
    record->created_at = op->now;
    record->used_at = 0;
    if ((status = anshin_secret_token(op, token)) != APR_SUCCESS ||
        (status = anshin_secret_mac(op, key, "token", *token)) != APR_SUCCESS) {
        return status;
    }
    return put(op, txn, *key, record);
}

apr_status_t anshin_token_move(anshin_op_t *op, anshin_txn_t *txn, const char *key, const anshin_token_t *record,
                               const char *token, const char **fresh)
{
    apr_status_t status = anshin_secret_mac(op, fresh, "token", token);

    if (status == APR_SUCCESS) {
        status = anshin_txn_delete(txn, &anshin_record_token, key);
    }
    return status == APR_SUCCESS ? put(op, txn, *fresh, record) : status;
}

/* A token that was made before the seal key was changed has the key of then. */
static apr_status_t look_up(void *baton, anshin_op_t *op)
{
    const looking_t *looking = baton;
    anshin_link_t *link = looking->link;
    apr_status_t status = anshin_secret_mac(op, &link->key, "token", looking->token);

    return status == APR_SUCCESS ? anshin_txn_get(looking->txn, &anshin_record_token, link->key, &link->token) : status;
}

/* 1 when such a link counts for an account in this state. */
static int fits(anshin_token_kind_t kind, apr_int64_t state)
{
    switch (state) {
    case ANSHIN_ACCOUNT_PENDING:
        return kind == ANSHIN_TOKEN_REGISTER;
    case ANSHIN_ACCOUNT_ACTIVE:
        return kind != ANSHIN_TOKEN_REGISTER;
    case ANSHIN_ACCOUNT_LOCKED:
        return kind == ANSHIN_TOKEN_LOST_DEVICE;
    default:
        return 0;
    }
}

apr_status_t anshin_token_find(anshin_op_t *op, anshin_txn_t *txn, anshin_token_kind_t kind, const char *token,
                               anshin_link_t *link)
{
    const anshin_token_t *record = &link->token;
    apr_status_t status;

    if (strlen(token) != ANSHIN_TOKEN_TEXT) {
        return ANSHIN_ENOTFOUND;
    }
    if ((status = anshin_secret_any(op, look_up, &(looking_t){txn, token, link})) != APR_SUCCESS) {
        return status;
    }
    if (record->kind != kind || !record->contract || strcmp(record->contract, op->contract->name) != 0) {
        return ANSHIN_ENOTFOUND;
    }
    status = anshin_account_get_owner(op, txn, record->user, record->account, record->created_at, &link->account);
    if (status != APR_SUCCESS) {
        return status;
    }
    return record->used_at || record->expires_at <= op->now ||
                   !fits(kind, anshin_account_standing(&link->account, op->now))
               ? ANSHIN_EDENIED
               : APR_SUCCESS;
}

typedef struct standing_t {
    anshin_token_kind_t kind;
    const char *token;
    anshin_link_standing_t *standing;
} standing_t;

static apr_status_t read_standing(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const standing_t *asked = baton;
    anshin_link_t link;
    apr_status_t status = anshin_token_find(op, txn, asked->kind, asked->token, &link);

    *asked->standing = ANSHIN_LINK_UNKNOWN;
    if (status != ANSHIN_EDENIED) {
        *asked->standing = status == APR_SUCCESS ? ANSHIN_LINK_GOOD : ANSHIN_LINK_UNKNOWN;
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (link.token.used_at != 0) {
        *asked->standing = ANSHIN_LINK_USED;
    } else if (link.token.expires_at <= op->now) {
        *asked->standing = ANSHIN_LINK_EXPIRED;
    } else if (link.account.state == ANSHIN_ACCOUNT_LOCKED) {
        *asked->standing = ANSHIN_LINK_LOCKED;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_link_standing(anshin_op_t *op, anshin_token_kind_t kind, const char *token,
                                  anshin_link_standing_t *standing)
{
    return anshin_op_read(op, read_standing, &(standing_t){kind, token, standing});
}

apr_status_t anshin_token_use(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_token_t *record)
{
    record->used_at = op->now;
    return anshin_txn_put(txn, &anshin_record_token, key, record);
}

/* It stays a while after its end, so that the page can say what it was. */
static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    (void)key;
    return anshin_expiry_over(op, ((const anshin_token_t *)record)->expires_at + ANSHIN_KEEP_TOKEN);
}

const anshin_expiry_rule_t anshin_token_expiry = {&anshin_record_token, over, NULL, NULL};
