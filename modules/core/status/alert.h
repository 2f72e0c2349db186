/*
 * What the operator's command is told of (STA-2, AnshinEventCommand), and when it was told last: so a worker that is
 * started again and again does not tell the same again and again.
 */
#ifndef ANSHIN_CORE_STATUS_ALERT_H
#define ANSHIN_CORE_STATUS_ALERT_H

#include "core/status/status.h"

/* The alarms (anshin_alarm_t), and behind them acts. */
enum {
    ANSHIN_ALERT_BEFORE_ACTS = ANSHIN_ALARMS - 1,
#define ALERT(member, word, act) ANSHIN_ALERT_##member,
#include "core/status/alert.def"
#undef ALERT
    ANSHIN_ALERTS
};

/* "disk", "locked" ...: never changed. */
const char *anshin_alert_word(int alert);

/* The alert of an act's name; -1: nobody is told of it. */
int anshin_alert_of_act(const char *act);

typedef struct anshin_alert_told_t {
    int on;        /* of an alarm: it was told that this is wrong, and not yet that it is over */
    apr_time_t at; /* 0: never */
} anshin_alert_told_t;

/* Of all, and of one (the facts alert/WORD). op needs no contract. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_alert_read(anshin_op_t *op, anshin_alert_told_t told[ANSHIN_ALERTS]);
apr_status_t anshin_alert_put(anshin_op_t *op, int alert, const anshin_alert_told_t *told);

#endif
