/*
 * Lines for httpd's error log: worker and signer write them to their standard error, which httpd hands to them. Where
 * httpd's error log is the system's log, the worker diverts them (ca/system_log.h, ca/relay.h).
 */
#ifndef ANSHIN_CA_LOG_H
#define ANSHIN_CA_LOG_H

#include "core/anshin.h"

typedef enum anshin_log_level_t {
    ANSHIN_LOG_ERROR,
    ANSHIN_LOG_WARNING,
    ANSHIN_LOG_NOTICE,
    ANSHIN_LOG_INFO
} anshin_log_level_t;

/* Once, before there are threads: the program's name in every line (kept, not copied), and the least grave level
 * that is written. */
void anshin_log_open(const char *program, anshin_log_level_t most);

/* Once, before there are threads: every line goes to sink instead of standard error, without the date and the end of
 * the line. */
typedef void anshin_log_sink_t(anshin_log_level_t level, const char *line);
void anshin_log_divert(anshin_log_sink_t *sink);

/* One line, written at once: "[date] [program:level] [pid N] ID: text". Control characters become '?', what is too
 * long is cut. Thread safe. No secrets. */
void anshin_log(anshin_log_level_t level, const char *id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The cause of a failure under its own id; status without a cause is told by its name. */
void anshin_log_cause(anshin_log_level_t level, const char *id, const char *what, apr_status_t status,
                      const anshin_error_t *err);

/* A line that came from somebody's standard error, without its end. Control characters become '?'. What anshin_log()
 * wrote keeps its level, and the answer is where the date ends; anything else is an error as it stands. */
const char *anshin_log_read(char *line, apr_size_t length, anshin_log_level_t *level);

#endif
