/*
 * Renewal of a terminal's certificate: see renewal.h.
 */
#include "core/selfservice/renewal.h"

#include <string.h>

#include "core/certificate/renewal.h"
#include "core/context/flow.h"
#include "core/context/rehearsal.h"

/* What a member wants, and what comes of it. */
typedef struct wish_t {
    const anshin_member_t *member;
    apr_int64_t number;
    anshin_renewal_t *renewal;
} wish_t;

/* The terminal's certificate, where it can be renewed. */
static apr_status_t find_renewable(anshin_op_t *op, anshin_txn_t *txn, anshin_renewal_t *renewal)
{
    anshin_terminal_parts_t parts;
    apr_status_t status = anshin_terminal_parts(op, txn, &renewal->terminal, &parts);

    if (status != APR_SUCCESS || !anshin_certificate_renewable(op, &parts)) {
        return status == APR_SUCCESS ? ANSHIN_ENOTFOUND : status;
    }
    renewal->expires_at = parts.certificate.not_after;
    renewal->waits = parts.has_download || renewal->terminal.renewing != NULL;
    return APR_SUCCESS;
}

static apr_status_t find(anshin_op_t *op, anshin_txn_t *txn, const wish_t *wish, anshin_account_t *account)
{
    anshin_renewal_t *renewal = wish->renewal;
    int room = 0;
    apr_status_t status =
        ANSHIN_HAS(op->contract->policy.functions, ANSHIN_FUNCTION_RENEWAL) && anshin_member_fresh(op, wish->member)
            ? anshin_member_account(op, txn, wish->member, account)
            : ANSHIN_EDENIED;

    memset(renewal, 0, sizeof(*renewal));
    if (status != APR_SUCCESS ||
        (status = anshin_terminal_get(op, txn, account->user, wish->number, &renewal->terminal)) != APR_SUCCESS ||
        (status = find_renewable(op, txn, renewal)) != APR_SUCCESS) {
        return status;
    }
    status = anshin_renewal_room(op, txn, account, &room);
    renewal->error = room ? NULL : "errors.renewals";
    return status;
}

static apr_status_t find_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_account_t account;

    return find(op, txn, baton, &account);
}

apr_status_t anshin_renewal_find(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                 anshin_renewal_t *renewal)
{
    wish_t wish = {member, number, renewal};

    return anshin_op_read(op, find_in, &wish);
}

static apr_status_t begin_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const wish_t *wish = baton;
    const char *password; /* the list of terminals shows it */
    anshin_account_t account;
    apr_status_t status = find(op, txn, wish, &account);

    status = status == APR_SUCCESS ? anshin_flow_waits(op, txn, ANSHIN_STAGE_OPENED) : status;
    return status == APR_SUCCESS && wish->renewal->error == NULL
               ? anshin_renewal_begin_in(op, txn, &account, &wish->renewal->terminal, &password)
               : status;
}

apr_status_t anshin_renewal_begin(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                  anshin_renewal_t *renewal)
{
    wish_t wish = {member, number, renewal};

    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, begin_in, &wish);
}
