/*
 * Cases: see cases.h.
 */
#include "unit/cases.h"

fixture_t fixture;
struct scene_t scene;

void nobody_yet(void)
{
}

void invited(void)
{
    scene.token = users_invite(&fixture, scene.user, ANSHIN_METHOD_PASSWORD, &scene.code);
}

void invited_for_certificate(void)
{
    scene.token = users_invite(&fixture, scene.user, ANSHIN_METHOD_CERTIFICATE, &scene.code);
}

void registered(void)
{
    (void)users_register(&fixture, scene.user, ANSHIN_METHOD_PASSWORD);
    scene.presented = users_no_peer;
}

void locked(void)
{
    registered();
    (void)anshin_account_lock(fixture_op(&fixture), scene.user, ANSHIN_ACCOUNT_LOCKED);
}

void with_certificate(void)
{
    scene.password = users_register(&fixture, scene.user, ANSHIN_METHOD_CERTIFICATE);
    scene.presented = users_certificate(&fixture, scene.user, 1,
                                        apr_psprintf(fixture.pool, "a%02x%s", scene.user[0], scene.user + 1));
}

void enter(void)
{
    anshin_login_result_t login = users_login(&fixture, scene.user, USERS_PASSWORD, &scene.presented, NULL);

    scene.session_id = login.session_id;
    if (anshin_session_find(fixture_op(&fixture), scene.session_id, &scene.presented, &scene.session, &scene.key) !=
        APR_SUCCESS) {
        printf("# no session\n");
        exit(1);
    }
    scene.member = (anshin_member_t){scene.key, &scene.session};
}

void member(void)
{
    registered();
    enter();
}

void certificate_member(void)
{
    with_certificate();
    enter();
}

void two_terminals(void)
{
    const anshin_terminal_typed_t typed = {.address = "jiro@example.jp", .kind = ANSHIN_TERMINAL_MOBILE};
    anshin_terminal_result_t result;

    certificate_member();
    (void)anshin_terminal_add(fixture_op(&fixture), &scene.member, &typed, &result);
}

void asked_for_code(void)
{
    (void)users_register(&fixture, scene.user, ANSHIN_METHOD_OTP);
    scene.presented = users_no_peer;
    scene.step_token = users_login(&fixture, scene.user, USERS_PASSWORD, &users_no_peer, NULL).step_token;
}

void code_of_app(unsigned steps)
{
    unsigned char bytes[] = "12345678901234567890"; /* TOTP_SECRET */
    char code[7];

    (void)fixture.crypto->hotp(fixture.crypto->ctx, code, bytes, 20,
                               (apr_uint64_t)(apr_time_sec(fixture.now) / 30) + steps);
    scene.code = apr_pstrdup(fixture.pool, code);
}

void with_app(void)
{
    int right;

    asked_for_code();
    code_of_app(0);
    scene.member = users_member(&fixture, scene.user, ANSHIN_METHOD_OTP);
    (void)anshin_totp_enrol(fixture_op(&fixture), &scene.member, TOTP_SECRET, scene.code, &right);
    code_of_app(1);
}

void app_at_hand(void)
{
    asked_for_code();
    scene.member = users_member(&fixture, scene.user, ANSHIN_METHOD_OTP);
    code_of_app(0);
}

void must_change(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_account_t account;

    registered();
    (void)fixture_get(&fixture, &anshin_record_account, anshin_account_key(op, scene.user), &account);
    account.password_must_change = 1;
    fixture_put(&fixture, &anshin_record_account, anshin_account_key(op, scene.user), &account);
    scene.step_token = users_login(&fixture, scene.user, USERS_PASSWORD, &users_no_peer, NULL).step_token;
}

void issued(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_token_t record = {
        .kind = ANSHIN_TOKEN_DOWNLOAD, .terminal = 1, .expires_at = fixture.now + apr_time_from_sec(86400)};
    const char *key;
    anshin_account_t account;
    anshin_download_t download;
    anshin_txn_t *txn;

    with_certificate();
    account = users_account(&fixture, scene.user);
    (void)fixture_get(&fixture, &anshin_record_download, anshin_terminal_key(op, scene.user, 1), &download);
    download.modern_blob = fixture_blob(&fixture, "pkcs12", "MODERN");
    download.compat_blob = fixture_blob(&fixture, "pkcs12", "COMPAT");
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_token_create(op, txn, &account, &record, &scene.token, &key);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    download.serial = scene.presented.serial;
    download.token = key;
    fixture_put(&fixture, &anshin_record_download, anshin_terminal_key(op, scene.user, 1), &download);
}

void claim(int kind)
{
    apr_time_t wake;

    for (;;) {
        anshin_op_t *op = fixture_op(&fixture);
        anshin_txn_t *txn;

        if (anshin_job_claim(op, "w", &scene.job, &scene.key, &wake) != APR_SUCCESS) {
            printf("# no job of kind %d\n", kind);
            exit(1);
        }
        if (scene.job.kind == kind) {
            return;
        }
        txn = fixture_begin(op, ANSHIN_TXN_WRITE);
        (void)anshin_job_finish(txn, scene.key, "w");
        (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    }
}

void mail_in_hand(void)
{
    registered();
    fixture.now += apr_time_from_sec(60); /* those of the users before are over with */
    (void)anshin_reissue_request(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, scene.user, "taro@example.jp");
    claim(ANSHIN_JOB_PASSWORD_REQUEST);
    (void)anshin_reissue_process(fixture_op(&fixture), &scene.job, scene.key, "w");
    claim(ANSHIN_JOB_MAIL);
}

void mail_delivered(void)
{
    anshin_claimed_mail_t outbox;

    mail_in_hand();
    outbox = (anshin_claimed_mail_t){scene.key, "w", scene.job.mail};
    (void)anshin_outbox_delivering(fixture_op(&fixture), &outbox, NULL);
}

void issue_in_hand(void)
{
    scene.password = users_register(&fixture, scene.user, ANSHIN_METHOD_CERTIFICATE);
    claim(ANSHIN_JOB_ISSUE);
}

/* The job that makes this user's next certificate is in hand; those of the users before are done with. */
static void claim_issue(void)
{
    claim(ANSHIN_JOB_ISSUE);
    while (strcmp(scene.job.user, scene.user) != 0) {
        (void)anshin_job_drop(fixture_op(&fixture), scene.key, "w");
        claim(ANSHIN_JOB_ISSUE);
    }
}

void near_end(void)
{
    anshin_certificate_t certificate;

    certificate_member();
    claim_issue();
    (void)anshin_job_drop(fixture_op(&fixture), scene.key, "w"); /* what it would make is there */
    (void)fixture_get(&fixture, &anshin_record_certificate, scene.presented.serial, &certificate);
    certificate.not_after = fixture.now + apr_time_from_sec(86400);
    fixture_put(&fixture, &anshin_record_certificate, scene.presented.serial, &certificate);
}

void ended(void)
{
    anshin_certificate_t certificate;

    with_certificate();
    (void)fixture_get(&fixture, &anshin_record_certificate, scene.presented.serial, &certificate);
    certificate.not_after = scene.presented.not_after = fixture.now - apr_time_from_sec(86400);
    fixture_put(&fixture, &anshin_record_certificate, scene.presented.serial, &certificate);
    scene.presented.state = ANSHIN_PRESENTED_EXPIRED;
}

void renewal_in_hand(void)
{
    anshin_renewal_t renewal;

    near_end();
    (void)anshin_renewal_begin(fixture_op(&fixture), &scene.member, 1, &renewal);
    claim_issue();
}

void two_certificates(void)
{
    anshin_issue_made_t made = {.not_before = fixture.now,
                                .modern = {(const unsigned char *)"modern", 6},
                                .compat = {(const unsigned char *)"compat", 6}};
    anshin_issue_order_t order;

    renewal_in_hand();
    made.fingerprint = apr_pstrcat(fixture.pool, "fp-", scene.job.serial, NULL);
    made.not_after = fixture.now + apr_time_from_sec(365 * 86400);
    if (anshin_issue_order(fixture_op(&fixture), &scene.job, &order) != APR_SUCCESS ||
        anshin_issue_commit(fixture_op(&fixture), &scene.job, scene.key, "w", &order, &made) != APR_SUCCESS) {
        printf("# no second certificate\n");
        exit(1);
    }
}

void new_certificate(void)
{
    two_certificates();
    scene.presented.serial = scene.job.serial;
    scene.presented.fingerprint = apr_pstrcat(fixture.pool, "fp-", scene.job.serial, NULL);
}

void no_job_left(void)
{
    int released;
    apr_time_t wake;

    (void)anshin_jobs_release(fixture_op(&fixture), &released);
    fixture.now += apr_time_from_sec(86400);
    while (anshin_job_claim(fixture_op(&fixture), "w", &scene.job, &scene.key, &wake) == APR_SUCCESS) {
        (void)anshin_job_drop(fixture_op(&fixture), scene.key, "w");
    }
}

void one_job_in_hand(void)
{
    no_job_left();
    issue_in_hand();
}

void reissue_waits(void)
{
    registered();
    (void)anshin_reissue_request(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, scene.user, "taro@example.jp");
}

void only_reissue_waits(void)
{
    no_job_left();
    reissue_waits();
}

void reissue_in_hand(void)
{
    reissue_waits();
    claim(ANSHIN_JOB_PASSWORD_REQUEST);
}

void ids_in_hand(void)
{
    registered();
    (void)anshin_reissue_request(fixture_op(&fixture), ANSHIN_REISSUE_ID, "", "taro@example.jp");
    claim(ANSHIN_JOB_ID_REQUEST);
}

void issued_member(void)
{
    issued();
    scene.member = users_member(&fixture, scene.user, ANSHIN_METHOD_CERTIFICATE);
}

void resend_in_hand(void)
{
    issued();
    (void)anshin_reissue_request(fixture_op(&fixture), ANSHIN_REISSUE_RESEND, scene.user, "taro@example.jp");
    claim(ANSHIN_JOB_RESEND_REQUEST);
}

void link_to(anshin_token_kind_t kind)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_token_t record = {.kind = kind, .terminal = 1, .expires_at = fixture.now + apr_time_from_sec(3600)};
    const anshin_account_t account = users_account(&fixture, scene.user);
    const char *key;
    anshin_txn_t *txn;

    (void)anshin_reissue_address_mac(op, "taro@example.jp", &record.code_mac);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_token_create(op, txn, &account, &record, &scene.token, &key);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

void link_to_password(void)
{
    registered();
    link_to(ANSHIN_TOKEN_PASSWORD);
}

void link_to_certificate(void)
{
    with_certificate();
    link_to(ANSHIN_TOKEN_CERTIFICATE);
}

void link_to_lost_device(void)
{
    with_certificate();
    link_to(ANSHIN_TOKEN_LOST_DEVICE);
    (void)anshin_flow_start(fixture_op(&fixture), &scene.flow, ANSHIN_FLOW_LOST_DEVICE, "");
    scene.flow.token = scene.token;
}

void lost_device_proven(void)
{
    anshin_op_t *op;
    anshin_reauthentication_t proof = {.right = 0};

    link_to_lost_device();
    op = fixture_op(&fixture);
    op->flow = &scene.flow;
    (void)anshin_lost_device_prove(op, scene.token, &(anshin_reissue_typed_t){"pet", "ポチ", ""}, &proof);
}
