/*
 * Mails of an older store, by their users: see list_mails.h.
 */
#include "core/admin/list_mails.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/mail/mail_list.h"

#define PART 20000 /* mails of a walk, about */

/* The newest mails of a user, the newest first. */
typedef struct newest_t {
    int count;
    struct {
        const char *id;
        apr_time_t at;
    } mails[ANSHIN_MAIL_LIST_MOST];
} newest_t;

typedef struct listing_t {
    unsigned count; /* of all mails */
    unsigned part, parts;
    apr_hash_t *users; /* CONTRACT/USER: newest_t */
    const char *user;  /* whose list is written */
} listing_t;

static apr_status_t count_one(void *baton, const char *key, const void *record)
{
    (void)key;
    (void)record;
    ((listing_t *)baton)->count++;
    return APR_SUCCESS;
}

static apr_status_t count_all(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    listing_t *listing = baton;

    (void)op;
    listing->count = 0;
    return anshin_txn_each(txn, &anshin_record_mail, "", count_one, listing);
}

static void insert(newest_t *newest, const char *id, apr_time_t at)
{
    int place = newest->count;

    while (place > 0 && newest->mails[place - 1].at < at) {
        place--;
    }
    if (place == ANSHIN_MAIL_LIST_MOST) {
        return;
    }
    newest->count += newest->count < ANSHIN_MAIL_LIST_MOST;
    memmove(&newest->mails[place + 1], &newest->mails[place],
            (apr_size_t)(newest->count - 1 - place) * sizeof(newest->mails[0]));
    newest->mails[place].id = id;
    newest->mails[place].at = at;
}

static apr_status_t collect_one(void *baton, const char *key, const void *record)
{
    const listing_t *listing = baton;
    apr_pool_t *pool = apr_hash_pool_get(listing->users);
    const anshin_mail_t *mail = record;
    apr_ssize_t length = APR_HASH_KEY_STRING;
    newest_t *newest;
    const char *user;

    if (mail->contract == NULL || mail->user == NULL || *mail->user == '\0' ||
        apr_hashfunc_default(mail->user, &length) % listing->parts != listing->part) {
        return APR_SUCCESS;
    }
    user = apr_pstrcat(pool, mail->contract, "/", mail->user, NULL);
    newest = apr_hash_get(listing->users, user, APR_HASH_KEY_STRING);
    if (newest == NULL) {
        newest = apr_pcalloc(pool, sizeof(*newest));
        apr_hash_set(listing->users, user, APR_HASH_KEY_STRING, newest);
    }
    insert(newest, apr_pstrdup(pool, key), mail->created_at);
    return APR_SUCCESS;
}

static apr_status_t collect_part(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    listing_t *listing = baton;

    listing->users = apr_hash_make(op->pool); /* anew, where the walk is begun again */
    return anshin_txn_each(txn, &anshin_record_mail, "", collect_one, listing);
}

/* What came meanwhile stands there already, and is newer. */
static apr_status_t write_one(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const listing_t *listing = baton;
    const newest_t *newest = apr_hash_get(listing->users, listing->user, APR_HASH_KEY_STRING);
    apr_array_header_t *ids = apr_array_make(op->pool, newest->count, sizeof(const char *));

    for (int i = 0; i < newest->count; i++) {
        APR_ARRAY_PUSH(ids, const char *) = newest->mails[i].id;
    }
    return anshin_mail_list_append(op, txn, listing->user, ids);
}

static apr_status_t write_part(anshin_op_t *op, listing_t *listing, int *listed)
{
    anshin_op_t part = *op;
    anshin_op_t one;
    apr_status_t status;

    apr_pool_create(&part.pool, op->pool);
    status = anshin_op_read(&part, collect_part, listing);
    one = part;
    apr_pool_create(&one.pool, part.pool); /* what one transaction reads is not kept until the last */
    for (apr_hash_index_t *at = status == APR_SUCCESS ? apr_hash_first(part.pool, listing->users) : NULL;
         status == APR_SUCCESS && at != NULL; at = apr_hash_next(at)) {
        apr_pool_clear(one.pool);
        listing->user = apr_hash_this_key(at);
        status = anshin_op_write(&one, ANSHIN_LAZY, write_one, listing);
        *listed += status == APR_SUCCESS;
    }
    op->error = one.error;
    apr_pool_destroy(part.pool);
    return status;
}

static apr_status_t note(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    (void)baton;
    return anshin_mail_lists_note(op, txn);
}

static apr_status_t is_noted(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    (void)baton;
    return anshin_mail_lists_noted(op, txn);
}

apr_status_t anshin_list_mails(anshin_op_t *op, int *listed)
{
    listing_t listing = {.part = 0};
    apr_status_t status = anshin_op_read(op, is_noted, NULL);

    *listed = 0;
    if (status != ANSHIN_ENOTFOUND) {
        return status;
    }
    status = anshin_op_read(op, count_all, &listing);
    listing.parts = 1 + listing.count / PART;
    for (; status == APR_SUCCESS && listing.count > 0 && listing.part < listing.parts; listing.part++) {
        status = write_part(op, &listing, listed);
    }
    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, note, NULL) : status;
}
