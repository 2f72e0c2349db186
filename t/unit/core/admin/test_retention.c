/*
 * Retention (BAK-3): each kind of thing that is kept is there a moment before its limit, and gone at it. The limits
 * stand here as the operator's guide has them.
 */
#include "core/account/account.h"
#include "core/account/history.h"
#include "core/certificate/certificate.h"
#include "core/context/nodes.h"
#include "core/mail/mail.h"
#include "unit/housekeeping.h"
#include "unit/tap.h"

#define DAY apr_time_from_sec(86400)
#define HOUR apr_time_from_sec(3600)
#define MOMENT apr_time_from_sec(1)

static fixture_t fixture;
static apr_pool_t *pool;

static int keep_house(void)
{
    anshin_housekeeping_t state = {.due = {0}};

    return housekeeping_all(&fixture, &state);
}

static int is_there(const anshin_record_type_t *type, const char *key)
{
    return fixture_get(&fixture, type, key, apr_palloc(pool, type->size)) == APR_SUCCESS;
}

/* --- records as they lie in a store ------------------------------------------------------------------------------- */

#define T0 apr_time_from_sec(1800000000) /* when each of them is made */

static const anshin_token_t token = {.kind = 1, .contract = "p-01", .expires_at = T0};
static const anshin_download_t issued = {.serial = "4a", .created_at = T0, .expires_at = T0 + DAY};
static const anshin_download_t unissued = {.created_at = T0, .expires_at = T0 + DAY};
static const anshin_session_t used = {.contract = "p-01", .user = "s", .created_at = T0, .seen_at = T0 + 12 * HOUR};
static const anshin_fact_t fact = {.value = "1", .at = T0};
static const anshin_counter_t counter = {.failures = 1, .changed_at = T0};
static const anshin_counter_t nobodys = {.failures = 5, .phantom = 1, .locked_at = T0, .changed_at = T0};
static const anshin_progress_t progress = {.contract = "p-01", .expires_at = T0};
static const anshin_mail_t sent = {.contract = "p-01", .state = ANSHIN_MAIL_SENT, .created_at = 1, .sent_at = T0};
static const anshin_mail_t failed = {.contract = "p-01", .state = ANSHIN_MAIL_FAILED, .created_at = T0};
static const anshin_help_number_t help = {.contract = "p-01", .at = T0};
static const anshin_desk_bulk_t order = {.contract = "p-01", .at = T0};
static const anshin_approval_t approval = {.contract = "p-01", .at = T0 - DAY, .expires_at = T0};
static const anshin_certificate_t ended = {.contract = "p-01",
                                           .user = "u",
                                           .terminal = 1,
                                           .serial = "0a",
                                           .state = ANSHIN_CERTIFICATE_ACTIVE,
                                           .issued_at = T0 - DAY,
                                           .not_after = T0};
static const anshin_certificate_t revoked = {
    .contract = "p-01", .user = "u", .serial = "0b", .state = ANSHIN_CERTIFICATE_REVOKED, .not_after = T0};
static const anshin_certificate_t erased = {
    .contract = "p-01", .serial = "0c", .state = ANSHIN_CERTIFICATE_REVOKED, .not_after = T0};
static const anshin_certificate_t of_removed = {
    .contract = "gone", .serial = "0d", .state = ANSHIN_CERTIFICATE_REVOKED, .not_after = T0};

static const struct {
    const char *what;
    const anshin_record_type_t *type;
    const char *key;
    const void *record;
    apr_interval_time_t limit;
} rows[] = {
    {"a link, after its end", &anshin_record_token, "t", &token, 30 * DAY},
    {"a download", &anshin_record_download, "p-01/d/1", &issued, DAY},
    {"a download whose certificate was never made", &anshin_record_download, "p-01/d/2", &unissued, 30 * DAY},
    {"a session that is used", &anshin_record_session, "s2", &used, 12 * HOUR},
    {"that a session was ended", &anshin_record_fact, "session-ended/s3", &fact, DAY},
    {"a number of a day", &anshin_record_fact, "renewals/p-01/0123", &fact, DAY},
    {"when a reissue was mailed", &anshin_record_fact, "reissue/p-01/0123/1", &fact, DAY},
    {"a machine that is silent", &anshin_record_fact, "node/web9", &fact, 30 * DAY},
    {"attempts of a user", &anshin_record_counter, "p-01/u/password", &counter, 30 * DAY},
    {"attempts of an address", &anshin_record_counter, "p-01/@c0000201/address", &counter, 2 * DAY},
    {"the lock of an ID that nobody has", &anshin_record_counter, "p-01/x/stranger", &nobodys, 3650 * DAY},
    {"a step of a flow, after its end", &anshin_record_progress, "p", &progress, DAY},
    {"a mail that was sent", &anshin_record_mail, "m1", &sent, 30 * DAY},
    {"a mail that was given up", &anshin_record_mail, "m2", &failed, 30 * DAY},
    {"a number of a help page", &anshin_record_help_number, "AN-1", &help, 7 * DAY},
    {"an order for many", &anshin_record_desk_bulk, "b", &order, DAY},
    {"what waited for a second operator, after its end", &anshin_record_approval, "a", &approval, DAY},
    {"a certificate, after its end", &anshin_record_certificate, "0a", &ended, 500 * DAY},
    {"a revoked certificate, after its end", &anshin_record_certificate, "0b", &revoked, 500 * DAY},
    {"the serial number of an erased user's certificate", &anshin_record_certificate, "0c", &erased, 500 * DAY},
    {"the serial number of a removed contract's", &anshin_record_certificate, "0d", &of_removed, 3650 * DAY},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void test_each_kind(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        int before;

        fixture.now = T0;
        housekeeping_put(&fixture, rows[i].type, rows[i].key, rows[i].record);
        (void)keep_house();
        fixture.now = T0 + rows[i].limit - MOMENT;
        (void)keep_house();
        before = is_there(rows[i].type, rows[i].key);
        fixture.now = T0 + rows[i].limit;
        (void)keep_house();
        ok(before && !is_there(rows[i].type, rows[i].key), "BAK-3: %s is kept for %d hours, and gone then",
           rows[i].what, (int)(apr_time_sec(rows[i].limit) / 3600));
        fixture_delete(&fixture, rows[i].type, rows[i].key);
    }
}

/* --- what a contract says ----------------------------------------------------------------------------------------- */

static void put_history(const char *user)
{
    anshin_history_t entry = {.result = ANSHIN_HISTORY_LOGIN_OK};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

    (void)anshin_history_add(op, txn, user, &entry);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

static void test_history(void)
{
    const apr_interval_time_t keep = fixture.contract.policy.history_retention;

    fixture.now = T0;
    put_history("here");
    put_history("gone");
    put_history(NULL);
    fixture.now = T0 + keep - MOMENT;
    (void)keep_house();
    ok(fixture_count(&fixture, &anshin_record_history) == 3,
       "BAK-3: history is there a moment before its retention ends");
    fixture.now = T0 + keep + MOMENT;
    (void)keep_house();
    ok(fixture_count(&fixture, &anshin_record_history) == 0, "BAK-3: and gone then, that of unknown users as well");
    ok(is_there(&anshin_record_sequence, "history/p-01/here") && is_there(&anshin_record_sequence, "history/p-01/") &&
           !is_there(&anshin_record_sequence, "history/p-01/gone"),
       "BAK-3: with the last entry the count of a user who is gone goes, and no other");
}

/* Its terminal does not name what is not there; a renewal that it opens for longer keeps it. */
static void test_certificates(void)
{
    anshin_policy_t *policy = &fixture.contract.policy;
    anshin_terminal_t terminal = {
        .contract = "p-01", .user = "u", .number = 1, .certificate = "0a", .renewing = "0e", .created_at = T0};

    policy->renew_after = 600 * DAY;
    fixture.now = T0;
    fixture_put(&fixture, &anshin_record_terminal, "p-01/u/1", &terminal);
    housekeeping_put(&fixture, &anshin_record_certificate, "0a", &ended);
    fixture.now = T0 + 600 * DAY - MOMENT;
    (void)keep_house();
    ok(is_there(&anshin_record_certificate, "0a"), "BAK-3: a certificate is kept as long as it opens its renewal");
    fixture.now = T0 + 600 * DAY;
    (void)keep_house();
    ok(!is_there(&anshin_record_certificate, "0a") &&
           fixture_get(&fixture, &anshin_record_terminal, "p-01/u/1", &terminal) == APR_SUCCESS &&
           terminal.certificate == NULL && same_text(terminal.renewing, "0e"),
       "BAK-3: its device has none then, and keeps the one that is to follow");
    policy->renew_after = 0;
}

/* What nobody but the operator may end stays, whatever time it is. */
static void test_kept(void)
{
    static const anshin_counter_t locked = {.failures = 5, .locked_at = T0, .changed_at = T0};
    static const anshin_mail_t waiting = {.contract = "p-01", .state = ANSHIN_MAIL_WAITING, .created_at = T0};
    static const anshin_certificate_t undeclared = {
        .contract = "gone", .user = "u", .serial = "0f", .state = ANSHIN_CERTIFICATE_REVOKED, .not_after = T0};
    anshin_fact_t life = {.value = "1 x", .at = T0 + 20 * DAY};

    fixture.now = T0;
    housekeeping_put(&fixture, &anshin_record_counter, "p-01/here/password", &locked);
    housekeeping_put(&fixture, &anshin_record_mail, "w", &waiting);
    housekeeping_put(&fixture, &anshin_record_certificate, "0f", &undeclared);
    housekeeping_put(&fixture, &anshin_record_fact, "node/web1", &fact);
    (void)keep_house();
    fixture_put(&fixture, &anshin_record_fact, "node/web1", &life);
    fixture.now = T0 + 50 * DAY - MOMENT;
    (void)keep_house();
    ok(is_there(&anshin_record_fact, "node/web1"), "BAK-3: a machine is known for 30 days after its last sign of life");
    fixture.now = T0 + 4000 * DAY;
    (void)keep_house();
    ok(is_there(&anshin_record_counter, "p-01/here/password") && is_there(&anshin_record_mail, "w") &&
           is_there(&anshin_record_certificate, "0f") && is_there(&anshin_record_account, "p-01/here"),
       "BAK-3: users, their locks, mail that waits, and what is of a contract that is not declared stay");
    ok(!is_there(&anshin_record_fact, "node/web1"), "and that machine is forgotten");
}

static apr_status_t sign(const char *node)
{
    fixture.env.node = node;
    return anshin_node_sign(fixture_op(&fixture), "/var/lib/anshin", 0);
}

/* Each of the limits is reached by what the code files, not by what a test files. */
static void test_filed(void)
{
    fixture.now = T0 + 5000 * DAY;
    ok(sign("web2") == APR_SUCCESS, "a machine gives its first sign of life");
    fixture.now += 10 * DAY;
    (void)sign("web2");
    fixture.now += 30 * DAY - MOMENT;
    (void)keep_house();
    ok(is_there(&anshin_record_fact, "node/web2"), "BAK-3: it is known");
    fixture.now += MOMENT;
    (void)keep_house();
    ok(!is_there(&anshin_record_fact, "node/web2"), "BAK-3: and forgotten 30 days after the last one");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    fixture.contract.policy.certificate_retention = 500 * DAY;
    fixture_put(&fixture, &anshin_record_account, "p-01/here",
                &(anshin_account_t){.contract = "p-01", .user = "here", .number = "0123"});
    test_each_kind();
    test_history();
    test_certificates();
    test_kept();
    test_filed();
    apr_pool_destroy(pool);
    return done();
}
