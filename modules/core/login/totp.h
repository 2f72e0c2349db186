/*
 * Authenticator apps: TOTP (RFC 6238; SHA-1, 30 seconds, 6 digits, which is what the apps know), for the method
 * ID/password + one-time password. The secret is sealed in a blob; no code is accepted twice (S25).
 */
#ifndef ANSHIN_CORE_LOGIN_TOTP_H
#define ANSHIN_CORE_LOGIN_TOTP_H

#include "core/account/account.h"
#include "core/account/member.h"

#define ANSHIN_TOTP_SECRET_BYTES 20 /* RFC 4226 4, R6 */
#define ANSHIN_TOTP_PERIOD 30
#define ANSHIN_TOTP_WINDOW 1 /* steps before and after the server's that are taken */

/* A new secret as base32 (RFC 4648 6, without padding), 32 signs: to be kept sealed by the edge until a code confirms
 * it. */
apr_status_t anshin_totp_secret(anshin_op_t *op, const char **secret);

/* The otpauth URI of a secret, for the QR code. */
const char *anshin_totp_uri(anshin_op_t *op, const char *user, const char *secret);

/* Enrol: the code must be one of the secret (*right). In a durable transaction: blob, history, notice; a former app
 * ends. APR_SUCCESS, ANSHIN_EDENIED (the session has ended meanwhile, or the user has no such codes), ANSHIN_EINVALID
 * (the secret has not the form of one that we make). */
apr_status_t anshin_totp_enrol(anshin_op_t *op, const anshin_member_t *member, const char *secret, const char *code,
                               int *right);

/* Remove it; without one nothing happens. APR_SUCCESS, ANSHIN_EDENIED (the session has ended meanwhile). */
apr_status_t anshin_totp_remove(anshin_op_t *op, const anshin_member_t *member);

/* Is this a fresh code of the account's app? *right; the step counts as used then and the caller writes the account. */
apr_status_t anshin_totp_check(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, const char *code,
                               int *right);

#endif
