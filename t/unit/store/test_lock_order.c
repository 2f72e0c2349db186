/*
 * The discipline of owners (core/store/owner.h), which the store in memory holds every transaction against: who owns a
 * record, and what is refused.
 */
#include <stdlib.h>

#include <apr_general.h>

#include "core/store/store.h"
#include "store/lock_order.h"
#include "store/store_mem.h"
#include "unit/tap.h"

static apr_pool_t *pool;
static anshin_store_t *store;
static anshin_error_t err;

static void owns(const anshin_record_type_t *type, const char *key, const void *record, int rank, const char *name)
{
    anshin_owner_t owner;

    anshin_owner_of(&owner, type, key, record, pool);
    ok(owner.rank == rank && same_text(owner.name, name), "%s %s is of %s", type->name, key,
       name != NULL ? name : "nobody");
}

static void test_owners(void)
{
    const anshin_session_t session = {.contract = "p-01", .user = "u1"};
    const anshin_session_t nobodys = {.contract = "p-01"};

    owns(&anshin_record_account, "p-01/u1", NULL, ANSHIN_RANK_USER, "p-01/u1");
    owns(&anshin_record_terminal, "p-01/u1/2", NULL, ANSHIN_RANK_USER, "p-01/u1");
    owns(&anshin_record_counter, "p-01/u1/password", NULL, ANSHIN_RANK_USER, "p-01/u1");
    owns(&anshin_record_sequence, "history/p-01/u1", NULL, ANSHIN_RANK_USER, "p-01/u1");
    owns(&anshin_record_sequence, "requests/p-01", NULL, ANSHIN_RANK_NONE, NULL);
    owns(&anshin_record_history, "p-01//0000000000000001", NULL, ANSHIN_RANK_SELF, "history p-01/");
    owns(&anshin_record_counter, "p-01/@c0000201/address", NULL, ANSHIN_RANK_ADDRESS + 9, "p-01/@c0000201");
    owns(&anshin_record_counter, "p-01/@c00002/address", NULL, ANSHIN_RANK_ADDRESS + 7, "p-01/@c00002");
    owns(&anshin_record_session, "5e", &session, ANSHIN_RANK_USER, "p-01/u1");
    owns(&anshin_record_session, "5e", NULL, ANSHIN_RANK_NONE, NULL);
    owns(&anshin_record_session, "5e", &nobodys, ANSHIN_RANK_NONE, NULL);
    owns(&anshin_record_job, "all/1", NULL, ANSHIN_RANK_SELF, "job all/1");
    owns(&anshin_record_due, "session@1", NULL, ANSHIN_RANK_NONE, NULL);
}

/* One step of a transaction: read a record, put or delete it. */
typedef struct step_t {
    char what; /* g, p, d; 0 ends */
    const anshin_record_type_t *type;
    const char *key;
} step_t;

static apr_status_t take(anshin_txn_t *txn, const step_t *step)
{
    void *record = apr_pcalloc(pool, step->type->size);
    apr_status_t status;

    if (step->type == &anshin_record_session) {
        *(anshin_session_t *)record = (anshin_session_t){.contract = "p-01", .user = step->key};
    }
    if (step->what == 'p') {
        return anshin_txn_put(txn, step->type, step->key, record);
    }
    status = step->what == 'd' ? anshin_txn_delete(txn, step->type, step->key)
                               : anshin_txn_get(txn, step->type, step->key, record);
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* The steps in one transaction: which one is refused (0: none), and the commit with it. */
static int refused_in(const step_t *steps, int moves)
{
    anshin_txn_t *txn;
    int number = 0;
    apr_status_t status;

    anshin_error_clear(&err);
    (void)anshin_txn_begin(&txn, store, ANSHIN_TXN_WRITE, &err, pool);
    if (moves) {
        anshin_txn_moves(txn);
    }
    for (int i = 0; steps[i].what != '\0'; i++) {
        if (take(txn, &steps[i]) == ANSHIN_EFAULT && number == 0) {
            number = i + 1;
        }
    }
    status = anshin_txn_commit(txn, ANSHIN_LAZY);
    return (status == APR_SUCCESS) == (number == 0) ? number : -1;
}

static int refused(const step_t *steps)
{
    return refused_in(steps, 0);
}

#define ACCOUNT &anshin_record_account
#define COUNTER &anshin_record_counter
#define SESSION &anshin_record_session
#define JOB &anshin_record_job

static void test_order(void)
{
    const step_t good[] = {{'g', ACCOUNT, "p-01/u1"},
                           {'g', COUNTER, "p-01/@c00002/address"},
                           {'p', COUNTER, "p-01/@c0000201/address"},
                           {'p', JOB, "all/1"},
                           {'p', JOB, "all/0"},
                           {'p', COUNTER, "p-01/u1/password"},
                           {'p', SESSION, "u1"},
                           {'d', COUNTER, "p-01/@c00002/address"},
                           {0, NULL, NULL}};
    const step_t second[] = {
        {'g', ACCOUNT, "p-01/u1"}, {'g', ACCOUNT, "p-01/u2"}, {'p', ACCOUNT, "p-01/u2"}, {0, NULL, NULL}};
    const step_t ended[] = {{'g', ACCOUNT, "p-01/u2"}, {'g', SESSION, "u1"}, {'d', SESSION, "u1"}, {0, NULL, NULL}};
    const step_t job_first[] = {{'g', JOB, "all/1"}, {'g', ACCOUNT, "p-01/u1"}, {0, NULL, NULL}};
    const step_t narrow_first[] = {
        {'g', COUNTER, "p-01/@c0000201/address"}, {'g', COUNTER, "p-01/@c00002/address"}, {0, NULL, NULL}};
    const step_t absent[] = {{'g', SESSION, "nobody"}, {'g', ACCOUNT, "p-01/u1"}, {0, NULL, NULL}};

    ok(refused(good) == 0, "one user, addresses from wide to narrow, jobs in any order, and each again: %s", err.text);
    ok(refused(second) == 3 && strstr(err.text, "p-01/u2") != NULL && strstr(err.text, "p-01/u1") != NULL,
       "a second user is read, but not written: %s", err.text);
    ok(refused(ended) == 3 && strstr(err.text, "p-01/u1") != NULL, "by a member as well: %s", err.text);
    ok(refused(job_first) == 2 && strstr(err.text, "job all/1") != NULL && strstr(err.text, "p-01/u1") != NULL,
       "no user behind a job: %s", err.text);
    ok(refused(narrow_first) == 2, "no network behind a narrower one: %s", err.text);
    ok(refused(absent) == 0, "what names its user and is not there locks nothing: %s", err.text);
}

/* Whoever renames a contract takes a user from one name to the other. */
static void test_moves(void)
{
    const step_t two[] = {{'g', ACCOUNT, "p-01/u1"},
                          {'d', ACCOUNT, "p-01/u1"},
                          {'p', ACCOUNT, "p-02/u1"},
                          {'p', JOB, "all/1"},
                          {'p', ACCOUNT, "p-02/u1"},
                          {'d', ACCOUNT, "p-01/u1"},
                          {0, NULL, NULL}};
    const step_t three[] = {
        {'d', ACCOUNT, "p-01/u1"}, {'p', ACCOUNT, "p-02/u1"}, {'p', ACCOUNT, "p-02/u2"}, {0, NULL, NULL}};
    const step_t late[] = {{'d', ACCOUNT, "p-01/u1"}, {'p', JOB, "all/1"}, {'p', ACCOUNT, "p-02/u1"}, {0, NULL, NULL}};

    ok(refused(two) == 3, "two users are not written");
    ok(refused_in(two, 1) == 0, "but where the transaction moves: %s", err.text);
    ok(refused_in(three, 1) == 3, "a third one is not: %s", err.text);
    ok(refused_in(late, 1) == 3, "nor is the second one locked behind a job: %s", err.text);
}

int main(void)
{
    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    if (anshin_store_open(&store, &anshin_store_mem, "", &err, pool) != APR_SUCCESS) {
        return 1;
    }
    test_owners();
    test_order();
    test_moves();
    return done();
}
