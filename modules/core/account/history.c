/*
 * Login history: numbered entries, and one record a user that tells the first and the next number.
 */
#include "core/account/history.h"

#include <string.h>

#include <apr_strings.h>

#define SERIES "history/"

static const char *series_key(anshin_op_t *op, const char *user)
{
    return apr_pstrcat(op->pool, SERIES, op->contract->name, "/", user ? user : "", NULL);
}

static const char *entry_key(anshin_op_t *op, const char *user, apr_int64_t number)
{
    return apr_psprintf(op->pool, "%s/%s/%016" APR_UINT64_T_HEX_FMT, op->contract->name, user ? user : "",
                        (apr_uint64_t)number);
}

static apr_status_t series_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, anshin_sequence_t *series)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_sequence, series_key(op, user), series);

    if (status == ANSHIN_ENOTFOUND) {
        series->first = series->next = 0;
        return APR_SUCCESS;
    }
    return status;
}

static const anshin_word_t result_words[] = {
#define WORD(member, value, name, mark) {name, ANSHIN_HISTORY_##member},
#include "core/account/history.def"
#undef WORD
    {NULL, 0}};

const char *anshin_history_result_name(apr_int64_t result)
{
    return anshin_word_name(result_words, result, "unknown");
}

static const struct {
    apr_int64_t result;
    anshin_history_mark_t mark;
} marks[] = {
#define WORD(member, value, name, mark) {ANSHIN_HISTORY_##member, ANSHIN_MARK_##mark},
#include "core/account/history.def"
#undef WORD
};

anshin_history_mark_t anshin_history_mark(apr_int64_t result)
{
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (marks[i].result == result) {
            return marks[i].mark;
        }
    }
    return ANSHIN_MARK_NONE;
}

/* For housekeeping, which files it again as long as there are entries. */
static apr_status_t file_series(anshin_op_t *op, anshin_txn_t *txn, const char *user)
{
    apr_interval_time_t retention = op->contract->policy.history_retention;

    return anshin_expiry_file(op, txn, &anshin_record_sequence, series_key(op, user),
                              op->now + (retention < ANSHIN_LOOK_HISTORY ? retention : ANSHIN_LOOK_HISTORY));
}

/* The user may see from where a user came, but not from where an operator works. */
static void put_actor(anshin_history_t *entry, const anshin_actor_t *actor, apr_pool_t *pool)
{
    if (actor->kind == ANSHIN_ACTOR_OPERATOR || actor->kind == ANSHIN_ACTOR_STAFF) {
        entry->operator= actor->claimed != NULL ? apr_pstrcat(pool, actor->name, ", says ", actor->claimed, NULL)
                                                : actor->name;
        return;
    }
    if (!entry->address) {
        entry->address = actor->address;
    }
    if (!entry->client) {
        entry->client = actor->client;
    }
}

apr_status_t anshin_history_append(anshin_op_t *op, anshin_txn_t *txn, const char *user, const anshin_history_t *entry)
{
    anshin_sequence_t series;
    apr_status_t status = series_get(op, txn, user, &series);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_put(txn, &anshin_record_history, entry_key(op, user, series.next), entry);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (series.first == series.next && (status = file_series(op, txn, user)) != APR_SUCCESS) {
        return status;
    }
    series.next++;
    if (series.next - series.first > ANSHIN_HISTORY_MAX) {
        status = anshin_txn_delete(txn, &anshin_record_history, entry_key(op, user, series.first));
        if (status != APR_SUCCESS) {
            return status;
        }
        series.first++;
    }
    return anshin_txn_put(txn, &anshin_record_sequence, series_key(op, user), &series);
}

apr_status_t anshin_history_add(anshin_op_t *op, anshin_txn_t *txn, const char *user, const anshin_history_t *entry)
{
    anshin_history_t full = *entry;

    if (!full.at) {
        full.at = op->now;
    }
    put_actor(&full, &op->actor, op->pool);
    op->told |= (apr_uint64_t)1 << full.result;
    return anshin_history_append(op, txn, user, &full);
}

typedef struct entries_t {
    anshin_history_visit_fn *visit;
    void *baton;
} entries_t;

static apr_status_t visit_entry(void *baton, const char *key, const void *record)
{
    const entries_t *entries = baton;

    (void)key;
    return entries->visit(entries->baton, record);
}

apr_status_t anshin_history_read(anshin_op_t *op, anshin_txn_t *txn, anshin_history_walk_t *walk, apr_int64_t limit,
                                 anshin_history_visit_fn *visit, void *baton)
{
    apr_array_header_t *keys = apr_array_make(op->pool, 20, sizeof(const char *));
    entries_t entries = {visit, baton};
    anshin_sequence_t series;
    apr_status_t status = series_get(op, txn, walk->user, &series);

    if (status != APR_SUCCESS) {
        return status;
    }
    walk->total = series.next - series.first;
    for (apr_int64_t number = series.next - 1 - walk->skip; number >= series.first && limit > 0; number--, limit--) {
        APR_ARRAY_PUSH(keys, const char *) = entry_key(op, walk->user, number);
    }
    return anshin_txn_get_many(txn, &anshin_record_history, keys, visit_entry, &entries);
}

apr_status_t anshin_history_keep(void *entries, const anshin_history_t *entry)
{
    *(const anshin_history_t **)apr_array_push(entries) = entry;
    return APR_SUCCESS;
}

apr_status_t anshin_history_hand_out(const apr_array_header_t *entries, anshin_history_visit_fn *visit, void *baton)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < entries->nelts; i++) {
        status = visit(baton, APR_ARRAY_IDX(entries, i, const anshin_history_t *));
    }
    return status;
}

typedef struct part_t {
    const anshin_history_walk_t *before;
    int wanted;
    anshin_history_walk_t walk; /* as it stands after the part */
    apr_array_header_t *entries;
} part_t;

static apr_status_t read_part(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    part_t *part = baton;
    anshin_history_walk_t *walk = &part->walk;
    const apr_int64_t before = part->before->total;
    apr_status_t status;

    part->walk = *part->before;
    part->entries = apr_array_make(op->pool, 20, sizeof(const anshin_history_t *));
    status = anshin_history_read(op, txn, walk, 0, anshin_history_keep, part->entries);
    if (before >= 0 && walk->total > before) {
        walk->skip += walk->total - before;
    }
    while (status == APR_SUCCESS && part->entries->nelts < part->wanted && walk->skip < walk->total) {
        int places = part->wanted - part->entries->nelts;

        status = anshin_history_read(op, txn, walk, places, anshin_history_keep, part->entries);
        walk->skip += places;
    }
    if (status == APR_SUCCESS && walk->total == 0 && walk->user != NULL) {
        anshin_account_t account;

        status = anshin_account_get(op, txn, walk->user, &account);
    }
    return status;
}

apr_status_t anshin_history_part(anshin_op_t *op, anshin_history_walk_t *walk, int wanted,
                                 anshin_history_visit_fn *visit, void *baton)
{
    part_t part = {.before = walk, .wanted = wanted, .walk = *walk};
    apr_status_t status = anshin_op_read(op, read_part, &part);

    *walk = part.walk;
    return status == APR_SUCCESS ? anshin_history_hand_out(part.entries, visit, baton) : status;
}

apr_status_t anshin_history_count(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, apr_time_t since,
                                  apr_int64_t *count)
{
    anshin_sequence_t series;
    apr_status_t status = series_get(op, txn, account->user, &series);
    apr_int64_t low = status == APR_SUCCESS ? series.first : 0, high = status == APR_SUCCESS ? series.next : 0;

    while (status == APR_SUCCESS && low < high) { /* the first entry that counts lies in [low, high] */
        apr_int64_t middle = low + (high - low) / 2;
        anshin_history_t entry;
        status = anshin_txn_get(txn, &anshin_record_history, entry_key(op, account->user, middle), &entry);
        if (status == ANSHIN_ENOTFOUND ||
            (status == APR_SUCCESS && (entry.at < since || !anshin_account_owns(account, entry.account, entry.at)))) {
            low = middle + 1;
            status = APR_SUCCESS;
        } else {
            high = middle;
        }
    }
    *count = status == APR_SUCCESS ? series.next - low : 0;
    return status;
}

apr_status_t anshin_history_trim(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_time_t before, int limit,
                                 int *dropped)
{
    anshin_sequence_t series;
    apr_status_t status = series_get(op, txn, user, &series);

    *dropped = 0;
    while (status == APR_SUCCESS && series.first < series.next && *dropped < limit) {
        anshin_history_t entry;
        const char *key = entry_key(op, user, series.first);
        status = anshin_txn_get(txn, &anshin_record_history, key, &entry);
        if (status == APR_SUCCESS && entry.at >= before) {
            break;
        }
        if (status == APR_SUCCESS || status == ANSHIN_ENOTFOUND) {
            status = anshin_txn_delete(txn, &anshin_record_history, key);
            series.first++;
            (*dropped)++;
        }
    }
    if (status == APR_SUCCESS && *dropped) {
        status = anshin_txn_put(txn, &anshin_record_sequence, series_key(op, user), &series);
    }
    return status;
}

/* --- expiry ----------------------------------------------------------------------------------------------------- */

/* When the oldest entry of a series will be too old; 0: there is none. */
static apr_status_t end_of_oldest(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_time_t *end)
{
    anshin_history_t oldest = {.at = 0};
    anshin_sequence_t series;
    apr_status_t status = series_get(op, txn, user, &series);

    *end = 0;
    if (status != APR_SUCCESS || series.first >= series.next) {
        return status;
    }
    status = anshin_txn_get(txn, &anshin_record_history, entry_key(op, user, series.first), &oldest);
    *end = oldest.at + op->contract->policy.history_retention;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* The parts of "history/CONTRACT/USER"; 0: it is no series of a history. *op is then of its contract, or of none where
 * that is not declared. */
static int parse_series(anshin_op_t *op, const char *key, const char **user)
{
    char *contract;
    char *slash;

    if (strncmp(key, SERIES, strlen(SERIES)) != 0) {
        return 0;
    }
    contract = apr_pstrdup(op->pool, key + strlen(SERIES));
    if ((slash = strchr(contract, '/')) == NULL) {
        return 0;
    }
    *slash = '\0';
    *user = slash[1] != '\0' ? slash + 1 : NULL;
    op->contract = anshin_config_contract(op->env->config, contract);
    return 1;
}

/* Numbers go on as long as there is somebody whose they are. */
static apr_status_t forget_series(anshin_op_t *op, anshin_txn_t *txn, const char *user)
{
    anshin_account_t account;
    apr_status_t status = user != NULL ? anshin_account_get(op, txn, user, &account) : APR_SUCCESS;

    return status == ANSHIN_ENOTFOUND ? anshin_txn_delete(txn, &anshin_record_sequence, series_key(op, user)) : status;
}

static apr_status_t trim(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *dropped, apr_time_t *again)
{
    const apr_time_t latest = op->now + ANSHIN_LOOK_HISTORY;
    anshin_op_t of_contract = *op;
    const char *user;
    apr_status_t status;

    *dropped = 0;
    *again = 0;
    if (!parse_series(&of_contract, key, &user)) {
        return APR_SUCCESS;
    }
    if (of_contract.contract == NULL) {
        *again = op->now + ANSHIN_EXPIRY_DAY;
        return APR_SUCCESS;
    }
    status = anshin_history_trim(&of_contract, txn, user, op->now - of_contract.contract->policy.history_retention,
                                 ANSHIN_EXPIRY_PART, dropped);
    if (status == APR_SUCCESS) {
        status = end_of_oldest(&of_contract, txn, user, again);
    }
    if (status == APR_SUCCESS && *again == 0) {
        status = forget_series(&of_contract, txn, user);
    }
    *again = *again > latest ? latest : *again;
    op->error = of_contract.error;
    return status;
}

const anshin_expiry_rule_t anshin_history_expiry = {&anshin_record_sequence, NULL, NULL, trim};
