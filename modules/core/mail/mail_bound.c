/*
 * How many mails an address gets in a day (S40).
 *
 * SECURITY: what is counted is what others could make of us: mails that strangers ask for, and mails to an address
 * that a user or an operator merely typed. Each has numbers of its own, so that nobody keeps a notice from its address
 * by asking for other mails: to what is the user's own nothing is counted, and elsewhere an account has a share that no
 * other account can use up; but none of invitations, which make as many accounts as they like. The store has a keyed
 * hash of the address and nothing else of it.
 */
#include "core/mail/mail_bound.h"

#include <apr_strings.h>

#include "core/base/address.h"
#include "core/context/daily.h"
#include "core/context/secret.h"

anshin_mail_bound_t anshin_mail_bound_of(const anshin_terminal_t *terminal)
{
    return terminal->unconfirmed_at != 0 ? ANSHIN_MAIL_UNCONFIRMED : ANSHIN_MAIL_OWN;
}

/* What a mail counts in: all that goes to its address, and what of it one account causes. */
typedef struct numbers_t {
    const char *shared;
    const char *own; /* NULL: accounts have no share */
} numbers_t;

/* How much of it there is, by all keys: what was counted before a rotation counts on. */
typedef struct room_t {
    anshin_txn_t *txn;
    const anshin_account_t *account;
    const char *address;
    anshin_mail_bound_t bound;
    int shared;
    int own;
} room_t;

/* Upper and lower case are one address. */
static apr_status_t number_key(anshin_op_t *op, const char *whose, const char *address, const char **key)
{
    const char *lower = anshin_address_lower(address, op->pool);
    const char *mac;
    apr_status_t status = anshin_secret_mac(op, &mac, "mail-bound", apr_pstrcat(op->pool, whose, " ", lower, NULL));

    *key = status == APR_SUCCESS ? apr_pstrcat(op->pool, "mails/", mac, NULL) : NULL;
    return status;
}

static apr_status_t numbers_of(anshin_op_t *op, const anshin_account_t *account, const char *address,
                               anshin_mail_bound_t bound, numbers_t *numbers)
{
    const char *cause = bound == ANSHIN_MAIL_STRANGER  ? "stranger"
                        : bound == ANSHIN_MAIL_INVITED ? "invitation"
                                                       : "user";
    const char *own = apr_pstrcat(op->pool, cause, " ", anshin_account_key(op, account->user), NULL);
    apr_status_t status = number_key(op, cause, address, &numbers->shared);

    numbers->own = NULL;
    return status == APR_SUCCESS && bound != ANSHIN_MAIL_INVITED ? number_key(op, own, address, &numbers->own) : status;
}

static apr_status_t count_by(void *baton, anshin_op_t *op)
{
    room_t *room = baton;
    numbers_t numbers;
    int shared, own = ANSHIN_MAILS_SHARE;
    apr_status_t status = numbers_of(op, room->account, room->address, room->bound, &numbers);

    if (status != APR_SUCCESS || (status = anshin_daily_get(op, room->txn, numbers.shared, &shared)) != APR_SUCCESS ||
        (numbers.own != NULL && (status = anshin_daily_get(op, room->txn, numbers.own, &own)) != APR_SUCCESS)) {
        return status;
    }
    room->shared += shared;
    room->own += own;
    return ANSHIN_ENOTFOUND; /* on to the next key */
}

apr_status_t anshin_mail_room(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                              anshin_mail_bound_t bound)
{
    room_t room = {.txn = txn, .account = account, .address = address, .bound = bound};
    apr_status_t status;

    if (bound == ANSHIN_MAIL_OWN) {
        return APR_SUCCESS;
    }
    status = anshin_secret_any(op, count_by, &room);
    if (status != ANSHIN_ENOTFOUND) {
        return status;
    }
    return room.shared < ANSHIN_MAILS_A_DAY || room.own < ANSHIN_MAILS_SHARE ? APR_SUCCESS : ANSHIN_EDENIED;
}

apr_status_t anshin_mail_count(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                               anshin_mail_bound_t bound)
{
    numbers_t numbers;
    apr_status_t status;

    if (bound == ANSHIN_MAIL_OWN) {
        return APR_SUCCESS;
    }
    if ((status = numbers_of(op, account, address, bound, &numbers)) != APR_SUCCESS ||
        (status = anshin_daily_add(op, txn, numbers.shared)) != APR_SUCCESS) {
        return status;
    }
    return numbers.own != NULL ? anshin_daily_add(op, txn, numbers.own) : APR_SUCCESS;
}
