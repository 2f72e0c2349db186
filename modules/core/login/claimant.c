/*
 * Who tries to log in: found in the store, recorded in the history, admitted at last.
 *
 * SECURITY: decides whose password may be checked at all. Nobody's certificate but the user's own makes it so (LCK-3).
 */
#include "core/login/claimant.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "core/account/account.h"
#include "core/account/history.h"
#include "core/account/lockout.h"
#include "core/account/password.h"
#include "core/certificate/reminder.h"
#include "core/certificate/renewal.h"
#include "core/context/flow.h"
#include "core/context/secret.h"
#include "core/mail/event.h"

#define PLACES_MAX 50      /* networks that a user is known to come from */
#define ADDRESS_MEMORY 100 /* entries of history in which an address is looked for */

/* A name for the counter of an ID that no user can have; '~' starts no user ID. */
static apr_status_t impossible_user(anshin_op_t *op, const char *typed, const char **user)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char digest[ANSHIN_DIGEST_BYTES];

    if (crypto->digest(crypto->ctx, digest, typed, strlen(typed)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0170", "SHA-256 is not available");
    }
    *user = apr_pstrcat(op->pool, "~", anshin_hex(digest, 16, op->pool), NULL);
    return APR_SUCCESS;
}

apr_status_t anshin_claimant_subject(anshin_op_t *op, const char *typed, const char **user)
{
    *user = anshin_user_canonical(typed, op->pool);
    return *user != NULL ? APR_SUCCESS : impossible_user(op, typed, user);
}

apr_status_t anshin_claimant_certificate(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                         int *good, anshin_certificate_t *certificate)
{
    anshin_certificate_verdict_t verdict;
    apr_status_t status;

    if (facts->renews) {
        return anshin_certificate_judge_ended(op, txn, facts->presented, good, certificate);
    }
    status = anshin_certificate_judge(op, txn, facts->presented, &verdict, certificate);
    *good = status == APR_SUCCESS && verdict == ANSHIN_VERDICT_GOOD;
    return status;
}

/* The certificate of the connection must belong to this very user (LOG-2). */
static apr_status_t own_certificate(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                    anshin_claimant_t *claimant)
{
    int good;
    apr_status_t status = anshin_claimant_certificate(op, txn, facts, &good, &claimant->certificate);

    if (status != APR_SUCCESS) {
        return status;
    }
    claimant->evaluated = good && strcmp(claimant->certificate.user, claimant->account.user) == 0;
    claimant->why = ANSHIN_ACT_WRONG_CERTIFICATE;
    return APR_SUCCESS;
}

apr_status_t anshin_claimant_find(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                  anshin_claimant_t *claimant)
{
    apr_status_t status;

    memset(claimant, 0, sizeof(*claimant));
    claimant->why = ANSHIN_ACT_UNKNOWN_USER;
    claimant->user = anshin_user_canonical(facts->user, op->pool);
    if (!claimant->user) {
        return impossible_user(op, facts->user, &claimant->user);
    }
    status = anshin_account_get(op, txn, claimant->user, &claimant->account);
    if (status == ANSHIN_ENOTFOUND) {
        return APR_SUCCESS;
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    claimant->known = 1;
    claimant->why = ANSHIN_ACT_NOT_ACTIVE;
    if ((claimant->account.state != ANSHIN_ACCOUNT_ACTIVE && claimant->account.state != ANSHIN_ACCOUNT_LOCKED) ||
        !claimant->account.password_hash || !ANSHIN_HAS(op->contract->policy.methods, claimant->account.method)) {
        return APR_SUCCESS;
    }
    if (!anshin_account_valid(&claimant->account, op->now)) {
        claimant->why = ANSHIN_ACT_NOT_VALID;
        return APR_SUCCESS;
    }
    if (claimant->account.state == ANSHIN_ACCOUNT_LOCKED && !op->contract->policy.show_locked) {
        claimant->why = ANSHIN_ACT_LOCKED; /* the operator's lock looks like an ID that nobody has (S8) */
        return APR_SUCCESS;
    }
    switch (claimant->account.method) {
    case ANSHIN_METHOD_CERTIFICATE:
        return own_certificate(op, txn, facts, claimant);
    case ANSHIN_METHOD_PASSWORD:
    case ANSHIN_METHOD_OTP:                   /* its code is asked for by the next step */
        claimant->evaluated = !facts->renews; /* they have nothing to renew */
        return APR_SUCCESS;
    default: /* a method that this version does not know must not be let in by a part of its factors */
        return APR_SUCCESS;
    }
}

/* What an unknown user typed as the ID. A password comes into the wrong field now and then, and must not stand there
 * for whoever reads the history: only what has the form of a user ID and, as IDs have, letters of one case does. */
const char *anshin_claimant_typed(const char *typed, apr_pool_t *pool)
{
    int upper = 0;
    int lower = 0;

    for (const char *at = typed; *at != '\0'; at++) {
        upper |= apr_isupper(*at);
        lower |= apr_islower(*at);
    }
    return anshin_user_canonical(typed, pool) == NULL || (upper && lower) ? ANSHIN_HISTORY_NO_USER : typed;
}

apr_status_t anshin_claimant_record(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                    const anshin_claimant_t *claimant, anshin_act_t act)
{
    anshin_event_t event = {.act = act};

    if (facts->presented->state != ANSHIN_PRESENTED_NONE && facts->presented->serial[0]) {
        event.serial = facts->presented->serial;
    }
    if (claimant->known) {
        event.account = &claimant->account;
        event.terminal = claimant->certificate.terminal;
    } else {
        event.typed = anshin_claimant_typed(facts->user, op->pool);
    }
    return anshin_event(op, txn, &event);
}

static const char *step_purpose(anshin_login_step_t step)
{
    return step == ANSHIN_STEP_PASSWORD ? "login-step-password" : "login-step-code";
}

static const char *step_text(const anshin_op_t *op, const anshin_account_t *account)
{
    return apr_pstrcat(op->pool, op->contract->name, "/", account->user, "/", anshin_method_name(account->method), "/",
                       account->password_hash ? account->password_hash : "", NULL);
}

static apr_status_t make_step_token(anshin_op_t *op, const anshin_account_t *account, anshin_login_step_t step,
                                    const char **step_token)
{
    return anshin_secret_mac(op, step_token, step_purpose(step), step_text(op, account));
}

static const char *mark_text(const anshin_op_t *op, const anshin_account_t *account)
{
    return apr_psprintf(op->pool, "%s/%s/%" APR_INT64_T_FMT "/%s", op->contract->name, account->user,
                        account->locked_at, account->password_hash ? account->password_hash : "");
}

apr_status_t anshin_claimant_mark(anshin_op_t *op, const anshin_account_t *account, const char **mark)
{
    return anshin_secret_mac(op, mark, "known-browser", mark_text(op, account));
}

apr_status_t anshin_claimant_has_mark(anshin_op_t *op, const anshin_account_t *account, const char *mark, int *equal)
{
    return anshin_secret_mac_is(op, equal, "known-browser", mark_text(op, account), mark);
}

apr_status_t anshin_claimant_proves(anshin_op_t *op, const anshin_account_t *account, anshin_login_step_t step,
                                    const char *step_token)
{
    int equal;
    apr_status_t status = anshin_secret_mac_is(op, &equal, step_purpose(step), step_text(op, account), step_token);

    if (status != APR_SUCCESS) {
        return status;
    }
    return equal ? APR_SUCCESS : ANSHIN_EDENIED;
}

apr_status_t anshin_claimant_resume(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                    anshin_login_step_t done, const char *step_token, anshin_claimant_t *claimant)
{
    anshin_lock_t lock;
    apr_status_t status = anshin_claimant_find(op, txn, facts, claimant);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!claimant->evaluated || claimant->account.state != ANSHIN_ACCOUNT_ACTIVE) {
        return ANSHIN_EDENIED;
    }
    status = anshin_claimant_proves(op, &claimant->account, done, step_token);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (done < ANSHIN_STEP_CODE) {
        return APR_SUCCESS; /* the check of the code meets the lock itself, and tells */
    }
    status = anshin_lock_get(op, txn, ANSHIN_COUNTER_PASSWORD, claimant->user, &lock);
    return status == APR_SUCCESS && lock.kinds ? ANSHIN_EDENIED : status;
}

typedef struct {
    const char *address;
    int seen;
} address_search_t;

/* Of an account from before places were kept: is there a login from this very address in its recent history? */
static apr_status_t look_for_address(void *baton, const anshin_history_t *entry)
{
    address_search_t *search = baton;

    search->seen |=
        entry->result == ANSHIN_HISTORY_LOGIN_OK && entry->address && strcmp(entry->address, search->address) == 0;
    return APR_SUCCESS;
}

/* Note where the login comes from; *known: the user was there before, or has never been anywhere (S-8). */
static apr_status_t note_place(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, int *known)
{
    const char *key = anshin_account_key(op, account->user), *network = anshin_address_network(op);
    apr_array_header_t *networks = apr_array_make(op->pool, PLACES_MAX, sizeof(const char *));
    anshin_history_walk_t walk = {account->user, 0, -1};
    address_search_t search = {op->actor.address, 0};
    anshin_places_t places;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_places, key, &places);
    int there = status == APR_SUCCESS && anshin_account_owns(account, places.account, account->created_at);

    *known = account->last_login_at == 0;
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    APR_ARRAY_PUSH(networks, const char *) = network;
    for (int i = 0; there && places.networks && i < places.networks->nelts && networks->nelts < PLACES_MAX; i++) {
        const char *other = APR_ARRAY_IDX(places.networks, i, const char *);
        if (strcmp(other, network) == 0) {
            *known = 1;
            return APR_SUCCESS;
        }
        APR_ARRAY_PUSH(networks, const char *) = other;
    }
    if (!there && account->unnumbered &&
        (status = anshin_history_read(op, txn, &walk, ADDRESS_MEMORY, look_for_address, &search)) != APR_SUCCESS) {
        return status;
    }
    *known |= search.seen;
    places = (anshin_places_t){.account = account->number, .networks = networks};
    return anshin_txn_put(txn, &anshin_record_places, key, &places);
}

/* Tell the user of a login from where there was none before (MAI-3). account: as it was before this login. */
static apr_status_t tell_new_address(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account)
{
    const anshin_event_t event = {.act = ANSHIN_ACT_NEW_ADDRESS, .account = account};
    int known = 1;
    apr_status_t status =
        op->actor.address && anshin_address_network(op) ? note_place(op, txn, account, &known) : APR_SUCCESS;

    return status != APR_SUCCESS || known ? status : anshin_event(op, txn, &event);
}

/* The session of the cookie that came with the login, if there is one: the new one takes its place (S14). Somebody
 * else's (*others) is no matter of this transaction: see anshin_claimant_admitted(). */
static apr_status_t end_old_session(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *id,
                                    const char **others)
{
    anshin_session_t session;
    const char *key;
    apr_status_t status;

    *others = NULL;
    if (!id || strlen(id) != ANSHIN_TOKEN_TEXT) {
        return APR_SUCCESS;
    }
    if ((status = anshin_session_key(op, &key, id)) == APR_SUCCESS) {
        status = anshin_txn_get(txn, &anshin_record_session, key, &session);
    }
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (!session.user || strcmp(session.user, user) != 0) {
        *others = key;
        return APR_SUCCESS;
    }
    return anshin_session_end_in(op, txn, key);
}

static apr_status_t end_of_another(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_session_end_in(op, txn, *(const char *const *)baton);
}

apr_status_t anshin_claimant_admitted(anshin_op_t *op, const anshin_login_result_t *result)
{
    const char *key = result->others_session;

    return key != NULL ? anshin_op_write(op, ANSHIN_DURABLE, end_of_another, &key) : APR_SUCCESS;
}

static apr_status_t admit(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                          anshin_claimant_t *claimant, anshin_login_result_t *result)
{
    anshin_session_t *session = &result->session;
    apr_int64_t terminal = claimant->certificate.terminal;
    anshin_terminal_t record;
    apr_status_t status;

    if ((status = tell_new_address(op, txn, &claimant->account)) != APR_SUCCESS) {
        return status;
    }
    session->login_before_at = claimant->account.last_login_at;
    claimant->account.last_login_at = op->now;
    session->method = claimant->account.method;
    session->terminal = terminal;
    if (claimant->account.method == ANSHIN_METHOD_CERTIFICATE) {
        session->fingerprint = claimant->certificate.fingerprint;
        session->serial = claimant->certificate.serial;
        if ((status = anshin_terminal_get(op, txn, claimant->user, terminal, &record)) != APR_SUCCESS ||
            (status = anshin_certificate_used_in(op, txn, &claimant->certificate, &record)) != APR_SUCCESS) {
            return status;
        }
        session->terminal_kind = record.kind;
    }
    if ((status = anshin_account_put(op, txn, &claimant->account)) != APR_SUCCESS ||
        (status = end_old_session(op, txn, claimant->account.user, facts->old_session, &result->others_session)) !=
            APR_SUCCESS ||
        (status = anshin_claimant_mark(op, &claimant->account, &result->known)) != APR_SUCCESS ||
        (status = anshin_session_open(op, txn, &claimant->account, session, &result->session_id)) != APR_SUCCESS ||
        (status = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, claimant->user, 0)) != APR_SUCCESS) {
        return status;
    }
    return anshin_claimant_record(op, txn, facts, claimant, ANSHIN_ACT_LOGIN_OK);
}

/* The login stops here until its next step, which result->outcome says. */
static apr_status_t stop_after(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                               anshin_claimant_t *claimant, anshin_login_step_t done, anshin_login_result_t *result)
{
    apr_status_t status = make_step_token(op, &claimant->account, done, &result->step_token);

    if (status == APR_SUCCESS && op->flow != NULL) {
        op->flow->token = result->step_token;
        status = anshin_flow_reach(op, txn, done == ANSHIN_STEP_PASSWORD ? ANSHIN_STAGE_OPENED : ANSHIN_STAGE_CODE_OK,
                                   claimant->user, 0);
    }
    if (status != APR_SUCCESS || (status = anshin_account_put(op, txn, &claimant->account)) != APR_SUCCESS) {
        return status;
    }
    return anshin_claimant_record(op, txn, facts, claimant, ANSHIN_ACT_PASSWORD_OK);
}

apr_status_t anshin_claimant_proceed(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                     anshin_claimant_t *claimant, anshin_login_step_t step,
                                     anshin_login_result_t *result)
{
    result->user = claimant->user;
    result->days_left = anshin_password_days_left(op, &claimant->account);
    result->certificate_days = claimant->account.method == ANSHIN_METHOD_CERTIFICATE
                                   ? anshin_certificate_days_left(op, &claimant->certificate)
                                   : -1;
    if (step < ANSHIN_STEP_CODE && claimant->account.method == ANSHIN_METHOD_OTP) {
        result->outcome = ANSHIN_LOGIN_NEED_CODE;
        return stop_after(op, txn, facts, claimant, ANSHIN_STEP_PASSWORD, result);
    }
    if (step < ANSHIN_STEP_CHANGE && result->days_left == 0) {
        result->outcome = ANSHIN_LOGIN_MUST_CHANGE;
        return stop_after(op, txn, facts, claimant, ANSHIN_STEP_CODE, result);
    }
    result->outcome = ANSHIN_LOGIN_OK;
    return admit(op, txn, facts, claimant, result);
}
