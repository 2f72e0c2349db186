/* core/config/option.c, core/config/option_json.c: one parser a kind, with what operators mistype. */
#include <apr_general.h>
#include <apr_strings.h>

#include "core/config/config.h"
#include "core/config/option_json.h"
#include "unit/tap.h"

static apr_pool_t *pool;

/* A structure of its own, so that the test does not hang on the rows of policy.def. */
typedef struct sample_t {
    anshin_option_set_t set;
    int number;
    int flag;
    apr_interval_time_t span;
    apr_interval_time_t strict_span;
    int choice;
    int words;
    const char *text;
    apr_array_header_t *texts;
    const char *path;
    apr_array_header_t *list;
    apr_array_header_t *local;
} sample_t;

#define ROW(kind, member, minimum, maximum, words, classic, modern, index)                                    \
    {                                                                                                         \
        ANSHIN_OPTION_##kind, #member, "Anshin_" #member, {classic, modern, ""}, minimum, maximum, words, "", \
            offsetof(sample_t, member), index                                                                 \
    }

static const anshin_option_t options[] = {ROW(NUMBER, number, 8, 128, "", "8", "15", 0),
                                          ROW(FLAG, flag, 0, 1, "", "on", "off", 1),
                                          ROW(SPAN, span, 0, 31536000, "", "none", "30m", 2),
                                          ROW(SPAN, strict_span, 60, 86400, "", "12h", "90s", 3),
                                          ROW(CHOICE, choice, 0, 0, "off remaining limit", "remaining", "off", 4),
                                          ROW(SET, words, 0, 0, "pc mobile smartphone", "pc smartphone", "none", 5),
                                          ROW(TEXT, text, 1, 8, "", "", "ja", 6),
                                          ROW(TEXTS, texts, 1, 8, "", "mother pet", "", 7),
                                          ROW(PATH, path, 0, 0, "", "", "", 8),
                                          ROW(SPANS, list, 86400, 34560000, "", "40d 10d 1d", "none", 9),
                                          ROW(LOCAL, local, 1, 8, "", "", "", 10),
                                          {ANSHIN_OPTION_NUMBER, NULL, NULL, {NULL}, 0, 0, NULL, NULL, 0, 0}};

enum { NUMBER, FLAG, SPAN, STRICT, CHOICE, WORDS, TEXT, TEXTS, PATH, LIST, LOCAL };

static anshin_error_t err;

static apr_status_t parse(sample_t *sample, int row, const char *value)
{
    anshin_error_clear(&err);
    return anshin_option_parse(sample, &options[row], 1, &value, &err, pool);
}

static void take(int row, const char *value, const char *printed)
{
    sample_t sample = {0};
    apr_status_t status = parse(&sample, row, value);

    ok(status == APR_SUCCESS && same_text(anshin_option_print(&sample, &options[row], pool), printed),
       "%s takes \"%s\" and prints \"%s\"", options[row].member, value, printed);
    ok(anshin_option_is_set(&sample, &options[row]), "and is marked set");
}

static void refuse(int row, const char *value, const char *allowed)
{
    sample_t sample, before;
    apr_status_t status;

    anshin_error_clear(&err);
    anshin_options_default(&sample, options, 0, &err, pool);
    before = sample;
    status = parse(&sample, row, value);
    ok(status == ANSHIN_EINVALID && memcmp(&sample, &before, sizeof(sample)) == 0, "%s refuses \"%.20s\" and stays",
       options[row].member, value);
    ok(strstr(err.text, options[row].directive) != NULL && strstr(err.text, allowed) != NULL,
       "the message names the directive and what is allowed: %s", err.text);
}

static void numbers(void)
{
    static const char *const wrong[] = {"",
                                        "7",
                                        "129",
                                        "-9",
                                        "+9",
                                        " 9",
                                        "9 ",
                                        "0x10",
                                        "9.0",
                                        "9a",
                                        "1e1",
                                        "９",
                                        "99999999999999999999",
                                        "18446744073709551624"};

    take(NUMBER, "8", "8");
    take(NUMBER, "128", "128");
    take(NUMBER, "009", "9");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        refuse(NUMBER, wrong[i], "a number from 8 to 128");
    }
    take(FLAG, "on", "on");
    take(FLAG, "OFF", "off");
    refuse(FLAG, "yes", "on or off");
    refuse(FLAG, "1", "on or off");
    refuse(FLAG, "", "on or off");
}

static void spans(void)
{
    static const char *const wrong[] = {"",
                                        "s",
                                        "30",
                                        "59s",
                                        "2d",
                                        "30 m",
                                        "-30m",
                                        "1.5h",
                                        "30M",
                                        "30mm",
                                        "30min",
                                        "none",
                                        "106751991167301d",
                                        "999999999999999d"};

    take(SPAN, "none", "none");
    take(SPAN, "0s", "none");
    take(SPAN, "90s", "90s");
    take(SPAN, "120s", "2m");
    take(SPAN, "24h", "1d");
    take(STRICT, "60s", "1m");
    take(STRICT, "1d", "1d");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        refuse(STRICT, wrong[i], "a time from 1m to 1d");
    }
    refuse(SPAN, "366d", "none, or a time up to 365d");
}

static void words(void)
{
    sample_t sample = {0};
    const char *several[] = {"pc", "smartphone", "pc"};
    const char *mixed[] = {"pc", "none"};
    const char *one_wrong[] = {"pc", "tablet"};

    take(CHOICE, "limit", "limit");
    take(CHOICE, "Remaining", "remaining");
    refuse(CHOICE, "", "one of: off remaining limit");
    refuse(CHOICE, "remain", "one of: off remaining limit");
    refuse(CHOICE, "off remaining", "one of: off remaining limit");
    refuse(CHOICE, "limits", "one of: off remaining limit");
    take(WORDS, "none", "none");
    take(WORDS, "mobile", "mobile");
    refuse(WORDS, "pc,mobile", "none, or some of: pc mobile smartphone");
    ok(anshin_option_parse(&sample, &options[WORDS], 3, several, &err, pool) == APR_SUCCESS && sample.words == 5,
       "several words, one of them twice, make a set");
    ok(anshin_option_parse(&sample, &options[WORDS], 2, mixed, &err, pool) == ANSHIN_EINVALID,
       "none among other words is refused");
    ok(anshin_option_parse(&sample, &options[WORDS], 2, one_wrong, &err, pool) == ANSHIN_EINVALID && sample.words == 5,
       "one wrong word refuses them all");
}

static void texts(void)
{
    static const char *const hostile[] = {"",         "123456789", "a\nb",     "a\rb",         "a\tb",     "a\x7f",
                                          "\xc2\x85", "\xff",      "\xc0\x80", "\xed\xa0\x80", "\xe3\x81", "\x1b[2J"};
    const char *several[] = {"a b", "c\"d"};
    const char *bad[] = {"fine", "not\nso"};
    const char *titles[] = {"会員向けサイト", "en", "Members", "会員向けのサイト!"};
    const char *no_language[] = {"Members", "日本", "Members"};
    sample_t sample = {0};
    char *long_path = apr_pcalloc(pool, 2001);

    take(TEXT, "あん", "あん");
    take(TEXT, "a b", "a b");
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        refuse(TEXT, hostile[i], "a UTF-8 text of 1 to 8 bytes without control characters");
    }
    ok(anshin_option_parse(&sample, &options[TEXTS], 2, several, &err, pool) == APR_SUCCESS &&
           same_text(anshin_option_print(&sample, &options[TEXTS], pool), "\"a b\" \"c\\\"d\""),
       "texts with blanks and quotes are printed as httpd reads them");
    ok(anshin_option_parse(&sample, &options[TEXTS], 2, bad, &err, pool) == ANSHIN_EINVALID && sample.texts->nelts == 2,
       "one bad text refuses them all");
    take(PATH, "/var/lib/anshin", "/var/lib/anshin");
    take(PATH, "conf/words.txt", "conf/words.txt");
    refuse(PATH, "", "a path");
    refuse(PATH, "/a\nb", "a path");
    memset(long_path, 'a', 2000);
    refuse(PATH, long_path, "a path");
    ok(strlen(err.text) < 200, "a long value is not repeated whole");
    anshin_error_clear(&err);
    ok(anshin_option_parse(&sample, &options[TEXT], 2, several, &err, pool) == ANSHIN_EINVALID &&
           strstr(err.text, "one argument, not 2") != NULL,
       "two arguments where one belongs: %s", err.text);
    ok(anshin_option_parse(&sample, &options[LOCAL], 3, titles, &err, pool) == APR_SUCCESS &&
           same_text(anshin_option_print(&sample, &options[LOCAL], pool), "会員向けサイト en Members") &&
           same_text(anshin_option_text_of(sample.local, "EN"), "Members") &&
           same_text(anshin_option_text_of(sample.local, "fr"), titles[0]) &&
           same_text(anshin_option_text_of(sample.local, NULL), titles[0]) && anshin_option_text_of(NULL, "en") == NULL,
       "NOM-4: a text in several languages; U35: counted in characters");
    anshin_error_clear(&err);
    ok(anshin_option_parse(&sample, &options[LOCAL], 1, &titles[3], &err, pool) == ANSHIN_EINVALID &&
           strstr(err.text, "has 9 characters") != NULL && strstr(err.text, "1 to 8 characters") != NULL,
       "U35: one that is too long is told so in characters: %s", err.text);
    ok(anshin_option_parse(&sample, &options[LOCAL], 2, titles, &err, pool) == ANSHIN_EINVALID &&
           anshin_option_parse(&sample, &options[LOCAL], 3, no_language, &err, pool) == ANSHIN_EINVALID,
       "a language without a text, and a text in its place");
    ok(anshin_option_parse(&sample, &options[TEXTS], 0, several, &err, pool) == ANSHIN_EINVALID, "no argument at all");
}

static void merging(void)
{
    sample_t base, over = {0}, modern;

    anshin_error_clear(&err);
    ok(anshin_options_default(&base, options, 0, &err, pool) == APR_SUCCESS, "defaults of classic");
    ok(base.number == 8 && base.flag == 1 && base.span == 0 && base.strict_span == apr_time_from_sec(43200) &&
           base.choice == 1 && base.words == 5 && base.text == NULL && base.texts->nelts == 2 && base.path == NULL,
       "each kind has the default as written");
    ok(anshin_options_default(&modern, options, 1, &err, pool) == APR_SUCCESS && modern.number == 15 &&
           modern.words == 0 && same_text(modern.text, "ja") && modern.texts == NULL,
       "defaults of modern (CON-4)");
    for (const anshin_option_t *option = options; option->directive != NULL; option++) {
        ok(!anshin_option_is_set(&base, option), "%s: a default is not set", option->member);
    }
    parse(&over, NUMBER, "8");
    parse(&over, TEXT, "en");
    anshin_options_overlay(&modern, &over, options);
    ok(modern.number == 8 && anshin_option_is_set(&modern, &options[NUMBER]) && same_text(modern.text, "en"),
       "what is set comes over, an explicit default too");
    ok(modern.flag == 0 && modern.span == apr_time_from_sec(1800) && !anshin_option_is_set(&modern, &options[FLAG]),
       "what is not set stays");
    ok(anshin_option_find(options, "ANSHIN_TEXT") == &options[TEXT] && anshin_option_find(options, "Anshin") == NULL,
       "an option is found by its directive");
}

/* Several arguments at once, split at spaces. */
static apr_status_t parse_list(sample_t *sample, const char *written)
{
    const char *argv[16];
    int argc = 0;
    char *rest = apr_pstrdup(pool, written);

    for (char *word = apr_strtok(rest, " ", &rest); word != NULL; word = apr_strtok(NULL, " ", &rest)) {
        argv[argc++] = word;
    }
    anshin_error_clear(&err);
    return anshin_option_parse(sample, &options[LIST], argc, argv, &err, pool);
}

static void lists(void)
{
    static const char *const good[] = {"400d", "40d 10d 1d", "2d 36h 1d", "8d 7d 6d 5d 4d 3d 2d 1d",
                                       "none", "48h",        NULL};
    static const char *const printed[] = {"400d", "40d 10d 1d", "2d 36h 1d", "8d 7d 6d 5d 4d 3d 2d 1d", "none", "2d"};
    static const char *const wrong[] = {"1d 10d",   "10d 10d",    "401d",      "23h",
                                        "40d none", "0d",         "none none", "9d 8d 7d 6d 5d 4d 3d 2d 1d",
                                        "40d 10",   "40d 1d 24h", NULL};
    sample_t sample = {0};

    for (int i = 0; good[i] != NULL; i++) {
        ok(parse_list(&sample, good[i]) == APR_SUCCESS &&
               same_text(anshin_option_print(&sample, &options[LIST], pool), printed[i]),
           "REN-1: a list of times: \"%s\" is \"%s\"", good[i], printed[i]);
    }
    for (int i = 0; wrong[i] != NULL; i++) {
        sample = (sample_t){0};
        ok(parse_list(&sample, wrong[i]) == ANSHIN_EINVALID && sample.list == NULL &&
               strstr(err.text, "Anshin_list: ") != NULL &&
               strstr(err.text, "none, or up to 8 times from 1d to 400d, each shorter than the one before") != NULL,
           "REN-1: \"%s\" is refused: %s", wrong[i], err.text);
    }
}

static apr_status_t from(sample_t *sample, const char *text)
{
    json_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);
    apr_status_t status;

    anshin_error_clear(&err);
    anshin_options_default(sample, options, 0, &err, pool);
    status = anshin_options_from_json(sample, options, json, &err, pool);
    json_decref(json);
    return status;
}

static void json(void)
{
    sample_t a, b;
    json_t *out, *again;

    static const char *const wrong[] = {"[]",
                                        "\"x\"",
                                        "{\"Anshin_number\":8}",
                                        "{\"Anshin_number\":\"7\"}",
                                        "{\"Unknown\":\"8\"}",
                                        "{\"Anshin_number\":[\"8\",\"9\"]}",
                                        "{\"Anshin_words\":[\"pc\",1]}",
                                        "{\"Anshin_words\":{\"pc\":1}}",
                                        "{\"Anshin_text\":\"a\\u0000b\"}",
                                        "{\"Anshin_text\":null}"};

    ok(from(
           &a,
           "{\"Anshin_number\":\"20\",\"Anshin_words\":[\"pc\",\"mobile\"],\"Anshin_text\":\"日本\","
           "\"Anshin_texts\":[\"a b\",\"c\"],\"Anshin_span\":\"90s\",\"Anshin_path\":\"/x\",\"Anshin_local\":[\"日本\",\"en\",\"J\"]}") ==
               APR_SUCCESS &&
           a.number == 20 && a.words == 3 && a.texts->nelts == 2 && a.local->nelts == 3,
       "read from JSON");
    out = anshin_options_to_json(&a, options, pool);
    ok(out != NULL && anshin_options_default(&b, options, 0, &err, pool) == APR_SUCCESS &&
           anshin_options_from_json(&b, options, out, &err, pool) == APR_SUCCESS,
       "written and read again");
    again = anshin_options_to_json(&b, options, pool);
    ok(json_equal(out, again) && json_object_size(out) == 11, "nothing is lost or changed on the way");
    json_decref(out);
    json_decref(again);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ok(from(&a, wrong[i]) == ANSHIN_EINVALID && err.text[0] != '\0', "refused: %s (%s)", wrong[i], err.text);
    }
    ok(from(&a, "{\"Anshin_text\":\"\",\"Anshin_texts\":[]}") == APR_SUCCESS && a.text == NULL && a.texts->nelts == 2,
       "\"\" and [] stand for not given");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    numbers();
    spans();
    words();
    texts();
    merging();
    lists();
    json();
    apr_terminate();
    return done();
}
