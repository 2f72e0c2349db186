/*
 * How a mail leads on: see mail_way.h.
 *
 * SECURITY: link and code exist in the sealed facts of the mail and nowhere else; the store has keyed hashes. A code's
 * is bound to account, kind and terminal, so that it opens nothing but what its mail was about.
 */
#include "core/mail/mail_way.h"

#include <string.h>

#include <apr_strings.h>

#include "core/context/secret.h"

#define PURPOSE "access-code"

#define GROUP 4 /* signs between hyphens */
#define URL "url"

static apr_status_t out_of_memory(anshin_op_t *op)
{
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1410", "mail: out of memory");
}

char *anshin_mail_way_address(const anshin_op_t *op, const char *page, const char *token)
{
    return apr_pstrcat(op->pool, op->contract->portal_origin, op->contract->portal_base, page,
                       token != NULL ? "?t=" : NULL, token, NULL);
}

/* Steals nothing; what held the secret is wiped. */
static apr_status_t put_secret(anshin_op_t *op, json_t *data, const char *name, const char *text)
{
    int put = json_object_set_new(data, name, json_string(text)) == 0;

    anshin_secret_wipe(op, text);
    return put ? APR_SUCCESS : out_of_memory(op);
}

static const char *access_text(const anshin_op_t *op, const anshin_account_t *account, const anshin_token_t *token,
                               const char *code)
{
    return apr_psprintf(op->pool, "%s %s %" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %s", op->contract->name,
                        account->number != NULL ? account->number : account->user, token->kind, token->terminal,
                        anshin_secret_normalise(code, op->pool));
}

apr_status_t anshin_access_is(anshin_op_t *op, const anshin_account_t *account, const anshin_token_t *token,
                              const char *code, int *equal)
{
    const char *text = access_text(op, account, token, code);
    apr_status_t status = anshin_secret_mac_is(op, equal, PURPOSE, text, token->access_mac);

    anshin_secret_wipe(op, text);
    return status;
}

static apr_status_t draw(anshin_op_t *op, const anshin_account_t *account, anshin_token_t *record, json_t *data)
{
    const char *code, *text;
    apr_status_t status = anshin_secret_text(op, &code, ANSHIN_ALPHABET_READABLE, ANSHIN_ACCESS_CHARACTERS);

    if (status != APR_SUCCESS) {
        return status;
    }
    text = access_text(op, account, record, code);
    status = anshin_secret_mac(op, &record->access_mac, PURPOSE, text);
    anshin_secret_wipe(op, text);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = put_secret(op, data, "access_code", apr_psprintf(op->pool, "%.*s-%s", GROUP, code, code + GROUP));
    anshin_secret_wipe(op, code);
    return status;
}

apr_status_t anshin_mail_way(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                             anshin_token_t *record, const char *page, json_t *data, const char *name, const char **key)
{
    int links = op->contract->policy.mail_links;
    const char *token;
    apr_status_t status = links ? APR_SUCCESS : draw(op, account, record, data);

    record->failures = 0;
    if (status == APR_SUCCESS) {
        status = anshin_token_create(op, txn, account, record, &token, key);
    }
    if (status == APR_SUCCESS && links) {
        status = put_secret(op, data, name, anshin_mail_way_address(op, page, token));
    }
    if (status == APR_SUCCESS) {
        anshin_secret_wipe(op, token);
    }
    return status;
}

int anshin_mail_way_page(const anshin_op_t *op, json_t *data, const char *name, const char *page)
{
    apr_size_t stem = strlen(name) - strlen(URL);

    if (op->contract->policy.mail_links) {
        return json_object_set_new(data, name, json_string(anshin_mail_way_address(op, page, NULL))) == 0;
    }
    return json_object_set_new(data, apr_psprintf(op->pool, "%.*splace", (int)stem, name), json_true()) == 0;
}

int anshin_access_waits(const anshin_op_t *op, const anshin_token_t *token)
{
    return token->access_mac != NULL && token->used_at == 0 && token->expires_at > op->now &&
           token->failures < ANSHIN_ACCESS_FAILURES;
}
