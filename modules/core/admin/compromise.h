/*
 * The key of a CA may be in somebody's hands (CAS-4): all that it has issued is revoked, and its users are told by
 * mail, a bounded number at a time, where to get a new certificate.
 *
 * Both go on where they were when they are called again, whoever died in between: what is revoked is not looked at
 * again, and who has been told bears a mark that was written with the mail.
 */
#ifndef ANSHIN_CORE_ADMIN_COMPROMISE_H
#define ANSHIN_CORE_ADMIN_COMPROMISE_H

#include "core/certificate/revoked.h"

/* How many certificates are still to be revoked, and how many users to be told. APR_SUCCESS, ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_compromise_count(anshin_op_t *op, const anshin_revoked_ca_t *ca, int *active, int *waiting);

/* Revoke every active certificate of op->contract that is of the CA, each in a durable transaction of its own,
 * which ends its sessions and wipes what waits for download. *revoked: how many. On failure the others stay as
 * they were: call again. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_compromise_revoke(anshin_op_t *op, const anshin_revoked_ca_t *ca, int *revoked);

typedef struct anshin_compromise_told_t {
    int mailed;
    int passed; /* nobody to tell: there is a newer certificate, or none is wanted any more */
    int left;   /* for the next call */
} anshin_compromise_told_t;

/* Mail to at most `most` of those whose certificate was revoked so. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT; *told is
 * right in any case. */
apr_status_t anshin_compromise_tell(anshin_op_t *op, const anshin_revoked_ca_t *ca, int most,
                                    anshin_compromise_told_t *told);

#endif
