/*
 * Lines for httpd's error log: see log.h.
 *
 * SECURITY: what is logged may quote what strangers chose, so no control character gets through (S27).
 */
#include "ca/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_LENGTH 1024

static const char *program_name = "anshin";
static anshin_log_level_t gravest = ANSHIN_LOG_NOTICE;
static anshin_log_sink_t *diverted;

/* By anshin_log_level_t. */
static const char *const level_names[] = {"error", "warn", "notice", "info"};

void anshin_log_open(const char *program, anshin_log_level_t most)
{
    program_name = program;
    gravest = most;
}

void anshin_log_divert(anshin_log_sink_t *sink)
{
    diverted = sink;
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

static void write_line(anshin_log_level_t level, const char *id, const char *text)
{
    char line[LINE_MAX_LENGTH + 160];
    char when[64];
    int length;

    date(when, sizeof(when));
    length = snprintf(line, sizeof(line) - 1, "[%s] [%s:%s] [pid %ld] %s: %s", when, program_name, level_names[level],
                      (long)getpid(), id, text);
    if (length < 0) {
        return;
    }
    length = (size_t)length < sizeof(line) - 1 ? length : (int)sizeof(line) - 2;
    hide_controls(line, length);
    if (diverted != NULL) {
        diverted(level, line + strlen(when) + 3); /* "[", "] " */
        return;
    }
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

const char *anshin_log_read(char *line, apr_size_t length, anshin_log_level_t *level)
{
    const char *head;
    const char *name;

    hide_controls(line, (int)length);
    line[length] = '\0';
    *level = ANSHIN_LOG_ERROR;
    head = line[0] == '[' ? strstr(line, "] [") : NULL;
    name = head != NULL ? strpbrk(head + 3, ":] ") : NULL;
    if (name == NULL || *name != ':') {
        return line;
    }
    for (int i = 0; i < (int)(sizeof(level_names) / sizeof(level_names[0])); i++) {
        apr_size_t size = strlen(level_names[i]);

        if (strncmp(name + 1, level_names[i], size) == 0 && name[1 + size] == ']') {
            *level = (anshin_log_level_t)i;
            return head + 2;
        }
    }
    return line;
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
