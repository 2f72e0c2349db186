/*
 * The state of the system: see status.h.
 */
#include "core/status/status.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/account.h"
#include "core/account/history.h"
#include "core/certificate/certificate.h"
#include "core/certificate/issuer.h"
#include "core/config/ca_files.h"
#include "core/context/backed_up.h"
#include "core/context/nodes.h"
#include "core/mail/job_node.h"
#include "core/status/tally.h"

#define LANE_MAX 1000
#define JOBS_LATE apr_time_from_sec(900) /* longer than any job waits that the worker can do */
#define MAIL_LATE apr_time_from_sec(900)
#define TALLY_LATE apr_time_from_sec(3600)

const anshin_word_t anshin_health_words[] = {
    {"healthy", ANSHIN_HEALTHY}, {"degraded", ANSHIN_DEGRADED}, {"down", ANSHIN_DOWN}, {NULL, 0}};

const anshin_word_t anshin_alarm_words[] = {
#define ALARM(member, word, severity) {word, ANSHIN_ALARM_##member},
#include "core/status/alarm.def"
#undef ALARM
    {NULL, 0}};

static const anshin_health_t severities[] = {
#define ALARM(member, word, severity) [ANSHIN_ALARM_##member] = ANSHIN_##severity,
#include "core/status/alarm.def"
#undef ALARM
};

anshin_health_t anshin_alarm_severity(anshin_alarm_t alarm)
{
    return severities[alarm];
}

const anshin_metric_row_t anshin_metric_rows[ANSHIN_METRICS] = {
#define METRIC(member, name, kind, unit, first, second, help) \
    [ANSHIN_METRIC_##member] = {name, ANSHIN_METRIC_##kind, unit, {first, second}, help},
#include "core/status/metric.def"
#undef METRIC
};

_Static_assert(ANSHIN_BOARD_RESULTS > ANSHIN_HISTORY_CERTIFICATE_REVOKED, "a result has no place on the board");

/* One look. */
typedef struct look_t {
    anshin_status_t *status;
    const anshin_signs_t *signs;
    apr_time_t mail_oldest; /* 0: none waits */
    apr_time_t counted_at;  /* the oldest tally; 0: there was none of a contract */
    apr_int64_t mails_failed;
    int samples, reasons; /* what there was before the store was looked at: that may be done again */
    anshin_health_t health;
} look_t;

/* --- numbers and alarms ----------------------------------------------------------------------------------------- */

static void put(look_t *look, anshin_metric_t metric, const char *first, const char *second, apr_int64_t value)
{
    APR_ARRAY_PUSH(look->status->samples, anshin_sample_t) = (anshin_sample_t){metric, {first, second}, value};
}

static void put_known(look_t *look, anshin_metric_t metric, apr_int64_t value)
{
    if (value >= 0) {
        put(look, metric, NULL, NULL, value);
    }
}

static void complain(look_t *look, anshin_alarm_t alarm, const char *text)
{
    APR_ARRAY_PUSH(look->status->reasons, anshin_reason_t) = (anshin_reason_t){alarm, text};
    if (severities[alarm] > look->status->health) {
        look->status->health = severities[alarm];
    }
}

/* Not less than none, where the clock was put back. */
static apr_interval_time_t span(apr_time_t from, apr_time_t to)
{
    return to > from ? to - from : 0;
}

static const char *minutes(apr_interval_time_t interval, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT " minutes", (apr_int64_t)apr_time_sec(interval) / 60);
}

/* --- of the board and the machine --------------------------------------------------------------------------------- */

static void put_attempts(look_t *look, const char *contract)
{
    for (int result = 1; result < ANSHIN_BOARD_RESULTS; result++) {
        if (anshin_history_mark(result) != ANSHIN_MARK_NONE) {
            put(look, ANSHIN_METRIC_ATTEMPTS, contract[0] != '\0' ? contract : "(others)",
                anshin_history_result_name(result),
                (apr_int64_t)anshin_board_read(look->signs->board, contract, result));
        }
    }
}

static void look_at_attempts(look_t *look, const anshin_config_t *config)
{
    int others = 0;

    if (look->signs->board == NULL) {
        return;
    }
    look->status->since = look->signs->board->since;
    for (int i = 0; i < config->contracts->nelts; i++) {
        const char *name = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *)->name;

        if (anshin_board_has(look->signs->board, name)) {
            put_attempts(look, name);
        } else {
            others = 1;
        }
    }
    if (others) {
        put_attempts(look, "");
    }
}

/* When the worker was last awake, by the uptime; 0: not known. */
static apr_int64_t awake_at(const anshin_signs_t *signs)
{
    return signs->board != NULL ? atomic_load_explicit(&signs->board->worker_at, memory_order_relaxed) : 0;
}

int anshin_status_worker(const anshin_signs_t *signs)
{
    const apr_int64_t at = awake_at(signs);
    const int recent = at != 0 && at <= signs->uptime && signs->uptime - at < ANSHIN_WORKER_CHANGE;

    return signs->worker == 0 && signs->httpd == 1 && recent ? 1 : signs->worker;
}

static void look_at_processes(look_t *look, apr_pool_t *pool)
{
    const anshin_signs_t *signs = look->signs;
    const int worker = anshin_status_worker(signs);
    const apr_int64_t at = awake_at(signs);
    const apr_interval_time_t silent = at != 0 ? signs->uptime - at : -1;
    const int lost = signs->board != NULL && atomic_load_explicit(&signs->board->signer_lost, memory_order_relaxed);

    put_known(look, ANSHIN_METRIC_HTTPD, signs->httpd);
    put_known(look, ANSHIN_METRIC_WORKER, worker);
    put_known(look, ANSHIN_METRIC_SILENT, silent);
    put_known(look, ANSHIN_METRIC_SIGNER, worker == 1 && at != 0 ? !lost : -1);
    if (signs->httpd == 0) {
        complain(look, ANSHIN_ALARM_HTTPD, "httpd does not run");
    }
    if (worker == 0) {
        complain(look, ANSHIN_ALARM_WORKER, "the CA worker does not run");
    } else if (silent > ANSHIN_WORKER_SILENCE) {
        complain(look, ANSHIN_ALARM_WORKER,
                 apr_pstrcat(pool, "the CA worker has been silent for ", minutes(silent, pool), NULL));
    } else if (worker == 1 && lost) {
        complain(look, ANSHIN_ALARM_SIGNER, "the signer does not run; no certificate is issued");
    }
}

static void look_at_machine(look_t *look, apr_pool_t *pool)
{
    const anshin_signs_t *signs = look->signs;

    put_known(look, ANSHIN_METRIC_DISK, signs->disk);
    put_known(look, ANSHIN_METRIC_SLOTS, signs->slots);
    put_known(look, ANSHIN_METRIC_SLOTS_USED, signs->slots_used);
    put_known(look, ANSHIN_METRIC_SLOTS_WAITED, signs->slots_waited);
    if (signs->disk >= 0 && signs->disk < ANSHIN_DISK_LOW) {
        complain(look, signs->disk < ANSHIN_DISK_FULL ? ANSHIN_ALARM_DISK_FULL : ANSHIN_ALARM_DISK,
                 apr_psprintf(pool, "%d MiB are left on the disk", (int)(signs->disk >> 20)));
    }
}

/* --- of the store ------------------------------------------------------------------------------------------------- */

static void put_tally(look_t *look, const char *contract, const anshin_tally_t *tally, apr_pool_t *pool)
{
    for (int i = 0; anshin_account_state_words[i].name != NULL; i++) {
        put(look, ANSHIN_METRIC_USERS, contract, anshin_account_state_words[i].name,
            tally->users[anshin_account_state_words[i].value]);
    }
    put(look, ANSHIN_METRIC_LOCKS, contract, NULL, tally->locks);
    put(look, ANSHIN_METRIC_SESSIONS, contract, NULL, tally->sessions);
    for (int i = 0; anshin_standing_words[i].name != NULL; i++) {
        put(look, ANSHIN_METRIC_CERTIFICATES, contract, anshin_standing_words[i].name,
            tally->certificates[anshin_standing_words[i].value]);
    }
    for (int i = 0; i < ANSHIN_ENDINGS; i++) {
        put(look, ANSHIN_METRIC_ENDING, contract, apr_psprintf(pool, "%dd", anshin_ending_days[i]), tally->ending[i]);
    }
    put(look, ANSHIN_METRIC_MAILS, contract, "waiting", tally->mails_waiting);
    put(look, ANSHIN_METRIC_MAILS, contract, "failed", tally->mails_failed);
    look->mails_failed += tally->mails_failed;
    if (tally->mail_oldest != 0 && (look->mail_oldest == 0 || tally->mail_oldest < look->mail_oldest)) {
        look->mail_oldest = tally->mail_oldest;
    }
}

static apr_status_t look_at_tallies(look_t *look, anshin_op_t *op, anshin_txn_t *txn)
{
    const apr_array_header_t *contracts = op->env->config->contracts;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < contracts->nelts; i++) {
        const char *name = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *)->name;
        anshin_tally_t tally;
        apr_time_t at;

        status = anshin_tally_read(op, txn, name, &tally, &at);
        if (status == APR_SUCCESS) {
            look->counted_at = i == 0 || at < look->counted_at ? at : look->counted_at;
        }
        if (status == APR_SUCCESS && at != 0) {
            put_tally(look, name, &tally, op->pool);
        }
    }
    return status;
}

static void judge_tallies(look_t *look, anshin_op_t *op)
{
    const apr_interval_time_t waits = look->mail_oldest != 0 ? span(look->mail_oldest, op->now) : 0;
    const apr_interval_time_t age = look->counted_at != 0 ? span(look->counted_at, op->now) : 0;

    if (look->counted_at != 0) {
        put(look, ANSHIN_METRIC_TALLY, NULL, NULL, age);
        put(look, ANSHIN_METRIC_MAIL_AGE, NULL, NULL, waits);
    }
    if (age > TALLY_LATE) {
        complain(look, ANSHIN_ALARM_TALLY,
                 apr_pstrcat(op->pool, "nothing was counted for ", minutes(age, op->pool), NULL));
    }
    if (waits > MAIL_LATE) {
        complain(look, ANSHIN_ALARM_MAIL_WAITS,
                 apr_pstrcat(op->pool, "the oldest mail has waited for ", minutes(waits, op->pool), NULL));
    }
    if (look->mails_failed > 0) {
        complain(look, ANSHIN_ALARM_MAIL_FAILED,
                 apr_psprintf(op->pool, "%" APR_INT64_T_FMT " mail%s failed", look->mails_failed,
                              look->mails_failed == 1 ? "" : "s"));
    }
}

static apr_status_t look_at_lane(look_t *look, const char *lane, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_due_queue_t queue = {&anshin_record_job, lane};
    apr_array_header_t *entries;
    apr_status_t status = anshin_txn_list_due(txn, &queue, LANE_MAX, &entries);
    apr_interval_time_t late = 0;

    if (status != APR_SUCCESS) {
        return status;
    }
    if (entries->nelts > 0 && APR_ARRAY_IDX(entries, 0, anshin_due_entry_t).when < op->now) {
        late = op->now - APR_ARRAY_IDX(entries, 0, anshin_due_entry_t).when;
    }
    put(look, ANSHIN_METRIC_JOBS, lane, NULL, entries->nelts);
    put(look, ANSHIN_METRIC_JOBS_AGE, lane, NULL, late);
    if (late > JOBS_LATE) {
        complain(look, ANSHIN_ALARM_JOBS,
                 apr_psprintf(op->pool, "a job of lane %s has waited for %s", lane, minutes(late, op->pool)));
    }
    return APR_SUCCESS;
}

/* Nothing that it issues lasts longer: of the one that issues a year ahead is told. */
static void judge_ca(look_t *look, anshin_op_t *op, const anshin_ca_files_t *ca, apr_time_t end, apr_time_t crl)
{
    if (end != 0) {
        put(look, ANSHIN_METRIC_CA_END, ca->name, NULL, end);
    }
    if (crl != 0) {
        put(look, ANSHIN_METRIC_CRL_END, ca->name, NULL, crl);
    }
    if (end != 0 && end < op->now && ca->issues) {
        complain(look, ANSHIN_ALARM_CA_ENDED, apr_psprintf(op->pool, "the CA %s has ended", ca->name));
    } else if (end != 0 && end < op->now + anshin_issuer_reminders[0] && ca->issues) {
        complain(
            look, ANSHIN_ALARM_CA_SOON,
            apr_psprintf(op->pool, "the CA %s ends in %d days", ca->name, (int)apr_time_sec(end - op->now) / 86400));
    }
    if (crl != 0 && crl < op->now) {
        complain(look, ANSHIN_ALARM_CRL, apr_psprintf(op->pool, "the CRL of %s has ended", ca->name));
    }
}

static apr_status_t look_at_cas(look_t *look, anshin_op_t *op, anshin_txn_t *txn)
{
    const apr_array_header_t *cas = anshin_ca_all(op->env->config, op->pool);
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < cas->nelts; i++) {
        const anshin_ca_files_t *ca = &APR_ARRAY_IDX(cas, i, anshin_ca_files_t);
        apr_time_t end, crl;

        status = anshin_tally_read_ca(op, txn, ca->name, &end, &crl);
        if (status == APR_SUCCESS) {
            judge_ca(look, op, ca, end, crl);
        }
    }
    return status;
}

static apr_status_t look_at_backup(look_t *look, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_backed_up_t backup;
    apr_status_t status = anshin_backed_up_read(op, txn, &backup);
    const char *late = status == APR_SUCCESS ? anshin_backed_up_late(op, &backup) : NULL;

    if (status == APR_SUCCESS && backup.at != 0) {
        put(look, ANSHIN_METRIC_BACKUP, NULL, NULL, backup.at);
    }
    if (late != NULL) {
        complain(look, ANSHIN_ALARM_BACKUP, late);
    }
    return status;
}

/* Nobody else can go on with them, and no other alarm counts them. */
static apr_status_t look_at_bound(look_t *look, anshin_op_t *op, anshin_txn_t *txn)
{
    apr_array_header_t *bound;
    apr_status_t status = anshin_jobs_of_nodes_in(op, txn, &bound);

    for (int i = 0; status == APR_SUCCESS && i < bound->nelts; i++) {
        const anshin_jobs_of_node_t *of = &APR_ARRAY_IDX(bound, i, anshin_jobs_of_node_t);

        put(look, ANSHIN_METRIC_JOBS_NODE, of->node, NULL, of->count);
        if (!of->lives) {
            complain(look, ANSHIN_ALARM_MAIL_NODE,
                     apr_psprintf(op->pool,
                                  "%" APR_INT64_T_FMT " mails wait for %s, which is gone: start it, or give them to "
                                  "the others by htanshin mail hand-over %s",
                                  of->count, of->node, of->node));
        }
    }
    return status;
}

static apr_status_t look_at_nodes(look_t *look, anshin_op_t *op, anshin_txn_t *txn)
{
    apr_array_header_t *nodes;
    apr_status_t status = anshin_nodes_in(op, txn, &nodes);

    for (int i = 0; status == APR_SUCCESS && i < nodes->nelts; i++) {
        const anshin_node_t *node = &APR_ARRAY_IDX(nodes, i, anshin_node_t);

        put(look, ANSHIN_METRIC_NODE, node->name, NULL, span(node->seen_at, op->now));
        if (anshin_node_is_gone(op, node)) {
            complain(look, ANSHIN_ALARM_NODE,
                     apr_psprintf(op->pool, "the CA worker of %s has given no sign for %s", node->name,
                                  minutes(span(node->seen_at, op->now), op->pool)));
        }
    }
    return status == APR_SUCCESS ? look_at_bound(look, op, txn) : status;
}

static apr_status_t look_inside(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    static const char *const lanes[] = {"ours", "strangers", "many"};
    look_t *look = baton;
    apr_status_t status;

    look->status->samples->nelts = look->samples;
    look->status->reasons->nelts = look->reasons;
    look->status->health = look->health;
    look->mail_oldest = look->counted_at = look->mails_failed = 0;
    status = look_at_tallies(look, op, txn);
    judge_tallies(look, op);
    for (apr_size_t i = 0; status == APR_SUCCESS && i < sizeof(lanes) / sizeof(lanes[0]); i++) {
        status = look_at_lane(look, lanes[i], op, txn);
    }
    status = status == APR_SUCCESS ? look_at_cas(look, op, txn) : status;
    status = status == APR_SUCCESS ? look_at_nodes(look, op, txn) : status;
    return status == APR_SUCCESS ? look_at_backup(look, op, txn) : status;
}

#define COMMAND_LONG apr_time_from_sec(21600)   /* a dump of millions of users takes its time */
#define TRANSACTION_LONG apr_time_from_sec(300) /* longer than any of ours, and it keeps dead rows from being cleared */

static void look_at_server(look_t *look, const anshin_store_server_t *server, apr_pool_t *pool)
{
    put(look, ANSHIN_METRIC_SERVER, NULL, NULL, server->version);
    put(look, ANSHIN_METRIC_SERVER_CONNECTIONS, "idle", NULL, server->idle);
    put(look, ANSHIN_METRIC_SERVER_CONNECTIONS, "active", NULL, server->active);
    put(look, ANSHIN_METRIC_SERVER_CONNECTIONS, "waiting", NULL, server->waiting);
    put(look, ANSHIN_METRIC_SERVER_OLDEST, NULL, NULL, server->oldest);
    put(look, ANSHIN_METRIC_SERVER_COMMAND, NULL, NULL, server->command);
    if (server->oldest > TRANSACTION_LONG) {
        complain(
            look, ANSHIN_ALARM_TRANSACTION,
            apr_pstrcat(pool, "a transaction in the database has been open for ", minutes(server->oldest, pool), NULL));
    }
    if (server->command > COMMAND_LONG) {
        complain(look, ANSHIN_ALARM_TRANSACTION,
                 apr_pstrcat(pool, "a command of htanshin has read in the database for ",
                             minutes(server->command, pool), ": does it hang?", NULL));
    }
    if (server->standbys < 0) {
        return;
    }
    put(look, ANSHIN_METRIC_STANDBYS, "synchronous", NULL, server->synchronous);
    put(look, ANSHIN_METRIC_STANDBYS, "asynchronous", NULL, server->standbys - server->synchronous);
    put(look, ANSHIN_METRIC_STANDBY_LAG, NULL, NULL, server->lag);
    if (server->standbys > 0 && server->synchronous == 0) {
        complain(look, ANSHIN_ALARM_STANDBYS,
                 "all standbys of PostgreSQL are asynchronous: a failover loses what was acknowledged last");
    }
}

static void look_at_journal(look_t *look, const anshin_store_t *store, apr_pool_t *pool)
{
    anshin_store_health_t health;

    anshin_store_health(&health, store, pool);
    put_known(look, ANSHIN_METRIC_STORE, look->signs->store);
    put(look, ANSHIN_METRIC_JOURNAL, NULL, NULL, (apr_int64_t)health.length);
    put(look, ANSHIN_METRIC_JOURNAL_MAX, NULL, NULL, (apr_int64_t)health.limit);
    if (look->signs->checkpoint > 0) {
        put(look, ANSHIN_METRIC_CHECKPOINT, NULL, NULL, look->signs->checkpoint);
    }
    if (health.server.version > 0) {
        look_at_server(look, &health.server, pool);
    }
    if (health.why != NULL) {
        complain(look, ANSHIN_ALARM_JOURNAL, apr_pstrcat(pool, "checkpoints fail: ", health.why, NULL));
    }
}

static void look_at_store(look_t *look, anshin_op_t *op)
{
    if (op->env->store != NULL) {
        look_at_journal(look, op->env->store, op->pool);
    }
    look->samples = look->status->samples->nelts;
    look->reasons = look->status->reasons->nelts;
    look->health = look->status->health;
    if (op->env->store == NULL || anshin_op_look(op, look_inside, look) != APR_SUCCESS) {
        complain(look, ANSHIN_ALARM_STORE,
                 op->error.id[0] != '\0' ? apr_psprintf(op->pool, "the store cannot be read (%s)", op->error.id)
                                         : "the store cannot be read");
    }
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static void put_health(look_t *look)
{
    put(look, ANSHIN_METRIC_HEALTH, NULL, NULL, look->status->health);
    for (int i = 0; i < ANSHIN_ALARMS; i++) {
        int now = 0;

        for (int j = 0; j < look->status->reasons->nelts; j++) {
            now |= (int)APR_ARRAY_IDX(look->status->reasons, j, anshin_reason_t).alarm == i;
        }
        put(look, ANSHIN_METRIC_ALARM, anshin_alarm_words[i].name, NULL, now);
    }
}

/* Those of a metric side by side, in the order in which they were put. */
static void arrange(anshin_status_t *status)
{
    apr_array_header_t *all = apr_array_make(status->samples->pool, status->samples->nelts, sizeof(anshin_sample_t));

    for (int metric = 0; metric < ANSHIN_METRICS; metric++) {
        for (int i = 0; i < status->samples->nelts; i++) {
            if ((int)APR_ARRAY_IDX(status->samples, i, anshin_sample_t).metric == metric) {
                APR_ARRAY_PUSH(all, anshin_sample_t) = APR_ARRAY_IDX(status->samples, i, anshin_sample_t);
            }
        }
    }
    status->samples = all;
}

void anshin_status_look(anshin_status_t *status, anshin_op_t *op, const anshin_signs_t *signs)
{
    look_t look = {.status = status, .signs = signs};

    *status = (anshin_status_t){.at = op->now,
                                .reasons = apr_array_make(op->pool, 4, sizeof(anshin_reason_t)),
                                .samples = apr_array_make(op->pool, 128, sizeof(anshin_sample_t))};
    look_at_processes(&look, op->pool);
    look_at_machine(&look, op->pool);
    look_at_attempts(&look, op->env->config);
    look_at_store(&look, op);
    put_health(&look);
    arrange(status);
}

apr_int64_t anshin_status_sum(const anshin_status_t *status, anshin_metric_t metric, const char *label)
{
    const int last = anshin_metric_rows[metric].labels[1] != NULL;
    apr_int64_t sum = 0;

    for (int i = 0; i < status->samples->nelts; i++) {
        const anshin_sample_t *sample = &APR_ARRAY_IDX(status->samples, i, anshin_sample_t);

        if (sample->metric == metric && (label == NULL || strcmp(sample->labels[last], label) == 0)) {
            sum += sample->value;
        }
    }
    return sum;
}
