/*
 * The verbs of the core, each with all that its scene (scenes.h) has prepared for it. APR_SUCCESS only when the verb
 * says of itself that it has done what the scene is for.
 */
#ifndef ANSHIN_UNIT_VERBS_H
#define ANSHIN_UNIT_VERBS_H

#include "core/csrf.h"
#include "core/download.h"
#include "core/flow.h"
#include "core/history.h"
#include "core/issue.h"
#include "core/mail.h"
#include "core/method.h"
#include "core/outbox.h"
#include "scenes.h"

#define NEW_PASSWORD "Brand-New-Horse-8"

/* APR_SUCCESS when the verb has done what the scene is for. */
static inline apr_status_t when(apr_status_t rv, int done_what_it_should)
{
    return rv == APR_SUCCESS && !done_what_it_should ? APR_EGENERAL : rv;
}

static inline apr_status_t create(anshin_op_t *op)
{
    anshin_account_new_t spec = {scene.user, "taro@example.jp", ANSHIN_METHOD_PASSWORD, ANSHIN_TERMINAL_PC, NULL};
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

    return anshin_registration_find(op, scene.token, &account);
}

static inline apr_status_t enter_code(anshin_op_t *op)
{
    anshin_code_result_t result = {0, 0, 0};
    apr_status_t rv = anshin_registration_code(op, scene.token, scene.code, &result);

    return when(rv, result.right);
}

static inline apr_status_t complete(anshin_op_t *op)
{
    anshin_registration_form_t form = {PEOPLE_PASSWORD, PEOPLE_PASSWORD, "pet", "ポチ", "ja", 0};
    anshin_registration_result_t result = {.password_broken = 1};
    apr_status_t rv = anshin_registration_complete(op, scene.token, &form, &result);

    return when(rv, result.password_broken == 0 && result.answer_error == NULL);
}

static inline apr_status_t login_with(anshin_op_t *op, const char *password, anshin_login_outcome_t wanted)
{
    anshin_login_facts_t facts = {scene.user, password, &scene.peer, scene.session_id, NULL};
    anshin_login_result_t result = {.outcome = (anshin_login_outcome_t)-1};
    apr_status_t rv;

    op->address = apr_psprintf(world.pool, "2001:db8:%s::1", scene.user + 1);
    rv = anshin_login(op, &facts, &result);
    return when(rv, result.outcome == wanted && (wanted == ANSHIN_LOGIN_OK) == (result.session_id != NULL));
}

static inline apr_status_t login(anshin_op_t *op)
{
    return login_with(op, PEOPLE_PASSWORD, ANSHIN_LOGIN_OK);
}

static inline apr_status_t login_wrong(anshin_op_t *op)
{
    return login_with(op, "wrong", ANSHIN_LOGIN_WRONG);
}

static inline apr_status_t login_unknown(anshin_op_t *op)
{
    scene.peer = people_no_peer;
    return login_with(op, PEOPLE_PASSWORD, ANSHIN_LOGIN_WRONG);
}

static inline apr_status_t code_ways(anshin_op_t *op)
{
    apr_array_header_t *ways;
    int app;

    return anshin_login_code_ways(op, scene.user, scene.stamp, &ways, &app);
}

static inline apr_status_t code_send(anshin_op_t *op)
{
    return anshin_login_code_send(op, scene.user, scene.stamp, 1);
}

static inline apr_status_t code_check(anshin_op_t *op)
{
    anshin_login_facts_t facts = {scene.user, "", &people_no_peer, NULL, NULL};
    anshin_login_result_t result = {.outcome = (anshin_login_outcome_t)-1};
    apr_status_t rv = anshin_login_code_check(op, &facts, scene.stamp, scene.code, &result);

    return when(rv, result.outcome == ANSHIN_LOGIN_OK);
}

static inline apr_status_t forced_change(anshin_op_t *op)
{
    anshin_login_facts_t facts = {scene.user, "", &people_no_peer, NULL, NULL};
    anshin_login_result_t result = {.outcome = (anshin_login_outcome_t)-1};
    unsigned broken = 1;
    apr_status_t rv = anshin_login_change(op, &facts, scene.stamp, NEW_PASSWORD, NEW_PASSWORD, &broken, &result);

    return when(rv, broken == 0 && result.outcome == ANSHIN_LOGIN_OK);
}

static inline apr_status_t find_session(anshin_op_t *op)
{
    anshin_session_t session;
    const char *key;

    return anshin_session_find(op, scene.session_id, &scene.peer, &session, &key);
}

static inline apr_status_t keep_session(anshin_op_t *op)
{
    op->now += op->contract->policy.session_idle / 2;
    return anshin_session_touch(op, scene.key, &scene.session);
}

static inline apr_status_t end_session(anshin_op_t *op)
{
    return anshin_session_end(op, scene.key);
}

static inline apr_status_t close_sessions(anshin_op_t *op)
{
    return anshin_sessions_close(op, scene.user, NULL, NULL, NULL);
}

static inline apr_status_t prove(anshin_op_t *op)
{
    anshin_proof_t proof = {.right = 0};
    const char *id = NULL;
    apr_status_t rv = anshin_member_prove(op, &scene.member, PEOPLE_PASSWORD, &proof, &id);

    return when(rv, proof.right && id != NULL);
}

static inline apr_status_t change_password(anshin_op_t *op)
{
    anshin_change_result_t result = {.session_id = NULL};
    apr_status_t rv = anshin_password_change(op, &scene.member, PEOPLE_PASSWORD, NEW_PASSWORD, NEW_PASSWORD, &result);

    return when(rv, result.session_id != NULL);
}

static inline apr_status_t change_question(anshin_op_t *op)
{
    anshin_change_result_t result = {.session_id = NULL};
    apr_status_t rv = anshin_question_change(op, &scene.member, PEOPLE_PASSWORD, "food", "すし", &result);

    return when(rv, result.session_id != NULL);
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
    apr_status_t rv = anshin_terminal_add(op, &scene.member, "jiro@example.jp", ANSHIN_TERMINAL_MOBILE, NULL, &result);

    return when(rv, result.number == 2 && result.download_password != NULL);
}

static inline apr_status_t change_terminal(anshin_op_t *op)
{
    anshin_terminal_result_t result = {.number = 0};
    apr_status_t rv =
        anshin_terminal_change(op, &scene.member, 1, "saburo@example.jp", ANSHIN_TERMINAL_PC, NULL, &result);

    return when(rv, result.address_error == NULL && result.error == NULL);
}

static inline apr_status_t delete_terminal(anshin_op_t *op)
{
    anshin_terminal_result_t result = {.number = 0};
    apr_status_t rv = anshin_terminal_delete(op, &scene.member, 2, &result);

    return when(rv, result.error == NULL);
}

static inline apr_status_t view_terminals(anshin_op_t *op)
{
    apr_array_header_t *views = NULL;
    apr_status_t rv = anshin_terminals_view(op, &scene.member, &views);

    return when(rv, views != NULL && views->nelts == 2);
}

static inline apr_status_t request_reissue(anshin_op_t *op)
{
    op->address = apr_psprintf(world.pool, "2001:db8:%s::1", scene.user + 1);
    return anshin_reissue_request(op, ANSHIN_REISSUE_PASSWORD, scene.user, "taro@example.jp");
}

static inline apr_status_t process_reissue(anshin_op_t *op)
{
    return anshin_reissue_process(op, &scene.job, scene.key, "w");
}

static inline apr_status_t execute_with(anshin_op_t *op, anshin_reissue_kind_t kind)
{
    anshin_reissue_result_t result = {.user = NULL};
    apr_status_t rv =
        anshin_reissue_execute(op, kind, scene.token, &(anshin_reissue_typed_t){"pet", "ポチ", ""}, &result);

    return when(rv, result.proof.right && (result.password != NULL || result.download_password != NULL));
}

static inline apr_status_t reissue_password(anshin_op_t *op)
{
    return execute_with(op, ANSHIN_REISSUE_PASSWORD);
}

static inline apr_status_t reissue_certificate(anshin_op_t *op)
{
    return execute_with(op, ANSHIN_REISSUE_CERTIFICATE);
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
    apr_status_t rv = anshin_totp_enrol(op, &scene.member, TOTP_SECRET, scene.code, &right);

    return when(rv, right);
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
    apr_status_t rv = anshin_download_fetch(op, scene.token, scene.password, ANSHIN_PROFILE_MODERN, &result);

    return when(rv, result.right && result.file.length == 6);
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

static inline apr_status_t delete_user(anshin_op_t *op)
{
    return anshin_account_delete(op, scene.user);
}

static inline apr_status_t revoke_certificate(anshin_op_t *op)
{
    return anshin_certificate_revoke(op, scene.peer.serial, ANSHIN_REASON_CESSATION);
}

static inline apr_status_t verdict(anshin_op_t *op)
{
    anshin_certificate_verdict_t verdict = ANSHIN_VERDICT_NONE;
    apr_status_t rv = anshin_certificate_verdict(op, &scene.peer, &verdict);

    return when(rv, verdict == ANSHIN_VERDICT_GOOD);
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
    apr_status_t rv = anshin_jobs_release(op, &released);

    return when(rv, released == 1);
}

static inline apr_status_t issue(anshin_op_t *op)
{
    anshin_issue_made_t made = {.fingerprint = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                                .not_before = world.now,
                                .not_after = world.now + apr_time_from_sec(86400),
                                .modern = {(const unsigned char *)"modern", 6},
                                .compat = {(const unsigned char *)"compat", 6}};
    anshin_issue_order_t order;
    apr_status_t rv = anshin_issue_order(op, &scene.job, &order);

    return rv == APR_SUCCESS ? anshin_issue_commit(op, &scene.job, scene.key, "w", &order, &made) : rv;
}

static inline int same_mail(const anshin_mail_text_t *a, const anshin_mail_text_t *b)
{
    return same_text(a->from, b->from) && same_text(a->to, b->to) && same_text(a->subject, b->subject) &&
           same_text(a->body, b->body);
}

/* Twice, since what fails does so once. */
static inline apr_status_t read_mail(anshin_op_t *op)
{
    const anshin_outbox_t outbox = {scene.key, "w", scene.job.mail};
    anshin_mail_text_t text, again;
    anshin_mail_t mail;
    apr_status_t rv = anshin_outbox_read(op, &outbox, &mail);

    if (rv != APR_SUCCESS || (rv = anshin_mail_open(op, &mail, &text)) != APR_SUCCESS ||
        (rv = anshin_mail_open(op, &mail, &again)) != APR_SUCCESS) {
        return rv;
    }
    return when(rv, same_mail(&text, &again) && same_text(text.to, "taro@example.jp"));
}

static inline apr_status_t mail_delivering(anshin_op_t *op)
{
    const anshin_outbox_t outbox = {scene.key, "w", scene.job.mail};

    return anshin_outbox_delivering(op, &outbox, NULL);
}

static inline apr_status_t mail_sent(anshin_op_t *op)
{
    const anshin_outbox_t outbox = {scene.key, "w", scene.job.mail};

    return anshin_outbox_delivered(op, &outbox, ANSHIN_MAIL_SENT);
}

static inline apr_status_t mail_failed(anshin_op_t *op)
{
    const anshin_outbox_t outbox = {scene.key, "w", scene.job.mail};

    return anshin_outbox_failed(op, &outbox, "refused");
}

static inline apr_status_t flow(anshin_op_t *op)
{
    static const char browser[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ";
    anshin_flow_t flow, back;
    anshin_txn_t *txn;
    const char *text;
    apr_status_t rv = anshin_flow_start(op, &flow, ANSHIN_FLOW_TERMINAL, "taro");

    if (rv != APR_SUCCESS || (rv = anshin_flow_note(op, &flow, json_pack("{s:i}", "kind", 1))) != APR_SUCCESS ||
        (rv = anshin_flow_seal(op, &flow, browser, &text)) != APR_SUCCESS ||
        (rv = anshin_flow_unseal(op, text, flow.id, browser, &back)) != APR_SUCCESS ||
        (rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    op->flow = &back;
    rv = anshin_txn_end(txn, anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, "taro", 1), ANSHIN_DURABLE);
    op->flow = NULL;
    if (rv != APR_SUCCESS || (rv = anshin_flow_find(op, &back)) != APR_SUCCESS ||
        (rv = anshin_flow_end(op, &back)) != APR_SUCCESS) {
        return rv;
    }
    return when(APR_SUCCESS, back.stage == ANSHIN_STAGE_ENDED && anshin_flow_number(&back, "kind") == 1);
}

static inline apr_status_t csrf(anshin_op_t *op)
{
    static const char browser[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ";
    const char *token;
    apr_status_t rv = anshin_csrf_make(op, browser, "1234", &token);

    return rv == APR_SUCCESS ? anshin_csrf_check(op, browser, token) : rv;
}

#endif
