/*
 * Requests for a reissue, and what the worker makes of them (declared in reissue.h).
 *
 * SECURITY: faces everybody. Whatever is typed is sealed and queued, at the same cost; the mail alone tells whether it
 * fits (S8).
 */
#include "core/reissue.h"

#include <apr_strings.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/expiry.h"
#include "core/lockout.h"
#include "core/mail.h"
#include "core/secret.h"

#define WAITING_MAX 10000 /* requests of a contract in the queue before new ones are refused (S32) */

/* Whether there is room comes first, so that what is refused costs next to nothing. */
static apr_status_t queue_request(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind, const char *text)
{
    anshin_job_t job = {.kind = kind == ANSHIN_REISSUE_PASSWORD ? ANSHIN_JOB_PASSWORD_REQUEST
                                                                : ANSHIN_JOB_CERTIFICATE_REQUEST};
    apr_int64_t waiting;
    int told;
    apr_status_t rv = anshin_address_check(op, txn, &told);

    if (rv != APR_SUCCESS || (rv = anshin_address_count(op, txn)) != APR_SUCCESS ||
        (rv = anshin_jobs_requests(op, txn, &waiting)) != APR_SUCCESS) {
        return rv;
    }
    if (waiting >= WAITING_MAX) {
        return anshin_fail(&op->error, ANSHIN_EBUSY, "AN0195", "%d requests for a reissue wait already", WAITING_MAX);
    }
    if ((rv = anshin_secret_blob_put(op, &job.blob, "reissue", text, strlen(text))) != APR_SUCCESS) {
        return rv;
    }
    if ((rv = anshin_job_add(op, txn, &job)) != APR_SUCCESS) {
        anshin_secret_blob_wipe(op, job.blob);
    }
    return rv;
}

apr_status_t anshin_reissue_request(anshin_op_t *op, anshin_reissue_kind_t kind, const char *user, const char *address)
{
    json_t *particulars = json_pack("{s:s, s:s}", "user", user, "address", address);
    char *text = particulars ? json_dumps(particulars, JSON_COMPACT) : NULL;
    anshin_txn_t *txn;
    apr_status_t rv;

    json_decref(particulars);
    if (!text) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0196", "reissue: out of memory, or a field is not UTF-8");
    }
    if ((rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) == APR_SUCCESS) {
        rv = anshin_txn_end(txn, queue_request(op, txn, kind, text), ANSHIN_DURABLE);
    }
    anshin_secret_wipe(op, text);
    free(text);
    return rv;
}

/* The terminal of the account whose address was typed; ANSHIN_ENOTFOUND when there is none. */
static apr_status_t find_terminal(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                  const char *address, anshin_terminal_t *terminal)
{
    apr_array_header_t *terminals;
    apr_status_t rv = anshin_account_terminals(op, txn, account, &terminals);

    address = anshin_address_typed(address, op->pool);
    for (int i = 0; rv == APR_SUCCESS && i < terminals->nelts; i++) {
        *terminal = APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        if (terminal->address && anshin_address_same(terminal->address, address)) {
            return APR_SUCCESS;
        }
    }
    return rv == APR_SUCCESS ? ANSHIN_ENOTFOUND : rv;
}

/* One mail in a while, however often it is asked for. */
static apr_status_t paused(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind,
                           const anshin_account_t *account)
{
    const char *key = apr_psprintf(op->pool, "reissue/%s/%s/%d", op->contract->name, account->number, (int)kind);
    anshin_fact_t fact;
    apr_status_t rv = anshin_txn_get(txn, &anshin_record_fact, key, &fact);

    if (rv == APR_SUCCESS && fact.at + ANSHIN_REISSUE_PAUSE > op->now) {
        return ANSHIN_ENOTFOUND;
    }
    if (rv != APR_SUCCESS && rv != ANSHIN_ENOTFOUND) {
        return rv;
    }
    if (rv == ANSHIN_ENOTFOUND &&
        (rv = anshin_expiry_file(op, txn, &anshin_record_fact, key, op->now + ANSHIN_KEEP_REQUEST)) != APR_SUCCESS) {
        return rv;
    }
    fact.value = NULL;
    fact.at = op->now;
    return anshin_txn_put(txn, &anshin_record_fact, key, &fact);
}

static apr_status_t send_link(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind,
                              const anshin_account_t *account, const anshin_terminal_t *terminal)
{
    anshin_token_t record = {.kind = (anshin_token_kind_t)kind, .terminal = terminal->number};
    int certificate = kind == ANSHIN_REISSUE_CERTIFICATE;
    const char *token, *key;
    json_t *data;
    apr_status_t rv;

    record.expires_at = op->now + op->contract->policy.link_lifetime;
    if ((rv = anshin_reissue_address_mac(op, terminal->address, &record.code_mac)) != APR_SUCCESS ||
        (rv = anshin_token_create(op, txn, account, &record, &token, &key)) != APR_SUCCESS) {
        return rv;
    }
    data = json_pack("{s:s, s:i}", "url",
                     apr_pstrcat(op->pool, op->contract->portal_origin, op->contract->portal_base,
                                 certificate ? "/reissue/certificate/prove?t=" : "/reissue/password/prove?t=", token,
                                 NULL),
                     "minutes", (int)(apr_time_sec(op->contract->policy.link_lifetime) / 60));
    rv = data ? anshin_mail_add(op, txn, certificate ? "certificate-reissue" : "password-reissue", account,
                                terminal->address, ANSHIN_MAIL_STRANGER, data)
              : anshin_fail(&op->error, ANSHIN_EFAULT, "AN0197", "reissue: out of memory");
    json_decref(data);
    return rv;
}

static apr_status_t process_in(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind, const char *user,
                               const char *address)
{
    const char *canonical = anshin_user_canonical(user, op->pool);
    anshin_account_t account;
    anshin_terminal_t terminal;
    apr_status_t rv = canonical ? anshin_account_get(op, txn, canonical, &account) : ANSHIN_ENOTFOUND;

    if (rv == APR_SUCCESS && !anshin_reissue_allowed(op, kind, &account)) {
        rv = ANSHIN_ENOTFOUND;
    }
    if (rv != APR_SUCCESS || (rv = find_terminal(op, txn, &account, address, &terminal)) != APR_SUCCESS ||
        (rv = anshin_mail_room(op, txn, &account, terminal.address, ANSHIN_MAIL_STRANGER)) != APR_SUCCESS ||
        (rv = paused(op, txn, kind, &account)) != APR_SUCCESS) {
        return rv == ANSHIN_ENOTFOUND || rv == ANSHIN_EDENIED ? APR_SUCCESS : rv;
    }
    return send_link(op, txn, kind, &account, &terminal);
}

/* What was typed, out of its sealed blob. A blob that is gone belongs to a request that was processed. */
static apr_status_t open_request(anshin_op_t *op, const anshin_job_t *job, const char **user, const char **address)
{
    anshin_bytes_t text;
    json_t *json;
    apr_status_t rv = anshin_secret_blob_get(op, &text, "reissue", job->blob);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    json = anshin_secret_json(op, &text);
    *user = apr_pstrdup(op->pool, json_string_value(json_object_get(json, "user")));
    *address = apr_pstrdup(op->pool, json_string_value(json_object_get(json, "address")));
    json_decref(json);
    return *user && *address ? APR_SUCCESS
                             : anshin_fail(&op->error, ANSHIN_EFAULT, "AN0198", "reissue: a request cannot be read");
}

apr_status_t anshin_reissue_process(anshin_op_t *op, const anshin_job_t *job, const char *key, const char *worker)
{
    anshin_reissue_kind_t kind =
        job->kind == ANSHIN_JOB_PASSWORD_REQUEST ? ANSHIN_REISSUE_PASSWORD : ANSHIN_REISSUE_CERTIFICATE;
    const char *user = NULL, *address = NULL;
    anshin_txn_t *txn;
    apr_status_t rv = open_request(op, job, &user, &address);

    if ((rv != APR_SUCCESS && rv != ANSHIN_ENOTFOUND) ||
        (rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    rv = user ? process_in(op, txn, kind, user, address) : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        rv = anshin_job_finish(op, txn, key, worker);
    }
    anshin_txn_wipe(txn, job->blob);
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}
