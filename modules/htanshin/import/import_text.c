/*
 * The lines of a file that an office made: see import_text.h.
 *
 * SECURITY. Whoever made the file may have made it by hand: no octet of it is believed. Lines are split at LF before
 * they are decoded, which both encodings allow: no LF, quotation mark, comma or tab is part of a longer character.
 */
#include "htanshin/import/import_text.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <utf8proc.h>

#define BLOCK 1048576 /* octets that are read at once */
#define BOM "\xef\xbb\xbf"
#define REPLACEMENT "\xef\xbf\xbd"
#define MARGIN 8 /* octets behind a line: for a replacement, LF and NUL */

struct anshin_import_text_t {
    int fd;
    anshin_import_encoding_t encoding;
    iconv_t cp932; /* with CP932 */
    int number;    /* of the last line */
    int ended;     /* nothing more can be read */
    char *block;   /* what was read, of which length octets are there and at were taken */
    apr_size_t at;
    apr_size_t length;
    apr_int64_t before; /* octets of the file that were taken before the block */
    apr_int64_t size;
    char *raw;  /* a line as it is in the file */
    char *line; /* the same as it is handed out */
    char wrong[120];
};

/* --- which encoding ----------------------------------------------------------------------------------------------- */

/* 1 when octets are valid UTF-8, but for a character at their end that may go on: *rest octets. */
static int looks_utf8(const char *octets, apr_size_t length, apr_size_t *rest)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)octets;
    utf8proc_int32_t character;

    *rest = 0;
    while (length > 0) {
        utf8proc_ssize_t used = utf8proc_iterate(at, (utf8proc_ssize_t)length, &character);

        if (used < 1) {
            apr_size_t whole = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : *at >= 0xc2 ? 2 : 0;

            *rest = length;
            return length < whole;
        }
        at += used;
        length -= (apr_size_t)used;
    }
    return 1;
}

static int is_ascii(const char *octets, apr_size_t length)
{
    for (apr_size_t i = 0; i < length; i++) {
        if (((unsigned char)octets[i] & 0x80) != 0) {
            return 0;
        }
    }
    return 1;
}

/* All of a file that can be read twice, from the block on. */
static int file_is_utf8(const anshin_import_text_t *text, apr_pool_t *pool)
{
    char *octets = apr_palloc(pool, BLOCK);
    off_t at = lseek(text->fd, 0, SEEK_CUR) - (off_t)text->length;
    apr_size_t rest = 0;
    ssize_t got;

    while ((got = pread(text->fd, octets, BLOCK, at)) > 0) {
        if (!looks_utf8(octets, (apr_size_t)got, &rest) || rest == (apr_size_t)got) {
            return 0; /* or it ends in the middle of a character */
        }
        at += got - (off_t)rest;
    }
    return 1; /* if it cannot be read, the lines will tell */
}

static apr_status_t use_cp932(anshin_import_text_t *text, anshin_error_t *err)
{
    text->encoding = ANSHIN_IMPORT_CP932;
    text->cp932 = iconv_open("UTF-8", "CP932");
    if (text->cp932 == (iconv_t)-1) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1490",
                           "the file is not UTF-8, and this machine cannot read CP932: install Debian's "
                           "libc-gconv-modules-extra, or save the file as \"CSV UTF-8\"");
    }
    return APR_SUCCESS;
}

/* Before the first line. */
static apr_status_t choose(anshin_import_text_t *text, anshin_error_t *err, apr_pool_t *pool)
{
    const char *block = text->block;
    apr_size_t rest;

    if (text->length >= 2 && (memcmp(block, "\xff\xfe", 2) == 0 || memcmp(block, "\xfe\xff", 2) == 0)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1491",
                           "the file is UTF-16 (\"Unicode text\"): save it as \"CSV UTF-8\", or as CSV in CP932");
    }
    if (text->encoding == ANSHIN_IMPORT_CP932) {
        return use_cp932(text, err);
    }
    if (text->length >= sizeof(BOM) - 1 && memcmp(block, BOM, sizeof(BOM) - 1) == 0) {
        text->encoding = ANSHIN_IMPORT_UTF8;
        text->at = sizeof(BOM) - 1;
        return APR_SUCCESS;
    }
    if (text->encoding == ANSHIN_IMPORT_UTF8) {
        return APR_SUCCESS;
    }
    if (text->size > 0) {
        text->encoding = file_is_utf8(text, pool) ? ANSHIN_IMPORT_UTF8 : ANSHIN_IMPORT_AUTO;
        return text->encoding == ANSHIN_IMPORT_UTF8 ? APR_SUCCESS : use_cp932(text, err);
    }
    if (!looks_utf8(block, text->length, &rest) || (rest > 0 && text->ended)) {
        return use_cp932(text, err);
    }
    if (!is_ascii(block, text->length)) {
        text->encoding = ANSHIN_IMPORT_UTF8;
    }
    return APR_SUCCESS; /* of a pipe of ASCII the line tells that is not */
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* APR_SUCCESS, though nothing came: it is at its end. */
static apr_status_t read_block(anshin_import_text_t *text, anshin_error_t *err)
{
    ssize_t got = read(text->fd, text->block + text->length, BLOCK - text->length);

    if (got < 0 && errno == EINTR) {
        return APR_EINTR;
    }
    if (got < 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1492", "the file cannot be read: %s", strerror(errno));
    }
    text->ended = got == 0;
    text->length += (apr_size_t)got;
    return APR_SUCCESS;
}

static apr_status_t close_cp932(void *data)
{
    const anshin_import_text_t *text = data;

    if (text->cp932 != (iconv_t)-1) {
        (void)iconv_close(text->cp932);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_import_text_open(anshin_import_text_t **text, int fd, anshin_import_encoding_t encoding,
                                     anshin_error_t *err, apr_pool_t *pool)
{
    anshin_import_text_t *opened = apr_pcalloc(pool, sizeof(*opened));
    apr_status_t status = APR_SUCCESS;
    struct stat seen;

    opened->fd = fd;
    opened->encoding = encoding;
    opened->cp932 = (iconv_t)-1;
    opened->block = apr_palloc(pool, BLOCK);
    opened->raw = apr_palloc(pool, ANSHIN_IMPORT_LINE_MAX);
    opened->line = apr_palloc(pool, ANSHIN_IMPORT_LINE_MAX + MARGIN);
    apr_pool_cleanup_register(pool, opened, close_cp932, apr_pool_cleanup_null);
    if (fstat(fd, &seen) == 0 && S_ISREG(seen.st_mode) && lseek(fd, 0, SEEK_CUR) >= 0) {
        opened->size = seen.st_size;
    }
    while (status == APR_SUCCESS && !opened->ended && opened->length < BLOCK &&
           (encoding == ANSHIN_IMPORT_AUTO || opened->length < sizeof(BOM) - 1)) {
        status = read_block(opened, err); /* of a pipe what the encoding is told by */
    }
    *text = opened;
    return status == APR_SUCCESS ? choose(opened, err, pool) : status;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

/* What is wrong with an octet, counted from 1; the first is told of. */
static void say(anshin_import_text_t *text, apr_size_t at, char octet, const char *what)
{
    if (text->wrong[0] == '\0') {
        apr_snprintf(text->wrong, sizeof(text->wrong), "octet %d of the line (0x%02x) %s", (int)at,
                     (unsigned)(unsigned char)octet, what);
    }
}

/* The next line into raw, without its LF: *length octets of it. *cut: there were more. */
static apr_status_t take_raw(anshin_import_text_t *text, apr_size_t *length, int *cut, anshin_error_t *err)
{
    const char *end = NULL;

    *length = 0;
    *cut = 0;
    while (end == NULL) {
        apr_size_t there, taken;

        if (text->at == text->length) {
            apr_status_t status = APR_SUCCESS;

            text->before += (apr_int64_t)text->length;
            text->at = text->length = 0;
            status = text->ended ? APR_SUCCESS : read_block(text, err);
            if (status != APR_SUCCESS) {
                return status;
            }
            if (text->length == 0) {
                return *length > 0 || *cut ? APR_SUCCESS : APR_EOF;
            }
        }
        there = text->length - text->at;
        end = memchr(text->block + text->at, '\n', there);
        taken = end != NULL ? (apr_size_t)(end - (text->block + text->at)) : there;
        if (taken > ANSHIN_IMPORT_LINE_MAX - *length) {
            *cut = 1;
        }
        there = *cut ? ANSHIN_IMPORT_LINE_MAX - *length : taken;
        memcpy(text->raw + *length, text->block + text->at, there);
        *length += there;
        text->at += taken + (end != NULL);
    }
    return APR_SUCCESS;
}

/* raw as it is, but that what is no character is replaced. Octets of the line. */
static apr_size_t from_utf8(anshin_import_text_t *text, apr_size_t length, int *cut)
{
    apr_size_t out = 0;
    utf8proc_int32_t character;

    for (apr_size_t at = 0; at < length;) {
        const utf8proc_uint8_t *octets = (const utf8proc_uint8_t *)text->raw + at;
        utf8proc_ssize_t used = utf8proc_iterate(octets, (utf8proc_ssize_t)(length - at), &character);
        const char *from = used > 0 ? text->raw + at : REPLACEMENT;
        apr_size_t size = used > 0 ? (apr_size_t)used : sizeof(REPLACEMENT) - 1;

        if (used < 1) {
            say(text, at + 1, text->raw[at], "is not UTF-8; where the file is CP932, give --encoding cp932");
        }
        if (out + size > ANSHIN_IMPORT_LINE_MAX) {
            *cut = 1;
            break;
        }
        memcpy(text->line + out, from, size);
        out += size;
        at += used > 0 ? (apr_size_t)used : 1;
    }
    return out;
}

static apr_size_t from_cp932(anshin_import_text_t *text, apr_size_t length, int *cut)
{
    char *in = text->raw;
    char *out = text->line;
    size_t left = length;
    size_t room = ANSHIN_IMPORT_LINE_MAX;

    (void)iconv(text->cp932, NULL, NULL, NULL, NULL);
    while (left > 0 && iconv(text->cp932, &in, &left, &out, &room) == (size_t)-1) {
        if (errno == E2BIG || room < sizeof(REPLACEMENT)) {
            *cut = 1;
            break;
        }
        say(text, length - left + 1, *in, "is not CP932; where the file is UTF-8, give --encoding utf-8");
        memcpy(out, REPLACEMENT, sizeof(REPLACEMENT) - 1);
        out += sizeof(REPLACEMENT) - 1;
        room -= sizeof(REPLACEMENT) - 1;
        in++;
        left--;
    }
    return (apr_size_t)(out - text->line);
}

/* NUL and a CR that ends no line. */
static void look_at_controls(anshin_import_text_t *text, apr_size_t length)
{
    for (apr_size_t i = 0; i < length; i++) {
        if (text->line[i] == '\0') {
            say(text, i + 1, '\0', "is NUL");
            text->line[i] = '?';
        } else if (text->line[i] == '\r') {
            say(text, i + 1, '\r', "is a CR without LF: lines end with CR LF or LF");
            text->line[i] = ' ';
        }
    }
}

apr_status_t anshin_import_text_next(anshin_import_text_t *text, anshin_import_line_t *line, anshin_error_t *err)
{
    apr_size_t length = 0;
    int cut = 0;
    apr_status_t status = take_raw(text, &length, &cut, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    text->number++;
    text->wrong[0] = '\0';
    length -= length > 0 && text->raw[length - 1] == '\r';
    if (text->encoding == ANSHIN_IMPORT_AUTO && !is_ascii(text->raw, length)) {
        apr_size_t rest;

        text->encoding = ANSHIN_IMPORT_UTF8;
        if ((!looks_utf8(text->raw, length, &rest) || rest > 0) && (status = use_cp932(text, err)) != APR_SUCCESS) {
            return status;
        }
    }
    length = text->encoding == ANSHIN_IMPORT_CP932 ? from_cp932(text, length, &cut) : from_utf8(text, length, &cut);
    look_at_controls(text, length);
    if (cut) {
        apr_snprintf(text->wrong, sizeof(text->wrong), "the line is longer than %d octets", ANSHIN_IMPORT_LINE_MAX);
    }
    text->line[length++] = '\n';
    text->line[length] = '\0';
    *line = (anshin_import_line_t){text->line, length, text->number, text->wrong[0] != '\0' ? text->wrong : NULL, cut};
    return APR_SUCCESS;
}

apr_int64_t anshin_import_text_at(const anshin_import_text_t *text)
{
    return text->before + (apr_int64_t)text->at;
}

apr_int64_t anshin_import_text_size(const anshin_import_text_t *text)
{
    return text->size;
}
