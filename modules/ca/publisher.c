/*
 * What others learn of revocations: see publisher.h.
 */
#include "ca/publisher.h"

#include <apr_file_info.h>
#include <apr_strings.h>

#include "ca/crl.h"
#include "ca/log.h"
#include "core/base/waiting.h"
#include "core/certificate/issuer.h"
#include "core/certificate/unusable.h"
#include "core/config/ca_files.h"

#define POLL apr_time_from_sec(5)
#define SIGNER_WAIT apr_time_from_sec(1)
#define ROOM 1024

void anshin_publisher_init(anshin_publisher_t *publisher, const anshin_work_t *work, apr_pool_t *pool)
{
    const apr_array_header_t *cas = anshin_ca_all(work->env->config, pool);

    *publisher = (anshin_publisher_t){.work = work};
    publisher->lists = apr_array_make(pool, cas->nelts, sizeof(anshin_published_t));
    for (int i = 0; i < cas->nelts; i++) {
        APR_ARRAY_PUSH(publisher->lists, anshin_published_t) =
            (anshin_published_t){.name = APR_ARRAY_IDX(cas, i, anshin_ca_files_t).name,
                                 .issues = APR_ARRAY_IDX(cas, i, anshin_ca_files_t).issues};
    }
    apr_pool_create(&publisher->pool, pool);
}

/* --- what is revoked --------------------------------------------------------------------------------------------- */

/* What was put at the end of the entries stands on a list that is to be written; one of a CA that nobody knows (it was
 * retired) on none. */
static void note_changes(anshin_publisher_t *publisher, int from)
{
    for (int i = 0; i < publisher->lists->nelts; i++) {
        anshin_published_t *list = &APR_ARRAY_IDX(publisher->lists, i, anshin_published_t);
        anshin_reply_ca_t ca;
        anshin_error_t ignored;
        int known;

        anshin_error_clear(&ignored);
        known = anshin_signer_client_ca(publisher->work->signer_client, list->name, &ca, &ignored) == APR_SUCCESS;
        for (int j = from; j < publisher->entries->nelts && !list->changed; j++) {
            list->changed =
                !known || anshin_revoked_is_of(&APR_ARRAY_IDX(publisher->entries, j, anshin_revoked_entry_t),
                                               &(anshin_revoked_ca_t){list->name, ca.id});
        }
    }
}

static void forget(anshin_publisher_t *publisher)
{
    apr_pool_clear(publisher->pool);
    publisher->entries = NULL;
    publisher->heard = NULL;
}

static apr_status_t learn_all(anshin_publisher_t *publisher, anshin_op_t *op)
{
    apr_status_t status;

    publisher->entries = apr_array_make(publisher->pool, ROOM, sizeof(anshin_revoked_entry_t));
    publisher->heard = apr_hash_make(publisher->pool);
    status = anshin_revoked_all(op, publisher->entries);
    if (status != APR_SUCCESS) {
        forget(publisher);
        return status;
    }
    for (int i = 0; i < publisher->lists->nelts; i++) {
        APR_ARRAY_IDX(publisher->lists, i, anshin_published_t).changed = 1;
    }
    return APR_SUCCESS;
}

/* What came behind from is not taken again. */
static void hear(anshin_publisher_t *publisher, const anshin_op_t *op, int from)
{
    for (int i = from; op->env->node != NULL && i < publisher->entries->nelts; i++) {
        const char *serial = APR_ARRAY_IDX(publisher->entries, i, anshin_revoked_entry_t).serial;

        apr_hash_set(publisher->heard, apr_pstrdup(publisher->pool, serial), APR_HASH_KEY_STRING, "");
    }
}

/* All of them at first, then those that were told of; all of them again where others may have cleared away what this
 * machine did not hear. */
static apr_status_t learn(anshin_publisher_t *publisher, anshin_op_t *op)
{
    const apr_time_t begun = anshin_uptime_now();
    apr_array_header_t *keys;
    apr_status_t status = APR_SUCCESS;
    int from;

    if (op->env->node != NULL && publisher->entries != NULL &&
        begun - publisher->heard_at > ANSHIN_REVOKED_LINGER / 2) {
        forget(publisher);
    }
    status = publisher->entries == NULL ? learn_all(publisher, op) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    do {
        from = publisher->entries->nelts;
        status = anshin_revoked_told(op, publisher->entries, publisher->heard, &keys);
        if (status == APR_SUCCESS) {
            note_changes(publisher, from);
            hear(publisher, op, from);
            publisher->heard_at = begun;
            status = keys->nelts > 0 ? anshin_revoked_done(op, keys) : status;
        }
    } while (status == APR_SUCCESS && keys->nelts == ANSHIN_REVOKED_TAKE);
    return status;
}

static int count_of(const apr_array_header_t *entries, const anshin_revoked_ca_t *ca)
{
    int count = 0;

    for (int i = 0; i < entries->nelts; i++) {
        count += anshin_revoked_is_of(&APR_ARRAY_IDX(entries, i, anshin_revoked_entry_t), ca);
    }
    return count;
}

/* --- a list ------------------------------------------------------------------------------------------------------ */

/* Have it made and put it out for all machines, unless another one has meanwhile. What the number stands for was read
 * when it was claimed. */
static apr_status_t make_for_all(anshin_publisher_t *publisher, anshin_published_t *list, anshin_op_t *op,
                                 anshin_crl_order_t *order, anshin_bytes_t *der)
{
    anshin_crl_out_t out = {.number = order->number};
    apr_time_t last = list->out.made_at;
    apr_status_t status = learn(publisher, op);

    order->entries = publisher->entries;
    if (status == APR_SUCCESS) {
        anshin_revoked_tidy(publisher->entries, order->ca, last);
        apr_cpystrn(out.ca, order->ca->id, sizeof(out.ca));
        status = anshin_crl_digest(op, out.digest, publisher->entries, order->ca, last);
    }
    if (status == APR_SUCCESS) {
        status = anshin_crl_make(der, publisher->work->signer_client, order, &op->error, op->pool);
    }
    if (status != APR_SUCCESS) {
        anshin_error_t why = op->error;

        (void)anshin_crl_give_up(op, list->name, order->number);
        op->error = why;
        return status;
    }
    status = anshin_crl_put(op, list->name, &out, der);
    if (status == APR_SUCCESS) {
        list->out = out;
    }
    return status == ANSHIN_ECONFLICT ? ANSHIN_EBUSY : status;
}

static apr_status_t make_alone(anshin_publisher_t *publisher, const anshin_published_t *list, anshin_op_t *op,
                               anshin_crl_order_t *order, anshin_bytes_t *der)
{
    apr_time_t last;
    apr_status_t status = anshin_revoked_number(op, list->name, &order->number, &last);

    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_revoked_tidy(publisher->entries, order->ca, last);
    return anshin_crl_make(der, publisher->work->signer_client, order, &op->error, op->pool);
}

static apr_status_t publish(anshin_publisher_t *publisher, anshin_published_t *list, anshin_op_t *op)
{
    anshin_reply_ca_t found;
    const anshin_revoked_ca_t ca = {list->name, found.id};
    anshin_crl_order_t order = {.ca = &ca, .life = ANSHIN_CRL_LIFE, .entries = publisher->entries};
    anshin_crl_file_t file = {
        .directory = publisher->work->env->config->server.crl_dir, .name = list->name, .at = op->now};
    apr_time_t last;
    apr_status_t status = anshin_signer_client_ca(publisher->work->signer_client, list->name, &found, &op->error);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (op->env->node == NULL) {
        status = make_alone(publisher, list, op, &order, &file.der);
    } else {
        status = anshin_crl_claim(op, list->name, list->out.number, &order.number, &last);
        if (status != APR_SUCCESS) {
            return status == ANSHIN_ECONFLICT ? ANSHIN_EBUSY : status;
        }
        status = make_for_all(publisher, list, op, &order, &file.der);
        file.at = list->out.made_at;
    }
    if (status == APR_SUCCESS) {
        status = anshin_crl_write(&file, &op->error, op->pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    list->written = order.number;
    anshin_log(ANSHIN_LOG_INFO, "AN1223", "CRL %" APR_INT64_T_FMT " of %s is written, with %d certificates",
               order.number, list->name, count_of(publisher->entries, &ca));
    return anshin_revoked_out(op, list->name);
}

/* Told once, and once when it is over. That the signer is away is told elsewhere. */
static void tell(int *failed, const char *name, apr_status_t status, const anshin_error_t *err)
{
    char what[160];

    if (status == ANSHIN_EBUSY) {
        return;
    }
    apr_snprintf(what, sizeof(what), "revocations are not in the CRL %s yet, it cannot be written", name);
    if (status != APR_SUCCESS && !*failed) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN1224", what, status, err);
    } else if (status == APR_SUCCESS && *failed) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1225", "the CRL %s is written again", name);
    }
    *failed = status != APR_SUCCESS;
}

/* Who opens no certificate of a CA goes by that (core/certificate/issuer.h). */
static void note_id(const anshin_publisher_t *publisher, const anshin_published_t *list, anshin_op_t *op)
{
    anshin_reply_ca_t ca;
    apr_status_t status = anshin_signer_client_ca(publisher->work->signer_client, list->name, &ca, &op->error);

    if (status == APR_SUCCESS) {
        status = anshin_issuer_note(op, list->name, ca.id);
    }
    if (status != APR_SUCCESS && status != ANSHIN_EBUSY) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN1254", "which CA issues is not noted yet", status, &op->error);
    }
}

/* ca NULL: what Apple profiles are signed with. */
static apr_status_t note_unusable(const anshin_publisher_t *publisher, const char *ca, anshin_op_t *op)
{
    const char *why;
    apr_status_t status = anshin_signer_client_unusable(publisher->work->signer_client, ca, &why, op->pool);

    return status == APR_SUCCESS ? anshin_unusable_note(op, ca, why) : APR_SUCCESS;
}

/* htanshin check goes by that. */
static void note_all_unusable(anshin_publisher_t *publisher)
{
    anshin_op_t op;
    apr_pool_t *scratch;
    apr_status_t status;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, publisher->work->env, NULL, &anshin_actor_worker, scratch);
    status = note_unusable(publisher, NULL, &op);
    for (int i = 0; status == APR_SUCCESS && i < publisher->lists->nelts; i++) {
        status = note_unusable(publisher, APR_ARRAY_IDX(publisher->lists, i, anshin_published_t).name, &op);
    }
    if (status != APR_SUCCESS && status != ANSHIN_EBUSY && !publisher->unnoted) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN1350", "what the signer cannot use is not noted for htanshin check",
                         status, &op.error);
    }
    publisher->unnoted = status != APR_SUCCESS && status != ANSHIN_EBUSY;
    apr_pool_destroy(scratch);
}

/* Of one that issues: nothing that it issues lasts longer. Each time to remind once (core/certificate/issuer.h). */
static void remind_of_end(const anshin_publisher_t *publisher, const anshin_published_t *list, anshin_op_t *op)
{
    anshin_reply_ca_t ca;
    int days = 0;

    if (list->issues &&
        anshin_signer_client_ca(publisher->work->signer_client, list->name, &ca, &op->error) == APR_SUCCESS &&
        anshin_issuer_remind(op, ca.id, ca.end, &days) == APR_SUCCESS && days > 0) {
        anshin_log(
            ANSHIN_LOG_WARNING, "AN1238",
            "the CA %s ends on %s, in %d days, and with it all that it issues; htanshin ca create --next makes the "
            "one that follows (operator's guide, \"Roll-over\")",
            list->name, anshin_time_text(ca.end, op->pool), days);
    }
}

/* 1: the file may be of a later list, where the store was put back to what it was before. Or it is an old one that was
 * put back itself, to which the copying gave a new time: so the next list, which comes after both, is made at once, and
 * the file stays until then alone. A time to come tells nothing. */
static int is_later(const anshin_crl_file_t *file, const anshin_op_t *op)
{
    const char *path = apr_pstrcat(op->pool, file->directory, "/", file->name, ".crl", NULL);
    apr_finfo_t seen;

    return apr_stat(&seen, path, APR_FINFO_MTIME, op->pool) == APR_SUCCESS &&
           apr_time_sec(seen.mtime) > apr_time_sec(file->at) && seen.mtime <= op->now;
}

/* The list that a machine has put out, if this one has not written it. */
static apr_status_t follow_one(const anshin_publisher_t *publisher, anshin_published_t *list, anshin_op_t *op)
{
    anshin_crl_out_t out;
    anshin_crl_file_t file = {.directory = publisher->work->env->config->server.crl_dir, .name = list->name};
    apr_status_t status = anshin_crl_look(op, list->name, list->written, &out, &file.der);
    apr_time_t rest;
    int passed_over;

    if (status != APR_SUCCESS || file.der.data == NULL) {
        return status;
    }
    file.at = out.made_at;
    passed_over = is_later(&file, op);
    if (passed_over) {
        anshin_log(ANSHIN_LOG_WARNING, "AN1974",
                   "the file of the CRL %s is newer than CRL %" APR_INT64_T_FMT " of the store: one of both was put "
                   "back; the next CRL is made at once, in place of both",
                   list->name, out.number);
    } else {
        status = anshin_crl_write(&file, &op->error, op->pool);
        if (status != APR_SUCCESS) {
            return status;
        }
        anshin_log(ANSHIN_LOG_INFO, "AN1929",
                   "CRL %" APR_INT64_T_FMT " of %s, which another machine has made, is written", out.number,
                   list->name);
    }
    rest = out.made_at + ANSHIN_CRL_INTERVAL - op->now;
    rest = rest > ANSHIN_CRL_INTERVAL ? ANSHIN_CRL_INTERVAL : rest;
    list->next = rest > 0 && !passed_over ? anshin_uptime_now() + rest : 0;
    list->out = out;
    list->written = out.number;
    return APR_SUCCESS;
}

/* Also where the signer is away: it is not needed for that. */
static void follow(anshin_publisher_t *publisher)
{
    for (int i = 0; publisher->work->env->node != NULL && i < publisher->lists->nelts; i++) {
        anshin_published_t *list = &APR_ARRAY_IDX(publisher->lists, i, anshin_published_t);
        anshin_op_t op;
        apr_pool_t *scratch;
        apr_status_t status;

        apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
        anshin_op_init(&op, publisher->work->env, NULL, &anshin_actor_worker, scratch);
        status = follow_one(publisher, list, &op);
        if (status != APR_SUCCESS) {
            tell(&list->failed, list->name, status, &op.error);
        }
        apr_pool_destroy(scratch);
    }
}

/* 1: the list that is out has all that are revoked, since the machine that made it knew of them, too. */
static int has_all(const anshin_publisher_t *publisher, const anshin_published_t *list, anshin_op_t *op)
{
    const anshin_revoked_ca_t ca = {list->name, list->out.ca};
    anshin_reply_ca_t found;
    char digest[ANSHIN_CRL_DIGEST + 1];

    if (list->out.number == 0 ||
        anshin_signer_client_ca(publisher->work->signer_client, list->name, &found, &op->error) != APR_SUCCESS ||
        strcmp(found.id, list->out.ca) != 0) {
        return 0;
    }
    anshin_revoked_tidy(publisher->entries, &ca, list->out.before);
    return anshin_crl_digest(op, digest, publisher->entries, &ca, list->out.before) == APR_SUCCESS &&
           strcmp(digest, list->out.digest) == 0;
}

static void publish_due(anshin_publisher_t *publisher, anshin_published_t *list)
{
    anshin_op_t op;
    apr_pool_t *scratch;
    const apr_time_t begun = anshin_uptime_now(); /* so does the list's life, however long the writing takes */
    apr_status_t status;

    if (!list->changed && begun < list->next) {
        return;
    }
    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, publisher->work->env, NULL, &anshin_actor_worker, scratch);
    if (begun < list->next && has_all(publisher, list, &op)) {
        list->changed = 0;
        apr_pool_destroy(scratch);
        return;
    }
    status = publish(publisher, list, &op);
    if (status == APR_SUCCESS) {
        list->changed = 0;
        list->next = begun + ANSHIN_CRL_INTERVAL;
    } else {
        list->next = 0;
    }
    tell(&list->failed, list->name, status, &op.error);
    if (status == APR_SUCCESS) {
        note_id(publisher, list, &op);
        remind_of_end(publisher, list, &op);
    }
    apr_pool_destroy(scratch);
}

void anshin_publisher_step(anshin_publisher_t *publisher, apr_time_t *sleep)
{
    anshin_op_t op;
    apr_pool_t *scratch;
    apr_status_t status;

    follow(publisher);
    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, publisher->work->env, NULL, &anshin_actor_worker, scratch);
    /* After the start it needs a moment; what a list lacks is told apart by its CAs. */
    status = anshin_signer_client_wait(publisher->work->signer_client, SIGNER_WAIT, &op.error);
    if (status == APR_SUCCESS) {
        status = learn(publisher, &op);
    }
    tell(&publisher->failed, "", status, &op.error);
    apr_pool_destroy(scratch);
    note_all_unusable(publisher);
    for (int i = 0; status == APR_SUCCESS && i < publisher->lists->nelts; i++) {
        publish_due(publisher, &APR_ARRAY_IDX(publisher->lists, i, anshin_published_t));
    }
    *sleep = anshin_uptime_now() + POLL;
}
