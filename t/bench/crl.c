/*
 * What a list of 100,000 revoked certificates costs (CRT-6): the walk over a dbm store that the worker begins with, the
 * list itself with the real signer, files included (goal: below 2 s), and what somebody waits for a certificate whose
 * signature is asked for meanwhile. Ends with 1 where the goal is missed.
 */
#include <apr_thread_proc.h>
#include <stdatomic.h>
#include <unistd.h>

#include "bench.h"
#include "unit/fixture.h"

#include "ca/crl.h"
#include "core/config/ca_files.h"
#include "ca/log.h"
#include "core/certificate/certificate.h"
#include "crypto/pki/ca.h"
#include "crypto/pki/key.h"
#include "store/dbm/store_dbm.h"

#define REVOKED 100000
#define BATCH 500
#define ROUNDS 5
#define ISSUES_MAX 100000
#define DAY apr_time_from_sec(86400)

static fixture_t fixture;
static anshin_signer_client_t *signer_client;
static atomic_int enough;
static double waited[ISSUES_MAX];
static int issues;

static double now_ms(void)
{
    return (double)apr_time_now() / 1000;
}

static void fill_store(apr_pool_t *pool)
{
    for (int i = 0; i < REVOKED; i += BATCH) {
        anshin_op_t *op = fixture_op(&fixture);
        anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

        for (int j = i; j < i + BATCH; j++) {
            const char *serial = apr_psprintf(pool, "4a%030x", (unsigned)j * 2654435761u);
            const anshin_certificate_t record = {.contract = "p-01",
                                                 .user = "u",
                                                 .serial = serial,
                                                 .state = ANSHIN_CERTIFICATE_REVOKED,
                                                 .not_after = fixture.now + 100 * DAY,
                                                 .revoked_at = fixture.now - DAY,
                                                 .reason = 4};

            bench_must(anshin_txn_put(txn, &anshin_record_certificate, serial, &record) == APR_SUCCESS, "put");
        }
        bench_must(anshin_txn_commit(txn, ANSHIN_LAZY) == APR_SUCCESS, "commit");
    }
}

static void start_signer(anshin_signer_client_settings_t *settings, apr_pool_t *pool)
{
    const char *out = getenv("ANSHIN_OUT");
    const anshin_ca_wanted_t wanted = {.key_type = ANSHIN_KEY_P256,
                                       .common_name = "Bench CA",
                                       .not_before = apr_time_now() - DAY,
                                       .not_after = apr_time_now() + 3650 * DAY};
    apr_array_header_t *cas = apr_array_make(pool, 1, sizeof(anshin_ca_files_t));
    const char *directory = scratch_directory(pool);
    anshin_ca_files_t files = {.name = "ca"};
    anshin_error_t err;

    anshin_error_clear(&err);
    settings->program = apr_pstrcat(pool, out != NULL ? out : "apxs-build/out", "/anshin-signer", NULL);
    settings->user = geteuid() == 0 ? "nobody" : NULL;
    files.certificate = apr_pstrcat(pool, directory, "/ca.crt", NULL);
    files.key = apr_pstrcat(pool, directory, "/ca.key", NULL);
    settings->cas = cas;
    APR_ARRAY_PUSH(cas, anshin_ca_files_t) = files;
    bench_must(anshin_ca_create(files.certificate, &(anshin_ca_key_source_t){.key = files.key}, &wanted, &err, pool) ==
                   APR_SUCCESS,
               err.text);
    bench_must(geteuid() != 0 || (chmod(directory, 0755) == 0 && chown(files.key, 65534, 65534) == 0), "chown");
    bench_must(anshin_signer_client_start(&signer_client, settings, &err, pool) == APR_SUCCESS, err.text);
    for (int i = 0; i < 500; i++) {
        anshin_signer_client_tend(signer_client);
        if (anshin_signer_client_wait(signer_client, 0, &err) == APR_SUCCESS) {
            return;
        }
        apr_sleep(10000);
    }
    bench_must(0, "the signer does not begin");
}

/* One certificate after the other, for as long as a list is made. */
static void *APR_THREAD_FUNC issue_on(apr_thread_t *thread, void *data)
{
    const anshin_issue_order_t order = {
        .ca = "ca", .serial = "4a01", .name = "user 01", .uses = 1 << ANSHIN_USE_CLIENT, .lifetime = DAY};
    apr_pool_t *pool = data;
    anshin_signer_client_issued_t issued;
    anshin_bytes_t spki;
    anshin_key_t *key;
    anshin_error_t err;

    (void)thread;
    anshin_error_clear(&err);
    bench_must(anshin_key_make(&key, ANSHIN_KEY_P256, &err, pool) == APR_SUCCESS &&
                   anshin_key_public(&spki, key, &err, pool) == APR_SUCCESS,
               err.text);
    while (!enough && issues < ISSUES_MAX) {
        double begun = now_ms();

        bench_must(anshin_signer_client_issue(signer_client, &order, &spki, &issued, &err, pool) == APR_SUCCESS,
                   err.text);
        waited[issues++] = now_ms() - begun;
    }
    return NULL;
}

static double walk(apr_array_header_t *entries)
{
    double begun = now_ms();

    apr_array_clear(entries);
    bench_must(anshin_revoked_all(fixture_op(&fixture), entries) == APR_SUCCESS, "walk");
    bench_must(entries->nelts == REVOKED, "all are there");
    return now_ms() - begun;
}

static double write_list(apr_array_header_t *entries, apr_size_t *length)
{
    double begun = now_ms();
    anshin_crl_file_t file = {.directory = fixture.directory, .name = "ca", .at = apr_time_now()};
    anshin_error_t err;
    anshin_reply_ca_t found;
    const anshin_revoked_ca_t ca = {"ca", found.id};
    const anshin_crl_order_t order = {&ca, 1, DAY, entries};
    apr_pool_t *pool;

    anshin_error_clear(&err);
    apr_pool_create_unmanaged_ex(&pool, NULL, NULL);
    bench_must(anshin_signer_client_ca(signer_client, "ca", &found, &err) == APR_SUCCESS, err.text);
    anshin_revoked_tidy(entries, &ca, 0);
    bench_must(anshin_crl_make(&file.der, signer_client, &order, &err, pool) == APR_SUCCESS &&
                   anshin_crl_write(&file, &err, pool) == APR_SUCCESS,
               err.text);
    *length = file.der.length;
    apr_pool_destroy(pool);
    return now_ms() - begun;
}

static int print(const char *name, double *values, int count, double goal)
{
    const bench_row_t row = {.section = "crl",
                             .name = name,
                             .unit = "ms",
                             .value = bench_spread(values, count),
                             .kind = goal > 0 ? BENCH_AT_MOST : BENCH_NO_GOAL,
                             .goal = goal,
                             .of_value = 1};

    return bench_print(&row);
}

int main(void)
{
    anshin_signer_client_settings_t settings = {.user = NULL};
    double walks[ROUNDS];
    double lists[ROUNDS];
    apr_array_header_t *entries;
    apr_thread_t *thread;
    apr_size_t length;
    apr_status_t ended;
    apr_pool_t *pool;
    int missed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_log_open("bench", ANSHIN_LOG_ERROR);
    fixture_open(&fixture, &anshin_store_dbm, NULL, pool);
    entries = apr_array_make(pool, REVOKED, sizeof(anshin_revoked_entry_t));
    fill_store(pool);
    start_signer(&settings, pool);
    for (int i = 0; i < ROUNDS; i++) {
        walks[i] = walk(entries);
        lists[i] = write_list(entries, &length);
    }
    printf("%d revoked certificates, a list of %lu octets\n", REVOKED, (unsigned long)length);
    print("walk over the store, at the worker's start", walks, ROUNDS, 0);
    missed = print("a list: made and written", lists, ROUNDS, 2000);
    bench_must(apr_thread_create(&thread, NULL, issue_on, pool, pool) == APR_SUCCESS, "thread");
    for (int i = 0; i < ROUNDS; i++) {
        lists[i] = write_list(entries, &length);
    }
    enough = 1;
    (void)apr_thread_join(&ended, thread);
    missed |= print("a list, beside issuing", lists, ROUNDS, 2000);
    (void)print("a signature for a certificate meanwhile", waited, issues, 0);
    apr_pool_destroy(pool);
    return missed;
}
