/*
 * A blocklist of an operator: a password, NUL, the file. A line blocks what it says, or with an asterisk what holds it,
 * and nothing else does; letter case aside. So says a slow reader.
 */
#include "fuzz.h"

#include "core/account/password.h"

#define WORD_LEAST 3  /* octets of a word behind an asterisk: shorter ones are in every password */
#define LINE_MOST 510 /* what password.c reads of a line with its end; a longer one is no password */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Does text, of a length, stand at `at`? */
static int stands(const char *at, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (at[i] == '\0' || lower(at[i]) != lower(text[i])) {
            return 0;
        }
    }
    return 1;
}

static int line_blocks(const char *line, size_t length, const char *password)
{
    if (length > LINE_MOST) {
        return 0;
    }
    length = memchr(line, '\r', length) != NULL ? (size_t)((const char *)memchr(line, '\r', length) - line) : length;
    if (length == 0) {
        return 0;
    }
    if (line[0] != '*') {
        return length == strlen(password) && stands(password, line, length);
    }
    for (const char *at = password; *at != '\0' && length > WORD_LEAST; at++) {
        if (stands(at, line + 1, length - 1)) {
            return 1;
        }
    }
    return 0;
}

static int blocks(const char *list, const char *password)
{
    while (*list != '\0') {
        size_t length = strcspn(list, "\n");

        if (line_blocks(list, length, password)) {
            return 1;
        }
        list += length + (list[length] == '\n');
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    anshin_op_t *op = fuzz_op(pool);
    anshin_contract_t contract = *op->contract;
    unsigned broken = 0;
    char *texts[2];

    fuzz_split(texts, 2, data, size, '\0');
    contract.policy.password_blocklist = fuzz_file("blocklist", texts[1], strlen(texts[1]));
    op->contract = &contract;
    require(anshin_password_check(op, &broken, texts[0], "taro", NULL) == APR_SUCCESS);
    if ((broken & 1u << ANSHIN_RULE_EMPTY) == 0) { /* nor no UTF-8 at all */
        require(((broken & 1u << ANSHIN_RULE_BLOCKLISTED) != 0) == blocks(texts[1], texts[0]));
    }
    return 0;
}
