/*
 * The table of findings: see finding.h.
 */
#include "core/config/finding.h"

#include <string.h>

#include <apr_strings.h>

#define OR_NULL(text) (sizeof(text) > 1 ? (text) : NULL)

static const anshin_finding_t findings[] = {
#define FINDING(member, name, severity, what, remedy, source) \
    {name, ANSHIN_SEVERITY_##severity, what, remedy, OR_NULL(source)},
#include "core/config/finding.def"
#undef FINDING
};

const anshin_finding_t *anshin_finding(anshin_finding_id_t id)
{
    return &findings[id];
}

anshin_finding_id_t anshin_finding_named(const char *name)
{
    int id = 0;

    while (id < ANSHIN_FINDINGS && strcmp(findings[id].name, name) != 0) {
        id++;
    }
    return (anshin_finding_id_t)id;
}

void anshin_sighting_add(apr_array_header_t *sightings, anshin_finding_id_t finding, const char *at)
{
    anshin_sighting_add_end(sightings, finding, at, 0, 0);
}

void anshin_sighting_add_end(apr_array_header_t *sightings, anshin_finding_id_t finding, const char *at,
                             apr_time_t time, apr_time_t from)
{
    for (int i = 0; i < sightings->nelts; i++) {
        const anshin_sighting_t *seen = &APR_ARRAY_IDX(sightings, i, anshin_sighting_t);

        if (seen->finding == finding && strcmp(seen->at, at) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(sightings, anshin_sighting_t) =
        (anshin_sighting_t){finding, apr_pstrdup(sightings->pool, at), time, from};
}
