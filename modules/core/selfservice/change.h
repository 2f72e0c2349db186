/* What a user changes while logged in: password, secret question (ACC-3), and being asked for the password again
 * (ACC-7). */
#ifndef ANSHIN_CORE_SELFSERVICE_CHANGE_H
#define ANSHIN_CORE_SELFSERVICE_CHANGE_H

#include "core/account/member.h"
#include "core/account/password.h"
#include "core/login/reauthentication.h"

/* Check the password again. When right the session gets a new id (S14) and is fresh: *session_id goes into the cookie,
 * NULL otherwise. APR_SUCCESS with *proof; ANSHIN_EDENIED (the session has ended meanwhile); ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_member_prove(anshin_op_t *op, const anshin_member_t *member, const char *password,
                                 anshin_reauthentication_t *proof, const char **session_id);

typedef struct anshin_change_result_t {
    anshin_reauthentication_t proof; /* of the current password */
    unsigned password_broken;        /* bits of anshin_rule_t */
    const char *question_error;      /* keys of texts, or NULL */
    const char *answer_error;
    const char *session_id; /* new id when the change was made, NULL when not */
} anshin_change_result_t;

/* Change the password: all other sessions end, a notice goes out (S3, S13, S16). Answers of anshin_member_prove(). */
apr_status_t anshin_password_change(anshin_op_t *op, const anshin_member_t *member, const char *current,
                                    const char *password, const char *confirm, anshin_change_result_t *result);

/* Change question and answer. */
apr_status_t anshin_question_change(anshin_op_t *op, const anshin_member_t *member, const char *current,
                                    const char *question, const char *answer, anshin_change_result_t *result);

/* 1 when something asks for the secret answer in this contract: a reissue, or the page that changes it (U06). */
int anshin_question_wanted(const anshin_policy_t *policy);

/* The rules for question and answer, for every page that takes them: keys of texts, or NULL. *normal: what is
 * hashed. */
void anshin_question_check(anshin_op_t *op, const char *question, const char *answer, const char **question_error,
                           const char **answer_error, const char **normal);

#endif
