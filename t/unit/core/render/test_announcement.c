/*
 * Announcements: what of a file is shown now, in which language, and each thing that it may not have (NOM-3).
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>
#include <time.h>

#include "core/render/announcement.h"
#include "unit/scratch.h"
#include "unit/tap.h"

static apr_pool_t *pool;
static const char *path;
static anshin_error_t err;

static apr_time_t at(const char *utc)
{
    struct tm parts = {0};

    (void)strptime(utc, "%Y-%m-%d %H:%M", &parts);
    return apr_time_from_sec((apr_time_t)timegm(&parts));
}

/* The texts and URLs of that time, "A; B /more"; NULL: refused. */
static const char *shown_in(const char *json, const char *language, const char *utc)
{
    apr_array_header_t *list;
    const char *all = "";

    scratch_write(path, json, strlen(json), 0644);
    anshin_error_clear(&err);
    if (anshin_announcements_read(&list, path, language, at(utc), &err, pool) != APR_SUCCESS) {
        return NULL;
    }
    for (int i = 0; i < list->nelts; i++) {
        const anshin_announcement_t *one = &APR_ARRAY_IDX(list, i, anshin_announcement_t);

        all = apr_pstrcat(pool, all, i > 0 ? "; " : "", one->text, one->url != NULL ? " " : "",
                          one->url != NULL ? one->url : "", NULL);
    }
    return all;
}

static const char *shown(const char *json, const char *utc)
{
    return shown_in(json, "ja", utc);
}

static void times(void)
{
    const char *spell =
        "[{\"from\": \"2026-12-05T22:00+09:00\", \"until\": \"2026-12-05T18:30:00Z\", \"text\": {\"ja\": \"A\"}},"
        " {\"text\": {\"ja\": \"B\"}, \"url\": \"/more\"}]";

    ok(same_text(shown(spell, "2026-12-05 12:59"), "B /more"), "NOM-3: before its time only what has none");
    ok(same_text(shown(spell, "2026-12-05 13:00"), "A; B /more"),
       "NOM-3: from its first minute on, in the file's order");
    ok(same_text(shown(spell, "2026-12-05 18:29"), "A; B /more"), "to its last");
    ok(same_text(shown(spell, "2026-12-05 18:30"), "B /more"), "and no longer at its end");
    ok(same_text(shown("[{\"from\": \"2024-02-29 00:00\", \"text\": {\"ja\": \"A\"}}]", "2024-03-01 12:00"), "A"),
       "29 February of a leap year is a day; a time without offset is this machine's");
    ok(same_text(shown("[{\"from\": \"2026-01-01T00:00-05:30\", \"text\": {\"ja\": \"A\"}}]", "2026-01-01 05:29"), ""),
       "west of Greenwich");
    ok(same_text(shown("[{\"from\": \"2026-01-01T00:00-05:30\", \"text\": {\"ja\": \"A\"}}]", "2026-01-01 05:30"), "A"),
       "as well");
    ok(same_text(shown("[]", "2026-12-05 13:00"), ""), "none is no failure");
}

static void languages(void)
{
    const char *two = "[{\"text\": {\"en\": \"E\", \"ja\": \"J\"}}]";

    ok(same_text(shown_in(two, "en", "2026-12-05 13:00"), "E"), "NOM-3: in the language of the page");
    ok(same_text(shown_in(two, "fr", "2026-12-05 13:00"), "J"), "else in Japanese");
    ok(same_text(shown_in("[{\"text\": {\"en\": \"E\", \"fr\": \"F\"}}]", "ja", "2026-12-05 13:00"), "E"),
       "else in the first that it has");
}

static void refuse(const char *json, const char *place)
{
    ok(shown(json, "2026-12-05 13:00") == NULL && strstr(err.text, place) != NULL, "refused: %.60s: %s", json,
       err.text);
}

static void refusals(void)
{
    static const char *const wrong_times[] = {
        "2026-02-30 10:00", "2026-12-05",           "2026-12-05 25:00",    "2026-12-05 10:00+9",
        "05.12.2026 10:00", "2026-12-05 10:00 JST", "2026-12-05 10:00:61", "2026-12-05T10:00+09:00 "};
    char *long_text = apr_pcalloc(pool, ANSHIN_ANNOUNCEMENT_TEXT_MAX + 2);

    for (apr_size_t i = 0; i < sizeof(wrong_times) / sizeof(wrong_times[0]); i++) {
        refuse(apr_psprintf(pool, "[{\"text\": {\"ja\": \"A\"}}, {\"from\": \"%s\", \"text\": {\"ja\": \"A\"}}]",
                            wrong_times[i]),
               "announcement 2: from must be a time");
    }
    memset(long_text, 'x', ANSHIN_ANNOUNCEMENT_TEXT_MAX + 1);
    refuse(apr_psprintf(pool, "[{\"text\": {\"ja\": \"%s\"}}]", long_text), "text.ja must be");
    refuse("[{\"text\": {\"ja\": \"\"}}]", "text.ja must be");
    refuse("[{\"text\": {\"ja\": \"a\\nb\"}}]", "text.ja must be");
    refuse("[{\"text\": {\"ja\": 1}}]", "text.ja must be");
    refuse("[{\"text\": {}}]", "text must be");
    refuse("[{\"from\": \"2026-12-05 10:00\"}]", "text must be");
    refuse("[{\"until\": 5, \"text\": {\"ja\": \"A\"}}]", "until must be a time");
    refuse("[{\"from\": \"2026-12-05 10:00\", \"until\": \"2026-12-05 10:00\", \"text\": {\"ja\": \"A\"}}]",
           "later than from");
    refuse("[{\"url\": \"javascript:alert(1)\", \"text\": {\"ja\": \"A\"}}]", "url must be");
    refuse("[{\"url\": \"//evil.example/\", \"text\": {\"ja\": \"A\"}}]", "url must be");
    refuse("[{\"url\": \"/\\\\evil.example\", \"text\": {\"ja\": \"A\"}}]", "url must be");
    refuse("[{\"title\": \"A\", \"text\": {\"ja\": \"A\"}}]", "\"title\" must be one of");
    refuse("[\"A\"]", "announcement 1");
    refuse("{}", "a list of at most 16");
    refuse("[{\"text\": {\"ja\": \"A\"}},,]", "line 1");
    refuse(apr_pstrcat(pool, "[\"", apr_psprintf(pool, "%*s", 70000, ""), "\"]", NULL), "64 KiB");
}

int main(void)
{
    apr_array_header_t *list;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    path = apr_pstrcat(pool, scratch_directory(pool), "/notice.json", NULL);
    times();
    languages();
    refusals();
    anshin_error_clear(&err);
    ok(anshin_announcements_read(&list, "/nonexistent", "ja", 0, &err, pool) == ANSHIN_EINVALID &&
           strstr(err.text, "/nonexistent: cannot be read") != NULL,
       "a file that is not there");
    apr_terminate();
    return done();
}
