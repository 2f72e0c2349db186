/*
 * One user before an operator at the help desk: looked up, and acted on (ROL-2, ROL-3).
 *
 * A user on whom the operator may not act is as one who is not there, whatever the reason: the same answer.
 */
#ifndef ANSHIN_CORE_DESK_DESK_USER_H
#define ANSHIN_CORE_DESK_DESK_USER_H

#include "core/admin/particulars.h"
#include "core/desk/handout.h"
#include "core/desk/staff.h"
#include "core/mail/mail_list.h"

#define ANSHIN_WHY_MAX 200 /* characters of a reason */

/* Whom an operator means: not whoever has the ID by now, if that is another account (IDN-1). */
typedef struct anshin_desk_whom_t {
    const char *contract;
    const char *user;   /* canonical */
    const char *number; /* of the account, "" where it has none (core/account/account.h); NULL: nobody is meant */
} anshin_desk_whom_t;

typedef struct anshin_desk_facts_t {
    const anshin_contract_t *contract;
    anshin_particulars_t user;
    apr_int64_t failures[8];            /* of each counter (anshin_counter_kind_t), since the last success or unlock */
    unsigned locked;                    /* the counters that are full, bits 1 << kind; of any download */
    anshin_lock_t lost_device;          /* of answers behind the link of a lost device (LCK-2) */
    apr_interval_time_t renewal_window; /* certificates that end within it can be renewed */
    apr_array_header_t *sessions;       /* of anshin_session_t, without ids */
    apr_array_header_t *history;        /* of const anshin_history_t *, newest first, at most ANSHIN_DESK_HISTORY */
    apr_array_header_t *mails; /* of anshin_mail_t, newest first, at most ANSHIN_DESK_MAILS: of their records alone;
                                * NULL: not looked for */
} anshin_desk_facts_t;
#define ANSHIN_DESK_HISTORY 20
#define ANSHIN_DESK_MAILS ANSHIN_MAIL_LIST_MOST

/* All that an operator may see of a user but mail: no secret, and no hash of one. In op's pool, op being of the
 * operator's own contract. APR_SUCCESS; ANSHIN_ENOTFOUND: nobody on whom this operator may look; ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_desk_see(anshin_op_t *op, const anshin_staff_t *staff, const anshin_desk_whom_t *whom,
                             anshin_desk_facts_t *facts);

/* What anshin_desk_see() has found, with the user's mail: by the user's list, or by a walk through all mail where
 * the worker has not made the lists yet (core/mail/mail_list.h). APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_desk_see_mails(anshin_op_t *op, anshin_desk_facts_t *facts);

/* What an operator orders. */
typedef struct anshin_desk_order_t {
    const anshin_member_t *member; /* the operator's session */
    const anshin_staff_t *asker;   /* the other operator, who has asked for it (AnshinFourEyes); NULL: nobody has */
    anshin_desk_verb_t verb;
    anshin_desk_whom_t whom;
    apr_int64_t terminal;      /* of a verb of one device */
    const char *why;           /* as typed; NULL: nothing */
    anshin_handout_t *handout; /* filled with what was made for paper; NULL: nothing is */
    const char *id;            /* with handout: of the form */
} anshin_desk_order_t;

/* What is wrong with a reason as typed, by what the user's contract asks for: key of a text; NULL: nothing. */
const char *anshin_desk_why_error(const anshin_contract_t *contract, const char *typed, apr_pool_t *pool);

/* Do it, durably. *error: key of a text about why it was not done ("errors.why_missing", "desk.not_registered"
 * ...); NULL: it was. ANSHIN_EDENIED: no operator, a role that may not, or a session whose password was not checked
 * recently (S12); ANSHIN_ENOTFOUND as above; ANSHIN_EINVALID: a handout without an id; ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_desk_do(anshin_op_t *op, const anshin_desk_order_t *order, const char **error);

#endif
