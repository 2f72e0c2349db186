/*
 * visitor STATE_DIR: what httpd does for people, without httpd: each line of standard input is one act of one person, done
 * by the verbs that the pages call, and answered by one line. Killed at random by the simulated year (Anshin::Year), so
 * nothing is kept between two lines.
 *
 *   register USER                  ok PASSWORD of the download; done: it was before
 *   waits USER CREATED             ok PASSWORD of the download that was prepared at that time, as its page shows again
 *   fetch TOKEN PASSWORD FILE      ok CERTIFICATE out of the PKCS#12 file; FILE gets it with its key in PEM, "-": none
 *   finish TOKEN
 *   login USER CERTIFICATE         ok SESSION
 *   session SESSION CERTIFICATE    ok: it is open
 *   verdict CERTIFICATE            ok VERDICT
 *   renew USER CERTIFICATE         login and renewal: ok PASSWORD
 *   ended USER CERTIFICATE         renewal by one that has ended: ok PASSWORD
 *   revoke SERIAL                  by the operator
 *   ask USER                       for the link to a reissue
 *   reissue USER TOKEN             ok PASSWORD
 *
 * CERTIFICATE: SERIAL FINGERPRINT NOT-BEFORE NOT-AFTER, times in seconds. "no REASON": refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "core/admin/operator.h"
#include "core/certificate/certificate.h"
#include "core/certificate/download.h"
#include "core/certificate/revocation.h"
#include "core/login/login.h"
#include "core/mail/job.h"
#include "core/selfservice/registration.h"
#include "core/selfservice/reissue.h"
#include "core/selfservice/reissue_request.h"
#include "core/selfservice/renewal.h"
#include "crypto/crypto.h"
#include "runtime/config_file.h"
#include "runtime/open.h"

#define PASSWORD "Correct-horse-9-battery"
#define QUESTION "pet"
#define ANSWER "tama the cat"
#define WORDS 8

typedef struct visit_t {
    const anshin_env_t *env;
    anshin_op_t *op; /* of the last verb */
    char *words[WORDS];
    apr_pool_t *pool;
} visit_t;

static anshin_op_t *begin(visit_t *visit)
{
    static const anshin_actor_t stranger = {.kind = ANSHIN_ACTOR_STRANGER};

    visit->op = apr_pcalloc(visit->pool, sizeof(*visit->op));
    anshin_op_init(visit->op, visit->env, APR_ARRAY_IDX(visit->env->config->contracts, 0, anshin_contract_t *),
                   &stranger, visit->pool);
    return visit->op;
}

static void answer(visit_t *visit, apr_status_t status, const char *text)
{
    if (status == APR_SUCCESS && visit->op->jobs_queued) {
        anshin_job_ring(visit->op);
    }
    if (status == APR_SUCCESS) {
        printf("ok %s\n", text);
    } else {
        printf("no %s %s %s\n", anshin_status_name(status), visit->op->error.id, visit->op->error.text);
    }
}

/* The words of a certificate, as a connection would show it. */
static anshin_presented_t presented(const visit_t *visit, char *const *words)
{
    anshin_presented_t shown = {.serial = words[0], .fingerprint = words[1], .name = ""};

    shown.not_before = apr_time_from_sec(apr_atoi64(words[2]));
    shown.not_after = apr_time_from_sec(apr_atoi64(words[3]));
    shown.state =
        shown.not_after <= visit->env->now(visit->env->now_baton) ? ANSHIN_PRESENTED_EXPIRED : ANSHIN_PRESENTED_GOOD;
    return shown;
}

/* --- from the invitation to the file ------------------------------------------------------------------------------ */

static apr_status_t invite(visit_t *visit, anshin_invitation_t *invitation)
{
    const char *user = visit->words[1];
    const anshin_account_new_t spec = {
        user, apr_pstrcat(visit->pool, user, "@mail.example", NULL), -1, ANSHIN_TERMINAL_PC, "en", NULL, NULL, NULL, 0};
    apr_status_t status = anshin_account_create(begin(visit), &spec, invitation);

    return status == ANSHIN_ECONFLICT ? anshin_account_invite(begin(visit), user, invitation) : status;
}

static void act_register(visit_t *visit)
{
    static const anshin_registration_form_t form = {PASSWORD, PASSWORD, QUESTION, ANSWER, "en", 0, NULL};
    anshin_registration_result_t result = {.download_password = NULL};
    anshin_code_result_t code;
    anshin_invitation_t invitation;
    const char *token;
    apr_status_t status = invite(visit, &invitation);

    if (status == ANSHIN_ECONFLICT) {
        printf("done\n");
        return;
    }
    if (status == APR_SUCCESS) {
        token = strstr(invitation.url, "?t=") + 3;
        status = anshin_registration_code(begin(visit), token, invitation.code, &code);
        status = status == APR_SUCCESS ? anshin_registration_complete(begin(visit), token, &form, &result) : status;
    }
    answer(visit, status, result.download_password != NULL ? result.download_password : "-");
}

/* What waits of what was prepared then. */
static void answer_password(visit_t *visit, apr_status_t status, const char *user, apr_time_t since)
{
    anshin_issues_t issues = {.waits = NULL};

    if (status == APR_SUCCESS && visit->op->jobs_queued) {
        anshin_job_ring(visit->op);
    }
    if (status == APR_SUCCESS) {
        status = anshin_download_issues(begin(visit), user, 0, since, &issues);
    }
    answer(visit, status,
           issues.waits != NULL && issues.waits->nelts == 1 ? APR_ARRAY_IDX(issues.waits, 0, anshin_issue_t).password
                                                            : "-");
}

static void act_waits(visit_t *visit)
{
    answer_password(visit, APR_SUCCESS, visit->words[1], apr_atoi64(visit->words[2]));
}

static apr_int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm parts;

    return ASN1_TIME_to_tm(time, &parts) == 1 ? (apr_int64_t)timegm(&parts) : 0;
}

/* For whoever logs in over TLS. */
static int keep(const char *path, X509 *certificate, EVP_PKEY *key)
{
    FILE *out = fopen(path, "w");
    int kept = out != NULL && PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1 &&
               PEM_write_X509(out, certificate) == 1;

    return out != NULL && fclose(out) == 0 && kept;
}

/* CERTIFICATE of a PKCS#12 file; NULL: it is none, or has another password. */
static const char *certificate_of(const anshin_bytes_t *file, const char *password, const char *path, apr_pool_t *pool)
{
    const unsigned char *at = file->data;
    PKCS12 *p12 = d2i_PKCS12(NULL, &at, (long)file->length);
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    const char *text = NULL;

    if (p12 != NULL && PKCS12_parse(p12, password, &key, &certificate, NULL) == 1 &&
        X509_check_private_key(certificate, key) == 1 && X509_digest(certificate, EVP_sha256(), digest, &length) == 1 &&
        (strcmp(path, "-") == 0 || keep(path, certificate, key))) {
        const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);

        text = apr_psprintf(pool, "%s %s %" APR_INT64_T_FMT " %" APR_INT64_T_FMT,
                            anshin_hex(ASN1_STRING_get0_data(serial), (apr_size_t)ASN1_STRING_length(serial), pool),
                            anshin_hex(digest, length, pool), seconds_of(X509_get0_notBefore(certificate)),
                            seconds_of(X509_get0_notAfter(certificate)));
    }
    EVP_PKEY_free(key);
    X509_free(certificate);
    PKCS12_free(p12);
    return text;
}

static void act_fetch(visit_t *visit)
{
    anshin_download_result_t result = {.right = 0};
    apr_status_t status =
        anshin_download_fetch(begin(visit), visit->words[1], visit->words[2], ANSHIN_PROFILE_MODERN, &result);
    const char *certificate = status == APR_SUCCESS && result.right
                                  ? certificate_of(&result.file, visit->words[2], visit->words[3], visit->pool)
                                  : NULL;

    answer(visit, status == APR_SUCCESS && certificate == NULL ? ANSHIN_EINVALID : status, certificate);
}

static void act_finish(visit_t *visit)
{
    apr_status_t status = anshin_download_finish(begin(visit), visit->words[1]);

    answer(visit, status == ANSHIN_EDENIED ? APR_SUCCESS : status, "");
}

/* --- with the certificate ------------------------------------------------------------------------------------------ */

static apr_status_t enter(visit_t *visit, const anshin_presented_t *shown, int renews, anshin_login_result_t *result)
{
    const anshin_login_facts_t facts = {visit->words[1], PASSWORD, shown, NULL, NULL, renews};
    apr_status_t status = anshin_login(begin(visit), &facts, result);

    if (status == APR_SUCCESS && result->outcome != (renews ? ANSHIN_LOGIN_RENEWED : ANSHIN_LOGIN_OK)) {
        (void)apr_snprintf(visit->op->error.text, sizeof(visit->op->error.text), "outcome %d", (int)result->outcome);
        status = ANSHIN_EDENIED;
    }
    return status;
}

static void act_login(visit_t *visit)
{
    const anshin_presented_t shown = presented(visit, visit->words + 2);
    anshin_login_result_t result = {.session_id = ""};
    apr_status_t status = enter(visit, &shown, 0, &result);

    answer(visit, status, result.session_id);
}

static void act_session(visit_t *visit)
{
    const anshin_presented_t shown = presented(visit, visit->words + 2);
    anshin_session_t session;
    const char *key;

    answer(visit, anshin_session_find(begin(visit), visit->words[1], &shown, &session, &key), "");
}

static void act_verdict(visit_t *visit)
{
    const anshin_presented_t shown = presented(visit, visit->words + 1);
    anshin_certificate_verdict_t verdict = ANSHIN_VERDICT_NONE;
    apr_status_t status = anshin_certificate_verdict(begin(visit), &shown, &verdict);

    answer(visit, status, anshin_verdict_name(verdict));
}

static void act_renew(visit_t *visit)
{
    const anshin_presented_t shown = presented(visit, visit->words + 2);
    anshin_login_result_t result = {.session_id = NULL};
    anshin_session_t session;
    anshin_member_t member = {NULL, &session};
    anshin_renewal_t renewal = {.error = NULL};
    apr_status_t status = enter(visit, &shown, 0, &result);

    if (status == APR_SUCCESS) {
        status = anshin_session_find(begin(visit), result.session_id, &shown, &session, &member.key);
    }
    if (status == APR_SUCCESS) {
        status = anshin_renewal_begin(begin(visit), &member, 1, &renewal);
    }
    answer_password(visit, status == APR_SUCCESS && renewal.error != NULL ? ANSHIN_EDENIED : status, visit->words[1],
                    visit->op->now);
}

static void act_ended(visit_t *visit)
{
    const anshin_presented_t shown = presented(visit, visit->words + 2);
    anshin_login_result_t result = {.session_id = NULL};
    apr_status_t status = enter(visit, &shown, 1, &result);

    answer_password(visit, status, visit->words[1], visit->op->now);
}

/* --- without it ---------------------------------------------------------------------------------------------------- */

static void act_revoke(visit_t *visit)
{
    apr_status_t status = anshin_certificate_revoke(begin(visit), visit->words[1], ANSHIN_REASON_KEY_COMPROMISE);

    answer(visit, status == ANSHIN_ECONFLICT ? APR_SUCCESS : status, "");
}

static void act_ask(visit_t *visit)
{
    const char *user = visit->words[1];

    answer(visit,
           anshin_reissue_request(begin(visit), ANSHIN_REISSUE_CERTIFICATE, user,
                                  apr_pstrcat(visit->pool, user, "@mail.example", NULL)),
           "");
}

static void act_reissue(visit_t *visit)
{
    const anshin_reissue_typed_t typed = {QUESTION, ANSWER, ""};
    anshin_reissue_result_t result = {.download_password = NULL};
    apr_status_t status =
        anshin_reissue_execute(begin(visit), ANSHIN_REISSUE_CERTIFICATE, visit->words[2], &typed, &result);

    answer(visit, status, result.download_password != NULL ? result.download_password : "-");
}

static const struct {
    const char *name;
    int words; /* with the name */
    void (*act)(visit_t *visit);
} acts[] = {
    {"register", 2, act_register}, {"waits", 3, act_waits}, {"fetch", 4, act_fetch},
    {"finish", 2, act_finish},     {"login", 6, act_login}, {"session", 6, act_session},
    {"verdict", 5, act_verdict},   {"renew", 6, act_renew}, {"ended", 6, act_ended},
    {"revoke", 2, act_revoke},     {"ask", 2, act_ask},     {"reissue", 3, act_reissue},
};

static void act_on(visit_t *visit, char *line)
{
    char *rest = NULL;
    int count = 0;

    for (char *word = strtok_r(line, " \n", &rest); word != NULL && count < WORDS;
         word = strtok_r(NULL, " \n", &rest)) {
        visit->words[count++] = word;
    }
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        if (count > 0 && strcmp(visit->words[0], acts[i].name) == 0 && count == acts[i].words) {
            (void)begin(visit);
            acts[i].act(visit);
            return;
        }
    }
    printf("no such act\n");
}

/* As httpd opens them, but that a hash costs next to nothing. */
static apr_status_t open_env(anshin_env_t *env, const char *state_dir, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_crypto_settings_t settings = {
        .memory = 8, .passes = 1, .lanes = 1, .slots = 2, .wait = apr_time_from_sec(30)};
    anshin_config_t *config;
    anshin_crypto_t *crypto;
    apr_status_t status = anshin_config_file_read(&config, state_dir, err, pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    settings.key_file = apr_pstrcat(pool, state_dir, "/seal.key", NULL);
    settings.slot_dir = apr_pstrcat(pool, state_dir, "/slots", NULL);
    (void)mkdir(settings.slot_dir, 0770);
    if ((status = anshin_crypto_open(&crypto, &settings, err, pool)) != APR_SUCCESS) {
        return status;
    }
    *env = (anshin_env_t){.config = config, .crypto = crypto, .now = anshin_clock_system};
    return anshin_open_store(&env->store, &config->server, err, pool);
}

int main(int argc, char **argv)
{
    anshin_env_t env;
    visit_t visit = {.env = &env};
    anshin_error_t err;
    char line[1024];
    apr_pool_t *pool;

    if (argc != 2) {
        fprintf(stderr, "usage: visitor STATE_DIR\n");
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_error_clear(&err);
    (void)umask(S_IRWXO);
    if (open_env(&env, argv[1], &err, pool) != APR_SUCCESS) {
        fprintf(stderr, "visitor: %s %s\n", err.id, err.text);
        return 1;
    }
    apr_pool_create(&visit.pool, pool);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        act_on(&visit, line);
        fflush(stdout);
        apr_pool_clear(visit.pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
