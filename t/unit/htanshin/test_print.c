/*
 * Answers of htanshin as text: layout, and that nothing a user typed reaches the terminal as a command (S27).
 */
#include <apr_general.h>
#include <stdlib.h>

#include "htanshin/result.h"
#include "htanshin/print.h"
#include "unit/tap.h"

static apr_pool_t *pool;

/* What is printed for a value given as JSON text. */
static const char *printed(const char *json)
{
    static char buffer[4096];
    FILE *out = fmemopen(buffer, sizeof(buffer), "w");
    json_t *value = json_loads(json, 0, NULL);

    if (out == NULL || value == NULL) {
        return "(test is broken)";
    }
    memset(buffer, 0, sizeof(buffer));
    anshin_print_text(out, value, pool);
    fclose(out);
    json_decref(value);
    return buffer;
}

/* The same as JSON. */
static const char *printed_json(const char *json)
{
    static char buffer[4096];
    FILE *out = fmemopen(buffer, sizeof(buffer), "w");
    json_t *value = json_loads(json, JSON_ALLOW_NUL, NULL);

    if (out == NULL || value == NULL) {
        return "(test is broken)";
    }
    memset(buffer, 0, sizeof(buffer));
    if (anshin_print_json(out, value, JSON_COMPACT) != 0) {
        return "(not written)";
    }
    fclose(out);
    json_decref(value);
    return buffer;
}

/* A terminal obeys what stands in JSON as well; a program must read what was there. */
static void json_cleaned(void)
{
    static const struct {
        const char *what;
        const char *json;
        const char *printed;
    } cases[] = {
        {"Japanese is left as it is", "[\"\xe5\xb1\xb1\"]", "[\"\xe5\xb1\xb1\"]"},
        {"CSI as one character", "[\"\\u009b31m\"]", "[\"\\u009b31m\"]"},
        {"DEL", "[\"a\\u007f\"]", "[\"a\\u007f\"]"},
        {"the direction of writing", "[\"\\u202e\\u2066\"]", "[\"\\u202e\\u2066\"]"},
        {"lines and paragraphs of Unicode", "[\"\\u2028\\u2029\"]", "[\"\\u2028\\u2029\"]"},
        {"ESC and line ends", "[\"\\u001b\\r\\n\"]", "[\"\\u001B\\r\\n\"]"},
        {"a tag character beyond U+FFFF", "[\"\\udb40\\udc41\"]", "[\"\\udb40\\udc41\"]"},
        {"an emoji", "[\"\\ud83d\\ude00\"]", "[\"\xf0\x9f\x98\x80\"]"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *out = printed_json(cases[i].json);

        ok(same_text(out, cases[i].printed), "S27: JSON: %s: %s", cases[i].what, out);
    }
}

static void cleaned(void)
{
    static const struct {
        const char *what;
        const char *text;
        const char *clean;
    } cases[] = {
        {"plain text", "p-01-usr001", "p-01-usr001"},
        {"Japanese", "\xe5\xb1\xb1\xe7\x94\xb0", "\xe5\xb1\xb1\xe7\x94\xb0"},
        {"an escape sequence", "a\x1b[2Jb", "a\xef\xbf\xbd[2Jb"},
        {"a line break", "a\r\nb",
         "a\xef\xbf\xbd\xef\xbf\xbd"
         "b"},
        {"DEL", "\x7f", "\xef\xbf\xbd"},
        {"CSI of ISO 6429 as UTF-8", "\xc2\x9b", "\xef\xbf\xbd"},
        {"right-to-left override",
         "\xe2\x80\xae"
         "exe",
         "\xef\xbf\xbd"
         "exe"},
        {"zero-width space", "\xe2\x80\x8b", "\xef\xbf\xbd"},
        {"a line separator", "\xe2\x80\xa8", "\xef\xbf\xbd"},
        {"a byte that is no UTF-8",
         "a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"a character cut in half", "\xe5\xb1", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"an overlong form", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"a surrogate", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"nothing", "", ""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *exact = strdup(cases[i].text); /* its end guarded by the sanitizer */
        ok(same_text(anshin_text_clean(exact, pool), cases[i].clean), "cleaned (S27): %s", cases[i].what);
        free(exact);
    }
}

static void laid_out(void)
{
    ok(same_text(printed("{\"user\":\"u\",\"last_login\":null,\"n\":3,\"on\":true,\"off\":false}"),
                 "user:       u\nlast login: -\nn:          3\non:         yes\noff:        no\n"),
       "an object: aligned lines, words for null and flags");
    ok(same_text(printed("[{\"a\":\"1\",\"bb\":\"x\"},{\"a\":\"\xe5\xb1\xb1\",\"bb\":null}]"),
                 "a   bb\n1   x\n\xe5\xb1\xb1  -\n"),
       "a table: wide characters count two columns");
    ok(same_text(printed("{\"t\":[{\"n\":1}],\"l\":[\"a\",\"b\"],\"e\":[]}"), "t:\n  n\n  1\nl: a, b\ne: -\n"),
       "a table in an object, lists in a line");
    ok(same_text(printed("{\"o\":{\"a\":1}}"), "o:\n  a: 1\n"), "an object in an object");
    ok(same_text(printed("[]"), ""), "an empty table says nothing");
    ok(same_text(printed("{\"body\":\"one\\nstate: locked\\n\\nend\"}"), "body:\n  one\n  state: locked\n\n  end\n"),
       "lines of a text are indented, so that none passes for a line of ours (S27)");
    ok(same_text(printed("{\"user\":\"u\\u001b[1A\\u0007\"}"), "user: u\xef\xbf\xbd[1A\xef\xbf\xbd\n"),
       "values are cleaned");
    ok(same_text(printed("[{\"typed\":\"a\\nb\"}]"), "typed\na\xef\xbf\xbd"
                                                     "b\n"),
       "a line break makes no row of its own");
}

static void add_number(anshin_rows_t *rows, int number)
{
    const char *place = anshin_rows_place(rows, number, "");

    if (place != NULL) {
        (void)anshin_rows_add(rows, place, json_integer(number));
    }
}

/* A list of 1 to 1,000 in parts of 10 after the one before, added in no order: each once, in order, whichever the order
 * is (D4). */
static void in_parts(void)
{
    for (int descending = 0; descending < 2; descending++) {
        const char *last = NULL;
        json_t *array;
        int next = 0;
        int right = 1;
        size_t count;

        do {
            anshin_rows_t *rows = anshin_rows_create(pool, descending, 10, last);
            for (int i = 0; i < 1000; i++) {
                add_number(rows, (i * 7) % 1000 + 1);
            }
            array = anshin_rows_take(rows, 100, &last);
            count = json_array_size(array);
            for (size_t i = 0; i < count; i++) {
                next++;
                right &= json_integer_value(json_array_get(array, i)) == (descending ? 1001 - next : next);
            }
            json_decref(array);
        } while (count == 10);
        ok(right && next == 1000, "D4: parts make the whole list, %s", descending ? "newest first" : "in order");
    }
}

/* A list written in parts of one row each. */
static const char *printed_in_parts(const char *json, int as_json)
{
    static char buffer[4096];
    FILE *out = fmemopen(buffer, sizeof(buffer), "w");
    json_t *value = json_loads(json, 0, NULL);
    anshin_print_list_t list = {.json = as_json};

    if (out == NULL || value == NULL) {
        return "(test is broken)";
    }
    memset(buffer, 0, sizeof(buffer));
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *part = json_pack("[O]", json_array_get(value, i));
        if (anshin_print_part(out, &list, part, pool) != 0) {
            return "(not written)";
        }
        json_decref(part);
    }
    anshin_print_end(out, &list);
    fclose(out);
    json_decref(value);
    return buffer;
}

static void written_in_parts(void)
{
    static const char *const lists[] = {"[]", "[{\"a\":1}]",
                                        "[{\"a\":1,\"b\":\"\\u202e\"},{\"a\":[2],\"b\":null},{\"a\":3,\"b\":{}}]"};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        char whole[4096] = "";
        FILE *out = fmemopen(whole, sizeof(whole), "w");
        json_t *value = json_loads(lists[i], 0, NULL);

        (void)anshin_print_json(out, value, JSON_INDENT(2));
        fputc('\n', out);
        fclose(out);
        json_decref(value);
        ok(same_text(printed_in_parts(lists[i], 1), whole), "D4: JSON in parts is that of the whole: %s", lists[i]);
    }
    ok(same_text(printed_in_parts("[{\"a\":1,\"b\":2},{\"a\":333,\"b\":4},{\"a\":5,\"b\":6}]", 0),
                 "a  b\n1  2\n333  4\n5    6\n"),
       "D4: one head, and columns as wide as the cells so far");
    ok(same_text(printed_in_parts("[]", 0), ""), "D4: an empty one says nothing");
}

static void put_together(void)
{
    anshin_rows_t *rows = anshin_rows_create(pool, 1, 2, NULL);
    json_t *object = json_object();
    json_t *array;
    const char *last = NULL;

    setenv("TZ", "Asia/Tokyo", 1);
    anshin_result_time(object, "at", apr_time_from_sec(1767225600), pool);
    anshin_result_time(object, "never", 0, pool);
    anshin_result_text(object, "none", NULL, pool);
    anshin_result_text(object, "bad", "\xff", pool);
    ok(same_text(json_string_value(json_object_get(object, "at")), "2026-01-01T09:00:00+09:00"),
       "times are local, RFC 3339");
    ok(json_is_null(json_object_get(object, "never")) && json_is_null(json_object_get(object, "none")),
       "never is null");
    ok(same_text(json_string_value(json_object_get(object, "bad")), "\xef\xbf\xbd"), "what is no UTF-8 is still JSON");
    json_decref(object);

    for (int i = 1; i <= 3; i++) {
        add_number(rows, i);
    }
    array = anshin_rows_take(rows, 2, &last);
    ok(json_array_size(array) == 2 && json_integer_value(json_array_get(array, 0)) == 3, "newest first, limited");
    json_decref(array);
    array = anshin_rows_take(rows, 2, &last);
    ok(json_array_size(array) == 0, "taken is taken");
    json_decref(array);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    cleaned();
    json_cleaned();
    laid_out();
    put_together();
    in_parts();
    written_in_parts();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
