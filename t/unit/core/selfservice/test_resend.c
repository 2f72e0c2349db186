/* core/selfservice/resend.c, reissue_request.c: the link to a download once more (HLP-17, HLP-18), by whom it is asked
 * for, and how often. */
#include "core/certificate/download.h"
#include "core/certificate/download_link.h"
#include "core/login/logout.h"
#include "core/selfservice/resend.h"
#include "unit/issued.h"

static fixture_t fixture;

static apr_status_t opens(const char *link)
{
    anshin_download_state_t state;

    return anshin_download_find(fixture_op(&fixture), link, &state);
}

static int mails(void)
{
    return fixture_count(&fixture, &anshin_record_mail);
}

/* A stranger asks, and the worker looks into it; how many mails that made. */
static int asked(const char *user, const char *address)
{
    int before = mails();
    apr_status_t status = anshin_reissue_request(fixture_op(&fixture), ANSHIN_REISSUE_RESEND, user, address);

    if (status != APR_SUCCESS) {
        printf("# request: %s\n", anshin_status_name(status));
        exit(1);
    }
    (void)issued_work(&fixture, ISSUED_SENT);
    return mails() - before;
}

static void pass(apr_interval_time_t time)
{
    fixture.now += time;
}

static void test_stranger(void)
{
    const char *password = users_register(&fixture, "rs1", ANSHIN_METHOD_CERTIFICATE), *first, *second;
    anshin_download_result_t result;
    anshin_download_state_t state;
    anshin_link_standing_t standing;
    apr_time_t end;

    ok(asked("rs1", "taro@example.jp") == 1,
       "HLP-17: while the certificate is being made, its first mail is all that comes");
    first = issued_link(&fixture, "certificate-ready");
    ok(opens(first) == APR_SUCCESS, "whose link leads to the download (CRT-1)");
    (void)anshin_download_find(fixture_op(&fixture), first, &state);
    end = state.until;
    ok(asked("rs1", "taro@example.jp") == 0, "asked for at once: no second mail");
    pass(ANSHIN_RESEND_PAUSE);
    ok(asked("rs1", "other@example.jp") == 0 && asked("nobody", "taro@example.jp") == 0 &&
           asked("a/b\r\n", "x\"y") == 0,
       "S8: another's address, an unknown ID, nonsense: the same answer and no mail");
    (void)anshin_download_fetch(fixture_op(&fixture), first, "wrong", ANSHIN_PROFILE_MODERN, &result);
    ok(asked(" RS1 ", "Taro@Example.JP") == 1, "HLP-17: after a while one comes");
    second = issued_link(&fixture, "certificate-ready");
    ok(strcmp(first, second) != 0 && opens(second) == APR_SUCCESS, "HLP-18: with a new link");
    ok(opens(first) == ANSHIN_ENOTFOUND &&
           anshin_download_link_standing(fixture_op(&fixture), first, &standing) == APR_SUCCESS &&
           standing == ANSHIN_LINK_UNKNOWN,
       "the former one is dead");
    ok(strstr(users_mailed_text(&fixture, "certificate-ready"), "もう一度お送りします") != NULL,
       "and the mail says so");
    (void)anshin_download_find(fixture_op(&fixture), second, &state);
    ok(state.until == end, "the end stays what it was, so that no stranger keeps a key on the server (CRT-2)");
    (void)anshin_download_fetch(fixture_op(&fixture), second, "wrong", ANSHIN_PROFILE_MODERN, &result);
    ok(result.remaining == 8, "so do the wrong passwords that were counted (LCK-1)");
    (void)anshin_download_fetch(fixture_op(&fixture), second, password, ANSHIN_PROFILE_MODERN, &result);
    ok(result.right && result.token == NULL, "and the download password is the same");
    fixture.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_RESEND);
    pass(ANSHIN_RESEND_PAUSE);
    ok(asked("rs1", "taro@example.jp") == 0 && opens(second) == APR_SUCCESS, "not where it is switched off (CON-2)");
    fixture.contract.policy.functions |= 1 << ANSHIN_FUNCTION_RESEND;
}

static void test_bound(void)
{
    int sent = 0;

    (void)users_register(&fixture, "rs2", ANSHIN_METHOD_CERTIFICATE);
    (void)issued_work(&fixture, ISSUED_SENT);
    for (int i = 0; i < ANSHIN_RESENDS + 3; i++) {
        pass(ANSHIN_RESEND_PAUSE);
        sent += asked("rs2", "taro@example.jp");
    }
    ok(sent == ANSHIN_RESENDS, "so many a day and terminal");
    ok(opens(issued_link(&fixture, "certificate-ready")) == APR_SUCCESS, "the last link goes on working");
    pass(apr_time_from_sec(86400));
    ok(asked("rs2", "taro@example.jp") == 1, "the next day another one");
}

/* Nothing waits any more: a new certificate is the way on, behind the proof that its own pages ask for. */
static void test_over(void)
{
    const char *password = users_register(&fixture, "rs3", ANSHIN_METHOD_CERTIFICATE), *link;
    anshin_download_result_t result;
    anshin_reissue_asked_t reissue;

    (void)issued_work(&fixture, ISSUED_SENT);
    link = issued_link(&fixture, "certificate-ready");
    for (int i = 0; i < 10; i++) {
        (void)anshin_download_fetch(fixture_op(&fixture), link, "wrong", ANSHIN_PROFILE_MODERN, &result);
    }
    pass(ANSHIN_RESEND_PAUSE);
    ok(asked("rs3", "taro@example.jp") == 1 &&
           anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_CERTIFICATE,
                               issued_link(&fixture, "certificate-reissue"), &reissue) == APR_SUCCESS,
       "HLP-16: a download that is locked: the way to a new certificate comes, since a new link would open nothing");
    (void)anshin_account_unlock(fixture_op(&fixture), "rs3");
    pass(fixture.contract.policy.download_lifetime);
    (void)anshin_download_fetch(fixture_op(&fixture), link, password, ANSHIN_PROFILE_MODERN, &result);
    ok(!result.right, "the link has ended");
    ok(asked("rs3", "taro@example.jp") == 1 &&
           anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_CERTIFICATE,
                               issued_link(&fixture, "certificate-reissue"), &reissue) == APR_SUCCESS,
       "HLP-18: so does it after the link's end; the old file stays what it is (CRT-2)");
    ok(asked("rs3", "taro@example.jp") == 0, "once, with the pause of a reissue");
    fixture.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_CERTIFICATE_REISSUE);
    pass(ANSHIN_REISSUE_PAUSE);
    ok(asked("rs3", "taro@example.jp") == 0, "not where there is no reissue (CON-2)");
    fixture.contract.policy.functions |= 1 << ANSHIN_FUNCTION_CERTIFICATE_REISSUE;
    (void)users_register(&fixture, "rs4", ANSHIN_METHOD_PASSWORD);
    ok(asked("rs4", "taro@example.jp") == 0, "who has no certificates gets nothing");
}

static anshin_resend_outcome_t wished(const anshin_member_t *member, apr_int64_t number, apr_status_t wanted)
{
    anshin_resend_t resend = {.outcome = (anshin_resend_outcome_t)-1};
    apr_status_t status = anshin_resend(fixture_op(&fixture), member, number, &resend);

    if (status != wanted) {
        printf("# resend: %s\n", anshin_status_name(status));
        exit(1);
    }
    return resend.outcome;
}

static void test_member(void)
{
    anshin_member_t member;
    anshin_history_walk_t walk = {"rs5", 0, -1};
    anshin_history_t entry = {.result = 0};
    const char *first;

    (void)users_register(&fixture, "rs5", ANSHIN_METHOD_CERTIFICATE);
    member = users_member(&fixture, "rs5", ANSHIN_METHOD_CERTIFICATE);
    ok(wished(&member, 1, APR_SUCCESS) == ANSHIN_RESEND_MAKING, "whose certificate is being made waits for its mail");
    (void)issued_work(&fixture, ISSUED_WAITING);
    first = issued_link(&fixture, "certificate-ready");
    ok(wished(&member, 1, APR_SUCCESS) == ANSHIN_RESEND_PAUSED && opens(first) == APR_SUCCESS, "and a moment longer");
    (void)wished(&member, 9, ANSHIN_ENOTFOUND);
    pass(ANSHIN_RESEND_PAUSE);
    ok(wished(&member, 1, APR_SUCCESS) == ANSHIN_RESEND_SENT && opens(first) == ANSHIN_ENOTFOUND &&
           opens(issued_link(&fixture, "certificate-ready")) == APR_SUCCESS,
       "HLP-17: then who is logged in has it sent again");
    (void)anshin_history_part(fixture_op(&fixture), &walk, 1, users_first, &entry);
    ok(entry.result == ANSHIN_HISTORY_LINK_RESENT && entry.terminal == 1, "the history tells of it (ACC-4)");
    (void)anshin_download_finish(fixture_op(&fixture), issued_link(&fixture, "certificate-ready"));
    pass(ANSHIN_RESEND_PAUSE);
    ok(wished(&member, 1, APR_SUCCESS) == ANSHIN_RESEND_NOTHING, "not once the import is done");
    fixture.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_RESEND);
    (void)wished(&member, 1, ANSHIN_EDENIED);
    fixture.contract.policy.functions |= 1 << ANSHIN_FUNCTION_RESEND;
    (void)anshin_sessions_end(fixture_op(&fixture), "rs5", &(anshin_session_match_t){0}, NULL, NULL);
    (void)wished(&member, 1, ANSHIN_EDENIED);
}

/* A mail that nobody took keeps nobody waiting. */
static void test_failed_mail(void)
{
    anshin_member_t member;

    (void)users_register(&fixture, "rs6", ANSHIN_METHOD_CERTIFICATE);
    member = users_member(&fixture, "rs6", ANSHIN_METHOD_CERTIFICATE);
    (void)issued_work(&fixture, ISSUED_FAILED);
    ok(wished(&member, 1, APR_SUCCESS) == ANSHIN_RESEND_SENT,
       "HLP-17: one that could not be sent is sent again at once");
    ok(wished(&member, 1, APR_SUCCESS) == ANSHIN_RESEND_PAUSED, "and once");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    fixture.contract.policy.reissue_gap = 0;
    test_stranger();
    test_bound();
    test_over();
    test_member();
    test_failed_mail();
    apr_pool_destroy(pool);
    return done();
}
