/*
 * htanshin check --mail: see delivery.h.
 *
 * That a mail was handed over is all that can be known here; whether it arrives, its reader sees. One that failed, or
 * that nobody took, is not tried again: who looks for a fault sends the next one himself. Nothing of it may be left
 * behind by a signal either.
 */
#include "htanshin/check/delivery.h"

#include <stdio.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ca/command.h"
#include "core/base/waiting.h"
#include "core/mail/job.h"
#include "core/mail/test_mail.h"
#include "htanshin/check/problem.h"
#include "htanshin/language/language.h"
#include "htanshin/result.h"
#include "htanshin/stream/signals.h"
#include "runtime/open.h"

#define WAIT (ANSHIN_COMMAND_WAIT + apr_time_from_sec(10)) /* what a command that hangs comes to is told as well */
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

/* Until it is delivered, was tried in vain, the time is over, or a signal came. */
static apr_status_t wait_for(anshin_op_t *op, const char *id, anshin_mail_t *mail)
{
    const apr_time_t begun = anshin_uptime_now();
    apr_status_t status;

    for (;;) {
        status = anshin_test_mail_look(op, id, mail);
        if (status != APR_SUCCESS || mail->state == ANSHIN_MAIL_SENT || mail->state == ANSHIN_MAIL_SPOOLED ||
            mail->tries > 0 || anshin_uptime_now() - begun >= WAIT || anshin_signals_came()) {
            break;
        }
        show_progress(begun);
        anshin_signals_let(1);
        apr_sleep(POLL);
        anshin_signals_let(0);
    }
    clear_progress();
    return status;
}

static const char *why_not(const anshin_call_t *call, const char *address, const anshin_mail_t *mail, int in_hand)
{
    if (mail->last_error != NULL) {
        return apr_pstrcat(call->pool, "the test mail to ", address, " failed: ", mail->last_error, NULL);
    }
    if (in_hand) {
        return apr_pstrcat(call->pool, "the worker is still handing over the test mail to ", address,
                           ": htanshin mail list tells what comes of it", NULL);
    }
    return anshin_signals_came()
               ? apr_pstrcat(call->pool, "stopped: the test mail to ", address, " is taken back", NULL)
               : apr_psprintf(call->pool, "nobody took the test mail to %s within %d seconds", address,
                              (int)apr_time_sec(WAIT));
}

static void tell(anshin_call_t *call, const char *address, const char *id, const anshin_mail_t *mail, int in_hand)
{
    const int is_done = mail->state == ANSHIN_MAIL_SENT || mail->state == ANSHIN_MAIL_SPOOLED;
    json_t *result = json_object();

    anshin_result_text(result, "address", address, call->pool);
    anshin_result_text(result, "id", id, call->pool);
    anshin_result_text(result, "state", is_done || in_hand ? anshin_mail_state_name(mail->state) : "failed",
                       call->pool);
    json_object_set_new(call->result, "mail", result);
    if (!is_done) {
        (void)anshin_check_find(call, ANSHIN_FINDING_MAIL_TEST, why_not(call, address, mail, in_hand));
    }
}

static apr_status_t try_mail(anshin_call_t *call, anshin_op_t *op, const char *address)
{
    anshin_mail_t mail;
    const char *id = NULL;
    int in_hand = 0;
    apr_status_t status = anshin_test_mail_add(op, address, &id);
    apr_status_t given_up;

    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_job_ring(op);
    status = wait_for(op, id, &mail);
    given_up = anshin_test_mail_give_up(op, id, &in_hand);
    if (status == APR_SUCCESS) {
        tell(call, address, id, &mail, in_hand);
    }
    return status == APR_SUCCESS ? given_up : status;
}

void anshin_check_delivery(anshin_call_t *call, const char *address)
{
    anshin_op_t op;
    anshin_error_t *err = &call->op.error;
    apr_status_t status;

    anshin_signals_catch();
    status = open_contract(call, &op);
    if (status == APR_SUCCESS && (status = try_mail(call, &op, address)) != APR_SUCCESS) {
        *err = op.error;
    }
    if (status != APR_SUCCESS) {
        (void)anshin_check_find(call, ANSHIN_FINDING_MAIL_TEST,
                                apr_psprintf(call->pool, "the test mail to %s: %s (%s)", address,
                                             err->text[0] == '\0' ? anshin_status_name(status)
                                             : call->json         ? err->text
                                                                  : anshin_say_error(err, call->pool),
                                             err->id[0] != '\0' ? err->id : "no more is known"));
    }
    anshin_error_clear(err);
}
