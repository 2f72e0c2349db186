/*
 * When to remind of an end: see reminder.h.
 */
#include "core/context/reminder.h"

#define DAY apr_time_from_sec(86400)

/* The first of them that is later than a time; 0: none is. They come in the order of time, the longest before first. */
static apr_time_t first_after(const anshin_reminders_t *reminders, apr_time_t time)
{
    for (int i = 0; reminders->before != NULL && i < reminders->before->nelts; i++) {
        apr_time_t at = reminders->end - APR_ARRAY_IDX(reminders->before, i, apr_interval_time_t);

        if (at > time && at > reminders->since) {
            return at;
        }
    }
    return 0;
}

/* The time to remind that is to be told now; 0: none is, or the end has come. */
static apr_time_t due_by(const anshin_reminders_t *reminders, apr_time_t now)
{
    apr_time_t due = 0;

    for (apr_time_t at = first_after(reminders, reminders->mark); at != 0 && at <= now;
         at = first_after(reminders, at)) {
        due = at;
    }
    return reminders->end > now ? due : 0;
}

static apr_time_t next_after(const anshin_reminders_t *reminders, apr_time_t now)
{
    apr_time_t next = first_after(reminders, reminders->mark > now ? reminders->mark : now);

    if (next != 0) {
        return next;
    }
    return reminders->end > now ? reminders->end : 0;
}

apr_time_t anshin_reminder_look(const anshin_reminders_t *reminders, apr_time_t now)
{
    return due_by(reminders, now) != 0 ? now : next_after(reminders, now);
}

static apr_time_t clock_of_day(const anshin_op_t *op)
{
    return op->env->now(op->env->now_baton);
}

apr_status_t anshin_reminder_act(anshin_op_t *op, anshin_txn_t *txn, const anshin_reminders_t *reminders,
                                 anshin_reminder_tell_fn *tell, void *baton, apr_time_t *again)
{
    const apr_time_t tomorrow = op->now + DAY;
    apr_time_t due = due_by(reminders, op->now);
    apr_status_t status = APR_SUCCESS;

    *again = next_after(reminders, op->now);
    if (due != 0) {
        status = reminders->end > clock_of_day(op) ? tell(baton, op, txn, due) : ANSHIN_EDENIED;
    }
    if (status == ANSHIN_EDENIED) {
        *again = *again < tomorrow ? *again : tomorrow;
        return APR_SUCCESS;
    }
    return status;
}

int anshin_reminder_is_near(const anshin_reminders_t *reminders, apr_time_t now)
{
    apr_time_t first = first_after(reminders, 0);

    return first != 0 && first <= now && now < reminders->end;
}

int anshin_reminder_days(apr_time_t end, apr_time_t now)
{
    return end <= now ? 0 : (int)((end - now + DAY - 1) / DAY);
}

int anshin_reminder_days_mailed(const anshin_op_t *op, apr_time_t end)
{
    return anshin_reminder_days(end, clock_of_day(op));
}
