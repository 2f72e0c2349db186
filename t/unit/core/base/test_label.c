/*
 * Labels of terminals: what is taken, in which form, and how people are told of a terminal (LST-1, ADR-2).
 */
#include "core/base/label.h"

#include <apr_strings.h>

#include "core/base/unicode.h"
#include "unit/tap.h"

static apr_pool_t *pool;

static const struct {
    const char *typed;
    const char *normal;
    const char *what;
} good[] = {
    {"", "", "none"},
    {" \t\xe3\x80\x80 ", "", "spaces alone: none"},
    {"\xe8\x96\xac\xe5\xb1\x80\xef\xbc\x91\xe5\x8f\xb7\xe6\xa9\x9f",
     "\xe8\x96\xac\xe5\xb1\x80"
     "1\xe5\x8f\xb7\xe6\xa9\x9f",
     "a full-width digit"},
    {"\xef\xbe\x8a\xef\xbe\x9f\xef\xbd\xbf\xef\xbd\xba\xef\xbe\x9d", "\xe3\x83\x91\xe3\x82\xbd\xe3\x82\xb3\xe3\x83\xb3",
     "half-width kana"},
    {"  <b>\"&'  ", "<b>\"&'", "markup, which outputs escape"},
    {"\xf0\x9f\x92\x8a 1", "\xf0\x9f\x92\x8a 1", "an emoji"},
    {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac", "\xf0\x9f\x91\xa9\xf0\x9f\x94\xac",
     "an emoji of two, without joiner"},
    {"a\r\nBcc: x@y.example", "a  Bcc: x@y.example", "line ends are spaces"},
    {"a\xe2\x80\xa8"
     "b\xe2\x80\xa9"
     "c",
     "a b c", "so are those of Unicode"},
    {"1\xe2\x80\xae"
     "2\xe2\x81\xa6"
     "3\xe2\x80\x8f"
     "4\xe2\x80\x8b"
     "5\xef\xbb\xbf"
     "6\xc2\xad",
     "123456", "what turns the writing round and what cannot be seen is gone"},
    {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "Hebrew"},
    {"e\xcc\x81", "\xc3\xa9", "a mark joins its letter"},
};

static const struct {
    const char *typed;
    const char *what;
} bad[] = {
    {"a\033[31mb", "an escape sequence"},
    {"a\177", "DEL"},
    {"a\xc2\x9b"
     "31m",
     "a control character of two octets"},
    {"\xff", "no UTF-8"},
    {"\xed\xa0\x80", "a surrogate"},
    {"\xee\x80\x80", "private use"},
    {"\xef\xbf\xbe", "no character"},
    {"\xef\xbf\xb9", "a format character"},
    {"\xcc\x81"
     "a",
     "a mark that would join what stands before the label"},
    {" \xcc\x81"
     "a",
     "the same behind a space"},
};

static void forms(void)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const char *label = anshin_label_typed(good[i].typed, pool);

        ok(anshin_label_rule(label) == ANSHIN_LABEL_GOOD && same_text(label, good[i].normal), "ADR-2, LST-1: %s",
           good[i].what);
        ok(label && same_text(anshin_label_typed(label, pool), label), "its normal form stays what it is");
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ok(anshin_label_rule(anshin_label_typed(bad[i].typed, pool)) == ANSHIN_LABEL_CHARACTERS, "LST-1: not %s",
           bad[i].what);
    }
}

static const char *times(const char *character, int count)
{
    const char *text = "";

    while (count-- > 0) {
        text = apr_pstrcat(pool, text, character, NULL);
    }
    return anshin_label_typed(text, pool);
}

static void lengths(void)
{
    static const char *const characters[] = {"a", "\xe6\xa9\x9f", "\xf0\x9f\x92\x8a"};

    for (int i = 0; i < 3; i++) {
        ok(anshin_label_rule(times(characters[i], 32)) == ANSHIN_LABEL_GOOD, "LST-1: 32 characters of %u octets",
           (unsigned)strlen(characters[i]));
        ok(anshin_label_rule(times(characters[i], 33)) == ANSHIN_LABEL_LONG, "LST-1: but not 33");
    }
    ok(anshin_label_rule(times("\xef\xbe\x8a\xef\xbe\x9f", 32)) == ANSHIN_LABEL_GOOD,
       "half-width kana with their marks are counted in the normal form");
    ok(anshin_label_rule(times("\xef\xb7\xba", 2)) == ANSHIN_LABEL_LONG, "and so is one that becomes eighteen");
}

static void titles(void)
{
    ok(same_text(anshin_label_title(2, "PC", pool), "2 (PC)"), "a terminal is told by number and label (LST-1)");
    ok(same_text(anshin_label_title(2, NULL, pool), "2") && same_text(anshin_label_title(2, "", pool), "2"),
       "and by its number where it has none");
    for (int rule = ANSHIN_LABEL_CHARACTERS; rule <= ANSHIN_LABEL_LONG; rule++) {
        ok(anshin_label_error((anshin_label_rule_t)rule) && anshin_label_advice((anshin_label_rule_t)rule),
           "each rule has its words");
    }
    ok(!anshin_label_error(ANSHIN_LABEL_GOOD) && !anshin_label_advice(ANSHIN_LABEL_GOOD), "what is good has none");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    forms();
    lengths();
    titles();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
