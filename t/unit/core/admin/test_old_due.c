/*
 * A store of before records had times of their own (core/admin/old_due.h): everything that was due in it still is. The
 * records are those of t/store-e4572c1.
 */
#include "core/admin/housekeeping.h"
#include "core/admin/dump.h"
#include "core/admin/load.h"
#include "core/context/store_mark.h"
#include "core/admin/old_due.h"
#include "core/audit/trail.h"
#include "core/context/expiry.h"
#include "core/mail/job.h"
#include "store/dbm/store_dbm.h"
#include "unit/tap.h"
#include "unit/fixture.h"

#define SECOND apr_time_from_sec(1)
#define MINUTE apr_time_from_sec(60)
#define DAY apr_time_from_sec(86400)

static fixture_t fixture;
static anshin_store_driver_t driver; /* of the store, open to what is stored as it is */
static const anshin_store_driver_t *real;
static void *self;

static apr_status_t open_and_tell(void **store, const char *where, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = real->open(store, where, err, pool);

    self = *store;
    return status;
}

/* In a transaction of its own, since each record has its owner. */
static int put_line(char *line, apr_pool_t *pool)
{
    char *key = strchr(line, ' ');
    char *hex = key != NULL ? strchr(key + 1, ' ') : NULL;
    unsigned char octets[4096];
    apr_size_t length = 0;
    anshin_error_t err;
    long type = strtol(line, NULL, 10);
    int octet;
    void *txn;

    anshin_error_clear(&err);
    if (hex == NULL || real->begin(&txn, self, ANSHIN_TXN_WRITE, &err, pool) != APR_SUCCESS) {
        return 0;
    }
    *key++ = *hex++ = '\0';
    while (length < sizeof(octets) && (octet = octet_of(hex + 2 * length)) >= 0) {
        octets[length++] = (unsigned char)octet;
    }
    return real->put(txn, anshin_record_type(type), key, octets, length) == APR_SUCCESS &&
           real->commit(txn, ANSHIN_LAZY) == APR_SUCCESS;
}

/* The sample; how many records it has. fixture.now becomes its time. */
static int load_sample(apr_pool_t *pool)
{
    static char line[16384];
    FILE *file = fopen("t/store-e4572c1/records", "r");
    int all = 0;

    if (file == NULL || fgets(line, sizeof(line), file) == NULL || strncmp(line, "# ", 2) != 0) {
        return 0;
    }
    fixture.now = strtoll(line + 2, NULL, 10);
    while (fgets(line, sizeof(line), file) != NULL) {
        all += put_line(line, pool);
    }
    (void)fclose(file);
    return all;
}

static int convert(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    int filed = -1;
    apr_status_t status = anshin_old_due_convert(op, &filed);

    if (status != APR_SUCCESS) {
        printf("# convert: %s %s\n", op->error.id, op->error.text);
    }
    return status == APR_SUCCESS ? filed : -1;
}

static int series(const char *prefix)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    int all = 0;

    (void)anshin_txn_each(txn, &anshin_record_sequence, prefix, fixture_count_one, &all);
    anshin_txn_abort(txn);
    return all;
}

/* All that can be claimed now, by the names of their users, in order. */
static const char *claim_all(anshin_job_t *last)
{
    const char *text = "";
    const char *key;
    apr_time_t wake;

    while (anshin_job_claim(fixture_op(&fixture), "w", last, &key, &wake) == APR_SUCCESS) {
        text = apr_pstrcat(fixture.pool, text, " ", last->user, NULL);
        (void)anshin_job_drop(fixture_op(&fixture), key, "w");
    }
    return text;
}

static void test_jobs(const char *name)
{
    anshin_job_t job;
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    apr_int64_t requests = 0;
    const char *now;
    const char *later;

    (void)anshin_jobs_requests(op, txn, 10, &requests);
    anshin_txn_abort(txn);
    ok(requests == 2, "%s: strangers' requests are counted", name);
    now = claim_all(&job);
    ok(strstr(now, "ours-at-once") != NULL && strstr(now, "in-hand") != NULL &&
           strstr(now, "stranger-at-once") != NULL && strstr(now, "stranger-waits") == NULL &&
           strstr(strstr(now, "stranger-at-once"), "ours") == NULL,
       "%s: what was due is claimed, strangers' requests last (%s)", name, now);
    fixture.now += 9 * SECOND;
    ok(strstr(claim_all(&job), "stranger-waits") == NULL, "%s: what is to be tried again waits", name);
    fixture.now += 2 * SECOND;
    later = claim_all(&job);
    ok(strstr(later, "stranger-waits") != NULL && job.tries == 1 && same_text(job.last_error, "busy"),
       "%s: as long as it was to wait (%s)", name, later);
    fixture.now += apr_time_from_sec(3600);
    (void)claim_all(&job);
    ok(fixture_count(&fixture, &anshin_record_job) == 0, "%s: and within an hour all are done", name);
}

/* Entries of a later version, damaged and missing ones. */
static void put_odd_entries(void)
{
    const anshin_expiry_t foreign = {.type = 250, .key = "x"};
    const anshin_expiry_t keyless = {.type = 13};
    const anshin_expiry_t never = {.type = 1, .key = "p-01/old-one"};

    fixture_put(&fixture, &anshin_record_expiry, "1c9c3f9/1", &foreign);
    fixture_put(&fixture, &anshin_record_expiry, "1c9c3f9/2", &keyless);
    fixture_put(&fixture, &anshin_record_expiry, "1c9c3f9/3", &never);
}

static void keep_house(void)
{
    anshin_housekeeping_t state = {.due = {0}};
    const char *task;
    int removed;

    while (anshin_housekeeping_step(fixture_op(&fixture), &state, &task, &removed) == APR_SUCCESS) {}
}

static int left(void)
{
    const anshin_record_type_t *const types[] = {
        &anshin_record_session,  &anshin_record_counter, &anshin_record_token,   &anshin_record_fact,
        &anshin_record_progress, &anshin_record_history, &anshin_record_download};
    int all = 0;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        all += fixture_count(&fixture, types[i]);
    }
    return all;
}

static void test_ends(const char *name)
{
    int before = left();

    keep_house();
    ok(before == 12 && left() == 11 && fixture_count(&fixture, &anshin_record_session) == 0,
       "%s: a session that was over goes, what is not yet over stays (%d, %d)", name, before, left());
    for (int month = 0; month < 28; month++) {
        fixture.now += 30 * DAY;
        keep_house();
    }
    ok(left() == 0 && fixture_count(&fixture, &anshin_record_due) == 0, "%s: two years later none is (%d)", name,
       left());
}

/* --- as text, and into a store of another kind (IMP-3) ---------------------------------------------------------- */

typedef struct text_t {
    char *octets;
    apr_size_t length, at;
    apr_size_t then; /* not 0: so long is it when it is read once more */
} text_t;

static apr_status_t settle(void *baton)
{
    ((text_t *)baton)->at = 0;
    return APR_SUCCESS;
}

static apr_status_t add_line(void *baton, const char *line, apr_size_t length)
{
    text_t *text = baton;

    text->octets = realloc(text->octets, text->length + length + 1);
    memcpy(text->octets + text->length, line, length + 1);
    text->length += length;
    return APR_SUCCESS;
}

static apr_status_t next_line(void *ctx, const char **line, apr_size_t *length, anshin_error_t *err)
{
    static char copy[65536];
    text_t *text = ctx;

    (void)err;
    *length = strcspn(text->octets + text->at, "\n") + 1;
    if (text->at >= text->length) {
        return APR_EOF;
    }
    memcpy(copy, text->octets + text->at, *length);
    copy[*length] = '\0';
    text->at += *length;
    *line = copy;
    return APR_SUCCESS;
}

static apr_status_t begin_again(void *ctx, anshin_error_t *err)
{
    text_t *text = ctx;

    (void)err;
    text->at = 0;
    text->length = text->then != 0 ? text->then : text->length;
    return APR_SUCCESS;
}

/* As whoever has a dump could: a record otherwise, and the sums made anew, but for the key. *forged: of malloc(). */
static void forge(const text_t *of, text_t *forged)
{
    anshin_op_t *op = fixture_op(&fixture);
    unsigned char chain[ANSHIN_DIGEST_BYTES] = {0};
    char *at, *line;

    *forged = (text_t){.octets = malloc(of->length + 1), .length = of->length};
    memcpy(forged->octets, of->octets, of->length + 1);
    at = strstr(forged->octets, "old-one");
    memcpy(at, "new", 3);
    line = forged->octets;
    while (strncmp(line, "{\"end\"", 6) != 0) {
        apr_size_t length = strcspn(line, "\n") + 1;

        (void)anshin_dump_chain(op, chain, line, length, op->pool);
        line += length;
    }
    at = strstr(line, "\"chain\":\"") + 9;
    memcpy(at, anshin_hex(chain, sizeof(chain), op->pool), 2 * sizeof(chain));
}

/* Where the file is another one by the time when it is written. */
static void test_changed(const char *name, fixture_t *other, text_t *whole)
{
    const anshin_load_source_t source = {whole, next_line, begin_again};
    const apr_size_t length = whole->length;
    anshin_op_t *op = fixture_op(other);
    anshin_loaded_t loaded;
    anshin_error_t err;
    text_t forged;
    const anshin_load_source_t lie = {&forged, next_line, begin_again};

    other->env.audit = &anshin_trail;
    forge(whole, &forged);
    ok(anshin_load(op, &lie, 1, &loaded) == ANSHIN_EINVALID && same_text(op->error.id, "AN1359"),
       "IMP-3, %s: without the seal key nobody makes a dump of another one", name);
    free(forged.octets);
    anshin_error_clear(&err);
    for (apr_size_t cut = 2; cut < 4; cut++) {
        op = fixture_op(other);
        whole->at = 0;
        whole->then = length / cut;
        while (whole->octets[whole->then - 1] != '\n') {
            whole->then++;
        }
        ok(anshin_load(op, &source, 1, &loaded) == ANSHIN_EFAULT && same_text(op->error.id, "AN1561"),
           "IMP-3, %s: a file that is cut while it is read is no whole dump (%s)", name, op->error.text);
        ok(anshin_store_mark_look(&other->env, &err, other->pool) == ANSHIN_EFAULT,
           "IMP-3, %s: and the store is opened by nobody", name);
        whole->length = length;
    }
    whole->at = whole->then = 0;
    ok(anshin_load(fixture_op(other), &source, 0, &loaded) == APR_SUCCESS &&
           fixture_count(other, &anshin_record_audit_event) == 1,
       "IMP-3, %s: the load that mends it is told of in the trail, as a store was replaced", name);
}

static void test_dump(const char *name)
{
    text_t first = {NULL, 0, 0, 0}, second = {NULL, 0, 0, 0};
    const anshin_load_source_t source = {&first, next_line, begin_again};
    fixture_t other = fixture;
    anshin_loaded_t loaded;
    anshin_error_t err;
    anshin_op_t *op = fixture_op(&other);

    anshin_error_clear(&err);
    ok(anshin_dump(fixture_op(&fixture), add_line, settle, &first) == APR_SUCCESS && first.length > 1000,
       "IMP-3, %s: a store is text", name);
    ok(anshin_store_open(&other.env.store, &anshin_store_mem, "", &err, other.pool) == APR_SUCCESS &&
           anshin_load(op, &source, 0, &loaded) == APR_SUCCESS && loaded.records > 10 && loaded.due > 0,
       "IMP-3, %s: which another kind of store takes, each record with the lock of its owner: %s", name,
       op->error.text);
    ok(anshin_dump(fixture_op(&other), add_line, settle, &second) == APR_SUCCESS && second.length == first.length &&
           memcmp(first.octets, second.octets, first.length) == 0,
       "IMP-3, %s: dump | load | dump is identical", name);
    ok(anshin_load(fixture_op(&other), &source, 0, &loaded) == ANSHIN_EINVALID, "IMP-3, %s: read to its end", name);
    first.at = 0;
    ok(anshin_load(fixture_op(&other), &source, 0, &loaded) == ANSHIN_ECONFLICT, "IMP-3, %s: nothing is written over",
       name);
    ok(anshin_store_mark_look(&other.env, &err, other.pool) == APR_SUCCESS, "IMP-3, %s: what is whole is opened", name);
    fixture_put(&other, &anshin_record_fact, "loading", &(anshin_fact_t){.value = "x", .at = 1});
    ok(anshin_store_mark_look(&other.env, &err, other.pool) == ANSHIN_EFAULT, "IMP-3, %s: what is not, is not", name);
    first.at = 0;
    ok(anshin_load(fixture_op(&other), &source, 0, &loaded) == APR_SUCCESS &&
           anshin_store_mark_look(&other.env, &err, other.pool) == APR_SUCCESS,
       "IMP-3, %s: but by the same load again", name);
    first.at = 0;
    test_changed(name, &other, &first);
    free(first.octets);
    free(second.octets);
}

static void test_store(const char *name, const anshin_store_driver_t *of, const char *where, apr_pool_t *parent)
{
    apr_pool_t *pool;
    int released = -1;
    int again;

    apr_pool_create(&pool, parent);
    real = of;
    driver = *of;
    driver.open = open_and_tell;
    fixture_open(&fixture, &driver, where, pool);
    ok(convert() == 0, "%s: a store of today has nothing to convert", name);
    ok(load_sample(pool) == 65, "%s: the sample is there", name);
    put_odd_entries();
    ok(convert() == 14 + 11 + 3, "%s: what was due is filed anew", name);
    again = convert();
    ok(again == 0 && fixture_count(&fixture, &anshin_record_expiry) == 0 && series("jobs") == 0 &&
           series("expiry") == 0 && series("requests") == 0 && series("history/") == 2,
       "%s: nothing is left in the old way but history (%d)", name, again);
    ok(anshin_jobs_release(fixture_op(&fixture), &released) == APR_SUCCESS && released == 0,
       "%s: and no job in hands that are no more", name);
    test_dump(name);
    test_jobs(name);
    test_ends(name);
    apr_pool_destroy(pool);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_store("mem", &anshin_store_mem, NULL, pool);
    test_store("dbm", &anshin_store_dbm, apr_pstrcat(pool, scratch_directory(pool), "/store", NULL), pool);
    apr_pool_destroy(pool);
    return done();
}
