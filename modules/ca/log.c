/*
 * Lines for standard error: see log.h.
 *
 * SECURITY: what is logged may quote what strangers chose, so no control character gets through (S27).
 */
#include "ca/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_MAX_LENGTH 1024

static const char *program_name = "anshin";
static anshin_log_level_t gravest = ANSHIN_LOG_NOTICE;
static int for_reader;

/* By anshin_log_level_t. */
static const struct {
    const char *name;
    int number; /* of syslog(3) */
} levels[] = {{"error", LOG_ERR}, {"warn", LOG_WARNING}, {"notice", LOG_NOTICE}, {"info", LOG_INFO}};

void anshin_log_open(const char *program, anshin_log_level_t most)
{
    program_name = program;
    gravest = most;
}

void anshin_log_for_reader(void)
{
    for_reader = 1;
}

/* "Sun Nov 22 15:30:28.123456 2026", as httpd writes it. */
static void date(char *text, size_t size)
{
    apr_time_exp_t now;

    (void)apr_time_exp_lt(&now, apr_time_now());
    (void)snprintf(text, size, "%s %s %02d %02d:%02d:%02d.%06d %d", apr_day_snames[now.tm_wday],
                   apr_month_snames[now.tm_mon], now.tm_mday, now.tm_hour, now.tm_min, now.tm_sec, now.tm_usec,
                   now.tm_year + 1900);
}

/* U+0000 to U+001F, U+007F, and U+0080 to U+009F, which some terminals obey as well; byte for byte. */
static void hide_controls(char *line, int length)
{
    for (int i = 0; i < length; i++) {
        unsigned char c = (unsigned char)line[i];

        if (c < 0x20 || c == 0x7f) {
            line[i] = '?';
        } else if (c == 0xc2 && i + 1 < length && ((unsigned char)line[i + 1] & 0xe0) == 0x80) {
            line[i] = line[i + 1] = '?';
        }
    }
}

/* As snprintf() answers. */
static int write_head(char *line, size_t size, anshin_log_level_t level)
{
    char when[64];

    if (for_reader) {
        return snprintf(line, size, "<%d>%s[%ld]: ", levels[level].number, program_name, (long)getpid());
    }
    date(when, sizeof(when));
    return snprintf(line, size, "[%s] [%s:%s] [pid %ld] ", when, program_name, levels[level].name, (long)getpid());
}

static void write_line(anshin_log_level_t level, const char *id, const char *text)
{
    char line[LINE_MAX_LENGTH + 160];
    const int room = (int)sizeof(line) - 1;
    int head = write_head(line, (size_t)room, level);
    int length;

    if (head < 0 || head >= room) {
        return;
    }
    length = snprintf(line + head, (size_t)(room - head), "%s: %s", id, text);
    if (length < 0) {
        return;
    }
    length = head + length < room ? head + length : room - 1;
    hide_controls(line, length);
    line[length++] = '\n';
    /* One write, so that lines of several processes do not mix; there is nobody to tell when it fails. */
    if (write(STDERR_FILENO, line, (size_t)length) < 0) {
        return;
    }
}

void anshin_log(anshin_log_level_t level, const char *id, const char *format, ...)
{
    char text[LINE_MAX_LENGTH];
    va_list args;

    if (level > gravest) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* NOLINT(clang-analyzer-valist.Uninitialized): the line above */
    va_end(args);
    write_line(level, id, text);
}

void anshin_log_cause(anshin_log_level_t level, const char *id, const char *what, apr_status_t status,
                      const anshin_error_t *err)
{
    if (err != NULL && err->status != APR_SUCCESS) {
        anshin_log(level, id, "%s: %s (%s)", what, err->text, err->id);
        return;
    }
    anshin_log(level, id, "%s: %s", what, anshin_status_name(status));
}
