/*
 * The columns of a file (htanshin/import/import_columns.h): names, words and days as offices write them (IMP-1).
 */
#include <apr_general.h>
#include <apr_strings.h>

#include "htanshin/import/import_columns.h"
#include "htanshin/import/import_progress.h"
#include "htanshin/import/import_seen.h"
#include "unit/tap.h"

static apr_pool_t *pool;

static apr_array_header_t *cells_of(const char *text)
{
    apr_array_header_t *cells = apr_array_make(pool, 8, sizeof(const char *));
    char *copy = apr_pstrdup(pool, text);

    for (char *next = copy; copy != NULL; copy = next) {
        next = strchr(copy, ',');
        if (next != NULL) {
            *next++ = '\0';
        }
        APR_ARRAY_PUSH(cells, const char *) = copy;
    }
    return cells;
}

static void check_names(void)
{
    static const struct {
        const char *name;
        int column;
    } rows[] = {{"user", ANSHIN_IMPORT_USER},
                {"User ID", ANSHIN_IMPORT_USER},
                {"ユーザーＩＤ", ANSHIN_IMPORT_USER},
                {"ﾕｰｻﾞID", ANSHIN_IMPORT_USER},
                {"E-Mail", ANSHIN_IMPORT_ADDRESS},
                {"ﾒｰﾙｱﾄﾞﾚｽ", ANSHIN_IMPORT_ADDRESS},
                {"Mail address", ANSHIN_IMPORT_ADDRESS},
                {"端末の種類", ANSHIN_IMPORT_TERMINAL},
                {"valid_until", ANSHIN_IMPORT_VALID_UNTIL},
                {"valid-from", ANSHIN_IMPORT_VALID_FROM},
                {"有効期限", ANSHIN_IMPORT_VALID_UNTIL},
                {"氏名", ANSHIN_IMPORT_NAME},
                {"-", -1},
                {"電話番号", -2},
                {"\xff", -2}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ok(anshin_import_column_find(rows[i].name, pool) == rows[i].column, "IMP-1: a column called %zu", i);
    }
    for (int column = 0; column < ANSHIN_IMPORT_COLUMNS; column++) {
        ok(anshin_import_column_find(anshin_import_column_name(column), pool) == column, "IMP-1: %s is its own name",
           anshin_import_column_name(column));
    }
}

static void check_headers(void)
{
    static const struct {
        const char *header, *says;
    } rows[] = {{"user,address", ""},
                {"メールアドレス,,ユーザID", ""},
                {"user,-,-,address", ""},
                {"user,phone", "column 2, \"phone\", is not known; give --ignore-unknown, and such columns are"},
                {"user,mail,email", "column 3, \"email\", is there twice (address)"},
                {"address", "there is none of user IDs"}};
    anshin_import_columns_t columns = {.ignores = 0};
    anshin_error_t err;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        apr_status_t status;

        anshin_error_clear(&err);
        status = anshin_import_columns_read(&columns, cells_of(rows[i].header), &err, pool);
        ok((status == APR_SUCCESS) == (rows[i].says[0] == '\0') && strstr(err.text, rows[i].says) != NULL,
           "IMP-1: a header of %s: %s", rows[i].header, err.text);
    }
    columns.ignores = 1;
    ok(anshin_import_columns_read(&columns, cells_of("user,phone"), &err, pool) == APR_SUCCESS,
       "IMP-1: and with --ignore-unknown one that is not known is passed over");
}

static void check_cells(void)
{
    anshin_import_columns_t columns = {.ignores = 0};
    anshin_import_record_t record = {.cells = cells_of("x,y,z,")};
    const char *cells[ANSHIN_IMPORT_COLUMNS];

    anshin_import_columns_read(&columns, cells_of("address,-,user"), NULL, pool);
    ok(anshin_import_columns_take(&columns, &record, cells) == 0 && same_text(cells[ANSHIN_IMPORT_ADDRESS], "x") &&
           same_text(cells[ANSHIN_IMPORT_USER], "z") && same_text(cells[ANSHIN_IMPORT_MEMO], ""),
       "IMP-1: cells by column, an empty one at the end");
    record.cells = cells_of("x,y,z,w");
    ok(anshin_import_columns_take(&columns, &record, cells) == 4, "IMP-1: a cell beyond the last column");
    record.cells = cells_of("メール,-,ユーザ");
    ok(anshin_import_columns_header(&record, pool), "IMP-1: a record of names is a header");
    record.cells = cells_of("user,a@example.jp");
    ok(!anshin_import_columns_header(&record, pool), "IMP-1: one of a user is none");
}

static void check_values(void)
{
    static const struct {
        int column;
        const char *text, *value;
    } rows[] = {{ANSHIN_IMPORT_VALID_FROM, "2027/4/1", "2027-04-01"},
                {ANSHIN_IMPORT_VALID_FROM, "２０２７年４月１日", "2027-04-01"},
                {ANSHIN_IMPORT_VALID_FROM, "2027-04-01", "2027-04-01"},
                {ANSHIN_IMPORT_VALID_UNTIL, "2027/4/1 9:00", "2027-04-01 9:00"},
                {ANSHIN_IMPORT_VALID_UNTIL, "令和9年4月1日", "令和9年4月1日"},
                {ANSHIN_IMPORT_VALID_UNTIL, "20270401", "20270401"},
                {ANSHIN_IMPORT_GROUPS, "a;b、c\nd,e", "a,b,c,d,e"},
                {ANSHIN_IMPORT_MEMO, "a\nb\tc", "a b c"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *value = anshin_import_cell((anshin_import_column_t)rows[i].column, rows[i].text, pool);

        ok(same_text(value, rows[i].value), "IMP-1: %s becomes %s", anshin_import_column_name(rows[i].column), value);
    }
    ok(same_text(anshin_import_word(ANSHIN_IMPORT_METHOD, "ワンタイム パスワード", pool), "otp") &&
           same_text(anshin_import_word(ANSHIN_IMPORT_TERMINAL, "ＰＣ", pool), "pc") &&
           same_text(anshin_import_word(ANSHIN_IMPORT_TERMINAL, "ｽﾏｰﾄﾌｫﾝ", pool), "smartphone") &&
           same_text(anshin_import_word(ANSHIN_IMPORT_LANGUAGE, "English", pool), "en"),
       "IMP-1: words of offices");
}

static void check_seen(void)
{
    anshin_import_seen_t *seen = anshin_import_seen_create(pool);
    int before = -1;
    int good = 1;

    for (int i = 1; i <= 5000; i++) {
        good &=
            anshin_import_seen_add(seen, apr_psprintf(pool, "user-%d", i), i, &before) == APR_SUCCESS && before == 0;
    }
    ok(good, "IMP-1: 5,000 users, each for the first time");
    ok(anshin_import_seen_add(seen, "user-4711", 9999, &before) == APR_SUCCESS && before == 4711,
       "IMP-1: a second line of one, with the line of the first");
}

static void check_progress(void)
{
    ok(same_text(anshin_import_progress_text(50, 200, 7, apr_time_from_sec(10), pool),
                 " 25 % [#####               ] 7 lines, 0:31 left"),
       "IMP-1: how far it is, with the rest of the time");
    ok(same_text(anshin_import_progress_text(50, 0, 7, apr_time_from_sec(10), pool), "7 lines"),
       "IMP-1: of a pipe nobody knows");
    ok(same_text(anshin_import_progress_text(300, 200, 7, 1, pool), "100 % [####################] 7 lines"),
       "IMP-1: of a file that grows");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    check_names();
    check_headers();
    check_cells();
    check_values();
    check_seen();
    check_progress();
    apr_pool_destroy(pool);
    return done();
}
