/*
 * A store whose checkpoints fail says so while it still serves (core/store/store.h), and no longer once they work
 * again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "unit/dbm_session.h"
#include "unit/scratch.h"
#include "store/files/base.h"
#include "store/files/control.h"
#include "store/files/journal.h"
#include "store/store_mem.h"
#include "unit/tap.h"

#define VALUE 30000
#define LONG 150 /* so many make a checkpoint due */
#define PATIENCE apr_time_from_sec(120)

static void put(session_t *session, const char *prefix, int count)
{
    anshin_fact_t fact = {.at = 1};

    for (int i = 0; i < count; i++) {
        anshin_txn_t *txn;
        apr_pool_t *pool;

        apr_pool_create(&pool, session->pool);
        fact.value = apr_psprintf(pool, "%0*d", VALUE, i);
        if (anshin_txn_begin(&txn, session->store, ANSHIN_TXN_WRITE, &session->err, pool) != APR_SUCCESS ||
            anshin_txn_put(txn, &anshin_record_fact, apr_psprintf(pool, "%s%d", prefix, i), &fact) != APR_SUCCESS ||
            anshin_txn_commit(txn, ANSHIN_LAZY) != APR_SUCCESS) {
            printf("# %s %s\n", session->err.id, session->err.text);
            exit(1);
        }
        apr_pool_destroy(pool);
    }
}

static anshin_store_health_t trouble_of(const session_t *session)
{
    anshin_store_health_t trouble;

    anshin_store_health(&trouble, session->store, session->pool);
    return trouble;
}

/* Checkpoints are made by a thread that looks now and then. */
static int comes_to(const session_t *session, int has_trouble)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    while ((trouble_of(session).why != NULL) != has_trouble && apr_time_now() < end) {
        apr_sleep(20000);
    }
    return (trouble_of(session).why != NULL) == has_trouble;
}

/* It is taken away a moment after the base is there. */
static int note_goes(const anshin_control_t *control, char *note, apr_size_t size)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    for (anshin_control_last_note(note, size, control); note[0] != '\0' && apr_time_now() < end;
         anshin_control_last_note(note, size, control)) {
        apr_sleep(20000);
    }
    return note[0] == '\0';
}

static void test_checkpoints(apr_pool_t *pool)
{
    const char *where = apr_pstrcat(pool, scratch_directory(pool), "/store", NULL);
    const char *obstacle = apr_pstrcat(pool, where, "/" ANSHIN_BASE_WORK, NULL);
    anshin_directory_t folder;
    anshin_control_t control;
    anshin_store_health_t trouble;
    session_t other;
    session_t session;
    char note[100];

    if (open_store(&session, where, pool) != APR_SUCCESS || open_store(&other, where, pool) != APR_SUCCESS ||
        anshin_directory_open(&folder, where, &session.err) != APR_SUCCESS ||
        anshin_control_open(&control, &folder, &session.err, pool) != APR_SUCCESS) {
        printf("# %s %s\n", session.err.id, session.err.text);
        exit(1);
    }
    trouble = trouble_of(&session);
    ok(trouble.why == NULL && trouble.limit == ANSHIN_JOURNAL_LIMIT, "a new store is in no trouble");
    (void)mkdir(obstacle, 0700);
    put(&session, "a", LONG);
    ok(comes_to(&session, 1) && comes_to(&other, 1), "a checkpoint that fails is told of: %s",
       trouble_of(&session).why);
    put(&session, "b", 10);
    trouble = trouble_of(&other);
    ok(trouble.why != NULL && trouble.length > 10 * VALUE && trouble.length < trouble.limit,
       "to everybody, with what the journal has (%d octets)", (int)trouble.length);
    (void)rmdir(obstacle);
    ok(comes_to(&session, 0) && comes_to(&other, 0), "no longer, once one has worked");
    ok(note_goes(&control, note, sizeof(note)), "nor does the next writer hear of it: %s", note);
    anshin_control_note(&control, "made up for by another process");
    ok(trouble_of(&session).why == NULL, "what came too late to be true is not told");
    anshin_control_close(&control);
    anshin_directory_close(&folder);
    close_store(&other);
    close_store(&session);
}

/* Until this many journals were begun and a base made of all but the last. */
static int comes_to_base(const anshin_control_t *control, apr_uint32_t number)
{
    apr_time_t end = apr_time_now() + PATIENCE;
    anshin_state_t state = anshin_control_state(control);

    while ((anshin_state_generation(state) < number || anshin_state_checkpointing(state)) && apr_time_now() < end) {
        apr_sleep(20000);
        state = anshin_control_state(control);
    }
    return anshin_state_generation(state) == number && !anshin_state_checkpointing(state);
}

static void damage(const char *path)
{
    int fd = open(path, O_WRONLY);

    if (fd < 0 || pwrite(fd, "damaged", 7, 100000) != 7) {
        printf("# %s: %s\n", path, strerror(errno));
        exit(1);
    }
    close(fd);
}

/* A checkpoint that needs a damaged file only for its quick way works by the slow one, and does not keep it to itself
 * (faults.md, code 13). */
static void test_detour(apr_pool_t *pool)
{
    const char *where = apr_pstrcat(pool, scratch_directory(pool), "/detour", NULL);
    anshin_directory_t folder;
    anshin_control_t control;
    anshin_store_health_t trouble;
    session_t session;

    if (open_store(&session, where, pool) != APR_SUCCESS ||
        anshin_directory_open(&folder, where, &session.err) != APR_SUCCESS ||
        anshin_control_open(&control, &folder, &session.err, pool) != APR_SUCCESS) {
        printf("# %s %s\n", session.err.id, session.err.text);
        exit(1);
    }
    put(&session, "a", LONG);
    ok(comes_to_base(&control, 2) && trouble_of(&session).detour == NULL, "a first base of one journal");
    damage(apr_pstrcat(pool, where, "/", anshin_journal_name(1, pool), NULL));
    put(&session, "b", LONG);
    ok(comes_to_base(&control, 3), "a base although the journal before the last is damaged");
    trouble = trouble_of(&session);
    ok(trouble.why == NULL && trouble.detour != NULL, "which is told: %s", trouble.detour);
    put(&session, "c", LONG);
    ok(comes_to_base(&control, 4) && trouble_of(&session).detour == NULL, "no longer, once none was in the way");
    anshin_control_close(&control);
    anshin_directory_close(&folder);
    close_store(&session);
}

static void test_memory(apr_pool_t *pool)
{
    anshin_store_health_t trouble = {.why = "before", .length = 1};
    session_t session;

    memset(&session, 0, sizeof(session));
    ok(anshin_store_open(&session.store, &anshin_store_mem, "", &session.err, pool) == APR_SUCCESS,
       "a store in memory");
    anshin_store_health(&trouble, session.store, pool);
    ok(trouble.why == NULL && trouble.length == 0 && trouble.limit == 0, "a provider that knows of none has none");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_checkpoints(pool);
    test_detour(pool);
    test_memory(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
