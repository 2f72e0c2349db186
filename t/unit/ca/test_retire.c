/*
 * Segments of the audit trail are retired (AUD-1), and verify finds what is taken away all the same (AUD-2): what waits, what
 * is chained, and the records that say what there must be; also behind what an older version has retired.
 */
#include "htanshin/audit/retire.h"

#include <unistd.h>

#include <apr_strings.h>

#include "ca/log.h"
#include "core/audit/anchor.h"
#include "runtime/trail_file.h"
#include "unit/crash_store.h"
#include "unit/tap.h"
#include "unit/trail.h"

static apr_status_t note_segments(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_audit_anchor_t anchor;
    apr_status_t status = APR_SUCCESS;

    (void)baton;
    for (apr_int64_t at = 1; status == APR_SUCCESS && at < 20; at++) {
        const char *key = anshin_anchor_segment(op->env, at, op->pool);

        status = anshin_anchor_get(op, txn, key, &anchor);
        if (status == APR_SUCCESS) {
            anchor.archived_at = op->now;
            status = anshin_anchor_put(op, txn, key, &anchor);
        }
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

/* What was closed until now is archived and retired, but for the files. -1: it failed. */
static apr_int64_t retire(void)
{
    const anshin_trail_limits_t limits = {fixture_op(&trail_fixture)->now + apr_time_from_sec(60), 0, 0};
    apr_int64_t first = 0;
    apr_status_t status = anshin_op_write(fixture_op(&trail_fixture), ANSHIN_LAZY, note_segments, NULL);

    status = status == APR_SUCCESS ? anshin_audit_retire_until(fixture_op(&trail_fixture), &limits, &first) : status;
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return -1;
    }
    for (apr_int64_t at = first - 1;
         at > 0 && unlink(anshin_trail_path(&trail_fixture.env, at, trail_fixture.pool)) == 0; at--) {}
    return first;
}

/* A place without what later versions have written there: as an older one has left it. */
static void make_old(void)
{
    anshin_audit_series_t series;
    anshin_audit_anchor_t start;
    anshin_txn_t *txn;
    anshin_op_t *op;
    static const char *const names[] = {"p-01/" TRAIL_NUMBER, "p-01/" TRAIL_OTHER};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)fixture_get(&trail_fixture, &anshin_record_audit_series, names[i], &series);
        series.retired = NULL;
        series.retired_mac = NULL;
        fixture_put(&trail_fixture, &anshin_record_audit_series, names[i], &series);
    }
    (void)fixture_get(&trail_fixture, &anshin_record_audit_anchor, "here/start", &start);
    start.lines = 5;
    start.events = 3;
    op = fixture_op(&trail_fixture);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_txn_end(txn, anshin_anchor_put(op, txn, "here/start", &start), ANSHIN_LAZY);
}

/* Three events of one user are retired (segment 1), two of another are chained behind them; then one waits of each. */
static void make_retired(apr_pool_t *pool)
{
    trail_open(pool);
    for (int i = 0; i < 3; i++) {
        trail_tell("taro", TRAIL_NUMBER, 1);
    }
    (void)trail_chain();
    trail_tell("hanako", TRAIL_OTHER, 1);
    (void)trail_chain();
    ok(retire() == 2 && trail_is_whole(1, 1), "a segment is retired; what is left is whole");
    (void)trail_chain();
    trail_tell("taro", TRAIL_NUMBER, 1);
    trail_tell("hanako", TRAIL_OTHER, 1);
}

/* Each of the events that wait: taken out, changed, put in under another number, its series taken away or set back. */
static void attack_waiting(const char *series, const char *key, const char *when)
{
    anshin_audit_event_t event;
    anshin_audit_series_t record;

    (void)fixture_get(&trail_fixture, &anshin_record_audit_event, key, &event);
    (void)fixture_get(&trail_fixture, &anshin_record_audit_series, series, &record);
    fixture_delete(&trail_fixture, &anshin_record_audit_event, key);
    ok(trail_verify().count > 0, "AUD-2: %s: an event of %s that waits is taken out", when, series);
    fixture_delete(&trail_fixture, &anshin_record_audit_series, series);
    ok(trail_verify().count > 0, "AUD-2: %s: with its series", when);
    fixture_put(&trail_fixture, &anshin_record_audit_series, series, &record);
    fixture_put(&trail_fixture, &anshin_record_audit_event, "here/x.0000000000000009", &event);
    fixture_put(&trail_fixture, &anshin_record_audit_event, key, &event);
    ok(trail_verify().count > 0, "AUD-2: %s: put in twice", when);
    fixture_delete(&trail_fixture, &anshin_record_audit_event, "here/x.0000000000000009");
    event.event = apr_pstrcat(trail_fixture.pool, event.event, " ", NULL);
    fixture_put(&trail_fixture, &anshin_record_audit_event, key, &event);
    ok(trail_verify().count > 0, "AUD-2: %s: changed", when);
    *strrchr((char *)(uintptr_t)event.event, ' ') = '\0';
    fixture_put(&trail_fixture, &anshin_record_audit_event, key, &event);
}

static void test_retired(apr_pool_t *pool)
{
    const char *of_taro = "here/p-01:" TRAIL_NUMBER ".0000000000000004";
    anshin_audit_series_t series;
    anshin_audit_series_t other;
    anshin_audit_anchor_t start;
    anshin_audit_event_t event;

    make_retired(pool);
    ok(trail_is_whole(2, 2), "behind it events are chained, and wait");
    attack_waiting("p-01/" TRAIL_NUMBER, of_taro, "all before it retired");
    attack_waiting("p-01/" TRAIL_OTHER, "here/p-01:" TRAIL_OTHER ".0000000000000002", "one before it kept");
    (void)fixture_get(&trail_fixture, &anshin_record_audit_series, "p-01/" TRAIL_NUMBER, &series);
    (void)fixture_get(&trail_fixture, &anshin_record_audit_event, of_taro, &event);
    other = series;
    other.retired = apr_array_copy(pool, series.retired);
    APR_ARRAY_IDX(other.retired, 0, const char *) = "here/1/4/10";
    fixture_put(&trail_fixture, &anshin_record_audit_series, "p-01/" TRAIL_NUMBER, &other);
    fixture_delete(&trail_fixture, &anshin_record_audit_event, of_taro);
    ok(trail_finds("was changed"), "AUD-2: what was retired, counted higher in place of an event");
    fixture_put(&trail_fixture, &anshin_record_audit_event, of_taro, &event);
    other.retired = NULL;
    other.retired_mac = NULL;
    fixture_put(&trail_fixture, &anshin_record_audit_series, "p-01/" TRAIL_NUMBER, &other);
    ok(trail_verify().count > 0, "AUD-2: and taken away");
    fixture_put(&trail_fixture, &anshin_record_audit_series, "p-01/" TRAIL_NUMBER, &series);
    (void)fixture_get(&trail_fixture, &anshin_record_audit_anchor, "here/start", &start);
    fixture_delete(&trail_fixture, &anshin_record_audit_anchor, "here/start");
    ok(trail_verify().count > 0, "AUD-2: the place where it begins is taken away");
    fixture_put(&trail_fixture, &anshin_record_audit_anchor, "here/start", &start);
    trail_tell("taro", TRAIL_NUMBER, 1);
    ok(trail_is_whole(2, 3) && trail_chain() == APR_SUCCESS && trail_is_whole(3, 2) && retire() == 3 &&
           trail_is_whole(0, 3),
       "put back it goes on, and more is retired; what is in no queue any more waits");
    trail_tell("hanako", TRAIL_OTHER, 1);
    fixture_delete(&trail_fixture, &anshin_record_audit_event, "here/p-01:" TRAIL_OTHER ".0000000000000003");
    ok(trail_finds("taken away"), "AUD-2: an event that waits, all of its segments retired");
}

/* An older version has retired without a count: its store opens, and has one from the next time on. */
static void test_old(apr_pool_t *pool)
{
    make_retired(pool);
    make_old();
    ok(trail_is_whole(2, 2), "what an older version has retired is no fault");
    for (int i = 0; i < 3; i++) {
        trail_tell("hanako", TRAIL_OTHER, 1);
    }
    ok(trail_chain() == APR_SUCCESS && trail_is_whole(7, 0) && retire() == 3 && trail_is_whole(0, 1),
       "it is retired from");
    (void)trail_chain();
    trail_tell("taro", TRAIL_NUMBER, 1);
    fixture_delete(&trail_fixture, &anshin_record_audit_event, "here/p-01:" TRAIL_NUMBER ".0000000000000005");
    ok(trail_finds("taken away"), "AUD-2: then an event that waits is seen to be missing");
}

/* Killed at each of its steps, the same goes on, and counts nothing twice. */
static void test_retire_deaths(apr_pool_t *parent)
{
    int deaths = 0, wrong = 0, survived = 0;

    for (int step = 0; !survived && step < 200; step++) {
        const char *key = "here/p-01:" TRAIL_NUMBER ".0000000000000004";
        apr_pool_t *pool;

        apr_pool_create(&pool, parent);
        trail_open(pool);
        for (int i = 0; i < 6; i++) {
            trail_tell(i % 2 ? "hanako" : "taro", i % 2 ? TRAIL_OTHER : TRAIL_NUMBER, 1);
            (void)trail_chain();
        }
        (void)anshin_op_write(fixture_op(&trail_fixture), ANSHIN_LAZY, note_segments, NULL);
        steps_left = step / 2;
        dies_after = step % 2;
        (void)retire();
        deaths += died;
        survived = !died;
        steps_left = -1;
        died = 0;
        (void)retire();
        (void)trail_chain();
        wrong += trail_verify().count != 0 || trail_verified.first < 3;
        trail_tell("taro", TRAIL_NUMBER, 1);
        fixture_delete(&trail_fixture, &anshin_record_audit_event, key);
        wrong += trail_verify().count == 0;
        anshin_chainer_end(&trail_chainer);
        apr_pool_destroy(pool);
    }
    ok(survived && deaths > 5 && wrong == 0, "AUD-1: whichever of %d steps retire dies at (%d wrong)", deaths, wrong);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_log_open("test", ANSHIN_LOG_ERROR);
    make_crash_store();
    test_retired(pool);
    test_old(pool);
    test_retire_deaths(pool);
    apr_pool_destroy(pool);
    return done();
}
