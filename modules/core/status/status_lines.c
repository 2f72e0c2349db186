/*
 * Lines of numbers: see status_lines.h.
 */
#include "core/status/status_lines.h"

#include <stdarg.h>
#include <string.h>

#include <apr_strings.h>

void anshin_lines_init(anshin_lines_t *lines, apr_pool_t *pool)
{
    lines->pool = pool;
    lines->parts = apr_array_make(pool, 128, sizeof(const char *));
}

void anshin_lines_add(anshin_lines_t *lines, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    APR_ARRAY_PUSH(lines->parts, const char *) = apr_pvsprintf(lines->pool, format, args);
    va_end(args);
}

const char *anshin_lines_text(const anshin_lines_t *lines)
{
    return apr_array_pstrcat(lines->pool, lines->parts, 0);
}

/* Backslash, quotation mark and line feed are escaped (OpenMetrics 1.0, "Escaping"). */
static const char *quoted(const char *text, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, 2 * strlen(text) + 1);
    char *to = out;

    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"' || *text == '\n') {
            *to++ = '\\';
        }
        *to++ = *text == '\n' ? 'n' : *text;
    }
    *to = '\0';
    return out;
}

const char *anshin_sample_labels(const anshin_sample_t *sample, apr_pool_t *pool)
{
    const anshin_metric_row_t *row = &anshin_metric_rows[sample->metric];
    const char *text = "";

    for (int i = 0; i < 2 && row->labels[i] != NULL; i++) {
        text = apr_pstrcat(pool, text, i > 0 ? "," : "{", row->labels[i], "=\"", quoted(sample->labels[i], pool), "\"",
                           NULL);
    }
    return text[0] != '\0' ? apr_pstrcat(pool, text, "}", NULL) : "";
}

/* A clock that was put back makes no time of less than none. */
const char *anshin_seconds(apr_int64_t microseconds, apr_pool_t *pool)
{
    microseconds = microseconds > 0 ? microseconds : 0;
    return apr_psprintf(pool, "%" APR_INT64_T_FMT ".%06d", microseconds / APR_USEC_PER_SEC,
                        (int)(microseconds % APR_USEC_PER_SEC));
}

const char *anshin_sample_number(const anshin_sample_t *sample, apr_pool_t *pool)
{
    const anshin_metric_row_t *row = &anshin_metric_rows[sample->metric];

    return row->unit != NULL && row->unit[0] == 's' ? anshin_seconds(sample->value, pool)
                                                    : apr_psprintf(pool, "%" APR_INT64_T_FMT, sample->value);
}
