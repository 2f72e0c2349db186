/*
 * Reminders filed anew: see refile.h.
 *
 * A store has no order, and one walk keeps the keys of a part alone, so that memory is bounded: as many walks as there
 * are parts.
 */
#include "core/admin/refile.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/certificate/reminder.h"
#include "core/context/own.h"
#include "core/mail/password_reminder.h"

#define FACT "reminders" /* what the configuration said when all was filed */
#define PART 20000       /* keys of a walk, about */
#define BATCH 50         /* and of a transaction */

/* --- what it depends on ----------------------------------------------------------------------------------------- */

static const char *const directives[] = {"AnshinCertificateReminders", "AnshinPasswordReminders",
                                         "AnshinPasswordMaxAge"};

/* As long as a store can keep it, however many contracts there are. */
static apr_status_t rules(const anshin_op_t *op, const char **digest)
{
    unsigned char octets[ANSHIN_DIGEST_BYTES];
    const char *text = "";
    apr_status_t status;

    for (int i = 0; i < op->env->config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(op->env->config->contracts, i, const anshin_contract_t *);

        text = apr_pstrcat(op->pool, text, contract->name, "\n", NULL);
        for (size_t d = 0; d < sizeof(directives) / sizeof(directives[0]); d++) {
            const anshin_option_t *option = anshin_option_find(anshin_policy_options, directives[d]);

            text = apr_pstrcat(op->pool, text, anshin_option_print(&contract->policy, option, op->pool), "\n", NULL);
        }
    }
    status = op->env->crypto->digest(op->env->crypto->ctx, octets, text, strlen(text));
    *digest = anshin_hex(octets, sizeof(octets), op->pool);
    return status;
}

/* --- the walks -------------------------------------------------------------------------------------------------- */

/* One kind of what is reminded of. */
typedef struct kind_t {
    const anshin_record_type_t *type;
    apr_time_t (*look)(const anshin_op_t *op, const void *record);
} kind_t;

static apr_time_t look_at_certificate(const anshin_op_t *op, const void *record)
{
    return anshin_certificate_look(op, record);
}

static apr_time_t look_at_password(const anshin_op_t *op, const void *record)
{
    return anshin_password_look(op, record);
}

static const kind_t kinds[] = {{&anshin_record_certificate, look_at_certificate},
                               {&anshin_record_account, look_at_password}};

typedef struct entry_t {
    const char *key;
    apr_time_t when;
} entry_t;

typedef struct walk_t {
    const anshin_op_t *op;
    const kind_t *kind;
    unsigned count; /* of all records */
    unsigned part, parts;
    apr_array_header_t *entries; /* of entry_t, in its own pool */
    int from;                    /* of the batch */
} walk_t;

static apr_status_t count_one(void *baton, const char *key, const void *record)
{
    (void)key;
    (void)record;
    ((walk_t *)baton)->count++;
    return APR_SUCCESS;
}

static apr_status_t count_all(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    walk_t *walk = baton;

    (void)op;
    walk->count = 0;
    return anshin_txn_each(txn, walk->kind->type, "", count_one, walk);
}

static int is_of_part(const walk_t *walk, const char *key)
{
    apr_ssize_t length = APR_HASH_KEY_STRING;

    return apr_hashfunc_default(key, &length) % walk->parts == walk->part;
}

static apr_status_t collect(void *baton, const char *key, const void *record)
{
    const walk_t *walk = baton;
    anshin_op_t own = *walk->op;
    entry_t entry;

    own.contract = anshin_own_contract(walk->op, walk->kind->type, record);
    entry.when = own.contract != NULL && is_of_part(walk, key) ? walk->kind->look(&own, record) : 0;
    if (entry.when != 0) {
        entry.key = apr_pstrdup(walk->entries->pool, key);
        APR_ARRAY_PUSH(walk->entries, entry_t) = entry;
    }
    return APR_SUCCESS;
}

static apr_status_t collect_part(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    walk_t *walk = baton;

    walk->op = op;
    apr_array_clear(walk->entries);
    return anshin_txn_each(txn, walk->kind->type, "", collect, walk);
}

static apr_status_t file_batch(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const walk_t *walk = baton;
    apr_status_t status = APR_SUCCESS;

    for (int i = walk->from; status == APR_SUCCESS && i < walk->entries->nelts && i < walk->from + BATCH; i++) {
        const entry_t *entry = &APR_ARRAY_IDX(walk->entries, i, entry_t);

        status = anshin_expiry_file(op, txn, walk->kind->type, entry->key, entry->when);
    }
    return status;
}

static apr_status_t file_part(anshin_op_t *op, walk_t *walk, int *filed)
{
    anshin_op_t part = *op;
    apr_status_t status;

    apr_pool_create(&part.pool, op->pool);
    walk->entries = apr_array_make(part.pool, 64, sizeof(entry_t));
    status = anshin_op_read(&part, collect_part, walk);
    for (walk->from = 0; status == APR_SUCCESS && walk->from < walk->entries->nelts; walk->from += BATCH) {
        status = anshin_op_write(&part, ANSHIN_LAZY, file_batch, walk);
    }
    *filed += status == APR_SUCCESS ? walk->entries->nelts : 0;
    op->error = part.error;
    apr_pool_destroy(part.pool);
    return status;
}

static apr_status_t file_kind(anshin_op_t *op, const kind_t *kind, int *filed)
{
    walk_t walk = {.kind = kind};
    apr_status_t status = anshin_op_read(op, count_all, &walk);

    walk.parts = 1 + walk.count / PART;
    for (; status == APR_SUCCESS && walk.part < walk.parts; walk.part++) {
        status = file_part(op, &walk, filed);
    }
    return status;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

static apr_status_t note(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_fact_t fact = {.value = baton, .at = op->now};

    return anshin_txn_put(txn, &anshin_record_fact, FACT, &fact);
}

apr_status_t anshin_refile(anshin_op_t *op, int *filed)
{
    anshin_fact_t fact;
    const char *now;
    apr_status_t status = rules(op, &now);

    *filed = 0;
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, status, "AN1203", "reminders: the configuration cannot be digested");
    }
    status = anshin_op_get(op, &anshin_record_fact, FACT, &fact);
    if (status == APR_SUCCESS && fact.value != NULL && strcmp(fact.value, now) == 0) {
        return APR_SUCCESS;
    }
    status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    for (size_t i = 0; status == APR_SUCCESS && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        status = file_kind(op, &kinds[i], filed);
    }
    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_LAZY, note, (void *)(apr_uintptr_t)now) : status;
}
