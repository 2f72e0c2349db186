/*
 * What imported hashes remain: see toll.h.
 *
 * The record is a fact, imported/CONTRACT: "bcrypt=1024 argon2=35840/7168".
 */
#include "core/account/toll.h"

#include <string.h>

#include <apr_strings.h>

#include "core/context/own.h"

#define RENEWED apr_time_from_sec(3600)      /* an import writes it anew when it is older, */
#define SETTLED apr_time_from_sec(2 * 3600L) /* so that one of this age is of none that goes on */

static const char *key_of(const anshin_op_t *op)
{
    return apr_pstrcat(op->pool, "imported/", op->contract->name, NULL);
}

/* --- the text ----------------------------------------------------------------------------------------------------- */

static void read_toll(anshin_toll_t *toll, const char *text, apr_pool_t *pool)
{
    char *state;

    memset(toll, 0, sizeof(*toll));
    for (char *word = apr_strtok(apr_pstrdup(pool, text != NULL ? text : ""), " ", &state); word != NULL;
         word = apr_strtok(NULL, " ", &state)) {
        char *number = strchr(word, '=');
        const char *memory = number != NULL ? strchr(number, '/') : NULL;
        int scheme;

        if (number == NULL) {
            continue;
        }
        *number++ = '\0';
        scheme = anshin_word_value(anshin_scheme_words, word, -1);
        if (scheme >= 0) { /* of a newer version it is not known what it costs */
            toll->work[scheme] = (apr_uint32_t)apr_atoi64(number);
            toll->memory = memory != NULL ? (apr_uint32_t)apr_atoi64(memory + 1) : toll->memory;
        }
    }
}

static const char *write_toll(const anshin_toll_t *toll, apr_pool_t *pool)
{
    const char *text = "";

    for (const anshin_word_t *word = anshin_scheme_words; word->name != NULL; word++) {
        apr_uint32_t work = toll->work[word->value];

        if (work != 0) {
            text = apr_psprintf(pool, "%s%s%s=%u", text, text[0] != '\0' ? " " : "", word->name, work);
        }
        if (work != 0 && word->value == ANSHIN_SCHEME_ARGON2) {
            text = apr_psprintf(pool, "%s/%u", text, toll->memory);
        }
    }
    return text;
}

/* 1: it costs more now. */
static int cover(anshin_toll_t *toll, const anshin_imported_t *imported)
{
    int more = 0;

    if (imported->work > toll->work[imported->scheme] ||
        (imported->work == toll->work[imported->scheme] && imported->memory > toll->memory)) {
        toll->work[imported->scheme] = imported->work;
        toll->memory = imported->scheme == ANSHIN_SCHEME_ARGON2 ? imported->memory : toll->memory;
        more = 1;
    }
    return more;
}

/* --- the record --------------------------------------------------------------------------------------------------- */

/* *at: when it was written; 0: there is none. */
static apr_status_t get(const anshin_op_t *op, anshin_txn_t *txn, anshin_toll_t *toll, apr_time_t *at)
{
    anshin_fact_t fact = {.value = NULL};
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, key_of(op), &fact);

    read_toll(toll, status == APR_SUCCESS ? fact.value : NULL, op->pool);
    *at = status == APR_SUCCESS ? fact.at : 0;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_toll_get(anshin_op_t *op, anshin_txn_t *txn, anshin_toll_t *toll)
{
    apr_time_t at;

    return get(op, txn, toll, &at);
}

/* A hash that is to be covered, and what is so far. */
typedef struct raise_t {
    const anshin_imported_t *imported;
    int enough;
} raise_t;

static apr_status_t look(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    raise_t *raise = baton;
    anshin_toll_t toll;
    apr_time_t at;
    apr_status_t status = get(op, txn, &toll, &at);

    raise->enough = status == APR_SUCCESS && !cover(&toll, raise->imported) && at <= op->now && at > op->now - RENEWED;
    return status;
}

static apr_status_t renew(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const raise_t *raise = baton;
    anshin_toll_t toll;
    apr_time_t at;
    apr_status_t status = get(op, txn, &toll, &at);

    if (status == APR_SUCCESS) {
        anshin_fact_t fact = {.at = op->now};

        (void)cover(&toll, raise->imported);
        fact.value = write_toll(&toll, op->pool);
        status = anshin_txn_put(txn, &anshin_record_fact, key_of(op), &fact);
    }
    return status;
}

apr_status_t anshin_toll_raise(anshin_op_t *op, const anshin_imported_t *imported)
{
    raise_t raise = {.imported = imported};
    apr_status_t status = anshin_op_look(op, look, &raise);

    return status == APR_SUCCESS && !raise.enough ? anshin_op_write(op, ANSHIN_DURABLE, renew, &raise) : status;
}

/* --- what remains ------------------------------------------------------------------------------------------------- */

static apr_status_t count_account(void *baton, const char *key, const void *record)
{
    const anshin_account_t *account = record;
    anshin_imported_t imported;

    (void)key;
    if (anshin_imported_tells(account->password_hash, &imported)) {
        (void)cover(baton, &imported);
    }
    return APR_SUCCESS;
}

/* What a walk has found, and of when the record is that it was held against. */
typedef struct review_t {
    anshin_toll_t found;
    apr_time_t at;
    const char *before;
    int lowered;
} review_t;

static apr_status_t look_at(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    review_t *review = baton;
    anshin_toll_t toll;
    apr_status_t status = get(op, txn, &toll, &review->at);

    review->before = write_toll(&toll, op->pool);
    return status;
}

/* Whatever was raised meanwhile stays. */
static apr_status_t lower(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    review_t *review = baton;
    anshin_fact_t fact = {.value = write_toll(&review->found, op->pool)};
    anshin_toll_t toll;
    apr_status_t status = get(op, txn, &toll, &fact.at);

    review->lowered = 0;
    if (status != APR_SUCCESS || fact.at != review->at || strcmp(fact.value, review->before) == 0) {
        return status;
    }
    review->lowered = 1;
    return fact.value[0] != '\0' ? anshin_txn_put(txn, &anshin_record_fact, key_of(op), &fact)
                                 : anshin_txn_delete(txn, &anshin_record_fact, key_of(op));
}

static apr_status_t review_contract(anshin_op_t *op, int *lowered)
{
    review_t review = {.lowered = 0};
    apr_status_t status = anshin_op_look(op, look_at, &review);

    if (status != APR_SUCCESS || review.at == 0 || review.at > op->now - SETTLED) {
        return status;
    }
    status = anshin_own_each(op, &anshin_record_account, apr_pstrcat(op->pool, op->contract->name, "/", NULL),
                             count_account, &review.found);
    if (status == APR_SUCCESS) {
        status = anshin_op_write(op, ANSHIN_LAZY, lower, &review);
    }
    *lowered += status == APR_SUCCESS ? review.lowered : 0;
    return status;
}

apr_status_t anshin_toll_review(anshin_op_t *op, int *lowered)
{
    apr_array_header_t *contracts = op->env->config->contracts;
    const anshin_contract_t *own = op->contract;
    apr_status_t status = APR_SUCCESS;

    *lowered = 0;
    for (int i = 0; status == APR_SUCCESS && i < contracts->nelts; i++) {
        op->contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);
        status = review_contract(op, lowered);
    }
    op->contract = own;
    return status;
}
