/*
 * Dates and times as people read them, by language and zone (U15, B27).
 */
#include "core/base/anshin.h"
#include "core/base/date_text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "unit/tap.h"

#define MOMENT apr_time_from_sec(1795985467) /* 2026-11-29T20:51:07Z */

static const struct {
    const char *zone;
    const char *language;
    anshin_date_form_t form;
    const char *text;
} cases[] = {
    {"JST-9", "ja", ANSHIN_DATE_PLAIN, "2026年11月30日 5時51分"},
    {"JST-9", "ja", ANSHIN_DATE_TABLE, "2026/11/30 05:51:07"},
    {"JST-9", "en", ANSHIN_DATE_PLAIN, "30 Nov 2026, 05:51 (UTC+09:00)"},
    {"JST-9", "en", ANSHIN_DATE_TABLE, "30 Nov 2026, 05:51:07 (UTC+09:00)"},
    {"UTC0", "ja", ANSHIN_DATE_PLAIN, "2026年11月29日 20時51分 (UTC+00:00)"},
    {"UTC0", "ja", ANSHIN_DATE_TABLE, "2026/11/29 20:51:07 (UTC+00:00)"},
    {"NST3:30", "en", ANSHIN_DATE_PLAIN, "29 Nov 2026, 17:21 (UTC-03:30)"},
    {"UTC0", "fr", ANSHIN_DATE_PLAIN, "2026-11-29 20:51 (UTC+00:00)"},
    {"UTC0", NULL, ANSHIN_DATE_TABLE, "2026-11-29 20:51:07 (UTC+00:00)"},
    {"JST-9", "ja", ANSHIN_DATE_DAY, "2026年11月30日"},
    {"UTC0", "ja", ANSHIN_DATE_DAY, "2026年11月29日 (UTC+00:00)"},
    {"JST-9", "en", ANSHIN_DATE_DAY, "30 Nov 2026 (UTC+09:00)"},
    {"UTC0", "fr", ANSHIN_DATE_DAY, "2026-11-29 (UTC+00:00)"},
    {"JST-9", "ja", ANSHIN_DATE_CLOCK, "05:51:07"},
    {"UTC0", "en", ANSHIN_DATE_CLOCK, "20:51:07"},
};

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (apr_size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text;

        (void)setenv("TZ", cases[i].zone, 1);
        tzset();
        text = anshin_date_text(MOMENT, cases[i].language, cases[i].form, pool);
        ok(strcmp(text, cases[i].text) == 0, "U15: %s, %s: %s", cases[i].zone,
           cases[i].language ? cases[i].language : "no language", text);
    }
    ok(strcmp(anshin_date_iso(MOMENT, pool), "2026-11-29T20:51:07Z") == 0, "the form for programs is in UTC");
    ok(strcmp(anshin_time_text(MOMENT, pool), "2026-11-29 20:51 (UTC+00:00)") == 0,
       "operators read no language's form");
    apr_terminate();
    return done();
}
