/*
 * Texts of a mail, four of them with NUL between: sender, recipient, subject, body. Whatever they hold, the message
 * has exactly its own header lines (S27), lines that are short and end with CRLF, and a body of base64.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/mail.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static apr_pool_t *root;
static apr_pool_t *pool;

/* APR maps its pools, where the leak checker does not look for pointers. */
static void end(void)
{
    apr_pool_destroy(root);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    apr_initialize();
    apr_pool_create(&root, NULL);
    atexit(end);
    apr_pool_create(&pool, root);
    return 0;
}

static void no_wipe(void *ctx, void *buffer, apr_size_t length)
{
    (void)ctx;
    memset(buffer, 0, length);
}

static void check(const char *message, apr_size_t length)
{
    static const char *const names[] = {"Date: ",         "From: ",         "To: ",
                                        "Subject: ",      "Message-ID: ",   "Auto-Submitted: ",
                                        "MIME-Version: ", "Content-Type: ", "Content-Transfer-Encoding: "};
    const char *at = message;
    size_t next = 0;

    if (strlen(message) != length) {
        abort();
    }
    while (strncmp(at, "\r\n", 2) != 0) {
        size_t line = strcspn(at, "\r\n");

        if (line > 998 || strncmp(at + line, "\r\n", 2) != 0) {
            abort();
        }
        if (*at != ' ') {
            if (next == sizeof(names) / sizeof(names[0]) || strncmp(at, names[next], strlen(names[next])) != 0) {
                abort();
            }
            next++;
        }
        for (size_t i = 0; i < line; i++) {
            if ((unsigned char)at[i] < 0x20 || (unsigned char)at[i] > 0x7e) {
                abort();
            }
        }
        at += line + 2;
    }
    for (at += 2; *at != '\0'; at += strcspn(at, "\r") + 2) {
        size_t line = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");

        if (line == 0 || line > 76 || strncmp(at + line, "\r\n", 2) != 0) {
            abort();
        }
    }
    if (next != sizeof(names) / sizeof(names[0])) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const anshin_crypto_t crypto = {.wipe = no_wipe};
    const anshin_env_t env = {.crypto = &crypto, .now = anshin_clock_system};
    char *copy = malloc(size + 4);
    char *parts[4];
    char *at = copy;
    const char *message;
    apr_size_t length;
    anshin_op_t op;

    memcpy(copy, data, size);
    memset(copy + size, 0, 4);
    for (int i = 0; i < 4; i++) {
        parts[i] = at;
        at += at < copy + size ? strlen(at) + 1 : 0;
    }
    anshin_op_init(&op, &env, NULL, NULL, pool);
    if (anshin_mail_format(&op, "0123456789abcdef0123456789abcdef",
                           &(anshin_mail_text_t){parts[0], parts[1], parts[2], parts[3]}, &message,
                           &length) == APR_SUCCESS) {
        check(message, length);
    }
    free(copy);
    apr_pool_clear(pool);
    return 0;
}
