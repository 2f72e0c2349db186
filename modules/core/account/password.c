/*
 * Rules for passwords and secret answers.
 *
 * SECURITY: sees passwords in clear; keeps and logs none of them.
 */
#include "core/account/password.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/account/imported.h"
#include "core/base/unicode.h"
#include "core/context/reminder.h"

#define SIGNIFICANT 3 /* shorter IDs and local parts are in too many passwords to be refused (PWD-2) */

const char *anshin_rule_name(anshin_rule_t rule)
{
    static const char *const names[ANSHIN_RULE_COUNT] = {
        "empty",       "too_short",       "too_long",         "character",
        "space",       "need_digit",      "need_upper",       "need_lower",
        "need_symbol", "contains_user",   "contains_address", "blocklisted",
        "mismatch",    "same_as_current", "used_before"};

    return (unsigned)rule < ANSHIN_RULE_COUNT ? names[rule] : "";
}

const char *anshin_password_normalise(const char *typed, apr_pool_t *pool)
{
    char *text = apr_pstrdup(pool, typed);
    char *to = text;

    for (const char *from = text; *from;) {
        if ((unsigned char)from[0] == 0xc2 &&
            (unsigned char)from[1] == 0xa5) { /* U+00A5, the Japanese keyboard's backslash */
            *to++ = '\\';
            from += 2;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return text;
}

/* The class of one byte as ANSHIN_CHARACTERS_*, 0 for what no password may have. */
static int class_of(const anshin_policy_t *policy, unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return ANSHIN_CHARACTERS_DIGITS;
    }
    if (c >= 'A' && c <= 'Z') {
        return ANSHIN_CHARACTERS_UPPER;
    }
    if (c >= 'a' && c <= 'z') {
        return ANSHIN_CHARACTERS_LOWER;
    }
    if (c == ' ') {
        return ANSHIN_CHARACTERS_SPACE;
    }
    if (c > ' ' && c < 0x7f && (!policy->password_symbols || strchr(policy->password_symbols, c))) {
        return ANSHIN_CHARACTERS_SYMBOLS;
    }
    return 0;
}

static unsigned broken_characters(const anshin_policy_t *policy, const char *password)
{
    unsigned broken = 0;
    int seen = 0;

    for (const char *at = password; *at; at++) {
        int kind = class_of(policy, (unsigned char)*at);
        seen |= kind;
        if (kind == 0 || !(policy->password_characters & kind)) {
            broken |= 1u << (kind == ANSHIN_CHARACTERS_SPACE ? ANSHIN_RULE_SPACE : ANSHIN_RULE_CHARACTER);
        }
    }
    static const struct {
        int kind;
        anshin_rule_t rule;
    } needs[] = {{ANSHIN_CHARACTERS_DIGITS, ANSHIN_RULE_NEED_DIGIT},
                 {ANSHIN_CHARACTERS_UPPER, ANSHIN_RULE_NEED_UPPER},
                 {ANSHIN_CHARACTERS_LOWER, ANSHIN_RULE_NEED_LOWER},
                 {ANSHIN_CHARACTERS_SYMBOLS, ANSHIN_RULE_NEED_SYMBOL}};
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if ((policy->password_required & needs[i].kind) && !(seen & needs[i].kind)) {
            broken |= 1u << needs[i].rule;
        }
    }
    return broken;
}

/* strcasestr for ASCII, whatever the locale; needle is length bytes. */
static int contains(const char *haystack, const char *needle, size_t length)
{
    if (length < SIGNIFICANT) {
        return 0;
    }
    for (; strlen(haystack) >= length; haystack++) {
        if (strncasecmp(haystack, needle, length) == 0) {
            return 1;
        }
    }
    return 0;
}

static int contains_address(const char *password, const char *const *addresses)
{
    for (; addresses && *addresses; addresses++) {
        if (contains(password, *addresses, strcspn(*addresses, "@"))) {
            return 1;
        }
    }
    return 0;
}

/* One line of a blocklist: a whole password, or "*word" for a word that must not appear anywhere. */
static int line_blocks(const char *line, const char *password)
{
    if (line[0] == '*') {
        return line[1] && strlen(line + 1) <= strlen(password) && contains(password, line + 1, strlen(line + 1));
    }
    return line[0] && strcasecmp(line, password) == 0;
}

static apr_status_t blocklisted(anshin_op_t *op, int *listed, const char *password)
{
    const char *path = op->contract->policy.password_blocklist;
    char line[512], reason[120];
    int whole, begins = 1;
    apr_file_t *file;
    apr_status_t status;

    *listed = 0;
    if (!path) {
        return APR_SUCCESS;
    }
    status = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BUFFERED, APR_FPROT_OS_DEFAULT, op->pool);
    while (status == APR_SUCCESS && !*listed && (status = apr_file_gets(line, sizeof(line), file)) == APR_SUCCESS) {
        whole = strchr(line, '\n') != NULL || strlen(line) < sizeof(line) - 1;
        line[strcspn(line, "\r\n")] = '\0';
        *listed = begins && whole && line_blocks(line, password);
        begins = whole; /* what is longer is no password, and its rest no line */
    }
    if (status != APR_SUCCESS && status != APR_EOF) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0130", "AnshinPasswordBlocklist %s cannot be read: %s", path,
                           apr_strerror(status, reason, sizeof(reason)));
    }
    (void)apr_file_close(file);
    return APR_SUCCESS;
}

apr_status_t anshin_password_check(anshin_op_t *op, unsigned *broken, const char *password, const char *user,
                                   const char *const *addresses)
{
    const anshin_policy_t *policy = &op->contract->policy;
    apr_size_t length = anshin_unicode_length(password);
    int listed;
    apr_status_t status;

    *broken = 0;
    if (length == 0) {
        *broken = 1u << ANSHIN_RULE_EMPTY;
        return APR_SUCCESS;
    }
    *broken |= broken_characters(policy, password);
    *broken |= length < (apr_size_t)policy->password_min ? 1u << ANSHIN_RULE_TOO_SHORT : 0;
    *broken |= length > (apr_size_t)policy->password_max ? 1u << ANSHIN_RULE_TOO_LONG : 0;
    *broken |= contains(password, user, strlen(user)) ? 1u << ANSHIN_RULE_CONTAINS_USER : 0;
    *broken |= contains_address(password, addresses) ? 1u << ANSHIN_RULE_CONTAINS_ADDRESS : 0;
    if ((status = blocklisted(op, &listed, password)) != APR_SUCCESS) {
        return status;
    }
    *broken |= listed ? 1u << ANSHIN_RULE_BLOCKLISTED : 0;
    return APR_SUCCESS;
}

static apr_status_t was_used(anshin_op_t *op, const char *password, const char *phc, int *match)
{
    anshin_verdict_t verdict;
    apr_status_t status = anshin_imported_compare(op, &verdict, phc, NULL, password, NULL);

    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, status, "AN0131", "a former password could not be compared");
    }
    *match = verdict.match;
    return APR_SUCCESS;
}

apr_status_t anshin_password_check_typed(anshin_op_t *op, unsigned *broken, const char *password, const char *confirm,
                                         const char *user, const char *const *addresses)
{
    apr_status_t status = anshin_password_check(op, broken, password, user, addresses);

    if (status == APR_SUCCESS && strcmp(password, confirm) != 0) {
        *broken |= 1u << ANSHIN_RULE_MISMATCH;
    }
    return status;
}

apr_status_t anshin_password_check_new(anshin_op_t *op, unsigned *broken, const char *password, const char *confirm,
                                       const anshin_account_t *account, const char *const *addresses)
{
    const apr_array_header_t *history = account->password_history;
    int match = 0;
    apr_status_t status = anshin_password_check_typed(op, broken, password, confirm, account->user, addresses);

    if (status != APR_SUCCESS || *broken) {
        return status; /* no hash is computed for what is refused anyway */
    }
    if (account->password_hash && /* who was reset has former ones alone */
        (status = was_used(op, password, account->password_hash, &match)) != APR_SUCCESS) {
        return status;
    }
    *broken |= match ? 1u << ANSHIN_RULE_SAME_AS_CURRENT : 0;
    for (int i = 0; !*broken && history && i < history->nelts && i < op->contract->policy.password_history; i++) {
        if ((status = was_used(op, password, APR_ARRAY_IDX(history, i, const char *), &match)) != APR_SUCCESS) {
            return status;
        }
        *broken |= match ? 1u << ANSHIN_RULE_USED_BEFORE : 0;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_password_hash(anshin_op_t *op, char phc[ANSHIN_PHC_MAX], const char *secret)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    apr_status_t status = crypto->password_hash(crypto->ctx, phc, secret, strlen(secret));

    return status == APR_SUCCESS ? status
                                 : anshin_fail(&op->error, status, "AN0132", "a secret could not be hashed: %s",
                                               anshin_status_name(status));
}

void anshin_password_set(anshin_op_t *op, anshin_account_t *account, const char *phc)
{
    apr_array_header_t *history = apr_array_make(op->pool, 4, sizeof(const char *));
    const apr_array_header_t *old = account->password_history;
    int keep = op->contract->policy.password_history;

    if (keep > 0 && account->password_hash && anshin_imported_scheme(account->password_hash) == NULL) {
        APR_ARRAY_PUSH(history, const char *) = account->password_hash;
    }
    for (int i = 0; old && i < old->nelts && history->nelts < keep; i++) {
        APR_ARRAY_PUSH(history, const char *) = APR_ARRAY_IDX(old, i, const char *);
    }
    account->password_history = history->nelts ? history : NULL;
    account->password_hash = phc;
    account->password_set_at = op->now;
    account->password_must_change = 0;
}

int anshin_password_days_left(const anshin_op_t *op, const anshin_account_t *account)
{
    const anshin_policy_t *policy = &op->contract->policy;
    apr_time_t end = account->password_set_at + policy->password_age;

    if (account->password_must_change) {
        return 0;
    }
    if (policy->password_age == 0 || end - op->now > policy->password_warning) {
        return -1;
    }
    return anshin_reminder_days(end, op->now);
}

/* Spaces around it cut, those within it one. */
static char *squeeze(char *text)
{
    char *to = text;
    const char *from = text;

    if (!text) {
        return NULL;
    }
    while (*from) { /* NFKC has made every kind of space a plain one */
        if (*from == ' ') {
            while (*from == ' ') {
                from++;
            }
            if (to != text && *from) {
                *to++ = ' ';
            }
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return text;
}

/* In place: katakana become the hiragana of the same sound, which have as many bytes. People do not remember which of
 * them they typed. */
static const char *unify_kana(char *text)
{
    for (char *at = text; at != NULL && *at != '\0'; at++) {
        const unsigned lead = (unsigned char)at[0];
        const unsigned code =
            lead == 0xe3 ? 0x3000u | ((unsigned char)at[1] & 0x3fu) << 6 | ((unsigned char)at[2] & 0x3fu) : 0;
        if ((code >= 0x30a1 && code <= 0x30f6) || code == 0x30fd || code == 0x30fe) {
            const unsigned hiragana = code - 0x60;
            at[1] = (char)(0x80u | (hiragana >> 6 & 0x3fu));
            at[2] = (char)(0x80u | (hiragana & 0x3fu));
        }
    }
    return text;
}

const char *anshin_answer_normalise(const char *typed, apr_pool_t *pool)
{
    return unify_kana(squeeze(anshin_unicode_typed(typed, 1, pool)));
}

const char *anshin_answer_former(const char *typed, int age, apr_pool_t *pool)
{
    return squeeze(age == 0 ? anshin_unicode_typed(typed, 1, pool) : anshin_unicode_nfkc(typed, 1, pool));
}
