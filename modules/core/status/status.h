/*
 * The state of the system for who watches over it (STA-1): numbers, what is wrong, and one word.
 *
 * It costs the same however many users there are: what takes a walk was counted by the worker (tally.h), what becomes
 * of attempts stands on the board (board.h), all else is a look at a few files and records. Nothing of a user is in it,
 * and no secret.
 */
#ifndef ANSHIN_CORE_STATUS_STATUS_H
#define ANSHIN_CORE_STATUS_STATUS_H

#include "core/base/words.h"
#include "core/context/op.h"
#include "core/status/board.h"

typedef enum anshin_health_t { ANSHIN_HEALTHY, ANSHIN_DEGRADED, ANSHIN_DOWN } anshin_health_t;
extern const anshin_word_t anshin_health_words[]; /* "healthy", "degraded", "down" */

typedef enum anshin_alarm_t {
#define ALARM(member, word, severity) ANSHIN_ALARM_##member,
#include "core/status/alarm.def"
#undef ALARM
    ANSHIN_ALARMS
} anshin_alarm_t;
extern const anshin_word_t anshin_alarm_words[];

/* What the system is while there is this alarm. */
anshin_health_t anshin_alarm_severity(anshin_alarm_t alarm);

typedef enum anshin_metric_t {
#define METRIC(member, name, kind, unit, first, second, help) ANSHIN_METRIC_##member,
#include "core/status/metric.def"
#undef METRIC
    ANSHIN_METRICS
} anshin_metric_t;

typedef enum anshin_metric_kind_t { ANSHIN_METRIC_GAUGE, ANSHIN_METRIC_COUNTER } anshin_metric_kind_t;

typedef struct anshin_metric_row_t {
    const char *name;
    anshin_metric_kind_t kind;
    const char *unit;      /* NULL: none */
    const char *labels[2]; /* their names; NULL: none */
    const char *help;
} anshin_metric_row_t;
extern const anshin_metric_row_t anshin_metric_rows[ANSHIN_METRICS];

/* One number. */
typedef struct anshin_sample_t {
    anshin_metric_t metric;
    const char *labels[2]; /* their values */
    apr_int64_t value;     /* where the unit is seconds: microseconds */
} anshin_sample_t;

/* Something that is wrong. */
typedef struct anshin_reason_t {
    anshin_alarm_t alarm;
    const char *text; /* for people: what, and how much */
} anshin_reason_t;

typedef struct anshin_status_t {
    apr_time_t at;
    apr_time_t since; /* when counters began; 0: there are none */
    anshin_health_t health;
    apr_array_header_t *reasons; /* of anshin_reason_t; empty: healthy */
    apr_array_header_t *samples; /* of anshin_sample_t, those of a metric together, in the order of metrics */
} anshin_status_t;

/* What a look at the machine tells (runtime/signs.h). -1: not known. */
typedef struct anshin_signs_t {
    const anshin_board_t *board; /* NULL: there is none */
    int httpd;                   /* 1: it runs */
    int worker;                  /* 1: it runs */
    apr_time_t uptime;           /* of the machine, now */
    apr_int64_t store;           /* octets of its files */
    apr_time_t checkpoint;       /* when the last one was; 0: not known */
    apr_int64_t disk;            /* octets that are left */
    int slots;
    int slots_used;
    int slots_waited;
} anshin_signs_t;

/* So long the worker may be silent; longer than any step of its housekeeping takes. */
#define ANSHIN_WORKER_SILENCE apr_time_from_sec(120)
/* So long it may be gone, where httpd runs: a restart ends one before it starts another. */
#define ANSHIN_WORKER_CHANGE apr_time_from_sec(30)
#define ANSHIN_DISK_LOW ((apr_int64_t)64 << 20)
#define ANSHIN_DISK_FULL (ANSHIN_DISK_LOW / 8)

/* 1: the worker runs, or has gone a moment ago and httpd starts another; 0: it does not run; -1: cannot be told. */
int anshin_status_worker(const anshin_signs_t *signs);

/* Look. op needs no contract; where env has no store, its error says why, and the answer is "down". In op's pool. */
void anshin_status_look(anshin_status_t *status, anshin_op_t *op, const anshin_signs_t *signs);

/* The sum of the samples of a metric whose last label has this value (NULL: any). */
apr_int64_t anshin_status_sum(const anshin_status_t *status, anshin_metric_t metric, const char *label);

#endif
