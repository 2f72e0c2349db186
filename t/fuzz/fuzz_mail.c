/*
 * Texts of a mail, four of them with NUL between: sender, recipient, subject, body. Whatever they hold, the message
 * has exactly its own header lines (S27), lines that are short and end with LF, and a body of base64.
 */
#include "fuzz.h"

#include "core/mail/mail.h"
#include "core/mail/mail_format.h"

static void check(const char *message, apr_size_t length)
{
    static const char *const names[] = {"Date: ",         "From: ",         "To: ",
                                        "Subject: ",      "Message-ID: ",   "Auto-Submitted: ",
                                        "MIME-Version: ", "Content-Type: ", "Content-Transfer-Encoding: "};
    const char *at = message;
    size_t next = 0;

    require(strlen(message) == length);
    while (*at != '\n') {
        size_t line = strcspn(at, "\r\n");

        require(line <= 998 && at[line] == '\n');
        if (*at != ' ') {
            require(next < sizeof(names) / sizeof(names[0]) && strncmp(at, names[next], strlen(names[next])) == 0);
            next++;
        }
        for (size_t i = 0; i < line; i++) {
            require(at[i] >= 0x20 && at[i] <= 0x7e);
        }
        at += line + 1;
    }
    for (at += 1; *at != '\0'; at += strcspn(at, "\n") + 1) {
        size_t line = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");

        require(line > 0 && line <= 76 && at[line] == '\n');
    }
    require(next == sizeof(names) / sizeof(names[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    anshin_op_t *op = fuzz_op(pool);
    const char *message;
    apr_size_t length;
    char *texts[4];

    fuzz_split(texts, 4, data, size, '\0');
    if (anshin_mail_format(
            op, "0123456789abcdef0123456789abcdef",
            &(anshin_mail_text_t){.from = texts[0], .to = texts[1], .subject = texts[2], .body = texts[3]}, &message,
            &length) == APR_SUCCESS) {
        check(message, length);
    } else {
        require(op->error.text[0] != '\0');
    }
    return 0;
}
