/*
 * Answers as text.
 *
 * SECURITY. What users typed is shown to operators here: it must neither move the terminal's cursor nor look like
 * another line or column than it is.
 */
#include "htanshin/print.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <utf8proc.h>

#include "htanshin/language/language.h"

#define INDENT 2
#define REPLACEMENT "\xef\xbf\xbd"

/* Whether a terminal may be given this character. */
static int is_plain(utf8proc_int32_t character)
{
    switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return 0;
    default:
        return 1;
    }
}

const char *anshin_text_clean(const char *text, apr_pool_t *pool)
{
    apr_size_t length = strlen(text);
    char *clean = apr_palloc(pool, length * (sizeof(REPLACEMENT) - 1) + 1);
    char *end = clean;

    for (apr_size_t at = 0; at < length;) {
        utf8proc_int32_t character;
        utf8proc_ssize_t bytes =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(length - at), &character);
        if (bytes > 0 && is_plain(character)) {
            memcpy(end, text + at, (apr_size_t)bytes);
            end += bytes;
        } else {
            memcpy(end, REPLACEMENT, sizeof(REPLACEMENT) - 1);
            end += sizeof(REPLACEMENT) - 1;
        }
        at += bytes > 0 ? (apr_size_t)bytes : 1;
    }
    *end = '\0';
    return clean;
}

int anshin_text_width(const char *text)
{
    int width = 0;
    utf8proc_int32_t character;
    utf8proc_ssize_t bytes;

    while (*text != '\0' && (bytes = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &character)) > 0) {
        width += utf8proc_charwidth(character);
        text += bytes;
    }
    return width;
}

static void pad(FILE *out, int columns)
{
    for (int i = 0; i < columns; i++) {
        fputc(' ', out);
    }
}

/* A word stays as options take it, and so does what somebody has typed. */
static const char *sentence(const char *text)
{
    return strchr(text, ' ') != NULL ? anshin_say(text) : text;
}

/* A value that fits into a line. */
static const char *cell(const json_t *value, apr_pool_t *pool)
{
    const char *list = "";
    json_t *item;
    size_t index;

    switch (json_typeof(value)) {
    case JSON_STRING:
        return anshin_text_clean(sentence(json_string_value(value)), pool);
    case JSON_INTEGER:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    case JSON_TRUE:
        return anshin_say("yes");
    case JSON_FALSE:
        return anshin_say("no");
    case JSON_ARRAY:
        json_array_foreach((json_t *)value, index, item)
        {
            list = apr_pstrcat(pool, list, index > 0 ? ", " : "", cell(item, pool), NULL);
        }
        return list[0] != '\0' ? list : "-";
    default:
        return "-";
    }
}

/* Keys are the JSON's: registration_url is read by people as "registration url". */
static const char *label(const char *key, apr_pool_t *pool)
{
    const char *said = anshin_say_key(key);
    char *text = apr_pstrdup(pool, said != NULL ? said : key);

    for (char *at = text; said == NULL && *at != '\0'; at++) {
        if (*at == '_') {
            *at = ' ';
        }
    }
    return text;
}

static int is_table(const json_t *value)
{
    return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static int is_block(const json_t *value)
{
    return json_is_object(value) || is_table(value) ||
           (json_is_string(value) && strchr(json_string_value(value), '\n') != NULL);
}

static void print_row(FILE *out, const char *const *cells, const int *widths, int count, int indent)
{
    pad(out, indent);
    for (int i = 0; i < count; i++) {
        fputs(cells[i], out);
        if (i + 1 < count) {
            pad(out, widths[i] - anshin_text_width(cells[i]) + 2);
        }
    }
    fputc('\n', out);
}

/* The columns are the keys of the first row; every row is made by the same code, so that all have them. widths: of the
 * cells so far, which becomes that of these too. head: with the names of the columns above. */
static void print_table(FILE *out, const json_t *rows, int indent, int *widths, int head, apr_pool_t *pool)
{
    int columns = (int)json_object_size(json_array_get(rows, 0));
    int count = (int)json_array_size(rows) + 1;
    const char **cells = apr_palloc(pool, sizeof(*cells) * (apr_size_t)(count * columns));
    const char *key;
    json_t *value;
    int column = 0;

    json_object_foreach(json_array_get(rows, 0), key, value)
    {
        cells[column] = label(key, pool);
        for (int row = 1; row < count; row++) {
            cells[row * columns + column] = cell(json_object_get(json_array_get(rows, (size_t)row - 1), key), pool);
        }
        column++;
    }
    for (int i = 0; i < count * columns; i++) {
        int width = anshin_text_width(cells[i]);
        widths[i % columns] = width > widths[i % columns] ? width : widths[i % columns];
    }
    for (int row = head ? 0 : 1; row < count; row++) {
        print_row(out, &cells[(apr_size_t)row * (apr_size_t)columns], widths, columns, indent);
    }
}

static int *no_widths(const json_t *rows, apr_pool_t *pool)
{
    return apr_pcalloc(pool, sizeof(int) * json_object_size(json_array_get(rows, 0)));
}

/* Text of several lines, each indented, so that none passes for one of ours. */
static void print_lines(FILE *out, const char *text, int indent, apr_pool_t *pool)
{
    while (*text != '\0') {
        apr_size_t length = strcspn(text, "\n");
        const char *line = anshin_text_clean(apr_pstrmemdup(pool, text, length), pool);
        pad(out, line[0] != '\0' ? indent : 0);
        fprintf(out, "%s\n", line);
        text += length + (text[length] == '\n');
    }
}

static void print_object(FILE *out, const json_t *object, int indent, apr_pool_t *pool)
{
    const char *key;
    json_t *value;
    int widest = 0;

    json_object_foreach((json_t *)object, key, value)
    {
        int width = anshin_text_width(label(key, pool));
        if (!is_block(value) && width > widest) {
            widest = width;
        }
    }
    json_object_foreach((json_t *)object, key, value)
    {
        pad(out, indent);
        if (!is_block(value)) {
            fprintf(out, "%s: ", label(key, pool));
            pad(out, widest - anshin_text_width(label(key, pool)));
            fprintf(out, "%s\n", cell(value, pool));
            continue;
        }
        fprintf(out, "%s:\n", label(key, pool));
        if (json_is_string(value)) {
            print_lines(out, json_string_value(value), indent + INDENT, pool);
        } else if (is_table(value)) {
            print_table(out, value, indent + INDENT, no_widths(value, pool), 1, pool);
        } else {
            print_object(out, value, indent + INDENT, pool);
        }
    }
}

void anshin_print_text(FILE *out, const json_t *value, apr_pool_t *pool)
{
    if (json_is_object(value)) {
        print_object(out, value, 0, pool);
    } else if (is_table(value)) {
        print_table(out, value, 0, no_widths(value, pool), 1, pool);
    }
}

/* U+D800 and so on for what lies beyond U+FFFF (RFC 8259 7). */
static void print_escaped(FILE *out, utf8proc_int32_t character)
{
    if (character > 0xffff) {
        fprintf(out, "\\u%04x\\u%04x", 0xd7c0 + ((unsigned)character >> 10), 0xdc00 + ((unsigned)character & 0x3ff));
    } else {
        fprintf(out, "\\u%04x", (unsigned)character);
    }
}

/* JSON text that jansson wrote. 0, or -1: not all of it was written. */
static int print_json_text(FILE *out, const char *at, const char *end)
{
    while (at < end) {
        utf8proc_int32_t character;
        utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)at, end - at, &character);

        if (bytes <= 0) {
            return -1; /* jansson writes no such thing */
        }
        if (character == '\n' || is_plain(character)) {
            fwrite(at, 1, (size_t)bytes, out);
        } else {
            print_escaped(out, character);
        }
        at += bytes;
    }
    return ferror(out) ? -1 : 0;
}

int anshin_print_json(FILE *out, const json_t *value, size_t flags)
{
    char *text = json_dumps(value, flags);
    int result = text != NULL ? print_json_text(out, text, text + strlen(text)) : -1;

    free(text);
    return result;
}

#define ARRAY_HEAD "["
#define ARRAY_TAIL "\n]"

/* What stands between the brackets of each part makes one array. */
static int print_json_part(FILE *out, const anshin_print_list_t *list, const json_t *rows)
{
    char *text = json_dumps(rows, JSON_INDENT(INDENT));
    size_t length = text != NULL ? strlen(text) : 0;
    int result = -1;

    if (text != NULL) {
        fputs(list->rows == 0 ? ARRAY_HEAD : ",", out);
        result = print_json_text(out, text + strlen(ARRAY_HEAD), text + length - strlen(ARRAY_TAIL));
    }
    free(text);
    return result;
}

int anshin_print_part(FILE *out, anshin_print_list_t *list, const json_t *rows, apr_pool_t *pool)
{
    apr_pool_t *scratch;
    int result = 0;

    if (json_array_size(rows) == 0) {
        return 0;
    }
    apr_pool_create(&scratch, pool);
    if (list->json) {
        result = print_json_part(out, list, rows);
    } else {
        if (list->widths == NULL) {
            list->widths = no_widths(rows, pool);
        }
        print_table(out, rows, 0, list->widths, list->rows == 0, scratch);
    }
    apr_pool_destroy(scratch);
    list->rows += (int)json_array_size(rows);
    return result == 0 && !ferror(out) ? 0 : -1;
}

void anshin_print_end(FILE *out, const anshin_print_list_t *list)
{
    if (list->json) {
        fputs(list->rows == 0 ? ARRAY_HEAD "]\n" : ARRAY_TAIL "\n", out);
    }
}
