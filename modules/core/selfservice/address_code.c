/*
 * Codes for new addresses: see address_code.h.
 *
 * SECURITY: comes from somebody who is logged in and may not own the address. A code is a keyed hash of account,
 * address and digits; each check is counted before it is made (LCK-1).
 */
#include "core/selfservice/address_code.h"

#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/account/attempt.h"
#include "core/account/token.h"
#include "core/context/daily.h"
#include "core/context/expiry.h"
#include "core/context/secret.h"
#include "core/mail/mail.h"

/* Of the token: the address stands there as a keyed hash. */
static apr_status_t token_key(anshin_op_t *op, const anshin_account_t *account, const char *address, const char **key)
{
    const char *whose = anshin_account_key(op, account->user), *mac;
    apr_status_t status =
        anshin_secret_mac(op, &mac, "address-code-key", apr_pstrcat(op->pool, whose, "/", address, NULL));

    *key = status == APR_SUCCESS ? apr_pstrcat(op->pool, "address-code/", whose, "/", mac, NULL) : NULL;
    return status;
}

/* The MAC of a code, or whether one is that. */
static apr_status_t code_mac(anshin_op_t *op, const anshin_account_t *account, const char *address, const char *code,
                             const char **mac, int *equal)
{
    char *text = apr_pstrcat(op->pool, anshin_account_key(op, account->user), "/", address, "/", code, NULL);
    apr_status_t status = equal != NULL ? anshin_secret_mac_is(op, equal, "address-code", text, *mac)
                                        : anshin_secret_mac(op, mac, "address-code", text);

    anshin_secret_wipe(op, text);
    return status;
}

typedef struct reading_t {
    anshin_txn_t *txn;
    const anshin_account_t *account;
    const char *address;
    const char **key;
    anshin_token_t *token;
} reading_t;

static apr_status_t read_one(void *baton, anshin_op_t *op)
{
    const reading_t *reading = baton;
    apr_status_t status = token_key(op, reading->account, reading->address, reading->key);

    return status == APR_SUCCESS ? anshin_txn_get(reading->txn, &anshin_record_token, *reading->key, reading->token)
                                 : status;
}

/* The token, whoever's it is: a former holder of the ID may have left it. Where there is none, *key is of the present
 * seal key. */
static apr_status_t read_token(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                               const char **key, anshin_token_t *token)
{
    apr_status_t status = anshin_secret_any(op, read_one, &(reading_t){txn, account, address, key, token});
    apr_status_t named = status == ANSHIN_ENOTFOUND ? token_key(op, account, address, key) : APR_SUCCESS;

    return named == APR_SUCCESS ? status : named;
}

apr_status_t anshin_address_code_find(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      const char *address)
{
    const char *key;
    anshin_token_t token;
    apr_status_t status = read_token(op, txn, account, address, &key, &token);

    return status == APR_SUCCESS && !anshin_account_owns(account, token.account, token.created_at) ? ANSHIN_ENOTFOUND
                                                                                                   : status;
}

/* A token by a seal key of before goes: the next one is filed by the present key. */
static apr_status_t take_present(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                 const char *address, const char **key, int *is_new)
{
    const char *former = *key;
    apr_status_t status = token_key(op, account, address, key);

    if (status != APR_SUCCESS || *is_new || strcmp(*key, former) == 0) {
        return status;
    }
    *is_new = 1;
    return anshin_txn_delete(txn, &anshin_record_token, former);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static apr_status_t put_token(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *key,
                              const char *mac, int is_new)
{
    anshin_token_t token = {.kind = ANSHIN_TOKEN_ADDRESS_CODE,
                            .contract = op->contract->name,
                            .user = account->user,
                            .account = account->number,
                            .created_at = op->now,
                            .expires_at = op->now + ANSHIN_ADDRESS_CODE_LIFE,
                            .code_mac = mac};
    apr_status_t status = anshin_txn_put(txn, &anshin_record_token, key, &token);

    return status == APR_SUCCESS && is_new
               ? anshin_expiry_file(op, txn, &anshin_record_token, key, token.expires_at + ANSHIN_KEEP_TOKEN)
               : status;
}

static apr_status_t mail_code(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                              const char *code)
{
    json_t *data = json_pack("{s:s, s:i}", "code", code, "minutes", (int)(apr_time_sec(ANSHIN_ADDRESS_CODE_LIFE) / 60));
    const anshin_mail_new_t mail = {"address-code", account, address, ANSHIN_MAIL_UNCONFIRMED, data, 0, NULL};
    apr_status_t status = data ? anshin_mail_add(op, txn, &mail)
                               : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1140", "address code: out of memory");

    json_decref(data);
    return status;
}

apr_status_t anshin_address_code_send(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      const char *address, const char **error)
{
    const char *day = apr_pstrcat(op->pool, "address-codes/", op->contract->name, "/", account->number, NULL);
    const char *key, *mac, *code = NULL;
    anshin_token_t former;
    int count;
    apr_status_t status = read_token(op, txn, account, address, &key, &former);
    int is_new = status == ANSHIN_ENOTFOUND;

    *error = NULL;
    if (status == APR_SUCCESS && anshin_account_owns(account, former.account, former.created_at) &&
        former.created_at <= op->now && former.created_at + ANSHIN_ADDRESS_CODE_PAUSE > op->now) {
        return ANSHIN_ECONFLICT;
    }
    if ((status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) ||
        (status = anshin_daily_get(op, txn, day, &count)) != APR_SUCCESS) {
        return status;
    }
    if (count >= ANSHIN_ADDRESS_CODES) {
        *error = "errors.address_codes";
        return APR_SUCCESS;
    }
    status = anshin_mail_room(op, txn, account, address, ANSHIN_MAIL_UNCONFIRMED);
    if (status != APR_SUCCESS) {
        *error = status == ANSHIN_EDENIED ? "errors.address_mails" : NULL;
        return status == ANSHIN_EDENIED ? APR_SUCCESS : status;
    }
    status = anshin_secret_text(op, &code, "0123456789", ANSHIN_ADDRESS_CODE_CHARACTERS);
    status = status == APR_SUCCESS ? code_mac(op, account, address, code, &mac, NULL) : status;
    status = status == APR_SUCCESS ? take_present(op, txn, account, address, &key, &is_new) : status;
    status = status == APR_SUCCESS ? put_token(op, txn, account, key, mac, is_new) : status;
    status = status == APR_SUCCESS ? mail_code(op, txn, account, address, code) : status;
    status = status == APR_SUCCESS ? anshin_counter_clear(op, txn, ANSHIN_COUNTER_ADDRESS, account->user) : status;
    anshin_secret_wipe(op, code);
    return status == APR_SUCCESS ? anshin_daily_add(op, txn, day) : status;
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
    const char *key;
    int equal = 0;
    anshin_token_t token;
    apr_status_t status = read_token(op, txn, guess->account, guess->address, &key, &token);

    if (status != APR_SUCCESS || token.expires_at <= op->now ||
        !anshin_account_owns(guess->account, token.account, token.created_at)) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    guess->there = 1;
    if ((status = code_mac(op, guess->account, guess->address, secret, &token.code_mac, &equal)) != APR_SUCCESS ||
        !equal) {
        return status;
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
    apr_status_t status = anshin_attempt_run_in(op, txn, &facts, &attempt);

    *error = NULL;
    if (status != APR_SUCCESS || attempt.outcome == ANSHIN_ATTEMPT_SUCCEEDED) {
        return status;
    }
    if (attempt.locked) {
        *error = "errors.address_code_locked";
    } else {
        *error = guess.there ? "errors.address_code_wrong" : "errors.address_code_over";
    }
    return APR_SUCCESS;
}
