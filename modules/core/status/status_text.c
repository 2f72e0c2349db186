/*
 * The state of the system for people, and in its first line for monitoring plugins (Nagios and its like): word,
 * reasons, and behind a '|' numbers as LABEL=NUMBER[UNIT].
 */
#include "core/status/status_text.h"

#include "core/status/status_lines.h"

/* By anshin_health_t. */
static const char *const words[] = {"OK", "WARNING", "CRITICAL"};

/* What stands behind the '|': sums over all contracts and lanes. */
static const struct {
    const char *label;
    anshin_metric_t metric;
    const char *of; /* value of the last label; NULL: any */
    const char *unit;
} numbers[] = {
    {"active_users", ANSHIN_METRIC_USERS, "active", ""},
    {"locks", ANSHIN_METRIC_LOCKS, NULL, ""},
    {"sessions", ANSHIN_METRIC_SESSIONS, NULL, ""},
    {"certificates", ANSHIN_METRIC_CERTIFICATES, "active", ""},
    {"certificates_ending_40d", ANSHIN_METRIC_ENDING, "40d", ""},
    {"mails_waiting", ANSHIN_METRIC_MAILS, "waiting", ""},
    {"mails_failed", ANSHIN_METRIC_MAILS, "failed", ""},
    {"jobs", ANSHIN_METRIC_JOBS, NULL, ""},
    {"store", ANSHIN_METRIC_STORE, NULL, "B"},
    {"journal", ANSHIN_METRIC_JOURNAL, NULL, "B"},
    {"disk_free", ANSHIN_METRIC_DISK, NULL, "B"},
};

const char *anshin_status_text(const anshin_status_t *status, apr_pool_t *pool)
{
    anshin_lines_t lines;

    anshin_lines_init(&lines, pool);
    anshin_lines_add(&lines, "ANSHIN %s - %s", words[status->health],
                     anshin_word_name(anshin_health_words, (int)status->health, ""));
    for (int i = 0; i < status->reasons->nelts; i++) {
        anshin_lines_add(&lines, "%s%s", i > 0 ? "; " : ": ", APR_ARRAY_IDX(status->reasons, i, anshin_reason_t).text);
    }
    anshin_lines_add(&lines, " |");
    for (apr_size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        anshin_lines_add(&lines, " %s=%" APR_INT64_T_FMT "%s", numbers[i].label,
                         anshin_status_sum(status, numbers[i].metric, numbers[i].of), numbers[i].unit);
    }
    anshin_lines_add(&lines, "\n");
    for (int i = 0; i < status->samples->nelts; i++) {
        const anshin_sample_t *sample = &APR_ARRAY_IDX(status->samples, i, anshin_sample_t);

        anshin_lines_add(&lines, "%s%s %s\n", anshin_metric_rows[sample->metric].name,
                         anshin_sample_labels(sample, pool), anshin_sample_number(sample, pool));
    }
    return anshin_lines_text(&lines);
}
