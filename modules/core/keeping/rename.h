/*
 * A contract gets another name (BAK-2): whatever the store has under the old one has it under the new one afterwards.
 *
 * The configuration is changed first: the new name is declared, the old one is not any more. So nobody changes
 * anything under the old name meanwhile, and users can log in again, one after the other, as their accounts come over.
 * Each step is a transaction that takes the records of one user from one name to the other, the account last: who is
 * killed in between goes on with the same call. httpd and the worker go on; nothing is copied, nothing is there twice.
 * What a process of httpd with the old configuration writes meanwhile comes over behind the rest (late.h); until all
 * has come, nobody is made or erased under the new name (core/context/renaming.h).
 *
 *   goes over   accounts with their passwords, devices, counters and locks, certificates, history, mail and jobs that
 *               wait, links and files that wait, numbers for the help desk, what waits for a second operator
 *   ends        sessions, steps of pages that are open, marks of known browsers (their cookies have the old name), and
 *               codes that were mailed in place of links or to log in, which are bound to the name
 *   stays       the audit trail: it tells what was, under the name of then (core/context/former.h)
 */
#ifndef ANSHIN_CORE_KEEPING_RENAME_H
#define ANSHIN_CORE_KEEPING_RENAME_H

#include "core/keeping/belonging.h"

typedef enum anshin_rename_state_t {
    ANSHIN_RENAME_NEW,   /* it begins; or what was written under the old name afterwards comes over */
    ANSHIN_RENAME_BEGUN, /* it goes on */
    ANSHIN_RENAME_DONE   /* it has been renamed already, and nothing is left under the old name */
} anshin_rename_state_t;

/* What is to be done, and what whoever has agreed to it was told. */
typedef struct anshin_rename_t {
    const char *from;
    anshin_rename_state_t seen; /* of anshin_contract_rename_check(): holds still in the transaction that begins */
    void (*progress)(void *baton, apr_int64_t records); /* after each step: so many are done; may be NULL */
    void *baton;
} anshin_rename_t;

typedef struct anshin_renamed_t {
    anshin_rename_state_t state; /* as it was found */
    apr_int64_t users;
    apr_int64_t records; /* that went over, those of the users as well */
    apr_int64_t ended;   /* that did not */
} anshin_renamed_t;

/* Whether it can be done: op's contract is the new one. ANSHIN_ENOTFOUND: there is nothing under the old name;
 * ANSHIN_ECONFLICT: there are users under the new one, and it was never called so, or was and that name has users of
 * its own by now; or another renaming has one of the names. The way back of one that is under way is none.
 * Nothing is written. ANSHIN_EINVALID: a name that none can have, both the same, the old one is declared. ANSHIN_EBUSY.
 * ANSHIN_EFAULT: also where the store tells that it is under way, but not that the contract was called so, which the
 * same step writes. */
apr_status_t anshin_contract_rename_check(anshin_op_t *op, const char *from, anshin_rename_state_t *state);

/* Do it, or go on with it. The same answers; ANSHIN_ECONFLICT as well: it is not as it was seen any more, and nothing
 * is done; or somebody was created under the new name meanwhile who is there under the old one, too; ANSHIN_EBUSY as
 * well: others write under the old name still. What is done then stays, and the same call goes on. */
apr_status_t anshin_contract_rename(anshin_op_t *op, const anshin_rename_t *rename, anshin_renamed_t *renamed);

#endif
