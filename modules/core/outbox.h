/*
 * Delivery of mail, as far as the store knows of it (MAI-1): the steps of a mail from WAITING to SENT or FAILED.
 *
 * Each is a durable transaction of its own, and each is refused to a worker that has lost the job meanwhile:
 * ANSHIN_ENOTFOUND (job or mail is gone), ANSHIN_ECONFLICT (another worker's). Also ANSHIN_EBUSY, ANSHIN_EFAULT:
 * nothing was changed.
 */
#ifndef ANSHIN_CORE_OUTBOX_H
#define ANSHIN_CORE_OUTBOX_H

#include "core/job.h"
#include "core/mail.h"

/* A job in hand. */
typedef struct anshin_outbox_t {
    const char *key;    /* of the job */
    const char *worker; /* that has claimed it */
    const char *id;     /* of the mail: job.mail */
} anshin_outbox_t;

/* Read the mail's record. ANSHIN_EDENIED: it is not to be sent any more, since the account that it was written to is
 * gone, whoever has its user ID now (IDN-1). */
apr_status_t anshin_outbox_read(anshin_op_t *op, const anshin_outbox_t *outbox, anshin_mail_t *mail);

/* Such a mail goes unsent: mail, sealed text and job are removed. */
apr_status_t anshin_outbox_drop(anshin_op_t *op, const anshin_outbox_t *outbox);

/* The message lies on disk under its final name, in that spool, and only has to be moved: from here on it is not
 * written again. */
apr_status_t anshin_outbox_delivering(anshin_op_t *op, const anshin_outbox_t *outbox, const char *spool);

/* Delivered: the job is done, the sealed text is wiped. */
apr_status_t anshin_outbox_sent(anshin_op_t *op, const anshin_outbox_t *outbox);

/* Given up: the job is done, the text stays sealed until the operator retries or housekeeping removes the mail. */
apr_status_t anshin_outbox_failed(anshin_op_t *op, const anshin_outbox_t *outbox, const char *why);

/* Not this time: the job goes back into the queue, and the mail's record tells why. */
apr_status_t anshin_outbox_later(anshin_op_t *op, const anshin_outbox_t *outbox, const char *why);

#endif
