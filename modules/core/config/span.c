/*
 * Spans of time as text: see span.h.
 */
#include "core/config/span.h"

#include <string.h>

#include <apr_strings.h>

/* 15 digits stay far from overflow, whatever they are multiplied with. */
int anshin_span_number(const char *text, apr_size_t length, apr_int64_t *number)
{
    *number = 0;
    if (length == 0 || length > 15) {
        return 0;
    }
    for (apr_size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
        *number = *number * 10 + (text[i] - '0');
    }
    return 1;
}

static const struct {
    char unit;
    apr_int64_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

const char *anshin_span_text(apr_int64_t seconds, apr_pool_t *pool)
{
    apr_size_t i = 0;

    if (seconds == 0) {
        return "none";
    }
    while (seconds % units[i].seconds != 0) {
        i++;
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "%c", seconds / units[i].seconds, units[i].unit);
}

int anshin_span_read(const char *text, apr_int64_t *seconds)
{
    apr_size_t length = strlen(text);

    if (length < 2) {
        return 0;
    }
    for (apr_size_t i = 0; i < UNIT_COUNT; i++) {
        if (text[length - 1] == units[i].unit) {
            int whole = anshin_span_number(text, length - 1, seconds);

            if (!whole || *seconds > APR_INT64_MAX / APR_USEC_PER_SEC / units[i].seconds) {
                return 0;
            }
            *seconds *= units[i].seconds;
            return 1;
        }
    }
    return 0;
}
