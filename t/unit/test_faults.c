/*
 * Every verb of the core with every call of its store, its cryptography and its JSON failing once, in turn (S21): the
 * verb fails, what it was to decide is as before, and the failure is never taken for an answer ("no such user").
 */
#include "core/csrf.h"
#include "core/download.h"
#include "core/flow.h"
#include "core/history.h"
#include "core/issue.h"
#include "core/mail.h"
#include "core/method.h"
#include "core/outbox.h"
#include "faulty.h"
#include "scenes.h"

#define NEW_PASSWORD "Brand-New-Horse-8"

/* APR_SUCCESS when the verb has done what the scene is for. */
static apr_status_t when(apr_status_t rv, int done_what_it_should)
{
    return rv == APR_SUCCESS && !done_what_it_should ? APR_EGENERAL : rv;
}

/* --- verbs --- */

static apr_status_t create(anshin_op_t *op)
{
    anshin_account_new_t spec = {scene.user, "taro@example.jp", ANSHIN_METHOD_PASSWORD, ANSHIN_TERMINAL_PC, NULL};
    anshin_invitation_t invitation;

    return anshin_account_create(op, &spec, &invitation);
}

static apr_status_t invite(anshin_op_t *op)
{
    anshin_invitation_t invitation;

    return anshin_account_invite(op, scene.user, &invitation);
}

static apr_status_t find_invitation(anshin_op_t *op)
{
    anshin_account_t account;

    return anshin_registration_find(op, scene.token, &account);
}

static apr_status_t enter_code(anshin_op_t *op)
{
    anshin_code_result_t result = {0, 0, 0};
    apr_status_t rv = anshin_registration_code(op, scene.token, scene.code, &result);

    return when(rv, result.right);
}

static apr_status_t complete(anshin_op_t *op)
{
    anshin_registration_form_t form = {PEOPLE_PASSWORD, PEOPLE_PASSWORD, "pet", "ポチ", "ja"};
    anshin_registration_result_t result = {.password_broken = 1};
    apr_status_t rv = anshin_registration_complete(op, scene.token, &form, &result);

    return when(rv, result.password_broken == 0 && result.answer_error == NULL);
}

static apr_status_t login_with(anshin_op_t *op, const char *password, anshin_login_outcome_t wanted)
{
    anshin_login_facts_t facts = {scene.user, password, &scene.peer, scene.session_id};
    anshin_login_result_t result = {.outcome = (anshin_login_outcome_t)-1};
    apr_status_t rv;

    op->address = apr_psprintf(world.pool, "2001:db8:%s::1", scene.user + 1);
    rv = anshin_login(op, &facts, &result);
    return when(rv, result.outcome == wanted && (wanted == ANSHIN_LOGIN_OK) == (result.session_id != NULL));
}

static apr_status_t login(anshin_op_t *op)
{
    return login_with(op, PEOPLE_PASSWORD, ANSHIN_LOGIN_OK);
}

static apr_status_t login_wrong(anshin_op_t *op)
{
    return login_with(op, "wrong", ANSHIN_LOGIN_WRONG);
}

static apr_status_t login_unknown(anshin_op_t *op)
{
    scene.peer = people_no_peer;
    return login_with(op, PEOPLE_PASSWORD, ANSHIN_LOGIN_WRONG);
}

static apr_status_t code_ways(anshin_op_t *op)
{
    apr_array_header_t *ways;
    int app;

    return anshin_login_code_ways(op, scene.user, scene.stamp, &ways, &app);
}

static apr_status_t code_send(anshin_op_t *op)
{
    return anshin_login_code_send(op, scene.user, scene.stamp, 1);
}

static apr_status_t code_check(anshin_op_t *op)
{
    anshin_login_facts_t facts = {scene.user, "", &people_no_peer, NULL};
    anshin_login_result_t result = {.outcome = (anshin_login_outcome_t)-1};
    apr_status_t rv = anshin_login_code_check(op, &facts, scene.stamp, scene.code, &result);

    return when(rv, result.outcome == ANSHIN_LOGIN_OK);
}

static apr_status_t forced_change(anshin_op_t *op)
{
    anshin_login_facts_t facts = {scene.user, "", &people_no_peer, NULL};
    anshin_login_result_t result = {.outcome = (anshin_login_outcome_t)-1};
    unsigned broken = 1;
    apr_status_t rv = anshin_login_change(op, &facts, scene.stamp, NEW_PASSWORD, NEW_PASSWORD, &broken, &result);

    return when(rv, broken == 0 && result.outcome == ANSHIN_LOGIN_OK);
}

static apr_status_t find_session(anshin_op_t *op)
{
    anshin_session_t session;
    const char *key;

    return anshin_session_find(op, scene.session_id, &scene.peer, &session, &key);
}

static apr_status_t keep_session(anshin_op_t *op)
{
    op->now += op->contract->policy.session_idle / 2;
    return anshin_session_touch(op, scene.key, &scene.session);
}

static apr_status_t end_session(anshin_op_t *op)
{
    return anshin_session_end(op, scene.key);
}

static apr_status_t close_sessions(anshin_op_t *op)
{
    return anshin_sessions_close(op, scene.user, NULL, NULL);
}

static apr_status_t prove(anshin_op_t *op)
{
    anshin_proof_t proof = {.right = 0};
    const char *id = NULL;
    apr_status_t rv = anshin_member_prove(op, &scene.member, PEOPLE_PASSWORD, &proof, &id);

    return when(rv, proof.right && id != NULL);
}

static apr_status_t change_password(anshin_op_t *op)
{
    anshin_change_result_t result = {.session_id = NULL};
    apr_status_t rv = anshin_password_change(op, &scene.member, PEOPLE_PASSWORD, NEW_PASSWORD, NEW_PASSWORD, &result);

    return when(rv, result.session_id != NULL);
}

static apr_status_t change_question(anshin_op_t *op)
{
    anshin_change_result_t result = {.session_id = NULL};
    apr_status_t rv = anshin_question_change(op, &scene.member, PEOPLE_PASSWORD, "food", "すし", &result);

    return when(rv, result.session_id != NULL);
}

static apr_status_t change_method(anshin_op_t *op)
{
    apr_array_header_t *issues;

    return anshin_method_change(op, &scene.member, ANSHIN_METHOD_CERTIFICATE, &issues);
}

static apr_status_t drop_certificates(anshin_op_t *op)
{
    apr_array_header_t *issues;

    return anshin_method_change(op, &scene.member, ANSHIN_METHOD_PASSWORD, &issues);
}

static apr_status_t add_terminal(anshin_op_t *op)
{
    anshin_terminal_result_t result = {.number = 0};
    apr_status_t rv = anshin_terminal_add(op, &scene.member, "jiro@example.jp", ANSHIN_TERMINAL_MOBILE, &result);

    return when(rv, result.number == 2 && result.download_password != NULL);
}

static apr_status_t change_terminal(anshin_op_t *op)
{
    anshin_terminal_result_t result = {.number = 0};
    apr_status_t rv = anshin_terminal_change(op, &scene.member, 1, "saburo@example.jp", ANSHIN_TERMINAL_PC, &result);

    return when(rv, result.address_error == NULL && result.error == NULL);
}

static apr_status_t delete_terminal(anshin_op_t *op)
{
    anshin_terminal_result_t result = {.number = 0};
    apr_status_t rv = anshin_terminal_delete(op, &scene.member, 2, &result);

    return when(rv, result.error == NULL);
}

static apr_status_t view_terminals(anshin_op_t *op)
{
    apr_array_header_t *views = NULL;
    apr_status_t rv = anshin_terminals_view(op, scene.user, &views);

    return when(rv, views != NULL && views->nelts == 2);
}

static apr_status_t request_reissue(anshin_op_t *op)
{
    op->address = apr_psprintf(world.pool, "2001:db8:%s::1", scene.user + 1);
    return anshin_reissue_request(op, ANSHIN_REISSUE_PASSWORD, scene.user, "taro@example.jp");
}

static apr_status_t process_reissue(anshin_op_t *op)
{
    return anshin_reissue_process(op, &scene.job, scene.key, "w");
}

static apr_status_t execute_with(anshin_op_t *op, anshin_reissue_kind_t kind)
{
    anshin_reissue_result_t result = {.user = NULL};
    apr_status_t rv = anshin_reissue_execute(op, kind, scene.token, "pet", "ポチ", &result);

    return when(rv, result.proof.right && (result.password != NULL || result.download_password != NULL));
}

static apr_status_t reissue_password(anshin_op_t *op)
{
    return execute_with(op, ANSHIN_REISSUE_PASSWORD);
}

static apr_status_t reissue_certificate(anshin_op_t *op)
{
    return execute_with(op, ANSHIN_REISSUE_CERTIFICATE);
}

static apr_status_t operators_code(anshin_op_t *op)
{
    const char *code;
    apr_time_t expires_at;

    return anshin_reissue_code(op, scene.user, &code, &expires_at);
}

static apr_status_t enrol(anshin_op_t *op)
{
    int right = 0;
    apr_status_t rv = anshin_totp_enrol(op, &scene.member, TOTP_SECRET, scene.code, &right);

    return when(rv, right);
}

static apr_status_t remove_app(anshin_op_t *op)
{
    return anshin_totp_remove(op, &scene.member);
}

static apr_status_t find_download(anshin_op_t *op)
{
    anshin_download_state_t state;

    return anshin_download_find(op, scene.token, &state);
}

static apr_status_t fetch(anshin_op_t *op)
{
    anshin_download_result_t result = {.right = 0};
    apr_status_t rv = anshin_download_fetch(op, scene.token, scene.password, ANSHIN_PROFILE_MODERN, &result);

    return when(rv, result.right && result.file.length == 6);
}

static apr_status_t finish_download(anshin_op_t *op)
{
    return anshin_download_finish(op, scene.token);
}

static apr_status_t lock(anshin_op_t *op)
{
    return anshin_account_lock(op, scene.user, ANSHIN_ACCOUNT_LOCKED);
}

static apr_status_t unlock(anshin_op_t *op)
{
    return anshin_account_unlock(op, scene.user);
}

static apr_status_t delete_user(anshin_op_t *op)
{
    return anshin_account_delete(op, scene.user);
}

static apr_status_t revoke_certificate(anshin_op_t *op)
{
    return anshin_certificate_revoke(op, scene.peer.serial, ANSHIN_REASON_CESSATION);
}

static apr_status_t verdict(anshin_op_t *op)
{
    anshin_certificate_verdict_t verdict = ANSHIN_VERDICT_NONE;
    apr_status_t rv = anshin_certificate_verdict(op, &scene.peer, &verdict);

    return when(rv, verdict == ANSHIN_VERDICT_GOOD);
}

static apr_status_t claim_job(anshin_op_t *op)
{
    anshin_job_t job;
    const char *key;
    apr_time_t wake;

    return anshin_job_claim(op, "w", &job, &key, &wake);
}

static apr_status_t retry_job(anshin_op_t *op)
{
    return anshin_job_retry(op, scene.key, "w", "no reason");
}

static apr_status_t release_jobs(anshin_op_t *op)
{
    int released = 0;
    apr_status_t rv = anshin_jobs_release(op, &released);

    return when(rv, released == 1);
}

static apr_status_t issue(anshin_op_t *op)
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

static apr_status_t read_mail(anshin_op_t *op)
{
    const anshin_outbox_t outbox = {scene.key, "w", scene.job.mail};
    anshin_mail_text_t text;
    anshin_mail_t mail;
    apr_status_t rv = anshin_outbox_read(op, &outbox, &mail);

    return rv == APR_SUCCESS ? anshin_mail_open(op, &mail, &text) : rv;
}

static apr_status_t mail_delivering(anshin_op_t *op)
{
    const anshin_outbox_t outbox = {scene.key, "w", scene.job.mail};

    return anshin_outbox_delivering(op, &outbox, NULL);
}

static apr_status_t mail_sent(anshin_op_t *op)
{
    const anshin_outbox_t outbox = {scene.key, "w", scene.job.mail};

    return anshin_outbox_sent(op, &outbox);
}

static apr_status_t mail_failed(anshin_op_t *op)
{
    const anshin_outbox_t outbox = {scene.key, "w", scene.job.mail};

    return anshin_outbox_failed(op, &outbox, "refused");
}

static apr_status_t flow(anshin_op_t *op)
{
    anshin_flow_t flow, back;
    const char *text;
    apr_status_t rv;

    anshin_flow_start(op, &flow, ANSHIN_FLOW_LOGIN, "token");
    rv = anshin_flow_seal(op, &flow, &text);
    return rv == APR_SUCCESS ? anshin_flow_unseal(op, text, ANSHIN_FLOW_LOGIN, &back) : rv;
}

static apr_status_t csrf(anshin_op_t *op)
{
    static const char browser[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ";
    const char *token;
    apr_status_t rv = anshin_csrf_make(op, browser, &token);

    return rv == APR_SUCCESS ? anshin_csrf_check(op, browser, token) : rv;
}

/* --- the sweep --- */

static const struct case_t {
    const char *name;
    void (*prepare)(void);
    apr_status_t (*verb)(anshin_op_t *op);
    int preset; /* anshin_preset_t */
} cases[] = {
    {"creating a user", nobody_yet, create, ANSHIN_PRESET_CLASSIC},
    {"inviting again", invited, invite, ANSHIN_PRESET_CLASSIC},
    {"opening an invitation", invited, find_invitation, ANSHIN_PRESET_CLASSIC},
    {"the registration code", invited, enter_code, ANSHIN_PRESET_CLASSIC},
    {"registration", invited, complete, ANSHIN_PRESET_CLASSIC},
    {"registration for a certificate", invited_for_certificate, complete, ANSHIN_PRESET_CLASSIC},
    {"login by password", registered, login, ANSHIN_PRESET_CLASSIC},
    {"login by password, modern", registered, login, ANSHIN_PRESET_MODERN},
    {"login by certificate", with_certificate, login, ANSHIN_PRESET_CLASSIC},
    {"login over an older session", member, login, ANSHIN_PRESET_CLASSIC},
    {"login with a wrong password", registered, login_wrong, ANSHIN_PRESET_CLASSIC},
    {"login of nobody", nobody_yet, login_unknown, ANSHIN_PRESET_CLASSIC},
    {"ways to a code", with_app, code_ways, ANSHIN_PRESET_CLASSIC},
    {"mailing a code", asked_for_code, code_send, ANSHIN_PRESET_CLASSIC},
    {"a code of the app", with_app, code_check, ANSHIN_PRESET_CLASSIC},
    {"the forced change", must_change, forced_change, ANSHIN_PRESET_CLASSIC},
    {"finding a session", member, find_session, ANSHIN_PRESET_CLASSIC},
    {"finding a session of a certificate", certificate_member, find_session, ANSHIN_PRESET_CLASSIC},
    {"keeping a session awake", member, keep_session, ANSHIN_PRESET_CLASSIC},
    {"ending a session", member, end_session, ANSHIN_PRESET_CLASSIC},
    {"ending all sessions", member, close_sessions, ANSHIN_PRESET_CLASSIC},
    {"proving the password again", member, prove, ANSHIN_PRESET_CLASSIC},
    {"changing the password", member, change_password, ANSHIN_PRESET_CLASSIC},
    {"changing the question", member, change_question, ANSHIN_PRESET_CLASSIC},
    {"changing to certificates", member, change_method, ANSHIN_PRESET_CLASSIC},
    {"changing from certificates", two_terminals, drop_certificates, ANSHIN_PRESET_CLASSIC},
    {"adding a terminal", certificate_member, add_terminal, ANSHIN_PRESET_CLASSIC},
    {"changing a terminal", certificate_member, change_terminal, ANSHIN_PRESET_CLASSIC},
    {"deleting a terminal", two_terminals, delete_terminal, ANSHIN_PRESET_CLASSIC},
    {"showing terminals", two_terminals, view_terminals, ANSHIN_PRESET_CLASSIC},
    {"asking for a reissue", registered, request_reissue, ANSHIN_PRESET_CLASSIC},
    {"mailing a link to a reissue", reissue_in_hand, process_reissue, ANSHIN_PRESET_CLASSIC},
    {"reissue of a password", link_to_password, reissue_password, ANSHIN_PRESET_CLASSIC},
    {"reissue of a certificate", link_to_certificate, reissue_certificate, ANSHIN_PRESET_CLASSIC},
    {"the operator's code", registered, operators_code, ANSHIN_PRESET_CLASSIC},
    {"enrolling an app", app_at_hand, enrol, ANSHIN_PRESET_CLASSIC},
    {"removing an app", with_app, remove_app, ANSHIN_PRESET_CLASSIC},
    {"opening a download", issued, find_download, ANSHIN_PRESET_CLASSIC},
    {"fetching a certificate", issued, fetch, ANSHIN_PRESET_CLASSIC},
    {"the end of a download", issued, finish_download, ANSHIN_PRESET_CLASSIC},
    {"locking a user", member, lock, ANSHIN_PRESET_CLASSIC},
    {"unlocking a user", registered, unlock, ANSHIN_PRESET_CLASSIC},
    {"deleting a user", two_terminals, delete_user, ANSHIN_PRESET_CLASSIC},
    {"revoking", certificate_member, revoke_certificate, ANSHIN_PRESET_CLASSIC},
    {"judging a certificate", with_certificate, verdict, ANSHIN_PRESET_CLASSIC},
    {"claiming a job", reissue_waits, claim_job, ANSHIN_PRESET_CLASSIC},
    {"putting a job off", issue_in_hand, retry_job, ANSHIN_PRESET_CLASSIC},
    {"releasing jobs", one_job_in_hand, release_jobs, ANSHIN_PRESET_CLASSIC},
    {"issuing", issue_in_hand, issue, ANSHIN_PRESET_CLASSIC},
    {"reading a mail", mail_in_hand, read_mail, ANSHIN_PRESET_CLASSIC},
    {"a mail that goes out", mail_in_hand, mail_delivering, ANSHIN_PRESET_CLASSIC},
    {"a mail that went out", mail_delivered, mail_sent, ANSHIN_PRESET_CLASSIC},
    {"a mail that cannot go out", mail_in_hand, mail_failed, ANSHIN_PRESET_CLASSIC},
    {"a flow's cookie", nobody_yet, flow, ANSHIN_PRESET_CLASSIC},
    {"a form's token", nobody_yet, csrf, ANSHIN_PRESET_CLASSIC},
};

static void open_world(int preset, apr_pool_t *pool)
{
    faulty_arm(FAULTY_NONE, 0, APR_SUCCESS);
    world_open(&world, &faulty_store, NULL, pool);
    people_contract(&world, (anshin_preset_t)preset);
    world.contract.policy.methods |= 1 << ANSHIN_METHOD_OTP;
    world.env.crypto = faulty_make_crypto(world.crypto);
}

/* What fails, and whether the verb may succeed all the same. */
static const struct trouble_t {
    const char *text;
    faulty_source_t source;
    apr_status_t answer;
    int may_succeed;
} troubles[] = {{"a store that is broken", FAULTY_STORE, ANSHIN_EFAULT, 0},
                {"a store that is busy (a check of a password waits and tries again)", FAULTY_STORE, ANSHIN_EBUSY, 1},
                {"cryptography that fails", FAULTY_CRYPTO, ANSHIN_EFAULT, 0},
                {"JSON without memory (jansson helps itself here and there)", FAULTY_MEMORY, APR_SUCCESS, 1}};

static int as_it_should(const struct trouble_t *trouble, apr_status_t rv, int changed)
{
    if (rv == APR_SUCCESS) {
        return trouble->may_succeed || !faulty_fired;
    }
    return faulty_fired && !changed && (rv == ANSHIN_EFAULT || rv == ANSHIN_EBUSY);
}

/* One user, one attempt in which call number calls fails. 1: there was a call of that number. */
static int attempt(const struct case_t *c, const struct trouble_t *trouble, int calls, int *failures)
{
    static int users;
    anshin_op_t *op;
    apr_uint64_t before;
    apr_status_t rv;
    int changed;

    memset(&scene, 0, sizeof(scene));
    scene.user = apr_psprintf(world.pool, "u%d", ++users);
    c->prepare();
    before = faulty_sum(world.pool);
    op = world_op(&world);
    faulty_arm(trouble->source, calls, trouble->answer);
    rv = c->verb(op);
    faulty_source = FAULTY_NONE;
    changed = faulty_sum(world.pool) != before;
    if (!as_it_should(trouble, rv, changed)) {
        printf("# %s (call %d): %s%s; %s %s\n", faulty_name, calls, anshin_status_name(rv), changed ? ", changed" : "",
               op->error.id, op->error.text);
        ++*failures;
    }
    return faulty_fired;
}

static void sweep(const struct case_t *c, const struct trouble_t *trouble)
{
    int failures = 0;
    int calls = 0;

    while (attempt(c, trouble, calls, &failures)) {
        calls++;
    }
    ok(failures == 0, "%s: %s, each of %d calls, denies and changes nothing (S21)", c->name, trouble->text, calls);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    faulty_make_store();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_pool_create(&pool, NULL);
        open_world(cases[i].preset, pool);
        for (size_t j = 0; j < sizeof(troubles) / sizeof(troubles[0]); j++) {
            sweep(&cases[i], &troubles[j]);
        }
        apr_pool_destroy(pool);
    }
    apr_terminate();
    return done();
}
