/*
 * Issuing (core/certificate/issue.h): one certificate and one mail, whatever dies when (CRT-1), and what is done to the
 * former one (CRT-5).
 */
#include <stdlib.h>
#include <time.h>

#include "core/account/account.h"
#include "core/account/session.h"
#include "core/admin/housekeeping.h"
#include "core/certificate/download.h"
#include "core/certificate/issue.h"
#include "core/certificate/issuer.h"
#include "core/certificate/revocation.h"
#include "core/context/secret.h"
#include "core/mail/mail.h"
#include "core/admin/operator.h"
#include "core/mail/job.h"
#include "unit/crash_store.h"
#include "unit/tap.h"
#include "unit/fixture.h"

#define FINGERPRINT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static fixture_t fixture;

/* --- a user who waits for a certificate ------------------------------------------------------------------------- */

static void put_user(const char *user, apr_int64_t number)
{
    anshin_account_t account = {.contract = "p-01",
                                .user = user,
                                .state = ANSHIN_ACCOUNT_ACTIVE,
                                .method = ANSHIN_METHOD_CERTIFICATE,
                                .language = "ja"};
    anshin_terminal_t terminal = {
        .contract = "p-01", .user = user, .number = number, .address = "hanako@mail.example", .label = "Front"};

    account.terminals = apr_array_make(fixture.pool, 1, sizeof(apr_int64_t));
    APR_ARRAY_PUSH(account.terminals, apr_int64_t) = number;
    fixture_put(&fixture, &anshin_record_account, anshin_account_key(fixture_op(&fixture), user), &account);
    fixture_put(&fixture, &anshin_record_terminal, anshin_terminal_key(fixture_op(&fixture), user, number), &terminal);
}

static apr_status_t prepare_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, apr_int64_t number,
                               const char **password)
{
    anshin_terminal_t terminal;
    apr_status_t status = anshin_terminal_get(op, txn, account->user, number, &terminal);

    if (status == APR_SUCCESS) {
        status = anshin_certificates_end_in(op, txn, &terminal, ANSHIN_REASON_SUPERSEDED);
    }
    return status == APR_SUCCESS ? anshin_download_prepare(op, txn, account, number, password) : status;
}

/* As a registration does it, and a reissue: what was there ends. */
static const char *prepare(const char *user, apr_int64_t number)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    const char *password = NULL;
    anshin_account_t account;

    if (anshin_account_get(op, txn, user, &account) != APR_SUCCESS ||
        prepare_in(op, txn, &account, number, &password) != APR_SUCCESS ||
        anshin_txn_commit(txn, ANSHIN_DURABLE) != APR_SUCCESS) {
        printf("# prepare: %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
    return password;
}

static int workers;

/* What a worker does with the next issue job; ANSHIN_ENOTFOUND when there is none. Each asks once: who
 * asks again has nothing in hand, and gets back what it had. */
static apr_status_t work(anshin_job_t *job)
{
    anshin_issue_made_t made = {.fingerprint = FINGERPRINT,
                                .not_before = fixture.now,
                                .not_after = fixture.now + apr_time_from_sec(86400),
                                .modern = {(const unsigned char *)"modern file", 11},
                                .compat = {(const unsigned char *)"compat file", 11}};
    anshin_issue_order_t order;
    const char *name;
    const char *key;
    apr_time_t wake;
    apr_status_t status;

    do {
        name = apr_psprintf(fixture.pool, "w%d", ++workers);
        status = anshin_job_claim(fixture_op(&fixture), name, job, &key, &wake);
    } while (status == APR_SUCCESS && job->kind != ANSHIN_JOB_ISSUE);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_issue_order(fixture_op(&fixture), job, &order);
    if (status == ANSHIN_EDENIED) {
        (void)anshin_job_drop(fixture_op(&fixture), key, name);
        return status;
    }
    return status == APR_SUCCESS ? anshin_issue_commit(fixture_op(&fixture), job, key, name, &order, &made) : status;
}

/* --- counting --------------------------------------------------------------------------------------------------- */

typedef struct tally_t {
    int active;
    int revoked;
} tally_t;

static apr_status_t tally_one(void *baton, const char *key, const void *record)
{
    tally_t *tally = baton;
    const anshin_certificate_t *certificate = record;

    (void)key;
    tally->active += certificate->state == ANSHIN_CERTIFICATE_ACTIVE;
    tally->revoked += certificate->state == ANSHIN_CERTIFICATE_REVOKED && certificate->reason == 4;
    return APR_SUCCESS;
}

static tally_t certificates(void)
{
    tally_t tally = {0, 0};
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);

    (void)anshin_txn_each(txn, &anshin_record_certificate, "", tally_one, &tally);
    anshin_txn_abort(txn);
    return tally;
}

static void open_fixture(apr_pool_t *pool)
{
    steps_left = -1;
    died = 0;
    fixture_open(&fixture, &crash_store, NULL, pool);
    (void)mkdir(apr_pstrcat(pool, fixture.directory, "/mail", NULL), 0700);
    fixture_file(&fixture, "mail/certificate-ready.ja.mustache",
                 "Subject: {{contract}}\n\n{{user}}|{{name}}|{{download_url}}|{{help_url}}|{{expires_text}}\n");
}

/* --- cases ------------------------------------------------------------------------------------------------------ */

static void test_issue(apr_pool_t *pool)
{
    anshin_certificate_t certificate;
    anshin_download_t download;
    anshin_terminal_t terminal;
    anshin_download_state_t state;
    anshin_download_result_t fetched;
    anshin_mail_text_t text = {.from = NULL};
    anshin_mail_t mail;
    anshin_job_t job;
    anshin_job_t mail_job;
    const char *password;
    const char *key;
    char *link;
    apr_time_t wake;

    open_fixture(pool);
    put_user("p-01-usr007", 1);
    password = prepare("p-01-usr007", 1);
    ok(work(&job) == APR_SUCCESS, "a certificate is issued (CRT-1)");
    ok(fixture_get(&fixture, &anshin_record_certificate, job.serial, &certificate) == APR_SUCCESS &&
           same_text(certificate.name, "p-01-usr007 2027-01-15") && same_text(certificate.fingerprint, FINGERPRINT) &&
           certificate.state == ANSHIN_CERTIFICATE_ACTIVE && same_text(certificate.user, "p-01-usr007") &&
           certificate.terminal == 1 && same_text(certificate.contract, "p-01"),
       "its record stands under the job's serial");
    ok(fixture_get(&fixture, &anshin_record_terminal, "p-01/p-01-usr007/1", &terminal) == APR_SUCCESS &&
           same_text(terminal.certificate, job.serial),
       "it is the terminal's certificate");
    ok(fixture_get(&fixture, &anshin_record_download, "p-01/p-01-usr007/1", &download) == APR_SUCCESS &&
           same_text(download.serial, job.serial) && download.expires_at == fixture.now + apr_time_from_sec(86400),
       "the download waits, for its lifetime");
    ok(anshin_job_claim(fixture_op(&fixture), "w", &mail_job, &key, &wake) == APR_SUCCESS &&
           mail_job.kind == ANSHIN_JOB_MAIL && fixture_count(&fixture, &anshin_record_job) == 1,
       "the issue is done, a mail is queued");
    ok(fixture_get(&fixture, &anshin_record_mail, mail_job.mail, &mail) == APR_SUCCESS &&
           anshin_mail_open(fixture_op(&fixture), &mail, &text) == APR_SUCCESS &&
           same_text(text.to, "hanako@mail.example") &&
           strstr(text.body, "p-01-usr007|p-01-usr007 2027-01-15|https://login.example/anshin/download?t=") != NULL &&
           strstr(text.body, "|https://login.example/anshin/help/import|20") != NULL,
       "the mail names user, certificate, link and how-to page (CRT-1)");
    link = apr_pstrndup(pool, strstr(text.body, "?t=") + 3, ANSHIN_TOKEN_TEXT);
    ok(anshin_download_find(fixture_op(&fixture), link, &state) == APR_SUCCESS &&
           same_text(state.name, "p-01-usr007 2027-01-15"),
       "the link leads to the download");
    ok(anshin_download_fetch(fixture_op(&fixture), link, password, ANSHIN_PROFILE_COMPAT, &fetched) == APR_SUCCESS &&
           fetched.right && fetched.file.length == 11 && memcmp(fetched.file.data, "compat file", 11) == 0,
       "and the password to the file");
    fixture.now += apr_time_from_sec(86401);
    ok(anshin_download_find(fixture_op(&fixture), link, &state) == ANSHIN_EDENIED, "until it expires");
}

static void give_organisation(const char *user, const char *organisation)
{
    const char *key = anshin_account_key(fixture_op(&fixture), user);
    anshin_account_t account;

    (void)fixture_get(&fixture, &anshin_record_account, key, &account);
    account.organisation = organisation;
    fixture_put(&fixture, &anshin_record_account, key, &account);
}

static void test_order(apr_pool_t *pool)
{
    static char longest[65];
    anshin_issue_order_t order;
    anshin_job_t job = {.user = "u", .terminal = 3, .serial = "4a"};
    const char *password;

    open_fixture(pool);
    fixture.contract.policy.certificate_organization = "会員サービス";
    fixture.contract.policy.certificate_uses = 1 << ANSHIN_USE_CLIENT;
    fixture.contract.policy.certificate_unit = "会員部";
    fixture.contract.policy.key_type = ANSHIN_KEY_P384;
    fixture.contract.policy.crl_url = "http://pki.example/ca.crl";
    put_user("u", 3);
    ok(anshin_issue_order(fixture_op(&fixture), &job, &order) == ANSHIN_EDENIED,
       "without a download there is nothing to order");
    password = prepare("u", 3);
    ok(anshin_issue_order(fixture_op(&fixture), &job, &order) == APR_SUCCESS &&
           same_text(order.name, "u-3 2027-01-15") && same_text(order.serial, "4a") &&
           same_text(order.organization, "会員サービス") && order.ocsp_url == NULL &&
           same_text(order.crl_url, "http://pki.example/ca.crl") &&
           same_text((const char *)order.password.data, password),
       "the order follows policy, job and download; terminals from the second on show in the name");
    ok(same_text(order.unit, "会員部") && order.key_type == ANSHIN_KEY_P384 && order.mail == NULL &&
           order.uses == 1 << ANSHIN_USE_CLIENT,
       "CAS-1: with the contract's unit and key, for clients, without an address");
    fixture.contract.policy.certificate_unit = "%{organisation}";
    ok(anshin_issue_order(fixture_op(&fixture), &job, &order) == APR_SUCCESS && order.unit == NULL,
       "CAS-1, ATT-1: without a unit where it is to be the user's organisation, who has none");
    give_organisation("u", "㈱安心薬局");
    ok(anshin_issue_order(fixture_op(&fixture), &job, &order) == APR_SUCCESS && same_text(order.unit, "㈱安心薬局") &&
           same_text(order.name, "u-3 2027-01-15"),
       "CAS-1, ATT-1: else it is, and the name is as before");
    fixture.contract.policy.certificate_alt_names = 1 << ANSHIN_ALT_NAME_MAIL;
    fixture.contract.policy.certificate_uses = 1 << ANSHIN_USE_CLIENT | 1 << ANSHIN_USE_MAIL;
    ok(anshin_issue_order(fixture_op(&fixture), &job, &order) == APR_SUCCESS &&
           same_text(order.mail, "hanako@mail.example") &&
           order.uses == (1 << ANSHIN_USE_CLIENT | 1 << ANSHIN_USE_MAIL),
       "CAS-1: with the terminal's address and other uses where the contract says so");
    memset(longest, 'x', 64);
    put_user(longest, 12);
    (void)prepare(longest, 12);
    job.user = longest;
    job.terminal = 12;
    ok(anshin_issue_order(fixture_op(&fixture), &job, &order) == APR_SUCCESS && strlen(order.name) == 64 &&
           same_text(order.name + 50, "-12 2027-01-15"),
       "a name has 64 characters at most (LST-1)");
    fixture.contract.policy.certificate_name = "%{user}";
    ok(anshin_issue_order(fixture_op(&fixture), &job, &order) == APR_SUCCESS && same_text(order.name, longest),
       "and is the bare ID where the contract says so (LST-1)");
    job.serial = NULL;
    ok(anshin_issue_order(fixture_op(&fixture), &job, &order) == ANSHIN_EFAULT, "no serial, no order");
    job.user = NULL;
    ok(anshin_issue_order(fixture_op(&fixture), &job, &order) == ANSHIN_EDENIED, "a job without a user is dropped");
}

static void test_reissue(apr_pool_t *pool)
{
    anshin_session_t session = {.terminal = 1, .method = ANSHIN_METHOD_CERTIFICATE};
    const anshin_account_t account = {.user = "u"};
    anshin_certificate_t old;
    anshin_terminal_t terminal;
    anshin_job_t first;
    anshin_job_t second;
    anshin_op_t *op;
    anshin_txn_t *txn;
    const char *id = NULL;

    open_fixture(pool);
    put_user("u", 1);
    (void)prepare("u", 1);
    (void)work(&first);
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    session.serial = first.serial;
    (void)anshin_session_open(op, txn, &account, &session, &id);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    (void)prepare("u", 1);
    ok(work(&second) == APR_SUCCESS && strcmp(first.serial, second.serial) != 0, "a reissue has a serial of its own");
    ok(fixture_get(&fixture, &anshin_record_certificate, first.serial, &old) == APR_SUCCESS &&
           old.state == ANSHIN_CERTIFICATE_REVOKED && old.reason == 4 && old.revoked_at == fixture.now,
       "the former certificate stays revoked as superseded (CRT-5, S23)");
    ok(fixture_get(&fixture, &anshin_record_terminal, "p-01/u/1", &terminal) == APR_SUCCESS &&
           same_text(terminal.certificate, second.serial),
       "the terminal has the new one");
    ok(same_text(old.name, "u 2027-01-15") &&
           fixture_get(&fixture, &anshin_record_certificate, second.serial, &old) == APR_SUCCESS &&
           same_text(old.name, "u 2027-01-15 #2") && same_text(old.label, "Front"),
       "of one day, they are told apart by their names (LST-1)");
    ok(fixture_count(&fixture, &anshin_record_session) == 0, "sessions of the old one are over (S16)");
    ok(fixture_count(&fixture, &anshin_record_token) == 1 && fixture_count(&fixture, &anshin_record_download) == 1 &&
           fixture_blobs(&fixture) == 5,
       "the old link and files are gone (3 files of the download, 2 mails: %d)", fixture_blobs(&fixture));
}

static void test_twice_prepared(apr_pool_t *pool)
{
    anshin_job_t job;

    open_fixture(pool);
    put_user("u", 1);
    (void)prepare("u", 1);
    (void)prepare("u", 1);
    ok(work(&job) == APR_SUCCESS && work(&job) == ANSHIN_EDENIED && work(&job) == ANSHIN_ENOTFOUND,
       "two jobs for one terminal make one certificate; the other is dropped");
    ok(certificates().active == 1 && certificates().revoked == 0, "none was made for nothing");
}

/* What a worker has made, small. */
static const anshin_issue_made_t made = {
    .fingerprint = FINGERPRINT, .modern = {(const unsigned char *)"m", 1}, .compat = {(const unsigned char *)"c", 1}};

/* A world in which the worker w has u's job in hand, and knows what is ordered: the key of the job. */
static const char *in_hand(apr_pool_t *pool, anshin_job_t *job, anshin_issue_order_t *order)
{
    const char *key = NULL;
    apr_time_t wake;

    open_fixture(pool);
    put_user("u", 1);
    (void)prepare("u", 1);
    (void)anshin_job_claim(fixture_op(&fixture), "w", job, &key, &wake);
    (void)anshin_issue_order(fixture_op(&fixture), job, order);
    return key;
}

/* What makes a job unwanted: before the order, and between order and commit. */
static void test_unwanted(apr_pool_t *pool, const char *what, apr_int64_t state, apr_int64_t method, int expected)
{
    anshin_account_t account;
    anshin_issue_order_t order;
    anshin_job_t job;
    const char *key = in_hand(pool, &job, &order);
    apr_status_t status;
    int blobs;

    (void)fixture_get(&fixture, &anshin_record_account, "p-01/u", &account);
    account.state = state;
    account.method = method;
    blobs = fixture_blobs(&fixture);
    if (state < 0) {
        anshin_op_t *op = fixture_op(&fixture);

        if (anshin_account_delete(op, "u") != APR_SUCCESS) {
            printf("# delete: %s\n", op->error.text);
        }
        blobs = 0;
    } else {
        fixture_put(&fixture, &anshin_record_account, "p-01/u", &account);
    }
    status = anshin_issue_commit(fixture_op(&fixture), &job, key, "w", &order, &made);
    if (expected) {
        ok(status == APR_SUCCESS && certificates().active == 1, "%s: issued all the same", what);
        return;
    }
    ok(status == ANSHIN_EDENIED && certificates().active == 0 && fixture_count(&fixture, &anshin_record_job) == 0 &&
           fixture_count(&fixture, &anshin_record_mail) == 0 && fixture_blobs(&fixture) == blobs,
       "%s meanwhile: the job is dropped, files wiped, no mail", what);
}

/* The user was told a new password while the files under the former one were being made. */
static void test_prepared_meanwhile(apr_pool_t *pool)
{
    anshin_issue_order_t order;
    anshin_download_t download;
    anshin_job_t job;
    const char *key = in_hand(pool, &job, &order);
    const char *password = prepare("u", 1);
    int blobs = fixture_blobs(&fixture);
    apr_time_t wake;

    ok(anshin_issue_commit(fixture_op(&fixture), &job, key, "w", &order, &made) == ANSHIN_EDENIED &&
           certificates().active == 0 && fixture_blobs(&fixture) == blobs &&
           fixture_count(&fixture, &anshin_record_job) == 1 &&
           fixture_get(&fixture, &anshin_record_download, "p-01/u/1", &download) == APR_SUCCESS &&
           download.serial == NULL,
       "files under a former download password are never the download's: their job is dropped (CRT-1)");
    (void)anshin_job_claim(fixture_op(&fixture), "w", &job, &key, &wake);
    ok(anshin_issue_order(fixture_op(&fixture), &job, &order) == APR_SUCCESS &&
           same_text((const char *)order.password.data, password) &&
           anshin_issue_commit(fixture_op(&fixture), &job, key, "w", &order, &made) == APR_SUCCESS &&
           certificates().active == 1,
       "the next job makes them under the new one");
}

static void test_foreign_job(apr_pool_t *pool)
{
    anshin_issue_order_t order;
    anshin_job_t job;
    const char *key = in_hand(pool, &job, &order);
    int blobs = fixture_blobs(&fixture);

    ok(anshin_issue_commit(fixture_op(&fixture), &job, key, "other", &order, &made) == ANSHIN_ECONFLICT &&
           fixture_blobs(&fixture) == blobs,
       "a worker that has lost its job commits nothing");
    ok(anshin_issue_commit(fixture_op(&fixture), &job, key, "w", &order, &made) == APR_SUCCESS &&
           anshin_issue_commit(fixture_op(&fixture), &job, key, "w", &order, &made) == ANSHIN_ENOTFOUND &&
           certificates().active == 1,
       "the same commit twice is one (CRT-1)");
}

/* The CA was declared compromised while its certificate was being made. */
static void test_stopped(apr_pool_t *pool)
{
    anshin_issue_order_t order;
    anshin_issue_made_t of = made;
    anshin_job_t job;
    const char *key = in_hand(pool, &job, &order);
    int blobs = fixture_blobs(&fixture);

    of.ca = "aa11";
    (void)anshin_issuer_stop(fixture_op(&fixture), of.ca, "ca");
    ok(anshin_issue_commit(fixture_op(&fixture), &job, key, "w", &order, &of) == ANSHIN_EBUSY &&
           certificates().active == 0 && fixture_blobs(&fixture) == blobs &&
           fixture_count(&fixture, &anshin_record_job) == 1 && fixture_count(&fixture, &anshin_record_mail) == 0,
       "CAS-4: what a compromised CA has made meanwhile is not taken; the job stays");
    of.ca = "bb22";
    ok(anshin_issue_commit(fixture_op(&fixture), &job, key, "w", &order, &of) == APR_SUCCESS &&
           certificates().active == 1,
       "CAS-4: what the next CA makes for it is");
}

static void keep_house(void)
{
    anshin_housekeeping_t state = {.due = {0}};
    const char *task;
    int removed;

    while (anshin_housekeeping_step(fixture_op(&fixture), &state, &task, &removed) != ANSHIN_ENOTFOUND) {}
}

/* One life that ends at the given writing step; then another worker takes over. 1 when the first never came to its
 * end. */
static int live_and_die(apr_pool_t *pool, int steps, int reissue, const char **wrong)
{
    anshin_job_t job;
    int released;
    apr_status_t status;
    tally_t tally;

    open_fixture(pool);
    put_user("u", 1);
    (void)prepare("u", 1);
    if (reissue) {
        (void)work(&job);
        (void)prepare("u", 1);
    }
    steps_left = steps;
    (void)work(&job);
    steps_left = -1;
    status = died ? ANSHIN_EFAULT : APR_SUCCESS;
    died = 0;
    if (anshin_jobs_release(fixture_op(&fixture), &released) != APR_SUCCESS) {
        *wrong = "the claim was not released";
    }
    while (work(&job) != ANSHIN_ENOTFOUND) {}
    fixture.now = apr_time_now() + apr_time_from_sec(7200);
    keep_house();
    tally = certificates();
    if (tally.active != 1 || tally.revoked != reissue) {
        *wrong = "not exactly one certificate";
    }
    if (fixture_count(&fixture, &anshin_record_mail) != 1 + reissue) {
        *wrong = "not exactly one mail";
    }
    if (fixture_blobs(&fixture) != 4 + reissue) {
        *wrong = "files are missing, or were left behind";
    }
    return status != APR_SUCCESS;
}

static void test_crashes(apr_pool_t *pool, int reissue)
{
    for (dies_after = 0; dies_after < 2; dies_after++) {
        const char *wrong = NULL;
        int deaths = 0;
        int steps = 0;

        for (; steps < 200; steps++) {
            apr_pool_t *life;
            int dead;

            apr_pool_create(&life, pool);
            dead = live_and_die(life, steps, reissue, &wrong);
            apr_pool_destroy(life);
            if (!dead || wrong != NULL) {
                break;
            }
            deaths++;
        }
        ok(wrong == NULL && deaths > 10 && deaths < 200,
           "%s: death %s each of %d writing steps: one certificate, one mail, no file left over (CRT-1, S24)%s%s",
           reissue ? "reissue" : "issue", dies_after ? "after" : "before", deaths, wrong != NULL ? ": " : "",
           wrong != NULL ? wrong : "");
    }
    dies_after = 0;
}

int main(void)
{
    apr_pool_t *pool;

    setenv("TZ", "UTC", 1);
    tzset();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    make_crash_store();
    test_issue(pool);
    test_order(pool);
    test_reissue(pool);
    test_twice_prepared(pool);
    test_unwanted(pool, "deleted", -1, 0, 0);
    test_unwanted(pool, "disabled", ANSHIN_ACCOUNT_DISABLED, ANSHIN_METHOD_CERTIFICATE, 0);
    test_unwanted(pool, "another login method", ANSHIN_ACCOUNT_ACTIVE, ANSHIN_METHOD_PASSWORD, 0);
    test_unwanted(pool, "locked by the operator", ANSHIN_ACCOUNT_LOCKED, ANSHIN_METHOD_CERTIFICATE, 1);
    test_prepared_meanwhile(pool);
    test_stopped(pool);
    test_foreign_job(pool);
    test_crashes(pool, 0);
    test_crashes(pool, 1);
    apr_pool_destroy(pool);
    return done();
}
