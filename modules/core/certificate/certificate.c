/*
 * Certificates: what the store knows of them, and what that makes of a connection's certificate.
 *
 * SECURITY: decides who counts as holder of a certificate. What the TLS layer found is a condition, never enough:
 * serial and fingerprint must be known, active, of this contract, and count for their terminal (S20).
 */
#include "core/certificate/certificate.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/account.h"

const anshin_word_t anshin_standing_words[] = {
#define WORD(member, value, name) {name, ANSHIN_STANDING_##member},
#include "core/certificate/standing.def"
#undef WORD
    {NULL, 0}};

static const anshin_word_t verdict_words[] = {
#define WORD(member, value, name) {name, ANSHIN_VERDICT_##member},
#include "core/certificate/verdict.def"
#undef WORD
    {NULL, 0}};

const char *anshin_verdict_name(anshin_certificate_verdict_t verdict)
{
    return anshin_word_name(verdict_words, verdict, "unknown");
}

anshin_standing_t anshin_certificate_standing(const anshin_certificate_t *certificate, apr_time_t now)
{
    if (certificate->state == ANSHIN_CERTIFICATE_REVOKED) {
        return ANSHIN_STANDING_REVOKED;
    }
    return certificate->not_after < now ? ANSHIN_STANDING_EXPIRED : ANSHIN_STANDING_ACTIVE;
}

/* What the certificate shows by itself. */
static apr_status_t judge_peer(anshin_op_t *op, const anshin_presented_t *presented,
                               anshin_certificate_verdict_t *verdict)
{
    switch (presented->state) {
    case ANSHIN_PRESENTED_NONE:
        *verdict = ANSHIN_VERDICT_NONE;
        return APR_SUCCESS;
    case ANSHIN_PRESENTED_GOOD: /* the connection may have outlived it */
        *verdict = presented->not_after < op->now ? ANSHIN_VERDICT_EXPIRED : ANSHIN_VERDICT_GOOD;
        return APR_SUCCESS;
    case ANSHIN_PRESENTED_EXPIRED:
        *verdict = ANSHIN_VERDICT_EXPIRED;
        return APR_SUCCESS;
    case ANSHIN_PRESENTED_NOT_YET_VALID:
        *verdict = ANSHIN_VERDICT_NOT_YET;
        return APR_SUCCESS;
    case ANSHIN_PRESENTED_FOREIGN:
        *verdict = ANSHIN_VERDICT_FOREIGN;
        return APR_SUCCESS;
    case ANSHIN_PRESENTED_UNSUITABLE:
        *verdict = ANSHIN_VERDICT_UNSUITABLE;
        return APR_SUCCESS;
    case ANSHIN_PRESENTED_FAULT:
        break;
    }
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0150", "the client certificate could not be checked");
}

static int same(const char *a, const char *b)
{
    return a != NULL && strcmp(a, b) == 0;
}

int anshin_certificate_counts(const anshin_terminal_t *terminal, const char *serial)
{
    return same(terminal->certificate, serial) || same(terminal->renewing, serial);
}

/* Does it count for a terminal that is still there, of the very account that it was issued to? */
static apr_status_t is_current(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *record, int *current)
{
    anshin_account_t account;
    anshin_terminal_t terminal;
    apr_status_t status = anshin_account_get_owner(op, txn, record->user, record->account, record->issued_at, &account);

    *current = 0;
    if (status != APR_SUCCESS ||
        (status = anshin_terminal_get(op, txn, record->user, record->terminal, &terminal)) != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    *current = anshin_certificate_counts(&terminal, record->serial);
    return APR_SUCCESS;
}

/* What the store makes of one that is ours and suitable. */
static apr_status_t judge_record(anshin_op_t *op, anshin_txn_t *txn, const anshin_presented_t *presented,
                                 anshin_certificate_verdict_t *verdict, anshin_certificate_t *record)
{
    int current = 0;
    apr_status_t status;

    *verdict = ANSHIN_VERDICT_UNKNOWN;
    status = presented->serial[0] ? anshin_txn_get(txn, &anshin_record_certificate, presented->serial, record)
                                  : ANSHIN_ENOTFOUND;
    if (status == ANSHIN_ENOTFOUND) {
        return APR_SUCCESS;
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (!record->fingerprint || strcmp(record->fingerprint, presented->fingerprint) != 0 ||
        !anshin_own(op, &anshin_record_certificate, record)) {
        memset(record, 0, sizeof(*record)); /* another contract's: not to be told here */
        return APR_SUCCESS;
    }
    if (record->state == ANSHIN_CERTIFICATE_REVOKED) {
        *verdict = ANSHIN_VERDICT_REVOKED;
        return APR_SUCCESS;
    }
    if ((status = is_current(op, txn, record, &current)) != APR_SUCCESS) {
        return status;
    }
    if (current && record->state == ANSHIN_CERTIFICATE_ACTIVE) {
        *verdict = ANSHIN_VERDICT_GOOD;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_certificate_judge(anshin_op_t *op, anshin_txn_t *txn, const anshin_presented_t *presented,
                                      anshin_certificate_verdict_t *verdict, anshin_certificate_t *record)
{
    apr_status_t status = judge_peer(op, presented, verdict);

    memset(record, 0, sizeof(*record));
    return status == APR_SUCCESS && *verdict == ANSHIN_VERDICT_GOOD ? judge_record(op, txn, presented, verdict, record)
                                                                    : status;
}

apr_status_t anshin_certificate_judge_ended(anshin_op_t *op, anshin_txn_t *txn, const anshin_presented_t *presented,
                                            int *renews, anshin_certificate_t *record)
{
    anshin_certificate_verdict_t verdict = ANSHIN_VERDICT_NONE;
    apr_status_t status = judge_peer(op, presented, &verdict);

    memset(record, 0, sizeof(*record));
    *renews = 0;
    if (status != APR_SUCCESS || verdict != ANSHIN_VERDICT_EXPIRED) {
        return status;
    }
    status = judge_record(op, txn, presented, &verdict, record);
    *renews = status == APR_SUCCESS && verdict == ANSHIN_VERDICT_GOOD && op->contract->policy.renew_after != 0 &&
              record->not_after <= op->now && op->now - record->not_after <= op->contract->policy.renew_after &&
              ANSHIN_HAS(op->contract->policy.functions, ANSHIN_FUNCTION_RENEWAL);
    return status;
}

typedef struct ended_t {
    const anshin_presented_t *presented;
    int *renews;
} ended_t;

static apr_status_t judge_ended_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const ended_t *ended = baton;
    anshin_certificate_t record;

    return anshin_certificate_judge_ended(op, txn, ended->presented, ended->renews, &record);
}

apr_status_t anshin_certificate_renews(anshin_op_t *op, const anshin_presented_t *presented, int *renews)
{
    ended_t ended = {presented, renews};

    return anshin_op_read(op, judge_ended_in, &ended);
}

typedef struct judgement_t {
    const anshin_presented_t *presented;
    anshin_certificate_verdict_t *verdict;
} judgement_t;

static apr_status_t judge(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const judgement_t *judgement = baton;
    anshin_certificate_t record;

    return anshin_certificate_judge(op, txn, judgement->presented, judgement->verdict, &record);
}

apr_status_t anshin_certificate_verdict(anshin_op_t *op, const anshin_presented_t *presented,
                                        anshin_certificate_verdict_t *verdict)
{
    return anshin_op_read(op, judge, &(judgement_t){presented, verdict});
}

typedef struct holding_t {
    const anshin_presented_t *presented;
    anshin_certificate_t *record;
} holding_t;

static apr_status_t find_good(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const holding_t *holding = baton;
    anshin_certificate_verdict_t verdict;
    apr_status_t status = anshin_certificate_judge(op, txn, holding->presented, &verdict, holding->record);

    if (status != APR_SUCCESS || verdict != ANSHIN_VERDICT_GOOD) {
        memset(holding->record, 0, sizeof(*holding->record));
    }
    return status;
}

apr_status_t anshin_certificate_of(anshin_op_t *op, const anshin_presented_t *presented, anshin_certificate_t *record)
{
    return anshin_op_read(op, find_good, &(holding_t){presented, record});
}

static apr_status_t put_label(anshin_op_t *op, anshin_txn_t *txn, const char *serial, const char *label)
{
    anshin_certificate_t record;
    apr_status_t status =
        serial != NULL ? anshin_own_get(op, txn, &anshin_record_certificate, serial, &record) : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    record.label = label;
    return anshin_txn_put(txn, &anshin_record_certificate, serial, &record);
}

apr_status_t anshin_certificate_label(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal)
{
    apr_status_t status = put_label(op, txn, terminal->certificate, terminal->label);

    return status == APR_SUCCESS ? put_label(op, txn, terminal->renewing, terminal->label) : status;
}
