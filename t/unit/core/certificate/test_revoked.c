/*
 * What the list of revoked certificates is made of (core/certificate/revoked.h, CRT-6).
 */
#include "core/certificate/revoked.h"

#include "core/certificate/certificate.h"
#include "core/certificate/ocsp.h"
#include "core/certificate/revocation.h"
#include "unit/fixture.h"
#include "unit/tap.h"

#define DAY apr_time_from_sec(86400)

static fixture_t fixture;
static const anshin_revoked_ca_t first = {"ca", "1111111111111111"};
static const anshin_revoked_ca_t second = {"ca-2", "2222222222222222"};

static void put(const char *serial, apr_int64_t state, apr_time_t not_after)
{
    fixture_put(&fixture, &anshin_record_certificate, serial,
                &(anshin_certificate_t){.contract = "p-01",
                                        .user = "u",
                                        .serial = serial,
                                        .state = state,
                                        .not_after = not_after,
                                        .revoked_at = state == ANSHIN_CERTIFICATE_REVOKED ? fixture.now : 0,
                                        .reason = state == ANSHIN_CERTIFICATE_REVOKED ? ANSHIN_REASON_SUPERSEDED : 0});
}

/* "a b c" */
static const char *serials(const apr_array_header_t *entries)
{
    const char *all = "";

    for (int i = 0; i < entries->nelts; i++) {
        all = apr_pstrcat(fixture.pool, all, i > 0 ? " " : "", APR_ARRAY_IDX(entries, i, anshin_revoked_entry_t).serial,
                          NULL);
    }
    return all;
}

static apr_array_header_t *new_list(void)
{
    return apr_array_make(fixture.pool, 4, sizeof(anshin_revoked_entry_t));
}

static void test_told(void)
{
    apr_array_header_t *list = new_list();
    apr_array_header_t *keys;
    anshin_op_t *op = fixture_op(&fixture);

    put("4103", ANSHIN_CERTIFICATE_REVOKED, fixture.now + DAY);
    put("4101", ANSHIN_CERTIFICATE_ACTIVE, fixture.now + DAY);
    put("4102", ANSHIN_CERTIFICATE_ACTIVE, fixture.now + DAY);
    ok(anshin_revoked_all(fixture_op(&fixture), list) == APR_SUCCESS && same_text(serials(list), "4103"),
       "a walk finds those that are revoked (%s)", serials(list));
    ok(anshin_revoked_told(fixture_op(&fixture), list, NULL, &keys) == APR_SUCCESS && keys->nelts == 0,
       "none was told of");
    ok(anshin_certificate_revoke(op, "4101", ANSHIN_REASON_KEY_COMPROMISE) == APR_SUCCESS && op->jobs_queued == 1,
       "a revocation rings the bell");
    ok(anshin_revoked_told(fixture_op(&fixture), list, NULL, &keys) == APR_SUCCESS && keys->nelts == 1 &&
           same_text(serials(list), "4103 4101"),
       "and tells of itself (%s)", serials(list));
    ok(APR_ARRAY_IDX(list, 1, anshin_revoked_entry_t).reason == ANSHIN_REASON_KEY_COMPROMISE &&
           APR_ARRAY_IDX(list, 1, anshin_revoked_entry_t).revoked_at == fixture.now &&
           APR_ARRAY_IDX(list, 1, anshin_revoked_entry_t).not_after == fixture.now + DAY,
       "with its reason and times");
    ok(anshin_revoked_told(fixture_op(&fixture), list, NULL, &keys) == APR_SUCCESS && keys->nelts == 1,
       "again, as long as nobody has said that it is safe");
    (void)anshin_ocsp_forget(fixture_op(&fixture), &(anshin_ocsp_request_t){.asked = {"4101"}, .count = 1});
    anshin_revoked_tidy(list, &first, 0);
    ok(same_text(serials(list), "4101 4103"), "on the list it stands once, in order (%s)", serials(list));
    ok(anshin_revoked_done(fixture_op(&fixture), keys) == APR_SUCCESS &&
           anshin_revoked_told(fixture_op(&fixture), list, NULL, &keys) == APR_SUCCESS && keys->nelts == 0 &&
           fixture_count(&fixture, &anshin_record_revoked) == 0 && fixture_count(&fixture, &anshin_record_due) == 0,
       "then nothing is left of it");
    ok(anshin_certificate_revoke(fixture_op(&fixture), "4101", 1) == ANSHIN_ECONFLICT &&
           anshin_revoked_told(fixture_op(&fixture), list, NULL, &keys) == APR_SUCCESS && keys->nelts == 0,
       "one that is revoked already tells nothing");
}

/* RFC 5280 3.3: on one list after its end, then on none. */
static void test_ended(void)
{
    apr_array_header_t *list = new_list();

    put("4201", ANSHIN_CERTIFICATE_REVOKED, fixture.now - DAY);
    (void)anshin_revoked_all(fixture_op(&fixture), list);
    anshin_revoked_tidy(list, &first, fixture.now - 2 * DAY);
    ok(strstr(serials(list), "4201") != NULL, "one that has ended since the last list stands on the next");
    anshin_revoked_tidy(list, &first, fixture.now - DAY);
    ok(strstr(serials(list), "4201") != NULL, "also when it ended with it");
    anshin_revoked_tidy(list, &first, fixture.now);
    ok(strstr(serials(list), "4201") == NULL && list->nelts == 2, "and not on the one behind (%s)", serials(list));
}

/* CAS-2: each CA has a list and numbers of its own; what no record tells is of the first one. */
static void test_cas(void)
{
    apr_array_header_t *list = new_list();
    anshin_revoked_entry_t entry = {.serial = "41"};
    apr_int64_t number;
    apr_time_t last;

    ok(anshin_revoked_is_of(&entry, &first) && !anshin_revoked_is_of(&entry, &second),
       "one of an older store is on the list of the server's first CA");
    apr_cpystrn(entry.ca, second.id, sizeof(entry.ca));
    ok(!anshin_revoked_is_of(&entry, &first) && anshin_revoked_is_of(&entry, &second),
       "others are on that of their own");
    entry.not_after = fixture.now - DAY;
    APR_ARRAY_PUSH(list, anshin_revoked_entry_t) = entry;
    anshin_revoked_tidy(list, &first, fixture.now);
    ok(list->nelts == 1, "a list of another CA ends none of them");
    anshin_revoked_tidy(list, &second, fixture.now);
    ok(list->nelts == 0, "their own does");
    (void)anshin_revoked_out(fixture_op(&fixture), "ca-2");
    (void)anshin_revoked_number(fixture_op(&fixture), "ca-2", &number, &last);
    ok(number == apr_time_sec(fixture.now) && last == fixture.now, "numbers and times are of one CA alone");
}

static void test_number(void)
{
    apr_int64_t numbers[5];
    apr_time_t last[5];
    apr_time_t before = fixture.now;

    (void)anshin_revoked_number(fixture_op(&fixture), "ca", &numbers[0], &last[0]);
    ok(numbers[0] == apr_time_sec(fixture.now) && last[0] == 0, "the first number is the time; no list was out");
    (void)anshin_revoked_number(fixture_op(&fixture), "ca", &numbers[1], &last[1]);
    ok(numbers[1] == numbers[0] + 1 && last[1] == 0, "a list that was never out has used its number up");
    ok(anshin_revoked_out(fixture_op(&fixture), "ca") == APR_SUCCESS, "one is out");
    fixture.now -= 100 * DAY;
    (void)anshin_revoked_number(fixture_op(&fixture), "ca", &numbers[2], &last[2]);
    ok(numbers[2] == numbers[1] + 1 && last[2] == before, "a clock that was put back takes no number back");
    fixture.now = before + DAY;
    (void)anshin_revoked_number(fixture_op(&fixture), "ca", &numbers[3], &last[3]);
    ok(numbers[3] == apr_time_sec(fixture.now), "and time goes on ahead of the count");
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_WRITE);
    (void)anshin_txn_delete(txn, &anshin_record_fact, "crl/ca");
    (void)anshin_txn_commit(txn, ANSHIN_DURABLE);
    fixture.now += DAY;
    (void)anshin_revoked_number(fixture_op(&fixture), "ca", &numbers[4], &last[4]);
    ok(numbers[4] > numbers[3], "a store that has forgotten it gives no number again");
    fixture.now = before;
}

/* What a list learns; serials that it adds are heard. */
static const char *hear(apr_array_header_t *list, apr_hash_t *heard, apr_array_header_t **keys)
{
    int from = list->nelts;

    if (anshin_revoked_told(fixture_op(&fixture), list, heard, keys) != APR_SUCCESS) {
        return "it fails";
    }
    for (int i = from; i < list->nelts; i++) {
        const char *serial = APR_ARRAY_IDX(list, i, anshin_revoked_entry_t).serial;

        apr_hash_set(heard, apr_pstrdup(fixture.pool, serial), APR_HASH_KEY_STRING, "");
    }
    return serials(list);
}

/* Machines that share the store write a list each, and all of them hear of each revocation, once. */
static void test_shared(void)
{
    apr_array_header_t *list = new_list();
    apr_array_header_t *other = new_list();
    apr_hash_t *heard = apr_hash_make(fixture.pool);
    apr_hash_t *heard_there = apr_hash_make(fixture.pool);
    const apr_time_t before = fixture.now;
    apr_array_header_t *keys;

    fixture.env.node = "a";
    put("4301", ANSHIN_CERTIFICATE_ACTIVE, fixture.now + DAY);
    put("4302", ANSHIN_CERTIFICATE_ACTIVE, fixture.now + DAY);
    (void)anshin_certificate_revoke(fixture_op(&fixture), "4301", ANSHIN_REASON_SUPERSEDED);
    ok(same_text(hear(list, heard, &keys), "4301") && keys->nelts == 0, "one machine hears of it, and leaves it there");
    (void)anshin_certificate_revoke(fixture_op(&fixture), "4302", ANSHIN_REASON_SUPERSEDED);
    ok(same_text(hear(list, heard, &keys), "4301 4302") && keys->nelts == 0, "of the next one it hears alone");
    fixture.env.node = "b";
    ok(same_text(hear(other, heard_there, &keys), "4301 4302") && keys->nelts == 0, "another one hears of both");
    fixture.now += ANSHIN_REVOKED_LINGER;
    ok(same_text(hear(other, heard_there, &keys), "4301 4302") && keys->nelts == 0, "so long all of them may");
    fixture.now += apr_time_from_sec(1);
    ok(same_text(hear(other, heard_there, &keys), "4301 4302") && keys->nelts == 2 &&
           anshin_revoked_done(fixture_op(&fixture), keys) == APR_SUCCESS &&
           fixture_count(&fixture, &anshin_record_revoked) == 0,
       "then nothing is left of them");
    fixture.now = before;
    fixture.env.node = NULL;
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    test_told();
    test_ended();
    test_number();
    test_cas();
    test_shared();
    apr_pool_destroy(pool);
    return done();
}
