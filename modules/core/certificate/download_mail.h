/*
 * The mail 電子証明書ダウンロードのご案内 (CRT-1): what leads to a download, by link or by code (core/mail/mail_way.h).
 */
#ifndef ANSHIN_CORE_CERTIFICATE_DOWNLOAD_MAIL_H
#define ANSHIN_CORE_CERTIFICATE_DOWNLOAD_MAIL_H

#include "core/account/account.h"
#include "core/mail/mail_bound.h"

typedef struct anshin_download_mail_t {
    const anshin_account_t *account;
    const anshin_terminal_t *terminal;
    const char *name; /* CN of the certificate */
    anshin_mail_bound_t bound;
    int again; /* 1: the mail says that it takes another one's place */
} anshin_download_mail_t;

/* Queue it inside a write transaction, for an issued certificate. What led there before by mail leads nowhere any more:
 * *download has the key of a new token, which works until download->expires_at, and that of the mail; the caller puts
 * the record. Where the address has got so many mails today, none is queued, download->mail is NULL, and nothing fails.
 * APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_download_mail(anshin_op_t *op, anshin_txn_t *txn, const anshin_download_mail_t *mail,
                                  anshin_download_t *download);

#endif
