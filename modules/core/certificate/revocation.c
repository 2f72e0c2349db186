/*
 * Revocation: see revocation.h.
 */
#include "core/certificate/revocation.h"
#include "core/context/own.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/account.h"
#include "core/account/session.h"
#include "core/certificate/certificate.h"
#include "core/certificate/download.h"
#include "core/certificate/reminder.h"
#include "core/certificate/ocsp.h"
#include "core/mail/event.h"

const anshin_word_t anshin_reason_words[] = {
#define WORD(member, value, name) {name, ANSHIN_REASON_##member},
#include "core/certificate/reason.def"
#undef WORD
    {NULL, 0}};

static int same(const char *a, const char *b)
{
    return a != NULL && strcmp(a, b) == 0;
}

/* The terminal loses the certificate. *present: it was not the one to follow. */
static apr_status_t detach_terminal(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *record,
                                    int *present)
{
    anshin_terminal_t terminal;
    apr_status_t status = anshin_terminal_get(op, txn, record->user, record->terminal, &terminal);

    *present = status == APR_SUCCESS && same(terminal.certificate, record->serial);
    if (status != APR_SUCCESS || !anshin_certificate_counts(&terminal, record->serial)) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    *(*present ? &terminal.certificate : &terminal.renewing) = NULL;
    return anshin_terminal_put(op, txn, &terminal);
}

/* And what waits for download of it goes; so does a renewal of it that is not made yet, which it was to prove. */
static apr_status_t detach(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *record)
{
    anshin_download_t download = {.serial = NULL};
    int present;
    apr_status_t status = detach_terminal(op, txn, record, &present);

    if (status == APR_SUCCESS) {
        status = anshin_txn_get(txn, &anshin_record_download, anshin_terminal_key(op, record->user, record->terminal),
                                &download);
    }
    if (status == APR_SUCCESS &&
        (same(download.serial, record->serial) || (present && download.renewal && download.serial == NULL))) {
        return anshin_download_finish_in(op, txn, record->user, record->terminal);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

static apr_status_t revoke_in(anshin_op_t *op, anshin_txn_t *txn, const char *serial, int reason)
{
    anshin_session_match_t match = {.serial = serial};
    anshin_event_t event = {.act = ANSHIN_ACT_CERTIFICATE_REVOKED, .serial = serial};
    anshin_certificate_t record;
    apr_status_t status = anshin_own_get(op, txn, &anshin_record_certificate, serial, &record);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (record.state == ANSHIN_CERTIFICATE_REVOKED) {
        return ANSHIN_ECONFLICT;
    }
    record.state = ANSHIN_CERTIFICATE_REVOKED;
    record.revoked_at = op->now;
    record.reason = reason;
    if ((status = anshin_txn_put(txn, &anshin_record_certificate, serial, &record)) != APR_SUCCESS ||
        (status = anshin_revoked_tell(op, txn, serial)) != APR_SUCCESS ||
        (status = anshin_ocsp_ahead(op, txn, serial)) != APR_SUCCESS ||
        (status = detach(op, txn, &record)) != APR_SUCCESS ||
        (status = anshin_sessions_end_in(op, txn, record.user, &match, NULL)) != APR_SUCCESS) {
        return status;
    }
    event.user = record.user;
    event.number = record.account;
    event.terminal = record.terminal;
    event.reason = anshin_word_name(anshin_reason_words, reason, NULL);
    return anshin_event(op, txn, &event);
}

typedef struct revoking_t {
    const char *serial;
    int reason;
} revoking_t;

static apr_status_t revoke_one(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const revoking_t *revoking = baton;
    apr_status_t status = revoke_in(op, txn, revoking->serial, revoking->reason);

    return status == APR_SUCCESS ? anshin_certificate_file_present(op, txn, revoking->serial) : status;
}

apr_status_t anshin_certificate_revoke(anshin_op_t *op, const char *serial, int reason)
{
    revoking_t revoking = {serial, reason};

    return anshin_op_write(op, ANSHIN_DURABLE, revoke_one, &revoking);
}

/* --- all of a user ---------------------------------------------------------------------------------------------- */

typedef struct active_t {
    const anshin_op_t *op;
    const char *user;
    apr_array_header_t *serials;
} active_t;

static apr_status_t collect_active(void *baton, const char *key, const void *record)
{
    const active_t *active = baton;
    const anshin_certificate_t *certificate = record;

    if (certificate->contract != NULL && strcmp(certificate->contract, active->op->contract->name) == 0 &&
        certificate->user != NULL && strcmp(certificate->user, active->user) == 0 &&
        certificate->state == ANSHIN_CERTIFICATE_ACTIVE && certificate->not_after >= active->op->now) {
        APR_ARRAY_PUSH(active->serials, const char *) = apr_pstrdup(active->op->pool, key);
    }
    return APR_SUCCESS;
}

/* Those of the store as it is now, by a walk that keeps no writer waiting. */
static apr_status_t find_active(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const active_t *active = baton;

    (void)op;
    apr_array_clear(active->serials);
    return anshin_txn_each(txn, &anshin_record_certificate, "", collect_active, baton);
}

static apr_status_t find_one(anshin_txn_t *txn, active_t *active, const char *serial)
{
    anshin_certificate_t record;
    apr_status_t status =
        serial != NULL ? anshin_txn_get(txn, &anshin_record_certificate, serial, &record) : ANSHIN_ENOTFOUND;

    if (status == APR_SUCCESS) {
        return collect_active(active, serial, &record);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* And what the worker has issued since, which the terminals name. */
static apr_status_t find_newest(anshin_op_t *op, anshin_txn_t *txn, active_t *active)
{
    apr_array_header_t *terminals = NULL;
    anshin_account_t account;
    apr_status_t status = anshin_account_get(op, txn, active->user, &account);

    if (status == APR_SUCCESS) {
        status = anshin_account_terminals(op, txn, &account, &terminals);
    }
    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);

        status = find_one(txn, active, terminal->certificate);
        status = status == APR_SUCCESS ? find_one(txn, active, terminal->renewing) : status;
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* One that was found twice, or that somebody else has revoked meanwhile, is passed over. */
static apr_status_t revoke_found(anshin_op_t *op, anshin_txn_t *txn, const active_t *found, int reason,
                                 apr_array_header_t *revoked)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < found->serials->nelts; i++) {
        const char *serial = APR_ARRAY_IDX(found->serials, i, const char *);

        status = revoke_in(op, txn, serial, reason);
        if (status == APR_SUCCESS) {
            APR_ARRAY_PUSH(revoked, const char *) = serial;
        }
        status = status == ANSHIN_ECONFLICT || status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status == APR_SUCCESS && revoked->nelts == 0 ? ANSHIN_ENOTFOUND : status;
}

typedef struct revoking_all_t {
    active_t found; /* by a walk before */
    int reason;
    apr_array_header_t *revoked;
} revoking_all_t;

static apr_status_t revoke_all(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const revoking_all_t *all = baton;
    active_t found = {op, all->found.user, apr_array_copy(op->pool, all->found.serials)};
    apr_status_t status = find_newest(op, txn, &found);

    apr_array_clear(all->revoked);
    return status == APR_SUCCESS ? revoke_found(op, txn, &found, all->reason, all->revoked) : status;
}

apr_status_t anshin_certificates_revoke(anshin_op_t *op, const char *user, int reason, apr_array_header_t **serials)
{
    revoking_all_t all = {{op, user, apr_array_make(op->pool, 4, sizeof(const char *))},
                          reason,
                          apr_array_make(op->pool, 4, sizeof(const char *))};
    apr_status_t status = anshin_op_read(op, find_active, &all.found);

    *serials = all.revoked;
    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, revoke_all, &all) : status;
}

static apr_status_t end_one(anshin_op_t *op, anshin_txn_t *txn, const char *serial, int reason)
{
    apr_status_t status = serial != NULL ? revoke_in(op, txn, serial, reason) : APR_SUCCESS;

    return status == ANSHIN_ECONFLICT || status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_certificate_supersede_in(anshin_op_t *op, anshin_txn_t *txn, const char *serial)
{
    return end_one(op, txn, serial, ANSHIN_REASON_SUPERSEDED);
}

apr_status_t anshin_certificate_lapse_in(anshin_op_t *op, anshin_txn_t *txn, const char *serial)
{
    apr_status_t status = end_one(op, txn, serial, ANSHIN_REASON_SUPERSEDED);

    return status == APR_SUCCESS && serial != NULL ? anshin_certificate_file_present(op, txn, serial) : status;
}

apr_status_t anshin_certificates_end_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal,
                                        int reason)
{
    apr_status_t status = end_one(op, txn, terminal->certificate, reason);

    return status == APR_SUCCESS ? end_one(op, txn, terminal->renewing, reason) : status;
}
