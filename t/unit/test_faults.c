/*
 * Every verb of the core with every call of its store, its cryptography and its JSON failing once, in turn (S21): the
 * verb fails, what it was to decide is as before, and the failure is never taken for an answer ("no such user").
 */
#include "effect.h"
#include "faulty.h"
#include "verbs.h"

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
    {"unlocking a user", locked, unlock, ANSHIN_PRESET_CLASSIC},
    {"deleting a user", two_terminals, delete_user, ANSHIN_PRESET_CLASSIC},
    {"revoking", certificate_member, revoke_certificate, ANSHIN_PRESET_CLASSIC},
    {"judging a certificate", with_certificate, verdict, ANSHIN_PRESET_CLASSIC},
    {"claiming a job", only_reissue_waits, claim_job, ANSHIN_PRESET_CLASSIC},
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

typedef struct outcome_t {
    apr_status_t rv;
    int changed;        /* something that faulty_sum() looks at */
    const char *effect; /* of success, where it is to be compared */
    anshin_error_t error;
} outcome_t;

/* One user, one attempt in which call number calls fails; *outcome: what came of it. 1: there was a call of that
 * number. */
static int attempt(const struct case_t *c, const struct trouble_t *trouble, int calls, outcome_t *outcome,
                   apr_pool_t *pool)
{
    static int users;
    effect_records_t before = {NULL, NULL, 0, NULL};
    anshin_op_t *op;
    apr_uint64_t sum;

    memset(&scene, 0, sizeof(scene));
    scene.user = apr_psprintf(world.pool, "u%d", ++users);
    c->prepare();
    sum = faulty_sum(world.pool);
    if (trouble->may_succeed) {
        before = effect_read(&world, faulty_self, pool);
    }
    op = world_op(&world);
    faulty_arm(trouble->source, calls, trouble->answer);
    outcome->rv = c->verb(op);
    faulty_source = FAULTY_NONE;
    outcome->changed = faulty_sum(world.pool) != sum;
    outcome->error = op->error;
    outcome->effect = "";
    if (trouble->may_succeed && outcome->rv == APR_SUCCESS) {
        effect_records_t after = effect_read(&world, faulty_self, pool);

        outcome->effect = effect_between(&before, &after, world.now, pool);
    }
    return faulty_fired;
}

/* Success counts when all is as after an attempt in which nothing fails. */
static int as_it_should(const struct trouble_t *trouble, const outcome_t *outcome, const char *usual)
{
    if (outcome->rv == APR_SUCCESS) {
        return trouble->may_succeed ? strcmp(outcome->effect, usual) == 0 : !faulty_fired;
    }
    return faulty_fired && !outcome->changed && (outcome->rv == ANSHIN_EFAULT || outcome->rv == ANSHIN_EBUSY);
}

static int verbs_that_change;

/* What the verb comes to when nothing fails; the first user finds a store without its queues and series. */
static const char *undisturbed(const struct case_t *c, apr_pool_t *pool)
{
    static const struct trouble_t nothing = {"nothing", FAULTY_NONE, APR_SUCCESS, 1};
    outcome_t usual;

    (void)attempt(c, &nothing, 0, &usual, pool);
    (void)attempt(c, &nothing, 0, &usual, pool);
    verbs_that_change += strcmp(usual.effect, "blobs+0") != 0;
    return usual.effect;
}

static void sweep(const struct case_t *c, const struct trouble_t *trouble, apr_pool_t *parent)
{
    const char *usual = trouble->may_succeed ? undisturbed(c, parent) : "";
    outcome_t outcome;
    apr_pool_t *pool;
    int failures = 0;
    int calls = 0;
    int more = 1;

    apr_pool_create(&pool, parent);
    for (; more; calls += more) {
        apr_pool_clear(pool);
        more = attempt(c, trouble, calls, &outcome, pool);
        if (!as_it_should(trouble, &outcome, usual)) {
            printf("# %s (call %d): %s%s; %s %s\n", faulty_name, calls, anshin_status_name(outcome.rv),
                   outcome.changed ? ", changed" : "", outcome.error.id, outcome.error.text);
            printf("# made %s\n# not  %s\n", outcome.effect, usual);
            failures++;
        }
    }
    ok(failures == 0, "%s: %s, each of %d calls, denies and changes nothing%s (S21)", c->name, trouble->text, calls,
       trouble->may_succeed ? ", or all is done" : "");
}

int main(void)
{
    size_t count = sizeof(troubles) / sizeof(troubles[0]);
    apr_pool_t *pool;

    apr_initialize();
    faulty_make_store();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) * count; i++) {
        apr_pool_create(&pool, NULL);
        open_world(cases[i / count].preset, pool);
        sweep(&cases[i / count], &troubles[i % count], pool);
        apr_pool_destroy(pool);
    }
    ok(verbs_that_change >= 80, "effects that were compared: %d", verbs_that_change);
    apr_terminate();
    return done();
}
