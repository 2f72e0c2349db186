/*
 * htanshin check: what hinders this installation, and where its contracts depart from the preset modern (CON-4).
 *
 * A departure is the operator's decision: it is told, but does not make check fail unless --policy asks for it (D2).
 */
#include "htanshin/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "build_id.h"
#include "core/agreed.h"
#include "core/mail.h"
#include "core/trial.h"
#include "crypto/ca.h"
#include "crypto/x509.h"
#include "htanshin/print.h"
#include "runtime/config_file.h"
#include "runtime/io.h"

json_t *anshin_check_problem(anshin_call_t *call, anshin_severity_t severity, const char *what, const char *remedy)
{
    json_t *problem = json_object();

    anshin_result_text(problem, "severity", severity == ANSHIN_SEVERITY_CRITICAL ? "critical" : "warning", call->pool);
    anshin_result_text(problem, "problem", what, call->pool);
    anshin_result_text(problem, "remedy", remedy, call->pool);
    json_array_append_new(json_object_get(call->result, "problems"), problem);
    if (call->verdict < (int)severity) {
        call->verdict = (int)severity;
    }
    return problem;
}

/* --- the store -------------------------------------------------------------------------------------------------- */

static void check_trouble(anshin_call_t *call, const anshin_store_t *store)
{
    anshin_store_trouble_t trouble;
    json_t *problem;

    anshin_store_trouble(&trouble, store, call->pool);
    if (trouble.why != NULL) {
        problem = anshin_check_problem(call, ANSHIN_SEVERITY_WARNING,
                                       apr_pstrcat(call->pool, "checkpoints fail: ", trouble.why, NULL),
                                       "mend that before the journal reaches its limit; then nothing can be written");
        anshin_result_number(problem, "journal", (apr_int64_t)trouble.length);
        anshin_result_number(problem, "limit", (apr_int64_t)trouble.limit);
    }
    if (trouble.detour != NULL) {
        (void)anshin_check_problem(
            call, ANSHIN_SEVERITY_WARNING,
            apr_pstrcat(call->pool, "the last checkpoint met a fault and went another way: ", trouble.detour, NULL),
            "nothing is lost; look at the disk and at the error log");
    }
}

/* Sessions go on from what is open; logins and changes do not once nothing can be written (B53). */
static void check_space(anshin_call_t *call)
{
    apr_uint64_t octets = 0;

    if (anshin_io_space(call->config->server.state_dir, &octets) == APR_SUCCESS && octets < ANSHIN_IO_SPACE_LOW) {
        (void)anshin_check_problem(
            call, octets < ANSHIN_IO_SPACE_LOW / 8 ? ANSHIN_SEVERITY_CRITICAL : ANSHIN_SEVERITY_WARNING,
            apr_psprintf(call->pool, "%s: %d MiB are left on its file system", call->config->server.state_dir,
                         (int)(octets >> 20)),
            "make room: when nothing can be written any more, nobody can log in");
    }
}

typedef struct census_t {
    anshin_call_t *call;
    apr_hash_t *strangers; /* contract name to the number of its accounts, for those that are not declared */
    apr_int64_t failed;    /* mails */
    apr_time_t oldest;     /* of the mails that wait; 0: none */
} census_t;

static apr_status_t count_account(void *baton, const char *key, const void *record)
{
    census_t *census = baton;
    const anshin_account_t *account = record;
    apr_int64_t *count;

    (void)key;
    if (anshin_config_contract(census->call->config, account->contract) != NULL) {
        return APR_SUCCESS;
    }
    count = apr_hash_get(census->strangers, account->contract, APR_HASH_KEY_STRING);
    if (count == NULL) {
        count = apr_pcalloc(census->call->pool, sizeof(*count));
        apr_hash_set(census->strangers, apr_pstrdup(census->call->pool, account->contract), APR_HASH_KEY_STRING, count);
    }
    ++*count;
    return APR_SUCCESS;
}

static apr_status_t count_mail(void *baton, const char *key, const void *record)
{
    census_t *census = baton;
    const anshin_mail_t *mail = record;

    (void)key;
    census->failed += mail->state == ANSHIN_MAIL_FAILED;
    if (mail->state == ANSHIN_MAIL_WAITING && (census->oldest == 0 || mail->created_at < census->oldest)) {
        census->oldest = mail->created_at;
    }
    return APR_SUCCESS;
}

static void tell_strangers(census_t *census)
{
    for (apr_hash_index_t *at = apr_hash_first(census->call->pool, census->strangers); at != NULL;
         at = apr_hash_next(at)) {
        const char *name = apr_hash_this_key(at);
        const apr_int64_t *count = apr_hash_this_val(at);

        (void)anshin_check_problem(census->call, ANSHIN_SEVERITY_CRITICAL,
                                   apr_psprintf(census->call->pool,
                                                "contract %s: is not declared, but has %" APR_INT64_T_FMT
                                                " user%s, who cannot log in",
                                                name, *count, *count == 1 ? "" : "s"),
                                   "declare it as it was (<AnshinContract>), or delete its users while it is declared");
    }
}

#define MAIL_WAITS apr_time_from_sec(900) /* longer than any mail does that the worker can deliver */

static void tell_mail(census_t *census)
{
    anshin_call_t *call = census->call;
    apr_time_t now = apr_time_now();

    if (census->failed > 0) {
        (void)anshin_check_problem(call, ANSHIN_SEVERITY_WARNING,
                                   apr_psprintf(call->pool, "%" APR_INT64_T_FMT " mail%s failed", census->failed,
                                                census->failed == 1 ? "" : "s"),
                                   "htanshin mail list --state failed tells why");
    }
    if (census->oldest != 0 && census->oldest < now - MAIL_WAITS) {
        (void)anshin_check_problem(
            call, ANSHIN_SEVERITY_CRITICAL,
            apr_psprintf(call->pool, "the oldest mail has waited for %" APR_INT64_T_FMT " minutes",
                         (apr_int64_t)apr_time_sec(now - census->oldest) / 60),
            "see that the CA worker runs and AnshinMailCommand works; htanshin mail list --state waiting tells more");
    }
}

/* What the worker found when it kept house last; before that there is nothing to tell. */
static apr_status_t check_clock(anshin_call_t *call, anshin_txn_t *txn)
{
    anshin_agreed_t agreed;
    apr_status_t status = anshin_agreed_last(txn, &agreed);

    if (status == APR_SUCCESS && agreed.by != 0) {
        (void)anshin_check_problem(
            call, ANSHIN_SEVERITY_WARNING, anshin_agreed_words(&agreed, call->pool),
            apr_pstrcat(call->pool, "set it if it is wrong; if it is right, nothing is to be done. Until ",
                        anshin_time_text(agreed.until, call->pool), " nothing is removed by it", NULL));
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* Everything that takes a walk through the store. */
static apr_status_t take_census(anshin_call_t *call, anshin_store_t *store)
{
    census_t census = {.call = call, .strangers = apr_hash_make(call->pool)};
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, store, ANSHIN_TXN_READ, &call->op.error, call->pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_each(txn, &anshin_record_account, "", count_account, &census);
    if (status == APR_SUCCESS) {
        status = anshin_txn_each(txn, &anshin_record_mail, "", count_mail, &census);
    }
    if (status == APR_SUCCESS) {
        status = check_clock(call, txn);
    }
    anshin_txn_abort(txn);
    if (status == APR_SUCCESS) {
        tell_strangers(&census);
        tell_mail(&census);
    }
    return status;
}

/* Before the first start there is none. One that cannot be opened or read is a finding, too. */
static void check_store(anshin_call_t *call)
{
    const char *path = apr_pstrcat(call->pool, call->config->server.state_dir, "/store", NULL);
    anshin_store_t *store;
    apr_status_t status;

    if (access(path, F_OK) != 0 && errno == ENOENT) {
        return;
    }
    status = anshin_call_store(call, &store);
    if (status == APR_SUCCESS) {
        check_trouble(call, store);
        status = take_census(call, store);
    }
    if (status != APR_SUCCESS) {
        (void)anshin_check_problem(call, ANSHIN_SEVERITY_CRITICAL, call->op.error.text,
                                   "mend what it names; until then nobody can log in");
        anshin_error_clear(&call->op.error);
    }
}

/* --- the worker ------------------------------------------------------------------------------------------------- */

/* It holds a lock as long as it lives (ca/turn.h). Before the first start there is none. */
static void check_worker(anshin_call_t *call)
{
    const char *path = apr_pstrcat(call->pool, call->config->server.state_dir, "/run/ca.lock", NULL);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        return;
    }
    if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
        (void)anshin_check_problem(
            call, ANSHIN_SEVERITY_CRITICAL, "the CA worker does not run: no certificate is issued and no mail goes out",
            call->config->server.worker ? "start httpd, which starts it; its error log tells why it "
                                          "does not stay"
                                        : "start anshin-ca (AnshinCAWorker is off)");
    }
    (void)close(fd);
}

/* --- the contracts ---------------------------------------------------------------------------------------------- */

/* NSS, and so Firefox, refuses a PKCS#12 file with such a key (SEC_ERROR_PKCS12_UNABLE_TO_IMPORT_KEY). */
static void check_keys(anshin_call_t *call)
{
    for (int i = 0; i < call->config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(call->config->contracts, i, const anshin_contract_t *);

        if (contract->policy.key_type == ANSHIN_KEY_ED25519) {
            (void)anshin_check_problem(
                call, ANSHIN_SEVERITY_WARNING,
                apr_psprintf(call->pool, "contract %s: Firefox cannot import a certificate with a key of type ed25519",
                             contract->name),
                "AnshinCertificateKey p256, unless nobody uses Firefox");
        }
    }
}

/* --- the CA ----------------------------------------------------------------------------------------------------- */

static int wants_ca(const anshin_config_t *config)
{
    for (int i = 0; i < config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *);

        if (ANSHIN_HAS(contract->policy.methods, ANSHIN_METHOD_CERTIFICATE)) {
            return 1;
        }
    }
    return 0;
}

static void check_ca_there(anshin_call_t *call)
{
    const char *file = call->config->server.ca_certificate;

    if (access(file, R_OK) != 0 && wants_ca(call->config)) {
        (void)anshin_check_problem(call, ANSHIN_SEVERITY_CRITICAL,
                                   apr_psprintf(call->pool,
                                                "the CA certificate %s: %s; who needs a certificate is not let in",
                                                file, strerror(errno)),
                                   "put it back, or htanshin ca create makes a CA of one's own; then reload httpd");
    }
}

/* What it issued ends with it. One that cannot be read is told elsewhere. */
static void check_ca_end(anshin_call_t *call)
{
    const char *file = call->config->server.ca_certificate;
    anshin_trust_t *trust;
    anshin_error_t ignored;
    apr_time_t end;
    int over;

    anshin_error_clear(&ignored);
    if (!wants_ca(call->config) || anshin_trust_load(&trust, file, &ignored, call->pool) != APR_SUCCESS) {
        return;
    }
    end = anshin_trust_end(trust);
    over = end < apr_time_now();
    if (end < apr_time_now() + ANSHIN_TRUST_ENDS_SOON) {
        (void)anshin_check_problem(call, over ? ANSHIN_SEVERITY_CRITICAL : ANSHIN_SEVERITY_WARNING,
                                   apr_psprintf(call->pool, "the CA certificate %s %s on %s%s", file,
                                                over ? "ended" : "ends", anshin_time_text(end, call->pool),
                                                over ? ": nobody gets in by certificate" : ""),
                                   "make a new CA and let certificate users reissue (operator's guide, \"When the CA "
                                   "ends\")");
    }
}

/* httpd reads it when it starts, and writes its configuration down after that. */
static void check_ca_read(anshin_call_t *call)
{
    const char *file = call->config->server.ca_certificate;
    const char *config = apr_pstrcat(call->pool, call->state_dir, "/" ANSHIN_CONFIG_FILE, NULL);
    apr_finfo_t found, started;

    if (wants_ca(call->config) && apr_stat(&found, file, APR_FINFO_CTIME, call->pool) == APR_SUCCESS &&
        apr_stat(&started, config, APR_FINFO_CTIME, call->pool) == APR_SUCCESS && found.ctime > started.ctime) {
        (void)anshin_check_problem(
            call, ANSHIN_SEVERITY_WARNING,
            apr_psprintf(call->pool,
                         "the CA certificate %s was put there after httpd was started, which does not use it", file),
            "reload httpd");
    }
}

/* --- programs of the site --------------------------------------------------------------------------------------- */

static void check_inside(anshin_call_t *call)
{
    if (call->config->inside != NULL) {
        (void)anshin_check_problem(
            call, ANSHIN_SEVERITY_WARNING,
            apr_psprintf(call->pool, "httpd has %s: what these run can read store, keys and mail of Anshin Login",
                         call->config->inside),
            "run programs of the site by mod_cgid, php-fpm or a server of their own");
    }
}

/* One that is not there, or not to be read, was told already. */
static void check_ca(anshin_call_t *call)
{
    const char *file = call->config->server.ca_certificate;
    anshin_error_t ignored;
    int strict;

    anshin_error_clear(&ignored);
    if (anshin_ca_is_strict(&strict, file, &ignored, call->pool) == APR_SUCCESS && !strict) {
        (void)anshin_check_problem(
            call, ANSHIN_SEVERITY_WARNING,
            apr_psprintf(call->pool, "%s is not encoded in DER: programs written in Go, Rust or Python refuse it",
                         file),
            "htanshin ca mend signs it anew, and certificates stay valid; then restart httpd, and give terminators "
            "the new file");
    }
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

static void tell_text(void *baton, const anshin_contract_t *contract, const anshin_error_t *trouble)
{
    (void)contract;
    (void)anshin_check_problem(baton, ANSHIN_SEVERITY_WARNING, trouble->text,
                               "mend that file or line; until then mail is made of the installed template, and a page "
                               "answers 503");
}

static void check_carrier(anshin_call_t *call)
{
    if (call->config->server.mail_command == NULL && call->config->server.mail_spool == NULL) {
        (void)anshin_check_problem(call, ANSHIN_SEVERITY_WARNING,
                                   apr_psprintf(call->pool, "nobody carries mail on: it lies in %s",
                                                anshin_config_spool(call->config, call->pool)),
                                   "give AnshinMailCommand, or AnshinMailSpool, the Maildir that a program of yours "
                                   "empties");
    }
}

static void check_texts(anshin_call_t *call)
{
    (void)anshin_trial_all(call->config, tell_text, call, call->pool);
}

/* ---------------------------------------------------------------------------------------------------------------- */

static void (*const checks[])(anshin_call_t *call) = {check_store,    check_space,   check_worker, check_keys,
                                                      check_ca_there, check_ca,      check_ca_end, check_ca_read,
                                                      check_inside,   check_carrier, check_texts};

static apr_status_t check(anshin_call_t *call)
{
    const apr_array_header_t *contracts = call->config->contracts;
    json_t *names = json_array();
    json_t *departures = json_array();
    int policy = anshin_call_value(call, "policy") != NULL;
    apr_status_t status = APR_SUCCESS;

    call->result = json_object();
    json_object_set_new(call->result, "contracts", names);
    json_object_set_new(call->result, "departures", departures);
    json_object_set_new(call->result, "problems", json_array());
    for (int i = 0; i < contracts->nelts && status == APR_SUCCESS; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);
        if (call->contract == NULL || strcmp(call->contract, contract->name) == 0) {
            json_array_append_new(names, json_string(contract->name));
            status = anshin_check_policy(call, contract, departures);
        }
    }
    if (status == APR_SUCCESS && json_array_size(names) == 0) {
        status =
            anshin_fail(&call->op.error, ANSHIN_ENOTFOUND, "AN0881", "contract %s: is not declared", call->contract);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    for (apr_size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && !policy; i++) {
        checks[i](call);
    }
    if (policy && json_array_size(departures) > 0) {
        call->verdict = ANSHIN_SEVERITY_WARNING;
    }
    return APR_SUCCESS;
}

static apr_status_t version(anshin_call_t *call)
{
    call->result = json_object();
    anshin_result_text(call->result, "version", ANSHIN_VERSION, call->pool);
    anshin_result_text(call->result, "build", ANSHIN_BUILD_ID, call->pool);
    return APR_SUCCESS;
}

static const anshin_command_option_t check_options[] = {
    {"policy", NULL, "Look at the policy alone; exit code 1 when a contract departs from modern.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_check[] = {
    {"check", NULL, "", 0, 0, check_options, ANSHIN_ACCESS_CONFIG, check,
     "Tell what hinders this installation, with what to do, and where the contracts depart from the preset modern; "
     "exit code 0: no problem, 1: a warning, 2: something is broken."},
    {"version", NULL, "", 0, 0, NULL, ANSHIN_ACCESS_NONE, version, "Tell version and build."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
