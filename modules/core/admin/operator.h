/*
 * What the operator does with an account: create, invite, lock, unlock, reset, delete.
 */
#ifndef ANSHIN_CORE_ADMIN_OPERATOR_H
#define ANSHIN_CORE_ADMIN_OPERATOR_H

#include "core/account/attributes.h"
#include "core/account/imported.h"

/* How an invitation is handed out. */
typedef enum anshin_handed_t {
    ANSHIN_HANDED_AS_SHOWN, /* by whoever has made it, who sees it */
    ANSHIN_HANDED_BY_MAIL,  /* to the address; nobody else is shown it */
    ANSHIN_HANDED_ON_PAPER  /* by an operator at the help desk, which the trail tells */
} anshin_handed_t;

/* What the operator gives for a new user. */
typedef struct anshin_account_new_t {
    const char *user;                      /* as typed */
    const char *address;                   /* of the first terminal */
    int method;                            /* anshin_method_t; -1: the contract's default */
    int terminal_kind;                     /* anshin_terminal_kind_t */
    const char *language;                  /* NULL: the contract's */
    const char *label;                     /* of the first terminal, as typed; NULL: none */
    const anshin_attributes_t *attributes; /* NULL: none */
    const anshin_imported_t *imported;     /* in place of a registration, with method password alone; NULL: none */
    anshin_handed_t handed;                /* how the user gets the invitation */
} anshin_account_new_t;

typedef struct anshin_invitation_t {
    const char *url;  /* registration URL; NULL: none is needed, and the rest is nothing */
    const char *code; /* registration code, to be handed out another way */
    apr_time_t expires_at;
    const char *refused; /* key of a text: why none is mailed, as of anshin_invitation_room(), or printed; NULL */
} anshin_invitation_t;

/* Create a user with its first terminal and its invitation (REG-1), durably; with an imported hash it is in force at
 * once, without an invitation (IMP-2). APR_SUCCESS, ANSHIN_ECONFLICT (the ID is
 * taken), ANSHIN_EINVALID (names field and rule; also where an invitation cannot be mailed: invitation->refused),
 * ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_account_create(anshin_op_t *op, const anshin_account_new_t *spec, anshin_invitation_t *invitation);

/* Whether one could be made so, but for the ID that may be taken: nothing is written. APR_SUCCESS, ANSHIN_EINVALID
 * (names field and rule). */
apr_status_t anshin_account_new_check(anshin_op_t *op, const anshin_account_new_t *spec);

/* A new invitation for a user who has not registered yet; the old one ends. ANSHIN_ECONFLICT when registered already.
 */
apr_status_t anshin_account_invite(anshin_op_t *op, const char *user, anshin_invitation_t *invitation);

/* The same by mail to the first terminal's address; whoever orders it is not shown it. *refused: NULL, or the key of a
 * text about why nothing was done: "desk.registered", "desk.not_active" (locked or disabled before that), or as of
 * anshin_invitation_room(). ANSHIN_ENOTFOUND. */
apr_status_t anshin_account_invite_mailed(anshin_op_t *op, const char *user, const char **refused);

/* The same for paper: *invitation is shown once to who orders it, and counts as one of the day. invitation->refused as
 * *refused above, but for what is about mail. ANSHIN_ENOTFOUND. */
apr_status_t anshin_account_invite_printed(anshin_op_t *op, const char *user, anshin_invitation_t *invitation);

/* Lock, disable (ends all sessions, LOG-9), and unlock (state back to active or pending, every counter of the
 * user back to zero). Who is disabled is locked out already, and stays so; op->unchanged: it was so already. Durable.
 * ANSHIN_ENOTFOUND: no such user; ANSHIN_ECONFLICT: one at the help desk may not open what others have closed. */
apr_status_t anshin_account_lock(anshin_op_t *op, const char *user, anshin_account_state_t state);
apr_status_t anshin_account_unlock(anshin_op_t *op, const char *user);

/* Lock also who is disabled: the way back of whom disable found locked. Answers of anshin_account_lock(). */
apr_status_t anshin_account_relock(anshin_op_t *op, const char *user);

/* Let a user register anew, as one who has lost everything: password, secret answer, authenticator app and operator's
 * code are gone, certificates revoked, sessions ended, counters at zero; terminals, attributes and history stay. The
 * user is told by mail, without the invitation. Durable. ANSHIN_ENOTFOUND; ANSHIN_ECONFLICT: locked by the operator, or
 * disabled. */
apr_status_t anshin_account_reset(anshin_op_t *op, const char *user, anshin_invitation_t *invitation);

/* The next login asks for a new password (LOG-6); running sessions go on. op->unchanged: it does so already. Durable.
 * ANSHIN_ENOTFOUND; ANSHIN_ECONFLICT: not registered yet. */
apr_status_t anshin_account_must_change(anshin_op_t *op, const char *user);

/* Delete user, terminals, counters, sessions, invitation, waiting downloads and their blobs; revoke certificates. The
 * history stays until its retention ends. ANSHIN_ENOTFOUND: no such user. */
apr_status_t anshin_account_delete(anshin_op_t *op, const char *user);

#endif
