/*
 * core/store/record.c: the codec of records, with bytes that no encoder made.
 */
#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/store/record.h"
#include "unit/tap.h"

static apr_pool_t *pool;

static apr_array_header_t *texts(const char *const *list)
{
    apr_array_header_t *array = apr_array_make(pool, 4, sizeof(const char *));

    for (; *list != NULL; list++) {
        APR_ARRAY_PUSH(array, const char *) = *list;
    }
    return array;
}

static apr_array_header_t *numbers(const apr_int64_t *list, int count)
{
    apr_array_header_t *array = apr_array_make(pool, 4, sizeof(apr_int64_t));

    for (int i = 0; i < count; i++) {
        APR_ARRAY_PUSH(array, apr_int64_t) = list[i];
    }
    return array;
}

/* --- declarations --------------------------------------------------------------------------------------------------
 */

static void test_declarations(void)
{
    int types = 0;
    int bad = 0;
    char numbers_seen[256] = {0};

    for (const anshin_record_type_t *const *type = anshin_record_types; *type != NULL; type++, types++) {
        char tags[256] = {0};

        bad += (*type)->number == 0 || numbers_seen[(*type)->number]++ > 0;
        for (apr_size_t i = 0; i < (*type)->field_count; i++) {
            const anshin_field_t *field = &(*type)->fields[i];

            bad += field->tag == 0 || tags[field->tag]++ > 0 || field->offset + sizeof(void *) > (*type)->size;
        }
    }
    ok(types >= 13 && bad == 0, "%d record types, every number and tag its own", types);
    ok(same_text(anshin_record_account.name, "account") && anshin_record_account.number == 1 &&
           anshin_record_account.size == sizeof(anshin_account_t),
       "a descriptor says what was declared");
}

/* --- there and back ------------------------------------------------------------------------------------------------
 */

static void test_round_trip(void)
{
    static const char *const history[] = {"$argon2id$a", "", "\xe5\xae\x89\xe5\xbf\x83", NULL};
    static const apr_int64_t terminals[] = {0, 1, -1, 63, 64, -64, -65, APR_INT64_MAX, APR_INT64_MIN};
    anshin_account_t in = {0};
    anshin_account_t out;
    anshin_bytes_t bytes;

    in.contract = "demo";
    in.user = "\xe5\xae\x89\xe5\xbf\x83\xe5\xad\x90";
    in.state = 2;
    in.method = -1;
    in.password_history = texts(history);
    in.terminals = numbers(terminals, 9);
    in.created_at = APR_INT64_MAX;
    in.registered_at = APR_INT64_MIN;
    ok(anshin_record_encode(&bytes, &anshin_record_account, &in, pool) == APR_SUCCESS &&
           anshin_record_decode(&out, &anshin_record_account, bytes.data, bytes.length, pool) == APR_SUCCESS,
       "an account is encoded and decoded");
    ok(same_text(out.contract, in.contract) && same_text(out.user, in.user), "texts come back");
    ok(out.state == 2 && out.method == -1 && out.created_at == APR_INT64_MAX && out.registered_at == APR_INT64_MIN,
       "numbers come back, of any size and sign");
    ok(out.password_history->nelts == 3 &&
           same_text(APR_ARRAY_IDX(out.password_history, 0, const char *), history[0]) &&
           same_text(APR_ARRAY_IDX(out.password_history, 1, const char *), "") &&
           same_text(APR_ARRAY_IDX(out.password_history, 2, const char *), history[2]),
       "lists of texts come back");
    ok(out.terminals->nelts == 9 && memcmp(out.terminals->elts, terminals, sizeof(terminals)) == 0,
       "lists of numbers come back");
    ok(out.question == NULL && out.language == NULL && out.disabled_at == 0, "what was empty is empty");
    ok((const unsigned char *)out.user < bytes.data || (const unsigned char *)out.user >= bytes.data + bytes.length,
       "texts are copies");
}

static void test_copy(void)
{
    const anshin_session_t in = {.user = "u", .contract = "p-01", .address = "", .terminal = -3, .created_at = 7};
    anshin_account_t with_array = {.terminals = numbers(&(apr_int64_t){1}, 1)};
    anshin_account_t account;
    anshin_session_t out;
    char texts[7];
    apr_size_t used;

    ok(anshin_record_copy(&out, &anshin_record_session, &in, texts, 7, &used) == APR_SUCCESS && used == 7 &&
           same_text(out.user, "u") && same_text(out.contract, "p-01") && out.terminal == -3 && out.created_at == 7 &&
           out.user >= texts && out.user < texts + 7 && out.contract >= texts && out.contract < texts + 7,
       "a record is copied, its texts with it");
    ok(anshin_record_copy(&out, &anshin_record_session, &in, texts, 6, &used) == ANSHIN_EINVALID,
       "but not where one octet is missing");
    ok(anshin_record_copy(&account, &anshin_record_account, &with_array, texts, 7, &used) == ANSHIN_EINVALID,
       "nor one with an array");
}

static void test_empty(void)
{
    anshin_account_t in = {0};
    anshin_account_t out;
    anshin_bytes_t bytes;

    in.user = "";
    in.terminals = numbers(NULL, 0);
    memset(&out, 0xff, sizeof(out));
    ok(anshin_record_encode(&bytes, &anshin_record_account, &in, pool) == APR_SUCCESS && bytes.length == 1,
       "an empty record is one octet");
    ok(anshin_record_decode(&out, &anshin_record_account, bytes.data, bytes.length, pool) == APR_SUCCESS &&
           out.user == NULL && out.terminals == NULL && out.contract == NULL && out.state == 0,
       "empty texts and lists come back as NULL");
}

static void test_limit(void)
{
    anshin_fact_t fact = {0};
    anshin_fact_t out;
    anshin_bytes_t bytes;
    char *big = apr_palloc(pool, ANSHIN_RECORD_MAX + 1);

    memset(big, 'x', ANSHIN_RECORD_MAX);
    big[ANSHIN_RECORD_MAX] = '\0';
    fact.value = big;
    ok(anshin_record_encode(&bytes, &anshin_record_fact, &fact, pool) == ANSHIN_EINVALID && bytes.length == 0,
       "a record that is too long is refused");
    big[ANSHIN_RECORD_MAX - 5] = '\0'; /* format, tag and three octets of length make it full */
    ok(anshin_record_encode(&bytes, &anshin_record_fact, &fact, pool) == APR_SUCCESS &&
           bytes.length == ANSHIN_RECORD_MAX,
       "the longest possible is taken");
    ok(anshin_record_decode(&out, &anshin_record_fact, bytes.data, bytes.length, pool) == APR_SUCCESS &&
           same_text(out.value, big),
       "and comes back");
}

/* --- hostile -------------------------------------------------------------------------------------------------------
 */

/* In memory of its own, so that a sanitizer sees every octet read outside. */
static apr_status_t decode_exact(void *record, const anshin_record_type_t *type, const void *data, size_t length)
{
    void *copy = malloc(length > 0 ? length : 1);
    apr_status_t status;

    if (copy == NULL) {
        return APR_ENOMEM;
    }
    memcpy(copy, data, length);
    status = anshin_record_decode(record, type, copy, length, pool);
    free(copy);
    return status;
}

#define DECODE(bytes) decode_exact(&fact, &anshin_record_fact, bytes, sizeof(bytes) - 1)

static void test_refused(void)
{
    anshin_fact_t fact;
    anshin_session_list_t list;

    ok(DECODE("") == ANSHIN_EFAULT, "no octets are no record");
    ok(DECODE("\x02") == ANSHIN_EFAULT && DECODE("\x00") == ANSHIN_EFAULT, "another format is refused");
    ok(DECODE("\x01\x01") == ANSHIN_EFAULT, "a tag without length");
    ok(DECODE("\x01\x01\x05"
              "abcd") == ANSHIN_EFAULT,
       "a value that ends early");
    ok(DECODE("\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\x01") == ANSHIN_EFAULT, "a length beyond all bounds");
    ok(DECODE("\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
              "x") == ANSHIN_EFAULT,
       "a length of more than 64 bits");
    ok(DECODE("\x01\x01\x80") == ANSHIN_EFAULT, "a length that does not end");
    ok(DECODE("\x01\x00\x01"
              "x") == ANSHIN_EFAULT,
       "tag 0");
    ok(DECODE("\x01\x01\x01"
              "x\x01\x01"
              "y") == ANSHIN_EFAULT,
       "a field twice");
    ok(DECODE("\x01\x01\x03"
              "a\0b") == ANSHIN_EFAULT,
       "a text with NUL in it");
    ok(DECODE("\x01\x01\x00") == ANSHIN_EFAULT, "a field that is empty");
    ok(DECODE("\x01\x02\x02\x02\x00") == ANSHIN_EFAULT, "octets behind a number");
    ok(DECODE("\x01\x02\x01\x80") == ANSHIN_EFAULT, "a number that does not end");
    ok(decode_exact(&list, &anshin_record_session_list,
                    "\x01\x01\x03\x05"
                    "ab",
                    6) == ANSHIN_EFAULT,
       "a text in a list that ends early");
    ok(decode_exact(&list, &anshin_record_session_list, "\x01\x01\x02\x01\x00", 5) == ANSHIN_EFAULT,
       "a text in a list with NUL in it");
    ok(DECODE("\x01\x63\x03"
              "new\x01\x02"
              "ok") == APR_SUCCESS &&
           same_text(fact.value, "ok"),
       "a field of a newer version hides none of ours");
}

/* Written by a newer version, read and written again by this one. */
static void test_later(void)
{
    static const char newer[] = "\x01\x63\x03new\x01\x02ok\x64\x02\x00z";
    anshin_bytes_t bytes;
    anshin_fact_t fact, again;
    char texts[64];
    apr_size_t used;

    ok(DECODE(newer) == APR_SUCCESS && same_text(fact.value, "ok") && fact.later.length == 9,
       "fields of a newer version are kept, before and behind ours");
    fact.value = "changed";
    ok(anshin_record_encode(&bytes, &anshin_record_fact, &fact, pool) == APR_SUCCESS &&
           decode_exact(&again, &anshin_record_fact, bytes.data, bytes.length) == APR_SUCCESS &&
           same_text(again.value, "changed") && again.later.length == 9 &&
           memcmp(again.later.data, "\x63\x03new\x64\x02\x00z", 9) == 0,
       "and come back when the record is written again");
    ok(anshin_record_mentions(&anshin_record_fact, &again, "new") &&
           !anshin_record_mentions(&anshin_record_fact, &again, "old") && (fact.later.length = 0, 1) &&
           !anshin_record_mentions(&anshin_record_fact, &fact, "new"),
       "what they have in them can be looked for");
    ok(anshin_record_copy(&fact, &anshin_record_fact, &again, texts, sizeof(texts), &used) == ANSHIN_EINVALID,
       "a copy would not have them, so there is none");
    ok(DECODE("\x01\x63\x01n\x63\x01n") == ANSHIN_EFAULT, "a field of a newer version twice is damage");
}

/* Every truncation and every flipped bit: refused or decoded, never read outside. */
static void test_every_damage(void)
{
    static const char *const history[] = {"one", "two", NULL};
    static const apr_int64_t terminals[] = {1, 200, -3};
    anshin_account_t in = {.contract = "demo", .user = "aiko", .state = 5, .created_at = 1234567890123456};
    anshin_account_t out;
    anshin_bytes_t bytes;
    unsigned char *copy;
    int whole = 0;
    int tried = 0;

    in.password_history = texts(history);
    in.terminals = numbers(terminals, 3);
    anshin_record_encode(&bytes, &anshin_record_account, &in, pool);
    for (apr_size_t length = 0; length < bytes.length; length++) {
        whole += decode_exact(&out, &anshin_record_account, bytes.data, length) == APR_SUCCESS && out.terminals != NULL;
    }
    ok(whole == 0, "no beginning of a record passes for the whole");
    copy = apr_pmemdup(pool, bytes.data, bytes.length);
    for (apr_size_t i = 0; i < bytes.length * 8; i++, tried++) {
        copy[i / 8] ^= (unsigned char)(1 << i % 8);
        decode_exact(&out, &anshin_record_account, copy, bytes.length);
        copy[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    ok(tried > 200 && decode_exact(&out, &anshin_record_account, copy, bytes.length) == APR_SUCCESS,
       "%d flipped bits read nothing outside", tried);
}

int main(void)
{
    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    test_declarations();
    test_round_trip();
    test_copy();
    test_empty();
    test_limit();
    test_refused();
    test_later();
    test_every_damage();
    return done();
}
