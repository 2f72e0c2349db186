/*
 * Downloads for the phone: see phone.h.
 *
 * SECURITY: a QR code can be seen over a shoulder. What it holds is used up by the first right password, not by whoever
 * opens its address (REG-5), and is worth nothing without that password. It shows nothing of a mailbox, so no address
 * counts as confirmed by it.
 */
#include "core/certificate/phone.h"

#include "core/account/account.h"
#include "core/mail/event.h"

static apr_status_t delete_token(anshin_txn_t *txn, const char *key)
{
    return key != NULL ? anshin_txn_delete(txn, &anshin_record_token, key) : APR_SUCCESS;
}

static apr_status_t make(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, apr_int64_t terminal,
                         anshin_download_t *download, anshin_phone_t *phone)
{
    const anshin_event_t event = {
        .act = ANSHIN_ACT_PHONE_LINKED, .account = account, .terminal = terminal, .serial = download->serial};
    anshin_token_t record = {.kind = ANSHIN_TOKEN_PHONE, .terminal = terminal};
    apr_status_t status = delete_token(txn, download->phone);

    record.expires_at =
        download->expires_at < op->now + ANSHIN_PHONE_LIFE ? download->expires_at : op->now + ANSHIN_PHONE_LIFE;
    *phone = (anshin_phone_t){.user = account->user, .until = record.expires_at};
    if (status != APR_SUCCESS ||
        (status = anshin_token_create(op, txn, account, &record, &phone->token, &download->phone)) != APR_SUCCESS ||
        (status = anshin_txn_put(txn, &anshin_record_download, anshin_terminal_key(op, account->user, terminal),
                                 download)) != APR_SUCCESS) {
        return status;
    }
    return anshin_event(op, txn, &event);
}

apr_status_t anshin_phone_link(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                               apr_int64_t terminal, anshin_phone_t *phone)
{
    anshin_download_t download;
    apr_status_t status = ANSHIN_HAS(op->contract->policy.functions, ANSHIN_FUNCTION_PHONE)
                              ? anshin_txn_get(txn, &anshin_record_download,
                                               anshin_terminal_key(op, account->user, terminal), &download)
                              : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS) {
        return status;
    }
    return download.serial != NULL && download.expires_at > op->now &&
                   anshin_account_owns(account, download.account, download.created_at)
               ? make(op, txn, account, terminal, &download, phone)
               : ANSHIN_ENOTFOUND;
}

typedef struct from_link_t {
    const char *token;
    anshin_phone_t *phone;
} from_link_t;

static apr_status_t from_link(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const from_link_t *wish = baton;
    anshin_download_link_t found;
    apr_status_t status = anshin_download_link_find(op, txn, wish->token, &found);

    return status == APR_SUCCESS
               ? anshin_phone_link(op, txn, &found.link.account, found.link.token.terminal, wish->phone)
               : status;
}

apr_status_t anshin_phone_from_link(anshin_op_t *op, const char *token, anshin_phone_t *phone)
{
    return anshin_op_write(op, ANSHIN_DURABLE, from_link, &(from_link_t){token, phone});
}

apr_status_t anshin_phone_opened(anshin_op_t *op, anshin_txn_t *txn, anshin_download_link_t *found,
                                 const char **token)
{
    anshin_token_t record = {.kind = ANSHIN_TOKEN_DOWNLOAD,
                             .terminal = found->link.token.terminal,
                             .expires_at = found->download.expires_at};
    apr_status_t status;

    *token = NULL;
    if (found->link.token.kind != ANSHIN_TOKEN_PHONE) {
        return APR_SUCCESS;
    }
    if ((status = anshin_token_use(op, txn, found->link.key, &found->link.token)) != APR_SUCCESS ||
        (status = delete_token(txn, found->download.opened)) != APR_SUCCESS) {
        return status;
    }
    found->download.phone = NULL; /* the record stays, so that a second scan is told that it was used */
    return anshin_token_create(op, txn, &found->link.account, &record, token, &found->download.opened);
}
