/*
 * Housekeeping and two clocks, the machine's date and what has gone by since its start (core/context/agreed.h): a date
 * that jumps sweeps nothing away (S24).
 */
#include "unit/housekeeping.h"
#include "unit/tap.h"

#define DAY apr_time_from_sec(86400)
#define MINUTE apr_time_from_sec(60)

static fixture_t fixture;

static apr_time_t uptime;

static apr_time_t read_uptime(void *unused)
{
    (void)unused;
    return uptime;
}

static const anshin_uptime_t machine = {.boot = "one", .read = read_uptime};
static const anshin_uptime_t again = {.boot = "two", .read = read_uptime};

/* Time goes by, house is kept on the way, and something more is to be looked at; how much went. */
static int live(apr_interval_time_t time, anshin_housekeeping_t *state)
{
    int removed = 0;

    for (int i = 0; i < 10; i++) {
        fixture.now += time / 10;
        uptime += time / 10;
        removed += housekeeping_all(&fixture, state);
    }
    return removed;
}

/* The clock is set. */
static int jump(apr_interval_time_t by, anshin_housekeeping_t *state)
{
    fixture.now += by;
    return live(10 * MINUTE, state);
}

static int invitations(const char *prefix, int count)
{
    anshin_token_t token = {.kind = 1, .contract = "p-01", .expires_at = fixture.now - ANSHIN_KEEP_TOKEN + 10 * DAY};
    int there = 0;

    for (int i = 0; i < count; i++) {
        housekeeping_put(&fixture, &anshin_record_token, apr_psprintf(fixture.pool, "%s%d", prefix, i), &token);
    }
    for (int i = 0; i < 30; i++) {
        there += fixture_get(&fixture, &anshin_record_token, apr_psprintf(fixture.pool, "%s%d", prefix, i), &token) ==
                 APR_SUCCESS;
    }
    return there;
}

static void test_clock_jumps(void)
{
    static const apr_interval_time_t years = 3652 * DAY;
    anshin_housekeeping_t state = {.due = {0}};
    anshin_token_t over = {.kind = 1, .contract = "p-01"};
    apr_time_t right;
    int swept;

    uptime = 40 * DAY;
    fixture.env.uptime = &machine;
    (void)live(10 * MINUTE, &state);
    ok(invitations("clock", 30) == 30 && live(DAY, &state) == 0 && state.agreed.by == 0,
       "two clocks that go alike agree");
    right = fixture.now;
    over.expires_at = fixture.now - ANSHIN_KEEP_TOKEN + DAY;
    housekeeping_put(&fixture, &anshin_record_token, "over", &over);
    (void)live(10 * MINUTE, &state);
    swept = jump(years, &state);
    ok(swept == 0 && state.agreed.by > years - DAY && invitations("clock", 0) == 30,
       "a clock that was put forward by ten years sweeps no invitation (%d days are told)",
       (int)(state.agreed.by / DAY));
    ok(live(2 * DAY, &state) == 1 && invitations("clock", 0) == 30,
       "... for days, while what is over by both clocks goes as ever");
    ok(strstr(anshin_agreed_words(&state.agreed, fixture.pool), "forward by 3652 days") != NULL, "... and is told of");
    ok(jump(-years, &state) == 0 && state.agreed.by == 0 && invitations("clock", 0) == 30 && fixture.now > right,
       "set right again, it is believed at once, and nothing is lost");
    housekeeping_put(&fixture, &anshin_record_token, "over", &over);
    ok(live(10 * MINUTE, &state) == 1, "... and house is kept at its former pace");
    ok(jump(-years, &state) == 0 && state.agreed.by < -years + DAY, "one that was put back is doubted as well");
    ok(jump(years, &state) == 0 && state.agreed.by == 0 && invitations("clock", 0) == 30,
       "... and set right again, sweeps nothing either");
}

static void test_clock_steps(void)
{
    anshin_housekeeping_t state = {.due = {0}};

    ok(jump(DAY / 2, &state) == 0 && state.agreed.by == 0 && jump(-DAY / 2, &state) == 0 && state.agreed.by == 0,
       "a step of less than a day is no jump");
    ok(jump(12 * DAY, &state) == 0 && live(6 * DAY, &state) == 0 && state.agreed.by != 0 &&
           state.agreed.until > fixture.now && state.agreed.until < fixture.now + 2 * DAY,
       "a clock that goes on in its new way for some days is still doubted");
    ok(live(2 * DAY, &state) == 30 && state.agreed.by == 0, "... and believed after a week");
    ok(live(10 * MINUTE, &state) == 0 && invitations("clock", 0) == 0, "then what is over by it has gone");
}

static void test_restarts(void)
{
    anshin_housekeeping_t state = {.due = {0}};
    anshin_agreed_t last;
    anshin_txn_t *txn;

    (void)invitations("boot", 30);
    uptime = MINUTE;
    fixture.now += 3 * DAY;
    fixture.env.uptime = &again;
    ok(live(10 * MINUTE, &state) == 0 && state.agreed.by == 0, "a machine may be off for a long weekend");
    uptime = MINUTE;
    fixture.now += 20 * DAY;
    fixture.env.uptime = &machine;
    ok(live(10 * MINUTE, &state) == 0 && state.agreed.by > 10 * DAY && invitations("boot", 0) == 30,
       "one that starts weeks later may have a wrong clock: nothing is swept yet");
    txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    ok(anshin_agreed_last(txn, &last) == APR_SUCCESS && last.by > 10 * DAY, "... and htanshin check finds it noted");
    anshin_txn_abort(txn);
    ok(live(8 * DAY, &state) >= 0 && live(10 * MINUTE, &state) >= 0 && state.agreed.by == 0 &&
           invitations("boot", 0) == 0,
       "... until a week later");
    uptime = MINUTE;
    fixture.now -= 3000 * DAY;
    fixture.env.uptime = &again;
    ok(invitations("past", 30) == 30 && live(DAY, &state) == 0 && state.agreed.by < 0, "an empty battery of its clock");
    ok(jump(3000 * DAY, &state) >= 0 && state.agreed.by == 0, "... that is set right a day later");
    fixture.env.uptime = NULL;
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    fixture.now = apr_time_now();
    test_clock_jumps();
    test_clock_steps();
    test_restarts();
    apr_pool_destroy(pool);
    return done();
}
