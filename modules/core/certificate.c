/*
 * Certificates: what the store knows of them, and what that makes of a connection's certificate.
 *
 * SECURITY: decides who counts as holder of a certificate. What the TLS layer found is a condition, never enough:
 * serial and fingerprint must be known, active, of this contract, and the current ones of their terminal (S20).
 */
#include "core/certificate.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account.h"
#include "core/download.h"
#include "core/session.h"

const char *anshin_verdict_name(anshin_certificate_verdict_t verdict)
{
    static const char *const names[] = {"good",    "none",       "expired", "not_yet",
                                        "foreign", "unsuitable", "revoked", "unknown"};

    return (unsigned)verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "unknown";
}

/* What the certificate shows by itself. */
static apr_status_t judge_peer(anshin_op_t *op, const anshin_peer_t *peer, anshin_certificate_verdict_t *verdict)
{
    switch (peer->state) {
    case ANSHIN_PEER_NONE:
        *verdict = ANSHIN_VERDICT_NONE;
        return APR_SUCCESS;
    case ANSHIN_PEER_GOOD: /* the connection may have outlived it */
        *verdict = peer->not_after < op->now ? ANSHIN_VERDICT_EXPIRED : ANSHIN_VERDICT_GOOD;
        return APR_SUCCESS;
    case ANSHIN_PEER_EXPIRED:
        *verdict = ANSHIN_VERDICT_EXPIRED;
        return APR_SUCCESS;
    case ANSHIN_PEER_NOT_YET_VALID:
        *verdict = ANSHIN_VERDICT_NOT_YET;
        return APR_SUCCESS;
    case ANSHIN_PEER_FOREIGN:
        *verdict = ANSHIN_VERDICT_FOREIGN;
        return APR_SUCCESS;
    case ANSHIN_PEER_UNSUITABLE:
        *verdict = ANSHIN_VERDICT_UNSUITABLE;
        return APR_SUCCESS;
    case ANSHIN_PEER_FAULT:
        break;
    }
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0150", "the client certificate could not be checked");
}

/* Is it the current certificate of a terminal that is still there, of the very account that it was issued to? */
static apr_status_t is_current(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *record, int *current)
{
    anshin_account_t account;
    anshin_terminal_t terminal;
    apr_status_t rv = anshin_account_get_owner(op, txn, record->user, record->account, record->issued_at, &account);

    if (rv == APR_SUCCESS) {
        rv = anshin_terminal_get(op, txn, record->user, record->terminal, &terminal);
    }
    *current = rv == APR_SUCCESS && terminal.certificate && strcmp(terminal.certificate, record->serial) == 0;
    return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
}

apr_status_t anshin_certificate_judge(anshin_op_t *op, anshin_txn_t *txn, const anshin_peer_t *peer,
                                      anshin_certificate_verdict_t *verdict, anshin_certificate_t *record)
{
    int current = 0;
    apr_status_t rv = judge_peer(op, peer, verdict);

    memset(record, 0, sizeof(*record));
    if (rv != APR_SUCCESS || *verdict != ANSHIN_VERDICT_GOOD) {
        return rv;
    }
    *verdict = ANSHIN_VERDICT_UNKNOWN;
    rv = peer->serial[0] ? anshin_txn_get(txn, &anshin_record_certificate, peer->serial, record) : ANSHIN_ENOTFOUND;
    if (rv == ANSHIN_ENOTFOUND) {
        return APR_SUCCESS;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!record->fingerprint || strcmp(record->fingerprint, peer->fingerprint) != 0 || !record->contract ||
        strcmp(record->contract, op->contract->name) != 0) {
        memset(record, 0, sizeof(*record)); /* another contract's: not to be told here */
        return APR_SUCCESS;
    }
    if (record->state == ANSHIN_CERTIFICATE_REVOKED) {
        *verdict = ANSHIN_VERDICT_REVOKED;
        return APR_SUCCESS;
    }
    if ((rv = is_current(op, txn, record, &current)) != APR_SUCCESS) {
        return rv;
    }
    if (current && record->state == ANSHIN_CERTIFICATE_ACTIVE) {
        *verdict = ANSHIN_VERDICT_GOOD;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_certificate_verdict(anshin_op_t *op, const anshin_peer_t *peer,
                                        anshin_certificate_verdict_t *verdict)
{
    anshin_certificate_t record;
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (rv == APR_SUCCESS) {
        rv = anshin_certificate_judge(op, txn, peer, verdict, &record);
        anshin_txn_abort(txn);
    }
    return rv;
}

/* The terminal loses the certificate, and what waits for download of it goes. */
static apr_status_t detach(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *record)
{
    anshin_terminal_t terminal;
    anshin_download_t download;
    apr_status_t rv = anshin_terminal_get(op, txn, record->user, record->terminal, &terminal);

    if (rv == APR_SUCCESS && terminal.certificate && strcmp(terminal.certificate, record->serial) == 0) {
        terminal.certificate = NULL;
        rv = anshin_terminal_put(op, txn, &terminal);
    }
    if (rv != APR_SUCCESS && rv != ANSHIN_ENOTFOUND) {
        return rv;
    }
    rv = anshin_txn_get(txn, &anshin_record_download, anshin_terminal_key(op, record->user, record->terminal),
                        &download);
    if (rv == APR_SUCCESS && download.serial && strcmp(download.serial, record->serial) == 0) {
        return anshin_download_finish_in(op, txn, record->user, record->terminal);
    }
    return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
}

static apr_status_t revoke_in(anshin_op_t *op, anshin_txn_t *txn, const char *serial, int reason)
{
    anshin_session_match_t match = {.serial = serial};
    anshin_certificate_t record;
    apr_status_t rv = anshin_txn_get(txn, &anshin_record_certificate, serial, &record);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (strcmp(record.contract, op->contract->name) != 0) {
        return ANSHIN_ENOTFOUND;
    }
    if (record.state == ANSHIN_CERTIFICATE_REVOKED) {
        return ANSHIN_ECONFLICT;
    }
    record.state = ANSHIN_CERTIFICATE_REVOKED;
    record.revoked_at = op->now;
    record.reason = reason;
    if ((rv = anshin_txn_put(txn, &anshin_record_certificate, serial, &record)) != APR_SUCCESS ||
        (rv = detach(op, txn, &record)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_sessions_end(op, txn, record.user, &match, NULL);
}

apr_status_t anshin_certificate_revoke(anshin_op_t *op, const char *serial, int reason)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    return rv == APR_SUCCESS ? anshin_txn_end(txn, revoke_in(op, txn, serial, reason), ANSHIN_DURABLE) : rv;
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
static apr_status_t find_active(anshin_op_t *op, active_t *active)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (rv == APR_SUCCESS) {
        rv = anshin_txn_each(txn, &anshin_record_certificate, "", collect_active, active);
        anshin_txn_abort(txn);
    }
    return rv;
}

/* And what the worker has issued since, which the terminals name. */
static apr_status_t find_newest(anshin_op_t *op, anshin_txn_t *txn, active_t *active)
{
    apr_array_header_t *terminals = NULL;
    anshin_account_t account;
    apr_status_t rv = anshin_account_get(op, txn, active->user, &account);

    if (rv == APR_SUCCESS) {
        rv = anshin_account_terminals(op, txn, &account, &terminals);
    }
    for (int i = 0; rv == APR_SUCCESS && i < terminals->nelts; i++) {
        const char *serial = APR_ARRAY_IDX(terminals, i, anshin_terminal_t).certificate;
        anshin_certificate_t record;

        if (serial != NULL && (rv = anshin_txn_get(txn, &anshin_record_certificate, serial, &record)) == APR_SUCCESS) {
            rv = collect_active(active, serial, &record);
        }
        rv = rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
    }
    return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
}

/* One that was found twice, or was revoked meanwhile, is none of ours. */
static apr_status_t revoke_found(anshin_op_t *op, anshin_txn_t *txn, const active_t *found, int reason,
                                 apr_array_header_t *revoked)
{
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; rv == APR_SUCCESS && i < found->serials->nelts; i++) {
        const char *serial = APR_ARRAY_IDX(found->serials, i, const char *);

        rv = revoke_in(op, txn, serial, reason);
        if (rv == APR_SUCCESS) {
            APR_ARRAY_PUSH(revoked, const char *) = serial;
        }
        rv = rv == ANSHIN_ECONFLICT || rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
    }
    return rv == APR_SUCCESS && revoked->nelts == 0 ? ANSHIN_ENOTFOUND : rv;
}

apr_status_t anshin_certificates_revoke(anshin_op_t *op, const char *user, int reason, apr_array_header_t **serials)
{
    active_t found = {op, user, apr_array_make(op->pool, 4, sizeof(const char *))};
    anshin_txn_t *txn;
    apr_status_t rv = find_active(op, &found);

    *serials = apr_array_make(op->pool, 4, sizeof(const char *));
    if (rv != APR_SUCCESS || (rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    rv = find_newest(op, txn, &found);
    if (rv == APR_SUCCESS) {
        rv = revoke_found(op, txn, &found, reason, *serials);
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

apr_status_t anshin_certificate_end_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal,
                                       int reason)
{
    apr_status_t rv = terminal->certificate ? revoke_in(op, txn, terminal->certificate, reason) : APR_SUCCESS;

    return rv == ANSHIN_ECONFLICT || rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
}
