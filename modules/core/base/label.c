/*
 * Labels of terminals: see label.h.
 *
 * SECURITY: a user types them, and others read them: help desks, mails, pages, terminals, names of certificates. What
 * passes here cannot hide or turn round what stands beside it; each output escapes it all the same.
 */
#include "core/base/label.h"

#include <apr_strings.h>

#include "core/base/unicode.h"

static const struct {
    const char *error, *advice;
} rules[] = {
    [ANSHIN_LABEL_GOOD] = {NULL, NULL},
    [ANSHIN_LABEL_CHARACTERS] = {"errors.label_characters", "it has a character that cannot be seen; leave it out"},
    [ANSHIN_LABEL_LONG] = {"errors.label_long", "it is longer than 32 characters; shorten it"},
};

const char *anshin_label_typed(const char *typed, apr_pool_t *pool)
{
    char *text = anshin_unicode_typed(typed, 0, pool);

    return text != NULL ? anshin_unicode_trim(text) : NULL;
}

anshin_label_rule_t anshin_label_rule(const char *label)
{
    if (label == NULL || !anshin_unicode_printable(label)) {
        return ANSHIN_LABEL_CHARACTERS;
    }
    return anshin_unicode_length(label) > ANSHIN_LABEL_MAX ? ANSHIN_LABEL_LONG : ANSHIN_LABEL_GOOD;
}

const char *anshin_label_error(anshin_label_rule_t rule)
{
    return rules[rule].error;
}

const char *anshin_label_advice(anshin_label_rule_t rule)
{
    return rules[rule].advice;
}

const char *anshin_label_title(apr_int64_t number, const char *label, apr_pool_t *pool)
{
    return label != NULL && *label != '\0' ? apr_psprintf(pool, "%" APR_INT64_T_FMT " (%s)", number, label)
                                           : apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
}
