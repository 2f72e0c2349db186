/*
 * The forced change of a password on the way in (LOG-6).
 *
 * SECURITY: the step token shows that every factor was right moments ago; it dies with the password that it was made
 * of.
 */
#include "core/login/login_change.h"

#include <string.h>

#include "core/account/password.h"
#include "core/context/rehearsal.h"
#include "core/context/secret.h"
#include "core/login/claimant.h"
#include "core/mail/event.h"
#include "core/mail/password_reminder.h"

apr_status_t anshin_login_change_reason(anshin_op_t *op, const char *user, int *reissued)
{
    anshin_account_t account;
    apr_status_t status = anshin_op_get(op, &anshin_record_account, anshin_account_key(op, user), &account);

    *reissued = status == APR_SUCCESS && account.password_must_change;
    return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
}

typedef struct reading_t {
    const anshin_login_facts_t *facts;
    const char *step_token;
    anshin_claimant_t claimant;
    const char *const *addresses; /* that the rules need */
} reading_t;

/* The claimant as the step token allows it. */
static apr_status_t read_claimant(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    reading_t *reading = baton;
    apr_status_t status =
        anshin_claimant_resume(op, txn, reading->facts, ANSHIN_STEP_CODE, reading->step_token, &reading->claimant);

    return status == APR_SUCCESS ? anshin_account_addresses(op, txn, &reading->claimant.account, &reading->addresses)
                                 : status;
}

typedef struct change_t {
    const anshin_login_facts_t *facts;
    const char *step_token;
    char phc[ANSHIN_PHC_MAX]; /* of the new password */
    anshin_login_result_t *result;
} change_t;

static apr_status_t change_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const change_t *change = baton;
    static const anshin_session_match_t every = {0};
    anshin_claimant_t claimant;
    const anshin_event_t event = {.act = ANSHIN_ACT_PASSWORD_CHANGED, .account = &claimant.account};
    apr_status_t status =
        anshin_claimant_resume(op, txn, change->facts, ANSHIN_STEP_CODE, change->step_token, &claimant);

    memset(change->result, 0, sizeof(*change->result));
    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_password_set(op, &claimant.account, change->phc);
    if ((status = anshin_sessions_end_in(op, txn, claimant.user, &every, NULL)) != APR_SUCCESS ||
        (status = anshin_password_file(op, txn, &claimant.account)) != APR_SUCCESS ||
        (status = anshin_event(op, txn, &event)) != APR_SUCCESS) {
        return status;
    }
    return anshin_claimant_proceed(op, txn, change->facts, &claimant, ANSHIN_STEP_CHANGE, change->result);
}

static apr_status_t check_and_change(anshin_op_t *op, const anshin_login_facts_t *facts,
                                     const anshin_login_change_t *normal, unsigned *broken,
                                     anshin_login_result_t *result)
{
    change_t change = {.facts = facts, .step_token = normal->step_token, .result = result};
    reading_t reading = {.facts = facts, .step_token = normal->step_token};
    apr_status_t status = anshin_op_read(op, read_claimant, &reading);

    memset(result, 0, sizeof(*result));
    *broken = 0;
    if (status != APR_SUCCESS ||
        (status = anshin_password_check_new(op, broken, normal->password, normal->confirm, &reading.claimant.account,
                                            reading.addresses)) != APR_SUCCESS ||
        *broken) {
        return status;
    }
    status = anshin_password_hash(op, change.phc, normal->password);
    return status == APR_SUCCESS ? anshin_op_write_rehearsed(op, ANSHIN_DURABLE, change_in, &change) : status;
}

apr_status_t anshin_login_change(anshin_op_t *op, const anshin_login_facts_t *facts, const anshin_login_change_t *typed,
                                 unsigned *broken, anshin_login_result_t *result)
{
    const anshin_login_change_t normal = {typed->step_token, anshin_password_normalise(typed->password, op->pool),
                                          anshin_password_normalise(typed->confirm, op->pool)};
    apr_status_t status = check_and_change(op, facts, &normal, broken, result);

    anshin_secret_wipe(op, normal.password);
    anshin_secret_wipe(op, normal.confirm);
    return status == APR_SUCCESS ? anshin_claimant_admitted(op, result) : status;
}
