/*
 * What the signer cannot use, as the worker notes it for htanshin check (core/certificate/unusable.h, CRT-3, CRT-7).
 */
#include "core/certificate/unusable.h"

#include "unit/fault_store.h"
#include "unit/fixture.h"
#include "unit/tap.h"

static fixture_t fixture;

static const char *noted(const char *ca)
{
    const char *why = NULL;

    return anshin_unusable_noted(fixture_op(&fixture), ca, &why) == APR_SUCCESS ? why : NULL;
}

static apr_status_t note(const char *ca, const char *why)
{
    return anshin_unusable_note(fixture_op(&fixture), ca, why);
}

static void test_notes(void)
{
    const char *long_one = apr_psprintf(fixture.pool, "%0255d", 0);

    ok(same_text(noted(NULL), "") && same_text(noted("ca"), ""), "before anybody has said anything nothing hinders");
    ok(note(NULL, "") == APR_SUCCESS && note("ca", "") == APR_SUCCESS &&
           fixture_count(&fixture, &anshin_record_fact) == 0,
       "that all can be used leaves no record");
    ok(note("ca", "no such key") == APR_SUCCESS && same_text(noted("ca"), "no such key") &&
           same_text(noted(NULL), "") && same_text(noted("ca-2"), "") && same_text(noted("c"), ""),
       "a CA that cannot be used is one's own matter (CRT-7)");
    ok(note(NULL, "another's") == APR_SUCCESS && note("apple", "a CA that is called so") == APR_SUCCESS &&
           same_text(noted(NULL), "another's") && same_text(noted("apple"), "a CA that is called so"),
       "what Apple profiles are signed with is no CA, whatever one is called (CRT-3)");
    ok(note("ca", long_one) == APR_SUCCESS && same_text(noted("ca"), long_one), "the last one counts, whole");
    ok(note("ca", "") == APR_SUCCESS && same_text(noted("ca"), "") && same_text(noted(NULL), "another's") &&
           fixture_count(&fixture, &anshin_record_fact) == 2,
       "and goes when it can be used");
}

/* Noted every few seconds, it writes only what is news. */
static void test_news(void)
{
    fault_arm_first("commit", 1, ANSHIN_EFAULT);
    ok(note(NULL, "another's") == APR_SUCCESS && note("ca", "") == APR_SUCCESS && fault_fired == 0,
       "what is noted already is not written");
    ok(note(NULL, "") == ANSHIN_EFAULT && fault_fired == 1, "a fault is told");
    ok(same_text(noted(NULL), "another's") && note(NULL, "") == APR_SUCCESS && same_text(noted(NULL), ""),
       "and next time it is written");
    fault_arm_first("get", 1, ANSHIN_EFAULT);
    ok(noted(NULL) == NULL, "a store that cannot be read says nothing good (S21)");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fault_make_store();
    fixture_open(&fixture, &fault_store, NULL, pool);
    test_notes();
    test_news();
    apr_pool_destroy(pool);
    return done();
}
