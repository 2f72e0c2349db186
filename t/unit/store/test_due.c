/*
 * What is due (core/store/store.h): the same cases on every provider.
 */
#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "unit/opened.h"
#include "unit/tap.h"

#define SECOND apr_time_from_sec(1)
#define MINUTE apr_time_from_sec(60)
#define YEAR apr_time_from_sec(366 * 86400)
#define NOW (apr_time_from_sec(1800000000) + 1) /* neither a whole minute nor a whole second */

static const anshin_due_queue_t ours = {&anshin_record_job, "ours"};
static const anshin_due_queue_t others = {&anshin_record_job, "others"};
static const anshin_due_queue_t facts = {&anshin_record_fact, NULL};

static void end(opened_t *f, anshin_txn_t *txn, apr_status_t status)
{
    if (anshin_txn_end(txn, status, ANSHIN_LAZY) != APR_SUCCESS) {
        printf("# %s: %s %s\n", f->name, f->err.id, f->err.text);
        exit(1);
    }
}

static void file(opened_t *f, const anshin_record_type_t *type, const char *key, apr_time_t when)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    void *record = apr_pcalloc(f->pool, type->size);
    apr_status_t status = anshin_txn_put(txn, type, key, record);

    end(f, txn, status == APR_SUCCESS ? anshin_txn_due(txn, type, key, when) : status);
}

static void remove_one(opened_t *f, const anshin_record_type_t *type, const char *key)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);

    end(f, txn, anshin_txn_delete(txn, type, key));
}

/* The key that is taken at a time, "-" when none is. */
static const char *take(opened_t *f, const anshin_due_queue_t *queue, apr_time_t now)
{
    const char *key;
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    apr_status_t status = anshin_txn_take_due(txn, queue, now, &key);

    end(f, txn, status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status);
    return status == APR_SUCCESS ? key : "-";
}

/* All keys that are filed, as they would be taken. */
static const char *list(opened_t *f, const anshin_due_queue_t *queue, int limit)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    apr_array_header_t *entries = NULL;
    const char *text = "";

    if (anshin_txn_list_due(txn, queue, limit, &entries) != APR_SUCCESS) {
        text = "failure";
    }
    for (int i = 0; i < entries->nelts; i++) {
        text = apr_pstrcat(f->pool, text, " ", APR_ARRAY_IDX(entries, i, anshin_due_entry_t).key, NULL);
    }
    anshin_txn_abort(txn);
    return text;
}

static apr_time_t next_of(opened_t *f, const anshin_due_queue_t *queue)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    apr_array_header_t *entries = NULL;
    apr_time_t when = 0;

    if (anshin_txn_list_due(txn, queue, 1, &entries) == APR_SUCCESS && entries->nelts == 1) {
        when = APR_ARRAY_IDX(entries, 0, anshin_due_entry_t).when;
    }
    anshin_txn_abort(txn);
    return when;
}

static apr_int64_t count(opened_t *f, const char *group, int limit)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    apr_int64_t all = -1;

    (void)anshin_txn_count_due(txn, &anshin_record_job, group, limit, &all);
    anshin_txn_abort(txn);
    return all;
}

static apr_status_t count_one(void *baton, const char *key, const void *record)
{
    (void)key;
    (void)record;
    (*(int *)baton)++;
    return APR_SUCCESS;
}

/* Records of a provider without columns; 0 of one that has them. */
static int index_records(opened_t *f)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    int all = 0;

    (void)anshin_txn_each(txn, &anshin_record_due, "", count_one, &all);
    anshin_txn_abort(txn);
    return all;
}

/* --- cases ------------------------------------------------------------------------------------------------------ */

static void test_order(opened_t *f)
{
    ok(same_text(take(f, &ours, NOW), "-") && same_text(list(f, &ours, 9), "") && next_of(f, &ours) == 0,
       "%s: nothing is due in a store that has nothing", f->name);
    file(f, &anshin_record_job, "ours/late", NOW + YEAR);
    file(f, &anshin_record_job, "ours/b", NOW + 20 * SECOND);
    file(f, &anshin_record_job, "ours/c", NOW + 20 * SECOND);
    file(f, &anshin_record_job, "ours/a", NOW + 10 * SECOND);
    file(f, &anshin_record_job, "ours/past", 1);
    ok(same_text(list(f, &ours, 9), " ours/past ours/a ours/b ours/c ours/late"),
       "%s: in the order of time, those of one second as they were filed (%s)", f->name, list(f, &ours, 9));
    ok(same_text(list(f, &ours, 3), " ours/past ours/a ours/b") && same_text(list(f, &ours, 0), ""),
       "%s: as many as are asked for", f->name);
    ok(same_text(take(f, &ours, NOW), "ours/past") && same_text(take(f, &ours, NOW), "-"),
       "%s: what is past comes at once, and once", f->name);
    ok(next_of(f, &ours) == NOW - 1 + 11 * SECOND && same_text(take(f, &ours, NOW + 10 * SECOND), "-") &&
           same_text(take(f, &ours, NOW - 1 + 11 * SECOND), "ours/a"),
       "%s: up to a second late, never early", f->name);
    ok(same_text(take(f, &ours, NOW + YEAR - SECOND), "ours/b") && same_text(take(f, &ours, NOW + MINUTE), "ours/c") &&
           same_text(take(f, &ours, NOW + YEAR - SECOND), "-") &&
           same_text(take(f, &ours, NOW + YEAR + SECOND), "ours/late"),
       "%s: over a year that is empty", f->name);
    ok(index_records(f) == 0, "%s: nothing is left of it (%d)", f->name, index_records(f));
}

static void test_own_changes(opened_t *f)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    anshin_job_t job = {.kind = 1};
    const char *key;

    (void)anshin_txn_put(txn, &anshin_record_job, "ours/own", &job);
    ok(anshin_txn_due(txn, &anshin_record_job, "ours/own", NOW) == APR_SUCCESS &&
           anshin_txn_take_due(txn, &ours, NOW + SECOND, &key) == APR_SUCCESS && same_text(key, "ours/own") &&
           anshin_txn_due(txn, &anshin_record_job, "ours/own", NOW) == APR_SUCCESS,
       "%s: a transaction takes what it has filed itself, and files what it has taken", f->name);
    ok(same_text(list(f, &ours, 9), ""), "%s: others do not see it before the commit", f->name);
    anshin_txn_abort(txn);
    ok(same_text(list(f, &ours, 9), "") && index_records(f) == 0, "%s: nor after an abort", f->name);
    file(f, &anshin_record_job, "ours/kept", NOW);
    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    (void)anshin_txn_take_due(txn, &ours, NOW + SECOND, &key);
    anshin_txn_abort(txn);
    ok(same_text(take(f, &ours, NOW + SECOND), "ours/kept"), "%s: what was taken and not committed is there", f->name);
    remove_one(f, &anshin_record_job, "ours/kept");
}

/* A queue: each is filed once, lanes do not see each other, and its groups are counted. */
static void test_queue(opened_t *f)
{
    file(f, &anshin_record_job, "ours/x", NOW);
    file(f, &anshin_record_job, "others/g/1", NOW - MINUTE);
    file(f, &anshin_record_job, "others/g/2", NOW - MINUTE);
    file(f, &anshin_record_job, "others/h/1", NOW - MINUTE);
    ok(same_text(list(f, &ours, 9), " ours/x") && same_text(list(f, &others, 9), " others/g/1 others/g/2 others/h/1"),
       "%s: a lane is by itself", f->name);
    ok(count(f, "others/g", 9) == 2 && count(f, "others/h", 9) == 1 && count(f, "others/none", 9) == 0 &&
           count(f, "others/g", 1) == 1,
       "%s: its groups are counted, as far as is asked for", f->name);
    file(f, &anshin_record_job, "others/g/1", NOW + 10 * SECOND);
    file(f, &anshin_record_job, "others/g/1", NOW + 10 * SECOND);
    ok(same_text(list(f, &others, 9), " others/g/2 others/h/1 others/g/1") && count(f, "others/g", 9) == 2,
       "%s: what is filed again is moved (%s)", f->name, list(f, &others, 9));
    file(f, &anshin_record_job, "others/g/2", 0);
    ok(same_text(list(f, &others, 9), " others/h/1 others/g/1") && count(f, "others/g", 9) == 1,
       "%s: and may be due no more", f->name);
    remove_one(f, &anshin_record_job, "others/h/1");
    remove_one(f, &anshin_record_job, "others/never");
    ok(same_text(list(f, &others, 9), " others/g/1") && count(f, "others/h", 9) == 0, "%s: it goes with its record",
       f->name);
    /* A lease: taken, and due again when it ends, unless it is done before. */
    ok(same_text(take(f, &others, NOW + 11 * SECOND), "others/g/1") && count(f, "others/g", 9) == 0,
       "%s: what is taken counts no more", f->name);
    file(f, &anshin_record_job, "others/g/1", NOW + 600 * SECOND);
    ok(count(f, "others/g", 9) == 1 && same_text(take(f, &others, NOW + 600 * SECOND - 1), "-") &&
           same_text(take(f, &others, NOW + 601 * SECOND), "others/g/1"),
       "%s: nobody else gets it before its time, then somebody does", f->name);
    file(f, &anshin_record_job, "others/g/1", NOW + 600 * SECOND);
    remove_one(f, &anshin_record_job, "others/g/1");
    remove_one(f, &anshin_record_job, "ours/x");
    ok(same_text(list(f, &others, 9), "") && index_records(f) == 0, "%s: and nothing is left when it is done (%d)",
       f->name, index_records(f));
}

/* To the minute; a look too many does no harm. */
static void test_look(opened_t *f)
{
    file(f, &anshin_record_fact, "f", NOW);
    file(f, &anshin_record_fact, "f", NOW);
    ok(same_text(take(f, &facts, NOW), "-") && same_text(take(f, &facts, NOW - 1 + MINUTE), "f"),
       "%s: a look comes up to a minute late, never early", f->name);
    while (same_text(take(f, &facts, NOW + MINUTE), "f")) {}
    file(f, &anshin_record_fact, "gone", NOW);
    remove_one(f, &anshin_record_fact, "gone");
    file(f, &anshin_record_fact, "g", NOW + MINUTE);
    (void)take(f, &facts, NOW - 1 + MINUTE);
    ok(same_text(take(f, &facts, NOW - 1 + 2 * MINUTE), "g") && same_text(take(f, &facts, NOW + YEAR), "-"),
       "%s: filed twice, or gone: at most a look too many", f->name);
    ok(index_records(f) == 0, "%s: nothing is left (%d)", f->name, index_records(f));
}

static apr_status_t find_entry(void *baton, const char *key, const void *record)
{
    const anshin_due_t *entry = record;

    if (entry->key != NULL && strcmp(entry->key, "erased") == 0) {
        apr_cpystrn(baton, key, ANSHIN_KEY_MAX);
    }
    return APR_SUCCESS;
}

/* Of a provider without columns: who erases a person erases what names it, here as well. */
static void test_erased(opened_t *f)
{
    char key[ANSHIN_KEY_MAX] = "";
    anshin_txn_t *txn;

    file(f, &anshin_record_fact, "erased", NOW);
    file(f, &anshin_record_fact, "near", NOW);
    file(f, &anshin_record_fact, "far", NOW + MINUTE);
    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    (void)anshin_txn_each(txn, &anshin_record_due, "", find_entry, key);
    end(f, txn, anshin_txn_delete(txn, &anshin_record_due, key));
    ok(key[0] != '\0' && same_text(list(f, &facts, 9), " near far") && same_text(take(f, &facts, NOW + MINUTE), "near"),
       "%s: an entry that was erased is passed over", f->name);
    (void)take(f, &facts, NOW + YEAR);
    file(f, &anshin_record_fact, "erased", NOW);
    file(f, &anshin_record_fact, "far", NOW + MINUTE);
    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    (void)anshin_txn_each(txn, &anshin_record_due, "", find_entry, key);
    end(f, txn, anshin_txn_delete(txn, &anshin_record_due, key));
    ok(same_text(take(f, &facts, NOW + 2 * MINUTE), "far") && same_text(take(f, &facts, NOW + YEAR), "-") &&
           index_records(f) == 0,
       "%s: and so is a time that has no other (%d)", f->name, index_records(f));
}

static void test_clocks(opened_t *f)
{
    file(f, &anshin_record_fact, "future", NOW + 10 * YEAR);
    (void)take(f, &facts, NOW + 10 * YEAR - MINUTE);
    file(f, &anshin_record_fact, "present", NOW);
    ok(same_text(take(f, &facts, NOW + MINUTE), "present") && same_text(take(f, &facts, NOW + MINUTE), "-"),
       "%s: a clock that ran ten years ahead and was set right delays nothing new", f->name);
    ok(same_text(take(f, &facts, NOW + 10 * YEAR + MINUTE), "future"), "%s: and loses nothing", f->name);
    file(f, &anshin_record_fact, "behind", NOW - YEAR);
    ok(same_text(take(f, &facts, NOW), "behind"), "%s: what one files whose clock is behind is found", f->name);
    (void)take(f, &facts, NOW + 20 * YEAR);
}

static void test_misuse(opened_t *f)
{
    const anshin_due_queue_t bad[] = {{&anshin_record_job, NULL},
                                      {&anshin_record_job, "a/b"},
                                      {&anshin_record_job, ""},
                                      {&anshin_record_fact, "a"},
                                      {&anshin_record_terminal, NULL}};
    const char *long_key = apr_psprintf(f->pool, "ours/%0248d", 1);
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    apr_array_header_t *entries;
    apr_int64_t all;
    int refused = 0;
    const char *key;

    ok(anshin_txn_due(txn, &anshin_record_job, "ours/x", NOW) == ANSHIN_EFAULT && same_text(f->err.id, "AN0102") &&
           anshin_txn_take_due(txn, &ours, NOW, &key) == ANSHIN_EFAULT,
       "%s: nothing is filed or taken in a read transaction", f->name);
    anshin_txn_abort(txn);
    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        refused += anshin_txn_take_due(txn, &bad[i], NOW, &key) == ANSHIN_EINVALID && key == NULL;
        refused += anshin_txn_list_due(txn, &bad[i], 1, &entries) == ANSHIN_EINVALID && entries->nelts == 0;
    }
    refused += anshin_txn_due(txn, &anshin_record_job, "nolane", NOW) == ANSHIN_EINVALID;
    refused += anshin_txn_due(txn, &anshin_record_terminal, "a", NOW) == ANSHIN_EINVALID;
    refused += anshin_txn_due(txn, &anshin_record_fact, "", NOW) == ANSHIN_EINVALID;
    refused += anshin_txn_due(txn, &anshin_record_fact, "f", -1) == ANSHIN_EINVALID;
    refused += anshin_txn_due(txn, &anshin_record_job, long_key, NOW) == ANSHIN_EINVALID;
    refused += anshin_txn_count_due(txn, &anshin_record_job, "others", 1, &all) == ANSHIN_EINVALID;
    refused += anshin_txn_count_due(txn, &anshin_record_fact, "a/b", 1, &all) == ANSHIN_EINVALID;
    anshin_txn_abort(txn);
    ok(refused == 17, "%s: a type that is not due so, a lane that is none, a key too long are refused (%d)", f->name,
       refused);
    anshin_error_clear(&f->err);
    ok(anshin_txn_take_due(txn, &ours, NOW, &key) == ANSHIN_EFAULT && same_text(f->err.id, "AN0101"),
       "%s: and so is a transaction that has ended", f->name);
}

/* --- against a model -------------------------------------------------------------------------------------------- */

enum { KEYS = 40, STEPS = 1500 };

typedef struct model_t {
    apr_int64_t second[KEYS]; /* when each is due, rounded up; 0: it is not */
    int filed[KEYS];          /* which came first */
    int filings;
} model_t;

static int model_first(const model_t *model, apr_int64_t now)
{
    int first = -1;

    for (int i = 0; i < KEYS; i++) {
        if (model->second[i] == 0 || model->second[i] > now) {
            continue;
        }
        if (first < 0 || model->second[i] < model->second[first] ||
            (model->second[i] == model->second[first] && model->filed[i] < model->filed[first])) {
            first = i;
        }
    }
    return first;
}

/* Some at one second, some apart, some far away. */
static apr_time_t model_time(apr_time_t now, unsigned *seed)
{
    static const int spread[] = {1, 3, 60, 4000, 86400 * 300};
    int within = spread[rand_r(seed) % 5];

    return now + apr_time_from_sec(rand_r(seed) % within) + rand_r(seed) % 1000000 - SECOND;
}

static void test_model(opened_t *f)
{
    model_t model = {.filings = 0};
    apr_time_t now = NOW;
    unsigned seed = 9;
    int right = 0;
    int left = 0;

    for (int step = 0; step < STEPS; step++) {
        int i = rand_r(&seed) % KEYS;
        const char *key = apr_psprintf(f->pool, "ours/%d", i);
        apr_time_t when = model_time(now, &seed);

        if (rand_r(&seed) % 5 == 0) {
            remove_one(f, &anshin_record_job, key);
            model.second[i] = 0;
        } else if (rand_r(&seed) % 2 == 0) {
            file(f, &anshin_record_job, key, when);
            model.second[i] = (when + SECOND - 1) / SECOND;
            model.filed[i] = model.filings++;
        }
        now += rand_r(&seed) % 4 == 0 ? rand_r(&seed) % (100 * SECOND) : 0;
        i = model_first(&model, now / SECOND);
        right += same_text(take(f, &ours, now), i < 0 ? "-" : apr_psprintf(f->pool, "ours/%d", i));
        if (i >= 0) {
            model.second[i] = 0;
        }
        if (step % 100 == 99) {
            apr_pool_clear(f->pool);
        }
    }
    ok(right == STEPS, "%s: %d steps at random take what a simple model takes (%d)", f->name, STEPS, right);
    for (int i = 0; i < KEYS; i++) {
        left += model.second[i] != 0;
        remove_one(f, &anshin_record_job, apr_psprintf(f->pool, "ours/%d", i));
    }
    ok(left > 0 && index_records(f) == 0, "%s: and when all are gone nothing is left (%d of %d)", f->name,
       index_records(f), left);
}

static void cases(opened_t *f)
{
    test_order(f);
    test_own_changes(f);
    test_queue(f);
    test_look(f);
    if (f->provider->driver != NULL) { /* one of SQL has a column */
        test_erased(f);
    }
    test_clocks(f);
    test_misuse(f);
    test_model(f);
}

int main(void)
{
    opened_run(cases);
    return done();
}
