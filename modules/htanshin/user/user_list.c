/*
 * htanshin user list: users by how far they have come, organisation or group, and what is told of each.
 */
#include "htanshin/user/user_list.h"

#include <apr_strings.h>

#include "core/account/imported.h"
#include "core/context/own.h"
#include "htanshin/call.h"
#include "htanshin/choice/choice.h"
#include "htanshin/list.h"
#include "htanshin/user/user_attributes.h"
#include "htanshin/values.h"

typedef enum column_t {
    COLUMN_USER,
    COLUMN_STATE,
    COLUMN_METHOD,
    COLUMN_TERMINALS,
    COLUMN_CREATED_AT,
    COLUMN_LAST_LOGIN_AT,
    COLUMN_NAME,
    COLUMN_ORGANISATION,
    COLUMN_GROUPS,
    COLUMN_MEMO,
    COLUMN_VALID_FROM,
    COLUMN_VALID_UNTIL,
    COLUMN_IMPORTED_PASSWORD,
    COLUMNS
} column_t;

#define COLUMNS_OF_TEXT COLUMN_NAME /* so many fit a terminal; programs get all */

static const anshin_word_t columns[] = {{"user", COLUMN_USER},
                                        {"state", COLUMN_STATE},
                                        {"method", COLUMN_METHOD},
                                        {"terminals", COLUMN_TERMINALS},
                                        {"created_at", COLUMN_CREATED_AT},
                                        {"last_login_at", COLUMN_LAST_LOGIN_AT},
                                        {"name", COLUMN_NAME},
                                        {"organisation", COLUMN_ORGANISATION},
                                        {"groups", COLUMN_GROUPS},
                                        {"memo", COLUMN_MEMO},
                                        {"valid_from", COLUMN_VALID_FROM},
                                        {"valid_until", COLUMN_VALID_UNTIL},
                                        {"imported_password", COLUMN_IMPORTED_PASSWORD},
                                        {NULL, 0}};

const anshin_command_option_t anshin_user_list_options[] = {
    ANSHIN_CHOICE_OPTIONS,
    {"imported", NULL, "Only those whose password is still a hash of another system.", 0},
    {"columns", "COLUMN,...",
     "What is told, in this order, of user, state, method, terminals, created_at, last_login_at, name, organisation, "
     "groups, memo, valid_from, valid_until and imported_password. When not given, the first six; with --json all.",
     0},
    ANSHIN_LIST_LIMIT,
    ANSHIN_LIST_AFTER("USER", "the last user of the list before"),
    {NULL, NULL, NULL, 0},
};

typedef struct listing_t {
    const anshin_call_t *call;
    anshin_rows_t *rows;
    anshin_choice_t choice;
    int imported; /* 1: those alone whose password is still a hash of another system */
    column_t columns[COLUMNS];
    int count;
    int added; /* rows of the walk under way */
} listing_t;

/* --- the command line --------------------------------------------------------------------------------------------- */

static apr_status_t read_columns(anshin_call_t *call, listing_t *listing)
{
    const char *text = anshin_call_value(call, "columns");

    listing->count = call->json ? COLUMNS : COLUMNS_OF_TEXT;
    for (int i = 0; i < COLUMNS; i++) {
        listing->columns[i] = (column_t)i;
    }
    if (text == NULL) {
        return APR_SUCCESS;
    }
    for (listing->count = 0; *text != '\0';) {
        size_t length = strcspn(text, ",");
        int value = anshin_word_value(columns, apr_pstrmemdup(call->pool, text, length), -1);

        for (int i = 0; i < listing->count; i++) {
            value = (int)listing->columns[i] == value ? -1 : value;
        }
        if (value < 0) {
            break;
        }
        listing->columns[listing->count++] = (column_t)value;
        text += length + (text[length] == ',');
    }
    return *text == '\0' && listing->count > 0
               ? APR_SUCCESS
               : anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1444",
                             "--columns: must be some of %s, each once, with commas between them",
                             anshin_word_list(columns, ", ", call->pool));
}

/* --- the rows ----------------------------------------------------------------------------------------------------- */

static void put_groups(json_t *row, const anshin_account_t *account, int json, apr_pool_t *pool)
{
    if (json) {
        json_object_set_new(row, "groups", anshin_user_groups(account));
    } else {
        anshin_result_text(row, "groups",
                           account->groups != NULL ? apr_array_pstrcat(pool, account->groups, ',') : NULL, pool);
    }
}

static void put_column(json_t *row, column_t column, const anshin_account_t *account, int json, apr_pool_t *pool)
{
    const char *name = anshin_word_name(columns, column, "");

    switch (column) {
    case COLUMN_USER:
        anshin_result_text(row, name, account->user, pool);
        break;
    case COLUMN_STATE:
        anshin_result_text(row, name, anshin_account_state_name(account->state), pool);
        break;
    case COLUMN_METHOD:
        anshin_result_text(row, name, anshin_method_name(account->method), pool);
        break;
    case COLUMN_TERMINALS:
        anshin_result_number(row, name, account->terminals != NULL ? account->terminals->nelts : 0);
        break;
    case COLUMN_CREATED_AT:
        anshin_result_time(row, name, account->created_at, pool);
        break;
    case COLUMN_LAST_LOGIN_AT:
        anshin_result_time(row, name, account->last_login_at, pool);
        break;
    case COLUMN_NAME:
        anshin_result_text(row, name, account->name, pool);
        break;
    case COLUMN_ORGANISATION:
        anshin_result_text(row, name, account->organisation, pool);
        break;
    case COLUMN_GROUPS:
        put_groups(row, account, json, pool);
        break;
    case COLUMN_MEMO:
        anshin_result_text(row, name, account->memo, pool);
        break;
    case COLUMN_VALID_FROM:
        anshin_result_time(row, name, account->valid_from, pool);
        break;
    case COLUMN_VALID_UNTIL:
        anshin_result_time(row, name, account->valid_until, pool);
        break;
    case COLUMN_IMPORTED_PASSWORD:
        anshin_result_text(row, name, anshin_imported_scheme(account->password_hash), pool);
        break;
    case COLUMNS:
        break;
    }
}

/* By what stands in the account itself, and by where the list stands. */
static int is_wanted(void *baton, const anshin_account_t *account)
{
    const listing_t *listing = baton;

    return anshin_choice_admits(&listing->choice, account) &&
           (!listing->imported || anshin_imported_scheme(account->password_hash) != NULL) &&
           anshin_rows_place(listing->rows, 0, account->user) != NULL;
}

static apr_status_t add(listing_t *listing, const anshin_account_t *account)
{
    json_t *row = json_object();
    const char *place = anshin_rows_place(listing->rows, 0, account->user);

    for (int i = 0; i < listing->count; i++) {
        put_column(row, listing->columns[i], account, listing->call->json, anshin_rows_scratch(listing->rows));
    }
    return anshin_rows_add(listing->rows, place, row);
}

static apr_status_t list_one(void *baton, const char *key, const void *record)
{
    (void)key;
    return is_wanted(baton, record) ? add(baton, record) : APR_SUCCESS;
}

/* In the order of user IDs, so that nothing is looked at beyond the rows that are kept. */
static apr_status_t list_chosen(anshin_call_t *call, void *baton, const anshin_particulars_t *user)
{
    listing_t *listing = baton;
    apr_status_t status = APR_SUCCESS;

    (void)call;
    if (is_wanted(listing, &user->account)) {
        status = add(listing, &user->account);
        listing->added++;
    }
    return status == APR_SUCCESS && listing->added == anshin_rows_limit(listing->rows) ? APR_EOF : status;
}

/* How far somebody has come stands in several records. */
static apr_status_t list_walk(anshin_call_t *call, void *baton, anshin_rows_t *rows)
{
    listing_t *listing = baton;
    apr_status_t status;

    listing->rows = rows;
    listing->added = 0;
    if (listing->choice.state < 0) {
        return anshin_own_each(&call->op, &anshin_record_account, anshin_account_key(&call->op, ""), list_one, listing);
    }
    status = anshin_choice_each(call, &listing->choice, list_chosen, listing);
    return status == APR_EOF ? APR_SUCCESS : status;
}

static apr_status_t list_after(anshin_call_t *call, void *baton, const char *given, apr_time_t *at, const char **key)
{
    (void)baton;
    *at = 0;
    return anshin_call_user(call, given, key);
}

apr_status_t anshin_user_list(anshin_call_t *call)
{
    static const anshin_list_t list = {.after = list_after, .walk = list_walk};
    listing_t listing = {.call = call};
    apr_status_t status = read_columns(call, &listing);

    if (status == APR_SUCCESS && (status = anshin_choice_read(call, &listing.choice)) == APR_SUCCESS) {
        listing.choice.wanted = is_wanted;
        listing.imported = anshin_call_value(call, "imported") != NULL;
    }
    return status == APR_SUCCESS ? anshin_list(call, &list, &listing) : status;
}
