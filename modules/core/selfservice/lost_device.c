/*
 * Lost devices: see lost_device.h.
 *
 * SECURITY: the proof lies in the store, in the record of the flow; the link alone lists and revokes nothing.
 */
#include "core/selfservice/lost_device.h"

#include <string.h>

#include "core/account/session.h"
#include "core/base/label.h"
#include "core/certificate/certificate.h"
#include "core/certificate/download.h"
#include "core/certificate/renewal.h"
#include "core/certificate/revocation.h"
#include "core/context/rehearsal.h"
#include "core/mail/event.h"

/* --- the proof --- */

typedef struct proving_t {
    const char *token;
    anshin_link_t found; /* as it was before the proof */
} proving_t;

static apr_status_t find_link(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    proving_t *proving = baton;

    return anshin_reissue_find_in(op, txn, ANSHIN_REISSUE_LOST, proving->token, &proving->found);
}

static apr_status_t proven(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const proving_t *proving = baton;
    anshin_link_t found;
    apr_status_t status =
        anshin_reissue_find_proven(op, txn, ANSHIN_REISSUE_LOST, proving->token, &proving->found, &found);

    if (status == APR_SUCCESS && anshin_reissue_proof_of(op, ANSHIN_REISSUE_LOST) == ANSHIN_PROOF_CODE) {
        anshin_reissue_end_code(&found.account);
        status = anshin_account_put(op, txn, &found.account);
    }
    return status == APR_SUCCESS ? anshin_flow_reach(op, txn, ANSHIN_STAGE_CODE_OK, found.account.user, 0) : status;
}

apr_status_t anshin_lost_device_prove(anshin_op_t *op, const char *token, const anshin_reissue_typed_t *typed,
                                      anshin_reauthentication_t *proof)
{
    proving_t proving = {.token = token};
    apr_status_t status = anshin_op_read(op, find_link, &proving);

    memset(proof, 0, sizeof(*proof));
    if (status == APR_SUCCESS) {
        status = anshin_reissue_prove(op, ANSHIN_REISSUE_LOST, &proving.found.account, typed, proof);
    }
    return status == APR_SUCCESS && proof->right ? anshin_op_write(op, ANSHIN_DURABLE, proven, &proving) : status;
}

/* --- the choice --- */

/* The link of a flow whose person has proven to be the account's. */
static apr_status_t find_proven(anshin_op_t *op, anshin_txn_t *txn, anshin_flow_t *flow, anshin_link_t *found)
{
    apr_status_t status = anshin_reissue_find_in(op, txn, ANSHIN_REISSUE_LOST, flow->token, found);

    if (status != APR_SUCCESS || (status = anshin_flow_find_in(op, txn, flow)) != APR_SUCCESS) {
        return status;
    }
    return flow->kind == ANSHIN_FLOW_LOST_DEVICE && flow->stage == ANSHIN_STAGE_CODE_OK &&
                   strcmp(found->account.user, flow->user) == 0
               ? APR_SUCCESS
               : ANSHIN_EDENIED;
}

/* What a terminal has to revoke. ANSHIN_ENOTFOUND: nothing. */
static apr_status_t look_at(anshin_op_t *op, anshin_txn_t *txn, anshin_lost_device_t *device)
{
    anshin_terminal_parts_t parts;
    apr_status_t status = anshin_terminal_parts(op, txn, &device->terminal, &parts);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (parts.has_certificate && anshin_certificate_standing(&parts.certificate, op->now) == ANSHIN_STANDING_ACTIVE) {
        device->name = parts.certificate.name;
        device->expires_at = parts.certificate.not_after;
        return APR_SUCCESS;
    }
    return device->terminal.renewing != NULL || parts.has_download ? APR_SUCCESS : ANSHIN_ENOTFOUND;
}

typedef struct listing_t {
    anshin_flow_t *flow;
    apr_array_header_t *devices;
} listing_t;

static apr_status_t list(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const listing_t *listing = baton;
    apr_array_header_t *terminals;
    anshin_link_t found;
    apr_status_t status = find_proven(op, txn, listing->flow, &found);

    apr_array_clear(listing->devices);
    if (status == APR_SUCCESS) {
        status = anshin_account_terminals(op, txn, &found.account, &terminals);
    }
    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        anshin_lost_device_t device = {.terminal = APR_ARRAY_IDX(terminals, i, anshin_terminal_t)};

        status = look_at(op, txn, &device);
        if (status == APR_SUCCESS) {
            APR_ARRAY_PUSH(listing->devices, anshin_lost_device_t) = device;
        }
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

apr_status_t anshin_lost_devices(anshin_op_t *op, anshin_flow_t *flow, apr_array_header_t **devices)
{
    listing_t listing = {flow, apr_array_make(op->pool, 4, sizeof(anshin_lost_device_t))};

    *devices = listing.devices;
    return anshin_op_read(op, list, &listing);
}

/* --- the end of it --- */

static apr_status_t tell(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                         const anshin_lost_device_t *device)
{
    const anshin_event_t event = {
        .act = ANSHIN_ACT_DEVICE_LOST,
        .account = account,
        .terminal = device->terminal.number,
        .serial = device->terminal.certificate,
        .data = json_pack("{s:s, s:s*}", "terminal",
                          anshin_label_title(device->terminal.number, device->terminal.label, op->pool), "name",
                          device->name)};
    apr_status_t status = event.data != NULL
                              ? anshin_event(op, txn, &event)
                              : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1280", "lost device: out of memory");

    json_decref(event.data);
    return status;
}

apr_status_t anshin_lost_device_end_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                       const anshin_terminal_t *terminal)
{
    const anshin_session_match_t match = {.terminal = terminal->number};
    anshin_lost_device_t device = {.terminal = *terminal};
    apr_status_t status = look_at(op, txn, &device);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_ECONFLICT : status;
    }
    if ((status = anshin_certificates_end_in(op, txn, terminal, ANSHIN_REASON_KEY_COMPROMISE)) != APR_SUCCESS ||
        (status = anshin_download_finish_in(op, txn, account->user, terminal->number)) != APR_SUCCESS ||
        (status = anshin_sessions_end_in(op, txn, account->user, &match, NULL)) != APR_SUCCESS) {
        return status;
    }
    return tell(op, txn, account, &device);
}

static apr_status_t revoke_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const apr_int64_t *number = baton;
    anshin_terminal_t terminal;
    anshin_link_t found;
    apr_status_t status = op->flow != NULL ? find_proven(op, txn, op->flow, &found) : ANSHIN_EDENIED;

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_terminal_get(op, txn, found.account.user, *number, &terminal);
    if (status == ANSHIN_ENOTFOUND) {
        return ANSHIN_ECONFLICT;
    }
    if (status != APR_SUCCESS || (status = anshin_token_use(op, txn, found.key, &found.token)) != APR_SUCCESS ||
        (status = anshin_lost_device_end_in(op, txn, &found.account, &terminal)) != APR_SUCCESS) {
        return status;
    }
    return anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, found.account.user, *number);
}

apr_status_t anshin_lost_device_revoke(anshin_op_t *op, apr_int64_t number)
{
    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, revoke_in, &number);
}
