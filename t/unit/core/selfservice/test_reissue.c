/* core/selfservice/reissue.c, reissue_request.c: from a request to a new password or certificate. */
#include "core/account/history.h"
#include "core/mail/job.h"
#include "core/mail/mail.h"
#include "core/selfservice/reissue.h"
#include "core/admin/operator.h"
#include "core/selfservice/reissue_request.h"
#include "unit/users.h"

static fixture_t fixture;

/* The worker's round: process every job that is due; the newest link mailed of this kind, or NULL. */
static const char *work(const char *kind)
{
    anshin_job_t job;
    const char *key, *link = NULL;
    apr_time_t wake;

    for (;;) {
        anshin_op_t *op = fixture_op(&fixture);
        if (anshin_job_claim(op, "test", &job, &key, &wake) != APR_SUCCESS) {
            return link;
        }
        if (job.kind == ANSHIN_JOB_MAIL) {
            anshin_mail_t mail;
            anshin_mail_text_t text;
            anshin_txn_t *txn;
            (void)fixture_get(&fixture, &anshin_record_mail, job.mail, &mail);
            if (strcmp(mail.kind, kind) == 0 && anshin_mail_open(op, &mail, &text) == APR_SUCCESS &&
                strstr(text.body, "?t=")) {
                link = apr_pstrndup(fixture.pool, strstr(text.body, "?t=") + 3, 43);
            }
            txn = fixture_begin(op, ANSHIN_TXN_WRITE);
            (void)anshin_job_finish(txn, key, "test");
            (void)anshin_txn_commit(txn, ANSHIN_LAZY);
        } else if (job.kind == ANSHIN_JOB_ISSUE) {
            anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
            (void)anshin_job_finish(txn, key, "test");
            (void)anshin_txn_commit(txn, ANSHIN_LAZY);
        } else if (anshin_reissue_process(op, &job, key, "test") != APR_SUCCESS) {
            printf("# process: %s %s\n", op->error.id, op->error.text);
            return NULL;
        }
    }
}

static const char *request(anshin_reissue_kind_t kind, const char *user, const char *address)
{
    apr_status_t status = anshin_reissue_request(fixture_op(&fixture), kind, user, address);

    if (status != APR_SUCCESS) {
        printf("# request: %s\n", anshin_status_name(status));
        return NULL;
    }
    return work(kind == ANSHIN_REISSUE_PASSWORD ? "password-reissue" : "certificate-reissue");
}

/* The first terminal of a user has another address. */
static void moved(const char *user, const char *address)
{
    const char *key = anshin_terminal_key(fixture_op(&fixture), user, 1);
    anshin_terminal_t terminal;

    (void)fixture_get(&fixture, &anshin_record_terminal, key, &terminal);
    terminal.address = address;
    fixture_put(&fixture, &anshin_record_terminal, key, &terminal);
}

static void test_request(void)
{
    int blobs = fixture_blobs(&fixture);

    (void)users_register(&fixture, "re1", ANSHIN_METHOD_PASSWORD);
    (void)work("");
    ok(!request(ANSHIN_REISSUE_PASSWORD, "re1", "other@example.jp"),
       "an address that is not the user's: no mail (PRI-1)");
    ok(!request(ANSHIN_REISSUE_PASSWORD, "nobody", "taro@example.jp"),
       "an unknown ID: no mail, the same answer (PRI-1, S8)");
    ok(!request(ANSHIN_REISSUE_PASSWORD, "a/b\r\n", "x\"y"), "nonsense: no mail, the same answer");
    ok(!request(ANSHIN_REISSUE_CERTIFICATE, "re1", "taro@example.jp"), "no certificate for who has none to reissue");
    ok(request(ANSHIN_REISSUE_PASSWORD, " RE1 ", "Taro@Example.JP") != NULL,
       "both right, in any case: a mail with a link (PRI-1)");
    ok(!request(ANSHIN_REISSUE_PASSWORD, "re1", "taro@example.jp"), "asked for again at once: no second mail");
    fixture.now += ANSHIN_REISSUE_PAUSE;
    ok(request(ANSHIN_REISSUE_PASSWORD, "re1", "taro@example.jp") != NULL, "but after a while");
    moved("re1", "jiro@example.jp");
    ok(request(ANSHIN_REISSUE_PASSWORD, "re1", "jiro@example.jp") != NULL,
       "U09: a link whose mail box is no longer the user's keeps nobody waiting");
    fixture.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_PASSWORD_REISSUE);
    fixture.now += ANSHIN_REISSUE_PAUSE;
    ok(!request(ANSHIN_REISSUE_PASSWORD, "re1", "jiro@example.jp"),
       "not where the contract has it switched off (CON-2)");
    fixture.contract.policy.functions |= 1 << ANSHIN_FUNCTION_PASSWORD_REISSUE;
    ok(fixture_blobs(&fixture) >= blobs, "blobs of mails wait for their delivery");
}

static void test_password(void)
{
    anshin_reissue_result_t r;
    anshin_reissue_asked_t asked;
    const char *link, *session;
    anshin_session_t record;
    const char *key;
    unsigned broken;

    (void)users_register(&fixture, "re2", ANSHIN_METHOD_PASSWORD);
    session = users_login(&fixture, "re2", USERS_PASSWORD, &users_no_peer, NULL).session_id;
    link = request(ANSHIN_REISSUE_PASSWORD, "re2", "taro@example.jp");
    ok(link && anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, link, &asked) == APR_SUCCESS &&
           asked.proof == ANSHIN_PROOF_QUESTION && same_text(asked.user, "re2"),
       "the link asks for the secret question (PRI-2)");
    ok(anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_CERTIFICATE, link, &asked) == ANSHIN_ENOTFOUND,
       "a link to a password is none to a certificate (S29)");
    ok(anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, link,
                              &(anshin_reissue_typed_t){"pet", "タマ", ""}, &r) == APR_SUCCESS &&
           !r.proof.right && !r.password && r.proof.remaining == 4,
       "a wrong answer is counted (PRI-2)");
    ok(anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, link,
                              &(anshin_reissue_typed_t){"food", "ポチ", ""}, &r) == APR_SUCCESS &&
           !r.proof.right,
       "so is the right answer to another question");
    ok(anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, link,
                              &(anshin_reissue_typed_t){"pet", " ﾎﾟﾁ ", ""}, &r) == APR_SUCCESS &&
           r.proof.right && r.password && r.must_change,
       "the right one, typed half-width, gives a new password (PRI-3, PWD-4)");
    (void)anshin_password_check(fixture_op(&fixture), &broken, r.password, "re2", NULL);
    ok(!broken, "that meets the policy (PRI-3)");
    ok(anshin_session_find(fixture_op(&fixture), session, &users_no_peer, &record, &key) == ANSHIN_ENOTFOUND,
       "all sessions have ended (PRI-3)");
    ok(users_login(&fixture, "re2", USERS_PASSWORD, &users_no_peer, NULL).outcome == ANSHIN_LOGIN_WRONG,
       "the old password is none");
    ok(users_login(&fixture, "re2", r.password, &users_no_peer, NULL).outcome == ANSHIN_LOGIN_MUST_CHANGE,
       "the new one must be changed at the login (PRI-3)");
    ok(anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, link,
                              &(anshin_reissue_typed_t){"pet", "ポチ", ""}, &r) == ANSHIN_EDENIED,
       "the link works once (S9)");
    ok(request(ANSHIN_REISSUE_PASSWORD, "re2", "taro@example.jp") != NULL,
       "U09: who has used a link and lost what it gave asks again and gets another one, without waiting (PRI-1)");
    ok(!request(ANSHIN_REISSUE_PASSWORD, "re2", "taro@example.jp"), "once: the new link waits to be used");
}

static void test_lock(void)
{
    anshin_reissue_result_t r = {0};
    const char *link;

    (void)users_register(&fixture, "re3", ANSHIN_METHOD_PASSWORD);
    link = request(ANSHIN_REISSUE_PASSWORD, "re3", "taro@example.jp");
    for (int i = 0; i < 5; i++) {
        (void)anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, link,
                                     &(anshin_reissue_typed_t){"pet", "guess", ""}, &r);
    }
    ok(r.proof.locked, "five wrong answers lock (PRI-2, LCK-1)");
    ok(users_tell_locks(&fixture) == 1 &&
           strstr(users_mailed_text(&fixture, "locked"), "\n再発行の本人確認（秘密の質問の答え、") != NULL,
       "U29: the mail tells that it was by answers");
    (void)anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, link,
                                 &(anshin_reissue_typed_t){"pet", "ポチ", ""}, &r);
    ok(r.proof.locked && !r.proof.right && !r.password, "then the right one does not help (LCK-2)");
    ok(anshin_account_unlock(fixture_op(&fixture), "re3") == APR_SUCCESS, "until the operator unlocks");
    fixture.now += fixture.contract.policy.link_lifetime;
    ok(anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, link,
                              &(anshin_reissue_typed_t){"pet", "ポチ", ""}, &r) == ANSHIN_EDENIED,
       "an old link has expired (S9)");
}

static void test_certificate(void)
{
    anshin_reissue_result_t r;
    anshin_certificate_t record;
    anshin_terminal_t terminal;
    anshin_login_result_t login;
    anshin_session_t session;
    anshin_presented_t presented;
    const char *link, *key;

    (void)users_register(&fixture, "re4", ANSHIN_METHOD_CERTIFICATE);
    presented = users_certificate(&fixture, "re4", 1, "c1");
    login = users_login(&fixture, "re4", USERS_PASSWORD, &presented, NULL);
    link = request(ANSHIN_REISSUE_CERTIFICATE, "re4", "taro@example.jp");
    ok(link &&
           anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_CERTIFICATE, link,
                                  &(anshin_reissue_typed_t){"pet", "ポチ", ""}, &r) == APR_SUCCESS &&
           r.download_password && !r.password,
       "the right answer gives a download password (CRI-2)");
    (void)fixture_get(&fixture, &anshin_record_certificate, "c1", &record);
    (void)fixture_get(&fixture, &anshin_record_terminal, "p-01/re4/1", &terminal);
    ok(record.state == ANSHIN_CERTIFICATE_REVOKED && record.reason == 4 && !terminal.certificate,
       "the old certificate is revoked as superseded (CRI-2, CRT-5)");
    ok(anshin_session_find(fixture_op(&fixture), login.session_id, &presented, &session, &key) != APR_SUCCESS,
       "its sessions have ended (S16)");
    ok(users_login(&fixture, "re4", USERS_PASSWORD, &users_no_peer, NULL).outcome == ANSHIN_LOGIN_WRONG,
       "without a certificate there is still no way in: no factor was dropped (S11)");
}

/* Execute with question, answer and the operator's code; 1: done. */
static int executed(anshin_reissue_kind_t kind, const char *link, const char *answer, const char *code,
                    anshin_reissue_result_t *result)
{
    const anshin_reissue_typed_t typed = {"pet", answer, code};

    memset(result, 0, sizeof(*result));
    return link && anshin_reissue_execute(fixture_op(&fixture), kind, link, &typed, result) == APR_SUCCESS &&
           result->proof.right;
}

/* Mailbox and question must not yield both factors at once (S41, GAP-1). first and then in either order. */
static void test_gap(const char *user, anshin_reissue_kind_t first, anshin_reissue_kind_t then)
{
    const apr_interval_time_t gap = apr_time_from_sec(86400);
    anshin_reissue_asked_t asked;
    anshin_reissue_result_t r;
    anshin_account_t account;
    const char *link, *code;
    apr_time_t expires;

    (void)users_register(&fixture, user, ANSHIN_METHOD_CERTIFICATE);
    link = request(first, user, "taro@example.jp");
    ok(link && anshin_reissue_find(fixture_op(&fixture), first, link, &asked) == APR_SUCCESS && asked.opens_at == 0 &&
           asked.closes_to == fixture.now + gap,
       "GAP-1: before the first reissue is told how long the other will wait");
    ok(executed(first, link, "ポチ", "", &r), "the first one is done");
    link = request(then, user, "taro@example.jp");
    ok(link && anshin_reissue_find(fixture_op(&fixture), then, link, &asked) == APR_SUCCESS &&
           asked.opens_at == fixture.now + gap,
       "GAP-1: the link of the other comes all the same, and says when it opens: a stranger learns nothing");
    ok(!executed(then, link, "ポチ", "", &r) && r.proof.remaining == 4,
       "S41: the right answer alone does not yield the other factor");
    (void)anshin_reissue_code(fixture_op(&fixture), user, &code, &expires);
    ok(!executed(then, link, "タマ", code, &r) && r.proof.remaining == 3,
       "S41: nor the operator's code alone; either is one attempt of the account");
    ok(!executed(then, link, "ポチ", "", &r) && r.proof.remaining == 2, "S41: a right code forgets no failure");
    ok(executed(then, link, "ポチ", code, &r), "GAP-1: both open it");
    (void)fixture_get(&fixture, &anshin_record_account, apr_pstrcat(fixture.pool, "p-01/", user, NULL), &account);
    ok(!account.proof_mac, "the code is used up");
    fixture.now += gap;
    link = request(first, user, "taro@example.jp");
    ok(executed(first, link, "ポチ", "", &r), "GAP-1: after the gap it opens by itself");
}

static void test_gap_ends(void)
{
    anshin_reissue_asked_t asked;
    anshin_reissue_result_t r;
    const char *password, *certificate;

    (void)users_register(&fixture, "gap3", ANSHIN_METHOD_CERTIFICATE);
    password = request(ANSHIN_REISSUE_PASSWORD, "gap3", "taro@example.jp");
    certificate = request(ANSHIN_REISSUE_CERTIFICATE, "gap3", "taro@example.jp");
    ok(executed(ANSHIN_REISSUE_PASSWORD, password, "ポチ", "", &r) &&
           !executed(ANSHIN_REISSUE_CERTIFICATE, certificate, "ポチ", "", &r),
       "S41: a link that was mailed before the gap began does not lead around it");
    fixture.contract.policy.reissue_gap = 0;
    ok(anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_CERTIFICATE, certificate, &asked) == APR_SUCCESS &&
           asked.opens_at == 0 && asked.closes_to == 0 &&
           executed(ANSHIN_REISSUE_CERTIFICATE, certificate, "ポチ", "", &r),
       "GAP-1: none is the manual's behaviour");
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    (void)users_register(&fixture, "gap4", ANSHIN_METHOD_PASSWORD);
    password = request(ANSHIN_REISSUE_PASSWORD, "gap4", "taro@example.jp");
    ok(password &&
           anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, password, &asked) == APR_SUCCESS &&
           asked.closes_to == 0,
       "who has one factor is told of no other");
}

static void test_factor(void)
{
    anshin_reissue_result_t r;
    anshin_reissue_asked_t asked;
    const char *link, *code;
    apr_time_t expires;
    anshin_presented_t presented;

    fixture.contract.policy.reissue_proof = ANSHIN_REISSUE_BY_FACTOR;
    (void)users_register(&fixture, "re5", ANSHIN_METHOD_CERTIFICATE);
    presented = users_certificate(&fixture, "re5", 1, "c5");
    link = request(ANSHIN_REISSUE_CERTIFICATE, "re5", "taro@example.jp");
    ok(link && anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_CERTIFICATE, link, &asked) == APR_SUCCESS &&
           asked.proof == ANSHIN_PROOF_PASSWORD,
       "modern: a certificate is proven by the password (CON-4)");
    ok(anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_CERTIFICATE, link,
                              &(anshin_reissue_typed_t){"pet", "ポチ", ""}, &r) == APR_SUCCESS &&
           !r.proof.right,
       "the secret answer is nothing there");
    ok(anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_CERTIFICATE, link,
                              &(anshin_reissue_typed_t){"", USERS_PASSWORD, ""}, &r) == APR_SUCCESS &&
           r.download_password,
       "the password is");
    link = request(ANSHIN_REISSUE_PASSWORD, "re5", "taro@example.jp");
    ok(link &&
           anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, link,
                                  &(anshin_reissue_typed_t){"", "", ""}, &r) == APR_SUCCESS &&
           !r.proof.right,
       "a password needs a code of the operator; none was given");
    ok(anshin_reissue_code(fixture_op(&fixture), "RE5", &code, &expires) == APR_SUCCESS && strlen(code) == 10,
       "the operator gives one");
    ok(anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, link,
                              &(anshin_reissue_typed_t){"", code, ""}, &r) == APR_SUCCESS &&
           r.password,
       "which gives the new password (CON-4)");
    link = NULL;
    fixture.now += ANSHIN_REISSUE_PAUSE;
    link = request(ANSHIN_REISSUE_PASSWORD, "re5", "taro@example.jp");
    ok(link &&
           anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, link,
                                  &(anshin_reissue_typed_t){"", code, ""}, &r) == APR_SUCCESS &&
           !r.proof.right,
       "and works once");
    ok(anshin_reissue_code(fixture_op(&fixture), "nobody", &code, &expires) == ANSHIN_ENOTFOUND, "none for nobody");
    (void)presented;
}

/* As if so many requests waited: the number is that of modules/store/due.c. */
static void waiting(apr_int64_t count)
{
    const anshin_due_t requests = {.count = count};

    fixture_put(&fixture, &anshin_record_due, "job#strangers/p-01", &requests);
}

static void test_limit(void)
{
    static const anshin_reissue_kind_t kinds[] = {ANSHIN_REISSUE_PASSWORD, ANSHIN_REISSUE_CERTIFICATE};
    int jobs, blobs, refused = 0;

    waiting(9999);
    ok(anshin_reissue_request(fixture_op(&fixture), kinds[0], "re1", "taro@example.jp") == APR_SUCCESS,
       "with 9,999 requests in the queue one is the last that is taken (S32)");
    jobs = fixture_count(&fixture, &anshin_record_job);
    blobs = fixture_blobs(&fixture);
    for (int i = 0; i < 2; i++) {
        anshin_op_t *op = fixture_op(&fixture);
        refused += anshin_reissue_request(op, kinds[i], "re1", "taro@example.jp") == ANSHIN_EBUSY &&
                   strcmp(op->error.id, "AN0195") == 0 && !op->jobs_queued;
    }
    ok(refused == 2, "with 10,000 one of either kind is refused as busy (S32)");
    ok(fixture_count(&fixture, &anshin_record_job) == jobs && fixture_blobs(&fixture) == blobs,
       "and leaves neither a job nor a sealed text behind (S24, S32)");
    fixture.contract.name = "p-02";
    ok(anshin_reissue_request(fixture_op(&fixture), kinds[0], "re1", "taro@example.jp") == APR_SUCCESS,
       "another contract has room of its own (S37)");
    fixture.contract.name = "p-01";
    waiting(9999);
    jobs = fixture_count(&fixture, &anshin_record_job);
    blobs = fixture_blobs(&fixture);
    ok(anshin_reissue_request(fixture_op(&fixture), kinds[0], "re1", "taro@example.jp") == APR_SUCCESS &&
           fixture_count(&fixture, &anshin_record_job) == jobs + 1 && fixture_blobs(&fixture) == blobs + 1,
       "once there is room the next one is taken");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_request();
    test_password();
    test_lock();
    test_certificate();
    test_gap("gap1", ANSHIN_REISSUE_PASSWORD, ANSHIN_REISSUE_CERTIFICATE);
    test_gap("gap2", ANSHIN_REISSUE_CERTIFICATE, ANSHIN_REISSUE_PASSWORD);
    test_gap_ends();
    test_factor();
    test_limit();
    apr_pool_destroy(pool);
    return done();
}
