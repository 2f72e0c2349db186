/*
 * The machines that share a store (core/context/nodes.h), as far as it takes no store: which of them are silent. What becomes
 * of their jobs is test_job.c's.
 */
#include <apr_general.h>

#include "core/context/nodes.h"
#include "unit/tap.h"

static apr_pool_t *pool;

/* By the uptime of who looks; the clocks of others say anything. */
static void test_silence(void)
{
    const apr_time_t step = ANSHIN_NODE_SIGN;
    anshin_node_watch_t watch;
    anshin_node_t nodes[] = {{"a", "1", 100}, {"b", "1", 5000000000000000}};
    const apr_array_header_t all = {
        .pool = pool, .elt_size = sizeof(nodes[0]), .nelts = 2, .nalloc = 2, .elts = (char *)nodes};
    apr_time_t now = 1000 * step;

    anshin_node_watch_init(&watch, pool);
    for (int i = 0; i < 6; i++, now += step) {
        anshin_node_watch_note(&watch, &all, now);
        nodes[0].seen_at++;
    }
    ok(!anshin_node_silent(&watch, "a") && !anshin_node_silent(&watch, "b") && !anshin_node_silent(&watch, "c"),
       "nobody is gone by a clock, be it far behind or ahead");
    anshin_node_watch_note(&watch, &all, now);
    ok(!anshin_node_silent(&watch, "a") && anshin_node_silent(&watch, "b") == nodes[1].seen_at,
       "one that has given no new sign for so long is");
    now += 2 * ANSHIN_NODE_SILENCE;
    anshin_node_watch_note(&watch, &all, now);
    ok(!anshin_node_silent(&watch, "a") && !anshin_node_silent(&watch, "b"),
       "after the store was away nobody is, since nobody could give signs");
    for (int i = 0; i < 6; i++) {
        now += step;
        nodes[0].seen_at++;
        anshin_node_watch_note(&watch, &all, now);
    }
    ok(!anshin_node_silent(&watch, "a") && anshin_node_silent(&watch, "b"), "but who stays silent then");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_silence();
    apr_pool_destroy(pool);
    return done();
}
