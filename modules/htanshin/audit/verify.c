/*
 * Looking the trail through: see verify.h.
 *
 * The store is read first, in one snapshot: where the trail ended, what was not chained yet, how many events each
 * series had, and how many of these were retired. Then the segments: as far as that end they must have what the
 * snapshot says; what the worker has added since only has to follow.
 *
 * Machines that share a store have segments of their own each, and count in the same series: there is no telling here
 * how many of them another one has, so that a series may have fewer here, and none more.
 */
#include "htanshin/audit/verify.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/audit/anchor.h"
#include "core/audit/chain.h"
#include "core/audit/series.h"
#include "core/audit/trail.h"
#include "runtime/trail_file.h"

typedef struct look_t {
    anshin_op_t *op;
    anshin_finding_fn *finding;
    void *baton;
    anshin_verified_t *verified;
    anshin_audit_anchor_t start;
    anshin_audit_anchor_t head;
    int is_guessed;       /* what was retired was counted by nobody: an older version has done it */
    int is_shared;        /* other machines have segments */
    apr_int64_t retiring; /* series that have something retired */
    apr_hash_t *anchors;  /* of anshin_audit_anchor_t, by key */
    apr_hash_t *tallies;  /* of anshin_tally_t, by name of the series */
    apr_pool_t *scratch;  /* of the line or record at hand */
    const char *chain;    /* value of the line before */
    int by;               /* the seal key that the last genuine one is by; INT_MAX: there is none before */
    apr_pool_t *former;   /* of that one, for when keys have other numbers than when it was read: */
    anshin_line_t line;   /* head and chain value, */
    const char *before;   /* and that of the line before it */
    char kept[ANSHIN_CHAIN_TEXT + 1];
} look_t;

static void find(look_t *look, apr_int64_t segment, apr_int64_t line, const char *what)
{
    look->verified->findings++;
    look->finding(look->baton, segment, line, what);
}

static void keep_chain(look_t *look, const char *chain)
{
    apr_cpystrn(look->kept, chain, sizeof(look->kept));
    look->chain = look->kept;
}

static anshin_tally_t *tally_of(const look_t *look, const char *name)
{
    anshin_tally_t *tally = apr_hash_get(look->tallies, name, APR_HASH_KEY_STRING);

    if (tally == NULL) {
        tally = apr_pcalloc(look->op->pool, sizeof(*tally));
        tally->counted = -1;
        apr_hash_set(look->tallies, apr_pstrdup(look->op->pool, name), APR_HASH_KEY_STRING, tally);
    }
    return tally;
}

/* segment: where it stands; APR_INT64_MAX: in the store. 0: it is no event. */
static int count_event(const look_t *look, const char *body, apr_int64_t segment)
{
    json_t *event = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(event, "series"));
    apr_int64_t number = json_integer_value(json_object_get(event, "n"));
    int is_event = name != NULL && number > 0;
    anshin_tally_t *tally = is_event ? tally_of(look, name) : NULL;

    if (tally != NULL && segment > tally->retired.segment) {
        tally->lowest = tally->seen == 0 || number < tally->lowest ? number : tally->lowest;
        tally->sum += number;
        tally->seen++;
    }
    json_decref(event);
    return is_event;
}

/* --- the store --------------------------------------------------------------------------------------------------- */

static apr_status_t see_anchor(void *baton, const char *key, const void *record)
{
    look_t *look = baton;
    anshin_audit_anchor_t *copy = apr_pmemdup(look->op->pool, record, sizeof(*copy));

    apr_pool_clear(look->scratch);
    look->is_shared |= strcmp(key, anshin_anchor_key(look->op->env, strrchr(key, '/') + 1, look->scratch)) != 0;
    if (!anshin_anchor_is_genuine(look->op, key, copy, look->scratch)) {
        find(look, 0, 0, apr_psprintf(look->scratch, "the store's record of %s was changed", key));
        return APR_SUCCESS;
    }
    copy->chain = apr_pstrdup(look->op->pool, copy->chain);
    copy->mac = NULL;
    apr_hash_set(look->anchors, apr_pstrdup(look->op->pool, key), APR_HASH_KEY_STRING, copy);
    return APR_SUCCESS;
}

static apr_status_t see_series(void *baton, const char *key, const void *record)
{
    look_t *look = baton;
    const anshin_audit_series_t *series = record;
    anshin_tally_t *tally = tally_of(look, key);

    apr_pool_clear(look->scratch);
    if (!anshin_series_is_genuine(look->op, key, series, look->scratch)) {
        find(look, 0, 0, apr_psprintf(look->scratch, "the count of series %s was changed", key));
    }
    tally->counted = series->count;
    tally->retired.node = anshin_trail_node(look->op->env);
    if (!anshin_series_get_retired(look->op, key, series, &tally->retired, look->scratch)) {
        find(look, 0, 0, apr_psprintf(look->scratch, "what was retired of series %s was changed", key));
    }
    look->retiring += series->retired != NULL;
    return APR_SUCCESS;
}

static apr_status_t see_event(void *baton, const char *key, const void *record)
{
    look_t *look = baton;
    const anshin_audit_event_t *event = record;

    apr_pool_clear(look->scratch);
    look->verified->unchained++;
    if (event->event == NULL || !anshin_line_is_genuine(look->op, event->event, event->mac, look->scratch)) {
        find(look, 0, 0, apr_psprintf(look->scratch, "event %s, which waits in the store, was changed", key));
    } else if (!count_event(look, event->event, APR_INT64_MAX)) {
        find(look, 0, 0, apr_psprintf(look->scratch, "event %s, which waits in the store, is none", key));
    }
    return APR_SUCCESS;
}

static const anshin_audit_anchor_t *anchor_of(const look_t *look, const char *key)
{
    return apr_hash_get(look->anchors, key, APR_HASH_KEY_STRING);
}

static void begin(void *baton)
{
    look_t *look = baton;

    look->anchors = apr_hash_make(look->op->pool);
    look->tallies = apr_hash_make(look->op->pool);
    memset(look->verified, 0, sizeof(*look->verified));
    look->is_shared = 0;
    look->retiring = 0;
}

static apr_status_t read_store(look_t *look)
{
    anshin_op_t *op = look->op;
    const anshin_trail_visit_t visit = {look, begin, see_anchor, see_series, see_event};
    const anshin_audit_anchor_t *found;
    apr_status_t status = anshin_trail_visit(op, &visit);

    if (status != APR_SUCCESS) {
        return status;
    }
    found = anchor_of(look, anshin_anchor_key(op->env, ANSHIN_ANCHOR_START, op->pool));
    look->is_guessed = found != NULL && found->lines > 0;
    look->start = found != NULL ? *found : (anshin_audit_anchor_t){.segment = 1, .chain = anshin_chain_none};
    found = anchor_of(look, anshin_anchor_key(op->env, ANSHIN_ANCHOR_HEAD, op->pool));
    look->head = found != NULL ? *found : look->start;
    keep_chain(look, look->start.chain);
    look->verified->first = look->start.segment;
    look->verified->last = look->head.segment;
    look->verified->is_shared = look->is_shared;
    if (!look->is_guessed && look->retiring < look->start.events) {
        find(look, 0, 0,
             apr_psprintf(op->pool,
                          "%" APR_INT64_T_FMT " series had events in what was retired, and %" APR_INT64_T_FMT
                          " are there: some were taken away",
                          look->start.events, look->retiring));
    }
    return APR_SUCCESS;
}

/* --- the segments ------------------------------------------------------------------------------------------------ */

/* Does the snapshot know of the line? */
static int is_known(const look_t *look, apr_int64_t segment, apr_int64_t number)
{
    return segment < look->head.segment || (segment == look->head.segment && number <= look->head.lines);
}

/* Keys are numbered from the youngest on, and one may have come since the line before was read. */
static int is_older(const look_t *look, const anshin_line_t *line, int by)
{
    return by > look->by && anshin_line_follows_by(look->op, line, look->chain, look->scratch) >
                                anshin_line_follows_by(look->op, &look->line, look->before, look->scratch);
}

static void keep_line(look_t *look, const anshin_line_t *line, int by)
{
    apr_pool_clear(look->former);
    look->by = by;
    look->line = (anshin_line_t){.kind = line->kind,
                                 .chain = apr_pstrdup(look->former, line->chain),
                                 .head = apr_pstrdup(look->former, line->head)};
    look->before = apr_pstrdup(look->former, look->chain);
}

static void look_at_line(look_t *look, apr_int64_t segment, const anshin_trail_reader_t *reader, anshin_line_t *line)
{
    const apr_int64_t number = reader->lines;
    int by;

    if (anshin_line_read(line, reader->text, look->scratch) != APR_SUCCESS) {
        find(look, segment, number, "is no line of the trail");
        return;
    }
    by = anshin_line_follows_by(look->op, line, look->chain, look->scratch);
    if (by < 0) {
        find(look, segment, number, "was changed, or does not follow the line before it");
    } else if (is_older(look, line, by)) {
        find(look, segment, number, "is by a seal key that had been replaced by then");
    } else {
        keep_line(look, line, by);
    }
    keep_chain(look, line->chain);
    look->verified->lines++;
    if (line->kind != ANSHIN_LINE_EVENT) {
        return;
    }
    look->verified->events++;
    if (!anshin_line_is_genuine(look->op, line->body, line->mac, look->scratch)) {
        find(look, segment, number, "is an event that was changed before it was chained");
    }
    if (is_known(look, segment, number) && !count_event(look, line->body, segment)) {
        find(look, segment, number, "is no event");
    }
}

/* What the store knows of the segment, of which so many lines were read. */
static void compare(look_t *look, apr_int64_t segment, apr_int64_t lines, int is_ended)
{
    const anshin_audit_anchor_t *anchor = anchor_of(look, anshin_anchor_segment(look->op->env, segment, look->scratch));
    const char *said;

    if (segment < look->head.segment && anchor == NULL) {
        find(look, segment, 0, "is closed, and the store has no anchor of it");
    } else if (segment == look->head.segment && lines < look->head.lines) {
        find(look, segment, lines,
             apr_psprintf(look->scratch, "is the last line; %" APR_INT64_T_FMT " were cut off",
                          look->head.lines - lines));
    }
    if (anchor == NULL || segment >= look->head.segment) {
        return;
    }
    if (lines < anchor->lines || !is_ended) {
        said = apr_psprintf(look->scratch, "is the last line; the segment had %" APR_INT64_T_FMT, anchor->lines);
        find(look, segment, lines, said);
    } else if (strcmp(anchor->chain, look->chain) != 0 || lines > anchor->lines) {
        find(look, segment, lines, "does not lead to the anchor that the store has of the segment");
    }
    keep_chain(look, anchor->chain); /* the next one follows that */
}

static apr_status_t look_at_segment(look_t *look, apr_int64_t segment)
{
    anshin_op_t *op = look->op;
    anshin_trail_reader_t reader;
    anshin_line_t line = {.kind = ANSHIN_LINE_EVENT};
    apr_pool_t *pool;
    int next;
    apr_status_t status;

    apr_pool_create(&pool, op->pool);
    status = anshin_trail_read(&reader, anshin_trail_path(op->env, segment, pool), 0, &op->error, pool);
    if (status == ANSHIN_ENOTFOUND) {
        if (segment < look->head.segment || look->head.lines > 0) {
            find(look, segment, 0, "is missing");
        }
        if (segment < look->head.segment) {
            const anshin_audit_anchor_t *anchor = anchor_of(look, anshin_anchor_segment(op->env, segment, pool));

            keep_chain(look, anchor != NULL ? anchor->chain : look->chain);
        }
        apr_pool_destroy(pool);
        return APR_SUCCESS;
    }
    if (status != APR_SUCCESS) {
        apr_pool_destroy(pool);
        return status;
    }
    while ((next = anshin_trail_next(&reader)) == 1) {
        apr_pool_clear(look->scratch);
        look_at_line(look, segment, &reader, &line);
        if (segment == look->head.segment && reader.lines == look->head.lines &&
            strcmp(look->chain, look->head.chain) != 0) {
            find(look, segment, reader.lines, "is not the line that the store knows as the last one");
        }
    }
    if (next < 0 && is_known(look, segment, reader.lines + 1)) {
        find(look, segment, reader.lines + 1, "is no line of the trail");
    }
    compare(look, segment, reader.lines, line.kind == ANSHIN_LINE_END);
    anshin_trail_close(&reader);
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

/* --- series ------------------------------------------------------------------------------------------------------ */

/* Of one whose events another version has retired uncounted, the first ones may have been among these. */
static void judge(look_t *look, const char *name, const anshin_tally_t *tally)
{
    const int is_guessed = look->is_guessed && tally->retired.segment == 0;
    apr_int64_t before = is_guessed ? tally->lowest - 1 : tally->retired.count;
    apr_int64_t sum = is_guessed ? before * tally->lowest / 2 : tally->retired.sum;
    apr_int64_t wanted = tally->counted - before;

    if (tally->counted < 0) {
        find(look, 0, 0, apr_psprintf(look->scratch, "series %s has events, and no count in the store", name));
    } else if (look->is_shared
                   ? tally->seen > wanted
                   : (!is_guessed || tally->seen > 0) &&
                         (tally->seen != wanted || sum + tally->sum != tally->counted * (tally->counted + 1) / 2)) {
        find(look, 0, 0,
             apr_psprintf(look->scratch,
                          "series %s counts %" APR_INT64_T_FMT " events besides %" APR_INT64_T_FMT
                          " that were retired, and %" APR_INT64_T_FMT
                          " are there: some were taken away, or put there twice",
                          name, wanted, before, tally->seen));
    }
}

/* After the snapshot's time nobody writes below the numbers of segments that come. */
static void look_for_others(look_t *look)
{
    const char *prefix = apr_pstrcat(look->op->pool, anshin_trail_node(look->op->env), "-", NULL);
    DIR *directory = opendir(anshin_trail_directory(look->op->env, look->op->pool));
    const struct dirent *entry;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            apr_int64_t segment = apr_atoi64(entry->d_name + strlen(prefix));

            if (segment < look->start.segment || segment > look->verified->last + 1) {
                find(look, segment, 0, "is none that there should be");
            }
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
}

static apr_status_t begin_look(look_t *look, anshin_op_t *op, anshin_verified_t *verified)
{
    look->op = op;
    look->verified = verified;
    look->by = INT_MAX;
    apr_pool_create(&look->scratch, op->pool);
    apr_pool_create(&look->former, op->pool);
    return read_store(look);
}

static apr_status_t look_at_all(look_t *look)
{
    apr_status_t status = APR_SUCCESS;

    for (apr_int64_t at = look->verified->first; status == APR_SUCCESS && at <= look->verified->last; at++) {
        status = look_at_segment(look, at);
    }
    return status;
}

apr_status_t anshin_audit_verify(anshin_op_t *op, anshin_finding_fn *finding, void *baton, anshin_verified_t *verified)
{
    look_t look = {.finding = finding, .baton = baton};
    apr_status_t status = begin_look(&look, op, verified);

    status = status == APR_SUCCESS ? look_at_all(&look) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    for (apr_hash_index_t *at = apr_hash_first(op->pool, look.tallies); at != NULL; at = apr_hash_next(at)) {
        apr_pool_clear(look.scratch);
        judge(&look, apr_hash_this_key(at), apr_hash_this_val(at));
    }
    look_for_others(&look);
    return APR_SUCCESS;
}

/* --- what there is of each series --------------------------------------------------------------------------------- */

static void pass_over(void *baton, apr_int64_t segment, apr_int64_t line, const char *what)
{
    (void)baton;
    (void)segment;
    (void)line;
    (void)what;
}

apr_status_t anshin_audit_census(anshin_op_t *op, apr_hash_t **tallies, int *is_shared)
{
    look_t look = {.finding = pass_over};
    anshin_verified_t verified;
    apr_status_t status = begin_look(&look, op, &verified);

    status = status == APR_SUCCESS ? look_at_all(&look) : status;
    *tallies = look.tallies;
    *is_shared = look.is_shared;
    return status;
}

apr_status_t anshin_audit_census_of(anshin_op_t *op, const anshin_audit_anchor_t *segment, const char *chain,
                                    apr_hash_t **tallies)
{
    anshin_verified_t verified = {.findings = 0};
    look_t look = {.op = op, .finding = pass_over, .verified = &verified, .by = INT_MAX};
    const char *key = anshin_anchor_segment(op->env, segment->segment, op->pool);
    apr_status_t status;

    apr_pool_create(&look.scratch, op->pool);
    apr_pool_create(&look.former, op->pool);
    look.anchors = apr_hash_make(op->pool);
    look.tallies = apr_hash_make(op->pool);
    look.head.segment = segment->segment + 1;
    apr_hash_set(look.anchors, key, APR_HASH_KEY_STRING, segment);
    keep_chain(&look, chain);
    status = look_at_segment(&look, segment->segment);
    *tallies = look.tallies;
    return status == APR_SUCCESS && verified.findings > 0 ? ANSHIN_EDENIED : status;
}
