/*
 * The operator's command is told of events (STA-2, AnshinEventCommand): what goes wrong with the system and is over
 * again, as its state says (core/status/status.h), and some acts of the audit trail (core/status/alert.def).
 *
 * A line is {"at","kind","state","severity","text","more"} of the system, state being "on" or "over", and
 * {"at","kind","event","more"} of an act, event being as AnshinAuditCommand gets it; more: how many there were besides
 * since the last line of this kind. Each act is told at least once, also where the worker is started anew before the
 * command has taken it: the next one begins at the oldest act that was not told, so that some are told twice. What
 * happened while the command failed is told as one.
 */
#ifndef ANSHIN_CA_WATCH_EVENT_HOOK_H
#define ANSHIN_CA_WATCH_EVENT_HOOK_H

#include "ca/watch/pace.h"
#include "core/status/alert.h"

/* After a step that has found nothing to read. */
#define ANSHIN_EVENT_HOOK_PAUSE apr_time_from_sec(2)

typedef struct anshin_event_hook_t {
    const anshin_env_t *env;
    anshin_pace_t paces[ANSHIN_ALERTS];
    int on[ANSHIN_ALARMS];                       /* was wrong at the last look */
    apr_int64_t mails_failed;                    /* then; -1: there was no look yet */
    anshin_audit_anchor_t next;                  /* so far the trail was read; segment 0: not yet */
    anshin_audit_anchor_t untold[ANSHIN_ALERTS]; /* before the oldest act that is held; segment 0: none is */
    anshin_audit_anchor_t kept;                  /* what the store has of it */
    int known;                                   /* what was told by workers before was read */
    int deaf;                                    /* the log was told that the trail cannot be read, */
    int unkept;                                  /* that the place cannot be written, */
    int failed;                                  /* and that the command fails */
    apr_interval_time_t wait;                    /* after a failure; 0: the last try went well */
    apr_time_t again;                            /* uptime: no try before */
    apr_time_t next_look;                        /* uptime */
} anshin_event_hook_t;

/* Before there are threads, and before the worker leaves its first sign of life. */
void anshin_event_hook_init(anshin_event_hook_t *hook, const anshin_env_t *env);

/* Look, and tell what it is time to tell. One thread. How long to wait for the next step: next to nothing where the
 * trail may have more to read. */
apr_interval_time_t anshin_event_hook_step(anshin_event_hook_t *hook);

/* What is held is thrown away. */
void anshin_event_hook_end(anshin_event_hook_t *hook);

#endif
