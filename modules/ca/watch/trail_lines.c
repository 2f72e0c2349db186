/*
 * Events of the trail, from a place on: see trail_lines.h.
 *
 * SECURITY: what is opened here tells of persons, and goes to the operator's own command alone.
 */
#include "ca/watch/trail_lines.h"

#include <apr_strings.h>

#include "ca/log.h"
#include "core/audit/trail.h"
#include "runtime/trail_file.h"

#define BATCH 200

json_t *anshin_trail_event(anshin_op_t *op, const char *event)
{
    anshin_audit_series_t series;
    json_t *read = json_loads(event, 0, NULL);
    const char *name = json_string_value(json_object_get(read, "series"));
    int known;

    name = name != NULL ? apr_pstrdup(op->pool, name) : "";
    json_decref(read);
    known = anshin_op_get(op, &anshin_record_audit_series, name, &series) == APR_SUCCESS;
    return anshin_trail_open(op, event, known ? &series : NULL, op->pool);
}

int anshin_trail_is_at(const anshin_audit_anchor_t *place, const anshin_audit_anchor_t *other)
{
    return place->segment == other->segment && place->octets == other->octets;
}

apr_status_t anshin_trail_lines(anshin_op_t *op, const anshin_trail_places_t *places, anshin_audit_anchor_t *next,
                                anshin_trail_line_fn *visit, void *baton)
{
    const int is_last = next->segment >= places->head.segment;
    anshin_trail_reader_t reader;
    int found = 0;
    int count = 0;
    apr_status_t status = anshin_trail_read(&reader, anshin_trail_path(op->env, next->segment, op->pool), next->octets,
                                            &op->error, op->pool);

    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    while (status == APR_SUCCESS && count < BATCH && (!is_last || reader.octets < places->head.octets) &&
           (found = anshin_trail_next(&reader)) == 1) {
        anshin_line_t line;

        if (anshin_line_read(&line, reader.text, op->pool) == APR_SUCCESS && line.kind == ANSHIN_LINE_EVENT) {
            visit(baton, op, line.body);
        }
        next->octets = reader.octets;
        next->lines++;
        count++;
    }
    if (status == APR_SUCCESS) {
        anshin_trail_close(&reader);
    }
    if (!is_last && (status == ANSHIN_ENOTFOUND || found < 0)) {
        anshin_log(ANSHIN_LOG_ERROR, "AN1885",
                   "audit: segment %" APR_INT64_T_FMT " is %s; the operator's commands do not get what it had. See "
                   "htanshin audit verify",
                   next->segment, found < 0 ? "broken" : "missing");
    }
    if (!is_last && found != 1) {
        *next = (anshin_audit_anchor_t){.segment = next->segment + 1, .chain = anshin_chain_none};
    }
    return APR_SUCCESS;
}
