/*
 * Registration of credentials by the user (REG-2 to REG-5).
 *
 * Between the pages the edge holds the link's token, sealed in the flow's cookie; how far it has come is the flow's
 * (core/context/flow.h).
 */
#ifndef ANSHIN_CORE_SELFSERVICE_REGISTRATION_H
#define ANSHIN_CORE_SELFSERVICE_REGISTRATION_H

#include "core/account/account.h"
#include "core/account/password.h"
#include "core/account/token.h"

/* Is the link good? APR_SUCCESS with the user, the terminal to begin with, and until when (NULL for what nobody asks);
 * ANSHIN_ENOTFOUND, ANSHIN_EDENIED (used, expired), ANSHIN_EFAULT, ANSHIN_EBUSY. Whether a code can be tried is the
 * lock of ANSHIN_COUNTER_REGISTRATION. */
apr_status_t anshin_registration_find(anshin_op_t *op, const char *token, anshin_account_t *account,
                                      anshin_terminal_t *terminal, apr_time_t *until);

typedef struct anshin_code_result_t {
    int right;
    int locked;    /* too many wrong codes */
    int remaining; /* attempts left when wrong */
} anshin_code_result_t;

/* Page 1. Answers of find, or APR_SUCCESS with *result; every wrong code is counted (LCK-1) and recorded. */
apr_status_t anshin_registration_code(anshin_op_t *op, const char *token, const char *code,
                                      anshin_code_result_t *result);

typedef struct anshin_registration_form_t {
    const char *password;
    const char *password_confirm;
    const char *question; /* id */
    const char *answer;
    const char *language; /* "ja" or "en": of the pages just used, becomes that of mail */
    int language_chosen;  /* the user chose it there; otherwise the one that the operator gave stays */
    const char *label;    /* of the first terminal, as typed; NULL: it stays as it is */
} anshin_registration_form_t;

typedef struct anshin_registration_result_t {
    unsigned password_broken;   /* bits 1 << anshin_rule_t; 0 together with the next three: done */
    const char *label_error;    /* key of a text ("errors.label_long") or NULL */
    const char *question_error; /* key of a text ("errors.choose") or NULL */
    const char *answer_error;   /* key of a text ("errors.required", "errors.answer_short" ...) or NULL */
    const char *user;
    int method;
    const char *download_password; /* for a certificate user: to be shown once (REG-4) */
} anshin_registration_result_t;

/* Page 2. All rules are checked in one go; nothing is changed unless all hold. Then account, job and used link are one
 * durable transaction (CRT-1). Answers of find (ANSHIN_EDENIED also when another POST was faster), ANSHIN_EBUSY (no
 * hash slot). */
apr_status_t anshin_registration_complete(anshin_op_t *op, const char *token, const anshin_registration_form_t *form,
                                          anshin_registration_result_t *result);

#endif
