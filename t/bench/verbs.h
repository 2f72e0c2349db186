/*
 * The verbs of the core, one by one, for the benchmark of large stores: what each needs is prepared, what it does is
 * measured. A turn is one call, for a user whom no other call is for.
 */
#ifndef ANSHIN_BENCH_VERBS_H
#define ANSHIN_BENCH_VERBS_H

#include "core/admin/housekeeping.h"
#include "core/certificate/download.h"
#include "core/certificate/issue.h"
#include "core/login/logout.h"
#include "core/mail/outbox.h"
#include "core/selfservice/change.h"
#include "core/selfservice/reissue.h"
#include "core/selfservice/terminal.h"
#include "core/admin/operator.h"
#include "core/selfservice/reissue_request.h"
#include "core/mail/job.h"
#include "dataset.h"

#define NEW_PASSWORD "Another-Horse-9"

typedef struct turn_t {
    dataset_t *dataset;
    int number; /* unique in this program */
    apr_pool_t *pool;
    const char *user;
    const char *address; /* of the client */
    anshin_presented_t presented;
    anshin_op_t op; /* fresh for each step */
    const char *token;
    const char *code;
    const char *cookie;
    anshin_session_t session;
    anshin_member_t member;
    anshin_job_t job;
    anshin_claimed_mail_t outbox;
} turn_t;

static inline void next_op(turn_t *turn)
{
    turn->dataset->fixture.now += 1000;
    anshin_op_init(&turn->op, &turn->dataset->fixture.env, &turn->dataset->fixture.contract,
                   &(anshin_actor_t){.address = turn->address}, turn->pool);
}

static inline void must(const turn_t *turn, int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "%s: %s %s\n", what, turn->op.error.id, turn->op.error.text);
        exit(1);
    }
}

/* --- login and session --- */

static void nothing(turn_t *turn)
{
    (void)turn;
}

static void log_in(turn_t *turn)
{
    anshin_login_facts_t facts = {turn->user, USERS_PASSWORD, &turn->presented, NULL, NULL, 0};
    anshin_login_result_t result;

    must(turn, anshin_login(&turn->op, &facts, &result) == APR_SUCCESS && result.outcome == ANSHIN_LOGIN_OK, "login");
    turn->cookie = result.session_id;
}

static void log_in_wrongly(turn_t *turn)
{
    anshin_login_facts_t facts = {turn->user, "wrong", &turn->presented, NULL, NULL, 0};
    anshin_login_result_t result;

    must(turn, anshin_login(&turn->op, &facts, &result) == APR_SUCCESS && result.outcome == ANSHIN_LOGIN_WRONG,
         "wrong");
}

static void log_in_unknown(turn_t *turn)
{
    anshin_login_facts_t facts = {
        apr_psprintf(turn->pool, "stranger%d", turn->number), "wrong", &users_no_peer, NULL, NULL, 0};
    anshin_login_result_t result;

    must(turn, anshin_login(&turn->op, &facts, &result) == APR_SUCCESS && result.outcome == ANSHIN_LOGIN_WRONG,
         "unknown");
}

static void find_session(turn_t *turn)
{
    must(turn,
         anshin_session_find(&turn->op, turn->cookie, &turn->presented, &turn->session, &turn->member.key) ==
             APR_SUCCESS,
         "session");
    turn->member.session = &turn->session;
}

static void become_member(turn_t *turn)
{
    log_in(turn);
    next_op(turn);
    find_session(turn);
}

static void end_session(turn_t *turn)
{
    must(turn, anshin_logout(&turn->op, &turn->member) == APR_SUCCESS, "logout");
}

static apr_status_t look(void *baton, const anshin_history_t *entry)
{
    (*(int *)baton) += entry->result != 0;
    return APR_SUCCESS;
}

static void read_history(turn_t *turn)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_int64_t total;
    int seen = 0;

    must(turn,
         anshin_txn_begin(&txn, turn->op.env->store, ANSHIN_TXN_READ, &turn->op.error, turn->op.pool) == APR_SUCCESS &&
             anshin_account_get(&turn->op, txn, turn->user, &account) == APR_SUCCESS &&
             anshin_history_count(&turn->op, txn, &account, 0, &total) == APR_SUCCESS &&
             anshin_history_read(&turn->op, txn, &(anshin_history_walk_t){turn->user, 0, -1}, 20, look, &seen) ==
                 APR_SUCCESS &&
             seen >= 2,
         "history");
    anshin_txn_abort(txn);
}

/* --- what a member changes --- */

static void change_password(turn_t *turn)
{
    anshin_change_result_t result;

    must(turn,
         anshin_password_change(&turn->op, &turn->member, USERS_PASSWORD, NEW_PASSWORD, NEW_PASSWORD, &result) ==
                 APR_SUCCESS &&
             result.session_id != NULL,
         "password");
}

static void change_question(turn_t *turn)
{
    anshin_change_result_t result;

    must(turn,
         anshin_question_change(&turn->op, &turn->member, USERS_PASSWORD, "food", "すし", &result) == APR_SUCCESS &&
             result.session_id != NULL,
         "question");
}

static void add_terminal(turn_t *turn)
{
    anshin_terminal_result_t result;

    must(turn,
         anshin_terminal_add(
             &turn->op, &turn->member,
             &(anshin_terminal_typed_t){.address = "second@example.jp", .kind = ANSHIN_TERMINAL_SMARTPHONE},
             &result) == APR_SUCCESS &&
             result.number == 2,
         "terminal");
}

/* --- the operator and the registration --- */

static void add_user(turn_t *turn)
{
    anshin_account_new_t spec = {apr_psprintf(turn->pool, "new%d", turn->number),
                                 "new@example.jp",
                                 ANSHIN_METHOD_CERTIFICATE,
                                 ANSHIN_TERMINAL_PC,
                                 NULL,
                                 NULL,
                                 NULL,
                                 NULL,
                                 0};
    anshin_invitation_t invitation;

    must(turn, anshin_account_create(&turn->op, &spec, &invitation) == APR_SUCCESS, "user add");
    turn->user = spec.user;
    turn->code = invitation.code;
    turn->token = strstr(invitation.url, "?t=") + 3;
}

static void check_code(turn_t *turn)
{
    anshin_code_result_t result;

    must(turn, anshin_registration_code(&turn->op, turn->token, turn->code, &result) == APR_SUCCESS && result.right,
         "code");
}

static void complete_registration(turn_t *turn)
{
    anshin_registration_form_t form = {USERS_PASSWORD, USERS_PASSWORD, "pet", "ポチ", "ja", 0, NULL};
    anshin_registration_result_t result;

    must(turn,
         anshin_registration_complete(&turn->op, turn->token, &form, &result) == APR_SUCCESS &&
             result.download_password != NULL,
         "registration");
    turn->code = result.download_password;
}

static void unlock(turn_t *turn)
{
    must(turn, anshin_account_unlock(&turn->op, turn->user) == APR_SUCCESS, "unlock");
}

/* --- the worker --- */

static void claim(turn_t *turn)
{
    apr_time_t wake;

    must(turn, anshin_job_claim(&turn->op, "w", &turn->job, &turn->outbox.key, &wake) == APR_SUCCESS, "claim");
    turn->outbox.worker = "w";
    turn->outbox.id = turn->job.mail;
}

static void prepare_issue(turn_t *turn)
{
    add_user(turn);
    next_op(turn);
    complete_registration(turn);
}

/* All that is not making the certificate. */
static void issue(turn_t *turn)
{
    static const unsigned char octets[3000];
    anshin_issue_made_t made = {"",
                                apr_psprintf(turn->pool, "%064x", (unsigned)turn->number + 0x40000000u),
                                turn->dataset->fixture.now,
                                turn->dataset->fixture.now + apr_time_from_sec(365 * 86400),
                                0,
                                {octets, sizeof(octets)},
                                {octets, sizeof(octets)},
                                {NULL, 0}};
    anshin_issue_order_t order;

    claim(turn);
    must(turn,
         turn->job.kind == ANSHIN_JOB_ISSUE && anshin_issue_order(&turn->op, &turn->job, &order) == APR_SUCCESS &&
             anshin_issue_commit(&turn->op, &turn->job, turn->outbox.key, "w", &order, &made) == APR_SUCCESS,
         "issue");
}

static void prepare_mail(turn_t *turn)
{
    prepare_issue(turn);
    next_op(turn);
    issue(turn);
}

static void send_mail(turn_t *turn)
{
    claim(turn);
    must(turn,
         turn->job.kind == ANSHIN_JOB_MAIL && anshin_outbox_delivering(&turn->op, &turn->outbox, NULL) == APR_SUCCESS &&
             anshin_outbox_delivered(&turn->op, &turn->outbox, ANSHIN_MAIL_SENT) == APR_SUCCESS,
         "mail");
}

/* The link is in the mail and nowhere else. */
static void prepare_download(turn_t *turn)
{
    anshin_mail_text_t text;
    anshin_mail_t mail;

    prepare_mail(turn);
    next_op(turn);
    claim(turn);
    must(turn,
         anshin_outbox_read(&turn->op, &turn->outbox, &mail) == APR_SUCCESS &&
             anshin_mail_open(&turn->op, &mail, &text) == APR_SUCCESS && strstr(text.body, "?t=") != NULL,
         "link");
    turn->token = apr_pstrmemdup(turn->pool, strstr(text.body, "?t=") + 3, ANSHIN_TOKEN_TEXT);
    must(turn, anshin_outbox_delivered(&turn->op, &turn->outbox, ANSHIN_MAIL_SENT) == APR_SUCCESS, "mail");
}

static void download(turn_t *turn)
{
    anshin_download_result_t result;

    must(turn,
         anshin_download_fetch(&turn->op, turn->token, turn->code, ANSHIN_PROFILE_MODERN, &result) == APR_SUCCESS &&
             result.right,
         "download");
}

static void prepare_finish(turn_t *turn)
{
    prepare_download(turn);
    next_op(turn);
    download(turn);
}

static void finish_download(turn_t *turn)
{
    must(turn, anshin_download_finish(&turn->op, turn->token) == APR_SUCCESS, "finish");
}

static void request_reissue(turn_t *turn)
{
    must(turn,
         anshin_reissue_request(&turn->op, ANSHIN_REISSUE_CERTIFICATE, turn->user,
                                apr_pstrcat(turn->pool, turn->user, "@example.jp", NULL)) == APR_SUCCESS,
         "reissue request");
}

static void process_reissue(turn_t *turn)
{
    claim(turn);
    must(turn,
         turn->job.kind == ANSHIN_JOB_CERTIFICATE_REQUEST &&
             anshin_reissue_process(&turn->op, &turn->job, turn->outbox.key, "w") == APR_SUCCESS,
         "reissue");
}

/* --- housekeeping --- */

static int keep_house_once(turn_t *turn)
{
    anshin_housekeeping_t state = {.due = {0, APR_INT64_MAX}};
    const char *task;
    int removed;

    must(turn, anshin_housekeeping_step(&turn->op, &state, &task, &removed) == APR_SUCCESS, "housekeeping");
    return removed;
}

static void pass(turn_t *turn, apr_interval_time_t time)
{
    turn->dataset->fixture.now += time;
    next_op(turn);
}

static void clear_up(turn_t *turn)
{
    while (keep_house_once(turn) > 0) {
        next_op(turn);
    }
}

/* All that is over goes; then, between one minute and the next but one, a session is. */
static void prepare_keeping(turn_t *turn)
{
    apr_interval_time_t idle = turn->dataset->fixture.contract.policy.session_idle;

    pass(turn, idle + apr_time_from_sec(120));
    clear_up(turn);
    log_in(turn);
    pass(turn, idle - apr_time_from_sec(60));
    clear_up(turn);
    pass(turn, apr_time_from_sec(121));
}

static void keep_house(turn_t *turn)
{
    must(turn, keep_house_once(turn) == 1, "housekeeping of one session");
}

typedef struct verb_t {
    const char *name;
    void (*prepare)(turn_t *turn);
    void (*run)(turn_t *turn);
} verb_t;

static const verb_t verbs[] = {{"session check", become_member, find_session},
                               {"login with certificate", nothing, log_in},
                               {"login, wrong password", nothing, log_in_wrongly},
                               {"login, unknown user", nothing, log_in_unknown},
                               {"logout", become_member, end_session},
                               {"history page", become_member, read_history},
                               {"password change", become_member, change_password},
                               {"question change", become_member, change_question},
                               {"terminal add", become_member, add_terminal},
                               {"user add (htanshin)", nothing, add_user},
                               {"registration, code", add_user, check_code},
                               {"registration, complete", add_user, complete_registration},
                               {"unlock (htanshin)", log_in_wrongly, unlock},
                               {"issue job, without the certificate", prepare_issue, issue},
                               {"mail job, without delivery", prepare_mail, send_mail},
                               {"download", prepare_download, download},
                               {"download, done", prepare_finish, finish_download},
                               {"reissue request", nothing, request_reissue},
                               {"reissue request, worker", request_reissue, process_reissue},
                               {"housekeeping, a session over", prepare_keeping, keep_house}};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

/* Empty the queue of what the verbs left. */
static inline void drain(turn_t *turn)
{
    apr_time_t wake;

    for (;;) {
        next_op(turn);
        if (anshin_job_claim(&turn->op, "w", &turn->job, &turn->outbox.key, &wake) != APR_SUCCESS) {
            return;
        }
        must(turn, anshin_job_drop(&turn->op, turn->outbox.key, "w") == APR_SUCCESS, "drop");
    }
}

#endif
