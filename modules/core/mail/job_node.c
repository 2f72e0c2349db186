/*
 * Mails of one machine: see job_node.h.
 */
#include "core/mail/job_node.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/context/nodes.h"
#include "core/context/own.h"
#include "core/mail/event.h"
#include "core/mail/job.h"
#include "core/mail/mail.h"

#define LANE "node:" /* as job.c has it */

/* --- how many ----------------------------------------------------------------------------------------------------- */

static int by_name(const void *one, const void *other)
{
    return strcmp(((const anshin_jobs_of_node_t *)one)->node, ((const anshin_jobs_of_node_t *)other)->node);
}

static apr_status_t count_one(void *baton, const char *key, const void *record)
{
    apr_array_header_t *nodes = baton;
    const char *name = apr_pstrmemdup(nodes->pool, key + strlen(LANE), strcspn(key + strlen(LANE), "/"));
    anshin_jobs_of_node_t *of = NULL;

    (void)record;
    for (int i = 0; i < nodes->nelts && of == NULL; i++) {
        anshin_jobs_of_node_t *at = &APR_ARRAY_IDX(nodes, i, anshin_jobs_of_node_t);

        of = strcmp(at->node, name) == 0 ? at : NULL;
    }
    if (of == NULL) {
        of = apr_array_push(nodes);
        *of = (anshin_jobs_of_node_t){.node = name};
    }
    of->count++;
    return APR_SUCCESS;
}

apr_status_t anshin_jobs_of_nodes_in(anshin_op_t *op, anshin_txn_t *txn, apr_array_header_t **nodes)
{
    apr_array_header_t *all;
    apr_status_t status = anshin_nodes_in(op, txn, &all);

    *nodes = apr_array_make(op->pool, 4, sizeof(anshin_jobs_of_node_t));
    if (status != APR_SUCCESS || op->env->node == NULL) {
        return status;
    }
    status = anshin_txn_each(txn, &anshin_record_job, LANE, count_one, *nodes);
    if ((*nodes)->nelts > 1) {
        qsort((*nodes)->elts, (size_t)(*nodes)->nelts, sizeof(anshin_jobs_of_node_t), by_name);
    }
    for (int i = 0; i < (*nodes)->nelts; i++) {
        anshin_jobs_of_node_t *of = &APR_ARRAY_IDX(*nodes, i, anshin_jobs_of_node_t);

        of->lives = anshin_node_lives(op, all, of->node);
    }
    return status;
}

static apr_status_t look_at_nodes(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_jobs_of_nodes_in(op, txn, baton);
}

apr_status_t anshin_jobs_of_nodes(anshin_op_t *op, apr_array_header_t **nodes)
{
    return anshin_op_read(op, look_at_nodes, nodes);
}

static apr_status_t count_bound(void *baton, const char *key, const void *record)
{
    (void)key;
    *(apr_int64_t *)baton += ((const anshin_job_t *)record)->bound != 0;
    return APR_SUCCESS;
}

static apr_status_t look_at_all(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    (void)op;
    *(apr_int64_t *)baton = 0;
    return anshin_txn_each(txn, &anshin_record_job, "", count_bound, baton);
}

apr_status_t anshin_jobs_bound(anshin_op_t *op, apr_int64_t *count)
{
    return anshin_op_read(op, look_at_all, count);
}

/* --- into other hands --------------------------------------------------------------------------------------------- */

typedef struct handing_t {
    const char *node;
    apr_array_header_t *keys;  /* of const char * */
    apr_array_header_t *mails; /* of each its mail; NULL: it has none */
    int lives;
    const char *key;  /* of the one at hand, */
    const char *user; /* CONTRACT/USER whom its mail is to; NULL: nobody who is known */
    int done;         /* it was handed over */
} handing_t;

static apr_status_t collect(void *baton, const char *key, const void *record)
{
    handing_t *handing = baton;
    const anshin_job_t *job = record;
    apr_pool_t *pool = handing->keys->pool;

    if (!job->bound || job->node == NULL || strcmp(job->node, handing->node) != 0) {
        return APR_SUCCESS;
    }
    APR_ARRAY_PUSH(handing->keys, const char *) = apr_pstrdup(pool, key);
    APR_ARRAY_PUSH(handing->mails, const char *) = apr_pstrdup(pool, job->mail);
    return APR_SUCCESS;
}

static apr_status_t look(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    handing_t *handing = baton;
    apr_array_header_t *nodes;
    apr_status_t status = anshin_nodes_in(op, txn, &nodes);

    apr_array_clear(handing->keys);
    apr_array_clear(handing->mails);
    handing->lives = status == APR_SUCCESS && anshin_node_lives(op, nodes, handing->node);
    return status == APR_SUCCESS ? anshin_txn_each(txn, &anshin_record_job, "", collect, handing) : status;
}

/* In an operation of the mail's contract. */
static apr_status_t renew_mail(void *baton, anshin_op_t *op, anshin_txn_t *txn, void *record)
{
    anshin_mail_t *mail = record;
    const char *id = baton;
    const anshin_event_t event = {
        .act = ANSHIN_ACT_MAIL_RETRIED, .user = mail->user, .number = mail->account, .mail = id};
    apr_status_t status;

    if (mail->state != ANSHIN_MAIL_DELIVERING || mail->blob == NULL) {
        return APR_SUCCESS;
    }
    mail->state = ANSHIN_MAIL_WAITING;
    mail->spool = NULL;
    status = anshin_txn_put(txn, &anshin_record_mail, id, mail);
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

/* Its user comes first (core/store/owner.h). One whose contract is not declared, or whose mail is gone, is given over
 * all the same: whoever takes it knows what to do with such ones. */
static apr_status_t hand_over(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    handing_t *handing = baton;
    anshin_account_t account;
    anshin_job_t job;
    apr_status_t status =
        handing->user != NULL ? anshin_txn_get(txn, &anshin_record_account, handing->user, &account) : APR_SUCCESS;

    handing->done = 0;
    status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    status = status == APR_SUCCESS ? anshin_txn_get(txn, &anshin_record_job, handing->key, &job) : status;
    if (status != APR_SUCCESS || !job.bound || job.node == NULL || strcmp(job.node, handing->node) != 0) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = job.mail != NULL ? anshin_own_do(op, txn, &anshin_record_mail, job.mail, renew_mail, (void *)job.mail)
                              : APR_SUCCESS;
    status = status == APR_SUCCESS || status == ANSHIN_ENOTFOUND ? anshin_job_adopt(op, txn, handing->key) : status;
    handing->done = status == APR_SUCCESS;
    return status;
}

/* Before the transaction, which begins with its lock. */
static apr_status_t find_user(anshin_op_t *op, handing_t *handing, const char *id)
{
    anshin_mail_t mail = {0};
    apr_status_t status = id != NULL ? anshin_op_get(op, &anshin_record_mail, id, &mail) : ANSHIN_ENOTFOUND;

    handing->user = status == APR_SUCCESS && mail.contract != NULL && mail.user != NULL
                        ? apr_pstrcat(op->pool, mail.contract, "/", mail.user, NULL)
                        : NULL;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_jobs_hand_over(anshin_op_t *op, const char *node, int *count)
{
    handing_t handing = {.node = node,
                         .keys = apr_array_make(op->pool, 16, sizeof(const char *)),
                         .mails = apr_array_make(op->pool, 16, sizeof(const char *))};
    apr_status_t status = anshin_op_read(op, look, &handing);

    *count = 0;
    if (status == APR_SUCCESS && handing.lives) {
        return ANSHIN_ECONFLICT;
    }
    for (int i = 0; status == APR_SUCCESS && i < handing.keys->nelts; i++) {
        handing.key = APR_ARRAY_IDX(handing.keys, i, const char *);
        status = find_user(op, &handing, APR_ARRAY_IDX(handing.mails, i, const char *));
        status = status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, hand_over, &handing) : status;
        *count += status == APR_SUCCESS && handing.done;
    }
    return status == APR_SUCCESS && *count == 0 ? ANSHIN_ENOTFOUND : status;
}
