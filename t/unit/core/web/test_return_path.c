/* core/web/return_path.c: where a login leads back to (LOG-1, S26). */
#include "core/web/return_path.h"
#include "unit/tap.h"
#include "unit/fixture.h"

static fixture_t fixture;
static anshin_op_t op;

static void paths(void)
{
    static const char *const right[] = {"/",     "/members/",     "/a?b=c&d=%2F%2Fevil",
                                        "/a//b", "/~u/x.cgi/y;z", "/a?u=https://x/"};
    static const char *const wrong[] = {"",
                                        "members",
                                        "//evil.example/",
                                        "/\\evil.example/",
                                        "\\/evil.example/",
                                        "https://evil.example/",
                                        "javascript:alert(1)",
                                        "/a b",
                                        "/a\tb",
                                        "/a\r\nSet-Cookie: x=1",
                                        "/a\nb",
                                        "/a#b",
                                        "/a\"b",
                                        "/a<b>",
                                        "/a'b",
                                        "/\x7f",
                                        "/日本",
                                        " /a",
                                        "/a\\b",
                                        "?a=b",
                                        "#"};
    char *long_path = apr_pcalloc(fixture.pool, ANSHIN_RETURN_MAX + 2);

    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        ok(anshin_return_path_valid(right[i]), "S26: %s is a path of this site", right[i]);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ok(!anshin_return_path_valid(wrong[i]), "S26: wrong path %d is not", (int)i);
    }
    memset(long_path, 'a', ANSHIN_RETURN_MAX);
    long_path[0] = '/';
    ok(anshin_return_path_valid(long_path), "as long as allowed");
    long_path[ANSHIN_RETURN_MAX] = 'a';
    ok(!anshin_return_path_valid(long_path), "and one byte longer");
}

static apr_status_t unseal(const char *text, const char **path)
{
    anshin_error_clear(&op.error);
    return anshin_return_unseal(&op, text, path);
}

/* What our own key has sealed, but not as a path to return to. */
static const char *builder(const char *purpose, const char *bound, const char *text, apr_size_t length)
{
    anshin_bytes_t sealed;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *out, *to;

    fixture.crypto->seal(fixture.crypto->ctx, &sealed, purpose, bound,
                         (anshin_bytes_t){(const unsigned char *)text, length}, fixture.pool);
    to = out = apr_palloc(fixture.pool, sealed.length * 2 + 4);
    for (apr_size_t i = 0; i < sealed.length; i += 3) {
        unsigned a = sealed.data[i];
        unsigned b = i + 1 < sealed.length ? sealed.data[i + 1] : 0;
        unsigned c = i + 2 < sealed.length ? sealed.data[i + 2] : 0;

        *to++ = digits[a >> 2];
        *to++ = digits[((a & 3) << 4) | b >> 4];
        if (i + 1 < sealed.length) {
            *to++ = digits[((b & 15) << 2) | c >> 6];
        }
        if (i + 2 < sealed.length) {
            *to++ = digits[c & 63];
        }
    }
    *to = '\0';
    return out;
}

static void referers(void)
{
    static const struct {
        const char *referer, *host, *path;
    } cases[] = {
        {"https://site.example/a?b=c", "site.example", "/a?b=c"},
        {"https://SITE.example:8443/", "site.example:8443", "/"},
        {"https://site.example:8443/", "site.example", NULL},
        {"https://site.example.evil.example/", "site.example", NULL},
        {"https://evil.example/https://site.example/", "site.example", NULL},
        {"https://site.example", "site.example", NULL},
        {"https://site.example//evil.example/", "site.example", "//evil.example/"},
        {"site.example/", "site.example", NULL},
        {"https:///a", "", NULL},
        {"https://site.example/", NULL, NULL},
        {NULL, "site.example", NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(same_text(anshin_return_of_referer(cases[i].referer, cases[i].host), cases[i].path), "S26: Referer %s on %s",
           cases[i].referer ? cases[i].referer : "(none)", cases[i].host ? cases[i].host : "(none)");
    }
}

static void seals(void)
{
    static const struct {
        const char *sent, *kept;
    } as_sent[] = {
        {"/a?q='x'&b=\\c", "/a?q=%27x%27&b=%5Cc"},
        {"/\xe6\x97\xa5?\"<>", "/%E6%97%A5?%22%3C%3E"},
        {"/%E6?q=%27", "/%E6?q=%27"},
        {"/\\evil.example/", "/%5Cevil.example/"},
        {"/a b\r\nX: y", "/a%20b%0D%0AX:%20y"},
    };
    const char *text = NULL, *again = NULL, *path = NULL;
    char *changed;
    int denied = 0;

    ok(anshin_return_seal(&op, "/members/?a=1", &text) == APR_SUCCESS && unseal(text, &path) == APR_SUCCESS &&
           same_text(path, "/members/?a=1"),
       "LOG-1: sealed and opened again");
    ok(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(text),
       "it needs no escaping in a URL");
    anshin_return_seal(&op, "/members/?a=1", &again);
    ok(!same_text(text, again), "no two seals are alike");
    for (size_t i = 0; i < strlen(text); i++) {
        changed = apr_pstrdup(fixture.pool, text);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        denied += unseal(changed, &path) == ANSHIN_EDENIED;
    }
    ok(denied >= (int)strlen(text) - 1,
       "S26: changed by one sign it is refused (%d of %d; the last sign may hold spare bits)", denied,
       (int)strlen(text));
    ok(unseal("", &path) == ANSHIN_EDENIED, "nothing");
    ok(unseal("/members/", &path) == ANSHIN_EDENIED, "a path that nobody sealed");
    ok(unseal("%%%", &path) == ANSHIN_EDENIED, "no base64url");
    ok(unseal(apr_pstrmemdup(fixture.pool, text, strlen(text) / 2), &path) == ANSHIN_EDENIED, "half of it");
    changed = apr_pcalloc(fixture.pool, 100001);
    memset(changed, 'A', 100000);
    ok(unseal(changed, &path) == ANSHIN_EDENIED, "S32: a very long one");
    ok(unseal(builder("return", "p-01", "/ok", 3), &path) == APR_SUCCESS, "the forger can seal");
    ok(unseal(builder("flow", "p-01", "/ok", 3), &path) == ANSHIN_EDENIED, "sealed for another purpose");
    ok(unseal(builder("return", "p-02", "/ok", 3), &path) == ANSHIN_EDENIED, "CON-1: sealed for another contract");
    ok(unseal(builder("return", "p-01", "//evil/", 7), &path) == ANSHIN_EDENIED, "S26: a seal makes no path of it");
    ok(unseal(builder("return", "p-01", "/a\0b", 4), &path) == ANSHIN_EDENIED, "nor hides a NUL");
    for (size_t i = 0; i < sizeof(as_sent) / sizeof(as_sent[0]); i++) {
        ok(anshin_return_seal(&op, as_sent[i].sent, &text) == APR_SUCCESS && unseal(text, &path) == APR_SUCCESS &&
               same_text(path, as_sent[i].kept),
           "LOG-1: %s is led back to as %s", as_sent[i].sent, path);
    }
    changed = apr_pcalloc(fixture.pool, ANSHIN_RETURN_MAX + 2);
    memset(changed, 'a', ANSHIN_RETURN_MAX);
    changed[0] = '/';
    ok(anshin_return_seal(&op, changed, &text) == APR_SUCCESS && strlen(text) < 7600,
       "LOG-1: one that is long fits a request line when it is sealed");
    changed[1] = '\'';
    ok(anshin_return_seal(&op, changed, &text) == ANSHIN_EINVALID, "too long once it is encoded");
    changed[ANSHIN_RETURN_MAX] = 'a';
    ok(anshin_return_seal(&op, changed, &text) == ANSHIN_EINVALID, "or as it is");
    ok(anshin_return_seal(&op, "//evil.example/", &text) == ANSHIN_EINVALID, "and what is none is not sealed");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    anshin_op_init(&op, &fixture.env, &fixture.contract, &(anshin_actor_t){.kind = ANSHIN_ACTOR_STRANGER}, pool);
    paths();
    referers();
    seals();
    apr_terminate();
    return done();
}
