/*
 * Announcements: a small file, checked whole whenever it is read, so that a wrong entry is not found out on its day.
 */
#include "core/render/announcement.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "core/base/unicode.h"

#define FILE_MAX (64 * 1024) /* octets */
#define URL_MAX 400          /* octets */

typedef struct reading_t {
    const char *path;
    const char *language;
    apr_time_t now;
    int number; /* of the entry, from 1 */
    anshin_error_t *err;
    apr_pool_t *pool;
} reading_t;

static apr_status_t wrong(const reading_t *reading, const char *field, const char *rule)
{
    return anshin_fail(reading->err, ANSHIN_EINVALID, "AN1327", "%s: announcement %d: %s must be %s", reading->path,
                       reading->number, field, rule);
}

/* The next so many digits; 0: there are fewer. */
static int take_number(const char **text, int digits, int *number)
{
    *number = 0;
    for (int i = 0; i < digits; i++, (*text)++) {
        if (!apr_isdigit(**text)) {
            return 0;
        }
        *number = *number * 10 + (**text - '0');
    }
    return 1;
}

/* The next character, where it is one of these. */
static int take_one(const char **text, const char *these)
{
    if (**text == '\0' || strchr(these, **text) == NULL) {
        return 0;
    }
    (*text)++;
    return 1;
}

/* "Z", "+09:00", "" for this machine's zone; 0 when it is none of these. */
static int read_offset(const char *text, struct tm *parts, apr_time_t *time)
{
    int hours = 0, minutes = 0, west = *text == '-';
    time_t seconds;

    if (*text == '\0') {
        parts->tm_isdst = -1;
        seconds = mktime(parts);
    } else if (strcmp(text, "Z") == 0) {
        seconds = timegm(parts);
    } else if (take_one(&text, "+-") && take_number(&text, 2, &hours) && take_one(&text, ":") &&
               take_number(&text, 2, &minutes) && *text == '\0' && hours < 24 && minutes < 60) {
        seconds = timegm(parts) + (west ? 1 : -1) * (hours * 60 + minutes) * 60;
    } else {
        return 0;
    }
    *time = apr_time_from_sec((apr_time_t)seconds);
    return 1;
}

/* Is the day one of the calendar? timegm() takes 30 February for 2 March. */
static int is_day(const struct tm *parts)
{
    struct tm made = *parts;

    (void)timegm(&made);
    return made.tm_mday == parts->tm_mday && made.tm_mon == parts->tm_mon && parts->tm_hour < 24 &&
           parts->tm_min < 60 && parts->tm_sec < 60;
}

/* A time of RFC 3339, whose seconds and offset may be left out and whose T may be a space. */
static int read_time(const char *text, apr_time_t *time)
{
    struct tm parts = {0};

    if (!take_number(&text, 4, &parts.tm_year) || !take_one(&text, "-") || !take_number(&text, 2, &parts.tm_mon) ||
        !take_one(&text, "-") || !take_number(&text, 2, &parts.tm_mday) || !take_one(&text, "T ") ||
        !take_number(&text, 2, &parts.tm_hour) || !take_one(&text, ":") || !take_number(&text, 2, &parts.tm_min) ||
        (take_one(&text, ":") && !take_number(&text, 2, &parts.tm_sec))) {
        return 0;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    return is_day(&parts) && read_offset(text, &parts, time);
}

/* *time: that of the field, or `otherwise` where the entry has none. */
static apr_status_t take_time(const reading_t *reading, const json_t *entry, const char *field, apr_time_t otherwise,
                              apr_time_t *time)
{
    const json_t *value = json_object_get(entry, field);

    *time = otherwise;
    if (value == NULL || (json_is_string(value) && read_time(json_string_value(value), time))) {
        return APR_SUCCESS;
    }
    return wrong(reading, field, "a time such as \"2026-12-05 22:00\" or \"2026-12-05T22:00+09:00\"");
}

static apr_status_t take_url(const reading_t *reading, const json_t *entry, const char **url)
{
    const json_t *value = json_object_get(entry, "url");
    const char *text = json_string_value(value);

    *url = text;
    if (value == NULL ||
        (text != NULL && strlen(text) <= URL_MAX && anshin_unicode_clean(text) && strpbrk(text, " \"<>\\") == NULL &&
         (strncmp(text, "https://", 8) == 0 || (text[0] == '/' && text[1] != '/')))) {
        return APR_SUCCESS;
    }
    return wrong(reading, "url", "an https URL or a path of this site, of at most 400 octets");
}

/* *text: in the language of the page, or the next best. */
static apr_status_t take_text(const reading_t *reading, const json_t *entry, const char **text)
{
    json_t *texts = json_object_get(entry, "text"), *value;
    const char *language, *first = NULL;

    json_object_foreach(texts, language, value)
    {
        const char *one = json_string_value(value);
        apr_size_t length = one != NULL ? anshin_unicode_length(one) : 0;

        if (length == 0 || length > ANSHIN_ANNOUNCEMENT_TEXT_MAX || !anshin_unicode_clean(one)) {
            return wrong(reading, apr_pstrcat(reading->pool, "text.", language, NULL),
                         "a text of 1 to 500 characters, in one line");
        }
        first = first != NULL ? first : one;
    }
    if (first == NULL) {
        return wrong(reading, "text", "an object with a text per language, such as {\"ja\": \"...\"}");
    }
    *text = json_string_value(json_object_get(texts, reading->language));
    *text = *text != NULL ? *text : json_string_value(json_object_get(texts, "ja"));
    *text = *text != NULL ? *text : first;
    return APR_SUCCESS;
}

static apr_status_t check_names(const reading_t *reading, json_t *entry)
{
    const char *name;
    json_t *value;

    if (!json_is_object(entry)) {
        return wrong(reading, "it", "an object");
    }
    json_object_foreach(entry, name, value)
    {
        if (strcmp(name, "from") != 0 && strcmp(name, "until") != 0 && strcmp(name, "url") != 0 &&
            strcmp(name, "text") != 0) {
            return wrong(reading, apr_psprintf(reading->pool, "\"%.40s\"", name), "one of from, until, url, text");
        }
    }
    return APR_SUCCESS;
}

static apr_status_t take(const reading_t *reading, json_t *entry, apr_array_header_t *announcements)
{
    anshin_announcement_t one;
    apr_time_t from = 0, until = 0;
    apr_status_t status = check_names(reading, entry);

    if (status != APR_SUCCESS || (status = take_time(reading, entry, "from", 0, &from)) != APR_SUCCESS ||
        (status = take_time(reading, entry, "until", APR_INT64_MAX, &until)) != APR_SUCCESS ||
        (status = take_url(reading, entry, &one.url)) != APR_SUCCESS ||
        (status = take_text(reading, entry, &one.text)) != APR_SUCCESS) {
        return status;
    }
    if (from >= until) {
        return wrong(reading, "until", "later than from");
    }
    if (from <= reading->now && reading->now < until) {
        one.text = apr_pstrdup(reading->pool, one.text);
        one.url = apr_pstrdup(reading->pool, one.url);
        APR_ARRAY_PUSH(announcements, anshin_announcement_t) = one;
    }
    return APR_SUCCESS;
}

/* The file as JSON, NULL and the cause in err. */
static json_t *load(const char *path, anshin_error_t *err)
{
    FILE *file = fopen(path, "re");
    char data[FILE_MAX + 1];
    apr_size_t length;
    json_error_t cause;
    json_t *json;

    if (file == NULL) {
        (void)anshin_fail(err, ANSHIN_EINVALID, "AN1328", "%s: cannot be read", path);
        return NULL;
    }
    length = fread(data, 1, sizeof(data), file);
    (void)fclose(file);
    if (length > FILE_MAX) {
        (void)anshin_fail(err, ANSHIN_EINVALID, "AN1329", "%s: must be of at most 64 KiB", path);
        return NULL;
    }
    json = json_loadb(data, length, JSON_REJECT_DUPLICATES, &cause);
    if (json == NULL) {
        (void)anshin_fail(err, ANSHIN_EINVALID, "AN1330", "%s, line %d: %s", path, cause.line, cause.text);
    }
    return json;
}

apr_status_t anshin_announcements_read(apr_array_header_t **announcements, const char *path, const char *language,
                                       apr_time_t now, anshin_error_t *err, apr_pool_t *pool)
{
    reading_t reading = {path, language, now, 0, err, pool};
    json_t *json = load(path, err);
    apr_status_t status = json != NULL ? APR_SUCCESS : ANSHIN_EINVALID;

    *announcements = apr_array_make(pool, 2, sizeof(anshin_announcement_t));
    if (json != NULL && (!json_is_array(json) || json_array_size(json) > ANSHIN_ANNOUNCEMENTS_MAX)) {
        status = anshin_fail(err, ANSHIN_EINVALID, "AN1331", "%s: must be a list of at most %d announcements", path,
                             ANSHIN_ANNOUNCEMENTS_MAX);
    }
    for (apr_size_t i = 0; status == APR_SUCCESS && i < json_array_size(json); i++) {
        reading.number = (int)i + 1;
        status = take(&reading, json_array_get(json, i), *announcements);
    }
    json_decref(json);
    return status;
}
