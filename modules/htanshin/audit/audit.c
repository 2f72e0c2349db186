/*
 * htanshin audit: the trail of who did what (ADM-3).
 */
#include "htanshin/audit/archive.h"
#include "htanshin/audit/show.h"
#include "htanshin/audit/verify.h"
#include "htanshin/result.h"

#define FINDINGS_MAX 1000 /* that are told of; all are counted */

typedef struct findings_t {
    anshin_call_t *call;
    json_t *list;
} findings_t;

static void keep_finding(void *baton, apr_int64_t segment, apr_int64_t line, const char *what)
{
    const findings_t *findings = baton;
    json_t *row;

    if (json_array_size(findings->list) >= FINDINGS_MAX) {
        return;
    }
    row = json_object();
    anshin_result_number(row, "segment", segment);
    anshin_result_number(row, "line", line);
    anshin_result_text(row, "what", what, findings->call->pool);
    (void)json_array_append_new(findings->list, row);
}

static void tell_findings(const findings_t *findings)
{
    size_t at;
    json_t *row;

    json_array_foreach(findings->list, at, row)
    {
        apr_int64_t segment = json_integer_value(json_object_get(row, "segment"));
        apr_int64_t line = json_integer_value(json_object_get(row, "line"));

        if (segment > 0) {
            fprintf(stderr, "segment %" APR_INT64_T_FMT, segment);
        }
        if (line > 0) {
            fprintf(stderr, " line %" APR_INT64_T_FMT, line);
        }
        fprintf(stderr, "%s%s\n", segment > 0 ? ": " : "", json_string_value(json_object_get(row, "what")));
    }
}

static apr_status_t verify(anshin_call_t *call)
{
    findings_t findings = {call, json_array()};
    anshin_verified_t verified;
    apr_status_t status = anshin_audit_verify(&call->op, keep_finding, &findings, &verified);

    if (status != APR_SUCCESS) {
        json_decref(findings.list);
        return status;
    }
    call->result = json_object();
    anshin_result_text(call->result, "trail", verified.findings == 0 ? "whole" : "not whole", call->pool);
    (void)json_object_set_new(call->result, "first_segment", json_integer(verified.first));
    (void)json_object_set_new(call->result, "last_segment", json_integer(verified.last));
    (void)json_object_set_new(call->result, "events", json_integer(verified.events));
    (void)json_object_set_new(call->result, "unchained", json_integer(verified.unchained));
    if (verified.is_shared) {
        anshin_result_text(call->result, "not_looked_at",
                           "other machines share the store: whether events that they have chained are missing",
                           call->pool);
    }
    (void)json_object_set_new(call->result, "findings",
                              call->json ? json_incref(findings.list) : json_integer(verified.findings));
    if (!call->json) {
        tell_findings(&findings);
    }
    json_decref(findings.list);
    call->verdict = verified.findings == 0 ? ANSHIN_EXIT_OK : ANSHIN_EXIT_REFUSED;
    return APR_SUCCESS;
}

static const anshin_command_option_t show_options[] = {
    {"user", "USER", "Only what is about this user ID.", 0},
    {"operator", "NAME", "Only what this operator did: account of the machine, login, or who he says that he is.", 0},
    {"since", "TIME", "Not before: 2026-11-30, 2026-11-30T05:12+09:00, or 40d for so long ago.", 0},
    {"until", "TIME", "Before.", 0},
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t retire_options[] = {
    {"until", "TIME", "Segments that were closed before: 2026-11-30, or 400d for so long ago.", 1},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_audit[] = {
    {"audit", "verify", "", 0, 0, NULL, ANSHIN_ACCESS_ALL, verify,
     "Look for changed, removed, moved and cut off lines of the audit trail; exit code 1 when there are any."},
    {"audit", "show", "", 0, 0, show_options, ANSHIN_ACCESS_ALL, anshin_audit_show,
     "Show who did what, to whom and from where, in the order of the trail; exit code 1 when a part of it cannot be "
     "shown."},
    {"audit", "archive", "DIR", 1, 1, NULL, ANSHIN_ACCESS_ALL, anshin_audit_archive,
     "Copy closed segments into a directory; those that are not archived yet, and their anchors."},
    {"audit", "retire", "", 0, 0, retire_options, ANSHIN_ACCESS_ALL, anshin_audit_retire,
     "Remove archived segments; what is left can still be verified."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
