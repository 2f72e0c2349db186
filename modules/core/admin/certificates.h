/*
 * What an operator does about the certificates of a user, for one user or for many, one after the other: renew, issue
 * anew, revoke, mail the link to what waits once more.
 *
 * Each verb is one durable write transaction: all devices that are meant, or none. Done again, a verb that was done
 * finds nothing to do, so that work on many users that was interrupted can begin anew. Common answers: APR_SUCCESS;
 * ANSHIN_ENOTFOUND: no such user or certificate; ANSHIN_ECONFLICT: there is nothing that it could be done to, op->error
 * says why; ANSHIN_EBUSY, ANSHIN_EFAULT.
 */
#ifndef ANSHIN_CORE_ADMIN_CERTIFICATES_H
#define ANSHIN_CORE_ADMIN_CERTIFICATES_H

#include "core/account/account.h"
#include "core/selfservice/method.h"
#include "core/selfservice/resend.h"

/* Whose: all devices of a user, one of them, or the one that has a certificate. */
typedef struct anshin_holder_t {
    const char *user;     /* as typed; NULL with serial */
    const char *serial;   /* as the store has it; NULL with user */
    apr_int64_t terminal; /* with user: that device alone; 0: all */
    int printed; /* of a reissue: once, by who hands out the password on paper, which the trail tells; what waits
                           * is none to be passed over, since its password may be what is lost */
} anshin_holder_t;

/* What came of it. */
typedef struct anshin_holder_done_t {
    const char *user; /* canonical */
    apr_array_header_t
        *issues; /* of anshin_method_issue_t: download passwords, shown once, of the certificates that are
                                 * being made */
    int waiting; /* devices that were passed over, since what is asked for is under way */
    int done;    /* devices that something was done for */
} anshin_holder_done_t;

/* Have certificates made that stand beside the present ones until they are first used (renewal.h), however near the end
 * of these is; the user is told by mail. Passed over: a device whose new certificate is being made or waits. */
apr_status_t anshin_holder_renew(anshin_op_t *op, const anshin_holder_t *holder, anshin_holder_done_t *done);

/* Have certificates made in place of those that the devices have, which are revoked with this, or that they have none
 * of; the user is told by mail. Passed over: a device whose certificate is being made, or waits and was not fetched. */
apr_status_t anshin_holder_reissue(anshin_op_t *op, const anshin_holder_t *holder, anshin_holder_done_t *done);

/* Revoke what the devices of a user (as typed) have, renewals with it; reason: CRLReason. Where they have nothing,
 * done->done is 0. */
apr_status_t anshin_holder_revoke(anshin_op_t *op, const char *user, int reason, anshin_holder_done_t *done);

/* Mail the links to what waits for download once more (resend.h). *why: where nothing was sent, why not. */
apr_status_t anshin_holder_resend(anshin_op_t *op, const anshin_holder_t *holder, anshin_resend_outcome_t *why,
                                  anshin_holder_done_t *done);

#endif
