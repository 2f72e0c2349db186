/*
 * Mail (core/mail/mail_format.h): messages by the letter of the RFCs (MAI-2), injection (S27).
 */
#include <time.h>

#include <apr_base64.h>

#include "core/mail/mail.h"
#include "core/mail/mail_format.h"
#include "unit/tap.h"
#include "unit/fixture.h"

#define ID "0123456789abcdef0123456789abcdef"

static fixture_t fixture;

/* --- reading a message again, by code that shares nothing with the writer --------------------------------------- */

/* The value of a header, unfolded; NULL when it is not there exactly once. */
static char *header(const char *message, const char *name)
{
    const char *end = strstr(message, "\n\n");
    char *head = apr_pstrndup(fixture.pool, message, (apr_size_t)(end - message));
    char *value = NULL;
    char *last = NULL;

    for (char *fold = strstr(head, "\n "); fold != NULL; fold = strstr(fold, "\n ")) {
        memmove(fold, fold + 1, strlen(fold + 1) + 1);
    }
    for (char *line = apr_strtok(head, "\n", &last); line != NULL; line = apr_strtok(NULL, "\n", &last)) {
        apr_size_t length = strlen(name);

        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            if (value != NULL) {
                return NULL;
            }
            value = line + length + 1;
            value += strspn(value, " ");
        }
    }
    return value;
}

/* The octets of an encoded word's text. */
static apr_size_t decode_word(char *out, const char *text, apr_size_t length, int base64)
{
    char *at = out;

    if (base64) {
        return (apr_size_t)apr_base64_decode(out, apr_pstrndup(fixture.pool, text, length));
    }
    for (const char *end = text + length; text < end; text += *text == '=' ? 3 : 1) {
        *at++ = (char)(*text == '=' ? octet_of(text + 1) : *text);
    }
    return (apr_size_t)(at - out);
}

static int is_word(const char *text)
{
    return strncmp(text, "=?UTF-8?B?", 10) == 0 || strncmp(text, "=?UTF-8?Q?", 10) == 0;
}

/* Encoded words decoded, the white space between them dropped (RFC 2047 6.2). */
static char *decoded(const char *value)
{
    char *out = apr_pcalloc(fixture.pool, strlen(value) + 1);
    char *at = out;

    while (*value != '\0') {
        const char *close = is_word(value) ? strstr(value + 10, "?=") : NULL;

        if (close == NULL) {
            *at++ = *value++;
            continue;
        }
        at += decode_word(at, value + 10, (apr_size_t)(close - value - 10), value[8] == 'B');
        value = close + 2;
        if (*value == ' ' && is_word(value + 1)) {
            value++;
        }
    }
    *at = '\0';
    return out;
}

/* As GMime reads (notmuch, mu): the base64 of neighbouring words is one text, which ends at the first padding. */
static int joins_right(const char *value)
{
    for (const char *pad = strstr(value, "=?= "); pad != NULL; pad = strstr(pad + 1, "=?= ")) {
        const char *word = pad;

        while (word > value && !is_word(word)) {
            word--;
        }
        if (word[8] == 'B' && strncmp(pad + 4, "=?UTF-8?B?", 10) == 0) {
            return 0;
        }
    }
    return 1;
}

static char *body(const char *message)
{
    const char *from = strstr(message, "\n\n") + 2;
    char *text = apr_pcalloc(fixture.pool, strlen(from) + 1);
    char *packed = apr_pcalloc(fixture.pool, strlen(from) + 1);
    char *at = packed;

    for (; *from != '\0'; from++) {
        if (*from != '\r' && *from != '\n') {
            *at++ = *from;
        }
    }
    text[apr_base64_decode(text, packed)] = '\0';
    return text;
}

/* Lines end with LF and nothing else; none over most octets. */
static int lines_fit(const char *message, apr_size_t most)
{
    while (*message != '\0') {
        apr_size_t length = strcspn(message, "\r\n");

        if (length > most || message[length] != '\n') {
            return 0;
        }
        message += length + 1;
    }
    return 1;
}

/* Every encoded word is whole UTF-8 by itself and 75 octets at most. */
static int words_are_whole(const char *message)
{
    int words = 0;

    for (const char *word = strstr(message, "=?UTF-8?"); word != NULL; word = strstr(word + 1, "=?UTF-8?")) {
        const char *close = strstr(word + 10, "?=");
        json_t *text;

        if (close == NULL || close + 2 - word > 75) {
            return 0;
        }
        text = json_string(decoded(apr_pstrndup(fixture.pool, word, (apr_size_t)(close + 2 - word))));
        if (text == NULL) {
            return 0;
        }
        json_decref(text);
        words++;
    }
    return words;
}

static apr_status_t format(const char *from, const char *to, const char *subject, const char *text_body,
                           const char **message)
{
    anshin_mail_text_t text = {.from = from, .to = to, .subject = subject, .body = text_body};
    apr_size_t length = 0;
    apr_status_t status = anshin_mail_format(fixture_op(&fixture), ID, &text, message, &length);

    if (status == APR_SUCCESS && length != strlen(*message)) {
        return ANSHIN_EFAULT;
    }
    return status;
}

/* --- cases ------------------------------------------------------------------------------------------------------ */

static void test_message(void)
{
    const char *message;
    const char *subject = "電子証明書ダウンロードのご案内";

    ok(format("安心ログイン運営会社 <noreply@login.example>", "hanako@mail.example", subject, "一行目\n二行目\n",
              &message) == APR_SUCCESS,
       "a Japanese mail is made (MAI-2)");
    ok(same_text(decoded(header(message, "Subject")), subject), "the subject reads back");
    ok(same_text(decoded(header(message, "From")), "安心ログイン運営会社 <noreply@login.example>"),
       "so does the sender");
    ok(same_text(header(message, "To"), "hanako@mail.example"), "the recipient is the address alone");
    ok(same_text(header(message, "Message-ID"), "<" ID "@login.example>"),
       "Message-ID is the id at the sender's domain");
    ok(same_text(header(message, "Auto-Submitted"), "auto-generated"), "Auto-Submitted, RFC 3834");
    ok(same_text(header(message, "MIME-Version"), "1.0") &&
           same_text(header(message, "Content-Type"), "text/plain; charset=UTF-8") &&
           same_text(header(message, "Content-Transfer-Encoding"), "base64"),
       "MIME headers");
    ok(same_text(body(message), "一行目\r\n二行目\r\n"),
       "the body reads back, with CR LF line ends inside base64 (RFC 2045 6.8)");
    ok(lines_fit(message, 76), "lines end with LF alone and are no longer than 76 octets (MAI-2)");
    ok(words_are_whole(message) > 1, "encoded words are whole");
    ok(strstr(message, "login.example>\n") != NULL && strlen(message) < 2000, "nothing else is in it");
}

static void test_word_boundaries(void)
{
    static const char *const letters[] = {"a", "é", "語", "𠮷"};
    const char *message;
    int right = 0;
    int tried = 0;

    for (int letter = 0; letter < 4; letter++) {
        for (int prefix = 0; prefix < 4; prefix++) {
            for (int count = 1; count < 70; count++) {
                char subject[400] = "";
                const char *name;

                memcpy(subject, "xyz", (size_t)prefix);
                for (int i = 0; i < count; i++) {
                    strcat(subject, letters[letter]);
                }
                strcat(subject, "語");
                name =
                    strlen(subject) <= 200 ? apr_pstrcat(fixture.pool, subject, " <a@b.example>", NULL) : "a@b.example";
                tried++;
                right += format(name, "a@b.example", subject, "", &message) == APR_SUCCESS && lines_fit(message, 76) &&
                         words_are_whole(message) > 0 && joins_right(header(message, "Subject")) &&
                         joins_right(header(message, "From")) &&
                         same_text(decoded(header(message, "Subject")), subject) &&
                         same_text(decoded(header(message, "From")), name);
            }
        }
    }
    ok(right == tried, "characters of 1 to 4 octets are never cut by an encoded word (%d of %d)", right, tried);
}

static void test_plain_headers(void)
{
    const char *message;

    ok(format("Anshin Login <a@b.example>", "x@y.example", "Your certificate", "Hello", &message) == APR_SUCCESS &&
           same_text(header(message, "Subject"), "Your certificate") &&
           same_text(header(message, "From"), "\"Anshin Login\" <a@b.example>"),
       "ASCII stays readable");
    ok(format("a@b.example", "x@y.example", "s", "", &message) == APR_SUCCESS &&
           same_text(header(message, "From"), "a@b.example") && same_text(body(message), ""),
       "address alone, empty body");
    ok(format("A \"quoted\" \\ name <a@b.example>", "x@y.example", "s", "", &message) == APR_SUCCESS &&
           same_text(header(message, "From"), "\"A \\\"quoted\\\" \\\\ name\" <a@b.example>"),
       "quotes are quoted");
    ok(format("a@b.example", "x@y.example", "=?UTF-8?B?44GC?= looks encoded", "", &message) == APR_SUCCESS &&
           same_text(decoded(header(message, "Subject")), "=?UTF-8?B?44GC?= looks encoded"),
       "a subject that looks encoded means itself");
    ok(format("a@b.example", "x@y.example", " spaces ", "", &message) == APR_SUCCESS &&
           same_text(decoded(header(message, "Subject")), " spaces "),
       "spaces at the ends survive");
    ok(format("Evil <v@w.example>, Name <a@b.example>", "x@y.example", "s", "", &message) == APR_SUCCESS &&
           same_text(header(message, "From"), "\"Evil <v@w.example>, Name\" <a@b.example>"),
       "a name cannot become a second address");
    ok(format("a@b.example", "x@y.example", "s", "a\rb\r\nc\nd", &message) == APR_SUCCESS &&
           same_text(body(message), "a\r\nb\r\nc\r\nd"),
       "every line end in the body becomes CRLF");
}

static void test_injection(void)
{
    static const char *const bad_from[] = {"a@b.example\r\nBcc: v@w.example",
                                           "Name\nBcc: x <a@b.example>",
                                           "Name <a@b.example\r\nX: y>",
                                           "",
                                           "Name <>",
                                           "Name",
                                           "<a@b.example> x",
                                           "Name <a b@c.example>",
                                           "\x01 <a@b.example>",
                                           "\xff <a@b.example>",
                                           "a@b.example>",
                                           "N <a@b.example>\n",
                                           "Name <a@b>c@d>",
                                           "\xc2\x85 <a@b.example>"};
    static const char *const bad_to[] = {"x@y.example\r\nBcc: v@w.example",
                                         "x@y.example, v@w.example",
                                         "",
                                         "x",
                                         "<x@y.example>",
                                         "x@y.example\n",
                                         "-t@",
                                         "あ@y.example",
                                         "x@y.example v@w.example"};
    static const char *const bad_subject[] = {
        "s\r\nBcc: v@w.example", "s\nx", "s\rx", "", "\xe3\x81", "a\tb", "a\x7f", "\xc2\x85", "\xed\xa0\x80"};
    static const char *const bad_id[] = {"", "0123", ID "0", "0123456789abcdef0123456789ABCDEF",
                                         "0123456789abcdef0123456789abcde\n"};
    const char *message;
    apr_size_t length;
    unsigned refused = 0;
    unsigned tried = 0;

    for (unsigned i = 0; i < sizeof(bad_from) / sizeof(*bad_from); i++, tried++) {
        refused += format(bad_from[i], "x@y.example", "s", "b", &message) == ANSHIN_EINVALID && message == NULL;
    }
    for (unsigned i = 0; i < sizeof(bad_to) / sizeof(*bad_to); i++, tried++) {
        refused += format("a@b.example", bad_to[i], "s", "b", &message) == ANSHIN_EINVALID;
    }
    for (unsigned i = 0; i < sizeof(bad_subject) / sizeof(*bad_subject); i++, tried++) {
        refused += format("a@b.example", "x@y.example", bad_subject[i], "b", &message) == ANSHIN_EINVALID;
    }
    for (unsigned i = 0; i < sizeof(bad_id) / sizeof(*bad_id); i++, tried++) {
        anshin_mail_text_t text = {.from = "a@b.example", .to = "x@y.example", .subject = "s", .body = "b"};

        refused += anshin_mail_format(fixture_op(&fixture), bad_id[i], &text, &message, &length) == ANSHIN_EINVALID;
    }
    ok(refused == tried, "no value injects a header: each is refused (S27, MAI-2) (%u of %u)", refused, tried);
    ok(format("a@b.example", "x@y.example", "s", "\xff", &message) == ANSHIN_EINVALID,
       "a body that is not UTF-8 is refused");
    ok(format(NULL, "x@y.example", "s", "b", &message) == ANSHIN_EINVALID &&
           format("a@b.example", NULL, "s", "b", &message) == ANSHIN_EINVALID &&
           format("a@b.example", "x@y.example", NULL, "b", &message) == ANSHIN_EINVALID &&
           format("a@b.example", "x@y.example", "s", NULL, &message) == ANSHIN_EINVALID,
       "so is what is missing");
}

/* What AnshinMailFrom takes can be written: both use one parser. */
static void test_sender_length(void)
{
    const char *name = "";
    const char *message;

    for (int i = 0; i < 72; i++) {
        name = apr_pstrcat(fixture.pool, name, "安", NULL);
    }
    name = apr_pstrcat(fixture.pool, name, " <a@b.example>", NULL);
    ok(format(name, "x@y.example", "s", "b", &message) == APR_SUCCESS && lines_fit(message, 76) &&
           same_text(decoded(header(message, "From")), name),
       "a sender's name of 216 octets can be written (MAI-2)");
}

static const char *date_in(const char *zone)
{
    const char *message = NULL;

    setenv("TZ", zone, 1);
    tzset();
    (void)format("a@b.example", "x@y.example", "s", "b", &message);
    return header(message, "Date");
}

static void test_date(void)
{
    fixture.now = apr_time_from_sec(1800000000);
    ok(same_text(date_in("JST-9"), "Fri, 15 Jan 2027 17:00:00 +0900"), "Date in the local zone, RFC 5322 3.3");
    ok(same_text(date_in("XXX3:30"), "Fri, 15 Jan 2027 04:30:00 -0330"), "west of Greenwich as well");
    ok(same_text(date_in("UTC0"), "Fri, 15 Jan 2027 08:00:00 +0000"), "and at Greenwich");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    test_message();
    test_word_boundaries();
    test_plain_headers();
    test_injection();
    test_sender_length();
    test_date();
    apr_pool_destroy(pool);
    return done();
}
