/*
 * How often the operator's command is told of one kind of event (ca/watch/pace.h, STA-2).
 */
#include <apr_general.h>

#include "ca/watch/pace.h"
#include "unit/tap.h"

static json_t *event(const char *text)
{
    return json_pack("{s:s}", "text", text);
}

static int says(const anshin_pace_t *pace, const char *expected, apr_pool_t *pool)
{
    const char *line = anshin_pace_line(pace, pool);

    if (!same_text(line, expected)) {
        printf("# %s", line != NULL ? line : "(nothing)\n");
        return 0;
    }
    return 1;
}

int main(void)
{
    anshin_pace_t pace = {.held = NULL};
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    ok(!anshin_pace_is_due(&pace, 5), "nothing has happened, and nothing is told (STA-2)");
    anshin_pace_hold(&pace, event("one"));
    ok(anshin_pace_is_due(&pace, 5), "the first is told at once (STA-2)");
    ok(says(&pace, "{\"text\":\"one\"}\n", pool), "as one line, without a number (STA-2)");
    ok(says(&pace, "{\"text\":\"one\"}\n", pool), "and again when that failed (STA-2)");
    anshin_pace_told(&pace, 100);
    ok(!anshin_pace_is_due(&pace, 1000), "then nothing is held (STA-2)");
    anshin_pace_hold(&pace, event("two"));
    ok(!anshin_pace_is_due(&pace, 99), "the next waits until the pause is over (STA-2)");
    anshin_pace_hold(&pace, event("three"));
    anshin_pace_hold(&pace, event("four"));
    ok(anshin_pace_is_due(&pace, 100), "and then (STA-2)");
    ok(says(&pace, "{\"text\":\"four\",\"more\":2}\n", pool), "the last of them tells of the others (STA-2)");
    anshin_pace_hold(&pace, event("five"));
    ok(says(&pace, "{\"text\":\"five\",\"more\":3}\n", pool),
       "what comes while it cannot be told is counted, too (STA-2)");
    anshin_pace_told(&pace, 200);
    anshin_pace_hold(&pace, NULL);
    ok(!anshin_pace_is_due(&pace, 300), "what there was no memory for is not told (STA-2)");
    anshin_pace_hold(&pace, event("six"));
    ok(says(&pace, "{\"text\":\"six\",\"more\":1}\n", pool), "but counted (STA-2)");
    anshin_pace_end(&pace);
    anshin_pace_end(&pace);
    ok(!anshin_pace_is_due(&pace, 300), "at the end nothing is held (STA-2)");
    apr_terminate();
    return done();
}
