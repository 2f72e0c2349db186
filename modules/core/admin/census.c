/*
 * What a walk through the store finds: see census.h.
 */
#include "core/admin/census.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/context/renaming.h"
#include "core/mail/mail.h"

typedef struct count_t {
    const anshin_op_t *op;
    anshin_census_t *census;
    const char *prefix;  /* of the keys that are walked over */
    apr_pool_t *scratch; /* of one record */
} count_t;

/* Those of a contract; there are few of them. */
static anshin_strangers_t *strangers_of(const count_t *count, const char *contract)
{
    apr_array_header_t *all = count->census->strangers;
    anshin_strangers_t *strangers;

    for (int i = 0; i < all->nelts; i++) {
        strangers = &APR_ARRAY_IDX(all, i, anshin_strangers_t);
        if (strcmp(strangers->contract, contract) == 0) {
            return strangers;
        }
    }
    strangers = apr_array_push(all);
    *strangers = (anshin_strangers_t){apr_pstrdup(count->op->pool, contract), NULL, 0, 0};
    return strangers;
}

static void note_time(anshin_census_t *census, apr_time_t time)
{
    census->newest = time > census->newest ? time : census->newest;
}

static apr_status_t count_account(void *baton, const char *key, const void *record)
{
    const count_t *count = baton;
    const anshin_account_t *account = record;

    (void)key;
    note_time(count->census, account->created_at);
    note_time(count->census, account->last_login_at);
    note_time(count->census, account->password_set_at);
    note_time(count->census, account->locked_at);
    if (anshin_config_contract(count->op->env->config, account->contract) == NULL) {
        strangers_of(count, account->contract)->users++;
    }
    return APR_SUCCESS;
}

/* What has CONTRACT/... for a key, behind the prefix of the walk. */
static apr_status_t count_left(void *baton, const char *key, const void *record)
{
    const count_t *count = baton;
    const char *contract = key + strlen(count->prefix);

    (void)record;
    contract = apr_pstrmemdup(count->scratch, contract, strcspn(contract, "/"));
    if (*contract != '\0' && anshin_config_contract(count->op->env->config, contract) == NULL) {
        strangers_of(count, contract)->records++;
    }
    apr_pool_clear(count->scratch);
    return APR_SUCCESS;
}

static apr_status_t see_renamings(anshin_txn_t *txn, const count_t *count)
{
    anshin_op_t op = *count->op;
    apr_array_header_t *renamings;
    apr_status_t status = anshin_renamings_in(&op, txn, &renamings);

    for (int i = 0; status == APR_SUCCESS && i < renamings->nelts; i++) {
        const anshin_renaming_t *renaming = &APR_ARRAY_IDX(renamings, i, anshin_renaming_t);

        strangers_of(count, renaming->from)->renamed_to = renaming->to;
    }
    return status;
}

/* Key removing/CONTRACT. */
static apr_status_t see_erasing(void *baton, const char *key, const void *record)
{
    apr_array_header_t *erasing = ((const count_t *)baton)->census->erasing;

    (void)record;
    APR_ARRAY_PUSH(erasing, const char *) = apr_pstrdup(erasing->pool, strchr(key, '/') + 1);
    return APR_SUCCESS;
}

/* Whoever writes late under a name that a contract had writes one of these. */
static apr_status_t look_for_left(anshin_txn_t *txn, count_t *count)
{
    static const struct {
        const anshin_record_type_t *type;
        const char *prefix;
    } walks[] = {{&anshin_record_terminal, ""},
                 {&anshin_record_counter, ""},
                 {&anshin_record_download, ""},
                 {&anshin_record_session_list, ""},
                 {&anshin_record_sequence, "history/"}};
    apr_status_t status = apr_pool_create(&count->scratch, count->op->pool);

    for (size_t i = 0; status == APR_SUCCESS && i < sizeof(walks) / sizeof(walks[0]); i++) {
        count->prefix = walks[i].prefix;
        status = anshin_txn_each(txn, walks[i].type, count->prefix, count_left, count);
    }
    apr_pool_destroy(count->scratch);
    status = status == APR_SUCCESS ? see_renamings(txn, count) : status;
    return status == APR_SUCCESS ? anshin_txn_each(txn, &anshin_record_fact, "removing/", see_erasing, count) : status;
}

static apr_status_t count_mail(void *baton, const char *key, const void *record)
{
    anshin_census_t *census = ((const count_t *)baton)->census;
    const anshin_mail_t *mail = record;

    (void)key;
    note_time(census, mail->created_at);
    note_time(census, mail->sent_at);
    census->mails_failed += mail->state == ANSHIN_MAIL_FAILED;
    if (mail->state == ANSHIN_MAIL_WAITING && (census->mail_oldest == 0 || mail->created_at < census->mail_oldest)) {
        census->mail_oldest = mail->created_at;
    }
    return APR_SUCCESS;
}

/* Key NODE/SEGMENT of one that is closed; what else is there has words behind the node. Whether it is genuine is for
 * htanshin audit verify to say. */
static apr_status_t count_segment(void *baton, const char *key, const void *record)
{
    const count_t *count = baton;
    const anshin_audit_anchor_t *anchor = record;
    const apr_interval_time_t keep = count->op->env->config->server.audit_retention;
    const char *segment = strrchr(key, '/');

    count->census->segments_old += segment != NULL && apr_isdigit(segment[1]) && keep != 0 && anchor->closed_at != 0 &&
                                   anchor->closed_at + keep < count->op->now;
    return APR_SUCCESS;
}

static apr_status_t look_at_clock(anshin_txn_t *txn, anshin_census_t *census)
{
    anshin_agreed_t *clock = &census->clock;
    apr_status_t status = anshin_agreed_last(txn, clock);

    if (status == ANSHIN_ENOTFOUND) {
        memset(clock, 0, sizeof(*clock));
        return APR_SUCCESS;
    }
    note_time(census, clock->time);
    return status;
}

static apr_status_t take(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_census_t *census = baton;
    count_t count = {.op = op, .census = census};
    apr_status_t status;

    memset(census, 0, sizeof(*census));
    census->strangers = apr_array_make(op->pool, 2, sizeof(anshin_strangers_t));
    census->erasing = apr_array_make(op->pool, 2, sizeof(const char *));
    if ((status = anshin_txn_each(txn, &anshin_record_account, "", count_account, &count)) != APR_SUCCESS ||
        (status = anshin_txn_each(txn, &anshin_record_mail, "", count_mail, &count)) != APR_SUCCESS ||
        (status = anshin_txn_each(txn, &anshin_record_audit_anchor, "", count_segment, &count)) != APR_SUCCESS ||
        (status = look_for_left(txn, &count)) != APR_SUCCESS) {
        return status;
    }
    return look_at_clock(txn, census);
}

apr_status_t anshin_census_take(anshin_op_t *op, anshin_census_t *census)
{
    return anshin_op_read(op, take, census);
}
