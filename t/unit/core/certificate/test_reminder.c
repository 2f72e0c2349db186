/*
 * Reminders of what ends (core/context/reminder.h, core/certificate/reminder.h, core/mail/password_reminder.h,
 * core/admin/refile.h): each once, whoever dies when and however late somebody looks (REN-1, LOG-6).
 */
#include "core/admin/housekeeping.h"
#include "core/admin/refile.h"
#include "core/base/date_text.h"
#include "core/certificate/reminder.h"
#include "core/certificate/revocation.h"
#include "core/context/reminder.h"
#include "core/mail/job.h"
#include "core/mail/password_reminder.h"
#include "unit/crash_store.h"
#include "unit/tap.h"
#include "unit/fixture.h"
#include "unit/users.h"

#define DAY apr_time_from_sec(86400)
#define USER "p-01-usr007"

static fixture_t fixture;

static apr_array_header_t *spans(const char *days)
{
    apr_array_header_t *array = apr_array_make(fixture.pool, 4, sizeof(apr_interval_time_t));

    for (char *end; *days != '\0'; days = end) {
        APR_ARRAY_PUSH(array, apr_interval_time_t) = strtol(days, &end, 10) * DAY;
    }
    return array;
}

/* --- when ------------------------------------------------------------------------------------------------------- */

static void test_times(void)
{
    static const struct {
        const char *what;
        int since, mark, now, look, near, days; /* in days before the end */
    } rows[] = {
        {"young", 365, 0, 300, 40, 0, 300},
        {"at the first", 365, 0, 40, 40, 1, 40},
        {"the first is told", 365, 40, 40, 10, 1, 40},
        {"between", 365, 40, 39, 10, 1, 39},
        {"two have passed", 365, 0, 5, 5, 1, 5},
        {"after the last", 365, 1, 1, 0, 1, 1},
        {"at the end", 365, 0, 0, -1, 0, 0},
        {"issued for 20 days", 20, 0, 20, 10, 0, 20},
        {"issued for 20 days, later", 20, 0, 9, 9, 1, 9},
        {"issued for a day", 1, 0, 1, 0, 0, 1},
        {"the clock was put back", 365, 10, 200, 1, 0, 200},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const apr_time_t end = fixture.now;
        const anshin_reminders_t reminders = {.before = spans("40 10 1"),
                                              .since = end - rows[i].since * DAY,
                                              .end = end,
                                              .mark = rows[i].mark != 0 ? end - rows[i].mark * DAY : 0};
        const apr_time_t now = end - rows[i].now * DAY;
        apr_time_t look = anshin_reminder_look(&reminders, now);

        ok(look == (rows[i].look >= 0 ? end - rows[i].look * DAY : 0) &&
               anshin_reminder_is_near(&reminders, now) == rows[i].near &&
               anshin_reminder_days(end, now) == rows[i].days,
           "REN-1: %s: looked at in time, near its end or not, with the right days", rows[i].what);
    }
    ok(anshin_reminder_days(fixture.now + DAY + 1, fixture.now) == 2 &&
           anshin_reminder_days(fixture.now + 1, fixture.now) == 1,
       "a day that has begun counts");
}

/* --- what happens ----------------------------------------------------------------------------------------------- */

static void open_fixture(apr_pool_t *pool)
{
    steps_left = -1;
    died = 0;
    fixture_open(&fixture, &crash_store, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
}

static void keep_house(void)
{
    anshin_housekeeping_t state = {.due = {0}};
    const char *task;
    int removed;

    while (anshin_housekeeping_step(fixture_op(&fixture), &state, &task, &removed) == APR_SUCCESS) {}
}

/* A certificate for so many days, of a user who has registered. Not filed: as it lay in a store of before. */
static anshin_certificate_t put_certificate(const char *user, const char *serial, int days)
{
    anshin_certificate_t certificate;
    anshin_account_t account;

    if (fixture_get(&fixture, &anshin_record_account, anshin_account_key(fixture_op(&fixture), user), &account) !=
        APR_SUCCESS) {
        (void)users_register(&fixture, user, ANSHIN_METHOD_CERTIFICATE);
    }
    (void)users_certificate(&fixture, user, 1, serial);
    (void)fixture_get(&fixture, &anshin_record_certificate, serial, &certificate);
    certificate.issued_at = fixture.now;
    certificate.not_after = fixture.now + days * DAY;
    fixture_put(&fixture, &anshin_record_certificate, serial, &certificate);
    return certificate;
}

static apr_status_t file_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_certificate_file(op, txn, baton);
}

static anshin_certificate_t file_certificate(const char *user, const char *serial, int days)
{
    anshin_certificate_t certificate = put_certificate(user, serial, days);

    (void)anshin_op_write(fixture_op(&fixture), ANSHIN_LAZY, file_in, &certificate);
    return certificate;
}

typedef struct found_t {
    const char *kind;
    int count;
    char last[65536]; /* the text of the one that was seen last */
    apr_time_t at;
} found_t;

static apr_status_t count_mail(void *baton, const char *key, const void *record)
{
    found_t *found = baton;
    const anshin_mail_t *mail = record;

    (void)key;
    if (!same_text(mail->kind, found->kind)) {
        return APR_SUCCESS;
    }
    found->count++;
    if (mail->created_at >= found->at) {
        anshin_mail_text_t text = {.body = NULL};
        anshin_mail_t copy = *mail;

        found->at = mail->created_at;
        found->last[0] = '\0';
        if (anshin_mail_open(fixture_op(&fixture), &copy, &text) == APR_SUCCESS) {
            apr_cpystrn(found->last, apr_pstrcat(fixture.pool, text.subject, "\n", text.body, NULL),
                        sizeof(found->last));
        }
    }
    return APR_SUCCESS;
}

static found_t found;

static int mails(const char *kind)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);

    memset(&found, 0, sizeof(found));
    found.kind = kind;
    (void)anshin_txn_each(txn, &anshin_record_mail, "", count_mail, &found);
    anshin_txn_abort(txn);
    return found.count;
}

/* Mails in all after so many days, house being kept each day. */
static apr_status_t count_many(void *baton, const char *key, const void *record)
{
    (void)key;
    *(int *)baton += ((const anshin_job_t *)record)->many == 1;
    return APR_SUCCESS;
}

/* Mails that let those pass that somebody waits for. */
static int waiting_as_many(void)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    int count = 0;

    (void)anshin_txn_each(txn, &anshin_record_job, "", count_many, &count);
    anshin_txn_abort(txn);
    return count;
}

static int after_days(int days, const char *kind)
{
    for (int i = 0; i < days; i++) {
        fixture.now += DAY;
        keep_house();
    }
    return mails(kind);
}

#define ENDS "certificate-ends"

static void test_each_once(apr_pool_t *pool)
{
    anshin_certificate_t certificate;
    apr_time_t end;
    int left;

    open_fixture(pool);
    certificate = file_certificate(USER, "0a", 365);
    end = certificate.not_after;
    keep_house();
    ok(after_days(324, ENDS) == 0 && anshin_certificate_days_left(fixture_op(&fixture), &certificate) == -1,
       "REN-1: nothing is told before the first reminder");
    ok(after_days(1, ENDS) == 1 && strstr(found.last, "あと40日") != NULL && strstr(found.last, USER) != NULL &&
           strstr(found.last, "更新してください") != NULL &&
           strstr(found.last, "https://login.example/anshin/account") != NULL &&
           strstr(found.last, anshin_date_text(end, "ja", ANSHIN_DATE_PLAIN, fixture.pool)) != NULL,
       "REN-1: then one mail tells user, days, date and what to do: %s", found.last);
    ok(waiting_as_many() == 1, "REN-1: which lets those pass that somebody waits for");
    ok(anshin_certificate_days_left(fixture_op(&fixture), &certificate) == 40, "REN-1: and the pages tell the days");
    keep_house();
    left = after_days(29, ENDS);
    ok(left == 1, "REN-1: it is told once (%d)", left);
    ok(after_days(1, ENDS) == 2 && strstr(found.last, "あと10日") != NULL, "REN-1: the second reminder is another one");
    ok(after_days(9, ENDS) == 3 && strstr(found.last, "あと1日") != NULL, "REN-1: and so is the last");
    ok(after_days(60, ENDS) == 3 && anshin_certificate_days_left(fixture_op(&fixture), &certificate) == -1,
       "REN-1: after the end nobody hears more of it");
    ok(fixture_get(&fixture, &anshin_record_certificate, "0a", &certificate) == APR_SUCCESS &&
           certificate.reminded_at == end - DAY &&
           anshin_certificate_standing(&certificate, fixture.now) == ANSHIN_STANDING_EXPIRED,
       "REN-1: the record stays, and lists tell that it has expired");
}

static void test_late(apr_pool_t *pool)
{
    open_fixture(pool);
    (void)file_certificate(USER, "0a", 365);
    fixture.now += 360 * DAY - apr_time_from_sec(3600);
    keep_house();
    ok(mails(ENDS) == 1 && strstr(found.last, "あと6日") != NULL,
       "REN-1: of two that are overdue one mail tells the true number of days");
    fixture.now -= 30 * DAY;
    keep_house();
    ok(after_days(20, ENDS) == 1, "REN-1: a clock that was put back makes no second one");
    ok(after_days(15, ENDS) == 2 && strstr(found.last, "あと1日") != NULL, "REN-1: the next comes in its time");
}

/* Die at each writing step of housekeeping, with and without effect of the step. */
static void test_killed(apr_pool_t *parent)
{
    int survived = 0;
    int deaths = 0;
    int wrong = 0;

    for (int step = 0; !survived && step < 400; step++) {
        apr_pool_t *pool;

        apr_pool_create(&pool, parent);
        open_fixture(pool);
        (void)file_certificate(USER, "0a", 365);
        fixture.now += 330 * DAY;
        steps_left = step / 2;
        dies_after = step % 2;
        keep_house();
        deaths += died;
        survived = !died;
        steps_left = -1;
        died = 0;
        fixture.now += DAY;
        keep_house();
        wrong += mails(ENDS) != 1 || fixture_count(&fixture, &anshin_record_job) < 1;
        apr_pool_destroy(pool);
    }
    ok(survived && deaths > 4 && wrong == 0,
       "REN-1: whoever dies in whichever of %d steps, there is one mail (%d wrong)", deaths, wrong);
}

/* What makes a reminder needless, between filing and its time. */
static void test_needless(apr_pool_t *parent)
{
    static const char *const what[] = {"revoked",
                                       "reissued",
                                       "of another method",
                                       "of a disabled account",
                                       "of a deleted one",
                                       "of a locked one",
                                       "of a contract that has none now"};

    for (int i = 0; i < 7; i++) {
        const char *const key = "p-01/" USER;
        anshin_account_t account;
        int wanted = i == 5;
        apr_pool_t *pool;

        apr_pool_create(&pool, parent);
        open_fixture(pool);
        (void)file_certificate(USER, "0a", 365);
        account = users_account(&fixture, USER);
        fixture.now += 300 * DAY;
        if (i == 0) {
            (void)anshin_certificate_revoke(fixture_op(&fixture), "0a", ANSHIN_REASON_KEY_COMPROMISE);
        } else if (i == 1) {
            (void)put_certificate(USER, "0b", 365);
        } else if (i == 4) {
            fixture_delete(&fixture, &anshin_record_account, key);
        } else if (i == 6) {
            fixture.contract.policy.certificate_reminders = NULL;
        } else {
            account.method = i == 2 ? ANSHIN_METHOD_PASSWORD : account.method;
            account.state = i == 3 ? ANSHIN_ACCOUNT_DISABLED : i == 5 ? ANSHIN_ACCOUNT_LOCKED : account.state;
            fixture_put(&fixture, &anshin_record_account, key, &account);
        }
        ok(after_days(70, ENDS) == (wanted ? 3 : 0), "REN-1: a certificate %s: %s", what[i],
           wanted ? "its end is told" : "its end is nobody's business");
        apr_pool_destroy(pool);
    }
}

static void test_short(apr_pool_t *pool)
{
    open_fixture(pool);
    (void)file_certificate(USER, "0a", 5);
    keep_house();
    ok(after_days(3, ENDS) == 0 && after_days(2, ENDS) == 1 && found.count == 1 &&
           strstr(found.last, "あと1日") != NULL,
       "REN-1: what had passed when it was issued is not told, what had not is");
}

/* An address that nobody has confirmed gets so many mails in a day; a reminder waits for the next. */
static void test_bound(apr_pool_t *pool)
{
    anshin_terminal_t terminal;

    open_fixture(pool);
    for (int i = 0; i < ANSHIN_MAILS_A_DAY + 2; i++) {
        const char *user = apr_psprintf(pool, "u%02d", i);

        (void)file_certificate(user, apr_psprintf(pool, "%02x", i), 365);
        (void)fixture_get(&fixture, &anshin_record_terminal, apr_psprintf(pool, "p-01/%s/1", user), &terminal);
        terminal.unconfirmed_at = fixture.now;
        fixture_put(&fixture, &anshin_record_terminal, apr_psprintf(pool, "p-01/%s/1", user), &terminal);
    }
    fixture.now += 326 * DAY;
    for (int i = 0; i < ANSHIN_MAILS_SHARE; i++) { /* the share of the last one is used up too */
        anshin_account_t account = users_account(&fixture, apr_psprintf(pool, "u%02d", ANSHIN_MAILS_A_DAY + 1));
        const anshin_mail_new_t mail = {ENDS, &account, "taro@example.jp", ANSHIN_MAIL_UNCONFIRMED, NULL, 0, NULL};
        anshin_op_t *op = fixture_op(&fixture);
        anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

        (void)anshin_txn_end(txn, anshin_mail_add(op, txn, &mail), ANSHIN_LAZY);
    }
    keep_house();
    ok(mails(ENDS) == ANSHIN_MAILS_A_DAY + 1 + ANSHIN_MAILS_SHARE, "S40: the bound of an address holds (%d)",
       found.count);
    ok(after_days(2, ENDS) == ANSHIN_MAILS_A_DAY + 2 + ANSHIN_MAILS_SHARE,
       "REN-1: what it kept back comes when there is room (%d)", found.count);
}

/* --- stores of before, and lists that were changed --------------------------------------------------------------- */

static int refile(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    int filed = -1;

    op->contract = NULL;
    return anshin_refile(op, &filed) == APR_SUCCESS ? filed : -1;
}

static void test_refile(apr_pool_t *pool)
{
    int filed;

    open_fixture(pool);
    (void)put_certificate(USER, "0a", 365);
    (void)put_certificate("other", "0b", 365);
    (void)put_certificate("old", "0c", -1);
    (void)put_certificate("ended", "0d", 365);
    (void)anshin_certificate_revoke(fixture_op(&fixture), "0d", ANSHIN_REASON_UNSPECIFIED);
    ok(after_days(326, ENDS) == 0, "of a store of before nothing is filed");
    filed = refile();
    ok(filed == 4, "REN-1: certificates of a store of before are filed, what is over for its own end (BAK-3) (%d)",
       filed);
    fixture.now += apr_time_from_sec(60);
    keep_house();
    ok(mails(ENDS) == 2, "and users of what is not over are reminded (%d)", found.count);
    ok(refile() == 0, "it is done once");
    fixture.contract.policy.certificate_reminders = spans("40 38 10 1");
    filed = refile();
    ok(filed == 4, "REN-1: a list that was changed files them anew (%d)", filed);
    ok(after_days(1, ENDS) == 4, "and counts at once (%d)", found.count);
    fixture.contract.name = "p-02";
    ok(refile() == 0, "those of a contract that is not declared are left alone");
    fixture.contract.name = "p-01";
    ok(refile() == 4, "and filed when it is declared again");
}

static void test_many(apr_pool_t *pool)
{
    anshin_certificate_t certificate;
    anshin_op_t *op;
    anshin_txn_t *txn;

    open_fixture(pool);
    certificate = put_certificate(USER, "0a", 365);
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    for (int i = 0; i < 45000; i++) {
        (void)anshin_txn_put(txn, &anshin_record_certificate, apr_psprintf(op->pool, "%06x", i), &certificate);
    }
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    ok(refile() == 45001, "REN-1: each of many is filed, in parts");
}

/* --- passwords -------------------------------------------------------------------------------------------------- */

#define EXPIRES "password-ends"

static void change_password(const char *user, int must_change)
{
    anshin_account_t account = users_account(&fixture, user);

    account.password_set_at = fixture.now;
    account.password_must_change = must_change;
    fixture_put(&fixture, &anshin_record_account, anshin_account_key(fixture_op(&fixture), user), &account);
}

static void test_password(apr_pool_t *pool)
{
    anshin_account_t account;

    open_fixture(pool);
    fixture.contract.policy.password_age = 90 * DAY;
    (void)users_register(&fixture, USER, ANSHIN_METHOD_PASSWORD);
    fixture.now += 1;
    ok(after_days(75, EXPIRES) == 0, "LOG-6: nothing is told of a young password");
    fixture.now += apr_time_from_sec(60);
    ok(after_days(1, EXPIRES) == 1 && strstr(found.last, "あと14日") != NULL &&
           strstr(found.last, "https://login.example/anshin/password") != NULL,
       "LOG-6: a mail tells the days left and what to do: %s", found.last);
    ok(waiting_as_many() == 1, "LOG-6: behind which no login code waits");
    ok(after_days(10, EXPIRES) == 1 && after_days(1, EXPIRES) == 2 && strstr(found.last, "あと3日") != NULL &&
           after_days(20, EXPIRES) == 2,
       "LOG-6: each once, and none after its end");
    fixture.now -= 20 * DAY;
    keep_house();
    ok(mails(EXPIRES) == 2, "LOG-6: none twice by a clock that was put back");
    ok(fixture_get(&fixture, &anshin_record_account, "p-01/" USER, &account) == APR_SUCCESS &&
           account.password_reminded_at == account.password_set_at + 87 * DAY,
       "LOG-6: the mark lies in the account");
}

static void test_password_needless(apr_pool_t *parent)
{
    static const char *const what[] = {"changed meanwhile", "to be changed anyway", "of a disabled account",
                                       "of a contract without an age"};

    for (int i = 0; i < 4; i++) {
        anshin_account_t account;
        apr_pool_t *pool;

        apr_pool_create(&pool, parent);
        open_fixture(pool);
        fixture.contract.policy.password_age = 90 * DAY;
        (void)users_register(&fixture, USER, ANSHIN_METHOD_PASSWORD);
        fixture.now += 60 * DAY;
        if (i < 2) {
            change_password(USER, i);
        } else if (i == 2) {
            account = users_account(&fixture, USER);
            account.state = ANSHIN_ACCOUNT_DISABLED;
            fixture_put(&fixture, &anshin_record_account, "p-01/" USER, &account);
        } else {
            fixture.contract.policy.password_age = 0;
        }
        ok(after_days(29, EXPIRES) == 0, "LOG-6: a password %s: nothing is told", what[i]);
        if (i == 0) {
            ok(after_days(48, EXPIRES) == 1, "LOG-6: until it ends itself");
        }
        apr_pool_destroy(pool);
    }
}

static void test_password_refile(apr_pool_t *pool)
{
    open_fixture(pool);
    (void)users_register(&fixture, USER, ANSHIN_METHOD_PASSWORD);
    ok(refile() == 0, "LOG-6: a password without an end is not filed");
    fixture.contract.policy.password_age = 90 * DAY;
    ok(refile() == 1 && after_days(77, EXPIRES) == 1, "LOG-6: when it gets one it is, and told of");
}

int main(void)
{
    static void (*const tests[])(apr_pool_t * pool) = {
        test_each_once, test_late, test_killed,   test_needless,          test_short,          test_bound,
        test_refile,    test_many, test_password, test_password_needless, test_password_refile};
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    make_crash_store();
    fixture.pool = pool;
    fixture.now = apr_time_from_sec(1800000000);
    test_times();
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        apr_pool_t *own;

        apr_pool_create(&own, pool);
        tests[i](own);
        apr_pool_destroy(own);
    }
    apr_pool_destroy(pool);
    return done();
}
