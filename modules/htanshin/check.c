/*
 * htanshin check: what hinders this installation, and where its contracts depart from a preset (CON-4, NOM-2).
 *
 * A departure is the operator's decision: it is told, but does not make check fail unless --policy asks for it (D2).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <apr_strings.h>

#include "build_id.h"
#include "core/admin/census.h"
#include "core/admin/load.h"
#include "core/mail/trial.h"
#include "htanshin/ca/ca_check.h"
#include "htanshin/call.h"
#include "htanshin/check_policy.h"
#include "htanshin/check_problem.h"
#include "htanshin/result.h"
#include "htanshin/values.h"
#include "runtime/config_file.h"
#include "runtime/io.h"
#include "runtime/open.h"

/* --- the store -------------------------------------------------------------------------------------------------- */

static void check_trouble(anshin_call_t *call, const anshin_store_t *store)
{
    anshin_store_health_t trouble;
    json_t *problem;

    anshin_store_health(&trouble, store, call->pool);
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

static void tell_strangers(anshin_call_t *call, const anshin_census_t *census)
{
    for (int i = 0; i < census->strangers->nelts; i++) {
        const anshin_strangers_t *strangers = &APR_ARRAY_IDX(census->strangers, i, anshin_strangers_t);

        (void)anshin_check_problem(
            call, ANSHIN_SEVERITY_CRITICAL,
            apr_psprintf(call->pool,
                         "contract %s: is not declared, but has %" APR_INT64_T_FMT " user%s, who cannot log in",
                         strangers->contract, strangers->users, strangers->users == 1 ? "" : "s"),
            "declare it as it was (<AnshinContract>), or delete its users while it is declared");
    }
}

#define MAIL_WAITS apr_time_from_sec(900) /* longer than any mail does that the worker can deliver */

static void tell_mail(anshin_call_t *call, const anshin_census_t *census)
{
    apr_time_t now = apr_time_now();

    if (census->mails_failed > 0) {
        (void)anshin_check_problem(call, ANSHIN_SEVERITY_WARNING,
                                   apr_psprintf(call->pool, "%" APR_INT64_T_FMT " mail%s failed", census->mails_failed,
                                                census->mails_failed == 1 ? "" : "s"),
                                   "htanshin mail list --state failed tells why");
    }
    if (census->mail_oldest != 0 && census->mail_oldest < now - MAIL_WAITS) {
        (void)anshin_check_problem(
            call, ANSHIN_SEVERITY_CRITICAL,
            apr_psprintf(call->pool, "the oldest mail has waited for %" APR_INT64_T_FMT " minutes",
                         (apr_int64_t)apr_time_sec(now - census->mail_oldest) / 60),
            "see that the CA worker runs and AnshinMailCommand works; htanshin mail list --state waiting tells more");
    }
}

/* What the worker found when it kept house last. */
static void tell_clock(anshin_call_t *call, const anshin_agreed_t *clock)
{
    if (clock->by != 0) {
        (void)anshin_check_problem(call, ANSHIN_SEVERITY_WARNING, anshin_agreed_words(clock, call->pool),
                                   apr_pstrcat(call->pool, "set it if it is wrong; if it is right, do nothing. Until ",
                                               anshin_time_text(clock->until, call->pool), " nothing is removed by it",
                                               NULL));
    }
}

/* Everything that takes a walk through the store. */
static apr_status_t tell_census(anshin_call_t *call, anshin_store_t *store)
{
    const anshin_env_t env = {.config = call->config, .store = store, .now = anshin_clock_system};
    anshin_census_t census;
    anshin_op_t op;
    apr_status_t status;

    status = anshin_load_look(&env, &call->op.error, call->pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_op_init(&op, &env, NULL, &call->op.actor, call->pool);
    status = anshin_census_take(&op, &census);
    if (status != APR_SUCCESS) {
        call->op.error = op.error;
        return status;
    }
    anshin_check_ca_stopped(call, &op);
    anshin_check_ca_unusable(call, &op);
    tell_clock(call, &census.clock);
    tell_strangers(call, &census);
    tell_mail(call, &census);
    return APR_SUCCESS;
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
    status = anshin_open_store(&store, &call->config->server, &call->op.error, call->pool);
    if (status == APR_SUCCESS) {
        check_trouble(call, store);
        status = tell_census(call, store);
    }
    if (status != APR_SUCCESS) {
        (void)anshin_check_problem(call, ANSHIN_SEVERITY_CRITICAL, call->op.error.text,
                                   "mend what it names; until then nobody can log in");
        anshin_error_clear(&call->op.error);
    }
}

/* --- the worker ------------------------------------------------------------------------------------------------- */

/* It holds a lock as long as it lives (ca/instance_lock.h). Before the first start there is none. */
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

/* NSS refuses a PKCS#12 file with such a key (SEC_ERROR_PKCS12_UNABLE_TO_IMPORT_KEY, tried), and with it Firefox and
 * Chromium on Linux; so does Apple's SecPKCS12Import (owntracks/ios issue 639); Windows calls the algorithm invalid
 * (rustls-platform-verifier issue 195). */
static void check_keys(anshin_call_t *call)
{
    for (int i = 0; i < call->config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(call->config->contracts, i, const anshin_contract_t *);

        if (contract->policy.key_type == ANSHIN_KEY_ED25519) {
            (void)anshin_check_problem(
                call, ANSHIN_SEVERITY_WARNING,
                apr_psprintf(call->pool,
                             "contract %s: Firefox cannot import a certificate with a key of type ed25519, nor can "
                             "Chromium on Linux, Windows, macOS and iOS",
                             contract->name),
                "AnshinCertificateKey p256, unless nobody logs in by a browser");
        }
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

static void (*const checks[])(anshin_call_t *call) = {check_store,     check_space,  check_worker,  check_keys,
                                                      anshin_check_ca, check_inside, check_carrier, check_texts};

/* What a contract is held against: the preset that was asked for, else finance where it is its own, else modern. */
static apr_status_t preset_for(anshin_call_t *call, const anshin_contract_t *contract, anshin_preset_t *preset)
{
    const char *wanted = anshin_call_value(call, "preset");
    const anshin_word_t *word = wanted != NULL ? anshin_word_find(anshin_preset_words, wanted) : NULL;

    *preset = contract->preset == ANSHIN_PRESET_FINANCE ? ANSHIN_PRESET_FINANCE : ANSHIN_PRESET_MODERN;
    if (wanted != NULL && word == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1326", "--preset %s: must be one of %s", wanted,
                           anshin_word_list(anshin_preset_words, ", ", call->pool));
    }
    if (word != NULL) {
        *preset = (anshin_preset_t)word->value;
    }
    return APR_SUCCESS;
}

static apr_status_t check(anshin_call_t *call)
{
    const apr_array_header_t *contracts = call->config->contracts;
    json_t *names = json_array();
    json_t *departures = json_array();
    int policy = anshin_call_value(call, "policy") != NULL;
    apr_status_t status = APR_SUCCESS;

    call->result = json_object();
    json_object_set_new(call->result, "contracts", names);
    anshin_result_text(
        call->result, "store",
        apr_pstrcat(call->pool, "dbm, files of type ", anshin_open_store_type(&call->config->server), NULL),
        call->pool);
    json_object_set_new(call->result, "departures", departures);
    json_object_set_new(call->result, "problems", json_array());
    for (int i = 0; i < contracts->nelts && status == APR_SUCCESS; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);
        if (call->contract == NULL || strcmp(call->contract, contract->name) == 0) {
            json_array_append_new(names, json_string(contract->name));
            anshin_preset_t preset = ANSHIN_PRESET_MODERN;

            status = preset_for(call, contract, &preset);
            if (status == APR_SUCCESS) {
                status = anshin_check_policy(call, contract, preset, departures);
            }
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
    {"policy", NULL, "Look at the policy alone; exit code 1 when a contract departs.", 0},
    {"preset", "NAME", "Preset that contracts are held against: classic, modern or finance.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_check[] = {
    {"check", NULL, "", 0, 0, check_options, ANSHIN_ACCESS_CONFIG, check,
     "Tell what hinders this installation, with what to do, and where the contracts depart from the preset finance, "
     "if it is theirs, or else modern; "
     "exit code 0: no problem, 1: a warning, 2: something is broken."},
    {"version", NULL, "", 0, 0, NULL, ANSHIN_ACCESS_NONE, version, "Tell version and build."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
