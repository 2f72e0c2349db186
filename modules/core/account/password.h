/*
 * Rules for passwords and secret answers (PWD-1, PWD-2, PWD-4), as pure functions of contract, account and text.
 */
#ifndef ANSHIN_CORE_ACCOUNT_PASSWORD_H
#define ANSHIN_CORE_ACCOUNT_PASSWORD_H

#include "core/account/account.h"

/* Each rule that a password can break; a set of bits. The names are those of the texts (rules.too_short ...). */
typedef enum anshin_rule_t {
    ANSHIN_RULE_EMPTY,
    ANSHIN_RULE_TOO_SHORT,
    ANSHIN_RULE_TOO_LONG,
    ANSHIN_RULE_CHARACTER,
    ANSHIN_RULE_SPACE,
    ANSHIN_RULE_NEED_DIGIT,
    ANSHIN_RULE_NEED_UPPER,
    ANSHIN_RULE_NEED_LOWER,
    ANSHIN_RULE_NEED_SYMBOL,
    ANSHIN_RULE_CONTAINS_USER,
    ANSHIN_RULE_CONTAINS_ADDRESS,
    ANSHIN_RULE_BLOCKLISTED,
    ANSHIN_RULE_MISMATCH,
    ANSHIN_RULE_SAME_AS_CURRENT,
    ANSHIN_RULE_USED_BEFORE,
    ANSHIN_RULE_COUNT
} anshin_rule_t;

/* "too_short" ...; static. */
const char *anshin_rule_name(anshin_rule_t rule);

/* The password as it is hashed: U+00A5 becomes U+005C; nothing else changes (S1). In pool. */
const char *anshin_password_normalise(const char *typed, apr_pool_t *pool);

/* Every rule that a normalised password breaks, as bits 1 << anshin_rule_t; 0: it is fine. addresses: NULL terminated
 * mail addresses of the user's terminals. MISMATCH is the caller's. A blocklist that cannot be read is
 * ANSHIN_EFAULT. */
apr_status_t anshin_password_check(anshin_op_t *op, unsigned *broken, const char *password, const char *user,
                                   const char *const *addresses);

/* The same, and against its confirmation (both normalised). */
apr_status_t anshin_password_check_typed(anshin_op_t *op, unsigned *broken, const char *password, const char *confirm,
                                         const char *user, const char *const *addresses);

/* The same for a user who has, or had, a password: also against the current one and the contract's number of former
 * ones (PWD-2), which costs a hash each. */
apr_status_t anshin_password_check_new(anshin_op_t *op, unsigned *broken, const char *password, const char *confirm,
                                       const anshin_account_t *account, const char *const *addresses);

/* Days until the password expires: 0 it has, or the operator wants it changed; -1 not worth a word (LOG-6). */
int anshin_password_days_left(const anshin_op_t *op, const anshin_account_t *account);

/* argon2id of a normalised secret. APR_SUCCESS, ANSHIN_EBUSY (no hash slot), ANSHIN_EFAULT. */
apr_status_t anshin_password_hash(anshin_op_t *op, char phc[ANSHIN_PHC_MAX], const char *secret);

/* Put a new hash into *account, the former one into its history, unless another system made that (imported.h). */
void anshin_password_set(anshin_op_t *op, anshin_account_t *account, const char *phc);

/* The answer as it is hashed: as anshin_unicode_typed() folds it, katakana as hiragana, white space around it cut and
 * runs inside made one space. In pool, NULL when it is not valid UTF-8 or holds control characters. */
const char *anshin_answer_normalise(const char *typed, apr_pool_t *pool);

/* As answers were hashed before: age 0, until the kana were unified (U25); age 1, until hyphens and what cannot be seen
 * were as well. For hashes of that time. */
#define ANSHIN_ANSWER_AGES 2
const char *anshin_answer_former(const char *typed, int age, apr_pool_t *pool);

#define ANSHIN_ANSWER_MAX 200 /* bytes after normalisation */

#endif
