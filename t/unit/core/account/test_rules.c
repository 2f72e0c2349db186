/* core/account/password.c and core/base/unicode.c: rules for passwords and answers. */
#include "core/account/password.h"
#include "core/base/unicode.h"
#include "core/context/secret.h"
#include "core/login/reauthentication.h"
#include "unit/users.h"

static fixture_t fixture;
static const char *const addresses[] = {"taro.yamada@example.jp", "ab@example.jp", NULL};

static unsigned broken(const char *password)
{
    unsigned bits = 0;

    if (anshin_password_check(fixture_op(&fixture), &bits, anshin_password_normalise(password, fixture.pool),
                              "p-01-usr007", addresses) != APR_SUCCESS) {
        return ~0u;
    }
    return bits;
}

static int breaks(const char *password, anshin_rule_t rule)
{
    return (broken(password) & 1u << rule) != 0;
}

static void test_classic(void)
{
    static const char symbols[] = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    char one[] = "abcdefg?";

    ok(broken("Abcdefg1") == 0 && broken("abcdefgh") == 0, "8 characters are enough (PWD-1)");
    ok(breaks("Abcdef1", ANSHIN_RULE_TOO_SHORT), "7 are not");
    ok(broken("0123456789abcdef0123456789abcdef") == 0 &&
           breaks("0123456789abcdef0123456789abcdefX", ANSHIN_RULE_TOO_LONG),
       "32 at most (PWD-1)");
    for (const char *s = symbols; *s; s++) {
        one[7] = *s;
        if (broken(one) != 0) {
            ok(0, "symbol %c is refused", *s);
        }
    }
    ok(strlen(symbols) == 32, "all 32 symbols are taken (PWD-1)");
    ok(breaks("abc defgh", ANSHIN_RULE_SPACE) && !breaks("abc defgh", ANSHIN_RULE_CHARACTER),
       "a space is refused by its own rule");
    ok(breaks("パスワードですよ", ANSHIN_RULE_CHARACTER) && !breaks("パスワードですよ", ANSHIN_RULE_TOO_SHORT),
       "characters are counted, not bytes");
    ok(breaks("abcdefgh\x01", ANSHIN_RULE_CHARACTER) && breaks("abcdefgh\x7f", ANSHIN_RULE_CHARACTER) &&
           breaks("abc\tdefgh", ANSHIN_RULE_CHARACTER),
       "control characters are refused");
    ok(broken("") == 1u << ANSHIN_RULE_EMPTY, "nothing is just nothing");
    ok(broken("abc¥defg") == 0 && same_text(anshin_password_normalise("a¥b¥", fixture.pool), "a\\b\\"),
       "the yen sign is the backslash (PWD-1)");
    ok(breaks("xxP-01-USR007xx", ANSHIN_RULE_CONTAINS_USER), "the user ID in any case (PWD-2)");
    ok(breaks("1Taro.Yamada1", ANSHIN_RULE_CONTAINS_ADDRESS), "the local part of an address (PWD-2)");
    ok(!breaks("xxabxxxx", ANSHIN_RULE_CONTAINS_ADDRESS), "a local part of two characters is not considered (PWD-2)");
    ok(broken("p-01") == 1u << ANSHIN_RULE_TOO_SHORT, "a part of the ID is not the ID");
}

static void test_contract(void)
{
    anshin_policy_t *policy = &fixture.contract.policy;

    policy->password_required =
        ANSHIN_CHARACTERS_DIGITS | ANSHIN_CHARACTERS_UPPER | ANSHIN_CHARACTERS_LOWER | ANSHIN_CHARACTERS_SYMBOLS;
    ok(broken("ABCDEFGH") ==
           (1u << ANSHIN_RULE_NEED_DIGIT | 1u << ANSHIN_RULE_NEED_LOWER | 1u << ANSHIN_RULE_NEED_SYMBOL),
       "every class that is missing is named (CON-3)");
    policy->password_symbols = "-_";
    ok(breaks("Abcdefg1!", ANSHIN_RULE_CHARACTER) && broken("Abcdefg1-") == 0,
       "a contract may narrow the symbols (PWD-1)");
    policy->password_required = 0;
    policy->password_characters = ANSHIN_CHARACTERS_DIGITS;
    ok(broken("01234567") == 0 && breaks("0123456a", ANSHIN_RULE_CHARACTER), "or the classes");
    policy->password_symbols = NULL;
    fixture_file(&fixture, "blocked", "password1\r\nひみつ\n*anshin\n*\n\n");
    policy->password_characters = ANSHIN_CHARACTERS_DIGITS | ANSHIN_CHARACTERS_LOWER | ANSHIN_CHARACTERS_UPPER;
    policy->password_blocklist = apr_pstrcat(fixture.pool, fixture.directory, "/blocked", NULL);
    ok(breaks("PassWord1", ANSHIN_RULE_BLOCKLISTED), "a listed password in any case (S2)");
    ok(!breaks("PassWord12", ANSHIN_RULE_BLOCKLISTED), "a line is a whole password");
    ok(breaks("myANSHINpw", ANSHIN_RULE_BLOCKLISTED), "a line with a star is a word anywhere (S2, PWD-2)");
    fixture_file(&fixture, "blocked", apr_psprintf(fixture.pool, "%0511dTail1234\n%0511d*x\nlast5678", 0, 0));
    ok(!breaks("Tail1234", ANSHIN_RULE_BLOCKLISTED) && !breaks("Ax345678", ANSHIN_RULE_BLOCKLISTED),
       "the rest of a line too long for any password is no line of its own (PWD-2)");
    ok(breaks("Last5678", ANSHIN_RULE_BLOCKLISTED), "and the next line counts again, also without an end (PWD-2)");
    policy->password_blocklist = "/nonexistent/list";
    ok(broken("Abcdefg1") == ~0u, "a list that cannot be read is a fault, not a pass (S21)");
    policy->password_blocklist = NULL;
}

static void test_modern(void)
{
    users_contract(&fixture, ANSHIN_PRESET_MODERN);
    ok(breaks("only 14 chars!", ANSHIN_RULE_TOO_SHORT) && broken("now 15 of them.") == 0,
       "modern: 15 characters, spaces welcome (CON-4, S1)");
    ok(broken("0123456789 123456789 123456789 123456789 123456789 123456789 123456789") == 0, "and long ones (S1)");
}

static void test_answer(void)
{
    const char *expected = anshin_answer_normalise("トウキョウ", fixture.pool);

    ok(same_text(anshin_answer_normalise("ﾄｳｷｮｳ", fixture.pool), expected),
       "half-width kana are the same answer (PWD-4)");
    ok(same_text(anshin_answer_normalise(" 　トウキョウ　", fixture.pool), expected), "so are spaces around it");
    ok(same_text(anshin_answer_normalise("Ｔｏｋｙｏ　Ｔｏｗｅｒ", fixture.pool), "tokyo tower"),
       "full-width letters and capitals (PWD-4)");
    ok(same_text(anshin_answer_normalise("tokyo   tower", fixture.pool), "tokyo tower"), "runs of spaces");
    ok(same_text(anshin_answer_normalise("とうきょう", fixture.pool), expected), "U25: and hiragana");
    ok(same_text(anshin_answer_normalise("ヴァイオリンのヶとヽ、タワー・漢字", fixture.pool),
                 "ゔぁいおりんのゖとゝ、たわー・漢字"),
       "U25: all of them, and nothing else");
    ok(same_text(anshin_answer_normalise("か\xe3\x82\x99", fixture.pool), "が"), "combining marks are composed");
    ok(anshin_answer_normalise("a\x01b", fixture.pool) == NULL &&
           anshin_answer_normalise("\xc3", fixture.pool) == NULL &&
           anshin_answer_normalise("\xed\xa0\x80", fixture.pool) == NULL &&
           anshin_answer_normalise("\xc0\xaf", fixture.pool) == NULL,
       "control characters, cut sequences, surrogates and overlong forms are refused (S27)");
    ok(same_text(anshin_answer_normalise("", fixture.pool), "") &&
           same_text(anshin_answer_normalise("　", fixture.pool), ""),
       "nothing stays nothing");
}

static int proves(anshin_op_t *op, const char *phc, const char *typed)
{
    const anshin_reauthentication_part_t part = anshin_reauthentication_answer(op, phc, typed);
    anshin_reauthentication_t proof;

    return anshin_reauthentication_check_all(op, ANSHIN_COUNTER_ANSWER, "p-01-usr007", &part, 1, &proof) ==
               APR_SUCCESS &&
           proof.right;
}

/* What reaches us by keyboards of phones, mail, spreadsheets and PDF (ADR-2). */
static void test_typed(void)
{
    static const char *const numbers[] = {"03-1234",
                                          "０３ー１２３４",
                                          "03‐1234",
                                          "03–1234\t",
                                          "03−1234",
                                          "03―1234",
                                          "03ｰ1234",
                                          ("\xef\xbb\xbf"
                                           "03\xc2\xad－1234\xe2\x80\x8b")};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ok(same_text(anshin_answer_normalise(numbers[i], fixture.pool), "03-1234") &&
               same_text(anshin_secret_normalise(numbers[i], fixture.pool), "031234"),
           "ADR-2: answer and code %d, as they are typed", (int)i);
    }
    ok(same_text(anshin_answer_normalise("東京タワー", fixture.pool), "東京たわー") &&
           same_text(anshin_answer_normalise("ﾀﾜｰ", fixture.pool), "たわー"),
       "ADR-2: the long vowel sign of a word stays");
    ok(same_text(anshin_answer_normalise("辻\xf3\xa0\x84\x80", fixture.pool), "辻"),
       "ADR-2: variants of a kanji are one");
    ok(same_text(anshin_answer_normalise("a\tb\r\nc", fixture.pool), "a b c"), "ADR-2: tabs and line ends are spaces");
}

static void test_former_answer(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    char phc[ANSHIN_PHC_MAX];

    ok(anshin_password_hash(op, phc, anshin_answer_former("０３−１２３４", 1, op->pool)) == APR_SUCCESS,
       "an answer that was hashed before hyphens were unified");
    ok(proves(op, phc, "０３−１２３４"), "ADR-2: fits as it was typed then");
    ok(!proves(op, phc, "03-9999"), "another does not");
    ok(anshin_password_hash(op, phc, anshin_answer_former("トウキョウ", 0, op->pool)) == APR_SUCCESS &&
           proves(op, phc, "ﾄｳｷｮｳ") && !proves(op, phc, "オオサカ"),
       "U25: one that was hashed before the kana were unified fits as it was typed then");
    ok(anshin_password_hash(op, phc, anshin_answer_normalise("トウキョウ", op->pool)) == APR_SUCCESS &&
           proves(op, phc, "とうきょう") && !proves(op, phc, "とうきよう"),
       "U25: one of today fits in either kana");
    ok(anshin_password_hash(op, phc, anshin_answer_normalise("０３−１２３４", op->pool)) == APR_SUCCESS &&
           proves(op, phc, "03-1234"),
       "ADR-2: one of today fits with any hyphen");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_classic();
    test_contract();
    test_modern();
    test_answer();
    test_typed();
    test_former_answer();
    apr_pool_destroy(pool);
    return done();
}
