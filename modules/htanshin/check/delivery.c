/*
 * htanshin check --mail: see delivery.h.
 *
 * That a mail was handed over is all that can be known here; whether it arrives, its reader sees. One that failed, or
 * that nobody took, is not tried again: who looks for a fault sends the next one himself.
 */
#include "htanshin/check/delivery.h"

#include <stdio.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/base/waiting.h"
#include "core/mail/job.h"
#include "core/mail/test_mail.h"
#include "htanshin/check/problem.h"
#include "htanshin/language/language.h"
#include "htanshin/result.h"
#include "runtime/open.h"

#define WAIT apr_time_from_sec(60)
#define POLL apr_time_from_msec(300)

/* The one that was named, or the first. */
static apr_status_t open_contract(anshin_call_t *call, anshin_op_t *op)
{
    const anshin_hashing_t hashing = {.none = 1};
    const anshin_contract_t *contract = call->contract != NULL ? anshin_config_contract(call->config, call->contract)
                                        : call->config->contracts->nelts > 0
                                            ? APR_ARRAY_IDX(call->config->contracts, 0, const anshin_contract_t *)
                                            : NULL;
    apr_status_t status;

    if (contract == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1690", "--mail: there is no contract to mail for");
    }
    status = anshin_open(&call->env, call->config, &hashing, &call->op.error, call->pool);
    if (status == APR_SUCCESS) {
        anshin_op_init(op, &call->env, contract, &call->op.actor, call->pool);
    }
    return status;
}

static void show_progress(apr_time_t begun)
{
    if (isatty(STDERR_FILENO)) {
        (void)fprintf(stderr, anshin_say("\rThe mail waits to be handed over: %d s of %d "),
                      (int)apr_time_sec(anshin_uptime_now() - begun), (int)apr_time_sec(WAIT));
    }
}

static void clear_progress(void)
{
    if (isatty(STDERR_FILENO)) {
        (void)fprintf(stderr, "\r\033[K");
    }
}

/* Until it is delivered, was tried in vain, or the time is over. */
static apr_status_t wait_for(anshin_op_t *op, const char *id, anshin_mail_t *mail)
{
    const apr_time_t begun = anshin_uptime_now();
    apr_status_t status;

    for (;;) {
        status = anshin_test_mail_look(op, id, mail);
        if (status != APR_SUCCESS || mail->state == ANSHIN_MAIL_SENT || mail->state == ANSHIN_MAIL_SPOOLED ||
            mail->tries > 0 || anshin_uptime_now() - begun >= WAIT) {
            break;
        }
        show_progress(begun);
        apr_sleep(POLL);
    }
    clear_progress();
    return status;
}

static void tell(anshin_call_t *call, const char *address, const char *id, const anshin_mail_t *mail)
{
    const int is_done = mail->state == ANSHIN_MAIL_SENT || mail->state == ANSHIN_MAIL_SPOOLED;
    json_t *result = json_object();

    anshin_result_text(result, "address", address, call->pool);
    anshin_result_text(result, "id", id, call->pool);
    anshin_result_text(result, "state", is_done ? anshin_mail_state_name(mail->state) : "failed", call->pool);
    json_object_set_new(call->result, "mail", result);
    if (!is_done) {
        (void)anshin_check_find(
            call, ANSHIN_FINDING_MAIL_TEST,
            mail->last_error != NULL
                ? apr_pstrcat(call->pool, "the test mail to ", address, " failed: ", mail->last_error, NULL)
                : apr_psprintf(call->pool, "nobody took the test mail to %s within %d seconds", address,
                               (int)apr_time_sec(WAIT)));
    }
}

apr_status_t anshin_check_delivery(anshin_call_t *call, const char *address)
{
    anshin_op_t op;
    anshin_mail_t mail;
    const char *id = NULL;
    apr_status_t status = open_contract(call, &op);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_test_mail_add(&op, address, &id);
    if (status == APR_SUCCESS) {
        anshin_job_ring(&op);
        status = wait_for(&op, id, &mail);
    }
    if (status == APR_SUCCESS) {
        tell(call, address, id, &mail);
        status = anshin_test_mail_give_up(&op, id);
    }
    call->op.error = op.error;
    return status;
}
