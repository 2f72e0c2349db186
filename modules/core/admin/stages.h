/*
 * How far a user has come, in words that operators choose users by: from the invitation to the first login, and what
 * hinders a user now. One user may stand at several at once: devices come one after the other.
 */
#ifndef ANSHIN_CORE_ADMIN_STAGES_H
#define ANSHIN_CORE_ADMIN_STAGES_H

#include "core/admin/particulars.h"
#include "core/base/words.h"

typedef enum anshin_user_stage_t {
    ANSHIN_USER_INVITED,    /* has not registered yet, in time or not; also called pending */
    ANSHIN_USER_REGISTERED, /* has registered: the certificate of a device is being made, or there is none; by another
                             * method: has never logged in */
    ANSHIN_USER_ISSUED,     /* a certificate that counts was made, and its file not fetched yet, as far as is known */
    ANSHIN_USER_DOWNLOADED, /* it was fetched, and nobody has logged in with it yet */
    ANSHIN_USER_USED,       /* somebody has logged in with it; by another method: the user has logged in */
    ANSHIN_USER_EXPIRING,   /* one ends so soon that it can be renewed (anshin_renewal_window()) */
    ANSHIN_USER_ACTIVE,     /* the account's state */
    ANSHIN_USER_LOCKED,     /* by the operator or the user, or by too many attempts */
    ANSHIN_USER_DISABLED,
    ANSHIN_USER_LOST_DEVICE /* cannot report a lost device, after too many wrong answers there; can log in */
} anshin_user_stage_t;

extern const anshin_word_t anshin_user_stage_words[]; /* "invited" ..., and "pending" */

/* Where a user stands: bits 1 << stage. */
unsigned anshin_user_stages(const anshin_op_t *op, const anshin_particulars_t *user);

#endif
