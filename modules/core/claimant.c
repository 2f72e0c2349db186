/*
 * Who tries to log in: found in the store, recorded in the history, admitted at last.
 *
 * SECURITY: decides whose password may be checked at all. Nobody's certificate but the user's own makes it so (LCK-3).
 */
#include "core/claimant.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "core/account.h"
#include "core/download.h"
#include "core/flow.h"
#include "core/lockout.h"
#include "core/notice.h"
#include "core/password.h"
#include "core/secret.h"

#define PLACES_MAX 50      /* networks that a user is known to come from */
#define ADDRESS_MEMORY 100 /* entries of history in which an address is looked for */

/* A name for the counter of an ID that no user can have; '~' starts no user ID. */
static apr_status_t impossible_user(anshin_op_t *op, const char *typed, const char **user)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char digest[ANSHIN_DIGEST_BYTES];

    if (crypto->digest(crypto->ctx, digest, typed, strlen(typed)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0170", "SHA-256 is not to be had");
    }
    *user = apr_pstrcat(op->pool, "~", anshin_hex(digest, 16, op->pool), NULL);
    return APR_SUCCESS;
}

/* The certificate of the connection must belong to this very user (LOG-2). */
static apr_status_t own_certificate(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                    anshin_claimant_t *claimant)
{
    anshin_certificate_verdict_t verdict;
    apr_status_t rv = anshin_certificate_judge(op, txn, facts->peer, &verdict, &claimant->certificate);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    claimant->evaluated =
        verdict == ANSHIN_VERDICT_GOOD && strcmp(claimant->certificate.user, claimant->account.user) == 0;
    claimant->why = ANSHIN_HISTORY_WRONG_CERTIFICATE;
    return APR_SUCCESS;
}

apr_status_t anshin_claimant_find(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                  anshin_claimant_t *claimant)
{
    apr_status_t rv;

    memset(claimant, 0, sizeof(*claimant));
    claimant->why = ANSHIN_HISTORY_UNKNOWN_USER;
    claimant->user = anshin_user_canonical(facts->user, op->pool);
    if (!claimant->user) {
        return impossible_user(op, facts->user, &claimant->user);
    }
    rv = anshin_account_get(op, txn, claimant->user, &claimant->account);
    if (rv == ANSHIN_ENOTFOUND) {
        return APR_SUCCESS;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    claimant->known = 1;
    claimant->why = ANSHIN_HISTORY_NOT_ACTIVE;
    if ((claimant->account.state != ANSHIN_ACCOUNT_ACTIVE && claimant->account.state != ANSHIN_ACCOUNT_LOCKED) ||
        !claimant->account.password_hash || !ANSHIN_HAS(op->contract->policy.methods, claimant->account.method)) {
        return APR_SUCCESS;
    }
    if (claimant->account.state == ANSHIN_ACCOUNT_LOCKED && !op->contract->policy.show_locked) {
        claimant->why = ANSHIN_HISTORY_LOCKED; /* the operator's lock looks like an ID that nobody has (S8) */
        return APR_SUCCESS;
    }
    switch (claimant->account.method) {
    case ANSHIN_METHOD_CERTIFICATE:
        return own_certificate(op, txn, facts, claimant);
    case ANSHIN_METHOD_PASSWORD:
    case ANSHIN_METHOD_OTP: /* its code is asked for by the next step */
        claimant->evaluated = 1;
        return APR_SUCCESS;
    default: /* a method that this version does not know must not be let in by a part of its factors */
        return APR_SUCCESS;
    }
}

/* What an unknown user typed as the ID. A password comes into the wrong field now and then, and must not stand there
 * for whoever reads the history: only what has the form of a user ID and, as IDs have, letters of one case does. */
static const char *typed_user(const char *typed, apr_pool_t *pool)
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
                                    const anshin_claimant_t *claimant, anshin_history_result_t result)
{
    anshin_history_t entry = {.result = result};

    if (facts->peer->state != ANSHIN_PEER_NONE && facts->peer->serial[0]) {
        entry.serial = facts->peer->serial;
    }
    if (!claimant->known) {
        entry.user = typed_user(facts->user, op->pool);
        return anshin_history_add(op, txn, NULL, &entry);
    }
    entry.method = claimant->account.method;
    entry.terminal = claimant->certificate.terminal;
    return anshin_history_add(op, txn, claimant->user, &entry);
}

static apr_status_t make_stamp(anshin_op_t *op, const anshin_account_t *account, anshin_login_step_t step,
                               const char **stamp)
{
    return anshin_secret_mac(op, stamp, step == ANSHIN_STEP_PASSWORD ? "login-step-password" : "login-step-code",
                             apr_pstrcat(op->pool, op->contract->name, "/", account->user, "/",
                                         anshin_method_name(account->method), "/",
                                         account->password_hash ? account->password_hash : "", NULL));
}

apr_status_t anshin_claimant_mark(anshin_op_t *op, const anshin_account_t *account, const char **mark)
{
    return anshin_secret_mac(op, mark, "known-browser",
                             apr_psprintf(op->pool, "%s/%s/%" APR_INT64_T_FMT "/%s", op->contract->name, account->user,
                                          account->locked_at, account->password_hash ? account->password_hash : ""));
}

apr_status_t anshin_claimant_stamped(anshin_op_t *op, const anshin_account_t *account, anshin_login_step_t step,
                                     const char *stamp)
{
    const char *expected;
    apr_status_t rv = make_stamp(op, account, step, &expected);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return anshin_secret_equal(op, stamp, expected) ? APR_SUCCESS : ANSHIN_EDENIED;
}

apr_status_t anshin_claimant_resume(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                    anshin_login_step_t done, const char *stamp, anshin_claimant_t *claimant)
{
    anshin_lock_t lock;
    apr_status_t rv = anshin_claimant_find(op, txn, facts, claimant);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!claimant->evaluated || claimant->account.state != ANSHIN_ACCOUNT_ACTIVE) {
        return ANSHIN_EDENIED;
    }
    rv = anshin_claimant_stamped(op, &claimant->account, done, stamp);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (done < ANSHIN_STEP_CODE) {
        return APR_SUCCESS; /* the check of the code meets the lock itself, and tells */
    }
    rv = anshin_lock_get(op, txn, ANSHIN_COUNTER_PASSWORD, claimant->user, &lock);
    return rv == APR_SUCCESS && lock.kinds ? ANSHIN_EDENIED : rv;
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
    address_search_t search = {op->address, 0};
    anshin_places_t places;
    apr_status_t rv = anshin_txn_get(txn, &anshin_record_places, key, &places);
    int there = rv == APR_SUCCESS && anshin_account_owns(account, places.account, account->created_at);

    *known = account->last_login_at == 0;
    if (rv != APR_SUCCESS && rv != ANSHIN_ENOTFOUND) {
        return rv;
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
        (rv = anshin_history_read(op, txn, account->user, 0, ADDRESS_MEMORY, look_for_address, &search, NULL)) !=
            APR_SUCCESS) {
        return rv;
    }
    *known |= search.seen;
    places = (anshin_places_t){.account = account->number, .networks = networks};
    return anshin_txn_put(txn, &anshin_record_places, key, &places);
}

/* Tell the user of a login from where there was none before (MAI-3). account: as it was before this login. */
static apr_status_t tell_new_address(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account)
{
    int known = 1;
    apr_status_t rv = op->address && anshin_address_network(op) ? note_place(op, txn, account, &known) : APR_SUCCESS;

    if (rv != APR_SUCCESS || known || !ANSHIN_HAS(op->contract->policy.notices, ANSHIN_NOTICE_LOGIN)) {
        return rv;
    }
    return anshin_notice_add(op, txn, ANSHIN_NOTICE_LOGIN, "new-address-login", account, NULL, NULL);
}

static apr_status_t admit(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                          anshin_claimant_t *claimant, anshin_login_result_t *result)
{
    anshin_session_t *session = &result->session;
    apr_int64_t terminal = claimant->certificate.terminal;
    anshin_terminal_t record;
    apr_status_t rv;

    if ((rv = tell_new_address(op, txn, &claimant->account)) != APR_SUCCESS) {
        return rv;
    }
    session->login_before_at = claimant->account.last_login_at;
    claimant->account.last_login_at = op->now;
    session->method = claimant->account.method;
    session->terminal = terminal;
    if (claimant->account.method == ANSHIN_METHOD_CERTIFICATE) {
        session->fingerprint = claimant->certificate.fingerprint;
        session->serial = claimant->certificate.serial;
        if ((rv = anshin_terminal_get(op, txn, claimant->user, terminal, &record)) != APR_SUCCESS ||
            (rv = anshin_download_finish_in(op, txn, claimant->user, terminal)) != APR_SUCCESS) {
            return rv;
        }
        session->terminal_kind = record.kind;
    }
    if ((rv = anshin_account_put(op, txn, &claimant->account)) != APR_SUCCESS ||
        (facts->old_session && (rv = anshin_session_drop(op, txn, facts->old_session)) != APR_SUCCESS) ||
        (rv = anshin_claimant_mark(op, &claimant->account, &result->known)) != APR_SUCCESS ||
        (rv = anshin_session_open(op, txn, &claimant->account, session, &result->session_id)) != APR_SUCCESS ||
        (rv = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, claimant->user, 0)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_claimant_record(op, txn, facts, claimant, ANSHIN_HISTORY_LOGIN_OK);
}

/* The login stops here until its next step. */
static apr_status_t wait_for(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                             anshin_claimant_t *claimant, anshin_login_step_t done, anshin_login_outcome_t outcome,
                             anshin_login_result_t *result)
{
    apr_status_t rv = make_stamp(op, &claimant->account, done, &result->stamp);

    result->outcome = outcome;
    if (rv == APR_SUCCESS && op->flow != NULL) {
        op->flow->token = result->stamp;
        rv = anshin_flow_reach(op, txn, done == ANSHIN_STEP_PASSWORD ? ANSHIN_STAGE_OPENED : ANSHIN_STAGE_CODE_OK,
                               claimant->user, 0);
    }
    if (rv != APR_SUCCESS || (rv = anshin_account_put(op, txn, &claimant->account)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_claimant_record(op, txn, facts, claimant, ANSHIN_HISTORY_PASSWORD_OK);
}

apr_status_t anshin_claimant_proceed(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                     anshin_claimant_t *claimant, anshin_login_step_t step,
                                     anshin_login_result_t *result)
{
    result->user = claimant->user;
    result->days_left = anshin_password_days_left(op, &claimant->account);
    if (step < ANSHIN_STEP_CODE && claimant->account.method == ANSHIN_METHOD_OTP) {
        return wait_for(op, txn, facts, claimant, ANSHIN_STEP_PASSWORD, ANSHIN_LOGIN_NEED_CODE, result);
    }
    if (step < ANSHIN_STEP_CHANGE && result->days_left == 0) {
        return wait_for(op, txn, facts, claimant, ANSHIN_STEP_CODE, ANSHIN_LOGIN_MUST_CHANGE, result);
    }
    result->outcome = ANSHIN_LOGIN_OK;
    return admit(op, txn, facts, claimant, result);
}
