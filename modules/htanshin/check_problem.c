/*
 * A problem that htanshin check has found: see check_problem.h.
 */
#include "htanshin/check_problem.h"

#include "htanshin/result.h"

json_t *anshin_check_problem(anshin_call_t *call, anshin_severity_t severity, const char *what, const char *remedy)
{
    json_t *problem = json_object();

    anshin_result_text(problem, "severity", severity == ANSHIN_SEVERITY_CRITICAL ? "critical" : "warning", call->pool);
    anshin_result_text(problem, "problem", what, call->pool);
    anshin_result_text(problem, "remedy", remedy, call->pool);
    json_array_append_new(json_object_get(call->result, "problems"), problem);
    if (call->verdict < (int)severity) {
        call->verdict = (int)severity;
    }
    return problem;
}
