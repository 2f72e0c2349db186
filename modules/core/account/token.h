/*
 * Links (S9): 256 random bits; the store has only their HMAC. Opening a link changes nothing (REG-5).
 */
#ifndef ANSHIN_CORE_ACCOUNT_TOKEN_H
#define ANSHIN_CORE_ACCOUNT_TOKEN_H

#include "core/account/account.h"
#include "core/context/expiry.h"

/* On disk, never renumbered. */
typedef enum anshin_token_kind_t {
    ANSHIN_TOKEN_REGISTER = 1,
    ANSHIN_TOKEN_DOWNLOAD = 2,
    ANSHIN_TOKEN_LOGIN_CODE = 3,
    ANSHIN_TOKEN_PASSWORD = 4,
    ANSHIN_TOKEN_CERTIFICATE = 5,
    ANSHIN_TOKEN_ADDRESS_CODE = 6,
    ANSHIN_TOKEN_LOST_DEVICE = 7,
    ANSHIN_TOKEN_PHONE = 8 /* in a QR code: to a download, for one device (core/certificate/phone.h) */
} anshin_token_kind_t;

extern const anshin_expiry_rule_t anshin_token_expiry;

/* Make one for an account inside a write transaction: kind, terminal, expires_at and code_mac of *record are the
 * caller's, the rest is filled in. *token goes into the link, *key is where the store has it. */
apr_status_t anshin_token_create(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                 anshin_token_t *record, const char **token, const char **key);

/* A link, and the account that it was made for. */
typedef struct anshin_link_t {
    anshin_token_t token;
    const char *key;
    anshin_account_t account;
} anshin_link_t;

/* Look one up. APR_SUCCESS; ANSHIN_ENOTFOUND (none of this kind and contract, or its account is gone, whoever has the
 * ID now); ANSHIN_EDENIED (used or expired, link->token says which; or the account is in no state for this kind: a
 * registration wants one that is pending, the others one that is active, that to a lost device also one that is locked;
 * such a link works again with the account);
 * ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_token_find(anshin_op_t *op, anshin_txn_t *txn, anshin_token_kind_t kind, const char *token,
                               anshin_link_t *link);

/* What has become of a link that does not lead on, for the page that says so to whoever has it (U12, U18). */
typedef enum anshin_link_standing_t {
    ANSHIN_LINK_UNKNOWN, /* none of this kind and contract, or another one has taken its place */
    ANSHIN_LINK_USED,
    ANSHIN_LINK_EXPIRED,
    ANSHIN_LINK_LOCKED, /* it would lead on, were the account not locked */
    ANSHIN_LINK_GOOD    /* as far as the link itself tells, it leads on */
} anshin_link_standing_t;

/* In a read transaction of its own. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_link_standing(anshin_op_t *op, anshin_token_kind_t kind, const char *token,
                                  anshin_link_standing_t *standing);

/* The same record for another token, inside a write transaction: *fresh is where the store has it now, and key leads
 * nowhere. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_token_move(anshin_op_t *op, anshin_txn_t *txn, const char *key, const anshin_token_t *record,
                               const char *token, const char **fresh);

/* Use it up inside a write transaction. */
apr_status_t anshin_token_use(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_token_t *record);

#endif
