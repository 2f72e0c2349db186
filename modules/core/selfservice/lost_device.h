/*
 * A lost device (LST-2): its certificate is revoked by somebody who has no certificate at hand, day and night, also
 * while the account is locked.
 *
 * The link is asked for like that of a reissue (core/selfservice/reissue_request.h) and wants a proof of the person,
 * which has a counter of its own: who guesses here neither locks the account nor is kept out by its lock. Then one
 * terminal is chosen. Nothing else can be done with it: a new certificate is a reissue.
 */
#ifndef ANSHIN_CORE_SELFSERVICE_LOST_DEVICE_H
#define ANSHIN_CORE_SELFSERVICE_LOST_DEVICE_H

#include "core/context/flow.h"
#include "core/selfservice/reissue.h"

/* Prove the person; where that is right, op->flow has come to ANSHIN_STAGE_CODE_OK. Answers of anshin_reissue_find();
 * ANSHIN_EDENIED also when account or proof changed meanwhile. */
apr_status_t anshin_lost_device_prove(anshin_op_t *op, const char *token, const anshin_reissue_typed_t *typed,
                                      anshin_reauthentication_t *proof);

/* A terminal that has a certificate, or gets one. */
typedef struct anshin_lost_device_t {
    anshin_terminal_t terminal;
    const char *name;      /* of the certificate; NULL: it is still to be issued */
    apr_time_t expires_at; /* 0 then */
} anshin_lost_device_t;

/* *devices: array of anshin_lost_device_t, in the order of the account. flow: proven, as the store knows it
 * (anshin_flow_find()). Answers of anshin_reissue_find(). */
apr_status_t anshin_lost_devices(anshin_op_t *op, anshin_flow_t *flow, apr_array_header_t **devices);

/* Revoke what that terminal has (keyCompromise), end its sessions, wipe what waits for download, use the link up, tell
 * the user; durable. op->flow: proven. ANSHIN_ECONFLICT: that terminal has nothing to revoke; otherwise answers of
 * anshin_reissue_find(). */
apr_status_t anshin_lost_device_revoke(anshin_op_t *op, apr_int64_t number);

/* The same inside the write transaction of somebody who is logged in. */
apr_status_t anshin_lost_device_end_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                       const anshin_terminal_t *terminal);

#endif
