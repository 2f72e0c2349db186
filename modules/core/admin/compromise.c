/*
 * The key of a CA in somebody's hands: see compromise.h.
 */
#include "core/admin/compromise.h"

#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/account/account.h"
#include "core/base/label.h"
#include "core/certificate/renewal.h"
#include "core/certificate/revocation.h"
#include "core/context/own.h"
#include "core/mail/event.h"
#include "core/mail/mail.h"
#include "core/mail/mail_way.h"

/* Its user was not told, of one that was revoked by us. */
static int waits(const anshin_certificate_t *certificate)
{
    return certificate->state == ANSHIN_CERTIFICATE_REVOKED && certificate->reason == ANSHIN_REASON_CA_COMPROMISE &&
           certificate->told_at == 0;
}

/* --- walking ---------------------------------------------------------------------------------------------------- */

typedef struct walk_t {
    const anshin_revoked_ca_t *ca;
    int waiting; /* 1: those that wait; 0: the active ones */
    apr_time_t now;
    apr_array_header_t *serials; /* of const char * */
} walk_t;

static apr_status_t collect(void *baton, const char *serial, const void *record)
{
    const walk_t *walk = baton;
    const anshin_certificate_t *certificate = record;
    int wanted = walk->waiting ? waits(certificate)
                               : certificate->state == ANSHIN_CERTIFICATE_ACTIVE && certificate->not_after >= walk->now;

    if (wanted && anshin_revoked_is_whose(certificate->ca, walk->ca)) {
        APR_ARRAY_PUSH(walk->serials, const char *) = apr_pstrdup(walk->serials->pool, serial);
    }
    return APR_SUCCESS;
}

static apr_status_t find(anshin_op_t *op, const anshin_revoked_ca_t *ca, int waiting, apr_array_header_t **serials)
{
    walk_t walk = {ca, waiting, op->now, apr_array_make(op->pool, 64, sizeof(const char *))};

    *serials = walk.serials;
    return anshin_own_each(op, &anshin_record_certificate, "", collect, &walk);
}

apr_status_t anshin_compromise_count(anshin_op_t *op, const anshin_revoked_ca_t *ca, int *active, int *waiting)
{
    apr_array_header_t *serials;
    apr_status_t status = find(op, ca, 0, &serials);

    *active = serials->nelts;
    if (status == APR_SUCCESS) {
        status = find(op, ca, 1, &serials);
    }
    *waiting = serials->nelts;
    return status;
}

/* --- one after the other ---------------------------------------------------------------------------------------- */

/* APR_SUCCESS also when somebody else was faster; APR_EOF: enough. */
typedef apr_status_t one_fn(void *baton, anshin_op_t *op, const char *serial);

/* Each in an operation of its own, whose memory is gone after it. */
static apr_status_t in_turn(anshin_op_t *op, const apr_array_header_t *serials, one_fn *fn, void *baton)
{
    apr_status_t status = APR_SUCCESS;
    apr_pool_t *scratch;

    apr_pool_create(&scratch, op->pool);
    for (int i = 0; status == APR_SUCCESS && i < serials->nelts; i++) {
        anshin_op_t one;

        apr_pool_clear(scratch);
        anshin_op_init(&one, op->env, op->contract, &op->actor, scratch);
        status = fn(baton, &one, APR_ARRAY_IDX(serials, i, const char *));
        op->jobs_queued |= one.jobs_queued;
        op->error = one.error;
    }
    apr_pool_destroy(scratch);
    return status == APR_EOF ? APR_SUCCESS : status;
}

static apr_status_t revoke_one(void *baton, anshin_op_t *op, const char *serial)
{
    int *revoked = baton;
    apr_status_t status = anshin_certificate_revoke(op, serial, ANSHIN_REASON_CA_COMPROMISE);

    *revoked += status == APR_SUCCESS;
    return status == ANSHIN_ENOTFOUND || status == ANSHIN_ECONFLICT ? APR_SUCCESS : status;
}

apr_status_t anshin_compromise_revoke(anshin_op_t *op, const anshin_revoked_ca_t *ca, int *revoked)
{
    apr_array_header_t *serials;
    apr_status_t status = find(op, ca, 0, &serials);

    *revoked = 0;
    return status == APR_SUCCESS ? in_turn(op, serials, revoke_one, revoked) : status;
}

/* --- telling ---------------------------------------------------------------------------------------------------- */

typedef struct holder_t {
    anshin_account_t account;
    anshin_terminal_t terminal;
} holder_t;

/* ANSHIN_ENOTFOUND: nobody. Whoever has, or waits for, another certificate has helped himself. */
static apr_status_t find_holder(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *record,
                                holder_t *holder)
{
    anshin_terminal_parts_t parts;
    apr_int64_t state;
    apr_status_t status =
        anshin_account_get_owner(op, txn, record->user, record->account, record->issued_at, &holder->account);

    if (status == APR_SUCCESS) {
        status = anshin_terminal_get(op, txn, record->user, record->terminal, &holder->terminal);
    }
    if (status == APR_SUCCESS) {
        status = anshin_terminal_parts(op, txn, &holder->terminal, &parts);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    state = anshin_account_standing(&holder->account, op->now);
    return (state == ANSHIN_ACCOUNT_ACTIVE || state == ANSHIN_ACCOUNT_LOCKED) &&
                   holder->account.method == ANSHIN_METHOD_CERTIFICATE && holder->terminal.address != NULL &&
                   !parts.has_certificate && !parts.has_download
               ? APR_SUCCESS
               : ANSHIN_ENOTFOUND;
}

static apr_status_t queue(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *record,
                          const holder_t *holder)
{
    int by_page = ANSHIN_HAS(op->contract->policy.functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE);
    json_t *data =
        json_pack("{s:s, s:s}", "terminal", anshin_label_title(record->terminal, holder->terminal.label, op->pool),
                  "name", record->name);
    const anshin_mail_new_t mail = {"certificate-withdrawn",
                                    &holder->account,
                                    holder->terminal.address,
                                    anshin_mail_bound_of(&holder->terminal),
                                    data,
                                    1,
                                    NULL};
    apr_status_t status;

    if (data == NULL || (by_page && !anshin_mail_way_page(op, data, "reissue_url", "/reissue/certificate"))) {
        json_decref(data);
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1281", "compromise: out of memory");
    }
    status = anshin_mail_add(op, txn, &mail);
    json_decref(data);
    return status;
}

typedef struct telling_t {
    const char *serial;
    int mailed;
} telling_t;

static apr_status_t tell_one(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    telling_t *telling = baton;
    anshin_certificate_t record;
    holder_t holder;
    const anshin_event_t event = {
        .act = ANSHIN_ACT_CERTIFICATE_WITHDRAWN, .account = &holder.account, .serial = telling->serial};
    apr_status_t status = anshin_own_get(op, txn, &anshin_record_certificate, telling->serial, &record);

    telling->mailed = 0;
    if (status != APR_SUCCESS || !waits(&record)) {
        return status == APR_SUCCESS ? ANSHIN_ECONFLICT : status;
    }
    record.told_at = op->now;
    status = anshin_txn_put(txn, &anshin_record_certificate, record.serial, &record);
    if (status == APR_SUCCESS) {
        status = find_holder(op, txn, &record, &holder);
    }
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status; /* nobody to tell, for good */
    }
    telling->mailed = 1;
    status = queue(op, txn, &record, &holder);
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

typedef struct step_t {
    int most;
    anshin_compromise_told_t *told;
} step_t;

static apr_status_t tell(void *baton, anshin_op_t *op, const char *serial)
{
    step_t *step = baton;
    telling_t telling = {.serial = serial};
    apr_status_t status;

    if (step->told->mailed >= step->most) {
        return APR_EOF;
    }
    status = anshin_op_write(op, ANSHIN_DURABLE, tell_one, &telling);
    if (status == ANSHIN_EDENIED) { /* the address has got its share of today: another day */
        return APR_SUCCESS;
    }
    step->told->mailed += status == APR_SUCCESS && telling.mailed;
    step->told->passed += status == APR_SUCCESS && !telling.mailed;
    status = status == ANSHIN_ENOTFOUND || status == ANSHIN_ECONFLICT ? APR_SUCCESS : status;
    step->told->left -= status == APR_SUCCESS;
    return status;
}

apr_status_t anshin_compromise_tell(anshin_op_t *op, const anshin_revoked_ca_t *ca, int most,
                                    anshin_compromise_told_t *told)
{
    step_t step = {most, told};
    apr_array_header_t *serials;
    apr_status_t status = find(op, ca, 1, &serials);

    *told = (anshin_compromise_told_t){.left = serials->nelts};
    return status == APR_SUCCESS ? in_turn(op, serials, tell, &step) : status;
}
