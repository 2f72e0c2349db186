/*
 * The operator's command is told of events: see event_hook.h.
 *
 * SECURITY: no secret is among it. Who it is about stands there as the number of the account, and the ID as the audit
 * trail still opens it; the command runs as the worker's user, without a shell (ca/command.h).
 */
#include "ca/watch/event_hook.h"

#include <string.h>

#include <apr_strings.h>

#include "ca/command.h"
#include "ca/log.h"
#include "ca/watch/trail_lines.h"
#include "core/audit/line.h"
#include "core/base/date_text.h"
#include "core/base/waiting.h"
#include "runtime/signs.h"

#define COMMAND_WAIT apr_time_from_sec(10)
#define FIRST_WAIT apr_time_from_sec(1)
#define LONGEST_WAIT apr_time_from_sec(300)
#define LOOK_PAUSE apr_time_from_sec(5)
#define LOOK_SHARE 100               /* one in so many */
#define OLD apr_time_from_sec(86400) /* acts of before are no news */

static void put_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL) {
        (void)json_object_set_new(object, name, json_string(text));
    }
}

/* NULL: memory ended. */
static json_t *begin_line(apr_time_t at, int alert, apr_pool_t *pool)
{
    json_t *line = json_object();

    put_text(line, "at", anshin_date_iso(at, pool));
    put_text(line, "kind", anshin_alert_word(alert));
    return line;
}

/* --- what is wrong, and what is over ------------------------------------------------------------------------------ */

static void hold_alarm(anshin_event_hook_t *hook, int alarm, int on, const char *text, const anshin_op_t *op)
{
    json_t *line = begin_line(op->now, alarm, op->pool);

    put_text(line, "state", on ? "on" : "over");
    put_text(line, "severity",
             on ? anshin_word_name(anshin_health_words, anshin_alarm_severity((anshin_alarm_t)alarm), "") : NULL);
    put_text(line, "text", text);
    anshin_pace_hold(&hook->paces[alarm], line);
    hook->on[alarm] = on;
}

/* All that is wrong of one kind, in one text; NULL: nothing is. */
static const char *text_of(const anshin_status_t *status, int alarm, apr_pool_t *pool)
{
    const char *text = NULL;

    for (int i = 0; i < status->reasons->nelts; i++) {
        const anshin_reason_t *reason = &APR_ARRAY_IDX(status->reasons, i, anshin_reason_t);

        if ((int)reason->alarm == alarm) {
            text = text == NULL ? reason->text : apr_pstrcat(pool, text, "; ", reason->text, NULL);
        }
    }
    return text;
}

static void look(anshin_event_hook_t *hook, anshin_op_t *op)
{
    anshin_signs_t signs;
    anshin_status_t status;
    apr_int64_t failed;

    anshin_signs_look(&signs, op->env->config, op->env->board, op->pool);
    anshin_status_look(&status, op, &signs);
    anshin_error_clear(&op->error);
    failed = anshin_status_sum(&status, ANSHIN_METRIC_MAILS, "failed");
    for (int i = 0; i < ANSHIN_ALARMS; i++) {
        const char *text = text_of(&status, i, op->pool);
        const int grown = i == ANSHIN_ALARM_MAIL_FAILED && hook->mails_failed >= 0 && failed > hook->mails_failed;

        if ((text != NULL) != hook->on[i] || (text != NULL && grown)) {
            hold_alarm(hook, i, text != NULL, text, op);
        }
    }
    hook->mails_failed = failed;
}

static void look_when_due(anshin_event_hook_t *hook, anshin_op_t *op)
{
    const apr_time_t begun = anshin_uptime_now();
    apr_time_t next;

    if (begun < hook->next_look) {
        return;
    }
    look(hook, op);
    next = anshin_uptime_now() + (anshin_uptime_now() - begun) * LOOK_SHARE;
    hook->next_look = next < begun + LOOK_PAUSE ? begun + LOOK_PAUSE : next;
}

/* --- acts --------------------------------------------------------------------------------------------------------- */

static void hold_act(void *baton, anshin_op_t *op, const char *text)
{
    anshin_event_hook_t *hook = baton;
    json_t *event = json_loads(text, 0, NULL);
    const char *act = json_string_value(json_object_get(event, "act"));
    const char *at = json_string_value(json_object_get(event, "at"));
    const int alert = act != NULL ? anshin_alert_of_act(act) : -1;
    const int is_news = at != NULL && strcmp(at, anshin_date_iso(op->now - OLD, op->pool)) > 0;

    json_decref(event);
    if (alert >= 0 && is_news) {
        json_t *line = begin_line(op->now, alert, op->pool);

        (void)json_object_set_new(line, "event", anshin_trail_event(op, text));
        anshin_pace_hold(&hook->paces[alert], line);
        if (hook->untold[alert].segment == 0) {
            hook->untold[alert] = hook->next; /* which still stands before it */
        }
    }
}

/* The place alone, with nothing of a pool. */
static anshin_audit_anchor_t place_of(const anshin_audit_anchor_t *anchor)
{
    return (anshin_audit_anchor_t){
        .segment = anchor->segment, .lines = anchor->lines, .octets = anchor->octets, .chain = anshin_chain_none};
}

static int is_before(const anshin_audit_anchor_t *place, const anshin_audit_anchor_t *other)
{
    return place->segment < other->segment || (place->segment == other->segment && place->octets < other->octets);
}

/* The first time from the end on; so, too, where the trail ends earlier than it did: a backup was restored. *moved:
 * there was something to read. */
static apr_status_t read_acts(anshin_event_hook_t *hook, anshin_op_t *op, int *moved)
{
    anshin_trail_places_t places;
    anshin_audit_anchor_t before;
    apr_status_t status = anshin_trail_places(op, &places);

    *moved = 0;
    if (status != APR_SUCCESS) {
        return status;
    }
    hook->kept = place_of(&places.events);
    if (hook->next.segment == 0) {
        hook->next = hook->kept;
    }
    if (hook->next.segment == 0 || is_before(&places.head, &hook->next)) {
        hook->next = place_of(&places.head);
        memset(hook->untold, 0, sizeof(hook->untold));
    } else if (hook->next.segment < places.start.segment) {
        hook->next = (anshin_audit_anchor_t){.segment = places.start.segment, .chain = anshin_chain_none};
    }
    before = hook->next;
    status = anshin_trail_lines(op, &places, &hook->next, hold_act, hook);
    *moved = !anshin_trail_is_at(&hook->next, &before);
    return status;
}

/* All that the next worker has of this one: the place of the oldest act that was not told. */
static void keep_place(anshin_event_hook_t *hook, anshin_op_t *op)
{
    const anshin_audit_anchor_t *place = &hook->next;
    apr_status_t status;

    for (int i = 0; i < ANSHIN_ALERTS; i++) {
        if (hook->untold[i].segment != 0 && is_before(&hook->untold[i], place)) {
            place = &hook->untold[i];
        }
    }
    status = anshin_trail_is_at(place, &hook->kept) ? APR_SUCCESS : anshin_trail_put_events(op, place);
    if (status != APR_SUCCESS && !hook->unkept) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN1825",
                         "how far AnshinEventCommand has the audit trail cannot be written; after a restart of the "
                         "worker it gets acts again",
                         status, &op->error);
    }
    hook->unkept = status != APR_SUCCESS;
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

static apr_status_t tell(anshin_event_hook_t *hook, int alert, anshin_op_t *op)
{
    const anshin_server_t *server = &op->env->config->server;
    const anshin_alert_told_t told = {alert < ANSHIN_ALARMS && hook->on[alert], op->now};
    const char *line = anshin_pace_line(&hook->paces[alert], op->pool);
    const anshin_message_t message = {"event", line, line != NULL ? strlen(line) : 0, "AnshinEventCommand"};
    apr_status_t status;

    if (line == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1673", "events: out of memory");
    }
    status = anshin_command_run(server->event_command, &message, COMMAND_WAIT, &op->error, op->pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_pace_told(&hook->paces[alert], anshin_uptime_now() + apr_time_from_sec(server->event_pause));
    hook->untold[alert].segment = 0;
    (void)anshin_alert_put(op, alert, &told); /* without it the next worker tells it again */
    anshin_error_clear(&op->error);
    return APR_SUCCESS;
}

/* Until one fails: then all wait, longer each time. */
static apr_status_t tell_all(anshin_event_hook_t *hook, anshin_op_t *op)
{
    const apr_time_t now = anshin_uptime_now();
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < ANSHIN_ALERTS; i++) {
        if (anshin_pace_is_due(&hook->paces[i], now)) {
            status = tell(hook, i, op);
        }
    }
    if (status == APR_SUCCESS) {
        hook->wait = 0;
    } else {
        hook->wait = hook->wait == 0 ? FIRST_WAIT : hook->wait * 2 < LONGEST_WAIT ? hook->wait * 2 : LONGEST_WAIT;
        hook->again = anshin_uptime_now() + hook->wait;
    }
    return status;
}

/* What workers before have told, and how long ago. */
static apr_status_t learn(anshin_event_hook_t *hook, anshin_op_t *op)
{
    anshin_alert_told_t told[ANSHIN_ALERTS];
    const apr_interval_time_t pause = apr_time_from_sec(op->env->config->server.event_pause);
    apr_status_t status = hook->known ? ANSHIN_ENOTFOUND : anshin_alert_read(op, told);

    for (int i = 0; status == APR_SUCCESS && i < ANSHIN_ALERTS; i++) {
        const apr_interval_time_t ago = op->now - told[i].at;

        if (ago >= 0 && ago < pause) {
            hook->paces[i].next = anshin_uptime_now() + pause - ago;
        }
        if (i < ANSHIN_ALARMS) {
            hook->on[i] |= told[i].on;
        }
    }
    hook->known |= status == APR_SUCCESS;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* Told once, and once when it is over. */
static void log_trouble(int *known, const char *id, const char *what, apr_status_t status, const anshin_error_t *err)
{
    if (status != APR_SUCCESS && !*known) {
        anshin_log_cause(ANSHIN_LOG_ERROR, id, what, status, err);
    } else if (status == APR_SUCCESS && *known) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1675", "AnshinEventCommand is told of everything again");
    }
    *known = status != APR_SUCCESS;
}

void anshin_event_hook_init(anshin_event_hook_t *hook, const anshin_env_t *env)
{
    const apr_time_t now = anshin_uptime_now();
    const apr_time_t at = env->board != NULL ? atomic_load_explicit(&env->board->worker_at, memory_order_relaxed) : 0;
    anshin_op_t op;
    apr_pool_t *scratch;

    memset(hook, 0, sizeof(*hook));
    hook->env = env;
    hook->mails_failed = -1;
    hook->next_look = now + LOOK_PAUSE; /* by then worker and signer have left signs of life */
    if (env->config->server.event_command == NULL || at == 0 || now - at < ANSHIN_WORKER_CHANGE) {
        return;
    }
    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, env, NULL, &anshin_actor_worker, scratch);
    hold_alarm(hook, ANSHIN_ALARM_WORKER, 0,
               apr_psprintf(scratch, "the CA worker was gone for %" APR_TIME_T_FMT " seconds", apr_time_sec(now - at)),
               &op);
    apr_pool_destroy(scratch);
}

apr_interval_time_t anshin_event_hook_step(anshin_event_hook_t *hook)
{
    anshin_op_t op;
    apr_pool_t *scratch;
    apr_status_t read, told;
    const apr_time_t again = hook->again;
    int moved = 0;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, hook->env, NULL, &anshin_actor_worker, scratch);
    read = learn(hook, &op);
    if (read == APR_SUCCESS) {
        read = read_acts(hook, &op, &moved);
    }
    log_trouble(&hook->deaf, "AN1674", "AnshinEventCommand: what happens cannot be read", read, &op.error);
    anshin_error_clear(&op.error);
    look_when_due(hook, &op); /* a store that cannot be read is told as well */
    if (anshin_uptime_now() >= again) {
        told = tell_all(hook, &op);
        log_trouble(&hook->failed, "AN1676", "events wait", told, &op.error);
        anshin_error_clear(&op.error);
    }
    if (read == APR_SUCCESS) {
        keep_place(hook, &op);
    }
    apr_pool_destroy(scratch);
    return moved ? 1 : ANSHIN_EVENT_HOOK_PAUSE;
}

void anshin_event_hook_end(anshin_event_hook_t *hook)
{
    for (int i = 0; i < ANSHIN_ALERTS; i++) {
        anshin_pace_end(&hook->paces[i]);
    }
}
