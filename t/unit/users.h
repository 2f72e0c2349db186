/*
 * People for unit programs: a contract with every limit set, users who have registered, certificates as a connection
 * shows them.
 */
#ifndef ANSHIN_UNIT_USERS_H
#define ANSHIN_UNIT_USERS_H

#include "core/account/account.h"
#include "core/certificate/certificate.h"
#include "core/login/lock.h"
#include "core/login/login.h"
#include "core/mail/job.h"
#include "core/mail/mail.h"
#include "core/selfservice/change.h"
#include "core/selfservice/registration.h"
#include "core/admin/operator.h"
#include "unit/tap.h"
#include "unit/fixture.h"

#define USERS_PASSWORD "Correct-Horse-7"

static const anshin_presented_t users_no_peer = {ANSHIN_PRESENTED_NONE, "", "", "", 0, 0, ""};

/* A contract of the preset, admitting passwords and certificates. */
static inline void users_contract(fixture_t *fixture, anshin_preset_t preset)
{
    anshin_contract_t *contract;
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_contract_create(&contract, "p-01", preset, &err, fixture->pool) != APR_SUCCESS) {
        printf("# contract: %s\n", err.text);
        exit(1);
    }
    contract->policy.portal_url = "https://login.example/anshin";
    contract->policy.methods = 1 << ANSHIN_METHOD_PASSWORD | 1 << ANSHIN_METHOD_CERTIFICATE;
    contract->portal_base = "/anshin";
    contract->portal_origin = "https://login.example";
    fixture->contract = *contract;
    fixture->config.server.share_dir = "htdocs"; /* mail templates; the programs run at the top of the tree */
}

/* What most programs begin with: APR, a fixture in memory, and that contract of the preset classic. The pool is the
 * caller's to destroy. */
static inline apr_pool_t *users_open(fixture_t *fixture)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(fixture, &anshin_store_mem, NULL, pool);
    users_contract(fixture, ANSHIN_PRESET_CLASSIC);
    return pool;
}

static inline anshin_op_t *users_op(fixture_t *fixture, const char *address)
{
    anshin_op_t *op = fixture_op(fixture);

    op->actor.address = address;
    return op;
}

/* Create a user and give the registration token and code. */
static inline const char *users_invite(fixture_t *fixture, const char *user, int method, const char **code)
{
    anshin_account_new_t spec = {user, "taro@example.jp", method, ANSHIN_TERMINAL_PC, NULL, NULL, NULL, NULL, 0};
    anshin_invitation_t invitation;
    anshin_op_t *op = fixture_op(fixture);

    if (anshin_account_create(op, &spec, &invitation) != APR_SUCCESS) {
        printf("# create %s: %s %s\n", user, op->error.id, op->error.text);
        exit(1);
    }
    *code = invitation.code;
    return strstr(invitation.url, "?t=") + 3;
}

/* The download password of a certificate user, NULL for others. */
static inline const char *users_register(fixture_t *fixture, const char *user, int method)
{
    anshin_registration_form_t form = {USERS_PASSWORD, USERS_PASSWORD, "pet", "ポチ", "ja", 0, NULL};
    anshin_registration_result_t result;
    const char *code;
    const char *token = users_invite(fixture, user, method, &code);
    anshin_op_t *op = fixture_op(fixture);

    if (anshin_registration_complete(op, token, &form, &result) != APR_SUCCESS || result.password_broken) {
        printf("# register %s: %s %s\n", user, op->error.id, op->error.text);
        exit(1);
    }
    return result.download_password;
}

/* The account of a user, as the store has it. */
static inline anshin_account_t users_account(fixture_t *fixture, const char *user)
{
    anshin_account_t account = {.user = user};

    if (fixture_get(fixture, &anshin_record_account, anshin_account_key(fixture_op(fixture), user), &account) !=
        APR_SUCCESS) {
        printf("# no account %s\n", user);
        exit(1);
    }
    return account;
}

/* An active certificate of a user's terminal, as the worker would have recorded it, and as a connection shows it. */
static inline anshin_presented_t users_certificate(fixture_t *fixture, const char *user, apr_int64_t number,
                                                   const char *serial)
{
    anshin_op_t *op = fixture_op(fixture);
    anshin_presented_t presented = {
        ANSHIN_PRESENTED_GOOD, serial, apr_pstrcat(fixture->pool, "fp-", serial, NULL), user, 0, 0, ""};
    anshin_certificate_t record = {.contract = fixture->contract.name,
                                   .user = user,
                                   .terminal = number,
                                   .serial = serial,
                                   .fingerprint = presented.fingerprint,
                                   .name = user,
                                   .account = users_account(fixture, user).number,
                                   .state = ANSHIN_CERTIFICATE_ACTIVE};
    anshin_terminal_t terminal;

    presented.not_before = record.not_before = fixture->now - apr_time_from_sec(60);
    presented.not_after = record.not_after = fixture->now + apr_time_from_sec(365 * 86400);
    fixture_put(fixture, &anshin_record_certificate, serial, &record);
    if (fixture_get(fixture, &anshin_record_terminal, anshin_terminal_key(op, user, number), &terminal) !=
        APR_SUCCESS) {
        printf("# %s has no terminal %d\n", user, (int)number);
        exit(1);
    }
    terminal.certificate = serial;
    fixture_put(fixture, &anshin_record_terminal, anshin_terminal_key(op, user, number), &terminal);
    return presented;
}

static inline anshin_login_result_t users_login(fixture_t *fixture, const char *user, const char *password,
                                                const anshin_presented_t *presented, const char *address)
{
    anshin_login_facts_t facts = {user, password, presented, NULL, NULL, 0};
    anshin_login_result_t result;
    anshin_op_t *op = users_op(fixture, address);
    apr_status_t status = anshin_login(op, &facts, &result);

    if (status != APR_SUCCESS) {
        printf("# login %s: %s %s %s\n", user, anshin_status_name(status), op->error.id, op->error.text);
        result.outcome = (anshin_login_outcome_t)-1;
    }
    return result;
}

typedef struct users_newest_t {
    const char *kind;
    apr_pool_t *pool;
    anshin_mail_t mail;
} users_newest_t;

static inline apr_status_t users_find_newest(void *baton, const char *key, const void *record)
{
    users_newest_t *newest = baton;
    const anshin_mail_t *mail = record;

    (void)key;
    if (strcmp(mail->kind, newest->kind) == 0 && mail->created_at >= newest->mail.created_at) {
        newest->mail = *mail;
        newest->mail.blob = apr_pstrdup(newest->pool, mail->blob);
    }
    return APR_SUCCESS;
}

/* The newest mail of a kind, out of its sealed text; "": there is none. */
static inline const char *users_mailed_text(fixture_t *fixture, const char *kind)
{
    anshin_op_t *op = fixture_op(fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    users_newest_t newest = {.kind = kind, .pool = fixture->pool};
    anshin_mail_text_t text;

    (void)anshin_txn_each(txn, &anshin_record_mail, "", users_find_newest, &newest);
    anshin_txn_abort(txn);
    return newest.mail.blob && anshin_mail_open(op, &newest.mail, &text) == APR_SUCCESS ? text.body : "";
}

/* The number of six digits in it; "": there is none. */
static inline const char *users_mailed_code(fixture_t *fixture, const char *kind)
{
    for (const char *at = users_mailed_text(fixture, kind); *at; at++) {
        size_t digits = strspn(at, "0123456789");
        if (digits == 6) {
            return apr_pstrndup(fixture->pool, at, 6);
        }
        at += digits ? digits - 1 : 0;
    }
    return "";
}

/* The newest entry of a history; user NULL: that of unknown users. 0: none. */
static inline apr_status_t users_first(void *baton, const anshin_history_t *entry)
{
    *(anshin_history_t *)baton = *entry;
    return APR_EOF;
}

/* A session of this user, opened without a login, as the pages would have it. */
static inline anshin_member_t users_member(fixture_t *fixture, const char *user, int method)
{
    anshin_session_t *session = apr_pcalloc(fixture->pool, sizeof(*session));
    anshin_session_t wanted = {.method = method};
    anshin_account_t account = {.user = user};
    anshin_member_t member = {NULL, session};
    anshin_op_t *op = fixture_op(fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    const char *id;

    (void)anshin_account_get(op, txn, user, &account);
    if (anshin_txn_end(txn, anshin_session_open(op, txn, &account, &wanted, &id), ANSHIN_LAZY) != APR_SUCCESS ||
        anshin_session_find(op, id, &users_no_peer, session, &member.key) != APR_SUCCESS) {
        printf("# no session for %s: %s %s\n", user, op->error.id, op->error.text);
        exit(1);
    }
    return member;
}

/* What the worker does about locks: all of them, and how many there were. */
static inline int users_tell_locks(fixture_t *fixture)
{
    int told = 0;
    apr_time_t wake;
    anshin_job_t job;
    const char *key;

    while (anshin_job_claim(fixture_op(fixture), "people", &job, &key, &wake) == APR_SUCCESS) {
        anshin_op_t *op = fixture_op(fixture);

        if (job.kind != ANSHIN_JOB_LOCK_NOTICE) {
            (void)anshin_job_drop(op, key, "people");
            continue;
        }
        if (anshin_lock_tell(op, &job, key, "people") != APR_SUCCESS) {
            printf("# lock: %s %s\n", op->error.id, op->error.text);
            exit(1);
        }
        told++;
    }
    return told;
}

static inline int users_alive(fixture_t *fixture, const anshin_member_t *member)
{
    anshin_session_t session;

    return fixture_get(fixture, &anshin_record_session, member->key, &session) == APR_SUCCESS;
}

#endif
