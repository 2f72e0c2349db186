/*
 * What a browser brings back and only we can have made: sealed octets, the sealed return path, CSRF tokens. The input,
 * in three lines: a path of the site, a place and an octet ("12 ff") to change what was made at, a text that was never
 * made by us. A change is always seen; a text of a stranger is never taken.
 */
#include "fuzz.h"

#include "core/web/csrf.h"
#include "core/web/return_path.h"

static const char browser[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

/* Octets with one of them changed. */
static unsigned char *change(const void *data, size_t size, const char *where, apr_pool_t *pool)
{
    unsigned char *octets = apr_pmemdup(pool, data, size);
    char *end;
    unsigned long at = strtoul(where, &end, 10);
    unsigned char octet = (unsigned char)strtoul(end, NULL, 16);

    octets[at % size] = (unsigned char)(octets[at % size] ^ (octet == 0 ? 1 : octet));
    return octets;
}

static void check_seal(const char *clear, const char *where, apr_pool_t *pool)
{
    const anshin_crypto_t *crypto = fuzz_crypto();
    anshin_bytes_t sealed;
    anshin_bytes_t opened;
    anshin_bytes_t changed;

    require(crypto->seal(crypto->ctx, &sealed, "a", "p-01", anshin_bytes_of(clear), pool) == APR_SUCCESS);
    require(crypto->unseal(crypto->ctx, &opened, "a", "p-01", sealed, pool) == APR_SUCCESS);
    require(opened.length == strlen(clear) && strcmp((const char *)opened.data, clear) == 0);
    require(crypto->unseal(crypto->ctx, &opened, "b", "p-01", sealed, pool) == ANSHIN_EDENIED);
    require(crypto->unseal(crypto->ctx, &opened, "a", "p-02", sealed, pool) == ANSHIN_EDENIED);
    require(crypto->unseal(crypto->ctx, &opened, "a", NULL, sealed, pool) == ANSHIN_EDENIED);
    changed = (anshin_bytes_t){change(sealed.data, sealed.length, where, pool), sealed.length};
    require(crypto->unseal(crypto->ctx, &opened, "a", "p-01", changed, pool) == ANSHIN_EDENIED);
    sealed.length--;
    require(crypto->unseal(crypto->ctx, &opened, "a", "p-01", sealed, pool) == ANSHIN_EDENIED);
}

/* A path that is led back to is one of this site, however a browser reads it. */
static void check_path(const char *path)
{
    require(path[0] == '/' && path[1] != '/' && path[1] != '\\' && strlen(path) <= ANSHIN_RETURN_MAX);
    for (; *path != '\0'; path++) {
        require(*path > ' ' && *path < 0x7f && strchr("\\\"'<>#", *path) == NULL);
    }
}

static void check_return(const char *path, const char *where, const char *stranger, apr_pool_t *pool)
{
    anshin_op_t *op = fuzz_op(pool);
    const char *text;
    const char *back = NULL, *kept;
    apr_status_t status = anshin_return_seal(op, path, &text);

    require(status == APR_SUCCESS || (status == ANSHIN_EINVALID && !anshin_return_path_valid(path)));
    if (status == APR_SUCCESS) {
        require(anshin_return_unseal(op, text, &kept) == APR_SUCCESS);
        require(!anshin_return_path_valid(path) || strcmp(kept, path) == 0);
        check_path(kept);
        status = anshin_return_unseal(op, fuzz_text(change(text, strlen(text), where, pool), strlen(text)), &back);
        /* base64 has bits to spare at its end */
        require(status == ANSHIN_EDENIED || (status == APR_SUCCESS && strcmp(back, kept) == 0));
    }
    op = fuzz_op(pool);
    require(anshin_return_unseal(op, stranger, &back) == ANSHIN_EDENIED && op->error.text[0] != '\0');
}

static void check_csrf(const char *where, const char *stranger, apr_pool_t *pool)
{
    anshin_op_t *op = fuzz_op(pool);
    const char *token;
    const char *other;

    require(anshin_csrf_make(op, browser, "1234", &token) == APR_SUCCESS);
    require(anshin_csrf_check(op, browser, token) == APR_SUCCESS);
    other = fuzz_text(change(token, strlen(token), where, pool), strlen(token));
    require(anshin_csrf_check(op, browser, other) == ANSHIN_EDENIED); /* 66 octets fill base64: none are to spare */
    other = fuzz_text(change(browser, strlen(browser), where, pool), strlen(browser));
    require(anshin_csrf_check(op, other, token) == ANSHIN_EDENIED);
    require(anshin_csrf_check(op, stranger, token) == ANSHIN_EDENIED || strcmp(stranger, browser) == 0);
    require(anshin_csrf_check(op, browser, stranger) == ANSHIN_EDENIED);
    if (anshin_browser_id_valid(stranger)) {
        require(strlen(stranger) == 43 && strspn(stranger, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                           "0123456789-_") == 43);
        require(anshin_csrf_make(op, stranger, "1234", &token) == APR_SUCCESS);
        require(anshin_csrf_check(op, stranger, token) == APR_SUCCESS);
    }
    require(op->error.status == APR_SUCCESS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const anshin_crypto_t *crypto = fuzz_crypto();
    anshin_bytes_t opened;
    char *lines[3];

    fuzz_split(lines, 3, data, size, '\n');
    require(crypto->unseal(crypto->ctx, &opened, "a", NULL, (anshin_bytes_t){data, size}, pool) == ANSHIN_EDENIED);
    check_seal(lines[0], lines[1], pool);
    check_return(lines[0], lines[1], lines[2], pool);
    check_csrf(lines[1], lines[2], pool);
    return 0;
}
