/*
 * Attributes of an account: see attributes.h.
 */
#include "core/account/attributes.h"

#include <string.h>

const anshin_word_t anshin_attribute_words[] = {{"name", ANSHIN_ATTRIBUTE_NAME},
                                                {"organisation", ANSHIN_ATTRIBUTE_ORGANISATION},
                                                {"groups", ANSHIN_ATTRIBUTE_GROUPS},
                                                {"memo", ANSHIN_ATTRIBUTE_MEMO},
                                                {"valid_from", ANSHIN_ATTRIBUTE_VALID_FROM},
                                                {"valid_until", ANSHIN_ATTRIBUTE_VALID_UNTIL},
                                                {"role", ANSHIN_ATTRIBUTE_ROLE},
                                                {NULL, 0}};

static int has(const anshin_attributes_t *given, anshin_attribute_t attribute)
{
    return (given->given & (1 << attribute)) != 0;
}

static int same(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* *member is what the account has. */
static apr_status_t put_text(anshin_op_t *op, anshin_attribute_t attribute, const char *typed, int most,
                             const char **member, int *changed)
{
    const char *normal = anshin_attribute_typed(typed, op->pool);
    const char *advice = anshin_attribute_advice(normal, most, op->pool);

    if (advice != NULL) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1431", "%s \"%.200s\": %s",
                           anshin_word_name(anshin_attribute_words, attribute, ""), typed, advice);
    }
    if (!same(*member, normal)) {
        *changed |= 1 << attribute;
        *member = normal;
    }
    return APR_SUCCESS;
}

static int same_groups(const apr_array_header_t *a, const apr_array_header_t *b)
{
    int count = a != NULL ? a->nelts : 0;

    if (count != b->nelts) {
        return 0;
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(APR_ARRAY_IDX(a, i, const char *), APR_ARRAY_IDX(b, i, const char *)) != 0) {
            return 0;
        }
    }
    return 1;
}

static apr_status_t put_groups(anshin_op_t *op, const char *typed, anshin_account_t *account, int *changed)
{
    const char *wrong;
    apr_array_header_t *groups = anshin_groups_typed(typed, &wrong, op->pool);

    if (wrong != NULL) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1432",
                           "groups: \"%.80s\" cannot be the name of a group; give names of 1 to %d of a-z 0-9 . _ -, "
                           "starting with a letter or digit, with commas between them",
                           wrong, ANSHIN_GROUP_MAX);
    }
    if (groups == NULL) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1433", "groups: there are more than %d; give fewer",
                           ANSHIN_GROUPS_MAX);
    }
    if (!same_groups(account->groups, groups)) {
        *changed |= 1 << ANSHIN_ATTRIBUTE_GROUPS;
        account->groups = groups;
    }
    return APR_SUCCESS;
}

static void put_time(anshin_attribute_t attribute, apr_time_t given, apr_time_t *member, int *changed)
{
    if (*member != given) {
        *changed |= 1 << attribute;
        *member = given;
    }
}

/* Of no organisation an administrator could act on nobody, or on everybody who has none. */
static apr_status_t put_role(anshin_op_t *op, const anshin_attributes_t *given, anshin_account_t *account, int *changed)
{
    if (has(given, ANSHIN_ATTRIBUTE_ROLE) && account->role != given->role) {
        *changed |= 1 << ANSHIN_ATTRIBUTE_ROLE;
        account->role = given->role;
    }
    if (has(given, ANSHIN_ATTRIBUTE_ROLE) && given->role != ANSHIN_ROLE_NONE && !op->contract->policy.staff) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1503",
                           "role: users of contract %s are no operators (AnshinStaff off)", op->contract->name);
    }
    if (account->role == ANSHIN_ROLE_ORGANISATION && same(account->organisation, NULL)) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1504",
                           "role: organisation needs the organisation whose users the operator acts on; give it too");
    }
    return APR_SUCCESS;
}

static apr_status_t put_texts(anshin_op_t *op, anshin_account_t *account, const anshin_attributes_t *given,
                              int *changed)
{
    apr_status_t status = APR_SUCCESS;

    if (has(given, ANSHIN_ATTRIBUTE_NAME)) {
        status = put_text(op, ANSHIN_ATTRIBUTE_NAME, given->name, ANSHIN_NAME_MAX, &account->name, changed);
    }
    if (status == APR_SUCCESS && has(given, ANSHIN_ATTRIBUTE_ORGANISATION)) {
        status = put_text(op, ANSHIN_ATTRIBUTE_ORGANISATION, given->organisation, ANSHIN_NAME_MAX,
                          &account->organisation, changed);
    }
    if (status == APR_SUCCESS && has(given, ANSHIN_ATTRIBUTE_MEMO)) {
        status = put_text(op, ANSHIN_ATTRIBUTE_MEMO, given->memo, ANSHIN_MEMO_MAX, &account->memo, changed);
    }
    return status;
}

apr_status_t anshin_attributes_put(anshin_op_t *op, anshin_account_t *account, const anshin_attributes_t *given,
                                   int *changed)
{
    apr_status_t status;

    *changed = 0;
    status = put_texts(op, account, given, changed);
    if (status == APR_SUCCESS && has(given, ANSHIN_ATTRIBUTE_GROUPS)) {
        status = put_groups(op, given->groups, account, changed);
    }
    status = status == APR_SUCCESS ? put_role(op, given, account, changed) : status;
    if (has(given, ANSHIN_ATTRIBUTE_VALID_FROM)) {
        put_time(ANSHIN_ATTRIBUTE_VALID_FROM, given->valid_from, &account->valid_from, changed);
    }
    if (has(given, ANSHIN_ATTRIBUTE_VALID_UNTIL)) {
        put_time(ANSHIN_ATTRIBUTE_VALID_UNTIL, given->valid_until, &account->valid_until, changed);
    }
    if (status == APR_SUCCESS && account->valid_until != 0 && account->valid_until < account->valid_from) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1434",
                           "valid_until: lies before valid_from; give a later time");
    }
    return status;
}

int anshin_account_in_group(const anshin_account_t *account, const char *name)
{
    for (int i = 0; account->groups != NULL && i < account->groups->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(account->groups, i, const char *), name) == 0) {
            return 1;
        }
    }
    return 0;
}
