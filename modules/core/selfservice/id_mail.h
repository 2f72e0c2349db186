/*
 * The mail that tells the user IDs of its address (HLP-23), for who has forgotten it: asked for as a reissue is
 * (reissue_request.h), and made by the worker. It goes to nobody but the address that was typed, where that is the one
 * of a terminal, and leads to nothing that a login page does not.
 */
#ifndef ANSHIN_CORE_SELFSERVICE_ID_MAIL_H
#define ANSHIN_CORE_SELFSERVICE_ID_MAIL_H

#include "core/account/account.h"

#define ANSHIN_ID_PAUSE apr_time_from_sec(300) /* between two such mails to one address */
#define ANSHIN_IDS_TOLD 20                     /* in one mail; of more it says that there are */

/* One of the users who have this address in op's contract: the one whose lock the transaction of the mail takes. In a
 * read transaction. APR_SUCCESS; ANSHIN_ENOTFOUND: nobody has it; ANSHIN_EDENIED: it was mailed to a moment ago, and no
 * account was looked at; ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_id_mail_first(anshin_op_t *op, anshin_txn_t *txn, const char *address, const char **user);

/* Queue the mail, inside a write transaction that has locked nobody yet; first: of anshin_id_mail_first(). APR_SUCCESS;
 * ANSHIN_EDENIED: none, since one was mailed a moment ago, or the address has got too many today; ANSHIN_EBUSY also
 * where first has gone meanwhile; ANSHIN_EFAULT. */
apr_status_t anshin_id_mail_in(anshin_op_t *op, anshin_txn_t *txn, const char *address, const char *first);

#endif
