/*
 * The words every layer shares: see anshin.h.
 */
#include "core/base/anshin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/date_text.h"

anshin_bytes_t anshin_bytes_of(const char *text)
{
    return (anshin_bytes_t){(const unsigned char *)text, strlen(text)};
}

/* One line of valid UTF-8 as far as we are concerned: no control characters (a log line is one line, and what a caller
 * quotes may come from outside), and no character cut in half when the text was too long. */
static void tidy(char *text, int cut)
{
    size_t length = strlen(text);

    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            *at = '?';
        }
    }
    if (!cut) {
        return;
    }
    while (length > 0 && ((unsigned char)text[length - 1] & 0xc0) == 0x80) {
        length--;
    }
    if (length > 0 && (unsigned char)text[length - 1] >= 0xc0) {
        length--;
    }
    text[length] = '\0';
}

/* Behind the conversion that begins at a percent sign. */
static const char *behind_conversion(const char *at)
{
    at++;
    at += strspn(at, "-+ 0#.*123456789hljzt");
    return *at != '\0' ? at + 1 : at;
}

/* What stands in the text at each conversion: each beginning of the format is filled in for its length. */
static void note_parts(anshin_error_t *err, const char *format, va_list args)
{
    char beginning[512];
    size_t length = strlen(err->text);
    size_t at = 0;

    err->format = format;
    err->parts_count = 0;
    for (const char *read = format; *read != '\0' && err->parts_count < ANSHIN_ERROR_PARTS;) {
        const char *next = *read == '%' ? behind_conversion(read) : read + 1;
        if (*read == '%' && next[-1] != '%') {
            size_t end;
            va_list again;
            if ((size_t)(next - format) >= sizeof(beginning)) {
                return;
            }
            memcpy(beginning, format, (size_t)(next - format));
            beginning[next - format] = '\0';
            va_copy(again, args);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the beginning of what the compiler has looked at */
            end = (size_t)vsnprintf(NULL, 0, beginning, again);
#pragma GCC diagnostic pop
            va_end(again);
            end = end > length ? length : end; /* cut */
            at = at > end ? end : at;
            err->parts[err->parts_count++] = (anshin_error_part_t){(unsigned short)at, (unsigned short)(end - at)};
            at = end;
        } else {
            at++;
        }
        read = next;
    }
}

apr_status_t anshin_fail(anshin_error_t *err, apr_status_t status, const char *id, const char *format, ...)
{
    va_list args;
    int length;

    if (err == NULL || err->status != APR_SUCCESS) {
        return status;
    }
    err->status = status;
    err->id = id;
    va_start(args, format);
    length = vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    if (length < 0) {
        err->text[0] = '\0';
    }
    tidy(err->text, length >= (int)sizeof(err->text));
    va_start(args, format);
    note_parts(err, format, args);
    va_end(args);
    return status;
}

void anshin_error_clear(anshin_error_t *err)
{
    if (err == NULL) {
        return;
    }
    err->status = APR_SUCCESS;
    err->id = "";
    err->text[0] = '\0';
    err->format = NULL;
    err->parts_count = 0;
}

const char *anshin_status_name(apr_status_t status)
{
    switch (status) {
    case APR_SUCCESS:
        return "success";
    case ANSHIN_ENOTFOUND:
        return "not found";
    case ANSHIN_ECONFLICT:
        return "conflict";
    case ANSHIN_EBUSY:
        return "busy";
    case ANSHIN_EINVALID:
        return "invalid";
    case ANSHIN_EDENIED:
        return "denied";
    default:
        return "fault";
    }
}

char *anshin_hex(const void *data, apr_size_t length, apr_pool_t *pool)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    char *text = apr_palloc(pool, length * 2 + 1);

    for (apr_size_t i = 0; i < length; i++) {
        text[i * 2] = digits[bytes[i] >> 4];
        text[i * 2 + 1] = digits[bytes[i] & 0x0f];
    }
    text[length * 2] = '\0';
    return text;
}

const char *anshin_time_text(apr_time_t time, apr_pool_t *pool)
{
    return anshin_date_text(time, NULL, ANSHIN_DATE_PLAIN, pool);
}
