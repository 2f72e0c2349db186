/*
 * Attributes of a user: see user_attributes.h.
 */
#include "htanshin/user/user_attributes.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "htanshin/result.h"
#include "htanshin/values.h"

/* --- times ------------------------------------------------------------------------------------------------------- */

/* Two digits at *text, up to most; -1: they are none. */
static int take_two(const char **text, int most)
{
    const char *at = *text;
    int value;

    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9') {
        return -1;
    }
    value = (at[0] - '0') * 10 + (at[1] - '0');
    *text += 2;
    return value <= most ? value : -1;
}

static int take(const char **text, char c)
{
    return **text == c && (*text)++ != NULL;
}

static int take_day(const char **text, struct tm *day)
{
    int century = take_two(text, 99);
    int year = century >= 0 ? take_two(text, 99) : -1;

    if (year < 0 || !take(text, '-') || (day->tm_mon = take_two(text, 12) - 1) < 0 || !take(text, '-') ||
        (day->tm_mday = take_two(text, 31)) < 1) {
        return 0;
    }
    day->tm_year = century * 100 + year - 1900;
    return 1;
}

static int take_clock(const char **text, struct tm *day)
{
    if ((day->tm_hour = take_two(text, 23)) < 0 || !take(text, ':') || (day->tm_min = take_two(text, 59)) < 0) {
        return 0;
    }
    day->tm_sec = 0;
    return !take(text, ':') || (day->tm_sec = take_two(text, 59)) >= 0;
}

/* "Z", "+09:00": *offset, seconds east. */
static int take_zone(const char **text, long *offset)
{
    int sign = **text == '-' ? -1 : 1;
    int hours;
    int minutes;

    *offset = 0;
    if (take(text, 'Z')) {
        return 1;
    }
    (*text)++;
    if ((hours = take_two(text, 14)) < 0 || !take(text, ':') || (minutes = take_two(text, 59)) < 0) {
        return 0;
    }
    *offset = sign * (hours * 3600L + minutes * 60L);
    return 1;
}

/* The 31st of February, for instance, is none. */
int anshin_user_time(const char *text, int last, apr_time_t *time)
{
    struct tm day = {.tm_hour = last ? 23 : 0, .tm_min = last ? 59 : 0, .tm_sec = last ? 59 : 0, .tm_isdst = -1};
    struct tm same;
    long offset = 0;
    time_t seconds;
    int zoned;

    if (!take_day(&text, &day)) {
        return 0;
    }
    if (*text != '\0' && ((!take(&text, 'T') && !take(&text, ' ')) || !take_clock(&text, &day))) {
        return 0;
    }
    zoned = *text != '\0';
    if (zoned && (strchr("Z+-", *text) == NULL || !take_zone(&text, &offset) || *text != '\0')) {
        return 0;
    }
    same = day;
    seconds = zoned ? timegm(&same) - offset : mktime(&same);
    if (same.tm_mday != day.tm_mday || seconds <= 0) { /* it makes another day of one that is not there */
        return 0;
    }
    *time = apr_time_from_sec(seconds);
    return 1;
}

static apr_status_t take_time(anshin_call_t *call, const char *option, int last, apr_time_t *time)
{
    const char *value = anshin_call_value(call, option);

    *time = 0;
    return *value == '\0' || anshin_user_time(value, last, time)
               ? APR_SUCCESS
               : anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1442",
                             "--%s: must be a day such as 2027-04-01, a time such as 2027-04-01T09:00 or "
                             "2027-04-01T09:00+09:00, or empty for no limit",
                             option);
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

static const char *given(const anshin_call_t *call, const char *option, anshin_attribute_t attribute,
                         anshin_attributes_t *attributes)
{
    const char *value = anshin_call_value(call, option);

    if (value != NULL) {
        attributes->given |= 1 << attribute;
    }
    return value;
}

apr_status_t anshin_user_attributes(anshin_call_t *call, anshin_attributes_t *attributes)
{
    apr_status_t status = APR_SUCCESS;

    *attributes = (anshin_attributes_t){.given = 0};
    attributes->name = given(call, "name", ANSHIN_ATTRIBUTE_NAME, attributes);
    attributes->organisation = given(call, "organisation", ANSHIN_ATTRIBUTE_ORGANISATION, attributes);
    attributes->groups = given(call, "groups", ANSHIN_ATTRIBUTE_GROUPS, attributes);
    attributes->memo = given(call, "memo", ANSHIN_ATTRIBUTE_MEMO, attributes);
    if (given(call, "role", ANSHIN_ATTRIBUTE_ROLE, attributes) != NULL) {
        status = anshin_call_word(call, "role", anshin_role_words, ANSHIN_ROLE_NONE, &attributes->role);
    }
    if (status == APR_SUCCESS && given(call, "valid-from", ANSHIN_ATTRIBUTE_VALID_FROM, attributes) != NULL) {
        status = take_time(call, "valid-from", 0, &attributes->valid_from);
    }
    if (status == APR_SUCCESS && given(call, "valid-until", ANSHIN_ATTRIBUTE_VALID_UNTIL, attributes) != NULL) {
        status = take_time(call, "valid-until", 1, &attributes->valid_until);
    }
    return status;
}

json_t *anshin_user_groups(const anshin_account_t *account)
{
    json_t *groups = json_array();

    for (int i = 0; account->groups != NULL && i < account->groups->nelts; i++) {
        json_array_append_new(groups, json_string(APR_ARRAY_IDX(account->groups, i, const char *)));
    }
    return groups;
}

void anshin_user_put_attributes(json_t *object, const anshin_account_t *account, apr_pool_t *pool)
{
    anshin_result_text(object, "name", account->name, pool);
    anshin_result_text(object, "organisation", account->organisation, pool);
    json_object_set_new(object, "groups", anshin_user_groups(account));
    if (account->role != ANSHIN_ROLE_NONE) {
        anshin_result_text(object, "role", anshin_role_name(account->role), pool);
    }
    anshin_result_text(object, "memo", account->memo, pool);
    anshin_result_time(object, "valid_from", account->valid_from, pool);
    anshin_result_time(object, "valid_until", account->valid_until, pool);
}
