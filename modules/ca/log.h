/*
 * Lines of worker and signer, for their standard error. Started by httpd, which writes them to its error log as it does
 * its own (auth/process/worker_log.c), each begins with its level; else with the date.
 */
#ifndef ANSHIN_CA_LOG_H
#define ANSHIN_CA_LOG_H

#include "core/base/anshin.h"

typedef enum anshin_log_level_t {
    ANSHIN_LOG_ERROR,
    ANSHIN_LOG_WARNING,
    ANSHIN_LOG_NOTICE,
    ANSHIN_LOG_INFO
} anshin_log_level_t;

/* Once, before there are threads: the program's name in every line (kept, not copied), and the least grave level
 * that is written. */
void anshin_log_open(const char *program, anshin_log_level_t most);

/* Once, before there are threads: who reads standard error adds date and level. A line is "<N>program[PID]: ID: text"
 * from now on, N being the level as syslog(3) counts them, as httpd's module and systemd read it. */
void anshin_log_for_reader(void);

/* One line, written at once: "[date] [program:level] [pid N] ID: text". Control characters become '?', what is too
 * long is cut. Thread safe. No secrets. */
void anshin_log(anshin_log_level_t level, const char *id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The cause of a failure under its own id; status without a cause is told by its name. */
void anshin_log_cause(anshin_log_level_t level, const char *id, const char *what, apr_status_t status,
                      const anshin_error_t *err);

#endif
