/*
 * The last mails to a user: see mail_list.h.
 */
#include "core/mail/mail_list.h"

#include <string.h>

#include <apr_strings.h>

#define WHOLE "mail-lists" /* the fact that every mail stands in one */

static int holds(const apr_array_header_t *ids, const char *id)
{
    for (int i = 0; i < ids->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(ids, i, const char *), id) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Those of more that ids does not hold, behind it, as far as there is room. */
static void append(apr_array_header_t *ids, const apr_array_header_t *more)
{
    for (int i = 0; more != NULL && i < more->nelts && ids->nelts < ANSHIN_MAIL_LIST_MOST; i++) {
        const char *id = APR_ARRAY_IDX(more, i, const char *);

        if (!holds(ids, id)) {
            APR_ARRAY_PUSH(ids, const char *) = id;
        }
    }
}

/* The first before those that are there, the last behind them; either may be NULL. A new list is filed: once, since
 * housekeeping files it again. */
static apr_status_t write_list(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *first,
                               const apr_array_header_t *last)
{
    anshin_mail_list_t list = {.ids = NULL};
    apr_array_header_t *ids = apr_array_make(op->pool, ANSHIN_MAIL_LIST_MOST, sizeof(const char *));
    apr_status_t status = anshin_txn_get(txn, &anshin_record_mail_list, key, &list);
    const int is_new = status == ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS && !is_new) {
        return status;
    }
    if (first != NULL) {
        APR_ARRAY_PUSH(ids, const char *) = first;
    }
    append(ids, list.ids);
    append(ids, last);
    list.ids = ids;
    status = anshin_txn_put(txn, &anshin_record_mail_list, key, &list);
    return status == APR_SUCCESS && is_new
               ? anshin_expiry_file(op, txn, &anshin_record_mail_list, key, op->now + ANSHIN_KEEP_MAIL)
               : status;
}

static const char *key_of(const anshin_op_t *op, const char *user)
{
    return apr_pstrcat(op->pool, op->contract->name, "/", user, NULL);
}

apr_status_t anshin_mail_list_lock(anshin_op_t *op, anshin_txn_t *txn, const char *user)
{
    anshin_mail_list_t list;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_mail_list, key_of(op, user), &list);

    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_mail_list_add(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *id)
{
    return write_list(op, txn, key_of(op, user), id, NULL);
}

apr_status_t anshin_mail_list_append(anshin_op_t *op, anshin_txn_t *txn, const char *user,
                                     const apr_array_header_t *ids)
{
    return write_list(op, txn, user, NULL, ids);
}

apr_status_t anshin_mail_list_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_array_header_t **ids)
{
    anshin_mail_list_t list = {.ids = NULL};
    apr_status_t status = anshin_mail_lists_noted(op, txn);

    if (status == APR_SUCCESS) {
        status = anshin_txn_get(txn, &anshin_record_mail_list, key_of(op, user), &list);
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    *ids = list.ids != NULL ? list.ids : apr_array_make(op->pool, 1, sizeof(const char *));
    return status;
}

apr_status_t anshin_mail_lists_note(anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_fact_t fact = {.at = op->now};

    return anshin_txn_put(txn, &anshin_record_fact, WHOLE, &fact);
}

apr_status_t anshin_mail_lists_noted(anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_fact_t fact;

    (void)op;
    return anshin_txn_get(txn, &anshin_record_fact, WHOLE, &fact);
}

/* --- expiry ------------------------------------------------------------------------------------------------------- */

/* Those whose mail is there. Mail has rules of its own about its end (mail.c): it waits as long as it must. */
static apr_status_t keep_alive(anshin_op_t *op, anshin_txn_t *txn, const anshin_mail_list_t *list,
                               apr_array_header_t **kept)
{
    anshin_mail_t mail;
    apr_status_t status = APR_SUCCESS;

    *kept = apr_array_make(op->pool, ANSHIN_MAIL_LIST_MOST, sizeof(const char *));
    for (int i = 0; list->ids != NULL && i < list->ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(list->ids, i, const char *);

        status = anshin_txn_get(txn, &anshin_record_mail, id, &mail);
        if (status == APR_SUCCESS) {
            APR_ARRAY_PUSH(*kept, const char *) = id;
        } else if (status != ANSHIN_ENOTFOUND) {
            return status;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t review(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *dropped, apr_time_t *again)
{
    anshin_mail_list_t list;
    apr_array_header_t *kept;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_mail_list, key, &list);

    *dropped = 0;
    *again = 0;
    if (status != APR_SUCCESS || (status = keep_alive(op, txn, &list, &kept)) != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (kept->nelts == 0) {
        *dropped = 1;
        return anshin_txn_delete(txn, &anshin_record_mail_list, key);
    }
    *again = op->now + ANSHIN_EXPIRY_DAY;
    if (kept->nelts == list.ids->nelts) {
        return APR_SUCCESS;
    }
    list.ids = kept;
    return anshin_txn_put(txn, &anshin_record_mail_list, key, &list);
}

const anshin_expiry_rule_t anshin_mail_list_expiry = {&anshin_record_mail_list, NULL, NULL, review};
