/*
 * What an operator gives for a user: see given.h.
 */
#include "core/admin/given.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/address.h"
#include "core/base/label.h"

apr_status_t anshin_given_address(anshin_op_t *op, const char *typed, const char **address)
{
    anshin_address_rule_t rule;

    *address = anshin_address_typed(typed, op->pool);
    rule = anshin_address_rule(*address);
    return rule == ANSHIN_ADDRESS_GOOD ? APR_SUCCESS
                                       : anshin_fail(&op->error, ANSHIN_EINVALID, "AN0141", "mail address \"%s\": %s",
                                                     *address, anshin_address_advice(rule));
}

apr_status_t anshin_given_label(anshin_op_t *op, const char *typed, const char **label)
{
    anshin_label_rule_t rule;

    *label = anshin_label_typed(typed, op->pool);
    rule = anshin_label_rule(*label);
    return rule == ANSHIN_LABEL_GOOD ? APR_SUCCESS
                                     : anshin_fail(&op->error, ANSHIN_EINVALID, "AN1260", "label \"%.120s\": %s", typed,
                                                   anshin_label_advice(rule));
}

/* The words of those that a contract admits. */
static const char *admitted(const anshin_word_t *words, apr_int64_t set, apr_pool_t *pool)
{
    const char *text = NULL;

    for (; words->name != NULL; words++) {
        if (ANSHIN_HAS(set, words->value)) {
            text = text != NULL ? apr_pstrcat(pool, text, ", ", words->name, NULL) : words->name;
        }
    }
    return text != NULL ? text : "none";
}

apr_status_t anshin_given_method(anshin_op_t *op, apr_int64_t method)
{
    return ANSHIN_HAS(op->contract->policy.methods, method)
               ? APR_SUCCESS
               : anshin_fail(&op->error, ANSHIN_EINVALID, "AN0142",
                             "contract %s does not admit the login method %s: must be one of %s (AnshinLoginMethods)",
                             op->contract->name, anshin_method_name(method),
                             admitted(anshin_method_words, op->contract->policy.methods, op->pool));
}

apr_status_t anshin_given_kind(anshin_op_t *op, apr_int64_t kind)
{
    return ANSHIN_HAS(op->contract->policy.terminal_kinds, kind)
               ? APR_SUCCESS
               : anshin_fail(&op->error, ANSHIN_EINVALID, "AN0143",
                             "contract %s does not admit the kind of terminal %s; give one of AnshinTerminalKinds",
                             op->contract->name, anshin_terminal_kind_name(kind));
}

apr_status_t anshin_given_language(anshin_op_t *op, const char *language)
{
    return strcmp(language, "ja") == 0 || strcmp(language, "en") == 0
               ? APR_SUCCESS
               : anshin_fail(&op->error, ANSHIN_EINVALID, "AN0144", "language \"%.20s\": give ja or en", language);
}
