/*
 * Reissue of passwords and certificates: what a mailed link leads to.
 *
 * SECURITY: the link is one proof (the mail box), question, password or code the other. A reissue replaces exactly one
 * factor and never drops one (S11).
 */
#include "core/reissue.h"

#include <apr_strings.h>
#include <string.h>

#include "core/certificate.h"
#include "core/download.h"
#include "core/flow.h"
#include "core/history.h"
#include "core/notice.h"
#include "core/password.h"
#include "core/secret.h"
#include "core/session.h"

int anshin_reissue_allowed(const anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account)
{
    if (account->state != ANSHIN_ACCOUNT_ACTIVE) {
        return 0;
    }
    if (kind == ANSHIN_REISSUE_CERTIFICATE) {
        return account->method == ANSHIN_METHOD_CERTIFICATE &&
               ANSHIN_HAS(op->contract->policy.functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE);
    }
    return ANSHIN_HAS(op->contract->policy.functions, ANSHIN_FUNCTION_PASSWORD_REISSUE);
}

apr_status_t anshin_reissue_address_mac(anshin_op_t *op, const char *address, const char **mac)
{
    return anshin_secret_mac(op, mac, "reissue-address", address);
}

static int same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The mail box is one of the proofs: one that was the user's an hour ago is none. */
static apr_status_t check_address(anshin_op_t *op, anshin_txn_t *txn, const anshin_link_t *found)
{
    anshin_terminal_t terminal;
    const char *mac;
    apr_status_t rv = anshin_terminal_get(op, txn, found->token.user, found->token.terminal, &terminal);

    if (rv != APR_SUCCESS || (rv = anshin_reissue_address_mac(op, terminal.address, &mac)) != APR_SUCCESS) {
        return rv == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : rv;
    }
    return same(found->token.code_mac, mac) ? APR_SUCCESS : ANSHIN_EDENIED;
}

static apr_status_t find(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind, const char *token,
                         anshin_link_t *found)
{
    apr_status_t rv = anshin_token_find(op, txn, (anshin_token_kind_t)kind, token, found);

    if (rv == APR_SUCCESS && !anshin_reissue_allowed(op, kind, &found->account)) {
        return ANSHIN_EDENIED;
    }
    return rv == APR_SUCCESS ? check_address(op, txn, found) : rv;
}

static anshin_reissue_proof_t proof_of(const anshin_op_t *op, anshin_reissue_kind_t kind)
{
    if (op->contract->policy.reissue_proof == ANSHIN_REISSUE_BY_QUESTION) {
        return ANSHIN_PROOF_QUESTION;
    }
    return kind == ANSHIN_REISSUE_CERTIFICATE ? ANSHIN_PROOF_PASSWORD : ANSHIN_PROOF_CODE;
}

static apr_status_t read_found(anshin_op_t *op, anshin_reissue_kind_t kind, const char *token, anshin_link_t *found)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = find(op, txn, kind, token, found);
    anshin_txn_abort(txn);
    return rv;
}

/* Mailbox and question must not yield both factors of a certificate user in one go (S41): how long the gap lasts. */
static apr_interval_time_t gap_of(const anshin_op_t *op, const anshin_account_t *account)
{
    const anshin_policy_t *policy = &op->contract->policy;

    return policy->reissue_proof == ANSHIN_REISSUE_BY_QUESTION && account->method == ANSHIN_METHOD_CERTIFICATE
               ? policy->reissue_gap
               : 0;
}

/* Until when this kind waits for the other one; 0: it does not. */
static apr_time_t opens_at(const anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account)
{
    apr_time_t other =
        kind == ANSHIN_REISSUE_PASSWORD ? account->certificate_reissued_at : account->password_reissued_at;
    apr_interval_time_t gap = gap_of(op, account);

    return other != 0 && other + gap > op->now ? other + gap : 0;
}

apr_status_t anshin_reissue_find(anshin_op_t *op, anshin_reissue_kind_t kind, const char *token,
                                 anshin_reissue_asked_t *asked)
{
    anshin_reissue_kind_t other =
        kind == ANSHIN_REISSUE_PASSWORD ? ANSHIN_REISSUE_CERTIFICATE : ANSHIN_REISSUE_PASSWORD;
    anshin_link_t found;
    apr_status_t rv = read_found(op, kind, token, &found);

    memset(asked, 0, sizeof(*asked));
    asked->proof = proof_of(op, kind);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    asked->user = found.account.user;
    asked->opens_at = opens_at(op, kind, &found.account);
    if (gap_of(op, &found.account) > 0 && anshin_reissue_allowed(op, other, &found.account)) {
        asked->closes_to = op->now + gap_of(op, &found.account);
    }
    return APR_SUCCESS;
}

/* The operator's code as it was typed, against the one that was given. */
static anshin_proof_part_t code_part(anshin_op_t *op, const anshin_account_t *account, const char *code)
{
    const anshin_proof_part_t part = {account->proof_expires_at > op->now ? account->proof_mac : NULL,
                                      anshin_secret_normalise(code, op->pool), NULL};

    return part;
}

/* Question, answer and, in a gap, the operator's code count as one attempt. A wrong question is a wrong answer: it
 * costs a dummy hash, so that the time does not tell which of the two it was. */
static apr_status_t prove_answer(anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account,
                                 const anshin_reissue_typed_t *typed, anshin_proof_t *proof)
{
    int asked = account->question && strcmp(account->question, typed->question) == 0;
    const anshin_proof_part_t parts[] = {anshin_proof_answer(op, asked ? account->answer_hash : NULL, typed->answer),
                                         code_part(op, account, typed->code)};

    return anshin_proof_check_all(op, ANSHIN_COUNTER_ANSWER, account->user, parts, opens_at(op, kind, account) ? 2 : 1,
                                  proof);
}

static apr_status_t prove(anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account,
                          const anshin_reissue_typed_t *typed, anshin_proof_t *proof)
{
    anshin_proof_part_t part;

    switch (proof_of(op, kind)) {
    case ANSHIN_PROOF_QUESTION:
        return prove_answer(op, kind, account, typed, proof);
    case ANSHIN_PROOF_PASSWORD:
        return anshin_proof_check(op, ANSHIN_COUNTER_PASSWORD, account->user, account->password_hash,
                                  anshin_password_normalise(typed->answer, op->pool), proof);
    case ANSHIN_PROOF_CODE:
        break;
    }
    part = code_part(op, account, typed->answer);
    return anshin_proof_check_all(op, ANSHIN_COUNTER_ANSWER, account->user, &part, 1, proof);
}

/* --- the result --- */

/* A random password that the contract's rules accept: of the readable signs, with one of each required class. */
static apr_status_t make_password(anshin_op_t *op, const char **password)
{
    const anshin_policy_t *policy = &op->contract->policy;
    int allowed_set = policy->password_characters;
    int length = policy->password_min > 12 ? policy->password_min : 12;
    const char *symbols = policy->password_symbols ? policy->password_symbols : "#%+-=@_";
    const char *alphabet = apr_pstrcat(op->pool, allowed_set & ANSHIN_CHARACTERS_DIGITS ? "23456789" : "",
                                       allowed_set & ANSHIN_CHARACTERS_UPPER ? "BCDFGHJKMNPQRSTVWXYZ" : "",
                                       allowed_set & ANSHIN_CHARACTERS_LOWER ? "bcdfghjkmnpqrstvwxyz" : "",
                                       (policy->password_required & ANSHIN_CHARACTERS_SYMBOLS) ? symbols : "", NULL);

    length = length > policy->password_max ? policy->password_max : length;
    if (!*alphabet) {
        alphabet = symbols;
    }
    for (int tries = 0; tries < 1000; tries++) {
        unsigned broken;
        apr_status_t rv = anshin_secret_text(op, password, alphabet, (apr_size_t)length);
        if (rv != APR_SUCCESS || (rv = anshin_password_check(op, &broken, *password, "", NULL)) != APR_SUCCESS ||
            !broken) {
            return rv;
        }
    }
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0199", "no random password meets the rules of contract %s",
                       op->contract->name);
}

static void end_code(anshin_account_t *account)
{
    account->proof_mac = NULL;
    account->proof_expires_at = 0;
}

static apr_status_t new_password(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, const char *phc,
                                 anshin_reissue_result_t *result)
{
    static const anshin_session_match_t every = {0};
    anshin_history_t entry = {.result = ANSHIN_HISTORY_PASSWORD_REISSUED, .method = account->method};
    apr_status_t rv;

    anshin_password_set(op, account, phc);
    account->password_must_change = result->must_change;
    account->password_reissued_at = op->now;
    end_code(account);
    if ((rv = anshin_account_put(op, txn, account)) != APR_SUCCESS ||
        (rv = anshin_sessions_end(op, txn, account->user, &every, NULL)) != APR_SUCCESS ||
        (rv = anshin_history_add(op, txn, account->user, &entry)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_notice_add(op, txn, ANSHIN_NOTICE_REISSUE, "password-reissued", account, NULL, NULL);
}

static apr_status_t new_certificate(anshin_op_t *op, anshin_txn_t *txn, anshin_link_t *found,
                                    anshin_reissue_result_t *result)
{
    const char *user = found->account.user;
    anshin_history_t entry = {.result = ANSHIN_HISTORY_CERTIFICATE_REISSUED,
                              .terminal = found->token.terminal,
                              .method = found->account.method};
    anshin_terminal_t terminal;
    apr_status_t rv = anshin_terminal_get(op, txn, user, entry.terminal, &terminal);

    if (opens_at(op, ANSHIN_REISSUE_CERTIFICATE, &found->account)) {
        end_code(&found->account); /* it was part of the proof */
    }
    found->account.certificate_reissued_at = op->now;
    if (rv != APR_SUCCESS || (rv = anshin_account_put(op, txn, &found->account)) != APR_SUCCESS ||
        (rv = anshin_certificate_end_in(op, txn, &terminal, ANSHIN_REASON_SUPERSEDED)) != APR_SUCCESS ||
        (rv = anshin_download_prepare(op, txn, &found->account, entry.terminal, &result->download_password)) !=
            APR_SUCCESS ||
        (rv = anshin_history_add(op, txn, user, &entry)) != APR_SUCCESS) {
        return rv == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : rv;
    }
    return anshin_notice_add(op, txn, ANSHIN_NOTICE_REISSUE, "certificate-reissued", &found->account, NULL, NULL);
}

/* What proved the person must still be what it was when it was checked: nobody gets two passwords for one code. */
static int same_proofs(const anshin_account_t *a, const anshin_account_t *b)
{
    return same(a->question, b->question) && same(a->answer_hash, b->answer_hash) &&
           same(a->password_hash, b->password_hash) && same(a->proof_mac, b->proof_mac);
}

static apr_status_t execute_in(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind, const char *token,
                               const char *phc, const anshin_link_t *before, anshin_reissue_result_t *result)
{
    anshin_lock_t lock;
    anshin_link_t found;
    apr_status_t rv = find(op, txn, kind, token, &found);

    if (rv == APR_SUCCESS) {
        rv = anshin_lock_get(op, txn, ANSHIN_COUNTER_ANSWER, found.token.user, &lock);
    }
    if (rv == APR_SUCCESS && lock.kinds) {
        return ANSHIN_EDENIED; /* by failures beside it, after the proof */
    }
    if (rv == APR_SUCCESS && (!same_proofs(&before->account, &found.account) ||
                              (opens_at(op, kind, &found.account) && !opens_at(op, kind, &before->account)))) {
        return ANSHIN_EDENIED;
    }
    if (rv != APR_SUCCESS || (rv = anshin_token_use(op, txn, found.key, &found.token)) != APR_SUCCESS ||
        (rv = anshin_terminal_confirmed(op, txn, found.token.user, found.token.terminal, found.token.created_at)) !=
            APR_SUCCESS) {
        return rv;
    }
    rv = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, found.account.user, found.token.terminal);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return kind == ANSHIN_REISSUE_PASSWORD ? new_password(op, txn, &found.account, phc, result)
                                           : new_certificate(op, txn, &found, result);
}

apr_status_t anshin_reissue_execute(anshin_op_t *op, anshin_reissue_kind_t kind, const char *token,
                                    const anshin_reissue_typed_t *typed, anshin_reissue_result_t *result)
{
    char phc[ANSHIN_PHC_MAX] = "";
    anshin_txn_t *txn;
    anshin_link_t found;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    if ((rv = read_found(op, kind, token, &found)) != APR_SUCCESS ||
        (rv = prove(op, kind, &found.account, typed, &result->proof)) != APR_SUCCESS || !result->proof.right) {
        return rv;
    }
    result->user = found.account.user;
    result->must_change = op->contract->policy.reissue_change;
    if (kind == ANSHIN_REISSUE_PASSWORD) {
        if ((rv = make_password(op, &result->password)) != APR_SUCCESS ||
            (rv = anshin_password_hash(op, phc, result->password)) != APR_SUCCESS) {
            return rv;
        }
    }
    if ((rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_txn_end(txn, execute_in(op, txn, kind, token, phc, &found, result), ANSHIN_DURABLE);
}

apr_status_t anshin_reissue_code(anshin_op_t *op, const char *user, const char **code, apr_time_t *expires_at)
{
    const char *canonical = anshin_user_canonical(user, op->pool);
    char phc[ANSHIN_PHC_MAX];
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv;

    if (op->contract->policy.reissue_proof == ANSHIN_REISSUE_BY_QUESTION && op->contract->policy.reissue_gap == 0) {
        return anshin_fail(&op->error, ANSHIN_EDENIED, "AN1134",
                           "contract %s: no page asks for such a code (AnshinReissueProof question, AnshinReissueGap "
                           "none); the user reissues by mail and secret question",
                           op->contract->name);
    }
    rv = anshin_secret_text(op, code, ANSHIN_ALPHABET_READABLE, ANSHIN_REGISTRATION_CODE_SIGNS);
    if (rv != APR_SUCCESS || (rv = anshin_password_hash(op, phc, *code)) != APR_SUCCESS ||
        (rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    rv = canonical ? anshin_account_get(op, txn, canonical, &account) : ANSHIN_ENOTFOUND;
    if (rv == APR_SUCCESS) {
        account.proof_mac = phc;
        account.proof_expires_at = *expires_at = op->now + ANSHIN_REISSUE_CODE_LIFE;
        rv = anshin_account_put(op, txn, &account);
    } else if (rv == ANSHIN_ENOTFOUND) {
        rv = anshin_fail(&op->error, rv, "AN0194", "no such user in contract %s", op->contract->name);
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}
