/*
 * What an operator changes of a user: see amend.h.
 */
#include "core/admin/amend.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/account/session.h"
#include "core/account/toll.h"
#include "core/admin/adopt.h"
#include "core/admin/given.h"
#include "core/base/address.h"
#include "core/base/date_text.h"
#include "core/context/rehearsal.h"
#include "core/mail/event.h"
#include "core/selfservice/method.h"
#include "core/selfservice/terminal.h"

/* In normal form. */
typedef struct wish_t {
    const anshin_amend_t *amend;
    const char *address;
    const char *label;
    const char *stored; /* the imported hash, sealed; NULL: none */
    anshin_amended_t *amended;
} wish_t;

static void note(const wish_t *wish, const char *what)
{
    APR_ARRAY_PUSH(wish->amended->what, const char *) = what;
}

static int same(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* --- the terminal ------------------------------------------------------------------------------------------------ */

static apr_status_t find_terminal(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                  apr_int64_t number, anshin_terminal_t *terminal)
{
    apr_status_t status = ANSHIN_ENOTFOUND;

    if (number == 0 && account->terminals != NULL && account->terminals->nelts > 0) {
        number = APR_ARRAY_IDX(account->terminals, 0, apr_int64_t);
    }
    if (number > 0) {
        status = anshin_terminal_get(op, txn, account->user, number, terminal);
    }
    return status == ANSHIN_ENOTFOUND ? anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1437",
                                                    "user %s has no device %" APR_INT64_T_FMT, account->user, number)
                                      : status;
}

static apr_status_t check_address(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                  const anshin_terminal_t *terminal)
{
    apr_array_header_t *terminals;
    apr_status_t status = anshin_account_terminals(op, txn, account, &terminals);

    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *other = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);

        if (other->number != terminal->number && other->address != NULL &&
            anshin_address_same(other->address, terminal->address)) {
            return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1438",
                               "mail address %s: device %" APR_INT64_T_FMT " of user %s has it; give another",
                               terminal->address, other->number, account->user);
        }
    }
    return status;
}

static apr_status_t change_terminal(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                    const wish_t *wish)
{
    const anshin_amend_t *amend = wish->amend;
    const int before = wish->amended->what->nelts;
    anshin_terminal_t former, terminal;
    apr_status_t status = find_terminal(op, txn, account, amend->terminal, &former);

    if (status != APR_SUCCESS) {
        return status;
    }
    terminal = former;
    if (wish->address != NULL && !same(former.address, wish->address)) {
        terminal.address = wish->address;
        terminal.unconfirmed_at = 0;
        note(wish, "address");
        status = check_address(op, txn, account, &terminal);
    }
    if (amend->kind >= 0 && former.kind != amend->kind) {
        terminal.kind = amend->kind;
        note(wish, "kind");
    }
    if (wish->label != NULL && !same(former.label, wish->label)) {
        terminal.label = wish->label;
        note(wish, "label");
    }
    return status == APR_SUCCESS && wish->amended->what->nelts > before
               ? anshin_terminal_change_in(op, txn, account, &terminal, &former)
               : status;
}

/* --- the account ------------------------------------------------------------------------------------------------- */

/* What is the account's alone. *changed: of the attributes. */
static apr_status_t change_account(anshin_op_t *op, anshin_account_t *account, const wish_t *wish, int *changed)
{
    const anshin_amend_t *amend = wish->amend;

    if (amend->language != NULL && !same(account->language, amend->language)) {
        account->language = amend->language;
        account->language_given = account->state == ANSHIN_ACCOUNT_PENDING;
        note(wish, "language");
    }
    if (amend->method >= 0 && account->method != amend->method && account->state == ANSHIN_ACCOUNT_PENDING) {
        account->method = amend->method; /* the registration makes what it needs */
        note(wish, "method");
    }
    return anshin_attributes_put(op, account, &amend->attributes, changed);
}

/* By the method that the same wish gives, if it does. */
static apr_status_t change_password(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, const wish_t *wish)
{
    anshin_account_t after = *account;
    int differs = 0;
    apr_status_t status = APR_SUCCESS;

    if (wish->stored == NULL) {
        return APR_SUCCESS;
    }
    after.method = wish->amend->method >= 0 ? wish->amend->method : account->method;
    if (!anshin_adopt_open(&after)) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1295",
                           "password hash: user %s logs in by method %s, or has set a password here; it stays",
                           account->user, anshin_method_name(after.method));
    }
    status = anshin_adopt_differs(op, account, wish->amend->imported, &differs);
    if (status == APR_SUCCESS && differs) {
        note(wish, "password_hash");
        status = anshin_adopt_in(op, txn, account, wish->stored);
    }
    return status;
}

/* Nothing would come of it: neither mail nor certificate goes to who is disabled. */
static apr_status_t check_method(anshin_op_t *op, const anshin_account_t *account)
{
    const apr_time_t from = account->valid_from > op->now ? account->valid_from : op->now;

    return anshin_account_standing(account, from) != ANSHIN_ACCOUNT_DISABLED
               ? APR_SUCCESS
               : anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1439",
                             "user %s is disabled, or not valid any more: the login method cannot be changed now",
                             account->user);
}

/* Sessions have what the account says now, or end with it. */
static apr_status_t follow(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const wish_t *wish)
{
    static const anshin_session_match_t every = {0};

    if (anshin_account_valid(account, op->now)) {
        return anshin_sessions_refresh_in(op, txn, account, NULL);
    }
    wish->amended->sessions_end = 1;
    return anshin_sessions_end_in(op, txn, account->user, &every, NULL);
}

/* What an account has under a name that is noted, as text; NULL: nothing. */
static const char *text_of(const anshin_account_t *account, const char *what, apr_pool_t *pool)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"language", account->language},
                 {"name", account->name},
                 {"organisation", account->organisation},
                 {"memo", account->memo},
                 {"groups", account->groups != NULL ? apr_array_pstrcat(pool, account->groups, ',') : NULL},
                 {"valid_from", account->valid_from != 0 ? anshin_date_iso(account->valid_from, pool) : NULL},
                 {"valid_until", account->valid_until != 0 ? anshin_date_iso(account->valid_until, pool) : NULL},
                 {"role", anshin_role_name(account->role)},
                 {"method", anshin_method_name(account->method)},
                 {"password_hash", anshin_imported_scheme(account->password_hash)}};

    for (apr_size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].name, what) == 0) {
            return texts[i].text;
        }
    }
    return NULL;
}

/* For the trail: all that has changed, as it was or is, as JSON. NULL: no memory. */
static const char *told(const anshin_account_t *account, const apr_array_header_t *what, apr_pool_t *pool)
{
    json_t *object = json_object();
    const char *text;
    int whole = object != NULL;
    char *dumped;

    for (int i = 0; whole && i < what->nelts; i++) {
        const char *name = APR_ARRAY_IDX(what, i, const char *);
        const char *value = text_of(account, name, pool);

        whole = json_object_set_new(object, name, value != NULL ? json_string(value) : json_null()) == 0;
    }
    dumped = whole ? json_dumps(object, JSON_COMPACT) : NULL;
    text = dumped != NULL ? apr_pstrdup(pool, dumped) : NULL;
    free(dumped);
    json_decref(object);
    return text;
}

/* What has changed until now; terminal and method have events of their own. */
static apr_status_t put_account(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *former,
                                const anshin_account_t *account, const wish_t *wish, int changed)
{
    const anshin_event_t event = {.act = ANSHIN_ACT_ACCOUNT_CHANGED,
                                  .account = account,
                                  .before = told(former, wish->amended->what, op->pool),
                                  .after = told(account, wish->amended->what, op->pool)};
    apr_status_t status;

    if (event.before == NULL || event.after == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1447", "change of user %s: out of memory", account->user);
    }
    status = anshin_account_put(op, txn, account);
    if (status == APR_SUCCESS && changed != 0) {
        status = follow(op, txn, account, wish);
    }
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

static apr_status_t change_method(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, const wish_t *wish)
{
    const int method = wish->amend->method;
    apr_status_t status;

    if (method < 0 || account->method == method) {
        return APR_SUCCESS;
    }
    status = check_method(op, account);
    note(wish, "method");
    wish->amended->sessions_end = 1;
    return status == APR_SUCCESS ? anshin_method_change_in(op, txn, account, method, wish->amended->issues) : status;
}

/* The language comes first, since mails follow; the terminal before the method, whose mails go to its address. */
static apr_status_t amend_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const wish_t *wish = baton;
    const anshin_amend_t *amend = wish->amend;
    anshin_account_t account, former;
    int changed = 0;
    apr_status_t status = anshin_account_get_typed(op, txn, amend->user, &account);

    former = account;
    apr_array_clear(wish->amended->what);
    apr_array_clear(wish->amended->issues);
    wish->amended->sessions_end = 0;
    status = status == APR_SUCCESS ? change_account(op, &account, wish, &changed) : status;
    status = status == APR_SUCCESS ? change_password(op, txn, &account, wish) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    for (const anshin_word_t *word = anshin_attribute_words; word->name != NULL; word++) {
        if ((changed & (1 << word->value)) != 0) {
            note(wish, word->name);
        }
    }
    if (wish->amended->what->nelts > 0) {
        status = put_account(op, txn, &former, &account, wish, changed);
    }
    if (status == APR_SUCCESS && (wish->address != NULL || amend->kind >= 0 || wish->label != NULL)) {
        status = change_terminal(op, txn, &account, wish);
    }
    return status == APR_SUCCESS ? change_method(op, txn, &account, wish) : status;
}

static apr_status_t check(anshin_op_t *op, wish_t *wish)
{
    const anshin_amend_t *amend = wish->amend;
    apr_status_t status = APR_SUCCESS;

    if (amend->address != NULL) {
        status = anshin_given_address(op, amend->address, &wish->address);
    }
    if (status == APR_SUCCESS && amend->label != NULL) {
        status = anshin_given_label(op, amend->label, &wish->label);
    }
    if (status == APR_SUCCESS && amend->kind >= 0) {
        status = anshin_given_kind(op, amend->kind);
    }
    if (status == APR_SUCCESS && amend->method >= 0) {
        status = anshin_given_method(op, amend->method);
    }
    if (status == APR_SUCCESS && amend->imported != NULL) {
        status = anshin_imported_seal(op, &wish->stored, amend->imported);
        status = status == APR_SUCCESS ? anshin_toll_raise(op, amend->imported) : status;
    }
    return status == APR_SUCCESS && amend->language != NULL ? anshin_given_language(op, amend->language) : status;
}

apr_status_t anshin_account_amend(anshin_op_t *op, const anshin_amend_t *amend, anshin_amended_t *amended)
{
    wish_t wish = {.amend = amend, .amended = amended};
    apr_status_t status = check(op, &wish);

    amended->what = apr_array_make(op->pool, 8, sizeof(const char *));
    amended->issues = apr_array_make(op->pool, 4, sizeof(anshin_method_issue_t));
    return status == APR_SUCCESS ? anshin_op_write_rehearsed(op, ANSHIN_DURABLE, amend_in, &wish) : status;
}
