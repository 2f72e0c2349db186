/*
 * core/selfservice/access_code.c: codes of mails without links (NOM-1): in the browser that asked alone, beside the
 * user ID for a download; wrong ones count against address and code alone; unknown users behave alike (S8).
 */
#include "core/certificate/download.h"
#include "core/certificate/download_mail.h"
#include "core/mail/mail_way.h"
#include "core/selfservice/access_code.h"
#include "core/selfservice/reissue_request.h"
#include "unit/users.h"

#define ADDRESS "192.0.2.7"

static fixture_t fixture;

/* The worker's round: the newest code that was mailed, or NULL. */
static const char *work(void)
{
    const char *key, *code = NULL;
    anshin_job_t job;
    apr_time_t wake;

    for (;;) {
        anshin_op_t *op = fixture_op(&fixture);
        anshin_mail_t mail;
        anshin_mail_text_t text;
        anshin_txn_t *txn;

        if (anshin_job_claim(op, "test", &job, &key, &wake) != APR_SUCCESS) {
            return code;
        }
        if (job.kind != ANSHIN_JOB_MAIL && job.kind != ANSHIN_JOB_ISSUE) {
            if (anshin_reissue_process(op, &job, key, "test") != APR_SUCCESS) {
                printf("# process: %s %s\n", op->error.id, op->error.text);
                return NULL;
            }
            continue;
        }
        if (job.kind == ANSHIN_JOB_MAIL) {
            (void)fixture_get(&fixture, &anshin_record_mail, job.mail, &mail);
            if (anshin_mail_open(op, &mail, &text) == APR_SUCCESS && strstr(text.body, "コード\n")) {
                code = apr_pstrndup(fixture.pool, strstr(text.body, "コード\n") + strlen("コード\n"), 9);
            }
        }
        txn = fixture_begin(op, ANSHIN_TXN_WRITE);
        (void)anshin_job_finish(txn, key, "test");
        (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    }
}

static const char *ask(anshin_reissue_kind_t kind, const char *user)
{
    (void)anshin_reissue_request(fixture_op(&fixture), kind, user, "taro@example.jp");
    return work();
}

/* A browser that has asked. */
static const char *browser(void)
{
    const char *token = NULL;

    (void)anshin_secret_token(fixture_op(&fixture), &token);
    return token;
}

static int asked(const char *user, const char *token, const char *code)
{
    int right = -1;
    anshin_op_t *op = users_op(&fixture, ADDRESS);
    apr_status_t status = anshin_access_asked(op, ANSHIN_REISSUE_PASSWORD, user, token, code, &right);

    if (status != APR_SUCCESS) {
        printf("# asked: %s %s %s\n", anshin_status_name(status), op->error.id, op->error.text);
    }
    return status == APR_SUCCESS ? right : -1;
}

static int leads_on(const char *token)
{
    anshin_reissue_asked_t found;

    return anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, token, &found) == APR_SUCCESS;
}

static int failures_at(void)
{
    anshin_counter_t counter;

    return fixture_get(&fixture, &anshin_record_counter, "p-01/@c0000207/address", &counter) == APR_SUCCESS
               ? (int)counter.failures
               : 0;
}

static void test_asked(void)
{
    const char *mine = browser(), *other = browser(), *code, *former;

    (void)users_register(&fixture, "ac1", ANSHIN_METHOD_PASSWORD);
    (void)work();
    code = ask(ANSHIN_REISSUE_PASSWORD, "ac1");
    ok(code != NULL && !leads_on(mine), "a code was mailed, and the browser's token leads nowhere yet (NOM-1)");
    ok(asked("ac1", mine, "bcdf-ghjk") == 0 && !leads_on(mine), "a wrong one is wrong");
    ok(asked("ac2", mine, code) == 0 && asked("", mine, code) == 0,
       "so is a right one for another user, or for nobody (S8)");
    ok(failures_at() == 3, "each counts on the address, known users and unknown (LCK-4)");
    ok(asked(" AC1 ", mine, apr_psprintf(fixture.pool, " %.4s\u3000%s ", code, code + 5)) == 1 && leads_on(mine),
       "the right one lets the token of the browser count (NOM-1)");
    ok(asked("ac1", mine, code) == 1, "sent twice it is right twice (FLO-2)");
    ok(asked("ac1", other, code) == 0 && !leads_on(other), "but it is used up: no other browser gets anything by it");

    former = ask(ANSHIN_REISSUE_PASSWORD, "ac1");
    ok(former != NULL, "who has typed a code and lost the page asks again and gets another one at once");
    ok(ask(ANSHIN_REISSUE_PASSWORD, "ac1") == NULL, "but no third one while that waits");
    ok(asked("ac1", other, former) == 1, "whoever asked meanwhile has no code of his own, and hinders nobody");
    fixture.now += ANSHIN_REISSUE_PAUSE;
    former = ask(ANSHIN_REISSUE_PASSWORD, "ac1");
    fixture.now += ANSHIN_REISSUE_PAUSE;
    code = ask(ANSHIN_REISSUE_PASSWORD, "ac1");
    mine = browser();
    ok(asked("ac1", mine, former) == 0 && asked("ac1", mine, code) == 1, "a newer code ends the one before");
}

static void test_ended(void)
{
    const char *mine = browser(), *code = (fixture.now += ANSHIN_REISSUE_PAUSE, ask(ANSHIN_REISSUE_PASSWORD, "ac1"));
    anshin_account_t account;
    anshin_fact_t fact;
    anshin_token_t token;
    const char *key;
    int right;

    ok(anshin_access_asked(users_op(&fixture, ADDRESS), ANSHIN_REISSUE_CERTIFICATE, "ac1", mine, code, &right) ==
               APR_SUCCESS &&
           !right,
       "a code to a password is none to a certificate (S29)");
    fixture.now += fixture.contract.policy.link_lifetime;
    ok(asked("ac1", mine, code) == 0, "one whose time is over is wrong, and nothing tells that it was one (S8)");

    code = ask(ANSHIN_REISSUE_PASSWORD, "ac1");
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/ac1", &account);
    key = apr_psprintf(fixture.pool, "reissue/p-01/%s/%d", account.number, ANSHIN_REISSUE_PASSWORD);
    (void)fixture_get(&fixture, &anshin_record_fact, key, &fact);
    (void)fixture_get(&fixture, &anshin_record_token, fact.value, &token);
    token.failures = ANSHIN_ACCESS_FAILURES - 1;
    fixture_put(&fixture, &anshin_record_token, fact.value, &token);
    ok(asked("ac1", mine, "bcdf-ghjk") == 0 && asked("ac1", mine, code) == 0,
       "a code that was guessed at too often is as good as forgotten");
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/ac1", &account);
    ok(account.state == ANSHIN_ACCOUNT_ACTIVE &&
           users_login(&fixture, "ac1", USERS_PASSWORD, &users_no_peer, NULL).outcome == ANSHIN_LOGIN_OK,
       "no account is locked by it (NOM-1)");
    ok(ask(ANSHIN_REISSUE_PASSWORD, "ac1") != NULL, "and another one can be asked for at once");
}

static void test_throttled(void)
{
    int limit = fixture.contract.policy.address_attempts, right;
    const char *mine = browser(), *code = (fixture.now += apr_time_from_sec(3600), ask(ANSHIN_REISSUE_PASSWORD, "ac1"));

    for (int i = 0; i < limit; i++) {
        (void)asked(i % 2 ? "ac1" : "nobody", mine, "bcdf-ghjk");
    }
    ok(anshin_access_asked(users_op(&fixture, ADDRESS), ANSHIN_REISSUE_PASSWORD, "ac1", mine, code, &right) ==
           ANSHIN_EDENIED,
       "an address that has guessed enough must wait, the right one too (LCK-4)");
    ok(anshin_access_asked(users_op(&fixture, "192.0.2.8"), ANSHIN_REISSUE_PASSWORD, "ac1", mine, code, &right) ==
               APR_SUCCESS &&
           right,
       "from elsewhere the code still works: nobody is locked out");
}

/* --- downloads -------------------------------------------------------------------------------------------------- */

/* A certificate that waits on the first terminal: its code. */
static const char *waits(const char *user, anshin_download_t *download)
{
    const char *key = anshin_terminal_key(fixture_op(&fixture), user, 1);
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn;
    anshin_account_t account;
    anshin_terminal_t terminal;
    const anshin_download_mail_t mail = {&account, &terminal, "cn", ANSHIN_MAIL_OWN, 0};
    apr_status_t status;

    (void)work();
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_account_get(op, txn, user, &account);
    (void)anshin_terminal_get(op, txn, user, 1, &terminal);
    (void)anshin_txn_get(txn, &anshin_record_download, key, download);
    download->serial = "4a";
    download->expires_at = fixture.now + apr_time_from_sec(86400);
    status = anshin_download_mail(op, txn, &mail, download);
    (void)anshin_txn_put(txn, &anshin_record_download, key, download);
    if (status != APR_SUCCESS || anshin_txn_commit(txn, ANSHIN_LAZY) != APR_SUCCESS) {
        printf("# download: %s %s\n", op->error.id, op->error.text);
    }
    fixture_put(&fixture, &anshin_record_certificate, "4a",
                &(anshin_certificate_t){.contract = "p-01",
                                        .user = user,
                                        .terminal = 1,
                                        .serial = "4a",
                                        .name = "cn",
                                        .state = ANSHIN_CERTIFICATE_ACTIVE,
                                        .account = account.number,
                                        .not_after = fixture.now + apr_time_from_sec(86400 * 9)});
    return work();
}

static const char *fetched_by(const char *user, const char *code)
{
    const char *token = NULL;
    int right = 0;
    anshin_op_t *op = users_op(&fixture, "192.0.2.9");
    apr_status_t status = anshin_access_download(op, user, code, &token, &right);

    if (status != APR_SUCCESS) {
        printf("# download: %s %s %s\n", anshin_status_name(status), op->error.id, op->error.text);
    }
    return right ? token : NULL;
}

static int leads_to_download(const char *token)
{
    anshin_download_state_t state;

    return token != NULL && anshin_download_find(fixture_op(&fixture), token, &state) == APR_SUCCESS &&
           same_text(state.name, "cn");
}

static void test_download(void)
{
    anshin_download_t download;
    const char *code, *first, *second, *newer;

    (void)users_register(&fixture, "ac5", ANSHIN_METHOD_CERTIFICATE);
    code = waits("ac5", &download);
    ok(code != NULL, "the mail has a code");
    ok(!fetched_by("ac1", code) && !fetched_by("nobody", code) && !fetched_by("ac5", "bcdf-ghjk") &&
           !fetched_by("", ""),
       "it counts beside its user's ID alone (NOM-1, S8)");
    first = fetched_by("AC5", code);
    ok(leads_to_download(first), "with that it leads to the download, as the link would (CRT-2)");
    second = fetched_by("ac5", code);
    ok(leads_to_download(second) && !leads_to_download(first), "once more as well, until that is done; one at a time");
    newer = waits("ac5", &download);
    ok(!fetched_by("ac5", code) && leads_to_download(fetched_by("ac5", newer)) && !leads_to_download(second),
       "a newer mail ends what the one before led to");
    ok(anshin_download_finish(fixture_op(&fixture), fetched_by("ac5", newer)) == APR_SUCCESS &&
           !fetched_by("ac5", newer),
       "when the download is done the code is none");
    code = waits("ac5", &download);
    fixture.now += apr_time_from_sec(86400);
    ok(!fetched_by("ac5", code), "nor is it when its time is over");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    fixture.contract.policy.mail_links = 0;
    test_asked();
    test_ended();
    test_throttled();
    test_download();
    apr_pool_destroy(pool);
    return done();
}
