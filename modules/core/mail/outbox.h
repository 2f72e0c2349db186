/*
 * Delivery of mail, as far as the store knows of it (MAI-1): the steps of a mail from WAITING to SENT, SPOOLED or
 * FAILED, and what an operator may do about one.
 *
 * Each is a durable transaction of its own, and each is refused to a worker that has lost the job meanwhile:
 * ANSHIN_ENOTFOUND (job or mail is gone), ANSHIN_ECONFLICT (another worker's). Also ANSHIN_EBUSY, ANSHIN_EFAULT:
 * nothing was changed.
 */
#ifndef ANSHIN_CORE_MAIL_OUTBOX_H
#define ANSHIN_CORE_MAIL_OUTBOX_H

#include "core/context/own.h"
#include "core/mail/job.h"
#include "core/mail/mail.h"

/* A job in hand. */
typedef struct anshin_claimed_mail_t {
    const char *key;    /* of the job */
    const char *worker; /* that has claimed it */
    const char *id;     /* of the mail: job.mail */
} anshin_claimed_mail_t;

/* Read the mail's record. ANSHIN_EDENIED: it is not to be sent any more, since the account that it was written to is
 * gone, whoever has its user ID now (IDN-1). */
apr_status_t anshin_outbox_read(anshin_op_t *op, const anshin_claimed_mail_t *outbox, anshin_mail_t *mail);

/* Such a mail goes unsent: mail, sealed text and job are removed. */
apr_status_t anshin_outbox_drop(anshin_op_t *op, const anshin_claimed_mail_t *outbox);

/* The message lies on disk under its final name, in that spool, and only has to be moved: from here on it is not
 * written again. */
apr_status_t anshin_outbox_delivering(anshin_op_t *op, const anshin_claimed_mail_t *outbox, const char *spool);

/* Delivered, to state SENT or SPOOLED: the job is done, the sealed text is wiped. */
apr_status_t anshin_outbox_delivered(anshin_op_t *op, const anshin_claimed_mail_t *outbox, anshin_mail_state_t state);

/* Given up: the job is done, the text stays sealed until the operator retries or housekeeping removes the mail. */
apr_status_t anshin_outbox_failed(anshin_op_t *op, const anshin_claimed_mail_t *outbox, const char *why);

/* Not this time: the job goes back into the queue, and the mail's record tells why. */
apr_status_t anshin_outbox_later(anshin_op_t *op, const anshin_claimed_mail_t *outbox, const char *why);

/* --- the operator's --- */

/* Try a mail again that has FAILED, with all its tries before it. ANSHIN_ENOTFOUND (no such mail of the contract),
 * ANSHIN_ECONFLICT (it has not failed, or its text is gone), ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_mail_retry(anshin_op_t *op, const char *id);

/* Give a mail up that is not delivered: it FAILED with the reason that it was dropped, its text is wiped, its job finds
 * nothing to do. ANSHIN_ECONFLICT: it is delivered, or being delivered just now. */
apr_status_t anshin_mail_drop(anshin_op_t *op, const char *id);

/* The same for every mail to a user that waits or has failed, inside a write transaction (of the deletion of the user);
 * reads every mail of the store. The texts are wiped when the transaction has committed. */
apr_status_t anshin_mail_drop_all(anshin_op_t *op, anshin_txn_t *txn, const char *user);

#endif
