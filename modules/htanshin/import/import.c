/*
 * htanshin user import: users from a CSV file as offices make it (IMP-1), or from another system, with the hashes of
 * their passwords (IMP-2).
 *
 * Each line is done by itself, all of it or nothing; so an import that was interrupted goes on when it is started
 * again: what is there is passed over. Lines of a file share the time that the disk takes to make them durable:
 * GATHERED at most, and no longer than GATHER. What came of a line is told when it is durable, and not before: where
 * the command is killed in between, lines may be done of which no result tells. The same command tells of these as of
 * others who are there, and htanshin user invite gives a new code. From a pipe, where the next line may be long in
 * coming, each is durable by itself, and its result is told at once.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/admin/given.h"
#include "core/base/waiting.h"
#include "htanshin/approval/hold.h"
#include "htanshin/call.h"
#include "htanshin/command.h"
#include "htanshin/import/import_formats.h"
#include "htanshin/import/import_progress.h"
#include "htanshin/import/import_rows.h"
#include "htanshin/import/import_seen.h"
#include "htanshin/import/import_user.h"
#include "htanshin/language/language.h"
#include "htanshin/print.h"
#include "htanshin/result.h"
#include "htanshin/stream/rows_out.h"
#include "htanshin/stream/signals.h"
#include "htanshin/values.h"

#define SKIP_MAX 1000
#define BUSY_TRIES 4 /* of a line, each of which waits some seconds by itself */
#define BUSY_PAUSE apr_time_from_msec(100)
#define WAY_MAX apr_time_from_msec(5)
#define GATHERED ANSHIN_IMPORT_ROWS_MAX /* lines */
#define GATHER apr_time_from_msec(50)

static const anshin_word_t encodings[] = {
    {"auto", ANSHIN_IMPORT_AUTO}, {"utf-8", ANSHIN_IMPORT_UTF8}, {"cp932", ANSHIN_IMPORT_CP932}, {NULL, 0}};

typedef struct import_t {
    anshin_call_t *call;
    apr_pool_t *pool; /* of all of it; that of call is emptied for each line */
    anshin_import_source_t source;
    anshin_import_columns_t columns;
    anshin_import_ways_t ways;
    anshin_import_seen_t *seen;
    anshin_rows_out_t out;
    anshin_import_rows_t rows; /* of lines that are gathered */
    anshin_import_progress_t progress;
    int lines; /* records so far */
    int line;  /* of the last one */
    int counts[ANSHIN_IMPORT_DONES];
    int waiting;  /* of those that are unchanged: not registered yet */
    int gathers;  /* 1: the next line is there without a wait */
    int gathered; /* lines since the last that is durable, the first of them at: */
    apr_time_t gathered_at;
} import_t;

/* --- what came of a line ------------------------------------------------------------------------------------------ */

static json_t *row_of(const import_t *import, const anshin_import_came_t *came)
{
    apr_pool_t *pool = import->call->pool;
    json_t *row = json_object();

    anshin_result_number(row, "line", import->line);
    anshin_result_text(row, "user", came->user, pool);
    anshin_result_text(row, "done", anshin_import_done_name(came->done), pool);
    anshin_result_text(row, "registration_url", came->invitation.url, pool);
    anshin_result_text(row, "registration_code", came->invitation.code, pool);
    anshin_result_time(row, "valid_until", came->invitation.expires_at, pool);
    anshin_result_text(row, "detail", came->done == ANSHIN_IMPORT_REFUSED ? import->call->op.error.text : came->detail,
                       pool);
    return row;
}

static json_t *fault_of(const import_t *import, const anshin_import_came_t *came, const char *reason)
{
    apr_pool_t *pool = import->call->pool;
    json_t *row = json_object();

    anshin_result_number(row, "line", import->line);
    anshin_result_text(row, "column", came->column >= 0 ? anshin_import_column_name(came->column) : NULL, pool);
    anshin_result_text(row, "value", came->value, pool);
    anshin_result_text(row, "reason", reason, pool);
    return row;
}

/* "line 7, address "x"", in front of what the error says. */
static const char *place(const import_t *import, const anshin_import_came_t *came)
{
    apr_pool_t *pool = import->call->pool;
    const char *text = anshin_call_line(import->call, import->line, pool);

    if (came->column >= 0) {
        text = apr_pstrcat(pool, text, ", ", anshin_import_column_name(came->column), NULL);
    }
    if (came->column >= 0 && came->value != NULL) {
        text = apr_psprintf(pool, "%s \"%.60s\"", text, anshin_text_clean(came->value, pool));
    }
    return text;
}

/* Of a rehearsal. 0, or -1: it could not be written. */
static int tell_fault(import_t *import, const anshin_import_came_t *came)
{
    anshin_call_t *call = import->call;
    const char *reason = apr_pstrdup(call->pool, call->op.error.text);

    anshin_import_progress_clear(&import->progress);
    if (call->json) {
        return anshin_rows_out_row(&import->out, fault_of(import, came, reason), call->pool);
    }
    printf("%s: %s (%s)\n", place(import, came),
           anshin_text_clean(anshin_say_error(&call->op.error, call->pool), call->pool), call->op.error.id);
    return fflush(stdout) == 0 ? 0 : -1;
}

/* Count, and keep what is to be told. After a rehearsal only what is wrong is to be read. */
static apr_status_t settle(import_t *import, const anshin_import_came_t *came)
{
    anshin_call_t *call = import->call;
    json_t *row = import->ways.rehearsal ? NULL : row_of(import, came); /* with the reason, before that is told */
    int refused = came->done == ANSHIN_IMPORT_REFUSED;
    int written = 0;

    import->counts[came->done]++;
    import->waiting += came->pending;
    if (refused) {
        call->verdict = ANSHIN_EXIT_REFUSED;
    }
    if (refused && !import->ways.rehearsal) {
        anshin_import_progress_clear(&import->progress);
        anshin_call_tell_of(call, ANSHIN_EINVALID, place(import, came));
    } else if (refused) {
        written = tell_fault(import, came);
    }
    if (!import->ways.rehearsal) {
        anshin_import_rows_hold(&import->rows, row);
    }
    return written == 0 ? APR_SUCCESS : anshin_import_rows_unwritten(call, import->line, NULL);
}

/* --- a line ------------------------------------------------------------------------------------------------------- */

/* Others may be long at it, on a machine that has much to do: what is to take hours is not given up for that. */
static apr_status_t take_user(import_t *import, const char *const *cells, anshin_import_came_t *came)
{
    const anshin_import_came_t before = *came;
    anshin_call_t *call = import->call;
    apr_status_t status = anshin_import_user(call, cells, &import->ways, came);

    for (int tries = 1; status == ANSHIN_EBUSY && tries < BUSY_TRIES; tries++) {
        apr_sleep(BUSY_PAUSE);
        anshin_error_clear(&call->op.error);
        *came = before;
        status = anshin_import_user(call, cells, &import->ways, came);
    }
    return status;
}

static apr_status_t take(import_t *import, const anshin_import_record_t *record)
{
    anshin_call_t *call = import->call;
    const char *cells[ANSHIN_IMPORT_COLUMNS];
    anshin_import_came_t came = {.column = -1};
    int beyond = anshin_import_columns_take(&import->columns, record, cells);
    const char *user = anshin_user_canonical(cells[ANSHIN_IMPORT_USER], call->pool);
    int before = 0;
    apr_status_t status = APR_SUCCESS;

    came.user = user != NULL ? user : cells[ANSHIN_IMPORT_USER];
    if (record->wrong == NULL && user != NULL &&
        anshin_import_seen_add(import->seen, user, record->line, &before) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    if (record->wrong != NULL) {
        import->line = record->wrong_line;
        anshin_import_refuse(call, &came, -1, NULL, record->wrong);
    } else if (user == NULL) {
        (void)anshin_call_user(call, cells[ANSHIN_IMPORT_USER], &user);
        came = (anshin_import_came_t){
            .done = ANSHIN_IMPORT_REFUSED, .user = came.user, .column = ANSHIN_IMPORT_USER, .value = came.user};
    } else if (before != 0) {
        anshin_import_refuse(call, &came, ANSHIN_IMPORT_USER, cells[ANSHIN_IMPORT_USER],
                             apr_psprintf(call->pool, "line %d is of the same user", before));
    } else if (beyond != 0) {
        anshin_import_refuse(call, &came, -1, NULL,
                             apr_psprintf(call->pool, "cell %d stands beyond the last column", beyond));
    } else {
        status = take_user(import, cells, &came);
    }
    if (status != APR_SUCCESS) {
        place(import, &(anshin_import_came_t){.column = -1});
        return status;
    }
    return settle(import, &came);
}

/* Make what is done durable and tell it, where that is time; all: at any time. */
static apr_status_t sync_gathered(import_t *import, int all)
{
    anshin_call_t *call = import->call;
    const int syncs = import->gathered > 0;
    apr_status_t status = APR_SUCCESS;

    if ((import->gathered == 0 && import->rows.count == 0) ||
        (!all && import->gathered < GATHERED && anshin_uptime_now() < import->gathered_at + GATHER)) {
        return APR_SUCCESS;
    }
    import->gathered = 0;
    anshin_error_clear(&call->op.error); /* of a line that was refused: that is told */
    if (syncs && (status = anshin_op_sync(&call->op)) != APR_SUCCESS) {
        anshin_import_rows_doubt(&import->rows, status, call);
        return status;
    }
    anshin_import_progress_clear(&import->progress);
    return anshin_import_rows_tell(&import->rows, &import->out, call);
}

/* Whoever logs in waits for the same lock, and the disk gives nobody a turn any more: twice as long as the line
 * took, the lock is free. */
static void give_way(apr_time_t began)
{
    const apr_interval_time_t took = 2 * (anshin_uptime_now() - began);

    apr_sleep(took < 0 ? 0 : took < WAY_MAX ? took : WAY_MAX);
}

static apr_status_t take_gathered(import_t *import, const anshin_import_record_t *record)
{
    const apr_time_t began = anshin_uptime_now();
    apr_status_t status;

    import->call->op.gathers = import->gathers;
    status = take(import, record);
    import->call->op.gathers = 0;
    if (import->gathers) {
        import->gathered_at = import->gathered++ == 0 ? began : import->gathered_at;
        give_way(began);
    }
    return status == APR_SUCCESS ? sync_gathered(import, !import->gathers) : status;
}

/* The next record, with nothing left of the one before. */
static apr_status_t next(import_t *import, anshin_import_record_t *record)
{
    anshin_call_t *call = import->call;
    apr_status_t status;

    apr_pool_clear(call->pool);
    anshin_error_clear(&call->op.error);
    call->op.now = call->env.now(call->env.now_baton);
    if (import->source.text != NULL) {
        anshin_import_progress_at(&import->progress, anshin_import_text_at(import->source.text),
                                  anshin_import_text_size(import->source.text), import->lines);
    } else {
        anshin_import_progress_at(&import->progress, 0, 0, import->lines);
    }
    anshin_signals_let(1);
    status = anshin_signals_came() ? APR_EINTR
                                   : anshin_import_source_next(&import->source, record, &call->op.error, call->pool);
    anshin_signals_let(0);
    status = anshin_signals_came() ? APR_EINTR : status;
    if (status == APR_SUCCESS) {
        import->line = record->line;
        import->lines++;
    }
    return status;
}

/* --- before the first line ---------------------------------------------------------------------------------------- */

static apr_status_t wrong_option(anshin_call_t *call, const char *text)
{
    return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1496", "%s", text);
}

static apr_status_t read_ways(import_t *import)
{
    static const struct {
        int column;
        const char *option;
        const anshin_word_t *words;
    } given[] = {{ANSHIN_IMPORT_METHOD, "method", anshin_method_words},
                 {ANSHIN_IMPORT_TERMINAL, "terminal", anshin_terminal_kind_words},
                 {ANSHIN_IMPORT_LANGUAGE, "language", NULL}};
    anshin_call_t *call = import->call;
    apr_status_t status = APR_SUCCESS;
    int value;

    import->ways.rehearsal = anshin_call_value(call, "dry-run") != NULL;
    import->ways.update = anshin_call_value(call, "update") != NULL;
    import->ways.accept_weak = anshin_call_value(call, "accept-weak") != NULL;
    import->ways.mail_domain = anshin_call_value(call, "mail-domain");
    for (int i = 0; i < ANSHIN_IMPORT_COLUMNS; i++) {
        import->ways.given[i] = "";
    }
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]) && status == APR_SUCCESS; i++) {
        const char *text = anshin_call_value(call, given[i].option);

        if (text != NULL) {
            import->ways.given[given[i].column] = text;
        }
        if (given[i].words != NULL) {
            status = anshin_call_word(call, given[i].option, given[i].words, -1, &value);
        }
    }
    if (status == APR_SUCCESS && anshin_call_value(call, "language") != NULL) {
        status = anshin_given_language(&call->op, anshin_call_value(call, "language"));
    }
    if (status == APR_SUCCESS && import->ways.rehearsal && call->output >= 0) {
        return wrong_option(call,
                            "--dry-run and --result: give one of them; where nothing is done, nothing comes of it");
    }
    return status;
}

/* --columns, or the first line. */
static apr_status_t read_columns(import_t *import)
{
    anshin_call_t *call = import->call;
    const char *given = anshin_call_value(call, "columns");
    anshin_import_record_t record;
    apr_status_t status;

    import->columns.ignores = anshin_call_value(call, "ignore-unknown") != NULL;
    if (import->source.fixed) {
        anshin_import_columns_all(&import->columns, import->pool);
        return given == NULL ? APR_SUCCESS : wrong_option(call, "--columns: is of --format csv alone");
    }
    if (given != NULL && import->columns.ignores) {
        return wrong_option(call, "--columns and --ignore-unknown: give one of them");
    }
    if (given != NULL) {
        apr_array_header_t *cells = apr_array_make(import->pool, 16, sizeof(const char *));
        char *state;

        for (char *name = apr_strtok(apr_pstrdup(import->pool, given), ",", &state); name != NULL;
             name = apr_strtok(NULL, ",", &state)) {
            APR_ARRAY_PUSH(cells, const char *) = name;
        }
        return anshin_import_columns_read(&import->columns, cells, &call->op.error, import->pool);
    }
    status = next(import, &record);
    import->lines = 0;
    if (status == APR_EOF) {
        return APR_SUCCESS;
    }
    if (status != APR_SUCCESS || record.wrong == NULL) {
        status = status == APR_SUCCESS
                     ? anshin_import_columns_read(&import->columns, record.cells, &call->op.error, import->pool)
                     : status;
    } else {
        status = wrong_option(call, apr_psprintf(call->pool, "line %d: %s", record.wrong_line, record.wrong));
    }
    return status;
}

/* How the file is to be read. */
typedef struct read_t {
    int format;
    int encoding;
    int skip;
} read_t;

static apr_status_t stopped(anshin_call_t *call)
{
    anshin_error_clear(&call->op.error);
    return anshin_fail(&call->op.error, ANSHIN_EBUSY, "AN1564", "stopped before the first line: nothing is done");
}

/* It may be a pipe that is read to its end here, where the encoding is told by the text, or the form asks for it. */
static apr_status_t open_source(import_t *import, const read_t *how)
{
    anshin_call_t *call = import->call;
    apr_status_t status;

    anshin_signals_let(1);
    status = anshin_signals_came()
                 ? APR_EINTR
                 : anshin_import_source_open(&import->source, call, (anshin_import_format_t)how->format,
                                             (anshin_import_encoding_t)how->encoding, how->skip, import->pool);
    anshin_signals_let(0);
    return anshin_signals_came() ? stopped(call) : status;
}

/* --- a second operator -------------------------------------------------------------------------------------------- */

/* Who is meant by the lines that can be taken; *revokes: 1: they may change a login method, and certificates end. */
static apr_status_t list_users(import_t *import, const read_t *how, apr_array_header_t *users, int *revokes)
{
    anshin_call_t *call = import->call;
    anshin_import_record_t record;
    apr_status_t status = open_source(import, how);

    import->seen = anshin_import_seen_create(import->pool);
    status = status == APR_SUCCESS ? read_columns(import) : status;
    while (status == APR_SUCCESS && (status = next(import, &record)) == APR_SUCCESS) {
        const char *cells[ANSHIN_IMPORT_COLUMNS];
        int beyond = anshin_import_columns_take(&import->columns, &record, cells);
        const char *user = anshin_user_canonical(cells[ANSHIN_IMPORT_USER], call->pool);
        int before = 0;

        if (record.wrong == NULL && beyond == 0 && user != NULL) {
            status = anshin_import_seen_add(import->seen, user, record.line, &before);
            *revokes |= import->ways.update && cells[ANSHIN_IMPORT_METHOD][0] != '\0';
        }
        if (status == APR_SUCCESS && before == 0 && record.wrong == NULL && beyond == 0 && user != NULL) {
            APR_ARRAY_PUSH(users, const char *) = apr_pstrdup(import->pool, user);
        }
    }
    return status == APR_EOF ? APR_SUCCESS : status;
}

/* Who sits at it may change a file while it is read: so it is kept first. */
static apr_status_t hold(const import_t *import, const read_t *how)
{
    anshin_call_t *call = import->call;
    import_t listing = {.call = call, .pool = import->pool, .ways = import->ways};
    apr_array_header_t *users = apr_array_make(import->pool, 64, sizeof(const char *));
    int revokes = 0;
    apr_status_t status;

    if (import->ways.rehearsal || !anshin_hold_reads(call)) {
        return APR_SUCCESS;
    }
    if (how->format == ANSHIN_IMPORT_HTDBM) {
        return anshin_fail(&call->op.error, ANSHIN_EDENIED, "AN1856",
                           "AnshinFourEyes of contract %s: a dbm file may change while it is read; give its users as "
                           "--format htpasswd",
                           call->op.contract->name);
    }
    anshin_signals_let(1);
    status = anshin_signals_came() ? stopped(call) : anshin_hold_keep(call, call->input);
    anshin_signals_let(0);
    status = anshin_signals_came() ? stopped(call) : status;
    status = status == APR_SUCCESS ? list_users(&listing, how, users, &revokes) : status;
    return status == APR_SUCCESS ? anshin_hold_input(call, call->input, revokes, users)
           : status == APR_EINTR ? stopped(call)
                                 : status;
}

static apr_status_t begin(import_t *import)
{
    anshin_call_t *call = import->call;
    int to_stdout = call->output < 0;
    read_t how;
    apr_status_t status = anshin_call_word(call, "encoding", encodings, ANSHIN_IMPORT_AUTO, &how.encoding);

    if (status != APR_SUCCESS ||
        (status = anshin_call_number(call, "skip", 0, SKIP_MAX, 0, &how.skip)) != APR_SUCCESS ||
        (status = read_ways(import)) != APR_SUCCESS ||
        (status = anshin_call_word(call, "format", anshin_import_format_words, ANSHIN_IMPORT_CSV, &how.format)) !=
            APR_SUCCESS ||
        (status = hold(import, &how)) != APR_SUCCESS || (status = open_source(import, &how)) != APR_SUCCESS ||
        (status = anshin_rows_out_open(&import->out, call->output, call->json)) != APR_SUCCESS) {
        return status;
    }
    import->seen = anshin_import_seen_create(import->pool);
    import->gathers = import->source.text == NULL || anshin_import_text_size(import->source.text) > 0;
    anshin_import_progress_begin(&import->progress, to_stdout && isatty(STDOUT_FILENO));
    return read_columns(import);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* How many of what; where rows stand on the standard output, beside them. */
static void summarize(import_t *import)
{
    anshin_call_t *call = import->call;
    json_t *counts = json_object();
    const char *text;

    anshin_result_flag(counts, "dry_run", import->ways.rehearsal);
    anshin_result_number(counts, "lines", import->lines);
    for (int i = 0; i < ANSHIN_IMPORT_DONES; i++) {
        anshin_result_number(counts, anshin_import_done_name((anshin_import_done_t)i), import->counts[i]);
    }
    anshin_result_number(counts, "not_registered", import->waiting);
    if (call->json) {
        (void)anshin_print_json(stderr, counts, JSON_COMPACT);
        fputc('\n', stderr);
    } else {
        text =
            apr_psprintf(import->pool, anshin_say("%d lines: %d created, %d unchanged, %d changed, %d refused"),
                         import->lines, import->counts[ANSHIN_IMPORT_CREATED], import->counts[ANSHIN_IMPORT_UNCHANGED],
                         import->counts[ANSHIN_IMPORT_CHANGED], import->counts[ANSHIN_IMPORT_REFUSED]);
        fprintf(stderr, "%s%s\n", import->ways.rehearsal ? anshin_say("dry run, nothing is written: ") : "", text);
        if (import->waiting > 0) {
            fprintf(stderr,
                    anshin_say("%d that were there have not registered yet; whose code is lost gets a new one by: "
                               "htanshin user invite USER\n"),
                    import->waiting);
        }
    }
    json_decref(counts);
}

static apr_status_t run(import_t *import)
{
    anshin_import_record_t record;
    apr_status_t status = APR_SUCCESS;
    int first = !import->source.fixed && anshin_call_value(import->call, "columns") != NULL;

    while (status == APR_SUCCESS && (status = next(import, &record)) == APR_SUCCESS) {
        if (first && anshin_import_columns_header(&record, import->call->pool)) {
            import->lines--; /* with --columns a header is not needed, and does no harm */
        } else {
            status = take_gathered(import, &record);
        }
        first = 0;
    }
    return status == APR_EOF ? APR_SUCCESS : status;
}

/* What is done stands, however it ends; so that is told. */
static apr_status_t end(import_t *import, apr_status_t status)
{
    anshin_call_t *call = import->call;
    anshin_error_t *err = &call->op.error;
    const anshin_error_t before = *err;
    apr_status_t synced;

    anshin_import_progress_clear(&import->progress);
    synced = sync_gathered(import, 1);
    if (synced != APR_SUCCESS && (status == APR_SUCCESS || status == APR_EINTR)) {
        status = synced;
    } else {
        if (synced != APR_SUCCESS) {
            anshin_call_tell(call, synced); /* whose codes are lost */
        }
        *err = before;
    }
    if (anshin_rows_out_close(&import->out) != 0 && status == APR_SUCCESS) {
        status = anshin_import_rows_unwritten(call, import->line, NULL);
    }
    summarize(import);
    if (status == APR_EINTR) {
        anshin_error_clear(err);
        return anshin_fail(err, ANSHIN_EBUSY, "AN1498",
                           "stopped after line %d; what is done stays, and the same command goes on with the rest",
                           import->line);
    }
    return status;
}

static apr_status_t user_import(anshin_call_t *call)
{
    import_t import = {.call = call, .pool = call->pool};
    apr_status_t status;

    apr_pool_create(&call->pool, import.pool);
    call->op.pool = call->pool;
    anshin_signals_catch();
    status = begin(&import);
    if (status == APR_SUCCESS) {
        status = end(&import, run(&import));
    }
    apr_pool_destroy(call->pool);
    call->pool = call->op.pool = import.pool;
    return status;
}

static const anshin_command_option_t import_options[] = {
    {"dry-run", NULL, "List every bad line with column, value and reason; write nothing.", 0},
    {"update", NULL, "Change users who are there to what the lines say; empty cells change nothing.", 0},
    {"result", "FILE", "Write what came of each line there (mode 0600), not to the standard output.", 0},
    {"format", "FORMAT",
     "csv when not given; htpasswd, htdbm, ldif or keycloak (JSON): users of another system, with the hashes of their "
     "passwords.",
     0},
    {"accept-weak", NULL, "Take hashes that are weaker than ours also in a contract of the preset modern or finance.",
     0},
    {"mail-domain", "DOMAIN", "The address of a new user whose line has none is USER@DOMAIN.", 0},
    {"columns", "LIST",
     "What the columns are, where the first line does not name them: user, address, method, terminal, label, language, "
     "name, organisation, groups, memo, valid-from, valid-until, password-hash; - for one to be passed over.",
     0},
    {"ignore-unknown", NULL, "Pass over columns that the first line names and that are not known.", 0},
    {"encoding", "NAME", "utf-8 or cp932; auto when not given: CP932 where it is no UTF-8.", 0},
    {"skip", "LINES", "Pass over so many lines at the beginning.", 0},
    {"method", "METHOD", "password, otp or certificate, of new users whose line says nothing.", 0},
    {"terminal", "KIND", "pc, mobile or smartphone, the same.", 0},
    {"language", "LANGUAGE", "ja or en, the same.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_import[] = {
    {"user", "import", "FILE|-", 1, 1, import_options, ANSHIN_ACCESS_FILES, user_import,
     "Create users from a CSV file or from another system; each by itself. CSV: UTF-8 or CP932, comma or tab, the "
     "first line names the columns. Gives registration URL and code of each who needs them, as CSV or with --json one "
     "object a line."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
