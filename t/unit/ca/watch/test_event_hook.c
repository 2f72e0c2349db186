/*
 * Acts that the operator's command is told of (ca/watch/event_hook.h, STA-2): each at least once, whenever the worker is
 * started anew, and counted once.
 */
#include "ca/watch/event_hook.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ca/chainer.h"
#include "ca/log.h"
#include "core/audit/chain.h"
#include "core/audit/trail.h"
#include "runtime/trail_file.h"
#include "unit/fault_store.h"
#include "unit/fixture.h"
#include "unit/tap.h"

#define NUMBER "0123456789abcdef0123456789abcdef"
#define EVENT_PAUSE 300
#define OTHERS 450 /* more than two steps read */
#define TEXT_MAX 16384

static fixture_t fixture;
static anshin_chainer_t chainer;
static anshin_event_hook_t hook;
static char told[TEXT_MAX];

static const char *path_of(const char *name)
{
    return apr_pstrcat(fixture.pool, fixture.directory, "/", name, NULL);
}

/* Acts of a user, which the worker has chained. */
static void act(anshin_act_t what, const char *user, int times)
{
    const anshin_act_facts_t facts = {.act = what, .user = user, .account = NUMBER};
    int more = 1;

    for (int i = 0; i < times; i++) {
        anshin_op_t *op = fixture_op(&fixture);
        anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

        (void)anshin_txn_end(txn, anshin_trail.add(NULL, op, txn, &facts), ANSHIN_LAZY);
    }
    while (anshin_chainer_step(&chainer, fixture_op(&fixture), &more) == APR_SUCCESS && more) {}
}

/* Another worker. Nobody looks at the system: that is not asked here. */
static void start_anew(void)
{
    anshin_event_hook_end(&hook);
    anshin_event_hook_init(&hook, &fixture.env);
    hook.next_look = APR_INT64_MAX;
}

/* Until a pause is due. How many steps had something to read. */
static int step_all(void)
{
    int steps = 0;

    while (steps < 100 && anshin_event_hook_step(&hook) < ANSHIN_EVENT_HOOK_PAUSE) {
        steps++;
    }
    return steps;
}

/* How many lines the command has taken so far; all of them in told. */
static int lines(void)
{
    FILE *in = fopen(path_of("told"), "r");
    const size_t length = in != NULL ? fread(told, 1, sizeof(told) - 1, in) : 0;
    int count = 0;

    if (in != NULL) {
        (void)fclose(in);
    }
    told[length] = '\0';
    for (size_t i = 0; i < length; i++) {
        count += told[i] == '\n';
    }
    return count;
}

/* How far the store has it. */
static anshin_trail_places_t places(void)
{
    anshin_trail_places_t found = {0};

    (void)anshin_trail_places(fixture_op(&fixture), &found);
    return found;
}

static int is_at_end(void)
{
    const anshin_trail_places_t found = places();

    return found.events.segment == found.head.segment && found.events.octets == found.head.octets;
}

static void open_fixture(apr_pool_t *pool)
{
    const char *script;

    fixture_open(&fixture, &fault_store, NULL, pool);
    fixture.env.audit = &anshin_trail;
    (void)mkdir(anshin_trail_directory(&fixture.env, pool), 0700);
    script = apr_psprintf(pool, "#!/bin/sh\ntest ! -e %s || exit 7\ncat >> %s\n", path_of("refuse"), path_of("told"));
    scratch_write(path_of("tell"), script, strlen(script), 0700);
    fixture.config.server.event_command = path_of("tell");
    fixture.config.server.event_pause = EVENT_PAUSE;
    anshin_chainer_init(&chainer, &fixture.env);
    chainer.segment_events = OTHERS / 2;
    anshin_event_hook_init(&hook, &fixture.env);
}

static void test_restarts(void)
{
    act(ANSHIN_ACT_NOW_LOCKED, "before", 1);
    start_anew();
    ok(step_all() == 0 && lines() == 0 && is_at_end(), "STA-2: the first worker of all begins at the end of the trail");

    scratch_write(path_of("refuse"), "", 0, 0600);
    act(ANSHIN_ACT_NOW_LOCKED, "taro", 1);
    ok(step_all() == 1 && lines() == 0 && !is_at_end(), "STA-2: an act that the command refuses is not done with");
    (void)unlink(path_of("refuse"));
    start_anew();
    (void)step_all();
    ok(lines() == 1 && strstr(told, "\"taro\"") != NULL && strstr(told, "\"more\"") == NULL,
       "STA-2: the next worker tells it");
    ok(is_at_end(), "STA-2: and then it is done with");

    act(ANSHIN_ACT_NOW_LOCKED, "hanako", 1);
    act(ANSHIN_ACT_TERMINAL_CHANGED, "hanako", 1);
    act(ANSHIN_ACT_DEVICE_LOST, "jiro", 1);
    (void)step_all();
    ok(lines() == 2 && strstr(told, "\"jiro\"") != NULL && strstr(told, "\"hanako\"") == NULL,
       "STA-2: in the pause an act waits; one of another kind does not");
    fixture.now += apr_time_from_sec(EVENT_PAUSE + 1);
    start_anew();
    (void)step_all();
    ok(lines() >= 3 && strstr(told, "\"hanako\"") != NULL && is_at_end(),
       "STA-2: after a restart in the pause it is told all the same");
    start_anew();
    (void)step_all();
    ok(lines() == 4, "STA-2: with what stands behind it, and once (%d)", lines());
}

static void test_many(void)
{
    const int before = lines();
    int steps;

    fixture.now += apr_time_from_sec(EVENT_PAUSE + 1);
    start_anew();
    (void)step_all();
    act(ANSHIN_ACT_TERMINAL_CHANGED, "taro", OTHERS);
    act(ANSHIN_ACT_NOW_LOCKED, "saburo", 1);
    steps = step_all();
    ok(steps >= 3 && lines() == before + 1 && strstr(told, "\"saburo\"") != NULL && is_at_end(),
       "STA-2: what stands behind many others is told without a pause between (%d steps)", steps);
}

/* A disk that is full. */
static void test_unwritten(void)
{
    const int before = lines();
    const char *line;
    int steps;

    act(ANSHIN_ACT_TERMINAL_CHANGED, "goro", 1);
    act(ANSHIN_ACT_NOW_LOCKED, "goro", 1);
    fault_arm_first("commit", 1000, ANSHIN_EFAULT);
    steps = step_all();
    ok(steps == 1 && step_all() == 0 && step_all() == 0 && fault_fired == 4 && !is_at_end(),
       "STA-2: where the place cannot be written, nothing is read again (%d tries)", fault_fired);
    fault_arm(FAULT_NONE, 0, APR_SUCCESS);
    hook.paces[ANSHIN_ALERT_LOCKED].next = 0; /* the pause is over */
    (void)step_all();
    line = lines() == before + 1 ? strstr(told, "\"goro\"") : NULL;
    ok(line != NULL && strstr(line, "\"more\"") == NULL && is_at_end(), "STA-2: nor counted twice");
}

/* The trail ends earlier than it did. */
static void test_restored(void)
{
    const int before = lines();

    hook.next.segment += 5;
    ok(step_all() == 0 && is_at_end(), "STA-2: where a backup was restored it goes on from the end");
    act(ANSHIN_ACT_DEVICE_LOST, "rokuro", 1);
    (void)step_all();
    ok(lines() == before + 1 && strstr(told, "\"rokuro\"") != NULL, "STA-2: and tells what comes then");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    anshin_log_open("test", ANSHIN_LOG_ERROR);
    fault_make_store();
    open_fixture(pool);
    test_restarts();
    test_many();
    test_unwritten();
    test_restored();
    anshin_event_hook_end(&hook);
    anshin_chainer_end(&chainer);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
