/*
 * htanshin audit show: the trail, event after event (ADM-3).
 *
 * What was not chained yet is read first, and written last, so that the order is that of the trail and nothing is
 * missing between the two. A user ID is told as far as the key of that person is there (IDN-2). What cannot be shown is
 * told of, and is no success: whoever reads the rest must not take it for the whole.
 */
#include "htanshin/audit/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/audit/anchor.h"
#include "core/audit/chain.h"
#include "core/audit/trail.h"
#include "core/config/span.h"
#include "htanshin/call.h"
#include "htanshin/language/language.h"
#include "htanshin/print.h"
#include "htanshin/result.h"
#include "htanshin/values.h"
#include "runtime/trail_file.h"

#define WINDOW 256
#define WAITING_MAX 10000 /* events in the store: more are there only while the worker is away */

typedef struct showing_t {
    anshin_call_t *call;
    const char *user; /* canonical; NULL: any */
    const char *operator_name;
    apr_time_t since;
    apr_time_t until; /* 0: any */
    anshin_trail_places_t places;
    anshin_trail_batch_t waiting; /* to be chained */
    anshin_print_list_t print;
    json_t *rows;
    int gaps;                      /* places that cannot be shown */
    char name[ANSHIN_KEY_MAX + 1]; /* of the series at hand */
    anshin_audit_series_t series;
    apr_pool_t *pool; /* of the series */
} showing_t;

/* --- times ------------------------------------------------------------------------------------------------------- */

/* So many digits behind a sign (0: none); 1: they are there, and behind *at now. */
static int take_digits(const char **at, char sign, int count, int *value)
{
    const char *text = *at;
    int number = 0;

    if (sign != '\0' && *text++ != sign) {
        return 0;
    }
    for (int i = 0; i < count; i++, text++) {
        if (!apr_isdigit(*text)) {
            return 0;
        }
        number = 10 * number + (*text - '0');
    }
    *at = text;
    *value = number;
    return 1;
}

/* Seconds east of Greenwich, "Z" or "+09:00", at the end. 0: none. */
static int take_zone(const char *text, apr_int64_t *east)
{
    const char sign = *text;
    int hours, minutes;

    *east = 0;
    if (strcmp(text, "Z") == 0) {
        return 1;
    }
    if ((sign != '+' && sign != '-') || !take_digits(&text, sign, 2, &hours) || !take_digits(&text, ':', 2, &minutes) ||
        *text != '\0') {
        return 0;
    }
    *east = ((apr_int64_t)hours * 3600 + (apr_int64_t)minutes * 60) * (sign == '-' ? -1 : 1);
    return 1;
}

/* 1: the day is in the calendar, and the clock has the hour; mktime() and timegm() take 31 February for 3 March. */
static int is_real(const struct tm *parts)
{
    struct tm same = *parts;

    same.tm_isdst = 0;
    (void)timegm(&same);
    return same.tm_mday == parts->tm_mday && same.tm_mon == parts->tm_mon && same.tm_hour == parts->tm_hour &&
           same.tm_min == parts->tm_min && same.tm_sec == parts->tm_sec;
}

/* 0: it is none. */
static int read_time(const char *text, apr_time_t *at)
{
    struct tm parts = {.tm_isdst = -1};
    int year, month;
    apr_int64_t east;

    if (!take_digits(&text, '\0', 4, &year) || !take_digits(&text, '-', 2, &month) ||
        !take_digits(&text, '-', 2, &parts.tm_mday)) {
        return 0;
    }
    parts.tm_year = year - 1900;
    parts.tm_mon = month - 1;
    if (*text == 'T' && (!take_digits(&text, 'T', 2, &parts.tm_hour) || !take_digits(&text, ':', 2, &parts.tm_min))) {
        return 0;
    }
    if (*text == ':' && !take_digits(&text, ':', 2, &parts.tm_sec)) {
        return 0;
    }
    if (!is_real(&parts)) {
        return 0;
    }
    if (*text == '\0') {
        *at = apr_time_from_sec(mktime(&parts));
        return 1;
    }
    if (!take_zone(text, &east)) {
        return 0;
    }
    *at = apr_time_from_sec(timegm(&parts) - east);
    return 1;
}

apr_status_t anshin_audit_time(anshin_call_t *call, const char *option, apr_time_t *at)
{
    const char *given = anshin_call_value(call, option);
    apr_int64_t seconds;

    *at = 0;
    if (given != NULL && anshin_span_read(given, &seconds)) {
        *at = call->op.now - apr_time_from_sec(seconds);
        return APR_SUCCESS;
    }
    return given == NULL || read_time(given, at)
               ? APR_SUCCESS
               : anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1475",
                             "--%s: must be a time such as 2026-11-30, 2026-11-30T05:12+09:00, or 40d for so long ago",
                             option);
}

/* --- what is shown ----------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *event, const char *name)
{
    return json_string_value(json_object_get(event, name));
}

static int is_text(const json_t *event, const char *name, const char *wanted)
{
    const char *text = text_of(event, name);

    return text != NULL && strcmp(text, wanted) == 0;
}

/* As --operator says it, or sudo, or both: "tanaka (sudo suzuki)" (htanshin/actor.c). */
static int is_claimed(const json_t *event, const char *wanted, apr_pool_t *pool)
{
    static const char sudo[] = " (sudo ";
    const char *text = text_of(event, "claimed");
    const apr_size_t length = strlen(wanted);
    const apr_size_t whole = text != NULL ? strlen(text) : 0;
    const char *by = apr_pstrcat(pool, sudo, wanted, ")", NULL);

    return text != NULL &&
           (strcmp(text, wanted) == 0 ||
            (strncmp(text, wanted, length) == 0 && strncmp(text + length, sudo, sizeof(sudo) - 1) == 0) ||
            (whole > strlen(by) && strcmp(text + whole - strlen(by), by) == 0));
}

static int is_wanted(const showing_t *showing, const json_t *event)
{
    apr_time_t at = 0;
    const char *when = text_of(event, "at");

    when = when != NULL && strlen(when) >= 20 ? apr_psprintf(showing->call->op.pool, "%.19sZ", when) : "";
    if (!read_time(when, &at)) {
        return 0;
    }
    return at >= showing->since - showing->since % APR_USEC_PER_SEC && (showing->until == 0 || at < showing->until) &&
           (showing->call->contract == NULL || is_text(event, "contract", showing->call->contract)) &&
           (showing->user == NULL || is_text(event, "user", showing->user)) &&
           (showing->operator_name == NULL || is_text(event, "operator", showing->operator_name) ||
            is_text(event, "login", showing->operator_name) ||
            is_claimed(event, showing->operator_name, showing->call->op.pool) ||
            is_text(event, "asked", showing->operator_name));
}

/* Who did it, in a cell: "root, as tanaka". */
static const char *who(const json_t *event, apr_pool_t *pool)
{
    const char *name = text_of(event, "operator");
    const char *login = text_of(event, "login");
    const char *claimed = text_of(event, "claimed");
    const char *asked = text_of(event, "asked");

    if (name == NULL) {
        return text_of(event, "by");
    }
    return apr_pstrcat(pool, name, login != NULL && strcmp(login, name) != 0 ? ", login " : "",
                       login != NULL && strcmp(login, name) != 0 ? login : "", claimed != NULL ? ", says " : "",
                       claimed != NULL ? claimed : "", asked != NULL ? ", asked by " : "", asked != NULL ? asked : "",
                       NULL);
}

/* Of a certificate its CRL's reason; of one at the help desk what was typed. */
static const char *reason_of(const json_t *event, apr_pool_t *pool)
{
    const char *reason = text_of(event, "reason");
    const char *why = text_of(event, "why");

    return reason != NULL && why != NULL ? apr_pstrcat(pool, reason, ": ", why, NULL) : why != NULL ? why : reason;
}

static json_t *cells_of(const json_t *event, apr_pool_t *pool)
{
    json_t *row = json_object();
    const char *user = text_of(event, "user");
    const char *account = text_of(event, "account");
    const char *before = text_of(event, "before");
    const char *after = text_of(event, "after");

    anshin_result_text(row, "at", text_of(event, "at"), pool);
    anshin_result_text(row, "who", who(event, pool), pool);
    anshin_result_text(row, "act", text_of(event, "act"), pool);
    anshin_result_text(row, "contract", text_of(event, "contract"), pool);
    anshin_result_text(row, "user", user != NULL ? user : account, pool);
    anshin_result_text(row, "address", text_of(event, "address"), pool);
    anshin_result_number(row, "terminal", json_integer_value(json_object_get(event, "terminal")));
    anshin_result_text(row, "certificate", text_of(event, "serial"), pool);
    anshin_result_text(row, "reason", reason_of(event, pool), pool);
    anshin_result_text(row, "change",
                       before != NULL || after != NULL
                           ? apr_pstrcat(pool, before != NULL ? before : "", " -> ", after != NULL ? after : "", NULL)
                           : NULL,
                       pool);
    return row;
}

static apr_status_t write_rows(showing_t *showing)
{
    int written = anshin_print_part(stdout, &showing->print, showing->rows, showing->call->pool) == 0;

    (void)json_array_clear(showing->rows);
    return written
               ? APR_SUCCESS
               : anshin_fail(&showing->call->op.error, ANSHIN_EFAULT, "AN1476", "the list could not be written whole");
}

/* The series of an event, as the store has it; events of one often stand together. */
static const anshin_audit_series_t *series_of(showing_t *showing, const char *body)
{
    anshin_op_t *op = &showing->call->op;
    json_t *event = json_loads(body, 0, NULL);
    const char *name = text_of(event, "series");

    if (name != NULL && strlen(name) < sizeof(showing->name) && strcmp(name, showing->name) != 0) {
        anshin_op_t own = *op;

        apr_cpystrn(showing->name, name, sizeof(showing->name));
        apr_pool_clear(showing->pool);
        own.pool = showing->pool;
        if (anshin_op_get(&own, &anshin_record_audit_series, showing->name, &showing->series) != APR_SUCCESS) {
            memset(&showing->series, 0, sizeof(showing->series));
        }
    }
    json_decref(event);
    return &showing->series;
}

/* In a pool of the caller's, which is the operation's meanwhile. */
static apr_status_t show_event(showing_t *showing, const char *body)
{
    anshin_op_t *op = &showing->call->op;
    json_t *event = anshin_trail_open(op, body, series_of(showing, body), op->pool);

    if (event != NULL && is_wanted(showing, event)) {
        (void)json_array_append_new(showing->rows,
                                    showing->call->json ? json_incref(event) : cells_of(event, op->pool));
    }
    json_decref(event);
    return json_array_size(showing->rows) >= WINDOW ? write_rows(showing) : APR_SUCCESS;
}

/* --- the trail --------------------------------------------------------------------------------------------------- */

/* One that ended before is not read. */
static int is_before(showing_t *showing, apr_int64_t segment)
{
    anshin_op_t *op = &showing->call->op;
    anshin_audit_anchor_t anchor;

    return showing->since != 0 && segment < showing->places.head.segment &&
           anshin_op_get(op, &anshin_record_audit_anchor, anshin_anchor_segment(op->env, segment, op->pool), &anchor) ==
               APR_SUCCESS &&
           anchor.closed_at != 0 && anchor.closed_at < showing->since;
}

/* Behind the rows that were before it. segment 0: in the store. */
static apr_status_t tell_gap(showing_t *showing, apr_int64_t segment, const char *what)
{
    apr_status_t status = write_rows(showing);

    showing->gaps++;
    (void)fflush(stdout);
    if (segment > 0) {
        fprintf(stderr, "segment %" APR_INT64_T_FMT ": ", segment);
    }
    fprintf(stderr, "%s\n", anshin_say(what));
    return status;
}

/* So many lines the store knows of. */
static apr_int64_t lines_of(const showing_t *showing, apr_int64_t segment)
{
    anshin_op_t *op = &showing->call->op;
    anshin_audit_anchor_t anchor;

    if (segment == showing->places.head.segment) {
        return showing->places.head.lines;
    }
    return anshin_op_get(op, &anshin_record_audit_anchor, anshin_anchor_segment(op->env, segment, op->pool), &anchor) ==
                   APR_SUCCESS
               ? anchor.lines
               : 1;
}

/* *odd: lines that are none of the trail. */
static apr_status_t show_lines(showing_t *showing, anshin_trail_reader_t *reader, apr_int64_t lines, int *odd)
{
    anshin_op_t *op = &showing->call->op;
    apr_pool_t *whole = op->pool;
    apr_status_t status = APR_SUCCESS;

    apr_pool_create(&op->pool, whole);
    while (status == APR_SUCCESS && reader->lines < lines && anshin_trail_next(reader) == 1) {
        anshin_line_t line;

        apr_pool_clear(op->pool);
        if (anshin_line_read(&line, reader->text, op->pool) != APR_SUCCESS) {
            ++*odd;
        } else if (line.kind == ANSHIN_LINE_EVENT) {
            status = show_event(showing, line.body);
        }
    }
    apr_pool_destroy(op->pool);
    op->pool = whole;
    return status;
}

static apr_status_t show_segment(showing_t *showing, apr_int64_t segment)
{
    anshin_op_t *op = &showing->call->op;
    const apr_int64_t lines = lines_of(showing, segment);
    anshin_trail_reader_t reader;
    int odd = 0;
    apr_status_t status =
        anshin_trail_read(&reader, anshin_trail_path(op->env, segment, op->pool), 0, &op->error, op->pool);

    if (status == ANSHIN_ENOTFOUND) {
        return lines > 0 ? tell_gap(showing, segment, "is missing, and not shown; see htanshin audit verify")
                         : APR_SUCCESS;
    }
    if (status != APR_SUCCESS) {
        anshin_call_tell(showing->call, status);
        anshin_error_clear(&op->error);
        return tell_gap(showing, segment, "cannot be read, and is not shown");
    }
    status = show_lines(showing, &reader, lines, &odd);
    if (status == APR_SUCCESS && (odd > 0 || reader.lines < lines)) {
        status = tell_gap(showing, segment,
                          "has lines that are broken or missing, and not shown; see htanshin audit verify");
    }
    anshin_trail_close(&reader);
    return status;
}

static apr_status_t show_all(showing_t *showing)
{
    const apr_array_header_t *records;
    apr_status_t status = anshin_trail_waiting(&showing->call->op, WAITING_MAX, &showing->waiting, &showing->places);

    for (apr_int64_t at = showing->places.start.segment; status == APR_SUCCESS && at <= showing->places.head.segment;
         at++) {
        apr_pool_t *whole = showing->call->op.pool;

        apr_pool_create(&showing->call->op.pool, whole);
        status = is_before(showing, at) ? APR_SUCCESS : show_segment(showing, at);
        apr_pool_destroy(showing->call->op.pool);
        showing->call->op.pool = whole;
    }
    records = showing->waiting.records;
    if (status == APR_SUCCESS && records->nelts == WAITING_MAX) {
        status = tell_gap(showing, 0, "more events wait in the store for the worker than are shown");
    }
    for (int i = 0; status == APR_SUCCESS && i < records->nelts; i++) {
        const char *event = APR_ARRAY_IDX(records, i, anshin_audit_event_t).event;

        status = event != NULL ? show_event(showing, event)
                               : tell_gap(showing, 0, "an event that waits in the store cannot be read");
    }
    return status;
}

apr_status_t anshin_audit_show(anshin_call_t *call)
{
    showing_t showing = {.call = call, .operator_name = anshin_call_value(call, "operator")};
    const char *user = anshin_call_value(call, "user");
    apr_status_t status = user != NULL ? anshin_call_user(call, user, &showing.user) : APR_SUCCESS;

    if (status != APR_SUCCESS || (status = anshin_audit_time(call, "since", &showing.since)) != APR_SUCCESS ||
        (status = anshin_audit_time(call, "until", &showing.until)) != APR_SUCCESS) {
        return status;
    }
    showing.print.json = call->json;
    showing.rows = json_array();
    apr_pool_create(&showing.pool, call->pool);
    status = show_all(&showing);
    if (status == APR_SUCCESS) {
        status = write_rows(&showing);
    }
    if (status == APR_SUCCESS) {
        anshin_print_end(stdout, &showing.print);
    }
    json_decref(showing.rows);
    call->verdict = showing.gaps > 0 ? ANSHIN_EXIT_REFUSED : ANSHIN_EXIT_OK;
    return status;
}
