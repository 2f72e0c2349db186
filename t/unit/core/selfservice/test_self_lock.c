/* core/selfservice/self_lock.c (ACC-4): a user locks the own account; the operator alone unlocks it. */
#include "core/admin/operator.h"
#include "core/certificate/certificate.h"
#include "core/context/flow.h"
#include "core/selfservice/self_lock.h"
#include "unit/cases.h"

static anshin_account_t account(void)
{
    return users_account(&fixture, scene.user);
}

static int session_lives(void)
{
    anshin_session_t session;
    const char *key;

    return anshin_session_find(fixture_op(&fixture), scene.session_id, &scene.presented, &session, &key) == APR_SUCCESS;
}

static anshin_certificate_verdict_t verdict(void)
{
    anshin_certificate_verdict_t verdict = ANSHIN_VERDICT_NONE;

    (void)anshin_certificate_verdict(fixture_op(&fixture), &scene.presented, &verdict);
    return verdict;
}

static anshin_login_outcome_t login(void)
{
    return users_login(&fixture, scene.user, USERS_PASSWORD, &scene.presented, "192.0.2.9").outcome;
}

static void test_lock(void)
{
    scene.user = "sl1";
    certificate_member();
    ok(anshin_self_lock(fixture_op(&fixture), &scene.member) == APR_SUCCESS, "the account is locked (ACC-4)");
    ok(account().state == ANSHIN_ACCOUNT_LOCKED && account().locked_by == ANSHIN_LOCKED_BY_USER &&
           account().disabled_at == fixture.now && account().locked_at == fixture.now,
       "by its user, now");
    ok(!session_lives(), "S16: its session has ended");
    ok(verdict() == ANSHIN_VERDICT_GOOD, "its certificate stays");
    ok(anshin_self_lock(fixture_op(&fixture), &scene.member) == ANSHIN_EDENIED, "what has ended locks nothing");
    ok(login() == ANSHIN_LOGIN_LOCKED, "LCK-2: nobody logs in");
    fixture.now += apr_time_from_sec(86400);
    ok(login() == ANSHIN_LOGIN_LOCKED, "LCK-2: however long it lasts, where locks by attempts open in time as well");
    ok(anshin_account_unlock(fixture_op(&fixture), scene.user) == APR_SUCCESS && login() == ANSHIN_LOGIN_OK,
       "until the operator unlocks it");
    ok(account().locked_by == ANSHIN_LOCKED_BY_OPERATOR && account().disabled_at == 0, "and nothing is left of it");
}

static void test_refused(void)
{
    const int functions = fixture.contract.policy.functions;

    scene.user = "sl2";
    member();
    fixture.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_LOCK);
    ok(anshin_self_lock(fixture_op(&fixture), &scene.member) == ANSHIN_EDENIED, "CON-2: not where it is switched off");
    fixture.contract.policy.functions = functions;
    fixture.now += fixture.contract.policy.reauthenticate;
    ok(anshin_self_lock(fixture_op(&fixture), &scene.member) == ANSHIN_EDENIED,
       "S12: not by a session whose password was not checked lately");
    ok(account().state == ANSHIN_ACCOUNT_ACTIVE && session_lives(), "and nothing has happened");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    fixture.contract.policy.unlock_after = apr_time_from_sec(600);
    test_lock();
    test_refused();
    apr_pool_destroy(pool);
    return done();
}
