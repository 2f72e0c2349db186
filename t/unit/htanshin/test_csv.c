/*
 * CSV (htanshin/csv.h): RFC 4180, and nothing that a spreadsheet computes (REN-4).
 */
#include <apr_general.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/csv_cell.h"
#include "htanshin/csv.h"
#include "unit/tap.h"

static apr_pool_t *pool;

/* What one cell becomes, in a row with another. */
static const char *written(json_t *value)
{
    static char text[4096];
    json_t *rows = json_pack("[{s:o, s:s}]", "cell", value, "next", "x");
    FILE *out = fmemopen(text, sizeof(text), "w");

    (void)anshin_csv_rows(out, rows, 0, pool);
    (void)fclose(out);
    json_decref(rows);
    return text;
}

int main(void)
{
    static const struct {
        const char *text, *cell;
    } rows[] = {{"plain", "plain"},
                {"", ""},
                {"薬局1号機", "薬局1号機"},
                {"a,b", "\"a,b\""},
                {"say \"x\"", "\"say \"\"x\"\"\""},
                {"=1+1", "'=1+1"},
                {"+1", "'+1"},
                {"-1", "'-1"},
                {"@SUM(A1)", "'@SUM(A1)"},
                {"=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
                {"＝1", "'＝1"},
                {"＠x", "'＠x"},
                {"1=1", "1=1"},
                {"'=1", "''=1"},
                {"'x", "'x"},
                {"a\tb\r\nc", "a\xef\xbf\xbd"
                              "b\xef\xbf\xbd\xef\xbf\xbd"
                              "c"},
                {"\xe2\x80\xae"
                 "x",
                 "\xef\xbf\xbd"
                 "x"}};
    static const char *const texts[] = {"=1", "'=1", "''=1", "'x", "x", "", "'", "-1", "＝1", "'@"};
    static const char *const names[] = {"a", "b,c", "=d"};
    json_t *two = json_pack("[{s:s, s:i}, {s:s, s:i}]", "a,b", "x", "n", 1, "a,b", "y", "n", -2);
    char text[256] = "";
    FILE *out = fmemopen(text, sizeof(text), "w");

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[512];

        (void)snprintf(expected, sizeof(expected), "%s,x\r\n", rows[i].cell);
        ok(same_text(written(json_string(rows[i].text)), expected), "REN-4: a cell of %s", rows[i].cell);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *cell = written(json_string(texts[i]));
        char first[64];

        (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(cell, ","), cell);
        ok(same_text(anshin_csv_text(first), texts[i]), "IMP-3: %s is taken back as it was", first);
    }
    ok(same_text(written(json_null()), ",x\r\n") && same_text(written(json_integer(-7)), "-7,x\r\n") &&
           same_text(written(json_true()), "yes,x\r\n"),
       "REN-4: nothing, numbers of ours and flags");
    ok(anshin_csv_rows(out, two, 1, pool) == 0 && fclose(out) == 0 && same_text(text, "\"a,b\",n\r\nx,1\r\ny,-2\r\n"),
       "REN-4: lines as RFC 4180 has them, the names first: %s", text);
    memset(text, 0, sizeof(text));
    out = fmemopen(text, sizeof(text), "w");
    ok(anshin_csv_names(out, names, 3, pool) == 0 && fclose(out) == 0 && same_text(text, "a,\"b,c\",'=d\r\n"),
       "IMP-3: names alone, where there is no row");
    out = fopen("/dev/full", "w");
    setbuf(out, NULL);
    ok(anshin_csv_rows(out, two, 1, pool) == -1, "REN-4: what could not be written whole is told");
    (void)fclose(out);
    json_decref(two);
    return done();
}
