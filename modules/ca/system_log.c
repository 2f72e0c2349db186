/*
 * The system's log: see system_log.h.
 */
#include "ca/system_log.h"

#include <string.h>
#include <strings.h>
#include <syslog.h>

#define NAME "syslog"

/* In httpd's order, which decides what a beginning stands for. */
static const struct {
    const char *name;
    int facility;
} facilities[] = {
    {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},     {"daemon", LOG_DAEMON},
    {"ftp", LOG_FTP},       {"kern", LOG_KERN},         {"lpr", LOG_LPR},       {"mail", LOG_MAIL},
    {"news", LOG_NEWS},     {"syslog", LOG_SYSLOG},     {"user", LOG_USER},     {"uucp", LOG_UUCP},
    {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3},
    {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},     {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

static apr_status_t find_facility(int *facility, const char *name, apr_size_t length)
{
    if (length == 0) {
        *facility = LOG_LOCAL7;
        return APR_SUCCESS;
    }
    for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++) {
        if (strncasecmp(facilities[i].name, name, length) == 0) {
            *facility = facilities[i].facility;
            return APR_SUCCESS;
        }
    }
    return ANSHIN_EINVALID;
}

apr_status_t anshin_system_log_parse(anshin_system_log_t *log, const char *error_log, const char *program)
{
    const char *name = error_log + strlen(NAME);
    const char *tag;

    log->tag = NULL;
    if (strncasecmp(error_log, NAME, strlen(NAME)) != 0 || (*name != '\0' && *name != ':')) {
        return ANSHIN_EINVALID;
    }
    name += *name == ':' ? 1 : 0;
    tag = strchrnul(name, ':');
    if (find_facility(&log->facility, name, (apr_size_t)(tag - name)) != APR_SUCCESS) {
        return ANSHIN_EINVALID;
    }
    log->tag = tag[0] == ':' && tag[1] != '\0' ? tag + 1 : program;
    return APR_SUCCESS;
}

void anshin_system_log_open(const anshin_system_log_t *log)
{
    openlog(log->tag, LOG_NDELAY | LOG_PID, log->facility);
    anshin_log_divert(anshin_system_log_say);
}

void anshin_system_log_say(anshin_log_level_t level, const char *line)
{
    /* By anshin_log_level_t. */
    static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO};

    syslog(priorities[level], "%s", line);
}
