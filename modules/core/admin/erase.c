/*
 * Erasing a person: see erase.h.
 *
 * What belongs to a user is found by what records are: a contract and a user among their members, or in their keys. So
 * a record that is declared tomorrow is found as well. Collected in read transactions, removed in short write
 * transactions, since logins wait for those.
 */
#include "core/admin/erase.h"

#include <apr_strings.h>
#include <ctype.h>
#include <string.h>

#include "core/account/account.h"
#include "core/account/address_index.h"
#include "core/account/former_series.h"
#include "core/admin/operator.h"
#include "core/audit/series.h"
#include "core/base/unicode.h"
#include "core/certificate/certificate.h"
#include "core/certificate/revocation.h"
#include "core/certificate/revoked.h"
#include "core/context/approval.h"
#include "core/context/former.h"
#include "core/context/renaming.h"
#include "core/mail/event.h"
#include "core/mail/job.h"
#include "core/mail/outbox.h"
#include "core/selfservice/reissue_request.h"

#define BATCH 100

typedef struct item_t {
    const anshin_record_type_t *type;
    const char *key;
} item_t;

typedef struct search_t {
    anshin_op_t *op;
    anshin_txn_t *txn; /* of the walk */
    const char *user;
    const char *account_key; /* CONTRACT/USER */
    anshin_erased_t *erased;
    apr_array_header_t *names;        /* of anshin_series_name_t: that the contract has, and had before */
    const anshin_record_type_t *type; /* that is walked over */
    int addresses_only;               /* what strangers typed of the addresses; of mail the ids alone */
    apr_array_header_t *items;
    apr_status_t status; /* of what was looked up on the walk */
    int kept;            /* series of the trail that may be another's */
} search_t;

/* --- what belongs to the user ------------------------------------------------------------------------------------- */

/* CONTRACT/USER or CONTRACT/USER/..., behind what keys of this type begin with. */
static int is_key_of(const search_t *search, const anshin_record_type_t *type, const char *key)
{
    static const struct {
        const anshin_record_type_t *type;
        const char *prefix;
    } prefixes[] = {{&anshin_record_sequence, "history/"},
                    {&anshin_record_token, "login-code/"},
                    {&anshin_record_token, "address-code/"},
                    {&anshin_record_fact, "reissue/"}};
    apr_size_t length = strlen(search->account_key);
    apr_size_t behind = 0;
    int has_prefix = 0;

    for (apr_size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (prefixes[i].type == type) {
            has_prefix = 1;
            behind =
                strncmp(key, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0 ? strlen(prefixes[i].prefix) : behind;
        }
    }
    if (has_prefix && behind == 0) {
        return 0;
    }
    key += behind;
    return strncmp(key, search->account_key, length) == 0 && (key[length] == '\0' || key[length] == '/');
}

static int is_of_word(char c)
{
    return c != '\0' && (isalnum((unsigned char)c) || strchr("._-+@", c) != NULL); /* what user IDs are made of */
}

/* Does the text hold the word, and not as a part of a longer one? */
static int holds_word(const char *text, const char *word)
{
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        if ((at == text || !is_of_word(at[-1])) && !is_of_word(at[strlen(word)])) {
            return 1;
        }
    }
    return 0;
}

/* What strangers typed for a user ID: the ID, perhaps with more around it, or an address of the user. */
static int holds_user(const search_t *search, const char *text)
{
    const char *typed = text != NULL ? anshin_unicode_nfkc(text, 1, search->op->pool) : NULL;

    if (typed == NULL) {
        return 0;
    }
    for (int i = 0; i < search->erased->addresses->nelts; i++) {
        const char *address = APR_ARRAY_IDX(search->erased->addresses, i, const char *);
        if (holds_word(typed, anshin_unicode_nfkc(address, 1, search->op->pool))) {
            return 1;
        }
    }
    return !search->addresses_only && holds_word(typed, search->user);
}

/* In the history of unknown users, or beside a number for the help desk. */
static int was_typed(const search_t *search, const char *key, const void *record)
{
    const char *contract = search->op->contract->name;

    if (search->type == &anshin_record_help_number) {
        const anshin_help_number_t *shown = record;
        return shown->contract != NULL && strcmp(shown->contract, contract) == 0 && holds_user(search, shown->typed);
    }
    return search->type == &anshin_record_history && strncmp(key, contract, strlen(contract)) == 0 &&
           strncmp(key + strlen(contract), "//", 2) == 0 &&
           holds_user(search, ((const anshin_history_t *)record)->user);
}

/* The counter of a stranger who typed an address of the user for an ID. */
static int is_counter_of_address(const search_t *search, const anshin_record_type_t *type, const char *key)
{
    for (int i = 0; type == &anshin_record_counter && i < search->erased->addresses->nelts; i++) {
        const char *typed =
            anshin_user_canonical(APR_ARRAY_IDX(search->erased->addresses, i, const char *), search->op->pool);
        if (typed != NULL &&
            strcmp(key, apr_pstrcat(search->op->pool, anshin_account_key(search->op, typed), "/stranger", NULL)) == 0) {
            return 1;
        }
    }
    return 0;
}

static int is_about(const search_t *search, const anshin_record_type_t *type, const char *key)
{
    return (!search->addresses_only && is_key_of(search, type, key)) || is_counter_of_address(search, type, key);
}

static int is_series_in(const char *contract, const char *key)
{
    return strncmp(key, contract, strlen(contract)) == 0 && key[strlen(contract)] == '/';
}

/* The trail's key of the person: that of an account which had the ID, under whatever name of the contract. What may be
 * that of another contract, which has such a name now or had it before, stays. */
static int is_series_of(search_t *search, const char *key, const void *record)
{
    const anshin_series_name_t *name = NULL;
    anshin_whose_series_t whose = ANSHIN_SERIES_EITHER;
    const char *user;
    apr_status_t status;

    for (int i = 0; !search->addresses_only && name == NULL && i < search->names->nelts; i++) {
        const anshin_series_name_t *one = &APR_ARRAY_IDX(search->names, i, anshin_series_name_t);

        name = is_series_in(one->name, key) ? one : NULL;
    }
    user = name != NULL ? anshin_series_user(search->op, key, record, search->op->pool) : NULL;
    if (user == NULL || strcmp(user, search->user) != 0) {
        return 0;
    }
    status = anshin_former_series_whose(search->op, search->txn, name, key + strlen(name->name) + 1, user, &whose);
    search->status = search->status == APR_SUCCESS ? status : search->status;
    search->kept += whose == ANSHIN_SERIES_EITHER;
    return status == APR_SUCCESS && whose == ANSHIN_SERIES_OURS;
}

/* A mail to somebody else with the same address. */
static int names_too(const search_t *search, const void *record)
{
    const anshin_mail_t *mail = record;

    if (search->type != &anshin_record_mail || mail->users == NULL || mail->contract == NULL ||
        strcmp(mail->contract, search->op->contract->name) != 0) {
        return 0;
    }
    for (int i = 0; i < mail->users->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(mail->users, i, const char *), search->user) == 0) {
            return 1;
        }
    }
    return 0;
}

static int is_entry_of(const search_t *search, const char *entry)
{
    const apr_size_t length = strlen(search->account_key);

    return strncmp(entry, search->account_key, length) == 0 && entry[length] == '/';
}

/* Whom an order for many at once names; NULL: the record is none. */
static const apr_array_header_t *whom_of(const search_t *search, const void *record)
{
    if (search->type == &anshin_record_desk_bulk) {
        return ((const anshin_desk_bulk_t *)record)->whom;
    }
    return search->type == &anshin_record_approval ? ((const anshin_approval_t *)record)->whom : NULL;
}

static int is_named(const search_t *search, const char *name)
{
    return name != NULL && strcmp(name, search->account_key) == 0;
}

/* What was ordered for many at once, or waits for a second operator, this user among them; or who has asked, or
 * decided. */
static int orders(const search_t *search, const void *record)
{
    const apr_array_header_t *all = whom_of(search, record);

    if (search->addresses_only) {
        return 0;
    }
    for (int i = 0; all != NULL && i < all->nelts; i++) {
        if (is_entry_of(search, APR_ARRAY_IDX(all, i, const char *))) {
            return 1;
        }
    }
    return search->type == &anshin_record_approval && (is_named(search, ((const anshin_approval_t *)record)->name) ||
                                                       is_named(search, ((const anshin_approval_t *)record)->second));
}

static int belongs(search_t *search, const char *key, const void *record)
{
    const char *contract = anshin_record_text(search->type, record, "contract");
    const char *user = anshin_record_text(search->type, record, "user");

    if (search->type == &anshin_record_audit_series) {
        return is_series_of(search, key, record);
    }
    if (search->type == &anshin_record_due) {
        const anshin_due_t *entry = record;
        return entry->key != NULL && is_about(search, anshin_record_type(entry->type), entry->key);
    }
    if (search->type == &anshin_record_expiry) {
        const anshin_expiry_t *entry = record;
        return entry->key != NULL && is_about(search, anshin_record_type(entry->type), entry->key);
    }
    if (search->type == &anshin_record_address_index) {
        return anshin_address_index_names(search->op, key, record, search->user);
    }
    if (was_typed(search, key, record) || names_too(search, record) || orders(search, record)) {
        return 1;
    }
    if (search->type == &anshin_record_job &&
        anshin_reissue_request_names(search->op, search->txn, record, search->user, search->erased->addresses)) {
        return 1;
    }
    if (contract != NULL && user != NULL) {
        if (search->addresses_only && search->type != &anshin_record_mail) {
            return 0;
        }
        return strcmp(contract, search->op->contract->name) == 0 && strcmp(user, search->user) == 0;
    }
    return search->type != &anshin_record_certificate && is_about(search, search->type, key);
}

static apr_status_t collect_one(void *baton, const char *key, const void *record)
{
    search_t *search = baton;

    if (belongs(search, key, record)) {
        const char *copy = apr_pstrdup(search->op->pool, key);
        if (search->type == &anshin_record_mail) {
            APR_ARRAY_PUSH(search->erased->mails, const char *) = copy;
        }
        if (!search->addresses_only || search->type != &anshin_record_mail) {
            APR_ARRAY_PUSH(search->items, item_t) = (item_t){search->type, copy};
        }
    }
    return search->status;
}

static apr_status_t read_names(search_t *search, anshin_op_t *op, anshin_txn_t *txn)
{
    const char *contract = op->contract->name;
    apr_array_header_t *former;
    apr_status_t status = anshin_former_get(op, txn, contract, &former);

    search->names = apr_array_make(op->pool, 2, sizeof(anshin_series_name_t));
    APR_ARRAY_PUSH(former, const char *) = contract;
    for (int i = 0; status == APR_SUCCESS && i < former->nelts; i++) {
        status = anshin_series_name_read(op, txn, contract, APR_ARRAY_IDX(former, i, const char *),
                                         apr_array_push(search->names));
    }
    return status;
}

static apr_status_t collect(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    search_t *search = baton;
    apr_status_t status = read_names(search, op, txn);

    search->txn = txn;
    search->status = APR_SUCCESS;
    search->kept = 0;
    apr_array_clear(search->items);
    apr_array_clear(search->erased->mails);
    for (int i = 0; status == APR_SUCCESS && anshin_record_types[i] != NULL; i++) {
        search->type = anshin_record_types[i];
        status = anshin_txn_each(txn, search->type, "", collect_one, search);
    }
    search->erased->kept = search->kept;
    return status;
}

/* --- removing ----------------------------------------------------------------------------------------------------- */

/* Who had it is forgotten; that it is revoked must stay known until it ends. */
static apr_status_t forget_holder(anshin_op_t *op, anshin_txn_t *txn, const char *serial, anshin_erased_t *erased)
{
    anshin_event_t event = {.act = ANSHIN_ACT_CERTIFICATE_REVOKED, .serial = serial, .erases = 1};
    anshin_certificate_t certificate;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_certificate, serial, &certificate);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (certificate.state != ANSHIN_CERTIFICATE_REVOKED) {
        certificate.state = ANSHIN_CERTIFICATE_REVOKED;
        certificate.revoked_at = op->now;
        certificate.reason = ANSHIN_REASON_CESSATION;
        event.user = certificate.user;
        event.number = certificate.account;
        event.terminal = certificate.terminal;
        event.reason = anshin_word_name(anshin_reason_words, certificate.reason, NULL);
        if ((status = anshin_revoked_tell(op, txn, serial)) != APR_SUCCESS ||
            (status = anshin_event(op, txn, &event)) != APR_SUCCESS) {
            return status;
        }
    }
    certificate.user = certificate.name = certificate.label = NULL;
    certificate.later = (anshin_bytes_t){NULL, 0}; /* nobody here knows what it tells */
    erased->certificates++;
    return anshin_txn_put(txn, &anshin_record_certificate, serial, &certificate);
}

/* The record, and the blobs that it names. */
static apr_status_t remove_record(anshin_op_t *op, anshin_txn_t *txn, const item_t *item)
{
    void *record = apr_palloc(op->pool, item->type->size);
    apr_status_t status = anshin_txn_get(txn, item->type, item->key, record);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    for (apr_size_t i = 0; i < item->type->field_count; i++) {
        if (anshin_field_names_blob(&item->type->fields[i])) {
            const char *blob;
            memcpy(&blob, (const char *)record + item->type->fields[i].offset, sizeof(blob));
            anshin_txn_wipe(txn, blob);
        }
    }
    return anshin_txn_delete(txn, item->type, item->key);
}

/* The user is among others there, who keep their places. 1: somebody is left. */
static int take_out(const search_t *search, apr_array_header_t *whom)
{
    int left = 0;

    for (int i = 0; whom != NULL && i < whom->nelts; i++) {
        const char **entry = &APR_ARRAY_IDX(whom, i, const char *);

        *entry = is_entry_of(search, *entry) ? "" : *entry;
        left |= **entry != '\0';
    }
    return left;
}

/* What the others of it have asked for or decided stays. Nobody approves what nobody asks for any more. */
static apr_status_t forget_in_approval(const search_t *search, anshin_op_t *op, anshin_txn_t *txn, const item_t *item)
{
    anshin_approval_t approval;
    apr_status_t status = anshin_txn_get(txn, item->type, item->key, &approval);
    int asked, left;

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    asked = is_named(search, approval.name);
    left = take_out(search, approval.whom) || (approval.whom != NULL && approval.count > approval.whom->nelts);
    if (!left || (asked && approval.state == ANSHIN_APPROVAL_WAITING)) {
        return remove_record(op, txn, item);
    }
    approval.name = asked ? NULL : approval.name;
    approval.number = asked ? NULL : approval.number;
    approval.why = asked ? NULL : approval.why;
    approval.second = is_named(search, approval.second) ? NULL : approval.second;
    return anshin_txn_put(txn, item->type, item->key, &approval);
}

static apr_status_t forget_in_order(const search_t *search, anshin_op_t *op, anshin_txn_t *txn, const item_t *item)
{
    anshin_desk_bulk_t order;
    apr_status_t status = anshin_txn_get(txn, item->type, item->key, &order);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (!take_out(search, order.whom) ||
        (order.contract != NULL && order.user != NULL &&
         is_named(search, apr_pstrcat(op->pool, order.contract, "/", order.user, NULL)))) {
        return remove_record(op, txn, item);
    }
    return anshin_txn_put(txn, item->type, item->key, &order);
}

apr_status_t anshin_erase_record(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                                 anshin_erased_t *erased)
{
    if (type == &anshin_record_certificate) {
        return forget_holder(op, txn, key, erased);
    }
    erased->records++;
    if (type == &anshin_record_audit_series) {
        return anshin_series_forget(op, txn, key); /* what the trail has sealed by it stays so */
    }
    return type == &anshin_record_job ? anshin_job_remove(txn, key) : remove_record(op, txn, &(item_t){type, key});
}

static apr_status_t remove_one(const search_t *search, anshin_op_t *op, anshin_txn_t *txn, const item_t *item,
                               anshin_erased_t *erased)
{
    if (item->type == &anshin_record_approval || item->type == &anshin_record_desk_bulk) {
        erased->records++;
        return item->type == &anshin_record_approval ? forget_in_approval(search, op, txn, item)
                                                     : forget_in_order(search, op, txn, item);
    }
    if (item->type == &anshin_record_address_index) {
        erased->records++;
        return anshin_address_index_forget(op, txn, item->key, search->user); /* others may have the address as well */
    }
    return anshin_erase_record(op, txn, item->type, item->key, erased);
}

/* Nobody may have got the ID meanwhile: what is there now would be another's. */
static apr_status_t check_free(const search_t *search, anshin_txn_t *txn)
{
    anshin_account_t account;
    apr_status_t status = anshin_account_get(search->op, txn, search->user, &account);

    if (status == APR_SUCCESS) {
        return anshin_fail(&search->op->error, ANSHIN_ECONFLICT, "AN1007",
                           "user ID %s was given to somebody else meanwhile; look at the user and repeat the command",
                           search->user);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

typedef struct batch_t {
    const search_t *search;
    int first;              /* of its items */
    anshin_erased_t before; /* what was erased before it */
} batch_t;

/* Of each account that had the ID, by its number; of one of before there was a trail by the ID alone, which the trail
 * does not keep. */
static apr_status_t tell_erased(const search_t *search, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_event_t event = {.act = ANSHIN_ACT_ACCOUNT_ERASED, .user = search->user};
    apr_status_t status = APR_SUCCESS;
    int told = 0;

    for (int i = 0; status == APR_SUCCESS && i < search->items->nelts; i++) {
        const item_t *item = &APR_ARRAY_IDX(search->items, i, item_t);

        if (item->type == &anshin_record_audit_series && is_series_in(op->contract->name, item->key)) {
            event.number = strchr(item->key, '/') + 1;
            status = anshin_event(op, txn, &event);
            told = 1;
        }
    }
    return status == APR_SUCCESS && !told ? anshin_event(op, txn, &event) : status;
}

/* The first one tells of it; what is begun anew is told of anew. */
static apr_status_t remove_batch(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const batch_t *batch = baton;
    const search_t *search = batch->search;
    apr_status_t status = check_free(search, txn);

    *search->erased = batch->before;
    if (status == APR_SUCCESS && batch->first == 0 && !search->addresses_only) {
        status = tell_erased(search, op, txn);
    }
    for (int i = batch->first; status == APR_SUCCESS && i < search->items->nelts && i < batch->first + BATCH; i++) {
        status = remove_one(search, op, txn, &APR_ARRAY_IDX(search->items, i, item_t), search->erased);
    }
    return status;
}

/* --- the verb ----------------------------------------------------------------------------------------------------- */

/* The addresses, while the account tells them. */
static apr_status_t read_addresses(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const search_t *search = baton;
    const char *const *addresses;
    anshin_account_t account;
    apr_status_t status = anshin_account_get(op, txn, search->user, &account);

    apr_array_clear(search->erased->addresses);
    if (status != APR_SUCCESS || (status = anshin_account_addresses(op, txn, &account, &addresses)) != APR_SUCCESS) {
        return status;
    }
    for (int i = 0; addresses[i] != NULL; i++) {
        APR_ARRAY_PUSH(search->erased->addresses, const char *) = addresses[i];
    }
    return APR_SUCCESS;
}

/* ANSHIN_ENOTFOUND: no user can have that ID; ANSHIN_ECONFLICT: not before a renaming has ended. */
static apr_status_t begin(search_t *search, const char *user)
{
    anshin_op_t *op = search->op;
    anshin_erased_t *erased = search->erased;

    memset(erased, 0, sizeof(*erased));
    erased->addresses = apr_array_make(op->pool, 4, sizeof(const char *));
    erased->mails = apr_array_make(op->pool, 16, sizeof(const char *));
    search->user = anshin_user_canonical(user, op->pool);
    search->account_key = search->user != NULL ? anshin_account_key(op, search->user) : NULL;
    search->items = apr_array_make(op->pool, 100, sizeof(item_t));
    return search->user != NULL ? anshin_renaming_refuse(op) : ANSHIN_ENOTFOUND;
}

static apr_status_t remove_items(search_t *search, anshin_erase_fn *outside, void *baton, anshin_erased_t *erased)
{
    apr_status_t status = anshin_op_read(search->op, collect, search);

    status = status == APR_SUCCESS ? outside(baton, erased) : status;
    for (int first = 0; status == APR_SUCCESS && first < search->items->nelts; first += BATCH) {
        batch_t batch = {search, first, *erased};

        status = anshin_op_write(search->op, ANSHIN_DURABLE, remove_batch, &batch);
    }
    return status;
}

/* Facts of mail are not for the next holder of the ID, nor for a worker, which would refuse them. */
static apr_status_t drop_mail(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_mail_drop_all(op, txn, ((const search_t *)baton)->user);
}

apr_status_t anshin_account_forget(anshin_op_t *op, const char *user, anshin_erase_fn *outside, void *baton,
                                   anshin_erased_t *erased)
{
    search_t search = {.op = op, .erased = erased, .addresses_only = 1};
    apr_status_t status = begin(&search, user);

    if (status != APR_SUCCESS || (status = anshin_op_read(op, read_addresses, &search)) != APR_SUCCESS ||
        (status = anshin_account_delete(op, search.user)) != APR_SUCCESS ||
        (status = anshin_op_write(op, ANSHIN_DURABLE, drop_mail, &search)) != APR_SUCCESS) {
        return status;
    }
    return remove_items(&search, outside, baton, erased);
}

apr_status_t anshin_account_erase(anshin_op_t *op, const char *user, anshin_erase_fn *outside, void *baton,
                                  anshin_erased_t *erased)
{
    search_t search = {.op = op, .erased = erased};
    int there;
    apr_status_t status = begin(&search, user);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_op_read(op, read_addresses, &search);
    there = status == APR_SUCCESS;
    if (there) {
        status = anshin_account_delete(op, search.user);
    }
    if ((status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) ||
        (status = remove_items(&search, outside, baton, erased)) != APR_SUCCESS) {
        return status;
    }
    status = anshin_store_scrub(op->env->store, &op->error); /* always: it may have been killed before this */
    return status == APR_SUCCESS && !there && search.items->nelts == 0 ? ANSHIN_ENOTFOUND : status;
}
