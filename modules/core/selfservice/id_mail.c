/*
 * User IDs by mail: see id_mail.h.
 *
 * SECURITY: strangers ask for it. The address comes from the store, never from what was typed; the mail holds no link
 * that opens anything, and no secret.
 */
#include "core/selfservice/id_mail.h"

#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/account/address_index.h"
#include "core/base/address.h"
#include "core/mail/mail.h"
#include "core/mail/mail_way.h"

/* Who is told: whoever could ask the help desk for the same, as a locked user and one who has yet to register can. */
static int is_told(const anshin_op_t *op, const anshin_account_t *account)
{
    return anshin_account_standing(account, op->now) != ANSHIN_ACCOUNT_DISABLED;
}

/* Is an entry still true? Read as it is, of whomever: nobody else's account is written here. */
static apr_status_t look(anshin_op_t *op, anshin_txn_t *txn, const char *entry, const char *address, const char **user,
                         const char **mailbox)
{
    anshin_account_t account;
    anshin_terminal_t terminal;
    apr_int64_t number;
    apr_status_t status = anshin_address_index_entry(op, entry, user, &number) ? APR_SUCCESS : ANSHIN_ENOTFOUND;

    if (status == APR_SUCCESS) {
        status = anshin_txn_get(txn, &anshin_record_account, anshin_account_key(op, *user), &account);
    }
    if (status != APR_SUCCESS || (status = anshin_terminal_get(op, txn, *user, number, &terminal)) != APR_SUCCESS) {
        return status;
    }
    *mailbox = terminal.address;
    return is_told(op, &account) && terminal.address != NULL && anshin_address_same(terminal.address, address)
               ? APR_SUCCESS
               : ANSHIN_ENOTFOUND;
}

/* The users of an index, each once. */
typedef struct found_t {
    apr_array_header_t *users; /* of const char * */
    const char *mailbox;       /* the address as the first one's terminal has it */
    int more;
} found_t;

static int is_in(const apr_array_header_t *users, const char *user)
{
    for (int i = 0; i < users->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(users, i, const char *), user) == 0) {
            return 1;
        }
    }
    return 0;
}

static void take(found_t *found, const char *user, const char *mailbox, int limit)
{
    if (is_in(found->users, user)) {
        return;
    }
    if (found->users->nelts == limit) {
        found->more = 1;
        return;
    }
    if (found->users->nelts == 0) {
        found->mailbox = mailbox;
    }
    APR_ARRAY_PUSH(found->users, const char *) = user;
}

/* Whoever comes behind changes nothing any more. */
static int is_full(const found_t *found, int limit)
{
    return found->more && found->users->nelts == limit;
}

static apr_status_t find(anshin_op_t *op, anshin_txn_t *txn, const anshin_address_index_t *index, const char *address,
                         int limit, found_t *found)
{
    *found = (found_t){apr_array_make(op->pool, 4, sizeof(const char *)), NULL, index->more != 0};
    for (int i = 0; index->terminals != NULL && i < index->terminals->nelts && !is_full(found, limit); i++) {
        const char *user, *mailbox;
        apr_status_t status = look(op, txn, APR_ARRAY_IDX(index->terminals, i, const char *), address, &user, &mailbox);

        if (status == APR_SUCCESS) {
            take(found, user, mailbox, limit);
        } else if (status != ANSHIN_ENOTFOUND) {
            return status;
        }
    }
    return found->users->nelts > 0 ? APR_SUCCESS : ANSHIN_ENOTFOUND;
}

/* A mail to this address was queued a moment ago. */
static int is_paused(const anshin_op_t *op, const anshin_address_index_t *index)
{
    return index->told_at != 0 && index->told_at + ANSHIN_ID_PAUSE > op->now;
}

apr_status_t anshin_id_mail_first(anshin_op_t *op, anshin_txn_t *txn, const char *address, const char **user)
{
    anshin_address_index_t index;
    found_t found;
    apr_status_t status = ANSHIN_HAS(op->contract->policy.functions, ANSHIN_FUNCTION_USER_ID)
                              ? anshin_address_index_get(op, txn, address, &index)
                              : ANSHIN_ENOTFOUND;

    if (status == APR_SUCCESS) {
        status = is_paused(op, &index) ? ANSHIN_EDENIED : find(op, txn, &index, address, 1, &found);
    }
    *user = status == APR_SUCCESS ? APR_ARRAY_IDX(found.users, 0, const char *) : NULL;
    return status;
}

/* What the template names. New reference, or NULL. */
static json_t *data_of(const anshin_op_t *op, const found_t *found)
{
    json_t *users = json_array();
    json_t *data = json_pack("{s:o, s:b}", "users", users, "more", found->more);
    int whole = data != NULL && anshin_mail_way_page(op, data, "login_url", "/login");

    for (int i = 0; whole && i < found->users->nelts; i++) {
        whole =
            json_array_append_new(users, json_pack("{s:s}", "id", APR_ARRAY_IDX(found->users, i, const char *))) == 0;
    }
    if (!whole) {
        json_decref(data);
        return NULL;
    }
    return data;
}

static apr_status_t send_mail(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const found_t *found)
{
    json_t *data = data_of(op, found);
    const anshin_mail_new_t mail = {.kind = "user-ids",
                                    .account = account,
                                    .address = found->mailbox,
                                    .bound = ANSHIN_MAIL_STRANGER,
                                    .data = data,
                                    .users = found->users};
    apr_status_t status = data != NULL ? anshin_mail_add(op, txn, &mail)
                                       : anshin_fail(&op->error, ANSHIN_EFAULT, "AN0951", "user IDs: out of memory");

    json_decref(data);
    return status;
}

apr_status_t anshin_id_mail_in(anshin_op_t *op, anshin_txn_t *txn, const char *address, const char *first)
{
    anshin_address_index_t index;
    anshin_account_t account;
    found_t found;
    apr_status_t status = anshin_account_get(op, txn, first, &account); /* the lock of a user comes first */

    if (status == APR_SUCCESS) {
        status = anshin_address_index_get(op, txn, address, &index);
    }
    if (status == APR_SUCCESS && is_paused(op, &index)) {
        return ANSHIN_EDENIED;
    }
    if (status == APR_SUCCESS) {
        status = find(op, txn, &index, address, ANSHIN_IDS_TOLD, &found);
    }
    if (status == APR_SUCCESS && !is_in(found.users, account.user)) {
        status = ANSHIN_ENOTFOUND;
    }
    if (status != APR_SUCCESS) {
        return status != ANSHIN_ENOTFOUND ? status
                                          : anshin_fail(&op->error, ANSHIN_EBUSY, "AN0950",
                                                        "user IDs: a user of this address has changed meanwhile");
    }
    status = send_mail(op, txn, &account, &found);
    return status == APR_SUCCESS ? anshin_address_index_told(op, txn, address) : status;
}
