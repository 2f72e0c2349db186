/*
 * A mail that only shows whether mail arrives: see test_mail.h.
 */
#include "core/mail/test_mail.h"

#include <string.h>

#include "core/base/address.h"
#include "core/mail/event.h"
#include "core/mail/job.h"

#define KIND "test" /* and its template */
#define NOBODY "-"  /* no user can be called so (core/base/user_id.h) */

int anshin_test_mail_is(const anshin_mail_t *mail)
{
    return mail->kind != NULL && strcmp(mail->kind, KIND) == 0 && mail->user != NULL && strcmp(mail->user, NOBODY) == 0;
}

typedef struct adding_t {
    const char *address;
    const char *id;
} adding_t;

static apr_status_t tell(anshin_op_t *op, anshin_txn_t *txn, anshin_act_t act, const char *id)
{
    return anshin_event(op, txn, &(anshin_event_t){.act = act, .mail = id});
}

/* As mail to an address that an operator types at the help desk, it counts by the address alone. */
static apr_status_t add(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    adding_t *adding = baton;
    const anshin_account_t nobody = {.contract = op->contract->name, .user = NOBODY};
    const anshin_mail_new_t mail = {
        .kind = KIND, .account = &nobody, .address = adding->address, .bound = ANSHIN_MAIL_INVITED};
    apr_status_t status = anshin_mail_add_known(op, txn, &mail, &adding->id);

    return status == APR_SUCCESS ? tell(op, txn, ANSHIN_ACT_MAIL_TESTED, adding->id) : status;
}

apr_status_t anshin_test_mail_address(const char *typed, const char **address, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_address_rule_t rule;

    *address = anshin_address_typed(typed, pool);
    rule = anshin_address_rule(*address);
    return rule == ANSHIN_ADDRESS_GOOD
               ? APR_SUCCESS
               : anshin_fail(err, ANSHIN_EINVALID, "AN1678", "--mail %s: %s", *address, anshin_address_advice(rule));
}

apr_status_t anshin_test_mail_add(anshin_op_t *op, const char *address, const char **id)
{
    adding_t adding = {NULL, NULL};
    apr_status_t status = anshin_test_mail_address(address, &adding.address, &op->error, op->pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_op_write(op, ANSHIN_DURABLE, add, &adding);
    if (status == ANSHIN_EDENIED) {
        return anshin_fail(&op->error, status, "AN1679", "--mail %s: it has got as many mails today as an address may",
                           adding.address);
    }
    *id = adding.id;
    return status;
}

apr_status_t anshin_test_mail_look(anshin_op_t *op, const char *id, anshin_mail_t *mail)
{
    return anshin_op_get(op, &anshin_record_mail, id, mail);
}

typedef struct giving_up_t {
    const char *id;
    int in_hand;
} giving_up_t;

static apr_status_t give_up(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    giving_up_t *giving = baton;
    anshin_mail_t mail;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_mail, giving->id, &mail);

    giving->in_hand = 0;
    if (status == ANSHIN_ENOTFOUND ||
        (status == APR_SUCCESS && mail.state != ANSHIN_MAIL_WAITING && mail.state != ANSHIN_MAIL_FAILED)) {
        giving->in_hand = status == APR_SUCCESS && mail.state == ANSHIN_MAIL_DELIVERING;
        return APR_SUCCESS;
    }
    status = status == APR_SUCCESS ? anshin_job_of_mail(op, txn, giving->id, &giving->in_hand) : status;
    if (status != APR_SUCCESS || giving->in_hand) {
        return status; /* what came of it, the worker writes down when it is done */
    }
    anshin_txn_wipe(txn, mail.blob);
    status = anshin_txn_delete(txn, &anshin_record_mail, giving->id);
    return status == APR_SUCCESS ? tell(op, txn, ANSHIN_ACT_MAIL_DROPPED, giving->id) : status;
}

apr_status_t anshin_test_mail_give_up(anshin_op_t *op, const char *id, int *in_hand)
{
    giving_up_t giving = {id, 0};
    apr_status_t status = anshin_op_write(op, ANSHIN_DURABLE, give_up, &giving);

    *in_hand = giving.in_hand;
    return status;
}
