/*
 * Jobs from claim to end (ca/work.h): mail into a Maildir exactly once, whatever dies when (MAI-1), and jobs that
 * cannot be done. Certificates are made with a real signer in t/http/ca.t.
 */
#include <dirent.h>
#include <signal.h>

#include "ca/delivery.h"
#include "ca/log.h"
#include "ca/work.h"
#include "core/context/secret.h"
#include "core/mail/mail.h"
#include "core/mail/outbox.h"
#include "core/selfservice/reissue.h"
#include "core/mail/job.h"
#include "core/selfservice/reissue_request.h"
#include "unit/crash_store.h"
#include "unit/tap.h"
#include "unit/fixture.h"

static fixture_t fixture;
static anshin_work_t work;

static void open_fixture(apr_pool_t *pool)
{
    anshin_error_t err;

    steps_left = -1;
    died = 0;
    anshin_error_clear(&err);
    fixture_open(&fixture, &crash_store, NULL, pool);
    fixture.config.server.mail_spool = apr_pstrcat(pool, fixture.directory, "/spool", NULL);
    (void)mkdir(apr_pstrcat(pool, fixture.directory, "/mail", NULL), 0700);
    fixture_file(&fixture, "mail/test.ja.mustache", "Subject: {{contract}}\n\n{{user}}\n");
    fixture_file(&fixture, "mail/password-reissue.ja.mustache", "Subject: {{contract}}\n\n{{url}}\n");
    fixture_put(&fixture, &anshin_record_account, "p-01/u", &(anshin_account_t){.contract = "p-01", .user = "u"});
    if (anshin_maildir_make(fixture.config.server.mail_spool, &err, pool) != APR_SUCCESS) {
        printf("# %s\n", err.text);
        exit(1);
    }
    work.env = &fixture.env;
    work.signer_client = NULL;
}

static int files_in(const char *part)
{
    return scratch_entries(apr_pstrcat(fixture.pool, fixture.config.server.mail_spool, "/", part, NULL));
}

/* What a reader does with what it finds. */
static void read_mail(void)
{
    const char *spool = fixture.config.server.mail_spool;
    DIR *open = opendir(apr_pstrcat(fixture.pool, spool, "/new", NULL));
    const struct dirent *entry;

    while (open != NULL && (entry = readdir(open)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)rename(apr_pstrcat(fixture.pool, spool, "/new/", entry->d_name, NULL),
                         apr_pstrcat(fixture.pool, spool, "/cur/", entry->d_name, ":2,S", NULL));
        }
    }
    if (open != NULL) {
        (void)closedir(open);
    }
}

static void queue_mail(void)
{
    anshin_account_t account = {.contract = "p-01", .user = "u", .language = "ja"};
    const anshin_mail_new_t mail = {"test", &account, "u@mail.example", ANSHIN_MAIL_OWN, NULL, 0, NULL};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

    if (anshin_mail_add(op, txn, &mail) != APR_SUCCESS || anshin_txn_commit(txn, ANSHIN_DURABLE) != APR_SUCCESS) {
        printf("# %s\n", op->error.text);
        exit(1);
    }
}

static void queue_job(const anshin_job_t *job)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

    (void)anshin_job_add(op, txn, job);
    (void)anshin_txn_commit(txn, ANSHIN_DURABLE);
}

/* Claim one and do it; 0: there was none, wake tells when. */
static int do_one(apr_time_t *wake)
{
    anshin_job_t job;
    const char *key;

    if (anshin_job_claim(fixture_op(&fixture), "w", &job, &key, wake) != APR_SUCCESS) {
        return 0;
    }
    (void)anshin_work_do(&work, &job, key, "w", fixture.pool);
    return 1;
}

/* Everything, later tries included. */
static void do_all(void)
{
    apr_time_t wake;

    for (int i = 0; i < 40; i++) {
        if (!do_one(&wake)) {
            if (wake == 0) {
                return;
            }
            fixture.now = wake;
        }
    }
}

static apr_status_t first_mail(void *baton, const char *key, const void *record)
{
    anshin_mail_t *mail = baton;
    const anshin_mail_t *found = record;

    (void)key;
    *mail = *found;
    mail->blob = apr_pstrdup(fixture.pool, found->blob);
    mail->last_error = apr_pstrdup(fixture.pool, found->last_error);
    return APR_EOF;
}

static anshin_mail_t only_mail(void)
{
    anshin_mail_t mail = {.state = 0};
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);

    (void)anshin_txn_each(txn, &anshin_record_mail, "", first_mail, &mail);
    anshin_txn_abort(txn);
    return mail;
}

static void test_delivery(apr_pool_t *pool)
{
    open_fixture(pool);
    queue_mail();
    do_all();
    ok(files_in("new") == 1 && files_in("tmp") == 0, "a mail is delivered (MAI-1)");
    ok(only_mail().state == ANSHIN_MAIL_SPOOLED && fixture_blobs(&fixture) == 0 &&
           fixture_count(&fixture, &anshin_record_job) == 0,
       "it is sent, its text is wiped, its job is done (S24)");
}

/* One life that ends at the given writing step; 1: it ended before all was done. */
static int live_and_die(apr_pool_t *pool, int steps, int reader, const char **wrong)
{
    apr_time_t wake;
    int released;
    int dead;

    open_fixture(pool);
    queue_mail();
    steps_left = steps;
    (void)do_one(&wake);
    steps_left = -1;
    dead = died;
    died = 0;
    if (reader) {
        read_mail();
    }
    (void)anshin_jobs_release(fixture_op(&fixture), &released);
    do_all();
    if (files_in("new") + files_in("cur") != 1 || files_in("tmp") != 0) {
        *wrong = "not exactly one file";
    }
    if (only_mail().state != ANSHIN_MAIL_SPOOLED || fixture_blobs(&fixture) > 1) {
        *wrong = "not sent";
    }
    return dead;
}

static void test_crashes(apr_pool_t *pool, int reader)
{
    for (dies_after = 0; dies_after < 2; dies_after++) {
        const char *wrong = NULL;
        int deaths = 0;

        for (int steps = 0; steps < 50; steps++) {
            apr_pool_t *life;
            int dead;

            apr_pool_create(&life, pool);
            dead = live_and_die(life, steps, reader, &wrong);
            apr_pool_destroy(life);
            if (!dead || wrong != NULL) {
                break;
            }
            deaths++;
        }
        ok(wrong == NULL && deaths >= 6 && deaths < 50, "death %s each of %d writing steps%s: one file (MAI-1)%s%s",
           dies_after ? "after" : "before", deaths, reader ? ", a reader at work" : "", wrong != NULL ? ": " : "",
           wrong != NULL ? wrong : "");
    }
    dies_after = 0;
}

static void test_failures(apr_pool_t *pool)
{
    anshin_mail_t mail;

    open_fixture(pool);
    queue_mail();
    mail = only_mail();
    (void)anshin_blob_wipe(fixture.env.store, mail.blob, NULL);
    do_all();
    ok(only_mail().state == ANSHIN_MAIL_FAILED && files_in("new") == 0,
       "a mail whose text is gone is given up at once");

    open_fixture(pool);
    queue_mail();
    fixture.config.server.mail_spool = "/nonexistent/spool";
    do_all();
    mail = only_mail();
    ok(mail.state == ANSHIN_MAIL_FAILED && mail.tries == ANSHIN_JOB_TRIES && mail.last_error != NULL &&
           fixture_count(&fixture, &anshin_record_job) == 0,
       "one that cannot be delivered after %d tries", (int)mail.tries);

    open_fixture(pool);
    fixture.config.server.mail_command = "/bin/sh -c 'cat >/dev/null'";
    queue_mail();
    do_all();
    ok(only_mail().state == ANSHIN_MAIL_SENT && files_in("new") == 0, "a command may take it instead");
}

/* The next try; 1: the mail waits on, with its text, and for that reason. */
static int waits_on(const char *why)
{
    anshin_mail_t mail;
    apr_time_t wake;

    if (!do_one(&wake)) {
        fixture.now = wake;
        (void)do_one(&wake);
    }
    mail = only_mail();
    if (mail.last_error == NULL || strstr(mail.last_error, why) == NULL) {
        printf("# state %d: %s\n", (int)mail.state, mail.last_error != NULL ? mail.last_error : "no error");
        return 0;
    }
    return mail.state == ANSHIN_MAIL_DELIVERING && mail.blob != NULL && fixture_blobs(&fixture) == 1;
}

/* What lies in tmp waits for its own spool. */
static void test_spool_changes(apr_pool_t *pool)
{
    const char *spool;
    const char *other;
    anshin_error_t err;

    anshin_error_clear(&err);
    open_fixture(pool);
    spool = fixture.config.server.mail_spool;
    other = apr_pstrcat(pool, fixture.directory, "/other", NULL);
    (void)anshin_maildir_make(other, &err, pool);
    (void)rmdir(apr_pstrcat(pool, spool, "/new", NULL));
    queue_mail();
    ok(waits_on("/new: ") && files_in("tmp") == 1, "without new/ a mail is not sent and keeps its text (MAI-1)");
    fixture.config.server.mail_spool = other;
    ok(waits_on("it was written to ") && files_in("new") == 0,
       "another AnshinMailSpool: what lies in the former one is not sent (MAI-1)");
    fixture.config.server.mail_spool = spool;
    (void)rename(spool, apr_pstrcat(pool, fixture.directory, "/away", NULL));
    ok(waits_on("/new: "), "a spool that is gone: not sent (MAI-1)");
    (void)anshin_maildir_make(spool, &err, pool);
    ok(waits_on("it was written to ") && files_in("new") == 0, "another one in its place: not sent (MAI-1)");
    (void)rename(spool, apr_pstrcat(pool, fixture.directory, "/wrong", NULL));
    (void)rename(apr_pstrcat(pool, fixture.directory, "/away", NULL), spool);
    (void)anshin_maildir_make(spool, &err, pool);
    do_all();
    ok(only_mail().state == ANSHIN_MAIL_SPOOLED && files_in("new") == 1 && files_in("tmp") == 0 &&
           fixture_blobs(&fixture) == 0,
       "with its own spool back it is, once (MAI-1)");
}

static apr_status_t copy_job(void *baton, const char *key, const void *record)
{
    anshin_job_t *job = baton;

    (void)key;
    *job = *(const anshin_job_t *)record;
    job->last_error = apr_pstrdup(fixture.pool, job->last_error);
    return APR_SUCCESS;
}

/* 1: there is one alone. */
static int only_job(anshin_job_t *job)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);

    memset(job, 0, sizeof(*job));
    (void)anshin_txn_each(txn, &anshin_record_job, "", copy_job, job);
    anshin_txn_abort(txn);
    return job->kind != 0 && fixture_count(&fixture, &anshin_record_job) == 1;
}

static void test_odd_jobs(apr_pool_t *pool)
{
    anshin_job_t unknown = {.kind = 99};
    anshin_job_t lost = {.kind = ANSHIN_JOB_MAIL, .mail = "ffffffffffffffffffffffffffffffff"};
    anshin_job_t nameless = {.kind = ANSHIN_JOB_MAIL};
    anshin_job_t nobody = {.kind = ANSHIN_JOB_ISSUE, .user = "nobody", .terminal = 1};
    anshin_job_t job;
    apr_time_t wake;

    open_fixture(pool);
    queue_job(&lost);
    queue_job(&nameless);
    queue_job(&nobody);
    do_all();
    ok(fixture_count(&fixture, &anshin_record_job) == 0, "jobs with nothing to do are dropped: no mail, no user");
    queue_job(&unknown);
    ok(do_one(&wake) && !do_one(&wake) && wake > fixture.now && only_job(&job) && job.tries == 1,
       "a job of a kind that is not known yet waits");
    fixture.config.contracts->nelts = 0;
    fixture.now = wake;
    ok(do_one(&wake) && only_job(&job) && job.tries == 1 && strstr(job.last_error, "p-01") != NULL &&
           job.not_before > fixture.now,
       "so does one of a contract that is not declared now, and that is no try");
    fixture.config.contracts->nelts = 1;
}

static void test_requests(apr_pool_t *pool)
{
    open_fixture(pool);
    ok(anshin_reissue_request(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, "nobody", "nobody@mail.example") ==
               APR_SUCCESS &&
           fixture_count(&fixture, &anshin_record_job) == 1,
       "a request for a reissue is queued");
    do_all();
    ok(fixture_count(&fixture, &anshin_record_job) == 0 && fixture_count(&fixture, &anshin_record_mail) == 0 &&
           fixture_blobs(&fixture) == 0,
       "of somebody unknown it leads nowhere, and leaves nothing");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    (void)umask(S_IRWXO);
    (void)signal(SIGPIPE, SIG_IGN);
    anshin_log_open("test", ANSHIN_LOG_ERROR);
    make_crash_store();
    test_delivery(pool);
    test_crashes(pool, 0);
    test_crashes(pool, 1);
    test_failures(pool);
    test_spool_changes(pool);
    test_odd_jobs(pool);
    test_requests(pool);
    apr_pool_destroy(pool);
    return done();
}
