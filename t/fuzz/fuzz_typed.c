/*
 * What people type, one text: as user ID, mail address, code, secret answer, password. What comes of it keeps the rules
 * that records, mail and pages rely on.
 */
#include "fuzz.h"

#include <ctype.h>

#include "core/account/account.h"
#include "core/account/password.h"
#include "core/base/unicode.h"
#include "core/context/secret.h"
#include "core/base/address.h"

static void check_user(const char *typed, apr_pool_t *pool)
{
    const char *user = anshin_user_canonical(typed, pool);
    size_t length;

    if (user == NULL) {
        return;
    }
    length = strlen(user);
    require(length >= 1 && length <= ANSHIN_USER_MAX);
    require(strspn(user, "abcdefghijklmnopqrstuvwxyz0123456789._-+@") == length); /* no '/': it is part of keys */
    require(isalnum((unsigned char)user[0]));
    require(strcmp(anshin_user_canonical(user, pool), user) == 0);
}

static void check_address(const char *typed, apr_pool_t *pool)
{
    const char *domain;

    require(anshin_address_error(anshin_address_rule(typed)) == NULL || !anshin_address_valid(typed));
    typed = anshin_address_typed(typed, pool);
    require(strcmp(anshin_address_typed(typed, pool), typed) == 0);
    if (!anshin_address_valid(typed)) {
        return;
    }
    require(strlen(typed) <= ANSHIN_ADDRESS_MAX);
    for (const char *at = typed; *at != '\0'; at++) {
        require(*at > ' ' && *at < 0x7f && strchr("<>()[]\\,;:\"", *at) == NULL);
    }
    domain = strrchr(typed, '@');
    require(domain > typed && domain == strchr(typed, '@') && domain[1] != '\0' && strchr(domain, '.') != NULL);
    require(strcmp(strrchr(anshin_address_masked(typed, pool), '@'), domain) == 0);
}

static void check_code(const char *typed, apr_pool_t *pool)
{
    const char *code = anshin_secret_normalise(typed, pool);

    require(strcspn(code, " -ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(code));
    require(*code == '\0' || anshin_unicode_valid(typed));
}

static void check_answer(const char *typed, apr_pool_t *pool)
{
    const char *answer = anshin_answer_normalise(typed, pool);

    require(answer == NULL ? !anshin_unicode_clean(typed) : anshin_unicode_valid(typed));
    if (answer != NULL && *answer != '\0') {
        require(anshin_unicode_clean(answer) && anshin_unicode_length(answer) <= strlen(answer));
        require(answer[0] != ' ' && answer[strlen(answer) - 1] != ' ' && strstr(answer, "  ") == NULL);
    }
}

/* A password that breaks no rule is one; and the user ID is found in it however it is written. */
static void check_password(const char *typed, apr_pool_t *pool)
{
    anshin_op_t *op = fuzz_op(pool);
    const anshin_policy_t *policy = &op->contract->policy;
    const char *const addresses[] = {"taro@example.jp", NULL};
    const char *password = anshin_password_normalise(typed, pool);
    char *lower = apr_pstrdup(pool, password);
    unsigned broken;

    require(strlen(password) <= strlen(typed) && strstr(password, "\xc2\xa5") == NULL);
    require(anshin_password_check(op, &broken, password, "user-1", addresses) == APR_SUCCESS);
    require(broken < 1u << ANSHIN_RULE_COUNT);
    for (char *at = lower; *at != '\0'; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    require((strstr(lower, "user-1") != NULL) == ((broken & 1u << ANSHIN_RULE_CONTAINS_USER) != 0) ||
            *password == '\0');
    if (broken == 0) {
        require((int)strlen(password) >= policy->password_min && (int)strlen(password) <= policy->password_max);
        require(strstr(lower, "taro") == NULL);
        for (const char *at = password; *at != '\0'; at++) {
            require(*at >= ' ' && *at < 0x7f);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const char *typed = fuzz_text(data, size);
    const char *same = anshin_unicode_nfkc(typed, 0, pool);

    require((same != NULL) == anshin_unicode_clean(typed));
    require(same == NULL || strcmp(anshin_unicode_nfkc(same, 0, pool), same) == 0);
    check_user(typed, pool);
    check_address(typed, pool);
    check_code(typed, pool);
    check_answer(typed, pool);
    check_password(typed, pool);
    return 0;
}
