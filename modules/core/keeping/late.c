/*
 * What was written late under an old name: see late.h.
 */
#include "core/keeping/late.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/account/history.h"
#include "core/account/lockout.h"
#include "core/mail/mail_list.h"

#define NETWORKS_MAX 50 /* as core/login/claimant.c keeps */

typedef struct late_t {
    const anshin_record_type_t *type;
    const char *key;
    const char *fresh;
    void *record;
    void *there; /* NULL: nothing is */
} late_t;

/* --- by type ------------------------------------------------------------------------------------------------------ */

/* CONTRACT/USER/NUMBER: behind the series, where that is over there already and knows nothing of the number. */
static apr_status_t merge_history(anshin_op_t *op, anshin_txn_t *txn, const late_t *late, int *done)
{
    const char *user = strchr(late->fresh, '/') + 1;
    const char *slash = strchr(user, '/');
    const apr_int64_t number = slash != NULL ? apr_strtoi64(slash + 1, NULL, 16) : 0;
    anshin_sequence_t series;
    apr_status_t status;

    user = slash != NULL ? apr_pstrmemdup(op->pool, user, (apr_size_t)(slash - user)) : user;
    status = anshin_txn_get(txn, &anshin_record_sequence,
                            apr_pstrcat(op->pool, "history/", op->contract->name, "/", user, NULL), &series);
    if (status == ANSHIN_ENOTFOUND || (status == APR_SUCCESS && late->there == NULL && number < series.next)) {
        return APR_SUCCESS;
    }
    status = status == APR_SUCCESS ? anshin_history_append(op, txn, user, late->record) : status;
    *done = 1;
    return status;
}

/* Checks that run under either name hold their room on, the oldest first, each with its owner. */
static void merge_reservations(anshin_op_t *op, anshin_counter_t *counter, const anshin_counter_t *there)
{
    const anshin_counter_t *const both[] = {there, counter};
    const int counts[] = {there->reservations != NULL ? there->reservations->nelts : 0,
                          counter->reservations != NULL ? counter->reservations->nelts : 0};
    int at[] = {0, 0};
    apr_array_header_t *times = apr_array_make(op->pool, 8, sizeof(apr_int64_t));
    apr_array_header_t *owners = apr_array_make(op->pool, 8, sizeof(const char *));

    while (at[0] < counts[0] || at[1] < counts[1]) {
        const int from =
            at[0] == counts[0] || (at[1] < counts[1] && APR_ARRAY_IDX(both[1]->reservations, at[1], apr_int64_t) <
                                                            APR_ARRAY_IDX(both[0]->reservations, at[0], apr_int64_t));

        APR_ARRAY_PUSH(times, apr_int64_t) = APR_ARRAY_IDX(both[from]->reservations, at[from], apr_int64_t);
        APR_ARRAY_PUSH(owners, const char *) = anshin_reservation_owner(both[from], at[from]);
        at[from]++;
    }
    counter->reservations = times;
    counter->owners = owners;
}

/* Wrong attempts count on, and checks under way hold their room. Strangers' have a key of their own. */
static void merge_counter(anshin_op_t *op, const late_t *late)
{
    anshin_counter_t *counter = late->record;
    const anshin_counter_t *there = late->there;

    merge_reservations(op, counter, there);
    counter->failures += there->failures;
    counter->locked_at = counter->locked_at != 0 ? counter->locked_at : there->locked_at;
    counter->changed_at = counter->changed_at > there->changed_at ? counter->changed_at : there->changed_at;
    counter->phantom = counter->phantom && there->phantom;
}

static int holds(const apr_array_header_t *texts, const char *text)
{
    for (int i = 0; i < texts->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(texts, i, const char *), text) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The late ones are the newest. */
static void merge_places(anshin_op_t *op, const late_t *late)
{
    anshin_places_t *places = late->record;
    const anshin_places_t *there = late->there;
    apr_array_header_t *networks = apr_array_make(op->pool, NETWORKS_MAX, sizeof(const char *));

    for (int from = 0; from < 2; from++) {
        const apr_array_header_t *texts = from == 0 ? places->networks : there->networks;

        for (int i = 0; texts != NULL && i < texts->nelts && networks->nelts < NETWORKS_MAX; i++) {
            const char *text = APR_ARRAY_IDX(texts, i, const char *);

            if (!holds(networks, text)) {
                APR_ARRAY_PUSH(networks, const char *) = text;
            }
        }
    }
    places->networks = networks;
}

/* --- the verb ----------------------------------------------------------------------------------------------------- */

static apr_status_t refuse(anshin_op_t *op, const late_t *late)
{
    const anshin_account_t *account = late->record, *there = late->there;
    const int are_two = late->type == &anshin_record_account && (account->number == NULL || there->number == NULL ||
                                                                 strcmp(account->number, there->number) != 0);

    return are_two ? anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1916",
                                 "contract %s: has a user %s of its own, made meanwhile; remove that one there with "
                                 "htanshin user delete --erase, and repeat the command, which goes on",
                                 op->contract->name, account->user)
                   : anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1880",
                                 "contract %s: has a record %s of %s already, and so has the old name, under %s; "
                                 "nothing was written over: keep both, and tell the maintainers of it",
                                 op->contract->name, late->type->name, late->fresh, late->key);
}

/* Those that are written in their places, with what was there. */
static apr_status_t merge(anshin_op_t *op, const late_t *late)
{
    if (late->type == &anshin_record_counter) {
        merge_counter(op, late);
    } else if (late->type == &anshin_record_places) {
        merge_places(op, late);
    } else if (late->type != &anshin_record_fact) { /* the same was told of */
        return refuse(op, late);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_late_merge(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                               const char *fresh, void *record, int *done)
{
    late_t late = {type, key, fresh, record, apr_palloc(op->pool, type->size)};
    apr_status_t status = anshin_txn_get(txn, type, fresh, late.there);

    *done = 0;
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    late.there = status == APR_SUCCESS ? late.there : NULL;
    status = APR_SUCCESS;
    if (type == &anshin_record_history) {
        status = merge_history(op, txn, &late, done);
    } else if (late.there != NULL && type == &anshin_record_sequence) {
        *done = 1; /* its entries come behind the others one by one */
    } else if (late.there != NULL && type == &anshin_record_mail_list) {
        status = anshin_mail_list_append(op, txn, fresh, ((const anshin_mail_list_t *)record)->ids);
        *done = 1;
    } else if (late.there != NULL) {
        status = merge(op, &late);
    }
    return status == APR_SUCCESS && *done ? anshin_txn_delete(txn, type, key) : status;
}
