/*
 * What an operator writes of a user: the form of names, organisations, memos and groups (ATT-1).
 */
#ifndef ANSHIN_CORE_BASE_ATTRIBUTE_H
#define ANSHIN_CORE_BASE_ATTRIBUTE_H

#include <apr_tables.h>

#include "core/base/anshin.h"

#define ANSHIN_NAME_MAX 64 /* characters of a name or an organisation: ub-organization-name, RFC 5280 A.1 */
#define ANSHIN_MEMO_MAX 500
#define ANSHIN_GROUP_MAX 32  /* of the name of a group */
#define ANSHIN_GROUPS_MAX 32 /* that a user is in */

/* The normal form of a text: NFC, which leaves every character as it looks, without the spaces around it. Names and
 * organisations are stored and compared in it. In pool; NULL: it is not UTF-8, or has control characters. */
const char *anshin_attribute_typed(const char *typed, apr_pool_t *pool);

/* What is wrong with a normal form (NULL is) of at most so many characters, in English for the operator; NULL: nothing.
 * What is good has one line, and no character that cannot be seen or turns round what stands beside it. In pool. */
const char *anshin_attribute_advice(const char *normal, int most, apr_pool_t *pool);

/* The canonical name of a group, as it stands in the store, in Require and in a list with commas: as of a user ID
 * (anshin_user_canonical()), but of 1 to ANSHIN_GROUP_MAX of a-z 0-9 . _ -, starting with a letter or digit. In pool;
 * NULL: no group can be called so. */
const char *anshin_group_canonical(const char *typed, apr_pool_t *pool);

/* A set of groups as it was typed, with commas between them: const char *, canonical, in order, each once. In pool.
 * NULL: *wrong is none (in pool), or, where it is NULL, there are more than ANSHIN_GROUPS_MAX. */
apr_array_header_t *anshin_groups_typed(const char *typed, const char **wrong, apr_pool_t *pool);

/* 1 when a canonical name is in a set as sessions have it: names with commas between them; NULL: none. */
int anshin_groups_have(const char *groups, const char *name);

#endif
