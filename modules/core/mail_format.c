/*
 * A mail as a message: RFC 5322 (headers), RFC 2045 (MIME, base64), RFC 2047 (encoded words), RFC 3834
 * (Auto-Submitted).
 *
 * SECURITY: what stands in a header may come from users and operators. A control character in any of them refuses
 * the message (S27): there is no repair that could not be outwitted.
 */
#include "core/mail.h"

#include <string.h>

#include <apr_base64.h>
#include <apr_strings.h>

#include "core/unicode.h"

#define LINE 76 /* octets of a line that holds an encoded word (RFC 2047 2), and of base64 (RFC 2045 6.8) */
#define WORD 75 /* octets of an encoded word */
#define WORD_OPEN "=?UTF-8?B?"
#define WORD_CLOSE "?="
#define NAME_MAX_LENGTH 200
#define ID_LENGTH 32

/* --- values ----------------------------------------------------------------------------------------------------- */

static int is_ascii(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text >= 0x80) {
            return 0;
        }
    }
    return 1;
}

/* The octets of the character that text begins with; text is valid UTF-8. */
static apr_size_t character_length(const char *text)
{
    apr_size_t length = 1;

    while (((unsigned char)text[length] & 0xc0) == 0x80) {
        length++;
    }
    return length;
}

/* --- encoded words ---------------------------------------------------------------------------------------------- */

/* How many octets of text, whole characters only, fit into one encoded word of room octets. */
static apr_size_t fitting(const char *text, apr_size_t room)
{
    apr_size_t most = (room - strlen(WORD_OPEN) - strlen(WORD_CLOSE)) / 4 * 3;
    apr_size_t length = 0;

    while (text[length] != '\0' && length + character_length(text + length) <= most) {
        length += character_length(text + length);
    }
    return length;
}

/* text as encoded words, one a line, after used octets of the first line. */
static const char *encoded_words(const char *text, apr_size_t used, apr_pool_t *pool)
{
    const char *out = "";
    apr_size_t room = LINE - used < WORD ? LINE - used : WORD;

    while (*text != '\0') {
        apr_size_t length = fitting(text, room);
        char *base64 = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)length));

        (void)apr_base64_encode(base64, text, (int)length);
        out = apr_pstrcat(pool, out, *out != '\0' ? "\r\n " : "", WORD_OPEN, base64, WORD_CLOSE, NULL);
        text += length;
        room = WORD;
    }
    return out;
}

/* An unstructured value (RFC 5322 2.2.1): as it is when nobody can take it for anything else. */
static const char *unstructured(const char *text, apr_size_t used, apr_pool_t *pool)
{
    apr_size_t length = strlen(text);

    if (is_ascii(text) && used + length <= LINE && strstr(text, "=?") == NULL && length > 0 && text[0] != ' ' &&
        text[length - 1] != ' ') {
        return text;
    }
    return encoded_words(text, used, pool);
}

/* A display name: quoted string where ASCII will do (RFC 5322 3.2.4). */
static const char *phrase(const char *name, apr_size_t used, apr_pool_t *pool)
{
    char *quoted;
    char *out;

    if (!is_ascii(name) || used + strlen(name) + 2 > LINE || strstr(name, "=?") != NULL) {
        return encoded_words(name, used, pool);
    }
    quoted = out = apr_palloc(pool, strlen(name) * 2 + 3);
    *out++ = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\') {
            *out++ = '\\';
        }
        *out++ = *name;
    }
    *out++ = '"';
    *out = '\0';
    return quoted;
}

/* --- headers ---------------------------------------------------------------------------------------------------- */

/* "addr" or "name <addr>", taken apart. */
typedef struct sender_t {
    const char *name; /* "" when there is none */
    const char *address;
    const char *domain;
} sender_t;

static const char *trimmed(char *text)
{
    apr_size_t end;

    while (*text == ' ') {
        text++;
    }
    for (end = strlen(text); end > 0 && text[end - 1] == ' '; end--) {
        text[end - 1] = '\0';
    }
    return text;
}

static apr_status_t parse_sender(sender_t *sender, const char *from, anshin_op_t *op)
{
    const char *open = from != NULL ? strrchr(from, '<') : NULL;
    apr_size_t length = from != NULL ? strlen(from) : 0;
    char *name = NULL;

    if (from == NULL || !anshin_unicode_clean(from)) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0260",
                           "mail: the sender is missing or not one line of text");
    }
    sender->address = from;
    if (open != NULL && from[length - 1] == '>') {
        name = apr_pstrndup(op->pool, from, (apr_size_t)(open - from));
        sender->address = apr_pstrndup(op->pool, open + 1, length - (apr_size_t)(open - from) - 2);
    }
    sender->name = name != NULL ? trimmed(name) : "";
    if (!anshin_address_valid(sender->address) || strlen(sender->name) > NAME_MAX_LENGTH) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0261",
                           "mail: the sender is neither an address nor a name with <address>");
    }
    sender->domain = strrchr(sender->address, '@') + 1;
    return APR_SUCCESS;
}

/* RFC 5322 3.3, in the zone of this machine; month and day in English whatever the locale is. */
static const char *date(apr_time_t when, apr_pool_t *pool)
{
    apr_time_exp_t local;
    int minutes;

    (void)apr_time_exp_lt(&local, when);
    minutes = (local.tm_gmtoff < 0 ? -local.tm_gmtoff : local.tm_gmtoff) / 60;
    return apr_psprintf(pool, "%s, %d %s %d %02d:%02d:%02d %c%02d%02d", apr_day_snames[local.tm_wday], local.tm_mday,
                        apr_month_snames[local.tm_mon], local.tm_year + 1900, local.tm_hour, local.tm_min, local.tm_sec,
                        local.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/* --- body ------------------------------------------------------------------------------------------------------- */

/* Text as it travels: every line end is CRLF (RFC 2045 6.8), whichever it was. */
static char *canonical_body(const char *body, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, strlen(body) * 2 + 1);
    char *out = text;

    for (; *body != '\0'; body++) {
        if (*body != '\r' && *body != '\n') {
            *out++ = *body;
            continue;
        }
        if (body[0] == '\r' && body[1] == '\n') {
            body++;
        }
        *out++ = '\r';
        *out++ = '\n';
    }
    *out = '\0';
    return text;
}

/* Base64 in lines of 76, each ended by CRLF. */
static char *base64_lines(const char *text, apr_pool_t *pool)
{
    enum { OCTETS = LINE / 4 * 3 };
    apr_size_t left = strlen(text);
    char *lines = apr_palloc(pool, (left / OCTETS + 1) * (LINE + 2) + 1);
    char *out = lines;

    while (left > 0) {
        apr_size_t take = left < OCTETS ? left : OCTETS;

        out += apr_base64_encode(out, text, (int)take) - 1; /* it counts its NUL */
        *out++ = '\r';
        *out++ = '\n';
        text += take;
        left -= take;
    }
    *out = '\0';
    return lines;
}

/* --- message ---------------------------------------------------------------------------------------------------- */

static apr_status_t check_values(anshin_op_t *op, const char *id, const anshin_mail_text_t *text)
{
    if (strlen(id) != ID_LENGTH || strspn(id, "0123456789abcdef") != ID_LENGTH) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0262", "mail: an id must be %d hexadecimal digits",
                           ID_LENGTH);
    }
    if (text->to == NULL || !anshin_address_valid(text->to)) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0263", "mail: the recipient is not an address");
    }
    if (text->subject == NULL || *text->subject == '\0' || !anshin_unicode_clean(text->subject)) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0264", "mail: the subject is not one line of text");
    }
    if (text->body == NULL || !anshin_unicode_valid(text->body)) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0265", "mail: the body is not UTF-8");
    }
    return APR_SUCCESS;
}

apr_status_t anshin_mail_format(anshin_op_t *op, const char *id, const anshin_mail_text_t *text, const char **message,
                                apr_size_t *length)
{
    apr_status_t status = check_values(op, id, text);
    sender_t sender = {"", "", ""};
    const char *from;
    char *body;
    char *lines;

    *message = NULL;
    *length = 0;
    if (status == APR_SUCCESS) {
        status = parse_sender(&sender, text->from, op);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    from = *sender.name == '\0' ? sender.address
                                : apr_pstrcat(op->pool, phrase(sender.name, strlen("From: "), op->pool), "\r\n <",
                                              sender.address, ">", NULL);
    body = canonical_body(text->body, op->pool);
    lines = base64_lines(body, op->pool);
    *message = apr_pstrcat(op->pool, "Date: ", date(op->now, op->pool), "\r\nFrom: ", from, "\r\nTo: ", text->to,
                           "\r\nSubject: ", unstructured(text->subject, strlen("Subject: "), op->pool),
                           "\r\nMessage-ID: <", id, "@", sender.domain, ">\r\nAuto-Submitted: auto-generated",
                           "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8",
                           "\r\nContent-Transfer-Encoding: base64\r\n\r\n", lines, NULL);
    *length = strlen(*message);
    op->env->crypto->wipe(op->env->crypto->ctx, body, strlen(body));
    op->env->crypto->wipe(op->env->crypto->ctx, lines, strlen(lines));
    return APR_SUCCESS;
}
