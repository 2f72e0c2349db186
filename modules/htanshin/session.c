/*
 * htanshin session: where users are logged in, and ending that (S17). A session is named by the key under which the
 * store has it, a hash of the cookie, which is of no use as one.
 */
#include <string.h>

#include "core/account/account.h"
#include "core/login/logout.h"
#include "htanshin/call.h"
#include "htanshin/list.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

typedef struct listing_t {
    const char *user;
    apr_array_header_t *terminals; /* of the user */
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
    anshin_result_text(row, "label", anshin_terminal_label(listing->terminals, session->terminal), pool);
    anshin_result_text(row, "certificate", session->serial, pool);
    return anshin_rows_add(listing->rows, place, row);
}

static apr_status_t list_walk(anshin_call_t *call, void *baton, anshin_rows_t *rows)
{
    listing_t *listing = baton;
    anshin_account_t account;
    apr_status_t status = anshin_account_read(&call->op, listing->user, &account, &listing->terminals);

    listing->rows = rows;
    if (status == APR_SUCCESS) {
        status = anshin_sessions_list(&call->op, listing->user, list_one, listing);
    }
    return anshin_call_missing(call, status, "user", listing->user);
}

static apr_status_t list_after(anshin_call_t *call, void *baton, const char *given, apr_time_t *at, const char **key)
{
    const listing_t *listing = baton;
    anshin_session_t session;
    apr_status_t status = anshin_session_read(&call->op, listing->user, given, &session);

    *at = status == APR_SUCCESS ? session.created_at : 0;
    *key = given;
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
    const anshin_session_match_t match = {.key = call->operand_count > 1 ? call->operands[1] : NULL};
    const char *user;
    int ended = 0;
    apr_status_t status = anshin_call_user(call, call->operands[0], &user);

    if (status != APR_SUCCESS ||
        (status = anshin_call_missing(call, anshin_sessions_end(&call->op, user, &match, NULL, &ended), "user",
                                      user)) != APR_SUCCESS) {
        return status;
    }
    if (ended == 0) {
        return anshin_fail(&call->op.error, ANSHIN_ENOTFOUND, "AN0896",
                           match.key != NULL ? "user %s: has no such session" : "user %s: is not logged in", user);
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
