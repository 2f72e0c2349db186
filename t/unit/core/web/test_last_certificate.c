/*
 * What a browser remembers of its last certificate: it comes back as it was, for its contract, and from nobody else.
 */
#include "core/web/last_certificate.h"
#include "unit/tap.h"
#include "unit/fixture.h"

#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static fixture_t fixture;

static anshin_op_t *begin(anshin_op_t *op)
{
    anshin_op_init(op, &fixture.env, &fixture.contract, &(anshin_actor_t){.address = "192.0.2.1"}, fixture.pool);
    return op;
}

static const char *seal(const char *label)
{
    const anshin_last_certificate_t last = {apr_time_from_sec(1795000000) + 7, label};
    const char *text = "";
    anshin_op_t op;

    ok(anshin_last_certificate_seal(begin(&op), &last, &text) == APR_SUCCESS &&
           strspn(text, BASE64URL) == strlen(text) && strlen(text) <= 512,
       "sealed into %d signs that a cookie takes", (int)strlen(text));
    return text;
}

static apr_status_t unseal(const char *text, anshin_last_certificate_t *last)
{
    anshin_op_t op;
    apr_status_t status;

    memset(last, 0, sizeof(*last));
    status = anshin_last_certificate_unseal(begin(&op), text, last);
    return status == ANSHIN_EDENIED && op.error.status != APR_SUCCESS ? ANSHIN_EFAULT : status;
}

static void test_round(void)
{
    static const char *const labels[] = {"薬局1号機", "", "two words", " <b>&\"", NULL};
    char most[ANSHIN_LAST_CERTIFICATE_LABEL + 2];
    anshin_last_certificate_t last;

    for (size_t i = 0; labels[i] != NULL; i++) {
        ok(unseal(seal(labels[i]), &last) == APR_SUCCESS && same_text(last.label, labels[i]) &&
               last.not_after == apr_time_from_sec(1795000000),
           "end and label come back: \"%s\"", labels[i]);
    }
    ok(unseal(seal(NULL), &last) == APR_SUCCESS && same_text(last.label, ""), "so does the end alone");
    memset(most, 'x', sizeof most);
    most[ANSHIN_LAST_CERTIFICATE_LABEL] = '\0';
    ok(unseal(seal(most), &last) == APR_SUCCESS && same_text(last.label, most), "the longest label");
    most[ANSHIN_LAST_CERTIFICATE_LABEL] = 'x';
    most[ANSHIN_LAST_CERTIFICATE_LABEL + 1] = '\0';
    ok(unseal(seal(most), &last) == APR_SUCCESS && same_text(last.label, ""), "a longer one is left out");
}

static void test_hostile(void)
{
    static const char *const hostile[] = {"", "x", "1795000000 a", "\xff", "<script>", "../..", "====", "%00", "A A"};
    const char *text = seal("label");
    anshin_last_certificate_t last;
    size_t changed = 0;

    ok(unseal(NULL, &last) == ANSHIN_EDENIED, "no cookie is nothing");
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        ok(unseal(hostile[i], &last) == ANSHIN_EDENIED, "neither is \"%s\", and no cause is kept", hostile[i]);
    }
    for (size_t i = 0; i < strlen(text); i++) {
        char *other = apr_pstrdup(fixture.pool, text);

        other[i] = other[i] == 'A' ? 'Q' : 'A';
        changed += unseal(other, &last) == ANSHIN_EDENIED;
    }
    ok(changed >= strlen(text) - 1, "changed anywhere it is nothing: %d places", (int)changed);
    ok(unseal(apr_psprintf(fixture.pool, "%0600d", 1), &last) == ANSHIN_EDENIED, "nor is what is too long");
    fixture.contract.name = "p-02";
    ok(unseal(text, &last) == ANSHIN_EDENIED, "nor another contract's (CON-1)");
    fixture.contract.name = "p-01";
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    test_round();
    test_hostile();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
