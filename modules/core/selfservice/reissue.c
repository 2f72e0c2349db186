/*
 * Reissue of passwords and certificates: what a mailed link leads to.
 *
 * SECURITY: the link is one proof (the mail box), question, password or code the other. A reissue replaces exactly one
 * factor and never drops one (S11).
 */
#include "core/selfservice/reissue.h"

#include <apr_strings.h>
#include <string.h>

#include "core/account/password.h"
#include "core/account/session.h"
#include "core/certificate/certificate.h"
#include "core/certificate/download.h"
#include "core/certificate/revocation.h"
#include "core/context/flow.h"
#include "core/context/rehearsal.h"
#include "core/context/secret.h"
#include "core/mail/event.h"
#include "core/mail/mail_way.h"
#include "core/mail/password_reminder.h"

int anshin_reissue_allowed(const anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account)
{
    const apr_int64_t state = anshin_account_standing(account, op->now);

    if (kind == ANSHIN_REISSUE_LOST) {
        return (state == ANSHIN_ACCOUNT_ACTIVE || state == ANSHIN_ACCOUNT_LOCKED) &&
               account->method == ANSHIN_METHOD_CERTIFICATE &&
               ANSHIN_HAS(op->contract->policy.functions, ANSHIN_FUNCTION_LOST_DEVICE);
    }
    if (state != ANSHIN_ACCOUNT_ACTIVE) {
        return 0;
    }
    if (kind == ANSHIN_REISSUE_CERTIFICATE || kind == ANSHIN_REISSUE_RESEND) {
        return account->method == ANSHIN_METHOD_CERTIFICATE &&
               ANSHIN_HAS(op->contract->policy.functions,
                          kind == ANSHIN_REISSUE_RESEND ? ANSHIN_FUNCTION_RESEND : ANSHIN_FUNCTION_CERTIFICATE_REISSUE);
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
    int equal;
    apr_status_t status = anshin_terminal_get(op, txn, found->token.user, found->token.terminal, &terminal);

    if (status != APR_SUCCESS || (status = anshin_secret_mac_is(op, &equal, "reissue-address", terminal.address,
                                                                found->token.code_mac)) != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
    }
    return equal ? APR_SUCCESS : ANSHIN_EDENIED;
}

apr_status_t anshin_reissue_link_works(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *works)
{
    anshin_link_t found;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_token, key, &found.token);

    *works = 0;
    if (status == APR_SUCCESS && found.token.used_at == 0 && found.token.expires_at > op->now &&
        (op->contract->policy.mail_links || anshin_access_waits(op, &found.token))) {
        status = check_address(op, txn, &found);
        *works = status == APR_SUCCESS;
    }
    return status == ANSHIN_ENOTFOUND || status == ANSHIN_EDENIED ? APR_SUCCESS : status;
}

apr_status_t anshin_reissue_find_in(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind, const char *token,
                                    anshin_link_t *found)
{
    apr_status_t status = anshin_token_find(op, txn, (anshin_token_kind_t)kind, token, found);

    if (status == APR_SUCCESS && !anshin_reissue_allowed(op, kind, &found->account)) {
        return ANSHIN_EDENIED;
    }
    return status == APR_SUCCESS ? check_address(op, txn, found) : status;
}

anshin_reissue_proof_t anshin_reissue_proof_of(const anshin_op_t *op, anshin_reissue_kind_t kind)
{
    if (op->contract->policy.reissue_proof == ANSHIN_REISSUE_BY_QUESTION) {
        return ANSHIN_PROOF_QUESTION;
    }
    return kind == ANSHIN_REISSUE_CERTIFICATE ? ANSHIN_PROOF_PASSWORD : ANSHIN_PROOF_CODE;
}

typedef struct reissue_t {
    anshin_reissue_kind_t kind;
    const char *token;
    anshin_link_t found;      /* as it was before the proof */
    anshin_lock_t lock;       /* the same */
    char phc[ANSHIN_PHC_MAX]; /* of the new password */
    anshin_reissue_result_t *result;
} reissue_t;

/* Answers and codes. Whoever cannot log in because the account is locked can still revoke, by so many tries. */
static anshin_counter_kind_t counter_of(anshin_reissue_kind_t kind)
{
    return kind == ANSHIN_REISSUE_LOST ? ANSHIN_COUNTER_LOST_DEVICE : ANSHIN_COUNTER_ANSWER;
}

static apr_status_t read_found(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    reissue_t *reissue = baton;
    apr_status_t status = anshin_reissue_find_in(op, txn, reissue->kind, reissue->token, &reissue->found);

    return status == APR_SUCCESS
               ? anshin_lock_get(op, txn, counter_of(reissue->kind), reissue->found.token.user, &reissue->lock)
               : status;
}

/* Mailbox and question must not yield both factors of a certificate user in one go (S41): how long the gap lasts. Who
 * revokes gets none of them. */
static apr_interval_time_t gap_of(const anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account)
{
    const anshin_policy_t *policy = &op->contract->policy;

    return kind != ANSHIN_REISSUE_LOST && policy->reissue_proof == ANSHIN_REISSUE_BY_QUESTION &&
                   account->method == ANSHIN_METHOD_CERTIFICATE
               ? policy->reissue_gap
               : 0;
}

/* Until when this kind waits for the other one; 0: it does not. */
static apr_time_t opens_at(const anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account)
{
    apr_time_t other =
        kind == ANSHIN_REISSUE_PASSWORD ? account->certificate_reissued_at : account->password_reissued_at;
    apr_interval_time_t gap = gap_of(op, kind, account);

    return other != 0 && other + gap > op->now ? other + gap : 0;
}

apr_status_t anshin_reissue_find(anshin_op_t *op, anshin_reissue_kind_t kind, const char *token,
                                 anshin_reissue_asked_t *asked)
{
    anshin_reissue_kind_t other =
        kind == ANSHIN_REISSUE_PASSWORD ? ANSHIN_REISSUE_CERTIFICATE : ANSHIN_REISSUE_PASSWORD;
    reissue_t reissue = {.kind = kind, .token = token};
    const anshin_account_t *account = &reissue.found.account;
    apr_status_t status = anshin_op_read(op, read_found, &reissue);

    memset(asked, 0, sizeof(*asked));
    asked->proof = anshin_reissue_proof_of(op, kind);
    if (status != APR_SUCCESS) {
        return status;
    }
    asked->user = account->user;
    asked->lock = reissue.lock;
    asked->until = reissue.found.token.expires_at;
    asked->opens_at = opens_at(op, kind, account);
    if (gap_of(op, kind, account) > 0 && anshin_reissue_allowed(op, other, account)) {
        asked->closes_to = op->now + gap_of(op, kind, account);
    }
    return APR_SUCCESS;
}

/* The operator's code as it was typed, against the one that was given. */
static anshin_reauthentication_part_t code_part(anshin_op_t *op, const anshin_account_t *account, const char *code)
{
    const anshin_reauthentication_part_t part = {account->proof_expires_at > op->now ? account->proof_mac : NULL,
                                                 anshin_secret_normalise(code, op->pool),
                                                 {NULL}};

    return part;
}

/* Question, answer and, in a gap, the operator's code count as one attempt. A wrong question is a wrong answer: it
 * costs a dummy hash, so that the time does not tell which of the two it was. */
static apr_status_t prove_answer(anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account,
                                 const anshin_reissue_typed_t *typed, anshin_reauthentication_t *proof)
{
    int asked = account->question && strcmp(account->question, typed->question) == 0;
    const anshin_reauthentication_part_t parts[] = {
        anshin_reauthentication_answer(op, asked ? account->answer_hash : NULL, typed->answer),
        code_part(op, account, typed->code)};

    return anshin_reauthentication_check_all(op, counter_of(kind), account->user, parts,
                                             opens_at(op, kind, account) ? 2 : 1, proof);
}

apr_status_t anshin_reissue_prove(anshin_op_t *op, anshin_reissue_kind_t kind, const anshin_account_t *account,
                                  const anshin_reissue_typed_t *typed, anshin_reauthentication_t *proof)
{
    anshin_reauthentication_part_t part;

    switch (anshin_reissue_proof_of(op, kind)) {
    case ANSHIN_PROOF_QUESTION:
        return prove_answer(op, kind, account, typed, proof);
    case ANSHIN_PROOF_PASSWORD:
        return anshin_reauthentication_check(op, ANSHIN_COUNTER_PASSWORD, account->user, account->password_hash,
                                             anshin_password_normalise(typed->answer, op->pool), proof);
    case ANSHIN_PROOF_CODE:
        break;
    }
    part = code_part(op, account, typed->answer);
    return anshin_reauthentication_check_all(op, counter_of(kind), account->user, &part, 1, proof);
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
        apr_status_t status = anshin_secret_text(op, password, alphabet, (apr_size_t)length);
        if (status != APR_SUCCESS ||
            (status = anshin_password_check(op, &broken, *password, "", NULL)) != APR_SUCCESS || !broken) {
            return status;
        }
    }
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0199", "no random password meets the rules of contract %s",
                       op->contract->name);
}

void anshin_reissue_end_code(anshin_account_t *account)
{
    account->proof_mac = NULL;
    account->proof_expires_at = 0;
}

static apr_status_t new_password(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, const char *phc,
                                 anshin_reissue_result_t *result)
{
    static const anshin_session_match_t every = {0};
    const anshin_event_t event = {.act = ANSHIN_ACT_PASSWORD_REISSUED, .account = account};
    apr_status_t status;

    anshin_password_set(op, account, phc);
    account->password_must_change = result->must_change;
    account->password_reissued_at = op->now;
    anshin_reissue_end_code(account);
    if ((status = anshin_account_put(op, txn, account)) != APR_SUCCESS ||
        (status = anshin_password_file(op, txn, account)) != APR_SUCCESS ||
        (status = anshin_sessions_end_in(op, txn, account->user, &every, NULL)) != APR_SUCCESS) {
        return status;
    }
    return anshin_event(op, txn, &event);
}

static apr_status_t new_certificate(anshin_op_t *op, anshin_txn_t *txn, anshin_link_t *found, const char **password)
{
    const anshin_event_t event = {
        .act = ANSHIN_ACT_CERTIFICATE_REISSUED, .account = &found->account, .terminal = found->token.terminal};
    anshin_terminal_t terminal;
    apr_status_t status = anshin_terminal_get(op, txn, found->account.user, event.terminal, &terminal);

    if (opens_at(op, ANSHIN_REISSUE_CERTIFICATE, &found->account)) {
        anshin_reissue_end_code(&found->account); /* it was part of the proof */
    }
    found->account.certificate_reissued_at = op->now;
    if (status != APR_SUCCESS || (status = anshin_account_put(op, txn, &found->account)) != APR_SUCCESS ||
        (status = anshin_certificates_end_in(op, txn, &terminal, ANSHIN_REASON_SUPERSEDED)) != APR_SUCCESS ||
        (status = anshin_download_prepare(op, txn, &found->account, event.terminal, password)) != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
    }
    return anshin_event(op, txn, &event);
}

static int same_proofs(const anshin_account_t *a, const anshin_account_t *b)
{
    return same(a->question, b->question) && same(a->answer_hash, b->answer_hash) &&
           same(a->password_hash, b->password_hash) && same(a->proof_mac, b->proof_mac);
}

apr_status_t anshin_reissue_find_proven(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind,
                                        const char *token, const anshin_link_t *before, anshin_link_t *found)
{
    anshin_lock_t lock;
    apr_status_t status = anshin_reissue_find_in(op, txn, kind, token, found);

    if (status != APR_SUCCESS ||
        (status = anshin_lock_get(op, txn, counter_of(kind), found->token.user, &lock)) != APR_SUCCESS) {
        return status;
    }
    /* By failures beside it, after the proof; or the proof is another one. */
    return lock.kinds || !same_proofs(&before->account, &found->account) ? ANSHIN_EDENIED : APR_SUCCESS;
}

static apr_status_t execute_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const reissue_t *reissue = baton;
    const anshin_account_t *before = &reissue->found.account;
    anshin_link_t found;
    apr_status_t status = anshin_reissue_find_proven(op, txn, reissue->kind, reissue->token, &reissue->found, &found);

    reissue->result->download_password = NULL;
    if (status != APR_SUCCESS) {
        return status;
    }
    if (opens_at(op, reissue->kind, &found.account) && !opens_at(op, reissue->kind, before)) {
        return ANSHIN_EDENIED;
    }
    if ((status = anshin_token_use(op, txn, found.key, &found.token)) != APR_SUCCESS ||
        (status = anshin_terminal_confirmed(op, txn, found.token.user, found.token.terminal, found.token.created_at)) !=
            APR_SUCCESS) {
        return status;
    }
    status = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, found.account.user, found.token.terminal);
    if (status != APR_SUCCESS) {
        return status;
    }
    return reissue->kind == ANSHIN_REISSUE_PASSWORD
               ? new_password(op, txn, &found.account, reissue->phc, reissue->result)
               : new_certificate(op, txn, &found, &reissue->result->download_password);
}

apr_status_t anshin_reissue_execute(anshin_op_t *op, anshin_reissue_kind_t kind, const char *token,
                                    const anshin_reissue_typed_t *typed, anshin_reissue_result_t *result)
{
    reissue_t reissue = {.kind = kind, .token = token, .result = result};
    apr_status_t status = anshin_op_read(op, read_found, &reissue);

    memset(result, 0, sizeof(*result));
    if (status != APR_SUCCESS ||
        (status = anshin_reissue_prove(op, kind, &reissue.found.account, typed, &result->proof)) != APR_SUCCESS ||
        !result->proof.right) {
        return status;
    }
    result->user = reissue.found.account.user;
    result->must_change = op->contract->policy.reissue_change;
    if (kind == ANSHIN_REISSUE_PASSWORD) {
        if ((status = make_password(op, &result->password)) != APR_SUCCESS ||
            (status = anshin_password_hash(op, reissue.phc, result->password)) != APR_SUCCESS) {
            return status;
        }
    }
    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, execute_in, &reissue);
}

typedef struct operators_code_t {
    const char *user; /* as typed */
    char phc[ANSHIN_PHC_MAX];
    apr_time_t expires_at;
} operators_code_t;

/* Is there a page that may ask this user for such a code? */
static int asks_for_code(const anshin_op_t *op, const anshin_account_t *account)
{
    int password = anshin_reissue_allowed(op, ANSHIN_REISSUE_PASSWORD, account);

    if (op->contract->policy.reissue_proof != ANSHIN_REISSUE_BY_QUESTION) {
        return password || anshin_reissue_allowed(op, ANSHIN_REISSUE_LOST, account);
    }
    return gap_of(op, ANSHIN_REISSUE_PASSWORD, account) > 0 &&
           (password || anshin_reissue_allowed(op, ANSHIN_REISSUE_CERTIFICATE, account));
}

static apr_status_t set_code(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const operators_code_t *code = baton;
    anshin_account_t account;
    const anshin_event_t event = {.act = ANSHIN_ACT_CODE_GIVEN, .account = &account};
    apr_status_t status = anshin_account_get_typed(op, txn, code->user, &account);

    if (status == APR_SUCCESS && !asks_for_code(op, &account)) {
        return anshin_fail(&op->error, ANSHIN_EDENIED, "AN1430",
                           "user %s (%s, login method %s): no page asks for such a code; htanshin user reset gives a "
                           "new registration",
                           account.user, anshin_account_state_name(anshin_account_standing(&account, op->now)),
                           anshin_method_name(account.method));
    }
    account.proof_mac = code->phc;
    account.proof_expires_at = code->expires_at;
    if (status != APR_SUCCESS || (status = anshin_account_put(op, txn, &account)) != APR_SUCCESS) {
        return status;
    }
    return anshin_event(op, txn, &event);
}

apr_status_t anshin_reissue_code(anshin_op_t *op, const char *user, const char **code, apr_time_t *expires_at)
{
    operators_code_t fresh = {.user = user, .expires_at = op->now + ANSHIN_REISSUE_CODE_LIFE};
    apr_status_t status;

    if (op->contract->policy.reissue_proof == ANSHIN_REISSUE_BY_QUESTION && op->contract->policy.reissue_gap == 0) {
        return anshin_fail(&op->error, ANSHIN_EDENIED, "AN1134",
                           "contract %s: no page asks for such a code (AnshinReissueProof question, AnshinReissueGap "
                           "none); the user reissues by mail and secret question",
                           op->contract->name);
    }
    status = anshin_secret_text(op, code, ANSHIN_ALPHABET_READABLE, ANSHIN_REGISTRATION_CODE_CHARACTERS);
    *expires_at = fresh.expires_at;
    if (status == APR_SUCCESS) {
        status = anshin_password_hash(op, fresh.phc, *code);
    }
    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, set_code, &fresh) : status;
}
