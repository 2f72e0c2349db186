/*
 * A hash takes its time. What happens to the user while it is computed must count: nobody gets in, or gets anything, by
 * what was true when the request began (S5, S16, S29).
 */
#include "core/login/logout.h"
#include "core/certificate/certificate.h"
#include "core/certificate/revocation.h"
#include "core/admin/operator.h"
#include "unit/cases.h"

#define NEW_PASSWORD "Brand-New-Horse-8"

static anshin_crypto_t slow;
static const anshin_crypto_t *fast;
static void (*meanwhile)(void); /* happens once, during the next hash */

static void happen(void)
{
    void (*what)(void) = meanwhile;

    meanwhile = NULL;
    if (what != NULL) {
        what();
    }
}

static apr_status_t slow_verify(void *ctx, anshin_verdict_t *verdict, const char *phc, const char *secret,
                                apr_size_t length, const anshin_hash_place_t *place)
{
    happen();
    return fast->password_verify(ctx, verdict, phc, secret, length, place);
}

/* --- what happens --- */

static void is_locked(void)
{
    (void)anshin_account_lock(fixture_op(&fixture), scene.user, ANSHIN_ACCOUNT_LOCKED);
}

static void is_deleted(void)
{
    (void)anshin_account_delete(fixture_op(&fixture), scene.user);
}

static void is_logged_out(void)
{
    (void)anshin_sessions_end(fixture_op(&fixture), scene.user, &(anshin_session_match_t){0}, NULL, NULL);
}

static void is_revoked(void)
{
    (void)anshin_certificate_revoke(fixture_op(&fixture), scene.presented.serial, ANSHIN_REASON_CESSATION);
}

/* Somebody else knows the password as well, and is faster. */
static void changes_password(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_change_result_t result;
    anshin_session_t session;
    anshin_member_t other = {NULL, &session};
    anshin_login_result_t login = users_login(&fixture, scene.user, USERS_PASSWORD, &scene.presented, NULL);

    if (anshin_session_find(op, login.session_id, &scene.presented, &session, &other.key) != APR_SUCCESS ||
        anshin_password_change(op, &other, USERS_PASSWORD, NEW_PASSWORD, NEW_PASSWORD, &result) != APR_SUCCESS ||
        result.session_id == NULL) {
        printf("# the other one is not faster: %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
}

static void link_is_used(void)
{
    const anshin_reissue_typed_t typed = {"pet", "ポチ", ""};
    anshin_reissue_result_t result;

    (void)anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, scene.token, &typed, &result);
}

/* --- what is asked for: 1 when it was got --- */

static int login(void)
{
    anshin_login_facts_t facts = {scene.user, USERS_PASSWORD, &scene.presented, NULL, NULL, 0};
    anshin_login_result_t result;

    return anshin_login(fixture_op(&fixture), &facts, &result) == APR_SUCCESS &&
           (result.outcome == ANSHIN_LOGIN_OK || result.session_id != NULL || result.step_token != NULL);
}

static int prove(void)
{
    anshin_reauthentication_t proof;
    const char *id = NULL;

    return anshin_member_prove(fixture_op(&fixture), &scene.member, USERS_PASSWORD, &proof, &id) == APR_SUCCESS &&
           id != NULL;
}

static int change_password(void)
{
    anshin_change_result_t result;

    return anshin_password_change(fixture_op(&fixture), &scene.member, USERS_PASSWORD, "Another-One-77",
                                  "Another-One-77", &result) == APR_SUCCESS &&
           result.session_id != NULL;
}

static int change_question(void)
{
    anshin_change_result_t result;

    return anshin_question_change(fixture_op(&fixture), &scene.member, USERS_PASSWORD, "food", "すし", &result) ==
               APR_SUCCESS &&
           result.session_id != NULL;
}

static int reissue_password(void)
{
    anshin_reissue_result_t result = {.password = NULL};

    return anshin_reissue_execute(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, scene.token,
                                  &(anshin_reissue_typed_t){"pet", "ポチ", ""}, &result) == APR_SUCCESS &&
           result.password != NULL;
}

static const struct case_t {
    const char *text;
    void (*prepare)(void);
    int (*verb)(void);
    void (*meanwhile)(void);
} cases[] = {
    {"login of a user who is locked meanwhile (LOG-9)", registered, login, is_locked},
    {"login of a user who is deleted meanwhile (S16)", registered, login, is_deleted},
    {"login by a password that is changed meanwhile (S16)", registered, login, changes_password},
    {"login by a certificate that is revoked meanwhile (S20)", with_certificate, login, is_revoked},
    {"proof in a session that is ended meanwhile (S16)", member, prove, is_logged_out},
    {"proof of a user who is locked meanwhile (S16)", member, prove, is_locked},
    {"change of a password that is changed meanwhile (S16)", member, change_password, changes_password},
    {"change of the password of a user who is deleted meanwhile", member, change_password, is_deleted},
    {"change of the question in a session that is ended meanwhile (S16)", member, change_question, is_logged_out},
    {"a second password from one link (S29)", link_to_password, reissue_password, link_is_used},
    {"a password for a user who is deleted meanwhile", link_to_password, reissue_password, is_deleted},
};

/* Once undisturbed, which shows that the scene is right, and once disturbed. */
static void test_case(const struct case_t *c, int number)
{
    memset(&scene, 0, sizeof(scene));
    scene.user = apr_psprintf(fixture.pool, "a%d", number);
    c->prepare();
    ok(c->verb(), "%s: without that it is got", c->text);
    memset(&scene, 0, sizeof(scene));
    scene.user = apr_psprintf(fixture.pool, "b%d", number);
    c->prepare();
    meanwhile = c->meanwhile;
    ok(!c->verb() && meanwhile == NULL, "%s: nothing is got", c->text);
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    fast = fixture.crypto;
    slow = *fast;
    slow.password_verify = slow_verify;
    fixture.env.crypto = &slow;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_case(&cases[i], (int)i);
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
