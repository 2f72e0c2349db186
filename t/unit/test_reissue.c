/* core/reissue.c, reissue_request.c: from a request to a new password or certificate. */
#include "core/history.h"
#include "core/job.h"
#include "core/mail.h"
#include "core/reissue.h"
#include "people.h"

static world_t world;

/* The worker's round: process every job that is due; the newest link mailed of this kind, or NULL. */
static const char *work(const char *kind)
{
    anshin_job_t job;
    const char *key, *link = NULL;
    apr_time_t wake;

    for (;;) {
        anshin_op_t *op = world_op(&world);
        if (anshin_job_claim(op, "test", &job, &key, &wake) != APR_SUCCESS) {
            return link;
        }
        if (job.kind == ANSHIN_JOB_MAIL) {
            anshin_mail_t mail;
            anshin_mail_text_t text;
            anshin_txn_t *txn;
            (void)world_get(&world, &anshin_record_mail, job.mail, &mail);
            if (strcmp(mail.kind, kind) == 0 && anshin_mail_open(op, &mail, &text) == APR_SUCCESS &&
                strstr(text.body, "?t=")) {
                link = apr_pstrndup(world.pool, strstr(text.body, "?t=") + 3, 43);
            }
            txn = world_begin(op, ANSHIN_TXN_WRITE);
            (void)anshin_job_finish(op, txn, key, "test");
            (void)anshin_txn_commit(txn, ANSHIN_LAZY);
        } else if (job.kind == ANSHIN_JOB_ISSUE) {
            anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_WRITE);
            (void)anshin_job_finish(op, txn, key, "test");
            (void)anshin_txn_commit(txn, ANSHIN_LAZY);
        } else if (anshin_reissue_process(op, &job, key, "test") != APR_SUCCESS) {
            printf("# process: %s %s\n", op->error.id, op->error.text);
            return NULL;
        }
    }
}

static const char *request(anshin_reissue_kind_t kind, const char *user, const char *address)
{
    apr_status_t rv = anshin_reissue_request(world_op(&world), kind, user, address);

    if (rv != APR_SUCCESS) {
        printf("# request: %s\n", anshin_status_name(rv));
        return NULL;
    }
    return work(kind == ANSHIN_REISSUE_PASSWORD ? "password-reissue" : "certificate-reissue");
}

static void test_request(void)
{
    int blobs = world_blobs(&world);

    (void)people_register(&world, "re1", ANSHIN_METHOD_PASSWORD);
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
    world.now += ANSHIN_REISSUE_PAUSE;
    ok(request(ANSHIN_REISSUE_PASSWORD, "re1", "taro@example.jp") != NULL, "but after a while");
    world.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_PASSWORD_REISSUE);
    world.now += ANSHIN_REISSUE_PAUSE;
    ok(!request(ANSHIN_REISSUE_PASSWORD, "re1", "taro@example.jp"),
       "not where the contract has it switched off (CON-2)");
    world.contract.policy.functions |= 1 << ANSHIN_FUNCTION_PASSWORD_REISSUE;
    ok(world_blobs(&world) >= blobs, "blobs of mails wait for their delivery");
}

static void test_password(void)
{
    anshin_reissue_result_t r;
    anshin_reissue_proof_t proof;
    const char *link, *session;
    anshin_session_t record;
    const char *key;
    unsigned broken;

    (void)people_register(&world, "re2", ANSHIN_METHOD_PASSWORD);
    session = people_login(&world, "re2", PEOPLE_PASSWORD, &people_no_peer, NULL).session_id;
    link = request(ANSHIN_REISSUE_PASSWORD, "re2", "taro@example.jp");
    ok(link && anshin_reissue_find(world_op(&world), ANSHIN_REISSUE_PASSWORD, link, &proof) == APR_SUCCESS &&
           proof == ANSHIN_PROOF_QUESTION,
       "the link asks for the secret question (PRI-2)");
    ok(anshin_reissue_find(world_op(&world), ANSHIN_REISSUE_CERTIFICATE, link, &proof) == ANSHIN_ENOTFOUND,
       "a link to a password is none to a certificate (S29)");
    ok(anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_PASSWORD, link, "pet", "タマ", &r) == APR_SUCCESS &&
           !r.proof.right && !r.password && r.proof.remaining == 4,
       "a wrong answer is counted (PRI-2)");
    ok(anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_PASSWORD, link, "food", "ポチ", &r) == APR_SUCCESS &&
           !r.proof.right,
       "so is the right answer to another question");
    ok(anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_PASSWORD, link, "pet", " ﾎﾟﾁ ", &r) == APR_SUCCESS &&
           r.proof.right && r.password && r.must_change,
       "the right one, typed half-width, gives a new password (PRI-3, PWD-4)");
    (void)anshin_password_check(world_op(&world), &broken, r.password, "re2", NULL);
    ok(!broken, "that meets the policy (PRI-3)");
    ok(anshin_session_find(world_op(&world), session, &people_no_peer, &record, &key) == ANSHIN_ENOTFOUND,
       "all sessions have ended (PRI-3)");
    ok(people_login(&world, "re2", PEOPLE_PASSWORD, &people_no_peer, NULL).outcome == ANSHIN_LOGIN_WRONG,
       "the old password is none");
    ok(people_login(&world, "re2", r.password, &people_no_peer, NULL).outcome == ANSHIN_LOGIN_MUST_CHANGE,
       "the new one must be changed at the login (PRI-3)");
    ok(anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_PASSWORD, link, "pet", "ポチ", &r) == ANSHIN_EDENIED,
       "the link works once (S9)");
}

static void test_lock(void)
{
    anshin_reissue_result_t r = {0};
    const char *link;

    (void)people_register(&world, "re3", ANSHIN_METHOD_PASSWORD);
    link = request(ANSHIN_REISSUE_PASSWORD, "re3", "taro@example.jp");
    for (int i = 0; i < 5; i++) {
        (void)anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_PASSWORD, link, "pet", "guess", &r);
    }
    ok(r.proof.locked, "five wrong answers lock (PRI-2, LCK-1)");
    (void)anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_PASSWORD, link, "pet", "ポチ", &r);
    ok(r.proof.locked && !r.proof.right && !r.password, "then the right one does not help (LCK-2)");
    ok(anshin_account_unlock(world_op(&world), "re3") == APR_SUCCESS, "until the operator unlocks");
    world.now += world.contract.policy.link_lifetime;
    ok(anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_PASSWORD, link, "pet", "ポチ", &r) == ANSHIN_EDENIED,
       "an old link has expired (S9)");
}

static void test_certificate(void)
{
    anshin_reissue_result_t r;
    anshin_certificate_t record;
    anshin_terminal_t terminal;
    anshin_login_result_t login;
    anshin_session_t session;
    anshin_peer_t peer;
    const char *link, *key;

    (void)people_register(&world, "re4", ANSHIN_METHOD_CERTIFICATE);
    peer = people_certificate(&world, "re4", 1, "c1");
    login = people_login(&world, "re4", PEOPLE_PASSWORD, &peer, NULL);
    link = request(ANSHIN_REISSUE_CERTIFICATE, "re4", "taro@example.jp");
    ok(link &&
           anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_CERTIFICATE, link, "pet", "ポチ", &r) ==
               APR_SUCCESS &&
           r.download_password && !r.password,
       "the right answer gives a download password (CRI-2)");
    (void)world_get(&world, &anshin_record_certificate, "c1", &record);
    (void)world_get(&world, &anshin_record_terminal, "p-01/re4/1", &terminal);
    ok(record.state == ANSHIN_CERTIFICATE_REVOKED && record.reason == 4 && !terminal.certificate,
       "the old certificate is revoked as superseded (CRI-2, CRT-5)");
    ok(anshin_session_find(world_op(&world), login.session_id, &peer, &session, &key) != APR_SUCCESS,
       "its sessions have ended (S16)");
    ok(people_login(&world, "re4", PEOPLE_PASSWORD, &people_no_peer, NULL).outcome == ANSHIN_LOGIN_WRONG,
       "without a certificate there is still no way in: no factor was dropped (S11)");
}

static void test_factor(void)
{
    anshin_reissue_result_t r;
    anshin_reissue_proof_t proof;
    const char *link, *code;
    apr_time_t expires;
    anshin_peer_t peer;

    world.contract.policy.reissue_proof = ANSHIN_REISSUE_BY_FACTOR;
    (void)people_register(&world, "re5", ANSHIN_METHOD_CERTIFICATE);
    peer = people_certificate(&world, "re5", 1, "c5");
    link = request(ANSHIN_REISSUE_CERTIFICATE, "re5", "taro@example.jp");
    ok(link && anshin_reissue_find(world_op(&world), ANSHIN_REISSUE_CERTIFICATE, link, &proof) == APR_SUCCESS &&
           proof == ANSHIN_PROOF_PASSWORD,
       "modern: a certificate is proven by the password (CON-4)");
    ok(anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_CERTIFICATE, link, "pet", "ポチ", &r) == APR_SUCCESS &&
           !r.proof.right,
       "the secret answer is nothing there");
    ok(anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_CERTIFICATE, link, "", PEOPLE_PASSWORD, &r) ==
               APR_SUCCESS &&
           r.download_password,
       "the password is");
    link = request(ANSHIN_REISSUE_PASSWORD, "re5", "taro@example.jp");
    ok(link && anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_PASSWORD, link, "", "", &r) == APR_SUCCESS &&
           !r.proof.right,
       "a password needs a code of the operator; none was given");
    ok(anshin_reissue_code(world_op(&world), "RE5", &code, &expires) == APR_SUCCESS && strlen(code) == 10,
       "the operator gives one");
    ok(anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_PASSWORD, link, "", code, &r) == APR_SUCCESS &&
           r.password,
       "which gives the new password (CON-4)");
    link = NULL;
    world.now += ANSHIN_REISSUE_PAUSE;
    link = request(ANSHIN_REISSUE_PASSWORD, "re5", "taro@example.jp");
    ok(link && anshin_reissue_execute(world_op(&world), ANSHIN_REISSUE_PASSWORD, link, "", code, &r) == APR_SUCCESS &&
           !r.proof.right,
       "and works once");
    ok(anshin_reissue_code(world_op(&world), "nobody", &code, &expires) == ANSHIN_ENOTFOUND, "none for nobody");
    (void)peer;
}

/* As if so many requests waited. */
static void waiting(apr_int64_t count)
{
    anshin_sequence_t sequence;

    (void)world_get(&world, &anshin_record_sequence, "requests/p-01", &sequence);
    sequence.count = count;
    world_put(&world, &anshin_record_sequence, "requests/p-01", &sequence);
}

static void test_limit(void)
{
    static const anshin_reissue_kind_t kinds[] = {ANSHIN_REISSUE_PASSWORD, ANSHIN_REISSUE_CERTIFICATE};
    int jobs, blobs, refused = 0;

    waiting(9999);
    ok(anshin_reissue_request(world_op(&world), kinds[0], "re1", "taro@example.jp") == APR_SUCCESS,
       "with 9,999 requests in the queue one is the last that is taken (S32)");
    jobs = world_count(&world, &anshin_record_job);
    blobs = world_blobs(&world);
    for (int i = 0; i < 2; i++) {
        anshin_op_t *op = world_op(&world);
        refused += anshin_reissue_request(op, kinds[i], "re1", "taro@example.jp") == ANSHIN_EBUSY &&
                   strcmp(op->error.id, "AN0195") == 0 && !op->jobs_queued;
    }
    ok(refused == 2, "with 10,000 one of either kind is refused as busy (S32)");
    ok(world_count(&world, &anshin_record_job) == jobs && world_blobs(&world) == blobs,
       "and leaves neither a job nor a sealed text behind (S24, S32)");
    world.contract.name = "p-02";
    ok(anshin_reissue_request(world_op(&world), kinds[0], "re1", "taro@example.jp") == APR_SUCCESS,
       "another contract has room of its own (S37)");
    world.contract.name = "p-01";
    waiting(9999);
    jobs = world_count(&world, &anshin_record_job);
    blobs = world_blobs(&world);
    ok(anshin_reissue_request(world_op(&world), kinds[0], "re1", "taro@example.jp") == APR_SUCCESS &&
           world_count(&world, &anshin_record_job) == jobs + 1 && world_blobs(&world) == blobs + 1,
       "once there is room the next one is taken");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    world_open(&world, &anshin_store_mem, NULL, pool);
    people_contract(&world, ANSHIN_PRESET_CLASSIC);
    test_request();
    test_password();
    test_lock();
    test_certificate();
    test_factor();
    test_limit();
    apr_pool_destroy(pool);
    return done();
}
