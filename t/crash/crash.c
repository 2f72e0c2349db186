/*
 * crash --short | --long: does the dbm store keep what it acknowledged? See crash.h. TAP.
 *
 * Before any good answer is believed the harness shows that it can see a loss: with writers that acknowledge before
 * they commit, and with a disk that lies about syncs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "unit/scratch.h"
#include "unit/tap.h"
#include "crash.h"

typedef struct plan_t {
    int db_kills;
    int gdbm_kills;
    int db_cuts;
    int gdbm_cuts;
} plan_t;

static const plan_t short_plan = {.db_kills = 20, .gdbm_kills = 10, .db_cuts = 40, .gdbm_cuts = 20};
static const plan_t long_plan = {.db_kills = 700, .gdbm_kills = 300, .db_cuts = 1000, .gdbm_cuts = 300};

static void test_kills(const char *scratch, const char *type, int kills, unsigned seed, apr_pool_t *pool)
{
    const char *where = apr_psprintf(pool, "%s/kill-%s?type=%s", scratch, type, type);
    kill_report_t report;

    kill_run(&report, where, kills, 0, seed);
    ok(report.kills >= kills && report.lost == 0 && report.broken == 0,
       "%s: %d times kill -9 under load, %ld commits, nothing acknowledged lost, no half batch (%d, %d) (STO-3)", type,
       report.kills, (long)report.commits, report.lost, report.broken);
    ok(report.hung == 0, "%s: and nobody hung", type);
}

static void test_kills_are_seen(const char *scratch, unsigned seed, apr_pool_t *pool)
{
    kill_report_t report;

    kill_run(&report, apr_pstrcat(pool, scratch, "/liar", NULL), 2000, 1, seed);
    ok(report.lost > 0, "the harness sees a loss when writers acknowledge too early (after %d kills)", report.kills);
}

static void test_power(const trace_t *trace, const power_t *power)
{
    power_report_t report;

    power_run(&report, trace, power);
    ok(report.cuts == power->cuts && report.syncs > 100 && report.bases > 2 && report.blobs > 100 && report.lost == 0 &&
           report.broken == 0,
       "%s: %d power cuts within %lu events, %d syncs, %d new bases and %d blobs, nothing acknowledged as durable lost, "
       "no half batch or blob, none left that was wiped (%d, %d) (STO-3, S24)",
       power->type, report.cuts, (unsigned long)report.events, report.syncs, report.bases, report.blobs, report.lost,
       report.broken);
}

static void test_power_is_seen(const trace_t *trace, const power_t *power, lies_t lies)
{
    power_t lying = *power;
    power_report_t report;

    lying.lies = lies;
    power_run(&report, trace, &lying);
    ok(report.lost + report.broken > 0, "%s: the harness sees a loss when the disk lies about syncs%s (%d of %d cuts)",
       power->type, lies == LIES_BLOBS ? " of blobs" : "", report.lost + report.broken, report.cuts);
}

/* Whether the disk lies matters to what is left alone, not to what the writers do: one trace serves all. */
static void test_disk(const power_t *power, int blobs_too)
{
    trace_t trace;

    ok(power_trace(&trace, power->scratch, power->type, power->seed) == 0, "%s: two writers are traced", power->type);
    test_power_is_seen(&trace, power, LIES_ALL);
    if (blobs_too) {
        test_power_is_seen(&trace, power, LIES_BLOBS);
    }
    test_power(&trace, power);
    trace_free(&trace);
}

int main(int argc, char **argv)
{
    const plan_t *plan = argc == 2 && strcmp(argv[1], "--long") == 0 ? &long_plan : &short_plan;
    const char *given = getenv("ANSHIN_CRASH_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    const char *scratch;
    apr_pool_t *pool;

    if (argc > 2 || (argc == 2 && strcmp(argv[1], "--long") != 0 && strcmp(argv[1], "--short") != 0)) {
        fprintf(stderr, "usage: crash [--short | --long]\n");
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    scratch = scratch_directory(pool);
    printf("# ANSHIN_CRASH_SEED=%u\n", seed);
    test_kills_are_seen(scratch, seed, pool);
    test_kills(scratch, "db", plan->db_kills, seed, pool);
    test_kills(scratch, "gdbm", plan->gdbm_kills, seed, pool);
    test_disk(&(power_t){.scratch = scratch, .type = "db", .cuts = plan->db_cuts, .seed = seed}, 1);
    test_disk(&(power_t){.scratch = scratch, .type = "gdbm", .cuts = plan->gdbm_cuts, .seed = seed}, 0);
    apr_pool_destroy(pool);
    return done();
}
