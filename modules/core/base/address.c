/*
 * Mail addresses: see address.h.
 *
 * SECURITY: what passes here stands in headers of mail and on the command line of a mail program.
 */
#include "core/base/address.h"

#include <apr_strings.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/base/unicode.h"

#define NAME_MAX_BYTES 64 /* RFC 5321 4.5.3.1.1 */

static const struct {
    const char *error, *advice;
} rules[] = {
    [ANSHIN_ADDRESS_GOOD] = {NULL, NULL},
    [ANSHIN_ADDRESS_FORM] = {"errors.address", "it is not of the form name@example.jp"},
    [ANSHIN_ADDRESS_DOTS] = {"errors.address_dots", "before the @ no dot may be first or last, or follow another one"},
    [ANSHIN_ADDRESS_QUOTED] = {"errors.address_quoted", "before the @ only letters, digits and !#$%&'*+-/=?^_`{|}~. "
                                                        "are allowed, without quotes"},
    [ANSHIN_ADDRESS_LETTERS] = {"errors.address_letters", "only ASCII is allowed; a domain of other letters is "
                                                          "written in its form with xn--"},
    [ANSHIN_ADDRESS_LONG] = {"errors.address_long", "at most 64 bytes before the @ and 254 in all are allowed"},
};

const char *anshin_address_typed(const char *typed, apr_pool_t *pool)
{
    static const char full_stop[] = "\xe3\x80\x82"; /* U+3002, which Japanese keyboards give for a dot */
    char *text = anshin_unicode_typed(typed, 0, pool);
    char *at;

    if (text == NULL) {
        return "";
    }
    while ((at = strstr(text, full_stop)) != NULL) {
        *at = '.';
        memmove(at + 1, at + sizeof(full_stop) - 1, strlen(at + sizeof(full_stop) - 1) + 1);
    }
    return anshin_unicode_trim(text);
}

int anshin_address_same(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

const char *anshin_address_lower(const char *address, apr_pool_t *pool)
{
    char *lower = apr_pstrdup(pool, address);

    for (char *at = lower; *at != '\0'; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    return lower;
}

/* Labels of letters, digits and hyphens, at least two of them. */
static int domain_valid(const char *domain)
{
    size_t label = 0;
    int dots = 0;

    for (const char *at = domain;; at++) {
        if (*at == '.' || *at == '\0') {
            if (label == 0 || label > 63 || at[-1] == '-') {
                return 0;
            }
            if (*at == '\0') {
                return dots > 0;
            }
            dots++;
            label = 0;
            continue;
        }
        if (!isalnum((unsigned char)*at) && !(*at == '-' && label > 0)) {
            return 0;
        }
        label++;
    }
}

static anshin_address_rule_t name_rule(const char *name, const char *end)
{
    anshin_address_rule_t rule = ANSHIN_ADDRESS_GOOD;

    for (const char *c = name; c < end; c++) {
        if (!isalnum((unsigned char)*c) && strchr("!#$%&'*+-/=?^_`{|}~.", *c) == NULL) {
            return ANSHIN_ADDRESS_QUOTED;
        }
        if (*c == '.' && (c == name || c + 1 == end || c[1] == '.')) {
            rule = ANSHIN_ADDRESS_DOTS;
        }
    }
    return rule;
}

anshin_address_rule_t anshin_address_rule(const char *text)
{
    const char *at = strrchr(text, '@');

    if (at == NULL || at == text || at[1] == '\0') {
        return ANSHIN_ADDRESS_FORM;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c >= 0x80) {
            return ANSHIN_ADDRESS_LETTERS;
        }
    }
    if (at - text > NAME_MAX_BYTES || strlen(text) > ANSHIN_ADDRESS_MAX) {
        return ANSHIN_ADDRESS_LONG;
    }
    return domain_valid(at + 1) ? name_rule(text, at) : ANSHIN_ADDRESS_FORM;
}

int anshin_address_valid(const char *text)
{
    return anshin_address_rule(text) == ANSHIN_ADDRESS_GOOD;
}

const char *anshin_address_error(anshin_address_rule_t rule)
{
    return rules[rule].error;
}

const char *anshin_address_advice(anshin_address_rule_t rule)
{
    return rules[rule].advice;
}

const char *anshin_address_masked(const char *address, apr_pool_t *pool)
{
    const char *at = strrchr(address, '@');
    size_t local = at ? (size_t)(at - address) : strlen(address);

    if (!at || local < 3) {
        return apr_pstrcat(pool, "***", at ? at : "", NULL);
    }
    return apr_psprintf(pool, "%c***%c%s", address[0], at[-1], at);
}
