/* core/desk/sealed_whom.c: whom an address is about, said to nobody else (S28). */
#include "core/desk/sealed_whom.h"

#include <apr_encode.h>
#include <ctype.h>

#include "unit/helpdesk.h"

static const char *sealed(const char *contract, const char *user, const char *number)
{
    const anshin_desk_whom_t whom = {contract, user, number};
    const char *text = NULL;

    return anshin_whom_seal(staff_op(), &whom, &text) == APR_SUCCESS ? text : "failed";
}

static const char *opened(const char *text, const anshin_contract_t *contract)
{
    anshin_op_t *op = staff_op();
    anshin_desk_whom_t whom = {NULL, NULL, "not touched"};
    apr_status_t status;

    op->contract = contract;
    status = anshin_whom_unseal(op, text, &whom);
    if (status != APR_SUCCESS) {
        return whom.number == NULL ? anshin_status_name(status) : "refused, and somebody";
    }
    return apr_pstrcat(fixture.pool, whom.contract, " ", whom.user, " ", whom.number, NULL);
}

static void test_round(void)
{
    static const char long_name[] = "abcdefghijklmnopqrstuvwxyz012345";
    const char *user = "";
    int whole = 0;

    for (int i = 1; i <= 64; i++) {
        user = apr_pstrcat(fixture.pool, user, "u", NULL);
        whole += same_text(opened(sealed(long_name, user, long_name), &staff_contract),
                           apr_pstrcat(fixture.pool, long_name, " ", user, " ", long_name, NULL));
    }
    ok(whole == 64, "whatever has its length comes back: %d", whole);
    is(opened(sealed("p-01", "s1", NULL), &staff_contract), "p-01 s1 ", "one without a number as well");
    is(sealed("p-01", "s1", "9"), sealed("p-01", "s1", "9"), "the same user, the same signs");
    ok(strcmp(sealed("p-01", "s1", "9"), sealed("p-01", "s2", "9")) != 0, "another one, others");
    ok(strlen(sealed("p-01", "s1", "9")) == strlen(sealed("p-01", "s123", "9")), "whatever the length of an ID, about");
    is(sealed("p-01", apr_pstrcat(fixture.pool, user, user, user, user, NULL), "9"), "failed", "too much is refused");
}

static void test_foreign(void)
{
    const char *good = sealed("p-01", "s1", "9");
    const char *denied = anshin_status_name(ANSHIN_EDENIED);
    int refused = 0, tried = 0;

    is(opened(good, &other_contract), denied, "ROL-3: it is of the operators' contract alone");
    for (apr_size_t i = 0; good[i] != '\0'; i++) {
        for (int bit = 0; bit < 7; bit++) {
            char *bad = apr_pstrdup(fixture.pool, good);

            bad[i] = (char)(bad[i] ^ (1 << bit));
            tried++;
            refused += same_text(opened(bad, &staff_contract), denied);
        }
        tried++;
        refused += same_text(opened(apr_pstrndup(fixture.pool, good, i), &staff_contract), denied);
    }
    ok(tried > 300 && refused == tried, "ROL-3: %d of %d changed in one bit, or cut, are refused", refused, tried);
    is(opened(apr_pstrcat(fixture.pool, good, good, NULL), &staff_contract), denied, "twice the same");
    is(opened(NULL, &staff_contract), denied, "nothing");
    is(opened("", &staff_contract), denied, "an empty one");
    is(opened("cC0wMS9zMS8w", &staff_contract), denied, "one of before, in the clear");
    is(opened(apr_pstrcat(fixture.pool, good, "=", NULL), &staff_contract), denied, "with a sign of padding");
    is(opened(sealed("p-01", "s1/9", "x"), &staff_contract), denied, "four parts, though sealed by us");
}

/* Nothing of contract, ID and number stands in it, whatever it is decoded to. */
static void test_clear(void)
{
    const char *text = sealed("p-01", "hanako.suzuki", "0123456789abcdef0123456789abcdef");
    apr_size_t length;
    const unsigned char *octets =
        apr_pdecode_base64_binary(fixture.pool, text, APR_ENCODE_STRING, APR_ENCODE_NONE, &length);
    int in_a_row = 0, longest = 0;

    for (apr_size_t i = 0; i < length; i++) {
        in_a_row = isprint(octets[i]) ? in_a_row + 1 : 0;
        longest = in_a_row > longest ? in_a_row : longest;
    }
    ok(strstr(text, "hanako") == NULL && longest < 12, "S28: nothing to be read in it (%d signs in a row)", longest);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    contracts(pool);
    test_round();
    test_foreign();
    test_clear();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
