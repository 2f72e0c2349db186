/*
 * Codes for new addresses: see address_code.h.
 *
 * SECURITY: comes from somebody who is logged in and may not own the address. A code is a keyed hash of account,
 * address and digits; each check is counted before it is made (LCK-1).
 */
#include "core/address_code.h"

#include <apr_strings.h>
#include <jansson.h>

#include "core/attempt.h"
#include "core/daily.h"
#include "core/expiry.h"
#include "core/mail.h"
#include "core/secret.h"
#include "core/token.h"

/* Of the token: the address stands there as a keyed hash. */
static apr_status_t token_key(anshin_op_t *op, const anshin_account_t *account, const char *address, const char **key)
{
    const char *whose = anshin_account_key(op, account->user), *mac;
    apr_status_t rv = anshin_secret_mac(op, &mac, "address-code-key", apr_pstrcat(op->pool, whose, "/", address, NULL));

    *key = rv == APR_SUCCESS ? apr_pstrcat(op->pool, "address-code/", whose, "/", mac, NULL) : NULL;
    return rv;
}

static apr_status_t code_mac(anshin_op_t *op, const anshin_account_t *account, const char *address, const char *code,
                             const char **mac)
{
    char *text = apr_pstrcat(op->pool, anshin_account_key(op, account->user), "/", address, "/", code, NULL);
    apr_status_t rv = anshin_secret_mac(op, mac, "address-code", text);

    anshin_secret_wipe(op, text);
    return rv;
}

/* The token, whoever's it is: a former holder of the ID may have left it. */
static apr_status_t read_token(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                               const char **key, anshin_token_t *token)
{
    apr_status_t rv = token_key(op, account, address, key);

    return rv == APR_SUCCESS ? anshin_txn_get(txn, &anshin_record_token, *key, token) : rv;
}

apr_status_t anshin_address_code_find(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      const char *address)
{
    const char *key;
    anshin_token_t token;
    apr_status_t rv = read_token(op, txn, account, address, &key, &token);

    return rv == APR_SUCCESS && !anshin_account_owns(account, token.account, token.created_at) ? ANSHIN_ENOTFOUND : rv;
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static apr_status_t put_token(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                              const char *key, int is_new, const char **code)
{
    anshin_token_t token = {.kind = ANSHIN_TOKEN_ADDRESS_CODE,
                            .contract = op->contract->name,
                            .user = account->user,
                            .account = account->number,
                            .created_at = op->now,
                            .expires_at = op->now + ANSHIN_ADDRESS_CODE_LIFE};
    apr_status_t rv = anshin_secret_text(op, code, "0123456789", ANSHIN_ADDRESS_CODE_SIGNS);

    if (rv != APR_SUCCESS || (rv = code_mac(op, account, address, *code, &token.code_mac)) != APR_SUCCESS ||
        (rv = anshin_txn_put(txn, &anshin_record_token, key, &token)) != APR_SUCCESS) {
        return rv;
    }
    return is_new ? anshin_expiry_file(op, txn, &anshin_record_token, key, token.expires_at + ANSHIN_KEEP_TOKEN)
                  : APR_SUCCESS;
}

static apr_status_t mail_code(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                              const char *code)
{
    json_t *data = json_pack("{s:s, s:i}", "code", code, "minutes", (int)(apr_time_sec(ANSHIN_ADDRESS_CODE_LIFE) / 60));
    apr_status_t rv = data ? anshin_mail_add(op, txn, "address-code", account, address, ANSHIN_MAIL_UNCONFIRMED, data)
                           : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1140", "address code: out of memory");

    json_decref(data);
    return rv;
}

apr_status_t anshin_address_code_send(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      const char *address, const char **error)
{
    const char *day = apr_pstrcat(op->pool, "address-codes/", op->contract->name, "/", account->number, NULL);
    const char *key, *code = NULL;
    anshin_token_t former;
    int count;
    apr_status_t rv = read_token(op, txn, account, address, &key, &former);
    int is_new = rv == ANSHIN_ENOTFOUND;

    *error = NULL;
    if (rv == APR_SUCCESS && anshin_account_owns(account, former.account, former.created_at) &&
        former.created_at <= op->now && former.created_at + ANSHIN_ADDRESS_CODE_PAUSE > op->now) {
        return ANSHIN_ECONFLICT;
    }
    if ((rv != APR_SUCCESS && rv != ANSHIN_ENOTFOUND) || (rv = anshin_daily_get(op, txn, day, &count)) != APR_SUCCESS) {
        return rv;
    }
    if (count >= ANSHIN_ADDRESS_CODES) {
        *error = "errors.address_codes";
        return APR_SUCCESS;
    }
    rv = anshin_mail_room(op, txn, account, address, ANSHIN_MAIL_UNCONFIRMED);
    if (rv != APR_SUCCESS) {
        *error = rv == ANSHIN_EDENIED ? "errors.address_mails" : NULL;
        return rv == ANSHIN_EDENIED ? APR_SUCCESS : rv;
    }
    rv = put_token(op, txn, account, address, key, is_new, &code);
    rv = rv == APR_SUCCESS ? mail_code(op, txn, account, address, code) : rv;
    rv = rv == APR_SUCCESS ? anshin_counter_clear(op, txn, ANSHIN_COUNTER_ADDRESS, account->user) : rv;
    anshin_secret_wipe(op, code);
    return rv == APR_SUCCESS ? anshin_daily_add(op, txn, day) : rv;
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

typedef struct guess_t {
    const anshin_account_t *account;
    const char *address;
    int there; /* a code that could be right */
} guess_t;

static apr_status_t is_right(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *secret, int *right)
{
    guess_t *guess = baton;
    const char *key, *mac;
    anshin_token_t token;
    apr_status_t rv = read_token(op, txn, guess->account, guess->address, &key, &token);

    if (rv != APR_SUCCESS || token.expires_at <= op->now ||
        !anshin_account_owns(guess->account, token.account, token.created_at)) {
        return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
    }
    guess->there = 1;
    if ((rv = code_mac(op, guess->account, guess->address, secret, &mac)) != APR_SUCCESS ||
        !anshin_secret_equal(op, mac, token.code_mac)) {
        return rv;
    }
    *right = 1;
    return anshin_txn_delete(txn, &anshin_record_token, key);
}

apr_status_t anshin_address_code_check(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                       const char *address, const char *typed, const char **error)
{
    guess_t guess = {account, address, 0};
    const anshin_attempt_facts_t facts = {ANSHIN_COUNTER_ADDRESS, account->user, typed, is_right, &guess};
    anshin_attempt_t attempt;
    apr_status_t rv = anshin_attempt_run_in(op, txn, &facts, &attempt);

    *error = NULL;
    if (rv != APR_SUCCESS || attempt.outcome == ANSHIN_ATTEMPT_SUCCEEDED) {
        return rv;
    }
    if (attempt.locked) {
        *error = "errors.address_code_locked";
    } else {
        *error = guess.there ? "errors.address_code_wrong" : "errors.address_code_over";
    }
    return APR_SUCCESS;
}
