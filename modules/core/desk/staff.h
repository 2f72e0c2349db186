/*
 * Operators at the help desk (ROL-1 to ROL-3): who somebody is there, and what he may do to whom.
 *
 * An operator is a user of a contract with AnshinStaff on, and has a role. Other contracts name his in
 * AnshinOperators. Every question is answered here, by the table of verb.def, and what is not known is refused.
 */
#ifndef ANSHIN_CORE_DESK_STAFF_H
#define ANSHIN_CORE_DESK_STAFF_H

#include "core/account/member.h"

typedef enum anshin_desk_verb_t {
#define VERB(member, name, viewer, helpdesk, admin, organisation, changes, gives) ANSHIN_DESK_##member,
#include "core/desk/verb.def"
#undef VERB
    ANSHIN_DESK_VERBS /* so many there are */
} anshin_desk_verb_t;
extern const anshin_word_t anshin_desk_verb_words[];

/* 1: it changes something. */
int anshin_desk_verb_changes(anshin_desk_verb_t verb);

/* 1: and the user is made by it; it is done to one of the user's devices. */
int anshin_desk_verb_makes(anshin_desk_verb_t verb);
int anshin_desk_verb_of_device(anshin_desk_verb_t verb);

/* What it gives out that opens something. */
typedef enum anshin_desk_gives_t {
    ANSHIN_GIVES_NOTHING,
    ANSHIN_GIVES_INVITATION,
    ANSHIN_GIVES_PASSWORD
} anshin_desk_gives_t;
anshin_desk_gives_t anshin_desk_verb_gives(anshin_desk_verb_t verb);

typedef struct anshin_staff_t {
    const anshin_contract_t *contract; /* his own */
    const char *user;
    const char *number;
    anshin_role_t role;
    const char *organisation; /* NULL: none */
} anshin_staff_t;

/* Who is logged in at op->contract, as the account says now, in a read transaction of its own. ANSHIN_EDENIED: no
 * operator, or one without a role; ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_staff_find(anshin_op_t *op, const anshin_member_t *member, anshin_staff_t *staff);

/* The same of one who is not here, by ID and number, inside a transaction: an account that is not in force is denied as
 * well. */
apr_status_t anshin_staff_known(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *number,
                                anshin_staff_t *staff);

/* 1: a role may do that to somebody. */
int anshin_role_may(anshin_role_t role, anshin_desk_verb_t verb);

/* 1: the operator may do that on this contract, to this account; NULL: to somebody of it, of whom it has to be asked
 * again. */
int anshin_staff_may(const anshin_staff_t *staff, anshin_desk_verb_t verb, const anshin_contract_t *contract,
                     const anshin_account_t *account);

/* 1: nor is it about what others have closed. Whoever may not lock does not open what the operator has locked, whoever
 * may not disable does not open what is disabled, nor an organisation what others than itself have disabled; and LOCK
 * would open a part of what is disabled. */
int anshin_staff_may_open(const anshin_staff_t *staff, anshin_desk_verb_t verb, const anshin_account_t *account);

/* 1: the account is the one of that number: not whoever has the ID by now (IDN-1). "": one from before accounts had
 * numbers, which gets its own with the next change. NULL: nobody is meant. */
int anshin_staff_means(const char *number, const anshin_account_t *account);

/* What an operator is about to do; the operation that is made of it must not outlive it. */
typedef struct anshin_staff_deed_t {
    const anshin_staff_t *staff;
    const anshin_staff_t *asker; /* who has asked for it, and must be allowed to do it as well (AnshinFourEyes); NULL */
    anshin_desk_verb_t verb;
    const char *number; /* of the account that is meant, as of anshin_staff_means() */
    const char *why;    /* NULL: none was asked for */
    anshin_permit_t permit;
} anshin_staff_deed_t;

/* An operation on a contract by the operator whose request from is. Whatever it changes is asked about with each
 * act, in the transaction of the change, and refused unless it is meant and anshin_staff_may(). */
void anshin_staff_op(anshin_op_t *op, const anshin_op_t *from, const anshin_contract_t *contract,
                     anshin_staff_deed_t *deed);

#endif
