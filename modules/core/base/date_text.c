/*
 * Dates and times as people read them. See date_text.h.
 */
#include "core/base/date_text.h"

#include <string.h>

#include <apr_strings.h>

#define JAPAN (9 * 3600) /* seconds east of UTC */

static const char *day_of(const apr_time_exp_t *at, const char *language, apr_pool_t *pool)
{
    if (strcmp(language, "ja") == 0) {
        return apr_psprintf(pool, "%d年%d月%d日", at->tm_year + 1900, at->tm_mon + 1, at->tm_mday);
    }
    if (strcmp(language, "en") == 0) {
        return apr_psprintf(pool, "%d %s %d", at->tm_mday, apr_month_snames[at->tm_mon], at->tm_year + 1900);
    }
    return apr_psprintf(pool, "%04d-%02d-%02d", at->tm_year + 1900, at->tm_mon + 1, at->tm_mday);
}

static const char *clock_of(const apr_time_exp_t *at, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%02d:%02d:%02d", at->tm_hour, at->tm_min, at->tm_sec);
}

/* Without its zone. */
static const char *local_text(const apr_time_exp_t *at, const char *language, anshin_date_form_t form, apr_pool_t *pool)
{
    const int ja = strcmp(language, "ja") == 0;

    if (form == ANSHIN_DATE_DAY) {
        return day_of(at, language, pool);
    }
    if (form == ANSHIN_DATE_CLOCK) {
        return clock_of(at, pool);
    }
    if (ja && form == ANSHIN_DATE_TABLE) {
        return apr_psprintf(pool, "%04d/%02d/%02d %s", at->tm_year + 1900, at->tm_mon + 1, at->tm_mday,
                            clock_of(at, pool));
    }
    if (ja) {
        return apr_psprintf(pool, "%s %d時%d分", day_of(at, language, pool), at->tm_hour, at->tm_min);
    }
    return apr_pstrcat(pool, day_of(at, language, pool), strcmp(language, "en") == 0 ? ", " : " ",
                       form == ANSHIN_DATE_TABLE ? clock_of(at, pool)
                                                 : apr_psprintf(pool, "%02d:%02d", at->tm_hour, at->tm_min),
                       NULL);
}

static const char *zone_of(const apr_time_exp_t *at, apr_pool_t *pool)
{
    int minutes = (at->tm_gmtoff < 0 ? -at->tm_gmtoff : at->tm_gmtoff) / 60;

    return apr_psprintf(pool, " (UTC%c%02d:%02d)", at->tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

const char *anshin_date_text(apr_time_t time, const char *language, anshin_date_form_t form, apr_pool_t *pool)
{
    const char *known = language != NULL ? language : "";
    apr_time_exp_t at;
    const char *text;

    (void)apr_time_exp_lt(&at, time);
    text = local_text(&at, known, form, pool);
    return form == ANSHIN_DATE_CLOCK || (strcmp(known, "ja") == 0 && at.tm_gmtoff == JAPAN)
               ? text
               : apr_pstrcat(pool, text, zone_of(&at, pool), NULL);
}

const char *anshin_date_iso(apr_time_t time, apr_pool_t *pool)
{
    apr_time_exp_t at;

    (void)apr_time_exp_gmt(&at, time);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday,
                        at.tm_hour, at.tm_min, at.tm_sec);
}
