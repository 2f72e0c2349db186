/*
 * Scenes for unit programs that try many verbs: a user in the state that a verb begins from.
 */
#ifndef ANSHIN_UNIT_SCENES_H
#define ANSHIN_UNIT_SCENES_H

#include "core/change.h"
#include "core/job.h"
#include "core/outbox.h"
#include "core/reissue.h"
#include "core/secret.h"
#include "core/terminal.h"
#include "core/totp.h"
#include "people.h"

#define TOTP_SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static world_t world;

/* One user, made anew for every attempt, and what the verb needs of it. */
static struct scene_t {
    const char *user;
    const char *token;
    const char *code;
    const char *password; /* of the download */
    const char *stamp;
    const char *session_id;
    const char *key;
    anshin_session_t session;
    anshin_member_t member;
    anshin_peer_t peer;
    anshin_job_t job;
} scene;

static inline void nobody_yet(void)
{
}

static inline void invited(void)
{
    scene.token = people_invite(&world, scene.user, ANSHIN_METHOD_PASSWORD, &scene.code);
}

static inline void invited_for_certificate(void)
{
    scene.token = people_invite(&world, scene.user, ANSHIN_METHOD_CERTIFICATE, &scene.code);
}

static inline void registered(void)
{
    (void)people_register(&world, scene.user, ANSHIN_METHOD_PASSWORD);
    scene.peer = people_no_peer;
}

static inline void locked(void)
{
    registered();
    (void)anshin_account_lock(world_op(&world), scene.user, ANSHIN_ACCOUNT_LOCKED);
}

static inline void with_certificate(void)
{
    scene.password = people_register(&world, scene.user, ANSHIN_METHOD_CERTIFICATE);
    scene.peer = people_certificate(&world, scene.user, 1, apr_psprintf(world.pool, "a%s", scene.user + 1));
}

static inline void enter(void)
{
    anshin_login_result_t login = people_login(&world, scene.user, PEOPLE_PASSWORD, &scene.peer, NULL);

    scene.session_id = login.session_id;
    if (anshin_session_find(world_op(&world), scene.session_id, &scene.peer, &scene.session, &scene.key) !=
        APR_SUCCESS) {
        printf("# no session\n");
        exit(1);
    }
    scene.member = (anshin_member_t){scene.key, &scene.session};
}

static inline void member(void)
{
    registered();
    enter();
}

static inline void certificate_member(void)
{
    with_certificate();
    enter();
}

static inline void two_terminals(void)
{
    anshin_terminal_result_t result;

    certificate_member();
    (void)anshin_terminal_add(world_op(&world), &scene.member, "jiro@example.jp", ANSHIN_TERMINAL_MOBILE, NULL,
                              &result);
}

static inline void asked_for_code(void)
{
    (void)people_register(&world, scene.user, ANSHIN_METHOD_OTP);
    scene.peer = people_no_peer;
    scene.stamp = people_login(&world, scene.user, PEOPLE_PASSWORD, &people_no_peer, NULL).stamp;
}

static inline void code_of_app(unsigned steps)
{
    unsigned char bytes[] = "12345678901234567890"; /* TOTP_SECRET */
    char code[7];

    (void)world.crypto->hotp(world.crypto->ctx, code, bytes, 20, (apr_uint64_t)(apr_time_sec(world.now) / 30) + steps);
    scene.code = apr_pstrdup(world.pool, code);
}

static inline void with_app(void)
{
    int right;

    asked_for_code();
    code_of_app(0);
    scene.member = people_member(&world, scene.user, ANSHIN_METHOD_OTP);
    (void)anshin_totp_enrol(world_op(&world), &scene.member, TOTP_SECRET, scene.code, &right);
    code_of_app(1);
}

static inline void app_at_hand(void)
{
    asked_for_code();
    scene.member = people_member(&world, scene.user, ANSHIN_METHOD_OTP);
    code_of_app(0);
}

static inline void must_change(void)
{
    anshin_op_t *op = world_op(&world);
    anshin_account_t account;

    registered();
    (void)world_get(&world, &anshin_record_account, anshin_account_key(op, scene.user), &account);
    account.password_must_change = 1;
    world_put(&world, &anshin_record_account, anshin_account_key(op, scene.user), &account);
    scene.stamp = people_login(&world, scene.user, PEOPLE_PASSWORD, &people_no_peer, NULL).stamp;
}

/* What the worker does when it has issued. */
static inline void issued(void)
{
    anshin_op_t *op = world_op(&world);
    anshin_token_t record = {
        .kind = ANSHIN_TOKEN_DOWNLOAD, .terminal = 1, .expires_at = world.now + apr_time_from_sec(86400)};
    const char *key;
    anshin_account_t account;
    anshin_download_t download;
    anshin_txn_t *txn;

    with_certificate();
    account = people_account(&world, scene.user);
    (void)world_get(&world, &anshin_record_download, anshin_terminal_key(op, scene.user, 1), &download);
    (void)anshin_secret_blob_put(op, &download.modern_blob, "pkcs12", "MODERN", 6);
    (void)anshin_secret_blob_put(op, &download.compat_blob, "pkcs12", "COMPAT", 6);
    txn = world_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_token_create(op, txn, &account, &record, &scene.token, &key);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    download.serial = scene.peer.serial;
    download.token = key;
    world_put(&world, &anshin_record_download, anshin_terminal_key(op, scene.user, 1), &download);
}

/* The next job of a kind is in hand; others are done with. */
static inline void claim(int kind)
{
    apr_time_t wake;

    for (;;) {
        anshin_op_t *op = world_op(&world);
        anshin_txn_t *txn;

        if (anshin_job_claim(op, "w", &scene.job, &scene.key, &wake) != APR_SUCCESS) {
            printf("# no job of kind %d\n", kind);
            exit(1);
        }
        if (scene.job.kind == kind) {
            return;
        }
        txn = world_begin(op, ANSHIN_TXN_WRITE);
        (void)anshin_job_finish(op, txn, scene.key, "w");
        (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    }
}

static inline void mail_in_hand(void)
{
    registered();
    world.now += apr_time_from_sec(60); /* those of the users before are over with */
    (void)anshin_reissue_request(world_op(&world), ANSHIN_REISSUE_PASSWORD, scene.user, "taro@example.jp");
    claim(ANSHIN_JOB_PASSWORD_REQUEST);
    (void)anshin_reissue_process(world_op(&world), &scene.job, scene.key, "w");
    claim(ANSHIN_JOB_MAIL);
}

static inline void mail_delivered(void)
{
    anshin_outbox_t outbox;

    mail_in_hand();
    outbox = (anshin_outbox_t){scene.key, "w", scene.job.mail};
    (void)anshin_outbox_delivering(world_op(&world), &outbox, NULL);
}

static inline void issue_in_hand(void)
{
    scene.password = people_register(&world, scene.user, ANSHIN_METHOD_CERTIFICATE);
    claim(ANSHIN_JOB_ISSUE);
}

/* The jobs of the users before are done with. */
static inline void no_job_left(void)
{
    int released;
    apr_time_t wake;

    (void)anshin_jobs_release(world_op(&world), &released);
    world.now += apr_time_from_sec(86400);
    while (anshin_job_claim(world_op(&world), "w", &scene.job, &scene.key, &wake) == APR_SUCCESS) {
        (void)anshin_job_drop(world_op(&world), scene.key, "w");
    }
}

static inline void one_job_in_hand(void)
{
    no_job_left();
    issue_in_hand();
}

static inline void reissue_waits(void)
{
    registered();
    (void)anshin_reissue_request(world_op(&world), ANSHIN_REISSUE_PASSWORD, scene.user, "taro@example.jp");
}

static inline void only_reissue_waits(void)
{
    no_job_left();
    reissue_waits();
}

static inline void reissue_in_hand(void)
{
    reissue_waits();
    claim(ANSHIN_JOB_PASSWORD_REQUEST);
}

/* A link to a reissue, as its mail would hold it. */
static inline void link_to(anshin_token_kind_t kind)
{
    anshin_op_t *op = world_op(&world);
    anshin_token_t record = {.kind = kind, .terminal = 1, .expires_at = world.now + apr_time_from_sec(3600)};
    const anshin_account_t account = people_account(&world, scene.user);
    const char *key;
    anshin_txn_t *txn;

    (void)anshin_reissue_address_mac(op, "taro@example.jp", &record.code_mac);
    txn = world_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_token_create(op, txn, &account, &record, &scene.token, &key);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

static inline void link_to_password(void)
{
    registered();
    link_to(ANSHIN_TOKEN_PASSWORD);
}

static inline void link_to_certificate(void)
{
    with_certificate();
    link_to(ANSHIN_TOKEN_CERTIFICATE);
}

#endif
