/*
 * Proving a person again: the password of somebody who is logged in, the secret answer or the operator's code at a
 * reissue. Counted and reserved like a login (LCK-1).
 */
#ifndef ANSHIN_CORE_PROOF_H
#define ANSHIN_CORE_PROOF_H

#include "core/account.h"
#include "core/lockout.h"

typedef struct anshin_proof_t {
    int right;
    int locked;           /* the account is locked, by this attempt (then all its sessions have ended) or before */
    apr_time_t unlock_at; /* with locked: when it opens by itself, 0: the operator must open it */
    int remaining;        /* attempts left when wrong */
} anshin_proof_t;

/* Check a secret against a stored hash, in transactions of its own: kind says which counter. phc NULL: a dummy that is
 * never right. secret is what is hashed (normalised), a copy of the caller's that is wiped here. A lock sends its
 * notice. APR_SUCCESS with *proof, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_proof_check(anshin_op_t *op, anshin_counter_kind_t kind, const char *user, const char *phc,
                                const char *secret, anshin_proof_t *proof);

/* The same with several secrets in one attempt: it is right when all of them are, and each of them is hashed. */
typedef struct anshin_proof_part_t {
    const char *phc;
    const char *secret;
    const char *former; /* a form that was hashed before, tried where secret is not right; NULL: none */
} anshin_proof_part_t;
apr_status_t anshin_proof_check_all(anshin_op_t *op, anshin_counter_kind_t kind, const char *user,
                                    const anshin_proof_part_t *parts, int count, anshin_proof_t *proof);

/* A secret answer as it was typed; one hashed before typed text was unified (ADR-2) fits, too. In op's pool. */
anshin_proof_part_t anshin_proof_answer(anshin_op_t *op, const char *phc, const char *typed);

#endif
