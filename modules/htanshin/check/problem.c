/*
 * What htanshin check has found: see problem.h.
 */
#include "htanshin/check/problem.h"

#include "htanshin/language/language.h"
#include "htanshin/result.h"

static const char *const severities[] = {
    [ANSHIN_SEVERITY_ADVICE] = "advice",
    [ANSHIN_SEVERITY_WARNING] = "warning",
    [ANSHIN_SEVERITY_CRITICAL] = "critical",
};

json_t *anshin_check_find_with(anshin_call_t *call, anshin_finding_id_t finding, const char *what, const char *remedy)
{
    const anshin_finding_t *row = anshin_finding(finding);
    const char *list = row->severity == ANSHIN_SEVERITY_ADVICE ? "advice" : "problems";
    json_t *found = json_object();

    anshin_result_text(found, "severity", severities[row->severity], call->pool);
    anshin_result_text(found, "id", row->name, call->pool);
    if (!call->json && anshin_say(row->what) != row->what) {
        anshin_result_text(found, "problem", anshin_say(row->what), call->pool);
        anshin_result_text(found, "detail", what, call->pool); /* in English: where, how many */
        anshin_result_text(found, "remedy", anshin_say(remedy), call->pool);
    } else {
        anshin_result_text(found, "problem", what != NULL ? what : row->what, call->pool);
        anshin_result_text(found, "remedy", remedy, call->pool);
    }
    anshin_result_text(found, "source", row->source, call->pool);
    json_array_append_new(json_object_get(call->result, list), found);
    if (call->verdict < (int)row->severity) {
        call->verdict = (int)row->severity;
    }
    return found;
}

json_t *anshin_check_find(anshin_call_t *call, anshin_finding_id_t finding, const char *what)
{
    return anshin_check_find_with(call, finding, what, anshin_finding(finding)->remedy);
}
