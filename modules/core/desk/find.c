/*
 * Search at the help desk: see find.h.
 */
#include "core/desk/find.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/attribute.h"
#include "core/base/unicode.h"
#include "core/desk/index.h"
#include "core/login/help_number.h"

#define SERIAL_DIGITS_MAX 40 /* RFC 5280 4.1.2.2: 20 octets */

typedef struct search_t {
    const anshin_staff_t *staff;
    const char *typed; /* in the form of people.h */
    anshin_found_t *found;
    anshin_op_t op; /* on the contract that is looked at */
    apr_hash_t *seen;
    apr_pool_t *scratch;
    const char *organisation; /* of whose users alone something may be seen, in the form of the index; NULL: of all */
} search_t;

/* --- what is found ---------------------------------------------------------------------------------------------- */

static anshin_account_t kept(const anshin_account_t *account, apr_pool_t *pool)
{
    return (anshin_account_t){.contract = apr_pstrdup(pool, account->contract),
                              .user = apr_pstrdup(pool, account->user),
                              .number = apr_pstrdup(pool, account->number),
                              .name = apr_pstrdup(pool, account->name),
                              .organisation = apr_pstrdup(pool, account->organisation),
                              .state = account->state,
                              .valid_from = account->valid_from,
                              .valid_until = account->valid_until,
                              .terminals = account->terminals != NULL && account->terminals->nelts > 0
                                               ? apr_array_copy(pool, account->terminals)
                                               : NULL};
}

/* An account of the contract that is looked at, once. APR_EOF: there is no room for more. */
static apr_status_t add(search_t *search, const anshin_account_t *account, const char *address)
{
    apr_pool_t *pool = search->op.pool;
    anshin_found_user_t *user;
    const char *key;

    if (!anshin_staff_may(search->staff, ANSHIN_DESK_SEE, search->op.contract, account)) {
        return APR_SUCCESS;
    }
    key = anshin_account_key(&search->op, account->user);
    if (apr_hash_get(search->seen, key, APR_HASH_KEY_STRING) != NULL) {
        return APR_SUCCESS;
    }
    if (search->found->users->nelts == ANSHIN_FOUND_MAX) {
        search->found->more = 1;
        return APR_EOF;
    }
    apr_hash_set(search->seen, key, APR_HASH_KEY_STRING, key);
    user = apr_array_push(search->found->users);
    *user = (anshin_found_user_t){search->op.contract, kept(account, pool), apr_pstrdup(pool, address)};
    return APR_SUCCESS;
}

static int look_at(search_t *search, const anshin_op_t *op, const anshin_contract_t *contract)
{
    search->op = *op;
    search->op.contract = contract;
    search->op.cache = NULL;
    search->op.flow = NULL;
    return contract != NULL && anshin_staff_may(search->staff, ANSHIN_DESK_FIND, contract, NULL);
}

/* One by its key; none is no failure. */
static apr_status_t add_user(search_t *search, const char *user)
{
    anshin_account_t account;
    apr_status_t status = user != NULL ? anshin_op_get(&search->op, &anshin_record_account,
                                                       anshin_account_key(&search->op, user), &account)
                                       : ANSHIN_ENOTFOUND;

    if (status == APR_SUCCESS) {
        status = add(search, &account, NULL);
    }
    return status == ANSHIN_ENOTFOUND || status == APR_EOF ? APR_SUCCESS : status;
}

/* --- whole ------------------------------------------------------------------------------------------------------ */

/* Not for whoever sees some users of a contract alone, unless it is about one of these. */
static apr_status_t by_number(search_t *search, anshin_op_t *op)
{
    anshin_found_t *found = search->found;
    const char *number;
    apr_status_t status = anshin_help_number_find(op, search->typed, &number, &found->help);

    if (status != APR_SUCCESS || found->help.contract == NULL ||
        !look_at(search, op, anshin_config_contract(op->env->config, found->help.contract))) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = add_user(search, found->help.user);
    if (status == APR_SUCCESS &&
        (found->users->nelts > 0 || (found->help.user == NULL && search->staff->role != ANSHIN_ROLE_ORGANISATION))) {
        found->number = number;
        found->by = ANSHIN_FOUND_BY_NUMBER;
    }
    return status;
}

/* As tools print it ("0A:1B", leading zero octets), in the store's form. NULL: it is none. */
static const char *serial_of(const char *typed, apr_pool_t *pool)
{
    char *digits = apr_palloc(pool, strlen(typed) + 2);
    char *end = digits + 1; /* a place for half an octet */

    for (; *typed != '\0'; typed++) {
        if (apr_isxdigit(*typed)) {
            *end++ = (char)apr_tolower(*typed);
        } else if (*typed != ':' && *typed != ' ') {
            return NULL;
        }
    }
    *end = '\0';
    digits[0] = '0';
    digits += (end - digits) % 2;
    while (end - digits > 2 && digits[0] == '0' && digits[1] == '0') {
        digits += 2;
    }
    return end - digits > 2 && end - digits <= SERIAL_DIGITS_MAX ? digits : NULL;
}

static apr_status_t by_serial(search_t *search, anshin_op_t *op)
{
    const char *serial = serial_of(search->typed, op->pool);
    anshin_certificate_t certificate;
    anshin_account_t account;
    apr_status_t status =
        serial != NULL ? anshin_op_get(op, &anshin_record_certificate, serial, &certificate) : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS || certificate.contract == NULL || certificate.user == NULL ||
        !look_at(search, op, anshin_config_contract(op->env->config, certificate.contract))) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status =
        anshin_op_get(&search->op, &anshin_record_account, anshin_account_key(&search->op, certificate.user), &account);
    if (status == APR_SUCCESS && anshin_account_owns(&account, certificate.account, certificate.issued_at)) {
        status = add(search, &account, NULL);
    }
    search->found->by = search->found->users->nelts > 0 ? ANSHIN_FOUND_BY_SERIAL : ANSHIN_FOUND_NOT;
    return status == ANSHIN_ENOTFOUND || status == APR_EOF ? APR_SUCCESS : status;
}

static apr_status_t by_id(search_t *search, anshin_op_t *op)
{
    const char *user = anshin_user_canonical(search->typed, op->pool);
    const apr_array_header_t *contracts = op->env->config->contracts;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && user != NULL && i < contracts->nelts; i++) {
        if (look_at(search, op, APR_ARRAY_IDX(contracts, i, const anshin_contract_t *))) {
            status = add_user(search, user);
        }
    }
    search->found->by = search->found->users->nelts > 0 ? ANSHIN_FOUND_BY_ID : ANSHIN_FOUND_NOT;
    return status;
}

/* --- in part, from the index -------------------------------------------------------------------------------------- */

/* Of whoever may be seen by what the index has of him the record is read, which add() asks about. */
static apr_status_t add_person(void *baton, anshin_op_t *op, anshin_txn_t *txn, const anshin_person_t *person)
{
    search_t *search = baton;
    const apr_size_t length = strcspn(person->account, "/");
    anshin_account_t account;
    anshin_terminal_t terminal = {.address = NULL};
    apr_status_t status;

    if (search->op.contract == NULL || strncmp(search->op.contract->name, person->account, length) != 0 ||
        search->op.contract->name[length] != '\0') {
        const char *name = apr_pstrmemdup(op->pool, person->account, length);

        (void)look_at(search, op, anshin_config_contract(op->env->config, name));
    }
    if (!anshin_staff_may(search->staff, ANSHIN_DESK_FIND, search->op.contract, NULL) ||
        (search->organisation != NULL && strcmp(search->organisation, person->organisation) != 0)) {
        return APR_SUCCESS;
    }
    apr_pool_clear(search->scratch);
    status = anshin_txn_get_to(txn, &anshin_record_account, person->account, &account, search->scratch);
    if (status == APR_SUCCESS && person->terminal != NULL) {
        const char *key = apr_pstrcat(search->scratch, person->account, "/", person->terminal, NULL);

        status = anshin_txn_get_to(txn, &anshin_record_terminal, key, &terminal, search->scratch);
    }
    status = status == APR_SUCCESS ? add(search, &account, terminal.address) : status;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* ANSHIN_ENOTFOUND: there is no index. */
static apr_status_t ask_index(search_t *search, anshin_op_t *op)
{
    const anshin_staff_t *staff = search->staff;
    apr_status_t status;

    search->op.contract = NULL;
    search->organisation =
        staff->role == ANSHIN_ROLE_ORGANISATION ? anshin_people_form(staff->organisation, op->pool) : NULL;
    status = anshin_desk_index_search(op->env->desk_index, op, search->typed, add_person, search);
    return status == APR_EOF ? APR_SUCCESS : status;
}

/* --- in part, by a walk ------------------------------------------------------------------------------------------- */

static int has(search_t *search, const char *text)
{
    return text != NULL && strstr(anshin_people_form(text, search->scratch), search->typed) != NULL;
}

/* What a walk through a contract remembers: no more than the operator may see, and than the answers can hold. */
typedef struct addressed_t {
    search_t *search;
    apr_hash_t *own; /* keys of the accounts of whom alone the operator may see something; NULL: of all */
    apr_hash_t *users;
    apr_array_header_t *terminals; /* of anshin_terminal_t: user and address, one of each of the users */
} addressed_t;

static apr_status_t see_account(void *baton, const char *key, const void *record)
{
    addressed_t *addressed = baton;
    search_t *search = addressed->search;
    const anshin_account_t *account = record;

    apr_pool_clear(search->scratch);
    if (addressed->own != NULL && anshin_staff_may(search->staff, ANSHIN_DESK_SEE, search->op.contract, account)) {
        const char *kept_key = apr_pstrdup(search->op.pool, key);

        apr_hash_set(addressed->own, kept_key, APR_HASH_KEY_STRING, kept_key);
    }
    return has(search, account->user) || has(search, account->name) || has(search, account->organisation)
               ? add(search, account, NULL)
               : APR_SUCCESS;
}

/* Key: that of the account, and the number behind it. */
static apr_status_t see_terminal(void *baton, const char *key, const void *record)
{
    addressed_t *addressed = baton;
    search_t *search = addressed->search;
    const anshin_terminal_t *terminal = record;
    apr_pool_t *pool = search->op.pool;
    const char *end = strrchr(key, '/');
    const apr_ssize_t length = end != NULL ? end - key : 0;

    apr_pool_clear(search->scratch);
    if (!has(search, terminal->address) ||
        (addressed->own != NULL && apr_hash_get(addressed->own, key, length) == NULL) ||
        apr_hash_get(search->seen, key, length) != NULL || apr_hash_get(addressed->users, key, length) != NULL) {
        return APR_SUCCESS;
    }
    apr_hash_set(addressed->users, apr_pstrmemdup(pool, key, (apr_size_t)length), length, addressed);
    APR_ARRAY_PUSH(addressed->terminals, anshin_terminal_t) =
        (anshin_terminal_t){.user = apr_pstrdup(pool, terminal->user), .address = apr_pstrdup(pool, terminal->address)};
    return addressed->terminals->nelts > ANSHIN_FOUND_MAX ? APR_EOF : APR_SUCCESS;
}

static apr_status_t walk(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    addressed_t *addressed = baton;
    search_t *search = addressed->search;
    const char *prefix = anshin_account_key(op, "");
    apr_status_t status = anshin_txn_each(txn, &anshin_record_account, prefix, see_account, addressed);

    if (status != APR_SUCCESS || search->found->more) {
        return status;
    }
    status = anshin_txn_each(txn, &anshin_record_terminal, prefix, see_terminal, addressed);
    for (int i = 0; status == APR_SUCCESS && i < addressed->terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(addressed->terminals, i, anshin_terminal_t);
        anshin_account_t account;

        apr_pool_clear(search->scratch);
        status = anshin_txn_get_to(txn, &anshin_record_account, anshin_account_key(op, terminal->user), &account,
                                   search->scratch);
        status = status == APR_SUCCESS ? add(search, &account, terminal->address) : status;
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status == APR_EOF ? APR_SUCCESS : status;
}

static apr_status_t walk_all(search_t *search, anshin_op_t *op)
{
    const apr_array_header_t *contracts = op->env->config->contracts;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && !search->found->more && i < contracts->nelts; i++) {
        if (look_at(search, op, APR_ARRAY_IDX(contracts, i, const anshin_contract_t *))) {
            addressed_t addressed = {.search = search,
                                     .own = search->staff->role == ANSHIN_ROLE_ORGANISATION ? apr_hash_make(op->pool)
                                                                                            : NULL,
                                     .users = apr_hash_make(op->pool),
                                     .terminals = apr_array_make(op->pool, 16, sizeof(anshin_terminal_t))};

            status = anshin_op_look(&search->op, walk, &addressed);
            op->error = search->op.error;
        }
    }
    return status;
}

static int in_order(const void *a, const void *b)
{
    const anshin_found_user_t *first = a;
    const anshin_found_user_t *second = b;
    const int order = strcmp(first->contract->name, second->contract->name);

    return order != 0 ? order : strcmp(first->account.user, second->account.user);
}

static apr_status_t by_text(search_t *search, anshin_op_t *op)
{
    anshin_found_t *found = search->found;
    apr_status_t status;

    apr_pool_create(&search->scratch, op->pool);
    status = ask_index(search, op);
    if (status == ANSHIN_ENOTFOUND) {
        status = walk_all(search, op);
    }
    apr_pool_destroy(search->scratch);
    found->by = found->users->nelts > 0 ? ANSHIN_FOUND_BY_TEXT : ANSHIN_FOUND_NOT;
    if (found->users->nelts > 1) {
        qsort(found->users->elts, (size_t)found->users->nelts, sizeof(anshin_found_user_t), in_order);
    }
    return status;
}

/* --- all -------------------------------------------------------------------------------------------------------- */

/* In the form that is compared. *in_part: '*' stood behind it. */
static const char *looked_for(const char *normal, int *in_part, apr_pool_t *pool)
{
    char *form = anshin_unicode_trim(apr_pstrdup(pool, anshin_people_form(normal, pool)));
    const apr_size_t length = strlen(form);

    *in_part = length > 0 && form[length - 1] == '*';
    form[length - (apr_size_t)*in_part] = '\0';
    return form;
}

apr_status_t anshin_desk_find(anshin_op_t *op, const anshin_staff_t *staff, const char *typed, anshin_find_how_t how,
                              anshin_found_t *found)
{
    static const struct {
        apr_status_t (*look)(search_t *search, anshin_op_t *op);
        int in_part; /* 1: also where a part is looked for */
        int typing;  /* 1: also while it is typed */
    } ways[] = {{by_number, 0, 1}, {by_serial, 0, 1}, {by_id, 0, 0}, {by_text, 1, 1}};
    const char *normal = anshin_attribute_typed(typed, op->pool);
    search_t search = {.staff = staff, .found = found, .seen = apr_hash_make(op->pool)};
    apr_status_t status = APR_SUCCESS;
    int in_part = 0;

    *found = (anshin_found_t){.users = apr_array_make(op->pool, 8, sizeof(anshin_found_user_t))};
    if (normal != NULL && strlen(normal) <= ANSHIN_FIND_TEXT_MAX) {
        search.typed = looked_for(normal, &in_part, op->pool);
    }
    if (search.typed == NULL || *search.typed == '\0') {
        return APR_SUCCESS;
    }
    for (apr_size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (status == APR_SUCCESS && found->by == ANSHIN_FOUND_NOT && (!in_part || ways[i].in_part) &&
            (how == ANSHIN_FIND_WHOLE || ways[i].typing)) {
            status = ways[i].look(&search, op);
        }
    }
    if (status != APR_SUCCESS && search.op.error.text[0] != '\0') {
        op->error = search.op.error;
    }
    return status;
}
