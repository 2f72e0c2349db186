/*
 * A contract is removed (core/keeping/remove.h), whoever dies at whichever step: of its name nothing is left, and where
 * that is wanted nobody of it can be read in the trail.
 */
#include "core/admin/census.h"
#include "core/keeping/remove.h"
#include "unit/contract.h"

static int mails_seen;

static apr_status_t remove_contract(const char *name, int erase, anshin_erased_t *erased)
{
    anshin_removal_t removal = {name, erase, take_none, &mails_seen};
    anshin_op_t *op = fixture_op(&fixture);
    apr_status_t status;

    op->contract = NULL;
    status = anshin_contract_remove(op, &removal, erased);
    if (status != APR_SUCCESS && !died) {
        printf("# %s %s\n", op->error.id, op->error.text);
    }
    return status;
}

static int is_revoked(const char *serial)
{
    anshin_certificate_t certificate;

    return fixture_get(&fixture, &anshin_record_certificate, serial, &certificate) == APR_SUCCESS &&
           certificate.state == ANSHIN_CERTIFICATE_REVOKED && certificate.user == NULL && certificate.name == NULL;
}

static void test_remove(apr_pool_t *pool)
{
    anshin_erased_t erased;
    apr_status_t status;

    open_contract(&anshin_store_mem, pool);
    ok(remove_contract(OLD, 0, &erased) == ANSHIN_EINVALID, "BAK-3: what is declared is not removed");
    declare(NEW);
    ok(remove_contract("p-02", 0, &erased) == ANSHIN_ENOTFOUND &&
           remove_contract("p-02", 1, &erased) == ANSHIN_ENOTFOUND,
       "nor what is not there");
    status = remove_contract(OLD, 0, &erased);
    ok(status == APR_SUCCESS && erased.records > 30 && erased.certificates == 1 && mails_seen == 1,
       "BAK-3: a contract is removed: %d records, %d certificates, %d mails", erased.records, erased.certificates,
       mails_seen);
    ok(traces(OLD) == 0 && traces("p-010") == 2 && is_revoked("0a"),
       "BAK-3: nothing is left but the serial numbers, revoked and without a name; another one stays");
    ok(fixture_blobs(&fixture) == 0 && all_is_whole(), "its blobs are wiped, and the store is whole");
    ok(secrets() >= 4, "the trail can be read as before");
    ok(remove_contract(OLD, 1, &erased) == APR_SUCCESS && secrets() == 0,
       "BAK-3: with --erase, also afterwards, nobody can be read in the trail");
    ok(all_is_whole() && remove_contract(OLD, 1, &erased) == ANSHIN_ENOTFOUND, "once more: there is nothing");
}

static int scrubs;

static apr_status_t count_scrub(void *self, anshin_error_t *err)
{
    (void)self;
    (void)err;
    scrubs += !died;
    return died ? ANSHIN_EFAULT : APR_SUCCESS;
}

/* Of a contract that was called OLD, or is. Killed at that step and said again: 1 where anything is not as it should
 * be. *left: steps that were not taken. */
static int kill_removal(apr_pool_t *parent, const char *name, int steps, int *left)
{
    anshin_erased_t erased;
    apr_status_t status;
    apr_pool_t *pool;
    int wrong;

    apr_pool_create(&pool, parent);
    open_contract(&crash_store, pool);
    declare(NEW);
    if (strcmp(name, NEW) == 0) {
        (void)rename_from(OLD);
    }
    declare("p-third");
    scrubs = 0;
    steps_left = steps;
    status = remove_contract(name, 1, &erased);
    *left = died ? 0 : steps_left;
    if (died) {
        steps_left = -1;
        died = 0;
        status = remove_contract(name, 1, &erased);
    }
    steps_left = -1;
    /* Nothing is left to do only where the very last step took effect unheard. */
    wrong = status != APR_SUCCESS && !(status == ANSHIN_ENOTFOUND && dies_after && scrubs > 0);
    wrong |= scrubs == 0 || traces(name) != 0 || traces("p-010") != 2 || !is_revoked("0a") || secrets() != 0;
    apr_pool_destroy(pool);
    return wrong;
}

/* Here and there, and at each of the last steps: where the store is scrubbed. */
static void test_remove_killed(apr_pool_t *pool)
{
    static const char *const names[] = {OLD, NEW};
    const int many = 1000000;

    crash_store.scrub = count_scrub;
    for (int i = 0; i < 2; i++) {
        int left, unused, all, wrong = kill_removal(pool, names[i], many, &left);

        all = many - left;
        for (int step = 0; step < all; step += step < all - 21 ? 14 : 1) {
            for (dies_after = 0; dies_after < 2; dies_after++) {
                wrong += kill_removal(pool, names[i], step, &unused);
            }
        }
        ok(wrong == 0 && all > 100, "BAK-3: %s, killed at one of %d steps: gone on with to the same end, and scrubbed",
           names[i], all);
    }
    crash_store.scrub = NULL;
}

/* Under the name of before they can be read until somebody erases. */
static void test_remove_renamed(apr_pool_t *pool)
{
    anshin_erased_t erased;

    open_contract(&anshin_store_mem, pool);
    declare(NEW);
    (void)rename_from(OLD);
    declare("p-third");
    ok(remove_contract(NEW, 0, &erased) == APR_SUCCESS && secrets() == 4, "a renamed contract is removed");
    ok(remove_contract(NEW, 1, &erased) == APR_SUCCESS && secrets() == 0 && erased.kept == 0,
       "BAK-3: and erased afterwards, also under its former name");
    for (int first = 0; first < 2; first++) {
        open_contract(&anshin_store_mem, pool);
        declare(NEW);
        (void)rename_from(OLD);
        declare(OLD);
        (void)users_register(&fixture, "taro", ANSHIN_METHOD_PASSWORD);
        ok(secrets() == 5, "another contract has the former name, and a user of the same ID");
        ok(!first || remove_contract(NEW, 0, &erased) == APR_SUCCESS, "removed%s", first ? " at first" : "");
        ok(remove_contract(NEW, 1, &erased) == APR_SUCCESS && secrets() == 1 + 4 * first && erased.kept == 4 * first,
           "BAK-3: all can be read no more but that user%s",
           first ? ", and of whom nothing tells any more, which is said" : "");
    }
}

/* The other way round: the name that is removed was another contract's. */
static void test_remove_namesake(apr_pool_t *pool)
{
    anshin_erased_t erased;

    open_contract(&anshin_store_mem, pool);
    declare(NEW);
    (void)rename_from(OLD);
    declare(OLD);
    (void)users_register(&fixture, "taro", ANSHIN_METHOD_PASSWORD);
    declare(NEW);
    ok(remove_contract(OLD, 1, &erased) == APR_SUCCESS && secrets() == 4 && erased.kept == 0,
       "BAK-3: who is erased with a contract leaves those who were renamed away from its name");
}

static void test_told(apr_pool_t *pool)
{
    anshin_census_t census;
    anshin_erased_t erased;

    open_contract(&anshin_store_mem, pool);
    declare(NEW);
    fixture_put(&fixture, &anshin_record_fact, "removing/" OLD, &(anshin_fact_t){.value = "erase", .at = 1});
    ok(anshin_census_take(fixture_op(&fixture), &census) == APR_SUCCESS && census.erasing->nelts == 1 &&
           same_text(APR_ARRAY_IDX(census.erasing, 0, const char *), OLD),
       "ADM-1: an erasing that was broken off is told of");
    ok(remove_contract(OLD, 1, &erased) == APR_SUCCESS &&
           anshin_census_take(fixture_op(&fixture), &census) == APR_SUCCESS && census.erasing->nelts == 0,
       "ADM-1: until it has ended");
}

static void test_remove_refused(apr_pool_t *pool)
{
    anshin_erased_t erased;

    open_contract(&anshin_store_mem, pool);
    declare("p-third");
    fixture_put(&fixture, &anshin_record_fact, "renaming/" NEW, &(anshin_fact_t){.value = OLD});
    ok(remove_contract(OLD, 0, &erased) == ANSHIN_ECONFLICT && remove_contract(NEW, 1, &erased) == ANSHIN_ECONFLICT,
       "BAK-3: what is in the midst of being renamed is not removed");
}

/* What an account of the machine asked for that is called as the contract is not the contract's. */
static void test_details(apr_pool_t *pool)
{
    anshin_approval_t approval;
    anshin_erased_t erased;

    open_contract(&anshin_store_mem, pool);
    declare("p-third");
    fixture_put(&fixture, &anshin_record_approval, "a8",
                &(anshin_approval_t){.contract = "staff", .by = ANSHIN_ACTOR_OPERATOR, .name = OLD});
    ok(remove_contract(OLD, 0, &erased) == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_approval, "a8", &approval) == APR_SUCCESS &&
           same_text(approval.name, OLD),
       "and what it asked for stays");
}

/* --- who writes meanwhile ----------------------------------------------------------------------------------------- */

static void test_late(apr_pool_t *pool)
{
    anshin_erased_t erased;
    apr_status_t status;

    make_late_store();
    open_contract(&late_store, pool);
    declare(NEW);
    writes_late = 1;
    status = remove_contract(OLD, 0, &erased);
    writes_late = 0;
    ok(status == ANSHIN_EBUSY && traces(OLD) > 0, "removing: not done while others write");
    ok(remove_contract(OLD, 0, &erased) == APR_SUCCESS && traces(OLD) == 0,
       "the same call goes on when they have ended");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    make_crash_store();
    test_remove(pool);
    test_remove_killed(pool);
    test_remove_renamed(pool);
    test_remove_namesake(pool);
    test_told(pool);
    test_remove_refused(pool);
    test_details(pool);
    test_late(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
