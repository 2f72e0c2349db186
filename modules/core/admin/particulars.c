/*
 * A user as operators see it: see particulars.h.
 */
#include "core/admin/particulars.h"

#include <string.h>

/* A record that may be missing: *there says whether it is. */
static apr_status_t read_optional(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, void *record,
                                  int *there)
{
    apr_status_t status = key ? anshin_txn_get(txn, type, key, record) : ANSHIN_ENOTFOUND;

    *there = status == APR_SUCCESS;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

static apr_status_t read_invitation(anshin_op_t *op, anshin_txn_t *txn, anshin_particulars_t *found)
{
    anshin_token_t token;
    int there;
    apr_status_t status;

    if (found->account.state != ANSHIN_ACCOUNT_PENDING) {
        return APR_SUCCESS;
    }
    status = read_optional(txn, &anshin_record_token, found->account.registration, &token, &there);
    if (status == APR_SUCCESS && there) {
        found->registration_until = token.expires_at;
    }
    return status == APR_SUCCESS
               ? anshin_lock_get(op, txn, ANSHIN_COUNTER_REGISTRATION, found->account.user, &found->registration_lock)
               : status;
}

static apr_status_t read_sessions(anshin_op_t *op, anshin_txn_t *txn, anshin_particulars_t *found)
{
    anshin_session_list_t list;
    int there;
    apr_status_t status =
        read_optional(txn, &anshin_record_session_list, anshin_account_key(op, found->account.user), &list, &there);

    found->sessions = status == APR_SUCCESS && there && list.keys ? list.keys->nelts : 0;
    return status;
}

static apr_status_t read_download(anshin_op_t *op, anshin_txn_t *txn, const char *user, anshin_terminal_facts_t *facts)
{
    apr_int64_t number = facts->terminal.number;
    anshin_download_t download;
    apr_status_t status = read_optional(txn, &anshin_record_download, anshin_terminal_key(op, user, number), &download,
                                        &facts->has_download);

    if (status != APR_SUCCESS || !facts->has_download) {
        return status;
    }
    facts->download_until = download.expires_at;
    facts->download_made = download.serial != NULL;
    return anshin_lock_get(op, txn, ANSHIN_COUNTER_DOWNLOAD, anshin_download_subject(op, user, number),
                           &facts->download_lock);
}

static apr_status_t read_locks(anshin_op_t *op, anshin_txn_t *txn, anshin_particulars_t *found)
{
    const char *user = found->account.user;
    apr_status_t status = APR_SUCCESS;

    for (const anshin_word_t *kind = anshin_counter_words; status == APR_SUCCESS && kind->name != NULL; kind++) {
        anshin_lock_t lock = {.kinds = 0};

        if (kind->value != ANSHIN_COUNTER_DOWNLOAD) { /* each device has one of its own */
            status = anshin_lock_get(op, txn, (anshin_counter_kind_t)kind->value, user, &lock);
        }
        found->locked |= lock.kinds;
        if (kind->value == ANSHIN_COUNTER_PASSWORD) {
            found->lock = lock;
        } else if (kind->value == ANSHIN_COUNTER_LOST_DEVICE) {
            found->lost_device_lock = lock;
        }
    }
    for (int i = 0; i < found->terminals->nelts; i++) {
        found->locked |= APR_ARRAY_IDX(found->terminals, i, anshin_terminal_facts_t).download_lock.kinds;
    }
    return status;
}

static apr_status_t read_terminal(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t number,
                                  anshin_terminal_facts_t *facts)
{
    apr_status_t status = anshin_terminal_get(op, txn, user, number, &facts->terminal);

    if (status != APR_SUCCESS) {
        return status != ANSHIN_ENOTFOUND
                   ? status
                   : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1194",
                                 "user %s: terminal %" APR_INT64_T_FMT " has no record", user, number);
    }
    facts->terminal.number = number;
    status = read_optional(txn, &anshin_record_certificate, facts->terminal.certificate, &facts->certificate,
                           &facts->has_certificate);
    if (status == APR_SUCCESS) {
        status = read_optional(txn, &anshin_record_certificate, facts->terminal.renewing, &facts->renewing,
                               &facts->has_renewing);
    }
    return status == APR_SUCCESS ? read_download(op, txn, user, facts) : status;
}

static apr_status_t read_terminals(anshin_op_t *op, anshin_txn_t *txn, anshin_particulars_t *found)
{
    const apr_array_header_t *numbers = found->account.terminals;
    apr_status_t status = APR_SUCCESS;

    found->terminals = apr_array_make(op->pool, 4, sizeof(anshin_terminal_facts_t));
    for (int i = 0; numbers && i < numbers->nelts && status == APR_SUCCESS; i++) {
        status = read_terminal(op, txn, found->account.user, APR_ARRAY_IDX(numbers, i, apr_int64_t),
                               apr_array_push(found->terminals));
    }
    return status;
}

typedef struct search_t {
    const char *user;
    anshin_particulars_t *found;
} search_t;

static apr_status_t read_all(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const search_t *search = baton;
    anshin_particulars_t *found = search->found;
    apr_status_t status;

    memset(found, 0, sizeof(*found));
    if ((status = anshin_account_get(op, txn, search->user, &found->account)) == APR_SUCCESS &&
        (status = read_invitation(op, txn, found)) == APR_SUCCESS &&
        (status = read_sessions(op, txn, found)) == APR_SUCCESS &&
        (status = read_terminals(op, txn, found)) == APR_SUCCESS) {
        status = read_locks(op, txn, found);
    }
    return status;
}

apr_status_t anshin_particulars_get(anshin_op_t *op, const char *user, anshin_particulars_t *particulars)
{
    return anshin_op_read(op, read_all, &(search_t){user, particulars});
}
