/*
 * Authenticator apps.
 *
 * SECURITY: codes are of six digits, so every check is counted by its caller; a time step is used once.
 */
#include "core/login/totp.h"

#include <apr_encode.h>
#include <apr_strings.h>
#include <string.h>

#include "core/context/flow.h"
#include "core/context/rehearsal.h"
#include "core/context/secret.h"
#include "core/mail/event.h"

#define STEPS_KEPT 16

apr_status_t anshin_totp_secret(anshin_op_t *op, const char **secret)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char bytes[ANSHIN_TOTP_SECRET_BYTES];

    if (crypto->random(crypto->ctx, bytes, sizeof(bytes)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0185", "the system gives no random bytes");
    }
    *secret = apr_pencode_base32_binary(op->pool, bytes, sizeof(bytes), APR_ENCODE_NOPADDING, NULL);
    crypto->wipe(crypto->ctx, bytes, sizeof(bytes));
    return APR_SUCCESS;
}

/* Percent-encoded for any part of a URI (RFC 3986 2.1). */
static const char *encode(const char *text, apr_pool_t *pool)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *out = apr_palloc(pool, strlen(text) * 3 + 1);
    char *to = out;

    for (; *text; text++) {
        if (strchr(plain, *text)) {
            *to++ = *text;
        } else {
            to += apr_snprintf(to, 4, "%%%02X", (unsigned char)*text);
        }
    }
    *to = '\0';
    return out;
}

/* A name as apps take it: the rule for these URIs has a colon between issuer and account, and none within. */
static const char *label(const char *title, apr_pool_t *pool)
{
    char *text = apr_pstrdup(pool, title);
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (*from != ':') {
            *to++ = *from;
        } else if (from[1] != ' ' && from[1] != '\0') {
            *to++ = ' ';
        }
    }
    *to = '\0';
    return encode(text, pool);
}

const char *anshin_totp_uri(anshin_op_t *op, const char *user, const char *secret)
{
    const char *issuer = label(anshin_contract_title(op->contract, NULL), op->pool);

    return apr_pstrcat(op->pool, "otpauth://totp/", issuer, ":", encode(user, op->pool), "?secret=", secret,
                       "&issuer=", issuer, "&algorithm=SHA1&digits=6&period=30", NULL);
}

/* The account knows the last steps whose codes were used, the lowest first: not only the last one, since a clock that
 * was ahead leaves one that lies in the future. What is below the lowest may have been used. */
static int is_unused(const anshin_account_t *account, apr_int64_t step)
{
    const apr_array_header_t *used = account->totp_steps;

    if (used == NULL || used->nelts == 0) {
        return step > account->totp_step;
    }
    for (int i = 0; i < used->nelts; i++) {
        if (step == APR_ARRAY_IDX(used, i, apr_int64_t)) {
            return 0;
        }
    }
    return step > APR_ARRAY_IDX(used, 0, apr_int64_t);
}

/* In order; the lowest makes room. */
static void use(anshin_account_t *account, apr_int64_t step, apr_pool_t *pool)
{
    const apr_array_header_t *used = account->totp_steps;
    apr_array_header_t *now = apr_array_make(pool, STEPS_KEPT, sizeof(apr_int64_t));
    int i = used != NULL && used->nelts >= STEPS_KEPT ? 1 : 0;

    if (used == NULL || used->nelts == 0) {
        APR_ARRAY_PUSH(now, apr_int64_t) = account->totp_step;
    }
    for (; used != NULL && i < used->nelts && APR_ARRAY_IDX(used, i, apr_int64_t) < step; i++) {
        APR_ARRAY_PUSH(now, apr_int64_t) = APR_ARRAY_IDX(used, i, apr_int64_t);
    }
    APR_ARRAY_PUSH(now, apr_int64_t) = step;
    for (; used != NULL && i < used->nelts; i++) {
        APR_ARRAY_PUSH(now, apr_int64_t) = APR_ARRAY_IDX(used, i, apr_int64_t);
    }
    account->totp_steps = now;
    account->totp_step = APR_ARRAY_IDX(now, now->nelts - 1, apr_int64_t);
}

/* The step of the code when it is one that may still be used, 0 for none. All steps are computed, whichever fits. */
static apr_status_t find_step(anshin_op_t *op, const void *secret, apr_size_t length, const anshin_account_t *account,
                              const char *code, apr_int64_t *found)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    apr_int64_t current = apr_time_sec(op->now) / ANSHIN_TOTP_PERIOD;

    *found = 0;
    for (apr_int64_t step = current - ANSHIN_TOTP_WINDOW; step <= current + ANSHIN_TOTP_WINDOW; step++) {
        char expected[7];
        apr_status_t status = crypto->hotp(crypto->ctx, expected, secret, length, (apr_uint64_t)step);
        if (status != APR_SUCCESS) {
            return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0186", "a one-time password could not be computed");
        }
        if (strlen(code) == 6 && crypto->equal(crypto->ctx, expected, code, 6) && is_unused(account, step)) {
            *found = step;
        }
        crypto->wipe(crypto->ctx, expected, sizeof(expected));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_totp_check(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, const char *code,
                               int *right)
{
    anshin_bytes_t secret;
    apr_int64_t step;
    apr_status_t status;

    *right = 0;
    if (!account->totp_blob) {
        return APR_SUCCESS;
    }
    if ((status = anshin_secret_blob_get(op, txn, &secret, "totp", account->totp_blob)) != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? anshin_fail(&op->error, ANSHIN_EFAULT, "AN0187",
                                                        "the sealed secret of user %s is gone", account->user)
                                          : status;
    }
    status = find_step(op, secret.data, secret.length, account, code, &step);
    anshin_secret_wipe_bytes(op, &secret);
    if (status == APR_SUCCESS && step) {
        use(account, step, op->pool);
        *right = 1;
    }
    return status;
}

typedef struct replacing_t {
    const anshin_member_t *member;
    const anshin_bytes_t *secret; /* NULL: none */
    apr_int64_t step;             /* whose code has been used */
} replacing_t;

/* Put a new blob (NULL: none) in place of the old one. */
static apr_status_t set_blob(anshin_op_t *op, anshin_txn_t *txn, const replacing_t *replacing, const char *blob)
{
    anshin_account_t account;
    const anshin_event_t event = {.act = blob ? ANSHIN_ACT_AUTHENTICATOR_SET : ANSHIN_ACT_AUTHENTICATOR_REMOVED,
                                  .account = &account};
    apr_status_t status = anshin_member_account(op, txn, replacing->member, &account);

    if (status == APR_SUCCESS && blob && account.method != ANSHIN_METHOD_OTP) {
        status = ANSHIN_EDENIED;
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (!account.totp_blob && !blob) {
        return APR_SUCCESS;
    }
    anshin_txn_wipe(txn, account.totp_blob);
    account.totp_blob = blob;
    account.totp_step = 0;
    account.totp_steps = NULL;
    if (blob) {
        use(&account, replacing->step, op->pool);
    }
    if ((status = anshin_account_put(op, txn, &account)) != APR_SUCCESS ||
        (blob && (status = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account.user, 0)) != APR_SUCCESS)) {
        return status;
    }
    return anshin_event(op, txn, &event);
}

/* The blob is put before anything is read, so that nobody waits for it. */
static apr_status_t replace(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const replacing_t *replacing = baton;
    const char *blob = NULL;
    apr_status_t status = APR_SUCCESS;

    if (replacing->secret != NULL) {
        status = anshin_secret_blob_put(op, txn, &blob, "totp", replacing->secret->data, replacing->secret->length);
    }
    return status == APR_SUCCESS ? set_blob(op, txn, replacing, blob) : status;
}

static apr_status_t enrol(anshin_op_t *op, const anshin_member_t *member, const anshin_bytes_t *secret,
                          const char *code, int *right)
{
    static const anshin_account_t fresh = {.totp_step = 0};
    replacing_t replacing = {member, secret, 0};
    apr_status_t status = find_step(op, secret->data, secret->length, &fresh, code, &replacing.step);

    *right = status == APR_SUCCESS && replacing.step != 0;
    return *right ? anshin_op_write_rehearsed(op, ANSHIN_DURABLE, replace, &replacing) : status;
}

apr_status_t anshin_totp_enrol(anshin_op_t *op, const anshin_member_t *member, const char *secret, const char *code,
                               int *right)
{
    anshin_bytes_t bytes = {NULL, 0};
    apr_status_t status = ANSHIN_EINVALID;

    *right = 0;
    bytes.data = apr_pdecode_base32_binary(op->pool, secret, APR_ENCODE_STRING, APR_ENCODE_NONE, &bytes.length);
    if (bytes.data && bytes.length == ANSHIN_TOTP_SECRET_BYTES) {
        status = enrol(op, member, &bytes, code, right);
    }
    anshin_secret_wipe_bytes(op, &bytes);
    return status;
}

apr_status_t anshin_totp_remove(anshin_op_t *op, const anshin_member_t *member)
{
    replacing_t replacing = {member, NULL, 0};

    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, replace, &replacing);
}
