/*
 * What htanshin check has found, put into its answer. For its parts.
 */
#ifndef ANSHIN_HTANSHIN_CHECK_PROBLEM_H
#define ANSHIN_HTANSHIN_CHECK_PROBLEM_H

#include "core/config/finding.h"
#include "htanshin/command.h"

/* Add a finding: by its row's severity a problem, which decides about the exit code, or advice. what: what was found
 * (NULL: as the row says). The object is the answer's; more members may be set. */
json_t *anshin_check_find(anshin_call_t *call, anshin_finding_id_t finding, const char *what);

/* The same, with another remedy than the row's. */
json_t *anshin_check_find_with(anshin_call_t *call, anshin_finding_id_t finding, const char *what, const char *remedy);

#endif
