/*
 * The state of the system as JSON: see status_json.h.
 */
#include "core/status/status_json.h"

/* Seconds with their fraction, or what it is. */
static json_t *number_of(const anshin_sample_t *sample)
{
    const anshin_metric_row_t *row = &anshin_metric_rows[sample->metric];

    return row->unit != NULL && row->unit[0] == 's' ? json_real((double)sample->value / APR_USEC_PER_SEC)
                                                    : json_integer(sample->value);
}

static json_t *json_of_sample(const anshin_sample_t *sample)
{
    const anshin_metric_row_t *row = &anshin_metric_rows[sample->metric];
    json_t *json = json_object();

    for (int i = 0; i < 2 && row->labels[i] != NULL; i++) {
        json_object_set_new(json, row->labels[i], json_string(sample->labels[i]));
    }
    json_object_set_new(json, "value", number_of(sample));
    return json;
}

static json_t *json_of_metrics(const anshin_status_t *status)
{
    json_t *metrics = json_object();

    for (int i = 0; i < ANSHIN_METRICS; i++) {
        json_object_set_new(metrics, anshin_metric_rows[i].name, json_array());
    }
    for (int i = 0; i < status->samples->nelts; i++) {
        const anshin_sample_t *sample = &APR_ARRAY_IDX(status->samples, i, anshin_sample_t);

        json_array_append_new(json_object_get(metrics, anshin_metric_rows[sample->metric].name),
                              json_of_sample(sample));
    }
    return metrics;
}

json_t *anshin_status_json(const anshin_status_t *status)
{
    json_t *json = json_object();
    json_t *reasons = json_array();

    for (int i = 0; i < status->reasons->nelts; i++) {
        const anshin_reason_t *reason = &APR_ARRAY_IDX(status->reasons, i, anshin_reason_t);

        json_array_append_new(reasons,
                              json_pack("{s:s, s:s, s:s}", "what", anshin_alarm_words[reason->alarm].name, "severity",
                                        anshin_word_name(anshin_health_words, anshin_alarm_severity(reason->alarm), ""),
                                        "text", reason->text));
    }
    json_object_set_new(json, "health", json_string(anshin_word_name(anshin_health_words, status->health, "")));
    json_object_set_new(json, "at", json_real((double)status->at / APR_USEC_PER_SEC));
    json_object_set_new(json, "since",
                        status->since != 0 ? json_real((double)status->since / APR_USEC_PER_SEC) : json_null());
    json_object_set_new(json, "reasons", reasons);
    json_object_set_new(json, "metrics", json_of_metrics(status));
    return json;
}
