/*
 * The audit trail: see trail.h.
 */
#include "core/audit/trail.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/audit/line.h"

#define LANE "here" /* of an installation that shares its store with nobody */

static const char *const actors[] = {[ANSHIN_ACTOR_STRANGER] = "stranger",
                                     [ANSHIN_ACTOR_USER] = "user",
                                     [ANSHIN_ACTOR_OPERATOR] = "operator",
                                     [ANSHIN_ACTOR_WORKER] = "worker",
                                     [ANSHIN_ACTOR_STAFF] = "staff"};

const char *anshin_trail_node(const anshin_env_t *env)
{
    return env->node != NULL ? env->node : LANE;
}

/* --- an event as JSON ------------------------------------------------------------------------------------------- */

/* 0: memory ended. What is no UTF-8 is not kept. */
static int set_text(json_t *object, const char *name, const char *text)
{
    json_t *value = text != NULL ? json_string(text) : NULL;

    if (text == NULL) {
        return 1;
    }
    return json_object_set_new(object, name, value != NULL ? value : json_string("?")) == 0;
}

static int set_number(json_t *object, const char *name, apr_int64_t number)
{
    return json_object_set_new(object, name, json_integer(number)) == 0;
}

/* "2026-11-30T05:12:01.000123Z" */
static const char *time_text(apr_time_t at, apr_pool_t *pool)
{
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, at);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                        parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, parts.tm_usec);
}

/* What only the person's key opens; without a person in the clear. */
static int set_particulars(json_t *object, const anshin_op_t *op, const anshin_act_facts_t *facts)
{
    return set_text(object, "address", op->actor.address) && set_text(object, "client", op->actor.client) &&
           set_text(object, "reason", facts->reason) && set_text(object, "why", op->actor.why) &&
           set_text(object, "before", facts->before) && set_text(object, "after", facts->after);
}

static int set_actor(json_t *object, const anshin_actor_t *actor)
{
    int whole = set_text(object, "by", actors[actor->kind]) && set_text(object, "asked", actor->asked);

    if (actor->kind == ANSHIN_ACTOR_STAFF) {
        return whole && set_text(object, "operator", actor->name) && set_text(object, "staff", actor->number);
    }
    if (actor->kind != ANSHIN_ACTOR_OPERATOR) {
        return whole;
    }
    whole = whole && set_text(object, "operator", actor->name) && set_number(object, "uid", actor->uid) &&
            set_text(object, "login", actor->login) && set_text(object, "claimed", actor->claimed);
    return whole && (actor->login == NULL || set_number(object, "login_uid", actor->login_uid));
}

static int set_facts(json_t *object, const anshin_op_t *op, const anshin_act_facts_t *facts)
{
    return set_text(object, "contract", op->contract != NULL ? op->contract->name : NULL) &&
           set_text(object, "account", facts->account) && set_text(object, "act", anshin_act_name(facts->act)) &&
           set_actor(object, &op->actor) && (facts->terminal == 0 || set_number(object, "terminal", facts->terminal)) &&
           set_text(object, "serial", facts->serial) && set_text(object, "mail", facts->mail);
}

/* What a seal is bound to. */
static const char *bound_to(const char *name, apr_int64_t count, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s.%016" APR_UINT64_T_HEX_FMT, name, (apr_uint64_t)count);
}

static int seal_particulars(json_t *object, anshin_op_t *op, const anshin_act_facts_t *facts, const char *name,
                            const anshin_audit_series_t *series)
{
    json_t *person = json_object();
    const char *sealed = NULL;
    char *text = NULL;
    int whole = person != NULL && set_text(person, "user", facts->user) && set_particulars(person, op, facts);

    text = whole ? json_dumps(person, JSON_COMPACT) : NULL;
    whole = text != NULL && anshin_series_seal(op, series, bound_to(name, series->count, op->pool), text, &sealed,
                                               op->pool) == APR_SUCCESS;
    if (text != NULL) {
        op->env->crypto->wipe(op->env->crypto->ctx, text, strlen(text));
    }
    free(text);
    json_decref(person);
    return whole && set_text(object, "sealed", sealed);
}

/* In op's pool; NULL: it cannot be made. */
static const char *event_text(anshin_op_t *op, const anshin_act_facts_t *facts, const char *name,
                              const anshin_audit_series_t *series)
{
    json_t *object = json_object();
    char *text = NULL;
    const char *copy;
    int whole = object != NULL && set_text(object, "at", time_text(op->now, op->pool)) &&
                set_text(object, "series", name) && set_number(object, "n", series->count) &&
                set_facts(object, op, facts);

    if (whole && series->secret != NULL) {
        whole = seal_particulars(object, op, facts, name, series);
    } else if (whole && facts->account == NULL) {
        whole = set_particulars(object, op, facts);
    }
    text = whole ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    copy = text != NULL ? apr_pstrdup(op->pool, text) : NULL;
    free(text);
    json_decref(object);
    return copy;
}

/* --- adding ------------------------------------------------------------------------------------------------------ */

static const char *record_key(const anshin_env_t *env, const char *name, apr_int64_t count, apr_pool_t *pool)
{
    char *key = apr_pstrcat(pool, "/", bound_to(name, count, pool), NULL);

    for (char *at = key + 1; *at != '\0'; at++) {
        *at = *at == '/' ? ':' : *at; /* of what stands behind the second one a count would be kept */
    }
    return apr_pstrcat(pool, anshin_trail_node(env), key, NULL);
}

/* Who was turned away at the door has changed nothing, and may come at any rate, from anywhere: the history tells of
 * that, and is bounded (S37). The trail has no bound, so that what fills it must be. */
static int is_turned_away(anshin_act_t act)
{
    static const anshin_act_t acts[] = {ANSHIN_ACT_UNKNOWN_USER, ANSHIN_ACT_THROTTLED, ANSHIN_ACT_LOCKED,
                                        ANSHIN_ACT_NOT_ACTIVE, ANSHIN_ACT_NOT_VALID};

    for (apr_size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        if (acts[i] == act) {
            return 1;
        }
    }
    return 0;
}

/* The ID of one who is erased is in nothing that is new. */
static apr_status_t add(void *ctx, anshin_op_t *op, anshin_txn_t *txn, const anshin_act_facts_t *facts)
{
    const int is_person = facts->user != NULL && facts->account != NULL && facts->act != ANSHIN_ACT_ACCOUNT_ERASED;
    const char *name = anshin_series_name(op, is_person ? facts->account : NULL);
    anshin_audit_series_t series;
    anshin_audit_event_t record = {.event = NULL};
    const char *key;
    apr_status_t status;

    (void)ctx;
    if (is_turned_away(facts->act)) {
        return APR_SUCCESS;
    }
    status = anshin_series_add(op, txn, name, is_person ? facts->user : NULL, &series);
    if (status != APR_SUCCESS) {
        return status;
    }
    record.event = event_text(op, facts, name, &series);
    record.mac = record.event != NULL ? anshin_line_mac(op, record.event, op->pool) : NULL;
    if (record.mac == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1462", "audit: the event %s cannot be made",
                           anshin_act_name(facts->act));
    }
    key = record_key(op->env, name, series.count, op->pool);
    status = anshin_txn_put(txn, &anshin_record_audit_event, key, &record);
    return status == APR_SUCCESS ? anshin_txn_due(txn, &anshin_record_audit_event, key, op->now) : status;
}

const anshin_audit_t anshin_trail = {NULL, add};

/* What somebody else has written stays as it is: htanshin audit verify tells of it. */
apr_status_t anshin_trail_renew(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *renewed)
{
    anshin_audit_event_t record;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_audit_event, key, &record);

    *renewed = status == APR_SUCCESS && record.event != NULL &&
               anshin_line_made_by(op, record.event, record.mac, op->pool) > 0;
    if (!*renewed || !anshin_txn_writes(txn)) {
        return status;
    }
    record.mac = anshin_line_mac(op, record.event, op->pool);
    return record.mac != NULL ? anshin_txn_put(txn, &anshin_record_audit_event, key, &record) : ANSHIN_EFAULT;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

const char *anshin_trail_key(const anshin_env_t *env, const json_t *event, apr_pool_t *pool)
{
    const char *name = json_string_value(json_object_get(event, "series"));
    const json_t *count = json_object_get(event, "n");

    return name != NULL && strchr(name, '/') != NULL && json_is_integer(count)
               ? record_key(env, name, json_integer_value(count), pool)
               : NULL;
}

json_t *anshin_trail_open(const anshin_op_t *op, const char *event, const anshin_audit_series_t *series,
                          apr_pool_t *pool)
{
    json_t *object = json_loads(event, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(object, "series"));
    const char *sealed = json_string_value(json_object_get(object, "sealed"));
    const char *text = NULL;
    json_t *person = NULL;

    if (name == NULL) {
        json_decref(object);
        return NULL;
    }
    if (series != NULL && sealed != NULL) {
        text = anshin_series_open(op, series, bound_to(name, json_integer_value(json_object_get(object, "n")), pool),
                                  sealed, pool);
    }
    person = text != NULL ? json_loads(text, 0, NULL) : NULL;
    (void)json_object_del(object, "sealed");
    if (person != NULL) {
        (void)json_object_update(object, person);
    }
    json_decref(person);
    return object;
}
