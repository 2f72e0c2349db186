/*
 * A CA whose key may be in somebody's hands: all of it is revoked, and its users are told once, in steps, whoever dies
 * in between (CAS-4).
 */
#include "core/admin/compromise.h"

#include "core/certificate/revocation.h"
#include "unit/crash_store.h"
#include "unit/fixture.h"
#include "unit/tap.h"
#include "unit/users.h"

#define KIND "certificate-withdrawn"
#define OLD "00112233445566aa"
#define NEW "99112233445566bb"

static fixture_t fixture;
static const anshin_revoked_ca_t old_ca = {"other", OLD};
static const anshin_revoked_ca_t first_ca = {ANSHIN_CA_NAME, OLD};

static void open_fixture(apr_pool_t *pool)
{
    steps_left = -1;
    died = 0;
    fixture_open(&fixture, &crash_store, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
}

/* A user with a certificate of that CA, who has fetched it. */
static void add_user(const char *user, const char *serial, const char *ca)
{
    anshin_certificate_t certificate;

    (void)users_register(&fixture, user, ANSHIN_METHOD_CERTIFICATE);
    (void)users_certificate(&fixture, user, 1, serial);
    (void)fixture_get(&fixture, &anshin_record_certificate, serial, &certificate);
    certificate.ca = ca;
    certificate.issued_at = fixture.now;
    fixture_put(&fixture, &anshin_record_certificate, serial, &certificate);
    fixture_delete(&fixture, &anshin_record_download, anshin_terminal_key(fixture_op(&fixture), user, 1));
}

static int is_revoked(const char *serial)
{
    anshin_certificate_t certificate;

    return fixture_get(&fixture, &anshin_record_certificate, serial, &certificate) == APR_SUCCESS &&
           certificate.state == ANSHIN_CERTIFICATE_REVOKED && certificate.reason == ANSHIN_REASON_CA_COMPROMISE;
}

typedef struct found_t {
    int count;
    char last[4096];
} found_t;

static apr_status_t count_mail(void *baton, const char *key, const void *record)
{
    found_t *found = baton;
    anshin_mail_text_t text = {.body = NULL};
    anshin_mail_t mail = *(const anshin_mail_t *)record;

    (void)key;
    if (same_text(mail.kind, KIND)) {
        found->count++;
        if (anshin_mail_open(fixture_op(&fixture), &mail, &text) == APR_SUCCESS) {
            apr_cpystrn(found->last, apr_pstrcat(fixture.pool, text.subject, "\n", text.body, NULL),
                        sizeof(found->last));
        }
    }
    return APR_SUCCESS;
}

static found_t found;

static int mails(void)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);

    memset(&found, 0, sizeof(found));
    (void)anshin_txn_each(txn, &anshin_record_mail, "", count_mail, &found);
    anshin_txn_abort(txn);
    return found.count;
}

static anshin_compromise_told_t tell(int most)
{
    anshin_compromise_told_t told;

    (void)anshin_compromise_tell(fixture_op(&fixture), &old_ca, most, &told);
    return told;
}

static const char *name_of(const char *prefix, int number)
{
    return apr_psprintf(fixture.pool, "%s%d", prefix, number);
}

static void test_whose(apr_pool_t *pool)
{
    anshin_certificate_t ended;
    int revoked = -1;

    open_fixture(pool);
    add_user("u1", "0a", OLD);
    add_user("u2", "0b", NEW);
    add_user("u3", "0c", NULL);
    add_user("u4", "0d", OLD);
    (void)fixture_get(&fixture, &anshin_record_certificate, "0d", &ended);
    ended.not_after = fixture.now - 1;
    fixture_put(&fixture, &anshin_record_certificate, "0d", &ended);
    ok(anshin_compromise_revoke(fixture_op(&fixture), &old_ca, &revoked) == APR_SUCCESS && revoked == 1 &&
           is_revoked("0a") && !is_revoked("0b") && !is_revoked("0c") && !is_revoked("0d"),
       "CAS-4: what a CA has issued is revoked (cACompromise), no other's and nothing that has ended");
    ok(mails() == 0, "revoking mails nobody");
    ok(anshin_compromise_revoke(fixture_op(&fixture), &old_ca, &revoked) == APR_SUCCESS && revoked == 0,
       "once more: nothing is left");
    ok(anshin_compromise_revoke(fixture_op(&fixture), &first_ca, &revoked) == APR_SUCCESS && revoked == 1 &&
           is_revoked("0c") && !is_revoked("0b"),
       "records of before that name no CA are of the first one");
}

static void test_sessions(apr_pool_t *pool)
{
    anshin_presented_t presented;
    int revoked;

    open_fixture(pool);
    add_user("u1", "0a", OLD);
    presented = (anshin_presented_t){ANSHIN_PRESENTED_GOOD,    "0a", "fp-0a", "u1", fixture.now - 1,
                                     fixture.now + 1000000000, OLD};
    (void)users_login(&fixture, "u1", USERS_PASSWORD, &presented, "192.0.2.1");
    ok(fixture_count(&fixture, &anshin_record_session) == 1, "somebody is logged in with it");
    (void)anshin_compromise_revoke(fixture_op(&fixture), &old_ca, &revoked);
    ok(fixture_count(&fixture, &anshin_record_session) == 0, "CAS-4: the session ends with its certificate");
}

static void test_steps(apr_pool_t *pool)
{
    anshin_compromise_told_t told;
    int revoked;

    open_fixture(pool);
    for (int i = 0; i < 7; i++) {
        add_user(name_of("u", i), name_of("0", i), OLD);
    }
    ok(tell(100).mailed == 0 && mails() == 0, "nobody is told before anything is revoked");
    (void)anshin_compromise_revoke(fixture_op(&fixture), &old_ca, &revoked);
    told = tell(3);
    ok(revoked == 7 && told.mailed == 3 && told.left == 4 && mails() == 3, "CAS-4: a step mails no more than it may");
    ok(strstr(found.last, "https://login.example/anshin/reissue/certificate") != NULL &&
           strstr(found.last, "再発行をお申し込みください") != NULL,
       "and tells where to get a new one: %s", found.last);
    told = tell(0);
    ok(told.mailed == 0 && told.left == 4 && mails() == 3, "a step of nothing does nothing");
    told = tell(3);
    ok(told.mailed == 3 && told.left == 1 && mails() == 6, "the next goes on");
    told = tell(100);
    ok(told.mailed == 1 && told.left == 0 && mails() == 7, "to the end");
    told = tell(100);
    ok(told.mailed == 0 && told.passed == 0 && told.left == 0 && mails() == 7, "CAS-4: nobody is told twice");
}

/* Who needs no mail: it is not sent, and nothing is left. */
static void test_passed(apr_pool_t *parent)
{
    static const char *const what[] = {"has another certificate", "waits for a download", "is disabled",
                                       "logs in another way",     "is deleted",           "is locked"};

    for (int i = 0; i < 6; i++) {
        const char *const key = "p-01/u1";
        anshin_compromise_told_t told;
        anshin_account_t account;
        apr_pool_t *pool;
        int wanted = i == 5;
        int revoked;

        apr_pool_create(&pool, parent);
        open_fixture(pool);
        add_user("u1", "0a", OLD);
        (void)anshin_compromise_revoke(fixture_op(&fixture), &old_ca, &revoked);
        account = users_account(&fixture, "u1");
        if (i == 0) {
            (void)users_certificate(&fixture, "u1", 1, "0b");
        } else if (i == 1) {
            fixture_put(&fixture, &anshin_record_download, "p-01/u1/1",
                        &(anshin_download_t){.account = account.number});
        } else if (i == 4) {
            fixture_delete(&fixture, &anshin_record_account, key);
        } else {
            account.method = i == 3 ? ANSHIN_METHOD_PASSWORD : account.method;
            account.state = i == 2 ? ANSHIN_ACCOUNT_DISABLED : i == 5 ? ANSHIN_ACCOUNT_LOCKED : account.state;
            fixture_put(&fixture, &anshin_record_account, key, &account);
        }
        told = tell(10);
        ok(told.mailed == wanted && told.passed == !wanted && told.left == 0 && mails() == wanted,
           "CAS-4: a user who %s: %s", what[i], wanted ? "is told" : "is not told");
        apr_pool_destroy(pool);
    }
}

/* Die at each writing step of both, with and without effect of the step, and go on. */
static void test_killed(apr_pool_t *parent)
{
    int survived = 0;
    int deaths = 0;
    int wrong = 0;

    for (int step = 0; !survived && step < 400; step++) {
        apr_pool_t *pool;
        int revoked;

        apr_pool_create(&pool, parent);
        open_fixture(pool);
        for (int i = 0; i < 3; i++) {
            add_user(name_of("u", i), name_of("0", i), OLD);
        }
        steps_left = step / 2;
        dies_after = step % 2;
        if (anshin_compromise_revoke(fixture_op(&fixture), &old_ca, &revoked) == APR_SUCCESS) {
            (void)tell(2);
        }
        deaths += died;
        survived = !died;
        steps_left = -1;
        died = 0;
        (void)anshin_compromise_revoke(fixture_op(&fixture), &old_ca, &revoked);
        (void)tell(2);
        (void)tell(2);
        wrong += mails() != 3 || !is_revoked("00") || !is_revoked("01") || !is_revoked("02");
        apr_pool_destroy(pool);
    }
    ok(survived && deaths > 20 && wrong == 0,
       "CAS-4: whoever dies in whichever of %d steps: all are revoked, and each is told once (%d wrong)", deaths,
       wrong);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    make_crash_store();
    test_whose(pool);
    test_sessions(pool);
    test_steps(pool);
    test_passed(pool);
    test_killed(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
