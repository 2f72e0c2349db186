/*
 * Requests for a reissue, and what the worker makes of them.
 *
 * SECURITY: faces everybody. Whatever is typed is sealed and queued, at the same cost; the mail alone tells whether it
 * fits (S8).
 */
#include "core/selfservice/reissue_request.h"

#include <apr_strings.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/account/lockout.h"
#include "core/base/address.h"
#include "core/context/expiry.h"
#include "core/context/secret.h"
#include "core/mail/job.h"
#include "core/mail/mail.h"
#include "core/mail/mail_way.h"
#include "core/selfservice/id_mail.h"
#include "core/selfservice/resend.h"

#define WAITING_MAX 10000 /* requests of a contract in the queue before new ones are refused (S32) */

/* What each kind is made of. */
typedef struct asked_t {
    anshin_reissue_kind_t kind;
    anshin_job_kind_t job;
    const char *template; /* of the mail with the link */
    const char *page;     /* that the link leads to */
} asked_t;
static const asked_t asked[] = {
    {ANSHIN_REISSUE_PASSWORD, ANSHIN_JOB_PASSWORD_REQUEST, "password-reissue", "/reissue/password/prove"},
    {ANSHIN_REISSUE_CERTIFICATE, ANSHIN_JOB_CERTIFICATE_REQUEST, "certificate-reissue", "/reissue/certificate/prove"},
    {ANSHIN_REISSUE_LOST, ANSHIN_JOB_LOST_REQUEST, "lost-device", "/lost/prove"},
    {ANSHIN_REISSUE_RESEND, ANSHIN_JOB_RESEND_REQUEST, NULL, NULL}, /* resend.h makes its mail, */
    {ANSHIN_REISSUE_ID, ANSHIN_JOB_ID_REQUEST, NULL, NULL}};        /* and id_mail.h this one's */
enum { ASKED = sizeof asked / sizeof asked[0] };

static const asked_t *asked_of(anshin_reissue_kind_t kind)
{
    int i = 0;

    while (i < ASKED - 1 && asked[i].kind != kind) {
        i++;
    }
    return &asked[i];
}

/* NULL: a job of another kind. */
static const asked_t *asked_by(const anshin_job_t *job)
{
    for (int i = 0; i < ASKED; i++) {
        if (job->kind == (apr_int64_t)asked[i].job) {
            return &asked[i];
        }
    }
    return NULL;
}

typedef struct request_t {
    anshin_job_kind_t job;
    const char *text; /* what was typed, as JSON */
} request_t;

/* Whether there is room comes first, so that what is refused costs next to nothing. */
static apr_status_t queue_request(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const request_t *request = baton;
    anshin_job_t job = {.kind = request->job};
    apr_int64_t waiting;
    int told;
    apr_status_t status = anshin_address_check(op, txn, &told);

    if (status != APR_SUCCESS || (status = anshin_address_count(op, txn)) != APR_SUCCESS ||
        (status = anshin_jobs_requests(op, txn, WAITING_MAX, &waiting)) != APR_SUCCESS) {
        return status;
    }
    if (waiting >= WAITING_MAX) {
        return anshin_fail(&op->error, ANSHIN_EBUSY, "AN0195", "%d requests for a reissue wait already", WAITING_MAX);
    }
    status = anshin_secret_blob_put(op, txn, &job.blob, "reissue", request->text, strlen(request->text));
    return status == APR_SUCCESS ? anshin_job_add(op, txn, &job) : status;
}

apr_status_t anshin_reissue_request(anshin_op_t *op, anshin_reissue_kind_t kind, const char *user, const char *address)
{
    json_t *particulars = json_pack("{s:s, s:s}", "user", user, "address", address);
    char *text = particulars ? json_dumps(particulars, JSON_COMPACT) : NULL;
    request_t request = {asked_of(kind)->job, text};
    apr_status_t status;

    json_decref(particulars);
    if (!text) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0196", "reissue: out of memory, or a field is not UTF-8");
    }
    op->asked = 1;
    status = anshin_op_write(op, ANSHIN_DURABLE, queue_request, &request);
    anshin_secret_wipe(op, text);
    free(text);
    return status;
}

/* The terminals of the account whose address was typed: of anshin_terminal_t. */
static apr_status_t find_terminals(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                   const char *address, apr_array_header_t **found)
{
    apr_array_header_t *terminals;
    apr_status_t status = anshin_account_terminals(op, txn, account, &terminals);

    *found = apr_array_make(op->pool, 4, sizeof(anshin_terminal_t));
    address = anshin_address_typed(address, op->pool);
    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        if (terminal->address && anshin_address_same(terminal->address, address)) {
            APR_ARRAY_PUSH(*found, anshin_terminal_t) = *terminal;
        }
    }
    return status;
}

/* When such a link was last mailed to an account, and which: the key of its token. */
static const char *mailed_key(anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account)
{
    return apr_psprintf(op->pool, "reissue/%s/%s/%d", op->contract->name, account->number, (int)kind);
}

apr_status_t anshin_reissue_mailed(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind,
                                   const anshin_account_t *account, anshin_fact_t *fact)
{
    return anshin_txn_get(txn, &anshin_record_fact, mailed_key(op, kind, account), fact);
}

apr_status_t anshin_reissue_mailed_moved(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind,
                                         const anshin_account_t *account, const char *key)
{
    anshin_fact_t fact;
    apr_status_t status = anshin_reissue_mailed(op, txn, kind, account, &fact);

    fact.value = key;
    return status == APR_SUCCESS ? anshin_txn_put(txn, &anshin_record_fact, mailed_key(op, kind, account), &fact)
                                 : status;
}

/* One mail in a while, however often it is asked for; for as long as the link in it can be followed: who has used it,
 * and needs another one, gets it at once (U09). */
static apr_status_t paused(anshin_op_t *op, anshin_txn_t *txn, const char *mailed)
{
    anshin_fact_t fact;
    int works = 1;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, mailed, &fact);

    if (status != APR_SUCCESS || fact.at + ANSHIN_REISSUE_PAUSE <= op->now) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (fact.value != NULL) { /* facts of before do not say */
        status = anshin_reissue_link_works(op, txn, fact.value, &works);
    }
    return status == APR_SUCCESS && works ? ANSHIN_ENOTFOUND : status;
}

static apr_status_t note_mailed(anshin_op_t *op, anshin_txn_t *txn, const char *mailed, const char *key)
{
    anshin_fact_t fact;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, mailed, &fact);

    if (status == ANSHIN_ENOTFOUND) {
        status = anshin_expiry_file(op, txn, &anshin_record_fact, mailed, op->now + ANSHIN_KEEP_REQUEST);
    }
    fact = (anshin_fact_t){.value = key, .at = op->now};
    return status == APR_SUCCESS ? anshin_txn_put(txn, &anshin_record_fact, mailed, &fact) : status;
}

static apr_status_t send_way(anshin_op_t *op, anshin_txn_t *txn, const asked_t *wanted, const anshin_account_t *account,
                             const anshin_terminal_t *terminal, json_t *data)
{
    anshin_token_t record = {.kind = (anshin_token_kind_t)wanted->kind, .terminal = terminal->number};
    const anshin_mail_new_t mail = {wanted->template, account, terminal->address, ANSHIN_MAIL_STRANGER, data, 0, NULL};
    const char *key;
    apr_status_t status;

    record.expires_at = op->now + op->contract->policy.link_lifetime;
    if ((status = anshin_reissue_address_mac(op, terminal->address, &record.code_mac)) != APR_SUCCESS ||
        (status = anshin_mail_way(op, txn, account, &record, wanted->page, data, "url", &key)) != APR_SUCCESS ||
        (status = note_mailed(op, txn, mailed_key(op, wanted->kind, account), key)) != APR_SUCCESS) {
        return status;
    }
    return anshin_mail_add(op, txn, &mail);
}

static apr_status_t send_link(anshin_op_t *op, anshin_txn_t *txn, const asked_t *wanted,
                              const anshin_account_t *account, const anshin_terminal_t *terminal)
{
    json_t *data = json_pack("{s:i}", "minutes", (int)(apr_time_sec(op->contract->policy.link_lifetime) / 60));
    apr_status_t status = data != NULL ? send_way(op, txn, wanted, account, terminal, data)
                                       : anshin_fail(&op->error, ANSHIN_EFAULT, "AN0197", "reissue: out of memory");

    json_decref(data);
    return status;
}

/* A link to a page where the person proves more. */
static apr_status_t answer_link(anshin_op_t *op, anshin_txn_t *txn, const asked_t *wanted,
                                const anshin_account_t *account, const anshin_terminal_t *terminal)
{
    apr_status_t status = anshin_mail_room(op, txn, account, terminal->address, ANSHIN_MAIL_STRANGER);

    status = status == APR_SUCCESS ? paused(op, txn, mailed_key(op, wanted->kind, account)) : status;
    return status == APR_SUCCESS ? send_link(op, txn, wanted, account, terminal) : status;
}

/* What waits at terminals of this address is mailed once more. Where nothing waits that a link would lead to, a new
 * certificate is the way on (HLP-18): its link asks for the proof that only its own pages can (S11). */
static apr_status_t answer_resend(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                  const apr_array_header_t *terminals)
{
    const anshin_terminal_t *first = &APR_ARRAY_IDX(terminals, 0, anshin_terminal_t);
    int waits = 0;

    for (int i = 0; i < terminals->nelts; i++) {
        anshin_resend_outcome_t outcome;
        apr_status_t status = anshin_resend_in(op, txn, account, &APR_ARRAY_IDX(terminals, i, anshin_terminal_t),
                                               ANSHIN_MAIL_STRANGER, &outcome);

        if (status != APR_SUCCESS) {
            return status;
        }
        waits |= outcome != ANSHIN_RESEND_NOTHING;
    }
    /* A code of a reissue would count only in a browser that asked for one (NOM-1). */
    return waits || !op->contract->policy.mail_links || !anshin_reissue_allowed(op, ANSHIN_REISSUE_CERTIFICATE, account)
               ? APR_SUCCESS
               : answer_link(op, txn, asked_of(ANSHIN_REISSUE_CERTIFICATE), account, first);
}

/* To whoever typed an ID. */
static apr_status_t answer_user(anshin_op_t *op, anshin_txn_t *txn, const asked_t *wanted, const char *user,
                                const char *address)
{
    anshin_account_t account;
    apr_array_header_t *terminals;
    apr_status_t status = anshin_account_get_typed(op, txn, user, &account);

    if (status == APR_SUCCESS && !anshin_reissue_allowed(op, wanted->kind, &account)) {
        status = ANSHIN_ENOTFOUND;
    }
    if (status == APR_SUCCESS) {
        status = find_terminals(op, txn, &account, address, &terminals);
    }
    if (status == APR_SUCCESS && terminals->nelts > 0) {
        status = wanted->kind == ANSHIN_REISSUE_RESEND
                     ? answer_resend(op, txn, &account, terminals)
                     : answer_link(op, txn, wanted, &account, &APR_ARRAY_IDX(terminals, 0, anshin_terminal_t));
    }
    return status;
}

/* What was typed, out of its sealed blob. A blob that is gone belongs to a request that was processed. */
static apr_status_t open_request(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job, const char **user,
                                 const char **address)
{
    anshin_bytes_t text;
    json_t *json;
    apr_status_t status = anshin_secret_blob_get(op, txn, &text, "reissue", job->blob);

    if (status != APR_SUCCESS) {
        return status;
    }
    json = anshin_secret_json(op, &text);
    *user = apr_pstrdup(op->pool, json_string_value(json_object_get(json, "user")));
    *address = apr_pstrdup(op->pool, json_string_value(json_object_get(json, "address")));
    json_decref(json);
    return *user && *address ? APR_SUCCESS
                             : anshin_fail(&op->error, ANSHIN_EFAULT, "AN0198", "reissue: a request cannot be read");
}

int anshin_reissue_request_names(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job, const char *user,
                                 const apr_array_header_t *addresses)
{
    const char *canonical, *typed, *typed_user, *typed_address;

    if (asked_by(job) == NULL || strcmp(job->contract, op->contract->name) != 0 ||
        open_request(op, txn, job, &typed_user, &typed_address) != APR_SUCCESS) {
        return 0;
    }
    canonical = anshin_user_canonical(typed_user, op->pool);
    if (canonical && strcmp(canonical, user) == 0) {
        return 1;
    }
    typed = anshin_address_typed(typed_address, op->pool);
    for (int i = 0; i < addresses->nelts; i++) {
        if (anshin_address_same(APR_ARRAY_IDX(addresses, i, const char *), typed)) {
            return 1;
        }
    }
    return 0;
}

/* A request in hand. */
typedef struct processing_t {
    const anshin_job_t *job;
    const char *key;
    const char *worker;
    const char *first; /* whom the address leads to; NULL: nobody, mailed a moment ago, or not asked */
} processing_t;

/* Whom an address leads to, before anybody is locked: the index comes behind its users (core/store/owner.h). */
static apr_status_t find_first(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    processing_t *processing = baton;
    const char *user, *address;
    apr_status_t status = open_request(op, txn, processing->job, &user, &address);

    processing->first = NULL;
    if (status == APR_SUCCESS) {
        status = anshin_id_mail_first(op, txn, anshin_address_typed(address, op->pool), &processing->first);
    }
    return status == ANSHIN_ENOTFOUND || status == ANSHIN_EDENIED ? APR_SUCCESS : status;
}

static apr_status_t answer_address(anshin_op_t *op, anshin_txn_t *txn, const processing_t *processing,
                                   const char *address)
{
    return processing->first != NULL
               ? anshin_id_mail_in(op, txn, anshin_address_typed(address, op->pool), processing->first)
               : ANSHIN_ENOTFOUND;
}

/* A request that leads nowhere is answered as well. */
static apr_status_t answer(anshin_op_t *op, anshin_txn_t *txn, const processing_t *processing, const char *user,
                           const char *address)
{
    const asked_t *wanted = asked_by(processing->job);
    apr_status_t status;

    if (wanted == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1285", "reissue: a job of another kind");
    }
    status = wanted->kind == ANSHIN_REISSUE_ID ? answer_address(op, txn, processing, address)
                                               : answer_user(op, txn, wanted, user, address);
    return status == ANSHIN_ENOTFOUND || status == ANSHIN_EDENIED ? APR_SUCCESS : status;
}

static apr_status_t process_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const processing_t *processing = baton;
    const anshin_job_t *job = processing->job;
    const char *user = NULL, *address = NULL;
    apr_status_t status = open_request(op, txn, job, &user, &address);

    anshin_txn_wipe(txn, job->blob);
    if (status == APR_SUCCESS) {
        status = answer(op, txn, processing, user, address);
    }
    return status == APR_SUCCESS || (status == ANSHIN_ENOTFOUND && user == NULL)
               ? anshin_job_finish(txn, processing->key, processing->worker)
               : status;
}

apr_status_t anshin_reissue_process(anshin_op_t *op, const anshin_job_t *job, const char *key, const char *worker)
{
    processing_t processing = {job, key, worker, NULL};
    apr_status_t status =
        job->kind == ANSHIN_JOB_ID_REQUEST ? anshin_op_read(op, find_first, &processing) : APR_SUCCESS;

    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, process_in, &processing) : status;
}
