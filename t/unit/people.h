/*
 * People for unit programs: a contract with every limit set, users who have registered, certificates as a connection
 * shows them.
 */
#ifndef ANSHIN_UNIT_PEOPLE_H
#define ANSHIN_UNIT_PEOPLE_H

#include "core/account.h"
#include "core/certificate.h"
#include "core/change.h"
#include "core/job.h"
#include "core/lock.h"
#include "core/login.h"
#include "core/mail.h"
#include "core/registration.h"
#include "tap.h"
#include "world.h"

#define PEOPLE_PASSWORD "Correct-Horse-7"

static const anshin_peer_t people_no_peer = {ANSHIN_PEER_NONE, "", "", "", 0, 0};

/* A contract of the preset, admitting passwords and certificates. */
static inline void people_contract(world_t *world, anshin_preset_t preset)
{
    anshin_contract_t *contract;
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_contract_create(&contract, "p-01", preset, &err, world->pool) != APR_SUCCESS) {
        printf("# contract: %s\n", err.text);
        exit(1);
    }
    contract->policy.portal_url = "https://login.example/anshin";
    contract->policy.methods = 1 << ANSHIN_METHOD_PASSWORD | 1 << ANSHIN_METHOD_CERTIFICATE;
    contract->portal_base = "/anshin";
    contract->portal_origin = "https://login.example";
    world->contract = *contract;
    world->config.server.share_dir = "htdocs"; /* mail templates; the programs run at the top of the tree */
}

static inline anshin_op_t *people_op(world_t *world, const char *address)
{
    anshin_op_t *op = world_op(world);

    op->address = address;
    return op;
}

/* Create a user and give the registration token and code. */
static inline const char *people_invite(world_t *world, const char *user, int method, const char **code)
{
    anshin_account_new_t spec = {user, "taro@example.jp", method, ANSHIN_TERMINAL_PC, NULL};
    anshin_invitation_t invitation;
    anshin_op_t *op = world_op(world);

    if (anshin_account_create(op, &spec, &invitation) != APR_SUCCESS) {
        printf("# create %s: %s %s\n", user, op->error.id, op->error.text);
        exit(1);
    }
    *code = invitation.code;
    return strstr(invitation.url, "?t=") + 3;
}

/* The download password of a certificate user, NULL for others. */
static inline const char *people_register(world_t *world, const char *user, int method)
{
    anshin_registration_form_t form = {PEOPLE_PASSWORD, PEOPLE_PASSWORD, "pet", "ポチ", "ja", 0};
    anshin_registration_result_t result;
    const char *code;
    const char *token = people_invite(world, user, method, &code);
    anshin_op_t *op = world_op(world);

    if (anshin_registration_complete(op, token, &form, &result) != APR_SUCCESS || result.password_broken) {
        printf("# register %s: %s %s\n", user, op->error.id, op->error.text);
        exit(1);
    }
    return result.download_password;
}

/* The account of a user, as the store has it. */
static inline anshin_account_t people_account(world_t *world, const char *user)
{
    anshin_account_t account = {.user = user};

    if (world_get(world, &anshin_record_account, anshin_account_key(world_op(world), user), &account) != APR_SUCCESS) {
        printf("# no account %s\n", user);
        exit(1);
    }
    return account;
}

/* An active certificate of a user's terminal, as the worker would have recorded it, and as a connection shows it. */
static inline anshin_peer_t people_certificate(world_t *world, const char *user, apr_int64_t number, const char *serial)
{
    anshin_op_t *op = world_op(world);
    anshin_peer_t peer = {ANSHIN_PEER_GOOD, serial, apr_pstrcat(world->pool, "fp-", serial, NULL), user, 0, 0};
    anshin_certificate_t record = {.contract = world->contract.name,
                                   .user = user,
                                   .terminal = number,
                                   .serial = serial,
                                   .fingerprint = peer.fingerprint,
                                   .name = user,
                                   .account = people_account(world, user).number,
                                   .state = ANSHIN_CERTIFICATE_ACTIVE};
    anshin_terminal_t terminal;

    peer.not_before = record.not_before = world->now - apr_time_from_sec(60);
    peer.not_after = record.not_after = world->now + apr_time_from_sec(365 * 86400);
    world_put(world, &anshin_record_certificate, serial, &record);
    if (world_get(world, &anshin_record_terminal, anshin_terminal_key(op, user, number), &terminal) != APR_SUCCESS) {
        printf("# %s has no terminal %d\n", user, (int)number);
        exit(1);
    }
    terminal.certificate = serial;
    world_put(world, &anshin_record_terminal, anshin_terminal_key(op, user, number), &terminal);
    return peer;
}

static inline anshin_login_result_t people_login(world_t *world, const char *user, const char *password,
                                                 const anshin_peer_t *peer, const char *address)
{
    anshin_login_facts_t facts = {user, password, peer, NULL, NULL};
    anshin_login_result_t result;
    anshin_op_t *op = people_op(world, address);
    apr_status_t rv = anshin_login(op, &facts, &result);

    if (rv != APR_SUCCESS) {
        printf("# login %s: %s %s %s\n", user, anshin_status_name(rv), op->error.id, op->error.text);
        result.outcome = (anshin_login_outcome_t)-1;
    }
    return result;
}

typedef struct people_newest_t {
    const char *kind;
    apr_pool_t *pool;
    anshin_mail_t mail;
} people_newest_t;

static inline apr_status_t people_find_newest(void *baton, const char *key, const void *record)
{
    people_newest_t *newest = baton;
    const anshin_mail_t *mail = record;

    (void)key;
    if (strcmp(mail->kind, newest->kind) == 0 && mail->created_at >= newest->mail.created_at) {
        newest->mail = *mail;
        newest->mail.blob = apr_pstrdup(newest->pool, mail->blob);
    }
    return APR_SUCCESS;
}

/* The number of six digits in the newest mail of a kind, out of its sealed text; "": there is none. */
static inline const char *people_mailed_code(world_t *world, const char *kind)
{
    anshin_op_t *op = world_op(world);
    anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_READ);
    people_newest_t newest = {.kind = kind, .pool = world->pool};
    anshin_mail_text_t text;

    (void)anshin_txn_each(txn, &anshin_record_mail, "", people_find_newest, &newest);
    anshin_txn_abort(txn);
    if (!newest.mail.blob || anshin_mail_open(op, &newest.mail, &text) != APR_SUCCESS) {
        return "";
    }
    for (const char *at = text.body; *at; at++) {
        size_t digits = strspn(at, "0123456789");
        if (digits == 6) {
            return apr_pstrndup(world->pool, at, 6);
        }
        at += digits ? digits - 1 : 0;
    }
    return "";
}

/* The newest entry of a history; user NULL: that of unknown users. 0: none. */
static inline apr_status_t people_first(void *baton, const anshin_history_t *entry)
{
    *(anshin_history_t *)baton = *entry;
    return APR_EOF;
}

/* A session of this user, opened without a login, as the pages would have it. */
static inline anshin_member_t people_member(world_t *world, const char *user, int method)
{
    anshin_session_t *session = apr_pcalloc(world->pool, sizeof(*session));
    anshin_session_t wanted = {.method = method};
    anshin_account_t account = {.user = user};
    anshin_member_t member = {NULL, session};
    anshin_op_t *op = world_op(world);
    anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_WRITE);
    const char *id;

    (void)anshin_account_get(op, txn, user, &account);
    if (anshin_txn_end(txn, anshin_session_open(op, txn, &account, &wanted, &id), ANSHIN_LAZY) != APR_SUCCESS ||
        anshin_session_find(op, id, &people_no_peer, session, &member.key) != APR_SUCCESS) {
        printf("# no session for %s: %s %s\n", user, op->error.id, op->error.text);
        exit(1);
    }
    return member;
}

/* What the worker does about locks: all of them, and how many there were. */
static inline int people_tell_locks(world_t *world)
{
    int told = 0;
    apr_time_t wake;
    anshin_job_t job;
    const char *key;

    while (anshin_job_claim(world_op(world), "people", &job, &key, &wake) == APR_SUCCESS) {
        anshin_op_t *op = world_op(world);

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

static inline int people_alive(world_t *world, const anshin_member_t *member)
{
    anshin_session_t session;

    return world_get(world, &anshin_record_session, member->key, &session) == APR_SUCCESS;
}

#endif
