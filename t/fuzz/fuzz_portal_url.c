/*
 * The address of a portal, as an operator writes it: what is taken comes apart into an origin and a base of harmless
 * characters, which put together again are the same address.
 */
#include "fuzz.h"

#include "core/config/portal_url.h"

#define SCHEME "https://"
#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void check_origin(const char *origin)
{
    const char *host = origin + strlen(SCHEME);
    size_t length = *host == '[' ? 1 + strspn(host + 1, DIGITS "abcdef:.") + 1 : strspn(host, DIGITS LOWER "-.");
    const char *port = host + length;

    require(strncmp(origin, SCHEME, strlen(SCHEME)) == 0 && length > 0);
    require(*host != '-' && *host != '.' && (*host != '[' || port[-1] == ']') && port[-1] != '-' && port[-1] != '.');
    if (*port != '\0') {
        long number = strtol(port + 1, NULL, 10);

        require(*port == ':' && port[1] != '0' && port[1 + strspn(port + 1, DIGITS)] == '\0');
        require(number >= 1 && number <= 65535 && number != 443);
    }
}

/* Nothing that ends a cookie's path, a header or a piece of HTML, and no way up. */
static void check_base(const char *base, apr_pool_t *pool)
{
    const char *whole = apr_pstrcat(pool, base, "/", NULL);

    require(base[strspn(base, DIGITS LOWER UPPER "-._~/")] == '\0');
    require(*base == '\0' || (*base == '/' && base[strlen(base) - 1] != '/'));
    require(strstr(whole, "//") == NULL && strstr(whole, "/./") == NULL && strstr(whole, "/../") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const char *url = fuzz_text(data, size);
    const char *origin = NULL;
    const char *base = NULL;
    const char *again[2];

    if (!anshin_portal_url_split(url, &origin, &base, pool)) {
        require(origin == NULL && base == NULL);
        return 0;
    }
    check_origin(origin);
    check_base(base, pool);
    require(strlen(origin) + strlen(base) <= strlen(url));
    require(anshin_portal_url_split(apr_pstrcat(pool, origin, base, NULL), &again[0], &again[1], pool));
    require(strcmp(again[0], origin) == 0 && strcmp(again[1], base) == 0);
    return 0;
}
