/*
 * Certificates: records, state, and what a connection's certificate means (LOG-3, S20).
 */
#ifndef ANSHIN_CORE_CERTIFICATE_CERTIFICATE_H
#define ANSHIN_CORE_CERTIFICATE_CERTIFICATE_H

#include "core/base/presented.h"
#include "core/base/words.h"
#include "core/context/own.h"

/* On disk, never renumbered. */
typedef enum anshin_certificate_state_t {
    ANSHIN_CERTIFICATE_ACTIVE = 1,
    ANSHIN_CERTIFICATE_REVOKED = 2
} anshin_certificate_state_t;

typedef enum anshin_standing_t {
#define WORD(member, value, name) ANSHIN_STANDING_##member = (value),
#include "core/certificate/standing.def"
#undef WORD
} anshin_standing_t;

/* What it counts for at that time, as its record alone tells: revoked comes before ended. */
anshin_standing_t anshin_certificate_standing(const anshin_certificate_t *certificate, apr_time_t now);
extern const anshin_word_t anshin_standing_words[]; /* "active" ... */

typedef enum anshin_certificate_verdict_t {
#define WORD(member, value, name) ANSHIN_VERDICT_##member = (value),
#include "core/certificate/verdict.def"
#undef WORD
} anshin_certificate_verdict_t;
const char *anshin_verdict_name(anshin_certificate_verdict_t verdict); /* "good", "none", "expired", "not_yet" ... */

/* 1 when it is one that counts for the terminal: the present one, or the one that is to follow it (renewal.h). */
int anshin_certificate_counts(const anshin_terminal_t *terminal, const char *serial);

/* Judge inside a transaction of any mode. APR_SUCCESS with *verdict (and *record when the store knows it), or
 * ANSHIN_EFAULT. */
apr_status_t anshin_certificate_judge(anshin_op_t *op, anshin_txn_t *txn, const anshin_presented_t *presented,
                                      anshin_certificate_verdict_t *verdict, anshin_certificate_t *record);

/* Whether one that has ended still opens its renewal (REN-3, AnshinCertificateRenewAfter): it is as good as it can be
 * but for its end, and that is not too long ago. *renews: 1 or 0; *record: with 1. Same answers; the second one in a
 * read transaction of its own. */
apr_status_t anshin_certificate_judge_ended(anshin_op_t *op, anshin_txn_t *txn, const anshin_presented_t *presented,
                                            int *renews, anshin_certificate_t *record);
apr_status_t anshin_certificate_renews(anshin_op_t *op, const anshin_presented_t *presented, int *renews);

/* anshin_certificate_judge() in a read transaction of its own. */
apr_status_t anshin_certificate_verdict(anshin_op_t *op, const anshin_presented_t *presented,
                                        anshin_certificate_verdict_t *verdict);

/* What the store knows of one that is good for a login: whose it is, which no CN says. record->user is NULL when it is
 * not good for one. Same answers. */
apr_status_t anshin_certificate_of(anshin_op_t *op, const anshin_presented_t *presented, anshin_certificate_t *record);

/* The certificate of a terminal gets its label, inside a write transaction. It may have none, and the store may know
 * nothing of the one that it has. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_certificate_label(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal);

#endif
