/*
 * When to remind of an end: so long before it, by a list of the contract (ANSHIN_OPTION_SPANS).
 *
 * Each time to remind is told of once. What was told last stands as a mark in the record of what ends: the time to
 * remind itself, not the moment when somebody came to it. So nothing is told twice by a clock that was put back or by a
 * list that was changed, and of several times that have passed the last alone is told.
 */
#ifndef ANSHIN_CORE_CONTEXT_REMINDER_H
#define ANSHIN_CORE_CONTEXT_REMINDER_H

#include "core/context/op.h"

typedef struct anshin_reminders_t {
    const apr_array_header_t *before; /* of apr_interval_time_t, the longest first; NULL: none */
    apr_time_t since;                 /* a time that had passed when it began is none to remind at */
    apr_time_t end;
    apr_time_t mark; /* the last that was told; 0: none was */
} anshin_reminders_t;

/* When to look: now where one is to be told, else at the next of them, else at the end; 0: never, it has come. */
apr_time_t anshin_reminder_look(const anshin_reminders_t *reminders, apr_time_t now);

/* Keep house, inside a write transaction: tell what is to be told now, and *again: when to look again (0: never). due
 * becomes the mark, in the same transaction. An answer ANSHIN_EDENIED of tell, which has written nothing then, means
 * tomorrow; others are returned. An end that has come by the clock of the day alone, which op->now may be behind
 * (core/context/agreed.h), is not told of and not forgotten. */
typedef apr_status_t anshin_reminder_tell_fn(void *baton, anshin_op_t *op, anshin_txn_t *txn, apr_time_t due);
apr_status_t anshin_reminder_act(anshin_op_t *op, anshin_txn_t *txn, const anshin_reminders_t *reminders,
                                 anshin_reminder_tell_fn *tell, void *baton, apr_time_t *again);

/* Has the first of them passed, and the end not come? From then on people are told the days left. */
int anshin_reminder_is_near(const anshin_reminders_t *reminders, apr_time_t now);

/* Days that are left until the end, the one that has begun among them; 0: it has come. For a mail by the clock of the
 * day, whatever op->now is. */
int anshin_reminder_days(apr_time_t end, apr_time_t now);
int anshin_reminder_days_mailed(const anshin_op_t *op, apr_time_t end);

#endif
