/*
 * The columns of a file: see import_columns.h.
 */
#include "htanshin/import/import_columns.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/csv_cell.h"
#include "core/base/unicode.h"
#include "htanshin/print.h"

#define PASSED_OVER (-1)
#define UNKNOWN (-2)

/* The first name of each is that of --columns, messages and results. Written as plain() makes them. */
static const anshin_word_t names[] = {
    {"user", ANSHIN_IMPORT_USER},
    {"userid", ANSHIN_IMPORT_USER},
    {"id", ANSHIN_IMPORT_USER},
    {"username", ANSHIN_IMPORT_USER},
    {"login", ANSHIN_IMPORT_USER},
    {"loginid", ANSHIN_IMPORT_USER},
    {"ユーザid", ANSHIN_IMPORT_USER},
    {"ユーザーid", ANSHIN_IMPORT_USER},
    {"ユーザ", ANSHIN_IMPORT_USER},
    {"ユーザー", ANSHIN_IMPORT_USER},
    {"ユーザ名", ANSHIN_IMPORT_USER},
    {"ユーザー名", ANSHIN_IMPORT_USER},
    {"利用者id", ANSHIN_IMPORT_USER},
    {"ログインid", ANSHIN_IMPORT_USER},
    {"address", ANSHIN_IMPORT_ADDRESS},
    {"mail", ANSHIN_IMPORT_ADDRESS},
    {"email", ANSHIN_IMPORT_ADDRESS},
    {"mailaddress", ANSHIN_IMPORT_ADDRESS},
    {"emailaddress", ANSHIN_IMPORT_ADDRESS},
    {"メールアドレス", ANSHIN_IMPORT_ADDRESS},
    {"メール", ANSHIN_IMPORT_ADDRESS},
    {"eメール", ANSHIN_IMPORT_ADDRESS},
    {"電子メール", ANSHIN_IMPORT_ADDRESS},
    {"method", ANSHIN_IMPORT_METHOD},
    {"loginmethod", ANSHIN_IMPORT_METHOD},
    {"ログイン方法", ANSHIN_IMPORT_METHOD},
    {"ログイン方式", ANSHIN_IMPORT_METHOD},
    {"認証方法", ANSHIN_IMPORT_METHOD},
    {"認証方式", ANSHIN_IMPORT_METHOD},
    {"terminal", ANSHIN_IMPORT_TERMINAL},
    {"device", ANSHIN_IMPORT_TERMINAL},
    {"devicekind", ANSHIN_IMPORT_TERMINAL},
    {"terminalkind", ANSHIN_IMPORT_TERMINAL},
    {"端末", ANSHIN_IMPORT_TERMINAL},
    {"端末種別", ANSHIN_IMPORT_TERMINAL},
    {"端末の種類", ANSHIN_IMPORT_TERMINAL},
    {"label", ANSHIN_IMPORT_LABEL},
    {"devicename", ANSHIN_IMPORT_LABEL},
    {"terminalname", ANSHIN_IMPORT_LABEL},
    {"端末名", ANSHIN_IMPORT_LABEL},
    {"端末の名前", ANSHIN_IMPORT_LABEL},
    {"language", ANSHIN_IMPORT_LANGUAGE},
    {"lang", ANSHIN_IMPORT_LANGUAGE},
    {"言語", ANSHIN_IMPORT_LANGUAGE},
    {"name", ANSHIN_IMPORT_NAME},
    {"fullname", ANSHIN_IMPORT_NAME},
    {"displayname", ANSHIN_IMPORT_NAME},
    {"氏名", ANSHIN_IMPORT_NAME},
    {"名前", ANSHIN_IMPORT_NAME},
    {"お名前", ANSHIN_IMPORT_NAME},
    {"表示名", ANSHIN_IMPORT_NAME},
    {"organisation", ANSHIN_IMPORT_ORGANISATION},
    {"organization", ANSHIN_IMPORT_ORGANISATION},
    {"company", ANSHIN_IMPORT_ORGANISATION},
    {"組織", ANSHIN_IMPORT_ORGANISATION},
    {"組織名", ANSHIN_IMPORT_ORGANISATION},
    {"会社", ANSHIN_IMPORT_ORGANISATION},
    {"会社名", ANSHIN_IMPORT_ORGANISATION},
    {"団体名", ANSHIN_IMPORT_ORGANISATION},
    {"所属", ANSHIN_IMPORT_ORGANISATION},
    {"groups", ANSHIN_IMPORT_GROUPS},
    {"group", ANSHIN_IMPORT_GROUPS},
    {"グループ", ANSHIN_IMPORT_GROUPS},
    {"memo", ANSHIN_IMPORT_MEMO},
    {"note", ANSHIN_IMPORT_MEMO},
    {"notes", ANSHIN_IMPORT_MEMO},
    {"メモ", ANSHIN_IMPORT_MEMO},
    {"備考", ANSHIN_IMPORT_MEMO},
    {"valid-from", ANSHIN_IMPORT_VALID_FROM},
    {"validfrom", ANSHIN_IMPORT_VALID_FROM},
    {"有効開始日", ANSHIN_IMPORT_VALID_FROM},
    {"有効期間開始", ANSHIN_IMPORT_VALID_FROM},
    {"利用開始日", ANSHIN_IMPORT_VALID_FROM},
    {"valid-until", ANSHIN_IMPORT_VALID_UNTIL},
    {"validuntil", ANSHIN_IMPORT_VALID_UNTIL},
    {"有効期限", ANSHIN_IMPORT_VALID_UNTIL},
    {"有効終了日", ANSHIN_IMPORT_VALID_UNTIL},
    {"有効期間終了", ANSHIN_IMPORT_VALID_UNTIL},
    {"利用終了日", ANSHIN_IMPORT_VALID_UNTIL},
    {"password-hash", ANSHIN_IMPORT_HASH},
    {"passwordhash", ANSHIN_IMPORT_HASH},
    {"hash", ANSHIN_IMPORT_HASH},
    {"hashedpassword", ANSHIN_IMPORT_HASH},
    {"userpassword", ANSHIN_IMPORT_HASH},
    {"パスワードハッシュ", ANSHIN_IMPORT_HASH},
    {"パスワードのハッシュ", ANSHIN_IMPORT_HASH},
    {"-", PASSED_OVER},
    /* What an export tells besides (export/user_export.c). */
    {"state", PASSED_OVER},
    {"validnow", PASSED_OVER},
    {"createdat", PASSED_OVER},
    {"registeredat", PASSED_OVER},
    {"lastloginat", PASSED_OVER},
    {"lockedby", PASSED_OVER},
    {"devices", PASSED_OVER},
    {"otherdevices", PASSED_OVER},
    {"certificate", PASSED_OVER},
    {"certificatestate", PASSED_OVER},
    {"certificateuntil", PASSED_OVER},
    {"状態", PASSED_OVER},
    {"現在有効", PASSED_OVER},
    {"作成日時", PASSED_OVER},
    {"登録日時", PASSED_OVER},
    {"最終ログイン日時", PASSED_OVER},
    {"ロック理由", PASSED_OVER},
    {"端末数", PASSED_OVER},
    {"ほかの端末", PASSED_OVER},
    {"証明書番号", PASSED_OVER},
    {"証明書の状態", PASSED_OVER},
    {"証明書の有効期限", PASSED_OVER},
    {NULL, 0},
};

/* What offices write in place of the words of the command line. */
static const struct {
    anshin_import_column_t column;
    const char *text;
    const char *word;
} values[] = {
    {ANSHIN_IMPORT_METHOD, "パスワード", "password"},
    {ANSHIN_IMPORT_METHOD, "idとパスワード", "password"},
    {ANSHIN_IMPORT_METHOD, "ワンタイムパスワード", "otp"},
    {ANSHIN_IMPORT_METHOD, "証明書", "certificate"},
    {ANSHIN_IMPORT_METHOD, "クライアント証明書", "certificate"},
    {ANSHIN_IMPORT_METHOD, "電子証明書", "certificate"},
    {ANSHIN_IMPORT_TERMINAL, "パソコン", "pc"},
    {ANSHIN_IMPORT_TERMINAL, "携帯", "mobile"},
    {ANSHIN_IMPORT_TERMINAL, "携帯電話", "mobile"},
    {ANSHIN_IMPORT_TERMINAL, "スマートフォン", "smartphone"},
    {ANSHIN_IMPORT_TERMINAL, "スマホ", "smartphone"},
    {ANSHIN_IMPORT_LANGUAGE, "日本語", "ja"},
    {ANSHIN_IMPORT_LANGUAGE, "japanese", "ja"},
    {ANSHIN_IMPORT_LANGUAGE, "英語", "en"},
    {ANSHIN_IMPORT_LANGUAGE, "english", "en"},
};

/* As people type it, in lower case, without spaces, hyphens and underscores ("-" alone stays). */
static const char *plain(const char *text, apr_pool_t *pool)
{
    char *folded = anshin_unicode_typed(text, 1, pool);
    char *out = folded;

    if (folded == NULL || strcmp(folded, "-") == 0) {
        return folded != NULL ? folded : "";
    }
    for (const char *at = folded; *at != '\0'; at++) {
        if (strchr(" -_", *at) == NULL) {
            *out++ = *at;
        }
    }
    *out = '\0';
    return folded;
}

const char *anshin_import_column_name(int column)
{
    return anshin_word_name(names, column, "-");
}

const char *anshin_import_column_list(apr_pool_t *pool)
{
    const char *list = "";

    for (int column = 0; column < ANSHIN_IMPORT_COLUMNS; column++) {
        list = apr_pstrcat(pool, list, column > 0 ? ", " : "", anshin_import_column_name(column), NULL);
    }
    return list;
}

int anshin_import_column_find(const char *name, apr_pool_t *pool)
{
    return anshin_word_value(names, plain(name, pool), UNKNOWN);
}

void anshin_import_columns_all(anshin_import_columns_t *columns, apr_pool_t *pool)
{
    columns->columns = apr_array_make(pool, ANSHIN_IMPORT_COLUMNS, sizeof(int));
    for (int column = 0; column < ANSHIN_IMPORT_COLUMNS; column++) {
        APR_ARRAY_PUSH(columns->columns, int) = column;
    }
}

apr_array_header_t *anshin_import_columns_cells(apr_pool_t *pool)
{
    apr_array_header_t *cells = apr_array_make(pool, ANSHIN_IMPORT_COLUMNS, sizeof(const char *));

    for (int column = 0; column < ANSHIN_IMPORT_COLUMNS; column++) {
        APR_ARRAY_PUSH(cells, const char *) = "";
    }
    return cells;
}

static int has(const anshin_import_columns_t *columns, int column)
{
    for (int i = 0; i < columns->columns->nelts; i++) {
        if (APR_ARRAY_IDX(columns->columns, i, int) == column) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t wrong(anshin_error_t *err, const char *what)
{
    return anshin_fail(err, ANSHIN_EINVALID, "AN1494", "columns: %s", what);
}

static apr_status_t take_name(anshin_import_columns_t *columns, const char *name, anshin_error_t *err, apr_pool_t *pool)
{
    int number = columns->columns->nelts + 1;
    int column = name[0] != '\0' ? anshin_import_column_find(name, pool) : PASSED_OVER;
    const char *clean = anshin_text_clean(name, pool);

    if (column == UNKNOWN && columns->ignores) {
        column = PASSED_OVER;
    }
    if (column == UNKNOWN) {
        return wrong(err,
                     apr_psprintf(pool,
                                  "column %d, \"%.60s\", is not known; give --ignore-unknown, and such columns are "
                                  "passed over, or --columns of %s, and - for one to be passed over",
                                  number, clean, anshin_import_column_list(pool)));
    }
    if (column != PASSED_OVER && has(columns, column)) {
        return wrong(err, apr_psprintf(pool, "column %d, \"%.60s\", is there twice (%s)", number, clean,
                                       anshin_import_column_name(column)));
    }
    APR_ARRAY_PUSH(columns->columns, int) = column;
    return APR_SUCCESS;
}

apr_status_t anshin_import_columns_read(anshin_import_columns_t *columns, const apr_array_header_t *cells,
                                        anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;

    columns->columns = apr_array_make(pool, cells->nelts, sizeof(int));
    for (int i = 0; status == APR_SUCCESS && i < cells->nelts; i++) {
        status = take_name(columns, APR_ARRAY_IDX(cells, i, const char *), err, pool);
    }
    if (status == APR_SUCCESS && !has(columns, ANSHIN_IMPORT_USER)) {
        return wrong(err, "there is none of user IDs; the first line of the file names the columns, or --columns does");
    }
    return status;
}

int anshin_import_columns_header(const anshin_import_record_t *record, apr_pool_t *pool)
{
    for (int i = 0; i < record->cells->nelts; i++) {
        const char *cell = APR_ARRAY_IDX(record->cells, i, const char *);

        if (cell[0] != '\0' && anshin_import_column_find(cell, pool) == UNKNOWN) {
            return 0;
        }
    }
    return record->wrong == NULL;
}

int anshin_import_columns_take(const anshin_import_columns_t *columns, const anshin_import_record_t *record,
                               const char *cells[ANSHIN_IMPORT_COLUMNS])
{
    int count = columns->columns->nelts;
    int beyond = 0;

    for (int i = 0; i < ANSHIN_IMPORT_COLUMNS; i++) {
        cells[i] = "";
    }
    for (int i = 0; i < record->cells->nelts; i++) {
        const char *cell = APR_ARRAY_IDX(record->cells, i, const char *);

        if (i < count && APR_ARRAY_IDX(columns->columns, i, int) >= 0) {
            cells[APR_ARRAY_IDX(columns->columns, i, int)] = anshin_csv_text(cell);
        }
        beyond = beyond == 0 && i >= count && cell[0] != '\0' ? i + 1 : beyond;
    }
    return beyond;
}

const char *anshin_import_word(anshin_import_column_t column, const char *text, apr_pool_t *pool)
{
    const char *folded = plain(text, pool);

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (values[i].column == column && strcmp(values[i].text, folded) == 0) {
            return values[i].word;
        }
    }
    return folded;
}

/* Marks that stand between groups, as they are in UTF-8. */
static const char *group_commas(const char *text, apr_pool_t *pool)
{
    static const char *const marks[] = {"\n", ";", "、", "，", "；"};
    char *out = apr_palloc(pool, strlen(text) + 1);
    char *end = out;

    while (*text != '\0') {
        size_t length = 0;

        for (size_t i = 0; length == 0 && i < sizeof(marks) / sizeof(marks[0]); i++) {
            length = strncmp(text, marks[i], strlen(marks[i])) == 0 ? strlen(marks[i]) : 0;
        }
        *end++ = length > 0 ? ',' : *text;
        text += length > 0 ? length : 1;
    }
    *end = '\0';
    return out;
}

/* A number of at most so many digits at *text, behind which one of some marks stands; -1: there is none. */
static int take_number(const char **text, int digits, const char *const *marks)
{
    int value = 0;
    int count = 0;

    while (count < digits && (*text)[count] >= '0' && (*text)[count] <= '9') {
        value = value * 10 + ((*text)[count++] - '0');
    }
    for (; count > 0 && *marks != NULL; marks++) {
        if (strncmp(*text + count, *marks, strlen(*marks)) == 0) {
            *text += (size_t)count + strlen(*marks);
            return value;
        }
    }
    return -1;
}

/* "2027/4/1" and its kin as 2027-04-01, with what follows; any other text stays. */
static const char *day_of(const char *text, apr_pool_t *pool)
{
    static const char *const years[] = {"/", "年", ".", "-", NULL};
    static const char *const months[] = {"/", "月", ".", "-", NULL};
    static const char *const days[] = {"日", "", NULL};
    const char *typed = anshin_unicode_typed(text, 0, pool);
    const char *at = typed != NULL ? anshin_unicode_trim(apr_pstrdup(pool, typed)) : text;
    const char *plain_text = at;
    int year = take_number(&at, 4, years);
    int month = year > 0 ? take_number(&at, 2, months) : -1;
    int day = month > 0 ? take_number(&at, 2, days) : -1;

    return day > 0 ? apr_psprintf(pool, "%04d-%02d-%02d%s", year, month, day, at) : plain_text;
}

const char *anshin_import_cell(anshin_import_column_t column, const char *text, apr_pool_t *pool)
{
    char *line;

    if (column == ANSHIN_IMPORT_GROUPS) {
        return group_commas(text, pool);
    }
    if (column == ANSHIN_IMPORT_VALID_FROM || column == ANSHIN_IMPORT_VALID_UNTIL) {
        return day_of(text, pool);
    }
    line = apr_pstrdup(pool, text);
    for (char *at = line; *at != '\0'; at++) {
        *at = *at == '\n' || *at == '\t' ? ' ' : *at;
    }
    return line;
}
