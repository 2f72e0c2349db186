/*
 * A verb for many users or certificates: see bulk.h.
 */
#include "htanshin/bulk/bulk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/approval/hold.h"
#include "htanshin/bulk/targets.h"
#include "htanshin/call.h"
#include "htanshin/import/import_progress.h"
#include "htanshin/language/language.h"
#include "htanshin/print.h"
#include "htanshin/result.h"
#include "htanshin/stream/rows_out.h"
#include "htanshin/stream/signals.h"
#include "htanshin/values.h"

enum { DONE, UNCHANGED, REFUSED, COUNTS };

typedef struct run_t {
    anshin_call_t *call;
    const anshin_bulk_t *bulk;
    const apr_array_header_t *targets;
    int dry;
    int silent; /* 1: only counted, before the question */
    int again;  /* 1: it was approved, and the same command may be given again for a while */
    int counts[COUNTS];
    const char *last; /* that was done, or left as it was for a reason; NULL: none */
    anshin_rows_out_t out;
    anshin_rows_out_t undo; /* file NULL: none is written */
    anshin_import_progress_t progress;
} run_t;

int anshin_bulk_wanted(const anshin_call_t *call)
{
    static const char *const options[] = {"dry-run", "yes", "result", "undo"};

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (anshin_call_value(call, options[i]) != NULL) {
            return 1;
        }
    }
    return call->operand_count == 0 || anshin_call_value(call, "file") != NULL;
}

static const char *name_of(const anshin_target_t *target)
{
    return target->user != NULL ? target->user : target->serial;
}

/* --- what came of one -------------------------------------------------------------------------------------------- */

static json_t *row_of(const run_t *run, const anshin_target_t *target, const anshin_came_t *came, int how,
                      const char *detail)
{
    const anshin_bulk_t *bulk = run->bulk;
    apr_pool_t *pool = run->call->pool;
    int told = how == DONE && !run->dry; /* what a rehearsal drew opens nothing */
    json_t *row = json_object();

    if (bulk->of.certificates) {
        anshin_result_text(row, "serial", target->serial, pool);
    }
    anshin_result_text(row, "user", target->user, pool);
    anshin_result_text(row, "done", how == DONE ? bulk->done : how == UNCHANGED ? "unchanged" : "refused", pool);
    if (bulk->invites) {
        anshin_result_text(row, "registration_url", told ? came->invitation.url : NULL, pool);
        anshin_result_text(row, "registration_code", told ? came->invitation.code : NULL, pool);
        anshin_result_time(row, "valid_until", told ? came->invitation.expires_at : 0, pool);
    }
    if (bulk->issues) {
        anshin_result_text(row, "download_passwords", told ? came->passwords : NULL, pool);
    }
    anshin_result_text(row, "detail", detail, pool);
    return row;
}

static apr_status_t unwritten(const run_t *run, const anshin_target_t *target, int how)
{
    anshin_error_t *err = &run->call->op.error;

    anshin_error_clear(err);
    return anshin_fail(err, ANSHIN_EFAULT, "AN1344", "%s: what came of it could not be written; it is %s",
                       name_of(target), how == DONE && !run->dry ? "done all the same" : "not done");
}

/* The list of what can be brought back gets its line when that is done: one that was killed in between is missing. */
static int write_undo(run_t *run, const anshin_target_t *target, const anshin_came_t *came)
{
    json_t *row;

    if (run->undo.file == NULL || came->undo == NULL || run->dry) {
        return 0;
    }
    row = json_object();
    anshin_result_text(row, "user", target->user, run->call->pool);
    anshin_result_text(row, "undo", came->undo, run->call->pool);
    return anshin_rows_out_row(&run->undo, row, run->call->pool);
}

static apr_status_t settle(run_t *run, const anshin_target_t *target, const anshin_came_t *came, int how)
{
    anshin_call_t *call = run->call;
    const char *detail = how == REFUSED ? apr_pstrdup(call->pool, call->op.error.text) : came->detail;

    run->counts[how]++;
    run->last = name_of(target); /* also where it cannot be told */
    if (run->silent) {
        return APR_SUCCESS;
    }
    anshin_import_progress_clear(&run->progress);
    if (how == REFUSED) {
        call->verdict = ANSHIN_EXIT_REFUSED;
    }
    if ((how == DONE && write_undo(run, target, came) != 0) ||
        anshin_rows_out_row(&run->out, row_of(run, target, came, how, detail), call->pool) != 0) {
        return unwritten(run, target, how);
    }
    if (how == REFUSED) {
        anshin_call_tell_of(call, ANSHIN_EINVALID, name_of(target));
    }
    return APR_SUCCESS;
}

/* Not found and refused are answers about this one alone. */
static int is_refusal(apr_status_t status)
{
    return status == ANSHIN_ENOTFOUND || status == ANSHIN_EINVALID || status == ANSHIN_ECONFLICT ||
           status == ANSHIN_EDENIED;
}

static apr_status_t do_one(run_t *run, const anshin_target_t *target)
{
    anshin_call_t *call = run->call;
    anshin_came_t came = {0};
    apr_status_t status = target->wrong != NULL
                              ? anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1345", "%s", target->wrong)
                              : run->bulk->act(call, run->bulk->baton, target, &came);

    if (status == ANSHIN_ENOTFOUND && call->op.error.text[0] == '\0') {
        (void)anshin_call_missing(call, status, target->user != NULL ? "user" : "certificate", name_of(target));
    }
    if (status == APR_SUCCESS || is_refusal(status)) {
        return settle(run, target, &came, status != APR_SUCCESS ? REFUSED : came.unchanged ? UNCHANGED : DONE);
    }
    return status;
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

/* A signal ends it between two. */
static apr_status_t do_all(run_t *run)
{
    anshin_call_t *call = run->call;
    apr_pool_t *pool = call->pool;
    apr_status_t status = APR_SUCCESS;

    apr_pool_create(&call->pool, pool);
    call->op.pool = call->pool;
    call->op.dry = run->dry;
    call->op.many = 1;
    for (int i = 0; status == APR_SUCCESS && i < run->targets->nelts; i++) {
        const anshin_target_t *target = &APR_ARRAY_IDX(run->targets, i, anshin_target_t);

        apr_pool_clear(call->pool);
        anshin_error_clear(&call->op.error);
        call->op.now = call->env.now(call->env.now_baton);
        anshin_import_progress_at(&run->progress, i, run->targets->nelts, i);
        anshin_signals_let(1);
        anshin_signals_let(0);
        status = anshin_signals_came() ? APR_EINTR : do_one(run, target);
    }
    call->op.dry = 0;
    apr_pool_destroy(call->pool);
    call->pool = call->op.pool = pool;
    return status;
}

/* How many of what, beside the rows. */
static void summarize(const run_t *run)
{
    const anshin_call_t *call = run->call;
    json_t *counts = json_object();

    if (call->json) {
        anshin_result_flag(counts, "dry_run", run->dry);
        anshin_result_number(counts, run->bulk->done, run->counts[DONE]);
        anshin_result_number(counts, "unchanged", run->counts[UNCHANGED]);
        anshin_result_number(counts, "refused", run->counts[REFUSED]);
        (void)anshin_print_json(stderr, counts, JSON_COMPACT); /* there is nowhere else to tell it */
        fputc('\n', stderr);
    } else {
        fprintf(stderr, anshin_say("%s%d %s, %d unchanged, %d refused\n"),
                run->dry ? anshin_say("dry run, nothing is written: ") : "", run->counts[DONE],
                anshin_say(run->bulk->done), run->counts[UNCHANGED], run->counts[REFUSED]);
    }
    json_decref(counts);
}

static apr_status_t stopped(const run_t *run)
{
    anshin_error_t *err = &run->call->op.error;

    anshin_error_clear(err);
    if (run->silent) {
        return anshin_fail(err, ANSHIN_EBUSY, "AN1562", "stopped before the question: nothing is done");
    }
    if (run->dry) {
        return anshin_fail(err, ANSHIN_EBUSY, "AN1563", "dry run stopped: nothing is written");
    }
    if (run->last == NULL) {
        return anshin_fail(err, ANSHIN_EBUSY, "AN1346", "stopped before the first one");
    }
    if (run->again) {
        return anshin_fail(err, ANSHIN_EBUSY, "AN1852",
                           "stopped after %s; what is done stays, and the same command goes on with the rest, for a "
                           "quarter of an hour; with --after, or later, a second operator must approve it again",
                           run->last);
    }
    return anshin_fail(err, ANSHIN_EBUSY, "AN1347",
                       "stopped after %s; what is done stays, and the same command with --after %s goes on with the "
                       "rest%s%s",
                       run->last, run->last, run->bulk->done_twice != NULL ? "; without it " : "",
                       run->bulk->done_twice != NULL ? run->bulk->done_twice : "");
}

static apr_status_t end(run_t *run, apr_status_t status)
{
    anshin_call_t *call = run->call;
    int whole;

    anshin_import_progress_clear(&run->progress);
    whole = anshin_rows_out_close(&run->out) == 0;
    if (run->undo.file != NULL) {
        whole = anshin_rows_out_close(&run->undo) == 0 && whole;
    }
    summarize(run);
    if (status == APR_EINTR) {
        return stopped(run);
    }
    if (status != APR_SUCCESS && run->last != NULL && !run->dry) {
        fprintf(stderr, anshin_say("htanshin: the last one done was %s\n"), anshin_text_clean(run->last, call->pool));
    }
    return whole || status != APR_SUCCESS
               ? status
               : anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1348", "what came of it could not be written whole");
}

/* --- the question ------------------------------------------------------------------------------------------------ */

/* With what a rehearsal tells, so that nobody says yes to a number alone. */
static apr_status_t ask(const run_t *run)
{
    anshin_call_t *call = run->call;
    run_t rehearsal = *run;
    apr_status_t status;

    rehearsal.dry = rehearsal.silent = 1;
    memset(rehearsal.counts, 0, sizeof(rehearsal.counts));
    anshin_import_progress_begin(&rehearsal.progress, 0);
    status = do_all(&rehearsal);
    anshin_import_progress_clear(&rehearsal.progress);
    if (status != APR_SUCCESS) {
        return status == APR_EINTR ? stopped(&rehearsal) : status;
    }
    fprintf(stderr, anshin_say("%s %d of contract %s: %d would be %s, %d unchanged, %d refused. Type yes to go on: "),
            run->bulk->of.verb, run->targets->nelts, call->op.contract->name, rehearsal.counts[DONE],
            anshin_say(run->bulk->done), rehearsal.counts[UNCHANGED], rehearsal.counts[REFUSED]);
    fflush(stderr);
    return anshin_signals_yes()
               ? APR_SUCCESS
               : anshin_fail(&call->op.error, ANSHIN_EDENIED, "AN1349", "nobody said yes: nothing is done");
}

static apr_status_t agree(const run_t *run)
{
    anshin_call_t *call = run->call;

    if (run->dry || run->targets->nelts <= ANSHIN_BULK_FREELY || anshin_call_value(call, "yes") != NULL) {
        return APR_SUCCESS;
    }
    if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && call->input != STDIN_FILENO) {
        return ask(run);
    }
    return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1352",
                       "%d are meant: more than %d need --yes where nobody can be asked; --dry-run tells what would "
                       "come of it",
                       run->targets->nelts, ANSHIN_BULK_FREELY);
}

apr_status_t anshin_bulk(anshin_call_t *call, const anshin_bulk_t *bulk)
{
    run_t run = {.call = call, .bulk = bulk, .dry = anshin_call_value(call, "dry-run") != NULL};
    apr_array_header_t *targets;
    apr_status_t status = anshin_targets_read(call, &bulk->of, &targets);

    run.targets = targets;
    anshin_signals_catch();
    status = status == APR_SUCCESS ? agree(&run) : status;
    if (status == APR_SUCCESS && !run.dry) {
        status = anshin_hold_many(call, bulk->revokes, targets, &run.again);
        run.again = run.again && anshin_call_value(call, "file") != NULL;
    }
    if (status != APR_SUCCESS || (status = anshin_rows_out_open(&run.out, call->output, call->json)) != APR_SUCCESS ||
        (call->undo >= 0 && (status = anshin_rows_out_open(&run.undo, call->undo, 0)) != APR_SUCCESS)) {
        return status;
    }
    anshin_import_progress_begin(&run.progress, call->output < 0 && isatty(STDOUT_FILENO));
    return end(&run, do_all(&run));
}
