/*
 * What the operator's command is told of: see alert.h.
 */
#include "core/status/alert.h"

#include <string.h>

#include <apr_strings.h>

#include "core/audit/act.h"

#define ON "on"
#define OVER "over"

static const struct {
    const char *word;
    anshin_act_t act;
} acts[] = {
#define ALERT(member, word, act) {word, ANSHIN_ACT_##act},
#include "core/status/alert.def"
#undef ALERT
};

const char *anshin_alert_word(int alert)
{
    return alert < ANSHIN_ALARMS ? anshin_alarm_words[alert].name : acts[alert - ANSHIN_ALARMS].word;
}

int anshin_alert_of_act(const char *act)
{
    for (int i = 0; i < ANSHIN_ALERTS - ANSHIN_ALARMS; i++) {
        if (strcmp(act, anshin_act_name(acts[i].act)) == 0) {
            return ANSHIN_ALARMS + i;
        }
    }
    return -1;
}

static const char *key_of(const anshin_op_t *op, int alert)
{
    return apr_pstrcat(op->pool, "alert/", anshin_alert_word(alert), NULL);
}

static apr_status_t read_all(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_alert_told_t *told = baton;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < ANSHIN_ALERTS; i++) {
        anshin_fact_t fact;

        status = anshin_txn_get(txn, &anshin_record_fact, key_of(op, i), &fact);
        told[i] = (anshin_alert_told_t){0};
        if (status == APR_SUCCESS) {
            told[i] = (anshin_alert_told_t){fact.value != NULL && strcmp(fact.value, ON) == 0, fact.at};
        }
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

apr_status_t anshin_alert_read(anshin_op_t *op, anshin_alert_told_t told[ANSHIN_ALERTS])
{
    return anshin_op_look(op, read_all, told);
}

typedef struct putting_t {
    int alert;
    const anshin_alert_told_t *told;
} putting_t;

static apr_status_t put(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const putting_t *putting = baton;
    const anshin_fact_t fact = {.value = putting->told->on ? ON : OVER, .at = putting->told->at};

    return anshin_txn_put(txn, &anshin_record_fact, key_of(op, putting->alert), &fact);
}

apr_status_t anshin_alert_put(anshin_op_t *op, int alert, const anshin_alert_told_t *told)
{
    putting_t putting = {alert, told};

    return anshin_op_write(op, ANSHIN_LAZY, put, &putting);
}
