/*
 * What `htanshin check` may find, and what httpd has seen of it when it started: its own configuration is known to
 * httpd alone, which leaves the findings beside ours (config_json.h).
 */
#ifndef ANSHIN_CORE_CONFIG_FINDING_H
#define ANSHIN_CORE_CONFIG_FINDING_H

#include <apr_tables.h>
#include <apr_time.h>

/* How bad a finding is: the exit code of check when nothing is worse, which monitoring of the kind of Nagios takes for
 * warning and critical. */
typedef enum anshin_severity_t {
    ANSHIN_SEVERITY_ADVICE,  /* works; those who ask for it call it better otherwise */
    ANSHIN_SEVERITY_WARNING, /* works, but not for long, not all of it, or not safely */
    ANSHIN_SEVERITY_CRITICAL /* somebody is turned away, waits in vain, or is let in unasked */
} anshin_severity_t;

typedef enum anshin_finding_id_t {
#define FINDING(member, name, severity, what, remedy, source) ANSHIN_FINDING_##member,
#include "core/config/finding.def"
#undef FINDING
    ANSHIN_FINDINGS /* so many there are */
} anshin_finding_id_t;

typedef struct anshin_finding_t {
    const char *name;
    anshin_severity_t severity;
    const char *what;
    const char *remedy;
    const char *source; /* NULL: nobody but us asks for it */
} anshin_finding_t;

/* The row of a finding, and the finding of that name; ANSHIN_FINDINGS: none. */
const anshin_finding_t *anshin_finding(anshin_finding_id_t id);
anshin_finding_id_t anshin_finding_named(const char *name);

/* One that was made, and where. */
typedef struct anshin_sighting_t {
    anshin_finding_id_t finding;
    const char *at;  /* for people: host, line */
    apr_time_t time; /* of what has an end; 0: it is there all the time */
    apr_time_t from; /* of that: from when on it is told */
} anshin_sighting_t;

/* Put one down in an array of anshin_sighting_t, once; at is copied into its pool. */
void anshin_sighting_add(apr_array_header_t *sightings, anshin_finding_id_t finding, const char *at);

/* The same of what ends then, and is told from then on. */
void anshin_sighting_add_end(apr_array_header_t *sightings, anshin_finding_id_t finding, const char *at,
                             apr_time_t time, apr_time_t from);

#endif
