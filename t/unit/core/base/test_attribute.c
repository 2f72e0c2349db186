/*
 * Attributes of users as text: what is taken, in which form (ATT-1).
 */
#include "core/base/attribute.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "unit/tap.h"

static apr_pool_t *pool;

static const char *many(const char *one, int count)
{
    const char *text = "";

    while (count-- > 0) {
        text = apr_pstrcat(pool, text, one, NULL);
    }
    return text;
}

/* The advice for a name that was typed so. */
static const char *advice(const char *typed)
{
    return anshin_attribute_advice(anshin_attribute_typed(typed, pool), ANSHIN_NAME_MAX, pool);
}

static void test_names(void)
{
    static const char *const bad[] = {"a\nb",
                                      "a\tb",
                                      "a\033[31m",
                                      "\xff",
                                      "\xed\xa0\x80",
                                      "a\177",
                                      "a\xe2\x80\xae",
                                      "a\xe2\x80\x8b",
                                      "\xee\x80\x80",
                                      ("\xcc\x81"
                                       "a"),
                                      "\xc2\x9b",
                                      "a\xe2\x80\xa8",
                                      "\xef\xbf\xbe",
                                      "a\xe2\x81\xa6z"};
    size_t refused = 0;

    ok(same_text(anshin_attribute_typed("  安心 太郎 ", pool), "安心 太郎"), "spaces around a name are cut (ATT-1)");
    ok(same_text(anshin_attribute_typed("e\xcc\x81", pool), "\xc3\xa9"), "a name is in NFC (ATT-1)");
    ok(same_text(anshin_attribute_typed("㈱髙﨑①", pool), "㈱髙﨑①"), "which changes nothing that can be seen (ATT-1)");
    ok(advice("") == NULL && advice("安心 太郎") == NULL && advice("<b>\"&'{{x}}") == NULL, "such names are good");
    ok(advice(many("薬", 64)) == NULL, "64 characters are, however many octets (ATT-1)");
    ok(strstr(advice(many("薬", 65)), "longer than 64 characters") != NULL, "65 are not (ATT-1)");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *said = advice(bad[i]);

        refused += said != NULL && strstr(said, "cannot be seen") != NULL;
    }
    ok(refused == sizeof(bad) / sizeof(bad[0]), "what has no look of its own is refused: %zu of them (S27)", refused);
}

static const char *joined(const char *typed)
{
    const char *wrong;
    apr_array_header_t *groups = anshin_groups_typed(typed, &wrong, pool);

    return groups != NULL ? apr_array_pstrcat(pool, groups, '|') : wrong != NULL ? wrong : "too many";
}

static void test_groups(void)
{
    static const char *const bad[] = {"", "-a", ".a", "_a", "a b", "営業", "a,b", "a/b", "a@b", "a+b", "a\nb", "\xff"};
    const char *names = "g0";
    size_t refused = 0;

    ok(same_text(anshin_group_canonical(" Ｓales-1 ", pool), "sales-1"),
       "the name of a group has one form, however it is typed (ATT-1, ADR-2)");
    ok(anshin_group_canonical(many("a", 32), pool) != NULL && anshin_group_canonical(many("a", 33), pool) == NULL,
       "of at most 32 characters (ATT-1)");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        refused += anshin_group_canonical(bad[i], pool) == NULL;
    }
    ok(refused == sizeof(bad) / sizeof(bad[0]), "others cannot be one: %zu of them (ATT-1)", refused);
    ok(same_text(joined("b, A,b"), "a|b") && same_text(joined("b, A,b,"), "a|b"),
       "a set is in order, each once (ATT-1)");
    ok(same_text(joined(""), "") && same_text(joined("  "), ""), "and may be empty");
    ok(same_text(joined("a,b c,d"), "b c") && same_text(joined("a,,b"), ""), "the wrong one is named");
    for (int i = 1; i < ANSHIN_GROUPS_MAX; i++) {
        names = apr_psprintf(pool, "%s,g%d", names, i);
    }
    ok(strcmp(joined(names), "too many") != 0 && same_text(joined(apr_pstrcat(pool, names, ",more", NULL)), "too many"),
       "of at most 32 groups");
    ok(anshin_groups_have("admin,sales", "admin") && anshin_groups_have("admin,sales", "sales") &&
           !anshin_groups_have("admin,sales", "sale") && !anshin_groups_have("admin,sales", "dmin") &&
           !anshin_groups_have("admin,sales", "admin,sales") && !anshin_groups_have(NULL, "admin") &&
           !anshin_groups_have("", ""),
       "who is in a group is in that one alone (ATT-1)");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_names();
    test_groups();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
