/*
 * How far an import is: see import_progress.h.
 */
#include "htanshin/import/import_progress.h"

#include <stdio.h>
#include <unistd.h>

#include <apr_strings.h>

#define WIDTH 20
#define EVERY apr_time_from_msec(200)
#define SETTLED apr_time_from_sec(1) /* before that the rest is a guess */

void anshin_import_progress_begin(anshin_import_progress_t *progress, int quiet)
{
    *progress = (anshin_import_progress_t){.shown = !quiet && isatty(STDERR_FILENO), .from = apr_time_now()};
}

static const char *bar(apr_int64_t at, apr_int64_t size, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, WIDTH + 1);

    for (int i = 0; i < WIDTH; i++) {
        text[i] = i < at * WIDTH / size ? '#' : ' ';
    }
    text[WIDTH] = '\0';
    return text;
}

static const char *rest(apr_int64_t at, apr_int64_t size, apr_interval_time_t passed, apr_pool_t *pool)
{
    apr_int64_t seconds;

    if (at == 0 || passed < SETTLED) {
        return "";
    }
    seconds = apr_time_sec((apr_interval_time_t)((double)passed * (double)(size - at) / (double)at)) + 1;
    return apr_psprintf(pool, ", %" APR_INT64_T_FMT ":%02d left", seconds / 60, (int)(seconds % 60));
}

const char *anshin_import_progress_text(apr_int64_t at, apr_int64_t size, int lines, apr_interval_time_t passed,
                                        apr_pool_t *pool)
{
    if (size <= 0) {
        return apr_psprintf(pool, "%d lines", lines);
    }
    at = at > size ? size : at; /* it may grow while it is read */
    return apr_psprintf(pool, "%3d %% [%s] %d lines%s", (int)(at * 100 / size), bar(at, size, pool), lines,
                        rest(at, size, passed, pool));
}

void anshin_import_progress_at(anshin_import_progress_t *progress, apr_int64_t at, apr_int64_t size, int lines)
{
    apr_time_t now;
    apr_pool_t *pool;

    if (!progress->shown || (now = apr_time_now()) - progress->last < EVERY) {
        return;
    }
    apr_pool_create(&pool, NULL);
    fprintf(stderr, "\r%s\033[K", anshin_import_progress_text(at, size, lines, now - progress->from, pool));
    fflush(stderr);
    apr_pool_destroy(pool);
    progress->last = now;
    progress->there = 1;
}

void anshin_import_progress_clear(anshin_import_progress_t *progress)
{
    if (progress->there) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress->there = 0;
    }
}
