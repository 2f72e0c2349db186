/*
 * A download for the phone (HLP-19): a link in a QR code, for whoever is logged in or has opened the download
 * elsewhere. It lives for minutes and opens the download for one device; the download password is asked for there as
 * always.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_PHONE_H
#define ANSHIN_CORE_CERTIFICATE_PHONE_H

#include "core/certificate/download_link.h"

#define ANSHIN_PHONE_LIFE apr_time_from_sec(600) /* of a QR code, where the download does not end before */

typedef struct anshin_phone_t {
    const char *token; /* of the link; secret */
    const char *user;
    apr_time_t until;
} anshin_phone_t;

/* One for a terminal's download, inside a write transaction; an earlier one that nobody has opened dies.
 * ANSHIN_ENOTFOUND: nothing waits that can be fetched now, or the contract has it switched off; ANSHIN_EFAULT,
 * ANSHIN_EBUSY. */
apr_status_t anshin_phone_link(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                               apr_int64_t terminal, anshin_phone_t *phone);

/* One for the download that a link leads to, however that came: durable. Answers of anshin_download_find(); also
 * ANSHIN_ENOTFOUND as above. */
apr_status_t anshin_phone_from_link(anshin_op_t *op, const char *token, anshin_phone_t *phone);

/* Somebody has opened it: *found, by the right download password, inside that transaction. The code is used up, and
 * *token leads there for this device from now on; found->download is the caller's to put. For a link that no QR code
 * showed *token is NULL, and nothing is done. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_phone_opened(anshin_op_t *op, anshin_txn_t *txn, anshin_download_link_t *found,
                                 const char **token);

#endif
