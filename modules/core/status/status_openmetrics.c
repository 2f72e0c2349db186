/*
 * The state of the system for programs that collect numbers: OpenMetrics 1.0
 * (github.com/OpenObservability/OpenMetrics).
 *
 * The lines of a family stand together behind its type, unit and help; counters end in _total and tell since when they
 * count (_created); "# EOF" ends it all.
 */
#include "core/status/status_openmetrics.h"

#include "core/status/status_lines.h"

static void add_head(anshin_lines_t *lines, const anshin_metric_row_t *row)
{
    anshin_lines_add(lines, "# TYPE anshin_%s %s\n", row->name,
                     row->kind == ANSHIN_METRIC_COUNTER ? "counter" : "gauge");
    if (row->unit != NULL) {
        anshin_lines_add(lines, "# UNIT anshin_%s %s\n", row->name, row->unit);
    }
    anshin_lines_add(lines, "# HELP anshin_%s %s\n", row->name, row->help);
}

static void add_sample(anshin_lines_t *lines, const anshin_status_t *status, const anshin_sample_t *sample)
{
    const anshin_metric_row_t *row = &anshin_metric_rows[sample->metric];
    const char *labels = anshin_sample_labels(sample, lines->pool);
    const char *number = anshin_sample_number(sample, lines->pool);

    if (row->kind != ANSHIN_METRIC_COUNTER) {
        anshin_lines_add(lines, "anshin_%s%s %s\n", row->name, labels, number);
        return;
    }
    anshin_lines_add(lines, "anshin_%s_total%s %s\n", row->name, labels, number);
    anshin_lines_add(lines, "anshin_%s_created%s %s\n", row->name, labels, anshin_seconds(status->since, lines->pool));
}

const char *anshin_status_openmetrics(const anshin_status_t *status, apr_pool_t *pool)
{
    anshin_lines_t lines;
    int next = 0;

    anshin_lines_init(&lines, pool);
    for (int metric = 0; metric < ANSHIN_METRICS; metric++) {
        add_head(&lines, &anshin_metric_rows[metric]);
        for (; next < status->samples->nelts; next++) {
            const anshin_sample_t *sample = &APR_ARRAY_IDX(status->samples, next, anshin_sample_t);

            if ((int)sample->metric != metric) {
                break;
            }
            add_sample(&lines, status, sample);
        }
    }
    anshin_lines_add(&lines, "# EOF\n");
    return anshin_lines_text(&lines);
}
