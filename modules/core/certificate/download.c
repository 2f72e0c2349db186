/*
 * The download of a certificate.
 *
 * SECURITY: hands out private keys, once their password was given; wipes them as soon as they are no longer needed
 * (S24).
 */
#include "core/certificate/download.h"

#include <apr_strings.h>
#include <string.h>

#include "core/account/account.h"
#include "core/account/attempt.h"
#include "core/certificate/download_link.h"
#include "core/certificate/phone.h"
#include "core/context/flow.h"
#include "core/context/secret.h"
#include "core/mail/event.h"
#include "core/mail/job.h"

typedef struct found_t {
    const char *token;
    anshin_download_link_t at;
    anshin_lock_t lock; /* of find_state() alone */
} found_t;

static apr_status_t find(found_t *found, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_download_link_find(op, txn, found->token, &found->at);
}

static apr_status_t find_state(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    found_t *found = baton;
    apr_status_t status = find(found, op, txn);

    return status == APR_SUCCESS
               ? anshin_lock_get(op, txn, ANSHIN_COUNTER_DOWNLOAD,
                                 anshin_download_subject(op, found->at.link.token.user, found->at.link.token.terminal),
                                 &found->lock)
               : status;
}

apr_status_t anshin_download_find(anshin_op_t *op, const char *token, anshin_download_state_t *state)
{
    found_t found = {.token = token};
    apr_status_t status = anshin_op_read(op, find_state, &found);

    if (status == APR_SUCCESS) {
        state->user = found.at.link.token.user;
        state->terminal = found.at.link.token.terminal;
        state->name = found.at.certificate.name;
        state->fetched = (int)found.at.download.fetched;
        state->apple = found.at.download.apple_blob != NULL;
        state->locked = found.lock.kinds != 0;
        state->until = found.at.link.token.expires_at;
    }
    return status;
}

/* Compare digests, so that the time tells nothing of content or length. */
static apr_status_t password_right(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *given, int *right)
{
    const found_t *found = baton;
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char expected_digest[ANSHIN_DIGEST_BYTES], given_digest[ANSHIN_DIGEST_BYTES];
    anshin_bytes_t expected;
    apr_status_t status =
        anshin_secret_blob_get(op, txn, &expected, "download-password", found->at.download.password_blob);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
    }
    status = crypto->digest(crypto->ctx, expected_digest, expected.data, expected.length);
    if (status == APR_SUCCESS) {
        status = crypto->digest(crypto->ctx, given_digest, given, strlen(given));
    }
    anshin_secret_wipe_bytes(op, &expected);
    *right = status == APR_SUCCESS && crypto->equal(crypto->ctx, expected_digest, given_digest, ANSHIN_DIGEST_BYTES);
    return status;
}

/* NULL: there is no file of this profile. */
static const char *blob_of(const anshin_download_t *download, anshin_profile_t profile)
{
    const char *const blobs[] = {[ANSHIN_PROFILE_MODERN] = download->modern_blob,
                                 [ANSHIN_PROFILE_COMPAT] = download->compat_blob,
                                 [ANSHIN_PROFILE_APPLE] = download->apple_blob};

    return blobs[profile];
}

static apr_status_t read_file(anshin_op_t *op, anshin_txn_t *txn, const found_t *found, anshin_profile_t profile,
                              anshin_download_result_t *result)
{
    const char *blob = blob_of(&found->at.download, profile);
    apr_status_t status =
        blob != NULL ? anshin_secret_blob_get(op, txn, &result->file, "pkcs12", blob) : ANSHIN_ENOTFOUND;

    result->file_name = apr_pstrcat(op->pool, found->at.certificate.name,
                                    profile == ANSHIN_PROFILE_APPLE ? ".mobileconfig" : ".p12", NULL);
    return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
}

/* For who looks later how far the certificate has come (course.h). */
static apr_status_t note_fetched(anshin_op_t *op, anshin_txn_t *txn, anshin_certificate_t *certificate)
{
    if (certificate->fetched_at != 0) {
        return APR_SUCCESS;
    }
    certificate->fetched_at = op->now;
    return anshin_txn_put(txn, &anshin_record_certificate, certificate->serial, certificate);
}

static apr_status_t hand_out(anshin_op_t *op, anshin_txn_t *txn, found_t *found, anshin_profile_t profile,
                             anshin_download_result_t *result)
{
    const anshin_token_t *token = &found->at.link.token;
    apr_status_t status = read_file(op, txn, found, profile, result);

    if (status != APR_SUCCESS || (status = note_fetched(op, txn, &found->at.certificate)) != APR_SUCCESS ||
        (status = anshin_phone_opened(op, txn, &found->at, &result->token)) != APR_SUCCESS) {
        return status;
    }
    found->at.download.fetched++;
    status = anshin_txn_put(txn, &anshin_record_download, anshin_terminal_key(op, token->user, token->terminal),
                            &found->at.download);
    if (status == APR_SUCCESS && anshin_download_link_mailed(&found->at)) {
        status = anshin_terminal_confirmed(op, txn, token->user, token->terminal, token->created_at);
    }
    return status == APR_SUCCESS ? anshin_flow_reach(op, txn, ANSHIN_STAGE_FETCHED, token->user, token->terminal)
                                 : status;
}

static void forget(const anshin_op_t *op, anshin_download_result_t *result)
{
    anshin_secret_wipe_bytes(op, &result->file);
    memset(result, 0, sizeof(*result));
}

typedef struct fetch_t {
    const char *token;
    const char *password; /* as typed */
    anshin_profile_t profile;
    anshin_download_result_t *result;
} fetch_t;

/* Check the password and settle the attempt. */
static apr_status_t fetch_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const fetch_t *fetch = baton;
    anshin_download_result_t *result = fetch->result;
    found_t found = {.token = fetch->token};
    anshin_event_t event = {.act = ANSHIN_ACT_WRONG_DOWNLOAD_PASSWORD, .account = &found.at.link.account};
    anshin_attempt_facts_t guess = {ANSHIN_COUNTER_DOWNLOAD, NULL, fetch->password, password_right, &found};
    anshin_attempt_t attempt;
    apr_status_t status = find(&found, op, txn);

    forget(op, result);
    if (status != APR_SUCCESS) {
        return status;
    }
    guess.subject = anshin_download_subject(op, found.at.link.token.user, found.at.link.token.terminal);
    if ((status = anshin_attempt_run_in(op, txn, &guess, &attempt)) != APR_SUCCESS) {
        return status;
    }
    result->right = attempt.outcome == ANSHIN_ATTEMPT_SUCCEEDED;
    result->locked = attempt.locked;
    result->remaining = attempt.remaining;
    if (attempt.outcome == ANSHIN_ATTEMPT_NOT_MADE) {
        return APR_SUCCESS;
    }
    event.terminal = found.at.link.token.terminal;
    event.serial = found.at.download.serial;
    if (result->right) {
        event.act = ANSHIN_ACT_DOWNLOADED;
        status = hand_out(op, txn, &found, fetch->profile, result);
    }
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

apr_status_t anshin_download_fetch(anshin_op_t *op, const char *token, const char *password, anshin_profile_t profile,
                                   anshin_download_result_t *result)
{
    fetch_t fetch = {token, password, profile, result};
    apr_status_t status;

    memset(result, 0, sizeof(*result));
    status = anshin_op_write(op, ANSHIN_DURABLE, fetch_in, &fetch);
    if (status != APR_SUCCESS) {
        forget(op, result);
    }
    return status;
}

static apr_status_t file_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const fetch_t *fetch = baton;
    found_t found = {.token = fetch->token};
    apr_status_t status = find(&found, op, txn);

    forget(op, fetch->result);
    return status == APR_SUCCESS ? read_file(op, txn, &found, fetch->profile, fetch->result) : status;
}

apr_status_t anshin_download_file(anshin_op_t *op, const char *token, anshin_profile_t profile,
                                  anshin_download_result_t *result)
{
    fetch_t fetch = {token, NULL, profile, result};

    memset(result, 0, sizeof(*result));
    return anshin_op_read(op, file_in, &fetch);
}

/* The link of a download that has come to its end says so to whoever opens it again (U12). */
static apr_status_t use_link(anshin_op_t *op, anshin_txn_t *txn, const anshin_download_t *download)
{
    anshin_token_t token;
    apr_status_t status = download->token != NULL ? anshin_txn_get(txn, &anshin_record_token, download->token, &token)
                                                  : ANSHIN_ENOTFOUND;

    status = status == APR_SUCCESS ? anshin_token_use(op, txn, download->token, &token) : status;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* used: 1 when the user has what waited; 0 when something else takes its place, or nothing. */
static apr_status_t end_in(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t terminal, int used)
{
    const char *key = anshin_terminal_key(op, user, terminal);
    anshin_download_t download;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_download, key, &download);

    if (status == ANSHIN_ENOTFOUND) {
        return APR_SUCCESS;
    }
    if (status != APR_SUCCESS || (status = anshin_txn_delete(txn, &anshin_record_download, key)) != APR_SUCCESS ||
        (status = anshin_counter_clear(op, txn, ANSHIN_COUNTER_DOWNLOAD,
                                       anshin_download_subject(op, user, terminal))) != APR_SUCCESS) {
        return status;
    }
    anshin_txn_wipe(txn, download.password_blob);
    anshin_txn_wipe(txn, download.modern_blob);
    anshin_txn_wipe(txn, download.compat_blob);
    anshin_txn_wipe(txn, download.apple_blob);
    if (used) {
        status = use_link(op, txn, &download);
        download.token = NULL;
    }
    return status == APR_SUCCESS ? anshin_download_forget_links(txn, &download) : status;
}

apr_status_t anshin_download_finish_in(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t terminal)
{
    return end_in(op, txn, user, terminal, 0);
}

apr_status_t anshin_download_used_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *used)
{
    anshin_download_t download;
    apr_status_t status =
        anshin_txn_get(txn, &anshin_record_download, anshin_terminal_key(op, used->user, used->terminal), &download);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return download.renewal && (download.serial == NULL || strcmp(download.serial, used->serial) != 0)
               ? APR_SUCCESS
               : end_in(op, txn, used->user, used->terminal, 1);
}

static apr_status_t finish_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    found_t *found = baton;
    const anshin_token_t *token = &found->at.link.token;
    apr_status_t status = find(found, op, txn);

    if (status == APR_SUCCESS) {
        status = end_in(op, txn, token->user, token->terminal, 1);
    }
    return status == APR_SUCCESS ? anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, token->user, token->terminal)
                                 : status;
}

apr_status_t anshin_download_finish(anshin_op_t *op, const char *token)
{
    found_t found = {.token = token};

    return anshin_op_write(op, ANSHIN_DURABLE, finish_in, &found);
}

/* One that was prepared later is another's result. */
static apr_status_t add_issue(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                              const anshin_terminal_t *terminal, apr_time_t since, apr_array_header_t *waits)
{
    anshin_download_t download;
    anshin_bytes_t password;
    anshin_issue_t *issue;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_download,
                                         anshin_terminal_key(op, account->user, terminal->number), &download);

    if (status != APR_SUCCESS || download.created_at != since ||
        !anshin_account_owns(account, download.account, download.created_at)) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = anshin_secret_blob_get(op, txn, &password, "download-password", download.password_blob);
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    issue = apr_array_push(waits);
    issue->terminal = terminal->number;
    issue->label = terminal->label;
    issue->address = terminal->address;
    issue->password = (const char *)password.data;
    return APR_SUCCESS;
}

typedef struct issues_t {
    const char *user;
    apr_int64_t only; /* one terminal; 0: all of them */
    apr_time_t since;
    anshin_issues_t *found;
} issues_t;

static apr_status_t read_issues(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const issues_t *wish = baton;
    anshin_issues_t *issues = wish->found;
    apr_array_header_t *terminals;
    anshin_account_t account;
    apr_status_t status = anshin_account_get(op, txn, wish->user, &account);

    issues->method = -1;
    memset(&issues->terminal, 0, sizeof(issues->terminal));
    apr_array_clear(issues->waits);
    if (status != APR_SUCCESS || (status = anshin_account_terminals(op, txn, &account, &terminals)) != APR_SUCCESS) {
        return status;
    }
    issues->method = (int)account.method;
    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        if (wish->only == terminal->number) {
            issues->terminal = *terminal;
        }
        if (wish->only == 0 || wish->only == terminal->number) {
            status = add_issue(op, txn, &account, terminal, wish->since, issues->waits);
        }
    }
    return status;
}

apr_status_t anshin_download_issues(anshin_op_t *op, const char *user, apr_int64_t terminal, apr_time_t since,
                                    anshin_issues_t *issues)
{
    memset(issues, 0, sizeof(*issues));
    issues->method = -1;
    issues->waits = apr_array_make(op->pool, 4, sizeof(anshin_issue_t));
    return anshin_op_read(op, read_issues, &(issues_t){user, terminal, since, issues});
}

static apr_status_t draw(anshin_op_t *op, anshin_txn_t *txn, const char **password, const char **blob)
{
    apr_status_t status =
        anshin_secret_text(op, password, ANSHIN_ALPHABET_READABLE, ANSHIN_DOWNLOAD_PASSWORD_CHARACTERS);

    return status == APR_SUCCESS
               ? anshin_secret_blob_put(op, txn, blob, "download-password", *password, strlen(*password))
               : status;
}

/* Does the terminal's certificate work until the new one is there? Then nobody waits for that. */
static apr_status_t has_usable(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t number,
                               apr_int64_t *usable)
{
    anshin_terminal_t terminal;
    anshin_certificate_t certificate;
    apr_status_t status = anshin_terminal_get(op, txn, user, number, &terminal);

    *usable = 0;
    if (status == APR_SUCCESS && terminal.certificate != NULL) {
        status = anshin_txn_get(txn, &anshin_record_certificate, terminal.certificate, &certificate);
        *usable = status == APR_SUCCESS && certificate.not_after > op->now;
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

static apr_status_t prepare(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, apr_int64_t terminal,
                            int renewal, const char **password)
{
    anshin_job_t job = {
        .kind = ANSHIN_JOB_ISSUE, .user = account->user, .account = account->number, .terminal = terminal};
    anshin_download_t download = {.created_at = op->now, .account = account->number, .renewal = renewal};
    const char *key = anshin_terminal_key(op, account->user, terminal);
    apr_status_t status = anshin_download_finish_in(op, txn, account->user, terminal); /* an earlier one gives way */

    *password = NULL;
    status = status == APR_SUCCESS ? draw(op, txn, password, &download.password_blob) : status;
    if (status == APR_SUCCESS && renewal) {
        status = has_usable(op, txn, account->user, terminal, &job.many);
    }
    download.expires_at = op->now + op->contract->policy.download_lifetime;
    if (status != APR_SUCCESS ||
        (status = anshin_txn_put(txn, &anshin_record_download, key, &download)) != APR_SUCCESS ||
        (status = anshin_expiry_file(op, txn, &anshin_record_download, key, op->now + ANSHIN_KEEP_UNISSUED)) !=
            APR_SUCCESS) {
        return status;
    }
    return anshin_job_add(op, txn, &job);
}

apr_status_t anshin_download_prepare(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                     apr_int64_t terminal, const char **password)
{
    return prepare(op, txn, account, terminal, 0, password);
}

apr_status_t anshin_download_prepare_renewal(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                             apr_int64_t terminal, const char **password)
{
    return prepare(op, txn, account, terminal, 1, password);
}
