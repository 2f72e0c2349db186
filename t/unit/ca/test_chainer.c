/*
 * The audit trail (AUD-1, AUD-2): an event is in the transaction of its change; the worker chains each exactly once,
 * whenever it is killed; and nothing can be changed, taken out, moved, put in or cut off that verify does not see.
 */
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ca/log.h"
#include "core/audit/anchor.h"
#include "core/audit/trail.h"
#include "htanshin/audit/verify.h"
#include "runtime/trail_file.h"
#include "unit/crash_store.h"
#include "unit/tap.h"
#include "unit/trail.h"

#define FILE_MAX 65536

/* --- an event ---------------------------------------------------------------------------------------------------- */

static apr_status_t keep_event(void *baton, const char *key, const void *record)
{
    (void)key;
    *(const char **)baton = apr_pstrdup(trail_fixture.pool, ((const anshin_audit_event_t *)record)->event);
    return APR_SUCCESS;
}

static const char *text_of(const json_t *event, const char *name)
{
    return json_string_value(json_object_get(event, name));
}

static apr_status_t forget(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_series_forget(op, txn, baton);
}

static void test_event(apr_pool_t *pool)
{
    char name[] = "p-01/" TRAIL_NUMBER;
    anshin_audit_series_t series;
    const char *event = NULL;
    anshin_txn_t *txn;
    json_t *opened;

    trail_open(pool);
    trail_tell("taro", TRAIL_NUMBER, 0);
    ok(trail_is_whole(0, 0), "AUD-1: a change that is not made has no event");
    trail_tell("taro", TRAIL_NUMBER, 1);
    ok(trail_is_whole(0, 1), "AUD-1: one that is made has");
    txn = fixture_begin(fixture_op(&trail_fixture), ANSHIN_TXN_READ);
    (void)anshin_txn_each(txn, &anshin_record_audit_event, "", keep_event, &event);
    anshin_txn_abort(txn);
    (void)fixture_get(&trail_fixture, &anshin_record_audit_series, name, &series);
    ok(event != NULL && strstr(event, TRAIL_NUMBER) != NULL && strstr(event, "taro") == NULL &&
           strstr(event, "example") == NULL && strstr(event, "192.0.2.7") == NULL,
       "IDN-2: it has the number of the account, no ID and no address in the clear");
    opened = anshin_trail_open(fixture_op(&trail_fixture), event, &series, pool);
    ok(same_text(text_of(opened, "user"), "taro") && same_text(text_of(opened, "before"), "old@example.jp") &&
           same_text(text_of(opened, "after"), "new@example.jp") &&
           same_text(text_of(opened, "address"), "192.0.2.7") && same_text(text_of(opened, "act"), "terminal_changed"),
       "AUD-1: the key of the person opens who, from where, before and after");
    json_decref(opened);
    trail_tell("hanako", TRAIL_OTHER, 1);
    (void)fixture_get(&trail_fixture, &anshin_record_audit_series, "p-01/" TRAIL_OTHER, &series);
    opened = anshin_trail_open(fixture_op(&trail_fixture), event, &series, pool);
    ok(text_of(opened, "user") == NULL && same_text(text_of(opened, "account"), TRAIL_NUMBER),
       "another person's key does not");
    json_decref(opened);
    ok(anshin_op_write(fixture_op(&trail_fixture), ANSHIN_LAZY, forget, name) == APR_SUCCESS,
       "IDN-2: the key is destroyed");
    (void)fixture_get(&trail_fixture, &anshin_record_audit_series, name, &series);
    opened = anshin_trail_open(fixture_op(&trail_fixture), event, &series, pool);
    ok(series.count == 1 && series.secret == NULL && series.user == NULL && text_of(opened, "user") == NULL,
       "IDN-2: the count stays, the ID is gone");
    json_decref(opened);
    trail_tell("taro", TRAIL_NUMBER, 1);
    (void)fixture_get(&trail_fixture, &anshin_record_audit_series, name, &series);
    ok(series.count == 2 && series.secret == NULL && trail_chain() == APR_SUCCESS && trail_is_whole(3, 0),
       "IDN-2: and is not written anew; the trail is whole");
}

/* --- hands laid on the store -------------------------------------------------------------------------------------- */

static void test_store(apr_pool_t *pool)
{
    anshin_audit_event_t event;
    anshin_audit_series_t series;
    anshin_audit_anchor_t head;
    const char *key = "here/p-01:" TRAIL_NUMBER ".0000000000000002";

    trail_open(pool);
    trail_tell("taro", TRAIL_NUMBER, 1);
    (void)trail_chain();
    trail_tell("taro", TRAIL_NUMBER, 1);
    trail_tell("taro", TRAIL_NUMBER, 1);
    ok(fixture_get(&trail_fixture, &anshin_record_audit_event, key, &event) == APR_SUCCESS && trail_is_whole(1, 2),
       "two events wait, one is chained");
    fixture_delete(&trail_fixture, &anshin_record_audit_event, key);
    ok(trail_finds("taken away"), "AUD-2: an event taken out before it was chained");
    event.event = apr_pstrcat(pool, event.event, " ", NULL);
    fixture_put(&trail_fixture, &anshin_record_audit_event, key, &event);
    ok(trail_finds("was changed"), "AUD-2: one that was changed");
    *strrchr((char *)(uintptr_t)event.event, ' ') = '\0';
    fixture_put(&trail_fixture, &anshin_record_audit_event, key, &event);
    ok(trail_is_whole(1, 2), "put back it is whole");
    fixture_put(&trail_fixture, &anshin_record_audit_event, "here/p-01:" TRAIL_NUMBER ".0000000000000009", &event);
    ok(trail_finds("put there twice"), "AUD-2: one that is there twice");
    fixture_delete(&trail_fixture, &anshin_record_audit_event, "here/p-01:" TRAIL_NUMBER ".0000000000000009");

    (void)fixture_get(&trail_fixture, &anshin_record_audit_series, "p-01/" TRAIL_NUMBER, &series);
    series.count--;
    fixture_put(&trail_fixture, &anshin_record_audit_series, "p-01/" TRAIL_NUMBER, &series);
    ok(trail_finds("the count of series"), "AUD-2: a count that was set back");
    trail_tell("taro", TRAIL_NUMBER, 1);
    ok(fixture_count(&trail_fixture, &anshin_record_audit_event) == 2, "AUD-1: and no change of that account is made");
    series.count++;
    fixture_put(&trail_fixture, &anshin_record_audit_series, "p-01/" TRAIL_NUMBER, &series);

    (void)fixture_get(&trail_fixture, &anshin_record_audit_anchor, "here/head", &head);
    head.lines--;
    fixture_put(&trail_fixture, &anshin_record_audit_anchor, "here/head", &head);
    ok(trail_finds("record of here/head was changed"), "AUD-2: the place of the end, moved");
    head.lines++;
    fixture_put(&trail_fixture, &anshin_record_audit_anchor, "here/head", &head);
    fixture_delete(&trail_fixture, &anshin_record_audit_anchor, "here/head");
    ok(trail_verify().count > 0, "AUD-2: the place of the end, taken away");
    fixture_put(&trail_fixture, &anshin_record_audit_anchor, "here/head", &head);
    ok(trail_is_whole(1, 2) && trail_chain() == APR_SUCCESS && trail_is_whole(2, 1),
       "put back the trail goes on; what is in no queue any more waits, and is seen");
}

/* --- hands laid on the files -------------------------------------------------------------------------------------- */

typedef struct text_t {
    char data[FILE_MAX];
    size_t length;
} text_t;

static text_t now[3]; /* as the worker has left them */

static const char *path_of(int segment)
{
    return anshin_trail_path(&trail_fixture.env, segment, trail_fixture.pool);
}

static void read_segment(int segment, text_t *text)
{
    FILE *in = fopen(path_of(segment), "r");

    text->length = in != NULL ? fread(text->data, 1, sizeof(text->data), in) : 0;
    if (in != NULL) {
        (void)fclose(in);
    }
}

static void write_segment(int segment, const text_t *text)
{
    FILE *out = fopen(path_of(segment), "w");

    if (out != NULL) {
        (void)fwrite(text->data, 1, text->length, out);
        (void)fclose(out);
    }
}

/* Where a line begins. */
static size_t line_at(const text_t *text, int line)
{
    size_t at = 0;

    for (; line > 0 && at < text->length; line--) {
        at += (size_t)((const char *)memchr(text->data + at, '\n', text->length - at) - text->data) - at + 1;
    }
    return at;
}

static int lines_of(const text_t *text)
{
    int lines = 0;

    for (size_t i = 0; i < text->length; i++) {
        lines += text->data[i] == '\n';
    }
    return lines;
}

/* Put `from` in place of the octets from begin to end. */
static text_t replaced(const text_t *text, size_t begin, size_t end, const char *with, size_t length)
{
    text_t made = {.length = begin + length + text->length - end};

    memcpy(made.data, text->data, begin);
    memcpy(made.data + begin, with, length);
    memcpy(made.data + begin + length, text->data + end, text->length - end);
    return made;
}

/* 1: verify finds it, in that segment. */
static int is_seen(int segment, const text_t *made)
{
    trail_found_t found;

    write_segment(segment, made);
    found = trail_verify();
    write_segment(segment, &now[segment - 1]);
    return found.count > 0 && found.segment == segment;
}

static void test_edits(int segment)
{
    const text_t *text = &now[segment - 1];
    int edits = 0, missed = 0;

    for (size_t at = 0; at < text->length; at += 13) {
        text_t made = *text;

        made.data[at] = (char)(made.data[at] ^ 1);
        missed += !is_seen(segment, &made);
        edits++;
    }
    ok(edits > 30 && missed == 0, "AUD-2: segment %d: %d octets changed, one at a time: %d missed", segment, edits,
       missed);
}

static void test_lines(int segment)
{
    const text_t *text = &now[segment - 1];
    const int lines = lines_of(text);
    int removed = 0, moved = 0, twice = 0, cut = 0;

    for (int line = 0; line < lines; line++) {
        size_t begin = line_at(text, line), end = line_at(text, line + 1), next = line_at(text, line + 2);
        text_t made = replaced(text, begin, end, "", 0);

        removed += is_seen(segment, &made);
        made = replaced(text, end, end, text->data + begin, end - begin);
        twice += is_seen(segment, &made);
        made = replaced(text, begin, text->length, "", 0);
        cut += is_seen(segment, &made);
        if (line + 1 < lines) {
            made = replaced(text, next, next, text->data + begin, end - begin);
            made = replaced(&made, begin, end, "", 0);
            moved += is_seen(segment, &made);
        }
    }
    ok(lines >= 2 && removed == lines && twice >= lines - 1 && cut == lines && moved == lines - 1,
       "AUD-2: segment %d of %d lines: each taken out (%d), put in twice (%d), moved (%d), cut off with the rest (%d)",
       segment, lines, removed, twice, moved, cut);
}

static void test_files(apr_pool_t *pool)
{
    const char *away;

    trail_open(pool);
    for (int i = 0; i < 7; i++) {
        trail_tell(i % 2 ? "hanako" : "taro", i % 2 ? TRAIL_OTHER : TRAIL_NUMBER, 1);
        (void)trail_chain();
    }
    for (int segment = 1; segment <= 3; segment++) {
        read_segment(segment, &now[segment - 1]);
    }
    ok(trail_is_whole(7, 0) && trail_verified.last == 3 && lines_of(&now[0]) == 5 && lines_of(&now[2]) == 2,
       "a trail of two closed segments and an open one");
    for (int segment = 1; segment <= 3; segment++) {
        test_edits(segment);
        test_lines(segment);
        away = apr_pstrcat(pool, path_of(segment), ".away", NULL);
        (void)rename(path_of(segment), away);
        ok(trail_verify().segment == segment, "AUD-2: segment %d is taken away", segment);
        (void)rename(away, path_of(segment));
    }
    write_segment(5, &now[0]);
    ok(trail_verify().segment == 5, "AUD-2: one that there should not be");
    (void)unlink(path_of(5));
    write_segment(2, &now[0]);
    ok(trail_verify().segment == 2, "AUD-2: one in the place of another");
    write_segment(2, &now[1]);
    ok(trail_is_whole(7, 0), "put back it is whole");
}

/* --- whenever it is killed ---------------------------------------------------------------------------------------- */

static void test_torn(apr_pool_t *pool)
{
    text_t text;

    trail_open(pool);
    trail_tell("taro", TRAIL_NUMBER, 1);
    (void)trail_chain();
    anshin_chainer_end(&trail_chainer);
    read_segment(1, &text);
    memcpy(text.data + text.length, "{\"event\":{\"at\"", 14);
    text.length += 14;
    write_segment(1, &text);
    ok(trail_is_whole(1, 0), "a line that was being written is none yet");
    trail_tell("taro", TRAIL_NUMBER, 1);
    ok(trail_chain() == APR_SUCCESS && trail_is_whole(2, 0), "AUD-1: it is written anew");
    anshin_chainer_end(&trail_chainer);
    text.length = line_at(&text, 1);
    write_segment(1, &text);
    trail_tell("taro", TRAIL_NUMBER, 1);
    ok(trail_chain() == APR_SUCCESS && trail_verify().segment == 1 && trail_verified.last == 2 &&
           trail_verified.unchained == 0,
       "AUD-2: a tail that was cut while the worker was away: the trail goes on, and it stays to be seen");
}

/* The worker dies at one of its steps in the store; the next one goes on. */
static void test_deaths(apr_pool_t *parent)
{
    int deaths = 0, wrong = 0, survived = 0;

    for (int step = 0; !survived && step < 400; step++) {
        apr_pool_t *pool;

        apr_pool_create(&pool, parent);
        trail_open(pool);
        for (int i = 0; i < 4; i++) {
            trail_tell(i % 2 ? "hanako" : "taro", i % 2 ? TRAIL_OTHER : TRAIL_NUMBER, 1);
        }
        steps_left = step / 2;
        dies_after = step % 2;
        (void)trail_chain();
        deaths += died;
        survived = !died;
        steps_left = -1;
        died = 0;
        anshin_chainer_end(&trail_chainer);
        anshin_chainer_init(&trail_chainer, &trail_fixture.env);
        trail_chainer.segment_events = 3;
        trail_tell("taro", TRAIL_NUMBER, 1);
        wrong += trail_chain() != APR_SUCCESS || !trail_is_whole(5, 0);
        anshin_chainer_end(&trail_chainer);
        apr_pool_destroy(pool);
    }
    ok(survived && deaths > 20 && wrong == 0,
       "AUD-1: whichever of %d steps it dies at: each event is in the trail once, and it is whole (%d wrong)", deaths,
       wrong);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_log_open("test", ANSHIN_LOG_ERROR);
    make_crash_store();
    test_event(pool);
    test_store(pool);
    test_files(pool);
    test_torn(pool);
    test_deaths(pool);
    apr_pool_destroy(pool);
    return done();
}
