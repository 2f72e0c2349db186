/*
 * What the command line gave: see values.h.
 */
#include "htanshin/values.h"

#include <apr_strings.h>
#include <string.h>

#include "core/account/account.h"
#include "core/base/attribute.h"
#include "core/config/span.h"

const char *anshin_call_value(const anshin_call_t *call, const char *name)
{
    const anshin_command_option_t *options = call->command->options;

    for (int i = 0; options != NULL && options[i].name != NULL; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return call->values[i];
        }
    }
    return NULL;
}

apr_status_t anshin_call_number(anshin_call_t *call, const char *name, int minimum, int maximum, int absent,
                                int *number)
{
    const char *value = anshin_call_value(call, name);
    apr_int64_t read;
    char *end;

    *number = absent;
    if (value == NULL) {
        return APR_SUCCESS;
    }
    read = apr_strtoi64(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || read < minimum || read > maximum) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0811", "--%s: must be a number from %d to %d", name,
                           minimum, maximum);
    }
    *number = (int)read;
    return APR_SUCCESS;
}

apr_status_t anshin_call_span(anshin_call_t *call, const char *name, apr_int64_t maximum, apr_interval_time_t *span)
{
    const char *value = anshin_call_value(call, name);
    apr_int64_t seconds = 0;

    if (value != NULL && (!anshin_span_read(value, &seconds) || seconds < 1 || seconds > maximum)) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1205",
                           "--%s: must be a time up to %s, such as 12h or 40d", name,
                           anshin_span_text(maximum, call->pool));
    }
    *span = apr_time_from_sec(seconds);
    return APR_SUCCESS;
}

apr_status_t anshin_call_word(anshin_call_t *call, const char *name, const anshin_word_t *words, int absent, int *value)
{
    const char *typed = anshin_call_value(call, name);
    const anshin_word_t *word;

    *value = absent;
    if (typed == NULL) {
        return APR_SUCCESS;
    }
    word = anshin_word_find(words, typed);
    if (word == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0812", "--%s: must be one of %s", name,
                           anshin_word_list(words, ", ", call->pool));
    }
    *value = (int)word->value;
    return APR_SUCCESS;
}

apr_status_t anshin_call_user(anshin_call_t *call, const char *typed, const char **user)
{
    *user = anshin_user_canonical(typed, call->pool);
    if (*user == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0813",
                           "USER: must be 1 to %d of a-z 0-9 . _ - + @, starting with a letter or digit",
                           ANSHIN_USER_MAX);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_call_organisation(anshin_call_t *call, const char **organisation)
{
    const char *advice;

    *organisation = anshin_attribute_typed(anshin_call_value(call, "organisation"), call->pool);
    advice = anshin_attribute_advice(*organisation, ANSHIN_NAME_MAX, call->pool);
    return advice == NULL ? APR_SUCCESS
                          : anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1446", "--organisation: %s", advice);
}

apr_status_t anshin_call_filter(anshin_call_t *call, const anshin_word_t *states, anshin_filter_t *filter)
{
    apr_status_t status = anshin_call_word(call, "state", states, -1, &filter->state);

    filter->user = anshin_call_value(call, "user");
    if (status == APR_SUCCESS && filter->user != NULL) {
        status = anshin_call_user(call, filter->user, &filter->user);
    }
    return status;
}

int anshin_filter_admits(const anshin_filter_t *filter, const char *user, apr_int64_t state)
{
    return (filter->user == NULL || (user != NULL && strcmp(user, filter->user) == 0)) &&
           (filter->state < 0 || state == filter->state);
}
