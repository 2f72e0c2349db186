/*
 * The tally: what takes a walk through the store to know, counted by the worker now and then and kept in the store,
 * so that who asks for the state of the system reads a few short records (the facts status/CONTRACT and
 * status-ca/NAME), however many users there are.
 */
#ifndef ANSHIN_CORE_STATUS_TALLY_H
#define ANSHIN_CORE_STATUS_TALLY_H

#include "core/context/op.h"

/* Within how many days a certificate ends. */
enum { ANSHIN_ENDING_1, ANSHIN_ENDING_10, ANSHIN_ENDING_40, ANSHIN_ENDING_90, ANSHIN_ENDINGS };
extern const int anshin_ending_days[ANSHIN_ENDINGS];

/* Of one contract. Numbers alone, in the order in which the fact has them. */
typedef struct anshin_tally_t {
    apr_int64_t users[4];        /* by anshin_account_state_t */
    apr_int64_t locks;           /* of accounts, by attempts */
    apr_int64_t sessions;        /* that count */
    apr_int64_t certificates[3]; /* by anshin_standing_t */
    apr_int64_t ending[ANSHIN_ENDINGS];
    apr_int64_t mails_waiting;
    apr_int64_t mails_failed;
    apr_int64_t mail_oldest; /* when the oldest that waits was made; 0: none does */
} anshin_tally_t;

/* Count and write down, for each contract that is declared: one read transaction for each type of record, with a pause
 * between them, and one that writes. op needs no contract. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_tally_take(anshin_op_t *op);

/* What was counted last; *at: when, 0: never yet, and all is 0. In a transaction of any mode. Same answers. */
apr_status_t anshin_tally_read(anshin_op_t *op, anshin_txn_t *txn, const char *contract, anshin_tally_t *tally,
                               apr_time_t *at);

/* When a CA ends, as its signer says. Written where it is news. */
apr_status_t anshin_tally_note_ca(anshin_op_t *op, const char *name, apr_time_t end);

/* The same read, and until when its list of revoked certificates counts; 0: not known. In a transaction of any mode. */
apr_status_t anshin_tally_read_ca(anshin_op_t *op, anshin_txn_t *txn, const char *name, apr_time_t *end,
                                  apr_time_t *crl);

#endif
