/* core/selfservice/lost_device.c (LST-2): a lost device's certificate is revoked without a certificate, and nothing else. */
#include "core/account/history.h"
#include "core/account/session.h"
#include "core/account/lockout.h"
#include "core/certificate/certificate.h"
#include "core/certificate/download.h"
#include "core/certificate/revocation.h"
#include "core/context/flow.h"
#include "unit/cases.h"

static const anshin_reissue_typed_t right = {"pet", "ポチ", ""};
static const anshin_reissue_typed_t wrong = {"pet", "タマ", ""};

static anshin_op_t *op_in_flow(void)
{
    anshin_op_t *op = fixture_op(&fixture);

    op->flow = &scene.flow;
    return op;
}

static anshin_reauthentication_t prove(const anshin_reissue_typed_t *typed, apr_status_t wanted)
{
    anshin_reauthentication_t proof;
    apr_status_t status = anshin_lost_device_prove(op_in_flow(), scene.token, typed, &proof);

    if (status != wanted) {
        printf("# prove: %s\n", anshin_status_name(status));
    }
    ok(status == wanted, wanted == APR_SUCCESS ? "an attempt" : "no attempt");
    return proof;
}

static apr_status_t list(apr_array_header_t **devices)
{
    return anshin_lost_devices(fixture_op(&fixture), &scene.flow, devices);
}

static anshin_certificate_verdict_t verdict(void)
{
    anshin_certificate_verdict_t verdict = ANSHIN_VERDICT_NONE;

    (void)anshin_certificate_verdict(fixture_op(&fixture), &scene.presented, &verdict);
    return verdict;
}

static int session_lives(void)
{
    anshin_session_t session;
    const char *key;

    return anshin_session_find(fixture_op(&fixture), scene.session_id, &scene.presented, &session, &key) == APR_SUCCESS;
}

/* How many jobs would mail something of this template. */
static int mailed(const char *kind)
{
    int count = 0;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;

    while (anshin_job_claim(fixture_op(&fixture), "w", &job, &key, &wake) == APR_SUCCESS) {
        anshin_mail_t mail;

        if (job.kind == ANSHIN_JOB_MAIL && fixture_get(&fixture, &anshin_record_mail, job.mail, &mail) == APR_SUCCESS) {
            count += strcmp(mail.kind, kind) == 0;
        }
        (void)anshin_job_drop(fixture_op(&fixture), key, "w");
    }
    return count;
}

static void test_way(void)
{
    apr_array_header_t *devices;
    const anshin_lost_device_t *device;
    anshin_reissue_asked_t asked;
    anshin_terminal_t terminal;

    scene.user = "lo1";
    link_to_lost_device();
    enter();
    (void)mailed("");
    ok(anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_LOST, scene.token, &asked) == APR_SUCCESS &&
           asked.proof == ANSHIN_PROOF_QUESTION && asked.opens_at == 0 && asked.closes_to == 0,
       "the link asks for the secret question, and no reissue waits for it (LST-2)");
    ok(anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_CERTIFICATE, scene.token, &asked) == ANSHIN_ENOTFOUND,
       "it is no link to a reissue: nothing else can be done with it");
    ok(list(&devices) == ANSHIN_EDENIED && devices->nelts == 0, "the link alone lists nothing");
    ok(anshin_lost_device_revoke(op_in_flow(), 1) == ANSHIN_EDENIED, "and revokes nothing");
    ok(!prove(&wrong, APR_SUCCESS).right && scene.flow.stage == ANSHIN_STAGE_OPENED, "a wrong answer proves nothing");
    ok(prove(&right, APR_SUCCESS).right && scene.flow.stage == ANSHIN_STAGE_CODE_OK, "the right one does");
    ok(list(&devices) == APR_SUCCESS && devices->nelts == 1, "the terminals that have a certificate");
    device = &APR_ARRAY_IDX(devices, 0, anshin_lost_device_t);
    ok(device->terminal.number == 1 && same_text(device->name, "lo1") && device->expires_at > fixture.now,
       "with its name and its end");
    ok(anshin_lost_device_revoke(op_in_flow(), 2) == ANSHIN_ECONFLICT, "a number that is no terminal");
    ok(verdict() == ANSHIN_VERDICT_GOOD && session_lives(), "until then nothing has happened");
    ok(anshin_lost_device_revoke(op_in_flow(), 1) == APR_SUCCESS, "it is revoked");
    ok(verdict() == ANSHIN_VERDICT_REVOKED, "at once");
    ok(!session_lives(), "its session has ended");
    ok(fixture_get(&fixture, &anshin_record_terminal, anshin_terminal_key(fixture_op(&fixture), "lo1", 1), &terminal) ==
               APR_SUCCESS &&
           terminal.certificate == NULL,
       "the terminal stays");
    ok(mailed("device-lost") == 1, "a notice is mailed");
    ok(scene.flow.stage == ANSHIN_STAGE_RESULT && anshin_lost_device_revoke(op_in_flow(), 1) == ANSHIN_EDENIED, "once");
    scene.flow.stage = ANSHIN_STAGE_CODE_OK;
    ok(list(&devices) == ANSHIN_EDENIED, "the link is used up");
}

/* What waited for download is wiped, as after the first login. */
static void fetched(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

    (void)anshin_download_finish_in(op, txn, scene.user, 1);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

static int is_locked(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    anshin_lock_t lock = {0};

    (void)anshin_lock_get(op, txn, ANSHIN_COUNTER_PASSWORD, scene.user, &lock);
    anshin_txn_abort(txn);
    return lock.kinds != 0;
}

static void test_nothing_to_revoke(void)
{
    apr_array_header_t *devices;
    anshin_presented_t first;

    scene.user = "lo2";
    link_to_lost_device();
    first = scene.presented;
    (void)prove(&right, APR_SUCCESS);
    (void)anshin_certificate_revoke(fixture_op(&fixture), first.serial, ANSHIN_REASON_UNSPECIFIED);
    fetched();
    (void)mailed("");
    ok(list(&devices) == APR_SUCCESS && devices->nelts == 0, "a certificate that is revoked already is not offered");
    ok(anshin_lost_device_revoke(op_in_flow(), 1) == ANSHIN_ECONFLICT && mailed("device-lost") == 0,
       "and cannot be chosen by hand");
    ok(list(&devices) == APR_SUCCESS, "what was in vain does not use the link up");
}

static void test_waiting_download(void)
{
    anshin_download_t download;
    apr_array_header_t *devices;

    scene.user = "lo3";
    (void)users_register(&fixture, scene.user, ANSHIN_METHOD_CERTIFICATE);
    link_to(ANSHIN_TOKEN_LOST_DEVICE);
    (void)anshin_flow_start(fixture_op(&fixture), &scene.flow, ANSHIN_FLOW_LOST_DEVICE, "");
    scene.flow.token = scene.token;
    (void)prove(&right, APR_SUCCESS);
    ok(list(&devices) == APR_SUCCESS && devices->nelts == 1 &&
           APR_ARRAY_IDX(devices, 0, anshin_lost_device_t).expires_at == 0,
       "a certificate that is still to be issued is offered");
    ok(anshin_lost_device_revoke(op_in_flow(), 1) == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_download, anshin_terminal_key(fixture_op(&fixture), "lo3", 1),
                       &download) == ANSHIN_ENOTFOUND,
       "and waits no more");
}

static void test_locked(void)
{
    anshin_login_result_t login;
    anshin_reissue_result_t reissued;
    anshin_reauthentication_t proof;

    scene.user = "lo4";
    link_to_lost_device();
    for (int i = 0; i < 5; i++) {
        login = users_login(&fixture, "lo4", "wrong", &scene.presented, NULL);
    }
    ok(login.outcome == ANSHIN_LOGIN_LOCKED, "an account that attempts have locked");
    ok(prove(&right, APR_SUCCESS).right && anshin_lost_device_revoke(op_in_flow(), 1) == APR_SUCCESS,
       "can still have its certificate revoked (LST-2)");
    ok(is_locked(), "and stays locked");

    scene.user = "lo5";
    link_to_lost_device();
    ok(anshin_account_lock(fixture_op(&fixture), "lo5", ANSHIN_ACCOUNT_LOCKED) == APR_SUCCESS &&
           prove(&right, APR_SUCCESS).right,
       "so can one that the operator has locked");
    ok(anshin_account_lock(fixture_op(&fixture), "lo5", ANSHIN_ACCOUNT_DISABLED) == APR_SUCCESS &&
           anshin_lost_device_revoke(op_in_flow(), 1) == ANSHIN_EDENIED,
       "not one that is disabled");

    scene.user = "lo6";
    link_to_lost_device();
    for (int i = 0; i < 5; i++) {
        proof = prove(&wrong, APR_SUCCESS);
    }
    ok(proof.locked, "five wrong answers close this way (LCK-1)");
    proof = prove(&right, APR_SUCCESS);
    ok(proof.locked && !proof.right && scene.flow.stage == ANSHIN_STAGE_OPENED, "then the right one does not help");
    ok(users_login(&fixture, "lo6", USERS_PASSWORD, &scene.presented, NULL).outcome == ANSHIN_LOGIN_OK,
       "but the account is not locked by it");
    link_to(ANSHIN_TOKEN_CERTIFICATE);
    ok(anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_CERTIFICATE, scene.token, &right, &reissued) ==
               APR_SUCCESS &&
           reissued.proof.right,
       "and a reissue still takes the answer");
    link_to(ANSHIN_TOKEN_LOST_DEVICE);
    ok(anshin_account_unlock(fixture_op(&fixture), "lo6") == APR_SUCCESS && prove(&right, APR_SUCCESS).right,
       "the operator's unlock opens this way as well");
}

static void test_code(void)
{
    anshin_reissue_typed_t typed = {"", "", ""};
    anshin_reissue_asked_t asked;
    apr_time_t expires_at;
    const char *code;

    fixture.contract.policy.reissue_proof = ANSHIN_REISSUE_BY_FACTOR;
    scene.user = "lo7";
    link_to_lost_device();
    ok(anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_LOST, scene.token, &asked) == APR_SUCCESS &&
           asked.proof == ANSHIN_PROOF_CODE,
       "where the contract has no questions, the operator's code");
    typed.answer = "nonsense";
    ok(!prove(&typed, APR_SUCCESS).right, "a wrong one");
    (void)anshin_reissue_code(fixture_op(&fixture), "lo7", &code, &expires_at);
    typed.answer = code;
    ok(prove(&typed, APR_SUCCESS).right && users_account(&fixture, "lo7").proof_mac == NULL,
       "the right one, which is used up");
    ok(anshin_lost_device_revoke(op_in_flow(), 1) == APR_SUCCESS, "revokes");
    fixture.contract.policy.reissue_proof = ANSHIN_REISSUE_BY_QUESTION;
}

static void test_switches(void)
{
    anshin_reissue_asked_t asked;
    const char *link_to_another;

    scene.user = "lo8";
    lost_device_proven();
    fixture.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_LOST_DEVICE);
    ok(anshin_lost_device_revoke(op_in_flow(), 1) == ANSHIN_EDENIED &&
           anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_LOST, scene.token, &asked) == ANSHIN_EDENIED,
       "not where the contract has it switched off (CON-2)");
    fixture.contract.policy.functions |= 1 << ANSHIN_FUNCTION_LOST_DEVICE;
    link_to_another = scene.token;
    scene.user = "lo10";
    lost_device_proven();
    scene.flow.token = link_to_another;
    ok(anshin_lost_device_revoke(op_in_flow(), 1) == ANSHIN_EDENIED, "another's link with one's own proof (S29)");
    scene.flow.token = scene.token;
    scene.flow.kind = ANSHIN_FLOW_REISSUE_CERTIFICATE;
    ok(anshin_lost_device_revoke(op_in_flow(), 1) == ANSHIN_EDENIED, "nor does one of another kind");
}

static void test_member(void)
{
    anshin_terminal_result_t result;

    scene.user = "lo9";
    two_terminals();
    (void)mailed("");
    ok(anshin_terminal_lost(fixture_op(&fixture), &scene.member, 2, &result) == APR_SUCCESS && !result.error &&
           mailed("device-lost") == 2 && session_lives(),
       "somebody who is logged in revokes another terminal; both addresses are told");
    ok(anshin_terminal_lost(fixture_op(&fixture), &scene.member, 2, &result) == APR_SUCCESS &&
           same_text(result.error, "errors.terminal_nothing") && mailed("device-lost") == 0,
       "which has nothing to revoke then");
    ok(anshin_terminal_lost(fixture_op(&fixture), &scene.member, 9, &result) == ANSHIN_ENOTFOUND, "no such terminal");
    fixture.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_LOST_DEVICE);
    ok(anshin_terminal_lost(fixture_op(&fixture), &scene.member, 1, &result) == ANSHIN_EDENIED, "switched off (CON-2)");
    fixture.contract.policy.functions |= 1 << ANSHIN_FUNCTION_LOST_DEVICE;
    fixture.now += apr_time_from_sec(3600);
    ok(anshin_terminal_lost(fixture_op(&fixture), &scene.member, 1, &result) == ANSHIN_EDENIED,
       "the password must have been checked recently (S12)");
    fixture.now -= apr_time_from_sec(3600);
    ok(anshin_terminal_lost(fixture_op(&fixture), &scene.member, 1, &result) == APR_SUCCESS && !session_lives() &&
           verdict() == ANSHIN_VERDICT_REVOKED,
       "the own terminal: the session ends with it");
}

int main(void)
{
    apr_pool_t *pool;

    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    test_way();
    test_nothing_to_revoke();
    test_waiting_download();
    test_locked();
    test_code();
    test_switches();
    test_member();
    apr_pool_destroy(pool);
    return done();
}
