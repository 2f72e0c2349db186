/*
 * A mail as a message: RFC 5322 (headers), RFC 2045 (MIME, base64), RFC 2047 (encoded words), RFC 3834
 * (Auto-Submitted). Lines end with LF, as files and programs of Unix have it; CR LF is SMTP's affair (MAI-2).
 *
 * SECURITY: what stands in a header may come from users and operators. A control character in any of them refuses
 * the message (S27): there is no repair that could not be outwitted.
 */
#include "core/mail/mail_format.h"

#include <string.h>

#include <apr_base64.h>
#include <apr_strings.h>

#include "core/base/address.h"
#include "core/base/mailbox.h"
#include "core/base/unicode.h"
#include "core/context/secret.h"

#define LINE 76 /* octets of a line that holds an encoded word (RFC 2047 2), and of base64 (RFC 2045 6.8) */
#define WORD 75 /* octets of an encoded word */
#define WORD_OPEN "=?UTF-8?B?"
#define WORD_OPEN_Q "=?UTF-8?Q?"
#define WORD_CLOSE "?="
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

/* How many octets of text, whole characters only, go into one base64 word of room octets: all that is left, or a
 * multiple of three. 0: there is no such number. Some readers join the base64 of neighbouring words and stop at the
 * padding of the first (GMime), so that only the last one may have any. */
static apr_size_t fitting(const char *text, apr_size_t room)
{
    apr_size_t most = (room - strlen(WORD_OPEN) - strlen(WORD_CLOSE)) / 4 * 3;
    apr_size_t length = 0;
    apr_size_t whole = 0;

    while (text[length] != '\0' && length + character_length(text + length) <= most) {
        length += character_length(text + length);
        whole = length % 3 == 0 ? length : whole;
    }
    return text[length] == '\0' ? length : whole;
}

static const char *base64_word(const char *text, apr_size_t length, apr_pool_t *pool)
{
    char *base64 = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)length));

    (void)apr_base64_encode(base64, text, (int)length);
    return apr_pstrcat(pool, WORD_OPEN, base64, WORD_CLOSE, NULL);
}

/* One character by the other encoding, which no reader joins to base64. */
static const char *quoted_word(const char *text, apr_size_t length, apr_pool_t *pool)
{
    const char *word = WORD_OPEN_Q;

    for (apr_size_t i = 0; i < length; i++) {
        word = apr_psprintf(pool, "%s=%02X", word, (unsigned)(unsigned char)text[i]);
    }
    return apr_pstrcat(pool, word, WORD_CLOSE, NULL);
}

/* text as encoded words, one a line, after used octets of the first line. */
static const char *encoded_words(const char *text, apr_size_t used, apr_pool_t *pool)
{
    const char *out = "";
    apr_size_t room = LINE - used < WORD ? LINE - used : WORD;

    while (*text != '\0') {
        apr_size_t length = fitting(text, room);
        const char *word =
            length > 0 ? base64_word(text, length, pool) : quoted_word(text, length = character_length(text), pool);

        out = apr_pstrcat(pool, out, *out != '\0' ? "\n " : "", word, NULL);
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

/* What base64 encodes: there every line end is CRLF (RFC 2045 6.8), whichever it was. */
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

/* Base64 in lines of 76, each ended by LF. */
static char *base64_lines(const char *text, apr_pool_t *pool)
{
    enum { OCTETS = LINE / 4 * 3 };
    apr_size_t left = strlen(text);
    char *lines = apr_palloc(pool, (left / OCTETS + 1) * (LINE + 1) + 1);
    char *out = lines;

    while (left > 0) {
        apr_size_t take = left < OCTETS ? left : OCTETS;

        out += apr_base64_encode(out, text, (int)take) - 1; /* it counts its NUL */
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

/* The headers, with the empty line that ends them. In pool. */
static const char *head(const anshin_op_t *op, const char *id, const anshin_mailbox_t *sender,
                        const anshin_mail_text_t *text)
{
    const char *message_id = apr_pstrcat(op->pool, id, "@", text->domain != NULL ? text->domain : "", NULL);
    const char *from = sender->address;

    if (*sender->name != '\0') {
        from = apr_pstrcat(op->pool, phrase(sender->name, strlen("From: "), op->pool), "\n <", from, ">", NULL);
    }
    if (!anshin_address_valid(message_id)) {
        message_id = apr_pstrcat(op->pool, id, "@", sender->domain, NULL);
    }
    return apr_pstrcat(op->pool, "Date: ", date(op->now, op->pool), "\nFrom: ", from, "\nTo: ", text->to,
                       "\nSubject: ", unstructured(text->subject, strlen("Subject: "), op->pool), "\nMessage-ID: <",
                       message_id, ">\nAuto-Submitted: auto-generated\nMIME-Version: 1.0",
                       "\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64\n\n", NULL);
}

apr_status_t anshin_mail_format(anshin_op_t *op, const char *id, const anshin_mail_text_t *text, const char **message,
                                apr_size_t *length)
{
    apr_status_t status = check_values(op, id, text);
    anshin_mailbox_t sender;
    char *body;
    char *lines;

    *message = NULL;
    *length = 0;
    if (status == APR_SUCCESS && !anshin_mailbox_parse(&sender, text->from, op->pool)) {
        status = anshin_fail(&op->error, ANSHIN_EINVALID, "AN0261",
                             "mail: the sender is neither an address nor a name with <address>");
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    body = canonical_body(text->body, op->pool);
    lines = base64_lines(body, op->pool);
    *message = apr_pstrcat(op->pool, head(op, id, &sender, text), lines, NULL);
    *length = strlen(*message);
    anshin_secret_wipe(op, body);
    anshin_secret_wipe(op, lines);
    return APR_SUCCESS;
}
