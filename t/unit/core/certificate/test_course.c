/* core/certificate/course.c: how far a certificate has come, read from what each step leaves (HLP-26). */
#include "core/certificate/course.h"
#include "core/certificate/download.h"
#include "core/certificate/revocation.h"
#include "unit/issued.h"

static fixture_t fixture;

static int stage_of(const char *user, apr_int64_t terminal)
{
    anshin_course_t course = {.stage = (anshin_course_stage_t)-1};
    apr_status_t status = anshin_course_find(fixture_op(&fixture), user, terminal, &course);

    return status == APR_SUCCESS ? (int)course.stage : status == ANSHIN_ENOTFOUND ? -1 : -2;
}

static anshin_presented_t shown(const char *user)
{
    anshin_terminal_t terminal;
    anshin_presented_t presented = {ANSHIN_PRESENTED_GOOD, "", "", user, 0, fixture.now + apr_time_from_sec(86400), ""};

    (void)fixture_get(&fixture, &anshin_record_terminal, anshin_terminal_key(fixture_op(&fixture), user, 1), &terminal);
    presented.serial = terminal.certificate;
    presented.fingerprint = apr_pstrcat(fixture.pool, "fp-", terminal.certificate, NULL);
    return presented;
}

static void test_way(void)
{
    const char *password = users_register(&fixture, "co1", ANSHIN_METHOD_CERTIFICATE), *link;
    anshin_download_result_t result;
    anshin_presented_t presented;
    anshin_course_t course;

    ok(stage_of("co1", 0) == ANSHIN_COURSE_REGISTERED, "registered: the certificate is being made");
    (void)issued_work(&fixture, ISSUED_WAITING);
    ok(stage_of("co1", 1) == ANSHIN_COURSE_MAILING, "made: the mail waits to be sent");
    fixture.now += ANSHIN_JOB_CLAIM_LIFE;
    (void)issued_work(&fixture, ISSUED_SENT);
    ok(anshin_course_find(fixture_op(&fixture), "co1", 0, &course) == APR_SUCCESS &&
           course.stage == ANSHIN_COURSE_MAILED && course.mailed_at == fixture.now && course.until > fixture.now &&
           same_text(course.terminal.address, "taro@example.jp"),
       "mailed: when, whither, and until when its link works");
    link = issued_link(&fixture, "certificate-ready");
    (void)anshin_download_fetch(fixture_op(&fixture), link, "wrong", ANSHIN_PROFILE_MODERN, &result);
    ok(stage_of("co1", 1) == ANSHIN_COURSE_MAILED, "a wrong password fetches nothing");
    (void)anshin_download_fetch(fixture_op(&fixture), link, password, ANSHIN_PROFILE_MODERN, &result);
    ok(stage_of("co1", 1) == ANSHIN_COURSE_FETCHED, "fetched");
    (void)anshin_download_finish(fixture_op(&fixture), link);
    ok(stage_of("co1", 1) == ANSHIN_COURSE_IMPORTED, "imported, as its user says: the first login is left");
    ok(stage_of("co1", 0) == -1, "nothing waits for download any more");
    presented = shown("co1");
    ok(users_login(&fixture, "co1", USERS_PASSWORD, &presented, NULL).outcome == ANSHIN_LOGIN_OK, "the first login");
    ok(stage_of("co1", 1) == ANSHIN_COURSE_USED, "is its end");
    (void)anshin_certificate_revoke(fixture_op(&fixture), presented.serial, ANSHIN_REASON_UNSPECIFIED);
    ok(stage_of("co1", 1) == -1, "of one that is revoked nothing is told");
    ok(stage_of("nobody", 0) == -1 && stage_of("co1", 7) == -1, "nor of nobody's");
}

static void test_ends(void)
{
    const char *password, *link;
    anshin_download_result_t result;

    (void)users_register(&fixture, "co2", ANSHIN_METHOD_CERTIFICATE);
    (void)issued_work(&fixture, ISSUED_FAILED);
    ok(stage_of("co2", 1) == ANSHIN_COURSE_UNMAILED, "a mail that nobody took");
    fixture.now++;
    password = users_register(&fixture, "co3", ANSHIN_METHOD_CERTIFICATE);
    (void)issued_work(&fixture, ISSUED_SENT);
    link = issued_link(&fixture, "certificate-ready");
    fixture.now += fixture.contract.policy.download_lifetime;
    ok(stage_of("co3", 1) == ANSHIN_COURSE_LAPSED, "a link that ended before the file was fetched");
    fixture.now -= apr_time_from_sec(60);
    (void)anshin_download_fetch(fixture_op(&fixture), link, password, ANSHIN_PROFILE_MODERN, &result);
    fixture.now += apr_time_from_sec(60);
    ok(stage_of("co3", 1) == ANSHIN_COURSE_IMPORTED, "fetched in time it may have been imported");
}

/* Certificates of before 2026-12 say of none of it. */
static void test_old(void)
{
    anshin_presented_t presented;

    (void)users_register(&fixture, "co4", ANSHIN_METHOD_CERTIFICATE);
    presented = users_certificate(&fixture, "co4", 1, "c4");
    fixture_delete(&fixture, &anshin_record_download, anshin_terminal_key(fixture_op(&fixture), "co4", 1));
    ok(stage_of("co4", 1) == -1, "of a certificate of before nobody knows whether it was used");
    (void)users_login(&fixture, "co4", USERS_PASSWORD, &presented, NULL);
    ok(stage_of("co4", 1) == ANSHIN_COURSE_USED, "until its next login");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_way();
    test_ends();
    test_old();
    apr_pool_destroy(pool);
    return done();
}
