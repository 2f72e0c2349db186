/*
 * A seal key in wrong hands: what ends with it (leak.h).
 */
#include "core/keeping/leak.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/imported.h"
#include "core/certificate/download_expiry.h"
#include "core/context/keys_part.h"
#include "core/keeping/backup.h"
#include "core/mail/event.h"

#define PART 500
#define NAMED 1000

typedef struct leaking_t {
    const anshin_op_t *op;
    apr_time_t until; /* what was made by then */
    anshin_leak_t *leak;
    const char *key;    /* of the record at hand */
    const char *serial; /* of the certificate of a download; NULL: none was issued */
} leaking_t;

static void name(leaking_t *leaking, const char *key, const char *what)
{
    leaking->leak->named++;
    if (leaking->leak->who->nelts < NAMED) {
        APR_ARRAY_PUSH(leaking->leak->who, const char *) = apr_pstrcat(leaking->op->pool, key, ": ", what, NULL);
    }
}

static apr_status_t count_account(void *baton, const char *key, const void *record)
{
    leaking_t *leaking = baton;
    const anshin_account_t *account = record;

    if (account->totp_blob != NULL) {
        leaking->leak->apps++;
        name(leaking, key, "the secret of the authenticator app");
    }
    if (anshin_imported_scheme(account->password_hash) != NULL) {
        leaking->leak->imported++;
        name(leaking, key, "the password's hash of another system");
    }
    return APR_SUCCESS;
}

static apr_status_t count_accounts(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    leaking_t *leaking = baton;

    leaking->op = op;
    leaking->leak->apps = leaking->leak->imported = leaking->leak->named = 0;
    leaking->leak->who = apr_array_make(op->pool, 8, sizeof(const char *));
    return anshin_txn_each(txn, &anshin_record_account, "", count_account, leaking);
}

/* Its private key lay in the file. */
static void name_certificate(const leaking_t *leaking)
{
    anshin_leak_t *leak = leaking->leak;

    leak->issued++;
    if (leak->certificates->nelts < NAMED) {
        APR_ARRAY_PUSH(leak->certificates, anshin_leaked_certificate_t) = (anshin_leaked_certificate_t){
            apr_pstrdup(leaking->op->pool, leaking->key), apr_pstrdup(leaking->op->pool, leaking->serial)};
    }
}

/* --- links, and what waits behind them ---------------------------------------------------------------------------- */

static int is_link(void *baton, const char *key, const void *record)
{
    const leaking_t *leaking = baton;
    const anshin_token_t *token = record;

    (void)key;
    return token->created_at <= leaking->until && token->used_at == 0 && token->expires_at > leaking->op->now;
}

/* Whoever opens it reads that it is over, and how to get another one. */
static apr_status_t end_link(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const leaking_t *leaking = baton;
    anshin_token_t token;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_token, leaking->key, &token);

    if (status != APR_SUCCESS) {
        return status;
    }
    token.expires_at = op->now;
    return anshin_txn_put(txn, &anshin_record_token, leaking->key, &token);
}

static int is_download(void *baton, const char *key, const void *record)
{
    (void)key;
    return ((const anshin_download_t *)record)->created_at <= ((const leaking_t *)baton)->until;
}

static apr_status_t end_download(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    leaking_t *leaking = baton;
    anshin_download_t download;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_download, leaking->key, &download);

    if (status != APR_SUCCESS) {
        return status;
    }
    leaking->serial = download.serial;
    status = anshin_txn_delete(txn, &anshin_record_download, leaking->key);
    return status == APR_SUCCESS ? anshin_download_expiry.remove(op, txn, leaking->key, &download) : status;
}

/* Each of a type in a transaction of its own. */
static apr_status_t end_each(anshin_op_t *op, leaking_t *leaking, const anshin_record_type_t *type,
                             int (*wanted)(void *baton, const char *key, const void *record), anshin_op_fn *fn,
                             apr_int64_t *count)
{
    const apr_array_header_t *keys;
    apr_status_t status;

    leaking->op = op;
    do {
        status = anshin_keys_part(
            op, &(anshin_keys_part_t){.type = type, .prefix = "", .limit = PART, .wanted = wanted, .baton = leaking},
            &keys);
        for (int i = 0; status == APR_SUCCESS && i < keys->nelts; i++) {
            leaking->key = APR_ARRAY_IDX(keys, i, const char *);
            leaking->serial = NULL;
            status = anshin_op_write(op, ANSHIN_LAZY, fn, leaking);
            *count += status == APR_SUCCESS;
            if (status == APR_SUCCESS && leaking->serial != NULL && *leaking->serial != '\0') {
                name_certificate(leaking);
            }
            status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
        }
    } while (status == APR_SUCCESS && keys->nelts == PART);
    return status;
}

static apr_status_t tell(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_event_t event = {.act = ANSHIN_ACT_SEAL_KEY_LEAKED, .reason = baton};

    return anshin_event(op, txn, &event);
}

apr_status_t anshin_leak_end(anshin_op_t *op, const anshin_rotation_t *rotation, anshin_leak_t *leak)
{
    leaking_t leaking = {.until = rotation->changed_at + ANSHIN_ROTATION_SETTLE, .leak = leak};
    apr_status_t status;

    memset(leak, 0, sizeof(*leak));
    leak->certificates = apr_array_make(op->pool, 8, sizeof(anshin_leaked_certificate_t));
    status = anshin_op_read(op, count_accounts, &leaking);
    if (status == APR_SUCCESS) {
        status = end_each(op, &leaking, &anshin_record_download, is_download, end_download, &leak->downloads);
    }
    if (status == APR_SUCCESS) {
        status = end_each(op, &leaking, &anshin_record_token, is_link, end_link, &leak->links);
    }
    if (status == APR_SUCCESS) {
        status = anshin_backup_end_sessions(op, &leak->sessions);
    }
    return status == APR_SUCCESS
               ? anshin_op_write(op, ANSHIN_DURABLE, tell,
                                 apr_psprintf(op->pool, "%" APR_INT64_T_FMT " sessions, %" APR_INT64_T_FMT " links",
                                              leak->sessions, leak->links))
               : status;
}
