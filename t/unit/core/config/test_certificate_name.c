/*
 * AnshinCertificateName: what an expression may be, and the names that it gives (LST-1).
 */
#include "core/config/certificate_name.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/unicode.h"
#include "unit/tap.h"

#define DEFAULT "%{user} %{issued:%Y-%m-%d}"
#define ISSUED apr_time_from_sec(1798729500) /* 2026-12-31 15:05 UTC */

static apr_pool_t *pool;

static const char *name(const char *expression, const char *user, apr_int64_t terminal, const char *label,
                        apr_int64_t count)
{
    const anshin_name_facts_t facts = {user, terminal, label, ISSUED, count};

    return anshin_certificate_name(expression, &facts, pool);
}

static void errors(void)
{
    static const char *const good[] = {DEFAULT,
                                       "%{user}",
                                       "%{user}-%{terminal}",
                                       "%{label} %{user}",
                                       "%{user} %{label} %{issued:%Y-%m}",
                                       "100%% %{user}",
                                       "%{user} %{issued:%H:%M}",
                                       "会員 %{user} %{issued:%Y年%m月}",
                                       "{%{user}}"};
    static const struct {
        const char *expression, *error;
    } bad[] = {
        {"", "%{user}"},
        {"fixed", "%{user} must stand in it once"},
        {"%{user}%{user}", "%{user} must stand in it once"},
        {"%{User}", "%{User} is not known"},
        {"%{}", "%{} is not known"},
        {"%{user:x}", "%{user:x} is not known"},
        {"%{user} %{issue:%Y}", "%{issue:%Y} is not known"},
        {"%{user} %{issued}", "needs a time"},
        {"%{user} %{issued:}", "needs a time"},
        {"%{user} %{issued:today}", "needs a time"},
        {"%{user} %{issued:%y}", "%{issued:%y}: give only"},
        {"%{user} %{issued:%Y%}", "%{issued:%Y%}: give only"},
        {"%{user} %{issued:%%Y}", "give only"},
        {"%{user} %{issued:%s}", "give only"},
        {"%{user", "%{user is not closed by a }"},
        {"%{user} %", "a % must begin one of"},
        {"%{user} %d", "a % must begin one of"},
        {"%user", "a % must begin one of"},
        {"%{user}\n", "cannot be seen"},
        {"%{user}\xe2\x80\xae", "cannot be seen"},
        {"%{user}\xff", "cannot be seen"},
        {"%{user} %{label} %{label}", "so that 8 are left for the user ID"},
        {"%{user} 123456789012345678901234567890123456789012345678901234567890", "so that 8 are left"},
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const char *error = anshin_certificate_name_error(good[i], pool);

        ok(error == NULL, "LST-1: \"%s\" is taken%s%s", good[i], error ? ": " : "", error ? error : "");
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *error = anshin_certificate_name_error(bad[i].expression, pool);

        ok(error != NULL && strstr(error, bad[i].error) != NULL, "LST-1: what is wrong is named: %s",
           error ? error : bad[i].expression);
    }
}

static void names(void)
{
    ok(same_text(name(DEFAULT, "p-01-usr001", 1, "PC", 1), "p-01-usr001 2027-01-01"),
       "LST-1: the default has user and day, in the zone of the machine");
    ok(same_text(name(DEFAULT, "p-01-usr001", 1, NULL, 2), "p-01-usr001 2027-01-01 #2"),
       "LST-1: a second one of a day");
    ok(same_text(name(DEFAULT, "p-01-usr001", 2, NULL, 1), "p-01-usr001-2 2027-01-01"),
       "LST-1: the terminal's number from the second on");
    ok(same_text(name("%{user}", "p-01-usr001", 2, "PC", 3), "p-01-usr001"), "LST-1: the bare ID stays bare");
    ok(same_text(name("%{user}-%{terminal}", "u", 1, NULL, 2), "u-1"),
       "the number where it is asked for, and nothing else");
    ok(same_text(name("%{user}/%{terminal} %{issued:%H:%M}", "u", 2, NULL, 1), "u/2 00:05"),
       "not twice; hours and minutes");
    ok(same_text(name("%{label} %{user} %{issued:%m%d}", "u", 1, "薬局1号機", 1), "薬局1号機 u 0101"),
       "LST-1: a label");
    ok(same_text(name("%{label} %{user} %{label} %{issued:%d}", "u", 1, NULL, 1), "u 01"),
       "one that is not there leaves no spaces");
    ok(same_text(name("100%% %{user}", "u", 1, NULL, 1), "100% u"), "a percent sign");
}

static void lengths(void)
{
    static char longest[65];
    static const char label[] = "機機機機機機機機機機機機機機機機機機機機機機機機機機機機機機機機";
    const char *made;

    memset(longest, 'x', 64);
    made = name(DEFAULT, longest, 12, NULL, 3);
    ok(strlen(made) == 64 && same_text(made + 64 - 17, "-12 2027-01-01 #3"),
       "LST-1: 64 characters; the end of the user's part goes, never the rest");
    ok(same_text(name("%{user}", longest, 1, NULL, 1), longest), "64 characters of user have room alone");
    made = name("%{user} %{label} %{issued:%Y-%m}", longest, 12, label, 9);
    ok(anshin_unicode_valid(made) && anshin_unicode_length(made) == 64 && strstr(made, label) != NULL,
       "characters are counted, not octets, and none is cut");
    made = name("%{user} %{label}%{label}%{label}", "u", 1, label, 1);
    ok(anshin_unicode_valid(made) && anshin_unicode_length(made) <= 64,
       "even by an expression that was never checked it is not longer");
}

int main(void)
{
    setenv("TZ", "Asia/Tokyo", 1);
    tzset();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    errors();
    names();
    lengths();
    ok(anshin_certificate_name_tells(DEFAULT, pool) && !anshin_certificate_name_tells("%{user}-%{terminal}", pool),
       "LST-1: which expression tells old and new apart");
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
