/*
 * What the writers of lines have in common. Private to this folder.
 */
#ifndef ANSHIN_CORE_STATUS_STATUS_LINES_H
#define ANSHIN_CORE_STATUS_STATUS_LINES_H

#include "core/status/status.h"

/* A text that grows in linear time, however many lines come: in parts, put together at the end. */
typedef struct anshin_lines_t {
    apr_array_header_t *parts; /* of const char * */
    apr_pool_t *pool;
} anshin_lines_t;

/* Begin; all of it lives in pool. */
void anshin_lines_init(anshin_lines_t *lines, apr_pool_t *pool);

/* One more part, at the end. */
void anshin_lines_add(anshin_lines_t *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* All of it. */
const char *anshin_lines_text(const anshin_lines_t *lines);

/* Its labels as OpenMetrics has them: {a="b",c="d"}, or "". */
const char *anshin_sample_labels(const anshin_sample_t *sample, apr_pool_t *pool);

/* Its number: whole, or seconds with their fraction. */
const char *anshin_sample_number(const anshin_sample_t *sample, apr_pool_t *pool);

/* A time or a span in microseconds as seconds. */
const char *anshin_seconds(apr_int64_t microseconds, apr_pool_t *pool);

#endif
