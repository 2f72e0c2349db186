/*
 * The mail that leads to a download: see download_mail.h.
 */
#include "core/certificate/download_mail.h"

#include <jansson.h>

#include "core/account/token.h"
#include "core/base/label.h"
#include "core/mail/mail.h"
#include "core/mail/mail_way.h"

static apr_status_t end_former(anshin_txn_t *txn, const anshin_download_t *download)
{
    return download->token != NULL ? anshin_txn_delete(txn, &anshin_record_token, download->token) : APR_SUCCESS;
}

static apr_status_t queue(anshin_op_t *op, anshin_txn_t *txn, const anshin_download_mail_t *wanted, json_t *data,
                          anshin_download_t *download)
{
    anshin_token_t token = {
        .kind = ANSHIN_TOKEN_DOWNLOAD, .terminal = wanted->terminal->number, .expires_at = download->expires_at};
    const anshin_mail_new_t mail = {
        "certificate-ready", wanted->account, wanted->terminal->address, wanted->bound, data, 0, NULL};
    apr_status_t status = end_former(txn, download);

    download->mail = NULL;
    if (status == APR_SUCCESS) {
        status = anshin_mail_way(op, txn, wanted->account, &token, "/download", data, "download_url", &download->token);
    }
    if (status == APR_SUCCESS) {
        status = anshin_mail_add_known(op, txn, &mail, &download->mail);
    }
    return status == ANSHIN_EDENIED ? APR_SUCCESS : status;
}

apr_status_t anshin_download_mail(anshin_op_t *op, anshin_txn_t *txn, const anshin_download_mail_t *mail,
                                  anshin_download_t *download)
{
    const anshin_terminal_t *terminal = mail->terminal;
    json_t *data =
        json_pack("{s:s, s:s, s:I, s:b, s:b}", "name", mail->name, "terminal",
                  anshin_label_title(terminal->number, terminal->label, op->pool), "expires_text",
                  anshin_mail_moment(download->expires_at), "renewal", download->renewal != 0, "again", mail->again);
    apr_status_t status;

    if (data == NULL || !anshin_mail_way_page(op, data, "help_url", "/help/import")) {
        json_decref(data);
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0272", "issue: out of memory");
    }
    status = queue(op, txn, mail, data, download);
    json_decref(data);
    return status;
}
