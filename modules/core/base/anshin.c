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
    return status;
}

void anshin_error_clear(anshin_error_t *err)
{
    err->status = APR_SUCCESS;
    err->id = "";
    err->text[0] = '\0';
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
