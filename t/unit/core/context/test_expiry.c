/*
 * What ends in time (core/context/expiry.h): what is filed is found when its minute has come, whatever the clocks do; and
 * every verb that makes a record that ends has filed it (S24).
 */
#include "core/admin/housekeeping.h"
#include "core/certificate/ocsp.h"
#include "core/certificate/download.h"
#include "core/certificate/issue.h"
#include "core/context/expiry.h"
#include "core/mail/outbox.h"
#include "core/selfservice/change.h"
#include "core/selfservice/reissue.h"
#include "core/selfservice/reissue_request.h"
#include "core/mail/job.h"
#include "unit/users.h"

#define MINUTE apr_time_from_sec(60)
#define DAY apr_time_from_sec(86400)

static fixture_t fixture;

static void file(const char *key, apr_time_t due)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

    (void)anshin_expiry_file(op, txn, &anshin_record_fact, key, due);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

typedef struct seen_t {
    int count;
    char last[64];
    apr_status_t answer;
    apr_time_t again; /* 0: never */
} seen_t;

static apr_status_t see(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *key)
{
    seen_t *seen = baton;

    seen->count++;
    apr_cpystrn(seen->last, key, sizeof(seen->last));
    if (seen->again != 0) {
        (void)anshin_expiry_file(op, txn, &anshin_record_fact, key, seen->again);
    }
    return seen->answer;
}

static apr_status_t take_one(seen_t *seen)
{
    return anshin_expiry_take(fixture_op(&fixture), &anshin_record_fact, see, seen);
}

/* All that is due; how many. */
static int take(seen_t *seen)
{
    int all = 0;

    while (take_one(seen) == APR_SUCCESS) {
        all++;
    }
    return all;
}

static int take_now(void)
{
    seen_t seen = {0, "", APR_SUCCESS, 0};

    return take(&seen);
}

static apr_status_t is_entry(void *baton, const char *key, const void *record)
{
    (void)key;
    *(int *)baton += ((const anshin_due_t *)record)->key != NULL;
    return APR_SUCCESS;
}

/* How many are filed, of whatever type. */
static int left(void)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    int all = 0;

    (void)anshin_txn_each(txn, &anshin_record_due, "", is_entry, &all);
    anshin_txn_abort(txn);
    return all;
}

static void test_time(void)
{
    ok(take_now() == 0, "an index that was never used has nothing");
    file("soon", fixture.now + 3 * MINUTE);
    file("late", fixture.now + 90 * DAY);
    file("past", fixture.now - 90 * DAY);
    ok(take_now() == 0, "nothing in the minute in which it was filed");
    fixture.now += MINUTE;
    ok(take_now() == 1, "what should have been long ago comes at once");
    fixture.now += 2 * MINUTE - 1;
    ok(take_now() == 0, "not a moment too early");
    fixture.now++;
    ok(take_now() == 1 && take_now() == 0, "what is due comes once");
    fixture.now += 90 * DAY;
    ok(take_now() == 1 && left() == 0, "after a quarter of a year without a look, too");
    ok(fixture_count(&fixture, &anshin_record_due) == 0, "no minute leaves a trace");
}

static void test_failure(void)
{
    seen_t seen = {0, "", APR_SUCCESS, 0};

    for (int i = 0; i < 7; i++) {
        file(apr_psprintf(fixture.pool, "f%d", i), fixture.now);
    }
    fixture.now += MINUTE;
    ok(take_one(&seen) == APR_SUCCESS && take_one(&seen) == APR_SUCCESS && take_one(&seen) == APR_SUCCESS &&
           left() == 4,
       "a minute is taken one by one");
    seen.answer = ANSHIN_EBUSY;
    ok(take_one(&seen) == ANSHIN_EBUSY && left() == 4, "one that cannot be looked at is not taken");
    seen.answer = APR_SUCCESS;
    ok(take(&seen) == 4 && same_text(seen.last, "f6") && left() == 0, "in the order in which they were filed");
}

static void test_again(void)
{
    seen_t seen = {0, "", APR_SUCCESS, fixture.now + 10 * MINUTE};

    file("again", fixture.now);
    file("again", fixture.now);
    fixture.now += MINUTE;
    ok(take(&seen) == 2 && left() == 2, "what is not over yet is filed again, twice when it was filed twice");
    seen.again = 1;
    fixture.now += 10 * MINUTE;
    ok(take(&seen) == 2 && left() == 2, "filing again under a past time is no endless loop");
    fixture.now += MINUTE;
    ok(take_now() == 2 && left() == 0, "at last it is over");
}

static void test_clocks(void)
{
    apr_time_t now = fixture.now;

    fixture.now += 10 * MINUTE;
    (void)take_now();
    fixture.now = now;
    file("behind", now);
    ok(left() == 1, "a process whose clock is behind files");
    fixture.now = now + 11 * MINUTE;
    ok(take_now() == 1, "not where nobody will look");
    fixture.now += 3650 * DAY;
    file("future", fixture.now + DAY);
    (void)take_now();
    fixture.now = now + 12 * MINUTE;
    (void)take_now();
    file("present", fixture.now + MINUTE);
    fixture.now += 3 * MINUTE;
    ok(take_now() == 1 && left() == 1, "a clock that ran ten years ahead and was set right delays nothing new");
    fixture.now += 3653 * DAY;
    ok(take_now() == 1, "and loses nothing");
    fixture.now = now + 20 * MINUTE;
    (void)take_now();
}

/* --- the verbs --- */

static void keep_house(void)
{
    anshin_housekeeping_t state = {.due = {0}};
    const char *task;
    int removed;

    while (anshin_housekeeping_step(fixture_op(&fixture), &state, &task, &removed) == APR_SUCCESS) {}
}

/* Every job there is: certificates as if a signer had made them, mails as if delivered. */
static int do_jobs(void)
{
    static const anshin_bytes_t file = {(const unsigned char *)"p12", 3};
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    int all = 0;

    for (; anshin_job_claim(fixture_op(&fixture), "w", &job, &key, &wake) == APR_SUCCESS; all++) {
        anshin_op_t *op = fixture_op(&fixture);
        anshin_claimed_mail_t outbox = {key, "w", job.mail};
        anshin_issue_made_t made = {"", job.serial, fixture.now, fixture.now + 365 * DAY, 0, file, file, file};
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
    return (fixture_count(&fixture, &anshin_record_session) > 0) + (fixture_count(&fixture, &anshin_record_token) > 0) +
           (fixture_count(&fixture, &anshin_record_counter) > 1) + (fixture_count(&fixture, &anshin_record_mail) > 0) +
           (fixture_count(&fixture, &anshin_record_download) > 0) +
           (fixture_count(&fixture, &anshin_record_history) > 0) + (fixture_count(&fixture, &anshin_record_fact) > 0);
}

/* As the worker's responder does with answers that cannot be made, or that nobody asks for. */
static void forget_answers(void)
{
    apr_array_header_t *aging;

    (void)anshin_ocsp_aging(fixture_op(&fixture), &aging);
    for (int i = 0; i < aging->nelts; i++) {
        (void)anshin_ocsp_forget(fixture_op(&fixture), &APR_ARRAY_IDX(aging, i, anshin_ocsp_aging_t).request);
    }
}

/* All that a member and strangers do, then silence for two years: what is left is what an account is. */
static void test_nothing_escapes(void)
{
    anshin_login_result_t login;
    anshin_counter_t counter;
    const char *code;
    int jobs;

    (void)users_register(&fixture, "cert", ANSHIN_METHOD_CERTIFICATE);
    (void)users_register(&fixture, "word", ANSHIN_METHOD_PASSWORD);
    (void)users_invite(&fixture, "never", ANSHIN_METHOD_CERTIFICATE, &code);
    jobs = do_jobs();
    login = users_login(&fixture, "word", USERS_PASSWORD, &users_no_peer, "192.0.2.7");
    (void)users_login(&fixture, "word", "wrong", &users_no_peer, "192.0.2.7");
    (void)users_login(&fixture, "nobody", USERS_PASSWORD, &users_no_peer, "2001:db8::1");
    (void)users_login(&fixture, "cert", USERS_PASSWORD, &users_no_peer, "192.0.2.8");
    (void)anshin_reissue_request(users_op(&fixture, "192.0.2.9"), ANSHIN_REISSUE_CERTIFICATE, "cert",
                                 "taro@example.jp");
    jobs += do_jobs();
    ok(login.outcome == ANSHIN_LOGIN_OK && jobs == 4 && kinds_present() == 7,
       "every kind of record that ends is there (%d kinds, %d jobs)", kinds_present(), jobs);
    fixture.now += fixture.contract.policy.download_lifetime + 2 * MINUTE;
    keep_house();
    ok(fixture.contract.policy.download_lifetime < 30 * DAY && fixture_count(&fixture, &anshin_record_download) == 0,
       "a certificate that nobody fetched goes with its link, not later (S24)");
    for (int month = 0; month < 28; month++) {
        fixture.now += 30 * DAY;
        keep_house();
        (void)do_jobs();
        forget_answers();
    }
    ok(kinds_present() == 0 && fixture_count(&fixture, &anshin_record_session_list) == 0 &&
           fixture_blobs(&fixture) == 0,
       "two years later none is, nor any secret of theirs (S24)");
    ok(fixture_count(&fixture, &anshin_record_counter) == 1 &&
           fixture_get(&fixture, &anshin_record_counter, "p-01/word/password", &counter) == APR_SUCCESS &&
           counter.failures == 1,
       "but an account's failures are never forgotten (LCK-1)");
    ok(left() == 1, "and nothing is filed any more but the certificate (%d)", left());
    ok(fixture_count(&fixture, &anshin_record_account) == 3 && fixture_count(&fixture, &anshin_record_terminal) == 3 &&
           fixture_count(&fixture, &anshin_record_certificate) == 1,
       "accounts, terminals and certificates stay");
    fixture.now += fixture.contract.policy.certificate_retention;
    keep_house();
    ok(left() == 0 && fixture_count(&fixture, &anshin_record_certificate) == 0,
       "the certificate until AnshinCertificateRetention is over (BAK-3)");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    test_time();
    test_failure();
    test_again();
    test_clocks();
    apr_pool_destroy(pool);
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    test_nothing_escapes();
    apr_pool_destroy(pool);
    return done();
}
