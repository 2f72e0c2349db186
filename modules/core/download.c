/*
 * The download of a certificate.
 *
 * SECURITY: hands out private keys, once their password was given; wipes them as soon as they are no longer needed
 * (S24).
 */
#include "core/download.h"

#include <apr_strings.h>
#include <string.h>

#include "core/account.h"
#include "core/attempt.h"
#include "core/expiry.h"
#include "core/flow.h"
#include "core/history.h"
#include "core/job.h"
#include "core/secret.h"

typedef struct {
    anshin_link_t link;
    anshin_download_t download;
    anshin_certificate_t certificate;
} found_t;

/* The token, the download it belongs to and its certificate. */
static apr_status_t find(anshin_op_t *op, anshin_txn_t *txn, const char *token, found_t *found)
{
    apr_status_t rv = anshin_token_find(op, txn, ANSHIN_TOKEN_DOWNLOAD, token, &found->link);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_txn_get(txn, &anshin_record_download,
                        anshin_terminal_key(op, found->link.token.user, found->link.token.terminal), &found->download);
    if (rv == ANSHIN_ENOTFOUND) {
        return ANSHIN_EDENIED;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!found->download.token || strcmp(found->download.token, found->link.key) != 0 || !found->download.serial ||
        !anshin_account_owns(&found->link.account, found->download.account, found->download.created_at)) {
        return ANSHIN_EDENIED;
    }
    rv = anshin_txn_get(txn, &anshin_record_certificate, found->download.serial, &found->certificate);
    if (rv == ANSHIN_ENOTFOUND || (rv == APR_SUCCESS && found->certificate.state != ANSHIN_CERTIFICATE_ACTIVE)) {
        return ANSHIN_EDENIED;
    }
    return rv;
}

apr_status_t anshin_download_find(anshin_op_t *op, const char *token, anshin_download_state_t *state)
{
    anshin_txn_t *txn;
    found_t found;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = find(op, txn, token, &found);
    anshin_txn_abort(txn);
    if (rv == APR_SUCCESS) {
        state->user = found.link.token.user;
        state->terminal = found.link.token.terminal;
        state->name = found.certificate.name;
        state->fetched = (int)found.download.fetched;
    }
    return rv;
}

/* Compare digests, so that the time tells nothing of content or length. */
static apr_status_t password_right(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *given, int *right)
{
    const found_t *found = baton;
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char expected_digest[ANSHIN_DIGEST_BYTES], given_digest[ANSHIN_DIGEST_BYTES];
    anshin_bytes_t expected;
    apr_status_t rv = anshin_secret_blob_get(op, &expected, "download-password", found->download.password_blob);

    (void)txn;
    if (rv != APR_SUCCESS) {
        return rv == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : rv;
    }
    rv = crypto->digest(crypto->ctx, expected_digest, expected.data, expected.length);
    if (rv == APR_SUCCESS) {
        rv = crypto->digest(crypto->ctx, given_digest, given, strlen(given));
    }
    anshin_secret_wipe_bytes(op, &expected);
    *right = rv == APR_SUCCESS && crypto->equal(crypto->ctx, expected_digest, given_digest, ANSHIN_DIGEST_BYTES);
    return rv;
}

static apr_status_t read_file(anshin_op_t *op, const found_t *found, anshin_profile_t profile,
                              anshin_download_result_t *result)
{
    const char *blob = profile == ANSHIN_PROFILE_COMPAT ? found->download.compat_blob : found->download.modern_blob;
    apr_status_t rv = anshin_secret_blob_get(op, &result->file, "pkcs12", blob);

    result->file_name = apr_pstrcat(op->pool, found->certificate.name, ".p12", NULL);
    return rv == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : rv;
}

static apr_status_t hand_out(anshin_op_t *op, anshin_txn_t *txn, found_t *found, anshin_profile_t profile,
                             anshin_download_result_t *result)
{
    const anshin_token_t *token = &found->link.token;
    apr_status_t rv = read_file(op, found, profile, result);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    found->download.fetched++;
    rv = anshin_txn_put(txn, &anshin_record_download, anshin_terminal_key(op, token->user, token->terminal),
                        &found->download);
    if (rv == APR_SUCCESS) { /* the link was mailed there */
        rv = anshin_terminal_confirmed(op, txn, token->user, token->terminal, token->created_at);
    }
    return rv == APR_SUCCESS ? anshin_flow_reach(op, txn, ANSHIN_STAGE_FETCHED, token->user, token->terminal) : rv;
}

/* Check the password and settle the attempt; the caller commits. */
static apr_status_t fetch_in(anshin_op_t *op, anshin_txn_t *txn, const char *token, const char *password,
                             anshin_profile_t profile, anshin_download_result_t *result)
{
    anshin_history_t entry = {.result = ANSHIN_HISTORY_WRONG_DOWNLOAD_PASSWORD};
    found_t found;
    anshin_attempt_facts_t guess = {ANSHIN_COUNTER_DOWNLOAD, NULL, password, password_right, &found};
    anshin_attempt_t attempt;
    apr_status_t rv = find(op, txn, token, &found);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    guess.subject = anshin_download_subject(op, found.link.token.user, found.link.token.terminal);
    if ((rv = anshin_attempt_run_in(op, txn, &guess, &attempt)) != APR_SUCCESS) {
        return rv;
    }
    result->right = attempt.outcome == ANSHIN_ATTEMPT_SUCCEEDED;
    result->locked = attempt.locked;
    result->remaining = attempt.remaining;
    if (attempt.outcome == ANSHIN_ATTEMPT_NOT_MADE) {
        return APR_SUCCESS;
    }
    entry.terminal = found.link.token.terminal;
    entry.serial = found.download.serial;
    if (result->right) {
        entry.result = ANSHIN_HISTORY_DOWNLOADED;
        rv = hand_out(op, txn, &found, profile, result);
    }
    return rv == APR_SUCCESS ? anshin_history_add(op, txn, found.link.token.user, &entry) : rv;
}

apr_status_t anshin_download_fetch(anshin_op_t *op, const char *token, const char *password, anshin_profile_t profile,
                                   anshin_download_result_t *result)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    memset(result, 0, sizeof(*result));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = fetch_in(op, txn, token, password, profile, result);
    rv = anshin_txn_end(txn, rv, ANSHIN_DURABLE);
    if (rv != APR_SUCCESS) {
        anshin_secret_wipe_bytes(op, &result->file);
        memset(result, 0, sizeof(*result));
    }
    return rv;
}

apr_status_t anshin_download_finish_in(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t terminal)
{
    const char *key = anshin_terminal_key(op, user, terminal);
    anshin_download_t download;
    apr_status_t rv = anshin_txn_get(txn, &anshin_record_download, key, &download);

    if (rv == ANSHIN_ENOTFOUND) {
        return APR_SUCCESS;
    }
    if (rv != APR_SUCCESS || (rv = anshin_txn_delete(txn, &anshin_record_download, key)) != APR_SUCCESS ||
        (rv = anshin_counter_clear(op, txn, ANSHIN_COUNTER_DOWNLOAD, anshin_download_subject(op, user, terminal))) !=
            APR_SUCCESS) {
        return rv;
    }
    anshin_txn_wipe(txn, download.password_blob);
    anshin_txn_wipe(txn, download.modern_blob);
    anshin_txn_wipe(txn, download.compat_blob);
    return download.token ? anshin_txn_delete(txn, &anshin_record_token, download.token) : APR_SUCCESS;
}

apr_status_t anshin_download_finish(anshin_op_t *op, const char *token)
{
    anshin_txn_t *txn;
    found_t found;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if ((rv = find(op, txn, token, &found)) == APR_SUCCESS) {
        rv = anshin_download_finish_in(op, txn, found.link.token.user, found.link.token.terminal);
    }
    if (rv == APR_SUCCESS) {
        rv = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, found.link.token.user, found.link.token.terminal);
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

/* One that was prepared later is another's result. */
static apr_status_t add_issue(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                              const anshin_terminal_t *terminal, apr_time_t since, apr_array_header_t *waits)
{
    anshin_download_t download;
    anshin_bytes_t password;
    anshin_issue_t *issue;
    apr_status_t rv = anshin_txn_get(txn, &anshin_record_download,
                                     anshin_terminal_key(op, account->user, terminal->number), &download);

    if (rv != APR_SUCCESS || download.created_at != since ||
        !anshin_account_owns(account, download.account, download.created_at)) {
        return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
    }
    rv = anshin_secret_blob_get(op, &password, "download-password", download.password_blob);
    if (rv != APR_SUCCESS) {
        return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
    }
    issue = apr_array_push(waits);
    issue->terminal = terminal->number;
    issue->address = terminal->address;
    issue->password = (const char *)password.data;
    return APR_SUCCESS;
}

static apr_status_t issues_in(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t only, apr_time_t since,
                              anshin_issues_t *issues)
{
    apr_array_header_t *terminals;
    anshin_account_t account;
    apr_status_t rv = anshin_account_get(op, txn, user, &account);

    if (rv != APR_SUCCESS || (rv = anshin_account_terminals(op, txn, &account, &terminals)) != APR_SUCCESS) {
        return rv;
    }
    issues->method = (int)account.method;
    for (int i = 0; rv == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        if (only == 0 || only == terminal->number) {
            rv = add_issue(op, txn, &account, terminal, since, issues->waits);
        }
    }
    return rv;
}

apr_status_t anshin_download_issues(anshin_op_t *op, const char *user, apr_int64_t terminal, apr_time_t since,
                                    anshin_issues_t *issues)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    issues->method = -1;
    issues->waits = apr_array_make(op->pool, 4, sizeof(anshin_issue_t));
    if (rv == APR_SUCCESS) {
        rv = issues_in(op, txn, user, terminal, since, issues);
        anshin_txn_abort(txn);
    }
    return rv;
}

apr_status_t anshin_download_prepare(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                     apr_int64_t terminal, const char **password)
{
    anshin_job_t job = {
        .kind = ANSHIN_JOB_ISSUE, .user = account->user, .account = account->number, .terminal = terminal};
    anshin_download_t download = {.created_at = op->now, .account = account->number};
    const char *key = anshin_terminal_key(op, account->user, terminal);
    apr_status_t rv = anshin_download_finish_in(op, txn, account->user, terminal); /* an earlier one gives way */

    download.expires_at = op->now + op->contract->policy.download_lifetime;
    if (rv != APR_SUCCESS ||
        (rv = anshin_secret_text(op, password, ANSHIN_ALPHABET_READABLE, ANSHIN_DOWNLOAD_PASSWORD_SIGNS)) !=
            APR_SUCCESS ||
        (rv = anshin_secret_blob_put(op, &download.password_blob, "download-password", *password, strlen(*password))) !=
            APR_SUCCESS ||
        (rv = anshin_txn_put(txn, &anshin_record_download, key, &download)) != APR_SUCCESS ||
        (rv = anshin_expiry_file(op, txn, &anshin_record_download, key, op->now + ANSHIN_KEEP_UNISSUED)) !=
            APR_SUCCESS) {
        return rv;
    }
    return anshin_job_add(op, txn, &job);
}
