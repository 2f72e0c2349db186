/*
 * The time that two clocks agree on: see agreed.h.
 *
 * What is compared is when the machine was started: the time of the day less the time it has run. As long as nobody
 * sets the clock that stays the same.
 */
#include "core/context/agreed.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define KEY "clock"
#define DAY apr_time_from_sec(86400)
#define NOTE_EVERY apr_time_from_sec(600)

static int is_near(apr_time_t one, apr_time_t other)
{
    return one - other <= ANSHIN_CLOCK_STEP && other - one <= ANSHIN_CLOCK_STEP;
}

/* Another start of the machine. It may have been off a while; a longer while is doubted, as a step of the clock is. */
static void begin_anew(anshin_clock_t *clock, const char *boot, apr_time_t started_at, apr_time_t uptime)
{
    apr_interval_time_t off = started_at + uptime - clock->agreed_at;

    clock->started_at =
        off >= -ANSHIN_CLOCK_STEP && off <= ANSHIN_CLOCK_PATIENCE ? started_at : clock->agreed_at - uptime;
    clock->boot = boot;
    clock->doubted_at = 0;
}

/* By when the machine was started, as the clock of the day has it. */
static void compare(anshin_clock_t *clock, apr_time_t started_at, apr_time_t uptime)
{
    int is_doubted = clock->doubted_at != 0 && is_near(started_at, clock->doubted_at);

    if (is_near(started_at, clock->started_at) ||
        (is_doubted && uptime - clock->doubted_since >= ANSHIN_CLOCK_PATIENCE)) {
        clock->started_at = started_at;
        clock->doubted_at = 0;
    } else if (!is_doubted) {
        clock->doubted_at = started_at;
        clock->doubted_since = uptime;
    }
}

static void tell(const anshin_clock_t *clock, anshin_agreed_t *agreed)
{
    agreed->by = clock->doubted_at != 0 ? clock->doubted_at - clock->started_at : 0;
    agreed->until = clock->doubted_at != 0 ? clock->doubted_at + clock->doubted_since + ANSHIN_CLOCK_PATIENCE : 0;
}

/* 1: what was noted last is true enough. */
static int is_noted(const anshin_clock_t *noted, const anshin_clock_t *clock)
{
    return strcmp(noted->boot, clock->boot) == 0 && noted->doubted_at == clock->doubted_at &&
           clock->agreed_at >= noted->agreed_at && clock->agreed_at < noted->agreed_at + NOTE_EVERY;
}

/* boot is never NULL. */
static apr_status_t get(anshin_txn_t *txn, anshin_clock_t *clock)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_clock, KEY, clock);

    if (clock->boot == NULL) {
        clock->boot = "";
    }
    return status;
}

static apr_status_t agree_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_agreed_t *agreed = baton;
    const apr_time_t uptime = op->env->uptime->read(op->env->uptime->ctx);
    const char *boot = op->env->uptime->boot;
    apr_time_t started_at = op->now - uptime;
    anshin_clock_t noted;
    anshin_clock_t clock;
    apr_status_t status = get(txn, &noted);

    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    clock = status == APR_SUCCESS ? noted : (anshin_clock_t){.boot = boot, .started_at = started_at};
    if (strcmp(clock.boot, boot) != 0) {
        begin_anew(&clock, boot, started_at, uptime);
    }
    compare(&clock, started_at, uptime);
    clock.agreed_at = clock.started_at + uptime;
    tell(&clock, agreed);
    agreed->time = clock.agreed_at < op->now ? clock.agreed_at : op->now;
    return is_noted(&noted, &clock) ? APR_SUCCESS : anshin_txn_put(txn, &anshin_record_clock, KEY, &clock);
}

apr_status_t anshin_agreed_time(anshin_op_t *op, anshin_agreed_t *agreed)
{
    *agreed = (anshin_agreed_t){.time = op->now};
    return op->env->uptime != NULL ? anshin_op_write(op, ANSHIN_LAZY, agree_in, agreed) : APR_SUCCESS;
}

apr_status_t anshin_agreed_last(anshin_txn_t *txn, anshin_agreed_t *agreed)
{
    anshin_clock_t clock;
    apr_status_t status = get(txn, &clock);

    *agreed = (anshin_agreed_t){.time = 0};
    if (status == APR_SUCCESS) {
        tell(&clock, agreed);
        agreed->time = clock.agreed_at;
    }
    return status;
}

const char *anshin_agreed_words(const anshin_agreed_t *agreed, apr_pool_t *pool)
{
    return apr_psprintf(pool, "the clock was put %s by %" APR_INT64_T_FMT " days, or the machine was off for long",
                        agreed->by > 0 ? "forward" : "back", (apr_int64_t)(llabs(agreed->by) / DAY));
}
