/*
 * Reissue of a password (PRI) or a certificate (CRI) to somebody who cannot log in.
 *
 * A request is only queued: the worker looks whether ID and address belong together and sends the mail, so that the
 * page neither says nor shows by its time whether they do (S8). The link asks for a proof that is as strong as that of
 * the registration (S11): the secret question, or, where the contract wants it, the remaining factor.
 */
#ifndef ANSHIN_CORE_SELFSERVICE_REISSUE_H
#define ANSHIN_CORE_SELFSERVICE_REISSUE_H

#include "core/account/account.h"
#include "core/account/lockout.h"
#include "core/account/token.h"
#include "core/login/reauthentication.h"

typedef enum anshin_reissue_kind_t {
    ANSHIN_REISSUE_ID = 0, /* asked for by address alone: the mail itself tells the user IDs (id_mail.h) */
    ANSHIN_REISSUE_PASSWORD = ANSHIN_TOKEN_PASSWORD,
    ANSHIN_REISSUE_CERTIFICATE = ANSHIN_TOKEN_CERTIFICATE,
    ANSHIN_REISSUE_LOST = ANSHIN_TOKEN_LOST_DEVICE, /* asked for and proven alike, gives nothing (lost_device.h) */
    ANSHIN_REISSUE_RESEND = ANSHIN_TOKEN_DOWNLOAD   /* asked for alike: the link to what waits once more (resend.h) */
} anshin_reissue_kind_t;

/* 1 when contract, state and method of the account allow it at all. */
int anshin_reissue_allowed(const anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account);

/* What a link is bound to: a keyed hash of the address that it was mailed to. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_reissue_address_mac(anshin_op_t *op, const char *address, const char **mac);

/* What a link asks for. */
typedef enum anshin_reissue_proof_t {
    ANSHIN_PROOF_QUESTION,
    ANSHIN_PROOF_PASSWORD, /* certificate reissue: the remaining factor */
    ANSHIN_PROOF_CODE      /* password reissue, lost device: a code from the operator */
} anshin_reissue_proof_t;

/* Where a link leads, and what is to be told before it is followed (AnshinReissueGap). */
typedef struct anshin_reissue_asked_t {
    anshin_reissue_proof_t proof;
    const char *user;
    apr_time_t opens_at;  /* 0, or until then the operator's code is needed as well: the other kind was reissued */
    apr_time_t closes_to; /* 0, or until then this reissue will keep the other kind waiting */
    anshin_lock_t lock;   /* that a proof meets now */
    apr_time_t until;     /* the link leads here */
} anshin_reissue_asked_t;

/* ANSHIN_ENOTFOUND, ANSHIN_EDENIED (used, expired, no longer allowed, or mailed to an address that is not the user's
 * any more), ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_reissue_find(anshin_op_t *op, anshin_reissue_kind_t kind, const char *token,
                                 anshin_reissue_asked_t *asked);

typedef struct anshin_reissue_result_t {
    anshin_reauthentication_t proof;
    const char *user;
    const char *password;          /* new password, shown once */
    int must_change;               /* it must be changed at the next login */
    const char *download_password; /* of the new certificate, shown once */
} anshin_reissue_result_t;

typedef struct anshin_reissue_typed_t {
    const char *question; /* its id */
    const char *answer;   /* or password, or the operator's code, where that is the proof */
    const char *code;     /* the operator's, which opens a gap; "" where there is none */
} anshin_reissue_typed_t;

/* Prove and execute in one go. Answers of find; ANSHIN_EDENIED also when the other kind was reissued meanwhile. Wrong
 * proofs count on the account (LCK-3). A new password ends all sessions; a new certificate revokes the old one. */
apr_status_t anshin_reissue_execute(anshin_op_t *op, anshin_reissue_kind_t kind, const char *token,
                                    const anshin_reissue_typed_t *typed, anshin_reissue_result_t *result);

/* The operator's code for a password reissue by AnshinReissueProof factor, or for one that AnshinReissueGap keeps
 * waiting; a former one ends. ANSHIN_ENOTFOUND: no such user; ANSHIN_EDENIED: no page asks this user for one. */
#define ANSHIN_REISSUE_CODE_LIFE apr_time_from_sec(86400)
apr_status_t anshin_reissue_code(anshin_op_t *op, const char *user, const char **code, apr_time_t *expires_at);

/* --- for reissue_request.c --- */

/* By the key of its token: could a link that was mailed still be followed? Not one that was used or has expired, nor
 * one whose mail box is no longer the user's, nor a code that was typed already. APR_SUCCESS, ANSHIN_EFAULT,
 * ANSHIN_EBUSY. */
apr_status_t anshin_reissue_link_works(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *works);

/* --- for lost_device.c --- */

/* What proves the person there, by the contract's AnshinReissueProof. */
anshin_reissue_proof_t anshin_reissue_proof_of(const anshin_op_t *op, anshin_reissue_kind_t kind);

/* anshin_reissue_find() inside a transaction. */
apr_status_t anshin_reissue_find_in(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind, const char *token,
                                    anshin_link_t *found);

/* Check what was typed, counted; account: that of the link. Answers of anshin_reauthentication_check_all(). */
apr_status_t anshin_reissue_prove(anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account,
                                  const anshin_reissue_typed_t *typed, anshin_reauthentication_t *proof);

/* The link again, inside the transaction of what follows a right proof. ANSHIN_EDENIED also: locked meanwhile, or what
 * proved the person is not what it was in *before: nobody gets two things for one code. */
apr_status_t anshin_reissue_find_proven(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind,
                                        const char *token, const anshin_link_t *before, anshin_link_t *found);

/* The operator's code is used up. */
void anshin_reissue_end_code(anshin_account_t *account);

#endif
