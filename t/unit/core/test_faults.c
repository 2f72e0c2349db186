/*
 * Every verb of the core with every call of its store, its cryptography and its JSON failing once, in turn (S21): the
 * verb fails, what it was to decide is as before, and the failure is never taken for an answer ("no such user").
 */
#include "unit/store_diff.h"
#include "unit/fault_store.h"
#include "unit/verbs.h"

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
    {"locking the own account", member, lock_self, ANSHIN_PRESET_CLASSIC},
    {"a number for the help desk", registered, show_number, ANSHIN_PRESET_CLASSIC},
    {"changing to certificates", member, change_method, ANSHIN_PRESET_CLASSIC},
    {"changing from certificates", two_terminals, drop_certificates, ANSHIN_PRESET_CLASSIC},
    {"adding a terminal", certificate_member, add_terminal, ANSHIN_PRESET_CLASSIC},
    {"changing a terminal", certificate_member, change_terminal, ANSHIN_PRESET_CLASSIC},
    {"deleting a terminal", two_terminals, delete_terminal, ANSHIN_PRESET_CLASSIC},
    {"showing terminals", two_terminals, view_terminals, ANSHIN_PRESET_CLASSIC},
    {"showing one terminal", two_terminals, view_terminal, ANSHIN_PRESET_CLASSIC},
    {"showing an account", member, view_account, ANSHIN_PRESET_CLASSIC},
    {"showing a member's sessions", member, view_sessions, ANSHIN_PRESET_CLASSIC},
    {"showing a member's history", member, view_history, ANSHIN_PRESET_CLASSIC},
    {"showing a member's failures", member, view_failures, ANSHIN_PRESET_CLASSIC},
    {"showing an entry of a member's history", member, view_entry, ANSHIN_PRESET_CLASSIC},
    {"showing what is issued", two_terminals, view_issues, ANSHIN_PRESET_CLASSIC},
    {"why a password must change", must_change, view_reason, ANSHIN_PRESET_CLASSIC},
    {"the operator's view of a user", two_terminals, view_user, ANSHIN_PRESET_CLASSIC},
    {"the operator's list of sessions", member, list_sessions, ANSHIN_PRESET_CLASSIC},
    {"the operator's look at a session", member, view_session, ANSHIN_PRESET_CLASSIC},
    {"the operator's list of history", member, list_history, ANSHIN_PRESET_CLASSIC},
    {"asking for a reissue", registered, request_reissue, ANSHIN_PRESET_CLASSIC},
    {"mailing a link to a reissue", reissue_in_hand, process_reissue, ANSHIN_PRESET_CLASSIC},
    {"asking for user IDs", registered, request_ids, ANSHIN_PRESET_CLASSIC},
    {"mailing user IDs", ids_in_hand, process_reissue, ANSHIN_PRESET_CLASSIC},
    {"mailing a download's link again", resend_in_hand, process_reissue, ANSHIN_PRESET_CLASSIC},
    {"a member's download, mailed again", issued_member, resend, ANSHIN_PRESET_CLASSIC},
    {"a member's download, for a phone", issued_member, make_phone_link, ANSHIN_PRESET_CLASSIC},
    {"reissue of a password", link_to_password, reissue_password, ANSHIN_PRESET_CLASSIC},
    {"reissue of a certificate", link_to_certificate, reissue_certificate, ANSHIN_PRESET_CLASSIC},
    {"proof for a lost device", link_to_lost_device, prove_lost_device, ANSHIN_PRESET_CLASSIC},
    {"choosing a lost device", lost_device_proven, list_lost_devices, ANSHIN_PRESET_CLASSIC},
    {"revoking a lost device", lost_device_proven, revoke_lost_device, ANSHIN_PRESET_CLASSIC},
    {"losing a terminal", certificate_member, lose_terminal, ANSHIN_PRESET_CLASSIC},
    {"the operator's code", with_certificate, operators_code, ANSHIN_PRESET_CLASSIC},
    {"enrolling an app", app_at_hand, enrol, ANSHIN_PRESET_CLASSIC},
    {"removing an app", with_app, remove_app, ANSHIN_PRESET_CLASSIC},
    {"opening a download", issued, find_download, ANSHIN_PRESET_CLASSIC},
    {"fetching a certificate", issued, fetch, ANSHIN_PRESET_CLASSIC},
    {"the end of a download", issued, finish_download, ANSHIN_PRESET_CLASSIC},
    {"locking a user", member, lock, ANSHIN_PRESET_CLASSIC},
    {"unlocking a user", locked, unlock, ANSHIN_PRESET_CLASSIC},
    {"changing a user", member, amend_user, ANSHIN_PRESET_CLASSIC},
    {"changing a user to certificates", member, amend_method, ANSHIN_PRESET_CLASSIC},
    {"resetting a user", two_terminals, reset_user, ANSHIN_PRESET_CLASSIC},
    {"asking for a new password", registered, ask_for_change, ANSHIN_PRESET_CLASSIC},
    {"deleting a user", two_terminals, delete_user, ANSHIN_PRESET_CLASSIC},
    {"revoking", certificate_member, revoke_certificate, ANSHIN_PRESET_CLASSIC},
    {"judging a certificate", with_certificate, verdict, ANSHIN_PRESET_CLASSIC},
    {"claiming a job", only_reissue_waits, claim_job, ANSHIN_PRESET_CLASSIC},
    {"putting a job off", issue_in_hand, retry_job, ANSHIN_PRESET_CLASSIC},
    {"releasing jobs", one_job_in_hand, release_jobs, ANSHIN_PRESET_CLASSIC},
    {"issuing", issue_in_hand, issue, ANSHIN_PRESET_CLASSIC},
    {"renewing", near_end, renew, ANSHIN_PRESET_CLASSIC},
    {"renewing again", two_certificates, renew, ANSHIN_PRESET_CLASSIC},
    {"what can be renewed", two_certificates, find_renewal, ANSHIN_PRESET_CLASSIC},
    {"issuing beside another", renewal_in_hand, issue, ANSHIN_PRESET_CLASSIC},
    {"login with the old of two certificates", two_certificates, login, ANSHIN_PRESET_CLASSIC},
    {"login with the new of two certificates", new_certificate, login, ANSHIN_PRESET_CLASSIC},
    {"renewing after the end", ended, renew_after_end, ANSHIN_PRESET_CLASSIC},
    {"revoking one of two", two_certificates, revoke_certificate, ANSHIN_PRESET_CLASSIC},
    {"reading a mail", mail_in_hand, read_mail, ANSHIN_PRESET_CLASSIC},
    {"a mail that goes out", mail_in_hand, mail_delivering, ANSHIN_PRESET_CLASSIC},
    {"a mail that went out", mail_delivered, mail_sent, ANSHIN_PRESET_CLASSIC},
    {"a mail that cannot go out", mail_in_hand, mail_failed, ANSHIN_PRESET_CLASSIC},
    {"a flow's cookie", nobody_yet, flow, ANSHIN_PRESET_CLASSIC},
    {"a form's token", nobody_yet, csrf, ANSHIN_PRESET_CLASSIC},
};

static void open_fixture(int preset, apr_pool_t *pool)
{
    fault_arm(FAULT_NONE, 0, APR_SUCCESS);
    fixture_open(&fixture, &fault_store, NULL, pool);
    users_contract(&fixture, (anshin_preset_t)preset);
    fixture.contract.policy.methods |= 1 << ANSHIN_METHOD_OTP;
    fixture.env.crypto = fault_make_crypto(fixture.crypto);
}

/* What fails, and whether the verb may succeed all the same. */
static const struct trouble_t {
    const char *text;
    fault_source_t source;
    apr_status_t answer;
    int may_succeed;
} troubles[] = {{"a store that is broken", FAULT_STORE, ANSHIN_EFAULT, 0},
                {"a store that is busy (it is run again)", FAULT_STORE, ANSHIN_EBUSY, 1},
                {"cryptography that fails", FAULT_CRYPTO, ANSHIN_EFAULT, 0},
                {"JSON without memory (jansson helps itself here and there)", FAULT_MEMORY, APR_SUCCESS, 1}};

typedef struct outcome_t {
    apr_status_t status;
    int changed;      /* something that faulty_sum() looks at */
    const char *diff; /* of success, where it is to be compared */
    anshin_error_t error;
} outcome_t;

/* One user, one attempt in which call number calls fails; *outcome: what came of it. 1: there was a call of that
 * number. */
static int attempt(const struct case_t *c, const struct trouble_t *trouble, int calls, outcome_t *outcome,
                   apr_pool_t *pool)
{
    static int users;
    diff_records_t before = {NULL, NULL, 0, NULL};
    anshin_op_t *op;
    apr_uint64_t sum;

    memset(&scene, 0, sizeof(scene));
    scene.user = apr_psprintf(fixture.pool, "u%d", ++users);
    c->prepare();
    sum = fault_sum(fixture.pool);
    if (trouble->may_succeed) {
        before = diff_read(&fixture, fault_self, pool);
    }
    op = fixture_op(&fixture);
    fault_arm(trouble->source, calls, trouble->answer);
    outcome->status = c->verb(op);
    fault_source = FAULT_NONE;
    outcome->changed = fault_sum(fixture.pool) != sum;
    outcome->error = op->error;
    outcome->diff = "";
    if (trouble->may_succeed && outcome->status == APR_SUCCESS) {
        diff_records_t after = diff_read(&fixture, fault_self, pool);

        outcome->diff = diff_between(&before, &after, fixture.now, pool);
    }
    return fault_fired;
}

/* Success counts when all is as after an attempt in which nothing fails. A verb must come to it when others were in the
 * way once, whether it writes or reads. */
static int as_it_should(const struct trouble_t *trouble, const outcome_t *outcome, const char *usual)
{
    if (trouble->answer == ANSHIN_EBUSY && outcome->status != APR_SUCCESS) {
        return 0;
    }
    if (outcome->status == APR_SUCCESS) {
        return trouble->may_succeed ? strcmp(outcome->diff, usual) == 0 : !fault_fired;
    }
    return fault_fired && !outcome->changed && (outcome->status == ANSHIN_EFAULT || outcome->status == ANSHIN_EBUSY);
}

static int verbs_that_change;

/* What the verb comes to when nothing fails; the first user finds a store without its queues and series. */
static const char *undisturbed(const struct case_t *c, apr_pool_t *pool)
{
    static const struct trouble_t nothing = {"nothing", FAULT_NONE, APR_SUCCESS, 1};
    outcome_t usual;

    (void)attempt(c, &nothing, 0, &usual, pool);
    (void)attempt(c, &nothing, 0, &usual, pool);
    return usual.diff;
}

/* Whoever looks at all records looks at those of every attempt before: so a new store now and then. */
#define ATTEMPTS_A_STORE 8

/* What undisturbed() says of a new one. */
static const char *begin_anew(const struct case_t *c, const struct trouble_t *trouble, apr_pool_t *pool)
{
    apr_pool_clear(pool);
    open_fixture(c->preset, pool);
    return trouble->may_succeed ? undisturbed(c, pool) : "";
}

static void sweep(const struct case_t *c, const struct trouble_t *trouble, apr_pool_t *parent)
{
    const char *usual = "";
    outcome_t outcome;
    apr_pool_t *store;
    apr_pool_t *pool;
    int failures = 0;
    int calls = 0;
    int more = 1;

    apr_pool_create(&store, parent);
    apr_pool_create(&pool, parent);
    for (; more; calls += more) {
        apr_pool_clear(pool);
        usual = calls % ATTEMPTS_A_STORE == 0 ? begin_anew(c, trouble, store) : usual;
        more = attempt(c, trouble, calls, &outcome, pool);
        if (!as_it_should(trouble, &outcome, usual)) {
            printf("# %s (call %d): %s%s; %s %s\n", fault_name, calls, anshin_status_name(outcome.status),
                   outcome.changed ? ", changed" : "", outcome.error.id, outcome.error.text);
            printf("# made %s\n# not  %s\n", outcome.diff, usual);
            failures++;
        }
    }
    verbs_that_change += *usual != '\0' && strcmp(usual, "blobs+0") != 0;
    ok(failures == 0, "%s: %s, each of %d calls, denies and changes nothing%s (S21)", c->name, trouble->text, calls,
       trouble->may_succeed ? ", or all is done" : "");
}

/* What is ready before a transaction reads is on the disk before anybody has to wait for it. */
static void test_early_blobs(apr_pool_t *parent)
{
    static const struct {
        const char *name;
        void (*prepare)(void);
        apr_status_t (*verb)(anshin_op_t *op);
        int blobs;
        int later;
    } verbs[] = {
        {"registration for a certificate: the download password", invited_for_certificate, complete, 1, 0},
        {"reissue of a certificate: the download password, a mail", link_to_certificate, reissue_certificate, 2, 0},
        {"adding a terminal: the download password, mails to both", certificate_member, add_terminal, 3, 0},
        {"changing a terminal: mails to both addresses", certificate_member, change_terminal, 2, 0},
        {"changing a user: mails to both addresses", member, amend_user, 2, 0},
        {"deleting a terminal: mails to both", two_terminals, delete_terminal, 2, 0},
        {"losing a terminal: a mail", certificate_member, lose_terminal, 1, 0},
        {"changing to certificates: the download password, a mail", member, change_method, 2, 0},
        {"changing from certificates: mails to both", two_terminals, drop_certificates, 2, 0},
        {"changing the password: a mail", member, change_password, 1, 0},
        {"locking the own account: a mail", member, lock_self, 1, 0},
        {"changing the question: a mail", member, change_question, 1, 0},
        {"renewing: the download password, a mail", near_end, renew, 2, 0},
        {"enrolling an app: its secret, a mail", app_at_hand, enrol, 2, 0},
        {"issuing: two files, but not the mail", issue_in_hand, issue, 2, 1}};
    apr_status_t status;
    apr_pool_t *pool;

    apr_pool_create(&pool, parent);
    open_fixture(ANSHIN_PRESET_CLASSIC, pool);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        memset(&scene, 0, sizeof(scene));
        scene.user = apr_psprintf(pool, "early%d", (int)i);
        verbs[i].prepare();
        fault_early_blobs = fault_late_blobs = 0;
        status = verbs[i].verb(fixture_op(&fixture));
        ok(status == APR_SUCCESS && fault_early_blobs == verbs[i].blobs && fault_late_blobs == verbs[i].later,
           "%s before the first read (%d; later %d)", verbs[i].name, fault_early_blobs, fault_late_blobs);
    }
    apr_pool_destroy(pool);
}

int main(void)
{
    size_t count = sizeof(troubles) / sizeof(troubles[0]);
    apr_pool_t *pool;

    apr_initialize();
    fault_make_store();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) * count; i++) {
        apr_pool_create(&pool, NULL);
        sweep(&cases[i / count], &troubles[i % count], pool);
        apr_pool_destroy(pool);
    }
    apr_pool_create(&pool, NULL);
    test_early_blobs(pool);
    apr_pool_destroy(pool);
    ok(verbs_that_change >= 80, "effects that were compared: %d", verbs_that_change);
    apr_terminate();
    return done();
}
