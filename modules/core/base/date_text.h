/*
 * Dates and times as people read them, in the zone of this machine (U15, B27).
 *
 *   language  plain                       table, with seconds        day                clock
 *   ja        2026年11月30日 5時51分      2026/11/30 05:51:07        2026年11月30日     05:51:07
 *   en        30 Nov 2026, 05:51          30 Nov 2026, 05:51:07      30 Nov 2026        05:51:07
 *   others    2026-11-30 05:51            2026-11-30 05:51:07        2026-11-30         05:51:07
 *
 * The zone follows, as in " (UTC+09:00)", but where nobody can take it for another: Japanese read in Japan's. A clock
 * stands below its day, which has the zone.
 */
#ifndef ANSHIN_CORE_BASE_DATE_TEXT_H
#define ANSHIN_CORE_BASE_DATE_TEXT_H

#include <apr_pools.h>
#include <apr_time.h>

typedef enum anshin_date_form_t {
    ANSHIN_DATE_PLAIN, /* within a sentence, or by itself */
    ANSHIN_DATE_TABLE, /* in a column, where two of one minute are told apart */
    ANSHIN_DATE_DAY,   /* the head of what happened on a day */
    ANSHIN_DATE_CLOCK  /* below such a head */
} anshin_date_form_t;

/* In pool. */
const char *anshin_date_text(apr_time_t time, const char *language, anshin_date_form_t form, apr_pool_t *pool);

/* The same for programs: "2026-11-29T20:51:07Z" (the attribute datetime of HTML). In pool. */
const char *anshin_date_iso(apr_time_t time, apr_pool_t *pool);

#endif
