/*
 * The system's log, where httpd's ErrorLog is syslog[:FACILITY[:TAG]]: the worker's lines go beside httpd's (B23).
 */
#ifndef ANSHIN_CA_SYSTEM_LOG_H
#define ANSHIN_CA_SYSTEM_LOG_H

#include "ca/log.h"

typedef struct anshin_system_log_t {
    int facility;    /* of syslog(3) */
    const char *tag; /* NULL: there is none */
} anshin_system_log_t;

/* httpd's ErrorLog, read as httpd reads it: local7 without a facility, any beginning of a facility's name will do,
 * upper and lower case are the same. No tag, or an empty one: program. log points into both texts. APR_SUCCESS, or
 * ANSHIN_EINVALID: it is not syslog, or there is no such facility. */
apr_status_t anshin_system_log_parse(anshin_system_log_t *log, const char *error_log, const char *program);

/* What anshin_log() is told goes there from now on. log's tag is kept, not copied. */
void anshin_system_log_open(const anshin_system_log_t *log);

/* One line: an anshin_log_sink_t. */
void anshin_system_log_say(anshin_log_level_t level, const char *line);

#endif
