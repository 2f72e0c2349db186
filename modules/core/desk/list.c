/*
 * Lists of the help desk: see list.h.
 *
 * First whatever may belong to a list is picked up in a walk, then each user is looked up: whether the record is the
 * account's (IDN-1), and whether the operator may look. What a contract has more of than a list shows is dropped on the
 * way, so that nobody makes a process hold the whole store.
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
#define LIST(member, name, verbs) {name, ANSHIN_DESK_LIST_##member},
#include "core/desk/list.def"
#undef LIST
    {NULL, 0}};

int anshin_desk_list_takes(anshin_desk_list_t list, anshin_desk_verb_t verb)
{
    static const unsigned takes[] = {
#define IS(verb) 1u << ANSHIN_DESK_##verb
#define LIST(member, name, verbs) [ANSHIN_DESK_LIST_##member] = (verbs),
#include "core/desk/list.def"
#undef LIST
#undef IS
    };

    return (unsigned)list < ANSHIN_DESK_LISTS && (unsigned)verb < ANSHIN_DESK_VERBS &&
           (takes[list] & 1u << (unsigned)verb) != 0;
}

/* What a walk has picked up. */
typedef struct candidate_t {
    const char *user;
    const char *number; /* of the account that the record names; NULL: it names none */
    apr_time_t made_at;
    apr_time_t at;
    apr_int64_t terminal;
    const char *what;
} candidate_t;

typedef struct listing_t {
    const anshin_staff_t *staff;
    anshin_desk_list_t list;
    anshin_op_t *op;                /* on the contract that is looked at */
    apr_hash_t *own;                /* the users of whom alone the operator may see something; NULL: of all */
    apr_pool_t *pool;               /* of the candidates; a new one with each cut */
    apr_array_header_t *candidates; /* of candidate_t, at most twice PICKED_MAX */
    apr_array_header_t *rows;
    int before; /* rows of the contracts before */
} listing_t;

#define PICKED_MAX (ANSHIN_DESK_ROWS_MAX + 1)

static int by_time(const void *a, const void *b)
{
    const candidate_t *first = a;
    const candidate_t *second = b;

    return first->at != second->at ? (first->at > second->at ? 1 : -1) : strcmp(first->user, second->user);
}

static candidate_t copied(const candidate_t *candidate, apr_pool_t *pool)
{
    return (candidate_t){.user = apr_pstrdup(pool, candidate->user),
                         .number = apr_pstrdup(pool, candidate->number),
                         .made_at = candidate->made_at,
                         .at = candidate->at,
                         .terminal = candidate->terminal,
                         .what = apr_pstrdup(pool, candidate->what)};
}

/* Of what was picked, that whose time comes first. */
static void cut(listing_t *listing)
{
    apr_array_header_t *former = listing->candidates;
    apr_pool_t *pool = listing->pool;

    if (former->nelts > 1) {
        qsort(former->elts, (size_t)former->nelts, sizeof(candidate_t), by_time);
    }
    apr_pool_create(&listing->pool, listing->op->pool);
    listing->candidates = apr_array_make(listing->pool, 16, sizeof(candidate_t));
    for (int i = 0; i < former->nelts && i < PICKED_MAX; i++) {
        APR_ARRAY_PUSH(listing->candidates, candidate_t) =
            copied(&APR_ARRAY_IDX(former, i, candidate_t), listing->pool);
    }
    apr_pool_destroy(pool);
}

static void pick(listing_t *listing, const candidate_t *candidate)
{
    if (listing->own != NULL && apr_hash_get(listing->own, candidate->user, APR_HASH_KEY_STRING) == NULL) {
        return;
    }
    if (listing->candidates->nelts == 2 * PICKED_MAX) {
        cut(listing);
    }
    APR_ARRAY_PUSH(listing->candidates, candidate_t) = copied(candidate, listing->pool);
}

static int is_of(const listing_t *listing, const char *contract)
{
    return contract != NULL && strcmp(contract, listing->op->contract->name) == 0;
}

/* Who is the operator's alone, asked of each account once. */
static apr_status_t see_own(void *baton, const char *key, const void *record)
{
    listing_t *listing = baton;
    const anshin_account_t *account = record;

    (void)key;
    if (anshin_staff_may(listing->staff, ANSHIN_DESK_SEE, listing->op->contract, account)) {
        const char *user = apr_pstrdup(listing->op->pool, account->user);

        apr_hash_set(listing->own, user, APR_HASH_KEY_STRING, user);
    }
    return APR_SUCCESS;
}

static apr_status_t see_account(void *baton, const char *key, const void *record)
{
    listing_t *listing = baton;
    const anshin_account_t *account = record;
    const int closed = account->state == ANSHIN_ACCOUNT_LOCKED || account->state == ANSHIN_ACCOUNT_DISABLED;
    const int wanted = listing->list == ANSHIN_DESK_LIST_INVITED ? account->state == ANSHIN_ACCOUNT_PENDING : closed;

    (void)key;
    if (wanted && anshin_staff_may(listing->staff, ANSHIN_DESK_SEE, listing->op->contract, account)) {
        pick(listing, &(candidate_t){.user = account->user, .at = closed ? account->disabled_at : account->created_at});
    }
    return APR_SUCCESS;
}

/* Which counters a list is about. */
static int is_wanted(const listing_t *listing, const char *kind)
{
    return listing->list != ANSHIN_DESK_LIST_LOST_DEVICE ||
           anshin_word_value(anshin_counter_words, kind, -1) == ANSHIN_COUNTER_LOST_DEVICE;
}

/* Key CONTRACT/USER/KIND; addresses and IDs that nobody has are no users. */
static apr_status_t see_counter(void *baton, const char *key, const void *record)
{
    listing_t *listing = baton;
    const anshin_counter_t *counter = record;
    const char *user = strchr(key, '/');
    const char *end = user != NULL ? strchr(user + 1, '/') : NULL;
    char id[ANSHIN_USER_MAX + 1];

    if (end != NULL && end > user + 1 && end - user - 1 <= ANSHIN_USER_MAX && counter->locked_at != 0 &&
        !counter->phantom && is_wanted(listing, end + 1)) {
        apr_cpystrn(id, user + 1, (apr_size_t)(end - user));
        pick(listing, &(candidate_t){.user = id, .at = counter->locked_at});
    }
    return APR_SUCCESS;
}

static apr_status_t see_certificate(void *baton, const char *key, const void *record)
{
    listing_t *listing = baton;
    const anshin_certificate_t *certificate = record;
    const apr_time_t now = listing->op->now;
    const int expiring = listing->list == ANSHIN_DESK_LIST_EXPIRING;
    const int wanted = expiring ? certificate->not_after <= now + ANSHIN_DESK_EXPIRING
                                : certificate->fetched_at != 0 && certificate->used_at == 0;

    if (wanted && is_of(listing, certificate->contract) && certificate->user != NULL &&
        anshin_certificate_standing(certificate, now) == ANSHIN_STANDING_ACTIVE) {
        pick(listing, &(candidate_t){.user = certificate->user,
                                     .number = certificate->account,
                                     .made_at = certificate->issued_at,
                                     .at = expiring ? certificate->not_after : certificate->fetched_at,
                                     .terminal = certificate->terminal,
                                     .what = key});
    }
    return APR_SUCCESS;
}

static apr_status_t see_mail(void *baton, const char *key, const void *record)
{
    listing_t *listing = baton;
    const anshin_mail_t *mail = record;

    (void)key;
    if (mail->state == ANSHIN_MAIL_FAILED && is_of(listing, mail->contract) && mail->user != NULL) {
        pick(listing, &(candidate_t){.user = mail->user,
                                     .number = mail->account,
                                     .made_at = mail->created_at,
                                     .at = mail->created_at,
                                     .what = mail->kind});
    }
    return APR_SUCCESS;
}

static apr_status_t walk(listing_t *listing, anshin_op_t *op, anshin_txn_t *txn)
{
    const char *prefix = anshin_account_key(op, "");
    apr_status_t status = APR_SUCCESS;

    if (listing->staff->role == ANSHIN_ROLE_ORGANISATION) {
        listing->own = apr_hash_make(op->pool);
        status = anshin_txn_each(txn, &anshin_record_account, prefix, see_own, listing);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    switch (listing->list) {
    case ANSHIN_DESK_LIST_LOCKED:
        status = anshin_txn_each(txn, &anshin_record_account, prefix, see_account, listing);
        return status == APR_SUCCESS ? anshin_txn_each(txn, &anshin_record_counter, prefix, see_counter, listing)
                                     : status;
    case ANSHIN_DESK_LIST_LOST_DEVICE:
        return anshin_txn_each(txn, &anshin_record_counter, prefix, see_counter, listing);
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

/* As who reports a lost device would meet it now. */
static apr_status_t is_locked_there(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, int *locked,
                                    apr_time_t *since)
{
    anshin_lock_t lock = {.kinds = 0};
    apr_status_t status = anshin_lock_get(op, txn, ANSHIN_COUNTER_LOST_DEVICE, account->user, &lock);

    *locked = lock.kinds != 0;
    *since = lock.since;
    return status;
}

/* As a login, or a registration, would meet it now; *since: the last that closed it. */
static apr_status_t is_locked(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, int *locked,
                              apr_time_t *since)
{
    const anshin_counter_kind_t kinds[] = {ANSHIN_COUNTER_PASSWORD, ANSHIN_COUNTER_REGISTRATION};
    const int count = account->state == ANSHIN_ACCOUNT_PENDING ? 2 : 1;
    apr_status_t status = APR_SUCCESS;

    *locked = account->state == ANSHIN_ACCOUNT_LOCKED || account->state == ANSHIN_ACCOUNT_DISABLED;
    *since = *locked ? account->disabled_at : 0;
    for (int i = 0; status == APR_SUCCESS && i < count; i++) {
        anshin_lock_t lock = {.kinds = 0};

        status = anshin_lock_get(op, txn, kinds[i], account->user, &lock);
        *locked |= lock.kinds != 0;
        *since = lock.since > *since ? lock.since : *since;
    }
    return status;
}

static void add(listing_t *listing, const candidate_t *candidate, const anshin_account_t *account, apr_time_t at)
{
    apr_pool_t *pool = listing->rows->pool;
    anshin_desk_row_t *row = apr_array_push(listing->rows);

    *row = (anshin_desk_row_t){.contract = listing->op->contract,
                               .at = at,
                               .terminal = candidate->terminal,
                               .what = apr_pstrdup(pool, candidate->what)};
    row->account = (anshin_account_t){.contract = apr_pstrdup(pool, account->contract),
                                      .user = apr_pstrdup(pool, account->user),
                                      .number = apr_pstrdup(pool, account->number),
                                      .name = apr_pstrdup(pool, account->name),
                                      .organisation = apr_pstrdup(pool, account->organisation),
                                      .state = account->state,
                                      .valid_from = account->valid_from,
                                      .valid_until = account->valid_until};
}

static apr_status_t look_up(listing_t *listing, anshin_op_t *op, anshin_txn_t *txn, const candidate_t *candidate,
                            apr_pool_t *scratch)
{
    anshin_account_t account;
    apr_time_t at = candidate->at;
    int wanted = 1;
    apr_status_t status =
        anshin_txn_get_to(txn, &anshin_record_account, anshin_account_key(op, candidate->user), &account, scratch);

    if (status != APR_SUCCESS || !anshin_staff_may(listing->staff, ANSHIN_DESK_SEE, op->contract, &account) ||
        (candidate->made_at != 0 && !anshin_account_owns(&account, candidate->number, candidate->made_at))) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (listing->list == ANSHIN_DESK_LIST_LOCKED) {
        status = is_locked(op, txn, &account, &wanted, &at);
    } else if (listing->list == ANSHIN_DESK_LIST_LOST_DEVICE) {
        status = is_locked_there(op, txn, &account, &wanted, &at);
    }
    if (status == APR_SUCCESS && wanted) {
        add(listing, candidate, &account, at);
    }
    return status;
}

/* A user who is locked in several ways is one. */
static apr_status_t look_up_all(listing_t *listing, anshin_op_t *op, anshin_txn_t *txn)
{
    apr_hash_t *seen = apr_hash_make(op->pool);
    apr_pool_t *scratch;
    apr_status_t status = APR_SUCCESS;

    apr_pool_create(&scratch, op->pool);
    for (int i = 0; status == APR_SUCCESS && i < listing->candidates->nelts; i++) {
        const candidate_t *candidate = &APR_ARRAY_IDX(listing->candidates, i, candidate_t);
        const char *key = candidate->what != NULL && listing->list != ANSHIN_DESK_LIST_MAIL_FAILED ? candidate->what
                                                                                                   : candidate->user;

        if (apr_hash_get(seen, key, APR_HASH_KEY_STRING) == NULL) {
            const int before = listing->rows->nelts;

            apr_pool_clear(scratch);
            status = look_up(listing, op, txn, candidate, scratch);
            if (listing->rows->nelts > before) { /* what a former holder of the ID left hides nothing (IDN-1) */
                apr_hash_set(seen, key, APR_HASH_KEY_STRING, key);
            }
        }
    }
    apr_pool_destroy(scratch);
    return status;
}

static apr_status_t list_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    listing_t *listing = baton;
    apr_status_t status;

    listing->op = op;
    listing->own = NULL;
    listing->rows->nelts = listing->before;
    apr_pool_create(&listing->pool, op->pool);
    listing->candidates = apr_array_make(listing->pool, 16, sizeof(candidate_t));
    status = walk(listing, op, txn);
    if (status == APR_SUCCESS) {
        cut(listing);
        status = look_up_all(listing, op, txn);
    }
    apr_pool_destroy(listing->pool);
    return status;
}

static int in_order(const void *a, const void *b)
{
    const anshin_desk_row_t *first = a;
    const anshin_desk_row_t *second = b;

    return first->at != second->at ? (first->at > second->at ? 1 : -1)
                                   : strcmp(first->account.user, second->account.user);
}

static void put_in_order(apr_array_header_t *rows)
{
    if (rows->nelts > 1) {
        qsort(rows->elts, (size_t)rows->nelts, sizeof(anshin_desk_row_t), in_order);
    }
    if (rows->nelts > ANSHIN_DESK_ROWS_MAX + 1) {
        rows->nelts = ANSHIN_DESK_ROWS_MAX + 1;
    }
}

apr_status_t anshin_desk_list(anshin_op_t *op, const anshin_staff_t *staff, anshin_desk_list_t list,
                              apr_array_header_t **rows)
{
    const apr_array_header_t *contracts = op->env->config->contracts;
    listing_t listing = {.staff = staff, .list = list, .rows = apr_array_make(op->pool, 16, sizeof(anshin_desk_row_t))};
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
            put_in_order(listing.rows);
        }
    }
    *rows = listing.rows;
    return status;
}
