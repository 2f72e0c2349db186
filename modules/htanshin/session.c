/*
 * htanshin session: where users are logged in, and ending that (S17). A session is named by the key under which the
 * store has it, a hash of the cookie, which is of no use as one.
 */
#include "core/session.h"

#include <string.h>

#include "core/account.h"
#include "htanshin/list.h"

static apr_status_t missing(anshin_call_t *call, apr_status_t status, const char *user)
{
    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(&call->op.error, status, "AN0895", "user %s: there is none in contract %s", user,
                           call->op.contract->name);
    }
    return status;
}

typedef struct listing_t {
    const char *user;
    anshin_rows_t *rows;
} listing_t;

static apr_status_t list_one(void *baton, const char *key, const anshin_session_t *session)
{
    const listing_t *listing = baton;
    apr_pool_t *pool = anshin_rows_scratch(listing->rows);
    const char *place = anshin_rows_place(listing->rows, session->created_at, key);
    json_t *row;

    if (place == NULL) {
        return APR_SUCCESS;
    }
    row = json_object();
    anshin_result_text(row, "id", key, pool);
    anshin_result_time(row, "since", session->created_at, pool);
    anshin_result_time(row, "last_used", session->seen_at, pool);
    anshin_result_text(row, "address", session->address, pool);
    anshin_result_text(row, "method", anshin_method_name(session->method), pool);
    anshin_result_number(row, "terminal", session->terminal);
    anshin_result_text(row, "certificate", session->serial, pool);
    return anshin_rows_add(listing->rows, place, row);
}

static apr_status_t list_walk(anshin_call_t *call, void *baton, anshin_txn_t *txn, anshin_rows_t *rows)
{
    listing_t *listing = baton;
    anshin_account_t account;
    apr_status_t status = missing(call, anshin_account_get(&call->op, txn, listing->user, &account), listing->user);

    listing->rows = rows;
    return status == APR_SUCCESS ? anshin_sessions_each(&call->op, txn, &account, list_one, listing) : status;
}

/* Another user's session is not there. */
static apr_status_t list_after(anshin_call_t *call, void *baton, const char *given, apr_time_t *at, const char **key)
{
    const listing_t *listing = baton;
    anshin_session_t session;
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(&call->op, ANSHIN_TXN_READ, &txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_session_get(&call->op, txn, given, &session, &account);
    if (status == APR_SUCCESS && strcmp(account.user, listing->user) != 0) {
        status = ANSHIN_ENOTFOUND;
    }
    *at = status == APR_SUCCESS ? session.created_at : 0;
    *key = given;
    anshin_txn_abort(txn);
    return status == ANSHIN_ENOTFOUND
               ? anshin_fail(&call->op.error, status, "AN1185", "--after: user %s has no such session", listing->user)
               : status;
}

/* The sessions of a user who exists, newest first. */
static apr_status_t session_list(anshin_call_t *call)
{
    static const anshin_list_t list = {.descending = 1, .after = list_after, .walk = list_walk};
    listing_t listing = {.user = NULL};
    apr_status_t status = anshin_call_user(call, call->operands[0], &listing.user);

    return status == APR_SUCCESS ? anshin_list(call, &list, &listing) : status;
}

static apr_status_t session_end(anshin_call_t *call)
{
    const char *id = call->operand_count > 1 ? call->operands[1] : NULL;
    const char *user;
    int ended = 0;
    apr_status_t status = anshin_call_user(call, call->operands[0], &user);

    if (status != APR_SUCCESS ||
        (status = missing(call, anshin_sessions_close(&call->op, user, id, NULL, &ended), user)) != APR_SUCCESS) {
        return status;
    }
    if (ended == 0) {
        return anshin_fail(&call->op.error, ANSHIN_ENOTFOUND, "AN0896",
                           id != NULL ? "user %s: has no such session" : "user %s: is not logged in", user);
    }
    call->result = json_object();
    anshin_result_text(call->result, "user", user, call->pool);
    anshin_result_number(call->result, "ended", ended);
    return APR_SUCCESS;
}

static const anshin_command_option_t list_options[] = {
    ANSHIN_LIST_LIMIT,
    ANSHIN_LIST_AFTER("ID", "the last session of the list before"),
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_session[] = {
    {"session", "list", "USER", 1, 1, list_options, ANSHIN_ACCESS_STORE, session_list,
     "List where a user is logged in, newest first."},
    {"session", "end", "USER [ID]", 1, 2, NULL, ANSHIN_ACCESS_STORE, session_end,
     "End one session of a user, or all of them; it takes effect with the very next request."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
