/*
 * The CAs as issuers: see issuer.h.
 */
#include "core/certificate/issuer.h"

#include <string.h>

#include <apr_strings.h>

#include "core/certificate/certificate.h"
#include "core/config/ca_files.h"
#include "core/context/reminder.h"
#include "core/mail/event.h"

#define DAYS(number) apr_time_from_sec((number) * (apr_int64_t)86400)
#define END "ca-end/"
#define STOPPED "ca-compromised/" /* and the id */
#define ID "ca-id/"               /* and the name */

/* --- what is left ------------------------------------------------------------------------------------------------ */

typedef struct counting_t {
    anshin_issued_left_t *lefts;
    int count;
    apr_time_t now;
} counting_t;

static apr_status_t count_one(void *baton, const char *serial, const void *record)
{
    const counting_t *counting = baton;
    const anshin_certificate_t *certificate = record;

    (void)serial;
    if (anshin_certificate_standing(certificate, counting->now) != ANSHIN_STANDING_ACTIVE) {
        return APR_SUCCESS;
    }
    for (int i = 0; i < counting->count; i++) {
        anshin_issued_left_t *left = &counting->lefts[i];

        if (anshin_revoked_is_whose(certificate->ca, &left->ca)) {
            left->count++;
            left->until = certificate->not_after > left->until ? certificate->not_after : left->until;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t walk(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    counting_t *counting = baton;

    counting->now = op->now;
    for (int i = 0; i < counting->count; i++) {
        counting->lefts[i].count = 0;
        counting->lefts[i].until = 0;
    }
    return anshin_txn_each(txn, &anshin_record_certificate, "", count_one, counting);
}

apr_status_t anshin_issued_left(anshin_op_t *op, anshin_issued_left_t *lefts, int count)
{
    counting_t counting = {.lefts = lefts, .count = count};

    return anshin_op_read(op, walk, &counting);
}

/* --- its end ----------------------------------------------------------------------------------------------------- */

const apr_interval_time_t anshin_issuer_reminders[3] = {DAYS(365), DAYS(90), DAYS(30)};

typedef struct reminding_t {
    const char *id;
    apr_time_t end;
    int days;
} reminding_t;

static apr_status_t tell(void *baton, anshin_op_t *op, anshin_txn_t *txn, apr_time_t due)
{
    reminding_t *reminding = baton;
    const anshin_fact_t fact = {.at = due};

    reminding->days = anshin_reminder_days(reminding->end, op->now);
    return anshin_txn_put(txn, &anshin_record_fact, apr_pstrcat(op->pool, END, reminding->id, NULL), &fact);
}

static apr_status_t remind(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    reminding_t *reminding = baton;
    apr_array_header_t *before = apr_array_make(op->pool, 3, sizeof(apr_interval_time_t));
    anshin_reminders_t reminders = {.before = before, .end = reminding->end};
    anshin_fact_t fact = {.at = 0};
    apr_time_t again;
    apr_status_t status =
        anshin_txn_get(txn, &anshin_record_fact, apr_pstrcat(op->pool, END, reminding->id, NULL), &fact);

    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    for (int i = 0; i < 3; i++) {
        APR_ARRAY_PUSH(before, apr_interval_time_t) = anshin_issuer_reminders[i];
    }
    reminders.mark = fact.at;
    reminding->days = 0;
    return anshin_reminder_act(op, txn, &reminders, tell, reminding, &again);
}

apr_status_t anshin_issuer_remind(anshin_op_t *op, const char *id, apr_time_t end, int *days)
{
    reminding_t reminding = {.id = id, .end = end};
    apr_status_t status = anshin_op_write(op, ANSHIN_DURABLE, remind, &reminding);

    *days = status == APR_SUCCESS ? reminding.days : 0;
    return status;
}

/* --- one that is stopped ----------------------------------------------------------------------------------------- */

/* *fact is empty where there is none. */
static apr_status_t get_fact(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_fact_t *fact)
{
    apr_status_t status = txn != NULL ? anshin_txn_get(txn, &anshin_record_fact, key, fact)
                                      : anshin_op_get(op, &anshin_record_fact, key, fact);

    if (status != APR_SUCCESS) {
        *fact = (anshin_fact_t){.value = NULL};
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

typedef struct naming_t {
    const char *id;
    const char *name;
} naming_t;

static apr_status_t stop(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const naming_t *naming = baton;
    const anshin_event_t event = {.act = ANSHIN_ACT_CA_COMPROMISED, .reason = naming->name};
    const anshin_fact_t said = {.value = naming->name, .at = op->now};
    apr_time_t before;
    apr_status_t status = anshin_issuer_stopped(op, txn, naming->id, &before);

    if (status != APR_SUCCESS || before != 0) {
        return status;
    }
    status = anshin_txn_put(txn, &anshin_record_fact, apr_pstrcat(op->pool, STOPPED, naming->id, NULL), &said);
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

apr_status_t anshin_issuer_stop(anshin_op_t *op, const char *id, const char *name)
{
    return anshin_op_write(op, ANSHIN_DURABLE, stop, &(naming_t){id, name});
}

apr_status_t anshin_issuer_stopped(anshin_op_t *op, anshin_txn_t *txn, const char *id, apr_time_t *at)
{
    anshin_fact_t fact;
    apr_status_t status = get_fact(op, txn, apr_pstrcat(op->pool, STOPPED, id, NULL), &fact);

    *at = fact.at;
    return status;
}

apr_status_t anshin_issuer_may(anshin_op_t *op, anshin_txn_t *txn, const char *id)
{
    anshin_fact_t said;
    apr_status_t status = get_fact(op, txn, apr_pstrcat(op->pool, STOPPED, id, NULL), &said);

    return status != APR_SUCCESS || said.at == 0
               ? status
               : anshin_fail(&op->error, ANSHIN_EBUSY, "AN1253",
                             "the CA %s issues nothing since its key was declared compromised; certificates wait until "
                             "htanshin ca switch has made another one issue and httpd is reloaded",
                             said.value);
}

static apr_status_t note(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const naming_t *naming = baton;
    const anshin_fact_t fact = {.value = naming->id, .at = op->now};

    return anshin_txn_put(txn, &anshin_record_fact, apr_pstrcat(op->pool, ID, naming->name, NULL), &fact);
}

apr_status_t anshin_issuer_note(anshin_op_t *op, const char *name, const char *id)
{
    anshin_fact_t noted;
    apr_status_t status = get_fact(op, NULL, apr_pstrcat(op->pool, ID, name, NULL), &noted);

    return status != APR_SUCCESS || (noted.value != NULL && strcmp(noted.value, id) == 0)
               ? status
               : anshin_op_write(op, ANSHIN_LAZY, note, &(naming_t){id, name});
}

apr_status_t anshin_issuer_waits(anshin_op_t *op, int *waits)
{
    const char *name = anshin_ca_issuer(op->env->config, op->contract, op->pool).name;
    anshin_fact_t noted;
    apr_time_t at = 0;
    apr_status_t status = get_fact(op, NULL, apr_pstrcat(op->pool, ID, name, NULL), &noted);

    if (status == APR_SUCCESS && noted.value != NULL) {
        status = anshin_issuer_stopped(op, NULL, noted.value, &at);
    }
    *waits = at != 0;
    return status;
}
