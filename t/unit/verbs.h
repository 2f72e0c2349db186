/*
 * The verbs of the core, each with all that its scene (cases.h) has prepared for it. APR_SUCCESS only when the verb
 * says of itself that it has done what the scene is for.
 */
#ifndef ANSHIN_UNIT_VERBS_H
#define ANSHIN_UNIT_VERBS_H

#include "core/certificate/download.h"
#include "core/certificate/issue.h"
#include "core/context/flow.h"
#include "core/mail/mail.h"
#include "core/mail/outbox.h"
#include "core/selfservice/method.h"
#include "core/selfservice/phone.h"
#include "core/selfservice/resend.h"
#include "core/selfservice/self_lock.h"
#include "core/login/help_number.h"
#include "core/web/csrf.h"
#include "core/login/login_code.h"
#include "core/login/login_change.h"
#include "core/login/logout.h"
#include "core/certificate/revocation.h"
#include "core/admin/amend.h"
#include "core/admin/operator.h"
#include "core/admin/particulars.h"
#include "core/selfservice/reissue_request.h"
#include "core/mail/job.h"
#include "unit/cases.h"

#define NEW_PASSWORD "Brand-New-Horse-8"

/* APR_SUCCESS when the verb has done what the scene is for. */
static inline apr_status_t when(apr_status_t status, int done_what_it_should)
{
    return status == APR_SUCCESS && !done_what_it_should ? APR_EGENERAL : status;
}

static inline apr_status_t create(anshin_op_t *op)
{
    anshin_account_new_t spec = {
        scene.user, "taro@example.jp", ANSHIN_METHOD_PASSWORD, ANSHIN_TERMINAL_PC, NULL, NULL, NULL, NULL, 0};
    anshin_invitation_t invitation;

    return anshin_account_create(op, &spec, &invitation);
}

static inline apr_status_t invite(anshin_op_t *op)
{
    anshin_invitation_t invitation;

    return anshin_account_invite(op, scene.user, &invitation);
}

static inline apr_status_t find_invitation(anshin_op_t *op)
{
    anshin_account_t account;

    return anshin_registration_find(op, scene.token, &account, NULL, NULL);
}

static inline apr_status_t enter_code(anshin_op_t *op)
{
    anshin_code_result_t result = {0, 0, 0};
    apr_status_t status = anshin_registration_code(op, scene.token, scene.code, &result);

    return when(status, result.right);
}

static inline apr_status_t complete(anshin_op_t *op)
{
    anshin_registration_form_t form = {USERS_PASSWORD, USERS_PASSWORD, "pet", "ポチ", "ja", 0, NULL};
    anshin_registration_result_t result = {.password_broken = 1};
    apr_status_t status = anshin_registration_complete(op, scene.token, &form, &result);

    return when(status, result.password_broken == 0 && result.answer_error == NULL);
}

static inline apr_status_t login_with(anshin_op_t *op, const char *password, anshin_login_outcome_t wanted)
{
    anshin_login_facts_t facts = {scene.user, password, &scene.presented, scene.session_id, NULL, 0};
    anshin_login_result_t result = {.outcome = (anshin_login_outcome_t)-1};
    apr_status_t status;

    op->actor.address = apr_psprintf(fixture.pool, "2001:db8:%s::1", scene.user + 1);
    status = anshin_login(op, &facts, &result);
    return when(status, result.outcome == wanted && (wanted == ANSHIN_LOGIN_OK) == (result.session_id != NULL));
}

static inline apr_status_t login(anshin_op_t *op)
{
    return login_with(op, USERS_PASSWORD, ANSHIN_LOGIN_OK);
}

static inline apr_status_t login_wrong(anshin_op_t *op)
{
    return login_with(op, "wrong", ANSHIN_LOGIN_WRONG);
}

static inline apr_status_t login_unknown(anshin_op_t *op)
{
    scene.presented = users_no_peer;
    return login_with(op, USERS_PASSWORD, ANSHIN_LOGIN_WRONG);
}

static inline apr_status_t code_ways(anshin_op_t *op)
{
    anshin_code_ways_t ways;

    return anshin_login_code_ways(op, scene.user, scene.step_token, &ways);
}

static inline apr_status_t code_send(anshin_op_t *op)
{
    return anshin_login_code_send(op, scene.user, scene.step_token, 1);
}

static inline apr_status_t code_check(anshin_op_t *op)
{
    anshin_login_facts_t facts = {scene.user, "", &users_no_peer, NULL, NULL, 0};
    anshin_login_result_t result = {.outcome = (anshin_login_outcome_t)-1};
    apr_status_t status = anshin_login_code_check(op, &facts, scene.step_token, scene.code, &result);

    return when(status, result.outcome == ANSHIN_LOGIN_OK);
}

static inline apr_status_t forced_change(anshin_op_t *op)
{
    anshin_login_facts_t facts = {scene.user, "", &users_no_peer, NULL, NULL, 0};
    anshin_login_result_t result = {.outcome = (anshin_login_outcome_t)-1};
    unsigned broken = 1;
    apr_status_t status = anshin_login_change(
        op, &facts, &(anshin_login_change_t){scene.step_token, NEW_PASSWORD, NEW_PASSWORD}, &broken, &result);

    return when(status, broken == 0 && result.outcome == ANSHIN_LOGIN_OK);
}

static inline apr_status_t find_session(anshin_op_t *op)
{
    anshin_session_t session;
    const char *key;

    return anshin_session_find(op, scene.session_id, &scene.presented, &session, &key);
}

static inline apr_status_t keep_session(anshin_op_t *op)
{
    op->now += op->contract->policy.session_idle / 2;
    return anshin_session_touch(op, scene.key, &scene.session);
}

static inline apr_status_t end_session(anshin_op_t *op)
{
    return anshin_logout(op, &scene.member);
}

static inline apr_status_t close_sessions(anshin_op_t *op)
{
    const anshin_session_match_t every = {0};

    return anshin_sessions_end(op, scene.user, &every, NULL, NULL);
}

static inline apr_status_t prove(anshin_op_t *op)
{
    anshin_reauthentication_t proof = {.right = 0};
    const char *id = NULL;
    apr_status_t status = anshin_member_prove(op, &scene.member, USERS_PASSWORD, &proof, &id);

    return when(status, proof.right && id != NULL);
}

static inline apr_status_t change_password(anshin_op_t *op)
{
    anshin_change_result_t result = {.session_id = NULL};
    apr_status_t status =
        anshin_password_change(op, &scene.member, USERS_PASSWORD, NEW_PASSWORD, NEW_PASSWORD, &result);

    return when(status, result.session_id != NULL);
}

static inline apr_status_t change_question(anshin_op_t *op)
{
    anshin_change_result_t result = {.session_id = NULL};
    apr_status_t status = anshin_question_change(op, &scene.member, USERS_PASSWORD, "food", "すし", &result);

    return when(status, result.session_id != NULL);
}

static inline apr_status_t change_method(anshin_op_t *op)
{
    apr_array_header_t *issues;

    return anshin_method_change(op, &scene.member, ANSHIN_METHOD_CERTIFICATE, &issues);
}

static inline apr_status_t drop_certificates(anshin_op_t *op)
{
    apr_array_header_t *issues;

    return anshin_method_change(op, &scene.member, ANSHIN_METHOD_PASSWORD, &issues);
}

static inline apr_status_t add_terminal(anshin_op_t *op)
{
    anshin_terminal_result_t result = {.number = 0};
    apr_status_t status = anshin_terminal_add(
        op, &scene.member, &(anshin_terminal_typed_t){.address = "jiro@example.jp", .kind = ANSHIN_TERMINAL_MOBILE},
        &result);

    return when(status, result.number == 2 && result.download_password != NULL);
}

static inline apr_status_t change_terminal(anshin_op_t *op)
{
    anshin_terminal_result_t result = {.number = 0};
    apr_status_t status = anshin_terminal_change(
        op, &scene.member,
        &(anshin_terminal_typed_t){.number = 1, .address = "saburo@example.jp", .kind = ANSHIN_TERMINAL_PC}, &result);

    return when(status, result.address_error == NULL && result.error == NULL);
}

static inline apr_status_t delete_terminal(anshin_op_t *op)
{
    anshin_terminal_result_t result = {.number = 0};
    apr_status_t status = anshin_terminal_delete(op, &scene.member, 2, &result);

    return when(status, result.error == NULL);
}

static inline apr_status_t view_terminals(anshin_op_t *op)
{
    apr_array_header_t *views = NULL;
    apr_status_t status = anshin_terminals_view(op, &scene.member, &views);

    return when(status, views != NULL && views->nelts == 2);
}

static inline apr_status_t view_terminal(anshin_op_t *op)
{
    anshin_terminal_t terminal = {.address = NULL};
    apr_status_t status = anshin_member_terminal(op, &scene.member, 2, &terminal);

    return when(status, same_text(terminal.address, "jiro@example.jp"));
}

static inline apr_status_t view_account(anshin_op_t *op)
{
    anshin_account_t account = {.user = NULL};
    apr_status_t status = anshin_member_read(op, &scene.member, &account);

    return when(status, same_text(account.user, scene.user));
}

static inline apr_status_t count_session(void *count, const char *key, const anshin_session_t *session)
{
    *(int *)count += same_text(key, scene.key) && same_text(session->user, scene.user);
    return APR_SUCCESS;
}

static inline apr_status_t view_sessions(anshin_op_t *op)
{
    int count = 0;
    apr_status_t status = anshin_member_sessions(op, &scene.member, count_session, &count);

    return when(status, count == 1);
}

static inline apr_status_t list_sessions(anshin_op_t *op)
{
    int count = 0;
    apr_status_t status = anshin_sessions_list(op, scene.user, count_session, &count);

    return when(status, count == 1);
}

static inline apr_status_t view_session(anshin_op_t *op)
{
    anshin_session_t session = {.user = NULL};
    apr_status_t status = anshin_session_read(op, scene.user, scene.key, &session);

    return when(status, same_text(session.user, scene.user));
}

static inline apr_status_t count_entry(void *count, const anshin_history_t *entry)
{
    *(int *)count += entry->at != 0;
    return APR_SUCCESS;
}

static inline apr_status_t lock_self(anshin_op_t *op)
{
    return anshin_self_lock(op, &scene.member);
}

static inline apr_status_t show_number(anshin_op_t *op)
{
    const anshin_help_facts_t facts = {.kind = ANSHIN_HELP_ACCOUNT, .user = scene.user, .since = op->now};
    anshin_help_shown_t shown = {.number = NULL};
    apr_status_t status = anshin_help_number(op, &facts, &shown);

    if (status != APR_SUCCESS || shown.number == NULL) {
        return when(status, 0);
    }
    return anshin_help_number_keep(op, &shown);
}

/* Registered, and logged in. */
static inline apr_status_t view_history(anshin_op_t *op)
{
    anshin_history_page_t page = {.entries = 20, .number = 1};
    int count = 0;
    apr_status_t status = anshin_member_history(op, &scene.member, &page, count_entry, &count);

    return when(status, count == 2 && page.total == 2 && page.number == 1);
}

static inline apr_status_t view_failures(anshin_op_t *op)
{
    anshin_history_page_t page = {.entries = 20, .number = 1, .failed = 1};
    int count = 0;
    apr_status_t status = anshin_member_history(op, &scene.member, &page, count_entry, &count);

    return when(status, count == 0 && page.total == 0 && page.pages == 1);
}

static inline apr_status_t keep_at(void *at, const anshin_history_t *entry)
{
    *(apr_time_t *)at = entry->at;
    return APR_SUCCESS;
}

static inline apr_status_t view_entry(anshin_op_t *op)
{
    anshin_history_page_t page = {.entries = 1, .number = 1};
    apr_time_t newest = 0;
    const anshin_history_t *entry;
    apr_status_t status = anshin_member_history(op, &scene.member, &page, keep_at, &newest);

    if (status == APR_SUCCESS) {
        status = anshin_member_history_entry(op, &scene.member, newest, &entry);
    }
    return when(status, status != APR_SUCCESS || entry->at == newest);
}

static inline apr_status_t list_history(anshin_op_t *op)
{
    anshin_history_walk_t walk = {scene.user, 0, -1};
    int count = 0;
    apr_status_t status = anshin_history_part(op, &walk, 10, count_entry, &count);

    return when(status, count == 2 && walk.skip >= 2 && walk.total == 2);
}

static inline apr_status_t view_issues(anshin_op_t *op)
{
    anshin_issues_t issues;
    apr_status_t status = anshin_download_issues(op, scene.user, 0, op->now, &issues);

    return when(status, issues.method == ANSHIN_METHOD_CERTIFICATE && issues.waits->nelts == 1);
}

static inline apr_status_t view_reason(anshin_op_t *op)
{
    int reissued = -1;
    apr_status_t status = anshin_login_change_reason(op, scene.user, &reissued);

    return when(status, reissued == 1);
}

static inline apr_status_t view_user(anshin_op_t *op)
{
    anshin_particulars_t found;
    apr_status_t status = anshin_particulars_get(op, scene.user, &found);

    return when(status, found.sessions == 1 && found.terminals->nelts == 2);
}

static inline apr_status_t request_reissue(anshin_op_t *op)
{
    op->actor.address = apr_psprintf(fixture.pool, "2001:db8:%s::1", scene.user + 1);
    return anshin_reissue_request(op, ANSHIN_REISSUE_PASSWORD, scene.user, "taro@example.jp");
}

static inline apr_status_t process_reissue(anshin_op_t *op)
{
    return anshin_reissue_process(op, &scene.job, scene.key, "w");
}

static inline apr_status_t request_ids(anshin_op_t *op)
{
    op->actor.address = apr_psprintf(fixture.pool, "2001:db8:%s::1", scene.user + 1);
    return anshin_reissue_request(op, ANSHIN_REISSUE_ID, "", "taro@example.jp");
}

static inline apr_status_t resend(anshin_op_t *op)
{
    anshin_resend_t result = {.outcome = ANSHIN_RESEND_NOTHING};
    apr_status_t status = anshin_resend(op, &scene.member, 1, &result);

    return when(status, result.outcome == ANSHIN_RESEND_SENT);
}

static inline apr_status_t make_phone_link(anshin_op_t *op)
{
    anshin_phone_t phone;

    return anshin_member_phone(op, &scene.member, 1, &phone);
}

static inline apr_status_t execute_with(anshin_op_t *op, anshin_reissue_kind_t kind)
{
    anshin_reissue_result_t result = {.user = NULL};
    apr_status_t status =
        anshin_reissue_execute(op, kind, scene.token, &(anshin_reissue_typed_t){"pet", "ポチ", ""}, &result);

    return when(status, result.proof.right && (result.password != NULL || result.download_password != NULL));
}

static inline apr_status_t reissue_password(anshin_op_t *op)
{
    return execute_with(op, ANSHIN_REISSUE_PASSWORD);
}

static inline apr_status_t reissue_certificate(anshin_op_t *op)
{
    return execute_with(op, ANSHIN_REISSUE_CERTIFICATE);
}

static inline apr_status_t prove_lost_device(anshin_op_t *op)
{
    anshin_reauthentication_t proof = {0};
    apr_status_t status;

    op->flow = &scene.flow;
    status = anshin_lost_device_prove(op, scene.token, &(anshin_reissue_typed_t){"pet", "ポチ", ""}, &proof);
    return when(status, proof.right);
}

static inline apr_status_t list_lost_devices(anshin_op_t *op)
{
    apr_array_header_t *devices;
    apr_status_t status = anshin_lost_devices(op, &scene.flow, &devices);

    return when(status, devices->nelts == 1);
}

static inline apr_status_t revoke_lost_device(anshin_op_t *op)
{
    op->flow = &scene.flow;
    return anshin_lost_device_revoke(op, 1);
}

static inline apr_status_t lose_terminal(anshin_op_t *op)
{
    anshin_terminal_result_t result;

    return anshin_terminal_lost(op, &scene.member, 1, &result);
}

static inline apr_status_t operators_code(anshin_op_t *op)
{
    const char *code;
    apr_time_t expires_at;

    return anshin_reissue_code(op, scene.user, &code, &expires_at);
}

static inline apr_status_t enrol(anshin_op_t *op)
{
    int right = 0;
    apr_status_t status = anshin_totp_enrol(op, &scene.member, TOTP_SECRET, scene.code, &right);

    return when(status, right);
}

static inline apr_status_t remove_app(anshin_op_t *op)
{
    return anshin_totp_remove(op, &scene.member);
}

static inline apr_status_t find_download(anshin_op_t *op)
{
    anshin_download_state_t state;

    return anshin_download_find(op, scene.token, &state);
}

static inline apr_status_t fetch(anshin_op_t *op)
{
    anshin_download_result_t result = {.right = 0};
    apr_status_t status = anshin_download_fetch(op, scene.token, scene.password, ANSHIN_PROFILE_MODERN, &result);

    return when(status, result.right && result.file.length == 6);
}

static inline apr_status_t finish_download(anshin_op_t *op)
{
    return anshin_download_finish(op, scene.token);
}

static inline apr_status_t lock(anshin_op_t *op)
{
    return anshin_account_lock(op, scene.user, ANSHIN_ACCOUNT_LOCKED);
}

static inline apr_status_t unlock(anshin_op_t *op)
{
    return anshin_account_unlock(op, scene.user);
}

/* What an operator changes, all at once; a member has a session that learns of it. */
static inline apr_status_t amend_user(anshin_op_t *op)
{
    const anshin_amend_t amend = {.user = scene.user,
                                  .address = "amended@example.jp",
                                  .kind = ANSHIN_TERMINAL_SMARTPHONE,
                                  .label = "薬局1号機",
                                  .method = -1,
                                  .language = "en",
                                  .attributes = {.given = 1 << ANSHIN_ATTRIBUTE_NAME | 1 << ANSHIN_ATTRIBUTE_GROUPS,
                                                 .name = "安心 太郎",
                                                 .groups = "sales,admin"}};
    anshin_amended_t amended = {.what = NULL};
    apr_status_t status = anshin_account_amend(op, &amend, &amended);

    return when(status, amended.what != NULL && amended.what->nelts == 6);
}

static inline apr_status_t amend_method(anshin_op_t *op)
{
    const anshin_amend_t amend = {.user = scene.user, .kind = -1, .method = ANSHIN_METHOD_CERTIFICATE};
    anshin_amended_t amended = {.issues = NULL};
    apr_status_t status = anshin_account_amend(op, &amend, &amended);

    return when(status, amended.issues != NULL && amended.issues->nelts == 1);
}

static inline apr_status_t reset_user(anshin_op_t *op)
{
    anshin_invitation_t invitation;

    return anshin_account_reset(op, scene.user, &invitation);
}

static inline apr_status_t ask_for_change(anshin_op_t *op)
{
    return anshin_account_must_change(op, scene.user);
}

static inline apr_status_t delete_user(anshin_op_t *op)
{
    return anshin_account_delete(op, scene.user);
}

static inline apr_status_t revoke_certificate(anshin_op_t *op)
{
    return anshin_certificate_revoke(op, scene.presented.serial, ANSHIN_REASON_CESSATION);
}

static inline apr_status_t verdict(anshin_op_t *op)
{
    anshin_certificate_verdict_t verdict = ANSHIN_VERDICT_NONE;
    apr_status_t status = anshin_certificate_verdict(op, &scene.presented, &verdict);

    return when(status, verdict == ANSHIN_VERDICT_GOOD);
}

static inline apr_status_t claim_job(anshin_op_t *op)
{
    anshin_job_t job;
    const char *key;
    apr_time_t wake;

    return anshin_job_claim(op, "w", &job, &key, &wake);
}

static inline apr_status_t retry_job(anshin_op_t *op)
{
    return anshin_job_retry(op, scene.key, "w", "no reason");
}

static inline apr_status_t release_jobs(anshin_op_t *op)
{
    int released = 0;
    apr_status_t status = anshin_jobs_release(op, &released);

    return when(status, released == 1);
}

static inline apr_status_t issue(anshin_op_t *op)
{
    anshin_issue_made_t made = {.fingerprint = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                                .not_before = fixture.now,
                                .not_after = fixture.now + apr_time_from_sec(86400),
                                .modern = {(const unsigned char *)"modern", 6},
                                .compat = {(const unsigned char *)"compat", 6}};
    anshin_issue_order_t order;
    apr_status_t status = anshin_issue_order(op, &scene.job, &order);

    return status == APR_SUCCESS ? anshin_issue_commit(op, &scene.job, scene.key, "w", &order, &made) : status;
}

static inline apr_status_t find_renewal(anshin_op_t *op)
{
    anshin_renewal_t renewal = {.expires_at = 0};
    apr_status_t status = anshin_renewal_find(op, &scene.member, 1, &renewal);

    return when(status, renewal.expires_at != 0 && renewal.waits);
}

static inline apr_status_t renew(anshin_op_t *op)
{
    anshin_renewal_t renewal = {.error = ""};
    apr_status_t status = anshin_renewal_begin(op, &scene.member, 1, &renewal);

    return when(status, renewal.error == NULL);
}

static inline apr_status_t renew_after_end(anshin_op_t *op)
{
    const anshin_login_facts_t facts = {
        .user = scene.user, .password = USERS_PASSWORD, .presented = &scene.presented, .renews = 1};
    anshin_login_result_t result = {.outcome = (anshin_login_outcome_t)-1};
    apr_status_t status = anshin_login(op, &facts, &result);

    return when(status, result.outcome == ANSHIN_LOGIN_RENEWED && result.session_id == NULL);
}

static inline int same_mail(const anshin_mail_text_t *a, const anshin_mail_text_t *b)
{
    return same_text(a->from, b->from) && same_text(a->to, b->to) && same_text(a->subject, b->subject) &&
           same_text(a->body, b->body);
}

/* Twice, since what fails does so once. */
static inline apr_status_t read_mail(anshin_op_t *op)
{
    const anshin_claimed_mail_t outbox = {scene.key, "w", scene.job.mail};
    anshin_mail_text_t text, again;
    anshin_mail_t mail;
    apr_status_t status = anshin_outbox_read(op, &outbox, &mail);

    if (status != APR_SUCCESS || (status = anshin_mail_open(op, &mail, &text)) != APR_SUCCESS ||
        (status = anshin_mail_open(op, &mail, &again)) != APR_SUCCESS) {
        return status;
    }
    return when(status, same_mail(&text, &again) && same_text(text.to, "taro@example.jp"));
}

static inline apr_status_t mail_delivering(anshin_op_t *op)
{
    const anshin_claimed_mail_t outbox = {scene.key, "w", scene.job.mail};

    return anshin_outbox_delivering(op, &outbox, NULL);
}

static inline apr_status_t mail_sent(anshin_op_t *op)
{
    const anshin_claimed_mail_t outbox = {scene.key, "w", scene.job.mail};

    return anshin_outbox_delivered(op, &outbox, ANSHIN_MAIL_SENT);
}

static inline apr_status_t mail_failed(anshin_op_t *op)
{
    const anshin_claimed_mail_t outbox = {scene.key, "w", scene.job.mail};

    return anshin_outbox_failed(op, &outbox, "refused");
}

static inline apr_status_t reach(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    (void)baton;
    return anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, "taro", 1);
}

static inline apr_status_t flow(anshin_op_t *op)
{
    static const char browser[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ";
    anshin_flow_t flow, back;
    const char *text;
    apr_status_t status = anshin_flow_start(op, &flow, ANSHIN_FLOW_TERMINAL, "taro");

    if (status != APR_SUCCESS || (status = anshin_flow_note(op, &flow, json_pack("{s:i}", "kind", 1))) != APR_SUCCESS ||
        (status = anshin_flow_seal(op, &flow, browser, &text)) != APR_SUCCESS ||
        (status = anshin_flow_unseal(op, text, flow.id, browser, &back)) != APR_SUCCESS) {
        return status;
    }
    op->flow = &back;
    status = anshin_op_write(op, ANSHIN_DURABLE, reach, NULL);
    op->flow = NULL;
    if (status != APR_SUCCESS || (status = anshin_flow_find(op, &back)) != APR_SUCCESS ||
        (status = anshin_flow_end(op, &back)) != APR_SUCCESS) {
        return status;
    }
    return when(APR_SUCCESS, back.stage == ANSHIN_STAGE_ENDED && anshin_flow_number(&back, "kind") == 1);
}

static inline apr_status_t csrf(anshin_op_t *op)
{
    static const char browser[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ";
    const char *token;
    apr_status_t status = anshin_csrf_make(op, browser, "1234", &token);

    return status == APR_SUCCESS ? anshin_csrf_check(op, browser, token) : status;
}

#endif
