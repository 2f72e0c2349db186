/*
 * A mail that only shows whether mail arrives: see test_mail.h.
 */
#include "core/mail/test_mail.h"

#include <string.h>

#include "core/base/address.h"
#include "core/mail/event.h"

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

apr_status_t anshin_test_mail_add(anshin_op_t *op, const char *address, const char **id)
{
    adding_t adding = {anshin_address_typed(address, op->pool), NULL};
    const anshin_address_rule_t rule = anshin_address_rule(adding.address);
    apr_status_t status;

    if (rule != ANSHIN_ADDRESS_GOOD) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1678", "--mail %s: %s", adding.address,
                           anshin_address_advice(rule));
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

static apr_status_t give_up(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const char *id = baton;
    anshin_mail_t mail;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_mail, id, &mail);

    if (status == ANSHIN_ENOTFOUND ||
        (status == APR_SUCCESS && mail.state != ANSHIN_MAIL_WAITING && mail.state != ANSHIN_MAIL_FAILED)) {
        return APR_SUCCESS;
    }
    if (status == APR_SUCCESS) {
        anshin_txn_wipe(txn, mail.blob);
        status = anshin_txn_delete(txn, &anshin_record_mail, id);
    }
    return status == APR_SUCCESS ? tell(op, txn, ANSHIN_ACT_MAIL_DROPPED, id) : status;
}

apr_status_t anshin_test_mail_give_up(anshin_op_t *op, const char *id)
{
    return anshin_op_write(op, ANSHIN_DURABLE, give_up, (void *)(apr_uintptr_t)id);
}
