/*
 * An audit trail for tests: see trail.h.
 */
#include "unit/trail.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/audit/trail.h"
#include "runtime/trail_file.h"
#include "unit/crash_store.h"

fixture_t trail_fixture;
anshin_chainer_t trail_chainer;

void trail_open(apr_pool_t *pool)
{
    steps_left = -1;
    died = 0;
    fixture_open(&trail_fixture, &crash_store, NULL, pool);
    trail_fixture.env.audit = &anshin_trail;
    (void)mkdir(anshin_trail_directory(&trail_fixture.env, pool), 0700);
    anshin_chainer_init(&trail_chainer, &trail_fixture.env);
    trail_chainer.segment_events = 3;
}

/* An act; taken: its change is made. */
void trail_tell(const char *user, const char *number, int taken)
{
    const anshin_act_facts_t facts = {.act = ANSHIN_ACT_TERMINAL_CHANGED,
                                      .user = user,
                                      .account = number,
                                      .terminal = 2,
                                      .before = "old@example.jp",
                                      .after = "new@example.jp"};
    anshin_op_t *op = fixture_op(&trail_fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    apr_status_t status;

    op->actor = (anshin_actor_t){.kind = ANSHIN_ACTOR_USER, .address = "192.0.2.7", .client = "Chrome, Windows"};
    status = anshin_trail.add(NULL, op, txn, &facts);
    (void)anshin_txn_end(txn, taken ? status : ANSHIN_EDENIED, ANSHIN_LAZY);
}

/* As the worker does, until there is nothing more to do. */
apr_status_t trail_chain(void)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < 3; i++) {
        int more;

        status = anshin_chainer_step(&trail_chainer, fixture_op(&trail_fixture), &more);
    }
    return status;
}

static void keep_first(void *baton, apr_int64_t segment, apr_int64_t line, const char *what)
{
    trail_found_t *found = baton;

    if (found->count++ == 0) {
        found->segment = segment;
        found->line = line;
        apr_cpystrn(found->what, what, sizeof(found->what));
    }
}

anshin_verified_t trail_verified;

trail_found_t trail_verify(void)
{
    trail_found_t found = {0};
    anshin_op_t op;
    apr_pool_t *pool;

    apr_pool_create(&pool, trail_fixture.pool);
    anshin_op_init(&op, &trail_fixture.env, NULL, &anshin_actor_worker, pool);
    if (anshin_audit_verify(&op, keep_first, &found, &trail_verified) != APR_SUCCESS) {
        found.count = -1;
    }
    apr_pool_destroy(pool);
    return found;
}

int trail_is_whole(apr_int64_t events, apr_int64_t unchained)
{
    trail_found_t found = trail_verify();

    if (found.count != 0) {
        printf("# %d: segment %d line %d %s\n", found.count, (int)found.segment, (int)found.line, found.what);
    }
    return found.count == 0 && trail_verified.events == events && trail_verified.unchained == unchained;
}

int trail_finds(const char *says)
{
    trail_found_t found = trail_verify();

    if (found.count > 0 && strstr(found.what, says) == NULL) {
        printf("# %s\n", found.what);
    }
    return found.count > 0 && strstr(found.what, says) != NULL;
}
