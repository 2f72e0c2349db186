/*
 * Lists of the help desk: see list.h.
 *
 * First whatever may belong to a list is picked up in a walk, then each user is looked up: whether the record is the
 * account's (IDN-1), and whether the operator may look.
 */
#include "core/desk/list.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/account/lockout.h"
#include "core/certificate/certificate.h"
#include "core/mail/mail.h"

const anshin_word_t anshin_desk_list_words[] = {
#define LIST(member, name) {name, ANSHIN_DESK_LIST_##member},
#include "core/desk/list.def"
#undef LIST
    {NULL, 0}};

/* What a walk has picked up. */
typedef struct candidate_t {
    const char *user;
    const char *number; /* of the account that the record names; NULL: it names none */
    apr_time_t made_at;
    apr_time_t at;
    const char *what;
} candidate_t;

typedef struct listing_t {
    const anshin_staff_t *staff;
    anshin_desk_list_t list;
    anshin_op_t *op; /* on the contract that is looked at */
    apr_array_header_t *candidates;
    apr_array_header_t *rows;
    int before; /* rows of the contracts before */
} listing_t;

static candidate_t *pick(listing_t *listing, const char *user)
{
    candidate_t *candidate = apr_array_push(listing->candidates);

    *candidate = (candidate_t){.user = apr_pstrdup(listing->op->pool, user)};
    return candidate;
}

static int is_of(const listing_t *listing, const char *contract)
{
    return contract != NULL && strcmp(contract, listing->op->contract->name) == 0;
}

static apr_status_t see_account(void *baton, const char *key, const void *record)
{
    listing_t *listing = baton;
    const anshin_account_t *account = record;
    const int closed = account->state == ANSHIN_ACCOUNT_LOCKED || account->state == ANSHIN_ACCOUNT_DISABLED;
    const int wanted = listing->list == ANSHIN_DESK_LIST_INVITED ? account->state == ANSHIN_ACCOUNT_PENDING : closed;

    (void)key;
    if (wanted) {
        pick(listing, account->user)->at = closed ? account->disabled_at : account->created_at;
    }
    return APR_SUCCESS;
}

/* Key CONTRACT/USER/KIND; addresses and IDs that nobody has are no users. */
static apr_status_t see_counter(void *baton, const char *key, const void *record)
{
    listing_t *listing = baton;
    const anshin_counter_t *counter = record;
    const char *user = strchr(key, '/');
    const char *end = user != NULL ? strchr(user + 1, '/') : NULL;

    if (end != NULL && end > user + 1 && counter->locked_at != 0 && !counter->phantom) {
        pick(listing, apr_pstrmemdup(listing->op->pool, user + 1, (apr_size_t)(end - user) - 1))->at =
            counter->locked_at;
    }
    return APR_SUCCESS;
}

static apr_status_t see_certificate(void *baton, const char *key, const void *record)
{
    listing_t *listing = baton;
    const anshin_certificate_t *certificate = record;
    const apr_time_t now = listing->op->now;
    const int wanted = listing->list == ANSHIN_DESK_LIST_EXPIRING
                           ? certificate->not_after <= now + ANSHIN_DESK_EXPIRING
                           : certificate->fetched_at != 0 && certificate->used_at == 0;
    candidate_t *candidate;

    if (!wanted || !is_of(listing, certificate->contract) || certificate->user == NULL ||
        anshin_certificate_standing(certificate, now) != ANSHIN_STANDING_ACTIVE) {
        return APR_SUCCESS;
    }
    candidate = pick(listing, certificate->user);
    candidate->number = apr_pstrdup(listing->op->pool, certificate->account);
    candidate->made_at = certificate->issued_at;
    candidate->at = listing->list == ANSHIN_DESK_LIST_EXPIRING ? certificate->not_after : certificate->fetched_at;
    candidate->what = apr_pstrdup(listing->op->pool, key);
    return APR_SUCCESS;
}

static apr_status_t see_mail(void *baton, const char *key, const void *record)
{
    listing_t *listing = baton;
    const anshin_mail_t *mail = record;
    candidate_t *candidate;

    (void)key;
    if (mail->state == ANSHIN_MAIL_FAILED && is_of(listing, mail->contract) && mail->user != NULL) {
        candidate = pick(listing, mail->user);
        candidate->number = apr_pstrdup(listing->op->pool, mail->account);
        candidate->made_at = candidate->at = mail->created_at;
        candidate->what = apr_pstrdup(listing->op->pool, mail->kind);
    }
    return APR_SUCCESS;
}

static apr_status_t walk(listing_t *listing, anshin_op_t *op, anshin_txn_t *txn)
{
    const char *prefix = anshin_account_key(op, "");
    apr_status_t status;

    switch (listing->list) {
    case ANSHIN_DESK_LIST_LOCKED:
        status = anshin_txn_each(txn, &anshin_record_account, prefix, see_account, listing);
        return status == APR_SUCCESS ? anshin_txn_each(txn, &anshin_record_counter, prefix, see_counter, listing)
                                     : status;
    case ANSHIN_DESK_LIST_INVITED:
        return anshin_txn_each(txn, &anshin_record_account, prefix, see_account, listing);
    case ANSHIN_DESK_LIST_EXPIRING:
    case ANSHIN_DESK_LIST_UNUSED:
        return anshin_txn_each(txn, &anshin_record_certificate, "", see_certificate, listing);
    case ANSHIN_DESK_LIST_MAIL_FAILED:
        return anshin_txn_each(txn, &anshin_record_mail, "", see_mail, listing);
    case ANSHIN_DESK_LISTS:
        break;
    }
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1520", "help desk: there is no list %d", (int)listing->list);
}

/* By attempts: as a login would meet it now. */
static apr_status_t is_locked(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, int *locked)
{
    anshin_lock_t lock;
    apr_status_t status = anshin_lock_get(op, txn, ANSHIN_COUNTER_PASSWORD, account->user, &lock);

    *locked = status == APR_SUCCESS &&
              (lock.kinds != 0 || account->state == ANSHIN_ACCOUNT_LOCKED || account->state == ANSHIN_ACCOUNT_DISABLED);
    return status;
}

static void add(listing_t *listing, const candidate_t *candidate, const anshin_account_t *account)
{
    anshin_desk_row_t *row = apr_array_push(listing->rows);

    *row = (anshin_desk_row_t){.contract = listing->op->contract, .at = candidate->at, .what = candidate->what};
    row->account = (anshin_account_t){.contract = account->contract,
                                      .user = account->user,
                                      .number = account->number,
                                      .name = account->name,
                                      .organisation = account->organisation,
                                      .state = account->state,
                                      .valid_from = account->valid_from,
                                      .valid_until = account->valid_until};
}

static apr_status_t look_up(listing_t *listing, anshin_op_t *op, anshin_txn_t *txn, const candidate_t *candidate)
{
    anshin_account_t account;
    int wanted = 1;
    apr_status_t status = anshin_account_get(op, txn, candidate->user, &account);

    if (status != APR_SUCCESS || !anshin_staff_may(listing->staff, ANSHIN_DESK_SEE, op->contract, &account) ||
        (candidate->made_at != 0 && !anshin_account_owns(&account, candidate->number, candidate->made_at))) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (listing->list == ANSHIN_DESK_LIST_LOCKED) {
        status = is_locked(op, txn, &account, &wanted);
    }
    if (status == APR_SUCCESS && wanted) {
        add(listing, candidate, &account);
    }
    return status;
}

/* A user who is locked in several ways is one. */
static apr_status_t list_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    listing_t *listing = baton;
    apr_hash_t *seen = apr_hash_make(op->pool);
    apr_status_t status;

    listing->op = op;
    listing->rows->nelts = listing->before;
    apr_array_clear(listing->candidates);
    status = walk(listing, op, txn);
    for (int i = 0; status == APR_SUCCESS && i < listing->candidates->nelts; i++) {
        const candidate_t *candidate = &APR_ARRAY_IDX(listing->candidates, i, candidate_t);
        const char *key = candidate->what != NULL && listing->list != ANSHIN_DESK_LIST_MAIL_FAILED ? candidate->what
                                                                                                   : candidate->user;

        if (apr_hash_get(seen, key, APR_HASH_KEY_STRING) == NULL) {
            apr_hash_set(seen, key, APR_HASH_KEY_STRING, key);
            status = look_up(listing, op, txn, candidate);
        }
    }
    return status;
}

static int in_order(const void *a, const void *b)
{
    const anshin_desk_row_t *first = a;
    const anshin_desk_row_t *second = b;

    return first->at != second->at ? (first->at > second->at ? 1 : -1)
                                   : strcmp(first->account.user, second->account.user);
}

apr_status_t anshin_desk_list(anshin_op_t *op, const anshin_staff_t *staff, anshin_desk_list_t list,
                              apr_array_header_t **rows)
{
    const apr_array_header_t *contracts = op->env->config->contracts;
    listing_t listing = {.staff = staff,
                         .list = list,
                         .candidates = apr_array_make(op->pool, 16, sizeof(candidate_t)),
                         .rows = apr_array_make(op->pool, 16, sizeof(anshin_desk_row_t))};
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);

        if (anshin_staff_may(staff, ANSHIN_DESK_LIST, contract, NULL)) {
            anshin_op_t other = *op;

            other.contract = contract;
            other.cache = NULL;
            other.flow = NULL;
            listing.before = listing.rows->nelts;
            status = anshin_op_read(&other, list_in, &listing);
            op->error = other.error;
        }
    }
    if (listing.rows->nelts > 1) {
        qsort(listing.rows->elts, (size_t)listing.rows->nelts, sizeof(anshin_desk_row_t), in_order);
    }
    *rows = listing.rows;
    return status;
}
