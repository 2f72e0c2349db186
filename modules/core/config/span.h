/*
 * Spans of time as operators write them: a number with s, m, h or d.
 */
#ifndef ANSHIN_CORE_CONFIG_SPAN_H
#define ANSHIN_CORE_CONFIG_SPAN_H

#include "core/base/anshin.h"

/* Decimal digits alone, 1 to 15 of them. 1 or 0. */
int anshin_span_number(const char *text, apr_size_t length, apr_int64_t *number);

/* "30m"; no bounds are held against it. 1 or 0. */
int anshin_span_read(const char *text, apr_int64_t *seconds);

/* In the largest unit that says it in a whole number; "none" for 0. In pool. */
const char *anshin_span_text(apr_int64_t seconds, apr_pool_t *pool);

#endif
