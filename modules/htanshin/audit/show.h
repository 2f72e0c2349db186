/*
 * htanshin audit show. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_AUDIT_SHOW_H
#define ANSHIN_HTANSHIN_AUDIT_SHOW_H

#include "htanshin/command.h"

/* Write the events that the options ask for to the standard output, in the order of the trail: they are not kept. */
apr_status_t anshin_audit_show(anshin_call_t *call);

/* "2026-11-30", "2026-11-30T05:12" or "...:00", followed by Z or +09:00 or nothing (this machine's zone), or a span
 * ("40d") that is so long ago. APR_SUCCESS or ANSHIN_EINVALID; not given: 0. */
apr_status_t anshin_audit_time(anshin_call_t *call, const char *option, apr_time_t *at);

#endif
