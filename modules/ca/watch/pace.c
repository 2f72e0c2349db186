/*
 * How often one kind of event is told: see pace.h.
 */
#include "ca/watch/pace.h"

#include <stdlib.h>

#include <apr_strings.h>

void anshin_pace_hold(anshin_pace_t *pace, json_t *event)
{
    if (event == NULL) {
        pace->more++;
        return;
    }
    pace->more += pace->held != NULL;
    json_decref(pace->held);
    pace->held = event;
}

int anshin_pace_is_due(const anshin_pace_t *pace, apr_time_t uptime)
{
    return pace->held != NULL && uptime >= pace->next;
}

const char *anshin_pace_line(const anshin_pace_t *pace, apr_pool_t *pool)
{
    const char *line = NULL;
    char *dumped;

    if (pace->more > 0 && json_object_set_new(pace->held, "more", json_integer(pace->more)) != 0) {
        return NULL;
    }
    dumped = json_dumps(pace->held, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (dumped != NULL) {
        line = apr_pstrcat(pool, dumped, "\n", NULL);
    }
    free(dumped);
    return line;
}

void anshin_pace_told(anshin_pace_t *pace, apr_time_t next)
{
    anshin_pace_end(pace);
    pace->next = next;
}

void anshin_pace_end(anshin_pace_t *pace)
{
    json_decref(pace->held);
    pace->held = NULL;
    pace->more = 0;
}
