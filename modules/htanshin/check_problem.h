/*
 * htanshin check: a problem that was found. For its parts.
 */
#ifndef ANSHIN_HTANSHIN_CHECK_PROBLEM_H
#define ANSHIN_HTANSHIN_CHECK_PROBLEM_H

#include "htanshin/command.h"

/* How bad a problem is: the exit code of check when nothing is worse, which monitoring of the kind of Nagios takes for
 * warning and critical. */
typedef enum anshin_severity_t {
    ANSHIN_SEVERITY_WARNING = 1, /* works, but not for long, or not all of it */
    ANSHIN_SEVERITY_CRITICAL = 2 /* somebody is turned away, or waits in vain */
} anshin_severity_t;

/* Add a problem to the answer: what was found, and what to do about it. The object is the answer's; more members may be
 * set. */
json_t *anshin_check_problem(anshin_call_t *call, anshin_severity_t severity, const char *what, const char *remedy);

#endif
