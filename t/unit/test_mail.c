/*
 * Mail (core/mail.h): messages by the letter of the RFCs (MAI-2), injection (S27), sealing (S24), the queue (MAI-1).
 */
#include <time.h>

#include <apr_base64.h>

#include "core/job.h"
#include "core/mail.h"
#include "core/secret.h"
#include "tap.h"
#include "world.h"

#define ID "0123456789abcdef0123456789abcdef"

static world_t world;

/* --- reading a message again, by code that shares nothing with the writer --------------------------------------- */

/* The value of a header, unfolded; NULL when it is not there exactly once. */
static char *header(const char *message, const char *name)
{
    const char *end = strstr(message, "\n\n");
    char *head = apr_pstrndup(world.pool, message, (apr_size_t)(end - message));
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
        return (apr_size_t)apr_base64_decode(out, apr_pstrndup(world.pool, text, length));
    }
    for (const char *end = text + length; text < end; text += *text == '=' ? 3 : 1) {
        unsigned octet = (unsigned char)*text;

        if (*text == '=') {
            (void)sscanf(text + 1, "%2X", &octet);
        }
        *at++ = (char)octet;
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
    char *out = apr_pcalloc(world.pool, strlen(value) + 1);
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
    char *text = apr_pcalloc(world.pool, strlen(from) + 1);
    char *packed = apr_pcalloc(world.pool, strlen(from) + 1);
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
        text = json_string(decoded(apr_pstrndup(world.pool, word, (apr_size_t)(close + 2 - word))));
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
    apr_status_t status = anshin_mail_format(world_op(&world), ID, &text, message, &length);

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
                    strlen(subject) <= 200 ? apr_pstrcat(world.pool, subject, " <a@b.example>", NULL) : "a@b.example";
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

        refused += anshin_mail_format(world_op(&world), bad_id[i], &text, &message, &length) == ANSHIN_EINVALID;
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
        name = apr_pstrcat(world.pool, name, "安", NULL);
    }
    name = apr_pstrcat(world.pool, name, " <a@b.example>", NULL);
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
    world.now = apr_time_from_sec(1800000000);
    ok(same_text(date_in("JST-9"), "Fri, 15 Jan 2027 17:00:00 +0900"), "Date in the local zone, RFC 5322 3.3");
    ok(same_text(date_in("XXX3:30"), "Fri, 15 Jan 2027 04:30:00 -0330"), "west of Greenwich as well");
    ok(same_text(date_in("UTC0"), "Fri, 15 Jan 2027 08:00:00 +0000"), "and at Greenwich");
}

static apr_status_t queue(const char *kind, const char *language, const char *address, json_t *data, int commit)
{
    anshin_op_t *op = world_op(&world);
    anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_WRITE);
    anshin_account_t account = {.contract = "p-01", .user = "p-01-usr007", .language = language};
    apr_status_t status = anshin_mail_add(op, txn, kind, &account, address, ANSHIN_MAIL_OWN, data);

    json_decref(data);
    if (status != APR_SUCCESS || !commit) {
        anshin_txn_abort(txn);
        return status;
    }
    return anshin_txn_commit(txn, ANSHIN_DURABLE);
}

/* The mail of the only job, opened. */
static apr_status_t open_only(anshin_mail_text_t *text, anshin_mail_t *mail)
{
    anshin_op_t *op = world_op(&world);
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    anshin_txn_t *txn;

    if (anshin_job_claim(op, "w", &job, &key, &wake) != APR_SUCCESS || job.kind != ANSHIN_JOB_MAIL ||
        world_get(&world, &anshin_record_mail, job.mail, mail) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    txn = world_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_job_finish(op, txn, key, "w");
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    return anshin_mail_open(op, mail, text);
}

static void test_queue(void)
{
    anshin_mail_text_t text;
    anshin_mail_t mail;
    anshin_bytes_t sealed;
    anshin_op_t *op = world_op(&world);

    world_file(&world, "mail/test.ja.mustache",
               "Subject: {{contract}}のご案内 {{what}}\n\n{{user}} 様\n{{&link}}\n{{>nothing}}{{signature}}\n");
    world_file(&world, "mail/test.en.mustache", "Subject: {{what}}\n{{user}}\n");
    ok(queue("test", "ja", "h@m.example",
             json_pack("{s:s, s:s}", "what", "<登録>", "link", "https://l.example/?t=SECRET"), 1) == APR_SUCCESS,
       "a mail is queued (MAI-1)");
    ok(open_only(&text, &mail) == APR_SUCCESS && same_text(text.subject, "会員サイトのご案内 <登録>") &&
           same_text(text.body, "p-01-usr007 様\nhttps://l.example/?t=SECRET\nサポート窓口\n") &&
           same_text(text.to, "h@m.example") && same_text(text.from, world.contract.policy.mail_from),
       "and opened again as it was");
    ok(mail.state == ANSHIN_MAIL_WAITING && same_text(mail.kind, "test") && same_text(mail.user, "p-01-usr007") &&
           mail.created_at == world.now,
       "its record holds what is no secret");
    ok(anshin_blob_get(&sealed, world.env.store, mail.blob, &op->error, world.pool) == APR_SUCCESS &&
           memmem(sealed.data, sealed.length, "SECRET", 6) == NULL,
       "its text lies sealed (S24)");
    (void)anshin_blob_wipe(world.env.store, mail.blob, &op->error);
    ok(anshin_mail_open(op, &mail, &text) == ANSHIN_ENOTFOUND, "once wiped it is gone");
    mail.blob = NULL;
    ok(anshin_mail_open(op, &mail, &text) == ANSHIN_ENOTFOUND, "a delivered mail has no text");

    ok(queue("test", "en", "h@m.example", json_pack("{s:s}", "what", "plain"), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == APR_SUCCESS && same_text(text.subject, "plain"),
       "the user's language is used");
    ok(queue("test", "fr", "h@m.example", json_pack("{s:s}", "what", "x"), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == APR_SUCCESS && strncmp(text.subject, "会員", strlen("会員")) == 0,
       "else the contract's");
    ok(queue("test", "../ja", "h@m.example", json_pack("{s:s}", "what", "x"), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == APR_SUCCESS,
       "a language cannot climb out of the directory");
}

/* Nothing that an operator or a template says undoes what a mail tells of: it is queued, and fails by itself. */
static void test_queue_never_refuses(void)
{
    anshin_mail_text_t text;
    anshin_mail_t mail;

    world_file(&world, "mail/headless.ja.mustache", "no subject here\n");
    world_file(&world, "mail/broken.ja.mustache", "Subject: x\n\n{{#open}}\n");
    ok(queue("headless", "ja", "h@m.example", json_object(), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == ANSHIN_EINVALID && text.body == NULL,
       "MAI-3: a mail whose template has no subject is queued, and fails when it is rendered");
    ok(queue("broken", "ja", "h@m.example", json_object(), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == ANSHIN_EINVALID && text.body == NULL,
       "MAI-3: so is one whose template is malformed");
    ok(queue("nothing", "ja", "h@m.example", json_object(), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == ANSHIN_EINVALID,
       "MAI-3: or is not there");
    ok(queue("../test", "ja", "h@m.example", json_object(), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == ANSHIN_EINVALID,
       "a kind cannot climb out of the directory");
    ok(queue("test", "ja", "h@m.example", json_pack("{s:s}", "what", "a\nBcc: v@w.example"), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == ANSHIN_EINVALID,
       "S27: no value makes a subject of two lines");
    world.contract.policy.mail_from = "nobody at all";
    ok(queue("test", "ja", "h@m.example", json_object(), 1) == APR_SUCCESS && open_only(&text, &mail) == APR_SUCCESS &&
           same_text(text.domain, ""),
       "MAI-3: a sender that is none undoes nothing");
    world.contract.policy.mail_from = "安心 <noreply@login.example>";
    ok(queue("test", "ja", "h@m.example", json_object(), 0) == APR_SUCCESS &&
           world_count(&world, &anshin_record_job) == 0,
       "an aborted change sends nothing (MAI-1)");
}

/* The contract's own template cannot be rendered: the installed one is sent instead. */
static void test_falls_back(void)
{
    anshin_mail_text_t text;
    anshin_mail_t mail;
    const char *const broken[] = {"no subject\n", "Subject: {{#a}}\n\nx\n", "Subject: {{nothing}}\n\nx\n", "\xff"};
    int right = 0;

    (void)mkdir(apr_pstrcat(world.pool, world.directory, "/own", NULL), 0700);
    (void)mkdir(apr_pstrcat(world.pool, world.directory, "/own/mail", NULL), 0700);
    world.contract.policy.template_dir = apr_pstrcat(world.pool, world.directory, "/own", NULL);
    for (int i = 0; i < 4; i++) {
        world_file(&world, "own/mail/test.en.mustache", broken[i]);
        right += queue("test", "en", "h@m.example", json_pack("{s:s}", "what", "plain"), 1) == APR_SUCCESS &&
                 open_only(&text, &mail) == APR_SUCCESS && same_text(text.subject, "plain") && text.instead != NULL;
    }
    ok(right == 4, "MAI-3: a contract's template that cannot be rendered is replaced by the installed one (%d of 4)",
       right);
    world_file(&world, "own/mail/test.en.mustache", "Subject: own {{what}}\r\n\r\nx\r\n");
    ok(queue("test", "en", "h@m.example", json_pack("{s:s}", "what", "plain"), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == APR_SUCCESS && same_text(text.subject, "own plain") && text.instead == NULL,
       "one that can be is used, with line ends of Windows as well");
    world.contract.policy.template_dir = NULL;
}

/* The Message-ID of a mail is its own, whatever AnshinMailFrom says when it is tried again (MAI-1). */
static void test_message_id(void)
{
    const char *before = world.contract.policy.mail_from;
    anshin_mail_text_t text;
    anshin_mail_t mail;
    const char *message;
    apr_size_t length;

    world.contract.policy.mail_from = "a@first.example";
    (void)queue("test", "en", "h@m.example", json_pack("{s:s}", "what", "plain"), 1);
    world.contract.policy.mail_from = "b@second.example";
    ok(open_only(&text, &mail) == APR_SUCCESS &&
           anshin_mail_format(world_op(&world), ID, &text, &message, &length) == APR_SUCCESS &&
           same_text(header(message, "From"), "b@second.example") &&
           same_text(header(message, "Message-ID"), "<" ID "@first.example>"),
       "MAI-1: the Message-ID stays, the sender is that of today");
    world.contract.policy.mail_from = before;
}

/* What 2d05b07 queued was rendered then. */
static void test_rendered_before(void)
{
    static const char old[] = "{\"from\":\"a@b.example\",\"to\":\"x@y.example\",\"subject\":\"s\",\"body\":\"b\"}";
    anshin_mail_t mail = {.contract = "p-01", .kind = "locked"};
    anshin_mail_text_t text;
    anshin_op_t *op = world_op(&world);

    (void)anshin_secret_blob_put(op, &mail.blob, "mail", old, strlen(old));
    ok(anshin_mail_open(op, &mail, &text) == APR_SUCCESS && same_text(text.from, "a@b.example") &&
           same_text(text.to, "x@y.example") && same_text(text.subject, "s") && same_text(text.body, "b"),
       "MAI-1: a mail that was rendered when it was queued, by 2d05b07, is opened as it is");
}

static void test_damaged(void)
{
    anshin_op_t *op = world_op(&world);
    anshin_mail_t mail = {.contract = "p-01", .blob = ID};
    anshin_mail_text_t text;

    (void)anshin_blob_put(world.env.store, ID, "not sealed by us, surely not", 28, &op->error);
    ok(anshin_mail_open(op, &mail, &text) == ANSHIN_EFAULT && text.body == NULL, "a foreign blob is a fault");
    (void)anshin_secret_blob_put(op, &mail.blob, "mail", "{\"from\":1}", 10);
    ok(anshin_mail_open(op, &mail, &text) == ANSHIN_EFAULT && text.body == NULL, "so is one that holds something else");
}

/* How many of forty mails of an account to an address are queued. */
static int mailed(const char *user, const char *address, anshin_mail_bound_t bound)
{
    int count = 0;

    for (int i = 0; i < 40; i++) {
        anshin_op_t *op = world_op(&world);
        anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_WRITE);
        anshin_account_t account = {.contract = "p-01", .user = user, .language = "ja"};
        apr_status_t status = anshin_mail_add(op, txn, "test", &account, address, bound, NULL);

        count += status == APR_SUCCESS;
        if (anshin_txn_end(txn, status, ANSHIN_LAZY) != status || (status != APR_SUCCESS && status != ANSHIN_EDENIED)) {
            return -1;
        }
    }
    return count;
}

static apr_status_t clear_word(void *baton, const char *key, const void *record)
{
    (void)record;
    *(int *)baton += strstr(key, "m.example") != NULL || strstr(key, "victim") != NULL;
    return APR_SUCCESS;
}

/* S40: strangers, and users who typed an address, reach it so often in a day; nobody switches a notice off. */
static void test_bound(void)
{
    anshin_txn_t *txn;
    int clear = 0;

    ok(mailed("u1", "victim@m.example", ANSHIN_MAIL_STRANGER) == ANSHIN_MAILS_A_DAY,
       "S40: of 40 mails that strangers ask for %d go to an address", ANSHIN_MAILS_A_DAY);
    ok(mailed("u1", "Victim@M.example", ANSHIN_MAIL_STRANGER) == 0, "S40: in whatever case it is written");
    ok(mailed("u2", "victim@m.example", ANSHIN_MAIL_STRANGER) == ANSHIN_MAILS_SHARE,
       "S40: another account of that mailbox keeps its share");
    ok(mailed("u1", "victim@m.example", ANSHIN_MAIL_OWN) == 40,
       "S40: strangers cannot switch off what goes to an address of the user's own");
    ok(mailed("u1", "victim@m.example", ANSHIN_MAIL_UNCONFIRMED) == ANSHIN_MAILS_A_DAY,
       "S40: to an address that a user typed %d go, whatever strangers asked for", ANSHIN_MAILS_A_DAY);
    ok(mailed("u2", "victim@m.example", ANSHIN_MAIL_UNCONFIRMED) == ANSHIN_MAILS_SHARE &&
           mailed("u2", "victim@m.example", ANSHIN_MAIL_OWN) == 40,
       "S40: what others typed leaves each account its share, and its own address all");
    txn = world_begin(world_op(&world), ANSHIN_TXN_READ);
    (void)anshin_txn_each(txn, &anshin_record_fact, "", clear_word, &clear);
    anshin_txn_abort(txn);
    ok(world_count(&world, &anshin_record_fact) == 6 && clear == 0,
       "S40: the store counts under keyed hashes, no address stands there");
    world.now += apr_time_from_sec(86400);
    ok(mailed("u1", "victim@m.example", ANSHIN_MAIL_STRANGER) == ANSHIN_MAILS_A_DAY &&
           mailed("u1", "victim@m.example", ANSHIN_MAIL_UNCONFIRMED) == ANSHIN_MAILS_A_DAY,
       "S40: on the next day there is room again");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    world_open(&world, &anshin_store_mem, NULL, pool);
    (void)mkdir(apr_pstrcat(pool, world.directory, "/mail", NULL), 0700);
    test_message();
    test_word_boundaries();
    test_plain_headers();
    test_injection();
    test_sender_length();
    test_date();
    test_queue();
    test_queue_never_refuses();
    test_falls_back();
    test_message_id();
    test_rendered_before();
    test_damaged();
    test_bound();
    apr_pool_destroy(pool);
    return done();
}
