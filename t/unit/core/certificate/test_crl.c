/*
 * One list of revoked certificates for all machines that share a store (core/certificate/crl.h, CRT-6, CLU-1).
 */
#include "core/certificate/crl.h"

#include <string.h>

#include "core/context/nodes.h"
#include "unit/fixture.h"
#include "unit/tap.h"

#define LONG_LIST 200000 /* octets: more than a record has room for */

static fixture_t fixture;
static unsigned char octets[LONG_LIST];

static apr_status_t claim(const char *node, apr_int64_t had, apr_int64_t *number)
{
    apr_time_t last;

    fixture.env.node = node;
    return anshin_crl_claim(fixture_op(&fixture), "ca", had, number, &last);
}

static apr_status_t put(apr_int64_t number, apr_size_t length, anshin_crl_out_t *out)
{
    const anshin_bytes_t der = {octets, length};

    *out = (anshin_crl_out_t){.number = number, .ca = "1111111111111111", .digest = "d"};
    return anshin_crl_put(fixture_op(&fixture), "ca", out, &der);
}

static apr_status_t look(apr_int64_t had, anshin_crl_out_t *out, anshin_bytes_t *der)
{
    return anshin_crl_look(fixture_op(&fixture), "ca", had, out, der);
}

static void test_claims(void)
{
    anshin_crl_out_t out;
    anshin_crl_out_t seen;
    anshin_bytes_t der;
    apr_int64_t a, b, c;

    ok(look(0, &seen, &der) == APR_SUCCESS && seen.number == 0 && der.data == NULL, "no list is out");
    ok(claim("a", 0, &a) == APR_SUCCESS && a == apr_time_sec(fixture.now), "a machine claims the first");
    ok(claim("b", 0, &b) == ANSHIN_ECONFLICT && b == 0, "so another one waits");
    ok(claim("a", 0, &b) == APR_SUCCESS && b == a + 1,
       "the same machine, begun anew, does not, and has another number");
    ok(put(a, 10, &out) == ANSHIN_ECONFLICT && look(0, &seen, &der) == APR_SUCCESS && seen.number == 0,
       "what was claimed before it never comes out");
    fixture.now += ANSHIN_CRL_CLAIM;
    ok(claim("b", 0, &c) == APR_SUCCESS && c > b, "of one that was killed others wait no longer than that");
    ok(put(b, 10, &out) == ANSHIN_ECONFLICT, "which is too late when it comes after all");
    ok(put(c, 10, &out) == APR_SUCCESS && out.made_at == fixture.now && out.before == 0, "the list comes out");
    ok(put(c, 10, &out) == ANSHIN_ECONFLICT, "once");
    ok(claim("a", 0, &a) == ANSHIN_ECONFLICT, "who does not have it makes no next one");
    ok(claim("a", c, &a) == APR_SUCCESS && a > c, "who has it does");
    ok(anshin_crl_give_up(fixture_op(&fixture), "ca", a) == APR_SUCCESS && claim("b", c, &b) == APR_SUCCESS && b > a,
       "a machine that gives up keeps nobody waiting");
    ok(anshin_crl_give_up(fixture_op(&fixture), "ca", a) == APR_SUCCESS && claim("a", c, &a) == ANSHIN_ECONFLICT,
       "and gives up nothing of others");
    fixture.now -= 100 * ANSHIN_CRL_CLAIM;
    ok(claim("a", c, &a) == APR_SUCCESS && a > b,
       "a clock that was put back makes nobody wait, nor takes a number back");
    ok(put(a, 10, &out) == APR_SUCCESS && out.before > fixture.now && out.made_at == out.before + apr_time_from_sec(1),
       "and the list is later than the one before");
    fixture.now += 100 * ANSHIN_CRL_CLAIM;
}

/* A list that takes long, made by a machine that is awake. */
static void test_long_work(void)
{
    anshin_crl_out_t out;
    anshin_bytes_t der;
    apr_int64_t a, b;

    (void)look(0, &out, &der);
    ok(claim("a", out.number, &a) == APR_SUCCESS, "a machine claims the next list");
    for (int i = 0; i < 4; i++) {
        fixture.now += ANSHIN_CRL_CLAIM / 2;
        (void)anshin_node_sign(fixture_op(&fixture), "place", 0);
    }
    ok(claim("b", out.number, &b) == ANSHIN_ECONFLICT,
       "CLU-1: which takes it two minutes: while it gives signs nobody takes it away");
    fixture.env.node = "a";
    ok(put(a, 10, &out) == APR_SUCCESS, "and it comes out");
    ok(claim("a", out.number, &a) == APR_SUCCESS && anshin_node_sign(fixture_op(&fixture), "place", 0) == APR_SUCCESS,
       "it claims another one,");
    fixture.now += ANSHIN_CRL_CLAIM;
    ok(claim("b", out.number, &b) == APR_SUCCESS && b > a, "and ends: others wait no longer than that");
    fixture.env.node = "b";
    for (int i = 0; i < 22; i++) {
        fixture.now += ANSHIN_CRL_CLAIM_AWAKE / 20;
        (void)anshin_node_sign(fixture_op(&fixture), "place", 0);
    }
    ok(claim("a", out.number, &a) == APR_SUCCESS && a > b, "one that gives signs and makes nothing waits not for ever");
    ok(put(a, 10, &out) == APR_SUCCESS, "its list is out");
}

static int is_octets(const anshin_bytes_t *der, apr_size_t length)
{
    return der->length == length && memcmp(der->data, octets, length) == 0;
}

static void test_octets(void)
{
    anshin_crl_out_t out;
    anshin_crl_out_t seen;
    anshin_bytes_t der;
    apr_int64_t number;
    int records;

    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = (unsigned char)(i * 31 + i / 251);
    }
    (void)look(0, &seen, &der);
    ok(claim("a", seen.number, &number) == APR_SUCCESS && put(number, LONG_LIST, &out) == APR_SUCCESS &&
           look(0, &seen, &der) == APR_SUCCESS && is_octets(&der, LONG_LIST),
       "a long list comes back as it was, in %d records", fixture_count(&fixture, &anshin_record_crl));
    ok(seen.number == number && seen.made_at == out.made_at && seen.before == out.before &&
           same_text(seen.ca, out.ca) && same_text(seen.digest, "d"),
       "with what is told of it");
    ok(look(number, &seen, &der) == APR_SUCCESS && der.data == NULL && seen.number == number,
       "who has it gets no octets");
    ok(look(0, &seen, NULL) == APR_SUCCESS && seen.number == number, "nor who wants none");
    ok(claim("a", number, &number) == APR_SUCCESS && put(number, 45001, &out) == APR_SUCCESS &&
           look(0, &seen, &der) == APR_SUCCESS && is_octets(&der, 45001),
       "a shorter one is in its place");
    records = fixture_count(&fixture, &anshin_record_crl);
    ok(records == 3, "and nothing is left of the long one (%d)", records);
    fixture_put(&fixture, &anshin_record_crl, "ca/1", &(anshin_crl_t){.part = "no base64!"});
    ok(look(0, &seen, &der) == ANSHIN_EFAULT && look(seen.number, &seen, &der) == APR_SUCCESS,
       "one whose parts are broken is not handed out");
    ok(claim("a", seen.number, &number) == APR_SUCCESS && put(number, 10, &out) == APR_SUCCESS &&
           look(0, &seen, &der) == APR_SUCCESS && is_octets(&der, 10),
       "and the next one mends it");
}

static const char *digest_of(const apr_array_header_t *entries, const char *id, apr_time_t before)
{
    char *digest = apr_palloc(fixture.pool, ANSHIN_CRL_DIGEST + 1);

    return anshin_crl_digest(fixture_op(&fixture), digest, entries, &(anshin_revoked_ca_t){"ca", id}, before) ==
                   APR_SUCCESS
               ? digest
               : "it fails";
}

static void test_digest(void)
{
    apr_array_header_t *entries = apr_array_make(fixture.pool, 4, sizeof(anshin_revoked_entry_t));
    const char *none = digest_of(entries, "1111111111111111", 0);
    const char *one;

    APR_ARRAY_PUSH(entries, anshin_revoked_entry_t) =
        (anshin_revoked_entry_t){.serial = "41", .ca = "1111111111111111", .not_after = 100};
    one = digest_of(entries, "1111111111111111", 0);
    ok(strcmp(one, none) != 0, "a digest tells what is listed");
    ok(same_text(digest_of(entries, "1111111111111111", 100), one), "also what ended with the list before");
    ok(same_text(digest_of(entries, "1111111111111111", 101), none), "and not what had ended then");
    ok(same_text(digest_of(entries, "2222222222222222", 0), none), "nor what is another CA's");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    test_claims();
    test_long_work();
    test_octets();
    test_digest();
    apr_pool_destroy(pool);
    return done();
}
