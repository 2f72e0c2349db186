/*
 * The language of the terminal: which environment means Japanese, and how an error is told in it (INS-7).
 */
#include "htanshin/language/language.h"

#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "htanshin/print.h"
#include "unit/tap.h"

static apr_pool_t *pool;

static int is_japanese(const char *all, const char *messages, const char *lang)
{
    const char *const given[][2] = {{"LC_ALL", all}, {"LC_MESSAGES", messages}, {"LANG", lang}};

    for (size_t i = 0; i < 3; i++) {
        if (given[i][1] != NULL) {
            setenv(given[i][0], given[i][1], 1);
        } else {
            unsetenv(given[i][0]);
        }
    }
    anshin_language_begin();
    return !same_text(anshin_say("yes"), "yes");
}

static void chosen(void)
{
    static const char *const japanese[] = {"ja", "ja_JP", "ja_JP.UTF-8", "ja_JP.utf8", "ja.UTF-8", "ja_JP.UTF-8@x"};
    static const char *const english[] = {"C",          "POSIX",        "C.UTF-8", "en_US.UTF-8", "ja_JP.eucJP",
                                          "ja_JP.SJIS", "jam_JM.UTF-8", "de",      "jax",         "JA"};

    for (size_t i = 0; i < sizeof(japanese) / sizeof(japanese[0]); i++) {
        ok(is_japanese(NULL, NULL, japanese[i]), "INS-7: LANG %s is Japanese", japanese[i]);
    }
    for (size_t i = 0; i < sizeof(english) / sizeof(english[0]); i++) {
        ok(!is_japanese(NULL, NULL, english[i]), "INS-7: LANG %s is not", english[i]);
    }
    ok(!is_japanese(NULL, NULL, NULL), "nothing is given");
    ok(is_japanese(NULL, "ja_JP.UTF-8", "C"), "LC_MESSAGES goes before LANG");
    ok(!is_japanese(NULL, "C", "ja_JP.UTF-8"), "also where it is not Japanese");
    ok(is_japanese("ja_JP.UTF-8", "C", "C"), "LC_ALL before both");
    ok(!is_japanese("C", "ja_JP.UTF-8", "ja_JP.UTF-8"), "also where it is not Japanese");
    ok(is_japanese("", "", "ja_JP.UTF-8"), "what is empty is not given");
}

static const char *told(anshin_error_t *error)
{
    const char *text = apr_pstrdup(pool, anshin_say_error(error, pool));

    anshin_error_clear(error);
    return text;
}

static void errors(void)
{
    anshin_error_t error;
    char text[300];

    anshin_error_clear(&error);
    (void)is_japanese("ja_JP.UTF-8", NULL, NULL);
    (void)anshin_fail(&error, ANSHIN_ENOTFOUND, "AN0000", "contract %s has no %s %s", "p-01", "user", "user");
    ok(same_text(error.text, "contract p-01 has no user user"), "INS-7: the error itself stays English");
    ok(same_text(told(&error), "ご契約 p-01 にユーザ user はありません"),
       "INS-7: words of ours are told in Japanese, what somebody typed as it is");
    (void)anshin_fail(&error, ANSHIN_EINVALID, "AN0000", "--%s: must be a number from %d to %d", "limit", 1, 1000);
    ok(same_text(told(&error), "--limit: 1 から 1000 までの数で指定してください"), "numbers");
    (void)anshin_fail(&error, ANSHIN_EINVALID, "AN0000", "%s: %s", "%1%2 %s", "given twice");
    ok(same_text(told(&error), "%1%2 %s: 2 回指定されています"), "what looks like a format stays what it is");
    (void)anshin_fail(&error, ANSHIN_EFAULT, "AN0000", "an error %s without a row, 100 %% of it", "x");
    ok(same_text(told(&error), "an error x without a row, 100 % of it"), "what has no row is told in English");
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    (void)anshin_fail(&error, ANSHIN_EINVALID, "AN0000", "contract %s has no %s %s", text, "user", "u");
    ok(strlen(told(&error)) < sizeof(text) + 40, "a text that was cut");
    ok(same_text(told(&error), ""), "no error");
    (void)is_japanese("C", NULL, NULL);
    (void)anshin_fail(&error, ANSHIN_EINVALID, "AN0000", "--%s: must be a number from %d to %d", "limit", 1, 1000);
    ok(same_text(told(&error), "--limit: must be a number from 1 to 1000"), "INS-7: else English");
}

static void clauses(void)
{
    static const struct {
        const char *text;
        const char *first;
    } cases[] = {
        {"Create a user; print a URL.", "Create a user"},
        {"List users, newest first.", "List users, newest first"},
        {"Names such as a.b are kept. Others not.", "Names such as a.b are kept"},
        {"Times of 05:12 count: twice", "Times of 05:12 count"},
        {"ユーザを作ります。URL を表示します。", "ユーザを作ります"},
        {"", ""},
        {"no end", "no end"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_size_t length = anshin_first_clause(cases[i].text);
        ok(length == strlen(cases[i].first) && strncmp(cases[i].text, cases[i].first, length) == 0,
           "INS-6: the first clause of \"%s\"", cases[i].text);
    }
}

/* What is printed for people, in columns of East Asian width. */
static void answers(void)
{
    json_t *answer = json_pack("{s:s, s:b, s:s}", "user", "p-01-usr001", "password_must_change", 1, "unheard_of", "x");
    char printed[512] = "";
    FILE *out = fmemopen(printed, sizeof(printed), "w");

    (void)is_japanese("ja_JP.UTF-8", NULL, NULL);
    anshin_print_text(out, answer, pool);
    fclose(out);
    ok(same_text(printed, "ユーザ:                   p-01-usr001\n"
                          "パスワードの変更を求める: はい\n"
                          "unheard of:               x\n"),
       "INS-7: keys and answers in Japanese, one below the other by their width:\n%s", printed);
    json_decref(answer);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    chosen();
    errors();
    clauses();
    answers();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
