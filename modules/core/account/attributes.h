/*
 * What an operator writes of a user (ATT-1): name, organisation, groups, memo, from when until when the account is
 * valid; and the role of one who is an operator as well (ROL-1).
 */
#ifndef ANSHIN_CORE_ACCOUNT_ATTRIBUTES_H
#define ANSHIN_CORE_ACCOUNT_ATTRIBUTES_H

#include "core/account/account.h"
#include "core/base/attribute.h"

/* Which of them, a bit each. */
typedef enum anshin_attribute_t {
    ANSHIN_ATTRIBUTE_NAME,
    ANSHIN_ATTRIBUTE_ORGANISATION,
    ANSHIN_ATTRIBUTE_GROUPS,
    ANSHIN_ATTRIBUTE_MEMO,
    ANSHIN_ATTRIBUTE_VALID_FROM,
    ANSHIN_ATTRIBUTE_VALID_UNTIL,
    ANSHIN_ATTRIBUTE_ROLE
} anshin_attribute_t;
extern const anshin_word_t anshin_attribute_words[]; /* "name" ..., for people and programs */

/* As they were given. Texts are as typed; "" is none, 0 no limit. */
typedef struct anshin_attributes_t {
    int given; /* bits 1 << anshin_attribute_t; the others stay as they are */
    const char *name;
    const char *organisation;
    const char *groups; /* the whole set, with commas between them */
    const char *memo;
    apr_time_t valid_from;
    apr_time_t valid_until; /* the last moment */
    int role;               /* anshin_role_t */
} anshin_attributes_t;

/* Check them, and put those that are given into *account, in normal form. *changed: bits of those that are otherwise
 * now than they were. APR_SUCCESS; ANSHIN_EINVALID: one breaks its rule, op->error names both, and the account is
 * not to be written. */
apr_status_t anshin_attributes_put(anshin_op_t *op, anshin_account_t *account, const anshin_attributes_t *given,
                                   int *changed);

/* 1 when the account is in this group (canonical). */
int anshin_account_in_group(const anshin_account_t *account, const char *name);

#endif
