/*
 * The state of the system: what is wrong at which limit, what is counted, and how it is written down (STA-1).
 */
#include "unit/fixture.h"
#include "unit/tap.h"

#include "core/account/history.h"
#include "core/account/lockout.h"
#include "core/certificate/certificate.h"
#include "core/certificate/revoked.h"
#include "core/config/ca_files.h"
#include "core/context/backed_up.h"
#include "core/mail/mail.h"
#include "core/status/alert.h"
#include "core/status/status_json.h"
#include "core/status/status_lines.h"
#include "core/status/status_openmetrics.h"
#include "core/status/status_text.h"
#include "core/status/tally.h"

#define DAY apr_time_from_sec(86400)
#define MINUTE apr_time_from_sec(60)

static fixture_t world;
static anshin_board_t board;

/* A system that is well. */
static anshin_signs_t well(void)
{
    return (anshin_signs_t){.board = &board,
                            .httpd = 1,
                            .worker = 1,
                            .uptime = apr_time_from_sec(1000),
                            .disk = (apr_int64_t)1 << 40,
                            .store = 5000,
                            .slots = 2};
}

static anshin_status_t look(const anshin_signs_t *signs)
{
    anshin_status_t status;

    anshin_status_look(&status, fixture_op(&world), signs);
    return status;
}

/* Exactly this alarm, or none. */
static int finds(const anshin_signs_t *signs, anshin_health_t health, int alarm)
{
    const anshin_status_t status = look(signs);
    const int expected = alarm >= 0;

    return status.health == health && status.reasons->nelts == expected &&
           (!expected || (int)APR_ARRAY_IDX(status.reasons, 0, anshin_reason_t).alarm == alarm) &&
           anshin_status_sum(&status, ANSHIN_METRIC_ALARM, NULL) == expected &&
           anshin_status_sum(&status, ANSHIN_METRIC_HEALTH, NULL) == (apr_int64_t)health;
}

static void test_machine(void)
{
    anshin_signs_t signs = well();

    atomic_store(&board.worker_at, signs.uptime);
    ok(finds(&signs, ANSHIN_HEALTHY, -1), "a system that is well (STA-1)");
    signs.disk = ANSHIN_DISK_LOW;
    ok(finds(&signs, ANSHIN_HEALTHY, -1), "64 MiB are enough (STA-1)");
    signs.disk = ANSHIN_DISK_LOW - 1;
    ok(finds(&signs, ANSHIN_DEGRADED, ANSHIN_ALARM_DISK), "less are not (STA-1)");
    signs.disk = ANSHIN_DISK_FULL - 1;
    ok(finds(&signs, ANSHIN_DOWN, ANSHIN_ALARM_DISK_FULL), "with less than 8 MiB it is down (STA-1)");
    signs = well();
    signs.httpd = 0;
    ok(finds(&signs, ANSHIN_DOWN, ANSHIN_ALARM_HTTPD), "httpd does not run (STA-1)");
    signs = well();
    signs.worker = 0;
    ok(finds(&signs, ANSHIN_HEALTHY, -1), "the worker has just ended, and httpd starts another (STA-1)");
    signs.uptime += ANSHIN_WORKER_CHANGE;
    ok(finds(&signs, ANSHIN_DOWN, ANSHIN_ALARM_WORKER), "the worker does not run (STA-1)");
    signs = well();
    signs.uptime += ANSHIN_WORKER_SILENCE;
    ok(finds(&signs, ANSHIN_HEALTHY, -1), "the worker may be silent for two minutes (STA-1)");
    signs.uptime++;
    ok(finds(&signs, ANSHIN_DOWN, ANSHIN_ALARM_WORKER), "and not for longer (STA-1)");
    signs = well();
    atomic_store(&board.signer_lost, 1);
    ok(finds(&signs, ANSHIN_DEGRADED, ANSHIN_ALARM_SIGNER), "the signer does not run (STA-1)");
    atomic_store(&board.signer_lost, 0);
    signs = (anshin_signs_t){
        .httpd = -1, .worker = -1, .disk = -1, .store = -1, .slots = -1, .slots_used = -1, .slots_waited = -1};
    ok(finds(&signs, ANSHIN_HEALTHY, -1), "what cannot be told is no alarm, and no number (STA-1)");
}

static void test_store(void)
{
    const anshin_signs_t signs = well();
    anshin_store_t *store = world.env.store;

    world.env.store = NULL;
    ok(finds(&signs, ANSHIN_DOWN, ANSHIN_ALARM_STORE), "a store that cannot be opened (STA-1)");
    world.env.store = store;
}

static void test_ca(void)
{
    const anshin_signs_t signs = well();
    const char *name = APR_ARRAY_IDX(anshin_ca_all(&world.config, world.pool), 0, anshin_ca_files_t).name;

    anshin_tally_note_ca(fixture_op(&world), name, world.now + 366 * DAY);
    ok(finds(&signs, ANSHIN_HEALTHY, -1), "a CA that does not end within a year (STA-1)");
    anshin_tally_note_ca(fixture_op(&world), name, world.now + 364 * DAY);
    ok(finds(&signs, ANSHIN_DEGRADED, ANSHIN_ALARM_CA_SOON), "one that does (STA-1)");
    anshin_tally_note_ca(fixture_op(&world), name, world.now - 1);
    ok(finds(&signs, ANSHIN_DOWN, ANSHIN_ALARM_CA_ENDED), "one that has ended (STA-1)");
    anshin_tally_note_ca(fixture_op(&world), name, world.now + 4000 * DAY);
    anshin_revoked_out(fixture_op(&world), name);
    world.now += ANSHIN_CRL_LIFE;
    ok(finds(&signs, ANSHIN_HEALTHY, -1), "its list counts for a day (STA-1)");
    world.now++;
    ok(finds(&signs, ANSHIN_DEGRADED, ANSHIN_ALARM_CRL), "and then no more (STA-1)");
    anshin_revoked_out(fixture_op(&world), name);
}

static void put_certificate(const char *serial, apr_time_t end, apr_int64_t state)
{
    const anshin_certificate_t certificate = {
        .contract = "p-01", .user = "p-01-a", .serial = serial, .not_after = end, .state = state};

    fixture_put(&world, &anshin_record_certificate, serial, &certificate);
}

static void test_tally(void)
{
    const apr_time_t ends[] = {world.now + DAY / 2, world.now + 9 * DAY, world.now + 39 * DAY, world.now + 89 * DAY,
                               world.now + 300 * DAY};
    const anshin_signs_t signs = well();
    anshin_status_t status;

    for (int i = 0; i < 5; i++) {
        put_certificate(apr_psprintf(world.pool, "%02d", i), ends[i], ANSHIN_CERTIFICATE_ACTIVE);
    }
    put_certificate("05", world.now - 1, ANSHIN_CERTIFICATE_ACTIVE);
    put_certificate("06", world.now + DAY / 2, ANSHIN_CERTIFICATE_REVOKED);
    fixture_put(&world, &anshin_record_counter, "p-01/p-01-a/password",
                &(anshin_counter_t){.failures = 5, .locked_at = world.now});
    fixture_put(&world, &anshin_record_counter, "p-01/p-01-b/password", &(anshin_counter_t){.failures = 4});
    fixture_put(&world, &anshin_record_counter, "p-01/p-01-c/password",
                &(anshin_counter_t){.locked_at = world.now, .phantom = 1});
    fixture_put(&world, &anshin_record_counter, "p-01/@192.0.2.0-24/address",
                &(anshin_counter_t){.locked_at = world.now});
    fixture_put(&world, &anshin_record_counter, "gone/p-01-a/password", &(anshin_counter_t){.locked_at = world.now});
    fixture_put(&world, &anshin_record_session, "s1",
                &(anshin_session_t){.contract = "p-01", .created_at = world.now, .seen_at = world.now});
    fixture_put(&world, &anshin_record_session, "s2",
                &(anshin_session_t){.contract = "p-01", .created_at = world.now - DAY, .seen_at = world.now});
    fixture_put(&world, &anshin_record_session, "s3",
                &(anshin_session_t){.contract = "p-01", .created_at = world.now, .seen_at = world.now - 31 * MINUTE});
    fixture_put(
        &world, &anshin_record_mail, "m1",
        &(anshin_mail_t){.contract = "p-01", .state = ANSHIN_MAIL_WAITING, .created_at = world.now - 5 * MINUTE});
    fixture_put(&world, &anshin_record_mail, "m2",
                &(anshin_mail_t){.contract = "p-01", .state = ANSHIN_MAIL_SENT, .created_at = world.now - DAY});
    ok(anshin_tally_take(fixture_op(&world)) == APR_SUCCESS, "the worker counts (STA-1)");
    ok(finds(&signs, ANSHIN_HEALTHY, -1), "and nothing is wrong");
    status = look(&signs);
    ok(anshin_status_sum(&status, ANSHIN_METRIC_CERTIFICATES, "active") == 5 &&
           anshin_status_sum(&status, ANSHIN_METRIC_CERTIFICATES, "expired") == 1 &&
           anshin_status_sum(&status, ANSHIN_METRIC_CERTIFICATES, "revoked") == 1,
       "certificates by state (STA-1)");
    ok(anshin_status_sum(&status, ANSHIN_METRIC_ENDING, "1d") == 1 &&
           anshin_status_sum(&status, ANSHIN_METRIC_ENDING, "10d") == 2 &&
           anshin_status_sum(&status, ANSHIN_METRIC_ENDING, "40d") == 3 &&
           anshin_status_sum(&status, ANSHIN_METRIC_ENDING, "90d") == 4,
       "those that end soon, by days, without ended and revoked ones (STA-1)");
    ok(anshin_status_sum(&status, ANSHIN_METRIC_LOCKS, NULL) == 1,
       "locks: of accounts, not of unknown IDs, addresses and contracts that are gone (STA-1)");
    ok(anshin_status_sum(&status, ANSHIN_METRIC_SESSIONS, NULL) == 1, "sessions that count (STA-1)");
    ok(anshin_status_sum(&status, ANSHIN_METRIC_MAILS, "waiting") == 1, "mails that wait (STA-1)");
    world.now += 10 * MINUTE + 1;
    ok(finds(&signs, ANSHIN_DOWN, ANSHIN_ALARM_MAIL_WAITS), "a mail waits for more than 15 minutes (STA-1)");
    fixture_put(&world, &anshin_record_mail, "m1",
                &(anshin_mail_t){.contract = "p-01", .state = ANSHIN_MAIL_FAILED, .created_at = world.now});
    anshin_tally_take(fixture_op(&world));
    ok(finds(&signs, ANSHIN_DEGRADED, ANSHIN_ALARM_MAIL_FAILED), "one has failed (STA-1)");
    fixture_put(&world, &anshin_record_mail, "m1",
                &(anshin_mail_t){.contract = "p-01", .state = ANSHIN_MAIL_SENT, .created_at = world.now});
    anshin_tally_take(fixture_op(&world));
    world.now += 60 * MINUTE + 1;
    ok(finds(&signs, ANSHIN_DEGRADED, ANSHIN_ALARM_TALLY), "nothing was counted for an hour (STA-1)");
    anshin_tally_take(fixture_op(&world));
    ok(finds(&signs, ANSHIN_HEALTHY, -1), "and all is well again");
    world.now -= MINUTE;
    status = look(&signs);
    ok(anshin_status_sum(&status, ANSHIN_METRIC_TALLY, NULL) == 0, "a clock that was put back: no age is negative");
    world.now += MINUTE;
}

static apr_status_t put_backup(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_backed_up_put(op, txn, *(const apr_time_t *)baton);
}

static int is_late(void)
{
    const anshin_signs_t signs = well();
    const anshin_status_t status = look(&signs);

    return (int)anshin_status_sum(&status, ANSHIN_METRIC_ALARM, "backup");
}

static void test_backup(void)
{
    const apr_time_t before = world.now;
    apr_time_t made;

    world.config.server.backup_age = 8 * 86400;
    ok(anshin_backed_up_expect(fixture_op(&world)) == APR_SUCCESS && !is_late(), "no backup was made yet (ADM-1)");
    world.now += 8 * DAY;
    ok(anshin_backed_up_expect(fixture_op(&world)) == APR_SUCCESS && !is_late(),
       "one is waited for, for as long as it may be old (ADM-1)");
    world.now++;
    ok(is_late(), "and then it is told (ADM-1)");
    made = world.now;
    ok(anshin_op_write(fixture_op(&world), ANSHIN_DURABLE, put_backup, &made) == APR_SUCCESS && !is_late(),
       "until one is made (ADM-1)");
    world.now += 8 * DAY + 1;
    ok(is_late(), "which gets old, too (ADM-1)");
    world.config.server.backup_age = 0;
    ok(!is_late(), "where backups are made by other means nobody asks (ADM-1)");
    world.now = before;
}

static void test_alerts(void)
{
    anshin_alert_told_t told[ANSHIN_ALERTS];
    const anshin_alert_told_t disk = {1, world.now};

    ok(anshin_alert_of_act("now_locked") == ANSHIN_ALERT_LOCKED && anshin_alert_of_act("login_ok") == -1 &&
           same_text(anshin_alert_word(ANSHIN_ALERT_LOCKED), "locked") &&
           same_text(anshin_alert_word(ANSHIN_ALARM_DISK), "disk"),
       "some acts are told, by words of their own (STA-2)");
    ok(anshin_alert_read(fixture_op(&world), told) == APR_SUCCESS && told[ANSHIN_ALARM_DISK].at == 0,
       "nothing was told yet (STA-2)");
    ok(anshin_alert_put(fixture_op(&world), ANSHIN_ALARM_DISK, &disk) == APR_SUCCESS &&
           anshin_alert_read(fixture_op(&world), told) == APR_SUCCESS && told[ANSHIN_ALARM_DISK].on &&
           told[ANSHIN_ALARM_DISK].at == world.now && !told[ANSHIN_ALARM_STORE].on,
       "what was told stays known (STA-2)");
}

static void test_board(void)
{
    const anshin_signs_t signs = well();
    const apr_uint64_t two = (apr_uint64_t)1 << ANSHIN_HISTORY_LOGIN_OK | (apr_uint64_t)1 << ANSHIN_HISTORY_THROTTLED;
    anshin_status_t status;

    anshin_board_count(&board, "p-01", two);
    anshin_board_count(&board, "p-01", (apr_uint64_t)1 << ANSHIN_HISTORY_LOGIN_OK);
    anshin_board_count(&board, "p-02", two);
    anshin_board_count(&board, "p-02", 0);
    anshin_board_count(NULL, "p-01", two);
    status = look(&signs);
    ok(anshin_status_sum(&status, ANSHIN_METRIC_ATTEMPTS, "login_ok") == 2, "attempts that succeeded (STA-1)");
    ok(anshin_status_sum(&status, ANSHIN_METRIC_ATTEMPTS, "throttled") == 1, "and others (STA-1)");
    ok(anshin_board_read(&board, "p-02", ANSHIN_HISTORY_LOGIN_OK) == 1 && !anshin_board_has(&board, "p-02"),
       "a contract without a row is counted with the others (STA-1)");
    for (int i = 0; i < 200; i++) {
        anshin_contract_t contract = {.name = apr_psprintf(world.pool, "c-%d", i)};
        anshin_config_t config = {.contracts = apr_array_make(world.pool, 1, sizeof(anshin_contract_t *))};

        APR_ARRAY_PUSH(config.contracts, anshin_contract_t *) = &contract;
        anshin_board_admit(&board, &config);
    }
    ok(anshin_board_has(&board, "c-61") && !anshin_board_has(&board, "c-62") && anshin_board_has(&board, "p-01"),
       "rows end, and nothing behind them is written (STA-1)");
}

static void test_writers(void)
{
    const anshin_signs_t signs = well();
    const anshin_status_t status = look(&signs);
    const char *text = anshin_status_text(&status, world.pool);
    const char *metrics = anshin_status_openmetrics(&status, world.pool);
    json_t *json = anshin_status_json(&status);
    const anshin_sample_t hostile = {ANSHIN_METRIC_CA_END, {"a\"b\\c\nd", NULL}, 1500000};
    anshin_status_t odd = {.samples = apr_array_make(world.pool, 1, sizeof(anshin_sample_t)),
                           .reasons = apr_array_make(world.pool, 1, sizeof(anshin_reason_t))};

    ok(strncmp(text, "ANSHIN OK - healthy |", 21) == 0, "text begins as a plugin does (STA-1)");
    ok(strcmp(metrics + strlen(metrics) - 6, "# EOF\n") == 0, "OpenMetrics ends as it must (STA-1)");
    ok(json != NULL && strcmp(json_string_value(json_object_get(json, "health")), "healthy") == 0, "JSON (STA-1)");
    json_decref(json);
    APR_ARRAY_PUSH(odd.samples, anshin_sample_t) = hostile;
    ok(strstr(anshin_status_openmetrics(&odd, world.pool),
              "anshin_ca_end_timestamp_seconds{ca=\"a\\\"b\\\\c\\nd\"} 1.500000\n") != NULL,
       "a label is escaped (STA-1)");
    ok(strcmp(anshin_seconds(-1500000, world.pool), "0.000000") == 0, "no number of seconds is negative (STA-1)");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&world, &anshin_store_mem, NULL, pool);
    anshin_board_clear(&board, "boot", world.now);
    anshin_board_admit(&board, &world.config);
    test_machine();
    test_store();
    test_ca();
    test_tally();
    test_backup();
    test_alerts();
    test_board();
    test_writers();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
