/*
 * Proving a person again: the password of somebody who is logged in, the secret answer or the operator's code at a
 * reissue. Counted and reserved like a login (LCK-1).
 */
#ifndef ANSHIN_CORE_LOGIN_REAUTHENTICATION_H
#define ANSHIN_CORE_LOGIN_REAUTHENTICATION_H

#include "core/account/account.h"
#include "core/account/lockout.h"
#include "core/account/password.h"

typedef struct anshin_reauthentication_t {
    int right;
    int locked;         /* the account is locked, by this attempt (then all its sessions have ended) or before */
    anshin_lock_t lock; /* with locked */
    int remaining;      /* attempts left when wrong */
} anshin_reauthentication_t;

/* Check a secret against a stored hash, in transactions of its own: kind says which counter. phc NULL: a dummy that is
 * never right. secret is what is hashed (normalised), a copy of the caller's that is wiped here. A lock sends its
 * notice. APR_SUCCESS with *proof, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_reauthentication_check(anshin_op_t *op, anshin_counter_kind_t kind, const char *user,
                                           const char *phc, const char *secret, anshin_reauthentication_t *proof);

/* The same with several secrets in one attempt: it is right when all of them are, and each of them is hashed. */
typedef struct anshin_reauthentication_part_t {
    const char *phc;
    const char *secret;
    const char
        *former[ANSHIN_ANSWER_AGES]; /* forms that were hashed before, tried where secret is not right; NULL: none */
} anshin_reauthentication_part_t;
apr_status_t anshin_reauthentication_check_all(anshin_op_t *op, anshin_counter_kind_t kind, const char *user,
                                               const anshin_reauthentication_part_t *parts, int count,
                                               anshin_reauthentication_t *proof);

/* A secret answer as it was typed; one hashed before typed text was unified (ADR-2) fits, too. In op's pool. */
anshin_reauthentication_part_t anshin_reauthentication_answer(anshin_op_t *op, const char *phc, const char *typed);

#endif
