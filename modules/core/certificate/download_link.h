/*
 * What a link to a download leads to: that of the mail, that of a QR code (phone.h), and what a device got that opened
 * such a code.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_DOWNLOAD_LINK_H
#define ANSHIN_CORE_CERTIFICATE_DOWNLOAD_LINK_H

#include "core/account/lockout.h"
#include "core/account/token.h"
#include "core/certificate/certificate.h"

typedef struct anshin_download_link_t {
    anshin_link_t link;
    anshin_download_t download;
    anshin_certificate_t certificate;
} anshin_download_link_t;

/* In a transaction of any mode. ANSHIN_ENOTFOUND; ANSHIN_EDENIED (used, expired, done, or another link took its
 * place); ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_download_link_find(anshin_op_t *op, anshin_txn_t *txn, const char *token,
                                       anshin_download_link_t *found);

/* 1: it is the one that was mailed, so that whoever has it has the mailbox. */
int anshin_download_link_mailed(const anshin_download_link_t *found);

/* Inside a write transaction: none of its links leads anywhere any more. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_download_forget_links(anshin_txn_t *txn, const anshin_download_t *download);

/* What has become of one that leads nowhere, in read transactions of its own. Answers of anshin_link_standing(). */
apr_status_t anshin_download_link_standing(anshin_op_t *op, const char *token, anshin_link_standing_t *standing);

#endif
