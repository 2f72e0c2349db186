/* core/certificate/renewal.c, core/selfservice/renewal.c: two certificates of a terminal for a while, and every order in
 * which things may happen to them (REN-2). */
#include "core/admin/housekeeping.h"
#include "core/certificate/download.h"
#include "core/certificate/issue.h"
#include "core/certificate/reminder.h"
#include "core/certificate/renewal.h"
#include "core/certificate/revocation.h"
#include "core/selfservice/method.h"
#include "core/selfservice/reissue.h"
#include "core/selfservice/renewal.h"
#include "core/selfservice/terminal.h"
#include "unit/users.h"

#define DAY apr_time_from_sec(86400)

static fixture_t fixture;

/* Who renews, and what there is of it. */
static struct {
    const char *user;
    anshin_presented_t old;
    anshin_presented_t made; /* the newest that the worker has made */
    anshin_member_t member;
    anshin_login_result_t login;
    const char *password; /* of the download */
} who;

/* --- steps ------------------------------------------------------------------------------------------------------ */

/* A login with a certificate; the session becomes that of the member. */
static int enter(const anshin_presented_t *presented)
{
    anshin_session_t *session = apr_pcalloc(fixture.pool, sizeof(*session));

    who.login = users_login(&fixture, who.user, USERS_PASSWORD, presented, NULL);
    who.member.session = session;
    return who.login.outcome == ANSHIN_LOGIN_OK &&
           anshin_session_find(fixture_op(&fixture), who.login.session_id, presented, session, &who.member.key) ==
               APR_SUCCESS;
}

static void ends_in(const anshin_presented_t *presented, apr_interval_time_t left)
{
    anshin_certificate_t record;

    (void)fixture_get(&fixture, &anshin_record_certificate, presented->serial, &record);
    record.not_after = fixture.now + left;
    fixture_put(&fixture, &anshin_record_certificate, presented->serial, &record);
}

/* A user who is logged in with a certificate that ends in ten days. */
static void begin(const char *user)
{
    who.user = user;
    (void)users_register(&fixture, user, ANSHIN_METHOD_CERTIFICATE);
    who.old = users_certificate(&fixture, user, 1, apr_psprintf(fixture.pool, "01%02x%02x", user[0], user[1]));
    ends_in(&who.old, 10 * DAY);
    who.old.not_after = fixture.now + 10 * DAY;
    if (!enter(&who.old)) {
        printf("# %s cannot log in\n", user);
        exit(1);
    }
}

static apr_status_t renew_number(apr_int64_t number)
{
    anshin_renewal_t renewal;
    anshin_issues_t issues;
    apr_status_t status = anshin_renewal_begin(fixture_op(&fixture), &who.member, number, &renewal);

    if (status == APR_SUCCESS && renewal.error != NULL) {
        return ANSHIN_EBUSY;
    }
    if (status == APR_SUCCESS &&
        anshin_download_issues(fixture_op(&fixture), who.user, number, fixture.now, &issues) == APR_SUCCESS &&
        issues.waits->nelts == 1) {
        who.password = APR_ARRAY_IDX(issues.waits, 0, anshin_issue_t).password;
    }
    return status;
}

static apr_status_t renew(void)
{
    return renew_number(1);
}

static apr_int64_t issued_as_many; /* the last one: 1 when nobody waited for it */

/* What the worker does with all jobs: how many certificates it made. */
static int work(void)
{
    static int serials;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    int count = 0;

    while (anshin_job_claim(fixture_op(&fixture), "w", &job, &key, &wake) == APR_SUCCESS) {
        anshin_issue_order_t order;

        fixture.now++; /* no two mails are of one moment */
        job.serial = apr_psprintf(fixture.pool, "0a%02x", ++serials);
        issued_as_many = job.kind == ANSHIN_JOB_ISSUE ? job.many : issued_as_many;
        if (job.kind == ANSHIN_JOB_ISSUE && anshin_issue_order(fixture_op(&fixture), &job, &order) == APR_SUCCESS) {
            const char *fingerprint = apr_pstrcat(fixture.pool, "fp-", job.serial, NULL);
            anshin_issue_made_t made = {.fingerprint = fingerprint,
                                        .not_before = fixture.now,
                                        .not_after = fixture.now + 365 * DAY,
                                        .modern = {(const unsigned char *)"modern", 6},
                                        .compat = {(const unsigned char *)"compat", 6}};

            if (anshin_issue_commit(fixture_op(&fixture), &job, key, "w", &order, &made) == APR_SUCCESS) {
                who.made = (anshin_presented_t){ANSHIN_PRESENTED_GOOD, job.serial,     fingerprint, who.user,
                                                made.not_before,       made.not_after, ""};
                count++;
                continue;
            }
        }
        (void)anshin_job_drop(fixture_op(&fixture), key, "w");
    }
    return count;
}

/* The user fetches what the newest mail leads to. */
static int fetch(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    users_newest_t newest = {.kind = "certificate-ready", .pool = fixture.pool};
    anshin_download_result_t result;
    anshin_mail_text_t text;
    const char *link;

    (void)anshin_txn_each(txn, &anshin_record_mail, "", users_find_newest, &newest);
    anshin_txn_abort(txn);
    if (newest.mail.blob == NULL || anshin_mail_open(op, &newest.mail, &text) != APR_SUCCESS ||
        (link = strstr(text.body, "?t=")) == NULL) {
        return 0;
    }
    link = apr_pstrndup(fixture.pool, link + 3, ANSHIN_TOKEN_TEXT);
    return anshin_download_fetch(op, link, who.password, ANSHIN_PROFILE_MODERN, &result) == APR_SUCCESS &&
           result.right && result.file.length == 6;
}

static void keep_house(void)
{
    anshin_housekeeping_t state = {.due = {0}};
    const char *task;
    int removed;

    while (anshin_housekeeping_step(fixture_op(&fixture), &state, &task, &removed) != ANSHIN_ENOTFOUND) {}
}

/* --- what there is ---------------------------------------------------------------------------------------------- */

static int is(const anshin_presented_t *presented, anshin_certificate_verdict_t wanted)
{
    anshin_certificate_verdict_t verdict;

    return anshin_certificate_verdict(fixture_op(&fixture), presented, &verdict) == APR_SUCCESS && verdict == wanted;
}

static int good(const anshin_presented_t *presented)
{
    return is(presented, ANSHIN_VERDICT_GOOD);
}

static int superseded(const anshin_presented_t *presented)
{
    anshin_certificate_t record;

    return is(presented, ANSHIN_VERDICT_REVOKED) &&
           fixture_get(&fixture, &anshin_record_certificate, presented->serial, &record) == APR_SUCCESS &&
           record.reason == ANSHIN_REASON_SUPERSEDED;
}

static anshin_terminal_t terminal_of(apr_int64_t number)
{
    anshin_terminal_t terminal = {.certificate = NULL};

    (void)fixture_get(&fixture, &anshin_record_terminal, anshin_terminal_key(fixture_op(&fixture), who.user, number),
                      &terminal);
    return terminal;
}

static int has(const anshin_presented_t *present, const anshin_presented_t *following)
{
    const anshin_terminal_t terminal = terminal_of(1);

    return same_text(terminal.certificate, present != NULL ? present->serial : NULL) &&
           same_text(terminal.renewing, following != NULL ? following->serial : NULL);
}

static int waits(void)
{
    anshin_download_t download;

    return fixture_get(&fixture, &anshin_record_download, anshin_terminal_key(fixture_op(&fixture), who.user, 1),
                       &download) == APR_SUCCESS;
}

static int revoked(const anshin_presented_t *presented)
{
    return anshin_certificate_revoke(fixture_op(&fixture), presented->serial, ANSHIN_REASON_KEY_COMPROMISE) ==
           APR_SUCCESS;
}

/* Renewed, made and fetched. */
static void renewed(const char *user)
{
    begin(user);
    if (renew() != APR_SUCCESS || work() != 1 || !fetch()) {
        printf("# %s: no renewal\n", user);
    }
}

/* --- cases ------------------------------------------------------------------------------------------------------ */

static void test_when(void)
{
    anshin_renewal_t renewal;
    apr_array_header_t *views;
    int functions = fixture.contract.policy.functions;

    begin("a1");
    ends_in(&who.old, 40 * DAY + 1);
    ok(renew() == ANSHIN_ENOTFOUND, "earlier than the first reminder nothing can be renewed (REN-2)");
    ends_in(&who.old, 40 * DAY);
    ok(anshin_renewal_find(fixture_op(&fixture), &who.member, 1, &renewal) == APR_SUCCESS &&
           renewal.expires_at == fixture.now + 40 * DAY && !renewal.waits && renewal.error == NULL &&
           anshin_terminals_view(fixture_op(&fixture), &who.member, &views) == APR_SUCCESS &&
           APR_ARRAY_IDX(views, 0, anshin_terminal_view_t).renewable &&
           !APR_ARRAY_IDX(views, 0, anshin_terminal_view_t).renewing,
       "from then on it can, and the account page knows (REN-2)");
    ok(renew_number(2) == ANSHIN_ENOTFOUND, "there is no other terminal");
    fixture.contract.policy.functions = functions & ~(1 << ANSHIN_FUNCTION_RENEWAL);
    ok(renew() == ANSHIN_EDENIED, "switched off it is refused (CON-2)");
    fixture.contract.policy.functions = functions;
    fixture.now += fixture.contract.policy.reauthenticate;
    ok(renew() == ANSHIN_EDENIED, "the password must have been checked recently (S12)");
    fixture.now += 40 * DAY;
    who.old.not_after = fixture.now + DAY; /* the connection does not tell */
    (void)enter(&who.old);
    ok(renew() == ANSHIN_ENOTFOUND, "what has ended is not renewed from the account page");
}

static void test_first_use(void)
{
    anshin_member_t other;

    begin("b1");
    other = who.member;
    ok(renew() == APR_SUCCESS && who.password != NULL && !good(&who.made) && good(&who.old),
       "a renewal begins; until it is made the old one alone works (REN-2)");
    ok(work() == 1 && good(&who.old) && good(&who.made) && has(&who.old, &who.made) &&
           users_alive(&fixture, &who.member),
       "once it is made both work, and no session has ended (REN-2)");
    ok(issued_as_many, "meanwhile a user who has no certificate goes before it (CRT-1)");
    ok(enter(&who.old) && waits() && has(&who.old, &who.made),
       "a login with the old one changes nothing, and the new one goes on waiting (REN-2)");
    ok(fetch() && good(&who.old), "it is fetched, and that changes nothing either");
    ok(enter(&who.made) && has(&who.made, NULL) && superseded(&who.old),
       "with the first login by the new one the old one is revoked as superseded (REN-2, S23)");
    ok(!users_alive(&fixture, &other) && users_alive(&fixture, &who.member),
       "its sessions end, the present one does not (REN-2)");
    ok(!waits() && !enter(&who.old), "nothing waits any more, and the old one lets nobody in (REN-2, S24)");
}

static void test_never_fetched(void)
{
    begin("c1");
    (void)renew();
    ok(work() == 1 && waits(), "a renewal waits to be fetched");
    fixture.now += DAY + apr_time_from_sec(120);
    keep_house();
    ok(!waits() && superseded(&who.made) && has(&who.old, NULL) && good(&who.old),
       "never fetched, it ends with its link; the old one goes on (REN-2)");
    ok(enter(&who.old) && renew() == APR_SUCCESS && work() == 1 && good(&who.made), "and can be renewed again");
    fixture.contract.name = "p-02";
    fixture.now += DAY + apr_time_from_sec(120);
    keep_house();
    fixture.contract.name = "p-01";
    ok(!waits() && good(&who.old), "of a contract that is not declared the files end all the same (S24)");
}

static apr_status_t file_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_certificate_file(op, txn, baton);
}

static apr_status_t count_reminder(void *baton, const char *key, const void *record)
{
    (void)key;
    *(int *)baton += strcmp(((const anshin_mail_t *)record)->kind, "certificate-ends") == 0;
    return APR_SUCCESS;
}

/* Reminders of all users after so many hours more. */
static int reminders_after(int hours)
{
    anshin_txn_t *txn;
    int count = 0;

    fixture.now += apr_time_from_sec(hours * 3600);
    keep_house();
    fixture.now += apr_time_from_sec(60); /* what one round has filed the next one does */
    keep_house();
    txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    (void)anshin_txn_each(txn, &anshin_record_mail, "", count_reminder, &count);
    anshin_txn_abort(txn);
    return count;
}

/* A user who is to be reminded in an hour, and has a new certificate that waits. */
static void reminded_soon(const char *user)
{
    anshin_certificate_t record;

    begin(user);
    ends_in(&who.old, 10 * DAY + apr_time_from_sec(3600));
    (void)fixture_get(&fixture, &anshin_record_certificate, who.old.serial, &record);
    (void)anshin_op_write(fixture_op(&fixture), ANSHIN_LAZY, file_in, &record);
    (void)renew();
    (void)work();
}

static void test_reminded_meanwhile(void)
{
    int before = reminders_after(0);

    reminded_soon("k1");
    ok(reminders_after(2) == before, "while a new one waits nobody is reminded of the old one (REN-1, REN-2)");
    ok(reminders_after(24) == before + 1 && superseded(&who.made) &&
           strstr(users_mailed_text(&fixture, "certificate-ends"), "あと9日") != NULL,
       "once its wait has ended what was not told is, with the true number of days (REN-1, REN-2)");
    ok(reminders_after(48) == before + 1, "and only once (REN-1)");
    reminded_soon("k2");
    ok(reminders_after(26) == before + 2, "so it is where nobody has looked before that (REN-1)");
    reminded_soon("k3");
    ok(reminders_after(2) == before + 2 && fetch() && revoked(&who.made) && reminders_after(1) == before + 3,
       "and where the new one is revoked (REN-1)");
    reminded_soon("k4");
    (void)reminders_after(2);
    ok(enter(&who.old) && renew() == APR_SUCCESS && work() == 1 && reminders_after(2) == before + 3,
       "but not where a second renewal takes the place of the first (REN-1, REN-2)");
    ok(fetch() && enter(&who.made) && reminders_after(48) == before + 3, "nor once the new one was used (REN-1)");
}

static void test_old_ends_first(void)
{
    renewed("d1");
    fixture.now += DAY + apr_time_from_sec(120);
    keep_house();
    ok(!waits() && good(&who.made) && good(&who.old), "what was fetched outlives its link (REN-2)");
    fixture.now += 10 * DAY;
    ok(is(&who.old, ANSHIN_VERDICT_EXPIRED) && good(&who.made) && enter(&who.made) && has(&who.made, NULL),
       "when the old one ends before that, the new one works (REN-2)");
}

static void test_again(void)
{
    anshin_presented_t first;

    begin("e1");
    ok(renew() == APR_SUCCESS && renew() == APR_SUCCESS && work() == 1 && fetch() && has(&who.old, &who.made),
       "renewed twice before any is made, one is made, under the second password (REN-2)");
    first = who.made;
    ok(renew() == APR_SUCCESS && superseded(&first) && has(&who.old, NULL) && good(&who.old),
       "another renewal ends the one that waits, and never the old one (REN-2)");
    ok(work() == 1 && has(&who.old, &who.made) && fetch() && enter(&who.made) && superseded(&who.old),
       "and takes its place (REN-2)");
    fixture.now += 2 * DAY;
    for (int i = 0; i < ANSHIN_RENEWALS; i++) {
        ends_in(&who.made, 5 * DAY);
        (void)renew();
    }
    ok(enter(&who.made) && renew() == APR_SUCCESS, "a session of two days ago began none of them");
    for (int i = 1; i < ANSHIN_RENEWALS; i++) {
        (void)renew();
    }
    ok(renew() == ANSHIN_EBUSY, "a day has room for %d of a user", ANSHIN_RENEWALS);
    (void)work();
}

static int reissue(void)
{
    const anshin_account_t account = users_account(&fixture, who.user);
    anshin_token_t record = {.kind = ANSHIN_TOKEN_CERTIFICATE, .terminal = 1, .expires_at = fixture.now + DAY};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_reissue_result_t result;
    anshin_txn_t *txn;
    const char *token, *key;

    (void)anshin_reissue_address_mac(op, "taro@example.jp", &record.code_mac);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_token_create(op, txn, &account, &record, &token, &key);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    if (anshin_reissue_execute(op, ANSHIN_REISSUE_CERTIFICATE, token, &(anshin_reissue_typed_t){"pet", "ポチ", ""},
                               &result) != APR_SUCCESS) {
        printf("# reissue: %s\n", op->error.text);
        return 0;
    }
    who.password = result.download_password;
    return result.download_password != NULL;
}

static void test_reissue_meanwhile(void)
{
    anshin_presented_t made;

    renewed("f1");
    made = who.made;
    ok(reissue() && superseded(&who.old) && superseded(&made) && has(NULL, NULL), "a reissue ends both (REN-2, CRI-2)");
    ok(work() == 1 && has(&who.made, NULL) && fetch() && enter(&who.made), "and gives one certificate");
    begin("f2");
    ok(renew() == APR_SUCCESS && reissue() && work() == 1 && has(&who.made, NULL) && superseded(&who.old),
       "before the renewal is made as well: one certificate, the terminal's own (REN-2)");
    ok(renew() != APR_SUCCESS, "while that waits there is nothing to renew (REN-2)");
}

static void test_terminal_deleted(void)
{
    const anshin_terminal_typed_t typed = {.address = "jiro@example.jp", .kind = ANSHIN_TERMINAL_PC};
    anshin_presented_t second, made;
    anshin_terminal_result_t result;

    begin("g1");
    (void)anshin_terminal_add(fixture_op(&fixture), &who.member, &typed, &result);
    (void)work();
    second = users_certificate(&fixture, "g1", 2, "0777");
    ends_in(&second, 5 * DAY);
    ok(renew_number(2) == ANSHIN_ENOTFOUND, "a terminal whose first certificate was not fetched yet has none to renew");
    (void)enter(&second);
    ok(renew_number(2) == APR_SUCCESS && work() == 1 && good(&second) && good(&who.made), "another terminal's is");
    made = who.made;
    (void)enter(&who.old);
    ok(anshin_terminal_delete(fixture_op(&fixture), &who.member, 2, &result) == APR_SUCCESS &&
           is(&second, ANSHIN_VERDICT_REVOKED) && is(&made, ANSHIN_VERDICT_REVOKED) && good(&who.old),
       "a terminal that is deleted takes both with it (REN-2, S16)");
    (void)anshin_terminal_add(fixture_op(&fixture), &who.member, &typed, &result);
    (void)work();
    second = users_certificate(&fixture, "g1", 3, "0778");
    ends_in(&second, 5 * DAY);
    (void)enter(&second);
    (void)renew_number(3);
    (void)enter(&who.old);
    ok(anshin_terminal_delete(fixture_op(&fixture), &who.member, 3, &result) == APR_SUCCESS && work() == 0,
       "and what was not made yet is not made (REN-2)");
}

static void test_revoked(void)
{
    apr_array_header_t *serials;

    renewed("h1");
    ok(revoked(&who.made) && good(&who.old) && has(&who.old, NULL) && !waits() && renew() == APR_SUCCESS,
       "the new one revoked: the old one works and can be renewed (REN-2)");
    (void)work();
    renewed("h2");
    ok(revoked(&who.old) && good(&who.made) && has(NULL, &who.made) && !users_alive(&fixture, &who.member),
       "the old one revoked: its sessions end, the new one works (REN-2)");
    ok(enter(&who.made) && has(&who.made, NULL), "and is the terminal's with its first use");
    begin("h3");
    (void)renew();
    ok(revoked(&who.old) && work() == 0 && has(NULL, NULL) && !waits(),
       "the old one revoked before another was made: none is made of it (REN-2)");
    renewed("h4");
    ok(anshin_certificates_revoke(fixture_op(&fixture), "h4", ANSHIN_REASON_CESSATION, &serials) == APR_SUCCESS &&
           serials->nelts == 2 && has(NULL, NULL) && !waits(),
       "those of a user are both (REN-2)");
}

static void test_account(void)
{
    apr_array_header_t *issues;

    renewed("i1");
    ok(anshin_method_change(fixture_op(&fixture), &who.member, ANSHIN_METHOD_PASSWORD, &issues) == APR_SUCCESS &&
           is(&who.old, ANSHIN_VERDICT_REVOKED) && is(&who.made, ANSHIN_VERDICT_REVOKED) && has(NULL, NULL),
       "another login method ends both (REN-2, ACC-6)");
    renewed("i2");
    ok(anshin_account_delete(fixture_op(&fixture), "i2") == APR_SUCCESS && is(&who.old, ANSHIN_VERDICT_REVOKED) &&
           is(&who.made, ANSHIN_VERDICT_REVOKED),
       "so does the end of the account (REN-2)");
    begin("i3");
    (void)renew();
    (void)anshin_account_lock(fixture_op(&fixture), "i3", ANSHIN_ACCOUNT_DISABLED);
    ok(work() == 0 && !enter(&who.old), "a user who is disabled gets none");
    (void)anshin_account_unlock(fixture_op(&fixture), "i3");
    ok(enter(&who.old), "and has the old one afterwards");
}

/* --- after the end ---------------------------------------------------------------------------------------------- */

static anshin_login_result_t renew_ended(const char *user, const char *password, const anshin_presented_t *presented)
{
    const anshin_login_facts_t facts = {.user = user, .password = password, .presented = presented, .renews = 1};
    anshin_login_result_t result;
    anshin_op_t *op = users_op(&fixture, "192.0.2.7");

    if (anshin_login(op, &facts, &result) != APR_SUCCESS) {
        printf("# renewal %s: %s %s\n", user, op->error.id, op->error.text);
        result.outcome = (anshin_login_outcome_t)-1;
    }
    return result;
}

static int begins(const anshin_presented_t *presented)
{
    const anshin_login_result_t result = renew_ended(who.user, USERS_PASSWORD, presented);

    return result.outcome == ANSHIN_LOGIN_RENEWED && result.session_id == NULL;
}

static int opens(const anshin_presented_t *presented)
{
    int renews = -1;

    return anshin_certificate_renews(fixture_op(&fixture), presented, &renews) == APR_SUCCESS && renews == 1;
}

static void test_ended(void)
{
    anshin_presented_t other;
    anshin_login_result_t result;

    begin("j2");
    other = who.old;
    begin("j1");
    ok(!opens(&who.old) && !begins(&who.old), "before its end a certificate opens no renewal but from within (REN-3)");
    fixture.now = who.old.not_after;
    who.old.state = other.state = ANSHIN_PRESENTED_EXPIRED;
    ok(opens(&who.old) && begins(&who.old),
       "from its end on it does, with ID and password, and lets in nowhere (REN-3)");
    ok(work() == 1 && has(&who.old, &who.made) && !enter(&who.old), "another one is made, and the old one stays shut");
    ok(!issued_as_many, "it waits for nobody else's renewal, since the old one cannot be used (CRT-1)");
    ok(enter(&who.made) && has(&who.made, NULL) && !opens(&who.old) && !begins(&who.old),
       "with its first use the old one is revoked, and opens nothing any more (REN-3)");
    who.user = "j2";
    ok(renew_ended("j1", USERS_PASSWORD, &other).outcome == ANSHIN_LOGIN_WRONG,
       "somebody else's opens none of this user's (REN-3, LOG-4)");
    result = renew_ended("j2", "wrong", &other);
    ok(result.outcome == ANSHIN_LOGIN_WRONG && result.remaining == fixture.contract.policy.password_attempts - 1,
       "a wrong password counts on the account, as at a login (REN-3, LCK-1)");
    for (int i = 1; i < fixture.contract.policy.password_attempts; i++) {
        result = renew_ended("j2", "wrong", &other);
    }
    ok(result.outcome == ANSHIN_LOGIN_LOCKED &&
           renew_ended("j2", USERS_PASSWORD, &other).outcome == ANSHIN_LOGIN_LOCKED,
       "and locks it (REN-3, LCK-2)");
    (void)anshin_account_unlock(fixture_op(&fixture), "j2");
    fixture.now = other.not_after + fixture.contract.policy.renew_after;
    ok(opens(&other), "as long as the contract says (REN-3)");
    fixture.now++;
    ok(!opens(&other) && renew_ended("j2", USERS_PASSWORD, &other).outcome == ANSHIN_LOGIN_WRONG,
       "and no longer (REN-3)");
    fixture.now -= 2;
    fixture.contract.policy.renew_after = 0;
    ok(!opens(&other), "nor where the contract has none of it (REN-3)");
    fixture.contract.policy.renew_after = 90 * DAY;
    other.fingerprint = "fp-forged";
    ok(!opens(&other) && !begins(&other), "nor one that is not the very certificate (S20)");
    other.fingerprint = apr_pstrcat(fixture.pool, "fp-", other.serial, NULL);
    for (int i = 0; i < ANSHIN_RENEWALS; i++) {
        (void)begins(&other);
    }
    ok(renew_ended("j2", USERS_PASSWORD, &other).outcome == ANSHIN_LOGIN_FULL, "a day has room for %d",
       ANSHIN_RENEWALS);
    (void)anshin_certificate_revoke(fixture_op(&fixture), other.serial, ANSHIN_REASON_CESSATION);
    ok(!opens(&other) && work() == 0,
       "revoked after its end it opens nothing, and what was not made is not made (REN-3)");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_when();
    test_first_use();
    test_never_fetched();
    test_reminded_meanwhile();
    test_old_ends_first();
    test_again();
    test_reissue_meanwhile();
    test_terminal_deleted();
    test_revoked();
    test_account();
    test_ended();
    apr_pool_destroy(pool);
    return done();
}
