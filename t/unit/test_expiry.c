/*
 * The index of what ends in time (core/expiry.h): what is filed is found when its minute is over, whatever the clocks
 * do; and every verb that makes a record that ends has filed it (S24).
 */
#include "core/change.h"
#include "core/download.h"
#include "core/expiry.h"
#include "core/housekeeping.h"
#include "core/issue.h"
#include "core/outbox.h"
#include "core/reissue.h"
#include "people.h"

#define MINUTE apr_time_from_sec(60)
#define DAY apr_time_from_sec(86400)

static world_t world;

static void file(const char *key, apr_time_t due)
{
    anshin_op_t *op = world_op(&world);
    anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_WRITE);

    (void)anshin_expiry_file(op, txn, &anshin_record_fact, key, due);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

typedef struct seen_t {
    int count;
    char last[64];
    apr_status_t answer;
    apr_time_t again; /* 0: never */
} seen_t;

static apr_status_t see(void *baton, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key)
{
    seen_t *seen = baton;

    if (type != &anshin_record_fact) {
        return ANSHIN_EFAULT;
    }
    seen->count++;
    apr_cpystrn(seen->last, key, sizeof(seen->last));
    if (seen->again != 0) {
        (void)anshin_expiry_file(world_op(&world), txn, type, key, seen->again);
    }
    return seen->answer;
}

/* All that is due; how many. */
static int take(seen_t *seen)
{
    int more = 1;
    int taken;
    int all = 0;

    while (more && anshin_expiry_take(world_op(&world), 3, see, seen, &taken, &more) == APR_SUCCESS) {
        all += taken;
    }
    return all;
}

static int take_now(void)
{
    seen_t seen = {0, "", APR_SUCCESS, 0};

    return take(&seen);
}

static int left(void)
{
    return world_count(&world, &anshin_record_expiry);
}

static void test_time(void)
{
    ok(take_now() == 0, "an index that was never used has nothing");
    file("soon", world.now + 3 * MINUTE);
    file("late", world.now + 90 * DAY);
    file("past", world.now - 90 * DAY);
    ok(take_now() == 0, "nothing before its minute is over");
    world.now += MINUTE;
    ok(take_now() == 1, "what should have been long ago comes at once");
    world.now += 2 * MINUTE;
    ok(take_now() == 0, "not a minute too early");
    world.now += MINUTE;
    ok(take_now() == 1 && take_now() == 0, "what is due comes once");
    world.now += 90 * DAY;
    ok(take_now() == 1 && left() == 0, "after a quarter of a year without a look, too");
    ok(world_count(&world, &anshin_record_sequence) == 1, "no minute leaves a trace");
}

static void test_limit(void)
{
    seen_t seen = {0, "", APR_SUCCESS, 0};
    int taken;
    int more;

    for (int i = 0; i < 7; i++) {
        file(apr_psprintf(world.pool, "f%d", i), world.now);
    }
    world.now += MINUTE;
    ok(anshin_expiry_take(world_op(&world), 3, see, &seen, &taken, &more) == APR_SUCCESS && taken == 3 && more &&
           left() == 4,
       "a minute is taken in parts");
    seen.answer = ANSHIN_EBUSY;
    ok(anshin_expiry_take(world_op(&world), 3, see, &seen, &taken, &more) == ANSHIN_EBUSY && taken == 0 && left() == 4,
       "when one cannot be looked at, nothing is taken");
    seen.answer = APR_SUCCESS;
    ok(take(&seen) == 4 && same_text(seen.last, "f6") && left() == 0, "in the order in which they were filed");
}

static void test_again(void)
{
    seen_t seen = {0, "", APR_SUCCESS, world.now + 10 * MINUTE};

    file("again", world.now);
    file("again", world.now);
    world.now += MINUTE;
    ok(take(&seen) == 2 && left() == 2, "what is not over yet is filed again, twice when it was filed twice");
    seen.again = 1;
    world.now += 10 * MINUTE;
    ok(take(&seen) == 2 && left() == 2, "filing again under a past time is no endless loop");
    world.now += MINUTE;
    ok(take_now() == 2 && left() == 0, "at last it is over");
}

static void test_clocks(void)
{
    apr_time_t now = world.now;

    world.now += 10 * MINUTE;
    (void)take_now();
    world.now = now;
    file("behind", now);
    ok(left() == 1, "a process whose clock is behind files");
    world.now = now + 11 * MINUTE;
    ok(take_now() == 1, "not where nobody will look");
    world.now += 3650 * DAY;
    file("future", world.now + DAY);
    (void)take_now();
    world.now = now + 12 * MINUTE;
    (void)take_now();
    file("present", world.now + MINUTE);
    world.now += 3 * MINUTE;
    ok(take_now() == 1 && left() == 1, "a clock that ran ten years ahead and was set right delays nothing new");
    world.now += 3653 * DAY;
    ok(take_now() == 1, "and loses nothing");
    world.now = now + 20 * MINUTE;
    (void)take_now();
}

static void test_foreign(void)
{
    anshin_expiry_t entry = {.type = 250, .key = "x"};
    anshin_expiry_t keyless = {.type = 13};
    anshin_sequence_t series = {.first = 0, .next = 4}; /* the first and the last are missing */
    char *minute = apr_psprintf(world.pool, "%" APR_UINT64_T_HEX_FMT, (apr_uint64_t)(world.now / MINUTE + 1));

    world_put(&world, &anshin_record_expiry, apr_pstrcat(world.pool, minute, "/1", NULL), &entry);
    world_put(&world, &anshin_record_expiry, apr_pstrcat(world.pool, minute, "/2", NULL), &keyless);
    world_put(&world, &anshin_record_sequence, apr_pstrcat(world.pool, "expiry/", minute, NULL), &series);
    world.now += 3 * MINUTE;
    ok(take_now() == 4 && left() == 0, "entries of a later version, damaged and missing ones stop nothing");
}

/* --- the verbs --- */

static void keep_house(void)
{
    anshin_housekeeping_t state = {.due = {0}};
    const char *task;
    int removed;

    while (anshin_housekeeping_step(world_op(&world), &state, &task, &removed) == APR_SUCCESS) {}
}

/* Every job there is: certificates as if a signer had made them, mails as if delivered. */
static int do_jobs(void)
{
    static const anshin_bytes_t file = {(const unsigned char *)"p12", 3};
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    int all = 0;

    for (; anshin_job_claim(world_op(&world), "w", &job, &key, &wake) == APR_SUCCESS; all++) {
        anshin_op_t *op = world_op(&world);
        anshin_outbox_t outbox = {key, "w", job.mail};
        anshin_issue_made_t made = {job.serial, world.now, world.now + 365 * DAY, file, file};
        anshin_issue_order_t order;

        if (job.kind == ANSHIN_JOB_MAIL) {
            (void)anshin_outbox_delivered(op, &outbox, ANSHIN_MAIL_SENT);
        } else if (job.kind != ANSHIN_JOB_ISSUE) {
            (void)anshin_reissue_process(op, &job, key, "w");
        } else if (anshin_issue_order(op, &job, &order) == APR_SUCCESS) {
            (void)anshin_issue_commit(op, &job, key, "w", &order, &made);
        }
    }
    return all;
}

static int kinds_present(void)
{
    return (world_count(&world, &anshin_record_session) > 0) + (world_count(&world, &anshin_record_token) > 0) +
           (world_count(&world, &anshin_record_counter) > 1) + (world_count(&world, &anshin_record_mail) > 0) +
           (world_count(&world, &anshin_record_download) > 0) + (world_count(&world, &anshin_record_history) > 0) +
           (world_count(&world, &anshin_record_fact) > 0);
}

/* All that a member and strangers do, then silence for two years: what is left is what an account is. */
static void test_nothing_escapes(void)
{
    anshin_login_result_t login;
    anshin_counter_t counter;
    const char *code;
    int jobs;

    (void)people_register(&world, "cert", ANSHIN_METHOD_CERTIFICATE);
    (void)people_register(&world, "word", ANSHIN_METHOD_PASSWORD);
    (void)people_invite(&world, "never", ANSHIN_METHOD_CERTIFICATE, &code);
    jobs = do_jobs();
    login = people_login(&world, "word", PEOPLE_PASSWORD, &people_no_peer, "192.0.2.7");
    (void)people_login(&world, "word", "wrong", &people_no_peer, "192.0.2.7");
    (void)people_login(&world, "nobody", PEOPLE_PASSWORD, &people_no_peer, "2001:db8::1");
    (void)people_login(&world, "cert", PEOPLE_PASSWORD, &people_no_peer, "192.0.2.8");
    (void)anshin_reissue_request(people_op(&world, "192.0.2.9"), ANSHIN_REISSUE_CERTIFICATE, "cert", "taro@example.jp");
    jobs += do_jobs();
    ok(login.outcome == ANSHIN_LOGIN_OK && jobs == 4 && kinds_present() == 7,
       "every kind of record that ends is there (%d kinds, %d jobs)", kinds_present(), jobs);
    world.now += world.contract.policy.download_lifetime + 2 * MINUTE;
    keep_house();
    ok(world.contract.policy.download_lifetime < 30 * DAY && world_count(&world, &anshin_record_download) == 0,
       "a certificate that nobody fetched goes with its link, not later (S24)");
    for (int month = 0; month < 28; month++) {
        world.now += 30 * DAY;
        keep_house();
        (void)do_jobs();
    }
    ok(kinds_present() == 0 && world_count(&world, &anshin_record_session_list) == 0 && world_blobs(&world) == 0,
       "two years later none is, nor any secret of theirs (S24)");
    ok(world_count(&world, &anshin_record_counter) == 1 &&
           world_get(&world, &anshin_record_counter, "p-01/word/password", &counter) == APR_SUCCESS &&
           counter.failures == 1,
       "but an account's failures are never forgotten (LCK-1)");
    ok(left() == 0, "and nothing is filed any more");
    ok(world_count(&world, &anshin_record_account) == 3 && world_count(&world, &anshin_record_terminal) == 3 &&
           world_count(&world, &anshin_record_certificate) == 1,
       "accounts, terminals and certificates stay");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    world_open(&world, &anshin_store_mem, NULL, pool);
    test_time();
    test_limit();
    test_again();
    test_clocks();
    test_foreign();
    apr_pool_destroy(pool);
    apr_pool_create(&pool, NULL);
    world_open(&world, &anshin_store_mem, NULL, pool);
    people_contract(&world, ANSHIN_PRESET_CLASSIC);
    test_nothing_escapes();
    apr_pool_destroy(pool);
    return done();
}
