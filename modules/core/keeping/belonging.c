/*
 * What belongs to a contract: see belonging.h.
 */
#include "core/keeping/belonging.h"

#include <string.h>

#include <apr_strings.h>

#include "core/context/keys_part.h"

/* Keys at a time: a part costs a walk over all records of the type, which have no order in a store. So many are some
 * 25 MiB at most while they are sorted, and a contract of usual size is one part. */
#define PART 250000

#define SERIES "history/"

static const struct row_t {
    const anshin_record_type_t *type;
    anshin_belonging_t by;
} rows[] = {
    {&anshin_record_account, ANSHIN_BELONGS_KEY},
    {&anshin_record_terminal, ANSHIN_BELONGS_KEY},
    {&anshin_record_certificate, ANSHIN_BELONGS_MEMBER},
    {&anshin_record_session, ANSHIN_BELONGS_MEMBER},
    {&anshin_record_session_list, ANSHIN_BELONGS_KEY},
    {&anshin_record_counter, ANSHIN_BELONGS_KEY},
    {&anshin_record_token, ANSHIN_BELONGS_MEMBER},
    {&anshin_record_download, ANSHIN_BELONGS_KEY},
    {&anshin_record_history, ANSHIN_BELONGS_KEY},
    {&anshin_record_sequence, ANSHIN_BELONGS_SERIES},
    {&anshin_record_job, ANSHIN_BELONGS_MEMBER},
    {&anshin_record_mail, ANSHIN_BELONGS_MEMBER},
    {&anshin_record_fact, ANSHIN_BELONGS_FACT},
    {&anshin_record_expiry, ANSHIN_BELONGS_NEVER}, /* of before 2026-12: the worker has converted it */
    {&anshin_record_progress, ANSHIN_BELONGS_MEMBER},
    {&anshin_record_places, ANSHIN_BELONGS_KEY},
    {&anshin_record_clock, ANSHIN_BELONGS_NEVER},
    {&anshin_record_due, ANSHIN_BELONGS_NOTE},
    {&anshin_record_revoked, ANSHIN_BELONGS_NEVER},
    {&anshin_record_ocsp, ANSHIN_BELONGS_NEVER},
    {&anshin_record_help_number, ANSHIN_BELONGS_MEMBER},
    {&anshin_record_address_index, ANSHIN_BELONGS_KEY},
    {&anshin_record_mail_list, ANSHIN_BELONGS_KEY},
    {&anshin_record_desk_bulk, ANSHIN_BELONGS_ORDER},
    {&anshin_record_approval, ANSHIN_BELONGS_ORDER},
    {&anshin_record_crl, ANSHIN_BELONGS_NEVER},
    {&anshin_record_audit_event, ANSHIN_BELONGS_NEVER}, /* the trail tells what was, under the name of then */
    {&anshin_record_audit_series, ANSHIN_BELONGS_NEVER},
    {&anshin_record_audit_anchor, ANSHIN_BELONGS_NEVER},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

anshin_belonging_t anshin_belonging_of(const anshin_record_type_t *type)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].type == type) {
            return rows[i].by;
        }
    }
    return ANSHIN_BELONGS_UNKNOWN;
}

int anshin_is_of_contract(const char *text, const char *contract)
{
    const apr_size_t length = strlen(contract);

    return text != NULL && strncmp(text, contract, length) == 0 && (text[length] == '\0' || text[length] == '/');
}

int anshin_is_user_of(const char *text, const char *contract)
{
    return anshin_is_of_contract(text, contract) && text[strlen(contract)] == '/';
}

/* Facts of CAs, of sessions and mail addresses (by a MAC), of operators and of the installation have other first words;
 * and so have those that tell of a contract after it is gone. */
static const struct word_t {
    const char *text;
    int is_users; /* of one user: CONTRACT/NUMBER behind it */
} words[] = {{"reissue/", 1},  {"renewals/", 1},  {"resends/", 1}, {"terminal-changes/", 1}, {"address-codes/", 1},
             {"imported/", 0}, {"addresses/", 0}, {"status/", 0},  {"help-numbers/", 0}};

static const struct word_t *word_of(const char *key)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strncmp(key, words[i].text, strlen(words[i].text)) == 0) {
            return &words[i];
        }
    }
    return NULL;
}

static int is_fact_of(const char *key, const char *contract)
{
    const struct word_t *word = word_of(key);

    return word != NULL && anshin_is_of_contract(key + strlen(word->text), contract);
}

int anshin_belonging_fact(const char *key, int *is_users)
{
    const struct word_t *word = word_of(key);

    *is_users = word != NULL && word->is_users;
    return word != NULL;
}

static int is_member(const anshin_record_type_t *type, const void *record, const char *contract)
{
    const char *text = anshin_record_text(type, record, "contract");

    return text != NULL && strcmp(text, contract) == 0;
}

static int is_about(const apr_array_header_t *whom, const char *contract)
{
    for (int i = 0; whom != NULL && i < whom->nelts; i++) {
        if (anshin_is_of_contract(APR_ARRAY_IDX(whom, i, const char *), contract)) {
            return 1;
        }
    }
    return 0;
}

int anshin_belonging_by_staff(const anshin_approval_t *approval)
{
    return approval->by == ANSHIN_ACTOR_STAFF;
}

static int is_order(const anshin_record_type_t *type, const void *record, const char *contract)
{
    const anshin_approval_t *approval = record;

    if (is_member(type, record, contract)) {
        return 1;
    }
    if (type == &anshin_record_desk_bulk) {
        return is_about(((const anshin_desk_bulk_t *)record)->whom, contract);
    }
    return is_about(approval->whom, contract) ||
           (anshin_belonging_by_staff(approval) &&
            (anshin_is_user_of(approval->name, contract) || anshin_is_user_of(approval->second, contract)));
}

static int is_key_of(const anshin_record_type_t *type, const char *key, const char *contract)
{
    switch (anshin_belonging_of(type)) {
    case ANSHIN_BELONGS_KEY:
        return anshin_is_of_contract(key, contract);
    case ANSHIN_BELONGS_SERIES:
        return strncmp(key, SERIES, strlen(SERIES)) == 0 && anshin_is_of_contract(key + strlen(SERIES), contract);
    case ANSHIN_BELONGS_FACT:
        return is_fact_of(key, contract);
    default:
        return 0;
    }
}

/* Of one that is looked at now and then: a note of a time stays where the record is gone, and has the user ID. */
static int is_note(const anshin_due_t *note, const char *contract)
{
    const anshin_record_type_t *type = note->key != NULL ? anshin_record_type(note->type) : NULL;

    return type != NULL && type->due == ANSHIN_DUE_LOOK && is_key_of(type, note->key, contract);
}

int anshin_belongs(const anshin_record_type_t *type, const char *key, const void *record, const char *contract)
{
    switch (anshin_belonging_of(type)) {
    case ANSHIN_BELONGS_NOTE:
        return is_note(record, contract);
    case ANSHIN_BELONGS_MEMBER:
        return is_member(type, record, contract) &&
               (type != &anshin_record_certificate || ((const anshin_certificate_t *)record)->user != NULL);
    case ANSHIN_BELONGS_ORDER:
        return is_order(type, record, contract);
    default:
        return is_key_of(type, key, contract);
    }
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

typedef struct counting_t {
    const char *contract;
    const anshin_record_type_t *type;
    anshin_holdings_t *holdings;
} counting_t;

static apr_status_t count_one(void *baton, const char *key, const void *record)
{
    const counting_t *counting = baton;
    anshin_holdings_t *holdings = counting->holdings;

    if (!anshin_belongs(counting->type, key, record, counting->contract)) {
        return APR_SUCCESS;
    }
    holdings->records++;
    for (int i = 0; i < ANSHIN_HOLDINGS; i++) {
        holdings->of[i].count += holdings->of[i].type == counting->type;
    }
    if (counting->type == &anshin_record_mail) {
        APR_ARRAY_PUSH(holdings->mails, const char *) = apr_pstrdup(holdings->mails->pool, key);
    }
    return APR_SUCCESS;
}

static apr_status_t count_all(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    static const anshin_holding_t none[ANSHIN_HOLDINGS] = {
        {&anshin_record_account, 0}, {&anshin_record_terminal, 0}, {&anshin_record_certificate, 0},
        {&anshin_record_session, 0}, {&anshin_record_token, 0},    {&anshin_record_download, 0},
        {&anshin_record_mail, 0},    {&anshin_record_job, 0},      {&anshin_record_history, 0}};
    counting_t *counting = baton;
    apr_status_t status = APR_SUCCESS;

    memcpy(counting->holdings->of, none, sizeof(none));
    counting->holdings->records = 0;
    counting->holdings->mails = apr_array_make(op->pool, 16, sizeof(const char *));
    for (int i = 0; status == APR_SUCCESS && anshin_record_types[i] != NULL; i++) {
        counting->type = anshin_record_types[i];
        if (anshin_belonging_of(counting->type) != ANSHIN_BELONGS_NEVER &&
            anshin_belonging_of(counting->type) != ANSHIN_BELONGS_NOTE) {
            status = anshin_txn_each(txn, counting->type, "", count_one, counting);
        }
    }
    return status;
}

apr_status_t anshin_holdings_count(anshin_op_t *op, const char *contract, anshin_holdings_t *holdings)
{
    counting_t counting = {.contract = contract, .holdings = holdings};

    return anshin_op_read(op, count_all, &counting);
}

/* --- in turn ------------------------------------------------------------------------------------------------------ */

typedef struct wanting_t {
    const anshin_record_type_t *type;
    const char *contract;
} wanting_t;

static int wanted(void *baton, const char *key, const void *record)
{
    const wanting_t *wanting = baton;

    return anshin_belongs(wanting->type, key, record, wanting->contract);
}

/* What the keys of all of them begin with: others are not even decoded. */
static const char *prefix_of(const anshin_record_type_t *type, const char *contract, apr_pool_t *pool)
{
    switch (anshin_belonging_of(type)) {
    case ANSHIN_BELONGS_KEY:
        return contract;
    case ANSHIN_BELONGS_SERIES:
        return apr_pstrcat(pool, SERIES, contract, NULL);
    default:
        return "";
    }
}

/* How long CONTRACT/USER is, that keys of one group have in common; of a series with what stands before it. */
static apr_size_t user_of(const anshin_record_type_t *type, const char *key)
{
    apr_size_t length = strcspn(key, "/");

    for (int parts = type == &anshin_record_sequence ? 2 : 1; parts > 0 && key[length] == '/'; parts--) {
        length += 1 + strcspn(key + length + 1, "/");
    }
    return length;
}

/* How many from `from` on are a group. */
static int group_of(const anshin_record_type_t *type, const apr_array_header_t *keys, int from)
{
    const char *first = APR_ARRAY_IDX(keys, from, const char *);
    const apr_size_t length = user_of(type, first);
    int count = 1;

    if (type->owning == ANSHIN_OWNER_MEMBER) {
        return 1;
    }
    for (; count < ANSHIN_GROUP && from + count < keys->nelts; count++) {
        const char *key = APR_ARRAY_IDX(keys, from + count, const char *);

        if (type->owning == ANSHIN_OWNER_KEY && (user_of(type, key) != length || strncmp(key, first, length) != 0)) {
            break;
        }
    }
    return count;
}

static apr_status_t visit_part(anshin_op_t *op, const anshin_record_type_t *type, const apr_array_header_t *keys,
                               anshin_group_fn *visit, void *baton)
{
    anshin_op_t group = *op;
    apr_status_t status = APR_SUCCESS;

    apr_pool_create(&group.pool, op->pool);
    for (int from = 0, count; status == APR_SUCCESS && from < keys->nelts; from += count) {
        apr_pool_clear(group.pool);
        count = group_of(type, keys, from);
        status = visit(baton, &group, type, &APR_ARRAY_IDX(keys, from, const char *), count);
    }
    op->error = group.error;
    op->jobs_queued |= group.jobs_queued;
    apr_pool_destroy(group.pool);
    return status;
}

apr_status_t anshin_belonging_each(anshin_op_t *op, const anshin_record_type_t *type, const char *contract,
                                   anshin_group_fn *visit, void *baton)
{
    const char *prefix = prefix_of(type, contract, op->pool);
    wanting_t wanting = {type, contract};
    const apr_array_header_t *keys;
    const char *after = NULL;
    apr_status_t status;

    do {
        const anshin_keys_part_t part = {type, prefix, after, PART, wanted, &wanting};
        anshin_op_t walk = *op;

        apr_pool_create(&walk.pool, op->pool);
        status = anshin_keys_part(&walk, &part, &keys);
        op->error = walk.error;
        if (status == APR_SUCCESS) {
            anshin_op_t acting = walk;

            status = visit_part(&acting, type, keys, visit, baton);
            op->error = acting.error;
            op->jobs_queued |= acting.jobs_queued;
        }
        if (status == APR_SUCCESS && keys->nelts > 0) {
            after = apr_pstrdup(op->pool, APR_ARRAY_IDX(keys, keys->nelts - 1, const char *));
        }
        if (status == APR_SUCCESS && keys->nelts < PART) {
            status = APR_EOF;
        }
        apr_pool_destroy(walk.pool);
    } while (status == APR_SUCCESS);
    return status == APR_EOF ? APR_SUCCESS : status;
}
